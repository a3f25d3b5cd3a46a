#include "lib/policy/policy_words.h"

#include <stdarg.h>
#include <stdio.h>

#define LINE_BYTES 512

enum rc policy_line(struct blob *out, const char *lead, struct span text)
{
	size_t start;

	TRY(blob_append(out, span_text(lead)));
	start = out->len;
	TRY(blob_append(out, text));
	for (size_t i = start; i < out->len; i++)
		if (out->at[i] < ' ' || out->at[i] == 0x7f)
			out->at[i] = '?';
	return blob_append(out, span_text("\n"));
}

enum rc policy_line_of(struct blob *out, const char *format, ...)
{
	char text[LINE_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	return policy_line(out, "", span_text(text));
}
