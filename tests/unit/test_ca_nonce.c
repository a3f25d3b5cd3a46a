#include "services/revocation/ca_nonce.h"
#include "tests/support/test.h"

#include <string.h>

#define NOW 1000

static struct ca_nonces nonces;

static int empty(void **state)
{
	(void)state;
	memset(&nonces, 0, sizeof nonces);
	return 0;
}

static void key_of(unsigned n, uint8_t out[CURVE_KEY_BYTES])
{
	memset(out, 0, CURVE_KEY_BYTES);
	out[0] = (uint8_t)n;
	out[1] = (uint8_t)(n >> 8);
}

static void a_nonce_is_good_once_and_for_its_key(void **state)
{
	static const uint8_t nonce[NONCE_BYTES] = {1}, wrong[NONCE_BYTES] = {2};
	uint8_t key[CURVE_KEY_BYTES], other[CURVE_KEY_BYTES];

	(void)state;
	key_of(1, key);
	key_of(2, other);
	assert_false(ca_nonces_take(&nonces, key, nonce, NOW));
	assert_ok(ca_nonces_put(&nonces, key, nonce, NOW));
	assert_false(ca_nonces_take(&nonces, other, nonce, NOW));
	assert_false(ca_nonces_take(&nonces, key, wrong, NOW));
	assert_true(ca_nonces_take(&nonces, key, nonce, NOW));
	assert_false(ca_nonces_take(&nonces, key, nonce, NOW));
}

static void a_nonce_is_good_for_thirty_seconds(void **state)
{
	static const uint8_t nonce[NONCE_BYTES] = {1};
	uint8_t key[CURVE_KEY_BYTES];

	(void)state;
	key_of(1, key);
	assert_ok(ca_nonces_put(&nonces, key, nonce, NOW));
	assert_true(ca_nonces_take(&nonces, key, nonce, NOW + CA_NONCE_GOOD_MS - 1));
	assert_ok(ca_nonces_put(&nonces, key, nonce, NOW));
	assert_false(ca_nonces_take(&nonces, key, nonce, NOW + CA_NONCE_GOOD_MS));
}

static void a_key_has_one_nonce(void **state)
{
	static const uint8_t first[NONCE_BYTES] = {1}, second[NONCE_BYTES] = {2};
	uint8_t key[CURVE_KEY_BYTES];

	(void)state;
	key_of(1, key);
	assert_ok(ca_nonces_put(&nonces, key, first, NOW));
	assert_ok(ca_nonces_put(&nonces, key, second, NOW));
	assert_int_equal(nonces.used, 1);
	assert_false(ca_nonces_take(&nonces, key, first, NOW));
	assert_true(ca_nonces_take(&nonces, key, second, NOW));
}

static void a_full_table_refuses_until_places_are_free(void **state)
{
	static const uint8_t nonce[NONCE_BYTES] = {1};
	uint8_t key[CURVE_KEY_BYTES];

	(void)state;
	for (unsigned i = 0; i < CA_NONCES_MAX; i++) {
		key_of(i, key);
		assert_ok(ca_nonces_put(&nonces, key, nonce, NOW));
	}
	key_of(CA_NONCES_MAX, key);
	assert_rc(ca_nonces_put(&nonces, key, nonce, NOW), RC_LIMIT);
	assert_ok(ca_nonces_put(&nonces, key, nonce, NOW + CA_NONCE_GOOD_MS));
	assert_int_equal(nonces.used, CA_NONCES_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_nonce_is_good_once_and_for_its_key, empty),
		cmocka_unit_test_setup(a_nonce_is_good_for_thirty_seconds, empty),
		cmocka_unit_test_setup(a_key_has_one_nonce, empty),
		cmocka_unit_test_setup(a_full_table_refuses_until_places_are_free, empty),
	};

	return cmocka_run_group_tests_name("ca_nonce", tests, NULL, NULL);
}
