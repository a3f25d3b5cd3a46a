/* What loads as a public key gives parts within their bounds, and those parts give the same key. */
#include "lib/crypto/public_key.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	DROP(public_key_release) struct public_key *key = NULL;
	DROP(public_key_release) struct public_key *again = NULL;
	struct key_parts parts;
	struct key_parts same;

	if (public_key_of_der(span_of(at, len), &key, NULL) != RC_OK &&
		public_key_of_pem(span_of(at, len), &key, NULL) != RC_OK)
		return 0;
	parts = public_key_parts(key);
	HOLDS(parts.kind == KEY_RSA || parts.x.len == key_field_bytes(parts.kind));
	HOLDS(public_key_of_parts(&parts, &again, NULL) == RC_OK);
	same = public_key_parts(again);
	HOLDS(span_equal(parts.n, same.n) && span_equal(parts.x, same.x) && span_equal(parts.y, same.y));
	return 0;
}
