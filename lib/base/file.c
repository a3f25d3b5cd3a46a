#include "lib/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static enum rc check_private(const char *path, const struct stat *st, struct err *err)
{
	if ((st->st_mode & 077) != 0)
		return err_set(err, RC_DENIED, "%s: mode is %03o, others can get at it; run: chmod 600 %s",
			path, (unsigned)st->st_mode & 0777u, path);
	if (st->st_uid != geteuid() && st->st_uid != 0)
		return err_set(err, RC_DENIED, "%s: belongs to user %u, expected %u or root", path,
			(unsigned)st->st_uid, (unsigned)geteuid());
	return RC_OK;
}

static enum rc read_all(int fd, const char *path, size_t max, struct blob *out, struct err *err)
{
	for (;;) {
		ssize_t n;

		if (blob_reserve(out, 4096) != RC_OK)
			return err_set(err, RC_NOMEM, "%s: out of memory", path);
		n = read(fd, out->at + out->len, out->room - out->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, "%s", path);
		if (n == 0)
			return RC_OK;
		out->len += (size_t)n;
		if (out->len > max)
			return err_set(err, RC_LIMIT, "%s: longer than %zu bytes", path, max);
	}
}

static enum rc read_checked(const char *path, size_t max, int secret, struct blob *out, struct err *err)
{
	DROP(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	DROP(blob_release) struct blob bytes = {0};
	struct stat st;

	if (fd < 0)
		return err_errno(err, "%s", path);
	if (fstat(fd, &st) != 0)
		return err_errno(err, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, RC_DENIED, "%s: not a regular file", path);
	if (secret)
		TRY(check_private(path, &st, err));
	TRY(read_all(fd, path, max, &bytes, err));
	blob_release(out);
	*out = TAKE(bytes);
	return RC_OK;
}

enum rc file_read(const char *path, size_t max, struct blob *out, struct err *err)
{
	return read_checked(path, max, 0, out, err);
}

enum rc file_read_secret(const char *path, size_t max, struct blob *out, struct err *err)
{
	return read_checked(path, max, 1, out, err);
}

static enum rc write_all(int fd, const char *path, struct span bytes, struct err *err)
{
	while (bytes.len != 0) {
		ssize_t n = write(fd, bytes.at, bytes.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, "%s", path);
		bytes.at += n;
		bytes.len -= (size_t)n;
	}
	if (fsync(fd) != 0)
		return err_errno(err, "%s", path);
	return RC_OK;
}

static enum rc sync_folder_of(const char *path, struct err *err)
{
	char folder[PATH_MAX];
	char *slash;
	DROP(fd_close) int fd = -1;

	if (snprintf(folder, sizeof folder, "%s", path) >= (int)sizeof folder)
		return err_set(err, RC_LIMIT, "%s: path is too long", path);
	slash = strrchr(folder, '/');
	if (slash == NULL)
		snprintf(folder, sizeof folder, ".");
	else
		slash[slash == folder ? 1 : 0] = '\0';
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) != 0)
		return err_errno(err, "%s", folder);
	return RC_OK;
}

enum rc file_create(const char *path, struct span bytes, mode_t mode, struct err *err)
{
	DROP(fd_close) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);

	if (fd < 0)
		return err_errno(err, "%s", path);
	/* open() applied the umask; the caller's mode is meant as it stands. */
	if (fchmod(fd, mode) != 0)
		return err_errno(err, "%s", path);
	TRY(write_all(fd, path, bytes, err));
	return sync_folder_of(path, err);
}

enum rc file_replace(const char *path, struct span bytes, mode_t mode, struct err *err)
{
	char temporary[PATH_MAX];
	enum rc rc;

	if (snprintf(temporary, sizeof temporary, "%s.new", path) >= (int)sizeof temporary)
		return err_set(err, RC_LIMIT, "%s: path is too long", path);
	if (unlink(temporary) != 0 && errno != ENOENT)
		return err_errno(err, "%s", temporary);
	rc = file_create(temporary, bytes, mode, err);
	if (rc == RC_OK && rename(temporary, path) != 0)
		rc = err_errno(err, "%s", path);
	if (rc != RC_OK) {
		unlink(temporary);
		return rc;
	}
	return sync_folder_of(path, err);
}
