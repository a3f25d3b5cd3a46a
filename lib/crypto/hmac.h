/* HMAC, RFC 2104 / FIPS 198-1. */
#ifndef LIMEBUS_CRYPTO_HMAC_H
#define LIMEBUS_CRYPTO_HMAC_H

#include "lib/crypto/digest.h"

/* HMAC(key, bytes) to out, which has digest_size(alg) room. An empty key is legal. Results as in digest.h. */
MUST_USE enum rc hmac_bytes(enum digest_alg alg, struct span key, struct span bytes, uint8_t *out);

/* HMAC(key, spans[0] ‖ spans[1] ‖ …). */
MUST_USE enum rc hmac_spans(
	enum digest_alg alg, struct span key, const struct span *spans, size_t count, uint8_t *out);

/* Is this the right HMAC? RC_DENIED if not; compared in constant time. */
MUST_USE enum rc hmac_check(
	enum digest_alg alg, struct span key, const struct span *spans, size_t count, struct span claimed);

#endif
