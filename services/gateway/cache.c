#include "services/gateway/cache.h"

#include <stdlib.h>

#include "lib/crypto/short_hash.h"

#define BUCKETS_MIN 64u

struct entry {
	struct entry *next; /* of the same bucket */
	struct entry *newer;
	struct entry *older;
	struct cache_key key;
	struct document *document;
};

struct cache {
	struct entry **buckets;
	size_t bucket_count; /* a power of two */
	uint8_t hash_key[SHORT_HASH_KEY_BYTES];
	size_t bytes_max;
	struct entry *newest;
	struct entry *oldest;
	struct cache_counts counts;
};

struct cache_key cache_key_of(enum digest_alg hash, struct span serial)
{
	struct cache_key key = {.hash = (uint8_t)hash, .len = (uint8_t)serial.len};

	if (serial.len != 0)
		memcpy(key.serial, serial.at, serial.len);
	return key;
}

enum rc cache_open(size_t bytes_max, struct cache **out, struct err *err)
{
	DROP(cache_close) struct cache *cache = calloc(1, sizeof *cache);

	if (cache == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	cache->bytes_max = bytes_max;
	cache->bucket_count = BUCKETS_MIN;
	while (cache->bucket_count < bytes_max / CACHE_ENTRY_BYTES)
		cache->bucket_count *= 2;
	cache->buckets = calloc(cache->bucket_count, sizeof(struct entry *));
	if (cache->buckets == NULL)
		return err_set(err, RC_NOMEM, "no memory for a cache of %zu bytes", bytes_max);
	TRY(short_hash_key(cache->hash_key, err));
	*out = TAKE(cache);
	return RC_OK;
}

void cache_close(struct cache **cache)
{
	if (*cache == NULL)
		return;
	if ((*cache)->buckets != NULL)
		cache_clear(*cache);
	free((*cache)->buckets);
	free(*cache);
	*cache = NULL;
}

/* The pointer to the entry of this key, or to the end of its bucket. */
static struct entry **place_of(struct cache *cache, const struct cache_key *key)
{
	uint8_t hash[SHORT_HASH_BYTES];
	size_t number = 0;
	struct entry **at;

	short_hash(cache->hash_key, span_of(key, sizeof *key), hash);
	memcpy(&number, hash, sizeof number);
	at = &cache->buckets[number & (cache->bucket_count - 1)];
	while (*at != NULL && memcmp(&(*at)->key, key, sizeof *key) != 0)
		at = &(*at)->next;
	return at;
}

static size_t cost_of(const struct entry *entry)
{
	return document_bytes(entry->document).len + CACHE_ENTRY_BYTES;
}

static void unlink_age(struct cache *cache, struct entry *entry)
{
	*(entry->newer == NULL ? &cache->newest : &entry->newer->older) = entry->older;
	*(entry->older == NULL ? &cache->oldest : &entry->older->newer) = entry->newer;
}

static void link_newest(struct cache *cache, struct entry *entry)
{
	entry->newer = NULL;
	entry->older = cache->newest;
	*(cache->newest == NULL ? &cache->oldest : &cache->newest->newer) = entry;
	cache->newest = entry;
}

static void remove_at(struct cache *cache, struct entry **at)
{
	struct entry *entry = *at;

	*at = entry->next;
	unlink_age(cache, entry);
	cache->counts.entries--;
	cache->counts.bytes -= cost_of(entry);
	document_release(&entry->document);
	free(entry);
}

void cache_put(struct cache *cache, const struct cache_key *key, struct document *document)
{
	struct entry **at = place_of(cache, key);
	struct entry *entry = calloc(1, sizeof *entry);

	if (*at != NULL)
		remove_at(cache, at);
	if (entry == NULL) {
		document_release(&document);
		return;
	}
	*entry = (struct entry){.key = *key, .document = document, .next = *at};
	*at = entry;
	link_newest(cache, entry);
	cache->counts.entries++;
	cache->counts.bytes += cost_of(entry);
	while (cache->counts.bytes > cache->bytes_max)
		remove_at(cache, place_of(cache, &cache->oldest->key));
}

struct document *cache_get(struct cache *cache, const struct cache_key *key, uint64_t wall_ms)
{
	struct entry **at = place_of(cache, key);
	struct entry *entry = *at;

	if (entry != NULL && wall_ms >= document_until(entry->document)) {
		remove_at(cache, at);
		entry = NULL;
	}
	if (entry == NULL) {
		cache->counts.misses++;
		return NULL;
	}
	cache->counts.hits++;
	unlink_age(cache, entry);
	link_newest(cache, entry);
	return entry->document;
}

void cache_drop(struct cache *cache, struct span serial)
{
	static const enum digest_alg hashes[] = {DIGEST_SHA1, DIGEST_SHA256};

	if (serial.len > OCSP_SERIAL_MAX)
		return;
	for (size_t i = 0; i < COUNT(hashes); i++) {
		struct cache_key key = cache_key_of(hashes[i], serial);
		struct entry **at = place_of(cache, &key);

		if (*at == NULL)
			continue;
		remove_at(cache, at);
		cache->counts.dropped++;
	}
}

void cache_clear(struct cache *cache)
{
	while (cache->oldest != NULL) {
		cache->counts.dropped++;
		remove_at(cache, place_of(cache, &cache->oldest->key));
	}
}

const struct cache_counts *cache_counts(const struct cache *cache)
{
	return &cache->counts;
}
