/* file_list_dpkg: what the packages of a Debian system have installed (dpkg(1), /var/lib/dpkg/info). */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "lib/base/hex.h"
#include "services/tenant/file_list.h"

#define INFO_FOLDER   "var/lib/dpkg/info"
#define INFO_FILE_MAX (32u << 20)
#define PACKAGES_MAX  200000

/* A path of a package, "/usr/bin/ls"; what a package says later wins. */
struct installed {
	bool has_md5;
	uint8_t md5[MD5_BYTES];
	char path[];
};

struct database {
	struct file_list *list;
	int info;    /* descriptor of INFO_FOLDER */
	char *root;  /* the root folder's own path, as the kernel tells it */
	void *files; /* tree of struct installed */
	enum rc rc;
	struct err *err;
};

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct installed *)a)->path, ((const struct installed *)b)->path);
}

static void database_release(struct database *database)
{
	if (database->info >= 0)
		close(database->info);
	free(database->root);
	tdestroy(database->files, free);
}

/* A descriptor's own path, without links. */
static char *path_of(int fd)
{
	char link[64];
	char path[PATH_MAX];
	ssize_t len;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof path);
	return len <= 0 || (size_t)len == sizeof path ? NULL : strndup(path, (size_t)len);
}

static int open_in_root(int root, const char *path, uint64_t flags)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};

	return (int)syscall(SYS_openat2, root, path, &how, sizeof how);
}

/* The file with this path, kept once. */
static enum rc remember(struct database *database, struct span path, const uint8_t *md5)
{
	struct installed *file = calloc(1, sizeof *file + path.len + 2);
	struct installed **slot;

	if (file == NULL)
		return err_set(database->err, RC_NOMEM, "dpkg's files: out of memory");
	snprintf(file->path, path.len + 2, "%s%.*s", path.at[0] == '/' ? "" : "/", SPAN_FMT(path));
	slot = tsearch(file, &database->files, compare);
	if (slot == NULL || *slot != file)
		free(file);
	if (slot == NULL)
		return err_set(database->err, RC_NOMEM, "dpkg's files: out of memory");
	if (md5 != NULL) {
		(*slot)->has_md5 = true;
		memcpy((*slot)->md5, md5, MD5_BYTES);
	}
	return RC_OK;
}

/* ---- the files of the database ---- */

/* Each line of a file of the database; one that is not there has none. */
typedef enum rc line_act(struct database *database, struct span line);

static enum rc each_line(struct database *database, int folder, const char *name, line_act *act)
{
	DROP(blob_release) struct blob text = {0};
	char path[64];
	size_t at = 0;
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	enum rc rc;

	if (fd < 0)
		return errno == ENOENT ? RC_OK : err_errno(database->err, "dpkg's %.80s", name);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	rc = file_read(path, INFO_FILE_MAX, &text, database->err);
	close(fd);
	if (rc != RC_OK)
		return err_wrap(database->err, rc, "dpkg's %.80s: ", name);
	while (at < text.len) {
		const uint8_t *end = memchr(text.at + at, '\n', text.len - at);
		size_t len = end == NULL ? text.len - at : (size_t)(end - text.at) - at;
		struct span line = span_of(text.at + at, len);

		at += len + 1;
		if (len != 0 && memchr(line.at, '\0', len) == NULL)
			TRY(act(database, line));
	}
	return RC_OK;
}

static enum rc list_line(struct database *database, struct span line)
{
	return remember(database, line, NULL);
}

/* "md5  usr/bin/ls" */
static enum rc md5_line(struct database *database, struct span line)
{
	size_t digits = 2 * MD5_BYTES;
	uint8_t md5[MD5_BYTES];

	if (line.len < digits + 3 || hex_decode(span_of(line.at, digits), md5, sizeof md5) != RC_OK)
		return RC_OK;
	return remember(database, span_of(line.at + digits + 2, line.len - digits - 2), md5);
}

/* Lines in threes: from, to, by whom. Whose the file at either place is cannot be told from its path: nothing
 * is compared. */
static enum rc diversion_line(struct database *database, struct span line)
{
	DROP(blob_release) struct blob room = {0};
	struct installed **slot;

	if (line.at[0] != '/')
		return RC_OK;
	TRY(blob_resize(&room, sizeof(struct installed) + line.len + 1));
	memcpy(((struct installed *)(void *)room.at)->path, line.at, line.len);
	slot = tfind(room.at, &database->files, compare);
	if (slot != NULL)
		(*slot)->has_md5 = false;
	return RC_OK;
}

static int ends_with(const char *name, const char *end)
{
	size_t len = strlen(name);

	return len > strlen(end) && strcmp(name + len - strlen(end), end) == 0;
}

static void dir_close(DIR **dir)
{
	if (*dir != NULL)
		closedir(*dir);
	*dir = NULL;
}

static enum rc read_packages(struct database *database)
{
	DROP(dir_close) DIR *dir = fdopendir(dup(database->info));
	const struct dirent *entry;
	unsigned packages = 0;

	if (dir == NULL)
		return err_errno(database->err, INFO_FOLDER);
	for (entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
		bool is_list = ends_with(entry->d_name, ".list");

		if (is_list && ++packages > PACKAGES_MAX)
			return err_set(database->err, RC_LIMIT, "more than %d packages", PACKAGES_MAX);
		if (is_list)
			TRY(each_line(database, database->info, entry->d_name, list_line));
		else if (ends_with(entry->d_name, ".md5sums"))
			TRY(each_line(database, database->info, entry->d_name, md5_line));
	}
	if (packages == 0)
		return err_set(database->err, RC_NOT_FOUND, INFO_FOLDER ": no package is installed");
	return RC_OK;
}

/* ---- the files themselves ---- */

/* Where it lies when all links above it are followed; a package's own link is none of our business. */
static enum rc add_installed(struct database *database, const struct installed *file)
{
	int fd = open_in_root(database->list->root, file->path, O_PATH | O_NOFOLLOW);
	size_t prefix = strcmp(database->root, "/") == 0 ? 0 : strlen(database->root);
	char *path = NULL;
	struct stat st;
	enum rc rc = RC_OK;

	/* Not there: documentation that was left out, a configuration file that was deleted. */
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR
		               ? RC_OK
		               : file_list_problem(database->list, file->path, errno);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		path = path_of(fd);
	close(fd);
	if (path != NULL && strncmp(path, database->root, prefix) == 0 && path[prefix] == '/')
		rc = file_list_add(database->list, path + prefix, file_is_code(path + prefix, st.st_mode),
			file->has_md5 ? file->md5 : NULL, database->err);
	free(path);
	return rc;
}

static void visit(const void *node, VISIT order, void *context)
{
	struct database *database = context;

	if ((order == postorder || order == leaf) && database->rc == RC_OK)
		database->rc = add_installed(database, *(struct installed *const *)node);
}

enum rc file_list_dpkg(struct file_list *list, struct err *err)
{
	DROP(database_release) struct database database = {.list = list, .err = err};

	database.info = open_in_root(list->root, INFO_FOLDER, O_RDONLY | O_DIRECTORY);
	if (database.info < 0)
		return err_errno(err, INFO_FOLDER);
	database.root = path_of(list->root);
	if (database.root == NULL)
		return err_set(err, RC_IO, "/proc does not tell where the root folder is");
	TRY(read_packages(&database));
	TRY(each_line(&database, database.info, "../diversions", diversion_line));
	twalk_r(database.files, visit, &database);
	return database.rc;
}
