#include "lib/pattern/glob.h"

#include "tests/support/test.h"

static void glob_drop(struct glob **glob)
{
	glob_free(*glob);
}

static bool matches(const char *pattern, const char *name)
{
	DROP(glob_drop) struct glob *glob = NULL;

	assert_ok(glob_parse(span_text(pattern), &glob, NULL));
	return glob_match(glob, span_text(name));
}

static void a_glob_matches_the_whole_name(void **state)
{
	static const struct {
		const char *pattern, *name;
		bool matches;
	} rows[] = {
		{"/etc/passwd", "/etc/passwd", true},
		{"/etc/passwd", "/etc/passwd-", false},
		{"/etc/passwd", "/etc/passw", false},
		{"/etc/passwd", "", false},
		{"/opt/*", "/opt/a", true},
		{"/opt/*", "/opt/", true},
		{"/opt/*", "/tmp", false},
		{"/opt/*", "/opt/a/b", false},
		{"/opt/*.log", "/opt/.log", true},
		{"/opt/*.log", "/opt/a.log.log", true},
		{"/opt/*.log", "/opt/a.log.gz", false},
		{"/opt/**", "/opt/a/b/c", true},
		{"/opt/**", "/opt/", true},
		{"/opt/**", "/tmp", false},
		{"/opt/**", "/tmpx", false},
		{"/opt/***", "/opt/a/b", true},
		{"**.pyc", "/usr/lib/a.pyc", true},
		{"**.pyc", "a.pyc", true},
		{"**.pyc", "/usr/lib/a.pyc2", false},
		{"/a/**/b", "/a/b", true},
		{"/a/**/b", "/a/x/b", true},
		{"/a/**/b", "/a/x/y/b", true},
		{"/a/**/b", "/a/xb", false},
		{"/a/**/b", "/ab", false},
		{"**/b", "b", true},
		{"**/b", "/x/b", true},
		{"**/b", "xb", false},
		{"/a/**b", "/a/x/yb", true},
		{"/a/x**/b", "/a/x/b", true},
		{"/a/x**/b", "/a/b", false},
		{"/?", "/a", true},
		{"/?", "//", false},
		{"/?", "/", false},
		{"/?", "/ab", false},
		{"/[a-c]x", "/bx", true},
		{"/[a-c]x", "/dx", false},
		{"/[!a-c]x", "/dx", true},
		{"/[!a-c]x", "/ax", false},
		{"/[^a-c]x", "/ax", false},
		{"a[!b]c", "a/c", false},
		{"a[+-0]c", "a/c", false},
		{"[]]", "]", true},
		{"[]a]", "a", true},
		{"[a-]", "-", true},
		{"[\\]]", "]", true},
		{"\\*", "*", true},
		{"\\*", "a", false},
		{"\\a", "a", true},
		{"*", "abc", true},
		{"*", "", true},
		{"*", "a/b", false},
		{"**", "a/b", true},
		{"**", "", true},
		{"*a*b*c*", "xxaxxbxxcxx", true},
		{"*a*b*c*", "xxaxxcxxbxx", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (matches(rows[i].pattern, rows[i].name) != rows[i].matches)
			fail_msg("%s %s %s", rows[i].pattern, rows[i].matches ? "misses" : "matches",
				rows[i].name);
}

static void what_is_no_glob_is_refused(void **state)
{
	static const char *const rows[] = {"", "[", "[a", "[]", "[!]", "[z-a]", "\\", "a\\", "[a\\", "[a-"};
	DROP(glob_drop) struct glob *glob = NULL;
	char longest[GLOB_MAX + 2];
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		err = (struct err){0};
		assert_rc(glob_parse(span_text(rows[i]), &glob, &err), RC_MALFORMED);
		assert_true(err.text[0] != '\0');
	}
	memset(longest, 'a', sizeof longest);
	assert_rc(glob_parse(span_of(longest, GLOB_MAX + 1), &glob, NULL), RC_LIMIT);
	assert_null(glob);
	assert_ok(glob_parse(span_of(longest, GLOB_MAX), &glob, NULL));
	assert_true(glob_match(glob, span_of(longest, GLOB_MAX)));
	assert_false(glob_match(glob, span_of(longest, GLOB_MAX - 1)));
}

static void the_longest_glob_of_stars_ends_soon(void **state)
{
	DROP(glob_drop) struct glob *glob = NULL;
	char pattern[GLOB_MAX];
	char name[4096];

	(void)state;
	for (size_t i = 0; i < sizeof pattern; i++)
		pattern[i] = i % 2 == 0 ? '*' : 'a';
	memset(name, 'a', sizeof name);
	name[sizeof name - 1] = '/';
	assert_ok(glob_parse(SPAN(pattern), &glob, NULL));
	assert_false(glob_match(glob, SPAN(name)));
	assert_true(glob_match(glob, span_of(name, sizeof name - 1)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_glob_matches_the_whole_name),
		cmocka_unit_test(what_is_no_glob_is_refused),
		cmocka_unit_test(the_longest_glob_of_stars_ends_soon),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
