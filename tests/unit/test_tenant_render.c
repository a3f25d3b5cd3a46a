/* What people see: tables, ages, and states that are too old. */
#include "tests/support/test.h"

#include "lib/base/drop.h"
#include "services/tenant/render.h"

static void columns_are_as_wide_as_their_widest_cell(void **state)
{
	DROP(table_release) struct table table = {.columns = 2};
	DROP(blob_release) struct blob text = {0};

	(void)state;
	table_add(&table, "NAME");
	table_add(&table, "STATE");
	table_add(&table, "r\xc3\xa4tsel");
	table_add(&table, "trusted");
	table_add(&table, "%s", "");
	table_add(&table, "bad\x1b[31m");
	assert_ok(table_text(&table, &text));
	assert_spans_equal(
		blob_span(&text), span_text("NAME    STATE\nr\xc3\xa4tsel  trusted\n-       bad?[31m\n"));
}

static void a_trusted_node_that_is_silent_for_too_long_is_stale(void **state)
{
	static const struct {
		const char *decided;
		uint64_t good, stale_ms, now;
		const char *shown;
	} rows[] = {
		{"trusted", 1000, 500, 1499, "trusted"},
		{"trusted", 1000, 500, 1500, "trusted"},
		{"trusted", 1000, 500, 1501, "stale"},
		{"trusted", 1000, 0, 99999, "trusted"},
		{"trusted", 2000, 500, 1000, "trusted"},
		{"untrusted", 1000, 500, 9999, "untrusted"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct elem_node_state elem = {.state = span_text(rows[i].decided),
			.good = rows[i].good,
			.stale_ms = rows[i].stale_ms};

		assert_spans_equal(render_state(&elem, rows[i].now), span_text(rows[i].shown));
	}
}

static void an_age_is_in_its_largest_unit(void **state)
{
	static const struct {
		uint64_t then, now;
		const char *text;
	} rows[] = {{0, 5, "never"}, {5, 5, "just now"}, {9, 5, "just now"}, {1, 1000, "999ms ago"},
		{1, 1001, "1s ago"}, {1, 60001, "1min ago"}, {1, 3600001, "1h ago"}, {1, 86400001, "1d ago"}};
	char text[RENDER_AGE_BYTES];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_string_equal(render_age(rows[i].then, rows[i].now, text), rows[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_as_wide_as_their_widest_cell),
		cmocka_unit_test(a_trusted_node_that_is_silent_for_too_long_is_stale),
		cmocka_unit_test(an_age_is_in_its_largest_unit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
