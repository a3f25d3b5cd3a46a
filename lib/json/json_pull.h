/*
 * Reads JSON piece by piece, without making values of it: for objects that are too large for lib/json/json.h.
 * As strict about what it reads; what it skips, it does not check. Errors name line and column.
 *
 *   DROP(json_pull_release) struct json_pull pull = {.text = text};
 *   TRY(json_pull_open(&pull, '{', err));
 *   for (size_t i = 0;; i++) {
 *     TRY(json_pull_more(&pull, '}', i, &more, err));
 *     if (!more) break;
 *     TRY(json_pull_key(&pull, MAX, &key, err));
 *     TRY(json_pull_skip(&pull, err));
 *   }
 *
 * Keys that stand twice are the caller's to find.
 */
#ifndef LIMEBUS_JSON_JSON_PULL_H
#define LIMEBUS_JSON_JSON_PULL_H

#include "lib/base/blob.h"
#include "lib/base/err.h"

/* Borrows the text; owns scratch, where texts with escapes are put together. at is the next byte. */
struct json_pull {
	struct span text;
	size_t at;
	struct blob scratch;
};
void json_pull_release(struct json_pull *pull);

/* The next byte that is not white space, which stays; 0 at the end. */
uint8_t json_pull_peek(struct json_pull *pull);

/* '{' or '['. */
MUST_USE enum rc json_pull_open(struct json_pull *pull, char opener, struct err *err);

/* Is there another member or item, after `index` of them? Reads the comma, or the closer. */
MUST_USE enum rc json_pull_more(
	struct json_pull *pull, char closer, size_t index, bool *out, struct err *err);

/*
 * A text of at most max bytes: RC_LIMIT. Valid UTF-8 without NUL, control characters and half surrogate
 * pairs. *out borrows from the text, or from the reader until its next call. json_pull_key reads the colon
 * too.
 */
MUST_USE enum rc json_pull_text(struct json_pull *pull, size_t max, struct span *out, struct err *err);
MUST_USE enum rc json_pull_key(struct json_pull *pull, size_t max, struct span *out, struct err *err);

/* Over one value of any kind, which is looked at only as far as finding its end needs. */
MUST_USE enum rc json_pull_skip(struct json_pull *pull, struct err *err);

/* Over white space to the end of the text. RC_MALFORMED if there is more. */
MUST_USE enum rc json_pull_end(struct json_pull *pull, struct err *err);

/* An error at the place `at`: "line 3, column 7: " and the text. Returns rc. */
enum rc json_pull_fail(const struct json_pull *pull, size_t at, struct err *err, enum rc rc,
	const char *format, ...) __attribute__((format(printf, 5, 6)));

#endif
