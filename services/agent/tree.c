#include "services/agent/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

/* A start script may have made deep folders; each level holds a descriptor. */
#define DEPTH_MAX 64

static void empty(int folder, const char *const *keep, size_t count, unsigned depth);

static bool is_kept(const char *name, const char *const *keep, size_t count)
{
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return true;
	for (size_t i = 0; i < count; i++)
		if (strcmp(name, keep[i]) == 0)
			return true;
	return false;
}

static void remove_at(int folder, const char *name, unsigned depth)
{
	int inner;

	if (unlinkat(folder, name, 0) == 0 || (errno != EISDIR && errno != EPERM) || depth == DEPTH_MAX)
		return;
	inner = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (inner < 0)
		return;
	empty(inner, NULL, 0, depth + 1);
	close(inner);
	unlinkat(folder, name, AT_REMOVEDIR);
}

static void empty(int folder, const char *const *keep, size_t count, unsigned depth)
{
	int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;

	if (dir == NULL) {
		if (copy >= 0)
			close(copy);
		return;
	}
	while ((entry = readdir(dir)) != NULL)
		if (!is_kept(entry->d_name, keep, count))
			remove_at(folder, entry->d_name, depth);
	closedir(dir);
}

void tree_remove(int folder, const char *name)
{
	remove_at(folder, name, 0);
}

void tree_empty(int folder, const char *const *keep, size_t count)
{
	empty(folder, keep, count, 0);
}
