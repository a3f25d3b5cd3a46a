#include "services/verifier/upload.h"

static struct upload *find(struct uploads *uploads, const uint8_t document[static HASH_BYTES])
{
	for (size_t i = 0; i < UPLOADS_MAX; i++)
		if (uploads->slots[i].bytes.len != 0 &&
			memcmp(uploads->slots[i].document, document, HASH_BYTES) == 0)
			return &uploads->slots[i];
	return NULL;
}

static void take_out(struct upload *upload, struct region *out)
{
	*out = upload->bytes;
	*upload = (struct upload){0};
}

void uploads_release(struct uploads *uploads)
{
	for (size_t i = 0; i < UPLOADS_MAX; i++)
		region_release(&uploads->slots[i].bytes);
}

static enum rc begin(
	struct uploads *uploads, const struct msg_document_put *put, struct upload **out, struct err *err)
{
	struct upload *upload = NULL;
	uint64_t taken = 0;

	for (size_t i = 0; i < UPLOADS_MAX; i++) {
		taken += uploads->slots[i].bytes.len;
		if (uploads->slots[i].bytes.len == 0)
			upload = &uploads->slots[i];
	}
	if (upload == NULL || put->size > UPLOADS_BYTES_MAX - taken)
		return err_set(
			err, RC_LIMIT, "too many documents are half-finished already; try again in a minute");
	if (region_open((size_t)put->size, &upload->bytes) != RC_OK)
		return err_set(err, RC_NOMEM, "out of memory");
	memcpy(upload->document, put->document.at, HASH_BYTES);
	*out = upload;
	return RC_OK;
}

/* Whole chunks at their places, and nothing behind the end. */
static bool is_chunk(const struct msg_document_put *put)
{
	if (put->from % CHUNK_MAX != 0 || put->from > put->size || put->bytes.len > put->size - put->from)
		return false;
	return put->bytes.len == CHUNK_MAX || put->bytes.len == put->size - put->from;
}

enum rc uploads_take(
	struct uploads *uploads, const struct msg_document_put *put, uint64_t now_ms, struct err *err)
{
	struct upload *upload = find(uploads, put->document.at);

	if (!is_chunk(put))
		return err_set(err, RC_MALFORMED, "document: chunks have %d bytes, the last one what is left",
			CHUNK_MAX);
	if (upload != NULL && upload->bytes.len != put->size)
		return err_set(err, RC_MALFORMED, "document: it had %zu bytes before", upload->bytes.len);
	if (upload == NULL && put->from != 0)
		return err_set(err, RC_MALFORMED, "document: byte 0 is expected, not %llu",
			(unsigned long long)put->from);
	if (upload == NULL)
		TRY(begin(uploads, put, &upload, err));
	if (put->from > upload->got)
		return err_set(err, RC_MALFORMED, "document: byte %zu is expected, not %llu", upload->got,
			(unsigned long long)put->from);
	upload->last_ms = now_ms;
	if (put->from < upload->got)
		return RC_OK;
	memcpy(upload->bytes.at + upload->got, put->bytes.at, put->bytes.len);
	upload->got += put->bytes.len;
	return RC_OK;
}

enum rc uploads_finish(struct uploads *uploads, const uint8_t document[static HASH_BYTES], uint64_t size,
	struct region *out, struct err *err)
{
	struct upload *upload = find(uploads, document);

	if (upload == NULL)
		return err_set(err, RC_NOT_FOUND, "the document of this policy is not here yet");
	if (upload->bytes.len != size)
		return err_set(err, RC_MALFORMED, "document: it has %zu bytes, the policy says %llu",
			upload->bytes.len, (unsigned long long)size);
	if (upload->got != upload->bytes.len)
		return err_set(err, RC_STALE, "document: only %zu of %zu bytes have come", upload->got,
			upload->bytes.len);
	take_out(upload, out);
	return RC_OK;
}

bool uploads_forgotten(struct uploads *uploads, uint64_t now_ms, struct region *out)
{
	for (size_t i = 0; i < UPLOADS_MAX; i++) {
		struct upload *upload = &uploads->slots[i];

		if (upload->bytes.len == 0 || now_ms - upload->last_ms < UPLOAD_PATIENCE_MS)
			continue;
		take_out(upload, out);
		return true;
	}
	return false;
}
