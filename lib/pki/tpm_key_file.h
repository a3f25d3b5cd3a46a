/*
 * Key files of keys in a TPM: PEM "TSS2 PRIVATE KEY" around the ASN.1 TPMKey (2.23.133.10.1.3, "loadable
 * key"), as OpenSSL's tpm2 provider, GnuTLS and OpenConnect read it. What the TPM made is carried through,
 * not looked into. PURE.
 *
 *   TPMKey ::= SEQUENCE { type OID, emptyAuth [0] EXPLICIT BOOLEAN OPTIONAL, … parent INTEGER, pubkey OCTET
 * STRING, privkey OCTET STRING }
 */
#ifndef LIMEBUS_PKI_TPM_KEY_FILE_H
#define LIMEBUS_PKI_TPM_KEY_FILE_H

#include "lib/base/blob.h"
#include "lib/base/err.h"

#define TPM_KEY_FILE_LABEL "TSS2 PRIVATE KEY"
#define TPM_KEY_FILE_MAX   8192 /* PEM */

/* parent: 0x40000001 stands for the storage key of the owner hierarchy; else a persistent handle. The two are
 * TPM2B_PUBLIC and TPM2B_PRIVATE, with their lengths in front. */
struct tpm_key_file {
	uint32_t parent;
	struct span public_2b;
	struct span private_2b;
};

/* Append the file of a key whose password is empty. RC_NOMEM. */
MUST_USE enum rc tpm_key_file_write(const struct tpm_key_file *key, struct blob *out);

/*
 * The first such block. *der gets what *out borrows from. RC_NOT_FOUND: none; RC_UNSUPPORTED: another type of
 * key, or one with a password, a policy or a secret (fields 1 to 3): nothing that was written here;
 * RC_MALFORMED; RC_LIMIT above TPM_KEY_FILE_MAX.
 */
MUST_USE enum rc tpm_key_file_read(
	struct span pem, struct blob *der, struct tpm_key_file *out, struct err *err);

#endif
