#include "lib/base/hex.h"
#include "tests/support/test.h"

static void bytes_become_lower_case_digits(void **state)
{
	static const uint8_t bytes[] = {0x00, 0x09, 0xab, 0xff};
	char text[HEX_BYTES(4)];

	(void)state;
	assert_string_equal(hex_encode(SPAN(bytes), text), "0009abff");
	assert_string_equal(hex_encode((struct span){0}, text), "");
}

static void digits_of_either_case_become_bytes(void **state)
{
	static const uint8_t expected[] = {0xab, 0xcd, 0x01};
	uint8_t out[3];

	(void)state;
	assert_ok(hex_decode(span_text("aBCd01"), out, sizeof out));
	assert_memory_equal(out, expected, sizeof out);
}

static void anything_else_is_refused_and_leaves_out_alone(void **state)
{
	static const char *const bad[] = {"", "0", "000", "00000", "000000", "0g00", "00 0", "-000", "0x00"};
	uint8_t out[2] = {0x5a, 0x5a};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_rc(hex_decode(span_text(bad[i]), out, sizeof out), RC_MALFORMED);
	assert_rc(hex_decode(span_of("00\0"
				     "0",
				     4),
			  out, sizeof out),
		RC_MALFORMED);
	assert_int_equal(out[0], 0x5a);
	assert_int_equal(out[1], 0x5a);
}

static void every_byte_but_the_digits_is_refused(void **state)
{
	(void)state;
	for (unsigned c = 0; c < 256; c++) {
		bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
		uint8_t text[2] = {'0', (uint8_t)c};
		uint8_t out = 0;

		assert_rc(hex_decode(SPAN(text), &out, 1), digit ? RC_OK : RC_MALFORMED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_become_lower_case_digits),
		cmocka_unit_test(digits_of_either_case_become_bytes),
		cmocka_unit_test(anything_else_is_refused_and_leaves_out_alone),
		cmocka_unit_test(every_byte_but_the_digits_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
