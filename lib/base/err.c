#include "lib/base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum rc err_set(struct err *err, enum rc rc, const char *format, ...)
{
	va_list args;

	if (err == NULL)
		return rc;
	err->rc = rc;
	va_start(args, format);
	vsnprintf(err->text, sizeof err->text, format, args);
	va_end(args);
	return rc;
}

enum rc err_wrap(struct err *err, enum rc rc, const char *format, ...)
{
	char old[ERR_TEXT_BYTES];
	va_list args;
	size_t at;

	if (err == NULL)
		return rc;
	memcpy(old, err->text, sizeof old);
	err->rc = rc;
	va_start(args, format);
	vsnprintf(err->text, sizeof err->text, format, args);
	va_end(args);
	at = strlen(err->text);
	snprintf(err->text + at, sizeof err->text - at, "%s", old[0] != '\0' ? old : rc_words(rc));
	return rc;
}

static enum rc rc_of_errno(int code)
{
	switch (code) {
	case ENOENT: return RC_NOT_FOUND;
	case EACCES:
	case EPERM: return RC_DENIED;
	case ENOMEM: return RC_NOMEM;
	case EEXIST: return RC_EXISTS;
	default: return RC_IO;
	}
}

enum rc err_errno(struct err *err, const char *format, ...)
{
	int code = errno;
	va_list args;
	size_t at;

	if (err == NULL)
		return rc_of_errno(code);
	err->rc = rc_of_errno(code);
	va_start(args, format);
	vsnprintf(err->text, sizeof err->text, format, args);
	va_end(args);
	at = strlen(err->text);
	snprintf(err->text + at, sizeof err->text - at, ": %s", strerror(code));
	return err->rc;
}
