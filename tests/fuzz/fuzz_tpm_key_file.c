/* A key file that is read is written as what it says, and read the same again. */
#include "lib/base/drop.h"
#include "lib/pki/tpm_key_file.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	DROP(blob_release) struct blob der = {0};
	DROP(blob_release) struct blob again_der = {0};
	DROP(blob_release) struct blob pem = {0};
	struct tpm_key_file key = {0};
	struct tpm_key_file again = {0};

	if (tpm_key_file_read(span_of(at, len), &der, &key, NULL) != RC_OK)
		return 0;
	HOLDS(tpm_key_file_write(&key, &pem) == RC_OK);
	/* Without line ends a file is shorter. */
	if (pem.len > TPM_KEY_FILE_MAX)
		return 0;
	HOLDS(tpm_key_file_read(blob_span(&pem), &again_der, &again, NULL) == RC_OK);
	HOLDS(again.parent == key.parent && span_equal(again.public_2b, key.public_2b) &&
		span_equal(again.private_2b, key.private_2b));
	HOLDS(span_equal(blob_span(&der), blob_span(&again_der)));
	return 0;
}
