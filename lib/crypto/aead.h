/*
 * AES-256-GCM. Sealed bytes are ciphertext ‖ tag(16).
 *
 * The nonce is the caller's duty, because two messages under one key and nonce give the key stream and the
 * authentication key away. Choose one of:
 *   - a key for a single use (derived or random, for one message): any nonce, zero for example;
 *   - a counter that starts at 0 under a fresh key and never goes back, for numbered chunks: 12 bytes, big
 *     endian;
 *   - 12 random bytes (random_fill), stored beside the sealed bytes: at most 2^32 messages under one key.
 * Never a random nonce and a counter under one key; never a counter that a restart sets back.
 */
#ifndef LIMEBUS_CRYPTO_AEAD_H
#define LIMEBUS_CRYPTO_AEAD_H

#include "lib/base/blob.h"
#include "lib/base/err.h"

#define AEAD_KEY_BYTES   32
#define AEAD_NONCE_BYTES 12
#define AEAD_TAG_BYTES   16
#define AEAD_TEXT_MAX    (64u << 20) /* plaintext or aad of one message */

/* Replace out's content by the sealed bytes; on failure out is unchanged. RC_LIMIT above AEAD_TEXT_MAX. */
MUST_USE enum rc aead_seal(const uint8_t key[static AEAD_KEY_BYTES],
	const uint8_t nonce[static AEAD_NONCE_BYTES], struct span aad, struct span plaintext,
	struct blob *out, struct err *err);

/* RC_DENIED if key, nonce, aad or sealed bytes are not those of one aead_seal; out is then unchanged and no
 * unauthenticated plaintext is ever shown. RC_MALFORMED if there is no room for a tag. */
MUST_USE enum rc aead_open(const uint8_t key[static AEAD_KEY_BYTES],
	const uint8_t nonce[static AEAD_NONCE_BYTES], struct span aad, struct span sealed, struct blob *out,
	struct err *err);

#endif
