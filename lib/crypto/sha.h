/*
 * Private to lib/crypto: SHA-1 and SHA-2 of a few hundred bytes without EVP. libcrypto's own block functions
 * do the work (with the processor's instructions for it), so the values are the same; what is saved is EVP's
 * 50 to 80 ns a hash, a fifth of all where hundreds of thousands of IMA entries are hashed. A libcrypto that
 * is restricted by its configuration (FIPS provider) does not know of these calls.
 */
#ifndef LIMEBUS_CRYPTO_SHA_H
#define LIMEBUS_CRYPTO_SHA_H

#include "lib/crypto/digest.h"

/* H(spans[0] ‖ …) to out, as digest_spans. RC_UNSUPPORTED for algorithms other than SHA-1, SHA-256, SHA-384
 * and SHA-512: EVP has them. */
MUST_USE enum rc sha_spans(enum digest_alg alg, const struct span *spans, size_t count, uint8_t *out);

#endif
