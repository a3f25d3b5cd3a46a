/*
 * Writes JSON into a blob, in the order of the calls. After a failure all further calls do nothing, and
 * json_write_end tells of it: struct json_write w = json_write_begin(&blob, JSON_PRETTY);
 *   json_write_object(&w, NULL);
 *   json_write_text(&w, "name", span_text("web"));
 *   json_write_close(&w);
 *   TRY(json_write_end(&w));
 * key is NULL for items of arrays and for the outermost value.
 */
#ifndef LIMEBUS_JSON_JSON_WRITE_H
#define LIMEBUS_JSON_JSON_WRITE_H

#include "lib/base/blob.h"

#define JSON_WRITE_DEPTH_MAX 16

/* COMPACT is one line without spaces; PRETTY is indented by two spaces and ends with a newline. */
enum json_style { JSON_COMPACT, JSON_PRETTY };

/* Borrows the blob and appends to it. */
struct json_write {
	struct blob *out;
	enum json_style style;
	enum rc rc;
	size_t depth;
	bool filled[JSON_WRITE_DEPTH_MAX + 1];
	char closer[JSON_WRITE_DEPTH_MAX + 1];
};

struct json_write json_write_begin(struct blob *out, enum json_style style);

void json_write_object(struct json_write *w, const char *key);
void json_write_array(struct json_write *w, const char *key);
/* Close the innermost object or array. */
void json_write_close(struct json_write *w);

/* Quotes, control characters and backslashes are escaped; bytes that are not UTF-8 become U+FFFD, one each.
 */
void json_write_text(struct json_write *w, const char *key, struct span text);
void json_write_cstr(struct json_write *w, const char *key, const char *text);
void json_write_u64(struct json_write *w, const char *key, uint64_t value);
void json_write_bool(struct json_write *w, const char *key, bool value);
void json_write_null(struct json_write *w, const char *key);
/* Lower-case hexadecimal text. */
void json_write_hex(struct json_write *w, const char *key, struct span bytes);

/*
 * RC_OK if all went well and all that was opened is closed. RC_MALFORMED for a misuse (an unclosed object, a
 * key in an array or none in an object, two outermost values), RC_LIMIT for a depth over
 * JSON_WRITE_DEPTH_MAX, RC_NOMEM.
 */
MUST_USE enum rc json_write_end(struct json_write *w);

#endif
