/* Sources of policies end up in the section "ima", by the names that the kernel has for files. */
#include "tests/support/test.h"

#include <stdio.h>
#include <sys/stat.h>

#include "lib/base/drop.h"
#include "lib/base/file.h"
#include "lib/policy/policy.h"
#include "services/tenant/sources.h"

struct fixture {
	struct scratch scratch;
	char root[SCRATCH_FILE_BYTES];
	char tool[SCRATCH_FILE_BYTES];
	char allowed[SCRATCH_FILE_BYTES];
	char excluded[SCRATCH_FILE_BYTES];
	char runtime[SCRATCH_FILE_BYTES];
	char sealed[SCRATCH_FILE_BYTES];
	char key[SCRATCH_FILE_BYTES];
	char initrd[SCRATCH_FILE_BYTES];
	char boot[SCRATCH_FILE_BYTES];
};

#define A32 "abababababababababababababababababababababababababababababababab"

static void put(struct fixture *f, const char *name, struct span text, char *path)
{
	assert_ok(file_replace(scratch_file(&f->scratch, name, path), text, 0755, NULL));
}

static int setup(void **state)
{
	static struct fixture f;
	/* One file, "bin/x" with content "hello", and the trailer. */
	static const char initrd[] = "070701"
				     "00000002"
				     "000081ed"
				     "00000000"
				     "00000000"
				     "00000001"
				     "00000000"
				     "00000005"
				     "00000000"
				     "00000000"
				     "00000000"
				     "00000000"
				     "00000006"
				     "00000000"
				     "bin/x\0"
				     "hello\0\0\0"
				     "070701"
				     "00000000"
				     "00000000"
				     "00000000"
				     "00000000"
				     "00000001"
				     "00000000"
				     "00000000"
				     "00000000"
				     "00000000"
				     "00000000"
				     "00000000"
				     "0000000b"
				     "00000000"
				     "TRAILER!!!\0\0\0";

	scratch_open(&f.scratch);
	assert_int_equal(mkdir(scratch_file(&f.scratch, "root", f.root), 0755), 0);
	put(&f, "root/my tool", span_text("abc"), f.tool);
	put(&f, "allowed", span_text(A32 "  /usr/bin/ls\n" A32 "  /var/log/x\n"), f.allowed);
	put(&f, "excluded", span_text("/var/log\n"), f.excluded);
	put(&f, "old.json", span_text("{\"hashes\":{\"/usr/bin/old\":[\"" A32 "\"]}}"), f.runtime);
	put(&f, "initrd", span_of(initrd, sizeof initrd - 1), f.initrd);
	put(&f, "boot.json", span_text("{}"), f.boot);
	put(&f, "keylime.json", vector("dsse/keylime.p384.json"), f.sealed);
	put(&f, "p384.crt", vector("dsse/p384.crt.pem"), f.key);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	scratch_release(&((struct fixture *)*state)->scratch);
	return 0;
}

struct made {
	struct ima_builder *ima;
	struct boot_policy boot;
	struct import_warnings warnings;
	struct blob comment;
	struct policy policy;
	struct err err;
	enum rc rc;
};

static void made_release(struct made *made)
{
	ima_builder_close(&made->ima);
	boot_policy_release(&made->boot);
	import_warnings_release(&made->warnings);
	blob_release(&made->comment);
	policy_release(&made->policy);
}

static void make(const struct source_options *options, char *key, struct made *made)
{
	struct tenant_config config = {.policy_keys = {&key, key == NULL ? 0 : 1}};
	struct policy_head head = {.name = "made", .comment = ""};
	DROP(blob_release) struct blob json = {0};
	struct source_sink sink = {
		.boot = &made->boot, .warnings = &made->warnings, .comment = &made->comment};
	struct policy_parts parts = {0};

	assert_true(sources_any(options));
	assert_ok(ima_builder_open(&made->ima));
	sink.ima = made->ima;
	made->rc = sources_read(&config, options, &sink, &made->err);
	if (made->rc != RC_OK)
		return;
	assert_true(sink.has_ima);
	parts.ima = made->ima;
	assert_ok(policy_write_parts(&head, &parts, &json, &made->err));
	assert_ok(policy_parse(blob_span(&json), &made->policy, &made->err));
}

static bool allows(const struct made *made, const char *path, enum digest_alg alg, const char *content)
{
	uint8_t digest[DIGEST_BYTES_MAX];

	assert_ok(digest_bytes(alg, span_text(content), digest));
	return digest_table_find(&made->policy.ima.digests, DIGEST_OF_FILE, span_text(path),
		       kernel_hash_of_size(digest_size(alg)), span_of(digest, digest_size(alg)))
	               .match == DIGEST_ALLOWED;
}

static bool knows(const struct made *made, const char *path)
{
	uint8_t digest[32] = {0};

	return digest_table_find(&made->policy.ima.digests, DIGEST_OF_FILE, span_text(path),
		       KERNEL_HASH_SHA256, SPAN(digest))
	               .match != DIGEST_NAME_UNKNOWN;
}

static void a_root_is_known_by_the_names_of_the_kernel(void **state)
{
	struct fixture *f = *state;
	DROP(made_release) struct made made = {0};

	make(&(struct source_options){.root = f->root}, NULL, &made);
	assert_int_equal(made.rc, RC_OK);
	assert_true(allows(&made, "/my_tool", DIGEST_SHA256, "abc"));
	assert_false(allows(&made, "/my_tool", DIGEST_SHA256, "abd"));
	assert_false(allows(&made, "/my_tool", DIGEST_SHA512, "abc"));
}

static void the_hash_is_the_one_that_was_asked_for(void **state)
{
	struct fixture *f = *state;
	DROP(made_release) struct made made = {0};

	make(&(struct source_options){.root = f->root, .hash = 2}, NULL, &made);
	assert_true(allows(&made, "/my_tool", DIGEST_SHA512, "abc"));
	assert_false(allows(&made, "/my_tool", DIGEST_SHA256, "abc"));
}

static void initial_ram_disks_and_lists_add_up(void **state)
{
	struct fixture *f = *state;
	DROP(made_release) struct made made = {0};
	char *initrds[] = {f->initrd};
	char *lists[] = {f->allowed, f->runtime};
	char *excludes[] = {f->excluded};
	struct source_options options = {
		.initrds = {initrds, 1}, .allow_lists = {lists, 2}, .exclude_lists = {excludes, 1}};
	bool is_excluded = false;

	make(&options, NULL, &made);
	if (made.rc != RC_OK)
		fail_msg("%s", made.err.text);
	assert_true(allows(&made, "/bin/x", DIGEST_SHA256, "hello"));
	assert_true(knows(&made, "/usr/bin/ls"));
	assert_true(knows(&made, "/usr/bin/old"));
	assert_ok(pattern_set_match(&made.policy.ima.excludes, span_text("/var/log/x"), &is_excluded));
	assert_true(is_excluded);
	assert_non_null(memmem(made.comment.at, made.comment.len, "allow-list", strlen("allow-list")));
}

static void a_signed_runtime_policy_needs_its_key(void **state)
{
	struct fixture *f = *state;
	DROP(made_release) struct made good = {0};
	DROP(made_release) struct made unsigned_one = {0};
	DROP(made_release) struct made without_key = {0};
	char *sealed[] = {f->sealed};
	char *plain[] = {f->runtime};

	make(&(struct source_options){.runtime_policies = {sealed, 1}}, f->key, &good);
	assert_int_equal(good.rc, RC_OK);
	assert_true(knows(&good, "/usr/bin/ls"));
	make(&(struct source_options){.runtime_policies = {sealed, 1}}, NULL, &without_key);
	assert_int_equal(without_key.rc, RC_DENIED);
	make(&(struct source_options){.runtime_policies = {plain, 1}}, f->key, &unsigned_one);
	assert_int_equal(unsigned_one.rc, RC_DENIED);
}

static void a_boot_state_becomes_the_section_boot(void **state)
{
	struct fixture *f = *state;
	struct tenant_config config = {.policy_keys = {NULL, 0}};
	DROP(made_release) struct made made = {0};
	struct source_sink sink = {.boot = &made.boot, .warnings = &made.warnings, .comment = &made.comment};

	assert_ok(sources_read(&config, &(struct source_options){.boot_state = f->boot}, &sink, &made.err));
	assert_true(made.boot.there);
	assert_false(sink.has_ima);
	/* It accepts every boot, and that is said. */
	assert_int_not_equal(made.warnings.count, 0);
	assert_int_equal(
		sources_read(&config, &(struct source_options){.boot_state = f->tool}, &sink, &made.err),
		RC_MALFORMED);
}

static void sources_without_files_are_refused(void **state)
{
	struct fixture *f = *state;
	DROP(made_release) struct made no_code = {0};
	DROP(made_release) struct made no_packages = {0};
	DROP(made_release) struct made no_initrd = {0};
	char *skip[] = {(char *)"/my tool"};
	char *initrds[] = {f->allowed};

	make(&(struct source_options){.root = f->root, .skip = {skip, 1}}, NULL, &no_code);
	assert_int_equal(no_code.rc, RC_NOT_FOUND);
	make(&(struct source_options){.dpkg = f->root}, NULL, &no_packages);
	assert_int_equal(no_packages.rc, RC_NOT_FOUND);
	make(&(struct source_options){.initrds = {initrds, 1}}, NULL, &no_initrd);
	assert_int_equal(no_initrd.rc, RC_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_root_is_known_by_the_names_of_the_kernel),
		cmocka_unit_test(the_hash_is_the_one_that_was_asked_for),
		cmocka_unit_test(initial_ram_disks_and_lists_add_up),
		cmocka_unit_test(a_signed_runtime_policy_needs_its_key),
		cmocka_unit_test(a_boot_state_becomes_the_section_boot),
		cmocka_unit_test(sources_without_files_are_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
