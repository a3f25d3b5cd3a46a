/*
 * Configuration text: "name = value" lines, blank lines, and lines that start with '#'. A value is what
 * stands between the '=' and the end of its line, without the blanks around it. There are no sections,
 * quotes, escapes, continued lines or comments behind values; what looks like one is refused rather than
 * guessed at.
 */
#ifndef LIMEBUS_CONFIG_KEYVALUE_H
#define LIMEBUS_CONFIG_KEYVALUE_H

#include "lib/base/err.h"
#include "lib/base/span.h"

#define KEYVALUE_NAME_MAX_BYTES  64u
#define KEYVALUE_VALUE_MAX_BYTES 8191u

/* One entry. Owned by value; about 8 KiB, so keep one at a time. */
struct keyvalue {
	unsigned line; /* counted from 1 */
	char name[KEYVALUE_NAME_MAX_BYTES + 1];
	char value[KEYVALUE_VALUE_MAX_BYTES + 1];
};

/* Where a walk through a text stands. Start with {.left = text}; the text must outlive it. */
struct keyvalue_walk {
	struct span left;
	unsigned line;
};

/* The next entry; RC_NOT_FOUND at the end of the text. Anything that is not as above is RC_MALFORMED or
 * RC_LIMIT, with "line N: " and the reason in err. */
MUST_USE enum rc keyvalue_next(struct keyvalue_walk *walk, struct keyvalue *out, struct err *err);

#endif
