/* file_list_walk: a root file system, folder by folder, each opened from the one above it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "services/tenant/file_list.h"

/* Each level holds a descriptor. */
#define DEPTH_MAX 200

struct walk {
	struct file_list *list;
	const struct text_list *skip;
	dev_t device;
	unsigned depth;
	size_t len; /* of path */
	char path[PATH_MAX];
};

static void dir_close(DIR **dir)
{
	if (*dir != NULL)
		closedir(*dir);
	*dir = NULL;
}

/* "/var/cache" and "/var/cache/" alike. */
static bool is_skipped(const struct walk *walk)
{
	for (size_t i = 0; i < walk->skip->count; i++) {
		const char *skip = walk->skip->at[i];
		size_t len = strlen(skip);

		while (len > 1 && skip[len - 1] == '/')
			len--;
		if (len == walk->len && memcmp(skip, walk->path, len) == 0)
			return true;
	}
	return false;
}

static enum rc visit(struct walk *walk, int folder, struct err *err);

static enum rc enter(struct walk *walk, int folder, const char *name, struct err *err)
{
	int fd;
	enum rc rc;

	if (walk->depth == DEPTH_MAX)
		return file_list_problem(walk->list, walk->path, ELOOP);
	fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return file_list_problem(walk->list, walk->path, errno);
	walk->depth++;
	rc = visit(walk, fd, err);
	walk->depth--;
	return rc;
}

static enum rc look(struct walk *walk, int folder, const char *name, struct err *err)
{
	struct stat st;

	if (is_skipped(walk))
		return RC_OK;
	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return file_list_problem(walk->list, walk->path, errno);
	if (st.st_dev != walk->device)
		return RC_OK;
	if (S_ISDIR(st.st_mode))
		return enter(walk, folder, name, err);
	if (!S_ISREG(st.st_mode))
		return RC_OK;
	return file_list_add(walk->list, walk->path, file_is_code(walk->path, st.st_mode), NULL, err);
}

/* Takes the descriptor. */
static enum rc visit(struct walk *walk, int folder, struct err *err)
{
	DROP(dir_close) DIR *dir = fdopendir(folder);
	const struct dirent *entry;
	size_t before = walk->len;

	if (dir == NULL) {
		close(folder);
		return err_errno(err, "%s", walk->path);
	}
	for (entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
		int len;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		len = snprintf(walk->path + before, sizeof walk->path - before, "/%s", entry->d_name);
		if (len < 0 || (size_t)len >= sizeof walk->path - before) {
			walk->path[before] = '\0';
			TRY(file_list_problem(walk->list, walk->path, ENAMETOOLONG));
			continue;
		}
		walk->len = before + (size_t)len;
		TRY(look(walk, dirfd(dir), entry->d_name, err));
		walk->len = before;
		walk->path[before] = '\0';
	}
	return RC_OK;
}

enum rc file_list_walk(struct file_list *list, const struct text_list *skip, struct err *err)
{
	struct walk walk = {.list = list, .skip = skip};
	struct stat st;
	int fd = openat(list->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_errno(err, "the root folder");
	if (fstat(fd, &st) != 0) {
		close(fd);
		return err_errno(err, "the root folder");
	}
	walk.device = st.st_dev;
	return visit(&walk, fd, err);
}
