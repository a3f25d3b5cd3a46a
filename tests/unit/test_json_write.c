#include "lib/json/json_write.h"

#include "lib/json/json.h"
#include "tests/support/test.h"

static void write_sample(struct json_write *w)
{
	static const uint8_t id[] = {0x00, 0xff};

	json_write_object(w, NULL);
	json_write_cstr(w, "name", "web");
	json_write_u64(w, "number", UINT64_MAX);
	json_write_array(w, "list");
	json_write_bool(w, NULL, true);
	json_write_null(w, NULL);
	json_write_hex(w, NULL, SPAN(id));
	json_write_close(w);
	json_write_object(w, "empty");
	json_write_close(w);
	json_write_close(w);
}

static void compact_is_one_line_in_the_order_of_the_calls(void **state)
{
	static const char expected[] = "{\"name\":\"web\",\"number\":18446744073709551615,"
				       "\"list\":[true,null,\"00ff\"],\"empty\":{}}";
	DROP(blob_release) struct blob out = {0};
	struct json_write w = json_write_begin(&out, JSON_COMPACT);

	(void)state;
	write_sample(&w);
	assert_ok(json_write_end(&w));
	assert_spans_equal(blob_span(&out), span_text(expected));
}

static void pretty_is_indented_and_ends_with_a_newline(void **state)
{
	static const char expected[] = "{\n"
				       "  \"name\": \"web\",\n"
				       "  \"number\": 18446744073709551615,\n"
				       "  \"list\": [\n"
				       "    true,\n"
				       "    null,\n"
				       "    \"00ff\"\n"
				       "  ],\n"
				       "  \"empty\": {}\n"
				       "}\n";
	DROP(blob_release) struct blob out = {0};
	struct json_write w = json_write_begin(&out, JSON_PRETTY);

	(void)state;
	write_sample(&w);
	assert_ok(json_write_end(&w));
	assert_spans_equal(blob_span(&out), span_text(expected));
}

/* What a text looks like when it was written and read again. */
static void comes_back_as(struct span text, const char *expected)
{
	DROP(blob_release) struct blob out = {0};
	DROP(json_doc_release) struct json_doc doc = {0};
	struct json_write w = json_write_begin(&out, JSON_COMPACT);
	struct json_limits limits = {.bytes = 4096, .depth = 2, .values = 8};
	struct json root, item;
	struct span again;

	json_write_array(&w, NULL);
	json_write_text(&w, NULL, text);
	json_write_close(&w);
	assert_ok(json_write_end(&w));
	assert_ok(json_parse(blob_span(&out), &limits, &doc, NULL));
	root = json_root(&doc);
	assert_ok(json_item(&root, 0, &item, NULL));
	assert_ok(json_text(&item, 4096, &again, NULL));
	assert_spans_equal(again, span_text(expected));
}

static void text_comes_back_as_it_was(void **state)
{
	static const char *const texts[] = {"", "plain", "\"quoted\" \\ back", "\b\f\n\r\t\x01\x1f\x7f",
		"\xc3\xbc", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "a\xc3\xbcz", "\xf4\x8f\xbf\xbf",
		"\xef\xbf\xbf", "\xed\x9f\xbf"};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		comes_back_as(span_text(texts[i]), texts[i]);
}

static void bytes_that_are_not_utf8_are_replaced_one_by_one(void **state)
{
#define R "\xef\xbf\xbd"
	(void)state;
	comes_back_as(span_text("a\xff"
				"b"),
		"a" R "b");
	comes_back_as(span_text("\xc3"), R);
	comes_back_as(span_text("\xc0\x80"), R R);
	comes_back_as(span_text("\xed\xa0\x80"), R R R);
	comes_back_as(span_text("\xe0\x80\x80"), R R R);
	comes_back_as(span_text("\xf4\x90\x80\x80"), R R R R);
	comes_back_as(span_text("\xf5z"), R "z");
	comes_back_as(span_text("\xe2\x82"), R R);
#undef R
}

static void no_byte_pair_makes_text_that_does_not_parse(void **state)
{
	struct json_limits limits = {.bytes = 4096, .depth = 2, .values = 8};

	(void)state;
	for (unsigned pair = 0; pair < 65536; pair++) {
		uint8_t text[2] = {(uint8_t)(pair >> 8), (uint8_t)pair};
		DROP(blob_release) struct blob out = {0};
		DROP(json_doc_release) struct json_doc doc = {0};
		struct json_write w = json_write_begin(&out, JSON_COMPACT);

		json_write_array(&w, NULL);
		json_write_text(&w, NULL, SPAN(text));
		json_write_close(&w);
		assert_ok(json_write_end(&w));
		/* NUL cannot be read back: the reader refuses it on purpose. */
		assert_rc(json_parse(blob_span(&out), &limits, &doc, NULL),
			text[0] == 0 || text[1] == 0 ? RC_MALFORMED : RC_OK);
	}
}

static void misuse_is_told_at_the_end(void **state)
{
	(void)state;
	for (int misuse = 0; misuse < 6; misuse++) {
		DROP(blob_release) struct blob out = {0};
		struct json_write w = json_write_begin(&out, JSON_COMPACT);

		switch (misuse) {
		case 0: json_write_object(&w, NULL); break;
		case 1: break;
		case 2: json_write_null(&w, "key"); break;
		case 3:
			json_write_object(&w, NULL);
			json_write_null(&w, NULL);
			json_write_close(&w);
			break;
		case 4:
			json_write_null(&w, NULL);
			json_write_null(&w, NULL);
			break;
		default: json_write_close(&w); break;
		}
		assert_rc(json_write_end(&w), RC_MALFORMED);
	}
}

static void depth_has_a_limit(void **state)
{
	(void)state;
	for (size_t depth = JSON_WRITE_DEPTH_MAX; depth <= JSON_WRITE_DEPTH_MAX + 1; depth++) {
		DROP(blob_release) struct blob out = {0};
		struct json_write w = json_write_begin(&out, JSON_PRETTY);

		for (size_t i = 0; i < depth; i++)
			json_write_array(&w, NULL);
		for (size_t i = 0; i < depth; i++)
			json_write_close(&w);
		assert_rc(json_write_end(&w), depth <= JSON_WRITE_DEPTH_MAX ? RC_OK : RC_LIMIT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compact_is_one_line_in_the_order_of_the_calls),
		cmocka_unit_test(pretty_is_indented_and_ends_with_a_newline),
		cmocka_unit_test(text_comes_back_as_it_was),
		cmocka_unit_test(bytes_that_are_not_utf8_are_replaced_one_by_one),
		cmocka_unit_test(no_byte_pair_makes_text_that_does_not_parse),
		cmocka_unit_test(misuse_is_told_at_the_end),
		cmocka_unit_test(depth_has_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
