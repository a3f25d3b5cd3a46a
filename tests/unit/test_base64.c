#include "lib/base/base64.h"
#include "lib/base/drop.h"
#include "tests/support/test.h"

/* RFC 4648, section 10, and the two digits that alphabets differ in. */
static const struct {
	const char *bytes, *text;
} vectors[] = {
	{"", ""},
	{"f", "Zg=="},
	{"fo", "Zm8="},
	{"foo", "Zm9v"},
	{"foob", "Zm9vYg=="},
	{"fooba", "Zm9vYmE="},
	{"foobar", "Zm9vYmFy"},
	{"\xfb\xef\xbe\xff", "++++/w=="},
};

static void the_vectors_of_the_specification_hold_both_ways(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(vectors); i++) {
		DROP(blob_release) struct blob text = {0};
		DROP(blob_release) struct blob bytes = {0};

		assert_ok(base64_encode(span_text(vectors[i].bytes), &text));
		assert_spans_equal(blob_span(&text), span_text(vectors[i].text));
		assert_int_equal(text.len, BASE64_LEN(strlen(vectors[i].bytes)));
		assert_ok(base64_decode(span_text(vectors[i].text), &bytes));
		assert_spans_equal(blob_span(&bytes), span_text(vectors[i].bytes));
	}
}

static void there_is_one_spelling_only(void **state)
{
	static const char *const rows[] = {"Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm8",
		"Zg==Zg==", "Zm9v\n", "Zm 9", "Zm9v====", "====", "=AAA", "A===", "Z=g=", "-_-_", "Zm9v,m9v",
		"Zm9\x80", "AA=A"};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		DROP(blob_release) struct blob bytes = {0};

		assert_ok(blob_append(&bytes, span_text("kept")));
		if (base64_decode(span_text(rows[i]), &bytes) != RC_MALFORMED)
			fail_msg("\"%s\" is accepted", rows[i]);
		assert_spans_equal(blob_span(&bytes), span_text("kept"));
	}
}

static void every_byte_survives(void **state)
{
	DROP(blob_release) struct blob text = {0};
	DROP(blob_release) struct blob bytes = {0};
	uint8_t all[256];

	(void)state;
	for (size_t i = 0; i < sizeof all; i++)
		all[i] = (uint8_t)i;
	for (size_t len = 250; len <= sizeof all; len++) {
		blob_clear(&text);
		blob_clear(&bytes);
		assert_ok(base64_encode(span_of(all, len), &text));
		assert_ok(base64_decode(blob_span(&text), &bytes));
		assert_spans_equal(blob_span(&bytes), span_of(all, len));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_vectors_of_the_specification_hold_both_ways),
		cmocka_unit_test(there_is_one_spelling_only),
		cmocka_unit_test(every_byte_survives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
