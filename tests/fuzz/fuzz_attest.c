/* A quote that is read accounts for every byte of the input, and its selection is written as it was read. */
#include "lib/evidence/attest.h"
#include "tests/fuzz/fuzz.h"

/* Magic and type, two lengths, clock, counts and flag, firmware, length of the digest. */
#define FIXED_BYTES (6 + 2 + 2 + 17 + 8 + 2)

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	uint8_t selection[PCR_SELECTION_MAX_BYTES];
	struct attest attest = {0};
	size_t selection_len;

	if (attest_parse(span_of(at, len), &attest) != RC_OK)
		return 0;
	selection_len = pcr_selection_encode(&attest.selection, selection);
	HOLDS(FIXED_BYTES + attest.qualified_signer.len + attest.extra_data.len + selection_len +
			attest.pcr_digest.len ==
		len);
	HOLDS(memcmp(attest.pcr_digest.at - 2 - selection_len, selection, selection_len) == 0);
	HOLDS(attest.pcr_digest.at + attest.pcr_digest.len == at + len);
	return 0;
}
