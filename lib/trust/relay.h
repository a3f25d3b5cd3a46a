/* What the tenant tells a node by way of a verifier that cannot read it (proto/PROTOCOL.md, 6). */
#ifndef LIMEBUS_TRUST_RELAY_H
#define LIMEBUS_TRUST_RELAY_H

#include "lib/base/blob.h"
#include "lib/base/err.h"
#include "proto/schema.h"

/* Seal an encoded message to this run of the agent (NK) of this node. Replaces out's content. */
MUST_USE enum rc relay_seal(const uint8_t nk[static CURVE_KEY_BYTES],
	const uint8_t node[static NODE_ID_BYTES], struct span message, struct blob *out, struct err *err);

/* RC_DENIED: sealed to another key, for another node, or altered. It says nothing about who sealed it. */
MUST_USE enum rc relay_open(const uint8_t nk_secret[static CURVE_KEY_BYTES],
	const uint8_t node[static NODE_ID_BYTES], struct span body, struct blob *out, struct err *err);

#endif
