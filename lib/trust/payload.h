/*
 * The payload's encryption: chunks in order, each AES-256-GCM under Kb with its index and whether it is the
 * last one in the nonce, so that chunks can neither be exchanged, dropped, repeated nor cut off. Kb is fresh
 * for each provisioning.
 */
#ifndef LIMEBUS_TRUST_PAYLOAD_H
#define LIMEBUS_TRUST_PAYLOAD_H

#include "lib/trust/share.h"

/* A whole chunk is CHUNK_MAX bytes of ciphertext: this much plaintext and a tag. */
#define PAYLOAD_PLAIN_BYTES (CHUNK_MAX - 16)

/* A tenant may send, and a node will take, this much ciphertext. */
#define PAYLOAD_MAX ((uint64_t)256 << 20)

/* Which chunk. */
struct payload_place {
	uint64_t index;
	bool last;
};

/* Seal 1..PAYLOAD_PLAIN_BYTES bytes; every chunk but the last must be full. */
MUST_USE enum rc payload_seal(const struct secret32 *kb, struct share_for who, struct payload_place place,
	struct span plain, struct blob *out, struct err *err);

/* RC_DENIED if this is not the chunk of that place. */
MUST_USE enum rc payload_open(const struct secret32 *kb, struct share_for who, struct payload_place place,
	struct span sealed, struct blob *out, struct err *err);

/* How many chunks a ciphertext of this size has. */
uint64_t payload_chunks(uint64_t size);

#endif
