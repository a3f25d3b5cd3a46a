/*
 * write_vectors FOLDER: one file a message type, which tests/unit/test_msg_vectors.c compares with what the
 * encoder writes. Run it, and say why in the commit, only when the protocol was changed on purpose.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/file.h"
#include "tests/support/sample.h"

static enum rc write_vector(const char *folder, enum msg_type type, struct err *err)
{
	DROP(sample_release) struct sample sample = {0};
	DROP(blob_release) struct blob bytes = {0};
	char path[PATH_MAX];

	sample_vector(&sample, type);
	snprintf(path, sizeof path, "%s/%s.bin", folder, msg_type_name(type));
	TRY(msg_encode(&sample.msg, &bytes));
	return file_replace(path, blob_span(&bytes), 0644, err);
}

int main(int argc, char **argv)
{
	struct err err = {0};

	if (argc != 2) {
		fprintf(stderr, "usage: write_vectors FOLDER\n");
		return EXIT_FAILURE;
	}
	for (unsigned type = MSG_TYPE_none + 1; type < MSG_TYPE_COUNT; type++) {
		if (write_vector(argv[1], (enum msg_type)type, &err) != RC_OK) {
			fprintf(stderr, "%s: %s\n", msg_type_name((enum msg_type)type), err.text);
			return EXIT_FAILURE;
		}
	}
	return EXIT_SUCCESS;
}
