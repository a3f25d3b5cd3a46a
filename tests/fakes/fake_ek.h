/* The TPM's end of a credential in software: an EK whose secret half is here. Written from TPM 2.0 Part 1,
 * clause 24, and apart from lib/crypto/credential.c, so that the two check each other; the integration tests
 * do the same with a real TPM. A failure of libcrypto fails the test. */
#ifndef LIMEBUS_TESTS_FAKES_FAKE_EK_H
#define LIMEBUS_TESTS_FAKES_FAKE_EK_H

#include "lib/crypto/credential.h"

struct evp_pkey_st;

/* DROP(fake_ek_release) struct fake_ek ek = {0}; ek.area borrows from it. */
struct fake_ek {
	struct evp_pkey_st *key;
	struct public_key *public;
	struct credential_ek area;
};
void fake_ek_release(struct fake_ek *ek);

/* KEY_RSA (L-1), KEY_P256 (L-2) or KEY_P384 (H-3), with the algorithms of that template. */
void fake_ek_make(enum key_kind kind, struct fake_ek *out);

/* TPM2_ActivateCredential. RC_DENIED if the credential is for another EK or Name, or was altered;
 * RC_MALFORMED if lengths do not fit. */
MUST_USE enum rc fake_ek_activate(const struct fake_ek *ek, struct span name, struct span id_object,
	struct span encrypted_secret, struct blob *out);

#endif
