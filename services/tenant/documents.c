#include "services/tenant/documents.h"

#include "lib/crypto/digest.h"

enum rc documents_put(
	struct session *session, const uint8_t hash[static HASH_BYTES], struct span document, struct err *err)
{
	for (size_t from = 0; from < document.len; from += CHUNK_MAX) {
		DROP(answer_release) struct answer answer = {0};
		size_t left = document.len - from;
		struct msg put = {.type = MSG_TYPE_document_put,
			.document_put = {span_of(hash, HASH_BYTES), document.len, from,
				span_of(document.at + from, left < CHUNK_MAX ? left : CHUNK_MAX)}};

		TRY(session_ask(session, ROLE_VERIFIER, &put, MSG_TYPE_ok, &answer, err));
	}
	return RC_OK;
}

static enum rc get_part(struct session *session, const uint8_t hash[static HASH_BYTES], uint64_t size,
	struct blob *out, struct err *err)
{
	DROP(answer_release) struct answer answer = {0};
	const struct msg_document_part *part = &answer.msg.document_part;
	struct msg get = {
		.type = MSG_TYPE_document_get, .document_get = {span_of(hash, HASH_BYTES), out->len}};
	uint64_t left = size - out->len;

	TRY(session_ask(session, ROLE_VERIFIER, &get, MSG_TYPE_document_part, &answer, err));
	if (!span_equal(part->document, span_of(hash, HASH_BYTES)) || part->size != size ||
		part->from != out->len || part->bytes.len != (left < CHUNK_MAX ? left : CHUNK_MAX))
		return err_set(err, RC_DENIED, "the verifier answers with another part of the document");
	return blob_append(out, part->bytes);
}

enum rc documents_get(struct session *session, const uint8_t hash[static HASH_BYTES], uint64_t size,
	struct blob *out, struct err *err)
{
	DROP(blob_release) struct blob document = {0};
	uint8_t found[HASH_BYTES];

	if (size == 0 || size > DOCUMENT_MAX)
		return err_set(err, RC_LIMIT, "a document of %llu bytes", (unsigned long long)size);
	while (document.len < size)
		TRY(get_part(session, hash, size, &document, err));
	TRY(digest_bytes(DIGEST_SHA256, blob_span(&document), found));
	if (!digest_equal(SPAN(found), span_of(hash, HASH_BYTES)))
		return err_set(
			err, RC_DENIED, "the document of this policy was altered; send the policy again");
	return blob_append(out, blob_span(&document));
}
