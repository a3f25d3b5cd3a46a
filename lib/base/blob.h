/* Owned bytes that are wiped when they are released, grown or emptied: any of them may be secret. */
#ifndef LIMEBUS_BASE_BLOB_H
#define LIMEBUS_BASE_BLOB_H

#include "lib/base/drop.h"
#include "lib/base/rc.h"
#include "lib/base/span.h"

/* {0} is an empty blob. Invariant: len <= room; at is NULL only if room is 0. */
struct blob {
	uint8_t *at;
	size_t len;
	size_t room;
};

/* Wipe and free; the blob is empty afterwards. Accepts an empty one. */
void blob_release(struct blob *blob);

/* Wipe the content and keep the room. */
void blob_clear(struct blob *blob);

/* Make room for `more` further bytes. The old memory is wiped when the content moves. Errors: RC_NOMEM,
 * RC_LIMIT. */
MUST_USE enum rc blob_reserve(struct blob *blob, size_t more);

/* Append a copy. `bytes` must not lie inside the blob. */
MUST_USE enum rc blob_append(struct blob *blob, struct span bytes);

/* Replace the content with a copy. */
MUST_USE enum rc blob_copy(struct blob *blob, struct span bytes);

/* Set the length to len; new bytes are zero. */
MUST_USE enum rc blob_resize(struct blob *blob, size_t len);

static inline struct span blob_span(const struct blob *blob)
{
	return (struct span){blob->at, blob->len};
}

/* Wipe memory in a way that the compiler keeps. */
void wipe(void *at, size_t len);

/* DROP(secret32_release) struct secret32 k = {0}; a 256-bit secret that wipes itself. */
struct secret32 {
	uint8_t bytes[32];
};
void secret32_release(struct secret32 *secret);

#endif
