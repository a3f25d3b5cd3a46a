#include "tests/support/test.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/file.h"

#define NAME_BYTES 96

static struct {
	char names[VECTORS_MAX][NAME_BYTES];
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

	for (size_t i = 0; i < loaded.count; i++)
		if (strcmp(loaded.names[i], name) == 0)
			return blob_span(&loaded.content[i]);
	if (strlen(name) >= NAME_BYTES)
		fail_msg("vector name of %zu bytes: %s", strlen(name), name);
	if (loaded.count == VECTORS_MAX)
		fail_msg("more than %d vectors in one program", VECTORS_MAX);
	if (loaded.count == 0)
		atexit(release_all);
	snprintf(path, sizeof path, "%s/tests/vectors/%s", source != NULL ? source : ".", name);
	if (file_read(path, VECTOR_MAX_BYTES, &loaded.content[loaded.count], &err) != RC_OK)
		fail_msg("%s", err.text);
	strcpy(loaded.names[loaded.count], name);
	return blob_span(&loaded.content[loaded.count++]);
}
