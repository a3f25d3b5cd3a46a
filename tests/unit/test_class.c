#include "services/verifier/class.h"

#include "lib/base/drop.h"
#include "tests/support/test.h"

static enum rc parse(const char *line, struct classes *out)
{
	char *lines[] = {(char *)(uintptr_t)line};
	struct text_list list = {lines, 1};

	return classes_parse(&list, out, NULL);
}

static void there_is_always_a_default(void **state)
{
	struct classes classes;

	(void)state;
	assert_ok(classes_parse(&(struct text_list){0}, &classes, NULL));
	assert_int_equal(classes.count, 1);
	assert_int_equal(class_find(&classes, span_text("default"))->interval_ms, 2000);
	assert_null(class_find(&classes, span_text("")));
	assert_null(class_find(&classes, span_text("edge")));
}

static void a_class_has_what_its_line_says_and_the_usual_for_the_rest(void **state)
{
	struct classes classes;
	const struct class *edge;

	(void)state;
	assert_ok(parse("edge:interval=5s:redeliver=48h", &classes));
	edge = class_find(&classes, span_text("edge"));
	assert_non_null(edge);
	assert_int_equal(edge->interval_ms, 5000);
	assert_int_equal(edge->redeliver_ms, 48ull * 3600 * 1000);
	assert_int_equal(edge->lapse_ms, 30000);
}

static void the_default_can_be_set(void **state)
{
	struct classes classes;

	(void)state;
	assert_ok(parse("default:interval=50ms", &classes));
	assert_int_equal(classes.count, 1);
	assert_int_equal(classes.at[0].interval_ms, 50);
}

static void what_makes_no_sense_is_refused(void **state)
{
	static const char *const lines[] = {"", ":interval=2s", "a b", "edge:interval=49ms",
		"edge:interval=2", "edge:speed=2s", "edge:interval", "edge:interval=25h",
		"edge:interval=20s:lapse=30s", "a-name-that-is-longer-than-classes-may-be",
		"edge:stale=999ms"};
	struct classes classes;

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++)
		assert_rc(parse(lines[i], &classes), RC_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_is_always_a_default),
		cmocka_unit_test(a_class_has_what_its_line_says_and_the_usual_for_the_rest),
		cmocka_unit_test(the_default_can_be_set),
		cmocka_unit_test(what_makes_no_sense_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
