#include "tests/support/test.h"

#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/drop.h"
#include "lib/base/file.h"
#include "lib/trust/keyfile.h"

static const uint8_t key[KEYFILE_KEY_BYTES] = {0xde, 0xad, 0xbe, 0xef};

static void a_key_comes_back_as_it_was_made(void **state)
{
	DROP(scratch_release) struct scratch scratch = {""};
	DROP(secret32_release) struct secret32 loaded = {0};
	char path[SCRATCH_FILE_BYTES];

	(void)state;
	scratch_open(&scratch);
	for (unsigned kind = 0; kind < KEYFILE_KIND_COUNT; kind++) {
		char name[2] = {(char)('a' + kind), '\0'};

		scratch_file(&scratch, name, path);
		assert_ok(keyfile_create(path, (enum keyfile_kind)kind, key, NULL));
		assert_ok(keyfile_load(path, (enum keyfile_kind)kind, &loaded, NULL));
		assert_memory_equal(loaded.bytes, key, sizeof key);
	}
}

static void secret_keys_are_their_owners_alone(void **state)
{
	static const mode_t loose[] = {0640, 0604, 0620, 0602, 0610, 0601};
	DROP(scratch_release) struct scratch scratch = {""};
	DROP(secret32_release) struct secret32 loaded = {0};
	char path[SCRATCH_FILE_BYTES];
	struct stat st;
	mode_t old = umask(0);

	(void)state;
	scratch_open(&scratch);
	scratch_file(&scratch, "sign.key", path);
	assert_ok(keyfile_create(path, KEYFILE_SIGN_SECRET, key, NULL));
	umask(old);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	for (size_t i = 0; i < COUNT(loose); i++) {
		struct err err = {0};

		assert_int_equal(chmod(path, loose[i]), 0);
		assert_rc(keyfile_load(path, KEYFILE_SIGN_SECRET, &loaded, &err), RC_DENIED);
		assert_non_null(strstr(err.text, "chmod 600"));
	}
}

static void public_keys_may_be_read_by_everybody(void **state)
{
	DROP(scratch_release) struct scratch scratch = {""};
	uint8_t loaded[KEYFILE_KEY_BYTES];
	char path[SCRATCH_FILE_BYTES];
	struct stat st;

	(void)state;
	scratch_open(&scratch);
	scratch_file(&scratch, "root.pub", path);
	assert_ok(keyfile_create(path, KEYFILE_SIGN_PUBLIC, key, NULL));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
	assert_ok(keyfile_load_public(path, KEYFILE_SIGN_PUBLIC, loaded, NULL));
}

static void a_key_of_one_kind_is_none_of_another(void **state)
{
	DROP(scratch_release) struct scratch scratch = {""};
	DROP(secret32_release) struct secret32 loaded = {0};
	char path[SCRATCH_FILE_BYTES];
	struct err err = {0};

	(void)state;
	scratch_open(&scratch);
	scratch_file(&scratch, "key", path);
	assert_ok(keyfile_create(path, KEYFILE_SIGN_SECRET, key, NULL));
	for (unsigned kind = 0; kind < KEYFILE_KIND_COUNT; kind++)
		if (kind != KEYFILE_SIGN_SECRET)
			assert_rc(keyfile_load(path, (enum keyfile_kind)kind, &loaded, &err), RC_MALFORMED);
	assert_non_null(strstr(err.text, "expected the line"));
}

static void nothing_is_overwritten(void **state)
{
	DROP(scratch_release) struct scratch scratch = {""};
	char path[SCRATCH_FILE_BYTES];

	(void)state;
	scratch_open(&scratch);
	scratch_file(&scratch, "key", path);
	assert_ok(file_create(path, span_text("precious"), 0600, NULL));
	assert_rc(keyfile_create(path, KEYFILE_SIGN_SECRET, key, NULL), RC_EXISTS);
}

static void what_is_no_key_file_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"limebus sealing key v1",
		"limebus sealing key v1\n",
		"limebus sealing key v1\n00\n",
		"limebus sealing key v2\n0000000000000000000000000000000000000000000000000000000000000000\n",
		"limebus sealing key v1 0000000000000000000000000000000000000000000000000000000000000000\n",
		"limebus sealing key v1\n000000000000000000000000000000000000000000000000000000000000000\n",
		"limebus sealing key v1\n00000000000000000000000000000000000000000000000000000000000000000\n",
		"limebus sealing key v1\n000000000000000000000000000000000000000000000000000000000000000g\n",
		"limebus sealing key v1\n0000000000000000000000000000000000000000000000000000000000000000\n\n",
		"limebus sealing key v1\r\n0000000000000000000000000000000000000000000000000000000000000000\n",
		" limebus sealing key v1\n0000000000000000000000000000000000000000000000000000000000000000\n",
	};
	DROP(scratch_release) struct scratch scratch = {""};
	DROP(secret32_release) struct secret32 loaded = {0};
	char path[SCRATCH_FILE_BYTES];

	(void)state;
	scratch_open(&scratch);
	scratch_file(&scratch, "key", path);
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_ok(file_replace(path, span_text(bad[i]), 0600, NULL));
		if (keyfile_load(path, KEYFILE_SEALING, &loaded, NULL) != RC_MALFORMED)
			fail_msg("taken for a key file: \"%s\"", bad[i]);
	}
}

static void an_identity_comes_back_with_its_public_halves(void **state)
{
	DROP(scratch_release) struct scratch scratch = {""};
	DROP(identity_release) struct identity made = {0};
	DROP(identity_release) struct identity loaded = {0};

	(void)state;
	scratch_open(&scratch);
	assert_ok(identity_generate(&made, NULL));
	assert_ok(identity_create(scratch.path, &made, NULL));
	assert_ok(identity_load(scratch.path, &loaded, NULL));
	assert_memory_equal(loaded.curve.public, made.curve.public, 32);
	assert_memory_equal(loaded.curve.secret, made.curve.secret, 32);
	assert_memory_equal(loaded.sign.public, made.sign.public, 32);
	assert_memory_equal(loaded.sign.seed, made.sign.seed, 32);
	assert_rc(identity_create(scratch.path, &made, NULL), RC_EXISTS);
}

static void half_an_identity_is_none(void **state)
{
	DROP(scratch_release) struct scratch scratch = {""};
	DROP(identity_release) struct identity made = {0};
	DROP(identity_release) struct identity loaded = {0};
	char path[SCRATCH_FILE_BYTES];
	struct err err = {0};

	(void)state;
	scratch_open(&scratch);
	assert_ok(identity_generate(&made, NULL));
	assert_ok(identity_create(scratch.path, &made, NULL));
	assert_int_equal(unlink(scratch_file(&scratch, IDENTITY_SIGN_FILE, path)), 0);
	assert_rc(identity_load(scratch.path, &loaded, &err), RC_NOT_FOUND);
	assert_non_null(strstr(err.text, IDENTITY_SIGN_FILE));
}

static void identities_are_all_different(void **state)
{
	DROP(identity_release) struct identity a = {0};
	DROP(identity_release) struct identity b = {0};

	(void)state;
	assert_ok(identity_generate(&a, NULL));
	assert_ok(identity_generate(&b, NULL));
	assert_memory_not_equal(a.curve.public, b.curve.public, 32);
	assert_memory_not_equal(a.sign.public, b.sign.public, 32);
	assert_memory_not_equal(a.curve.secret, a.sign.seed, 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_comes_back_as_it_was_made),
		cmocka_unit_test(secret_keys_are_their_owners_alone),
		cmocka_unit_test(public_keys_may_be_read_by_everybody),
		cmocka_unit_test(a_key_of_one_kind_is_none_of_another),
		cmocka_unit_test(nothing_is_overwritten),
		cmocka_unit_test(what_is_no_key_file_is_refused),
		cmocka_unit_test(an_identity_comes_back_with_its_public_halves),
		cmocka_unit_test(half_an_identity_is_none),
		cmocka_unit_test(identities_are_all_different),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
