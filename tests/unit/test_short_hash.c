#include "lib/crypto/short_hash.h"

#include "tests/support/test.h"

/* vectors_sip128 of the authors' reference implementation: key 00…0f, text of n bytes 00, 01, …. */
static void the_values_are_those_of_the_reference(void **state)
{
	static const uint8_t expected[][SHORT_HASH_BYTES] = {
		{0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6, 0x6d, 0xf6, 0x72, 0x14, 0xc7, 0x55, 0x02,
			0x93},
		{0xda, 0x87, 0xc1, 0xd8, 0x6b, 0x99, 0xaf, 0x44, 0x34, 0x76, 0x59, 0x11, 0x9b, 0x22, 0xfc,
			0x45},
	};
	uint8_t key[SHORT_HASH_KEY_BYTES];
	uint8_t text[COUNT(expected)];
	uint8_t out[SHORT_HASH_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof key; i++)
		key[i] = (uint8_t)i;
	for (size_t i = 0; i < COUNT(expected); i++) {
		text[i] = (uint8_t)i;
		short_hash(key, span_of(text, i), out);
		assert_memory_equal(out, expected[i], sizeof out);
	}
}

static void another_key_gives_another_value(void **state)
{
	uint8_t keys[2][SHORT_HASH_KEY_BYTES];
	uint8_t out[2][SHORT_HASH_BYTES];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_ok(short_hash_key(keys[i], NULL));
		short_hash(keys[i], span_text("/usr/bin/ls"), out[i]);
	}
	assert_memory_not_equal(keys[0], keys[1], sizeof keys[0]);
	assert_memory_not_equal(out[0], out[1], sizeof out[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_values_are_those_of_the_reference),
		cmocka_unit_test(another_key_gives_another_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
