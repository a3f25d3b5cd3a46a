/* Private to lib/crypto and lib/pki: libcrypto's side of a public key. */
#ifndef LIMEBUS_CRYPTO_PUBLIC_KEY_NATIVE_H
#define LIMEBUS_CRYPTO_PUBLIC_KEY_NATIVE_H

#include <openssl/evp.h>

#include "lib/crypto/public_key.h"

/* "P-256", "P-384"; NULL for what is not a curve. */
const char *public_key_group(enum key_kind kind);

/* Borrows. */
EVP_PKEY *public_key_native(const struct public_key *key);

/* Copies what it needs of any key of libcrypto's. Refuses as public_key_of_der. */
MUST_USE enum rc public_key_of_native(const EVP_PKEY *native, struct public_key **out, struct err *err);

/* The coordinates of an elliptic-curve key, each exactly field bytes long, big endian. */
MUST_USE enum rc public_key_point(
	const EVP_PKEY *native, size_t field, uint8_t *x, uint8_t *y, struct err *err);

#endif
