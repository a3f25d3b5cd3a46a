/*
 * Private to lib/crypto and lib/pki: what libcrypto has fetched. Fetching costs microseconds, so each
 * algorithm is fetched once and kept until the process ends: these are the only globals here, written once,
 * before first use, by pthread_once, and the same for every thread.
 */
#ifndef LIMEBUS_CRYPTO_ALGORITHMS_H
#define LIMEBUS_CRYPTO_ALGORITHMS_H

#include <openssl/evp.h>
#include <openssl/kdf.h>

#include "lib/crypto/digest.h"

/* NULL if this libcrypto does not have it. */
EVP_MD *algorithm_digest(enum digest_alg alg);

/* The name for libcrypto's parameters: "SHA256". NULL for what is not an algorithm. */
const char *algorithm_digest_name(enum digest_alg alg);

EVP_MAC *algorithm_hmac(void);
EVP_KDF *algorithm_hkdf(void);
EVP_KDF *algorithm_kbkdf(void);
EVP_KDF *algorithm_sskdf(void);
EVP_CIPHER *algorithm_aes_256_gcm(void);
EVP_CIPHER *algorithm_chacha20_poly1305(void);

#endif
