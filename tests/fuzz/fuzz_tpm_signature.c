/* A signature that is read accounts for every byte of the input, and no other kind of number is set. */
#include "lib/evidence/tpm_signature.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct signature signature = {0};
	bool ecdsa;

	if (tpm_signature_parse(span_of(at, len), &signature) != RC_OK)
		return 0;
	ecdsa = signature.scheme == SIGNATURE_ECDSA;
	HOLDS(digest_tpm_id(signature.hash) == (at[2] << 8 | at[3]));
	HOLDS(ecdsa == (signature.rsa.len == 0) && ecdsa == (signature.r.len > 0) &&
		ecdsa == (signature.s.len > 0));
	HOLDS((ecdsa ? 8 : 6) + signature.rsa.len + signature.r.len + signature.s.len == len);
	return 0;
}
