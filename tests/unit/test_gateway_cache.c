#include "tests/support/test.h"

#include "lib/base/drop.h"
#include "services/gateway/cache.h"

#define NOW UINT64_C(1764000000000)

static struct cache_key key_of(enum digest_alg hash, uint8_t number)
{
	const uint8_t serial[] = {0x40, number};

	return cache_key_of(hash, SPAN(serial));
}

static void put(struct cache *cache, uint8_t number, size_t len, uint64_t until)
{
	const struct cache_key key = key_of(DIGEST_SHA1, number);
	DROP(blob_release) struct blob bytes = {0};
	struct document *document = NULL;

	assert_ok(blob_resize(&bytes, len));
	assert_ok(document_make(&(struct document_options){.type = "x", .cache = "x", .until = until}, &bytes,
		&document, NULL));
	cache_put(cache, &key, document);
}

static bool has(struct cache *cache, uint8_t number, uint64_t now)
{
	const struct cache_key key = key_of(DIGEST_SHA1, number);

	return cache_get(cache, &key, now) != NULL;
}

static struct cache *open_for(size_t entries)
{
	struct cache *cache = NULL;

	assert_ok(cache_open(entries * (CACHE_ENTRY_BYTES + 100), &cache, NULL));
	return cache;
}

static void what_was_put_is_there_until_its_end(void **state)
{
	DROP(cache_close) struct cache *cache = open_for(4);

	(void)state;
	put(cache, 1, 100, NOW + 10);
	assert_true(has(cache, 1, NOW));
	assert_true(has(cache, 1, NOW + 9));
	assert_false(has(cache, 2, NOW));
	assert_false(has(cache, 1, NOW + 10));
	assert_int_equal(cache_counts(cache)->entries, 0);
	assert_int_equal(cache_counts(cache)->bytes, 0);
	assert_int_equal(cache_counts(cache)->hits, 2);
	assert_int_equal(cache_counts(cache)->misses, 2);
}

static void hashes_and_lengths_are_told_apart(void **state)
{
	static const uint8_t serial[] = {0x40, 1, 0};
	DROP(cache_close) struct cache *cache = open_for(4);
	const struct cache_key other = key_of(DIGEST_SHA256, 1);
	const struct cache_key longer = cache_key_of(DIGEST_SHA1, SPAN(serial));

	(void)state;
	put(cache, 1, 100, NOW + 10);
	assert_null(cache_get(cache, &other, NOW));
	assert_null(cache_get(cache, &longer, NOW));
}

static void the_one_that_was_not_asked_for_longest_goes_first(void **state)
{
	DROP(cache_close) struct cache *cache = open_for(3);

	(void)state;
	for (uint8_t i = 1; i <= 3; i++)
		put(cache, i, 100, NOW + 10);
	assert_true(has(cache, 1, NOW));
	put(cache, 4, 100, NOW + 10);
	assert_true(has(cache, 1, NOW));
	assert_false(has(cache, 2, NOW));
	assert_true(has(cache, 3, NOW));
	assert_true(has(cache, 4, NOW));
	assert_int_equal(cache_counts(cache)->entries, 3);
}

static void what_is_larger_than_all_is_not_kept(void **state)
{
	DROP(cache_close) struct cache *cache = open_for(2);

	(void)state;
	put(cache, 1, 100, NOW + 10);
	put(cache, 2, 3 * CACHE_ENTRY_BYTES, NOW + 10);
	assert_false(has(cache, 2, NOW));
	assert_int_equal(cache_counts(cache)->bytes, 0);
	put(cache, 1, 100, NOW + 10);
	assert_true(has(cache, 1, NOW));
}

static void a_newer_one_replaces_an_older_one(void **state)
{
	DROP(cache_close) struct cache *cache = open_for(4);
	const struct cache_key key = key_of(DIGEST_SHA1, 1);

	(void)state;
	put(cache, 1, 100, NOW + 10);
	put(cache, 1, 50, NOW + 20);
	assert_int_equal(document_until(cache_get(cache, &key, NOW)), NOW + 20);
	assert_int_equal(cache_counts(cache)->entries, 1);
	assert_int_equal(cache_counts(cache)->bytes, CACHE_ENTRY_BYTES + 50);
}

static void a_certificate_is_forgotten_with_all_its_responses(void **state)
{
	static const uint8_t serial[] = {0x40, 1}, absent[] = {0x40, 9}, huge[OCSP_SERIAL_MAX + 1];
	DROP(cache_close) struct cache *cache = open_for(8);
	const struct cache_key other = key_of(DIGEST_SHA256, 1);
	DROP(blob_release) struct blob bytes = {0};
	struct document *document = NULL;

	(void)state;
	assert_ok(document_make(&(struct document_options){.type = "x", .cache = "x", .until = NOW + 10},
		&bytes, &document, NULL));
	cache_put(cache, &other, document);
	put(cache, 1, 100, NOW + 10);
	put(cache, 2, 100, NOW + 10);
	cache_drop(cache, SPAN(absent));
	cache_drop(cache, SPAN(huge));
	assert_int_equal(cache_counts(cache)->entries, 3);
	cache_drop(cache, SPAN(serial));
	assert_null(cache_get(cache, &other, NOW));
	assert_false(has(cache, 1, NOW));
	assert_true(has(cache, 2, NOW));
	assert_int_equal(cache_counts(cache)->dropped, 2);
	cache_clear(cache);
	assert_false(has(cache, 2, NOW));
	assert_int_equal(cache_counts(cache)->bytes, 0);
}

/* Against a plain list: entries come, are asked for and go in some order. */
static void many_entries_keep_their_order(void **state)
{
	enum { ROOM = 20 };
	DROP(cache_close) struct cache *cache = open_for(ROOM);
	uint8_t order[256] = {0};
	size_t count = 0;
	uint32_t random = 1;

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		uint8_t number;
		size_t at = 0;

		random = random * 1103515245u + 12345u;
		number = (uint8_t)(random >> 16) % 40;
		while (at < count && order[at] != number)
			at++;
		assert_int_equal(has(cache, number, NOW), at < count);
		if (at == count)
			put(cache, number, 100, NOW + 10);
		if (at == count && count < ROOM)
			count++;
		memmove(order + 1, order, at < count ? at : count - 1);
		order[0] = number;
	}
	assert_int_equal(cache_counts(cache)->entries, ROOM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_put_is_there_until_its_end),
		cmocka_unit_test(hashes_and_lengths_are_told_apart),
		cmocka_unit_test(the_one_that_was_not_asked_for_longest_goes_first),
		cmocka_unit_test(what_is_larger_than_all_is_not_kept),
		cmocka_unit_test(a_newer_one_replaces_an_older_one),
		cmocka_unit_test(a_certificate_is_forgotten_with_all_its_responses),
		cmocka_unit_test(many_entries_keep_their_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
