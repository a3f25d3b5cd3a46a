#include "lib/pattern/pattern.h"

#include "tests/support/test.h"

static bool matches(enum pattern_kind kind, const char *pattern, struct span name)
{
	DROP(pattern_set_release) struct pattern_set set = {0};
	struct err err = {0};
	bool found = true;

	if (pattern_set_add(&set, kind, span_text(pattern), &err) != RC_OK)
		fail_msg("%s: %s", pattern, err.text);
	assert_ok(pattern_set_match(&set, name, &found));
	return found;
}

static void an_imported_expression_is_anchored_at_the_start_only(void **state)
{
	static const struct {
		const char *pattern, *name;
		bool start, full;
	} rows[] = {
		{"/opt/.*", "/opt/a/b", true, true},
		{"/opt/", "/opt/a/b", true, false},
		{"/opt/", "/opt/", true, true},
		{"tmp", "/opt", false, false},
		{"/opt/.*", "/var/opt/a", false, false},
		{"^/opt", "/opt/a", true, false},
		{"/opt$", "/opt", true, true},
		{"/opt$", "/opt/a", false, false},
		{"/a\\Z", "/a", true, true},
		{"/a\\Z", "/a\n", false, false},
		{"/a$", "/a\n", true, false},
		{"", "anything", true, false},
		{"", "", true, true},
		{"a|ab", "ab", true, true},
		{"(?:a|ab)(?:c|bcd)", "abcd", true, true},
		{"/srv/[^/]+/\\.cache/.*", "/srv/joe/.cache/x", true, true},
		{"/srv/[^/]+/\\.cache/.*", "/srv/joe/x/.cache/x", false, false},
		{"/x(?=y)", "/xy", true, false},
		{"/x(?!y)", "/xy", false, false},
		{"(?i)/OPT", "/opt", true, true},
		{"/opt/a?b", "/opt/b", true, true},
		{"/opt/a*b", "/opt/b", true, true},
		{"/opt/a{0,2}b", "/opt/b", true, true},
		{"/opt/a+b", "/opt/aab", true, true},
		{"/opt/\\d+", "/opt/42", true, true},
		{"/opt/\\d+", "/opt/d", false, false},
		{"(?P<name>/opt)/.", "/opt/a", true, true},
		{".", "\xc3\xa9", true, true},
		{"/a.b", "/a\nb", false, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct span name = span_text(rows[i].name);

		if (matches(PATTERN_REGEX_START, rows[i].pattern, name) != rows[i].start)
			fail_msg("start: %s and %s", rows[i].pattern, rows[i].name);
		if (matches(PATTERN_REGEX_FULL, rows[i].pattern, name) != rows[i].full)
			fail_msg("full: %s and %s", rows[i].pattern, rows[i].name);
	}
}

static void what_the_automaton_cannot_do_is_refused_by_name(void **state)
{
	static const struct {
		const char *pattern;
		enum rc rc;
		const char *words;
	} rows[] = {
		{"(a)\\1", RC_UNSUPPORTED, "a back reference"},
		{"(?P<n>a)(?P=n)", RC_UNSUPPORTED, "a back reference"},
		{"(a)(?(1)b|c)", RC_UNSUPPORTED, "a condition"},
		{"a\\Kb", RC_UNSUPPORTED, "the escape \\K"},
		{"\\C", RC_UNSUPPORTED, "the escape \\C"},
		{"\\Qa\\E", RC_UNSUPPORTED, "the escape \\Q"},
		{"(?R)", RC_UNSUPPORTED, "recursion"},
		{"(a)(?1)", RC_UNSUPPORTED, "recursion"},
		{"(?P>n)", RC_UNSUPPORTED, "recursion"},
		{"(*ACCEPT)", RC_UNSUPPORTED, "a verb"},
		{"(*UTF)a", RC_UNSUPPORTED, "a verb"},
		{"(?C1)a", RC_UNSUPPORTED, "a call-out"},
		{"(?x) a # b", RC_UNSUPPORTED, "this flag"},
		{"[[:alpha:]]", RC_UNSUPPORTED, "a POSIX class"},
		{"a{,3}", RC_UNSUPPORTED, "{,n}"},
		{"(", RC_MALFORMED, "character"},
		{"*a", RC_MALFORMED, "character"},
		{"[a", RC_MALFORMED, "character"},
		{"\xff", RC_MALFORMED, "character"},
	};
	DROP(pattern_set_release) struct pattern_set set = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err err = {0};

		if (pattern_set_add(&set, PATTERN_REGEX_START, span_text(rows[i].pattern), &err) !=
				rows[i].rc ||
			strstr(err.text, rows[i].words) == NULL)
			fail_msg("%s: %s", rows[i].pattern, err.text);
	}
	assert_int_equal(set.count, 0);
}

/* Each would keep a matcher that tries again busy for years. */
static void no_name_keeps_an_expression_busy(void **state)
{
	static const char *const patterns[] = {"(a*)*b", "(a+)+b", "(a|aa)+b", "(?:a?){30}a{30}b", "(.*)*x"};
	char name[4096];

	(void)state;
	memset(name, 'a', sizeof name);
	for (size_t i = 0; i < COUNT(patterns); i++) {
		DROP(pattern_set_release) struct pattern_set set = {0};
		bool found = true;

		assert_ok(pattern_set_add(&set, PATTERN_REGEX_FULL, span_text(patterns[i]), NULL));
		assert_ok(pattern_set_match(&set, SPAN(name), &found));
		assert_false(found);
	}
}

static void a_name_that_is_not_utf8_matches_globs_only(void **state)
{
	(void)state;
	assert_false(matches(PATTERN_REGEX_START, "/.*", span_text("/\xff")));
	assert_true(matches(PATTERN_GLOB, "/*", span_text("/\xff")));
}

static void a_set_matches_if_one_of_its_patterns_does(void **state)
{
	DROP(pattern_set_release) struct pattern_set set = {0};
	bool found = true;

	(void)state;
	assert_ok(pattern_set_match(&set, span_text("/a"), &found));
	assert_false(found);
	for (char c = 'a'; c <= 'z'; c++) {
		char glob[] = {'/', c, '*', '\0'};

		assert_ok(pattern_set_add(&set, PATTERN_GLOB, span_text(glob), NULL));
	}
	assert_ok(pattern_set_add(&set, PATTERN_REGEX_START, span_text("/[0-9]"), NULL));
	assert_int_equal(set.count, 27);
	assert_true(span_is(pattern_set_text(&set, 25), "/z*"));
	assert_ok(pattern_set_match(&set, span_text("/zebra"), &found));
	assert_true(found);
	assert_ok(pattern_set_match(&set, span_text("/9"), &found));
	assert_true(found);
	assert_ok(pattern_set_match(&set, span_text("/-"), &found));
	assert_false(found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_imported_expression_is_anchored_at_the_start_only),
		cmocka_unit_test(what_the_automaton_cannot_do_is_refused_by_name),
		cmocka_unit_test(no_name_keeps_an_expression_busy),
		cmocka_unit_test(a_name_that_is_not_utf8_matches_globs_only),
		cmocka_unit_test(a_set_matches_if_one_of_its_patterns_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
