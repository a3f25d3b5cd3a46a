/* One regular expression of Python's kind. Internal to lib/pattern, whose pattern.h says what they match. */
#ifndef LIMEBUS_PATTERN_REGEX_H
#define LIMEBUS_PATTERN_REGEX_H

#include "lib/pattern/pattern.h"

struct regex;

/* kind: PATTERN_REGEX_START or PATTERN_REGEX_FULL. Errors as pattern_set_add. */
MUST_USE enum rc regex_parse(enum pattern_kind kind, struct span text, struct regex **out, struct err *err);
void regex_free(struct regex *regex);

/* RC_LIMIT, RC_NOMEM: PCRE2 gave up. */
MUST_USE enum rc regex_match(const struct regex *regex, struct span name, bool *out);

/* Refuses by name what the automaton cannot do, what PCRE2 does in addition to Python, and what the two
 * understand differently. */
MUST_USE enum rc regex_check(struct span text, struct err *err);

#endif
