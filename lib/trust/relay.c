#include "lib/trust/relay.h"

#include "lib/crypto/hpke.h"

static const char info[] = "limebus relay v1";

enum rc relay_seal(const uint8_t nk[static CURVE_KEY_BYTES], const uint8_t node[static NODE_ID_BYTES],
	struct span message, struct blob *out, struct err *err)
{
	return hpke_seal(nk, span_text(info), span_of(node, NODE_ID_BYTES), message, out, err);
}

enum rc relay_open(const uint8_t nk_secret[static CURVE_KEY_BYTES], const uint8_t node[static NODE_ID_BYTES],
	struct span body, struct blob *out, struct err *err)
{
	return hpke_open(nk_secret, span_text(info), span_of(node, NODE_ID_BYTES), body, out, err);
}
