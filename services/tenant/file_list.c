#include "services/tenant/file_list.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

void file_list_release(struct file_list *list)
{
	if (list->root >= 0)
		close(list->root);
	blob_release(&list->paths);
	blob_release(&list->files);
	blob_release(&list->problems);
	*list = (struct file_list){.root = -1};
}

enum rc file_list_open(const char *root, struct file_list *out, struct err *err)
{
	int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_errno(err, "%s", root);
	file_list_release(out);
	out->root = fd;
	return RC_OK;
}

struct listed_file *file_list_at(const struct file_list *list, size_t index)
{
	return (struct listed_file *)(void *)list->files.at + index;
}

const char *file_list_path(const struct file_list *list, size_t index)
{
	return (const char *)list->paths.at + file_list_at(list, index)->path;
}

enum rc file_list_add(
	struct file_list *list, const char *path, bool is_code, const uint8_t *md5, struct err *err)
{
	struct listed_file file = {.path = list->paths.len, .is_code = is_code, .has_md5 = md5 != NULL};

	if (list->count == FILE_LIST_MAX)
		return err_set(err, RC_LIMIT, "more than %u files", FILE_LIST_MAX);
	if (md5 != NULL)
		memcpy(file.md5, md5, sizeof file.md5);
	if (blob_append(&list->paths, span_of(path, strlen(path) + 1)) != RC_OK ||
		blob_append(&list->files, span_of(&file, sizeof file)) != RC_OK)
		return err_set(err, RC_NOMEM, "%zu files: out of memory", list->count);
	list->count++;
	return RC_OK;
}

enum rc file_list_problem(struct file_list *list, const char *path, int why)
{
	char text[512];
	int len = snprintf(text, sizeof text, "%.400s: %s", path, strerror(why));

	if (list->problem_count++ >= FILE_PROBLEMS_MAX)
		return RC_OK;
	return blob_append(&list->problems, span_of(text, (size_t)len + 1));
}

static bool begins(const char *path, const char *with)
{
	return strncmp(path, with, strlen(with)) == 0;
}

bool file_is_code(const char *path, unsigned mode)
{
	if (begins(path, "/usr/"))
		path += 4;
	return (mode & 0111) != 0 || begins(path, "/lib/modules/") || begins(path, "/lib/firmware/");
}
