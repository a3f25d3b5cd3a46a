#include "lib/evidence/attest.h"

#include "lib/evidence/pcr_read.h"

/* TPM 2.0 Part 2, TPM_ST: the other types that a TPM makes, from NV certification to session audit. */
static bool is_other_type(uint16_t type)
{
	return (type >= 0x8014 && type <= 0x801d) && type != ATTEST_TYPE_QUOTE;
}

/* TPM 2.0 Part 2, TPMS_CLOCK_INFO; a TPMI_YES_NO is 0 or 1. */
static enum rc clock_info_parse(struct cursor *cursor, struct attest *attest)
{
	uint8_t safe = 0;

	TRY(cursor_u64(cursor, &attest->clock));
	TRY(cursor_u32(cursor, &attest->reset_count));
	TRY(cursor_u32(cursor, &attest->restart_count));
	TRY(cursor_u8(cursor, &safe));
	if (safe > 1)
		return RC_MALFORMED;
	attest->safe = safe == 1;
	return RC_OK;
}

/* TPM 2.0 Part 2, TPMS_QUOTE_INFO. */
static enum rc quote_info_parse(struct cursor *cursor, struct attest *attest)
{
	TRY(pcr_selection_read(cursor, &attest->selection));
	return cursor_tpm2b(cursor, TPM_HASH_MAX_BYTES, &attest->pcr_digest);
}

enum rc attest_parse(struct span in, struct attest *out)
{
	struct cursor cursor = cursor_at(in);
	struct attest attest = {.bytes = in};

	TRY(cursor_u32(&cursor, &attest.magic));
	TRY(cursor_u16(&cursor, &attest.type));
	/* Without the magic it may be any data that somebody had signed (TPM 2.0 Part 2, TPM_GENERATED). */
	if (attest.magic != ATTEST_GENERATED)
		return RC_MALFORMED;
	if (attest.type != ATTEST_TYPE_QUOTE)
		return is_other_type(attest.type) ? RC_UNSUPPORTED : RC_MALFORMED;
	TRY(cursor_tpm2b(&cursor, ATTEST_NAME_MAX_BYTES, &attest.qualified_signer));
	TRY(cursor_tpm2b(&cursor, ATTEST_EXTRA_MAX_BYTES, &attest.extra_data));
	TRY(clock_info_parse(&cursor, &attest));
	TRY(cursor_u64(&cursor, &attest.firmware_version));
	TRY(quote_info_parse(&cursor, &attest));
	TRY(cursor_end(&cursor));
	*out = attest;
	return RC_OK;
}
