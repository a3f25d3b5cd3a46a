/*
 * EFI_SIGNATURE_LIST: the contents of PK, KEK, db, dbx and MokList (UEFI 2.10, 32.4.1), certificate by
 * certificate, digest by digest.
 *
 *   struct signature_lists lists = {variable.data};
 *   struct signature_entry entry;
 *   while ((rc = signature_lists_next(&lists, &entry)) == RC_OK)
 *           …
 *   RC_NOT_FOUND: that was the last one.
 */
#ifndef LIMEBUS_EVIDENCE_SIGNATURE_LIST_H
#define LIMEBUS_EVIDENCE_SIGNATURE_LIST_H

#include "lib/evidence/uefi_variable.h"

/* X(NAME, "name", bytes of the data, 0: any) in the order of signature_guids. */
#define SIGNATURE_KINDS(X)                                                                                   \
	X(X509, "x509", 0)                                                                                   \
	X(SHA256, "sha256", 32)                                                                              \
	X(SHA1, "sha1", 20)                                                                                  \
	X(SHA224, "sha224", 28)                                                                              \
	X(SHA384, "sha384", 48)                                                                              \
	X(SHA512, "sha512", 64)                                                                              \
	X(RSA2048, "rsa2048", 256)                                                                           \
	X(RSA2048_SHA256, "rsa2048-sha256", 256)                                                             \
	X(RSA2048_SHA1, "rsa2048-sha1", 256)                                                                 \
	X(X509_SHA256, "x509-sha256", 48)                                                                    \
	X(X509_SHA384, "x509-sha384", 64)                                                                    \
	X(X509_SHA512, "x509-sha512", 80)                                                                    \
	X(PKCS7, "pkcs7", 0)                                                                                 \
	X(SM3, "sm3_256", 32)                                                                                \
	X(X509_SM3, "x509-sm3", 48)

#define SIGNATURE_KIND_ENUM(name, words, bytes) SIGNATURE_##name,
enum signature_kind { SIGNATURE_KINDS(SIGNATURE_KIND_ENUM) SIGNATURE_OTHER };
#undef SIGNATURE_KIND_ENUM

/* "x509"; "other" for SIGNATURE_OTHER; never NULL. */
const char *signature_kind_name(enum signature_kind kind);

/* Borrows. A list without any entry yields nothing. */
struct signature_entry {
	enum signature_kind kind;
	const uint8_t *type;  /* GUID */
	const uint8_t *owner; /* GUID */
	struct span data;     /* a certificate (DER), a digest … */
};

/* left is all that the caller sets; the rest is zero at the start. */
struct signature_lists {
	struct span left;
	const uint8_t *type;
	struct span entries;
	size_t entry_bytes;
};

/* RC_NOT_FOUND at the end. RC_MALFORMED if a length does not fit, if entries do not fill their list, or if
 * one of a known kind has another size than that kind has; then nothing more is yielded. */
MUST_USE enum rc signature_lists_next(struct signature_lists *lists, struct signature_entry *out);

/*
 * An EFI_SIGNATURE_DATA by itself, as EV_EFI_VARIABLE_AUTHORITY holds it: owner, then the certificate or
 * digest. RC_MALFORMED if it is too short for an owner and anything behind it. kind is a guess from what
 * follows: X509 for a DER sequence as long as it says, SHA256 for 32 bytes, else OTHER; type is NULL. Old
 * versions of shim measured a certificate without an owner: owner is then NULL.
 */
MUST_USE enum rc signature_data_parse(struct span in, struct signature_entry *out);

#endif
