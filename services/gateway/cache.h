/* OCSP responses by what they were asked for: bounded in bytes, the one that was not asked for longest goes
 * first. */
#ifndef LIMEBUS_GATEWAY_CACHE_H
#define LIMEBUS_GATEWAY_CACHE_H

#include "lib/base/err.h"
#include "lib/crypto/digest.h"
#include "lib/http/document.h"
#include "lib/pki/ocsp.h"

/* Which certificate, and by which hash the CertID names its issuer. Compared as a whole: unused bytes are 0.
 */
struct cache_key {
	uint8_t hash; /* enum digest_alg */
	uint8_t len;
	uint8_t serial[OCSP_SERIAL_MAX];
};
/* serial: at most OCSP_SERIAL_MAX bytes. */
struct cache_key cache_key_of(enum digest_alg hash, struct span serial);

struct cache;

/* What an entry takes beside the bytes of its response: its place, and headers that are kept ready. */
#define CACHE_ENTRY_BYTES 2048u

MUST_USE enum rc cache_open(size_t bytes_max, struct cache **out, struct err *err);
void cache_close(struct cache **cache);

/* Takes the document, always: what does not fit is released. Replaces one of the same key. */
void cache_put(struct cache *cache, const struct cache_key *key, struct document *document);

/* NULL: there is none, or it is out of date. Borrowed until the next cache_ call. */
struct document *cache_get(struct cache *cache, const struct cache_key *key, uint64_t wall_ms);

/* Forget a certificate, however it was asked for; or all. */
void cache_drop(struct cache *cache, struct span serial);
void cache_clear(struct cache *cache);

struct cache_counts {
	size_t entries;
	size_t bytes;
	uint64_t hits;
	uint64_t misses;
	uint64_t dropped; /* because a notice named them */
};
const struct cache_counts *cache_counts(const struct cache *cache);

#endif
