/* Chunks of documents, from operators and to them (proto/PROTOCOL.md, 8). */
#include "services/verifier/document.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/base/log.h"
#include "services/verifier/inner.h"

/* Bytes of one commit. */
#define COMMIT_BYTES (4u * CHUNK_MAX)

char *document_key(const uint8_t document[static HASH_BYTES], char out[static DOCUMENT_KEY_BYTES])
{
	char digits[HEX_BYTES(HASH_BYTES)];

	snprintf(out, DOCUMENT_KEY_BYTES, KEY_DOCUMENT "%s",
		hex_encode(span_of(document, HASH_BYTES), digits));
	return out;
}

char *document_piece(uint64_t from, char out[static DOCUMENT_PIECE_BYTES])
{
	snprintf(out, DOCUMENT_PIECE_BYTES, "%u", (unsigned)(from / CHUNK_MAX));
	return out;
}

enum rc document_add_pieces(const uint8_t document[static HASH_BYTES], struct span bytes, size_t from,
	struct store_batch *batch, size_t *out_count)
{
	char key[DOCUMENT_KEY_BYTES];
	size_t count = 0;

	document_key(document, key);
	while (count < COMMIT_BYTES && from + count < bytes.len) {
		char piece[DOCUMENT_PIECE_BYTES];
		size_t left = bytes.len - from - count;
		size_t len = left < CHUNK_MAX ? left : CHUNK_MAX;

		TRY(store_batch_hash_set(batch, key, span_text(document_piece(from + count, piece)),
			span_of(bytes.at + from + count, len)));
		count += len;
	}
	*out_count = count;
	return RC_OK;
}

void document_on_put(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct verifier *verifier = ctx;
	struct err err = {0};
	enum rc rc = RC_IO;

	(void)frame;
	if (shard_is_acting(&verifier->shard))
		rc = uploads_take(&verifier->documents.uploads, &msg->document_put, mono_ms(verifier), &err);
	if (rc == RC_OK)
		answer_ok(verifier, peer, msg->id, NULL);
	else
		answer_error(verifier, peer, msg->id, rc, &err);
}

/* ---- document_get ---- */

struct getting {
	struct verifier *verifier;
	struct peer peer;
	uint64_t id;
	uint8_t document[HASH_BYTES];
	uint64_t size;
	uint64_t from;
};

/* A piece that was altered is found by the reader, who compares the whole with its hash. */
static void on_piece(void *ctx, enum rc rc, struct span value)
{
	struct getting *getting = ctx;
	struct verifier *verifier = getting->verifier;
	struct msg part = {.type = MSG_TYPE_document_part,
		.id = getting->id,
		.document_part = {SPAN(getting->document), getting->size, getting->from, value}};
	struct err err = {0};

	if (!verifier->is_closing && rc != RC_OK) {
		err_set(&err, rc, "%s",
			rc == RC_NOT_FOUND ? "this document is gone from Redis; send the policy again"
					   : store_why(service_store(verifier->service)));
		answer_error(verifier, &getting->peer, getting->id, rc, &err);
	} else if (!verifier->is_closing &&
		   server_send(server_of(verifier), &getting->peer, &part) != RC_OK) {
		log_event(LOG_DEBUG, "answer.unsent", "peer is gone");
	}
	free(getting);
}

static enum rc begin_get(
	struct verifier *verifier, const struct peer *peer, const struct msg *msg, struct err *err)
{
	const struct msg_document_get *get = &msg->document_get;
	const struct policy_entry *entry = policies_find(&verifier->policies, get->document.at);
	struct getting *getting;
	char key[DOCUMENT_KEY_BYTES], piece[DOCUMENT_PIECE_BYTES];
	enum rc rc;

	if (entry == NULL)
		return err_set(err, RC_NOT_FOUND, "no policy has this document; see: limebus policy list");
	if (get->from >= entry->size || get->from % CHUNK_MAX != 0)
		return err_set(err, RC_MALFORMED, "document_get: no chunk begins at byte %llu of %llu",
			(unsigned long long)get->from, (unsigned long long)entry->size);
	getting = calloc(1, sizeof *getting);
	if (getting == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	*getting = (struct getting){
		.verifier = verifier, .peer = *peer, .id = msg->id, .size = entry->size, .from = get->from};
	memcpy(getting->document, entry->hash, HASH_BYTES);
	rc = store_hash_get(service_store(verifier->service), document_key(entry->hash, key),
		span_text(document_piece(get->from, piece)), CHUNK_MAX, on_piece, getting);
	if (rc != RC_OK) {
		free(getting);
		return err_set(err, rc, "Redis: %s", store_why(service_store(verifier->service)));
	}
	return RC_OK;
}

void document_on_get(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct verifier *verifier = ctx;
	struct err err = {0};
	enum rc rc = begin_get(verifier, peer, msg, &err);

	(void)frame;
	if (rc != RC_OK)
		answer_error(verifier, peer, msg->id, rc, &err);
}

/* ---- start and end ---- */

enum rc documents_open(struct verifier *verifier, struct err *err)
{
	return compiler_open(service_loop(verifier->service), &verifier->documents.compiler, err);
}

void documents_stop(struct verifier *verifier)
{
	compiler_close(&verifier->documents.compiler);
}

void documents_release(struct verifier *verifier)
{
	struct documents *documents = &verifier->documents;

	policy_drop_puttings(verifier);
	uploads_release(&documents->uploads);
	region_release(&documents->reading.bytes);
}

void documents_tick(struct verifier *verifier)
{
	struct region forgotten = {0};

	while (uploads_forgotten(&verifier->documents.uploads, mono_ms(verifier), &forgotten)) {
		log_event(LOG_WARN, "document.forgotten", "its sender does not go on; %zu bytes",
			forgotten.len);
		compiler_forget(verifier->documents.compiler, &forgotten);
	}
	if (shard_is_acting(&verifier->shard))
		documents_read(verifier);
}
