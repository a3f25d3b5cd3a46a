/* limebus policy test. */
#include <stdio.h>

#include "lib/policy/policy_date.h"
#include "services/tenant/node_evidence.h"
#include "services/tenant/policies.h"
#include "services/tenant/policy.h"
#include "services/tenant/render.h"
#include "services/tenant/verdict_view.h"

struct test_options {
	char *evidence;
	unsigned quote;
	char *now;
};

/* The first is EVIDENCE_QUOTE_ANY, the others one more than their enum. */
static const char *const quotes[] = {"first",
#define QUOTE_WORD(id, name, ak) name,
	EVIDENCE_QUOTES(QUOTE_WORD)
#undef QUOTE_WORD
		NULL};

static const struct option options[] = {
	{OPTION_TEXT(struct test_options, evidence), .name = "evidence",
		.help = "A folder with the quote and the measurement list of one moment (SET/STEP); AK, nonce and event log lie "
			"there or in the folder above. Or a node, which is asked for it."},
	{OPTION_WORD(struct test_options, quote), .name = "quote", .fallback = "first", .words = quotes,
		.help = "Which of its quotes: quote_ecc, quote_rsa or quote_rsa_extra (.msg, .sig, .pcrs). Without it the first "
			"that is there."},
	{OPTION_TEXT(struct test_options, now), .name = "now", .fallback = "",
		.help = "Judge as if it were this time, as in 2027-06-30T00:00:00Z: for policies that are valid until a date."},
};

static const struct program program = {
	.name = "limebus policy test",
	.summary = "judge kept evidence by a policy",
	.about =
		"Judges evidence that lies in files as the verifier would, and shows every check and everything that is "
		"wrong, with what to do. POLICY is a file (with a '/' in it, or ending with .json, or there), a name or a "
		"hash; with a file neither a deployment nor a configuration is needed. Nothing is sent anywhere.\n\n"
		"Files of a step: quote_ecc, quote_rsa, quote_rsa_extra, each with .msg (TPMS_ATTEST), .sig "
		"(TPMT_SIGNATURE) and .pcrs (the PCR values one after the other); binary_runtime_measurements, or "
		"ascii_runtime_measurements. In the step, or in the folder above it: ak_ecc.pub, ak_rsa.pub "
		"(TPM2B_PUBLIC), nonce.bin (the qualifying data), binary_bios_measurements. Each may be compressed with "
		"gzip, its name ending with .gz.\n\n"
		"Ends with 0 if the evidence is trusted, 1 if it is untrusted, 2 if it could not be judged. Other numbers "
		"say that nothing was judged at all: see below; a step that lacks a file that is needed ends with 66, "
		"a policy or a gzip file that cannot be read with 65. Evidence that can be read and is no quote, log or list "
		"is untrusted.\n\n"
		"Example: limebus policy test ./web.json --evidence captures/web1/monday",
	.options = options,
	.count = COUNT(options),
	.words = "POLICY",
	.words_min = 1,
	.words_max = 1,
	.exits = exit_texts,
};

static enum rc moment(const struct test_options *given, uint64_t *out, struct err *err)
{
	*out = clock_wall_ms(clock_system());
	if (given->now == NULL)
		return RC_OK;
	if (policy_date_parse(span_text(given->now), out) != RC_OK)
		return err_set(err, RC_MALFORMED,
			"--now: expected a time such as 2027-06-30T00:00:00Z, found \"%.40s\"", given->now);
	return RC_OK;
}

static enum rc show(const struct verdict_view *view, bool as_json)
{
	DROP(blob_release) struct blob text = {0};
	struct json_write w = json_write_begin(&text, JSON_PRETTY);

	if (as_json) {
		verdict_view_json(view, &w);
		return render_json(&w);
	}
	TRY(verdict_view_text(view, &text));
	return fwrite(text.at, 1, text.len, stdout) == text.len && fflush(stdout) == 0 ? RC_OK : RC_IO;
}

static int status_of(const struct verdict *verdict)
{
	if (verdict->trusted)
		return EXIT_DONE;
	return verdict->could_judge ? EXIT_NO : EXIT_UNKNOWN;
}

static enum rc test(struct session_door *door, const void *options_given, const struct program_start *start,
	int *status, struct err *err)
{
	const struct test_options *given = options_given;
	DROP(known_policy_release) struct known_policy policy = {0};
	DROP(evidence_set_release) struct evidence_set set = {0};
	enum evidence_quote_kind kind =
		given->quote == 0 ? EVIDENCE_QUOTE_ANY : (enum evidence_quote_kind)(given->quote - 1);
	struct dry_run run; /* 40 KiB */
	struct verdict_view view = {&policy.policy, NULL, NULL, &run};
	uint64_t now_ms;

	TRY(moment(given, &now_ms, err));
	TRY(policies_open(door, start->words[0], &policy, err));
	TRY(evidence_open(door, given->evidence, kind, &set, err));
	kind = evidence_set_first(&set);
	TRY(dry_run(&policy.policy, &set, kind, now_ms, &run, err));
	view.evidence = set.path;
	view.quote = evidence_quote_name(kind);
	*status = status_of(&run.verdict);
	TRY(show(&view, door->config->json));
	return RC_OK;
}

int policy_test(const struct tenant_config *config, int argc, char **argv)
{
	struct test_options given = {0};

	return session_door_command(&program, config, argc, argv, &given, test);
}
