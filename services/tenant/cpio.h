/*
 * Archives that the kernel unpacks at its start: cpio in the "newc" form (linux/Documentation/driver-api/
 * early-userspace/buffer-format.rst), with or without checksums. A pure walk over bytes; nothing is copied.
 */
#ifndef LIMEBUS_TENANT_CPIO_H
#define LIMEBUS_TENANT_CPIO_H

#include "lib/base/err.h"
#include "lib/base/span.h"

#define CPIO_NAME_MAX 4096

/* Borrows. */
struct cpio_entry {
	struct span name; /* as it stands there: "usr/bin/ls", "./usr/bin/ls"; without its NUL */
	struct span content;
	uint32_t mode; /* as st_mode */
	uint32_t links;
	uint32_t inode, major, minor; /* the same for all links of a file, one of which has the content */
};

/* Begin with {.at = 0, .bytes = …}: the archive starts at its first byte and may be followed by anything. */
struct cpio {
	struct span bytes;
	size_t at; /* behind what was read */
};

/* Does an archive begin here? */
bool cpio_begins(struct span bytes);

/* The next entry, or *out_ended and `at` behind the trailer. RC_MALFORMED for a header that is none, a name
 * or a content beyond the end, RC_LIMIT for a name above CPIO_NAME_MAX. */
MUST_USE enum rc cpio_next(struct cpio *cpio, struct cpio_entry *out, bool *out_ended, struct err *err);

#endif
