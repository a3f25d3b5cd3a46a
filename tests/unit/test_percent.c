#include "tests/support/test.h"

#include "lib/http/percent.h"

static enum rc decode(const char *text, size_t max, struct blob *out)
{
	blob_clear(out);
	return percent_decode(span_text(text), max, out);
}

static void digits_behind_a_percent_sign_are_a_byte(void **state)
{
	DROP(blob_release) struct blob out = {0};

	(void)state;
	assert_ok(decode("a%2Fb%2bc%3D", 100, &out));
	assert_spans_equal(blob_span(&out), span_text("a/b+c="));
	assert_ok(decode("a/b+c=", 100, &out));
	assert_spans_equal(blob_span(&out), span_text("a/b+c="));
	assert_ok(decode("%00%ff", 100, &out));
	assert_spans_equal(blob_span(&out), span_of("\0\xff", 2));
	assert_ok(decode("", 0, &out));
	assert_int_equal(out.len, 0);
}

static void half_a_sign_is_refused(void **state)
{
	static const char *const bad[] = {"%", "%2", "a%", "a%4", "%zz", "%4g", "%%41", "% 1", "%+1", "%-1"};
	DROP(blob_release) struct blob out = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_rc(decode(bad[i], 100, &out), RC_MALFORMED);
}

static void bytes_that_no_url_has_are_refused(void **state)
{
	static const char *const bad[] = {" ", "a b", "\t", "\x01", "\x7f", "\x80", "\xc3\xa4"};
	DROP(blob_release) struct blob out = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_rc(decode(bad[i], 100, &out), RC_MALFORMED);
	assert_rc(percent_decode(span_of("a\0b", 3), 100, &out), RC_MALFORMED);
}

static void no_more_than_asked_for_comes_out(void **state)
{
	DROP(blob_release) struct blob out = {0};

	(void)state;
	assert_ok(decode("%41%42%43", 3, &out));
	assert_rc(decode("%41%42%43", 2, &out), RC_LIMIT);
}

static void a_refusal_leaves_what_was_there(void **state)
{
	DROP(blob_release) struct blob out = {0};

	(void)state;
	assert_ok(blob_append(&out, span_text("kept")));
	assert_rc(percent_decode(span_text("abc%"), 100, &out), RC_MALFORMED);
	assert_spans_equal(blob_span(&out), span_text("kept"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digits_behind_a_percent_sign_are_a_byte),
		cmocka_unit_test(half_a_sign_is_refused),
		cmocka_unit_test(bytes_that_no_url_has_are_refused),
		cmocka_unit_test(no_more_than_asked_for_comes_out),
		cmocka_unit_test(a_refusal_leaves_what_was_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
