/*
 * SipHash-2-4 with 128 bits under a secret key (Aumasson and Bernstein, "SipHash: a fast short-input PRF"),
 * for tables whose keys others choose: who does not know the key finds no two texts with one value. It is no
 * digest: whoever knows the key finds as many as wanted.
 */
#ifndef LIMEBUS_CRYPTO_SHORT_HASH_H
#define LIMEBUS_CRYPTO_SHORT_HASH_H

#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/span.h"

#define SHORT_HASH_BYTES     16
#define SHORT_HASH_KEY_BYTES 16

void short_hash(const uint8_t key[static SHORT_HASH_KEY_BYTES], struct span text,
	uint8_t out[static SHORT_HASH_BYTES]);

/* A new key from the kernel (random.h). RC_CRYPTO if it has no bytes. */
MUST_USE enum rc short_hash_key(uint8_t out[static SHORT_HASH_KEY_BYTES], struct err *err);

#endif
