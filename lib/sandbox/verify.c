#include "lib/sandbox/verify.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/drop.h"
#include "lib/base/file.h"

#define STATUS_MAX_BYTES (64u << 10)

static void dir_close(DIR **dir)
{
	if (*dir != NULL)
		closedir(*dir);
	*dir = NULL;
}

/* The text behind "\nName:\t" in a status file. */
static const char *entry(const char *status, const char *name)
{
	char key[32];
	const char *at;

	snprintf(key, sizeof key, "\n%s:\t", name);
	at = strstr(status, key);
	return at == NULL ? "" : at + strlen(key);
}

static enum rc still(struct err *err, const char *thread, const char *what, const char *found)
{
	return err_set(err, RC_DENIED, "sandbox: thread %.16s still has %s (%.*s)", thread, what,
		(int)strcspn(found, "\n"), found);
}

/* Real, effective, saved and file system id, all the same. */
static bool ids_are(const char *found, unsigned id)
{
	char expected[64];

	snprintf(expected, sizeof expected, "%u\t%u\t%u\t%u\n", id, id, id, id);
	return strncmp(found, expected, strlen(expected)) == 0;
}

/* The bounding set is empty in the first thread alone: each thread can only empty its own. It does not matter
 * with no_new_privs and nothing in the other sets, and threads made from now on inherit the empty one. */
static enum rc check_thread(
	const char *thread, const char *status, const struct expectation *expected, struct err *err)
{
	static const char *const sets[] = {"CapInh", "CapPrm", "CapEff", "CapAmb", "CapBnd"};
	bool bounding = expected->bounding && strtol(thread, NULL, 10) == getpid();
	size_t set_count = bounding ? COUNT(sets) : COUNT(sets) - 1;

	if (!ids_are(entry(status, "Uid"), expected->uid))
		return still(err, thread, "another user id", entry(status, "Uid"));
	if (!ids_are(entry(status, "Gid"), expected->gid))
		return still(err, thread, "another group id", entry(status, "Gid"));
	for (size_t i = 0; i < set_count; i++) {
		const char *found = entry(status, sets[i]);

		if (*found == '\0' || (strtoull(found, NULL, 16) & ~expected->kept) != 0)
			return still(err, thread, sets[i], found);
	}
	if (*entry(status, "NoNewPrivs") != '1')
		return still(err, thread, "no no_new_privs", entry(status, "NoNewPrivs"));
	if (expected->seccomp && *entry(status, "Seccomp") != '2')
		return still(err, thread, "no seccomp filter", entry(status, "Seccomp"));
	return RC_OK;
}

enum rc verify_threads(const struct expectation *expected, struct err *err)
{
	DROP(dir_close) DIR *threads = opendir("/proc/self/task");
	const struct dirent *thread;

	if (threads == NULL)
		return err_errno(err, "sandbox: /proc/self/task");
	for (thread = readdir(threads); thread != NULL; thread = readdir(threads)) {
		DROP(blob_release) struct blob status = {0};
		char path[64];
		enum rc rc;

		if (thread->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "/proc/self/task/%.20s/status", thread->d_name);
		rc = file_read(path, STATUS_MAX_BYTES, &status, err);
		/* It may have ended meanwhile. */
		if (rc == RC_NOT_FOUND)
			continue;
		if (rc != RC_OK)
			return rc;
		if (blob_append(&status, SPAN("")) != RC_OK)
			return err_set(err, RC_NOMEM, "sandbox: out of memory");
		TRY(check_thread(thread->d_name, (const char *)status.at, expected, err));
	}
	return RC_OK;
}

enum rc verify_no_way_back(const struct expectation *expected, struct err *err)
{
	if (expected->uid != 0 && (setuid(0) == 0 || seteuid(0) == 0))
		return err_set(err, RC_DENIED, "sandbox: the process could become root again");
	if (expected->gid != 0 && (setgid(0) == 0 || setegid(0) == 0))
		return err_set(err, RC_DENIED, "sandbox: the process could get group root again");
	return RC_OK;
}
