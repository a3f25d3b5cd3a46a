#include "services/revocation/ca_nonce.h"

#include <string.h>

static struct ca_nonce *find(struct ca_nonces *nonces, const uint8_t key[static CURVE_KEY_BYTES])
{
	for (size_t i = 0; i < nonces->used; i++)
		if (nonces->at[i].until_ms != 0 && memcmp(nonces->at[i].key, key, CURVE_KEY_BYTES) == 0)
			return &nonces->at[i];
	return NULL;
}

static struct ca_nonce *place(struct ca_nonces *nonces, uint64_t mono_ms)
{
	for (size_t i = 0; i < nonces->used; i++)
		if (nonces->at[i].until_ms <= mono_ms)
			return &nonces->at[i];
	return nonces->used == CA_NONCES_MAX ? NULL : &nonces->at[nonces->used++];
}

enum rc ca_nonces_put(struct ca_nonces *nonces, const uint8_t key[static CURVE_KEY_BYTES],
	const uint8_t nonce[static NONCE_BYTES], uint64_t mono_ms)
{
	struct ca_nonce *one = find(nonces, key);

	if (one == NULL)
		one = place(nonces, mono_ms);
	if (one == NULL)
		return RC_LIMIT;
	memcpy(one->key, key, CURVE_KEY_BYTES);
	memcpy(one->nonce, nonce, NONCE_BYTES);
	one->until_ms = mono_ms + CA_NONCE_GOOD_MS;
	return RC_OK;
}

bool ca_nonces_take(struct ca_nonces *nonces, const uint8_t key[static CURVE_KEY_BYTES],
	const uint8_t nonce[static NONCE_BYTES], uint64_t mono_ms)
{
	struct ca_nonce *one = find(nonces, key);
	bool is_good;

	if (one == NULL || memcmp(one->nonce, nonce, NONCE_BYTES) != 0)
		return false;
	is_good = mono_ms < one->until_ms;
	one->until_ms = 0;
	return is_good;
}
