/* What the files of this folder share: the TPM's state, answers turned into results, memory of the TSS. */
#ifndef LIMEBUS_TPM_OWNER_H
#define LIMEBUS_TPM_OWNER_H

#include <tss2/tss2_esys.h>
#include <tss2/tss2_mu.h>

#include "lib/tpm/tcti.h"
#include "lib/tpm/tpm.h"

/* The NV indices of the TCG's range (certificates) that we care for. */
#define NV_HANDLES_MAX 64

/*
 * ek and ak are ESYS_TR_NONE when not open. ek_flush: the EK is a transient object, to be flushed, not a
 * persistent one. nv_handles is read once, when first wanted.
 */
struct tpm {
	struct tcti tcti;
	ESYS_CONTEXT *esys;
	ESYS_TR ek;
	enum tpm_ek_kind ek_kind;
	bool ek_flush;
	struct blob ek_public;
	ESYS_TR ak;
	struct blob ak_public;
	bool nv_listed;
	size_t nv_count;
	uint32_t nv_handles[NV_HANDLES_MAX];
	uint16_t nv_chunk; /* longest TPM2_NV_Read */
};

/* The result of a call to the TSS; what names the command for the text. */
MUST_USE enum rc tpm_result(struct tpm *tpm, TSS2_RC code, const char *what, struct err *err);

/* The error number alone: without layer, parameter, handle or session number. */
TPM2_RC tpm_error_number(TSS2_RC code);

/* Flush an object if there is one; *handle is ESYS_TR_NONE afterwards. */
void tpm_flush(struct tpm *tpm, ESYS_TR *handle, enum tcti_own which);

/* Remember the handle as ours. */
void tpm_own(struct tpm *tpm, ESYS_TR handle, enum tcti_own which);

/* DROP(tss_free) TPM2B_PUBLIC *public = NULL; */
static inline void tss_free(void *pointer)
{
	void *at;

	memcpy(&at, pointer, sizeof at);
	Esys_Free(at);
}

/* True for an answer of the TPM that finds fault with a parameter of the command. */
bool tpm_finds_fault(TSS2_RC code);

/* Where the TCG puts certificates in NV. */
#define TPM_NV_CERTIFICATES 0x01c00000u

/* What AUTO stands for. */
MUST_USE enum rc tpm_ek_choose(struct tpm *tpm, enum tpm_ek_kind *out, struct err *err);

/* Flush EK and AK. */
void tpm_ek_close(struct tpm *tpm);
void tpm_ak_close(struct tpm *tpm);

/* TPMT_PUBLIC as bytes, in place of what is in out. */
MUST_USE enum rc tpm_public_bytes(const TPMT_PUBLIC *public, struct blob *out, struct err *err);

/* RC_OK, or RC_MALFORMED with a text for TPM structures that do not fit their type. */
MUST_USE enum rc tss_encoded(TSS2_RC code, const char *what, struct err *err);

#endif
