#include "lib/tpm/owner.h"
#include "lib/tpm/template.h"

static const char *const kind_names[TPM_EK_KIND_COUNT] = {
	[TPM_EK_AUTO] = "auto",
	[TPM_EK_RSA_2048] = "rsa2048",
	[TPM_EK_ECC_P256] = "p256",
	[TPM_EK_ECC_P384] = "p384",
};

const char *tpm_ek_kind_name(enum tpm_ek_kind kind)
{
	return (size_t)kind < COUNT(kind_names) ? kind_names[kind] : "unknown";
}

enum rc tpm_ek_kind_parse(struct span text, enum tpm_ek_kind *out)
{
	for (size_t i = 0; i < COUNT(kind_names); i++) {
		if (span_is(text, kind_names[i])) {
			*out = (enum tpm_ek_kind)i;
			return RC_OK;
		}
	}
	return RC_NOT_FOUND;
}

enum tpm_ek_kind tpm_ek_kind(const struct tpm *tpm)
{
	return tpm->ek_kind;
}

struct span tpm_ek_public(const struct tpm *tpm)
{
	return blob_span(&tpm->ek_public);
}

void tpm_ek_close(struct tpm *tpm)
{
	tpm_ak_close(tpm);
	if (tpm->ek_flush)
		tpm_flush(tpm, &tpm->ek, TCTI_OWN_EK);
	else if (tpm->ek != ESYS_TR_NONE)
		Esys_TR_Close(tpm->esys, &tpm->ek);
	tpm->ek = ESYS_TR_NONE;
	tpm->ek_flush = false;
	tpm->ek_kind = TPM_EK_AUTO;
	blob_release(&tpm->ek_public);
}

/* Take the key at `handle` if it is what it should be. *taken tells. */
static enum rc adopt(struct tpm *tpm, enum tpm_ek_kind kind, ESYS_TR handle, bool *taken, struct err *err)
{
	DROP(tss_free) TPM2B_PUBLIC *public = NULL;
	DROP(blob_release) struct blob area = {0};
	enum ek_template which;

	TRY(tpm_result(tpm,
		Esys_ReadPublic(
			tpm->esys, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &public, NULL, NULL),
		"TPM2_ReadPublic of the persistent EK", err));
	TRY(tpm_public_bytes(&public->publicArea, &area, err));
	if (!ek_template_holds(blob_span(&area), &which) || which != template_place(kind)->area)
		return RC_OK;
	*taken = true;
	tpm->ek = handle;
	tpm->ek_kind = kind;
	tpm->ek_public = TAKE(area);
	return RC_OK;
}

static enum rc open_persistent(struct tpm *tpm, enum tpm_ek_kind kind, bool *taken, struct err *err)
{
	ESYS_TR handle = ESYS_TR_NONE;
	TSS2_RC code = Esys_TR_FromTPMPublic(tpm->esys, template_place(kind)->persistent, ESYS_TR_NONE,
		ESYS_TR_NONE, ESYS_TR_NONE, &handle);
	enum rc rc;

	if (tpm_error_number(code) == TPM2_RC_HANDLE)
		return RC_OK;
	TRY(tpm_result(tpm, code, "TPM2_ReadPublic of the persistent EK", err));
	rc = adopt(tpm, kind, handle, taken, err);
	if (!*taken)
		Esys_TR_Close(tpm->esys, &handle);
	return rc;
}

static enum rc create_primary(struct tpm *tpm, enum tpm_ek_kind kind, struct err *err)
{
	TPM2B_SENSITIVE_CREATE sensitive = {0};
	TPM2B_PUBLIC template = {0};
	TPM2B_DATA outside = {0};
	TPML_PCR_SELECTION pcrs = {0};
	DROP(tss_free) TPM2B_PUBLIC *public = NULL;

	template_ek(kind, &template.publicArea);
	TRY(tpm_result(tpm,
		Esys_CreatePrimary(tpm->esys, ESYS_TR_RH_ENDORSEMENT, ESYS_TR_PASSWORD, ESYS_TR_NONE,
			ESYS_TR_NONE, &sensitive, &template, &outside, &pcrs, &tpm->ek, &public, NULL, NULL,
			NULL),
		"TPM2_CreatePrimary of the EK", err));
	tpm->ek_flush = true;
	tpm_own(tpm, tpm->ek, TCTI_OWN_EK);
	tpm->ek_kind = kind;
	return tpm_public_bytes(&public->publicArea, &tpm->ek_public, err);
}

static enum rc open_kind(struct tpm *tpm, enum tpm_ek_kind kind, struct err *err)
{
	bool taken = false;
	enum ek_template which;

	TRY(open_persistent(tpm, kind, &taken, err));
	if (taken)
		return RC_OK;
	TRY(create_primary(tpm, kind, err));
	if (!ek_template_holds(tpm_ek_public(tpm), &which) || which != template_place(kind)->area)
		return err_set(err, RC_UNSUPPORTED, "the TPM made an EK that is not of template %s",
			ek_template_name(template_place(kind)->area));
	return RC_OK;
}

enum rc tpm_ek_open(struct tpm *tpm, enum tpm_ek_kind kind, struct err *err)
{
	enum rc rc;

	tpm_ek_close(tpm);
	if (kind == TPM_EK_AUTO)
		TRY(tpm_ek_choose(tpm, &kind, err));
	rc = open_kind(tpm, kind, err);
	if (rc != RC_OK)
		tpm_ek_close(tpm);
	return rc;
}
