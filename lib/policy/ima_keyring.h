/*
 * Keys that IMA signatures are verified with, found by the identifier in the signature's header.
 */
#ifndef LIMEBUS_POLICY_IMA_KEYRING_H
#define LIMEBUS_POLICY_IMA_KEYRING_H

#include "lib/evidence/ima_signature.h"

#define IMA_KEYRING_MAX 256
#define IMA_LEARNED_MAX 16

struct ima_keyring_key {
	uint32_t id;
	struct public_key *key;
};

/* {0} is empty. Owns. Invariant: count <= IMA_KEYRING_MAX. Several keys may share an identifier. */
struct ima_keyring {
	size_t count;
	struct ima_keyring_key *keys;
};

void ima_keyring_release(struct ima_keyring *keyring);

/* Release the keys behind the first `count`. */
void ima_keyring_cut(struct ima_keyring *keyring, size_t count);

/* Takes the key, with the identifier that ima_key_id gives it, or with one that somebody chose. RC_LIMIT
 * above `max` keys, RC_NOMEM: *key is left alone. */
MUST_USE enum rc ima_keyring_add(struct ima_keyring *keyring, size_t max, struct public_key **key);
MUST_USE enum rc ima_keyring_add_as(
	struct ima_keyring *keyring, size_t max, uint32_t id, struct public_key **key);

/* The kind of the first key with this identifier; KEY_NONE if there is none. */
enum key_kind ima_keyring_kind(const struct ima_keyring *keyring, uint32_t id);

/*
 * RC_OK: one of the keys with the signature's identifier made it over this digest. RC_DENIED: none did.
 * RC_NOT_FOUND: no key has this identifier. RC_UNSUPPORTED: SHA-1. Others: lib/crypto failed.
 */
MUST_USE enum rc ima_keyring_verify(const struct ima_keyring *keyring, const struct ima_signature *signature,
	enum digest_alg alg, struct span digest);

#endif
