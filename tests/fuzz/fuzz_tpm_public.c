/* An area that is read is written byte for byte as it was; one that passes for an EK is its key's only one.
 */
#include "lib/evidence/ek_template.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct span in = span_of(at, len);
	struct tpm_public public = {0};
	struct tpm_area again = {0};
	struct key_parts key = {0};

	if (tpm_public_parse(in, &public) != RC_OK) {
		HOLDS(!ek_template_holds(in, NULL));
		return 0;
	}
	HOLDS(tpm_public_encode(&public, &again) == RC_OK && span_equal(tpm_area_span(&again), in));
	if (tpm_public_key(&public, &key) == RC_OK && ek_template_rebuild(&key, &again) == RC_OK)
		HOLDS(ek_template_holds(in, NULL) == span_equal(tpm_area_span(&again), in));
	return 0;
}
