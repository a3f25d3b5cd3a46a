/* Error text for people: what was named, what was expected, what was found, what to do. */
#ifndef LIMEBUS_BASE_ERR_H
#define LIMEBUS_BASE_ERR_H

#include "lib/base/rc.h"

#define ERR_TEXT_BYTES 512

/* Zero means no error. The text is UTF-8, cut at ERR_TEXT_BYTES. */
struct err {
	enum rc rc;
	char text[ERR_TEXT_BYTES];
};

/* Write the text and the code, return the code. err may be NULL: then nobody wants the text. */
enum rc err_set(struct err *err, enum rc rc, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Put context in front of the text that is there: "reading roster: " + "file not found". Returns err's code.
 */
enum rc err_wrap(struct err *err, enum rc rc, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* As err_set, with ": " and strerror(errno) at the end; RC_NOT_FOUND for ENOENT, RC_DENIED for EACCES and
 * EPERM, RC_NOMEM for ENOMEM, else RC_IO. */
enum rc err_errno(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
