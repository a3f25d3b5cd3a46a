#include "lib/trust/payload.h"

#include "lib/crypto/aead.h"

#define AAD_BYTES (NODE_ID_BYTES + 8)

/* nonce: last-flag(1) | zeros(3) | index(8) */
static void place_nonce(struct payload_place place, uint8_t out[static AEAD_NONCE_BYTES])
{
	memset(out, 0, AEAD_NONCE_BYTES);
	out[0] = place.last ? 1 : 0;
	for (size_t i = 0; i < 8; i++)
		out[4 + i] = (uint8_t)(place.index >> (56 - 8 * i));
}

static void who_aad(struct share_for who, uint8_t out[static AAD_BYTES])
{
	memcpy(out, who.node, NODE_ID_BYTES);
	for (size_t i = 0; i < 8; i++)
		out[NODE_ID_BYTES + i] = (uint8_t)(who.number >> (56 - 8 * i));
}

static enum rc check_size(struct payload_place place, size_t plain, struct err *err)
{
	if (plain == 0 || plain > PAYLOAD_PLAIN_BYTES || (!place.last && plain != PAYLOAD_PLAIN_BYTES))
		return err_set(err, RC_LIMIT, "payload chunk %llu: %zu bytes, expected %s%d",
			(unsigned long long)place.index, plain, place.last ? "1 to " : "",
			PAYLOAD_PLAIN_BYTES);
	return RC_OK;
}

enum rc payload_seal(const struct secret32 *kb, struct share_for who, struct payload_place place,
	struct span plain, struct blob *out, struct err *err)
{
	uint8_t nonce[AEAD_NONCE_BYTES];
	uint8_t aad[AAD_BYTES];

	TRY(check_size(place, plain.len, err));
	place_nonce(place, nonce);
	who_aad(who, aad);
	return aead_seal(kb->bytes, nonce, SPAN(aad), plain, out, err);
}

enum rc payload_open(const struct secret32 *kb, struct share_for who, struct payload_place place,
	struct span sealed, struct blob *out, struct err *err)
{
	uint8_t nonce[AEAD_NONCE_BYTES];
	uint8_t aad[AAD_BYTES];

	if (sealed.len < AEAD_TAG_BYTES)
		return err_set(err, RC_MALFORMED, "payload chunk %llu: %zu bytes are too few",
			(unsigned long long)place.index, sealed.len);
	TRY(check_size(place, sealed.len - AEAD_TAG_BYTES, err));
	place_nonce(place, nonce);
	who_aad(who, aad);
	return aead_open(kb->bytes, nonce, SPAN(aad), sealed, out, err);
}

uint64_t payload_chunks(uint64_t size)
{
	return size / CHUNK_MAX + (size % CHUNK_MAX != 0);
}
