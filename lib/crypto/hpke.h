/*
 * Sealing to a key: HPKE (RFC 9180) in base mode, single shot, with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256
 * and ChaCha20-Poly1305. A sealed blob is enc(32) ‖ ciphertext ‖ tag(16).
 *
 * Base mode proves nothing about the sender: who must know the sender signs what he seals. info names the
 * purpose, aad binds what must not be exchanged (node, number).
 *
 * A key pair of libzmq's CURVE is a plain X25519 pair, so a CURVE public key can be sealed to as it stands.
 */
#ifndef LIMEBUS_CRYPTO_HPKE_H
#define LIMEBUS_CRYPTO_HPKE_H

#include "lib/base/blob.h"
#include "lib/base/err.h"

#define HPKE_KEY_BYTES 32
#define HPKE_OVERHEAD  48          /* what sealing adds: enc and tag */
#define HPKE_TEXT_MAX  (16u << 20) /* plaintext, info or aad of one message */

/* DROP(hpke_pair_release) struct hpke_pair pair = {0}; */
struct hpke_pair {
	uint8_t secret[HPKE_KEY_BYTES];
	uint8_t public[HPKE_KEY_BYTES];
};
void hpke_pair_release(struct hpke_pair *pair);

/* A fresh X25519 pair from the kernel's random bytes; serves as a CURVE pair too. */
MUST_USE enum rc hpke_generate(struct hpke_pair *out, struct err *err);

/* The pair of a stored secret. */
MUST_USE enum rc hpke_pair_of_secret(
	const uint8_t secret[static HPKE_KEY_BYTES], struct hpke_pair *out, struct err *err);

/* Seal to a public key; out's content is replaced, and unchanged on failure. RC_DENIED if the key is a point
 * of low order (RFC 9180, 7.1.4: the shared secret would be zero). */
MUST_USE enum rc hpke_seal(const uint8_t public[static HPKE_KEY_BYTES], struct span info, struct span aad,
	struct span plaintext, struct blob *out, struct err *err);

/* Open with the secret key. RC_DENIED if the blob was not sealed to this key with this info and aad, or was
 * altered; RC_MALFORMED if it is shorter than HPKE_OVERHEAD. out is unchanged on failure. */
MUST_USE enum rc hpke_open(const uint8_t secret[static HPKE_KEY_BYTES], struct span info, struct span aad,
	struct span sealed, struct blob *out, struct err *err);

#endif
