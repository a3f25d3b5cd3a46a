/*
 * Public keys of TPMs, parsed once and kept: parsing costs more than verifying (ECDSA P-256: some 20 us to
 * load from x and y against 70 us to verify once; from DER 120 us; RSA-2048 verifies in some 20 us). A kept
 * key takes 1 to 3 KiB. Accepted are RSA of 2048 to 4096 bits and the curves P-256 and P-384.
 */
#ifndef LIMEBUS_CRYPTO_PUBLIC_KEY_H
#define LIMEBUS_CRYPTO_PUBLIC_KEY_H

#include "lib/base/blob.h"
#include "lib/base/err.h"
#include "lib/crypto/digest.h"

enum key_kind { KEY_NONE, KEY_RSA, KEY_P256, KEY_P384 };

#define KEY_RSA_BYTES_MIN   256
#define KEY_RSA_BYTES_MAX   512
#define KEY_FIELD_BYTES_MAX 48
#define KEY_RSA_EXPONENT    65537
#define KEY_DER_MAX         1024
#define KEY_PEM_MAX         2048
#define KEY_FILE_MAX        (16u << 10)

/* "rsa", "p256", "p384"; "none". Never NULL. */
const char *key_kind_name(enum key_kind kind);

/* Bytes of a coordinate: 32, 48, or 0 for what is not a curve. */
size_t key_field_bytes(enum key_kind kind);

/* A key as a TPM gives it; spans borrow. Numbers are big endian. */
struct key_parts {
	enum key_kind kind;
	struct span n;     /* RSA: modulus */
	uint32_t exponent; /* RSA: 65537, or 0, which a TPM means 65537 by */
	struct span x, y;  /* curves: coordinates, zeros in front may be missing */
};

/* TPM_ALG_ID of the scheme, TPM 2.0 Part 2, table 9. */
enum signature_scheme { SIGNATURE_RSASSA = 0x0014, SIGNATURE_RSAPSS = 0x0016, SIGNATURE_ECDSA = 0x0018 };

/* The fields of a TPMT_SIGNATURE; spans borrow. */
struct signature {
	enum signature_scheme scheme;
	enum digest_alg hash;
	struct span rsa;  /* RSASSA, RSAPSS: exactly as long as the modulus */
	struct span r, s; /* ECDSA: big endian, zeros in front may be missing */
};

/* Not thread-safe: a key keeps a prepared verification. */
struct public_key;
void public_key_release(struct public_key **key);

/*
 * Make a key. RC_MALFORMED: point not on the curve or at infinity, coordinate too long, even modulus or one
 * that begins with a zero byte, bytes after the DER. RC_UNSUPPORTED: another size, curve (or explicit curve
 * parameters), exponent or kind. RC_LIMIT: above KEY_DER_MAX or KEY_PEM_MAX. Copies what it needs; *out,
 * which may hold a key, is replaced only on RC_OK.
 */
MUST_USE enum rc public_key_of_parts(const struct key_parts *parts, struct public_key **out, struct err *err);
MUST_USE enum rc public_key_of_der(
	struct span subject_public_key_info, struct public_key **out, struct err *err);
/* The first block, which must be "PUBLIC KEY" and not encrypted; text around it is ignored. */
MUST_USE enum rc public_key_of_pem(struct span pem, struct public_key **out, struct err *err);

/* As public_key_of_pem, or the key of the certificate, if the first block is one; nothing else in it is
 * looked at. At most KEY_FILE_MAX bytes. */
MUST_USE enum rc public_key_of_file(struct span pem, struct public_key **out, struct err *err);

/* Append SubjectPublicKeyInfo, as DER and as PEM the way that openssl(1) writes it. RC_NOMEM, RC_CRYPTO. */
MUST_USE enum rc public_key_to_der(const struct public_key *key, struct blob *out, struct err *err);
MUST_USE enum rc public_key_to_pem(const struct public_key *key, struct blob *out, struct err *err);

/* The raw parts, padded to the modulus or the field; they borrow from the key. */
struct key_parts public_key_parts(const struct public_key *key);

/* RC_OK: the signature is this key's over this digest. RC_DENIED: it is not. RC_MALFORMED: the digest is not
 * as long as signature->hash makes them. RC_UNSUPPORTED: scheme of another kind of key, or SHA-1, which no
 * signature may rest upon. RSAPSS accepts every salt length, since TPMs differ in it. */
MUST_USE enum rc public_key_verify(
	struct public_key *key, const struct signature *signature, struct span digest, struct err *err);

/* The same for a signature as X.509, CMS and the kernel have it: for RSA PKCS #1 v1.5, for a curve the DER of
 * ECDSA-Sig-Value (RFC 3279, 2.2.3) with nothing in front, behind, or written longer than need be. */
MUST_USE enum rc public_key_verify_der(struct public_key *key, enum digest_alg hash, struct span signature,
	struct span digest, struct err *err);

#endif
