#include "lib/tpm/session.h"

#include "lib/tpm/template.h"

void session_end(struct session *session)
{
	if (session->handle != 0)
		tpm_flush(session->tpm, &session->handle, TCTI_OWN_SESSION);
	session->handle = 0;
}

static enum rc start(struct tpm *tpm, ESYS_TR salt_key, TPM2_SE kind, const TPMT_SYM_DEF *symmetric,
	TPMI_ALG_HASH hash, struct session *out, struct err *err)
{
	ESYS_TR handle = ESYS_TR_NONE;

	TRY(tpm_result(tpm,
		Esys_StartAuthSession(tpm->esys, salt_key, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
			ESYS_TR_NONE, NULL, kind, symmetric, hash, &handle),
		"TPM2_StartAuthSession", err));
	tpm_own(tpm, handle, TCTI_OWN_SESSION);
	*out = (struct session){tpm, handle};
	return RC_OK;
}

enum rc session_policy(struct tpm *tpm, struct session *out, struct err *err)
{
	TPMT_SYM_DEF none = {.algorithm = TPM2_ALG_NULL};

	return start(
		tpm, ESYS_TR_NONE, TPM2_SE_POLICY, &none, template_place(tpm->ek_kind)->name_alg, out, err);
}

enum rc session_allow(struct session *session, bool last, struct err *err)
{
	struct tpm *tpm = session->tpm;

	TRY(tpm_result(tpm,
		Esys_TRSess_SetAttributes(tpm->esys, session->handle, last ? 0 : TPMA_SESSION_CONTINUESESSION,
			TPMA_SESSION_CONTINUESESSION),
		"session attributes", err));
	TRY(tpm_result(tpm,
		Esys_PolicySecret(tpm->esys, ESYS_TR_RH_ENDORSEMENT, session->handle, ESYS_TR_PASSWORD,
			ESYS_TR_NONE, ESYS_TR_NONE, NULL, NULL, NULL, 0, NULL, NULL),
		"TPM2_PolicySecret of the endorsement hierarchy", err));
	if (tpm->ek_kind != TPM_EK_ECC_P384)
		return RC_OK;
	return tpm_result(tpm,
		Esys_PolicyOR(tpm->esys, session->handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
			&template_policy_b_sha384),
		"TPM2_PolicyOR", err);
}

enum rc session_secret(struct tpm *tpm, TPMA_SESSION direction, struct session *out, struct err *err)
{
	TPMT_SYM_DEF aes = {
		.algorithm = TPM2_ALG_AES,
		.keyBits.aes = 128,
		.mode.aes = TPM2_ALG_CFB,
	};
	DROP(session_end) struct session session = {0};

	TRY(start(tpm, tpm->ek, TPM2_SE_HMAC, &aes, TPM2_ALG_SHA256, &session, err));
	TRY(tpm_result(tpm,
		Esys_TRSess_SetAttributes(tpm->esys, session.handle, direction,
			TPMA_SESSION_CONTINUESESSION | TPMA_SESSION_DECRYPT | TPMA_SESSION_ENCRYPT),
		"session attributes", err));
	*out = TAKE(session);
	return RC_OK;
}

enum rc session_result(struct session *session, TSS2_RC code, const char *what, struct err *err)
{
	struct tpm *tpm = session->tpm;

	if (code == TSS2_RC_SUCCESS) {
		/* The TPM has ended it; what the TSS still keeps of it goes. */
		Esys_TR_Close(tpm->esys, &session->handle);
		session->handle = 0;
		tpm->tcti.own[TCTI_OWN_SESSION] = 0;
	}
	return tpm_result(tpm, code, what, err);
}
