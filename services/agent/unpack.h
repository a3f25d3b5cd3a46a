/*
 * Unpacks a tar archive (plain, gzip, bzip2, xz or zstd) that arrives in pieces into a folder. It came from
 * the tenant, and is treated as if it had not: plain files and folders only, relative names without "..", no
 * links of any kind, no devices, no setuid, setgid or sticky bits, no file twice, bounded number and size.
 * The first entry that is anything else ends it: RC_DENIED or RC_LIMIT, and the caller removes the folder.
 */
#ifndef LIMEBUS_AGENT_UNPACK_H
#define LIMEBUS_AGENT_UNPACK_H

#include "lib/base/err.h"
#include "lib/base/span.h"

#define UNPACK_ENTRIES_MAX 10000

struct unpack;

struct unpack_options {
	int folder;         /* descriptor, borrowed */
	uint64_t bytes_max; /* of all files together */
	/* The next piece, which lives until the next call; empty at the end. */
	enum rc (*next)(void *ctx, struct span *out, struct err *err);
	void *ctx;
};

MUST_USE enum rc unpack_open(const struct unpack_options *options, struct unpack **out, struct err *err);
/* Accepts NULL inside. */
void unpack_close(struct unpack **unpack);

/* Does a bounded piece of the work. */
MUST_USE enum rc unpack_step(struct unpack *unpack, bool *out_done, struct err *err);

#endif
