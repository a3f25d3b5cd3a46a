/*
 * Bytes that are given away over HTTP until they are out of date: with an entity tag, the time since when
 * they are so, and the time until which anybody may keep them (RFC 9111). However many connections are
 * writing one, it is in memory once.
 */
#ifndef LIMEBUS_HTTP_DOCUMENT_H
#define LIMEBUS_HTTP_DOCUMENT_H

#include "lib/base/blob.h"
#include "lib/base/err.h"

struct document;

/* X.509's documents are signed and dated themselves; caches are told the same dates. */
struct document_options {
	const char *type;  /* "application/pkix-crl"; a literal */
	const char *cache; /* Cache-Control besides max-age: "public"; a literal */
	struct span tag;   /* what the entity tag is the hexadecimal text of; at most 32 bytes, 0: none */
	uint64_t since;    /* Last-Modified, wall-clock ms; 0: none */
	uint64_t until;    /* Expires and max-age; UINT64_MAX: kept for a day at a time */
};

/* Takes the bytes, but not on an error. */
MUST_USE enum rc document_make(
	const struct document_options *options, struct blob *bytes, struct document **out, struct err *err);
void document_release(struct document **document);

struct span document_bytes(const struct document *document);
uint64_t document_until(const struct document *document);

#endif
