#include "lib/json/json.h"
#include "proto/print.h"
#include "tests/support/sample.h"
#include "tests/support/test.h"

static const struct json_limits limits = {.bytes = 1 << 22, .depth = 8, .values = 100000};

static void assert_prints(const struct msg *msg, size_t bin_max, const char *expected)
{
	DROP(blob_release) struct blob out = {0};

	assert_ok(msg_print(msg, bin_max, &out));
	assert_ok(blob_append(&out, span_of("", 1)));
	assert_string_equal((const char *)out.at, expected);
}

static void a_message_is_one_object_with_its_type_first(void **state)
{
	static const uint8_t node[NODE_ID_BYTES] = {0xab};
	const struct msg msg = {
		.type = MSG_TYPE_enrolled, .id = 5, .enrolled = {.node = SPAN(node), .number = UINT64_MAX}};

	(void)state;
	assert_prints(&msg, 0,
		"{\"t\":\"enrolled\",\"node\":"
		"\"ab00000000000000000000000000000000000000000000000000000000000000\","
		"\"number\":18446744073709551615}");
	assert_prints(&msg, 32,
		"{\"t\":\"enrolled\",\"node\":"
		"\"ab00000000000000000000000000000000000000000000000000000000000000\","
		"\"number\":18446744073709551615}");
	assert_prints(
		&msg, 31, "{\"t\":\"enrolled\",\"node\":{\"bytes\":32},\"number\":18446744073709551615}");
}

static void quotes_and_backslashes_cannot_end_a_text(void **state)
{
	const struct msg msg = {.type = MSG_TYPE_ok, .ok.text = span_text("\",\"t\":\"x\\\" \xc3\xa9")};

	(void)state;
	assert_prints(&msg, 0, "{\"t\":\"ok\",\"text\":\"\\\",\\\"t\\\":\\\"x\\\\\\\" \xc3\xa9\"}");
}

static void text_that_is_not_text_is_not_printed(void **state)
{
	static const char *const bad[] = {"\n", "\x1b[2J", "\xff", "\xc2\x9b", "\xed\xa0\x80"};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		const struct msg msg = {.type = MSG_TYPE_ok, .ok.text = span_text(bad[i])};
		DROP(blob_release) struct blob out = {0};

		assert_rc(msg_print(&msg, 0, &out), RC_MALFORMED);
	}
}

static void lists_are_arrays_of_objects(void **state)
{
	static const uint8_t nonce[NONCE_BYTES];
	DROP(blob_release) struct blob raw = {0};
	struct msg msg = {.type = MSG_TYPE_challenge, .challenge.nonce = SPAN(nonce)};

	(void)state;
	assert_prints(&msg, 1,
		"{\"t\":\"challenge\",\"nonce\":{\"bytes\":32},\"banks\":[],\"ima_from\":0,\"ima_max\":0}");
	assert_ok(ELEM_APPEND(bank, (&(struct elem_bank){.alg = 11, .mask = 1}), &raw));
	assert_ok(ELEM_APPEND(bank, (&(struct elem_bank){.alg = 12}), &raw));
	msg.challenge.banks = (struct list){blob_span(&raw), 2};
	assert_prints(&msg, 1,
		"{\"t\":\"challenge\",\"nonce\":{\"bytes\":32},"
		"\"banks\":[{\"alg\":11,\"mask\":1},{\"alg\":12,\"mask\":0}],\"ima_from\":0,\"ima_max\":0}");
}

static void every_message_prints_as_json_with_each_field(void **state)
{
	(void)state;
	for (enum msg_type type = MSG_TYPE_none + 1; type < MSG_TYPE_COUNT; type++) {
		const struct shape *shape = &msg_shapes[type];
		DROP(sample_release) struct sample sample = {0};
		DROP(blob_release) struct blob text = {0};
		DROP(json_doc_release) struct json_doc doc = {0};
		struct err err = {0};
		struct json root;
		struct json value;

		sample_make(&sample, type, SAMPLE_FULL, 7 * type);
		assert_ok(msg_print(&sample.msg, 16, &text));
		assert_ok(json_parse(blob_span(&text), &limits, &doc, &err));
		root = json_root(&doc);
		/* A field named "t" would be there twice, which the reader refuses. */
		assert_int_equal(json_count(&root), 1 + shape->count);
		for (size_t i = 0; i < shape->count; i++)
			assert_true(json_has(&root, shape->fields[i].name, &value));
	}
}

static void what_is_no_type_is_not_printed(void **state)
{
	struct msg msg = {.type = MSG_TYPE_none};
	DROP(blob_release) struct blob out = {0};

	(void)state;
	assert_rc(msg_print(&msg, 0, &out), RC_UNSUPPORTED);
	msg.type = MSG_TYPE_COUNT;
	assert_rc(msg_print(&msg, 0, &out), RC_UNSUPPORTED);
	assert_int_equal(out.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_is_one_object_with_its_type_first),
		cmocka_unit_test(quotes_and_backslashes_cannot_end_a_text),
		cmocka_unit_test(text_that_is_not_text_is_not_printed),
		cmocka_unit_test(lists_are_arrays_of_objects),
		cmocka_unit_test(every_message_prints_as_json_with_each_field),
		cmocka_unit_test(what_is_no_type_is_not_printed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
