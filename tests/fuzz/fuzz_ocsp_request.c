/* What parses asks about something within the bounds, and borrows from the request alone. */
#include "lib/pki/ocsp.h"
#include "tests/fuzz/fuzz.h"

static bool within(struct span part, const uint8_t *at, size_t len)
{
	return part.at >= at && part.len <= len && part.at + part.len <= at + len;
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct ocsp_request request;
	struct ocsp_issuer issuer = {0};

	if (ocsp_request_parse(span_of(at, len), &request) != RC_OK)
		return 0;
	HOLDS(request.count >= 1 && request.count <= OCSP_IDS_MAX && len <= OCSP_REQUEST_MAX);
	for (size_t i = 0; i < request.count; i++) {
		const struct ocsp_id *id = &request.ids[i];

		HOLDS(within(id->serial, at, len) && id->serial.len >= 1 &&
			id->serial.len <= OCSP_SERIAL_MAX);
		HOLDS(within(id->name_hash, at, len) && within(id->key_hash, at, len));
		HOLDS(id->hash == DIGEST_NONE || id->name_hash.len == digest_size(id->hash));
		(void)ocsp_id_is_of(id, &issuer);
	}
	HOLDS(ocsp_request_parse(span_of(at, len - 1), &request) == RC_MALFORMED);
	return 0;
}
