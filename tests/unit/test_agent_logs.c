#include "services/agent/logs.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/support/test.h"

static struct scratch scratch;

/* An entry of the list: PCR 10, a template hash of these bytes, template "ima-ng" with no data that we read.
 */
#define ENTRY_BYTES (4 + 20 + 4 + 6 + 4 + 8)
static const uint8_t entry[ENTRY_BYTES] = {10, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
	17, 18, 19, 20, 6, 0, 0, 0, 'i', 'm', 'a', '-', 'n', 'g', 8, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8};

struct rig {
	struct logs *logs;
	char boot[SCRATCH_FILE_BYTES];
	char ima[SCRATCH_FILE_BYTES];
	char count[SCRATCH_FILE_BYTES];
};

static void append(const char *path, struct span bytes)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes.at, bytes.len), bytes.len);
	close(fd);
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void rig_open(struct rig *rig, const char *name)
{
	char file[64];

	snprintf(file, sizeof file, "%s.boot", name);
	scratch_file(&scratch, file, rig->boot);
	snprintf(file, sizeof file, "%s.ima", name);
	scratch_file(&scratch, file, rig->ima);
	snprintf(file, sizeof file, "%s.count", name);
	scratch_file(&scratch, file, rig->count);
	append(rig->boot, span_text("firmware"));
	append(rig->ima, SPAN(entry));
	append(rig->ima, SPAN(entry));
	put(rig->count, "2\n");
	assert_ok(logs_open(rig->boot, rig->ima, rig->count, &rig->logs, NULL));
}

static void what_is_new_is_read_and_nothing_else(void **state)
{
	DROP(logs_piece_release) struct logs_piece piece = {0};
	struct rig rig = {0};

	(void)state;
	rig_open(&rig, "new");
	assert_ok(logs_read(rig.logs, LOGS_FILE_IMA, 0, 4096, &piece, NULL));
	assert_int_equal(piece.bytes.len, 2 * ENTRY_BYTES);
	assert_false(piece.more || piece.gone);
	logs_piece_release(&piece);

	assert_ok(logs_read(rig.logs, LOGS_FILE_IMA, 2 * ENTRY_BYTES, 4096, &piece, NULL));
	assert_int_equal(piece.bytes.len, 0);
	assert_false(piece.more || piece.gone);

	append(rig.ima, SPAN(entry));
	put(rig.count, "3\n");
	assert_ok(logs_read(rig.logs, LOGS_FILE_IMA, 2 * ENTRY_BYTES, 4096, &piece, NULL));
	assert_spans_equal(blob_span(&piece.bytes), SPAN(entry));
	assert_int_equal(logs_ima_count(rig.logs), 3);
	logs_close(&rig.logs);
}

static void pieces_hold_whole_entries(void **state)
{
	DROP(logs_piece_release) struct logs_piece piece = {0};
	struct rig rig = {0};

	(void)state;
	rig_open(&rig, "whole");
	assert_ok(logs_read(rig.logs, LOGS_FILE_IMA, 0, ENTRY_BYTES + 7, &piece, NULL));
	assert_int_equal(piece.bytes.len, ENTRY_BYTES);
	assert_true(piece.more);
	logs_piece_release(&piece);

	/* The last entry is half written. */
	append(rig.ima, span_of(entry, 30));
	assert_ok(logs_read(rig.logs, LOGS_FILE_IMA, ENTRY_BYTES, 4096, &piece, NULL));
	assert_int_equal(piece.bytes.len, ENTRY_BYTES);
	assert_true(piece.more);
	logs_close(&rig.logs);
}

static void a_list_that_is_shorter_than_asked_is_gone(void **state)
{
	DROP(logs_piece_release) struct logs_piece piece = {0};
	struct rig rig = {0};

	(void)state;
	rig_open(&rig, "gone");
	/* A new agent, which never saw the end of the list: just there is not behind it. */
	assert_ok(logs_read(rig.logs, LOGS_FILE_IMA, 2 * ENTRY_BYTES, 4096, &piece, NULL));
	assert_false(piece.gone);
	assert_ok(logs_read(rig.logs, LOGS_FILE_IMA, 2 * ENTRY_BYTES + 1, 4096, &piece, NULL));
	assert_true(piece.gone);
	assert_int_equal(piece.bytes.len, 0);
	assert_ok(logs_read(rig.logs, LOGS_FILE_IMA, UINT64_MAX, 4096, &piece, NULL));
	assert_true(piece.gone);

	/* The kernel threw entries away: what stands at an old place is something else now. */
	put(rig.count, "1\n");
	assert_ok(logs_read(rig.logs, LOGS_FILE_IMA, 0, 4096, &piece, NULL));
	assert_true(piece.gone);
	assert_int_equal(piece.bytes.len, 0);
	logs_close(&rig.logs);
}

static void bytes_that_are_no_list_are_passed_on(void **state)
{
	DROP(logs_piece_release) struct logs_piece piece = {0};
	struct rig rig = {0};
	uint8_t noise[64];

	(void)state;
	memset(noise, 0xff, sizeof noise);
	rig_open(&rig, "noise");
	append(rig.ima, SPAN(noise));
	assert_ok(logs_read(rig.logs, LOGS_FILE_IMA, 0, 4096, &piece, NULL));
	assert_int_equal(piece.bytes.len, 2 * ENTRY_BYTES + sizeof noise);
	logs_piece_release(&piece);
	assert_ok(logs_read(rig.logs, LOGS_FILE_BOOT, 4, 4096, &piece, NULL));
	assert_spans_equal(blob_span(&piece.bytes), span_text("ware"));
	logs_close(&rig.logs);
}

static void a_machine_without_logs_has_empty_ones(void **state)
{
	DROP(logs_piece_release) struct logs_piece piece = {0};
	struct logs *logs = NULL;
	enum logs_file file;
	struct err err = {0};
	char path[SCRATCH_FILE_BYTES];

	(void)state;
	assert_ok(logs_open(scratch_file(&scratch, "none", path), NULL, NULL, &logs, &err));
	assert_ok(logs_read(logs, LOGS_FILE_BOOT, 0, 4096, &piece, NULL));
	assert_false(piece.more || piece.gone);
	assert_ok(logs_read(logs, LOGS_FILE_IMA, 1, 4096, &piece, NULL));
	assert_true(piece.gone);
	assert_int_equal(logs_ima_count(logs), 0);
	assert_ok(logs_file_of(span_text("ima"), &file));
	assert_int_equal(file, LOGS_FILE_IMA);
	assert_rc(logs_file_of(span_text("imat"), &file), RC_NOT_FOUND);
	assert_rc(logs_file_of((struct span){0}, &file), RC_NOT_FOUND);
	logs_close(&logs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_new_is_read_and_nothing_else),
		cmocka_unit_test(pieces_hold_whole_entries),
		cmocka_unit_test(a_list_that_is_shorter_than_asked_is_gone),
		cmocka_unit_test(bytes_that_are_no_list_are_passed_on),
		cmocka_unit_test(a_machine_without_logs_has_empty_ones),
	};
	int failed;

	scratch_open(&scratch);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	scratch_release(&scratch);
	return failed;
}
