#include "tests/support/test.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/file.h"

static struct {
	struct blob content[VECTORS_MAX];
	size_t count;
} loaded;

static void release_all(void)
{
	for (size_t i = 0; i < loaded.count; i++)
		blob_release(&loaded.content[i]);
	loaded.count = 0;
}

struct span vector(const char *name)
{
	const char *source = getenv("LIMEBUS_SOURCE");
	char path[PATH_MAX];
	struct err err = {0};

	if (loaded.count == VECTORS_MAX)
		fail_msg("more than %d vectors in one program", VECTORS_MAX);
	if (loaded.count == 0)
		atexit(release_all);
	snprintf(path, sizeof path, "%s/tests/vectors/%s", source != NULL ? source : ".", name);
	if (file_read(path, VECTOR_MAX_BYTES, &loaded.content[loaded.count], &err) != RC_OK)
		fail_msg("%s", err.text);
	return blob_span(&loaded.content[loaded.count++]);
}
