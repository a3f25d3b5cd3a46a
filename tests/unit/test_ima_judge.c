#include "lib/policy/ima_judge.h"

#include <stdio.h>

#include "lib/policy/ima_aggregate.h"
#include "tests/support/evidence_kept.h"
#include "tests/support/learned.h"
#include "tests/support/test.h"

static struct span list_of(const char *step)
{
	char name[128];

	snprintf(name, sizeof name, "%s/binary_runtime_measurements.gz", step);
	return evidence_kept(name);
}

/* That of the boot, where the quote lacks a bank of PCRs; else NULL. */
static const char *boot_log;

/* What a list comes to under a policy, from the beginning of a run. */
static void judged(const struct policy *policy, const struct policy *previous, struct span list,
	const struct pcr_values *quoted, size_t piece, struct verdict *out)
{
	DROP(ima_run_release) struct ima_run run = {0};
	static struct event_replay replay;
	struct ima_boot_values values = {.quoted = quoted};

	if (boot_log != NULL) {
		struct event_log events = {0};

		assert_ok(event_log_parse(evidence_kept(boot_log), &events));
		assert_ok(event_replay(&events, &replay));
		values.replayed = &replay;
	}
	judge_list(&run, policy, previous, list, quoted, piece);
	verdict_clear(out);
	ima_run_findings(&run, out);
	if (run.state == IMA_PROVEN)
		ima_aggregate_judge(
			&run, &policy->ima, previous != NULL ? &previous->ima : NULL, &values, out);
	verdict_close(out);
}

static bool has(const struct verdict *verdict, enum finding_check check)
{
	for (size_t i = 0; i < verdict->kept; i++)
		if (verdict->findings[i].check == check)
			return true;
	return false;
}

static struct span append(struct blob *out, struct span a, struct span b)
{
	blob_clear(out);
	assert_ok(blob_append(out, a));
	assert_ok(blob_append(out, b));
	return blob_span(out);
}

static const struct {
	const char *step;
	const char *quote;
	const char *boot_log;
} steps[] = {
	{"sb-on-imang/step0", "ecc"},
	{"sb-on-imang/step2", "ecc"},
	{"sb-on-imang/step3", "rsa"},
	{"sb-off-imasig/step0", "ecc"},
	{"sb-off-imasig/step2", "rsa_extra", "sb-off-imasig/binary_bios_measurements"},
	{"sb-off-imasig/step3", "ecc"},
	{"sb-on-imabuf-3banks/step0", "ecc", "sb-on-imabuf-3banks/binary_bios_measurements.gz"},
	{"sb-on-imabuf-3banks/step0", "rsa_extra"},
};

static void print_findings(const struct verdict *verdict)
{
	for (size_t i = 0; i < verdict->kept; i++)
		print_message("%s: %s: expected %s, found %s\n", finding_name(verdict->findings[i].check),
			verdict->findings[i].subject, verdict->findings[i].expected,
			verdict->findings[i].found);
}

static void captured_lists_pass_their_own_policy(void **state)
{
	static const size_t pieces[] = {0, 4096, 1};
	struct verdict verdict;

	(void)state;
	for (size_t i = 0; i < COUNT(steps); i++) {
		DROP(policy_release) struct policy policy = {0};
		struct span list = list_of(steps[i].step);
		struct pcr_values quoted = evidence_kept_values(steps[i].step, steps[i].quote);

		boot_log = steps[i].boot_log;
		policy_of_list(list, NULL, &policy);
		for (size_t p = 0; p < COUNT(pieces); p++) {
			judged(&policy, NULL, list, &quoted, pieces[p], &verdict);
			if (!verdict.trusted)
				print_findings(&verdict);
			assert_true(verdict.trusted);
			assert_int_equal(verdict.total, 0);
		}
	}
	boot_log = NULL;
}

static void a_list_that_grew_after_the_quote_is_proven_up_to_it(void **state)
{
	DROP(policy_release) struct policy policy = {0};
	DROP(ima_run_release) struct ima_run run = {0};
	struct pcr_values first = evidence_kept_values("sb-on-imang/step0", "ecc");
	struct pcr_values later = evidence_kept_values("sb-on-imang/step3", "ecc");
	struct span list = list_of("sb-on-imang/step3");
	struct verdict verdict = {0};

	(void)state;
	policy_of_list(list_of("sb-on-imang/step0"), NULL, &policy);
	judge_list(&run, &policy, NULL, list, &first, 0);
	assert_int_equal(run.state, IMA_PROVEN);
	assert_int_equal(run.proven.bytes, list_of("sb-on-imang/step0").len);
	ima_run_findings(&run, &verdict);
	verdict_close(&verdict);
	assert_true(verdict.trusted);

	/* Nothing more is needed for the same quote again. */
	assert_ok(ima_run_expect(&run, &first));
	assert_int_equal(run.state, IMA_PROVEN);

	judge_list(&run, &policy, NULL, list, &later, 0);
	assert_int_equal(run.state, IMA_PROVEN);
	assert_int_equal(run.proven.bytes, list.len);
	verdict_clear(&verdict);
	ima_run_findings(&run, &verdict);
	verdict_close(&verdict);
	assert_false(verdict.trusted);
	assert_true(verdict.could_judge);
	assert_true(has(&verdict, FINDING_IMA_UNKNOWN));
	assert_true(has(&verdict, FINDING_IMA_VIOLATION));
}

static void findings_last_as_long_as_the_run(void **state)
{
	DROP(policy_release) struct policy policy = {0};
	DROP(ima_run_release) struct ima_run run = {0};
	DROP(ima_run_release) struct ima_run again = {0};
	DROP(blob_release) struct blob kept = {0};
	DROP(blob_release) struct blob twice = {0};
	struct pcr_values quoted = evidence_kept_values("sb-on-imang/step3", "ecc");
	struct verdict before = {0};
	struct verdict after = {0};

	(void)state;
	policy_of_list(list_of("sb-on-imang/step0"), NULL, &policy);
	judge_list(&run, &policy, NULL, list_of("sb-on-imang/step3"), &quoted, 0);
	ima_run_findings(&run, &before);
	assert_ok(ima_run_encode(&run, &kept));
	assert_ok(ima_run_decode(blob_span(&kept), &again));
	assert_ok(ima_run_encode(&again, &twice));
	assert_spans_equal(blob_span(&kept), blob_span(&twice));
	assert_ok(ima_run_expect(&again, &quoted));
	assert_int_equal(again.state, IMA_PROVEN);
	ima_run_findings(&again, &after);
	assert_int_equal(after.total, before.total);
	assert_int_equal(after.failures, before.failures);
	assert_int_equal(after.kept, before.kept);
	for (size_t i = 0; i < after.kept; i++)
		assert_memory_equal(&after.findings[i], &before.findings[i], sizeof after.findings[i]);
	for (size_t len = 0; len < kept.len; len++)
		assert_int_not_equal(ima_run_decode(span_of(kept.at, len), &again), RC_OK);
	assert_ok(blob_append(&kept, span_of("", 1)));
	assert_int_not_equal(ima_run_decode(blob_span(&kept), &again), RC_OK);
}

/* What no quote proves is undone. */
static void a_round_that_reached_nothing_leaves_nothing(void **state)
{
	DROP(policy_release) struct policy policy = {0};
	DROP(ima_run_release) struct ima_run run = {0};
	struct pcr_values first = evidence_kept_values("sb-on-imang/step0", "ecc");
	struct pcr_values other = evidence_kept_values("sb-off-imasig/step0", "ecc");
	struct span list = list_of("sb-on-imang/step3");
	struct verdict verdict = {0};

	(void)state;
	policy_of_list(list_of("sb-on-imang/step0"), NULL, &policy);
	judge_list(&run, &policy, NULL, list, &other, 0);
	assert_int_equal(run.state, IMA_SHORT);
	ima_run_findings(&run, &verdict);
	assert_int_equal(verdict.total, 1);
	assert_true(has(&verdict, FINDING_IMA_REPLAY));
	judge_list(&run, &policy, NULL, list, &first, 0);
	assert_int_equal(run.state, IMA_PROVEN);
	verdict_clear(&verdict);
	ima_run_findings(&run, &verdict);
	assert_int_equal(verdict.total, 0);
}

/* Each byte of some entries: their length fields, names, digests, template hashes. */
static void every_altered_byte_is_noticed(void **state)
{
	static const char *const sets[][2] = {{"sb-on-imang/step0", "ecc"},
		{"sb-off-imasig/step0", "rsa_extra"}, {"sb-on-imabuf-3banks/step0", "ecc"}};
	struct verdict verdict;

	(void)state;
	for (size_t i = 0; i < COUNT(sets); i++) {
		DROP(policy_release) struct policy policy = {0};
		DROP(blob_release) struct blob bad = {0};
		struct span list = list_of(sets[i][0]);
		struct pcr_values quoted = evidence_kept_values(sets[i][0], sets[i][1]);

		policy_of_list(list, NULL, &policy);
		assert_ok(blob_copy(&bad, list));
		for (size_t at = 0; at < list.len; at += at < 700 ? 1 : 1999) {
			bad.at[at] ^= 0x04;
			judged(&policy, NULL, blob_span(&bad), &quoted, 0, &verdict);
			if (verdict.trusted)
				print_message("%s: byte %zu\n", sets[i][0], at);
			assert_false(verdict.trusted);
			bad.at[at] ^= 0x04;
		}
	}
}

static void removed_reordered_and_repeated_entries_are_noticed(void **state)
{
	DROP(policy_release) struct policy policy = {0};
	DROP(blob_release) struct blob made = {0};
	DROP(blob_release) struct blob tail = {0};
	struct span whole = list_of("sb-on-imang/step0");
	struct pcr_values quoted = evidence_kept_values("sb-on-imang/step0", "ecc");
	struct ima_list list = {.format = {.hash = DIGEST_SHA1}, .left = whole};
	struct verdict verdict;
	struct ima_entry entry[3];
	struct span rest;

	(void)state;
	policy_of_list(whole, NULL, &policy);
	for (size_t i = 0; i < COUNT(entry); i++)
		assert_int_equal(ima_list_next(&list, &entry[i]), IMA_STEP_ENTRY);
	rest = list.left;

	/* The second is removed. */
	append(&tail, entry[2].bytes, rest);
	judged(&policy, NULL, append(&made, entry[0].bytes, blob_span(&tail)), &quoted, 0, &verdict);
	assert_true(verdict.failures == 1 && has(&verdict, FINDING_IMA_REPLAY));
	/* The second and the third change places. */
	append(&tail, entry[1].bytes, rest);
	append(&made, entry[0].bytes, entry[2].bytes);
	assert_ok(blob_append(&made, blob_span(&tail)));
	judged(&policy, NULL, blob_span(&made), &quoted, 0, &verdict);
	assert_true(has(&verdict, FINDING_IMA_REPLAY));
	/* The first comes twice. */
	judged(&policy, NULL, append(&made, entry[0].bytes, whole), &quoted, 0, &verdict);
	assert_true(has(&verdict, FINDING_IMA_REPLAY));
	/* The last is not there. */
	judged(&policy, NULL, span_of(whole.at, whole.len - 1), &quoted, 0, &verdict);
	assert_true(has(&verdict, FINDING_IMA_REPLAY));
	/* The first is not there: that may be the kernel's doing. */
	judged(&policy, NULL, span_of(whole.at + entry[0].bytes.len, whole.len - entry[0].bytes.len), &quoted,
		0, &verdict);
	assert_true(has(&verdict, FINDING_IMA_TRIMMED));
	assert_false(verdict.trusted || verdict.could_judge);
	/* No list at all. */
	judged(&policy, NULL, span_of(whole.at, 0), &quoted, 0, &verdict);
	assert_true(has(&verdict, FINDING_IMA_MISSING));
	assert_false(verdict.trusted || verdict.could_judge);
	/* Not a list. */
	judged(&policy, NULL, span_text("this is no measurement list at all, whatever it is"), &quoted, 0,
		&verdict);
	assert_true(has(&verdict, FINDING_IMA_LIST));
}

static void either_policy_of_a_roll_out_will_do(void **state)
{
	DROP(policy_release) struct policy early = {0};
	DROP(policy_release) struct policy late = {0};
	struct pcr_values quoted = evidence_kept_values("sb-on-imang/step3", "ecc");
	struct span list = list_of("sb-on-imang/step3");
	struct verdict verdict;

	(void)state;
	policy_of_list(list_of("sb-on-imang/step0"), NULL, &early);
	policy_of_list(list, NULL, &late);
	judged(&early, NULL, list, &quoted, 0, &verdict);
	assert_false(verdict.trusted);
	judged(&early, &late, list, &quoted, 0, &verdict);
	assert_true(verdict.trusted);
	judged(&late, &early, list, &quoted, 0, &verdict);
	assert_true(verdict.trusted);
}

/* A policy of nothing but these settings, and the certificate's key. */
static void signed_policy(enum ima_signatures signatures, bool with_key, struct policy *out)
{
	DROP(ima_builder_close) struct ima_builder *builder = NULL;
	struct span pem = vector("evidence/ima-cert.spki");

	assert_ok(ima_builder_open(&builder));
	ima_builder_rules(builder)->signatures = signatures;
	if (with_key)
		assert_ok(ima_builder_key(builder, "ima", pem, NULL, NULL));
	assert_ok(ima_builder_pattern(builder, IMA_EXCLUDES, span_text("/nowhere"), NULL));
	learned_policy(builder, out);
}

static void a_valid_signature_makes_a_file_good(void **state)
{
	static const struct {
		enum ima_signatures signatures;
		bool with_key;
		size_t signed_failures;
	} rows[] = {{IMA_SIGNATURES_ACCEPT, true, 0}, {IMA_SIGNATURES_REQUIRE, true, 0},
		{IMA_SIGNATURES_IGNORE, true, 28}, {IMA_SIGNATURES_ACCEPT, false, 28}};
	struct pcr_values quoted = evidence_kept_values("sb-off-imasig/step0", "ecc");
	struct span list = list_of("sb-off-imasig/step0");
	size_t unsigned_failures = 0;
	struct verdict verdict;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		DROP(policy_release) struct policy policy = {0};

		signed_policy(rows[i].signatures, rows[i].with_key, &policy);
		judged(&policy, NULL, list, &quoted, 0, &verdict);
		assert_int_equal(verdict.kept, VERDICT_FINDINGS_MAX);
		if (i == 0)
			unsigned_failures = verdict.failures;
		assert_int_equal(verdict.failures, unsigned_failures + rows[i].signed_failures);
		assert_int_equal(verdict.findings[0].check, rows[i].signatures == IMA_SIGNATURES_REQUIRE
								    ? FINDING_IMA_SIGNATURE
								    : FINDING_IMA_UNKNOWN);
	}
}

static void what_is_found_and_expected_is_told(void **state)
{
	DROP(policy_release) struct policy policy = {0};
	DROP(ima_builder_close) struct ima_builder *builder = NULL;
	struct pcr_values quoted = evidence_kept_values("sb-on-imang/step0", "ecc");
	struct span whole = list_of("sb-on-imang/step0");
	struct ima_list list = {.format = {.hash = DIGEST_SHA1}, .left = whole};
	uint8_t other[32] = {0xab};
	struct ima_entry entry;
	char name[FINDING_SUBJECT_BYTES];
	struct verdict verdict;

	(void)state;
	assert_int_equal(ima_list_next(&list, &entry), IMA_STEP_ENTRY);
	assert_int_equal(ima_list_next(&list, &entry), IMA_STEP_ENTRY);
	finding_name_text(entry.fields.name, name, sizeof name);
	assert_ok(ima_builder_open(&builder));
	ima_builder_rules(builder)->unknown = IMA_REPORT;
	assert_ok(ima_builder_digest(
		builder, DIGEST_OF_FILE, entry.fields.name, KERNEL_HASH_SHA256, SPAN(other)));
	learned_policy(builder, &policy);
	judged(&policy, NULL, whole, &quoted, 0, &verdict);
	assert_false(verdict.trusted);
	assert_int_equal(verdict.failures, 1);
	for (size_t i = 0; i < verdict.kept; i++) {
		if (verdict.findings[i].check == FINDING_IMA_UNKNOWN) {
			assert_int_equal(verdict.findings[i].weight, FINDING_REPORTED);
			continue;
		}
		assert_int_equal(verdict.findings[i].check, FINDING_IMA_FILE);
		assert_string_equal(verdict.findings[i].subject, name);
		assert_memory_equal(verdict.findings[i].expected, "sha256:ab000000", 15);
		assert_memory_equal(verdict.findings[i].found, "sha256:", 7);
	}
}

static void hostile_names_are_made_printable(void **state)
{
	static const struct {
		const char *name;
		size_t room;
		const char *text;
	} rows[] = {{"/usr/bin/ls", 256, "/usr/bin/ls"},
		{"/a\\b\n\x1b[31m\xc3\xbc", 256, "/a\\\\b\\x0a\\x1b[31m\\xc3\\xbc"},
		{"/usr/bin/something", 12, "/usr...hing"}, {"\n\n\n\n\n\n", 16, "\\x0a...\\x0a\\x0a"},
		{"abcdef", 4, "abc"}, {"abc", 1, ""}, {"", 16, ""}};
	char text[256];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		finding_name_text(span_text(rows[i].name), text, rows[i].room);
		assert_string_equal(text, rows[i].text);
	}
}

static void the_boot_aggregate_is_that_of_the_quoted_pcrs(void **state)
{
	DROP(policy_release) struct policy policy = {0};
	DROP(ima_run_release) struct ima_run run = {0};
	struct pcr_values quoted = evidence_kept_values("sb-on-imang/step0", "ecc");
	uint8_t bytes[PCR_VALUES_MAX_BYTES];
	struct ima_boot_values values = {.quoted = &quoted};
	struct verdict verdict = {0};

	(void)state;
	policy_of_list(list_of("sb-on-imang/step0"), NULL, &policy);
	judge_list(&run, &policy, NULL, list_of("sb-on-imang/step0"), &quoted, 0);
	assert_int_equal(run.proven.aggregates, 1);
	memcpy(bytes, quoted.bytes.at, quoted.bytes.len);
	bytes[40] ^= 1; /* PCR 1 */
	quoted.bytes.at = bytes;
	ima_aggregate_judge(&run, &policy.ima, NULL, &values, &verdict);
	assert_int_equal(verdict.total, 1);
	assert_true(has(&verdict, FINDING_IMA_AGGREGATE));
	/* PCRs that were not quoted say nothing. */
	verdict_clear(&verdict);
	quoted = (struct pcr_values){0};
	ima_aggregate_judge(&run, &policy.ima, NULL, &values, &verdict);
	assert_true(verdict.total == 1 && verdict.unjudged == 1);
	assert_true(has(&verdict, FINDING_IMA_AGGREGATE_OPEN));
	/* Once it was equal, that stays so for the boot. */
	verdict_clear(&verdict);
	quoted = evidence_kept_values("sb-on-imang/step0", "ecc");
	ima_aggregate_judge(&run, &policy.ima, NULL, &values, &verdict);
	quoted = (struct pcr_values){0};
	ima_aggregate_judge(&run, &policy.ima, NULL, &values, &verdict);
	assert_int_equal(verdict.total, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(captured_lists_pass_their_own_policy),
		cmocka_unit_test(a_list_that_grew_after_the_quote_is_proven_up_to_it),
		cmocka_unit_test(findings_last_as_long_as_the_run),
		cmocka_unit_test(a_round_that_reached_nothing_leaves_nothing),
		cmocka_unit_test(every_altered_byte_is_noticed),
		cmocka_unit_test(removed_reordered_and_repeated_entries_are_noticed),
		cmocka_unit_test(either_policy_of_a_roll_out_will_do),
		cmocka_unit_test(a_valid_signature_makes_a_file_good),
		cmocka_unit_test(what_is_found_and_expected_is_told),
		cmocka_unit_test(hostile_names_are_made_printable),
		cmocka_unit_test(the_boot_aggregate_is_that_of_the_quoted_pcrs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
