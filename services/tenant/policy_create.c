/* limebus policy create. */
#include <stdio.h>
#include <sys/stat.h>

#include "lib/base/file.h"
#include "lib/policy/policy_date.h"
#include "services/tenant/gather.h"
#include "services/tenant/policies.h"
#include "services/tenant/policy.h"
#include "services/tenant/policy_file.h"
#include "services/tenant/render.h"
#include "services/tenant/selection.h"
#include "services/tenant/vouch.h"

/* The name of a policy that nobody gave one. */
#define UNNAMED "policy"

struct create_options {
	/* whole: each is the policy, alone */
	char *from_node;
	char *from_file;
	char *pcrs;
	/* learned from: any of them, together */
	struct text_list evidence;
	struct text_list boot_logs;
	struct text_list lists;
	struct text_list keys;
	struct text_list excludes;
	char *base;
	struct text_list merges;
	char *tpm_policy;
	struct source_options made;
	bool no_boot;
	bool no_ima;
	/* of the policy */
	char *comment;
	char *valid_until;
	char *out;
};

static const struct option options[] = {
	{OPTION_LIST(struct create_options, evidence, TEXT), .name = "evidence", .fallback = "",
		.repeats = true,
		.help = "Kept evidence of a machine that is as it should be (SET/STEP; limebus policy test --help says what "
			"lies there), or a node that is, which is then asked for it. What it proves is allowed. Further steps may "
			"follow as words."},
	{OPTION_LIST(struct create_options, boot_logs, TEXT), .name = "boot-log", .fallback = "",
		.repeats = true,
		.help = "An event log of the firmware (binary_bios_measurements), which nothing proves; or a node, whose quote proves "
			"its log."},
	{OPTION_LIST(struct create_options, lists, PATH), .name = "from-list", .fallback = "",
		.repeats = true,
		.help = "A measurement list of the kernel (binary_runtime_measurements or ascii_runtime_measurements), which "
			"nothing proves."},
	{OPTION_LIST(struct create_options, keys, PATH), .name = "ima-key", .fallback = "", .repeats = true,
		.help = "A certificate or public key that files are signed with: files with a good signature are allowed "
			"whatever they contain. It is left out if nothing in the lists is signed with it."},
	{OPTION_LIST(struct create_options, excludes, TEXT), .name = "exclude", .fallback = "",
		.repeats = true,
		.help = "Files that are neither learned nor judged: * within a component, ** across, ? one byte, [a-z]."},
	{OPTION_PATH(struct create_options, base), .name = "base", .fallback = "",
		.help = "A policy whose rules the new one has, too."},
	{OPTION_LIST(struct create_options, merges, PATH), .name = "merge", .fallback = "", .repeats = true,
		.help = "A further policy whose rules the new one has, too."},
	SOURCE_OPTIONS(struct create_options, made),
	{OPTION_PATH(struct create_options, tpm_policy), .name = "import-tpm-policy", .fallback = "",
		.help = "A tpm_policy of Keylime, in JSON."},
	{OPTION_BOOL(struct create_options, no_boot), .name = "no-boot", .fallback = "no",
		.help = "Learn nothing about the boot."},
	{OPTION_BOOL(struct create_options, no_ima), .name = "no-ima", .fallback = "no",
		.help = "Learn nothing about files."},
	{OPTION_PATH(struct create_options, out), .name = "out", .fallback = "",
		.help = "Write the policy there (\"-\": standard output), and do not give it to the verifier."},
	{OPTION_TEXT(struct create_options, from_node), .name = "from-node", .fallback = "",
		.help = "A golden node: what its TPM says now is what the policy allows. It is challenged from here, and its "
			"quote verified here."},
	{OPTION_PATH(struct create_options, from_file), .name = "from-file", .fallback = "",
		.help = "A policy as it stands; its name must be NAME."},
	{OPTION_TEXT(struct create_options, pcrs), .name = "pcrs", .fallback = "sha256:0-7,14",
		.help = "With --from-node: which PCRs."},
	{OPTION_TEXT(struct create_options, comment), .name = "comment", .fallback = "",
		.help = "A remark for people, kept in the policy."},
	{OPTION_TEXT(struct create_options, valid_until), .name = "valid-until", .fallback = "",
		.help = "The policy judges nothing after this time, as in 2027-06-30T00:00:00Z."},
};

static bool has_whole(const struct create_options *given)
{
	return given->from_node != NULL || given->from_file != NULL;
}

static bool has_learned(const struct create_options *given)
{
	return given->evidence.count != 0 || given->boot_logs.count != 0 || given->lists.count != 0 ||
	       given->keys.count != 0 || given->excludes.count != 0 || given->base != NULL ||
	       given->merges.count != 0 || given->tpm_policy != NULL || sources_any(&given->made);
}

static enum rc check(const void *config, struct err *err)
{
	const struct create_options *given = config;
	unsigned whole = (given->from_node != NULL) + (given->from_file != NULL);
	uint64_t date;

	if (whole > 1 || (whole == 1 && has_learned(given)))
		return err_set(err, RC_MALFORMED,
			"--from-node and --from-file are each a whole policy: nothing goes with them");
	if (given->no_ima && sources_any(&given->made))
		return err_set(
			err, RC_MALFORMED, "--no-ima is about evidence: it does not go with other sources");
	if (given->valid_until != NULL && policy_date_parse(span_text(given->valid_until), &date) != RC_OK)
		return err_set(err, RC_MALFORMED,
			"--valid-until: expected a time such as 2027-06-30T00:00:00Z, found \"%.40s\"",
			given->valid_until);
	return RC_OK;
}

static const struct program program = {
	.name = "limebus policy create",
	.summary = "make a policy from evidence, logs and lists, a node, or a file",
	.about =
		"With a NAME the policy is signed and given to the verifier. A policy of the same name stays known by its "
		"hash, and nodes that were provisioned with it keep it. With --out, or without a NAME, it is only written "
		"(to standard output, where nothing else is said), and neither a deployment nor a configuration is needed.\n\n"
		"What is learned from evidence (--evidence) is proven first: the quotes must hold, the event log and the "
		"measurement list must lead to the PCRs that they quote, and entries behind the quoted one are not learned. "
		"Several sources are allowed side by side. A short account and warnings go to standard error.\n\n"
		"Example: limebus policy create web --evidence captures/web1/monday captures/web2/monday "
		"--exclude /etc/machine-id\n\n"
		"Example: limebus policy create --boot-log binary_bios_measurements --from-list "
		"ascii_runtime_measurements --out web.json\n\n"
		"Example: limebus policy create web --from-dpkg / --from-initrd /boot/initrd.img --evidence web1",
	.options = options,
	.count = COUNT(options),
	.words = "[NAME] [STEP...]",
	.words_min = 0,
	.words_max = PROGRAM_WORDS_MAX,
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

static enum rc whole(struct session_door *door, const struct create_options *given,
	const struct policy_head *head, struct blob *out, struct err *err)
{
	struct session *session = NULL;

	if (given->from_node == NULL)
		return policy_file_read(door->config, given->from_file, DSSE_TYPE_POLICY, out, err);
	TRY(session_enter(door, &session, err));
	return from_node(session, given, head, out, err);
}

static enum rc check_name(struct span json, const char *name, struct err *err)
{
	DROP(policy_release) struct policy policy = {0};

	TRY(policy_parse(json, &policy, err));
	if (name != NULL && strcmp(policy.name, name) != 0)
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
		printf("%s: hash %s\n", policy->policy.name, hex_encode(SPAN(policy->policy.id), digits));
		return RC_OK;
	}
	json_write_object(&w, NULL);
	json_write_cstr(&w, "name", policy->policy.name);
	json_write_hex(&w, "hash", SPAN(policy->policy.id));
	json_write_u64(&w, "number", policy->number);
	json_write_close(&w);
	return render_json(&w);
}

/* ---- where it goes ---- */

static enum rc publish(struct session_door *door, struct span json, struct err *err)
{
	DROP(known_policy_release) struct known_policy policy = {0};
	struct session *session = NULL;

	TRY(session_enter(door, &session, err));
	TRY(policies_put(session, json, &policy, err));
	return say(&policy, door->config->json);
}

static enum rc deliver(struct session_door *door, const struct create_options *given, const char *name,
	struct span json, struct err *err)
{
	if (given->out == NULL && name != NULL)
		return publish(door, json, err);
	if (given->out != NULL && strcmp(given->out, "-") != 0)
		return file_replace(given->out, json, 0644, err);
	if (fwrite(json.at, 1, json.len, stdout) != json.len || fflush(stdout) != 0)
		return err_set(err, RC_IO, "standard output cannot be written");
	return RC_OK;
}

/* ---- words ---- */

/* The name of the policy, and steps of evidence: folders, or what can only be meant as one. */
static enum rc sort_words(const struct program_start *start, struct gather_sources *sources,
	const char **out_name, struct err *err)
{
	for (size_t i = 0; i < start->word_count; i++) {
		const char *word = start->words[i];
		bool is_step =
			sources->step_count != 0 && (strchr(word, '/') != NULL || evidence_set_is_step(word));

		if (is_step && sources->step_count == GATHER_STEPS_MAX)
			return err_set(err, RC_LIMIT, "more than %u steps of evidence", GATHER_STEPS_MAX);
		if (is_step)
			sources->steps[sources->step_count++] = word;
		else if (*out_name != NULL)
			return err_set(err, RC_MALFORMED,
				"\"%.80s\": unexpected; the policy's name is \"%.80s\"", word, *out_name);
		else if (!policy_name_holds(span_text(word)))
			return err_set(err, RC_MALFORMED,
				"\"%.80s\" is no name: 1 to %u letters, digits, '.', '_' and '-'", word,
				POLICY_NAME_MAX);
		else
			*out_name = word;
	}
	return RC_OK;
}

static struct gather_sources sources_of(const struct create_options *given)
{
	struct gather_sources sources = {
		.base = given->base,
		.merges = &given->merges,
		.tpm_policy = given->tpm_policy,
		.made = &given->made,
		.boot_logs = &given->boot_logs,
		.lists = &given->lists,
		.keys = &given->keys,
		.excludes = &given->excludes,
		.no_boot = given->no_boot,
		.no_ima = given->no_ima,
	};

	for (size_t i = 0; i < given->evidence.count && i < GATHER_STEPS_MAX; i++)
		sources.steps[sources.step_count++] = given->evidence.at[i];
	return sources;
}

static enum rc create(struct session_door *door, const void *options_given, const struct program_start *start,
	int *status, struct err *err)
{
	const struct create_options *given = options_given;
	struct gather_sources sources = sources_of(given);
	DROP(blob_release) struct blob json = {0};
	const char *name = NULL;
	struct policy_head head = {.comment = given->comment == NULL ? "" : given->comment};

	if (sort_words(start, &sources, &name, err) == RC_OK && !has_whole(given) && !has_learned(given))
		err_set(err, RC_MALFORMED,
			"expected something to make a policy from: --evidence, --boot-log, "
			"--from-list, --from-root, --from-dpkg, --from-initrd, --from-allow-list, "
			"--import-runtime-policy, --from-node, --from-file …");
	if (err->rc != RC_OK) {
		*status = program_die(&program, EXIT_USAGE, err);
		return RC_OK;
	}
	head.name = name == NULL ? UNNAMED : name;
	if (given->valid_until != NULL)
		TRY(policy_date_parse(span_text(given->valid_until), &head.valid_until_ms));
	if (has_whole(given))
		TRY(whole(door, given, &head, &json, err));
	else
		TRY(gather(door, &sources, &head, &json, err));
	TRY(check_name(blob_span(&json), name, err));
	return deliver(door, given, name, blob_span(&json), err);
}

int policy_create(const struct tenant_config *config, int argc, char **argv)
{
	struct create_options given = {0};

	return session_door_command(&program, config, argc, argv, &given, create);
}
