#include "lib/crypto/short_hash.h"

#include <sodium/crypto_shorthash_siphash24.h>

#include "lib/crypto/random.h"

_Static_assert(SHORT_HASH_BYTES == crypto_shorthash_siphashx24_BYTES, "SipHash-2-4-128's value");
_Static_assert(SHORT_HASH_KEY_BYTES == crypto_shorthash_siphashx24_KEYBYTES, "SipHash's key");

void short_hash(const uint8_t key[static SHORT_HASH_KEY_BYTES], struct span text,
	uint8_t out[static SHORT_HASH_BYTES])
{
	/* It always succeeds, and needs no sodium_init. */
	(void)crypto_shorthash_siphashx24(out, text.at, text.len, key);
}

enum rc short_hash_key(uint8_t out[static SHORT_HASH_KEY_BYTES], struct err *err)
{
	return random_fill(out, SHORT_HASH_KEY_BYTES, err);
}
