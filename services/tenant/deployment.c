#include "services/tenant/deployment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/file.h"

void deployment_release(struct deployment *deployment)
{
	sign_pair_release(&deployment->root);
	roster_release(&deployment->roster);
	if (deployment->lock > 0)
		close(deployment->lock);
	*deployment = (struct deployment){0};
}

enum rc deployment_path(const char *folder, const char *name, char out[static PATH_MAX], struct err *err)
{
	if (snprintf(out, PATH_MAX, "%s/%s", folder, name) >= PATH_MAX)
		return err_set(err, RC_LIMIT, "%.80s...: path is too long", folder);
	return RC_OK;
}

enum rc deployment_folder(const char *path, struct err *err)
{
	if (mkdir(path, 0700) != 0)
		return err_errno(err, "%s", path);
	/* The umask may have taken more away than is good. */
	if (chmod(path, 0700) != 0)
		return err_errno(err, "%s", path);
	return RC_OK;
}

enum rc deployment_check_name(const char *name, struct err *err)
{
	static const char *const taken[] = {"root", "agent", "redis", "operators", "plugins"};
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
	size_t len = strlen(name);

	if (len == 0 || len > NAME_MAX_BYTES || strspn(name, letters) != len || name[0] == '-' ||
		name[0] == '.')
		return err_set(err, RC_MALFORMED,
			"\"%.70s\" is no name: 1 to %u letters, digits, '-', '_' and '.', starting with a letter or "
			"digit",
			name, NAME_MAX_BYTES);
	for (size_t i = 0; i < COUNT(taken); i++)
		if (strcmp(name, taken[i]) == 0)
			return err_set(
				err, RC_MALFORMED, "\"%s\" is a folder of the deployment itself", name);
	if (roster_name_is_ended(name, NULL))
		return err_set(err, RC_MALFORMED, "\"%s\": names that end so are for former keys", name);
	return RC_OK;
}

enum rc deployment_member_folder(
	const char *folder, unsigned role, const char *name, char out[static PATH_MAX], struct err *err)
{
	const char *group = "";

	if ((role & ROLES_VIEW) != 0)
		group = "operators/";
	else if (role == (unsigned)ROLE_PLUGIN)
		group = "plugins/";
	if (snprintf(out, PATH_MAX, "%s/%s%s", folder, group, name) >= PATH_MAX)
		return err_set(err, RC_LIMIT, "%.80s...: path is too long", folder);
	return RC_OK;
}

/* Whoever can write here can put keys of his own into the next roster. */
static enum rc check_folder(const char *path, struct err *err)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return err_errno(err, "%s", path);
	if (!S_ISDIR(st.st_mode))
		return err_set(err, RC_MALFORMED, "%s: not a folder", path);
	if ((st.st_mode & 022) != 0)
		return err_set(err, RC_DENIED, "%s: mode is %03o, others may write there; run: chmod go-w %s",
			path, (unsigned)st.st_mode & 0777u, path);
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return err_set(err, RC_DENIED, "%s: belongs to user %u, expected %u or root", path,
			(unsigned)st.st_uid, (unsigned)geteuid());
	return RC_OK;
}

static enum rc lock_folder(const char *path, int *out, struct err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_errno(err, "%s", path);
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		close(fd);
		return err_set(err, RC_DENIED, "%s: another limebus keys is changing it just now", path);
	}
	*out = fd;
	return RC_OK;
}

enum rc deployment_open(const char *folder, struct deployment *out, struct err *err)
{
	DROP(deployment_release) struct deployment opened = {.lock = -1};
	DROP(secret32_release) struct secret32 seed = {0};
	char root[PATH_MAX];
	char public[PATH_MAX];
	char path[PATH_MAX];

	TRY(deployment_path(folder, "root", root, err));
	if (access(root, F_OK) != 0)
		return err_set(err, RC_NOT_FOUND,
			"%s: no deployment is there; make one with: limebus keys init DIR, or name its folder with "
			"--dir",
			folder);
	TRY(check_folder(folder, err));
	TRY(check_folder(root, err));
	TRY(lock_folder(root, &opened.lock, err));
	snprintf(opened.folder, sizeof opened.folder, "%s", folder);
	TRY(deployment_path(root, DEPLOYMENT_ROOT_KEY, path, err));
	TRY(keyfile_load(path, KEYFILE_SIGN_SECRET, &seed, err));
	TRY(sign_pair_of_seed(seed.bytes, &opened.root, err));
	TRY(deployment_path(root, DEPLOYMENT_ROOT_PUB, public, err));
	TRY(deployment_path(root, DEPLOYMENT_ROSTER, path, err));
	TRY(roster_load(path, public, 0, &opened.roster, err));
	if (memcmp(roster_root(opened.roster), opened.root.public, SIGN_KEY_BYTES) != 0)
		return err_set(err, RC_DENIED, "%s: root.pub does not belong to root.key", root);
	*out = TAKE(opened);
	return RC_OK;
}

/* Replace the roster in a folder that has one. */
static enum rc refresh(const char *folder, struct span roster, struct err *err)
{
	char path[PATH_MAX];
	struct stat st;

	TRY(deployment_path(folder, DEPLOYMENT_ROSTER, path, err));
	if (lstat(path, &st) != 0 || !S_ISREG(st.st_mode))
		return RC_OK;
	return file_replace(path, roster, 0644, err);
}

static void dir_close(DIR **dir)
{
	if (*dir != NULL)
		closedir(*dir);
	*dir = NULL;
}

static enum rc refresh_below(const char *folder, struct span roster, struct err *err)
{
	DROP(dir_close) DIR *dir = opendir(folder);
	const struct dirent *entry;

	if (dir == NULL)
		return errno == ENOENT || errno == ENOTDIR ? RC_OK : err_errno(err, "%s", folder);
	for (entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
		char path[PATH_MAX];

		if (entry->d_name[0] == '.')
			continue;
		TRY(deployment_path(folder, entry->d_name, path, err));
		TRY(refresh(path, roster, err));
	}
	return RC_OK;
}

static enum rc distribute(const struct deployment *deployment, struct err *err)
{
	static const char *const groups[] = {"operators", "plugins"};
	struct span roster = roster_bytes(deployment->roster);
	char path[PATH_MAX];

	TRY(refresh_below(deployment->folder, roster, err));
	for (size_t i = 0; i < COUNT(groups); i++) {
		TRY(deployment_path(deployment->folder, groups[i], path, err));
		TRY(refresh_below(path, roster, err));
	}
	return RC_OK;
}

enum rc deployment_issue(struct deployment *deployment, uint64_t number, uint64_t now_ms,
	const struct roster_member *members, size_t count, struct err *err)
{
	uint64_t present = deployment->roster == NULL ? 0 : roster_number(deployment->roster);
	DROP(roster_release) struct roster *next = NULL;
	DROP(blob_release) struct blob bytes = {0};
	char path[PATH_MAX];

	if (number == 0 && present == UINT64_MAX)
		return err_set(err, RC_LIMIT, "the roster's numbers are used up");
	if (number == 0)
		number = present + 1;
	if (number <= present)
		return err_set(err, RC_STALE, "the next roster's number must be above %llu, found %llu",
			(unsigned long long)present, (unsigned long long)number);
	if (count == 0)
		return err_set(err, RC_DENIED, "a roster without members would shut everybody out");
	TRY(roster_make(&deployment->root, number, now_ms, members, count, &bytes, err));
	TRY(roster_open(blob_span(&bytes), deployment->root.public, number, &next, err));
	TRY(deployment_path(deployment->folder, "root/" DEPLOYMENT_ROSTER, path, err));
	TRY(file_replace(path, blob_span(&bytes), 0644, err));
	roster_release(&deployment->roster);
	deployment->roster = TAKE(next);
	return distribute(deployment, err);
}

enum rc deployment_equip(const struct deployment *deployment, const char *member_folder, struct err *err)
{
	char path[PATH_MAX];

	TRY(deployment_path(member_folder, DEPLOYMENT_ROOT_PUB, path, err));
	TRY(keyfile_create(path, KEYFILE_SIGN_PUBLIC, deployment->root.public, err));
	TRY(deployment_path(member_folder, DEPLOYMENT_ROSTER, path, err));
	return file_create(path, roster_bytes(deployment->roster), 0644, err);
}
