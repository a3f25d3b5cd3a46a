#include "services/revocation/ca_clock.h"
#include "tests/support/test.h"

#define WALL UINT64_C(1790000000000)

static void clocks_that_go_together_are_steady(void **state)
{
	struct ca_clock clock = {0};

	(void)state;
	for (uint64_t ms = 0; ms < 1000000; ms += 100)
		assert_true(ca_clock_is_steady(&clock, WALL + ms, 5 + ms));
	/* Frozen for a year, both went on. */
	assert_true(ca_clock_is_steady(&clock, WALL + UINT64_C(31536000000), 5 + UINT64_C(31536000000)));
	/* Set right by a little. */
	assert_true(ca_clock_is_steady(
		&clock, WALL + UINT64_C(31536000000) + CA_JUMP_MS, 5 + UINT64_C(31536000000)));
}

static void a_jump_is_doubted_for_an_hour(void **state)
{
	static const int64_t jumps[] = {
		CA_JUMP_MS + 1, -CA_JUMP_MS - 1, INT64_C(1) << 41, -(INT64_C(1) << 40)};

	(void)state;
	for (size_t i = 0; i < sizeof jumps / sizeof *jumps; i++) {
		struct ca_clock clock = {0};
		uint64_t wall = WALL + (uint64_t)jumps[i];

		assert_true(ca_clock_is_steady(&clock, WALL, 7));
		assert_false(ca_clock_is_steady(&clock, wall, 7));
		assert_false(ca_clock_is_steady(&clock, wall + CA_DOUBT_MS - 1, 7 + CA_DOUBT_MS - 1));
		assert_true(ca_clock_is_steady(&clock, wall + CA_DOUBT_MS, 7 + CA_DOUBT_MS));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clocks_that_go_together_are_steady),
		cmocka_unit_test(a_jump_is_doubted_for_an_hour),
	};

	return cmocka_run_group_tests_name("ca_clock", tests, NULL, NULL);
}
