/* limebus policy: the group, and its commands that only look. */
#include <stdio.h>

#include "lib/base/hex.h"
#include "lib/policy/boot_words.h"
#include "lib/policy/policy_date.h"
#include "services/tenant/commands.h"
#include "services/tenant/policies.h"
#include "services/tenant/policy.h"
#include "services/tenant/render.h"
#include "services/tenant/states.h"

#define POLICY_COMMANDS(X)                                                                                   \
	X("create", policy_create, "make a policy from evidence, logs and lists, a node, or a file")         \
	X("list", policy_list, "all policies that the verifier knows")                                       \
	X("show", policy_show, "one policy")                                                                 \
	X("diff", policy_compare, "what becomes different when one policy replaces another")                 \
	X("test", policy_test, "judge kept evidence by a policy")                                            \
	X("sign", policy_sign, "put a policy into an envelope with a signature")                             \
	X("verify", policy_verify, "is a policy's envelope signed by a key of ours?")

COMMAND_GROUP(policy, POLICY_COMMANDS);

static const struct program policy_program = {
	.name = "limebus policy",
	.summary = "make, show and compare policies",
	.about =
		"A policy says what a node may have booted, which files it may run, and which values its PCRs may have. It is "
		"known by its name, and for certain by its hash; every content is signed by an operator.",
	.commands = policy_texts,
	.exits = exit_texts,
};

int cmd_policy(const struct tenant_config *config, int argc, char **argv)
{
	return command_group(&policy_program, policy_commands, config, argc, argv);
}

/* ---- list ---- */

static const struct program list_program = {
	.name = "limebus policy list",
	.summary = "all policies that the verifier knows",
	.about = "Example: limebus policy list",
	.exits = exit_texts,
};

static void list_json(const struct states *states, struct json_write *w)
{
	json_write_object(w, NULL);
	json_write_array(w, "policies");
	for (size_t i = 0; i < states->policy_count; i++) {
		const struct policy_row *row = &states->policies[i];

		json_write_object(w, NULL);
		json_write_cstr(w, "name", row->name);
		json_write_hex(w, "hash", SPAN(row->hash));
		json_write_u64(w, "number", row->number);
		json_write_u64(w, "time", row->time);
		json_write_u64(w, "size", row->size);
		json_write_bool(w, "missing", row->missing);
		json_write_close(w);
	}
	json_write_close(w);
	json_write_close(w);
}

static enum rc list_text(const struct states *states, uint64_t now_ms)
{
	DROP(table_release) struct table table = {.columns = 4};
	char digits[HEX_BYTES(HASH_BYTES)];
	char when[RENDER_TIME_BYTES];

	table_add(&table, "NAME");
	table_add(&table, "HASH");
	table_add(&table, "TAKEN");
	table_add(&table, "BYTES");
	for (size_t i = 0; i < states->policy_count; i++) {
		table_add(&table, "%s", states->policies[i].name);
		table_add(&table, "%s", hex_encode(SPAN(states->policies[i].hash), digits));
		table_add(&table, "%s", render_time(states->policies[i].time, now_ms, when));
		if (states->policies[i].missing)
			table_add(&table, "missing: send it again");
		else
			table_add(&table, "%llu", (unsigned long long)states->policies[i].size);
	}
	return table_print(&table);
}

static enum rc list(struct session *session, const void *options, const struct program_start *start,
	int *status, struct err *err)
{
	DROP(states_release) struct states states = {0};
	DROP(blob_release) struct blob text = {0};
	struct json_write w = json_write_begin(&text, JSON_PRETTY);

	(void)options;
	(void)start;
	(void)status;
	TRY(states_load_policies(session, &states, err));
	if (!session_config(session)->json)
		return list_text(&states, session_now(session));
	list_json(&states, &w);
	return render_json(&w);
}

int policy_list(const struct tenant_config *config, int argc, char **argv)
{
	return session_command(&list_program, config, argc, argv, NULL, list);
}

/* ---- show ---- */

static const struct program show_program = {
	.name = "limebus policy show",
	.summary = "one policy",
	.about =
		"POLICY is a name, a hash, or a file. With --json the policy itself is printed, byte for byte: its SHA-256 "
		"is the hash.\n\n"
		"Example: limebus policy show web --json > web.json",
	.words = "POLICY",
	.words_min = 1,
	.words_max = 1,
	.exits = exit_texts,
};

static void show_pcrs(const struct pcr_policy *pcrs)
{
	char digits[HEX_BYTES(TPM_HASH_MAX_BYTES)];

	for (size_t i = 0; i < pcrs->count; i++) {
		const struct pcr_rule *rule = &pcrs->rules[i];

		for (size_t v = 0; v < rule->count; v++)
			printf("%s pcr %-2u %s\n", v == 0 ? tpm_alg_name(rule->alg) : "    or",
				(unsigned)rule->pcr, hex_encode(pcr_policy_value(pcrs, rule, v), digits));
	}
}

/* SHA-1 vouches for little: whoever wrote it into the policy should see it. */
static void show_banks(const struct policy_banks *banks)
{
	bool is_weak = false;

	for (size_t i = 0; i < banks->count; i++) {
		printf("%s%s", i == 0 ? "banks        " : ", ", tpm_alg_name(banks->alg[i]));
		is_weak |= banks->alg[i] == TPM_ALG_SHA1;
	}
	printf("%s\n", is_weak ? " (warning: collisions of SHA-1 can be made)" : "");
}

static enum rc show_text(const struct known_policy *policy, uint64_t now_ms)
{
	DROP(blob_release) struct blob text = {0};
	char digits[HEX_BYTES(POLICY_ID_BYTES)];
	char when[RENDER_TIME_BYTES];
	char until[POLICY_DATE_BYTES];

	printf("name         %s\n", policy->policy.name);
	printf("hash         %s\n", hex_encode(SPAN(policy->policy.id), digits));
	if (policy->number != 0) {
		printf("number       %llu\n", (unsigned long long)policy->number);
		printf("signed by    %s, %s\n", policy->signer, render_time(policy->time, now_ms, when));
	}
	if (policy->policy.valid_until_ms != 0)
		printf("valid until  %s\n", policy_date_text(policy->policy.valid_until_ms, until));
	if (policy->policy.boot.there || policy->policy.has_ima)
		show_banks(&policy->policy.banks);
	show_pcrs(&policy->policy.pcrs);
	if (policy->policy.boot.there) {
		TRY(boot_show(&policy->policy.boot, &text));
		TRY(boot_warnings(&policy->policy.boot, &text));
	}
	if (policy->policy.has_ima)
		TRY(ima_policy_show(&policy->policy.ima, &text));
	printf("%.*s", SPAN_FMT(blob_span(&text)));
	return RC_OK;
}

static enum rc show(struct session_door *door, const void *options, const struct program_start *start,
	int *status, struct err *err)
{
	DROP(known_policy_release) struct known_policy policy = {0};

	(void)options;
	(void)status;
	TRY(policies_open(door, start->words[0], &policy, err));
	if (!door->config->json)
		TRY(show_text(&policy, clock_wall_ms(clock_system())));
	else if (fwrite(policy.json.at, 1, policy.json.len, stdout) != policy.json.len)
		return err_set(err, RC_IO, "standard output cannot be written");
	return RC_OK;
}

int policy_show(const struct tenant_config *config, int argc, char **argv)
{
	return session_door_command(&show_program, config, argc, argv, NULL, show);
}

/* ---- diff ---- */

static const struct program diff_program = {
	.name = "limebus policy diff",
	.summary = "what becomes different when one policy replaces another",
	.about =
		"Each is a name, a hash, or a file (with a '/' in it, or ending with .json). Ends with 1 if there is a "
		"difference.\n\n"
		"Example: limebus policy diff web ./web-new.json",
	.words = "BEFORE AFTER",
	.words_min = 2,
	.words_max = 2,
	.exits = exit_texts,
};

/* About files; what is beyond is counted. */
#define DIFF_LINES_MAX 1000

static enum rc compare(struct session_door *door, const void *options, const struct program_start *start,
	int *status, struct err *err)
{
	DROP(known_policy_release) struct known_policy before = {0};
	DROP(known_policy_release) struct known_policy after = {0};
	DROP(blob_release) struct blob text = {0};
	DROP(blob_release) struct blob json = {0};
	struct json_write w = json_write_begin(&json, JSON_PRETTY);

	(void)options;
	TRY(policies_open(door, start->words[0], &before, err));
	TRY(policies_open(door, start->words[1], &after, err));
	TRY(policy_diff_json(blob_span(&before.json), blob_span(&after.json), DIFF_LINES_MAX, &text, err));
	*status = text.len == 0 ? EXIT_DONE : EXIT_NO;
	if (!door->config->json) {
		printf("%.*s", SPAN_FMT(blob_span(&text)));
		return RC_OK;
	}
	json_write_object(&w, NULL);
	json_write_hex(&w, "before", SPAN(before.policy.id));
	json_write_hex(&w, "after", SPAN(after.policy.id));
	json_write_text(&w, "differences", blob_span(&text));
	json_write_close(&w);
	return render_json(&w);
}

int policy_compare(const struct tenant_config *config, int argc, char **argv)
{
	return session_door_command(&diff_program, config, argc, argv, NULL, compare);
}
