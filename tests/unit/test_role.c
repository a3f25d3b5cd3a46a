#include "proto/role.h"
#include "tests/support/test.h"

static const struct {
	enum role role;
	const char *word;
} rows[] = {
#define ROW(name, bit, word) {ROLE_##name, word},
	ROLE_LIST(ROW)
#undef ROW
};

static void every_role_is_one_bit_with_one_word(void **state)
{
	unsigned seen = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		enum role role = ROLE_UNKNOWN;

		assert_int_equal(rows[i].role & (rows[i].role - 1), 0);
		assert_int_equal(seen & (unsigned)rows[i].role, 0);
		seen |= (unsigned)rows[i].role;
		assert_string_equal(role_word(rows[i].role), rows[i].word);
		assert_true(role_parse(span_text(rows[i].word), &role));
		assert_int_equal(role, rows[i].role);
	}
	/* The roster's and the status' field takes 8 bits. */
	assert_int_equal(seen, 0xff);
}

static void none_and_several_roles_have_no_word(void **state)
{
	(void)state;
	assert_string_equal(role_word(ROLE_UNKNOWN), "unknown");
	assert_string_equal(role_word(ROLES_PROVISION), "unknown");
	assert_string_equal(role_word(ROLES_ANYONE), "unknown");
	assert_string_equal(role_word(0x100), "unknown");
}

static void no_other_word_is_a_role(void **state)
{
	static const char *const bad[] = {"", "unknown", "nod", "nodes", "Node", "node ", " node", "anyone"};
	enum role role = ROLE_ADMIN;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(role_parse(span_text(bad[i]), &role));
	assert_false(role_parse(span_of("node", 5), &role));
	assert_int_equal(role, ROLE_ADMIN);
}

static void the_groups_hold_what_they_say(void **state)
{
	(void)state;
	assert_int_equal(ROLES_VIEW & ROLES_PROVISION, ROLES_PROVISION);
	assert_true((ROLES_PROVISION & ROLE_VIEWER) == 0);
	assert_true((ROLES_ROSTERED & ROLE_NODE) == 0);
	assert_true((ROLES_ROSTERED & ROLES_ANYONE) == 0);
	assert_true((ROLES_SERVICE & (ROLES_VIEW | ROLE_NODE | ROLE_PLUGIN)) == 0);
	assert_int_equal(ROLES_ROSTERED | ROLE_NODE, 0xff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_role_is_one_bit_with_one_word),
		cmocka_unit_test(none_and_several_roles_have_no_word),
		cmocka_unit_test(no_other_word_is_a_role),
		cmocka_unit_test(the_groups_hold_what_they_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
