#include "lib/policy/import_tpm_policy.h"

#include "lib/base/hex.h"
#include "lib/policy/policy_date.h"
#include "tests/support/quote.h"
#include "tests/support/test.h"

#define A "1111111111111111111111111111111111111111111111111111111111111111"
#define B "2222222222222222222222222222222222222222222222222222222222222222"
#define L "333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333"

#define WEB                                                                                                    \
	"{\"limebus\":1,\"name\":\"web\",\"comment\":\"front ends\",\"valid-until\":\"2027-06-30T00:00:00Z\"," \
	"\"pcrs\":{\"sha256\":{\"7\":[\"" A "\",\"" B "\"],\"0\":[\"" B "\"]},\"sha384\":{\"4\":[\"" L         \
	"\"]}}}"

static void parse(const char *json, struct policy *out)
{
	struct err err = {0};

	if (policy_parse(span_text(json), out, &err) != RC_OK)
		fail_msg("%s", err.text);
}

static void a_policy_is_compiled(void **state)
{
	DROP(policy_release) struct policy policy = {0};
	const struct pcr_rule *rule;
	struct pcr_selection selection;
	char text[PCR_SELECTION_TEXT_BYTES];
	uint8_t value[32];

	(void)state;
	parse(WEB, &policy);
	assert_string_equal(policy.name, "web");
	assert_int_equal(policy.valid_until_ms, 1814313600000);
	assert_int_equal(policy.pcrs.count, 3);
	selection = policy_selection(&policy);
	assert_string_equal(pcr_selection_text(&selection, text), "sha256:0,7+sha384:4");
	rule = pcr_policy_rule(&policy.pcrs, TPM_ALG_SHA256, 7);
	assert_int_equal(rule->count, 2);
	memset(value, 0x22, sizeof value);
	assert_true(pcr_policy_allows(&policy.pcrs, rule, SPAN(value)));
	value[31] ^= 1;
	assert_false(pcr_policy_allows(&policy.pcrs, rule, SPAN(value)));
	assert_null(pcr_policy_rule(&policy.pcrs, TPM_ALG_SHA384, 7));
}

static void the_id_is_the_sha256_of_the_bytes(void **state)
{
	DROP(policy_release) struct policy policy = {0};
	DROP(policy_release) struct policy spaced = {0};
	uint8_t id[32];

	(void)state;
	parse(WEB, &policy);
	assert_ok(digest_bytes(DIGEST_SHA256, span_text(WEB), id));
	assert_memory_equal(policy.id, id, sizeof id);
	parse(WEB " ", &spaced);
	assert_memory_not_equal(spaced.id, id, sizeof id);
}

static void what_is_wrong_is_named_with_its_place(void **state)
{
#define HEAD "{\"limebus\":1,\"name\":\"w\","
	static const struct {
		const char *json, *text;
	} rows[] = {
		{"[]", "(top): expected an object, found an array"},
		{"{}", "(top): \"limebus\" is missing"},
		{"{\"limebus\":2,\"name\":\"w\"}",
			"limebus: expected a whole number from 1 to 1, found the number 2"},
		{"{\"limebus\":1}", "(top): \"name\" is missing"},
		{"{\"limebus\":1,\"name\":\"\"}", "name: expected letters"},
		{"{\"limebus\":1,\"name\":\"../x\"}", "name: expected letters"},
		{"{\"limebus\":1,\"name\":\"a b\"}", "name: expected letters"},
		{"{\"limebus\":1,\"name\":\"w\"}", "(top): the policy demands nothing"},
		{HEAD "\"pcr\":{}}",
			"pcr: unknown key; known here: limebus, name, comment, valid-until, banks, pcrs, boot, ima"},
		{HEAD "\"comment\":1,\"pcrs\":{}}", "comment: expected text, found the number 1"},
		{HEAD "\"valid-until\":\"tomorrow\",\"pcrs\":{}}", "valid-until: expected a date"},
		{HEAD "\"pcrs\":[]}", "pcrs: expected an object, found an array"},
		{HEAD "\"pcrs\":{}}", "pcrs: names no PCR"},
		{HEAD "\"pcrs\":{\"sha256\":{}}}", "pcrs: names no PCR"},
		{HEAD "\"pcrs\":{\"sha265\":{}}}", "pcrs.sha265: unknown bank"},
		{HEAD "\"pcrs\":{\"sm3_256\":{}}}", "pcrs.sm3_256: unknown bank"},
		{HEAD "\"pcrs\":{\"sha1\":{}}}", "pcrs.sha1: SHA-1 values vouch for nothing"},
		{HEAD "\"pcrs\":{\"sha256\":{\"24\":[]}}}", "pcrs.sha256.24: not a PCR; expected 0 to 23"},
		{HEAD "\"pcrs\":{\"sha256\":{\"00\":[]}}}", "pcrs.sha256.00: not a PCR"},
		{HEAD "\"pcrs\":{\"sha256\":{\"-1\":[]}}}", "pcrs.sha256.-1: not a PCR"},
		{HEAD "\"pcrs\":{\"sha256\":{\"0\":\"" A "\"}}}",
			"pcrs.sha256.0: expected an array, found text"},
		{HEAD "\"pcrs\":{\"sha256\":{\"0\":[]}}}", "pcrs.sha256.0: an empty list"},
		{HEAD "\"pcrs\":{\"sha256\":{\"0\":[\"" A "\",\"zz\"]}}}",
			"pcrs.sha256.0[1]: expected lower-case hex of 32 bytes, found text \"zz\""},
		{HEAD "\"pcrs\":{\"sha256\":{\"0\":[\"" L "\"]}}}",
			"pcrs.sha256.0[0]: expected lower-case hex of 32 bytes"},
		{HEAD "\"pcrs\":{\"sha384\":{\"0\":[\"" A "\"]}}}",
			"pcrs.sha384.0[0]: expected lower-case hex of 48 bytes"},
		{HEAD "\"pcrs\":{\"sha256\":{\"0\":[\"" A "\",\"" A "\"]}}}",
			"pcrs.sha256.0[1]: the same value a second time"},
		{HEAD "\"pcrs\":{\"sha256\":{\"0\":[\"" A "\"],\"0\":[\"" B "\"]}}}", "not JSON: line 1"},
	};
#undef HEAD

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct policy policy = {0};
		struct err err = {0};

		assert_int_not_equal(policy_parse(span_text(rows[i].json), &policy, &err), RC_OK);
		if (strncmp(err.text, rows[i].text, strlen(rows[i].text)) != 0)
			fail_msg("\"%s\" instead of \"%s\"", err.text, rows[i].text);
		assert_int_equal(policy.pcrs.count, 0);
	}
}

static void every_truncation_is_refused(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof WEB - 1; n++) {
		struct policy policy = {0};

		assert_rc(policy_parse(span_of(WEB, n), &policy, NULL), RC_MALFORMED);
	}
}

static void alternatives_have_a_limit(void **state)
{
	DROP(pcr_policy_release) struct pcr_policy policy = {0};
	uint8_t value[32] = {0};

	(void)state;
	for (unsigned i = 0; i <= PCR_ALTERNATIVES_MAX; i++) {
		value[0] = (uint8_t)i;
		assert_rc(pcr_policy_allow(&policy, TPM_ALG_SHA256, 5, SPAN(value)),
			i < PCR_ALTERNATIVES_MAX ? RC_OK : RC_LIMIT);
	}
	value[0] = 0;
	assert_ok(pcr_policy_allow(&policy, TPM_ALG_SHA256, 5, SPAN(value)));
	assert_int_equal(policy.rules[0].count, PCR_ALTERNATIVES_MAX);
	assert_rc(pcr_policy_allow(&policy, TPM_ALG_SHA256, 24, SPAN(value)), RC_LIMIT);
	assert_rc(pcr_policy_allow(&policy, TPM_ALG_SHA384, 5, SPAN(value)), RC_MALFORMED);
	assert_rc(pcr_policy_allow(&policy, TPM_ALG_SHA1, 5, SPAN(value)), RC_UNSUPPORTED);
}

/* Values of rules that were made in turns stay with their rules. */
static void values_stay_with_their_rules(void **state)
{
	DROP(pcr_policy_release) struct pcr_policy policy = {0};
	static const uint16_t algs[] = {TPM_ALG_SHA256, TPM_ALG_SHA512, TPM_ALG_SHA384};
	uint8_t value[64];

	(void)state;
	for (unsigned round = 0; round < 10; round++)
		for (unsigned pcr = 0; pcr < PCR_COUNT; pcr++)
			for (size_t k = 0; k < COUNT(algs); k++) {
				memset(value, (int)(round * 24 + pcr), sizeof value);
				assert_ok(pcr_policy_allow(&policy, algs[k], pcr,
					span_of(value, digest_size(digest_of_tpm_id(algs[k])))));
			}
	assert_int_equal(policy.count, PCR_RULES_MAX);
	for (size_t i = 0; i < policy.count; i++) {
		assert_int_equal(policy.rules[i].count, 10);
		for (unsigned round = 0; round < 10; round++) {
			struct span got = pcr_policy_value(&policy, &policy.rules[i], round);

			memset(value, (int)(round * 24 + policy.rules[i].pcr), sizeof value);
			assert_spans_equal(got, span_of(value, got.len));
		}
	}
}

static void a_written_policy_parses_to_the_same_rules(void **state)
{
	DROP(policy_release) struct policy policy = {0};
	DROP(policy_release) struct policy again = {0};
	DROP(blob_release) struct blob json = {0};
	DROP(blob_release) struct blob diff = {0};
	struct policy_head head = {
		.name = "web", .comment = "a \"quoted\" one", .valid_until_ms = 1814313600000};

	(void)state;
	parse(WEB, &policy);
	assert_ok(policy_write(&head, &policy.pcrs, &json, NULL));
	assert_ok(policy_parse(blob_span(&json), &again, NULL));
	assert_ok(policy_diff(&policy, &again, &diff));
	assert_int_equal(diff.len, 0);
	assert_int_equal(again.valid_until_ms, policy.valid_until_ms);
}

static void a_policy_with_a_bad_head_is_not_written(void **state)
{
	DROP(policy_release) struct policy policy = {0};
	DROP(blob_release) struct blob json = {0};
	struct err err = {0};

	(void)state;
	parse(WEB, &policy);
	assert_rc(
		policy_write(&(struct policy_head){.name = "a/b"}, &policy.pcrs, &json, &err), RC_MALFORMED);
	assert_rc(policy_write(&(struct policy_head){.name = "a"}, &(struct pcr_policy){0}, &json, &err),
		RC_MALFORMED);
	assert_int_equal(json.len, 0);
}

static void golden_nodes_make_a_policy_that_allows_each_of_them(void **state)
{
	DROP(captured_release) struct captured first = {0};
	DROP(captured_release) struct captured later = {0};
	DROP(policy_release) struct policy policy = {0};
	DROP(blob_release) struct blob json = {0};
	struct pcr_values nodes[2];

	(void)state;
	captured_open(&first, "vm-imang", "ecc", "ecc_0", "nonce.bin");
	captured_open(&later, "vm-imang", "ecc", "ecc_later", "nonce_later.bin");
	assert_ok(pcr_values_parse(&first.asked, first.claim.values, &nodes[0]));
	assert_ok(pcr_values_parse(&later.asked, later.claim.values, &nodes[1]));
	assert_ok(policy_from_values(&(struct policy_head){.name = "gold"}, nodes, 2, &json, NULL));
	assert_ok(policy_parse(blob_span(&json), &policy, NULL));
	assert_int_equal(policy.pcrs.count, 15);
	assert_int_equal(pcr_policy_rule(&policy.pcrs, TPM_ALG_SHA256, 1)->count, 1);
	assert_int_equal(pcr_policy_rule(&policy.pcrs, TPM_ALG_SHA256, 7)->count, 2);
	for (size_t i = 0; i < 2; i++) {
		struct verdict verdict = {0};

		pcr_policy_appraise(&policy.pcrs, &nodes[i], &verdict);
		assert_int_equal(verdict.total, 0);
	}
}

static void sha1_values_of_golden_nodes_are_left_out(void **state)
{
	DROP(captured_release) struct captured q = {0};
	DROP(policy_release) struct policy policy = {0};
	DROP(blob_release) struct blob json = {0};
	struct pcr_values values;
	struct pcr_selection selection;
	char text[PCR_SELECTION_TEXT_BYTES];

	(void)state;
	captured_open(&q, "vm-imabuf", "rsa", "rsa_3banks", "nonce.bin");
	assert_ok(pcr_values_parse(&q.asked, q.claim.values, &values));
	assert_ok(policy_from_values(&(struct policy_head){.name = "gold"}, &values, 1, &json, NULL));
	assert_ok(policy_parse(blob_span(&json), &policy, NULL));
	selection = policy_selection(&policy);
	assert_string_equal(pcr_selection_text(&selection, text),
		"sha256:0,1,2,3,4,5,6,7,8,9,10,14+sha384:0,1,2,3,4,5,6,7,8,9,10,14");
}

static void differences_are_told_in_words(void **state)
{
	DROP(policy_release) struct policy before = {0};
	DROP(policy_release) struct policy after = {0};
	DROP(blob_release) struct blob diff = {0};

	(void)state;
	parse(WEB, &before);
	parse("{\"limebus\":1,\"name\":\"api\",\"pcrs\":{\"sha256\":{\"7\":[\"" A "\"],\"0\":[\"" A "\",\"" B
	      "\"],\"9\":[\"" A "\"]}}}",
		&after);
	assert_ok(policy_diff(&before, &after, &diff));
	assert_spans_equal(blob_span(&diff), span_text("name: web becomes api\n"
						       "valid until: 2027-06-30T00:00:00Z becomes no end\n"
						       "pcr 7 (sha256): no longer allowed: " B "\n"
						       "pcr 0 (sha256): now also allowed: " A "\n"
						       "pcr 4 (sha384): no longer checked\n"
						       "pcr 9 (sha256): now checked, 1 value allowed\n"));
}

static void keylime_tpm_policies_can_be_imported(void **state)
{
	DROP(policy_release) struct policy policy = {0};
	DROP(blob_release) struct blob json = {0};
	struct pcr_selection selection;
	char text[PCR_SELECTION_TEXT_BYTES];
	struct err err = {0};

	(void)state;
	assert_ok(import_tpm_policy(&(struct policy_head){.name = "old"},
		span_text("{\"22\":[\"" A "\",\"" B "\"],\"15\":\"" L "\",\"mask\":\"0x408000\"}"), NULL,
		&json, &err));
	assert_ok(policy_parse(blob_span(&json), &policy, NULL));
	selection = policy_selection(&policy);
	assert_string_equal(pcr_selection_text(&selection, text), "sha256:22+sha384:15");
	assert_int_equal(pcr_policy_rule(&policy.pcrs, TPM_ALG_SHA256, 22)->count, 2);
}

/* The way that Keylime's documentation has them: each value in the lengths of several banks. */
static void values_of_several_banks_become_rules_of_one(void **state)
{
#define ONE "0000000000000000000000000000000000000001"
	DROP(policy_release) struct policy policy = {0};
	DROP(import_warnings_release) struct import_warnings warnings = {0};
	DROP(blob_release) struct blob json = {0};
	struct pcr_selection selection;
	char text[PCR_SELECTION_TEXT_BYTES];
	struct err err = {0};

	(void)state;
	assert_ok(import_tpm_policy(&(struct policy_head){.name = "old"},
		span_text("{\"22\":[\"" ONE "\",\"" A "\",\"0001\",\"" L "\"],\"15\":[\"" B "\",\"" B "\"],"
			  "\"7\":[\"" L "\",\"" A "\"],\"mask\":\"0x408480\"}"),
		&warnings, &json, &err));
	assert_ok(policy_parse(blob_span(&json), &policy, NULL));
	selection = policy_selection(&policy);
	assert_string_equal(pcr_selection_text(&selection, text), "sha256:7,15,22");
	assert_int_equal(pcr_policy_rule(&policy.pcrs, TPM_ALG_SHA256, 22)->count, 1);
	/* Of two PCRs something was left out, PCR 7 is of the boot, and the mask has PCR 10. */
	assert_int_equal(warnings.count, 4);
#undef ONE
}

static void other_tpm_policies_are_refused(void **state)
{
	static const struct {
		const char *json, *text;
	} rows[] = {
		{"{}", "pcrs: names no PCR"},
		{"[]", "(top): expected an object"},
		{"{\"24\":\"" A "\"}", "24: not a PCR"},
		{"{\"x\":\"" A "\"}", "x: not a PCR"},
		{"{\"1\":[]}", "1: an empty list"},
		{"{\"1\":7}", "1: expected text"},
		{"{\"1\":\"0000\"}", "1: no value of 32, 48 or 64 bytes"},
		{"{\"1\":\"000\"}", "1: expected hex"},
		{"{\"1\":\"xx\"}", "1: expected hex"},
		{"{\"1\":\"\"}", "1: expected hex"},
		{"{\"10\":\"" A "\"}", "10: PCR 10 grows"},
		{"{\"16\":[\"" A "\"]}", "16: PCR 16 can be reset"},
		{"{\"1\":\"1111111111111111111111111111111111111111\"}",
			"1: no value of 32, 48 or 64 bytes; SHA-1"},
		{"{\"1\":\"" A "\",\"mask\":\"0x4\"}", "(top): mask is 0x4, but the listed PCRs make 0x2"},
		{"{\"1\":\"" A "\",\"mask\":\"2\"}", "mask: expected a mask"},
		{"{\"1\":\"" A "\",\"mask\":\"0x2z\"}", "mask: expected a mask"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		DROP(blob_release) struct blob json = {0};
		struct err err = {0};

		assert_int_not_equal(import_tpm_policy(&(struct policy_head){.name = "old"},
					     span_text(rows[i].json), NULL, &json, &err),
			RC_OK);
		if (strncmp(err.text, rows[i].text, strlen(rows[i].text)) != 0)
			fail_msg("\"%s\" instead of \"%s\"", err.text, rows[i].text);
		assert_int_equal(json.len, 0);
	}
}

static void dates_are_exact(void **state)
{
	static const struct {
		const char *text;
		uint64_t ms;
	} rows[] = {
		{"1971-01-01T00:00:00Z", 31536000000},
		{"2000-02-29T23:59:59Z", 951868799000},
		{"2026-11-23T17:49:22Z", 1795456162000},
		{"9999-12-31T23:59:59Z", 253402300799000},
		{"1970-01-01T00:00:00Z", 0},
		{"2100-02-29T00:00:00Z", 0},
		{"2027-02-29T00:00:00Z", 0},
		{"2027-13-01T00:00:00Z", 0},
		{"2027-00-01T00:00:00Z", 0},
		{"2027-04-31T00:00:00Z", 0},
		{"2027-04-00T00:00:00Z", 0},
		{"2027-04-01T24:00:00Z", 0},
		{"2027-04-01T00:60:00Z", 0},
		{"2027-04-01T00:00:60Z", 0},
		{"2027-04-01T00:00:00", 0},
		{"2027-04-01 00:00:00Z", 0},
		{"2027-04-01T00:00:00ZZ", 0},
		{"2027-4-01T00:00:00Z", 0},
		{"", 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t ms = 1;
		char text[POLICY_DATE_BYTES];

		assert_rc(policy_date_parse(span_text(rows[i].text), &ms),
			rows[i].ms != 0 ? RC_OK : RC_MALFORMED);
		assert_int_equal(ms, rows[i].ms != 0 ? rows[i].ms : 1);
		if (rows[i].ms != 0)
			assert_string_equal(policy_date_text(ms, text), rows[i].text);
	}
}

static void every_day_of_four_centuries_comes_back(void **state)
{
	(void)state;
	for (uint64_t day = 365; day < 365 + 400 * 366; day++) {
		char text[POLICY_DATE_BYTES];
		uint64_t ms = 0;

		assert_ok(
			policy_date_parse(span_text(policy_date_text(day * 86400000 + 86399999, text)), &ms));
		assert_int_equal(ms, day * 86400000 + 86399000);
	}
}

static void a_time_beyond_all_dates_is_still_a_date(void **state)
{
	char text[POLICY_DATE_BYTES];
	uint64_t ms = 0;

	(void)state;
	assert_ok(policy_date_parse(span_text(policy_date_text(UINT64_MAX, text)), &ms));
	assert_memory_equal(text, "9999-12-31", 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_policy_is_compiled),
		cmocka_unit_test(the_id_is_the_sha256_of_the_bytes),
		cmocka_unit_test(what_is_wrong_is_named_with_its_place),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(alternatives_have_a_limit),
		cmocka_unit_test(values_stay_with_their_rules),
		cmocka_unit_test(a_written_policy_parses_to_the_same_rules),
		cmocka_unit_test(a_policy_with_a_bad_head_is_not_written),
		cmocka_unit_test(golden_nodes_make_a_policy_that_allows_each_of_them),
		cmocka_unit_test(sha1_values_of_golden_nodes_are_left_out),
		cmocka_unit_test(differences_are_told_in_words),
		cmocka_unit_test(keylime_tpm_policies_can_be_imported),
		cmocka_unit_test(values_of_several_banks_become_rules_of_one),
		cmocka_unit_test(other_tpm_policies_are_refused),
		cmocka_unit_test(dates_are_exact),
		cmocka_unit_test(every_day_of_four_centuries_comes_back),
		cmocka_unit_test(a_time_beyond_all_dates_is_still_a_date),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
