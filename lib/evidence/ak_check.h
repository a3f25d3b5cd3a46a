/* What an attestation key must be before a quote by it means anything. */
#ifndef LIMEBUS_EVIDENCE_AK_CHECK_H
#define LIMEBUS_EVIDENCE_AK_CHECK_H

#include "lib/evidence/tpm_public.h"

/* X(NAME, function, attribute or rule in words, clause). In the order in which they are checked. */
#define AK_CHECKS(X)                                                                                         \
	X(RESTRICTED, restricted, "restricted: signs only what the TPM made or hashed itself",               \
		"TPM 2.0 Part 2, TPMA_OBJECT restricted")                                                    \
	X(SIGN, sign, "sign: is a signing key", "TPM 2.0 Part 2, TPMA_OBJECT sign")                          \
	X(NOT_DECRYPT, not_decrypt, "not decrypt: is no storage or decryption key",                          \
		"TPM 2.0 Part 2, TPMA_OBJECT decrypt")                                                       \
	X(FIXED_TPM, fixed_tpm, "fixedTPM: can never leave its TPM", "TPM 2.0 Part 2, TPMA_OBJECT fixedTPM") \
	X(FIXED_PARENT, fixed_parent, "fixedParent: can never get another parent",                           \
		"TPM 2.0 Part 2, TPMA_OBJECT fixedParent")                                                   \
	X(ORIGIN, origin, "sensitiveDataOrigin: its secret was made in the TPM",                             \
		"TPM 2.0 Part 2, TPMA_OBJECT sensitiveDataOrigin")                                           \
	X(NAME_HASH, name_hash, "name hash SHA-256, SHA-384 or SHA-512",                                     \
		"TPM 2.0 Part 2, TPMT_PUBLIC nameAlg")                                                       \
	X(KEY, key, "RSA of 2048 bits or more with exponent 65537, or ECC P-256 or P-384",                   \
		"TPM 2.0 Part 2, TPMU_PUBLIC_PARMS")                                                         \
	X(SCHEME, scheme, "scheme RSASSA or RSAPSS for RSA, ECDSA for ECC",                                  \
		"TPM 2.0 Part 2, TPMT_RSA_SCHEME, TPMT_ECC_SCHEME")                                          \
	X(SCHEME_HASH, scheme_hash, "scheme hash SHA-256, SHA-384 or SHA-512",                               \
		"TPM 2.0 Part 2, TPMS_SIG_SCHEME hashAlg")

#define AK_CHECK_ENUM(name, holds, words, clause) AK_##name,
enum ak_reason { AK_CHECKS(AK_CHECK_ENUM) AK_REASON_COUNT };
#undef AK_CHECK_ENUM

/* Zero means not acceptable. Bit 1 << reason is set in failed for each check that does not hold. */
struct ak_verdict {
	bool acceptable;
	uint32_t failed;
};

struct ak_verdict ak_check(const struct tpm_public *ak);

/* Words and clause of a reason; never NULL. */
const char *ak_reason_words(enum ak_reason reason);
const char *ak_reason_clause(enum ak_reason reason);

#endif
