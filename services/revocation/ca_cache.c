#include "services/revocation/ca_cache.h"

#include <stdlib.h>

#include "lib/base/drop.h"

#define BUCKETS (1u << 16)

struct entry {
	struct entry *of_bucket;
	struct entry *older;
	struct entry *newer;
	uint64_t until_ms;
	uint32_t bucket;
	uint16_t len;
	uint8_t hash;
	uint8_t serial[SERIAL_BYTES];
	uint8_t response[];
};

struct ca_cache {
	struct entry **buckets;
	struct entry *newest;
	struct entry *oldest;
	size_t count;
	size_t bytes;
	size_t bytes_max;
};

enum rc ca_cache_open(size_t bytes_max, struct ca_cache **out, struct err *err)
{
	DROP(ca_cache_close) struct ca_cache *cache = calloc(1, sizeof *cache);

	if (cache == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	cache->buckets = calloc(BUCKETS, sizeof(struct entry *));
	if (cache->buckets == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	cache->bytes_max = bytes_max;
	*out = TAKE(cache);
	return RC_OK;
}

void ca_cache_close(struct ca_cache **cache)
{
	if (*cache == NULL)
		return;
	ca_cache_clear(*cache);
	free((*cache)->buckets);
	free(*cache);
	*cache = NULL;
}

/* Serials are random numbers of our own: anything spreads them. */
static uint32_t bucket_of(const uint8_t serial[static SERIAL_BYTES])
{
	uint32_t out = 0;

	for (size_t i = SERIAL_BYTES / 2; i < SERIAL_BYTES; i++)
		out = (out ^ serial[i]) * 16777619u;
	return (out ^ out >> 16) & (BUCKETS - 1);
}

static struct entry *find(
	const struct ca_cache *cache, const uint8_t serial[static SERIAL_BYTES], enum digest_alg hash)
{
	struct entry *entry = cache->buckets[bucket_of(serial)];

	while (entry != NULL &&
		(entry->hash != (uint8_t)hash || memcmp(entry->serial, serial, SERIAL_BYTES) != 0))
		entry = entry->of_bucket;
	return entry;
}

static void age_out(struct ca_cache *cache, struct entry *entry)
{
	*(entry->newer == NULL ? &cache->newest : &entry->newer->older) = entry->older;
	*(entry->older == NULL ? &cache->oldest : &entry->older->newer) = entry->newer;
}

static void age_in(struct ca_cache *cache, struct entry *entry)
{
	entry->newer = NULL;
	entry->older = cache->newest;
	*(cache->newest == NULL ? &cache->oldest : &cache->newest->newer) = entry;
	cache->newest = entry;
}

static void forget(struct ca_cache *cache, struct entry *entry)
{
	struct entry **link = &cache->buckets[entry->bucket];

	while (*link != entry)
		link = &(*link)->of_bucket;
	*link = entry->of_bucket;
	age_out(cache, entry);
	cache->count--;
	cache->bytes -= sizeof *entry + entry->len;
	free(entry);
}

enum rc ca_cache_put(struct ca_cache *cache, const uint8_t serial[static SERIAL_BYTES], enum digest_alg hash,
	struct span response, uint64_t until_ms)
{
	struct entry *entry = find(cache, serial, hash);
	size_t bytes = sizeof *entry + response.len;

	if (entry != NULL)
		forget(cache, entry);
	if (response.len > OCSP_RESPONSE_MAX || bytes > cache->bytes_max)
		return RC_LIMIT;
	while (cache->bytes + bytes > cache->bytes_max)
		forget(cache, cache->oldest);
	entry = calloc(1, bytes);
	if (entry == NULL)
		return RC_NOMEM;
	entry->until_ms = until_ms;
	entry->bucket = bucket_of(serial);
	entry->len = (uint16_t)response.len;
	entry->hash = (uint8_t)hash;
	memcpy(entry->serial, serial, SERIAL_BYTES);
	memcpy(entry->response, response.at, response.len);
	entry->of_bucket = cache->buckets[entry->bucket];
	cache->buckets[entry->bucket] = entry;
	age_in(cache, entry);
	cache->count++;
	cache->bytes += bytes;
	return RC_OK;
}

struct span ca_cache_get(struct ca_cache *cache, const uint8_t serial[static SERIAL_BYTES],
	enum digest_alg hash, uint64_t now_ms, uint64_t left_ms, uint64_t *until_ms)
{
	struct entry *entry = find(cache, serial, hash);

	if (entry == NULL || entry->until_ms < now_ms || entry->until_ms - now_ms < left_ms)
		return (struct span){0};
	age_out(cache, entry);
	age_in(cache, entry);
	*until_ms = entry->until_ms;
	return span_of(entry->response, entry->len);
}

void ca_cache_drop(struct ca_cache *cache, const uint8_t serial[static SERIAL_BYTES])
{
	static const enum digest_alg hashes[] = {DIGEST_SHA1, DIGEST_SHA256};

	for (size_t i = 0; i < COUNT(hashes); i++) {
		struct entry *entry = find(cache, serial, hashes[i]);

		if (entry != NULL)
			forget(cache, entry);
	}
}

void ca_cache_clear(struct ca_cache *cache)
{
	while (cache->oldest != NULL)
		forget(cache, cache->oldest);
}

size_t ca_cache_count(const struct ca_cache *cache)
{
	return cache->count;
}

size_t ca_cache_bytes(const struct ca_cache *cache)
{
	return cache->bytes;
}
