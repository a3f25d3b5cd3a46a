/*
 * Runs a fuzz target over its corpus, in place of libFuzzer: each file as it stands, then cut short at each
 * length, then with one byte altered at a time. The order is fixed and so is the work, so that a failure can
 * be repeated: replay_<parser> FILE… runs just these files. Prints TAP, one line a file.
 */
#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "lib/base/blob.h"
#include "lib/base/file.h"
#include "tests/fuzz/fuzz.h"

#define INPUT_MAX_BYTES (16u << 20)

/* At most so many cuts and so many alterations a file, spread evenly over it, and not more bytes than this in
 * all: the whole of a corpus takes seconds. */
#define VARIANTS_MAX      512
#define VARIANT_BYTES_MAX (8u << 20)

/* The input has its own allocation of exactly its length, so that a sanitizer sees a read beyond its end. */
static void run(struct span bytes, size_t altered_at, uint8_t flip)
{
	uint8_t *copy = malloc(bytes.len != 0 ? bytes.len : 1);

	if (copy == NULL)
		return;
	if (bytes.len != 0)
		memcpy(copy, bytes.at, bytes.len);
	if (altered_at < bytes.len)
		copy[altered_at] ^= flip;
	LLVMFuzzerTestOneInput(copy, bytes.len);
	free(copy);
}

static size_t run_variants(struct span whole)
{
	static const uint8_t flips[] = {0x01, 0x80, 0xff};
	size_t budget = whole.len == 0 ? 0 : VARIANT_BYTES_MAX / whole.len;
	size_t variants = budget < VARIANTS_MAX ? budget : VARIANTS_MAX;
	size_t step = variants == 0 ? whole.len + 1 : whole.len / variants + 1;
	size_t runs = 1;

	run(whole, SIZE_MAX, 0);
	for (size_t at = 0; at < whole.len; at += step) {
		run(span_of(whole.at, at), SIZE_MAX, 0);
		run(whole, at, flips[at / step % sizeof flips]);
		runs += 2;
	}
	return runs;
}

static bool replay_file(const char *path, unsigned number)
{
	DROP(blob_release) struct blob bytes = {0};
	struct err err = {0};

	/* Written before the run: a crash then leaves the name of the file as the last line. */
	printf("# %s\n", path);
	fflush(stdout);
	if (file_read(path, INPUT_MAX_BYTES, &bytes, &err) != RC_OK) {
		printf("not ok %u - %s\n", number, err.text);
		return false;
	}
	printf("ok %u - %s (%zu runs)\n", number, strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 : path,
		run_variants(blob_span(&bytes)));
	return true;
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static unsigned replay_folder(const char *folder, unsigned number, bool *all_ok)
{
	struct dirent **entries = NULL;
	int count = scandir(folder, &entries, is_visible, alphasort);
	char path[PATH_MAX];

	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
		if (!replay_file(path, ++number))
			*all_ok = false;
		free(entries[i]);
	}
	free(entries);
	return number;
}

int main(int argc, char **argv)
{
	unsigned number = 0;
	bool all_ok = true;
	struct stat st;

	for (int i = 1; i < argc; i++) {
		if (stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode))
			number = replay_folder(argv[i], number, &all_ok);
		else if (!replay_file(argv[i], ++number))
			all_ok = false;
	}
	/* To replay nothing proves nothing. */
	if (number == 0) {
		printf("not ok 1 - the corpus is empty\n");
		number = 1;
		all_ok = false;
	}
	printf("1..%u\n", number);
	return all_ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
