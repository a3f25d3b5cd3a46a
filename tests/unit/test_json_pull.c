#include "lib/json/json_pull.h"

#include "tests/support/test.h"

static enum rc read_text(const char *json, size_t len, size_t max, struct blob *out, struct err *err)
{
	DROP(json_pull_release) struct json_pull pull = {.text = span_of(json, len)};
	struct span text;

	TRY(json_pull_text(&pull, max, &text, err));
	TRY(json_pull_end(&pull, err));
	return blob_copy(out, text);
}

static void texts_are_what_they_stand_for(void **state)
{
	static const struct {
		const char *json, *text;
	} rows[] = {
		{"\"\"", ""},
		{" \t\r\n\"/usr/bin/ls\" ", "/usr/bin/ls"},
		{"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
		{"\"\\u0041\\u00e9\\u20AC\\ud83d\\ude00\"", "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
		{"\"a\xc3\xa9\xf0\x9f\x98\x80z\"", "a\xc3\xa9\xf0\x9f\x98\x80z"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		DROP(blob_release) struct blob text = {0};

		assert_ok(read_text(rows[i].json, strlen(rows[i].json), 64, &text, NULL));
		assert_spans_equal(blob_span(&text), span_text(rows[i].text));
		for (size_t n = 0; n < strlen(rows[i].json) - 1; n++)
			assert_rc(read_text(rows[i].json, n, 64, &text, NULL), RC_MALFORMED);
	}
}

static void what_is_no_text_is_refused(void **state)
{
	static const char *const rows[] = {"", "a", "'a'", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"",
		"\"\\u0000\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"\\ud800\\ud800\"",
		"\"\x01\"", "\"\n\"", "\"\xff\"", "\"\xc3\"", "\"\xed\xa0\x80\"", "\"\xc0\x80\"",
		"\"\xf4\x90\x80\x80\"", "\"a\"b"};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		DROP(blob_release) struct blob text = {0};
		struct err err = {0};

		if (read_text(rows[i], strlen(rows[i]), 64, &text, &err) != RC_MALFORMED)
			fail_msg("%s", rows[i]);
		assert_memory_equal(err.text, "line ", 5);
	}
}

static void a_text_has_a_limit(void **state)
{
	static const struct {
		const char *json;
		enum rc rc;
	} rows[] = {
		{"\"123\"", RC_OK},
		{"\"1234\"", RC_OK},
		{"\"12345\"", RC_LIMIT},
		{"\"123\\n\"", RC_OK},
		{"\"1234\\n\"", RC_LIMIT},
		{"\"123\xc3\xa9\"", RC_LIMIT},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		DROP(blob_release) struct blob text = {0};

		assert_rc(read_text(rows[i].json, strlen(rows[i].json), 4, &text, NULL), rows[i].rc);
	}
}

static enum rc walk(const char *json, size_t *count, struct err *err)
{
	DROP(json_pull_release) struct json_pull pull = {.text = span_text(json)};
	bool more = true;
	struct span key;

	TRY(json_pull_open(&pull, '{', err));
	for (*count = 0;; ++*count) {
		TRY(json_pull_more(&pull, '}', *count, &more, err));
		if (!more)
			return json_pull_end(&pull, err);
		TRY(json_pull_key(&pull, 16, &key, err));
		TRY(json_pull_skip(&pull, err));
	}
}

static void values_are_passed_over(void **state)
{
	static const struct {
		const char *json;
		size_t count;
	} rows[] = {
		{"{}", 0},
		{" { } ", 0},
		{"{\"a\":1}", 1},
		{"{\"a\" : -1.5e3 , \"b\":true,\"c\":null}", 3},
		{"{\"a\":[],\"b\":{},\"c\":\"}\"}", 3},
		{"{\"a\":[1,[2,{\"x\":\"]\\\"\"}]],\"b\":\"\"}", 2},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t count = 99;

		assert_ok(walk(rows[i].json, &count, NULL));
		assert_int_equal(count, rows[i].count);
	}
}

static void what_is_out_of_place_is_refused_with_its_place(void **state)
{
	static const struct {
		const char *json, *text;
	} rows[] = {
		{"[]", "line 1, column 1: expected '{'"},
		{"{\"a\":1 \"b\":2}", "line 1, column 8: expected ','"},
		{"{\"a\" 1}", "line 1, column 6: expected ':'"},
		{"{\"a\":1,}", "line 1, column 8: expected '\"'"},
		{"{,}", "line 1, column 2: expected '\"'"},
		{"{\n\n  1:2}", "line 3, column 3: expected '\"'"},
		{"{\"a\":}", "line 1, column 6: expected a value"},
		{"{\"a\":,}", "line 1, column 6: expected a value"},
		{"{\"a\":[", "line 1, column 7: expected a value"},
		{"{\"a\":\"", "line 1, column 7: the text does not end"},
		{"{\"a\":\"\\", "line 1, column 8: the text does not end"},
		{"{\"a\":1", "line 1, column 7: expected ','"},
		{"{}x", "line 1, column 3: something stands behind the end"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err err = {0};
		size_t count;

		assert_rc(walk(rows[i].json, &count, &err), RC_MALFORMED);
		assert_string_equal(err.text, rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_what_they_stand_for),
		cmocka_unit_test(what_is_no_text_is_refused),
		cmocka_unit_test(a_text_has_a_limit),
		cmocka_unit_test(values_are_passed_over),
		cmocka_unit_test(what_is_out_of_place_is_refused_with_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
