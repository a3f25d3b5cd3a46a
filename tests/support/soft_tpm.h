/*
 * A TPM in software, as far as quotes and certifications go: an EK and a restricted AK (ECC P-256, or
 * RSA-2048) whose secrets lie in this process, counters and PCRs that a test turns by hand. It says what a
 * TPM says, without one; nothing that it signs is worth anything outside tests.
 */
#ifndef LIMEBUS_TESTS_SUPPORT_SOFT_TPM_H
#define LIMEBUS_TESTS_SUPPORT_SOFT_TPM_H

#include "lib/base/blob.h"
#include "lib/evidence/attest.h"
#include "lib/evidence/pcr.h"
#include "lib/evidence/tpm_name.h"
#include "lib/evidence/tpm_public.h"
#include "proto/schema.h"

struct soft_tpm {
	void *ak_key; /* EVP_PKEY */
	struct tpm_area ek_public;
	struct tpm_area ak_public;
	struct tpm_name ak_name;
	struct tpm_name signer; /* qualified name of the AK */
	uint8_t node[NODE_ID_BYTES];
	uint8_t pcrs[PCR_COUNT][32]; /* bank SHA-256, the only one */
	uint64_t clock;
	uint32_t reset_count;
	uint32_t restart_count;
};

/* Fresh keys; all PCRs zero. The process ends if libcrypto fails. */
void soft_tpm_open(struct soft_tpm *out);
void soft_tpm_close(struct soft_tpm *tpm);

/* Another AK under the same EK. */
void soft_tpm_new_ak(struct soft_tpm *tpm);

/* An RSA-2048 AK (RSASSA, SHA-256) instead. Making one takes long: if `like` is not NULL, the one that it
 * has. */
void soft_tpm_rsa_ak(struct soft_tpm *tpm, const struct soft_tpm *like);

/* TPM2_PCR_Extend with 32 bytes of `fill`; a reboot: PCRs zero, reset count one more. */
void soft_tpm_extend(struct soft_tpm *tpm, unsigned pcr, uint8_t fill);
void soft_tpm_reboot(struct soft_tpm *tpm);

/* TPM2_Quote: TPMS_ATTEST, TPMT_SIGNATURE and the values, each replacing what the blob holds. The clock goes
 * one millisecond on. */
void soft_tpm_quote(struct soft_tpm *tpm, const struct pcr_selection *selection, struct span data,
	struct blob *attest, struct blob *signature, struct blob *values);

/* TPM2_Certify by the AK of an object with this TPMT_PUBLIC, whether there is one or not. Replaces as above.
 */
void soft_tpm_certify(struct soft_tpm *tpm, struct span area, struct span data, struct blob *attest,
	struct blob *signature);

#endif
