#include "lib/evidence/attest.h"

#include "lib/evidence/pcr_read.h"

/* TPM 2.0 Part 2, TPM_ST: all that a TPM makes, from NV certification to session audit. */
static bool is_type(uint16_t type)
{
	return type >= 0x8014 && type <= 0x801d;
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

/* TPM 2.0 Part 2, TPMS_CERTIFY_INFO. A name is never empty: an object without a nameAlg cannot be certified
 * by it (Part 1, "Names"). */
static enum rc certify_info_parse(struct cursor *cursor, struct attest *attest)
{
	TRY(cursor_tpm2b(cursor, ATTEST_NAME_MAX_BYTES, &attest->name));
	TRY(cursor_tpm2b(cursor, ATTEST_NAME_MAX_BYTES, &attest->qualified_name));
	return attest->name.len == 0 ? RC_MALFORMED : RC_OK;
}

static enum rc parse(struct span in, uint16_t type,
	enum rc (*info_parse)(struct cursor *cursor, struct attest *attest), struct attest *out)
{
	struct cursor cursor = cursor_at(in);
	struct attest attest = {.bytes = in};

	TRY(cursor_u32(&cursor, &attest.magic));
	TRY(cursor_u16(&cursor, &attest.type));
	/* Without the magic it may be any data that somebody had signed (TPM 2.0 Part 2, TPM_GENERATED). */
	if (attest.magic != ATTEST_GENERATED)
		return RC_MALFORMED;
	if (attest.type != type)
		return is_type(attest.type) ? RC_UNSUPPORTED : RC_MALFORMED;
	TRY(cursor_tpm2b(&cursor, ATTEST_NAME_MAX_BYTES, &attest.qualified_signer));
	TRY(cursor_tpm2b(&cursor, ATTEST_EXTRA_MAX_BYTES, &attest.extra_data));
	TRY(clock_info_parse(&cursor, &attest));
	TRY(cursor_u64(&cursor, &attest.firmware_version));
	TRY(info_parse(&cursor, &attest));
	TRY(cursor_end(&cursor));
	*out = attest;
	return RC_OK;
}

enum rc attest_parse(struct span in, struct attest *out)
{
	return parse(in, ATTEST_TYPE_QUOTE, quote_info_parse, out);
}

enum rc attest_parse_certify(struct span in, struct attest *out)
{
	return parse(in, ATTEST_TYPE_CERTIFY, certify_info_parse, out);
}
