/* A list that is read has as many lines as it says, each with a serial number and a reason that has a word.
 */
#include "lib/pki/crl.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct crl_line line;
	struct span rest;
	struct crl crl;
	size_t lines = 0;

	if (crl_read(span_of(at, len), &crl) != RC_OK)
		return 0;
	HOLDS(crl.number != 0 && crl.issuer.len != 0 && crl.signature.at != NULL);
	rest = crl.entries;
	while (crl_next(&rest, &line)) {
		HOLDS(line.serial.len >= 1 && line.serial.len <= 20);
		HOLDS(crl_reason_word(line.reason) != NULL);
		lines++;
	}
	HOLDS(lines == crl.count && rest.len == 0);
	HOLDS(crl_read(span_of(at, len - 1), &crl) == RC_MALFORMED);
	return 0;
}
