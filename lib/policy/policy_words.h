/* Lines in words about what a policy holds. Internal to lib/policy. */
#ifndef LIMEBUS_POLICY_POLICY_WORDS_H
#define LIMEBUS_POLICY_POLICY_WORDS_H

#include "lib/base/blob.h"

/* Append the lead, the text with '?' in place of control characters, and a line's end. */
MUST_USE enum rc policy_line(struct blob *out, const char *lead, struct span text);

/* As printf. Cut at 512 bytes. What the arguments have is printable. */
MUST_USE enum rc policy_line_of(struct blob *out, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
