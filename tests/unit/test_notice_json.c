#include "tests/support/test.h"

#include "lib/follow/notice_json.h"

static const uint8_t node[NODE_ID_BYTES] = {0x2b};
static const uint8_t hash[HASH_BYTES] = {0x0c};

#define Z31 "00000000000000000000000000000000000000000000000000000000000000"

static void prints(
	const struct msg_notice *notice, const struct msg_profile *profile, bool again, const char *expected)
{
	DROP(blob_release) struct blob line = {0};

	assert_ok(notice_json(notice, profile, again, &line));
	assert_ok(blob_append(&line, span_of("", 1)));
	assert_string_equal((char *)line.at, expected);
}

static void a_notice_is_one_line_with_all_keys(void **state)
{
	const struct elem_reason reasons[] = {{span_text("pcr-value")}, {span_text("ima-hash")}};
	static const uint8_t number[] = {0x01, 0xab};
	static const uint8_t address[] = {10, 0, 0, 7};
	const struct elem_serial serial = {SPAN(number)};
	const struct elem_tag tag = {span_text("web")};
	const struct elem_dns_name name = {span_text("web1.example")};
	const struct elem_address at = {SPAN(address)};
	struct blob raw[5] = {0};
	struct msg_notice notice = {.seq = 7,
		.previous = SPAN(hash),
		.kind = span_text("revoked"),
		.node = SPAN(node),
		.time = UINT64_C(1795462521411),
		.severity = 9,
		.reason = span_text("pcr-value: \"7\""),
		.verifier = span_text("verifier-1"),
		.evidence = SPAN(hash)};
	struct msg_profile profile = {.node = SPAN(node), .time = 1};

	(void)state;
	assert_ok(ELEM_APPEND(reason, &reasons[0], &raw[0]));
	assert_ok(ELEM_APPEND(reason, &reasons[1], &raw[0]));
	assert_ok(ELEM_APPEND(serial, &serial, &raw[1]));
	assert_ok(ELEM_APPEND(tag, &tag, &raw[2]));
	assert_ok(ELEM_APPEND(dns_name, &name, &raw[3]));
	assert_ok(ELEM_APPEND(address, &at, &raw[4]));
	notice.reasons = (struct list){blob_span(&raw[0]), 2};
	notice.certificates = (struct list){blob_span(&raw[1]), 1};
	profile.tags = (struct list){blob_span(&raw[2]), 1};
	profile.names = (struct list){blob_span(&raw[3]), 1};
	profile.addresses = (struct list){blob_span(&raw[4]), 1};
	prints(&notice, &profile, true,
		"{\"seq\":7,\"kind\":\"revoked\",\"node\":\"2b" Z31 "\",\"severity\":9,"
		"\"reason\":\"pcr-value: \\\"7\\\"\",\"reasons\":[\"pcr-value\",\"ima-hash\"],"
		"\"time\":\"2026-11-23T19:35:21.411Z\",\"verifier\":\"verifier-1\",\"evidence\":\"0c" Z31
		"\","
		"\"certificates\":[\"01ab\"],"
		"\"profile\":{\"tags\":[\"web\"],\"dns\":[\"web1.example\"],\"addresses\":[\"10.0.0.7\"]},"
		"\"again\":true,\"notice\":{\"t\":\"notice\",\"seq\":7,\"previous\":\"0c" Z31 "\","
		"\"kind\":\"revoked\",\"node\":\"2b" Z31 "\",\"time\":1795462521411,\"severity\":9,"
		"\"reason\":\"pcr-value: \\\"7\\\"\",\"cause\":\"\",\"certificates\":[{\"serial\":\"01ab\"}],"
		"\"reasons\":[{\"code\":\"pcr-value\"},{\"code\":\"ima-hash\"}],\"verifier\":\"verifier-1\","
		"\"evidence\":\"0c" Z31 "\"}}\n");
	for (size_t i = 0; i < COUNT(raw); i++)
		blob_release(&raw[i]);
}

static void what_is_not_known_is_empty_and_there(void **state)
{
	const struct msg_notice notice = {
		.seq = 1, .previous = SPAN(hash), .kind = span_text("lapsed"), .node = SPAN(node), .time = 1};

	(void)state;
	prints(&notice, NULL, false,
		"{\"seq\":1,\"kind\":\"lapsed\",\"node\":\"2b" Z31 "\",\"severity\":0,\"reason\":\"\","
		"\"reasons\":[],\"time\":\"1970-01-01T00:00:00.001Z\",\"verifier\":\"\",\"evidence\":\"\","
		"\"certificates\":[],\"profile\":{\"tags\":[],\"dns\":[],\"addresses\":[]},\"again\":false,"
		"\"notice\":{\"t\":\"notice\",\"seq\":1,\"previous\":\"0c" Z31 "\",\"kind\":\"lapsed\","
		"\"node\":\"2b" Z31
		"\",\"time\":1,\"severity\":0,\"reason\":\"\",\"cause\":\"\",\"certificates\":[],\"reasons\":[],"
		"\"verifier\":\"\",\"evidence\":\"\"}}\n");
}

static void text_that_is_no_text_is_refused(void **state)
{
	const struct msg_notice notice = {
		.seq = 1, .previous = SPAN(hash), .kind = span_text("a\nb"), .node = SPAN(node), .time = 1};
	DROP(blob_release) struct blob line = {0};

	(void)state;
	assert_rc(notice_json(&notice, NULL, false, &line), RC_MALFORMED);
	assert_int_equal(line.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_notice_is_one_line_with_all_keys),
		cmocka_unit_test(what_is_not_known_is_empty_and_there),
		cmocka_unit_test(text_that_is_no_text_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
