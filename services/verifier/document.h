/*
 * The documents of policies: sent by operators in chunks, kept in Redis under their hash (lb:document:<hex>,
 * a hash of pieces "0", "1", … of CHUNK_MAX bytes), compiled by a thread. Redis is not believed: what is read
 * is compared with the hash that an operator signed. Nothing here takes longer than one chunk at a time.
 */
#ifndef LIMEBUS_VERIFIER_DOCUMENT_H
#define LIMEBUS_VERIFIER_DOCUMENT_H

#include "lib/store/batch.h"
#include "services/verifier/compiler.h"
#include "services/verifier/upload.h"

#define KEY_DOCUMENT       "lb:document:"
#define DOCUMENT_KEY_BYTES 80
#define DOCUMENT_PUTS_MAX  8 /* policies on their way into Redis */

struct verifier;
struct putting;

/* The document that is being read from Redis; at most one. */
struct reading {
	bool is_going;
	uint8_t document[HASH_BYTES];
	uint64_t generation; /* of the load that it belongs to */
	uint64_t size;
	size_t got;
	bool looks_only; /* it is compiled already: is its end still there? */
	struct region bytes;
};

struct documents {
	struct uploads uploads;
	struct compiler *compiler;
	struct reading reading;
	struct putting *puttings[DOCUMENT_PUTS_MAX];
};

MUST_USE enum rc documents_open(struct verifier *verifier, struct err *err);
/* At the end: before the loop goes, and when nothing calls back any more. */
void documents_stop(struct verifier *verifier);
void documents_release(struct verifier *verifier);

/* After a load: look for the documents of all policies, one after the other. */
void documents_read(struct verifier *verifier);

/* Once a second. */
void documents_tick(struct verifier *verifier);

/* "lb:document:<hex>", and "17" for piece 17. */
char *document_key(const uint8_t document[static HASH_BYTES], char out[static DOCUMENT_KEY_BYTES]);
#define DOCUMENT_PIECE_BYTES 12
char *document_piece(uint64_t from, char out[static DOCUMENT_PIECE_BYTES]);

/* The bytes of a document from `from` on, a few chunks of them, as pieces in the batch; returns how many. */
MUST_USE enum rc document_add_pieces(const uint8_t document[static HASH_BYTES], struct span bytes,
	size_t from, struct store_batch *batch, size_t *out_count);

#endif
