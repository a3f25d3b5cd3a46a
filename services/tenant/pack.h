/* A folder as a tar archive (POSIX.1-1988 ustar), in memory only: what is packed is mostly secret. */
#ifndef LIMEBUS_TENANT_PACK_H
#define LIMEBUS_TENANT_PACK_H

#include "lib/base/blob.h"
#include "lib/base/err.h"

#define PACK_DEPTH_MAX   32
#define PACK_ENTRIES_MAX 10000u

/*
 * Pack regular files and folders with their permission bits, in order of their names; owners and times are
 * left out. No link is followed: symbolic ones, devices, sockets and pipes are refused by name
 * (RC_UNSUPPORTED), and so are names that do not fit into a header. RC_LIMIT: more than max bytes.
 */
MUST_USE enum rc pack_folder(const char *path, size_t max, struct blob *out, struct err *err);

/* The plaintext of a payload: a folder is packed, a regular file is taken as it stands. */
struct packed {
	struct blob bytes;
	bool is_archive;
	char file[256]; /* the file's own name; "" for an archive */
};
void packed_release(struct packed *packed);

/* A file that is packed besides: it lies in memory only. A name has at most one folder in front
 * ("limebus/node.key"). */
struct pack_extra {
	const char *name;
	struct span bytes;
	unsigned mode;
};

/* path may be NULL if there are extras. With extras the payload is an archive: RC_UNSUPPORTED if path is a
 * single file; RC_EXISTS if the folder has an entry where theirs belong. */
MUST_USE enum rc pack(const char *path, size_t max, const struct pack_extra *extras, size_t count,
	struct packed *out, struct err *err);

#endif
