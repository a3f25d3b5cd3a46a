#include "lib/crypto/aead.h"

#include "lib/crypto/algorithms.h"
#include "lib/crypto/sealing.h"

_Static_assert(AEAD_TAG_BYTES == SEALING_TAG_BYTES, "one tag length");

static enum rc check_lengths(struct span aad, struct span text, size_t max, struct err *err)
{
	if (aad.len > AEAD_TEXT_MAX || text.len > max)
		return err_set(err, RC_LIMIT, "AES-256-GCM: %zu bytes and %zu of aad, at most %u of each",
			text.len, aad.len, AEAD_TEXT_MAX);
	return RC_OK;
}

enum rc aead_seal(const uint8_t key[static AEAD_KEY_BYTES], const uint8_t nonce[static AEAD_NONCE_BYTES],
	struct span aad, struct span plaintext, struct blob *out, struct err *err)
{
	DROP(blob_release) struct blob sealed = {0};
	struct sealing with = {algorithm_aes_256_gcm(), key, nonce, aad};

	TRY(check_lengths(aad, plaintext, AEAD_TEXT_MAX, err));
	TRY(sealing_seal(&with, plaintext, &sealed, err));
	blob_release(out);
	*out = TAKE(sealed);
	return RC_OK;
}

enum rc aead_open(const uint8_t key[static AEAD_KEY_BYTES], const uint8_t nonce[static AEAD_NONCE_BYTES],
	struct span aad, struct span sealed, struct blob *out, struct err *err)
{
	DROP(blob_release) struct blob plaintext = {0};
	struct sealing with = {algorithm_aes_256_gcm(), key, nonce, aad};

	TRY(check_lengths(aad, sealed, AEAD_TEXT_MAX + AEAD_TAG_BYTES, err));
	TRY(sealing_open(&with, sealed, &plaintext, err));
	blob_release(out);
	*out = TAKE(plaintext);
	return RC_OK;
}
