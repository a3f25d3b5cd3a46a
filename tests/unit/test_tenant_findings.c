#include "tests/support/test.h"

#include <stdio.h>

#include "services/tenant/findings_text.h"

static struct finding finding(
	enum finding_check check, enum finding_weight weight, const char *subject, const char *found)
{
	struct finding out = {.check = check, .weight = weight};

	snprintf(out.subject, sizeof out.subject, "%s", subject);
	snprintf(out.found, sizeof out.found, "%s", found);
	return out;
}

static size_t times(const struct blob *text, const char *what)
{
	struct span left = blob_span(text);
	size_t count = 0;

	for (;;) {
		const uint8_t *at = left.len == 0 ? NULL : memmem(left.at, left.len, what, strlen(what));

		if (at == NULL)
			return count;
		count++;
		left = span_of(at + 1, left.len - (size_t)(at + 1 - left.at));
	}
}

static void what_to_do_is_said_once_for_all_findings_of_a_kind(void **state)
{
	DROP(blob_release) struct blob text = {0};
	const struct finding findings[] = {
		finding(FINDING_IMA_UNKNOWN, FINDING_FAILS, "/a", "sha256:00"),
		finding(FINDING_PCR_VALUE, FINDING_FAILS, "pcr 7", "11"),
		finding(FINDING_IMA_UNKNOWN, FINDING_FAILS, "/b", ""),
	};

	(void)state;
	assert_ok(findings_text(findings, COUNT(findings), 5, &text));
	assert_int_equal(times(&text, "(ima-unknown, wrong)"), 1);
	assert_int_equal(times(&text, "/a: found sha256:00\n"), 1);
	assert_int_equal(times(&text, "/b\n"), 1);
	assert_int_equal(times(&text, "(pcr-value, wrong)"), 1);
	assert_int_equal(times(&text, "and 2 more"), 1);
}

static void what_speaks_against_a_node_stands_first(void **state)
{
	DROP(blob_release) struct blob text = {0};
	const struct finding findings[] = {
		finding(FINDING_IMA_UNKNOWN, FINDING_REPORTED, "/a", ""),
		finding(FINDING_PCR_MISSING, FINDING_UNJUDGED, "pcr 7", ""),
		finding(FINDING_IMA_UNKNOWN, FINDING_FAILS, "/b", ""),
	};
	const uint8_t *wrong, *open, *told;

	(void)state;
	assert_ok(findings_text(findings, COUNT(findings), COUNT(findings), &text));
	wrong = memmem(text.at, text.len, "wrong)", 6);
	open = memmem(text.at, text.len, "could not be judged)", 20);
	told = memmem(text.at, text.len, "only reported)", 14);
	assert_non_null(wrong);
	assert_true(wrong < open && open < told);
	assert_int_equal(times(&text, "more"), 0);
}

static void no_finding_is_no_text(void **state)
{
	DROP(blob_release) struct blob text = {0};

	(void)state;
	assert_ok(findings_text(NULL, 0, 0, &text));
	assert_int_equal(text.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_to_do_is_said_once_for_all_findings_of_a_kind),
		cmocka_unit_test(what_speaks_against_a_node_stands_first),
		cmocka_unit_test(no_finding_is_no_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
