/* Nonces of certificate requests: one a connection's key, good once, for 30 s. PURE: time and bytes come in.
 */
#ifndef LIMEBUS_REVOCATION_CA_NONCE_H
#define LIMEBUS_REVOCATION_CA_NONCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/rc.h"
#include "proto/schema.h"

#define CA_NONCES_MAX    8192 /* requests under way */
#define CA_NONCE_GOOD_MS 30000

struct ca_nonce {
	uint8_t key[CURVE_KEY_BYTES];
	uint8_t nonce[NONCE_BYTES];
	uint64_t until_ms; /* monotonic; 0: the place is free */
};

/* {0} is empty. */
struct ca_nonces {
	struct ca_nonce at[CA_NONCES_MAX];
	size_t used; /* places in front that were ever used */
};

/* Keep a fresh nonce for this key; one that it had before ends. RC_LIMIT: too many requests are under way. */
MUST_USE enum rc ca_nonces_put(struct ca_nonces *nonces, const uint8_t key[static CURVE_KEY_BYTES],
	const uint8_t nonce[static NONCE_BYTES], uint64_t mono_ms);

/* Was it given to this key, less than 30 s ago, and not taken yet? It is taken now. */
bool ca_nonces_take(struct ca_nonces *nonces, const uint8_t key[static CURVE_KEY_BYTES],
	const uint8_t nonce[static NONCE_BYTES], uint64_t mono_ms);

#endif
