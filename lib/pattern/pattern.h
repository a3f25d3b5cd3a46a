/*
 * Sets of patterns over names: "does any of them match?". Three languages, none of which can be made to run
 * long by the name it is given:
 *   GLOB         ours (glob.h): the whole name
 *   REGEX_START  a regular expression that matches from the start of the name and may end anywhere in it, as
 *                Python's re.match does: Keylime's excludes
 *   REGEX_FULL   a regular expression that matches the whole name, as re.fullmatch does: Keylime's
 * kernel_cmdline Regular expressions are matched by PCRE2's automaton, which does not backtrack. What it
 * cannot do (back references, \K, conditions, recursion, verbs) is refused by name when the pattern is added.
 */
#ifndef LIMEBUS_PATTERN_PATTERN_H
#define LIMEBUS_PATTERN_PATTERN_H

#include <stdbool.h>

#include "lib/base/err.h"
#include "lib/base/span.h"

enum pattern_kind { PATTERN_GLOB, PATTERN_REGEX_START, PATTERN_REGEX_FULL };

#define PATTERN_MAX      1024  /* bytes of one pattern */
#define PATTERN_SET_MAX  65536 /* patterns of a set */
#define PATTERN_TEXT_MAX 65536 /* bytes of a name; longer ones match nothing */

/* {0} matches nothing. Owns. May be matched by several threads at once. */
struct pattern;
struct pattern_set {
	struct pattern *at;
	size_t count;
	size_t room;
};

void pattern_set_release(struct pattern_set *set);

/* Copies. RC_MALFORMED: not a pattern, with the place; RC_UNSUPPORTED: needs what we do not do, with its
 * name; RC_LIMIT, RC_NOMEM. The set is unchanged then. */
MUST_USE enum rc pattern_set_add(
	struct pattern_set *set, enum pattern_kind kind, struct span text, struct err *err);

/*
 * Sets *out to "one of them matches". Regular expressions match UTF-8: a name that is not is matched by none
 * of them. RC_LIMIT, RC_NOMEM: PCRE2 gave up on one of them and none of the others matches; *out is false.
 */
MUST_USE enum rc pattern_set_match(const struct pattern_set *set, struct span name, bool *out);

/* The pattern's own text: index < count. Borrows. */
struct span pattern_set_text(const struct pattern_set *set, size_t index);

#endif
