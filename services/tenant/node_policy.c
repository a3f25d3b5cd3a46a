/* limebus node policy: another policy for a node. */
#include <stdio.h>

#include "lib/config/value.h"
#include "lib/policy/policy_date.h"
#include "services/tenant/node.h"
#include "services/tenant/node_use.h"
#include "services/tenant/policies.h"
#include "services/tenant/render.h"
#include "services/tenant/states.h"

struct policy_options {
	char *policy;
	char *keep_old_until;
	char *reason;
};

static const struct option options[] = {
	{OPTION_TEXT(struct policy_options, policy), .name = "policy",
		.help = "What the node must be from now on: a policy's name or hash (limebus policy list)."},
	{OPTION_TEXT(struct policy_options, keep_old_until), .name = "keep-old-until", .fallback = "",
		.help = "Until then the policy that the node has now holds too: a date (2027-06-30T00:00:00Z), or a time from "
			"now (24h, 7d). For roll-outs: a file is good if either policy allows it."},
	{OPTION_TEXT(struct policy_options, reason), .name = "reason", .fallback = "", .max = 256,
		.help = "Why, for people; it stands in the event."},
};

static const struct program program = {
	.name = "limebus node policy",
	.summary = "judge a node by another policy",
	.about =
		"Replaces the policy of the node's provisioning, without a new payload. What was measured since the node booted "
		"is judged again, from its start. A node that is untrusted stays so until it is resumed.\n\n"
		"Example: limebus node policy web1 --policy web-2 --keep-old-until 7d",
	.options = options,
	.count = COUNT(options),
	.words = "NODE",
	.words_min = 1,
	.words_max = 1,
	.exits = exit_texts,
};

enum rc node_use(struct session *session, const struct known_node *node, const struct elem_node_state *state,
	const struct node_use *use, struct err *err)
{
	DROP(answer_release) struct answer answer = {0};
	DROP(blob_release) struct blob envelope = {0};
	struct msg body = {.type = MSG_TYPE_policy_use};
	struct msg put = {.type = MSG_TYPE_policy_use_put};

	if (state->number == 0)
		return err_set(
			err, RC_NOT_FOUND, "%s is not provisioned: it has no policy", known_node_name(node));
	body.policy_use = (struct msg_policy_use){.node = known_node_body(node)->node,
		.number = state->number,
		.policy = span_of(use->policy, HASH_BYTES),
		.former = use->keep_until == 0 ? (struct span){0} : state->policy,
		.keep_until = use->keep_until,
		.reason = span_text(use->reason),
		.time = session_now(session)};
	if (signed_make(session_signer(session), &body, &envelope, err) != RC_OK)
		return err_wrap(err, err->rc, "--reason: expected plain text; ");
	put.policy_use_put = (struct msg_policy_use_put){blob_span(&envelope)};
	return session_ask(session, ROLE_VERIFIER, &put, MSG_TYPE_ok, &answer, err);
}

static enum rc read_until(const char *text, uint64_t now_ms, uint64_t *out, struct err *err)
{
	uint64_t ms = 0;

	*out = 0;
	if (text == NULL || text[0] == '\0')
		return RC_OK;
	if (policy_date_parse(span_text(text), out) == RC_OK)
		return *out > now_ms
		               ? RC_OK
		               : err_set(err, RC_MALFORMED, "--keep-old-until %s: that has passed", text);
	if (value_duration(text, &ms) != RC_OK || ms == 0)
		return err_set(err, RC_MALFORMED,
			"--keep-old-until: expected 2027-06-30T00:00:00Z, or 24h or 7d, found \"%.60s\"",
			text);
	*out = now_ms + ms;
	return RC_OK;
}

static enum rc replace(struct session *session, const void *given, const struct program_start *start,
	int *status, struct err *err)
{
	const struct policy_options *wanted = given;
	DROP(known_node_release) struct known_node node = {0};
	DROP(answer_release) struct answer answer = {0};
	struct elem_node_state state;
	struct named_policy policy;
	struct node_use use = {.policy = policy.hash, .reason = wanted->reason};
	char until[POLICY_DATE_BYTES];

	(void)status;
	TRY(read_until(wanted->keep_old_until, session_now(session), &use.keep_until, err));
	TRY(nodes_find(session, start->words[0], NAMING_CERTAIN, &node, err));
	TRY(states_get(session, known_node_body(&node)->node, &answer, &state, err));
	TRY(policies_look(session, wanted->policy, &policy, err));
	TRY(node_use(session, &node, &state, &use, err));
	if (session_config(session)->json)
		return RC_OK;
	printf("%s is judged by %s now", known_node_name(&node), policy.name);
	if (use.keep_until != 0)
		printf(", and until %s by the one before, too", policy_date_text(use.keep_until, until));
	printf("\n");
	if (span_is(state.state, "untrusted"))
		printf("it is untrusted; when it should be trusted again: limebus node resume %.16s\n",
			node.digits);
	return RC_OK;
}

int node_policy(const struct tenant_config *config, int argc, char **argv)
{
	struct policy_options given = {0};

	return session_command(&program, config, argc, argv, &given, replace);
}
