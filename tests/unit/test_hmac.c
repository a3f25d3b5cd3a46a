#include "lib/base/hex.h"
#include "lib/crypto/hmac.h"
#include "tests/support/test.h"

/* RFC 4231, test case 2. */
static const char case_2_key[] = "Jefe";
static const char case_2_text[] = "what do ya want for nothing?";
static const char case_2_value[] = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";

static void published_values_come_out(void **state)
{
	uint8_t expected[48];
	uint8_t out[DIGEST_BYTES_MAX];
	uint8_t long_key[131];

	(void)state;
	assert_ok(hmac_bytes(DIGEST_SHA256, span_text(case_2_key), span_text(case_2_text), out));
	assert_ok(hex_decode(span_text(case_2_value), expected, 32));
	assert_memory_equal(out, expected, 32);
	/* RFC 4231, test case 6: a key longer than a block. */
	memset(long_key, 0xaa, sizeof long_key);
	assert_ok(hmac_bytes(DIGEST_SHA384, SPAN(long_key),
		span_text("Test Using Larger Than Block-Size Key - Hash Key First"), out));
	assert_ok(hex_decode(span_text("4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c6"
				       "0c2ef6ab4030fe8296248df163f44952"),
		expected, 48));
	assert_memory_equal(out, expected, 48);
}

static void an_empty_key_is_a_key(void **state)
{
	/* HMAC-SHA-256 with an empty key and an empty message. */
	static const char value[] = "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad";
	uint8_t expected[32];
	uint8_t out[DIGEST_BYTES_MAX];

	(void)state;
	assert_ok(hmac_bytes(DIGEST_SHA256, (struct span){0}, (struct span){0}, out));
	assert_ok(hex_decode(span_text(value), expected, sizeof expected));
	assert_memory_equal(out, expected, sizeof expected);
}

static void the_right_value_is_accepted_in_pieces(void **state)
{
	const struct span parts[] = {span_text("what do ya want "), span_text("for nothing?")};
	uint8_t claimed[32];

	(void)state;
	assert_ok(hex_decode(span_text(case_2_value), claimed, sizeof claimed));
	assert_ok(hmac_check(DIGEST_SHA256, span_text(case_2_key), parts, COUNT(parts), SPAN(claimed)));
}

static void every_other_value_is_denied(void **state)
{
	const struct span text = span_text(case_2_text);
	uint8_t claimed[33] = {0};

	(void)state;
	assert_ok(hex_decode(span_text(case_2_value), claimed, 32));
	assert_rc(
		hmac_check(DIGEST_SHA256, span_text(case_2_key), &text, 1, span_of(claimed, 31)), RC_DENIED);
	assert_rc(
		hmac_check(DIGEST_SHA256, span_text(case_2_key), &text, 1, span_of(claimed, 33)), RC_DENIED);
	assert_rc(hmac_check(DIGEST_SHA256, span_text(case_2_key), &text, 1, (struct span){0}), RC_DENIED);
	assert_rc(hmac_check(DIGEST_SHA256, span_text("jefe"), &text, 1, span_of(claimed, 32)), RC_DENIED);
	for (size_t bit = 0; bit < 256; bit++) {
		claimed[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_rc(hmac_check(DIGEST_SHA256, span_text(case_2_key), &text, 1, span_of(claimed, 32)),
			RC_DENIED);
		claimed[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

static void what_is_no_algorithm_is_refused(void **state)
{
	uint8_t out[1] = {0x5a};

	(void)state;
	assert_rc(hmac_bytes(DIGEST_NONE, span_text("key"), span_text("text"), out), RC_UNSUPPORTED);
	assert_rc(hmac_check(DIGEST_NONE, span_text("key"), NULL, 0, (struct span){0}), RC_UNSUPPORTED);
	assert_int_equal(out[0], 0x5a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_values_come_out),
		cmocka_unit_test(an_empty_key_is_a_key),
		cmocka_unit_test(the_right_value_is_accepted_in_pieces),
		cmocka_unit_test(every_other_value_is_denied),
		cmocka_unit_test(what_is_no_algorithm_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
