/* Which policy files are read: plain ones, and signed ones, under a configuration with and without keys. */
#include "tests/support/test.h"

#include <sys/stat.h>

#include "lib/base/drop.h"
#include "lib/base/file.h"
#include "services/tenant/policy_file.h"

struct fixture {
	struct scratch scratch;
	char key[SCRATCH_FILE_BYTES];
	char other[SCRATCH_FILE_BYTES];
	char plain[SCRATCH_FILE_BYTES];
	char sealed[SCRATCH_FILE_BYTES];
	char keylime[SCRATCH_FILE_BYTES];
	char folder[SCRATCH_FILE_BYTES];
};

static void put(const struct scratch *scratch, const char *name, const char *from, char *path)
{
	assert_ok(file_replace(scratch_file(scratch, name, path), vector(from), 0644, NULL));
}

static int setup(void **state)
{
	static struct fixture fixture;
	char ignored[SCRATCH_FILE_BYTES];

	scratch_open(&fixture.scratch);
	put(&fixture.scratch, "p256.pem", "dsse/p256.pub.pem", fixture.key);
	put(&fixture.scratch, "p384.crt", "dsse/p384.crt.pem", fixture.other);
	put(&fixture.scratch, "web.signed.json", "dsse/policy.p256.json", fixture.sealed);
	put(&fixture.scratch, "keylime.json", "dsse/keylime.p384.json", fixture.keylime);
	scratch_file(&fixture.scratch, "web.json", fixture.plain);
	assert_ok(file_replace(fixture.plain, span_text("{\"limebus\":1}"), 0644, NULL));
	assert_int_equal(mkdir(scratch_file(&fixture.scratch, "keys", fixture.folder), 0700), 0);
	put(&fixture.scratch, "keys/one.pem", "dsse/p256.pub.pem", ignored);
	put(&fixture.scratch, "keys/two.crt", "dsse/p384.crt.pem", ignored);
	put(&fixture.scratch, "keys/README", "dsse/README.md", ignored);
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	scratch_release(&((struct fixture *)*state)->scratch);
	return 0;
}

static enum rc read_with(char *keys, const char *path, const char *type, struct blob *out)
{
	struct tenant_config config = {.policy_keys = {&keys, keys == NULL ? 0 : 1}};
	struct err err = {0};
	enum rc rc = policy_file_read(&config, path, type, out, &err);

	assert_true(rc == RC_OK || err.text[0] == '/');
	return rc;
}

static void without_keys_plain_files_are_read_and_envelopes_are_not(void **state)
{
	struct fixture *f = *state;
	DROP(blob_release) struct blob out = {0};

	assert_ok(read_with(NULL, f->plain, DSSE_TYPE_POLICY, &out));
	assert_spans_equal(blob_span(&out), span_text("{\"limebus\":1}"));
	assert_rc(read_with(NULL, f->sealed, DSSE_TYPE_POLICY, &out), RC_DENIED);
}

static void with_keys_only_what_they_signed_is_read(void **state)
{
	struct fixture *f = *state;
	DROP(blob_release) struct blob out = {0};

	assert_ok(read_with(f->key, f->sealed, DSSE_TYPE_POLICY, &out));
	assert_memory_equal(out.at, "{\"limebus\": 1", 13);
	assert_rc(read_with(f->key, f->plain, DSSE_TYPE_POLICY, &out), RC_DENIED);
	assert_rc(read_with(f->other, f->sealed, DSSE_TYPE_POLICY, &out), RC_DENIED);
	assert_rc(read_with(f->key, f->keylime, DSSE_TYPE_KEYLIME, &out), RC_DENIED);
	assert_ok(read_with(f->other, f->keylime, DSSE_TYPE_KEYLIME, &out));
}

static void what_was_signed_as_another_type_is_refused(void **state)
{
	struct fixture *f = *state;
	DROP(blob_release) struct blob out = {0};

	assert_rc(read_with(f->key, f->sealed, DSSE_TYPE_KEYLIME, &out), RC_DENIED);
	assert_rc(read_with(f->other, f->keylime, DSSE_TYPE_POLICY, &out), RC_DENIED);
}

static void a_folder_gives_all_its_keys(void **state)
{
	struct fixture *f = *state;
	DROP(blob_release) struct blob out = {0};

	assert_ok(read_with(f->folder, f->sealed, DSSE_TYPE_POLICY, &out));
	assert_ok(read_with(f->folder, f->keylime, DSSE_TYPE_KEYLIME, &out));
	assert_rc(read_with(f->folder, f->plain, DSSE_TYPE_POLICY, &out), RC_DENIED);
}

static void a_key_that_cannot_be_read_stops_everything(void **state)
{
	struct fixture *f = *state;
	DROP(blob_release) struct blob out = {0};
	char path[SCRATCH_FILE_BYTES];

	assert_rc(read_with(scratch_file(&f->scratch, "gone.pem", path), f->plain, DSSE_TYPE_POLICY, &out),
		RC_NOT_FOUND);
	assert_rc(read_with(f->plain, f->plain, DSSE_TYPE_POLICY, &out), RC_MALFORMED);
	assert_int_equal(mkdir(scratch_file(&f->scratch, "empty", path), 0700), 0);
	assert_rc(read_with(path, f->plain, DSSE_TYPE_POLICY, &out), RC_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_keys_plain_files_are_read_and_envelopes_are_not),
		cmocka_unit_test(with_keys_only_what_they_signed_is_read),
		cmocka_unit_test(what_was_signed_as_another_type_is_refused),
		cmocka_unit_test(a_folder_gives_all_its_keys),
		cmocka_unit_test(a_key_that_cannot_be_read_stops_everything),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
