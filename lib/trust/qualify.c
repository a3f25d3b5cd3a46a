#include "lib/trust/qualify.h"

#include "lib/crypto/digest.h"
#include "lib/crypto/hmac.h"

enum rc qualify(enum qualify_purpose purpose, const uint8_t nonce[static NONCE_BYTES],
	const uint8_t nk[static CURVE_KEY_BYTES], const uint8_t node[static NODE_ID_BYTES],
	uint8_t out[static HASH_BYTES])
{
	static const char *const labels[] = {
		[QUALIFY_ATTEST] = "limebus attest v1",
		[QUALIFY_IDENTITY] = "limebus identity v1",
		[QUALIFY_GOLDEN] = "limebus golden v1",
	};
	const char *label = labels[purpose];
	const struct span parts[] = {
		span_of(label, strlen(label) + 1),
		span_of(nonce, NONCE_BYTES),
		span_of(nk, CURVE_KEY_BYTES),
		span_of(node, NODE_ID_BYTES),
	};

	return digest_spans(DIGEST_SHA256, parts, COUNT(parts), out);
}

enum rc activation_proof(const uint8_t ke[static 32], const uint8_t node[static NODE_ID_BYTES],
	struct span ak_name, const uint8_t nk[static CURVE_KEY_BYTES], uint8_t out[static HASH_BYTES])
{
	static const char label[] = "limebus activate v1";
	const struct span parts[] = {
		SPAN(label),
		span_of(node, NODE_ID_BYTES),
		ak_name,
		span_of(nk, CURVE_KEY_BYTES),
	};

	return hmac_spans(DIGEST_SHA256, span_of(ke, 32), parts, COUNT(parts), out);
}
