/* Ed25519 signatures, RFC 8032 (the plain kind, without context or prehash). */
#ifndef LIMEBUS_CRYPTO_SIGN_H
#define LIMEBUS_CRYPTO_SIGN_H

#include "lib/base/err.h"
#include "lib/base/span.h"

#define SIGN_SEED_BYTES      32
#define SIGN_PUBLIC_BYTES    32
#define SIGN_SIGNATURE_BYTES 64
#define SIGN_MESSAGE_MAX     (16u << 20) /* all parts of a message together */

/* DROP(sign_pair_release) struct sign_pair pair = {0}; the seed is the secret and wipes itself. */
struct sign_pair {
	uint8_t seed[SIGN_SEED_BYTES];
	uint8_t public[SIGN_PUBLIC_BYTES];
};
void sign_pair_release(struct sign_pair *pair);

/* A fresh pair from the kernel's random bytes. */
MUST_USE enum rc sign_generate(struct sign_pair *out, struct err *err);

/* The pair of a stored seed. */
MUST_USE enum rc sign_pair_of_seed(
	const uint8_t seed[static SIGN_SEED_BYTES], struct sign_pair *out, struct err *err);

/* Sign parts[0] ‖ parts[1] ‖ …: a label in front of the body needs no copy by the caller. The label must end
 * the way that no other label begins (a NUL at its end does). pair->public must belong to pair->seed. */
MUST_USE enum rc sign_parts(const struct sign_pair *pair, const struct span *parts, size_t count,
	uint8_t out[static SIGN_SIGNATURE_BYTES], struct err *err);

/* A pair made ready for many signatures: libcrypto makes the public key out of the seed once, and not before
 * each signature, which halves what one costs. Opaque: libcrypto holds the secret, and wipes it. */
struct signer;
MUST_USE enum rc signer_open(const struct sign_pair *pair, struct signer **out, struct err *err);
/* Accepts NULL inside. */
void signer_close(struct signer **signer);
const uint8_t *signer_public(const struct signer *signer);
/* As sign_parts. */
MUST_USE enum rc signer_sign(const struct signer *signer, const struct span *parts, size_t count,
	uint8_t out[static SIGN_SIGNATURE_BYTES], struct err *err);

/* RC_OK if the signature is this key's over these parts; RC_DENIED if not, also for a key of small order
 * (under which anybody can sign); RC_MALFORMED if signature.len is not SIGN_SIGNATURE_BYTES. */
MUST_USE enum rc sign_verify(const uint8_t public[static SIGN_PUBLIC_BYTES], const struct span *parts,
	size_t count, struct span signature, struct err *err);

#endif
