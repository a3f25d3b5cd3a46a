/* Initial RAM disks, made here by libarchive: plain and compressed archives in a row, links, damage. */
#include "tests/support/test.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <sys/stat.h>

#include "lib/base/drop.h"
#include "services/tenant/cpio.h"
#include "services/tenant/initrd.h"

#define ROOM (1u << 20)

struct row {
	const char *path, *content, *link; /* link: a hard link to that path */
	mode_t type;
};

/* Append an archive to out. */
static void make(const struct row *rows, size_t count, int (*filter)(struct archive *), struct blob *out)
{
	struct archive *writer = archive_write_new();
	static uint8_t room[ROOM];
	size_t used = 0;

	assert_int_equal(archive_write_set_format_cpio_newc(writer), ARCHIVE_OK);
	assert_int_equal(filter == NULL ? ARCHIVE_OK : filter(writer), ARCHIVE_OK);
	archive_write_set_bytes_in_last_block(writer, 1);
	assert_int_equal(archive_write_open_memory(writer, room, sizeof room, &used), ARCHIVE_OK);
	for (size_t i = 0; i < count; i++) {
		struct archive_entry *entry = archive_entry_new();
		size_t len = rows[i].content == NULL ? 0 : strlen(rows[i].content);

		archive_entry_set_pathname(entry, rows[i].path);
		archive_entry_set_filetype(entry, rows[i].type);
		archive_entry_set_perm(entry, 0755);
		archive_entry_set_size(entry, (la_int64_t)len);
		archive_entry_set_nlink(entry, rows[i].link != NULL ? 2 : 1);
		archive_entry_set_ino(entry, rows[i].link != NULL ? 77 : (la_int64_t)i + 100);
		if (rows[i].type == AE_IFLNK)
			archive_entry_set_symlink(entry, "/etc/passwd");
		assert_int_equal(archive_write_header(writer, entry), ARCHIVE_OK);
		if (len != 0)
			assert_int_equal(archive_write_data(writer, rows[i].content, len), (la_ssize_t)len);
		archive_entry_free(entry);
	}
	assert_int_equal(archive_write_close(writer), ARCHIVE_OK);
	archive_write_free(writer);
	assert_ok(blob_append(out, span_of(room, used)));
}

static const struct row early[] = {{"kernel/x86/microcode/GenuineIntel.bin", "microcode", NULL, AE_IFREG}};
static const struct row main_rows[] = {
	{"usr", NULL, NULL, AE_IFDIR},
	{"./usr/bin/busybox", "busybox", NULL, AE_IFREG},
	{"usr/bin/link", NULL, NULL, AE_IFLNK},
	{"/init", "#!/bin/sh", NULL, AE_IFREG},
	{"usr/bin/empty", NULL, NULL, AE_IFREG},
	{"usr/bin/one", NULL, "two", AE_IFREG},
	{"usr/bin/two", "shared", "two", AE_IFREG},
};

static enum rc note(void *ctx, struct span path, struct span content, struct err *err)
{
	char line[256];

	(void)err;
	snprintf(line, sizeof line, "%.*s=%.*s;", SPAN_FMT(path), SPAN_FMT(content));
	return blob_append(ctx, span_text(line));
}

#define MAIN                                                                                                 \
	"/usr/bin/busybox=busybox;/init=#!/bin/sh;/usr/bin/empty=;/usr/bin/one=shared;/usr/bin/two=shared;"
#define EARLY "/kernel/x86/microcode/GenuineIntel.bin=microcode;"

static void expect(const struct blob *initrd, const char *text)
{
	DROP(blob_release) struct blob seen = {0};
	struct err err = {0};

	if (initrd_walk(blob_span(initrd), note, &seen, &err) != RC_OK)
		fail_msg("%s", err.text);
	assert_spans_equal(blob_span(&seen), span_text(text));
}

static void every_compression_of_the_kernel_is_read(void **state)
{
	static int (*const filters[])(struct archive *) = {NULL, archive_write_add_filter_gzip,
		archive_write_add_filter_bzip2, archive_write_add_filter_xz, archive_write_add_filter_lzma,
		archive_write_add_filter_zstd, archive_write_add_filter_lz4};

	(void)state;
	for (size_t i = 0; i < COUNT(filters); i++) {
		DROP(blob_release) struct blob initrd = {0};

		make(early, COUNT(early), NULL, &initrd);
		make(main_rows, COUNT(main_rows), filters[i], &initrd);
		expect(&initrd, EARLY MAIN);
	}
}

static void archives_stand_in_a_row_with_zeros_between(void **state)
{
	DROP(blob_release) struct blob initrd = {0};

	(void)state;
	make(early, COUNT(early), NULL, &initrd);
	make(early, COUNT(early), NULL, &initrd);
	assert_ok(blob_resize(&initrd, initrd.len + 512));
	make(main_rows, COUNT(main_rows), archive_write_add_filter_gzip, &initrd);
	expect(&initrd, EARLY EARLY MAIN);
	assert_ok(blob_resize(&initrd, initrd.len + 37));
	expect(&initrd, EARLY EARLY MAIN);
}

static void compressed_archives_may_follow_one_another(void **state)
{
	static int (*const filters[])(struct archive *) = {archive_write_add_filter_gzip,
		archive_write_add_filter_xz, archive_write_add_filter_zstd, archive_write_add_filter_lz4};

	(void)state;
	for (size_t i = 0; i < COUNT(filters); i++) {
		DROP(blob_release) struct blob initrd = {0};

		make(early, COUNT(early), filters[i], &initrd);
		make(main_rows, COUNT(main_rows), filters[i], &initrd);
		expect(&initrd, EARLY MAIN);
	}
}

static void damage_is_refused(void **state)
{
	DROP(blob_release) struct blob initrd = {0};
	DROP(blob_release) struct blob seen = {0};
	struct err err = {0};

	(void)state;
	make(early, COUNT(early), NULL, &initrd);
	/* The last bytes are there to fill the block. */
	for (size_t n = 1; n < 110 + 40 + 9 + 110; n++)
		assert_rc(initrd_walk(span_of(initrd.at, n), note, &seen, &err), RC_MALFORMED);
	make(main_rows, COUNT(main_rows), archive_write_add_filter_gzip, &initrd);
	assert_rc(initrd_walk(span_of(initrd.at, initrd.len - 12), note, &seen, &err), RC_MALFORMED);
	initrd.at[8] = 'x';
	assert_rc(initrd_walk(blob_span(&initrd), note, &seen, &err), RC_MALFORMED);
	assert_rc(initrd_walk(span_text("not an archive at all"), note, &seen, &err), RC_MALFORMED);
}

static void what_was_compressed_twice_is_refused(void **state)
{
	DROP(blob_release) struct blob initrd = {0};
	DROP(blob_release) struct blob seen = {0};
	struct err err = {0};

	(void)state;
	make(early, COUNT(early), archive_write_add_filter_gzip, &initrd);
	{
		struct archive *writer = archive_write_new();
		struct archive_entry *entry = archive_entry_new();
		static uint8_t room[ROOM];
		size_t used = 0;

		archive_write_set_format_raw(writer);
		archive_write_add_filter_xz(writer);
		archive_write_open_memory(writer, room, sizeof room, &used);
		archive_entry_set_filetype(entry, AE_IFREG);
		archive_write_header(writer, entry);
		archive_write_data(writer, initrd.at, initrd.len);
		archive_entry_free(entry);
		archive_write_close(writer);
		archive_write_free(writer);
		assert_rc(initrd_walk(span_of(room, used), note, &seen, &err), RC_MALFORMED);
	}
}

static void headers_with_wild_numbers_are_refused(void **state)
{
	static const struct {
		size_t at;
		const char *digits;
	} rows[] = {{54, "ffffffff"}, {54, "7fffffff"}, {94, "00000000"}, {94, "ffffffff"}, {94, "00001001"},
		{94, "00000002"}, {14, "0000zzzz"}};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		DROP(blob_release) struct blob archive = {0};
		struct cpio cpio = {0};
		struct cpio_entry entry;
		bool ended = false;

		make(early, COUNT(early), NULL, &archive);
		memcpy(archive.at + rows[i].at, rows[i].digits, 8);
		cpio.bytes = blob_span(&archive);
		assert_int_not_equal(cpio_next(&cpio, &entry, &ended, NULL), RC_OK);
		assert_int_equal(cpio.at, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_compression_of_the_kernel_is_read),
		cmocka_unit_test(archives_stand_in_a_row_with_zeros_between),
		cmocka_unit_test(compressed_archives_may_follow_one_another),
		cmocka_unit_test(damage_is_refused),
		cmocka_unit_test(what_was_compressed_twice_is_refused),
		cmocka_unit_test(headers_with_wild_numbers_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
