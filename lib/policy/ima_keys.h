/*
 * Keys that IMA signatures are verified with, found by the identifier in the signature's header.
 */
#ifndef LIMEBUS_POLICY_IMA_KEYS_H
#define LIMEBUS_POLICY_IMA_KEYS_H

#include "lib/evidence/ima_signature.h"

#define IMA_KEYS_MAX         64
#define IMA_KEYS_LEARNED_MAX 16

struct ima_key {
	uint32_t id;
	struct public_key *key;
};

/* {0} is empty. Owns. Invariant: count <= IMA_KEYS_MAX. Several keys may share an identifier. */
struct ima_keys {
	size_t count;
	struct ima_key *keys;
};

void ima_keys_release(struct ima_keys *keys);

/* Release the keys behind the first `count`. */
void ima_keys_cut(struct ima_keys *keys, size_t count);

/* Takes the key, with the identifier that ima_key_id gives it, or with one that somebody chose. RC_LIMIT
 * above `max` keys, RC_NOMEM: *key is left alone. */
MUST_USE enum rc ima_keys_add(struct ima_keys *keys, size_t max, struct public_key **key);
MUST_USE enum rc ima_keys_add_as(struct ima_keys *keys, size_t max, uint32_t id, struct public_key **key);

/* The kind of the first key with this identifier; KEY_NONE if there is none. */
enum key_kind ima_keys_kind(const struct ima_keys *keys, uint32_t id);

/*
 * RC_OK: one of the keys with the signature's identifier made it over this digest. RC_DENIED: none did.
 * RC_NOT_FOUND: no key has this identifier. RC_UNSUPPORTED: SHA-1. Others: lib/crypto failed.
 */
MUST_USE enum rc ima_keys_verify(const struct ima_keys *keys, const struct ima_signature *signature,
	enum digest_alg alg, struct span digest);

#endif
