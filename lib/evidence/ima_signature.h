/*
 * The signature of a file as the kernel keeps it in security.ima and writes it to the field "sig" of its
 * measurement list: struct signature_v2_hdr (linux/security/integrity/integrity.h), then the signature.
 *   version 2: over the file's digest
 *   version 3: over struct ima_file_id {type, hash algorithm, digest}, hashed with that algorithm
 * Signatures are PKCS#1 v1.5 (RSA) or ECDSA-Sig-Value in DER (curves).
 */
#ifndef LIMEBUS_EVIDENCE_IMA_SIGNATURE_H
#define LIMEBUS_EVIDENCE_IMA_SIGNATURE_H

#include "lib/crypto/public_key.h"

/* enum evm_ima_xattr_type: what security.ima begins with. Others are not signatures of a file's content. */
#define IMA_XATTR_DIGSIG        0x03
#define IMA_XATTR_VERITY_DIGSIG 0x06

#define IMA_SIGNATURE_MAX 1024

/* Borrows. Invariants: type is one of the two above, version 2 or 3, hash a known algorithm. */
struct ima_signature {
	uint8_t type;
	uint8_t version;
	uint8_t hash_number; /* enum kernel_hash, as it is hashed again in version 3 */
	enum digest_alg hash;
	uint32_t key_id; /* the last four bytes of the key's identifier */
	struct span bytes;
};

/* The whole of `in`, the header's length included. RC_UNSUPPORTED for other types, versions and hashes
 * (fs-verity has no version 2), RC_MALFORMED if sig_size is not what is left, RC_LIMIT above
 * IMA_SIGNATURE_MAX. */
MUST_USE enum rc ima_signature_parse(struct span in, struct ima_signature *out);

/*
 * Is this the key's signature of a file with this digest? RC_OK: yes. RC_DENIED: no, or the signature is over
 * a digest of another algorithm. RC_UNSUPPORTED: SHA-1. Others: lib/crypto failed.
 */
MUST_USE enum rc ima_signature_verify(const struct ima_signature *signature, struct public_key *key,
	enum digest_alg alg, struct span digest);

/*
 * The identifier of a key in these headers: the last four bytes of the SHA-1 of its subjectPublicKey bits
 * (RFC 5280, 4.2.1.2, method 1), which is what certificates have as subject key identifier.
 */
MUST_USE enum rc ima_key_id(const struct public_key *key, uint32_t *out);

#endif
