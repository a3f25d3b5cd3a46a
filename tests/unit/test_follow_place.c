#include "tests/support/test.h"

#include "lib/follow/place.h"

static const struct place some = {
	.done = {.seq = 7, .time = 1000, .hash = {1, 2, 3}}, .pass = 5, .given = 12, .marks = {0x06}};

static void a_place_is_read_as_it_was_written(void **state)
{
	DROP(blob_release) struct blob bytes = {0};
	struct place read = {0};

	(void)state;
	assert_ok(place_encode(&some, &bytes));
	assert_ok(place_decode(blob_span(&bytes), &read));
	assert_memory_equal(&read, &some, sizeof read);
	read = (struct place){0};
	assert_ok(place_encode(&read, &bytes));
	assert_ok(place_decode(blob_span(&bytes), &read));
	assert_int_equal(read.done.seq, 0);
}

static void marks_name_what_is_done_behind_the_place(void **state)
{
	(void)state;
	assert_true(place_is_done(&some, 1));
	assert_true(place_is_done(&some, 7));
	assert_false(place_is_done(&some, 8));
	assert_true(place_is_done(&some, 9));
	assert_true(place_is_done(&some, 10));
	assert_false(place_is_done(&some, 11));
	assert_false(place_is_done(&some, 7 + FOLLOW_WINDOW));
	assert_false(place_is_done(&some, 8 + FOLLOW_WINDOW));
	assert_false(place_is_done(&some, UINT64_MAX));
}

static void every_flipped_bit_and_every_truncation_is_refused(void **state)
{
	DROP(blob_release) struct blob bytes = {0};
	struct place read;

	(void)state;
	assert_ok(place_encode(&some, &bytes));
	for (size_t i = 0; i < bytes.len; i++) {
		assert_rc(place_decode(span_of(bytes.at, i), &read), RC_MALFORMED);
		for (unsigned bit = 0; bit < 8; bit++) {
			bytes.at[i] ^= (uint8_t)(1u << bit);
			assert_rc(place_decode(blob_span(&bytes), &read), RC_MALFORMED);
			bytes.at[i] ^= (uint8_t)(1u << bit);
		}
	}
	assert_ok(blob_append(&bytes, span_text("x")));
	assert_rc(place_decode(blob_span(&bytes), &read), RC_MALFORMED);
}

static void numbers_that_contradict_each_other_are_refused(void **state)
{
	static const struct place bad[] = {
		{.done = {.time = 1}},
		{.done = {.hash = {1}}},
		{.done = {.seq = UINT64_MAX}},
		{.done = {.seq = UINT64_MAX - FOLLOW_WINDOW + 1}},
		{.done = {.seq = 1}, .marks = {0x01}},
	};
	static const struct place good = {.done = {.seq = UINT64_MAX - FOLLOW_WINDOW}};
	DROP(blob_release) struct blob bytes = {0};
	struct place read;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_ok(place_encode(&bad[i], &bytes));
		assert_rc(place_decode(blob_span(&bytes), &read), RC_MALFORMED);
	}
	assert_ok(place_encode(&good, &bytes));
	assert_ok(place_decode(blob_span(&bytes), &read));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_place_is_read_as_it_was_written),
		cmocka_unit_test(marks_name_what_is_done_behind_the_place),
		cmocka_unit_test(every_flipped_bit_and_every_truncation_is_refused),
		cmocka_unit_test(numbers_that_contradict_each_other_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
