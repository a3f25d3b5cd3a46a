/* Reading PCRs once, without judging whether they moved. */
#ifndef LIMEBUS_TPM_PCRS_H
#define LIMEBUS_TPM_PCRS_H

#include "lib/tpm/owner.h"

/* The selection as the TPM wants it. RC_UNSUPPORTED for PCRs above 23 and banks that occur twice. */
MUST_USE enum rc pcrs_encode(const struct pcr_selection *selection, TPML_PCR_SELECTION *out, struct err *err);

/* All values, in as many commands as they need. RC_STALE if the update counter moved between two of them. */
MUST_USE enum rc pcrs_read(struct tpm *tpm, const struct pcr_selection *selection, uint32_t *counter,
	struct blob *values, struct err *err);

#endif
