/* What parses as a certificate is its own DER: parsed again without its padding it is the same, and bytes
 * that a peer made up are never believed. */
#include "lib/crypto/cert.h"
#include "tests/fuzz/fuzz.h"

/* A root of nobody: its secret key was never kept, so nothing that it has signed can turn up. */
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
	static struct cert_roots *roots;
	DROP(cert_release) struct cert *cert = NULL;
	DROP(cert_release) struct cert *again = NULL;
	struct span bytes = span_of(at, len);

	if (roots == NULL)
		HOLDS(cert_roots_parse(span_text(root), "root", &roots, NULL) == RC_OK);
	if (cert_parse(bytes, &cert, NULL) != RC_OK)
		return 0;
	HOLDS(cert_parse(cert_der(cert), &again, NULL) == RC_OK);
	HOLDS(span_equal(cert_der(cert), cert_der(again)));
	HOLDS(cert_der(cert).len <= len && cert_der(cert).len <= CERT_DER_MAX);
	HOLDS(cert_verify_ek(cert, &bytes, 1, roots, NOW_MS, NULL) != RC_OK);
	return 0;
}
