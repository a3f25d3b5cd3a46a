#include "lib/base/blob.h"
#include "tests/support/test.h"

static void an_empty_blob_is_released_any_number_of_times(void **state)
{
	struct blob blob = {0};

	(void)state;
	blob_release(&blob);
	blob_release(&blob);
	assert_null(blob.at);
	assert_int_equal(blob.room, 0);
}

static void appended_bytes_are_copies_in_order(void **state)
{
	DROP(blob_release) struct blob blob = {0};
	uint8_t source[] = {1, 2, 3};
	static const uint8_t expected[] = {1, 2, 3, 4};

	(void)state;
	assert_ok(blob_append(&blob, SPAN(source)));
	source[0] = 9;
	assert_ok(blob_append(&blob, span_of("\x04", 1)));
	assert_ok(blob_append(&blob, (struct span){0}));
	assert_spans_equal(blob_span(&blob), SPAN(expected));
}

static void many_appends_keep_all_bytes(void **state)
{
	DROP(blob_release) struct blob blob = {0};

	(void)state;
	for (unsigned i = 0; i < 10000; i++) {
		uint8_t byte = (uint8_t)i;

		assert_ok(blob_append(&blob, span_of(&byte, 1)));
		assert_true(blob.len <= blob.room);
	}
	assert_int_equal(blob.len, 10000);
	for (unsigned i = 0; i < 10000; i++)
		assert_int_equal(blob.at[i], (uint8_t)i);
}

static void a_copy_replaces_what_was_there(void **state)
{
	DROP(blob_release) struct blob blob = {0};

	(void)state;
	assert_ok(blob_copy(&blob, span_text("a longer text")));
	assert_ok(blob_copy(&blob, span_text("short")));
	assert_true(span_is(blob_span(&blob), "short"));
	assert_ok(blob_copy(&blob, (struct span){0}));
	assert_int_equal(blob.len, 0);
}

static void resizing_adds_zeros_and_cuts(void **state)
{
	static const uint8_t expected[] = {'a', 'b', 0, 0};
	DROP(blob_release) struct blob blob = {0};

	(void)state;
	assert_ok(blob_resize(&blob, 0));
	assert_ok(blob_copy(&blob, span_text("abcd")));
	assert_ok(blob_resize(&blob, 2));
	assert_ok(blob_resize(&blob, 4));
	assert_spans_equal(blob_span(&blob), SPAN(expected));
}

static void clearing_wipes_the_bytes_and_keeps_the_room(void **state)
{
	DROP(blob_release) struct blob blob = {0};
	size_t room;

	(void)state;
	assert_ok(blob_copy(&blob, span_text("secret")));
	room = blob.room;
	blob_clear(&blob);
	assert_int_equal(blob.len, 0);
	assert_int_equal(blob.room, room);
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(blob.at[i], 0);
}

static void cutting_wipes_what_is_cut_off(void **state)
{
	DROP(blob_release) struct blob blob = {0};

	(void)state;
	assert_ok(blob_copy(&blob, span_text("secret")));
	assert_ok(blob_resize(&blob, 1));
	for (size_t i = 1; i < 6; i++)
		assert_int_equal(blob.at[i], 0);
}

static void an_impossible_length_is_refused_and_nothing_is_lost(void **state)
{
	DROP(blob_release) struct blob blob = {0};

	(void)state;
	assert_ok(blob_copy(&blob, span_text("kept")));
	assert_rc(blob_reserve(&blob, SIZE_MAX), RC_LIMIT);
	assert_rc(blob_reserve(&blob, SIZE_MAX - 4), RC_LIMIT);
	assert_rc(blob_reserve(&blob, SIZE_MAX / 2 + 1), RC_LIMIT);
	assert_rc(blob_resize(&blob, SIZE_MAX), RC_LIMIT);
	assert_true(span_is(blob_span(&blob), "kept"));
}

static void taking_leaves_the_source_empty(void **state)
{
	DROP(blob_release) struct blob first = {0};
	DROP(blob_release) struct blob second = {0};

	(void)state;
	assert_ok(blob_copy(&first, span_text("moved")));
	second = TAKE(first);
	assert_true(span_is(blob_span(&second), "moved"));
	assert_null(first.at);
	assert_int_equal(first.len, 0);
}

static void a_secret_wipes_itself(void **state)
{
	struct secret32 secret;
	static const struct secret32 zero;

	(void)state;
	memset(&secret, 0x5a, sizeof secret);
	secret32_release(&secret);
	assert_memory_equal(&secret, &zero, sizeof secret);
}

static void spans_are_equal_by_content(void **state)
{
	(void)state;
	assert_true(span_equal(span_text("ab"), span_of("abc", 2)));
	assert_true(span_equal((struct span){0}, span_text("")));
	assert_true(span_equal((struct span){0}, span_text(NULL)));
	assert_false(span_equal(span_text("ab"), span_text("abc")));
	assert_false(span_equal(span_text("ab"), span_text("ac")));
	assert_false(span_is(span_of("ab\0c", 4), "ab"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_blob_is_released_any_number_of_times),
		cmocka_unit_test(appended_bytes_are_copies_in_order),
		cmocka_unit_test(many_appends_keep_all_bytes),
		cmocka_unit_test(a_copy_replaces_what_was_there),
		cmocka_unit_test(resizing_adds_zeros_and_cuts),
		cmocka_unit_test(clearing_wipes_the_bytes_and_keeps_the_room),
		cmocka_unit_test(cutting_wipes_what_is_cut_off),
		cmocka_unit_test(an_impossible_length_is_refused_and_nothing_is_lost),
		cmocka_unit_test(taking_leaves_the_source_empty),
		cmocka_unit_test(a_secret_wipes_itself),
		cmocka_unit_test(spans_are_equal_by_content),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
