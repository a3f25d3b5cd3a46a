/* Private to hpke.c and its test: sealing with an ephemeral pair of the caller's. One pair used twice towards
 * one key gives the same cipher key and nonce twice, so nobody but a known-answer test may choose it. */
#ifndef LIMEBUS_CRYPTO_HPKE_EPHEMERAL_H
#define LIMEBUS_CRYPTO_HPKE_EPHEMERAL_H

#include "lib/crypto/hpke.h"

MUST_USE enum rc hpke_seal_ephemeral(const struct hpke_pair *ephemeral,
	const uint8_t public[static HPKE_KEY_BYTES], struct span info, struct span aad, struct span plaintext,
	struct blob *out, struct err *err);

#endif
