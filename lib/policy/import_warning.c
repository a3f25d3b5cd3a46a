#include "lib/policy/import_warning.h"

#include <stdarg.h>
#include <stdio.h>

void import_warnings_release(struct import_warnings *warnings)
{
	blob_release(&warnings->texts);
	*warnings = (struct import_warnings){0};
}

const char *import_warning(const struct import_warnings *warnings, const char *before)
{
	const char *next = (const char *)warnings->texts.at;

	if (warnings->texts.len == 0)
		return NULL;
	if (before != NULL)
		next = before + strlen(before) + 1;
	return next < (const char *)warnings->texts.at + warnings->texts.len ? next : NULL;
}

static bool is_known(const struct import_warnings *warnings, const char *text)
{
	const char *known = import_warning(warnings, NULL);

	while (known != NULL && strcmp(known, text) != 0)
		known = import_warning(warnings, known);
	return known != NULL;
}

enum rc import_warn(struct import_warnings *warnings, const char *format, ...)
{
	char text[IMPORT_WARNING_MAX_BYTES];
	va_list args;

	if (warnings == NULL)
		return RC_OK;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	for (char *c = text; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	if (is_known(warnings, text))
		return RC_OK;
	warnings->count++;
	if (warnings->kept == IMPORT_WARNINGS_MAX)
		return RC_OK;
	TRY(blob_append(&warnings->texts, span_of(text, strlen(text) + 1)));
	warnings->kept++;
	return RC_OK;
}
