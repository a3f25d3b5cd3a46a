#include "lib/base/drop.h"
#include "services/agent/enrol.h"
#include "services/agent/paths.h"
#include "services/agent/steps.h"
#include "tests/support/test.h"

static void an_agent_joins_by_these_steps(void **state)
{
	static const struct {
		enum enrol_event event;
		enum enrol_state state;
	} way[] = {
		{ENROL_ON_BEGIN, ENROL_TPM},
		{ENROL_ON_TPM_FAILED, ENROL_NO_TPM},
		{ENROL_ON_PAUSE_OVER, ENROL_TPM},
		{ENROL_ON_TPM_OPEN, ENROL_REGISTER},
		{ENROL_ON_REFUSED, ENROL_PAUSE},
		{ENROL_ON_PAUSE_OVER, ENROL_REGISTER},
		{ENROL_ON_CREDENTIAL, ENROL_CREDENTIAL},
		{ENROL_ON_SECRET, ENROL_PROVE},
		{ENROL_ON_ENROLLED, ENROL_GREET},
		{ENROL_ON_LINK_UP, ENROL_GREET},
		{ENROL_ON_WELCOME, ENROL_SERVED},
		{ENROL_ON_LINK_DOWN, ENROL_LOST},
		{ENROL_ON_LINK_UP, ENROL_GREET},
		{ENROL_ON_UNANSWERED, ENROL_PAUSE},
	};
	enum enrol_state at = ENROL_START;

	(void)state;
	for (size_t i = 0; i < COUNT(way); i++) {
		struct enrol_step step = enrol_next(at, way[i].event);

		assert_true(step.is_legal);
		assert_int_equal(step.state, way[i].state);
		at = step.state;
	}
}

static void what_does_not_belong_changes_nothing(void **state)
{
	(void)state;
	for (int s = 0; s < ENROL_STATE_COUNT; s++) {
		for (int e = 0; e < ENROL_EVENT_COUNT; e++) {
			struct enrol_step step = enrol_next((enum enrol_state)s, (enum enrol_event)e);

			if (!step.is_legal) {
				assert_int_equal((int)step.state, s);
				assert_int_equal(step.effects, 0);
			}
		}
	}
	assert_false(enrol_next(ENROL_REGISTER, ENROL_ON_ENROLLED).is_legal);
	assert_false(enrol_next(ENROL_START, ENROL_ON_WELCOME).is_legal);
	assert_false(enrol_next(ENROL_STATE_COUNT, ENROL_ON_BEGIN).is_legal);
}

static void nothing_is_opened_before_u_is_kept_and_proved(void **state)
{
	(void)state;
	for (int s = 0; s < BOOT_STATE_COUNT; s++) {
		for (int e = 0; e < BOOT_EVENT_COUNT; e++) {
			struct boot_step step = boot_next((enum boot_state)s, (enum boot_event)e);

			if ((step.effects & BOOT_FX_OPEN) != 0)
				assert_true((s == BOOT_KEEP && e == BOOT_ON_DONE) ||
					    (s == BOOT_READ && e == BOOT_ON_PROVED));
			if ((step.effects & BOOT_FX_KEEP) != 0)
				assert_true(s == BOOT_WAIT && e == BOOT_ON_PROVED);
			if ((step.effects & BOOT_FX_OPENED) != 0)
				assert_int_equal(step.state, BOOT_REST);
			if (step.is_legal && step.state == BOOT_REST && s != BOOT_RUN)
				assert_true((step.effects & BOOT_FX_FORGET) != 0);
		}
	}
}

static void pauses_grow_to_a_limit(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 100; n++) {
		assert_in_range(enrol_pause_ms(n, 0), 200, ENROL_PAUSE_MAX_MS);
		assert_in_range(enrol_pause_ms(n, ~0u), enrol_pause_ms(n, 0), ENROL_PAUSE_MAX_MS);
	}
	assert_int_equal(enrol_pause_ms(0, 0), 200);
	assert_int_equal(enrol_pause_ms(50, 0), ENROL_PAUSE_MAX_MS / 2);
}

static void names_stay_inside(void **state)
{
	static const char *const good[] = {"a", "a/b", "a/b/", "..a", "a..", "a/...", "etc/x.conf"};
	static const char *const bad[] = {"", "/", "/a", "a//b", ".", "..", "../a", "a/..", "a/../b", "a/./b",
		"./a", "a\\b", "a\nb", "a/b//"};
	uint8_t longest[256];

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		assert_true(path_is_inside(span_text(good[i])));
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(path_is_inside(span_text(bad[i])));
	assert_false(path_is_inside(span_of("a\0b", 3)));
	memset(longest, 'a', sizeof longest);
	assert_true(path_is_inside(span_of(longest, 255)));
	assert_false(path_is_inside(span_of(longest, 256)));
	assert_true(path_is_inside(span_text("1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16")));
	assert_false(path_is_inside(span_text("1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17")));
	assert_false(path_is_plain(span_text("a/b")));
	assert_true(path_is_plain(span_text("a")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_agent_joins_by_these_steps),
		cmocka_unit_test(what_does_not_belong_changes_nothing),
		cmocka_unit_test(nothing_is_opened_before_u_is_kept_and_proved),
		cmocka_unit_test(pauses_grow_to_a_limit),
		cmocka_unit_test(names_stay_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
