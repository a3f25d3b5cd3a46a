/*
 * Digests and names as they stand in the section "ima" of a policy.
 *   digest: "sha512:<hex>", or "<hex>" for the hash that kernel_hash_of_size tells; lower case
 *   name:   text; or "hex:2f…", its bytes, for names that are not UTF-8 or begin with "hex:" themselves
 */
#ifndef LIMEBUS_POLICY_POLICY_DIGEST_H
#define LIMEBUS_POLICY_POLICY_DIGEST_H

#include "lib/base/blob.h"
#include "lib/base/hex.h"
#include "lib/evidence/kernel_hash.h"

/* Invariant: len is the hash's. */
struct policy_digest {
	enum kernel_hash hash;
	size_t len;
	uint8_t bytes[KERNEL_HASH_BYTES_MAX];
};

#define POLICY_DIGEST_TEXT_BYTES (16 + HEX_BYTES(KERNEL_HASH_BYTES_MAX))

/* RC_MALFORMED; RC_UNSUPPORTED for an unknown hash. */
MUST_USE enum rc policy_digest_parse(struct span text, struct policy_digest *out);

/* Returns out. digest has at most KERNEL_HASH_BYTES_MAX bytes. */
char *policy_digest_text(
	enum kernel_hash hash, struct span digest, char out[static POLICY_DIGEST_TEXT_BYTES]);

/* The name's bytes: text itself, or room, which is emptied before. RC_MALFORMED, RC_NOMEM. */
MUST_USE enum rc policy_name_read(struct span text, struct blob *room, struct span *out);

/* The other way round. */
MUST_USE enum rc policy_name_text(struct span name, struct blob *room, struct span *out);

#endif
