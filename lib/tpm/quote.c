#include "lib/evidence/attest.h"
#include "lib/tpm/pcrs.h"

void tpm_quote_release(struct tpm_quote *quote)
{
	blob_release(&quote->attest);
	blob_release(&quote->signature);
	blob_release(&quote->values);
}

enum rc tpm_pcr_update_counter(struct tpm *tpm, uint32_t *out, struct err *err)
{
	TPML_PCR_SELECTION nothing = {0};

	return tpm_result(tpm,
		Esys_PCR_Read(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &nothing, out, NULL, NULL),
		"TPM2_PCR_Read", err);
}

enum rc tpm_pcr_read(struct tpm *tpm, const struct pcr_selection *selection, uint32_t *counter,
	struct blob *values, struct err *err)
{
	DROP(blob_release) struct blob read = {0};
	uint32_t first = 0;
	enum rc rc = RC_STALE;

	for (unsigned i = 0; i < TPM_QUOTE_ATTEMPTS && rc == RC_STALE; i++)
		rc = pcrs_read(tpm, selection, &first, &read, err);
	if (rc != RC_OK)
		return rc;
	if (counter != NULL)
		*counter = first;
	blob_release(values);
	*values = TAKE(read);
	return RC_OK;
}

static enum rc sign(struct tpm *tpm, const struct pcr_selection *selection, const TPM2B_DATA *qualifying,
	struct tpm_quote *out, struct err *err)
{
	DROP(tss_free) TPM2B_ATTEST *attest = NULL;
	DROP(tss_free) TPMT_SIGNATURE *signature = NULL;
	TPMT_SIG_SCHEME scheme = {.scheme = TPM2_ALG_NULL}; /* the key's own */
	TPML_PCR_SELECTION pcrs;
	uint8_t bytes[sizeof *signature];
	size_t len = 0;

	TRY(pcrs_encode(selection, &pcrs, err));
	TRY(tpm_result(tpm,
		Esys_Quote(tpm->esys, tpm->ak, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, qualifying,
			&scheme, &pcrs, &attest, &signature),
		"TPM2_Quote", err));
	TRY(tss_encoded(
		Tss2_MU_TPMT_SIGNATURE_Marshal(signature, bytes, sizeof bytes, &len), "signature", err));
	if (blob_copy(&out->attest, span_of(attest->attestationData, attest->size)) != RC_OK ||
		blob_copy(&out->signature, span_of(bytes, len)) != RC_OK)
		return err_set(err, RC_NOMEM, "out of memory");
	return RC_OK;
}

/* RC_STALE if the values are not those that were signed. */
static enum rc compare(const struct pcr_selection *selection, const struct tpm_quote *quote, struct err *err)
{
	struct pcr_values values;
	struct attest attest;
	uint8_t digest[TPM_HASH_MAX_BYTES];
	size_t len;

	if (attest_parse(blob_span(&quote->attest), &attest) != RC_OK)
		return err_set(err, RC_MALFORMED, "TPM2_Quote: the answer is no quote");
	if (!pcr_selection_equal(&attest.selection, selection))
		return err_set(err, RC_UNSUPPORTED, "TPM2_Quote: the TPM signed other PCRs than asked for");
	TRY(pcr_values_parse(selection, blob_span(&quote->values), &values));
	/* Both kinds of AK sign with SHA-256. */
	TRY(pcr_values_digest(&values, TPM_ALG_SHA256, digest, &len));
	if (!span_equal(attest.pcr_digest, span_of(digest, len)))
		return err_set(err, RC_STALE, "the PCRs do not stand still");
	return RC_OK;
}

/* Values first: what happens in between is then short, not the time of a signature. */
static enum rc quote_once(struct tpm *tpm, const struct pcr_selection *selection,
	const TPM2B_DATA *qualifying, struct tpm_quote *out, struct err *err)
{
	uint32_t counter;

	TRY(pcrs_read(tpm, selection, &counter, &out->values, err));
	TRY(sign(tpm, selection, qualifying, out, err));
	return compare(selection, out, err);
}

enum rc tpm_quote(struct tpm *tpm, const struct pcr_selection *selection, struct span qualifying,
	struct tpm_quote *out, struct err *err)
{
	DROP(tpm_quote_release) struct tpm_quote quote = {0};
	TPM2B_DATA data = {.size = (uint16_t)qualifying.len};
	enum rc rc = RC_STALE;

	if (tpm->ak == ESYS_TR_NONE)
		return err_set(err, RC_DENIED, "no AK is loaded");
	if (qualifying.len > TPM_QUALIFYING_MAX_BYTES)
		return err_set(
			err, RC_LIMIT, "qualifying data has at most %d bytes", TPM_QUALIFYING_MAX_BYTES);
	if (qualifying.len != 0)
		memcpy(data.buffer, qualifying.at, qualifying.len);
	for (unsigned i = 0; i < TPM_QUOTE_ATTEMPTS && rc == RC_STALE; i++)
		rc = quote_once(tpm, selection, &data, &quote, err);
	if (rc != RC_OK)
		return rc;
	tpm_quote_release(out);
	*out = TAKE(quote);
	return RC_OK;
}
