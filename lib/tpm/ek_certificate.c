#include "lib/tpm/owner.h"
#include "lib/tpm/template.h"

/* TCG EK Credential Profile 2.3, 2.2.1.5.2: certificates of the CAs, in order. */
#define CHAIN_FIRST 0x01c00100u
#define CHAIN_LAST  0x01c001ffu

/* Only what is between the first certificate and the end of the chain is kept. */
static void keep_handles(struct tpm *tpm, const TPML_HANDLE *list)
{
	for (size_t i = 0; i < list->count && tpm->nv_count < NV_HANDLES_MAX; i++)
		if (list->handle[i] >= TPM_NV_CERTIFICATES && list->handle[i] <= CHAIN_LAST)
			tpm->nv_handles[tpm->nv_count++] = list->handle[i];
}

/* Handles come in rising order (TPM 2.0 Part 3, 30.2); certificates do not change while the TPM is open. */
static enum rc list_nv(struct tpm *tpm, struct err *err)
{
	DROP(tss_free) TPMS_CAPABILITY_DATA *data = NULL;
	TPMI_YES_NO more;

	if (tpm->nv_listed)
		return RC_OK;
	TRY(tpm_result(tpm,
		Esys_GetCapability(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_CAP_HANDLES,
			TPM_NV_CERTIFICATES, TPM2_MAX_CAP_HANDLES, &more, &data),
		"TPM2_GetCapability of NV indices", err));
	if (data->capability != TPM2_CAP_HANDLES)
		return err_set(err, RC_MALFORMED, "TPM2_GetCapability: not the answer to the question");
	keep_handles(tpm, &data->data.handles);
	tpm->nv_listed = true;
	return RC_OK;
}

static bool has_nv(const struct tpm *tpm, uint32_t index)
{
	for (size_t i = 0; i < tpm->nv_count; i++)
		if (tpm->nv_handles[i] == index)
			return true;
	return false;
}

enum rc tpm_ek_choose(struct tpm *tpm, enum tpm_ek_kind *out, struct err *err)
{
	static const enum tpm_ek_kind preferred[] = {TPM_EK_ECC_P256, TPM_EK_ECC_P384, TPM_EK_RSA_2048};

	TRY(list_nv(tpm, err));
	for (size_t i = 0; i < COUNT(preferred); i++) {
		if (has_nv(tpm, template_place(preferred[i])->certificate)) {
			*out = preferred[i];
			return RC_OK;
		}
	}
	*out = TPM_EK_RSA_2048;
	return RC_OK;
}

/* An index that is open to everybody, read with its own empty password, or with the owner's. */
static enum rc read_pieces(
	struct tpm *tpm, ESYS_TR index, const TPMS_NV_PUBLIC *public, struct blob *out, struct err *err)
{
	bool by_owner = (public->attributes & TPMA_NV_AUTHREAD) == 0;

	for (uint16_t at = 0; at < public->dataSize;) {
		DROP(tss_free) TPM2B_MAX_NV_BUFFER *piece = NULL;
		uint16_t left = (uint16_t)(public->dataSize - at);
		uint16_t len = left < tpm->nv_chunk ? left : tpm->nv_chunk;

		TRY(tpm_result(tpm,
			Esys_NV_Read(tpm->esys, by_owner ? ESYS_TR_RH_OWNER : index, index, ESYS_TR_PASSWORD,
				ESYS_TR_NONE, ESYS_TR_NONE, len, at, &piece),
			"TPM2_NV_Read of a certificate", err));
		if (piece->size != len)
			return err_set(err, RC_MALFORMED, "TPM2_NV_Read: other length than asked for");
		if (blob_append(out, span_of(piece->buffer, len)) != RC_OK)
			return err_set(err, RC_NOMEM, "out of memory");
		at = (uint16_t)(at + len);
	}
	return RC_OK;
}

static enum rc read_open_index(
	struct tpm *tpm, ESYS_TR handle, uint32_t index, size_t max, struct blob *out, struct err *err)
{
	DROP(tss_free) TPM2B_NV_PUBLIC *public = NULL;

	TRY(tpm_result(tpm,
		Esys_NV_ReadPublic(
			tpm->esys, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &public, NULL),
		"TPM2_NV_ReadPublic of a certificate", err));
	if (public->nvPublic.dataSize > max)
		return err_set(err, RC_LIMIT,
			"NV index 0x%08x has %u bytes, more than the %zu of a certificate", index,
			public->nvPublic.dataSize, max);
	return read_pieces(tpm, handle, &public->nvPublic, out, err);
}

/* Append the content of an index of at most max bytes. */
static enum rc read_index(struct tpm *tpm, uint32_t index, size_t max, struct blob *out, struct err *err)
{
	ESYS_TR handle = ESYS_TR_NONE;
	enum rc rc;

	TRY(tpm_result(tpm,
		Esys_TR_FromTPMPublic(tpm->esys, index, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &handle),
		"TPM2_NV_ReadPublic of a certificate", err));
	rc = read_open_index(tpm, handle, index, max, out, err);
	Esys_TR_Close(tpm->esys, &handle);
	return rc;
}

/* Length of the DER SEQUENCE that begins here, 0 if none does. X.690, 8.1.3: definite lengths. */
static size_t sequence_bytes(struct span in)
{
	size_t digits;
	size_t len = 0;

	if (in.len < 2 || in.at[0] != 0x30)
		return 0;
	if (in.at[1] < 0x80)
		return (size_t)in.at[1] + 2 <= in.len ? (size_t)in.at[1] + 2 : 0;
	digits = in.at[1] & 0x7f;
	if (digits == 0 || digits > 2 || in.len < 2 + digits)
		return 0;
	for (size_t i = 0; i < digits; i++)
		len = len << 8 | in.at[2 + i];
	return len <= in.len - 2 - digits ? len + 2 + digits : 0;
}

enum rc tpm_ek_certificate(struct tpm *tpm, struct blob *out, struct err *err)
{
	DROP(blob_release) struct blob content = {0};
	uint32_t index;
	size_t len;

	if (tpm->ek_kind == TPM_EK_AUTO)
		return err_set(err, RC_DENIED, "no EK is open");
	index = template_place(tpm->ek_kind)->certificate;
	TRY(list_nv(tpm, err));
	if (!has_nv(tpm, index))
		return err_set(err, RC_NOT_FOUND,
			"the TPM has no certificate for its %s EK (NV index 0x%08x)",
			tpm_ek_kind_name(tpm->ek_kind), index);
	TRY(read_index(tpm, index, TPM_CERTIFICATE_MAX_BYTES, &content, err));
	len = sequence_bytes(blob_span(&content));
	if (len == 0)
		return err_set(err, RC_MALFORMED, "NV index 0x%08x holds no certificate", index);
	if (blob_copy(out, span_of(content.at, len)) != RC_OK)
		return err_set(err, RC_NOMEM, "out of memory");
	return RC_OK;
}

/* Copy the certificates and leave out what is between them: some vendors fill their indices up. */
static enum rc keep_certificates(struct span content, struct blob *out)
{
	while (content.len > 0) {
		size_t len = sequence_bytes(content);

		if (len != 0)
			TRY(blob_append(out, span_of(content.at, len)));
		else if (content.at[0] == 0x00 || content.at[0] == 0xff)
			len = 1;
		else
			return RC_MALFORMED;
		content.at += len;
		content.len -= len;
	}
	return out->len != 0 ? RC_OK : RC_MALFORMED;
}

enum rc tpm_ek_chain(struct tpm *tpm, struct blob *out, struct err *err)
{
	DROP(blob_release) struct blob content = {0};
	DROP(blob_release) struct blob chain = {0};
	bool found = false;
	enum rc rc;

	TRY(list_nv(tpm, err));
	for (size_t i = 0; i < tpm->nv_count; i++) {
		if (tpm->nv_handles[i] < CHAIN_FIRST)
			continue;
		found = true;
		/* A certificate may begin in one index and end in the next. */
		TRY(read_index(tpm, tpm->nv_handles[i], TPM_CHAIN_MAX_BYTES - content.len, &content, err));
	}
	if (!found)
		return err_set(err, RC_NOT_FOUND, "the TPM has no certificate chain in NV");
	rc = keep_certificates(blob_span(&content), &chain);
	if (rc != RC_OK)
		return err_set(err, rc, "the certificate chain in NV: %s", rc_words(rc));
	blob_release(out);
	*out = TAKE(chain);
	return RC_OK;
}
