/* Files below a root folder: found, hashed on all processors, compared with what packages say. */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/drop.h"
#include "lib/base/file.h"
#include "lib/base/hex.h"
#include "services/tenant/file_hash.h"

struct fixture {
	struct scratch scratch;
	char root[SCRATCH_FILE_BYTES];
	char room[SCRATCH_FILE_BYTES];
};

static char *below(struct fixture *f, const char *name)
{
	snprintf(f->room, sizeof f->room, "%.120s/%.100s", f->root, name);
	return f->room;
}

static void folder(struct fixture *f, const char *name)
{
	assert_int_equal(mkdir(below(f, name), 0755), 0);
}

static void put(struct fixture *f, const char *name, const char *text, mode_t mode)
{
	assert_ok(file_replace(below(f, name), span_text(text), mode, NULL));
}

/* A merged /usr, links out of the tree, and a database of dpkg with one package that was altered. */
static int setup(void **state)
{
	static struct fixture f;
	static const char *const folders[] = {"usr", "usr/bin", "usr/lib", "usr/lib/modules", "var",
		"var/cache", "var/lib", "var/lib/dpkg", "var/lib/dpkg/info", "etc"};

	scratch_open(&f.scratch);
	scratch_file(&f.scratch, "root", f.root);
	assert_int_equal(mkdir(f.root, 0755), 0);
	for (size_t i = 0; i < COUNT(folders); i++)
		folder(&f, folders[i]);
	assert_int_equal(symlink("usr/bin", below(&f, "bin")), 0);
	assert_int_equal(symlink("/etc/passwd", below(&f, "etc/outside")), 0);
	assert_int_equal(symlink("..", below(&f, "usr/up")), 0);
	assert_int_equal(mkfifo(below(&f, "etc/pipe"), 0644), 0);
	put(&f, "usr/bin/tool", "abc", 0755);
	put(&f, "usr/bin/my tool", "", 0755);
	put(&f, "usr/lib/libx.so", "\177ELFabc", 0644);
	put(&f, "usr/lib/modules/x.ko.xz", "module", 0644);
	put(&f, "etc/altered", "after", 0644);
	put(&f, "etc/diverted", "after", 0644);
	put(&f, "var/cache/junk", "junk", 0644);
	put(&f, "var/lib/dpkg/info/tool.list",
		"/.\n/bin\n/bin/tool\n/usr/lib/libx.so\n/usr/share/doc/gone\n/etc/outside\n", 0644);
	put(&f, "var/lib/dpkg/info/tool.md5sums",
		"900150983cd24fb0d6963f7d28e17f72  bin/tool\nnonsense\n\n"
		"0cc175b9c0f1b6a831c399e269772661  etc/altered\n"
		"0cc175b9c0f1b6a831c399e269772661  etc/diverted\n",
		0644);
	put(&f, "var/lib/dpkg/diversions", "/etc/diverted\n/etc/diverted.real\ntool\n", 0644);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	scratch_release(&((struct fixture *)*state)->scratch);
	return 0;
}

struct found {
	const char *path;
	unsigned times;
	uint32_t outcome;
	uint32_t differs;
	uint8_t digest[DIGEST_BYTES_MAX];
};

struct founds {
	struct found at[32];
	size_t count;
};

static enum rc keep(void *ctx, const struct file_list *list, const struct hashed_file *file, struct err *err)
{
	struct founds *founds = ctx;
	struct found *found = &founds->at[founds->count++];

	(void)err;
	found->path = file_list_path(list, file->index);
	found->outcome = file->outcome;
	found->differs = file->differs;
	memcpy(found->digest, file->digest, sizeof found->digest);
	return RC_OK;
}

static const struct found *find(const struct founds *founds, const char *path)
{
	for (size_t i = 0; i < founds->count; i++)
		if (strcmp(founds->at[i].path, path) == 0)
			return &founds->at[i];
	return NULL;
}

static void hash(struct file_list *list, bool only_code, unsigned workers, struct founds *founds)
{
	struct file_hash_options options = {.alg = DIGEST_SHA256,
		.only_code = only_code,
		.workers = workers,
		.each = keep,
		.ctx = founds};
	struct err err = {0};

	if (file_hash(list, &options, &err) != RC_OK)
		fail_msg("%s", err.text);
	assert_int_equal(founds->count, list->count);
}

static void open_list(struct fixture *f, struct file_list *list)
{
	struct err err = {0};

	if (file_list_open(f->root, list, &err) != RC_OK)
		fail_msg("%s", err.text);
}

static void a_root_is_walked_and_hashed(void **state)
{
	struct fixture *f = *state;
	DROP(file_list_release) struct file_list list = {.root = -1};
	struct founds founds = {0};
	struct text_list skip = {0};
	uint8_t expected[32];

	open_list(f, &list);
	assert_ok(file_list_walk(&list, &skip, NULL));
	hash(&list, false, 3, &founds);
	assert_int_equal(list.count, 10);
	assert_int_equal(list.problem_count, 0);
	assert_ok(digest_bytes(DIGEST_SHA256, span_text("abc"), expected));
	assert_memory_equal(find(&founds, "/usr/bin/tool")->digest, expected, 32);
	assert_ok(digest_bytes(DIGEST_SHA256, span_text(""), expected));
	assert_memory_equal(find(&founds, "/usr/bin/my tool")->digest, expected, 32);
	/* No link, neither out of the tree nor to a second name in it; no pipe. */
	assert_null(find(&founds, "/etc/outside"));
	assert_null(find(&founds, "/bin/tool"));
	assert_null(find(&founds, "/etc/pipe"));
}

static void what_is_skipped_is_skipped_with_all_below(void **state)
{
	struct fixture *f = *state;
	DROP(file_list_release) struct file_list list = {.root = -1};
	char *paths[] = {(char *)"/var/", (char *)"/etc/altered", (char *)"/usr/li"};
	struct text_list skip = {paths, COUNT(paths)};
	struct founds founds = {0};

	open_list(f, &list);
	assert_ok(file_list_walk(&list, &skip, NULL));
	hash(&list, false, 1, &founds);
	assert_null(find(&founds, "/var/cache/junk"));
	assert_null(find(&founds, "/etc/altered"));
	assert_non_null(find(&founds, "/usr/lib/libx.so"));
	assert_int_equal(list.count, 5);
}

static void only_code_is_what_may_be_executed_or_loaded(void **state)
{
	struct fixture *f = *state;
	DROP(file_list_release) struct file_list list = {.root = -1};
	struct text_list skip = {0};
	struct founds founds = {0};

	open_list(f, &list);
	assert_ok(file_list_walk(&list, &skip, NULL));
	hash(&list, true, 2, &founds);
	assert_int_equal(find(&founds, "/usr/bin/tool")->outcome, FILE_HASHED);
	assert_int_equal(find(&founds, "/usr/lib/libx.so")->outcome, FILE_HASHED);
	assert_int_equal(find(&founds, "/usr/lib/modules/x.ko.xz")->outcome, FILE_HASHED);
	assert_int_equal(find(&founds, "/etc/altered")->outcome, FILE_PASSED_OVER);
}

static void what_went_away_meanwhile_is_a_problem_not_the_end(void **state)
{
	struct fixture *f = *state;
	DROP(file_list_release) struct file_list list = {.root = -1};
	struct founds founds = {0};

	open_list(f, &list);
	assert_ok(file_list_add(&list, "/usr/bin/gone", true, NULL, NULL));
	assert_ok(file_list_add(&list, "/usr/bin/tool", true, NULL, NULL));
	assert_ok(file_list_add(&list, "/etc/outside", true, NULL, NULL));
	assert_ok(file_list_add(&list, "/usr/up/up/up/etc/passwd", true, NULL, NULL));
	hash(&list, false, 1, &founds);
	assert_int_equal(find(&founds, "/usr/bin/gone")->outcome, FILE_UNREADABLE);
	assert_int_equal(find(&founds, "/usr/bin/tool")->outcome, FILE_HASHED);
	assert_int_equal(find(&founds, "/etc/outside")->outcome, FILE_UNREADABLE);
	assert_int_equal(find(&founds, "/usr/up/up/up/etc/passwd")->outcome, FILE_UNREADABLE);
	assert_int_equal(list.problem_count, 3);
	assert_non_null(memmem(list.problems.at, list.problems.len, "/usr/bin/gone: No such file", 27));
}

static void packages_are_read_and_what_was_altered_is_told(void **state)
{
	struct fixture *f = *state;
	DROP(file_list_release) struct file_list list = {.root = -1};
	struct founds founds = {0};
	struct err err = {0};

	open_list(f, &list);
	if (file_list_dpkg(&list, &err) != RC_OK)
		fail_msg("%s", err.text);
	hash(&list, false, 2, &founds);
	/* By the name without links; what is not there, and links, are left out. */
	assert_int_equal(list.count, 4);
	assert_int_equal(list.problem_count, 0);
	assert_int_equal(find(&founds, "/usr/bin/tool")->differs, 0);
	assert_non_null(find(&founds, "/usr/lib/libx.so"));
	assert_int_equal(find(&founds, "/etc/altered")->differs, 1);
	assert_int_equal(find(&founds, "/etc/diverted")->differs, 0);
}

static void a_root_without_packages_is_refused(void **state)
{
	struct fixture *f = *state;
	DROP(file_list_release) struct file_list list = {.root = -1};
	char path[SCRATCH_FILE_BYTES];
	struct err err = {0};

	snprintf(path, sizeof path, "%.200s/usr", f->root);
	assert_ok(file_list_open(path, &list, NULL));
	assert_rc(file_list_dpkg(&list, &err), RC_NOT_FOUND);
	assert_rc(file_list_open(below(f, "nowhere"), &list, &err), RC_NOT_FOUND);
}

static enum rc count_hashed(
	void *ctx, const struct file_list *list, const struct hashed_file *file, struct err *err)
{
	(void)list;
	(void)err;
	*(unsigned *)ctx += file->outcome == FILE_HASHED;
	return RC_OK;
}

static void more_files_than_pipes_hold_are_hashed(void **state)
{
	struct fixture *f = *state;
	DROP(file_list_release) struct file_list list = {.root = -1};
	unsigned seen = 0;
	struct file_hash_options options = {
		.alg = DIGEST_SHA512, .workers = 4, .each = count_hashed, .ctx = &seen};

	open_list(f, &list);
	for (size_t i = 0; i < 30000; i++)
		assert_ok(file_list_add(&list, "/usr/bin/tool", true, NULL, NULL));
	assert_ok(file_hash(&list, &options, NULL));
	assert_int_equal(seen, 30000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_root_is_walked_and_hashed),
		cmocka_unit_test(what_is_skipped_is_skipped_with_all_below),
		cmocka_unit_test(only_code_is_what_may_be_executed_or_loaded),
		cmocka_unit_test(what_went_away_meanwhile_is_a_problem_not_the_end),
		cmocka_unit_test(packages_are_read_and_what_was_altered_is_told),
		cmocka_unit_test(a_root_without_packages_is_refused),
		cmocka_unit_test(more_files_than_pipes_hold_are_hashed),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
