#include "tests/support/test.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/bus/loop.h"

struct world {
	struct fake_clock clock;
	struct loop *loop;
	int pipe[2];
	struct watch reader;
	struct watch writer;
	struct timer timer;
	unsigned read_told;
	unsigned write_told;
	unsigned fired;
	unsigned slept;
};

static int open_world(void **state)
{
	struct world *world = calloc(1, sizeof *world);

	assert_non_null(world);
	fake_clock_init(&world->clock, 0);
	assert_ok(loop_open(&world->clock.clock, &world->loop, NULL));
	assert_int_equal(pipe(world->pipe), 0);
	*state = world;
	return 0;
}

static int close_world(void **state)
{
	struct world *world = *state;

	loop_unwatch(world->loop, &world->reader);
	loop_unwatch(world->loop, &world->writer);
	loop_close(&world->loop);
	assert_null(world->loop);
	close(world->pipe[0]);
	close(world->pipe[1]);
	free(world);
	return 0;
}

static void turn(struct world *world)
{
	assert_ok(loop_turn(world->loop, 0, NULL));
}

static void reading(void *ctx, unsigned what)
{
	assert_int_equal(what, WATCH_READ);
	((struct world *)ctx)->read_told++;
}

static void writing(void *ctx, unsigned what)
{
	assert_int_equal(what, WATCH_WRITE);
	((struct world *)ctx)->write_told++;
}

static void a_descriptor_is_reported_for_what_is_wanted_of_it(void **state)
{
	struct world *world = *state;

	assert_ok(loop_watch(world->loop, &world->reader, world->pipe[0], WATCH_READ, reading, world));
	assert_ok(loop_watch(world->loop, &world->writer, world->pipe[1], 0, writing, world));
	turn(world);
	assert_int_equal(world->read_told + world->write_told, 0);

	assert_ok(loop_watch_for(world->loop, &world->writer, WATCH_WRITE));
	turn(world);
	assert_int_equal(world->write_told, 1);
	assert_ok(loop_watch_for(world->loop, &world->writer, 0));

	assert_int_equal(write(world->pipe[1], "x", 1), 1);
	turn(world);
	turn(world);
	assert_int_equal(world->read_told, 2);
	assert_int_equal(world->write_told, 1);
	loop_unwatch(world->loop, &world->reader);
	loop_unwatch(world->loop, &world->reader);
	turn(world);
	assert_int_equal(world->read_told, 2);
}

static void take_away_the_writer(void *ctx, unsigned what)
{
	struct world *world = ctx;

	(void)what;
	world->read_told++;
	loop_unwatch(world->loop, &world->writer);
}

static void take_away_the_reader(void *ctx, unsigned what)
{
	struct world *world = ctx;

	(void)what;
	world->write_told++;
	loop_unwatch(world->loop, &world->reader);
}

static void a_watch_that_another_handler_removed_is_not_called(void **state)
{
	struct world *world = *state;

	assert_int_equal(write(world->pipe[1], "x", 1), 1);
	assert_ok(loop_watch(
		world->loop, &world->reader, world->pipe[0], WATCH_READ, take_away_the_writer, world));
	assert_ok(loop_watch(
		world->loop, &world->writer, world->pipe[1], WATCH_WRITE, take_away_the_reader, world));
	turn(world);
	turn(world);
	/* Both were ready in one turn; whichever came first silenced the other, and then goes on. */
	assert_int_equal(world->read_told * world->write_told, 0);
	assert_int_equal(world->read_told + world->write_told, 2);
}

static void a_descriptor_that_cannot_be_waited_for_is_refused(void **state)
{
	struct world *world = *state;

	assert_rc(loop_watch(world->loop, &world->reader, -1, WATCH_READ, reading, world), RC_IO);
	assert_false(world->reader.added);
}

static void fire(void *ctx)
{
	((struct world *)ctx)->fired++;
}

static void timers_follow_the_clock_that_was_given(void **state)
{
	struct world *world = *state;

	assert_ok(loop_after(world->loop, &world->timer, 1000, fire, world));
	fake_clock_pass_ms(&world->clock, 999);
	turn(world);
	assert_int_equal(world->fired, 0);
	fake_clock_pass_ms(&world->clock, 1);
	turn(world);
	turn(world);
	assert_int_equal(world->fired, 1);

	assert_ok(loop_every(world->loop, &world->timer, 10, fire, world));
	for (unsigned i = 0; i < 5; i++) {
		fake_clock_pass_ms(&world->clock, 10);
		turn(world);
	}
	assert_int_equal(world->fired, 6);
	loop_cancel(world->loop, &world->timer);
	fake_clock_pass_ms(&world->clock, 100);
	turn(world);
	assert_int_equal(world->fired, 6);
}

static void sleep_hook(void *ctx)
{
	struct world *world = ctx;

	/* What the timers of this turn did is there already. */
	assert_int_equal(world->fired, 1);
	world->slept++;
}

static void hooks_run_once_a_turn_after_the_handlers(void **state)
{
	struct world *world = *state;

	assert_ok(loop_before_sleep(world->loop, sleep_hook, world));
	assert_ok(loop_after(world->loop, &world->timer, 0, fire, world));
	turn(world);
	assert_int_equal(world->slept, 1);
	turn(world);
	assert_int_equal(world->slept, 2);
	for (unsigned i = 1; i < LOOP_HOOKS_MAX; i++)
		assert_ok(loop_before_sleep(world->loop, sleep_hook, world));
	assert_rc(loop_before_sleep(world->loop, sleep_hook, world), RC_LIMIT);
}

static void stop(void *ctx)
{
	struct world *world = ctx;

	world->fired++;
	loop_stop(world->loop);
}

static void a_handler_stops_the_loop(void **state)
{
	struct world *world = *state;

	assert_ok(loop_after(world->loop, &world->timer, 0, stop, world));
	assert_ok(loop_before_sleep(world->loop, sleep_hook, world));
	assert_ok(loop_run(world->loop, NULL));
	assert_true(loop_is_stopped(world->loop));
	assert_int_equal(world->slept, 2);
	assert_rc(loop_turn(world->loop, 0, NULL), RC_STALE);
}

static void sigterm_and_sigint_stop_the_loop(void **state)
{
	static const int signals[] = {SIGTERM, SIGINT};
	struct world *world = *state;

	for (unsigned i = 0; i < 2; i++) {
		struct loop *loop = NULL;

		assert_ok(loop_open(&world->clock.clock, &loop, NULL));
		assert_ok(loop_catch_signals(loop, NULL));
		assert_int_equal(raise(signals[i]), 0);
		assert_ok(loop_run(loop, NULL));
		loop_close(&loop);
	}
	assert_int_equal(raise(SIGPIPE), 0);
	loop_restore_signals();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_descriptor_is_reported_for_what_is_wanted_of_it),
		TEST(a_watch_that_another_handler_removed_is_not_called),
		TEST(a_descriptor_that_cannot_be_waited_for_is_refused),
		TEST(timers_follow_the_clock_that_was_given),
		TEST(hooks_run_once_a_turn_after_the_handlers),
		TEST(a_handler_stops_the_loop),
		TEST(sigterm_and_sigint_stop_the_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
