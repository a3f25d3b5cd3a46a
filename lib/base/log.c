#include "lib/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/clock.h"

/* The log sink is one of the two globals of a program (the other is its signal flag). */
static struct {
	const char *program;
	enum log_level level;
} sink;

static const char *const level_names[] = {"error", "warn", "info", "debug"};

void log_open(const char *program, enum log_level level)
{
	sink.program = program;
	sink.level = level;
}

bool log_level_parse(const char *text, enum log_level *out)
{
	for (unsigned i = 0; i < sizeof level_names / sizeof level_names[0]; i++) {
		if (strcmp(text, level_names[i]) == 0) {
			*out = (enum log_level)i;
			return true;
		}
	}
	return false;
}

/* Copy text to line from `at`, escaping what is not printable ASCII; stops where it no longer fits. */
static size_t escape(char line[LOG_LINE_BYTES], size_t at, const char *text)
{
	static const char digits[] = "0123456789abcdef";

	for (const unsigned char *c = (const unsigned char *)text; *c != '\0' && at < LOG_LINE_BYTES - 6;
		c++) {
		if (*c >= 0x20 && *c < 0x7f && *c != '\\') {
			line[at++] = (char)*c;
			continue;
		}
		line[at++] = '\\';
		line[at++] = 'x';
		line[at++] = digits[*c >> 4];
		line[at++] = digits[*c & 15];
	}
	return at;
}

void log_event(enum log_level level, const char *event, const char *format, ...)
{
	char text[LOG_LINE_BYTES];
	char line[LOG_LINE_BYTES];
	char when[CLOCK_TEXT_BYTES];
	va_list args;
	size_t at;
	int head;

	if (sink.program == NULL || level > sink.level)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	clock_text(clock_wall_ms(clock_system()), when);
	head = snprintf(
		line, sizeof line / 2, "%s %-5s %s %s ", when, level_names[level], sink.program, event);
	if (head < 0)
		return;
	at = (size_t)head < sizeof line / 2 ? (size_t)head : sizeof line / 2 - 1;
	at = escape(line, at, text);
	line[at++] = '\n';
	/* Nothing can be done about a log that cannot be written. */
	if (write(STDERR_FILENO, line, at) < 0)
		return;
}
