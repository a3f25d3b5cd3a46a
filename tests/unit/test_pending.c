#include "services/registrar/pending.h"
#include "tests/support/test.h"

#include <stdlib.h>

#include "lib/base/drop.h"

static struct pending_table *table;

static int setup(void **state)
{
	(void)state;
	table = calloc(1, sizeof *table);
	return table == NULL ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	pending_table_release(table);
	free(table);
	return 0;
}

static void put_of(unsigned node, unsigned nk, uint8_t ke, uint64_t now_ms)
{
	struct pending pending = {.ke = {{ke}}};

	memcpy(pending.node, &node, sizeof node);
	memcpy(pending.nk, &nk, sizeof nk);
	assert_ok(blob_append(&pending.claim, span_text("claim")));
	pending_put(table, &pending, now_ms);
	assert_null(pending.claim.at);
}

/* Each of a node of its own. */
static void put(unsigned nk, uint8_t ke, uint64_t now_ms)
{
	put_of(nk, nk, ke, now_ms);
}

/* Its Ke's first byte, 0 if nothing waits. */
static uint8_t take(unsigned nk, uint64_t now_ms)
{
	DROP(pending_release) struct pending out = {0};
	uint8_t key[CURVE_KEY_BYTES] = {0};

	memcpy(key, &nk, sizeof nk);
	return pending_take(table, key, now_ms, &out) ? out.ke.bytes[0] : 0;
}

static void what_waits_is_taken_once(void **state)
{
	(void)state;
	put(1, 11, 1000);
	assert_int_equal(take(2, 1000), 0);
	assert_int_equal(take(1, 1000), 11);
	assert_int_equal(take(1, 1000), 0);
}

static void a_second_register_replaces_the_first(void **state)
{
	(void)state;
	put(1, 11, 1000);
	put(1, 12, 1001);
	assert_int_equal(take(1, 1002), 12);
	assert_int_equal(take(1, 1002), 0);
}

static void nothing_waits_longer_than_its_time(void **state)
{
	(void)state;
	put(1, 11, 1000);
	put(2, 12, 1000);
	assert_int_equal(take(1, 1000 + PENDING_MS - 1), 11);
	assert_int_equal(take(2, 1000 + PENDING_MS), 0);
	/* Not even if the clock were turned back. */
	assert_int_equal(take(2, 1000), 0);
}

static void a_full_table_forgets_the_oldest(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PENDING_MAX; i++)
		put(i + 1, 1, 1000 + i);
	put(PENDING_MAX + 1, 2, 9000);
	assert_int_equal(take(1, 9000), 0);
	assert_int_equal(take(2, 9000), 1);
	assert_int_equal(take(PENDING_MAX, 9000), 1);
	assert_int_equal(take(PENDING_MAX + 1, 9000), 2);
}

static void one_node_with_many_keys_pushes_out_nobody_else(void **state)
{
	(void)state;
	put(1, 7, 1000);
	for (unsigned i = 0; i < 2 * PENDING_MAX; i++)
		put_of(99, 1000 + i, 1, 1001 + i);
	assert_int_equal(take(1, 9000), 7);
	/* Who comes to a table that is full finds a place, too. */
	put_of(99, 90000, 1, 9000);
	put(2, 8, 9000);
	put_of(99, 90001, 1, 9001);
	put_of(99, 90002, 1, 9001);
	assert_int_equal(take(2, 9001), 8);
	assert_int_equal(take(90002, 9001), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_waits_is_taken_once, setup, teardown),
		cmocka_unit_test_setup_teardown(a_second_register_replaces_the_first, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_waits_longer_than_its_time, setup, teardown),
		cmocka_unit_test_setup_teardown(a_full_table_forgets_the_oldest, setup, teardown),
		cmocka_unit_test_setup_teardown(
			one_node_with_many_keys_pushes_out_nobody_else, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
