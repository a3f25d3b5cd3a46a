/* Whole files, with limits. */
#ifndef LIMEBUS_BASE_FILE_H
#define LIMEBUS_BASE_FILE_H

#include <sys/types.h>

#include "lib/base/blob.h"
#include "lib/base/err.h"

/* Read a regular file of at most max bytes. Errors name the path. RC_LIMIT if it is longer. */
MUST_USE enum rc file_read(const char *path, size_t max, struct blob *out, struct err *err);

/* As file_read, and RC_DENIED if group or others may read or write it, or if it belongs to somebody other
 * than us or root. */
MUST_USE enum rc file_read_secret(const char *path, size_t max, struct blob *out, struct err *err);

/* Replace path by a file with these bytes and this mode, at once or not at all: temporary file in the same
 * folder, fsync, rename, fsync of the folder. */
MUST_USE enum rc file_replace(const char *path, struct span bytes, mode_t mode, struct err *err);

/* Make a new file; RC_EXISTS if path is there, whatever it is. */
MUST_USE enum rc file_create(const char *path, struct span bytes, mode_t mode, struct err *err);

#endif
