/* What a quote's qualifying data (TPMS_ATTEST.extraData) must be, and the proof of an activation
 * (proto/PROTOCOL.md, 3). */
#ifndef LIMEBUS_TRUST_QUALIFY_H
#define LIMEBUS_TRUST_QUALIFY_H

#include "lib/base/rc.h"
#include "lib/base/span.h"
#include "proto/schema.h"

/* Each purpose has its own label, so that no answer serves as another; certificate requests have a further
 * one (lib/trust/csr_proof.h). */
enum qualify_purpose { QUALIFY_ATTEST, QUALIFY_IDENTITY, QUALIFY_GOLDEN };

/* SHA-256(label | nonce | NK | node id): binds the quote to the challenge, to the connection and to the node.
 */
MUST_USE enum rc qualify(enum qualify_purpose purpose, const uint8_t nonce[static NONCE_BYTES],
	const uint8_t nk[static CURVE_KEY_BYTES], const uint8_t node[static NODE_ID_BYTES],
	uint8_t out[static HASH_BYTES]);

/* HMAC-SHA256(Ke, "limebus activate v1\0" | node id | AK name | NK): only who opened the credential can make
 * it. */
MUST_USE enum rc activation_proof(const uint8_t ke[static 32], const uint8_t node[static NODE_ID_BYTES],
	struct span ak_name, const uint8_t nk[static CURVE_KEY_BYTES], uint8_t out[static HASH_BYTES]);

#endif
