/* Archives that a tenant would not send. They are made with libarchive, which writes what it is told. */
#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/drop.h"
#include "services/agent/unpack.h"
#include "tests/support/test.h"

#define ARCHIVE_MAX 65536

static uint8_t bytes[ARCHIVE_MAX];
static size_t len;
static size_t piece_len;
static size_t given;

struct row {
	const char *name;
	unsigned type;
	unsigned mode;
	const char *hard;
	const char *soft;
	size_t size;
};

static void pack(const struct row *rows, size_t count, bool gzip)
{
	static const char content[4096];
	struct archive *archive = archive_write_new();

	assert_int_equal(archive_write_set_format_pax_restricted(archive), ARCHIVE_OK);
	if (gzip)
		assert_int_equal(archive_write_add_filter_gzip(archive), ARCHIVE_OK);
	assert_int_equal(archive_write_open_memory(archive, bytes, sizeof bytes, &len), ARCHIVE_OK);
	for (size_t i = 0; i < count; i++) {
		struct archive_entry *entry = archive_entry_new();

		archive_entry_set_pathname(entry, rows[i].name);
		archive_entry_set_filetype(entry, rows[i].type);
		archive_entry_set_perm(entry, (mode_t)rows[i].mode);
		archive_entry_set_size(entry, (int64_t)rows[i].size);
		if (rows[i].hard != NULL)
			archive_entry_set_hardlink(entry, rows[i].hard);
		if (rows[i].soft != NULL)
			archive_entry_set_symlink(entry, rows[i].soft);
		assert_true(archive_write_header(archive, entry) >= ARCHIVE_WARN);
		if (rows[i].size > 0)
			assert_int_equal(archive_write_data(archive, content, rows[i].size), rows[i].size);
		archive_entry_free(entry);
	}
	archive_write_close(archive);
	archive_write_free(archive);
}

static enum rc next(void *ctx, struct span *out, struct err *err)
{
	size_t n = len - given < piece_len ? len - given : piece_len;

	(void)ctx;
	(void)err;
	*out = span_of(bytes + given, n);
	given += n;
	return RC_OK;
}

static enum rc unpack(const struct scratch *scratch, uint64_t max)
{
	DROP(unpack_close) struct unpack *unpack = NULL;
	int folder = open(scratch->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct unpack_options options = {.folder = folder, .bytes_max = max, .next = next};
	struct err err = {0};
	bool is_done = false;
	enum rc rc;

	given = 0;
	rc = unpack_open(&options, &unpack, &err);
	while (rc == RC_OK && !is_done)
		rc = unpack_step(unpack, &is_done, &err);
	unpack_close(&unpack);
	close(folder);
	return rc;
}

static void good_archives_are_unpacked(void **state)
{
	static const struct row rows[] = {
		{"./", AE_IFDIR, 0755, NULL, NULL, 0},
		{"./etc/", AE_IFDIR, 0755, NULL, NULL, 0},
		{"./etc/key", AE_IFREG, 0644, NULL, NULL, 5},
		{"run/start.sh", AE_IFREG, 0755, NULL, NULL, 4096},
		{"empty", AE_IFREG, 0600, NULL, NULL, 0},
	};
	static const size_t pieces[] = {1, 512, ARCHIVE_MAX};

	(void)state;
	for (size_t i = 0; i < 2 * COUNT(pieces); i++) {
		DROP(scratch_release) struct scratch scratch;
		char path[SCRATCH_FILE_BYTES];
		struct stat st;

		scratch_open(&scratch);
		pack(rows, COUNT(rows), i % 2 == 1);
		piece_len = pieces[i / 2];
		assert_ok(unpack(&scratch, 4101));
		assert_int_equal(stat(scratch_file(&scratch, "etc/key", path), &st), 0);
		assert_int_equal(st.st_size, 5);
		assert_int_equal(st.st_mode & 07777, 0600);
		assert_int_equal(stat(scratch_file(&scratch, "run/start.sh", path), &st), 0);
		assert_int_equal(st.st_mode & 07777, 0700);
		assert_int_equal(stat(scratch_file(&scratch, "empty", path), &st), 0);
		assert_int_equal(st.st_size, 0);
	}
}

static void hostile_entries_are_refused(void **state)
{
	static const struct row rows[] = {
		{"../out", AE_IFREG, 0600, NULL, NULL, 1},
		{"a/../../out", AE_IFREG, 0600, NULL, NULL, 1},
		{"/elsewhere/limebus-out", AE_IFREG, 0600, NULL, NULL, 1},
		{"a/./b", AE_IFREG, 0600, NULL, NULL, 1},
		{"soft", AE_IFLNK, 0777, NULL, "/etc/passwd", 0},
		{"inner", AE_IFLNK, 0777, NULL, "good", 0},
		{"hard", AE_IFREG, 0600, "good", NULL, 0},
		{"hard-out", AE_IFREG, 0600, "/etc/passwd", NULL, 0},
		{"null", AE_IFCHR, 0600, NULL, NULL, 0},
		{"disk", AE_IFBLK, 0600, NULL, NULL, 0},
		{"pipe", AE_IFIFO, 0600, NULL, NULL, 0},
		{"su", AE_IFREG, 04755, NULL, NULL, 1},
		{"sg", AE_IFREG, 02755, NULL, NULL, 1},
		{"good", AE_IFREG, 0600, NULL, NULL, 1},
		{"good/below", AE_IFREG, 0600, NULL, NULL, 1},
	};

	(void)state;
	piece_len = ARCHIVE_MAX;
	for (size_t i = 0; i < COUNT(rows); i++) {
		DROP(scratch_release) struct scratch scratch;
		struct row both[2] = {{"good", AE_IFREG, 0600, NULL, NULL, 1}, rows[i]};

		scratch_open(&scratch);
		pack(both, 2, false);
		if (unpack(&scratch, 100) == RC_OK)
			fail_msg("%s was unpacked", rows[i].name);
	}
	assert_int_not_equal(access("/elsewhere/limebus-out", F_OK), 0);
}

static void sizes_and_beginnings_are_bounded(void **state)
{
	static const struct row rows[] = {
		{"a", AE_IFREG, 0600, NULL, NULL, 60}, {"b", AE_IFREG, 0600, NULL, NULL, 41}};
	DROP(scratch_release) struct scratch scratch;
	size_t whole;

	(void)state;
	scratch_open(&scratch);
	piece_len = ARCHIVE_MAX;
	pack(rows, 2, false);
	assert_rc(unpack(&scratch, 100), RC_LIMIT);
	whole = len;
	/* Cut inside of the second file's header or data. */
	for (len = 1030; len < 2048; len += 509) {
		DROP(scratch_release) struct scratch other;

		scratch_open(&other);
		assert_int_not_equal(unpack(&other, 1000), RC_OK);
	}
	assert_true(whole > 2048);
	memset(bytes, 'x', sizeof bytes);
	len = 4096;
	assert_int_not_equal(unpack(&scratch, 1000), RC_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_archives_are_unpacked),
		cmocka_unit_test(hostile_entries_are_refused),
		cmocka_unit_test(sizes_and_beginnings_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
