#include "lib/follow/kept.h"

#include "lib/crypto/digest.h"

enum rc kept_begin(struct blob *out, const char *title)
{
	blob_clear(out);
	return blob_append(out, span_text(title));
}

enum rc kept_put_u64(struct blob *out, uint64_t value)
{
	uint8_t bytes[8];

	for (unsigned i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(value >> (56 - 8 * i));
	return blob_append(out, SPAN(bytes));
}

enum rc kept_put_place(struct blob *out, const struct notice_place *place)
{
	TRY(kept_put_u64(out, place->seq));
	TRY(kept_put_u64(out, place->time));
	return blob_append(out, SPAN(place->hash));
}

enum rc kept_seal(struct blob *out)
{
	uint8_t hash[HASH_BYTES];

	TRY(digest_bytes(DIGEST_SHA256, blob_span(out), hash));
	return blob_append(out, SPAN(hash));
}

enum rc kept_open(struct span bytes, const char *title, struct span *content)
{
	uint8_t hash[HASH_BYTES];
	size_t title_len = strlen(title);
	struct span sealed;

	if (bytes.len < title_len + HASH_BYTES || !span_equal(span_of(bytes.at, title_len), span_text(title)))
		return RC_MALFORMED;
	sealed = span_of(bytes.at, bytes.len - HASH_BYTES);
	TRY(digest_bytes(DIGEST_SHA256, sealed, hash));
	if (!span_equal(SPAN(hash), span_of(bytes.at + sealed.len, HASH_BYTES)))
		return RC_MALFORMED;
	*content = span_of(bytes.at + title_len, sealed.len - title_len);
	return RC_OK;
}

enum rc kept_take(struct span *content, size_t len, struct span *out)
{
	if (content->len < len)
		return RC_MALFORMED;
	*out = span_of(content->at, len);
	content->at += len;
	content->len -= len;
	return RC_OK;
}

enum rc kept_take_u64(struct span *content, uint64_t *out)
{
	struct span bytes;

	TRY(kept_take(content, 8, &bytes));
	*out = 0;
	for (unsigned i = 0; i < 8; i++)
		*out = *out << 8 | bytes.at[i];
	return RC_OK;
}

enum rc kept_take_place(struct span *content, struct notice_place *out)
{
	struct span hash;

	TRY(kept_take_u64(content, &out->seq));
	TRY(kept_take_u64(content, &out->time));
	TRY(kept_take(content, HASH_BYTES, &hash));
	memcpy(out->hash, hash.at, HASH_BYTES);
	return RC_OK;
}
