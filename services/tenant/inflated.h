/* Files that may be compressed with gzip. The folder's only user of zlib. */
#ifndef LIMEBUS_TENANT_INFLATED_H
#define LIMEBUS_TENANT_INFLATED_H

#include "lib/base/blob.h"
#include "lib/base/err.h"

/*
 * The content of a regular file, which is at most max bytes both as it lies there and when it is unpacked.
 * What begins as gzip does (RFC 1952) is unpacked, all its members, checksums and lengths compared; anything
 * else is taken as it stands. RC_MALFORMED for a gzip file that is damaged, cut short or followed by
 * something else; RC_LIMIT. Errors name the path.
 */
MUST_USE enum rc inflated_read(const char *path, size_t max, struct blob *out, struct err *err);

/* The same of bytes; `name` is what errors call them. */
MUST_USE enum rc inflated_bytes(
	struct span bytes, const char *name, size_t max, struct blob *out, struct err *err);

#endif
