#include "lib/evidence/kernel_hash.h"

static const struct {
	const char *name;
	size_t len;
	uint8_t bytes;
	enum digest_alg alg;
} rows[] = {
#define KERNEL_HASH_ROW(name, words, bytes, alg) {words, sizeof(words) - 1, bytes, alg},
	KERNEL_HASH_LIST(KERNEL_HASH_ROW)
#undef KERNEL_HASH_ROW
};

size_t kernel_hash_size(enum kernel_hash hash)
{
	return (size_t)hash < COUNT(rows) ? rows[hash].bytes : 0;
}

const char *kernel_hash_name(enum kernel_hash hash)
{
	return (size_t)hash < COUNT(rows) ? rows[hash].name : "none";
}

enum digest_alg kernel_hash_digest(enum kernel_hash hash)
{
	return (size_t)hash < COUNT(rows) ? rows[hash].alg : DIGEST_NONE;
}

enum kernel_hash kernel_hash_of_name(struct span name)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (span_equal(name, span_of(rows[i].name, rows[i].len)))
			return (enum kernel_hash)i;
	return span_is(name, "sm3-256") ? KERNEL_HASH_SM3_256 : KERNEL_HASH_COUNT;
}

enum kernel_hash kernel_hash_of_digest(enum digest_alg alg)
{
	switch (alg) {
	case DIGEST_SHA1: return KERNEL_HASH_SHA1;
	case DIGEST_SHA256: return KERNEL_HASH_SHA256;
	case DIGEST_SHA384: return KERNEL_HASH_SHA384;
	case DIGEST_SHA512: return KERNEL_HASH_SHA512;
	case DIGEST_SM3: return KERNEL_HASH_SM3_256;
	case DIGEST_NONE:
	case DIGEST_COUNT:
	default: return KERNEL_HASH_COUNT;
	}
}

enum kernel_hash kernel_hash_of_size(size_t bytes)
{
	switch (bytes) {
	case 16: return KERNEL_HASH_MD5;
	case 20: return KERNEL_HASH_SHA1;
	case 28: return KERNEL_HASH_SHA224;
	case 32: return KERNEL_HASH_SHA256;
	case 48: return KERNEL_HASH_SHA384;
	case 64: return KERNEL_HASH_SHA512;
	default: return KERNEL_HASH_COUNT;
	}
}
