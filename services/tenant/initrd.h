/*
 * Initial RAM disks as the kernel takes them: cpio archives one behind the other, zeros between them, each
 * plain (microcode) or compressed with gzip, bzip2, xz, lzma, zstd or lz4.
 */
#ifndef LIMEBUS_TENANT_INITRD_H
#define LIMEBUS_TENANT_INITRD_H

#include "lib/base/err.h"
#include "lib/base/span.h"

#define INITRD_FILE_MAX     (1u << 30)
#define INITRD_UNPACKED_MAX (2048ull << 20)

/* A regular file of it: its path from "/" on, and its content. Both are gone when the call returns. */
typedef enum rc initrd_each(void *ctx, struct span path, struct span content, struct err *err);

/* RC_MALFORMED: something in it is neither, or damaged; RC_LIMIT; or what `each` returns. */
MUST_USE enum rc initrd_walk(struct span bytes, initrd_each *each, void *ctx, struct err *err);

#endif
