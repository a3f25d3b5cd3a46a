#include "lib/policy/explain.h"

#include <stdarg.h>
#include <stdio.h>

#include "lib/base/drop.h"

static const struct {
	const char *wrong;
	const char *next;
} words[] = {
#define FINDING_WORDS(name, wire, wrong, next) {wrong, next},
	FINDING_CHECKS(FINDING_WORDS)
#undef FINDING_WORDS
};

__attribute__((format(printf, 3, 4))) static size_t add(char *out, size_t at, const char *format, ...)
{
	va_list args;
	int len;

	if (at >= EXPLAIN_BYTES)
		return at;
	va_start(args, format);
	len = vsnprintf(out + at, EXPLAIN_BYTES - at, format, args);
	va_end(args);
	return len < 0 ? at : at + (size_t)len;
}

static size_t row_of(enum finding_check check)
{
	return (size_t)check < COUNT(words) ? (size_t)check : FINDING_UNKNOWN;
}

const char *explain_wrong(enum finding_check check)
{
	return words[row_of(check)].wrong;
}

const char *explain_next(enum finding_check check)
{
	return words[row_of(check)].next;
}

char *explain(const struct finding *finding, char out[static EXPLAIN_BYTES])
{
	size_t check = row_of(finding->check);
	const char *separator = ": ";
	size_t at = add(out, 0, "%s", words[check].wrong);

	if (finding->subject[0] != '\0')
		at = add(out, at, " (%s)", finding->subject);
	if (finding->expected[0] != '\0') {
		at = add(out, at, "%sexpected %s", separator, finding->expected);
		separator = ", ";
	}
	if (finding->found[0] != '\0')
		at = add(out, at, "%sfound %s", separator, finding->found);
	add(out, at, ". %s.", words[check].next);
	return out;
}
