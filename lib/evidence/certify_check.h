/*
 * Whether TPM2_Certify's answer shows what it should: that the object with this public area was loaded in the
 * TPM of the AK. The table in certify_check.c is the whole of what is promised, in its order. What can be
 * rebuilt (the Name) is rebuilt and compared.
 */
#ifndef LIMEBUS_EVIDENCE_CERTIFY_CHECK_H
#define LIMEBUS_EVIDENCE_CERTIFY_CHECK_H

#include "lib/evidence/attest.h"
#include "lib/evidence/tpm_signature.h"

/* X(NAME, function, "name", "what holds when the check passes", "clause"). */
#define CERTIFY_CHECKS(X)                                                                                    \
	X(TYPE, type, "type", "it is a certification that a TPM generated",                                  \
		"TPM 2.0 Part 2, TPMS_ATTEST magic, type")                                                   \
	X(SIGNATURE, signature, "signature", "the registered AK signed it",                                  \
		"TPM 2.0 Part 3, TPM2_Certify signature")                                                    \
	X(SCHEME, scheme, "scheme", "its signature scheme and hash are allowed",                             \
		"TPM 2.0 Part 2, TPMT_SIGNATURE")                                                            \
	X(DATA, data, "qualifying data", "it answers our challenge, for this node, connection and request",  \
		"TPM 2.0 Part 2, TPMS_ATTEST extraData")                                                     \
	X(SIGNER, signer, "qualified signer",                                                                \
		"the AK lives under the node's EK in the endorsement hierarchy",                             \
		"TPM 2.0 Part 2, TPMS_ATTEST qualifiedSigner")                                               \
	X(NAME, name, "name", "the certified object is the one whose public area was sent",                  \
		"TPM 2.0 Part 2, TPMS_CERTIFY_INFO name")

#define CERTIFY_CHECK_ENUM(id, function, name, words, clause) CERTIFY_##id,
enum certify_reason { CERTIFY_CHECKS(CERTIFY_CHECK_ENUM) CERTIFY_REASON_COUNT };
#undef CERTIFY_CHECK_ENUM

/* Borrows everything. */
struct certify_claim {
	const struct attest *attest; /* of attest_parse_certify */
	const struct signature *signature;
	struct public_key *ak; /* the registered AK */
	struct span data;      /* qualifying data that we demand */
	struct span signer;    /* qualified name that we demand; empty: not checked */
	struct span area;      /* TPMT_PUBLIC as the peer sent it */
};

/* Zero means not accepted. Bit 1 << reason of failed is set for each check that does not hold; every check is
 * made. */
struct certify_verdict {
	bool accepted;
	uint32_t failed;
};

/* RC_OK: judged, see *out. Any other code: could not be judged, and *out is left alone. */
MUST_USE enum rc certify_check(const struct certify_claim *claim, struct certify_verdict *out);

/* The columns of the table; never NULL. */
const char *certify_reason_name(enum certify_reason reason);
const char *certify_reason_words(enum certify_reason reason);
const char *certify_reason_clause(enum certify_reason reason);

#endif
