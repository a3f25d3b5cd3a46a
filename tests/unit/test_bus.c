/* What lib/bus computes without a socket. */
#include "tests/support/test.h"

#include <sys/resource.h>

#include "lib/base/hex.h"
#include "lib/bus/bus_inside.h"
#include "lib/bus/curve.h"
#include "lib/bus/link.h"

static void pauses_double_up_to_their_maximum(void **state)
{
	uint64_t limit = LINK_PAUSE_FIRST_MS;

	(void)state;
	for (unsigned attempts = 0; attempts < 100; attempts++) {
		assert_int_equal(link_pause_ms(attempts, 0), limit / 4);
		assert_true(link_pause_ms(attempts, UINT32_MAX) <= limit);
		assert_true(link_pause_ms(attempts, UINT32_MAX) >= limit - 1);
		limit = limit * 2 < LINK_PAUSE_MAX_MS ? limit * 2 : LINK_PAUSE_MAX_MS;
	}
}

static void pauses_of_many_clients_spread_evenly(void **state)
{
	enum { CLIENTS = 1000, PARTS = 10 };
	unsigned parts[PARTS] = {0};
	uint32_t random = 1;

	(void)state;
	for (unsigned i = 0; i < CLIENTS; i++) {
		random = random * 1664525u + 1013904223u;
		parts[(link_pause_ms(0, random) - LINK_PAUSE_FIRST_MS / 4) * PARTS /
			(LINK_PAUSE_FIRST_MS * 3 / 4 + 1)]++;
	}
	for (unsigned i = 0; i < PARTS; i++)
		assert_in_range(parts[i], CLIENTS / PARTS / 2, CLIENTS / PARTS * 2);
}

static void a_pair_can_be_made_again_from_its_secret(void **state)
{
	struct curve_pair pair = {0};
	struct curve_pair same = {0};
	struct curve_pair other = {0};

	(void)state;
	assert_ok(curve_pair_make(&pair, NULL));
	assert_ok(curve_pair_make(&other, NULL));
	assert_ok(curve_pair_from(&pair.secret, &same, NULL));
	assert_memory_equal(&pair, &same, sizeof pair);
	assert_memory_not_equal(pair.public_key, other.public_key, CURVE_KEY_BYTES);
	assert_memory_not_equal(pair.secret.bytes, other.secret.bytes, CURVE_KEY_BYTES);
	curve_pair_release(&pair);
	curve_pair_release(&other);
	assert_memory_equal(&pair, &other, sizeof pair);
}

/* RFC 7748, section 6.1: Alice's keys. */
static void the_public_key_is_the_one_of_the_specification(void **state)
{
	struct secret32 secret;
	uint8_t expected[CURVE_KEY_BYTES];
	struct curve_pair pair = {0};

	(void)state;
	assert_ok(hex_decode(span_text("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"),
		secret.bytes, sizeof secret.bytes));
	assert_ok(hex_decode(span_text("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"),
		expected, sizeof expected));
	assert_ok(curve_pair_from(&secret, &pair, NULL));
	assert_memory_equal(pair.public_key, expected, sizeof expected);
}

static void only_a_user_id_with_our_mark_names_a_key(void **state)
{
	struct zap zap = {.mark = "00112233445566778899aabbccddeeff"};
	char good[] = "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"
		      "00112233445566778899aabbccddeeff";
	uint8_t key[CURVE_KEY_BYTES];
	uint8_t expected[CURVE_KEY_BYTES];

	(void)state;
	assert_ok(hex_decode(span_of(good, 64), expected, sizeof expected));
	assert_true(zap_user(&zap, good, key));
	assert_memory_equal(key, expected, sizeof key);

	assert_false(zap_user(&zap, NULL, key));
	assert_false(zap_user(&zap, "", key));
	for (size_t i = 0; i < strlen(good); i++) {
		char bad[sizeof good];

		memcpy(bad, good, sizeof bad);
		bad[i] = i < 64 ? 'g' : (char)(bad[i] ^ 1);
		assert_false(zap_user(&zap, bad, key));
		bad[i] = '\0';
		assert_false(zap_user(&zap, bad, key));
	}
	char longer[sizeof good + 1];
	memcpy(longer, good, sizeof good);
	memcpy(longer + sizeof good - 1, "0", 2);
	assert_false(zap_user(&zap, longer, key));
}

static void too_low_a_limit_on_open_files_is_noticed(void **state)
{
	struct bus_options options = {.peers_max = 100};
	struct rlimit before;
	struct rlimit low;
	struct rlimit after;
	struct err err = {0};
	bool enough = false;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	low = before;
	low.rlim_cur = 64;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	assert_ok(bus_check_limits(&options, &enough, &err));
	assert_true(enough);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &after), 0);
	assert_true(after.rlim_cur >= 100);

	options.peers_max = 4000000000u;
	assert_ok(bus_check_limits(&options, &enough, &err));
	assert_false(enough);
	assert_int_equal(err.rc, RC_LIMIT);
	assert_non_null(strstr(err.text, "4000000000 peers"));
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pauses_double_up_to_their_maximum),
		cmocka_unit_test(pauses_of_many_clients_spread_evenly),
		cmocka_unit_test(a_pair_can_be_made_again_from_its_secret),
		cmocka_unit_test(the_public_key_is_the_one_of_the_specification),
		cmocka_unit_test(only_a_user_id_with_our_mark_names_a_key),
		cmocka_unit_test(too_low_a_limit_on_open_files_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
