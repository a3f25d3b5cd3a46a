/* Private to lib/pki: what a private key is made of. */
#ifndef LIMEBUS_PKI_PRIVATE_KEY_INSIDE_H
#define LIMEBUS_PKI_PRIVATE_KEY_INSIDE_H

#include <openssl/evp.h>

#include "lib/pki/private_key.h"

/* What a key outside of this process keeps open. */
struct private_key_outside {
	void *state;
	/* Ends and frees the state, after the key's EVP_PKEY is gone. */
	void (*close)(void *state);
	/* NULL: the EVP_PKEY signs. Else: r and s, big endian, each of the curve's field. */
	enum rc (*sign)(void *state, struct span digest, uint8_t *r_s, struct err *err);
};

struct private_key {
	enum private_key_home home;
	enum key_kind kind;
	struct public_key *public;
	EVP_PKEY *native; /* NULL where outside.sign is set */
	EVP_PKEY_CTX *prepared;
	struct private_key_outside outside;
};

/*
 * Make a key of libcrypto's (library NULL: the default context). Takes *native and *outside on RC_OK.
 * RC_UNSUPPORTED: not ECDSA on P-256 or P-384.
 */
MUST_USE enum rc private_key_of_native(EVP_PKEY **native, enum private_key_home home, OSSL_LIB_CTX *library,
	struct private_key_outside *outside, struct private_key **out, struct err *err);

/* Make one that signs through outside->sign. Takes *public and *outside on RC_OK. */
MUST_USE enum rc private_key_of_outside(struct public_key **public, enum private_key_home home,
	struct private_key_outside *outside, struct private_key **out, struct err *err);

/* Sign something and verify it: what a TPM or a token answers is tried out once, at opening. */
MUST_USE enum rc private_key_try(struct private_key *key, struct err *err);

#endif
