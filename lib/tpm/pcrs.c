#include "lib/tpm/pcrs.h"

/* TCG PC Client Platform TPM Profile, 4.6.1: PCR_SELECT_MIN is 3. */
#define SELECT_BYTES 3

_Static_assert(PCR_BANKS_MAX <= TPM2_NUM_PCR_BANKS, "a selection fits into the TSS's type");

static bool is_repeated(const struct pcr_selection *selection, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (selection->banks[j].alg == selection->banks[i].alg)
			return true;
	return false;
}

enum rc pcrs_encode(const struct pcr_selection *selection, TPML_PCR_SELECTION *out, struct err *err)
{
	*out = (TPML_PCR_SELECTION){.count = (uint32_t)selection->count};
	for (size_t i = 0; i < selection->count; i++) {
		const struct pcr_bank *bank = &selection->banks[i];
		TPMS_PCR_SELECTION *to = &out->pcrSelections[i];

		if (bank->mask >> PCR_COUNT != 0 || is_repeated(selection, i))
			return err_set(err, RC_UNSUPPORTED, "PCRs above 23, or a bank that is named twice");
		to->hash = bank->alg;
		to->sizeofSelect = SELECT_BYTES;
		for (size_t byte = 0; byte < SELECT_BYTES; byte++)
			to->pcrSelect[byte] = (uint8_t)(bank->mask >> (8 * byte));
	}
	return RC_OK;
}

/* Where the value of a PCR is among those of the selection; false if it is not selected. */
static bool place_of(const struct pcr_selection *selection, uint16_t alg, unsigned pcr, size_t *out)
{
	size_t at = 0;

	for (size_t i = 0; i < selection->count; i++) {
		const struct pcr_bank *bank = &selection->banks[i];
		unsigned before = (unsigned)__builtin_popcount(bank->mask & ((1u << pcr) - 1));

		if (bank->alg == alg) {
			*out = at + before * digest_size(digest_of_tpm_id(alg));
			return (bank->mask >> pcr & 1) != 0;
		}
		at += (size_t)__builtin_popcount(bank->mask) * digest_size(digest_of_tpm_id(bank->alg));
	}
	return false;
}

/* Put the digests of one answer where they belong, and strike their PCRs off `left`. */
static enum rc place_digests(const struct pcr_selection *selection, const TPMS_PCR_SELECTION *bank,
	const TPML_DIGEST *digests, size_t *next, struct pcr_selection *left, struct blob *values)
{
	for (unsigned pcr = 0; pcr < PCR_COUNT; pcr++) {
		size_t at;

		if (pcr / 8 >= bank->sizeofSelect || (bank->pcrSelect[pcr / 8] >> (pcr % 8) & 1) == 0)
			continue;
		if (*next >= digests->count || !pcr_selection_has(left, bank->hash, pcr) ||
			!place_of(selection, bank->hash, pcr, &at) ||
			digests->digests[*next].size != digest_size(digest_of_tpm_id(bank->hash)))
			return RC_MALFORMED;
		memcpy(values->at + at, digests->digests[*next].buffer, digests->digests[*next].size);
		(*next)++;
		for (size_t i = 0; i < left->count; i++)
			if (left->banks[i].alg == bank->hash)
				left->banks[i].mask &= ~(1u << pcr);
	}
	return RC_OK;
}

/* One command: up to eight PCRs of `left` (TPM 2.0 Part 3, 22.4). */
static enum rc read_some(struct tpm *tpm, const struct pcr_selection *selection, struct pcr_selection *left,
	uint32_t *counter, struct blob *values, struct err *err)
{
	DROP(tss_free) TPML_PCR_SELECTION *got = NULL;
	DROP(tss_free) TPML_DIGEST *digests = NULL;
	TPML_PCR_SELECTION ask;
	size_t next = 0;

	TRY(pcrs_encode(left, &ask, err));
	TRY(tpm_result(tpm,
		Esys_PCR_Read(
			tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &ask, counter, &got, &digests),
		"TPM2_PCR_Read", err));
	for (size_t i = 0; i < got->count; i++)
		if (place_digests(selection, &got->pcrSelections[i], digests, &next, left, values) != RC_OK)
			return err_set(
				err, RC_MALFORMED, "TPM2_PCR_Read: values of other PCRs than asked for");
	if (next != digests->count)
		return err_set(err, RC_MALFORMED, "TPM2_PCR_Read: more values than PCRs");
	if (next == 0 && pcr_selection_pcrs(left) != 0) {
		char text[PCR_SELECTION_TEXT_BYTES];

		return err_set(err, RC_UNSUPPORTED, "the TPM does not have PCRs %s: is the bank active?",
			pcr_selection_text(left, text));
	}
	return RC_OK;
}

enum rc pcrs_read(struct tpm *tpm, const struct pcr_selection *selection, uint32_t *counter,
	struct blob *values, struct err *err)
{
	struct pcr_selection left = *selection;
	size_t len;

	if (pcr_selection_value_bytes(selection, &len) != RC_OK)
		return err_set(err, RC_UNSUPPORTED, "a PCR bank of an unknown hash");
	blob_clear(values);
	if (blob_resize(values, len) != RC_OK)
		return err_set(err, RC_NOMEM, "out of memory");
	for (bool first = true; pcr_selection_pcrs(&left) != 0; first = false) {
		uint32_t now;

		TRY(read_some(tpm, selection, &left, &now, values, err));
		if (!first && now != *counter)
			return err_set(err, RC_STALE, "the PCRs do not stand still");
		*counter = now;
	}
	return RC_OK;
}
