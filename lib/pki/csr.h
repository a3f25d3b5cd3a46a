/*
 * Requests for a certificate: PKCS #10, RFC 2986. Nothing is taken from one but its key: neither subject nor
 * attributes have a meaning here.
 */
#ifndef LIMEBUS_PKI_CSR_H
#define LIMEBUS_PKI_CSR_H

#include "lib/pki/private_key.h"

#define CSR_DER_MAX 4096

/* The key, parsed, and its SubjectPublicKeyInfo in DER. */
struct csr {
	struct public_key *key;
	struct blob spki;
};
void csr_release(struct csr *csr);

/*
 * One request in DER, from anybody. RC_OK only if its signature is made with its own key. Keys: P-256, P-384,
 * RSA of 2048 to 4096 bits (public_key.h); signatures: ECDSA, or RSA PKCS #1 v1.5, with SHA-256, SHA-384 or
 * SHA-512. RC_MALFORMED: not DER, or bytes behind it. RC_UNSUPPORTED: another key or signature. RC_DENIED:
 * the signature does not hold. RC_LIMIT: above CSR_DER_MAX.
 */
MUST_USE enum rc csr_parse(struct span der, struct csr *out, struct err *err);

/* Append a request for a software key (or any private_key). common_name as san.h has it, NULL: an empty
 * subject. */
MUST_USE enum rc csr_make(
	struct private_key *key, const char *common_name, struct blob *out, struct err *err);

/*
 * The same for a key that signs elsewhere, as a TPM does: first the bytes to sign, then, with the signature
 * over H(these bytes), the request. spki is the key's SubjectPublicKeyInfo (public_key_to_der). The signature
 * is ECDSA, or RSASSA, with SHA-256, SHA-384 or SHA-512. csr_assemble checks what it made as csr_parse does,
 * so RC_DENIED means that the signature is not the key's over these bytes.
 */
MUST_USE enum rc csr_to_be_signed(
	struct span spki, const char *common_name, struct blob *out, struct err *err);
MUST_USE enum rc csr_assemble(
	struct span to_be_signed, const struct signature *signature, struct blob *out, struct err *err);

#endif
