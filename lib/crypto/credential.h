/*
 * TPM2_MakeCredential in software, TPM 2.0 Part 1, clause 24 (credential protection): a secret that only the
 * TPM with this EK can open, and only if it also holds the object with this Name.
 */
#ifndef LIMEBUS_CRYPTO_CREDENTIAL_H
#define LIMEBUS_CRYPTO_CREDENTIAL_H

#include "lib/base/blob.h"
#include "lib/crypto/public_key.h"

/* An EK and the parameters of its public area: nameAlg, and the key size of the AES-CFB that protects its
 * children. Templates: RSA-2048 (L-1) and P-256 (L-2) SHA-256, 128; P-384 (H-3) SHA-384, 256. */
struct credential_ek {
	struct key_parts key;
	enum digest_alg name_alg;
	unsigned symmetric_bits; /* 128 or 256 */
};

/*
 * name is the Name of the object that must be loaded beside the EK (nameAlg ‖ digest), secret at most as long
 * as a digest of name_alg. Results, with their size fields in front: TPM2B_ID_OBJECT and
 * TPM2B_ENCRYPTED_SECRET, as TPM2_ActivateCredential takes them; both unchanged on failure.
 * RC_LIMIT: secret empty or too long. RC_MALFORMED: Name that is none. RC_UNSUPPORTED: parameters other than
 * SHA-256 or SHA-384 and AES with 128 or 256 bits. Otherwise as public_key_of_parts.
 */
MUST_USE enum rc credential_make(const struct credential_ek *ek, struct span name, struct span secret,
	struct blob *out_id_object, struct blob *out_encrypted_secret, struct err *err);

#endif
