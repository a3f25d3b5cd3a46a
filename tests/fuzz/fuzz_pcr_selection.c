/* A selection that is read is written as it was, equals itself, and implies a length that only fits itself.
 */
#include "lib/evidence/pcr.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	static const uint8_t bytes[PCR_BANKS_MAX * 32 * TPM_HASH_MAX_BYTES];
	uint8_t again[PCR_SELECTION_MAX_BYTES];
	char text[PCR_SELECTION_TEXT_BYTES];
	struct pcr_selection selection = {0};
	struct pcr_values values;
	struct span value;
	size_t need = 0;

	if (pcr_selection_parse(span_of(at, len), &selection) != RC_OK)
		return 0;
	HOLDS(pcr_selection_encode(&selection, again) == len && memcmp(again, at, len) == 0);
	HOLDS(pcr_selection_equal(&selection, &selection));
	HOLDS(strlen(pcr_selection_text(&selection, text)) < sizeof text);
	if (pcr_selection_value_bytes(&selection, &need) != RC_OK)
		return 0;
	HOLDS(pcr_values_parse(&selection, span_of(bytes, need), &values) == RC_OK);
	for (unsigned pcr = 0; pcr < 32; pcr++)
		if (pcr_values_get(&values, TPM_ALG_SHA256, pcr, &value) == RC_OK)
			HOLDS(value.at >= bytes && value.at + value.len <= bytes + need);
	return 0;
}
