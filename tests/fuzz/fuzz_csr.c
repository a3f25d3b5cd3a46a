/* A request that parses has a key that can be certified, and is refused when it goes on or is cut short. */
#include "lib/pki/csr.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	DROP(csr_release) struct csr csr = {0};
	DROP(csr_release) struct csr again = {0};
	DROP(public_key_release) struct public_key *key = NULL;
	DROP(blob_release) struct blob spki = {0};

	if (csr_parse(span_of(at, len), &csr, NULL) != RC_OK) {
		HOLDS(csr.key == NULL && csr.spki.len == 0);
		return 0;
	}
	HOLDS(public_key_of_der(blob_span(&csr.spki), &key, NULL) == RC_OK);
	HOLDS(public_key_to_der(key, &spki, NULL) == RC_OK);
	HOLDS(span_equal(blob_span(&spki), blob_span(&csr.spki)));
	HOLDS(csr_parse(span_of(at, len - 1), &again, NULL) == RC_MALFORMED);
	return 0;
}
