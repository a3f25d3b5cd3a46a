/*
 * Our pattern language for names. A glob matches the whole name, byte for byte:
 *   *      any bytes but '/', also none          ?      one byte, not '/'
 *   **     any bytes, also none                  [a-z]  one byte of these, never '/'; [!a-z] one of the
 * others \x     the byte x itself A component "**" may be none at all: '/', "**" and '/' in a row match a
 * single '/' too. Time is at most (bytes of the glob) times (bytes of the name): nothing is ever tried twice.
 */
#ifndef LIMEBUS_PATTERN_GLOB_H
#define LIMEBUS_PATTERN_GLOB_H

#include <stdbool.h>

#include "lib/base/err.h"
#include "lib/base/span.h"

#define GLOB_MAX 1024

struct glob;

/* RC_MALFORMED for an empty glob, a '[' without its ']', an empty or falling range, a '\' at the end;
 * RC_LIMIT above GLOB_MAX bytes; RC_NOMEM. */
MUST_USE enum rc glob_parse(struct span text, struct glob **out, struct err *err);
void glob_free(struct glob *glob);

bool glob_match(const struct glob *glob, struct span name);

#endif
