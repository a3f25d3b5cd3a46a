#include "lib/crypto/random.h"
#include "tests/support/test.h"

static void two_draws_differ(void **state)
{
	uint8_t a[32] = {0};
	uint8_t b[32] = {0};

	(void)state;
	assert_ok(random_fill(a, sizeof a, NULL));
	assert_ok(random_fill(b, sizeof b, NULL));
	assert_memory_not_equal(a, b, sizeof a);
}

static void every_byte_of_a_long_draw_is_filled(void **state)
{
	/* Longer than getrandom gives without interruption (256 bytes). In 16 draws the chance that some byte
	 * stays zero by accident is below 2^-100. */
	static uint8_t seen[1000];
	uint8_t draw[1000];

	(void)state;
	for (int i = 0; i < 16; i++) {
		assert_ok(random_fill(draw, sizeof draw, NULL));
		for (size_t at = 0; at < sizeof draw; at++)
			seen[at] |= draw[at];
	}
	for (size_t at = 0; at < sizeof seen; at++)
		assert_int_not_equal(seen[at], 0);
}

static void nothing_may_be_asked_for(void **state)
{
	(void)state;
	assert_ok(random_fill(NULL, 0, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_draws_differ),
		cmocka_unit_test(every_byte_of_a_long_draw_is_filled),
		cmocka_unit_test(nothing_may_be_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
