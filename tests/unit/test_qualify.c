#include "lib/base/hex.h"
#include "lib/trust/qualify.h"
#include "lib/trust/share.h"
#include "tests/support/test.h"

/* nonce, NK and node are 0..31, 32..63, 64..95; the Name's digest is 96..127. */
static uint8_t bytes[128];

static int count_up(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)i;
	return 0;
}

static void assert_hex(const uint8_t value[static HASH_BYTES], const char *expected)
{
	char text[HEX_BYTES(HASH_BYTES)];

	assert_string_equal(hex_encode(span_of(value, HASH_BYTES), text), expected);
}

/* Computed with Python's hashlib from the words of the protocol document. */
static void each_purpose_has_the_value_that_the_protocol_says(void **state)
{
	static const char *const expected[] = {
		[QUALIFY_ATTEST] = "07e47b6bd855cb6bb7e3a0b01e5164bc3c5a6876e42fa598815f1f903cea1f07",
		[QUALIFY_IDENTITY] = "8f9a04e45d0d3931d763633521d31613d9a5adb4b5b3295534c335e9b9556b89",
		[QUALIFY_GOLDEN] = "9bcfea67a7c68e2d6c1788b5820b274ab79e27310317aff1a61f001b28c16c57",
	};

	(void)state;
	for (unsigned purpose = 0; purpose < COUNT(expected); purpose++) {
		uint8_t out[HASH_BYTES];

		assert_ok(qualify((enum qualify_purpose)purpose, bytes, bytes + 32, bytes + 64, out));
		assert_hex(out, expected[purpose]);
	}
}

static void every_bit_of_nonce_nk_and_node_matters(void **state)
{
	uint8_t first[HASH_BYTES];

	(void)state;
	assert_ok(qualify(QUALIFY_ATTEST, bytes, bytes + 32, bytes + 64, first));
	for (size_t bit = 0; bit < 96 * 8; bit++) {
		uint8_t out[HASH_BYTES];

		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_ok(qualify(QUALIFY_ATTEST, bytes, bytes + 32, bytes + 64, out));
		assert_memory_not_equal(out, first, sizeof out);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void inputs_cannot_change_places(void **state)
{
	uint8_t first[HASH_BYTES];
	uint8_t out[HASH_BYTES];

	(void)state;
	assert_ok(qualify(QUALIFY_ATTEST, bytes, bytes + 32, bytes + 64, first));
	assert_ok(qualify(QUALIFY_ATTEST, bytes + 32, bytes, bytes + 64, out));
	assert_memory_not_equal(out, first, sizeof out);
	assert_ok(qualify(QUALIFY_ATTEST, bytes, bytes + 64, bytes + 32, out));
	assert_memory_not_equal(out, first, sizeof out);
}

/* Algorithm SHA-256, and the digest. */
static struct span ak_name(uint8_t name[static 34])
{
	name[0] = 0x00;
	name[1] = 0x0b;
	memcpy(name + 2, bytes + 96, 32);
	return span_of(name, 34);
}

static void the_activation_proof_is_what_the_protocol_says(void **state)
{
	uint8_t name[34];
	uint8_t out[HASH_BYTES];

	(void)state;
	assert_ok(activation_proof(bytes, bytes + 64, ak_name(name), bytes + 32, out));
	assert_hex(out, "43a67ff8c056ec70b426b351efb0b94747cd76b3a59a0bb1bdb0a5ecb089de73");
}

static void every_bit_of_what_is_activated_matters(void **state)
{
	uint8_t name[34];
	uint8_t first[HASH_BYTES];

	(void)state;
	assert_ok(activation_proof(bytes, bytes + 64, ak_name(name), bytes + 32, first));
	for (size_t bit = 0; bit < sizeof bytes * 8; bit++) {
		uint8_t out[HASH_BYTES];

		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_ok(activation_proof(bytes, bytes + 64, ak_name(name), bytes + 32, out));
		assert_memory_not_equal(out, first, sizeof out);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void the_proof_of_a_key_is_what_the_protocol_says(void **state)
{
	struct secret32 kb;
	uint8_t out[HASH_BYTES];

	(void)state;
	memcpy(kb.bytes, bytes, sizeof kb.bytes);
	assert_ok(share_proof(&kb, bytes + 64, out));
	assert_hex(out, "fcda9bc36b9f8d395990b96202b499069f72df4646d5e8dfdd5b791d81ad20da");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_purpose_has_the_value_that_the_protocol_says),
		cmocka_unit_test(every_bit_of_nonce_nk_and_node_matters),
		cmocka_unit_test(inputs_cannot_change_places),
		cmocka_unit_test(the_activation_proof_is_what_the_protocol_says),
		cmocka_unit_test(every_bit_of_what_is_activated_matters),
		cmocka_unit_test(the_proof_of_a_key_is_what_the_protocol_says),
	};

	return cmocka_run_group_tests(tests, count_up, NULL);
}
