#include "lib/base/clock.h"
#include "tests/support/test.h"

static void wall_time_reads_as_utc(void **state)
{
	char text[CLOCK_TEXT_BYTES];

	(void)state;
	assert_string_equal(clock_text(0, text), "1970-01-01T00:00:00.000Z");
	assert_string_equal(clock_text(951826554321, text), "2000-02-29T12:15:54.321Z");
	assert_string_equal(clock_text(4102444799999, text), "2099-12-31T23:59:59.999Z");
}

static void a_time_beyond_all_years_stays_within_its_buffer(void **state)
{
	char text[CLOCK_TEXT_BYTES + 1];

	(void)state;
	text[CLOCK_TEXT_BYTES] = 0x5a;
	clock_text(UINT64_MAX, text);
	assert_int_equal(text[CLOCK_TEXT_BYTES], 0x5a);
	assert_true(memchr(text, '\0', CLOCK_TEXT_BYTES) != NULL);
}

static void the_fake_clock_moves_only_by_hand(void **state)
{
	struct fake_clock fake;

	(void)state;
	fake_clock_init(&fake, 5000);
	assert_int_equal(clock_wall_ms(&fake.clock), 5000);
	assert_int_equal(clock_wall_ms(&fake.clock), 5000);
	uint64_t before = clock_mono_us(&fake.clock);
	fake_clock_pass_ms(&fake, 250);
	assert_int_equal(clock_wall_ms(&fake.clock), 5250);
	assert_int_equal(clock_mono_us(&fake.clock) - before, 250000);
}

static void the_system_clock_does_not_go_back(void **state)
{
	const struct clock *clock = clock_system();
	uint64_t before = clock_mono_us(clock);

	(void)state;
	assert_true(clock_mono_us(clock) >= before);
	/* 2020-01-01: later than that in milliseconds, and not yet that in any other unit. */
	assert_true(clock_wall_ms(clock) > 1577836800000);
	assert_true(clock_wall_ms(clock) < 15778368000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wall_time_reads_as_utc),
		cmocka_unit_test(a_time_beyond_all_years_stays_within_its_buffer),
		cmocka_unit_test(the_fake_clock_moves_only_by_hand),
		cmocka_unit_test(the_system_clock_does_not_go_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
