#include "tests/support/test.h"

#include "lib/bus/timer.h"

#define MANY 10000

static unsigned fired;
static uint64_t order[MANY];

struct entry {
	struct timer timer;
	uint64_t due_us;
};

static void note(void *ctx)
{
	order[fired++] = ((struct entry *)ctx)->due_us;
}

static int reset(void **state)
{
	(void)state;
	fired = 0;
	return 0;
}

static void ten_thousand_fire_in_order_and_the_stopped_ones_never(void **state)
{
	static struct entry entries[MANY];
	struct timers timers = {0};
	uint64_t seed = 1;

	(void)state;
	for (unsigned i = 0; i < MANY; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		entries[i].due_us = seed >> 44;
		assert_ok(timers_start(&timers, &entries[i].timer, entries[i].due_us, 0, note, &entries[i]));
	}
	for (unsigned i = 0; i < MANY; i += 3)
		timers_stop(&timers, &entries[i].timer);
	assert_int_equal(timers_fire(&timers, UINT64_MAX - 1), MANY - (MANY + 2) / 3);
	for (unsigned i = 1; i < fired; i++)
		assert_true(order[i - 1] <= order[i]);
	assert_int_equal(timers_wait_us(&timers, 0), UINT64_MAX);
	timers_release(&timers);
}

static void none_fires_early(void **state)
{
	struct entry entry = {.due_us = 100};
	struct timers timers = {0};

	(void)state;
	assert_ok(timers_start(&timers, &entry.timer, 100, 0, note, &entry));
	assert_int_equal(timers_wait_us(&timers, 40), 60);
	assert_int_equal(timers_fire(&timers, 99), 0);
	assert_int_equal(timers_fire(&timers, 100), 1);
	assert_int_equal(timers_fire(&timers, 100), 0);
	assert_false(timer_is_running(&entry.timer));
	timers_release(&timers);
}

static void a_repeating_one_skips_missed_turns_and_keeps_its_beat(void **state)
{
	struct entry entry = {0};
	struct timers timers = {0};

	(void)state;
	assert_ok(timers_start(&timers, &entry.timer, 10, 10, note, &entry));
	assert_int_equal(timers_fire(&timers, 10), 1);
	assert_int_equal(timers_fire(&timers, 57), 1);
	assert_int_equal(timers_wait_us(&timers, 57), 3);
	timers_stop(&timers, &entry.timer);
	timers_stop(&timers, &entry.timer);
	assert_int_equal(timers_fire(&timers, 1000), 0);
	timers_release(&timers);
}

static void restarting_one_moves_it(void **state)
{
	struct entry entry = {0};
	struct timers timers = {0};

	(void)state;
	assert_ok(timers_start(&timers, &entry.timer, 10, 0, note, &entry));
	assert_ok(timers_start(&timers, &entry.timer, 30, 0, note, &entry));
	assert_int_equal(timers.count, 1);
	assert_int_equal(timers_fire(&timers, 29), 0);
	assert_int_equal(timers_fire(&timers, 30), 1);
	timers_release(&timers);
}

struct restless {
	struct timers timers;
	struct timer timer;
	unsigned count;
};

static void again_at_once(void *ctx)
{
	struct restless *restless = ctx;

	restless->count++;
	assert_ok(timers_start(&restless->timers, &restless->timer, 0, 0, again_at_once, restless));
}

static void one_that_restarts_itself_for_the_past_waits_for_the_next_turn(void **state)
{
	struct restless restless = {0};

	(void)state;
	again_at_once(&restless);
	assert_int_equal(timers_fire(&restless.timers, 5), 1);
	assert_int_equal(restless.count, 2);
	assert_int_equal(timers_fire(&restless.timers, 6), 1);
	timers_release(&restless.timers);
	assert_false(timer_is_running(&restless.timer));
}

struct pair {
	struct timers *timers;
	struct timer own;
	struct timer *other;
};

static void stop_the_other(void *ctx)
{
	struct pair *pair = ctx;

	fired++;
	timers_stop(pair->timers, pair->other);
}

static void one_that_is_due_can_be_stopped_by_another(void **state)
{
	struct timers timers = {0};
	struct pair a = {.timers = &timers};
	struct pair b = {.timers = &timers};

	(void)state;
	a.other = &b.own;
	b.other = &a.own;
	assert_ok(timers_start(&timers, &a.own, 1, 0, stop_the_other, &a));
	assert_ok(timers_start(&timers, &b.own, 1, 0, stop_the_other, &b));
	assert_int_equal(timers_fire(&timers, 1), 1);
	assert_int_equal(fired, 1);
	timers_release(&timers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(ten_thousand_fire_in_order_and_the_stopped_ones_never, reset),
		cmocka_unit_test_setup(none_fires_early, reset),
		cmocka_unit_test_setup(a_repeating_one_skips_missed_turns_and_keeps_its_beat, reset),
		cmocka_unit_test_setup(restarting_one_moves_it, reset),
		cmocka_unit_test_setup(one_that_restarts_itself_for_the_past_waits_for_the_next_turn, reset),
		cmocka_unit_test_setup(one_that_is_due_can_be_stopped_by_another, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
