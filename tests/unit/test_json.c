#include "lib/json/json.h"

#include <stdio.h>

#include "tests/support/test.h"

static const struct json_limits limits = {.bytes = 4096, .depth = 5, .values = 16};

static enum rc parse(const char *text, struct json_doc *out, struct err *err)
{
	return json_parse(span_text(text), &limits, out, err);
}

static void an_object_is_read_in_the_order_in_which_it_was_written(void **state)
{
	DROP(json_doc_release) struct json_doc doc = {0};
	static const char *const keys[] = {"z", "a", "m"};
	struct json root;
	struct json_walk walk = {0};
	size_t n = 0;

	(void)state;
	assert_ok(parse("{\"z\":1,\"a\":[true,\"x\"],\"m\":{\"k\":null}}", &doc, NULL));
	root = json_root(&doc);
	assert_int_equal(json_count(&root), 3);
	while (json_walk(&root, &walk))
		assert_string_equal(walk.key, keys[n++]);
	assert_int_equal(n, 3);
}

static void getters_name_the_place_and_both_sides(void **state)
{
	DROP(json_doc_release) struct json_doc doc = {0};
	struct json root, pcrs, bank, list, item;
	uint8_t value[32];
	struct span text;
	struct err err = {0};
	uint64_t number = 7;
	bool flag;

	(void)state;
	assert_ok(parse("{\"pcrs\":{\"sha256\":{\"0\":[7,\"zz\",{}]}}}", &doc, NULL));
	root = json_root(&doc);
	assert_ok(json_get(&root, "pcrs", &pcrs, &err));
	assert_ok(json_get(&pcrs, "sha256", &bank, &err));
	assert_ok(json_get(&bank, "0", &list, &err));
	assert_ok(json_item(&list, 1, &item, &err));
	assert_rc(json_hex(&item, value, sizeof value, &err), RC_MALFORMED);
	assert_string_equal(
		err.text, "pcrs.sha256.0[1]: expected lower-case hex of 32 bytes, found text \"zz\"");
	assert_ok(json_item(&list, 0, &item, &err));
	assert_rc(json_text(&item, 10, &text, &err), RC_MALFORMED);
	assert_string_equal(err.text, "pcrs.sha256.0[0]: expected text, found the number 7");
	assert_rc(json_u64(&item, 8, 9, &number, &err), RC_MALFORMED);
	assert_string_equal(
		err.text, "pcrs.sha256.0[0]: expected a whole number from 8 to 9, found the number 7");
	assert_ok(json_item(&list, 2, &item, &err));
	assert_rc(json_bool(&item, &flag, &err), RC_MALFORMED);
	assert_string_equal(err.text, "pcrs.sha256.0[2]: expected true or false, found an object");
	assert_rc(json_item(&list, 3, &item, &err), RC_NOT_FOUND);
	assert_rc(json_get(&bank, "1", &item, &err), RC_NOT_FOUND);
	assert_string_equal(err.text, "pcrs.sha256: \"1\" is missing");
	assert_rc(json_get(&list, "1", &item, &err), RC_MALFORMED);
	assert_rc(json_expect(&root, JSON_KIND_ARRAY, &err), RC_MALFORMED);
	assert_string_equal(err.text, "(top): expected an array, found an object");
}

static void an_unknown_key_is_named_with_the_known_ones(void **state)
{
	static const char *const known[] = {"sha1", "sha256", NULL};
	DROP(json_doc_release) struct json_doc doc = {0};
	struct json root;
	struct err err = {0};

	(void)state;
	assert_ok(parse("{\"sha1\":1,\"sha265\":2}", &doc, NULL));
	root = json_root(&doc);
	assert_rc(json_only(&root, known, &err), RC_MALFORMED);
	assert_string_equal(err.text, "sha265: unknown key; known here: sha1, sha256");
}

static void numbers_keep_to_their_range(void **state)
{
	static const struct {
		const char *text;
		enum rc rc;
	} rows[] = {{"[9]", RC_MALFORMED}, {"[10]", RC_OK}, {"[20]", RC_OK}, {"[21]", RC_MALFORMED},
		{"[-1]", RC_MALFORMED}, {"[10.5]", RC_MALFORMED}, {"[1e1]", RC_MALFORMED},
		{"[\"10\"]", RC_MALFORMED}, {"[null]", RC_MALFORMED}, {"[true]", RC_MALFORMED}};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		DROP(json_doc_release) struct json_doc doc = {0};
		struct json root, item;
		uint64_t out = 99;

		assert_ok(parse(rows[i].text, &doc, NULL));
		root = json_root(&doc);
		assert_ok(json_item(&root, 0, &item, NULL));
		assert_rc(json_u64(&item, 10, 20, &out, NULL), rows[i].rc);
		assert_true(rows[i].rc == RC_OK ? out != 99 : out == 99);
	}
}

static void hex_is_lower_case_and_of_the_asked_length(void **state)
{
	static const struct {
		const char *text;
		enum rc rc;
	} rows[] = {{"[\"00ff\"]", RC_OK}, {"[\"00FF\"]", RC_MALFORMED}, {"[\"00f\"]", RC_MALFORMED},
		{"[\"00\"]", RC_MALFORMED}, {"[\"00ff00\"]", RC_MALFORMED}, {"[\"\"]", RC_MALFORMED},
		{"[\"0x00\"]", RC_MALFORMED}, {"[1]", RC_MALFORMED}};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		DROP(json_doc_release) struct json_doc doc = {0};
		struct json root, item;
		uint8_t out[2] = {1, 2};

		assert_ok(parse(rows[i].text, &doc, NULL));
		root = json_root(&doc);
		assert_ok(json_item(&root, 0, &item, NULL));
		assert_rc(json_hex(&item, out, sizeof out, NULL), rows[i].rc);
		assert_int_equal(out[0], rows[i].rc == RC_OK ? 0 : 1);
	}
}

static void text_has_a_limit_and_keeps_its_utf8(void **state)
{
	DROP(json_doc_release) struct json_doc doc = {0};
	struct json root, item;
	struct span text;

	(void)state;
	assert_ok(parse("[\"\\u00fc\\ud83d\\ude00\"]", &doc, NULL));
	root = json_root(&doc);
	assert_ok(json_item(&root, 0, &item, NULL));
	assert_rc(json_text(&item, 5, &text, NULL), RC_LIMIT);
	assert_ok(json_text(&item, 6, &text, NULL));
	assert_true(span_is(text, "\xc3\xbc\xf0\x9f\x98\x80"));
}

static void what_is_not_json_is_refused_with_its_place(void **state)
{
	static const char *const bad[] = {"", " ", "{", "[", "{]", "[1,]", "{\"a\":1,}", "{\"a\":1}{",
		"[1] x", "nul", "{a:1}", "{'a':1}", "[01]", "[1.]", "[+1]", "[NaN]", "[\"\\x\"]", "[\"\t\"]",
		"[\"\xff\"]", "[\"\\u0000\"]", "[\"\\ud800\"]", "{\"\\u0000\":1}", "{\"a\":1,\"a\":2}",
		"{\"a\":1,\"\\u0061\":2}", "1", "\"text\"", "null", "[99999999999999999999]", "// c\n[]",
		"[1e999]"};
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct json_doc doc = {0};

		memset(&err, 0, sizeof err);
		assert_rc(parse(bad[i], &doc, &err), RC_MALFORMED);
		assert_null(doc.root);
		assert_non_null(strstr(err.text, "not JSON: line "));
	}
	assert_rc(json_parse(span_of("[]\0", 3), &limits, &(struct json_doc){0}, NULL), RC_MALFORMED);
}

static void limits_hold_at_their_edges(void **state)
{
	struct json_limits tight = {.bytes = 12, .depth = 2, .values = 5};
	static const struct {
		const char *text;
		enum rc rc;
	} rows[] = {{"[1,2,3]", RC_OK}, {"[1,2,3,4]", RC_OK}, {"[1,2,3,4,5]", RC_LIMIT}, {"[[1]]", RC_OK},
		{"[[[]]]", RC_LIMIT}, {"[{\"a\":1}]", RC_OK}, {"[{\"a\":[]}]", RC_LIMIT},
		{"[1         ]", RC_OK}, {"[1          ]", RC_LIMIT}, {"[\"[[[,,,,,\"]", RC_OK},
		{"[\"\\\"[[[,,,\"]", RC_OK}};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		DROP(json_doc_release) struct json_doc doc = {0};

		assert_rc(json_parse(span_text(rows[i].text), &tight, &doc, NULL), rows[i].rc);
	}
}

static void a_million_brackets_cost_nothing(void **state)
{
	static char deep[1000000];
	struct json_limits wide = {.bytes = sizeof deep, .depth = 64, .values = sizeof deep};
	struct json_doc doc = {0};

	(void)state;
	memset(deep, '[', sizeof deep);
	assert_rc(json_parse(SPAN(deep), &wide, &doc, NULL), RC_LIMIT);
}

static void every_truncation_is_refused(void **state)
{
	static const char whole[] = "{\"a\":[1,2,{\"b\":\"c\\n\"}],\"d\":true}";

	(void)state;
	for (size_t n = 0; n < sizeof whole - 1; n++) {
		struct json_doc doc = {0};

		assert_rc(json_parse(span_of(whole, n), &limits, &doc, NULL), RC_MALFORMED);
	}
}

static void a_path_that_is_too_long_is_cut(void **state)
{
	DROP(json_doc_release) struct json_doc doc = {0};
	struct json_limits deep = {.bytes = 4096, .depth = 64, .values = 64};
	char text[4096] = "";
	struct json at;
	size_t depth = 0;

	(void)state;
	for (size_t i = 0; i < 30; i++)
		strcat(text, "{\"a-key-that-is-rather-long\":");
	strcat(text, "1");
	for (size_t i = 0; i < 30; i++)
		strcat(text, "}");
	assert_ok(json_parse(span_text(text), &deep, &doc, NULL));
	for (at = json_root(&doc); json_kind(&at) == JSON_KIND_OBJECT; depth++) {
		struct json next;

		assert_ok(json_get(&at, "a-key-that-is-rather-long", &next, NULL));
		at = next;
		assert_true(strlen(at.path) < JSON_PATH_BYTES);
	}
	assert_int_equal(depth, 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_object_is_read_in_the_order_in_which_it_was_written),
		cmocka_unit_test(getters_name_the_place_and_both_sides),
		cmocka_unit_test(an_unknown_key_is_named_with_the_known_ones),
		cmocka_unit_test(numbers_keep_to_their_range),
		cmocka_unit_test(hex_is_lower_case_and_of_the_asked_length),
		cmocka_unit_test(text_has_a_limit_and_keeps_its_utf8),
		cmocka_unit_test(what_is_not_json_is_refused_with_its_place),
		cmocka_unit_test(limits_hold_at_their_edges),
		cmocka_unit_test(a_million_brackets_cost_nothing),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(a_path_that_is_too_long_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
