/* What proto/schema.h promises of every table that is made from it. */
#include "proto/table.h"
#include "tests/support/test.h"

static void assert_shape_is_sound(const struct shape *shape)
{
	assert_true(shape->count > 0 && shape->count <= FIELDS_MAX);
	for (size_t i = 0; i < shape->count; i++) {
		const struct field *field = &shape->fields[i];

		assert_true(field->min <= field->max);
		assert_true(field->offset < shape->size);
		assert_int_equal(field->kind == FIELD_list, field->elem != NULL);
		/* Lengths and counts that every form of ours can hold. */
		assert_true(field->kind == FIELD_u64 || field->max <= 1 << 20);
		/* Left out reads as zero, which must be one of the values; only bytes of a fixed length are
		 * also left out. */
		assert_true(field->must || field->kind == FIELD_bin || field->min == 0);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(field->name, shape->fields[j].name);
	}
}

static void every_shape_is_sound(void **state)
{
	(void)state;
	for (size_t i = 0; i < ELEM_TYPE_COUNT; i++)
		assert_shape_is_sound(&elem_shapes[i]);
	for (size_t i = MSG_TYPE_none + 1; i < MSG_TYPE_COUNT; i++)
		assert_shape_is_sound(&msg_shapes[i]);
}

static void no_field_has_a_name_of_the_envelope(void **state)
{
	static const char *const taken[] = {"v", "t", "id", "ttl"};

	(void)state;
	for (size_t i = MSG_TYPE_none + 1; i < MSG_TYPE_COUNT; i++)
		for (size_t j = 0; j < msg_shapes[i].count; j++)
			for (size_t k = 0; k < COUNT(taken); k++)
				assert_string_not_equal(msg_shapes[i].fields[j].name, taken[k]);
}

static void no_two_types_have_one_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < MSG_TYPE_COUNT; i++)
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(msg_shapes[i].name, msg_shapes[j].name);
}

/* So that reading a message needs no stack that its sender chose. */
static void elements_hold_no_lists(void **state)
{
	(void)state;
	for (size_t i = 0; i < ELEM_TYPE_COUNT; i++)
		for (size_t j = 0; j < elem_shapes[i].count; j++)
			assert_int_not_equal(elem_shapes[i].fields[j].kind, FIELD_list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_shape_is_sound),
		cmocka_unit_test(no_field_has_a_name_of_the_envelope),
		cmocka_unit_test(no_two_types_have_one_name),
		cmocka_unit_test(elements_hold_no_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
