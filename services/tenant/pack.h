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
MUST_USE enum rc pack(const char *path, size_t max, struct packed *out, struct err *err);

#endif
