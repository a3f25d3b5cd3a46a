/* Regular files below a root folder, by their paths in there. */
#ifndef LIMEBUS_TENANT_FILE_LIST_H
#define LIMEBUS_TENANT_FILE_LIST_H

#include "lib/base/blob.h"
#include "lib/base/err.h"
#include "lib/config/option.h"
#include "lib/crypto/md5.h"

#define FILE_LIST_MAX (4u << 20)

struct listed_file {
	size_t path;  /* where in `paths` its text begins: "/usr/bin/ls" */
	bool is_code; /* whatever its content: it has an execute bit, or is a kernel module or firmware */
	bool has_md5; /* a package says what its MD5 is */
	uint8_t md5[MD5_BYTES];
};

/* Owns. {.root = -1} is empty. */
struct file_list {
	int root; /* descriptor of the folder */
	struct blob paths;
	struct blob files; /* struct listed_file */
	size_t count;
	struct blob problems; /* what could not be looked at: texts with their NUL */
	size_t problem_count;
};
void file_list_release(struct file_list *list);

/* Open the folder that paths start from. */
MUST_USE enum rc file_list_open(const char *root, struct file_list *out, struct err *err);

const char *file_list_path(const struct file_list *list, size_t index);
struct listed_file *file_list_at(const struct file_list *list, size_t index);

/* One more file; copies. RC_LIMIT above FILE_LIST_MAX. */
MUST_USE enum rc file_list_add(
	struct file_list *list, const char *path, bool is_code, const uint8_t *md5, struct err *err);

/* Note what could not be looked at, and why (an errno). The first FILE_PROBLEMS_MAX are kept, all counted. */
#define FILE_PROBLEMS_MAX 32
MUST_USE enum rc file_list_problem(struct file_list *list, const char *path, int why);

/* Is it code for a path's sake: kernel modules and firmware, which the kernel measures without any bit. */
bool file_is_code(const char *path, unsigned mode);

/*
 * All regular files of the root's file system: symbolic links are not followed, other file systems not
 * entered. skip has paths as they are in there ("/var/cache"): neither they nor what is below them.
 */
MUST_USE enum rc file_list_walk(struct file_list *list, const struct text_list *skip, struct err *err);

/*
 * The files that dpkg has installed below the root, by the names that they have without symbolic links
 * ("/bin/ls" is "/usr/bin/ls" where /bin is a link), with the MD5 that their packages give. RC_NOT_FOUND if
 * there is no database of dpkg.
 */
MUST_USE enum rc file_list_dpkg(struct file_list *list, struct err *err);

#endif
