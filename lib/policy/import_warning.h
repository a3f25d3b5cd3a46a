/* What an import has to tell about a policy that was made elsewhere: its meaning is kept, and where that
 * meaning is unsafe a sentence says so and names the stricter form. */
#ifndef LIMEBUS_POLICY_IMPORT_WARNING_H
#define LIMEBUS_POLICY_IMPORT_WARNING_H

#include "lib/base/blob.h"

#define IMPORT_WARNINGS_MAX      64  /* kept; further ones are counted only */
#define IMPORT_WARNING_MAX_BYTES 512 /* longer ones are cut */

/* {0} is empty. Owns. */
struct import_warnings {
	struct blob texts; /* each with its NUL */
	size_t kept;
	size_t count;
};
void import_warnings_release(struct import_warnings *warnings);

/* Add one; the same text a second time is dropped. warnings may be NULL: nobody wants them. Control
 * characters become '?'. RC_NOMEM. */
MUST_USE enum rc import_warn(struct import_warnings *warnings, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The next text: NULL gives the first, and NULL is returned behind the last.
 *   for (const char *text = import_warning(&w, NULL); text != NULL; text = import_warning(&w, text)) */
const char *import_warning(const struct import_warnings *warnings, const char *before);

#endif
