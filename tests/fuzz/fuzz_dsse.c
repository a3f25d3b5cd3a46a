/* An envelope that is read can be written, and reads again as the same; a key that did not sign never
 * vouches. */
#include "lib/base/drop.h"
#include "lib/policy/dsse.h"
#include "tests/fuzz/fuzz.h"

/* P-256, made for this file; its private half is gone. */
#define STRANGER                                                                                             \
	"-----BEGIN PUBLIC KEY-----\n"                                                                       \
	"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEIvZHbcF7HAPI7Uu9PXV0Rwsb2TeW\n"                                 \
	"V5FPldvyJ/+KP8SieuQwRteViImGONzcp8kLCvVzkQ4D0DBxUWl7TmQpoQ==\n"                                     \
	"-----END PUBLIC KEY-----\n"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	static struct public_key *stranger;
	DROP(dsse_release) struct dsse dsse = {0};
	DROP(dsse_release) struct dsse again = {0};
	DROP(blob_release) struct blob text = {0};
	struct err err = {0};

	if (stranger == NULL)
		HOLDS(public_key_of_file(span_text(STRANGER), &stranger, NULL) == RC_OK);
	if (dsse_parse(span_of(at, len), &dsse, &err) != RC_OK) {
		HOLDS(err.text[0] != '\0' && dsse.count == 0);
		return 0;
	}
	HOLDS(dsse_is_envelope(span_of(at, len)));
	HOLDS(dsse_check(&dsse, dsse.type, &stranger, 1, NULL, NULL) == RC_DENIED);
	HOLDS(dsse_write(dsse.type, blob_span(&dsse.payload), dsse.signatures, dsse.count, &text) == RC_OK);
	HOLDS(dsse_parse(blob_span(&text), &again, NULL) == RC_OK);
	HOLDS(span_equal(blob_span(&again.payload), blob_span(&dsse.payload)) && again.count == dsse.count);
	return 0;
}
