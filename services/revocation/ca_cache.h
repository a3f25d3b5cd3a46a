/*
 * Signed OCSP responses, kept until they are out of date. PURE. Bounded in bytes: what was asked for the
 * longest time ago goes first, and is signed again when somebody asks.
 */
#ifndef LIMEBUS_REVOCATION_CA_CACHE_H
#define LIMEBUS_REVOCATION_CA_CACHE_H

#include "lib/base/err.h"
#include "lib/base/span.h"
#include "lib/pki/ocsp.h"

struct ca_cache;

MUST_USE enum rc ca_cache_open(size_t bytes_max, struct ca_cache **out, struct err *err);
void ca_cache_close(struct ca_cache **cache);

/* Replaces what was there for this serial and hash. RC_LIMIT: larger than the whole cache. Copies. */
MUST_USE enum rc ca_cache_put(struct ca_cache *cache, const uint8_t serial[static SERIAL_BYTES],
	enum digest_alg hash, struct span response, uint64_t until_ms);

/* The response and its end, if it is good for at least left_ms more; borrowed until the next call. Empty if
 * there is none. */
struct span ca_cache_get(struct ca_cache *cache, const uint8_t serial[static SERIAL_BYTES],
	enum digest_alg hash, uint64_t now_ms, uint64_t left_ms, uint64_t *until_ms);

/* Forget what is there for this serial: it is another now. */
void ca_cache_drop(struct ca_cache *cache, const uint8_t serial[static SERIAL_BYTES]);

/* Forget all: another responder signs now. */
void ca_cache_clear(struct ca_cache *cache);

size_t ca_cache_count(const struct ca_cache *cache);
size_t ca_cache_bytes(const struct ca_cache *cache);

#endif
