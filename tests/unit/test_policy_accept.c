/* Exceptions that are spliced into a policy. */
#include "services/tenant/policy_accept.h"

#include "lib/policy/policy.h"
#include "tests/support/test.h"

static const struct ima_accepted exception = {
	.file = {(const uint8_t *)"/opt/tool", 9},
	.digest = {(const uint8_t *)"0123456789012345678901234567890123456789012345678901234567890123", 64},
	.reason = {(const uint8_t *)"it is \"mine\"", 12},
	.by = {(const uint8_t *)"paul", 4},
	.time = {(const uint8_t *)"2026-11-23T00:00:00Z", 20},
};

/* The policy is one still, all of its former text is there, and the exception counts. */
static void accepts(const char *json)
{
	DROP(blob_release) struct blob out = {0};
	DROP(blob_release) struct blob again = {0};
	DROP(policy_release) struct policy policy = {0};
	struct digest_found found;
	uint8_t digest[32];
	struct err err = {0};

	if (policy_accept(span_text(json), &exception, &out, &err) != RC_OK)
		fail_msg("%s", err.text);
	if (policy_parse(blob_span(&out), &policy, &err) != RC_OK)
		fail_msg("%s: %.*s", err.text, SPAN_FMT(blob_span(&out)));
	for (size_t i = 0; i < sizeof digest; i++)
		digest[i] = (uint8_t)((2 * i % 10) << 4 | (2 * i + 1) % 10);
	found = digest_table_find(&policy.ima.digests, DIGEST_OF_FILE, span_text("/opt/tool"),
		KERNEL_HASH_SHA256, SPAN(digest));
	assert_int_equal(found.match, DIGEST_ALLOWED);
	assert_rc(policy_accept(blob_span(&out), &exception, &again, &err), RC_EXISTS);
	assert_int_equal(again.len, 0);
}

static void an_exception_finds_its_place(void **state)
{
	(void)state;
	accepts("{\"limebus\": 1, \"name\": \"p\", \"ima\": {\"excludes\": [\"/usr/**\"]}}");
	accepts("{\"limebus\": 1, \"name\": \"p\", \"ima\": {\"accepted\": [], \"excludes\": [\"/usr/**\"]}}");
	accepts("{\"ima\": {\"excludes\": [\"/usr/**\"], \"accepted\": [ ] }, \"limebus\": 1, \"name\": \"p\"}");
	accepts("{\"limebus\": 1, \"name\": \"p\", \"ima\": {\"digests\": {\"accepted\": "
		"[\"0000000000000000000000000000000000000000000000000000000000000000\"]}, \"accepted\": [{\"file\": "
		"\"/a\", \"digest\": \"0000000000000000000000000000000000000000000000000000000000000000\"}]}}");
	accepts("{\"limebus\": 1, \"name\": \"p\", \"comment\": \"\\\"ima\\\": {\", \"ima\": {\"accepted\": [{\"file\": "
		"\"/opt/tool\", \"digest\": \"0000000000000000000000000000000000000000000000000000000000000000\"}]}}");
}

static void a_policy_without_a_list_has_no_exceptions(void **state)
{
	DROP(blob_release) struct blob out = {0};
	static const char *const texts[] = {"{\"limebus\": 1, \"name\": \"p\"}", "{}", "[]", "",
		"{\"ima\": 3}", "{\"ima\": {\"accepted\": {}}}", "{\"ima\": {\"accepted\": [3]}}"};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_rc(policy_accept(span_text(texts[i]), &exception, &out, NULL), RC_MALFORMED);
	assert_int_equal(out.len, 0);
}

static void a_name_comes_back_from_how_it_is_shown(void **state)
{
	static const char *const names[] = {
		"/usr/bin/ls", "/opt/evil tool \xc3\xbc.sh", "/a\\b", "/\x01\xff"};
	static const char *const wrong[] = {"\\", "\\x", "\\x1", "\\y41", "\\xzz"};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		DROP(blob_release) struct blob name = {0};
		char shown[256];

		finding_name_text(span_text(names[i]), shown, sizeof shown);
		assert_ok(policy_accept_name(span_text(shown), &name));
		assert_spans_equal(blob_span(&name), span_text(names[i]));
	}
	for (size_t i = 0; i < COUNT(wrong); i++) {
		DROP(blob_release) struct blob name = {0};

		assert_rc(policy_accept_name(span_text(wrong[i]), &name), RC_MALFORMED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_exception_finds_its_place),
		cmocka_unit_test(a_policy_without_a_list_has_no_exceptions),
		cmocka_unit_test(a_name_comes_back_from_how_it_is_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
