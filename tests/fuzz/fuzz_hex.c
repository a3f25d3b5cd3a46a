/* What decodes, encodes to the same digits in lower case, and decodes to the same bytes again. */
#include "lib/base/hex.h"
#include "tests/fuzz/fuzz.h"

#define BYTES_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	uint8_t once[BYTES_MAX];
	uint8_t again[BYTES_MAX];
	char text[HEX_BYTES(BYTES_MAX)];

	if (len / 2 > BYTES_MAX || hex_decode(span_of(at, len), once, len / 2) != RC_OK)
		return 0;
	hex_encode(span_of(once, len / 2), text);
	HOLDS(hex_decode(span_text(text), again, len / 2) == RC_OK);
	HOLDS(memcmp(once, again, len / 2) == 0);
	return 0;
}
