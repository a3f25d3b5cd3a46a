#include "lib/trust/journal_file.h"
#include "tests/support/test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/drop.h"
#include "lib/base/file.h"

#define NOW 1000000u

static struct {
	struct sign_pair root;
	struct sign_pair revocation;
	struct sign_pair other;
	struct roster *roster;
	struct scratch dir;
	char path[SCRATCH_FILE_BYTES];
	unsigned seen;
} it;

static const uint8_t node[NODE_ID_BYTES] = {1};

static int setup(void **state)
{
	struct roster_member member = {
		.name = "revocation", .role = ROLE_REVOCATION, .not_after = NOW + 1000};
	DROP(blob_release) struct blob bytes = {0};

	(void)state;
	assert_ok(sign_generate(&it.root, NULL));
	assert_ok(sign_generate(&it.revocation, NULL));
	assert_ok(sign_generate(&it.other, NULL));
	memcpy(member.sign, it.revocation.public, SIGN_KEY_BYTES);
	assert_ok(roster_make(&it.root, 1, NOW, &member, 1, &bytes, NULL));
	assert_ok(roster_open(blob_span(&bytes), it.root.public, 0, &it.roster, NULL));
	scratch_open(&it.dir);
	scratch_file(&it.dir, "log", it.path);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	roster_release(&it.roster);
	scratch_release(&it.dir);
	return 0;
}

static enum rc each(void *ctx, const struct msg *body, struct span signed_entry, struct err *err)
{
	(void)ctx;
	(void)signed_entry;
	(void)err;
	it.seen++;
	assert_int_equal(body->notice.seq, it.seen);
	return RC_OK;
}

static enum rc open_log(struct journal_file **log, size_t *cut)
{
	*cut = 0;
	it.seen = 0;
	return journal_file_open(it.path, &journal_notices, it.roster, each, NULL, log, cut, NULL);
}

static void make(
	const struct sign_pair *signer, const struct notice_place *place, uint64_t time, struct blob *out)
{
	struct msg msg = {.type = MSG_TYPE_notice,
		.notice = {.seq = place->seq + 1,
			.previous = SPAN(place->hash),
			.kind = span_text("lapsed"),
			.node = SPAN(node),
			.time = time}};

	assert_ok(signed_make(signer, &msg, out, NULL));
}

static enum rc append(struct journal_file *log)
{
	DROP(blob_release) struct blob bytes = {0};

	make(&it.revocation, journal_file_end(log), NOW + journal_file_end(log)->seq, &bytes);
	return journal_file_append(log, blob_span(&bytes), NULL);
}

/* A new log of so many notices; what the file holds then. */
static void fill(unsigned count, struct blob *out)
{
	DROP(journal_file_close) struct journal_file *log = NULL;
	size_t cut;

	unlink(it.path);
	assert_ok(open_log(&log, &cut));
	for (unsigned i = 0; i < count; i++)
		assert_ok(append(log));
	assert_ok(journal_file_flush(log, NULL));
	journal_file_close(&log);
	assert_ok(file_read(it.path, 1 << 20, out, NULL));
}

static void put(struct span bytes)
{
	/* Not through lib/base/file.h, which waits for the disk. */
	int fd = open(it.path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes.at, bytes.len), bytes.len);
	close(fd);
}

static void a_log_is_read_back_and_goes_on(void **state)
{
	DROP(blob_release) struct blob file = {0};
	DROP(blob_release) struct blob notice = {0};
	DROP(journal_file_close) struct journal_file *log = NULL;
	struct signed_msg opened;
	size_t cut;

	(void)state;
	fill(3, &file);
	assert_ok(open_log(&log, &cut));
	assert_int_equal(it.seen, 3);
	assert_int_equal(cut, 0);
	assert_int_equal(journal_file_bytes(log), file.len);
	assert_ok(append(log));
	/* Not there before it is flushed. */
	assert_int_equal(journal_file_flushed(log)->seq, 3);
	assert_int_equal(journal_file_end(log)->seq, 4);
	assert_rc(journal_file_read(log, 4, &notice, NULL), RC_NOT_FOUND);
	assert_ok(journal_file_flush(log, NULL));
	for (uint64_t seq = 1; seq <= 4; seq++) {
		assert_ok(journal_file_read(log, seq, &notice, NULL));
		assert_ok(signed_open(blob_span(&notice), MSG_TYPE_notice, &opened, NULL));
		assert_int_equal(opened.msg.notice.seq, seq);
	}
	assert_rc(journal_file_read(log, 0, &notice, NULL), RC_NOT_FOUND);
	assert_rc(journal_file_read(log, 5, &notice, NULL), RC_NOT_FOUND);
}

static void a_torn_tail_is_cut_at_every_byte(void **state)
{
	DROP(blob_release) struct blob three = {0};
	size_t end;

	(void)state;
	fill(3, &three);
	end = 4 + ((size_t)three.at[2] << 8 | three.at[3]);
	end += 4 + ((size_t)three.at[end + 2] << 8 | three.at[end + 3]);
	for (size_t len = end; len <= three.len; len++) {
		DROP(journal_file_close) struct journal_file *log = NULL;
		size_t cut;

		put(span_of(three.at, len));
		assert_ok(open_log(&log, &cut));
		assert_int_equal(it.seen, len == three.len ? 3 : 2);
		assert_int_equal(cut, len == three.len ? 0 : len - end);
		if (len % 16 != 0)
			continue;
		assert_ok(append(log));
		assert_ok(journal_file_flush(log, NULL));
		journal_file_close(&log);
		assert_ok(open_log(&log, &cut));
		assert_int_equal(it.seen, len == three.len ? 4 : 3);
	}
}

static void zeros_that_were_never_written_are_cut(void **state)
{
	DROP(blob_release) struct blob file = {0};
	size_t whole;

	(void)state;
	fill(2, &file);
	whole = file.len;
	for (size_t zeros = 1; zeros < 5000; zeros = zeros * 3 + 1) {
		DROP(journal_file_close) struct journal_file *log = NULL;
		size_t cut;

		assert_ok(blob_resize(&file, whole));
		assert_ok(blob_resize(&file, whole + zeros));
		put(blob_span(&file));
		assert_ok(open_log(&log, &cut));
		assert_int_equal(cut, zeros);
		assert_int_equal(it.seen, 2);
		journal_file_close(&log);
		/* One byte among them is no accident of a crash. */
		if (zeros < 5)
			continue;
		file.at[file.len - 1] = 1;
		put(blob_span(&file));
		assert_int_not_equal(open_log(&log, &cut), RC_OK);
	}
}

static void a_byte_altered_anywhere_is_refused_and_nothing_is_cut(void **state)
{
	DROP(blob_release) struct blob file = {0};
	struct stat st;

	(void)state;
	fill(3, &file);
	for (size_t i = 0; i < file.len; i++) {
		static const uint8_t flips[] = {0x01, 0x80, 0xff};

		for (size_t f = 0; f < COUNT(flips); f++) {
			DROP(journal_file_close) struct journal_file *log = NULL;
			size_t cut;

			file.at[i] ^= flips[f];
			put(blob_span(&file));
			if (open_log(&log, &cut) == RC_OK)
				fail_msg("byte %zu of %zu, flipped by %02x", i, file.len, flips[f]);
			assert_int_equal(stat(it.path, &st), 0);
			assert_int_equal(st.st_size, file.len);
			file.at[i] ^= flips[f];
		}
	}
}

static void what_does_not_follow_is_not_appended(void **state)
{
	DROP(blob_release) struct blob file = {0};
	DROP(blob_release) struct blob bytes = {0};
	DROP(journal_file_close) struct journal_file *log = NULL;
	struct notice_place place;
	size_t cut;

	(void)state;
	fill(2, &file);
	assert_ok(open_log(&log, &cut));
	place = *journal_file_end(log);
	place.seq++;
	make(&it.revocation, &place, NOW + 9, &bytes);
	assert_rc(journal_file_append(log, blob_span(&bytes), NULL), RC_NOT_FOUND);
	place.seq--;
	blob_clear(&bytes);
	make(&it.revocation, &place, 1, &bytes);
	assert_rc(journal_file_append(log, blob_span(&bytes), NULL), RC_DENIED);
	place.hash[0] ^= 1;
	blob_clear(&bytes);
	make(&it.revocation, &place, NOW + 9, &bytes);
	assert_rc(journal_file_append(log, blob_span(&bytes), NULL), RC_DENIED);
	assert_int_equal(journal_file_end(log)->seq, 2);
}

static void a_notice_by_another_key_is_refused_at_the_next_start(void **state)
{
	DROP(blob_release) struct blob file = {0};
	DROP(blob_release) struct blob bytes = {0};
	DROP(journal_file_close) struct journal_file *log = NULL;
	size_t cut;

	(void)state;
	fill(1, &file);
	assert_ok(open_log(&log, &cut));
	make(&it.other, journal_file_end(log), NOW + 9, &bytes);
	assert_ok(journal_file_append(log, blob_span(&bytes), NULL));
	assert_ok(journal_file_flush(log, NULL));
	journal_file_close(&log);
	assert_rc(open_log(&log, &cut), RC_DENIED);
}

static void a_log_has_one_writer_and_is_nobody_elses(void **state)
{
	DROP(blob_release) struct blob file = {0};
	DROP(journal_file_close) struct journal_file *log = NULL;
	DROP(journal_file_close) struct journal_file *second = NULL;
	char link_path[SCRATCH_FILE_BYTES];
	size_t cut;

	(void)state;
	fill(1, &file);
	assert_ok(open_log(&log, &cut));
	assert_rc(open_log(&second, &cut), RC_EXISTS);
	journal_file_close(&log);
	assert_int_equal(chmod(it.path, 0620), 0);
	assert_rc(open_log(&log, &cut), RC_DENIED);
	assert_int_equal(chmod(it.path, 0600), 0);
	assert_int_equal(rename(it.path, scratch_file(&it.dir, "elsewhere", link_path)), 0);
	assert_int_equal(symlink(link_path, it.path), 0);
	assert_int_not_equal(open_log(&log, &cut), RC_OK);
	assert_int_equal(unlink(it.path), 0);
	assert_int_equal(unlink(link_path), 0);
}

static void limit_size(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_full_disk_loses_and_doubles_nothing(void **state)
{
	DROP(blob_release) struct blob file = {0};
	DROP(blob_release) struct blob after = {0};
	DROP(journal_file_close) struct journal_file *log = NULL;
	struct rlimit was;
	size_t cut;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	signal(SIGXFSZ, SIG_IGN);
	fill(2, &file);
	assert_ok(open_log(&log, &cut));
	for (unsigned room = 0; room < 300; room += 37) {
		limit_size(file.len + room);
		for (unsigned i = 0; i < 3; i++)
			assert_ok(append(log));
		assert_rc(journal_file_flush(log, NULL), RC_IO);
		limit_size(was.rlim_cur);
		assert_int_equal(journal_file_end(log)->seq, 2);
		assert_int_equal(journal_file_flushed(log)->seq, 2);
		assert_ok(file_read(it.path, 1 << 20, &after, NULL));
		assert_spans_equal(blob_span(&after), blob_span(&file));
		blob_clear(&after);
	}
	assert_ok(append(log));
	assert_ok(journal_file_flush(log, NULL));
	journal_file_close(&log);
	assert_ok(open_log(&log, &cut));
	assert_int_equal(it.seen, 3);
	assert_int_equal(cut, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_log_is_read_back_and_goes_on),
		cmocka_unit_test(a_torn_tail_is_cut_at_every_byte),
		cmocka_unit_test(zeros_that_were_never_written_are_cut),
		cmocka_unit_test(a_byte_altered_anywhere_is_refused_and_nothing_is_cut),
		cmocka_unit_test(what_does_not_follow_is_not_appended),
		cmocka_unit_test(a_notice_by_another_key_is_refused_at_the_next_start),
		cmocka_unit_test(a_log_has_one_writer_and_is_nobody_elses),
		cmocka_unit_test(a_full_disk_loses_and_doubles_nothing),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
