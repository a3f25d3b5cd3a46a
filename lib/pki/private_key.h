/*
 * Private keys that sign certificates, CRLs, OCSP responses and requests: ECDSA on P-256 (with SHA-256) or
 * P-384 (with SHA-384), wherever they live. Not thread-safe, and neither is what holds one (struct issuer): a
 * key keeps a prepared signature, and one in a TPM or a token keeps a connection.
 */
#ifndef LIMEBUS_PKI_PRIVATE_KEY_H
#define LIMEBUS_PKI_PRIVATE_KEY_H

#include "lib/base/blob.h"
#include "lib/base/err.h"
#include "lib/crypto/public_key.h"

#define PRIVATE_KEY_PEM_MAX        (16u << 10)
#define PRIVATE_KEY_PASSPHRASE_MAX 1024
/* DER of an ECDSA-Sig-Value on the largest curve. */
#define PRIVATE_KEY_SIGNATURE_MAX 104

/* Where a key lives: in this process's memory (from a file), in a TPM, in a PKCS #11 token. */
enum private_key_home { PRIVATE_KEY_SOFTWARE, PRIVATE_KEY_TPM, PRIVATE_KEY_TOKEN };

/* "software", "tpm", "token". Never NULL. */
const char *private_key_home_name(enum private_key_home home);

struct private_key;
void private_key_release(struct private_key **key);

/* A fresh key in memory, KEY_P256 or KEY_P384; RC_UNSUPPORTED for another kind. */
MUST_USE enum rc private_key_generate(enum key_kind kind, struct private_key **out, struct err *err);

/*
 * The first block of PEM: "ENCRYPTED PRIVATE KEY" (PKCS #8) with this passphrase, which is not empty, or, if
 * the passphrase is empty, "PRIVATE KEY" or "EC PRIVATE KEY" in the clear. RC_DENIED: wrong passphrase, a
 * passphrase for a key that has none (it was not protected as its owner believes), or none for a key that has
 * one. RC_MALFORMED: none of these blocks, or bytes after the DER. RC_UNSUPPORTED: another kind of key.
 * RC_LIMIT: above PRIVATE_KEY_PEM_MAX or PRIVATE_KEY_PASSPHRASE_MAX.
 */
MUST_USE enum rc private_key_of_pem(
	struct span pem, struct span passphrase, struct private_key **out, struct err *err);

/* Append the key as PKCS #8: PBES2 with AES-256-CBC and scrypt (N = 2^14, r = 8, p = 5: 16 MiB and some 200
 * ms) under this passphrase; in the clear if the passphrase is empty. RC_UNSUPPORTED for a key that does not
 * live in software. */
MUST_USE enum rc private_key_to_pem(
	const struct private_key *key, struct span passphrase, struct blob *out, struct err *err);

enum private_key_home private_key_home(const struct private_key *key);
enum key_kind private_key_kind(const struct private_key *key);

/* Borrows from the key. */
struct public_key *private_key_public(const struct private_key *key);

/* Sign H(bytes) with the key's own hash; the DER of an ECDSA-Sig-Value. RC_CRYPTO if
 * libcrypto, the TPM or the token fails; what comes out has been verified with the public key where the key
 * lives outside. */
MUST_USE enum rc private_key_sign(struct private_key *key, struct span bytes,
	uint8_t out[static PRIVATE_KEY_SIGNATURE_MAX], size_t *out_len, struct err *err);

#endif
