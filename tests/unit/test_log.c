#include "lib/base/log.h"

#include <fcntl.h>
#include <unistd.h>

#include "tests/support/test.h"

static char caught[2 * LOG_LINE_BYTES];

/* Standard error goes into a pipe from catch_start to catch_end; a line is shorter than any pipe. */
static struct {
	int saved;
	int ends[2];
} catcher;

static void catch_start(void)
{
	assert_int_equal(pipe2(catcher.ends, O_CLOEXEC | O_NONBLOCK), 0);
	catcher.saved = dup(STDERR_FILENO);
	dup2(catcher.ends[1], STDERR_FILENO);
}

static const char *catch_end(void)
{
	ssize_t n = read(catcher.ends[0], caught, sizeof caught - 1);

	dup2(catcher.saved, STDERR_FILENO);
	close(catcher.saved);
	close(catcher.ends[0]);
	close(catcher.ends[1]);
	caught[n > 0 ? n : 0] = '\0';
	return caught;
}

static void before_it_is_opened_nothing_is_written(void **state)
{
	(void)state;
	catch_start();
	log_event(LOG_ERROR, "too.early", "x=%d", 1);
	assert_string_equal(catch_end(), "");
}

static void a_line_has_time_level_program_event_and_fields(void **state)
{
	const char *line;

	(void)state;
	log_open("tester", LOG_INFO);
	catch_start();
	log_event(LOG_WARN, "node.late", "node=%s after_ms=%u", "ab12", 7u);
	line = catch_end();
	assert_int_equal(line[10], 'T');
	assert_int_equal(line[23], 'Z');
	assert_string_equal(line + 24, " warn  tester node.late node=ab12 after_ms=7\n");
}

static void lines_above_the_level_are_not_written(void **state)
{
	(void)state;
	log_open("tester", LOG_WARN);
	catch_start();
	log_event(LOG_INFO, "a", "x=%d", 1);
	log_event(LOG_DEBUG, "b", "x=%d", 1);
	assert_string_equal(catch_end(), "");
	catch_start();
	log_event(LOG_WARN, "c", "x=%d", 1);
	assert_non_null(strstr(catch_end(), " c x=1\n"));
}

static void text_of_a_peer_cannot_forge_a_line(void **state)
{
	const char *line;

	(void)state;
	log_open("tester", LOG_INFO);
	catch_start();
	log_event(LOG_INFO, "peer.said", "text=%s", "a\nfake line\r\x1b[2J\x7f\xc3\xa9\\x0a %n%s");
	line = catch_end();
	assert_non_null(strstr(line, "text=a\\x0afake line\\x0d\\x1b[2J\\x7f\\xc3\\xa9\\x5cx0a %n%s\n"));
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

static void a_long_line_is_cut_and_still_ends(void **state)
{
	char text[3 * LOG_LINE_BYTES];
	const char *line;

	(void)state;
	log_open("tester", LOG_INFO);
	/* A control character becomes four: the worst case of the escape. */
	memset(text, 1, sizeof text - 1);
	text[sizeof text - 1] = '\0';
	catch_start();
	log_event(LOG_INFO, "long", "%s", text);
	line = catch_end();
	assert_true(strlen(line) <= LOG_LINE_BYTES);
	assert_int_equal(line[strlen(line) - 1], '\n');
}

static void levels_are_known_by_their_names_only(void **state)
{
	static const char *const bad[] = {"", "ERROR", "err", "warning", " info", "debug "};
	enum log_level level = LOG_ERROR;

	(void)state;
	assert_true(log_level_parse("debug", &level));
	assert_int_equal(level, LOG_DEBUG);
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(log_level_parse(bad[i], &level));
	assert_int_equal(level, LOG_DEBUG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(before_it_is_opened_nothing_is_written),
		cmocka_unit_test(a_line_has_time_level_program_event_and_fields),
		cmocka_unit_test(lines_above_the_level_are_not_written),
		cmocka_unit_test(text_of_a_peer_cannot_forge_a_line),
		cmocka_unit_test(a_long_line_is_cut_and_still_ends),
		cmocka_unit_test(levels_are_known_by_their_names_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
