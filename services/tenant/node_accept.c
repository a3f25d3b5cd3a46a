/* limebus node accept: an exception to a node's policy, for a file that its last verdict names. */
#include <stdio.h>

#include "lib/policy/policy_date.h"
#include "lib/policy/policy_digest.h"
#include "services/tenant/node.h"
#include "services/tenant/node_use.h"
#include "services/tenant/policies.h"
#include "services/tenant/policy_accept.h"
#include "services/tenant/states.h"
#include "services/tenant/verdicts.h"

struct accept_options {
	char *reason;
	char *digest;
	bool all;
};

static const struct option options[] = {
	{OPTION_TEXT(struct accept_options, reason), .name = "reason", .max = 256,
		.help = "Why this file is good, for those who read the policy later. It stands in it, with your name."},
	{OPTION_TEXT(struct accept_options, digest), .name = "digest", .fallback = "",
		.help = "The digest that is good (sha256 if it has 64 digits, else sha512:HEX). Without it: the one that the last "
			"verdict found, if it names the file."},
	{OPTION_BOOL(struct accept_options, all), .name = "all", .fallback = "no",
		.help = "For every node that has this node's policy, not for this node alone."},
};

static const struct program program = {
	.name = "limebus node accept",
	.summary = "accept a file that the node was failed for",
	.about =
		"Adds the file, with the digest that was found, to the exceptions of the node's policy, puts that as a new "
		"content of the same name, and lets the node use it. FILE is written as \"limebus node explain\" shows it. The "
		"exception carries the reason, your name and the time, and the policy your signature. The node stays untrusted until "
		"you resume it.\n\n"
		"Example: limebus node accept web1 /usr/local/bin/backup --reason \"installed on Monday, ticket 4711\"",
	.options = options,
	.count = COUNT(options),
	.words = "NODE FILE",
	.words_min = 2,
	.words_max = 2,
	.exits = exit_texts,
};

/* What is to be accepted; file as bytes. */
struct exception {
	struct blob file;
	char digest[POLICY_DIGEST_TEXT_BYTES];
};

static void exception_release(struct exception *exception)
{
	blob_release(&exception->file);
}

static bool is_about_file(const struct elem_finding *finding)
{
	static const char *const checks[] = {"ima-file", "ima-unknown", "ima-signature"};

	for (size_t i = 0; i < COUNT(checks); i++)
		if (span_is(finding->check, checks[i]))
			return true;
	return false;
}

/* The name as it is shown, or as its bytes are; the kernel writes a blank as '_'. */
static bool is_named(const struct elem_finding *finding, const char *name)
{
	char shown[FINDING_SUBJECT_BYTES];
	char blanks[FINDING_SUBJECT_BYTES];

	finding_name_text(span_text(name), shown, sizeof shown);
	memcpy(blanks, shown, sizeof blanks);
	for (char *c = blanks; *c != '\0'; c++)
		if (*c == ' ')
			*c = '_';
	return span_is(finding->subject, name) || span_is(finding->subject, shown) ||
	       span_is(finding->subject, blanks);
}

/* "sha256:…" at the beginning of what was found. */
static enum rc take_digest(struct span text, struct exception *out)
{
	struct policy_digest digest;
	size_t len = 0;

	while (len < text.len && text.at[len] != ',' && text.at[len] != ' ')
		len++;
	TRY(policy_digest_parse(span_of(text.at, len), &digest));
	policy_digest_text(digest.hash, span_of(digest.bytes, digest.len), out->digest);
	return RC_OK;
}

static enum rc take_name(struct span shown, const char *name, struct exception *out)
{
	/* As it was shown: escapes become bytes again. Else the name is what it says. */
	if (span_is(shown, name))
		return policy_accept_name(shown, &out->file);
	return blob_append(&out->file, span_text(name));
}

static enum rc find_failing(
	const struct msg_verdict *verdict, const char *name, struct exception *out, struct err *err)
{
	struct list rest = verdict->findings;
	struct elem_finding finding;

	while (ELEM_NEXT(finding, &rest, &finding)) {
		if (!is_about_file(&finding) || !is_named(&finding, name))
			continue;
		if (out->digest[0] == '\0' && take_digest(finding.found, out) != RC_OK)
			return err_set(err, RC_UNSUPPORTED,
				"%s was found with \"%.*s\", which no policy can name; see: limebus node explain",
				name, SPAN_FMT(finding.found));
		return take_name(finding.subject, name, out);
	}
	if (out->digest[0] != '\0')
		return blob_append(&out->file, span_text(name));
	return err_set(err, RC_NOT_FOUND,
		"the last verdict names no file \"%s\"; see: limebus node explain, or give --digest", name);
}

static enum rc find_exception(struct session *session, const struct known_node *node,
	const struct accept_options *given, const char *name, struct exception *out, struct err *err)
{
	DROP(answer_release) struct answer answer = {0};
	struct signed_msg verdict;
	struct msg_verdict none = {0};
	enum rc rc;

	if (given->digest != NULL && take_digest(span_text(given->digest), out) != RC_OK)
		return err_set(err, RC_MALFORMED, "--digest: expected 64 digits, or sha512: and 128 of them");
	rc = verdicts_get(session, node, &answer, &verdict, err);
	if (rc != RC_OK && rc != RC_NOT_FOUND)
		return rc;
	return find_failing(rc == RC_OK ? &verdict.msg.verdict : &none, name, out, err);
}

/* The node's policy and the exception, as a new content of its name. */
static enum rc put_policy(struct session *session, struct span old, const struct exception *exception,
	const char *reason, struct known_policy *out, struct err *err)
{
	DROP(known_policy_release) struct known_policy before = {0};
	DROP(blob_release) struct blob json = {0};
	DROP(blob_release) struct blob room = {0};
	char digits[HEX_BYTES(HASH_BYTES)];
	char date[POLICY_DATE_BYTES];
	struct ima_accepted accepted = {.digest = span_text(exception->digest),
		.reason = span_text(reason),
		.by = span_text(session_self(session)->name),
		.time = span_text(policy_date_text(session_now(session), date))};

	if (old.len != HASH_BYTES)
		return err_set(err, RC_NOT_FOUND, "the node is not provisioned: it has no policy");
	TRY(policy_name_text(blob_span(&exception->file), &room, &accepted.file));
	TRY(policies_get(session, hex_encode(old, digits), &before, err));
	TRY(policy_accept(blob_span(&before.json), &accepted, &json, err));
	return policies_put(session, blob_span(&json), out, err);
}

/* ---- who uses it from now on ---- */

struct users {
	struct session *session;
	const struct node_use *use;
	struct span old;
	size_t count;
};

static enum rc use_if_same(void *ctx, const struct known_node *node, struct err *err)
{
	struct users *users = ctx;
	DROP(answer_release) struct answer answer = {0};
	struct elem_node_state state;
	enum rc rc = states_get(users->session, known_node_body(node)->node, &answer, &state, err);

	if (rc == RC_NOT_FOUND)
		return RC_OK;
	TRY(rc);
	if (!span_equal(state.policy, users->old))
		return RC_OK;
	TRY(node_use(users->session, node, &state, users->use, err));
	users->count++;
	return RC_OK;
}

static enum rc accept(struct session *session, const void *options_given, const struct program_start *start,
	int *status, struct err *err)
{
	const struct accept_options *given = options_given;
	DROP(known_node_release) struct known_node node = {0};
	DROP(answer_release) struct answer answer = {0};
	DROP(exception_release) struct exception exception = {0};
	DROP(known_policy_release) struct known_policy policy = {0};
	struct elem_node_state state;
	struct node_use use = {.policy = policy.policy.id, .reason = given->reason};
	struct users users = {.session = session, .use = &use};

	(void)status;
	if (given->reason == NULL || given->reason[0] == '\0')
		return err_set(err, RC_MALFORMED, "--reason: why is the file good?");
	TRY(nodes_find(session, start->words[0], NAMING_CERTAIN, &node, err));
	TRY(states_get(session, known_node_body(&node)->node, &answer, &state, err));
	TRY(find_exception(session, &node, given, start->words[1], &exception, err));
	TRY(put_policy(session, state.policy, &exception, given->reason, &policy, err));
	users.old = state.policy;
	if (given->all)
		TRY(nodes_each(session, use_if_same, &users, err));
	else
		TRY(use_if_same(&users, &node, err));
	if (session_config(session)->json)
		return RC_OK;
	printf("accepted in policy %s: %s with %s\n", policy.policy.name, start->words[1], exception.digest);
	printf("%zu node%s judged by it now\n", users.count, users.count == 1 ? " is" : "s are");
	if (span_is(state.state, "untrusted"))
		printf("next: limebus node resume %.16s\n", node.digits);
	return RC_OK;
}

int node_accept(const struct tenant_config *config, int argc, char **argv)
{
	struct accept_options given = {0};

	return session_command(&program, config, argc, argv, &given, accept);
}
