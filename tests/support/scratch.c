#include "tests/support/test.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

void scratch_open(struct scratch *out)
{
	const char *parent = getenv("LIMEBUS_SCRATCH");
	int len;

	if (parent == NULL)
		fail_msg("LIMEBUS_SCRATCH is not set: run the tests through meson test");
	len = snprintf(out->path, sizeof out->path, "%s/XXXXXX", parent);
	if (len < 0 || (size_t)len >= sizeof out->path)
		fail_msg("%s: too long for unix sockets below it: build in a folder with a shorter name",
			parent);
	if (mkdtemp(out->path) == NULL)
		fail_msg("%s: cannot make a folder there", parent);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	return remove(path);
}

void scratch_release(struct scratch *scratch)
{
	if (scratch->path[0] != '\0')
		nftw(scratch->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	scratch->path[0] = '\0';
}

char *scratch_file(const struct scratch *scratch, const char *name, char path[SCRATCH_FILE_BYTES])
{
	int len = snprintf(path, SCRATCH_FILE_BYTES, "%s/%s", scratch->path, name);

	if (len < 0 || len >= SCRATCH_FILE_BYTES)
		fail_msg("%s: name too long", name);
	return path;
}
