#include "lib/policy/boot_words.h"

#include "lib/base/drop.h"
#include "lib/policy/boot_learn.h"
#include "tests/support/boot_log.h"
#include "tests/support/test.h"

#define CERTIFICATE "1111111111111111111111111111111111111111111111111111111111111111"
#define OTHER       "2222222222222222222222222222222222222222222222222222222222222222"

static void parse(const char *json, struct boot_policy *out)
{
	static const struct json_limits limits = {.bytes = 65536, .depth = 16, .values = 1000};
	DROP(json_doc_release) struct json_doc doc = {0};
	struct json root;
	struct err err = {0};

	assert_ok(json_parse(span_text(json), &limits, &doc, &err));
	root = json_root(&doc);
	if (boot_policy_parse(&root, out, &err) != RC_OK)
		fail_msg("%s", err.text);
}

/* What becomes of one section when another takes its place, exactly. */
static void expect_diff(const char *before, const char *after, const char *expected)
{
	DROP(boot_policy_release) struct boot_policy old = {0};
	DROP(boot_policy_release) struct boot_policy new = {0};
	DROP(blob_release) struct blob words = {0};

	parse(before, &old);
	parse(after, &new);
	assert_ok(boot_diff(&old, &new, 10, &words));
	if (!span_is(blob_span(&words), expected))
		fail_msg("%.*s", SPAN_FMT(blob_span(&words)));
}

static void a_difference_is_told_in_words(void **state)
{
	static const char *const rows[][3] = {
		{"{\"secure-boot\":true}", "{\"secure-boot\":true}", ""},
		{"{\"secure-boot\":true}", "{}", "boot: Secure Boot is not judged (before: must be on)\n"},
		{"{\"variables\":{\"db\":{\"set\":[{\"x509\":\"" CERTIFICATE "\",\"name\":\"CN=Old\"}]}}}",
			"{\"variables\":{\"db\":{\"set\":[]}}}",
			"boot: db: certificate CN=Old, sha256 " CERTIFICATE " is no longer allowed\n"},
		{"{\"variables\":{\"dbx\":{\"set\":[],\"others\":true}}}",
			"{\"variables\":{\"dbx\":{\"set\":[{\"sha256\":\"" OTHER "\"}],\"others\":true}}}",
			"boot: dbx: sha256 " OTHER " is now demanded\n"},
		{"{\"drivers\":{\"set\":[{\"digest\":{\"sha256\":\"" OTHER "\"}}]}}",
			"{\"drivers\":{\"set\":[{\"digest\":{\"sha256\":\"" OTHER
			"\"},\"required\":false}]}}",
			"boot: drivers: sha256 " OTHER " may be absent now\n"},
		{"{\"chains\":[{\"name\":\"old\",\"command-lines\":[\"ro\"]}]}",
			"{\"chains\":[{\"name\":\"old\",\"command-lines\":[\"rw\"]},"
			"{\"name\":\"new\",\"command-lines\":[\"ro quiet\"]}]}",
			"boot: chain 1 (old), command-lines: ro is no longer allowed\n"
			"boot: chain 1 (old), command-lines: rw is now allowed\n"
			"boot: chain 2 (new) is now allowed\n"},
		{"{\"chains\":[{\"command-lines\":[\"a\",\"b\"]}]}",
			"{\"chains\":[{\"command-lines\":[\"b\",\"a\"]}]}",
			"boot: chain 1, command-lines: another order is demanded\n"},
		{"{\"firmware\":\"any\"}", "{}", "boot: firmware: anything is no longer allowed\n"},
		{"{\"separators\":[0]}", "{\"separators\":[1]}",
			"boot: pcr 0: its separator is no longer demanded\n"
			"boot: pcr 1: its separator is now demanded\n"},
		{"{\"anything\":true}", "{}", "boot: any boot is no longer accepted\n"},
		{"{}", "{\"exceptions\":[{\"pcr\":6,\"type\":\"EV_IPL\",\"reason\":\"vendor\"}]}",
			"boot: exceptions: pcr 6 EV_IPL: anything is now allowed\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		expect_diff(rows[i][0], rows[i][1], rows[i][2]);
}

static void long_differences_end_with_a_count(void **state)
{
	DROP(boot_policy_release) struct boot_policy old = {0};
	DROP(boot_policy_release) struct boot_policy new = {0};
	DROP(blob_release) struct blob words = {0};

	(void)state;
	parse("{\"sbat\":{\"levels\":{\"set\":[\"a\",\"b\",\"c\"]}}}", &old);
	parse("{\"sbat\":{\"levels\":{\"set\":[]}}}", &new);
	assert_ok(boot_diff(&old, &new, 1, &words));
	assert_true(span_is(
		blob_span(&words), "boot: SBAT level: a is no longer allowed\nboot: ... and 2 more\n"));
}

static void everything_that_was_learned_is_shown(void **state)
{
	static const char *const words[] = {"Secure Boot must be on\n", "variable db: these\n",
		"certificate CN=Microsoft Corporation UEFI CA 2011,", "variable dbx: these at least\n",
		"SBAT level: one of these\n", "machine owner keys MokListX: one of these\n",
		"chain 1 (vmlinuz-6.1.0-56-amd64):\n", "  command-lines: exactly these, in this order\n"};
	DROP(boot_policy_release) struct boot_policy policy = {0};
	DROP(blob_release) struct blob text = {0};

	(void)state;
	assert_ok(boot_learn(boot_log_vector("sb-on-imang"), NULL, &policy, &text, NULL));
	assert_int_equal(text.len, 0);
	assert_ok(boot_warnings(&policy, &text));
	assert_int_equal(text.len, 0);
	assert_ok(boot_show(&policy, &text));
	for (size_t i = 0; i < COUNT(words); i++)
		if (memmem(text.at, text.len, words[i], strlen(words[i])) == NULL)
			fail_msg("%s", words[i]);
	for (size_t i = 0; i < text.len; i++)
		assert_true(text.at[i] == '\n' || (text.at[i] >= ' ' && text.at[i] <= '~'));
}

static void what_allows_too_much_is_warned_of(void **state)
{
	static const char *const rows[][2] = {
		{"{\"anything\":true}", "boot: any boot is accepted, whatever the event log says\n"},
		{"{\"chains\":[]}", "boot: Secure Boot is not judged\n"},
		{"{\"secure-boot\":false,\"firmware\":\"any\"}", "boot: any firmware is allowed\n"},
		{"{\"secure-boot\":true,\"chains\":[{\"commands\":\"any\"}]}",
			"boot: chain 1: commands that no rule names are allowed\n"},
		{"{\"secure-boot\":true,\"events\":[{\"pcr\":6,\"type\":\"EV_IPL\",\"any\":true}]}",
			"boot: event pcr 6 EV_IPL: without a digest: whatever is extended into PCR 6 is "
			"allowed\n"},
		{"{\"secure-boot\":true,\"exceptions\":[{\"pcr\":7,\"type\":\"EV_IPL\",\"reason\":\"x\"}]}",
			"boot: exception pcr 7 EV_IPL: without a digest: whatever is extended into PCR 7 is "
			"allowed\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		DROP(boot_policy_release) struct boot_policy policy = {0};
		DROP(blob_release) struct blob words = {0};

		parse(rows[i][0], &policy);
		assert_ok(boot_warnings(&policy, &words));
		if (!span_is(blob_span(&words), rows[i][1]))
			fail_msg("%.*s", SPAN_FMT(blob_span(&words)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_difference_is_told_in_words),
		cmocka_unit_test(long_differences_end_with_a_count),
		cmocka_unit_test(everything_that_was_learned_is_shown),
		cmocka_unit_test(what_allows_too_much_is_warned_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
