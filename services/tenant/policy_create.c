/* limebus policy create. */
#include <stdio.h>

#include "services/tenant/policies.h"
#include "services/tenant/policy.h"
#include "services/tenant/policy_file.h"
#include "services/tenant/render.h"
#include "services/tenant/selection.h"
#include "services/tenant/vouch.h"

struct create_options {
	char *from_node;
	char *from_file;
	char *import;
	char *pcrs;
	char *comment;
};

static enum rc check(const void *config, struct err *err)
{
	const struct create_options *given = config;
	unsigned sources = (given->from_node != NULL) + (given->from_file != NULL) + (given->import != NULL);

	if (sources == 1)
		return RC_OK;
	return err_set(err, RC_MALFORMED, "expected one of --from-node, --from-file and --import-tpm-policy");
}

static const struct option options[] = {
	{OPTION_TEXT(struct create_options, from_node), .name = "from-node", .fallback = "",
		.help = "A golden node: what its TPM says now is what the policy allows. It is challenged from here, and its "
			"quote verified here."},
	{OPTION_PATH(struct create_options, from_file), .name = "from-file", .fallback = "",
		.help = "A policy as it stands; its name must be NAME."},
	{OPTION_PATH(struct create_options, import), .name = "import-tpm-policy", .fallback = "",
		.help = "A tpm_policy of Keylime, in JSON."},
	{OPTION_TEXT(struct create_options, pcrs), .name = "pcrs", .fallback = "sha256:0-7,14",
		.help = "With --from-node: which PCRs."},
	{OPTION_TEXT(struct create_options, comment), .name = "comment", .fallback = "",
		.help = "A remark for people, kept in the policy."},
};

static const struct program program = {
	.name = "limebus policy create",
	.summary = "take a policy from a node, or from a file",
	.about =
		"Signs a policy and gives it to the verifier. A policy of the same name stays known by its hash, and nodes "
		"that were provisioned with it keep it.\n\n"
		"Example: limebus policy create web --from-node web1 --pcrs sha256:0-7,14",
	.options = options,
	.count = COUNT(options),
	.words = "NAME",
	.words_min = 1,
	.words_max = 1,
	.exits = exit_texts,
	.check = check,
};

static enum rc from_node(struct session *session, const struct create_options *given,
	const struct policy_head *head, struct blob *out, struct err *err)
{
	DROP(vouch_release) struct vouch vouch = {0};
	DROP(known_node_release) struct known_node node = {0};
	DROP(registration_release) struct registration registration = {0};
	DROP(vouched_release) struct vouched vouched = {0};
	struct pcr_selection selection;
	struct pcr_values values;
	enum rc rc;

	TRY(selection_parse(given->pcrs, &selection, err));
	TRY(vouch_open(session_config(session), &vouch, err));
	TRY(nodes_find(session, given->from_node, NAMING_CERTAIN, &node, err));
	TRY(vouch_check(&vouch, &node, session_now(session), &registration, err));
	TRY(vouch_challenge(session, &node, &registration, &selection, &vouched, err));
	rc = pcr_values_parse(&selection, blob_span(&vouched.values), &values);
	if (rc != RC_OK)
		return err_set(err, rc, "the PCR values of node %s", node.digits);
	return policy_from_values(head, &values, 1, out, err);
}

static enum rc make(struct session *session, const struct create_options *given, const char *name,
	struct blob *out, struct err *err)
{
	struct policy_head head = {name, given->comment == NULL ? "" : given->comment, 0};
	DROP(blob_release) struct blob text = {0};

	if (!policy_name_holds(span_text(name)))
		return err_set(err, RC_MALFORMED,
			"\"%.80s\" is no name: 1 to %u letters, digits, '.', '_' and '-'", name,
			POLICY_NAME_MAX);
	if (given->from_node != NULL)
		return from_node(session, given, &head, out, err);
	if (given->from_file != NULL)
		return policy_file_read(
			session_config(session), given->from_file, DSSE_TYPE_POLICY, out, err);
	TRY(policy_file_read(session_config(session), given->import, DSSE_TYPE_KEYLIME, &text, err));
	if (policy_import_tpm_policy(&head, blob_span(&text), out, err) != RC_OK)
		return err_wrap(err, err->rc, "%s: ", given->import);
	return RC_OK;
}

static enum rc check_name(struct span json, const char *name, struct err *err)
{
	DROP(policy_release) struct policy policy = {0};

	TRY(policy_parse(json, &policy, err));
	if (strcmp(policy.name, name) != 0)
		return err_set(err, RC_MALFORMED, "the policy's own name is \"%s\", expected \"%s\"",
			policy.name, name);
	return RC_OK;
}

static enum rc say(const struct known_policy *policy, bool as_json)
{
	DROP(blob_release) struct blob text = {0};
	struct json_write w = json_write_begin(&text, JSON_COMPACT);
	char digits[HEX_BYTES(HASH_BYTES)];

	if (!as_json) {
		printf("%s: %zu PCRs, hash %s\n", policy->policy.name, policy->policy.pcrs.count,
			hex_encode(SPAN(policy->policy.id), digits));
		return RC_OK;
	}
	json_write_object(&w, NULL);
	json_write_cstr(&w, "name", policy->policy.name);
	json_write_hex(&w, "hash", SPAN(policy->policy.id));
	json_write_u64(&w, "number", policy->number);
	json_write_close(&w);
	return render_json(&w);
}

static enum rc create(struct session *session, const void *options_given, const struct program_start *start,
	int *status, struct err *err)
{
	DROP(blob_release) struct blob json = {0};
	DROP(known_policy_release) struct known_policy policy = {0};

	(void)status;
	TRY(make(session, options_given, start->words[0], &json, err));
	TRY(check_name(blob_span(&json), start->words[0], err));
	TRY(policies_put(session, blob_span(&json), &policy, err));
	return say(&policy, session_config(session)->json);
}

int policy_create(const struct tenant_config *config, int argc, char **argv)
{
	struct create_options given = {0};

	return session_command(&program, config, argc, argv, &given, create);
}
