/* TPMT_SIGNATURE (TPM 2.0 Part 2, 11.3.4) made by a signing key: RSASSA, RSAPSS or ECDSA. */
#ifndef LIMEBUS_EVIDENCE_TPM_SIGNATURE_H
#define LIMEBUS_EVIDENCE_TPM_SIGNATURE_H

#include "lib/base/rc.h"
#include "lib/base/span.h"
#include "lib/evidence/tpm_alg.h"

#define TPM_SIGNATURE_RSA_MAX_BYTES 512 /* RSA-4096 */
#define TPM_SIGNATURE_ECC_MAX_BYTES 66  /* P-521 */
#define TPM_SIGNATURE_MAX_BYTES     (4 + 2 + TPM_SIGNATURE_RSA_MAX_BYTES)

/* Borrows. rsa is set for RSASSA and RSAPSS, r and s (big-endian, maybe short) for ECDSA. */
struct tpm_signature {
	uint16_t scheme;
	uint16_t hash;
	struct span rsa;
	struct span r;
	struct span s;
};

/*
 * The whole of `in`. RC_UNSUPPORTED for other schemes; RC_MALFORMED for empty or overlong numbers, and
 * trailing bytes. Whether the hash is one that we allow is judged by quote_check.
 */
MUST_USE enum rc tpm_signature_parse(struct span in, struct tpm_signature *out);

#endif
