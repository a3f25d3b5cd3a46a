#include "lib/evidence/pcr.h"

enum rc pcr_selection_value_bytes(const struct pcr_selection *selection, size_t *out)
{
	size_t bytes = 0;

	for (size_t i = 0; i < selection->count; i++) {
		size_t size = digest_size(digest_of_tpm_id(selection->banks[i].alg));

		if (size == 0 && selection->banks[i].mask != 0)
			return RC_UNSUPPORTED;
		bytes += size * (size_t)__builtin_popcount(selection->banks[i].mask);
	}
	*out = bytes;
	return RC_OK;
}

enum rc pcr_values_parse(const struct pcr_selection *selection, struct span bytes, struct pcr_values *out)
{
	size_t implied = 0;

	TRY(pcr_selection_value_bytes(selection, &implied));
	if (bytes.len != implied)
		return RC_MALFORMED;
	*out = (struct pcr_values){*selection, bytes};
	return RC_OK;
}

enum rc pcr_values_get(const struct pcr_values *values, uint16_t alg, unsigned pcr, struct span *out)
{
	size_t at = 0;

	if (pcr >= 32)
		return RC_NOT_FOUND;
	for (size_t i = 0; i < values->selection.count; i++) {
		const struct pcr_bank *bank = &values->selection.banks[i];
		size_t size = digest_size(digest_of_tpm_id(bank->alg));
		uint32_t below = bank->mask & ((1u << pcr) - 1);

		if (bank->alg == alg && (bank->mask >> pcr & 1) != 0) {
			*out = span_of(
				values->bytes.at + at + size * (size_t)__builtin_popcount(below), size);
			return RC_OK;
		}
		at += size * (size_t)__builtin_popcount(bank->mask);
	}
	return RC_NOT_FOUND;
}

enum rc pcr_values_digest(const struct pcr_values *values, uint16_t hash,
	uint8_t out[static TPM_HASH_MAX_BYTES], size_t *out_len)
{
	TRY(digest_bytes(digest_of_tpm_id(hash), values->bytes, out));
	*out_len = digest_size(digest_of_tpm_id(hash));
	return RC_OK;
}

enum rc pcr_register_init(struct pcr_register *pcr, uint16_t alg, uint8_t fill)
{
	size_t size = digest_size(digest_of_tpm_id(alg));

	if (size == 0)
		return RC_UNSUPPORTED;
	*pcr = (struct pcr_register){.alg = alg, .len = size};
	memset(pcr->bytes, fill, size);
	return RC_OK;
}

enum rc pcr_register_extend(struct pcr_register *pcr, struct span digest)
{
	const struct span parts[] = {span_of(pcr->bytes, pcr->len), digest};

	if (digest.len != pcr->len)
		return RC_MALFORMED;
	return digest_spans(digest_of_tpm_id(pcr->alg), parts, COUNT(parts), pcr->bytes);
}
