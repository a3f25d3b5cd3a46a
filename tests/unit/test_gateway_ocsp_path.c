#include "tests/support/test.h"

#include <stdlib.h>

#include "lib/base/base64.h"
#include "lib/base/drop.h"
#include "lib/pki/ocsp.h"
#include "services/gateway/ocsp_path.h"

static enum rc decode(const char *path, struct blob *out)
{
	blob_clear(out);
	return ocsp_path_decode(span_text(path), out);
}

static void base64_is_read_escaped_and_plain(void **state)
{
	static const char *const same[] = {
		"+/+/AA==", "%2B%2F%2b%2fAA%3D%3d", "%2B/+%2FAA=%3D", "%2b%2f%2b%2f%41%41%3d%3d"};
	DROP(blob_release) struct blob out = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(same); i++) {
		assert_ok(decode(same[i], &out));
		assert_spans_equal(blob_span(&out), span_of("\xfb\xff\xbf\x00", 4));
	}
}

static void everything_else_is_refused(void **state)
{
	static const char *const bad[] = {"A", "AA", "AAA", "AA=", "AA%3D", "AAA%", "AAA%3",
		"AA==AA==", "AA==/", "AA%00=", "%00", "AAAA%00", "-_-_", "AAA*", " AAAA", "AAAA%0A",
		"AAAA%20", "AB==", "%25%32%42", "====", "/../"};
	DROP(blob_release) struct blob out = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_rc(decode(bad[i], &out), RC_MALFORMED);
}

static void it_ends_with_the_longest_request(void **state)
{
	DROP(blob_release) struct blob der = {0};
	DROP(blob_release) struct blob text = {0};
	DROP(blob_release) struct blob out = {0};

	(void)state;
	assert_ok(blob_resize(&der, OCSP_REQUEST_MAX));
	assert_ok(base64_encode(blob_span(&der), &text));
	assert_ok(ocsp_path_decode(blob_span(&text), &out));
	assert_spans_equal(blob_span(&out), blob_span(&der));
	assert_ok(blob_append(&text, span_text("AAAA")));
	assert_rc(ocsp_path_decode(blob_span(&text), &out), RC_LIMIT);
	assert_int_equal(out.len, OCSP_REQUEST_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base64_is_read_escaped_and_plain),
		cmocka_unit_test(everything_else_is_refused),
		cmocka_unit_test(it_ends_with_the_longest_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
