#include "lib/policy/boot_lines.h"

#include <stdarg.h>
#include <stdio.h>

#define LINE_BYTES 1024

static void put(struct boot_lines *lines, const char *text)
{
	const char *const pieces[] = {lines->prefix, text, "\n"};

	for (size_t i = 0; i < COUNT(pieces) && lines->rc == RC_OK; i++)
		lines->rc = blob_append(lines->out, span_text(pieces[i]));
}

void boot_line(struct boot_lines *lines, const char *format, ...)
{
	char text[LINE_BYTES];
	va_list args;

	if (lines->count++ >= lines->max)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	put(lines, text);
}

enum rc boot_lines_end(struct boot_lines *lines)
{
	char text[LINE_BYTES];

	if (lines->count > lines->max) {
		snprintf(text, sizeof text, "... and %zu more", lines->count - lines->max);
		put(lines, text);
	}
	return lines->rc;
}
