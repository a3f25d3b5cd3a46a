/* Private to lib/crypto: what AES-256-GCM and ChaCha20-Poly1305 have in common in libcrypto: 32-byte key,
 * 12-byte nonce, 16-byte tag behind the ciphertext. */
#ifndef LIMEBUS_CRYPTO_SEALING_H
#define LIMEBUS_CRYPTO_SEALING_H

#include <openssl/evp.h>

#include "lib/base/blob.h"
#include "lib/base/err.h"

#define SEALING_TAG_BYTES 16

/* Lengths must be below INT_MAX: callers have limits. */
struct sealing {
	EVP_CIPHER *cipher;
	const uint8_t *key;   /* 32 bytes */
	const uint8_t *nonce; /* 12 bytes */
	struct span aad;
};

/* Append ciphertext ‖ tag to out; on failure out is as before. */
MUST_USE enum rc sealing_seal(
	const struct sealing *with, struct span plaintext, struct blob *out, struct err *err);

/* Append the plaintext to out; RC_DENIED, and out as before, if the tag is wrong. */
MUST_USE enum rc sealing_open(
	const struct sealing *with, struct span sealed, struct blob *out, struct err *err);

#endif
