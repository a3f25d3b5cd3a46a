#include "lib/sandbox/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/drop.h"

/* The first version of the interface; what later ones added is asked for where it is there. */
#define WRITE_FOLDER                                                                                         \
	(LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |     \
		LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |   \
		LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM)

/* Linux 5.19: moving files between folders. Without it Landlock never allows that. */
#define ABI_WITH_REFER 2
#define ACCESS_REFER   (1ULL << 13)
/* Linux 6.2: truncating. Before, Landlock does not look at it. */
#define ABI_WITH_TRUNCATE 3
#define ACCESS_TRUNCATE   (1ULL << 14)

static void fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static enum rc allow(int ruleset, const char *path, uint64_t for_folders, uint64_t for_files, struct err *err)
{
	DROP(fd_close) int fd = open(path, O_PATH | O_CLOEXEC);
	struct landlock_path_beneath_attr rule = {0};
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0)
		return err_errno(err, "sandbox: %s", path);
	rule.parent_fd = fd;
	rule.allowed_access = S_ISDIR(st.st_mode) ? for_folders : for_files;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
		return err_errno(err, "sandbox: Landlock rule for %s", path);
	return RC_OK;
}

enum rc landlock_enter(const struct sandbox *needs, struct err *err)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	uint64_t for_files = LANDLOCK_ACCESS_FS_WRITE_FILE | (abi >= ABI_WITH_TRUNCATE ? ACCESS_TRUNCATE : 0);
	uint64_t for_folders = WRITE_FOLDER | for_files | (abi >= ABI_WITH_REFER ? ACCESS_REFER : 0);
	struct landlock_ruleset_attr attributes = {0};
	DROP(fd_close) int ruleset = -1;

	if (abi < 1)
		return err_set(err, RC_UNSUPPORTED, "sandbox: the kernel has no Landlock");
	attributes.handled_access_fs = for_folders | (needs->runs_programs ? 0 : LANDLOCK_ACCESS_FS_EXECUTE);
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);
	if (ruleset < 0)
		return err_errno(err, "sandbox: Landlock");
	TRY(allow(ruleset, "/dev", for_files, for_files, err));
	for (size_t i = 0; needs->writable != NULL && needs->writable[i] != NULL; i++)
		TRY(allow(ruleset, needs->writable[i], for_folders, for_files, err));
	if (syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
		return err_errno(err, "sandbox: Landlock");
	return RC_OK;
}
