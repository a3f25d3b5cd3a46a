#include "lib/policy/ima_keyring.h"

#include <stdlib.h>

#include "lib/base/drop.h"

void ima_keyring_cut(struct ima_keyring *keyring, size_t count)
{
	while (keyring->count > count)
		public_key_release(&keyring->keys[--keyring->count].key);
}

void ima_keyring_release(struct ima_keyring *keyring)
{
	ima_keyring_cut(keyring, 0);
	free(keyring->keys);
	keyring->keys = NULL;
}

enum rc ima_keyring_add_as(struct ima_keyring *keyring, size_t max, uint32_t id, struct public_key **key)
{
	struct ima_keyring_key *keys;

	if (keyring->count >= max || keyring->count >= IMA_KEYRING_MAX)
		return RC_LIMIT;
	keys = realloc(keyring->keys, (keyring->count + 1) * sizeof *keys);
	if (keys == NULL)
		return RC_NOMEM;
	keyring->keys = keys;
	keys[keyring->count++] = (struct ima_keyring_key){id, TAKE(*key)};
	return RC_OK;
}

enum rc ima_keyring_add(struct ima_keyring *keyring, size_t max, struct public_key **key)
{
	uint32_t id = 0;

	TRY(ima_key_id(*key, &id));
	return ima_keyring_add_as(keyring, max, id, key);
}

enum key_kind ima_keyring_kind(const struct ima_keyring *keyring, uint32_t id)
{
	for (size_t i = 0; i < keyring->count; i++)
		if (keyring->keys[i].id == id)
			return public_key_parts(keyring->keys[i].key).kind;
	return KEY_NONE;
}

enum rc ima_keyring_verify(const struct ima_keyring *keyring, const struct ima_signature *signature,
	enum digest_alg alg, struct span digest)
{
	enum rc found = RC_NOT_FOUND;

	for (size_t i = 0; i < keyring->count; i++) {
		enum rc rc;

		if (keyring->keys[i].id != signature->key_id)
			continue;
		rc = ima_signature_verify(signature, keyring->keys[i].key, alg, digest);
		if (rc != RC_DENIED)
			return rc;
		found = RC_DENIED;
	}
	return found;
}
