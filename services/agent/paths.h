/* Names of files below the agent's folders. */
#ifndef LIMEBUS_AGENT_PATHS_H
#define LIMEBUS_AGENT_PATHS_H

#include "lib/base/drop.h"
#include "lib/base/err.h"
#include "lib/base/span.h"

#define PATH_BYTES 4200

/* "<folder>/<name>"; RC_LIMIT if it is longer than PATH_BYTES. */
MUST_USE enum rc path_in(const char *folder, const char *name, char out[static PATH_BYTES], struct err *err);

/*
 * May a payload have a file of this name? PURE. Relative, of at most 16 components of 1 to 255 bytes each,
 * none of them "." or "..", no NUL, no backslash, no control characters; a slash at the end is allowed (tar
 * writes folders so).
 */
bool path_is_inside(struct span name);

/* As above, and it is a single component. */
bool path_is_plain(struct span name);

#endif
