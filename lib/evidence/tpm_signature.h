/* TPMT_SIGNATURE (TPM 2.0 Part 2) made by a signing key: RSASSA, RSAPSS or ECDSA. */
#ifndef LIMEBUS_EVIDENCE_TPM_SIGNATURE_H
#define LIMEBUS_EVIDENCE_TPM_SIGNATURE_H

#include "lib/base/rc.h"
#include "lib/base/span.h"
#include "lib/crypto/public_key.h"

#define TPM_SIGNATURE_RSA_MAX_BYTES 512 /* RSA-4096 */
#define TPM_SIGNATURE_ECC_MAX_BYTES 66  /* P-521 */
#define TPM_SIGNATURE_MAX_BYTES     (4 + 2 + TPM_SIGNATURE_RSA_MAX_BYTES)

/*
 * The whole of `in`, into what public_key_verify takes; borrows. RC_UNSUPPORTED for other schemes and hashes;
 * RC_MALFORMED for empty or overlong numbers, and trailing bytes. SHA-1 is parsed: that it is not allowed is
 * for quote_check to say.
 */
MUST_USE enum rc tpm_signature_parse(struct span in, struct signature *out);

#endif
