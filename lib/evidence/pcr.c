#include "lib/evidence/pcr.h"

#include <stdio.h>

#include "lib/evidence/pcr_read.h"

/* TPM 2.0 Part 2, TPMS_PCR_SELECTION: hash, number of mask bytes, mask with PCR 0 in bit 0 of its
 * first byte. */
static enum rc bank_parse(struct cursor *cursor, struct pcr_bank *out)
{
	struct pcr_bank bank = {0};
	struct span mask = {0};

	TRY(cursor_u16(cursor, &bank.alg));
	TRY(cursor_u8(cursor, &bank.size));
	if (bank.size < 1 || bank.size > 4)
		return RC_MALFORMED;
	TRY(cursor_bytes(cursor, bank.size, &mask));
	for (size_t i = 0; i < mask.len; i++)
		bank.mask |= (uint32_t)mask.at[i] << 8 * i;
	*out = bank;
	return RC_OK;
}

enum rc pcr_selection_read(struct cursor *cursor, struct pcr_selection *out)
{
	struct pcr_selection selection = {0};
	uint32_t count = 0;

	TRY(cursor_u32(cursor, &count));
	if (count > PCR_BANKS_MAX)
		return RC_LIMIT;
	for (; selection.count < count; selection.count++)
		TRY(bank_parse(cursor, &selection.banks[selection.count]));
	*out = selection;
	return RC_OK;
}

enum rc pcr_selection_parse(struct span in, struct pcr_selection *out)
{
	struct cursor cursor = cursor_at(in);
	struct pcr_selection selection = {0};

	TRY(pcr_selection_read(&cursor, &selection));
	TRY(cursor_end(&cursor));
	*out = selection;
	return RC_OK;
}

size_t pcr_selection_encode(
	const struct pcr_selection *selection, uint8_t out[static PCR_SELECTION_MAX_BYTES])
{
	size_t at = 0;

	for (int shift = 24; shift >= 0; shift -= 8)
		out[at++] = (uint8_t)(selection->count >> shift);
	for (size_t i = 0; i < selection->count; i++) {
		const struct pcr_bank *bank = &selection->banks[i];

		out[at++] = (uint8_t)(bank->alg >> 8);
		out[at++] = (uint8_t)bank->alg;
		out[at++] = bank->size;
		for (size_t k = 0; k < bank->size; k++)
			out[at++] = (uint8_t)(bank->mask >> 8 * k);
	}
	return at;
}

enum rc pcr_selection_add(struct pcr_selection *selection, uint16_t alg, unsigned pcr)
{
	size_t i = 0;

	if (digest_of_tpm_id(alg) == DIGEST_NONE)
		return RC_UNSUPPORTED;
	while (i < selection->count && selection->banks[i].alg != alg)
		i++;
	if (pcr >= PCR_COUNT || i == PCR_BANKS_MAX)
		return RC_LIMIT;
	if (i == selection->count)
		selection->banks[selection->count++] = (struct pcr_bank){.alg = alg, .size = 3};
	selection->banks[i].mask |= 1u << pcr;
	return RC_OK;
}

bool pcr_selection_has(const struct pcr_selection *selection, uint16_t alg, unsigned pcr)
{
	for (size_t i = 0; i < selection->count && pcr < 32; i++)
		if (selection->banks[i].alg == alg && (selection->banks[i].mask >> pcr & 1) != 0)
			return true;
	return false;
}

bool pcr_selection_equal(const struct pcr_selection *a, const struct pcr_selection *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (a->banks[i].alg != b->banks[i].alg || a->banks[i].mask != b->banks[i].mask)
			return false;
	return true;
}

unsigned pcr_selection_pcrs(const struct pcr_selection *selection)
{
	unsigned pcrs = 0;

	for (size_t i = 0; i < selection->count; i++)
		pcrs += (unsigned)__builtin_popcount(selection->banks[i].mask);
	return pcrs;
}

char *pcr_selection_text(const struct pcr_selection *selection, char out[static PCR_SELECTION_TEXT_BYTES])
{
	size_t at =
		(size_t)snprintf(out, PCR_SELECTION_TEXT_BYTES, "%s", selection->count == 0 ? "no PCRs" : "");

	for (size_t i = 0; i < selection->count && at < PCR_SELECTION_TEXT_BYTES; i++) {
		const char *separator = ":";

		at += (size_t)snprintf(out + at, PCR_SELECTION_TEXT_BYTES - at, "%s%s", i > 0 ? "+" : "",
			tpm_alg_name(selection->banks[i].alg));
		for (unsigned pcr = 0; pcr < 32 && at < PCR_SELECTION_TEXT_BYTES; pcr++) {
			if ((selection->banks[i].mask >> pcr & 1) == 0)
				continue;
			at += (size_t)snprintf(
				out + at, PCR_SELECTION_TEXT_BYTES - at, "%s%u", separator, pcr);
			separator = ",";
		}
	}
	return out;
}
