/* Private keys that sign files: ECDSA on P-256 or P-384. */
#ifndef LIMEBUS_CRYPTO_SIGNING_KEY_H
#define LIMEBUS_CRYPTO_SIGNING_KEY_H

#include "lib/base/blob.h"
#include "lib/crypto/public_key.h"

/* DER of ECDSA-Sig-Value on P-384. */
#define SIGNING_KEY_SIGNATURE_MAX 104

/* Opaque: libcrypto holds the secret, and wipes it. */
struct signing_key;
void signing_key_release(struct signing_key **key);

/* The first key of a PEM file: "PRIVATE KEY" (PKCS #8) or "EC PRIVATE KEY"; what stands before it, such as
 * "EC PARAMETERS", is passed over. RC_UNSUPPORTED: encrypted, or of another kind or curve. RC_MALFORMED. */
MUST_USE enum rc signing_key_of_pem(struct span pem, struct signing_key **out, struct err *err);

/* Its public half; borrows from the key. */
struct public_key *signing_key_public(const struct signing_key *key);

/* Sign a digest of this kind (SHA-256, SHA-384 or SHA-512): DER to out, whose length goes to *out_len. */
MUST_USE enum rc signing_key_sign(const struct signing_key *key, enum digest_alg hash, struct span digest,
	uint8_t out[static SIGNING_KEY_SIGNATURE_MAX], size_t *out_len, struct err *err);

#endif
