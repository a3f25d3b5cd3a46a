/* What lib/follow keeps on the disk, in one form: a line that says what it is, the content, and SHA-256 of
 * both. A bit that fell over is found out; who can write the folder can write anything. PURE. */
#ifndef LIMEBUS_FOLLOW_KEPT_H
#define LIMEBUS_FOLLOW_KEPT_H

#include "lib/base/blob.h"
#include "lib/trust/notice.h"

#define KEPT_PLACE_BYTES (8 + 8 + HASH_BYTES)

/* Begin with the title; then append the content; then seal. */
MUST_USE enum rc kept_begin(struct blob *out, const char *title);
MUST_USE enum rc kept_put_u64(struct blob *out, uint64_t value);
MUST_USE enum rc kept_put_place(struct blob *out, const struct notice_place *place);
MUST_USE enum rc kept_seal(struct blob *out);

/* The content of sealed bytes. RC_MALFORMED: another title, or another hash. */
MUST_USE enum rc kept_open(struct span bytes, const char *title, struct span *content);

/* Take from the front. RC_MALFORMED: too short. */
MUST_USE enum rc kept_take(struct span *content, size_t len, struct span *out);
MUST_USE enum rc kept_take_u64(struct span *content, uint64_t *out);
MUST_USE enum rc kept_take_place(struct span *content, struct notice_place *out);

#endif
