/* What a node's own key must be before a certificate says that it lives in the node's TPM. */
#ifndef LIMEBUS_EVIDENCE_KEY_CHECK_H
#define LIMEBUS_EVIDENCE_KEY_CHECK_H

#include "lib/evidence/tpm_public.h"

/*
 * X(NAME, function, "name", "what holds when the check passes", "clause"). In the order in which they are
 * checked. Restricted keys are refused because they sign nothing that TLS or IKE asks for, and so that no
 * attestation key is ever certified as an identity.
 */
#define KEY_CHECKS(X)                                                                                        \
	X(FIXED_TPM, fixed_tpm, "fixedTPM", "it can never leave its TPM",                                    \
		"TPM 2.0 Part 2, TPMA_OBJECT fixedTPM")                                                      \
	X(FIXED_PARENT, fixed_parent, "fixedParent", "it can never get another parent",                      \
		"TPM 2.0 Part 2, TPMA_OBJECT fixedParent")                                                   \
	X(ORIGIN, origin, "sensitiveDataOrigin", "its secret was made in the TPM",                           \
		"TPM 2.0 Part 2, TPMA_OBJECT sensitiveDataOrigin")                                           \
	X(USER, user, "userWithAuth", "its password lets it sign",                                           \
		"TPM 2.0 Part 2, TPMA_OBJECT userWithAuth")                                                  \
	X(SIGN, sign, "sign", "it is a signing key", "TPM 2.0 Part 2, TPMA_OBJECT sign")                     \
	X(NOT_RESTRICTED, not_restricted, "not restricted", "it signs what it is given",                     \
		"TPM 2.0 Part 2, TPMA_OBJECT restricted")                                                    \
	X(NOT_DECRYPT, not_decrypt, "not decrypt", "it is no storage or decryption key",                     \
		"TPM 2.0 Part 2, TPMA_OBJECT decrypt")                                                       \
	X(NAME_HASH, name_hash, "nameAlg", "its name is made with SHA-256, SHA-384 or SHA-512",              \
		"TPM 2.0 Part 2, TPMT_PUBLIC nameAlg")                                                       \
	X(KIND, kind, "kind", "it is RSA of 2048 bits or more with exponent 65537, or ECC P-256 or P-384",   \
		"TPM 2.0 Part 2, TPMU_PUBLIC_PARMS")

#define KEY_CHECK_ENUM(id, function, name, words, clause) KEY_CHECK_##id,
enum key_reason { KEY_CHECKS(KEY_CHECK_ENUM) KEY_REASON_COUNT };
#undef KEY_CHECK_ENUM

/* Zero means not acceptable. Bit 1 << reason is set in failed for each check that does not hold. */
struct key_verdict {
	bool acceptable;
	uint32_t failed;
};

struct key_verdict key_check(const struct tpm_public *key);

/* The columns of the table; never NULL. */
const char *key_reason_name(enum key_reason reason);
const char *key_reason_words(enum key_reason reason);
const char *key_reason_clause(enum key_reason reason);

#endif
