/* Nothing that was made up is believed: the root's secret key was never kept. */
#include "lib/pki/ocsp.h"
#include "lib/pki/pem.h"
#include "tests/fuzz/fuzz.h"

static const char root[] = "-----BEGIN CERTIFICATE-----\n"
			   "MIIBiTCCAS+gAwIBAgIUUY2KJkJcT53eDT05ZumMw7ZjKDwwCgYIKoZIzj0EAwIw\n"
			   "ETEPMA0GA1UEAwwGTm9ib2R5MCAXDTI2MTEyMzE4MzgwOVoYDzI4NDgwNDA3MTgz\n"
			   "ODA5WjARMQ8wDQYDVQQDDAZOb2JvZHkwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC\n"
			   "AATqJ1Jm3Cn1JLXiWK9jt6eS2WVaF0ISfz2s1B/MhtSgcOplxzNOS84S5Q/YcDDL\n"
			   "xcZ1tzpQBQm+tkrVVMRG6ir6o2MwYTAdBgNVHQ4EFgQUjpUEE9EkLRVRbC6F+f0E\n"
			   "1rC/hfcwHwYDVR0jBBgwFoAUjpUEE9EkLRVRbC6F+f0E1rC/hfcwDwYDVR0TAQH/\n"
			   "BAUwAwEB/zAOBgNVHQ8BAf8EBAMCAgQwCgYIKoZIzj0EAwIDSAAwRQIgEJ47G4+C\n"
			   "l0NrtgB7cQ48MvzDcnAKmOvON4zKyTbiVywCIQD7WltaqwBB6OF4n8wRP8XUaM83\n"
			   "B1UHh2q/Xpzn1omrDA==\n"
			   "-----END CERTIFICATE-----\n";

#define NOW_MS 1795500000000u

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	static struct blob ca;
	struct ocsp_response response;

	if (ca.len == 0)
		HOLDS(pem_read(PEM_CERTIFICATE, span_text(root), &ca, NULL) == RC_OK);
	if (ocsp_response_read(span_of(at, len), &response) != RC_OK)
		return 0;
	HOLDS(response.error <= OCSP_UNAUTHORIZED && len <= OCSP_RESPONSE_MAX);
	HOLDS(ocsp_response_verify(&response, blob_span(&ca), NOW_MS, NULL) != RC_OK);
	HOLDS(ocsp_response_read(span_of(at, len - 1), &response) != RC_OK);
	return 0;
}
