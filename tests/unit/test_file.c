#include "lib/base/file.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/test.h"

static struct scratch scratch;

static char *in(const char *name, char path[SCRATCH_FILE_BYTES])
{
	return scratch_file(&scratch, name, path);
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode & 07777;
}

static void a_file_is_read_up_to_its_limit(void **state)
{
	DROP(blob_release) struct blob out = {0};
	struct err err = {0};
	char path[SCRATCH_FILE_BYTES];

	(void)state;
	assert_ok(file_create(in("ten", path), span_text("0123456789"), 0644, &err));
	assert_ok(file_read(path, 11, &out, &err));
	assert_ok(file_read(path, 10, &out, &err));
	assert_true(span_is(blob_span(&out), "0123456789"));
	assert_rc(file_read(path, 9, &out, &err), RC_LIMIT);
	assert_true(span_is(blob_span(&out), "0123456789"));
	assert_non_null(strstr(err.text, path));
}

static void a_long_file_and_an_empty_one_are_read_whole(void **state)
{
	DROP(blob_release) struct blob bytes = {0};
	DROP(blob_release) struct blob out = {0};
	char path[SCRATCH_FILE_BYTES];

	(void)state;
	assert_ok(blob_resize(&bytes, 100001));
	for (size_t i = 0; i < bytes.len; i++)
		bytes.at[i] = (uint8_t)(i * 7);
	assert_ok(file_create(in("long", path), blob_span(&bytes), 0600, NULL));
	assert_ok(file_read(path, bytes.len, &out, NULL));
	assert_spans_equal(blob_span(&out), blob_span(&bytes));
	assert_ok(file_create(in("empty", path), (struct span){0}, 0600, NULL));
	assert_ok(file_read(path, 0, &out, NULL));
	assert_int_equal(out.len, 0);
}

static void what_is_not_a_regular_file_is_refused(void **state)
{
	DROP(blob_release) struct blob out = {0};
	struct err err = {0};
	char path[SCRATCH_FILE_BYTES];

	(void)state;
	assert_rc(file_read(in("absent", path), 10, &out, &err), RC_NOT_FOUND);
	assert_non_null(strstr(err.text, path));
	assert_rc(file_read(scratch.path, 10, &out, &err), RC_DENIED);
	assert_rc(file_read("/dev/zero", 10, &out, &err), RC_DENIED);
	/* A pipe that nobody writes to must not stop the reader. */
	assert_int_equal(mkfifo(in("pipe", path), 0600), 0);
	assert_rc(file_read(path, 10, &out, &err), RC_DENIED);
}

static void a_secret_that_others_can_get_at_is_refused(void **state)
{
	static const mode_t good[] = {0600, 0400, 0700};
	static const mode_t bad[] = {0640, 0604, 0620, 0602, 0610, 0601, 0644, 0666};
	DROP(blob_release) struct blob out = {0};
	struct err err = {0};
	char path[SCRATCH_FILE_BYTES];

	(void)state;
	assert_ok(file_create(in("secret", path), span_text("k"), 0600, &err));
	for (size_t i = 0; i < COUNT(good); i++) {
		assert_int_equal(chmod(path, good[i]), 0);
		assert_ok(file_read_secret(path, 10, &out, &err));
	}
	blob_release(&out);
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(chmod(path, bad[i]), 0);
		assert_rc(file_read_secret(path, 10, &out, &err), RC_DENIED);
		assert_int_equal(out.len, 0);
		assert_non_null(strstr(err.text, "chmod 600"));
	}
}

static void a_secret_of_somebody_else_is_refused(void **state)
{
	DROP(blob_release) struct blob out = {0};
	struct err err = {0};
	char path[SCRATCH_FILE_BYTES];

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_ok(file_create(in("theirs", path), span_text("k"), 0600, &err));
	assert_int_equal(chown(path, 65534, 65534), 0);
	assert_rc(file_read_secret(path, 10, &out, &err), RC_DENIED);
}

static void creating_refuses_whatever_is_there(void **state)
{
	DROP(blob_release) struct blob out = {0};
	struct err err = {0};
	char path[SCRATCH_FILE_BYTES];
	char link[SCRATCH_FILE_BYTES];

	(void)state;
	assert_ok(file_create(in("once", path), span_text("first"), 0600, &err));
	assert_rc(file_create(path, span_text("second"), 0600, &err), RC_EXISTS);
	assert_ok(file_read(path, 10, &out, &err));
	assert_true(span_is(blob_span(&out), "first"));
	/* A link that leads nowhere would otherwise make a file elsewhere. */
	assert_int_equal(symlink("elsewhere", in("link", link)), 0);
	assert_rc(file_create(link, span_text("x"), 0600, &err), RC_EXISTS);
	assert_int_equal(access(in("elsewhere", path), F_OK), -1);
}

static void the_mode_is_the_one_asked_for_under_any_umask(void **state)
{
	char path[SCRATCH_FILE_BYTES];
	mode_t before = umask(0);

	(void)state;
	assert_ok(file_create(in("open", path), span_text("x"), 0600, NULL));
	assert_int_equal(mode_of(path), 0600);
	umask(0777);
	assert_ok(file_create(in("closed", path), span_text("x"), 0640, NULL));
	assert_int_equal(mode_of(path), 0640);
	umask(before);
}

static void replacing_keeps_nothing_of_the_old_file(void **state)
{
	DROP(blob_release) struct blob out = {0};
	struct err err = {0};
	char path[SCRATCH_FILE_BYTES];
	char temporary[SCRATCH_FILE_BYTES];

	(void)state;
	in("replaced", path);
	assert_ok(file_replace(path, span_text("a longer text"), 0644, &err));
	assert_ok(file_replace(path, span_text("new"), 0600, &err));
	assert_ok(file_read(path, 100, &out, &err));
	assert_true(span_is(blob_span(&out), "new"));
	assert_int_equal(mode_of(path), 0600);
	assert_int_equal(access(in("replaced.new", temporary), F_OK), -1);
}

static void replacing_survives_a_crash_before_it(void **state)
{
	DROP(blob_release) struct blob out = {0};
	struct err err = {0};
	char path[SCRATCH_FILE_BYTES];
	char temporary[SCRATCH_FILE_BYTES];

	(void)state;
	assert_ok(file_create(in("kept.new", temporary), span_text("half"), 0600, &err));
	assert_ok(file_replace(in("kept", path), span_text("whole"), 0600, &err));
	assert_ok(file_read(path, 100, &out, &err));
	assert_true(span_is(blob_span(&out), "whole"));
}

static void replacing_in_a_folder_that_is_not_there_fails_clearly(void **state)
{
	struct err err = {0};
	char path[SCRATCH_FILE_BYTES];

	(void)state;
	assert_rc(file_replace(in("no/such", path), span_text("x"), 0600, &err), RC_NOT_FOUND);
	assert_non_null(strstr(err.text, path));
}

static int open_scratch(void **state)
{
	(void)state;
	scratch_open(&scratch);
	return 0;
}

static int release_scratch(void **state)
{
	(void)state;
	scratch_release(&scratch);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_read_up_to_its_limit),
		cmocka_unit_test(a_long_file_and_an_empty_one_are_read_whole),
		cmocka_unit_test(what_is_not_a_regular_file_is_refused),
		cmocka_unit_test(a_secret_that_others_can_get_at_is_refused),
		cmocka_unit_test(a_secret_of_somebody_else_is_refused),
		cmocka_unit_test(creating_refuses_whatever_is_there),
		cmocka_unit_test(the_mode_is_the_one_asked_for_under_any_umask),
		cmocka_unit_test(replacing_keeps_nothing_of_the_old_file),
		cmocka_unit_test(replacing_survives_a_crash_before_it),
		cmocka_unit_test(replacing_in_a_folder_that_is_not_there_fails_clearly),
	};

	return cmocka_run_group_tests(tests, open_scratch, release_scratch);
}
