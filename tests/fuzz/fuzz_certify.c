/* A certification that is read accounts for every byte of the input, and is no quote. */
#include "lib/evidence/attest.h"
#include "tests/fuzz/fuzz.h"

/* Magic and type, two lengths, clock, counts and flag, firmware, two lengths. */
#define FIXED_BYTES (6 + 2 + 2 + 17 + 8 + 2 + 2)

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct attest attest = {0};
	struct attest quote = {0};

	if (attest_parse_certify(span_of(at, len), &attest) != RC_OK)
		return 0;
	HOLDS(FIXED_BYTES + attest.qualified_signer.len + attest.extra_data.len + attest.name.len +
			attest.qualified_name.len ==
		len);
	HOLDS(attest.name.len > 0);
	HOLDS(attest.selection.count == 0 && attest.pcr_digest.len == 0);
	HOLDS(attest_parse(span_of(at, len), &quote) == RC_UNSUPPORTED);
	return 0;
}
