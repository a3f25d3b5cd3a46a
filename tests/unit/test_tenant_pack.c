/* Folders as payloads. */
#include "tests/support/test.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/drop.h"
#include "lib/base/file.h"
#include "services/tenant/pack.h"

struct fixture {
	struct scratch scratch;
	char path[SCRATCH_FILE_BYTES];
};

static int setup(void **state)
{
	static struct fixture fixture;

	scratch_open(&fixture.scratch);
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	scratch_release(&((struct fixture *)*state)->scratch);
	return 0;
}

static void put(struct fixture *fixture, const char *name, const char *text)
{
	assert_ok(file_replace(
		scratch_file(&fixture->scratch, name, fixture->path), span_text(text), 0640, NULL));
}

static void a_folder_becomes_an_archive_of_whole_blocks(void **state)
{
	struct fixture *fixture = *state;
	DROP(packed_release) struct packed packed = {0};
	struct err err = {0};

	put(fixture, "b", "two");
	put(fixture, "a", "one");
	assert_int_equal(mkdir(scratch_file(&fixture->scratch, "c", fixture->path), 0700), 0);
	assert_ok(pack(fixture->scratch.path, 1 << 20, NULL, 0, &packed, &err));
	assert_true(packed.is_archive);
	/* Two files of a header and a block each, a folder, and the end. */
	assert_int_equal(packed.bytes.len, (2 + 2 + 1 + 2) * 512);
	assert_string_equal((const char *)packed.bytes.at, "a");
	assert_memory_equal(packed.bytes.at + 257, "ustar", 6);
	assert_memory_equal(packed.bytes.at + 512, "one", 4);
	assert_string_equal((const char *)packed.bytes.at + 2048, "c/");
}

static void a_file_is_taken_as_it_stands(void **state)
{
	struct fixture *fixture = *state;
	DROP(packed_release) struct packed packed = {0};

	put(fixture, "key", "secret");
	assert_ok(pack(fixture->path, 6, NULL, 0, &packed, NULL));
	assert_false(packed.is_archive);
	assert_string_equal(packed.file, "key");
	assert_spans_equal(blob_span(&packed.bytes), span_text("secret"));
	assert_rc(pack(fixture->path, 5, NULL, 0, &packed, NULL), RC_LIMIT);
	put(fixture, "key", "");
	assert_rc(pack(fixture->path, 6, NULL, 0, &packed, NULL), RC_MALFORMED);
}

static void links_and_pipes_are_refused(void **state)
{
	struct fixture *fixture = *state;
	DROP(packed_release) struct packed packed = {0};

	assert_int_equal(symlink("/etc/passwd", scratch_file(&fixture->scratch, "l", fixture->path)), 0);
	assert_rc(pack(fixture->scratch.path, 1 << 20, NULL, 0, &packed, NULL), RC_UNSUPPORTED);
	assert_int_equal(unlink(fixture->path), 0);
	assert_int_equal(mkfifo(scratch_file(&fixture->scratch, "p", fixture->path), 0600), 0);
	assert_rc(pack(fixture->scratch.path, 1 << 20, NULL, 0, &packed, NULL), RC_UNSUPPORTED);
	assert_rc(pack(fixture->path, 1 << 20, NULL, 0, &packed, NULL), RC_UNSUPPORTED);
}

static void too_much_and_nothing_are_refused(void **state)
{
	struct fixture *fixture = *state;
	DROP(packed_release) struct packed packed = {0};

	assert_rc(pack(fixture->scratch.path, 1 << 20, NULL, 0, &packed, NULL), RC_MALFORMED);
	put(fixture, "a", "one");
	assert_rc(pack(fixture->scratch.path, 2047, NULL, 0, &packed, NULL), RC_LIMIT);
	assert_ok(pack(fixture->scratch.path, 2048, NULL, 0, &packed, NULL));
}

static void what_lies_in_memory_only_is_packed_behind_the_files(void **state)
{
	struct fixture *fixture = *state;
	DROP(packed_release) struct packed packed = {0};
	const struct pack_extra extras[] = {{"limebus/node.key", span_text("a key"), 0600},
		{"limebus/node.crt", span_text("a certificate"), 0644}};

	assert_ok(pack(NULL, 1 << 20, extras, 2, &packed, NULL));
	assert_true(packed.is_archive);
	/* One folder, two files of a header and a block each, and the end. */
	assert_int_equal(packed.bytes.len, (1 + 2 + 2 + 2) * 512);
	assert_string_equal((const char *)packed.bytes.at, "limebus/");
	assert_string_equal((const char *)packed.bytes.at + 512, "limebus/node.key");
	assert_memory_equal(packed.bytes.at + 1024, "a key", 6);
	assert_memory_equal(packed.bytes.at + 512 + 100, "0000600", 8);
	packed_release(&packed);
	put(fixture, "a", "one");
	assert_ok(pack(fixture->scratch.path, 1 << 20, extras, 2, &packed, NULL));
	assert_int_equal(packed.bytes.len, (2 + 1 + 2 + 2 + 2) * 512);
	assert_rc(pack(fixture->scratch.path, 8 * 512, extras, 2, &packed, NULL), RC_LIMIT);
}

static void its_place_must_be_free_and_the_payload_a_folder(void **state)
{
	struct fixture *fixture = *state;
	DROP(packed_release) struct packed packed = {0};
	const struct pack_extra extra = {"limebus/node.key", span_text("a key"), 0600};

	put(fixture, "a", "one");
	assert_rc(pack(fixture->path, 1 << 20, &extra, 1, &packed, NULL), RC_UNSUPPORTED);
	assert_int_equal(mkdir(scratch_file(&fixture->scratch, "limebus", fixture->path), 0700), 0);
	assert_rc(pack(fixture->scratch.path, 1 << 20, &extra, 1, &packed, NULL), RC_EXISTS);
	assert_rc(pack(NULL, 1 << 20, NULL, 0, &packed, NULL), RC_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_folder_becomes_an_archive_of_whole_blocks, setup, teardown),
		cmocka_unit_test_setup_teardown(a_file_is_taken_as_it_stands, setup, teardown),
		cmocka_unit_test_setup_teardown(links_and_pipes_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(too_much_and_nothing_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_lies_in_memory_only_is_packed_behind_the_files, setup, teardown),
		cmocka_unit_test_setup_teardown(
			its_place_must_be_free_and_the_payload_a_folder, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
