/* Bytes from the kernel's generator: nonces, seeds, shares. */
#ifndef LIMEBUS_CRYPTO_RANDOM_H
#define LIMEBUS_CRYPTO_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

/*
 * Fill all of out from getrandom(2), waiting for the kernel's pool at an early boot. There is no fallback:
 * without the kernel's bytes the answer is RC_CRYPTO and out is zero, and nothing may be made from it.
 */
MUST_USE enum rc random_fill(uint8_t *out, size_t len, struct err *err);

#endif
