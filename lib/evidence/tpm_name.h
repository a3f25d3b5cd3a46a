/* Names of TPM objects (TPM 2.0 Part 1, "Names"): hash algorithm number ‖ digest. */
#ifndef LIMEBUS_EVIDENCE_TPM_NAME_H
#define LIMEBUS_EVIDENCE_TPM_NAME_H

#include "lib/base/rc.h"
#include "lib/base/span.h"
#include "lib/evidence/tpm_alg.h"

#define TPM_NAME_MAX_BYTES (2 + TPM_HASH_MAX_BYTES)

struct tpm_name {
	size_t len;
	uint8_t bytes[TPM_NAME_MAX_BYTES];
};

static inline struct span tpm_name_span(const struct tpm_name *name)
{
	return span_of(name->bytes, name->len);
}

/*
 * Name of a public area (TPMT_PUBLIC, without the TPM2B length) as it stands: nameAlg ‖ H(area). The area is
 * not checked beyond its nameAlg. RC_UNSUPPORTED for a nameAlg that is none of our hashes, RC_MALFORMED for a
 * short area.
 */
MUST_USE enum rc tpm_name_of(struct span area, struct tpm_name *out);

/*
 * Qualified name of a key that is a child of a primary key of the endorsement hierarchy (TPM 2.0 Part 1,
 * "Qualified Name"): QN(EK) = nameAlg ‖ H(TPM_RH_ENDORSEMENT ‖ Name(EK)), QN(AK) = nameAlg ‖ H(QN(EK) ‖
 * Name(AK)). A quote whose qualifiedSigner is this shows that the AK was made under that EK, in that
 * hierarchy.
 */
MUST_USE enum rc tpm_name_qualified(
	const struct tpm_name *ek, const struct tpm_name *ak, struct tpm_name *out);

#endif
