#include "lib/policy/digest_table.h"

#include <stdio.h>

#include "lib/base/blob.h"
#include "tests/support/test.h"

#define FILES 5000

static bool never(void *context, uint32_t a, uint32_t b)
{
	(void)context;
	(void)a;
	(void)b;
	return false;
}

static bool always(void *context, uint32_t a, uint32_t b)
{
	(void)context;
	return a != b;
}

static struct span path(size_t i, char out[static 32])
{
	return span_of(out, (size_t)snprintf(out, 32, "/usr/bin/%zu", i));
}

static struct span digest(size_t i, uint8_t out[static 64], size_t len)
{
	memset(out, 0, 64);
	memcpy(out, &i, sizeof i);
	return span_of(out, len);
}

static void add(struct digest_maker *maker, const char *name, uint32_t origin, size_t number)
{
	uint8_t bytes[64];

	assert_ok(digest_maker_add(maker, DIGEST_OF_FILE, span_text(name), origin, KERNEL_HASH_SHA256,
		digest(number, bytes, 32)));
}

static void finish(struct digest_maker *maker, struct blob *image, struct digest_table *table)
{
	uint32_t twin;

	assert_ok(digest_maker_finish(maker, never, NULL, image, &twin));
	assert_ok(digest_table_open(blob_span(image), table));
}

static enum digest_match find(const struct digest_table *table, const char *name, size_t number)
{
	uint8_t bytes[64];

	return digest_table_find(
		table, DIGEST_OF_FILE, span_text(name), KERNEL_HASH_SHA256, digest(number, bytes, 32))
	        .match;
}

static void every_digest_is_found_and_no_other(void **state)
{
	DROP(digest_maker_release) struct digest_maker maker = {0};
	DROP(blob_release) struct blob image = {0};
	struct digest_table table = {0};
	uint8_t bytes[64];
	char name[32];

	(void)state;
	assert_ok(digest_maker_init(&maker, NULL));
	for (size_t i = 0; i < FILES; i++)
		assert_ok(digest_maker_add(&maker, DIGEST_OF_FILE, path(i, name), (uint32_t)i,
			KERNEL_HASH_SHA256, digest(i, bytes, 32)));
	finish(&maker, &image, &table);
	assert_int_equal(table.count, FILES);
	assert_true(image.len <= FILES * DIGEST_TABLE_ROW_COST);
	for (size_t i = 0; i < FILES; i++) {
		struct digest_found found;

		path(i, name);
		assert_int_equal(find(&table, name, i), DIGEST_ALLOWED);
		found = digest_table_find(&table, DIGEST_OF_FILE, span_text(name), KERNEL_HASH_SHA256,
			digest(i + 1, bytes, 32));
		assert_int_equal(found.match, DIGEST_DIFFERS);
		assert_int_equal(found.count, 1);
		assert_true(span_equal(digest_table_row(&table, found.first).digest, digest(i, bytes, 32)));
		path(i + FILES, name);
		assert_int_equal(find(&table, name, i), DIGEST_NAME_UNKNOWN);
	}
}

static void the_hash_is_part_of_a_digest(void **state)
{
	DROP(digest_maker_release) struct digest_maker maker = {0};
	DROP(blob_release) struct blob image = {0};
	struct digest_table table = {0};
	struct digest_found found;
	uint8_t bytes[64];

	(void)state;
	assert_ok(digest_maker_init(&maker, NULL));
	assert_ok(digest_maker_add(
		&maker, DIGEST_OF_FILE, span_text("/a"), 0, KERNEL_HASH_SHA512, digest(1, bytes, 64)));
	assert_ok(digest_maker_add(
		&maker, DIGEST_OF_FILE, span_text("/a"), 0, KERNEL_HASH_SHA1, digest(1, bytes, 20)));
	finish(&maker, &image, &table);
	assert_int_equal(find(&table, "/a", 1), DIGEST_DIFFERS);
	found = digest_table_find(
		&table, DIGEST_OF_FILE, span_text("/a"), KERNEL_HASH_SHA512, digest(1, bytes, 64));
	assert_int_equal(found.match, DIGEST_ALLOWED);
	assert_false(digest_table_row(&table, found.first).whole);
	assert_int_equal(digest_table_row(&table, found.first).hash, KERNEL_HASH_SHA512);
	/* A digest that was cut is not one. */
	found = digest_table_find(
		&table, DIGEST_OF_FILE, span_text("/a"), KERNEL_HASH_SHA512, digest(1, bytes, 32));
	assert_int_equal(found.match, DIGEST_DIFFERS);
	assert_int_equal(found.count, 2);
	found = digest_table_find(
		&table, DIGEST_OF_FILE, span_text("/a"), KERNEL_HASH_COUNT, (struct span){0});
	assert_int_equal(found.match, DIGEST_DIFFERS);
	/* Zeros behind a shorter digest are not a longer one. */
	found = digest_table_find(
		&table, DIGEST_OF_FILE, span_text("/a"), KERNEL_HASH_SHA1, digest(1, bytes, 32));
	assert_int_equal(found.match, DIGEST_DIFFERS);
}

static void a_name_may_have_many_digests(void **state)
{
	DROP(digest_maker_release) struct digest_maker maker = {0};
	DROP(blob_release) struct blob image = {0};
	struct digest_table table = {0};

	(void)state;
	assert_ok(digest_maker_init(&maker, NULL));
	for (size_t round = 0; round < 2; round++)
		for (size_t i = 0; i < 1000; i++)
			add(&maker, "/usr/bin/ls", 7, i);
	finish(&maker, &image, &table);
	assert_int_equal(table.count, 1000);
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(find(&table, "/usr/bin/ls", i), DIGEST_ALLOWED);
	assert_int_equal(find(&table, "/usr/bin/ls", 1000), DIGEST_DIFFERS);
}

static void kinds_have_nothing_to_do_with_each_other(void **state)
{
	DROP(digest_maker_release) struct digest_maker maker = {0};
	DROP(blob_release) struct blob image = {0};
	struct digest_table table = {0};
	uint8_t bytes[64];

	(void)state;
	assert_ok(digest_maker_init(&maker, NULL));
	assert_ok(digest_maker_add(&maker, DIGEST_OF_KEYRING, span_text(".ima"), UINT32_MAX,
		KERNEL_HASH_SHA256, digest(1, bytes, 32)));
	finish(&maker, &image, &table);
	assert_int_equal(find(&table, ".ima", 1), DIGEST_NAME_UNKNOWN);
	assert_int_equal(digest_table_find(&table, DIGEST_OF_BUFFER, span_text(".ima"), KERNEL_HASH_SHA256,
				 digest(1, bytes, 32))
				 .match,
		DIGEST_NAME_UNKNOWN);
	assert_int_equal(digest_table_find(&table, DIGEST_OF_KEYRING, span_text(".ima"), KERNEL_HASH_SHA256,
				 digest(1, bytes, 32))
				 .match,
		DIGEST_ALLOWED);
}

static void a_space_is_what_the_kernel_writes_for_it(void **state)
{
	DROP(digest_maker_release) struct digest_maker maker = {0};
	DROP(blob_release) struct blob image = {0};
	struct digest_table table = {0};

	(void)state;
	assert_ok(digest_maker_init(&maker, NULL));
	add(&maker, "/opt/my program", 1, 1);
	add(&maker, "/opt/my_program", 2, 2);
	finish(&maker, &image, &table);
	assert_int_equal(find(&table, "/opt/my_program", 1), DIGEST_ALLOWED);
	assert_int_equal(find(&table, "/opt/my_program", 2), DIGEST_ALLOWED);
	assert_int_equal(find(&table, "/opt/my program", 1), DIGEST_ALLOWED);
}

static void a_name_that_stands_there_twice_is_told(void **state)
{
	DROP(digest_maker_release) struct digest_maker maker = {0};
	DROP(blob_release) struct blob image = {0};
	uint32_t twin = 0;

	(void)state;
	assert_ok(digest_maker_init(&maker, NULL));
	add(&maker, "/a", 10, 1);
	add(&maker, "/b", 20, 1);
	add(&maker, "/a", 30, 2);
	assert_rc(digest_maker_finish(&maker, always, NULL, &image, &twin), RC_EXISTS);
	assert_true(twin == 10 || twin == 30);
	assert_int_equal(image.len, 0);
}

static void what_does_not_fit_is_refused(void **state)
{
	DROP(digest_maker_release) struct digest_maker maker = {0};
	uint8_t name[DIGEST_TABLE_NAME_MAX + 1];
	uint8_t bytes[64];

	(void)state;
	memset(name, 'a', sizeof name);
	assert_ok(digest_maker_init(&maker, NULL));
	assert_rc(digest_maker_add(&maker, DIGEST_OF_FILE, span_text("/a"), 0, KERNEL_HASH_SHA256,
			  digest(1, bytes, 31)),
		RC_MALFORMED);
	assert_rc(digest_maker_add(
			  &maker, DIGEST_OF_FILE, span_text("/a"), 0, KERNEL_HASH_COUNT, (struct span){0}),
		RC_MALFORMED);
	assert_rc(digest_maker_add(
			  &maker, DIGEST_OF_FILE, SPAN(name), 0, KERNEL_HASH_SHA256, digest(1, bytes, 32)),
		RC_LIMIT);
	assert_ok(digest_maker_add(&maker, DIGEST_OF_FILE, span_of(name, sizeof name - 1), 0,
		KERNEL_HASH_SHA256, digest(1, bytes, 32)));
}

static void a_damaged_table_is_refused_or_harmless(void **state)
{
	DROP(digest_maker_release) struct digest_maker maker = {0};
	DROP(blob_release) struct blob image = {0};
	struct digest_table table = {0};
	size_t directory;

	(void)state;
	assert_ok(digest_maker_init(&maker, NULL));
	for (size_t i = 0; i < 64; i++) {
		char name[32];

		path(i, name);
		add(&maker, name, (uint32_t)i, i);
	}
	finish(&maker, &image, &table);
	directory = (size_t)(table.rows - image.at);
	for (size_t n = 0; n < image.len; n++)
		assert_rc(digest_table_open(span_of(image.at, n), &table), RC_MALFORMED);
	for (size_t at = 0; at < image.len; at++) {
		image.at[at] ^= 0xff;
		if (digest_table_open(blob_span(&image), &table) == RC_OK) {
			for (uint32_t i = 0; i < table.count; i++)
				assert_true(digest_table_row(&table, i).digest.len <= DIGEST_ROW_DIGEST_MAX);
			find(&table, "/usr/bin/1", 1);
		} else {
			assert_true(at < directory);
		}
		image.at[at] ^= 0xff;
	}
}

static void an_empty_table_knows_nothing(void **state)
{
	DROP(digest_maker_release) struct digest_maker maker = {0};
	DROP(blob_release) struct blob image = {0};
	struct digest_table table = {0};

	(void)state;
	assert_int_equal(find(&table, "/a", 1), DIGEST_NAME_UNKNOWN);
	assert_ok(digest_maker_init(&maker, NULL));
	finish(&maker, &image, &table);
	assert_int_equal(find(&table, "/a", 1), DIGEST_NAME_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_digest_is_found_and_no_other),
		cmocka_unit_test(the_hash_is_part_of_a_digest),
		cmocka_unit_test(a_name_may_have_many_digests),
		cmocka_unit_test(kinds_have_nothing_to_do_with_each_other),
		cmocka_unit_test(a_space_is_what_the_kernel_writes_for_it),
		cmocka_unit_test(a_name_that_stands_there_twice_is_told),
		cmocka_unit_test(what_does_not_fit_is_refused),
		cmocka_unit_test(a_damaged_table_is_refused_or_harmless),
		cmocka_unit_test(an_empty_table_knows_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
