/*
 * Documents that operators send in chunks (proto/PROTOCOL.md, 8), until they are whole and somebody takes
 * them. Few, bounded, and forgotten when nothing comes any more.
 */
#ifndef LIMEBUS_VERIFIER_UPLOAD_H
#define LIMEBUS_VERIFIER_UPLOAD_H

#include "lib/base/err.h"
#include "proto/msg.h"
#include "services/verifier/region.h"

#define UPLOADS_MAX        4
#define UPLOADS_BYTES_MAX  (256u << 20) /* of all of them */
#define UPLOAD_PATIENCE_MS 60000

/* Invariant of one that is there: got <= bytes.len; got is whole chunks, or all. */
struct upload {
	uint8_t document[HASH_BYTES];
	struct region bytes;
	size_t got;
	uint64_t last_ms; /* monotonic, of the last chunk */
};

/* {0} is empty. */
struct uploads {
	struct upload slots[UPLOADS_MAX];
};
void uploads_release(struct uploads *uploads);

/*
 * Take a chunk. RC_OK also for one that was taken before. RC_MALFORMED: it is no chunk of this document, or
 * not the next one (the text says which byte is expected); RC_LIMIT: too much is half-finished already.
 */
MUST_USE enum rc uploads_take(
	struct uploads *uploads, const struct msg_document_put *put, uint64_t now_ms, struct err *err);

/* The document of this hash and size, if it is whole; it is taken out, the hash not checked yet.
 * RC_NOT_FOUND: it is not there; RC_STALE: it is not whole. */
MUST_USE enum rc uploads_finish(struct uploads *uploads, const uint8_t document[static HASH_BYTES],
	uint64_t size, struct region *out, struct err *err);

/* One that nothing came for any more is taken out; false: there is none. */
bool uploads_forgotten(struct uploads *uploads, uint64_t now_ms, struct region *out);

#endif
