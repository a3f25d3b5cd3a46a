/*
 * Reads JSON that somebody else wrote. Sizes, depth and number of values are bounded before anything is
 * allocated; duplicate keys, invalid UTF-8, NULs in text and anything after the value are refused. Getters
 * name the place in their errors: "pcrs.sha256.0[1]: expected lower-case hex of 32 bytes, found text "zz"".
 */
#ifndef LIMEBUS_JSON_JSON_H
#define LIMEBUS_JSON_JSON_H

#include "lib/base/err.h"
#include "lib/base/span.h"

struct json_limits {
	size_t bytes;  /* of the whole text */
	size_t depth;  /* of nested objects and arrays */
	size_t values; /* of all kinds, counted over the whole text */
};

/* Owns the parsed values. {0} is empty. */
struct json_doc {
	void *root;
};

#define JSON_PATH_BYTES 192

/* One value in a document, and the path to it. Borrows from the document; plain to copy. */
struct json {
	const void *node;
	char path[JSON_PATH_BYTES];
};

enum json_kind {
	JSON_KIND_NULL,
	JSON_KIND_BOOL,
	JSON_KIND_NUMBER,
	JSON_KIND_TEXT,
	JSON_KIND_ARRAY,
	JSON_KIND_OBJECT
};

/* RC_MALFORMED names line and column, RC_LIMIT the limit. The outermost value must be an object or an array.
 */
MUST_USE enum rc json_parse(
	struct span text, const struct json_limits *limits, struct json_doc *out, struct err *err);
void json_doc_release(struct json_doc *doc);

/* The outermost value; the document must have been parsed. */
struct json json_root(const struct json_doc *doc);

enum json_kind json_kind(const struct json *value);

/* RC_MALFORMED unless the value is of this kind: "path: expected an object, found a number". */
MUST_USE enum rc json_expect(const struct json *value, enum json_kind kind, struct err *err);

/* An error about this value: "path: " and the text. Returns rc. */
enum rc json_fail(const struct json *value, struct err *err, enum rc rc, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* A member of an object. json_get: RC_NOT_FOUND, with a path in the text, if it is not there. */
bool json_has(const struct json *object, const char *key, struct json *out);
MUST_USE enum rc json_get(const struct json *object, const char *key, struct json *out, struct err *err);

/* Every key must be one of `known`, which ends with NULL: "pcrs.sha265: unknown key; known are …". */
MUST_USE enum rc json_only(const struct json *object, const char *const *known, struct err *err);

/* Number of members or items; 0 for other kinds. */
size_t json_count(const struct json *value);

/* Item `index` of an array; RC_NOT_FOUND beyond its end. */
MUST_USE enum rc json_item(const struct json *array, size_t index, struct json *out, struct err *err);

/*
 * Members in the order in which they were written.
 *   struct json_walk walk = {0};
 *   while (json_walk(&object, &walk)) … walk.key, walk.value …
 */
struct json_walk {
	void *at;
	const char *key;
	struct json value;
};
bool json_walk(const struct json *object, struct json_walk *walk);

/* Values. text borrows from the document, has no NUL inside and is valid UTF-8; at[len] is NUL. */
MUST_USE enum rc json_text(const struct json *value, size_t max_bytes, struct span *out, struct err *err);
MUST_USE enum rc json_bool(const struct json *value, bool *out, struct err *err);
/* A whole number between min and max, which are at most INT64_MAX. */
MUST_USE enum rc json_u64(
	const struct json *value, uint64_t min, uint64_t max, uint64_t *out, struct err *err);
/* Lower-case hexadecimal of exactly len bytes. */
MUST_USE enum rc json_hex(const struct json *value, uint8_t *out, size_t len, struct err *err);

#endif
