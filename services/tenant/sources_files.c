#include "services/tenant/sources_files.h"

#include <stdio.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "services/tenant/file_hash.h"
#include "services/tenant/initrd.h"

/* By the word of --hash. */
static const struct {
	enum digest_alg alg;
	enum kernel_hash hash;
} hashes[] = {{DIGEST_SHA256, KERNEL_HASH_SHA256}, {DIGEST_SHA384, KERNEL_HASH_SHA384},
	{DIGEST_SHA512, KERNEL_HASH_SHA512}};

struct taking {
	struct source_sink *sink;
	enum digest_alg alg;
	enum kernel_hash hash;
	const char *from; /* for messages */
	size_t taken;
	size_t altered;
};

static enum rc take_digest(struct taking *taking, struct span path, const uint8_t *digest, struct err *err)
{
	enum rc rc = ima_builder_digest(taking->sink->ima, DIGEST_OF_FILE, path, taking->hash,
		span_of(digest, digest_size(taking->alg)));

	if (rc != RC_OK)
		return err_set(err, rc, "%s: %.*s: %s", taking->from, SPAN_FMT(path), rc_words(rc));
	taking->taken++;
	return RC_OK;
}

static enum rc take_file(
	void *ctx, const struct file_list *list, const struct hashed_file *file, struct err *err)
{
	struct taking *taking = ctx;
	const char *path = file_list_path(list, file->index);

	if (file->outcome != FILE_HASHED)
		return RC_OK;
	if (!file->differs)
		return take_digest(taking, span_text(path), file->digest, err);
	taking->altered++;
	return import_warn(taking->sink->warnings,
		"%s: not what its package installed, left out; if it is as it should be, allow it from a list",
		path);
}

/* A line that overwrites itself, where somebody may see it. */
static void show(void *ctx, size_t done, size_t count)
{
	(void)ctx;
	fprintf(stderr, "\r%zu of %zu files%s", done, count, done == count ? "\n" : "");
}

static enum rc tell_problems(const struct taking *taking, const struct file_list *list)
{
	size_t at = 0;

	if (list->problem_count == 0)
		return RC_OK;
	TRY(import_warn(taking->sink->warnings,
		"%s: %zu files or folders could not be read and are not in the policy", taking->from,
		list->problem_count));
	while (at < list->problems.len) {
		const char *text = (const char *)list->problems.at + at;

		TRY(import_warn(taking->sink->warnings, "not read: %s", text));
		at += strlen(text) + 1;
	}
	return RC_OK;
}

static enum rc hash_list(struct taking *taking, struct file_list *list, bool only_code, struct err *err)
{
	struct file_hash_options options = {
		.alg = taking->alg,
		.only_code = only_code,
		.each = take_file,
		.progress = isatty(STDERR_FILENO) == 1 ? show : NULL,
		.ctx = taking,
	};

	TRY(file_hash(list, &options, err));
	if (taking->altered > IMPORT_WARNINGS_MAX / 2)
		TRY(import_warn(taking->sink->warnings, "%s: %zu files are not what their packages installed",
			taking->from, taking->altered));
	TRY(tell_problems(taking, list));
	if (taking->taken == 0)
		return err_set(err, RC_NOT_FOUND, "%s: no file there that can be taken", taking->from);
	taking->sink->has_ima = true;
	return RC_OK;
}

static enum rc from_root(const struct source_options *options, struct taking *taking, struct err *err)
{
	DROP(file_list_release) struct file_list list = {.root = -1};

	taking->from = options->root;
	TRY(file_list_open(options->root, &list, err));
	TRY(file_list_walk(&list, &options->skip, err));
	return hash_list(taking, &list, options->only_code, err);
}

static enum rc from_dpkg(const struct source_options *options, struct taking *taking, struct err *err)
{
	DROP(file_list_release) struct file_list list = {.root = -1};

	taking->from = options->dpkg;
	TRY(file_list_open(options->dpkg, &list, err));
	if (file_list_dpkg(&list, err) != RC_OK)
		return err_wrap(err, err->rc, "%s: ", options->dpkg);
	return hash_list(taking, &list, options->only_code, err);
}

static enum rc take_unpacked(void *ctx, struct span path, struct span content, struct err *err)
{
	struct taking *taking = ctx;
	uint8_t digest[DIGEST_BYTES_MAX];
	enum rc rc = digest_bytes(taking->alg, content, digest);

	if (rc != RC_OK)
		return err_set(err, rc, "hashing %.*s: %s", SPAN_FMT(path), rc_words(rc));
	return take_digest(taking, path, digest, err);
}

static enum rc from_initrd(const char *path, struct taking *taking, struct err *err)
{
	DROP(blob_release) struct blob bytes = {0};

	taking->from = path;
	TRY(file_read(path, INITRD_FILE_MAX, &bytes, err));
	if (initrd_walk(blob_span(&bytes), take_unpacked, taking, err) != RC_OK)
		return err_wrap(err, err->rc, "%s: ", path);
	if (taking->taken == 0)
		return err_set(err, RC_NOT_FOUND, "%s: no file in it", path);
	taking->sink->has_ima = true;
	return RC_OK;
}

enum rc sources_files(const struct source_options *options, struct source_sink *sink, struct err *err)
{
	const struct taking fresh = {
		.sink = sink, .alg = hashes[options->hash].alg, .hash = hashes[options->hash].hash};
	struct taking taking = fresh;

	if (options->root != NULL)
		TRY(from_root(options, &taking, err));
	taking = fresh;
	if (options->dpkg != NULL)
		TRY(from_dpkg(options, &taking, err));
	for (size_t i = 0; i < options->initrds.count; i++) {
		taking = fresh;
		TRY(from_initrd(options->initrds.at[i], &taking, err));
	}
	return RC_OK;
}
