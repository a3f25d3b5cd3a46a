#include "tests/support/test.h"

#include "lib/follow/window.h"

static struct window *window;

static int open_window(void **state)
{
	static const struct notice_place done = {.seq = 100, .time = 5};

	(void)state;
	assert_ok(window_open(&done, &window));
	return 0;
}

static int close_window(void **state)
{
	(void)state;
	window_close(&window);
	window_close(&window);
	return 0;
}

/* Bytes are of no interest here but for their number. */
static enum rc add(uint64_t seq, size_t len, bool is_done)
{
	struct window_item item = {.place = {.seq = seq, .time = seq}, .is_done = is_done};
	enum rc rc;

	assert_ok(blob_resize(&item.bytes, len));
	rc = window_add(window, &item);
	blob_release(&item.bytes);
	return rc;
}

static void add_many(uint64_t first, size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_ok(add(first + i, 10, false));
}

static uint64_t give(void)
{
	struct window_item *item = window_next(window);

	if (item == NULL)
		return 0;
	window_give(window, item);
	return item->notice.seq;
}

static void they_are_given_in_order_and_finished_in_any(void **state)
{
	struct place place = {0};

	(void)state;
	add_many(101, 5);
	for (uint64_t seq = 101; seq <= 104; seq++)
		assert_int_equal(give(), seq);
	assert_int_equal(window_outstanding(window), 4);
	assert_true(window_finish(window, 103));
	assert_true(window_finish(window, 104));
	assert_int_equal(window_done(window)->seq, 100);
	window_place(window, &place);
	assert_int_equal(place.done.seq, 100);
	assert_int_equal(place.marks[0], 0x0c);
	assert_true(window_finish(window, 101));
	assert_int_equal(window_done(window)->seq, 101);
	assert_true(window_finish(window, 102));
	assert_int_equal(window_done(window)->seq, 104);
	assert_int_equal(window_done(window)->time, 104);
	assert_int_equal(window_waiting(window), 1);
	assert_int_equal(window_outstanding(window), 0);
	assert_int_equal(give(), 105);
	assert_int_equal(give(), 0);
	window_place(window, &place);
	assert_int_equal(place.done.seq, 104);
	assert_int_equal(place.marks[0], 0);
}

static void a_number_that_is_not_here_or_finished_is_refused(void **state)
{
	(void)state;
	add_many(101, 3);
	assert_false(window_finish(window, 0));
	assert_false(window_finish(window, 100));
	assert_false(window_finish(window, 104));
	assert_false(window_finish(window, UINT64_MAX));
	assert_true(window_finish(window, 102));
	assert_false(window_finish(window, 102));
	assert_null(window_at(window, 100));
	assert_null(window_at(window, 104));
	assert_non_null(window_at(window, 103));
}

static void what_was_done_before_is_not_given(void **state)
{
	(void)state;
	assert_ok(add(101, 10, true));
	assert_int_equal(window_done(window)->seq, 101);
	assert_ok(add(102, 10, false));
	assert_ok(add(103, 10, true));
	assert_ok(add(104, 10, false));
	assert_int_equal(window_waiting(window), 2);
	assert_int_equal(give(), 102);
	assert_int_equal(give(), 104);
	assert_true(window_finish(window, 102));
	assert_int_equal(window_done(window)->seq, 103);
}

static void it_is_full_by_number(void **state)
{
	(void)state;
	/* Round the ring's end as well. */
	add_many(101, 700);
	for (uint64_t seq = 101; seq <= 800; seq++) {
		assert_int_equal(give(), seq);
		assert_true(window_finish(window, seq));
	}
	add_many(801, FOLLOW_WINDOW - 1);
	assert_false(window_is_full(window));
	add_many(800 + FOLLOW_WINDOW, 1);
	assert_true(window_is_full(window));
	assert_rc(add(801 + FOLLOW_WINDOW, 10, false), RC_LIMIT);
	assert_rc(add(801 + FOLLOW_WINDOW, 10, true), RC_LIMIT);
	/* One that is done in the middle makes no room: marks reach only so far. */
	assert_true(window_finish(window, 900));
	assert_true(window_is_full(window));
	assert_true(window_finish(window, 801));
	assert_false(window_is_full(window));
	for (uint64_t seq = 802; seq <= 800 + FOLLOW_WINDOW; seq++)
		assert_int_equal(give(), seq == 900 ? ++seq : seq);
}

static void it_is_full_by_bytes(void **state)
{
	(void)state;
	assert_ok(add(101, FOLLOW_BYTES_MAX - 1, false));
	assert_false(window_is_full(window));
	assert_ok(add(102, 2, false));
	assert_true(window_is_full(window));
	assert_rc(add(103, 1, false), RC_LIMIT);
	assert_true(window_finish(window, 101));
	assert_false(window_is_full(window));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, open_window, close_window)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(they_are_given_in_order_and_finished_in_any),
		CASE(a_number_that_is_not_here_or_finished_is_refused),
		CASE(what_was_done_before_is_not_given),
		CASE(it_is_full_by_number),
		CASE(it_is_full_by_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
