#include "services/revocation/ca_cache.h"
#include "tests/support/test.h"

#include <string.h>

#define NOW   1000000
#define UNTIL (NOW + 600000)

static void number(unsigned n, uint8_t out[SERIAL_BYTES])
{
	memset(out, 0x41, SERIAL_BYTES);
	out[SERIAL_BYTES - 1] = (uint8_t)n;
	out[SERIAL_BYTES - 2] = (uint8_t)(n >> 8);
}

static struct ca_cache *fresh(size_t bytes)
{
	struct ca_cache *cache = NULL;

	assert_ok(ca_cache_open(bytes, &cache, NULL));
	return cache;
}

static void put(struct ca_cache *cache, unsigned n, enum digest_alg hash, const char *text)
{
	uint8_t serial[SERIAL_BYTES];

	number(n, serial);
	assert_ok(ca_cache_put(cache, serial, hash, span_text(text), UNTIL));
}

static struct span get(struct ca_cache *cache, unsigned n, enum digest_alg hash, uint64_t now)
{
	uint8_t serial[SERIAL_BYTES];
	uint64_t until;

	number(n, serial);
	return ca_cache_get(cache, serial, hash, now, 0, &until);
}

static void what_was_put_is_there_under_its_serial_and_hash(void **state)
{
	DROP(ca_cache_close) struct ca_cache *cache = fresh(100000);

	(void)state;
	put(cache, 1, DIGEST_SHA1, "one");
	put(cache, 1, DIGEST_SHA256, "one again");
	put(cache, 257, DIGEST_SHA1, "another");
	assert_true(span_is(get(cache, 1, DIGEST_SHA1, NOW), "one"));
	assert_true(span_is(get(cache, 1, DIGEST_SHA256, NOW), "one again"));
	assert_int_equal(get(cache, 2, DIGEST_SHA1, NOW).len, 0);
	assert_int_equal(get(cache, 257, DIGEST_SHA256, NOW).len, 0);
	put(cache, 1, DIGEST_SHA1, "newer");
	assert_true(span_is(get(cache, 1, DIGEST_SHA1, NOW), "newer"));
	assert_int_equal(ca_cache_count(cache), 3);
}

static void what_is_out_of_date_is_not_given(void **state)
{
	DROP(ca_cache_close) struct ca_cache *cache = fresh(100000);
	uint8_t serial[SERIAL_BYTES];
	uint64_t until = 0;

	(void)state;
	put(cache, 1, DIGEST_SHA1, "one");
	assert_int_not_equal(get(cache, 1, DIGEST_SHA1, UNTIL).len, 0);
	assert_int_equal(get(cache, 1, DIGEST_SHA1, UNTIL + 1).len, 0);
	number(1, serial);
	assert_int_not_equal(ca_cache_get(cache, serial, DIGEST_SHA1, UNTIL - 50, 50, &until).len, 0);
	assert_int_equal(until, UNTIL);
	assert_int_equal(ca_cache_get(cache, serial, DIGEST_SHA1, UNTIL - 50, 51, &until).len, 0);
}

static void what_is_dropped_is_gone_in_all_hashes(void **state)
{
	DROP(ca_cache_close) struct ca_cache *cache = fresh(100000);
	uint8_t serial[SERIAL_BYTES];

	(void)state;
	put(cache, 1, DIGEST_SHA1, "one");
	put(cache, 1, DIGEST_SHA256, "one");
	put(cache, 2, DIGEST_SHA1, "two");
	number(1, serial);
	ca_cache_drop(cache, serial);
	assert_int_equal(get(cache, 1, DIGEST_SHA1, NOW).len, 0);
	assert_int_equal(get(cache, 1, DIGEST_SHA256, NOW).len, 0);
	assert_int_not_equal(get(cache, 2, DIGEST_SHA1, NOW).len, 0);
	ca_cache_clear(cache);
	assert_int_equal(ca_cache_count(cache), 0);
	assert_int_equal(ca_cache_bytes(cache), 0);
}

static void the_one_that_nobody_asked_for_makes_room(void **state)
{
	DROP(ca_cache_close) struct ca_cache *cache = fresh(10000);
	char text[2001] = "";

	(void)state;
	memset(text, 'x', 2000);
	for (unsigned n = 0; n < 4; n++)
		put(cache, n, DIGEST_SHA1, text);
	assert_int_not_equal(get(cache, 0, DIGEST_SHA1, NOW).len, 0);
	put(cache, 4, DIGEST_SHA1, text);
	assert_int_equal(ca_cache_count(cache), 4);
	assert_int_equal(get(cache, 1, DIGEST_SHA1, NOW).len, 0);
	assert_int_not_equal(get(cache, 0, DIGEST_SHA1, NOW).len, 0);
	assert_true(ca_cache_bytes(cache) <= 10000);
}

static void what_is_larger_than_the_cache_is_refused(void **state)
{
	DROP(ca_cache_close) struct ca_cache *cache = fresh(100);
	uint8_t serial[SERIAL_BYTES];
	static const uint8_t much[OCSP_RESPONSE_MAX + 1];

	(void)state;
	number(1, serial);
	assert_rc(ca_cache_put(cache, serial, DIGEST_SHA1, span_of(much, 100), UNTIL), RC_LIMIT);
	assert_rc(ca_cache_put(cache, serial, DIGEST_SHA1, SPAN(much), UNTIL), RC_LIMIT);
	assert_int_equal(ca_cache_count(cache), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_put_is_there_under_its_serial_and_hash),
		cmocka_unit_test(what_is_out_of_date_is_not_given),
		cmocka_unit_test(what_is_dropped_is_gone_in_all_hashes),
		cmocka_unit_test(the_one_that_nobody_asked_for_makes_room),
		cmocka_unit_test(what_is_larger_than_the_cache_is_refused),
	};

	return cmocka_run_group_tests_name("ca_cache", tests, NULL, NULL);
}
