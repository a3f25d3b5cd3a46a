/* The keys that we make, as the TPM wants them described. */
#ifndef LIMEBUS_TPM_TEMPLATE_H
#define LIMEBUS_TPM_TEMPLATE_H

#include <tss2/tss2_tpm2_types.h>

#include "lib/tpm/tpm.h"

/* One row an EK: where the TPM keeps it and its certificate, and which hash its policy is made with. */
struct template_place {
	uint32_t persistent;
	uint32_t certificate;
	uint16_t name_alg;
	enum ek_template area;
};

/* kind is not AUTO. */
const struct template_place *template_place(enum tpm_ek_kind kind);

/* TCG EK Credential Profile 2.3, B.3.3 (L-1), B.3.4 (L-2), B.4.6 (H-3). */
void template_ek(enum tpm_ek_kind kind, TPMT_PUBLIC *out);

/*
 * The policy of the H templates is PolicyOR of these two (B.6.3 and B.6.5): PolicySecret of the endorsement
 * hierarchy, and PolicyAuthorizeNV, which is for owners who want something else. SHA-384.
 */
extern const TPML_DIGEST template_policy_b_sha384;

void template_ak(enum tpm_ak_kind kind, TPMT_PUBLIC *out);

/* The node's own key, and its parent: the storage key of TCG Provisioning Guidance 7.5.1, ECC P-256, with an
 * empty `unique` as the tpm2 provider for OpenSSL has it. */
void template_key(TPMT_PUBLIC *out);
void template_storage(TPMT_PUBLIC *out);

#endif
