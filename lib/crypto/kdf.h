/*
 * Key derivation. out is written only on RC_OK; intermediate keys are wiped. RC_LIMIT for an out_len of 0 or
 * above KDF_OUT_MAX; otherwise results as in digest.h.
 */
#ifndef LIMEBUS_CRYPTO_KDF_H
#define LIMEBUS_CRYPTO_KDF_H

#include "lib/crypto/digest.h"

#define KDF_OUT_MAX  512
#define KDF_TEXT_MAX 512 /* label, contexts and party information, each */

/* HKDF, RFC 5869, in its two steps. prk has digest_size(alg) bytes; no salt is an empty span. */
MUST_USE enum rc hkdf_extract(enum digest_alg alg, struct span salt, struct span secret, uint8_t *prk);
MUST_USE enum rc hkdf_expand(
	enum digest_alg alg, struct span prk, struct span info, uint8_t *out, size_t out_len);

/* Both steps. */
MUST_USE enum rc hkdf(enum digest_alg alg, struct span salt, struct span secret, struct span info,
	uint8_t *out, size_t out_len);

/*
 * KDFa, TPM 2.0 Part 1, 11.4.10.2: SP 800-108 in counter mode with HMAC. label is text without its NUL, which
 * is added as the clause asks for; contexts may be empty. The [L] field is 8 * out_len.
 */
MUST_USE enum rc kdf_a(enum digest_alg alg, struct span key, const char *label, struct span context_u,
	struct span context_v, uint8_t *out, size_t out_len);

/*
 * KDFe, TPM 2.0 Part 1, 11.4.10.3: SP 800-56A concatenation with a hash. z is the x coordinate of the shared
 * point and both parties' information are x coordinates, all padded to the size of the curve's field.
 */
MUST_USE enum rc kdf_e(enum digest_alg alg, struct span z, const char *label, struct span party_u,
	struct span party_v, uint8_t *out, size_t out_len);

#endif
