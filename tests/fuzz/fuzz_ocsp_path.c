/* A path that is taken says the same when it is written plainly, and what comes out is a request or refused.
 */
#include "lib/base/base64.h"
#include "lib/pki/ocsp.h"
#include "services/gateway/ocsp_path.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	DROP(blob_release) struct blob der = {0};
	DROP(blob_release) struct blob plain = {0};
	DROP(blob_release) struct blob again = {0};
	struct ocsp_request request;

	if (ocsp_path_decode(span_of(data, size), &der) != RC_OK) {
		HOLDS(der.len == 0);
		return 0;
	}
	HOLDS(der.len <= OCSP_REQUEST_MAX);
	HOLDS(base64_encode(blob_span(&der), &plain) == RC_OK);
	HOLDS(ocsp_path_decode(blob_span(&plain), &again) == RC_OK);
	HOLDS(span_equal(blob_span(&der), blob_span(&again)));
	if (ocsp_request_parse(blob_span(&der), &request) == RC_OK)
		HOLDS(request.count >= 1 && request.count <= OCSP_IDS_MAX);
	return 0;
}
