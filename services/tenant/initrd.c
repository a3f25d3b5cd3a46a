#include "services/tenant/initrd.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "lib/base/blob.h"
#include "services/tenant/cpio.h"

#define PIECE_BYTES (1u << 20)

struct initrd {
	initrd_each *each;
	void *ctx;
	struct err *err;
};

static void reader_free(struct archive **reader)
{
	archive_read_free(*reader);
}

/* ---- one archive ---- */

static enum rc tell(const struct initrd *initrd, const struct cpio_entry *entry, struct span content)
{
	DROP(blob_release) struct blob path = {0};
	struct span name = entry->name;

	while (name.len > 0 && (name.at[0] == '/' || (name.len > 1 && memcmp(name.at, "./", 2) == 0)))
		name = span_of(name.at + (name.at[0] == '/' ? 1 : 2), name.len - (name.at[0] == '/' ? 1 : 2));
	if (name.len == 0)
		return RC_OK;
	if (blob_append(&path, span_text("/")) != RC_OK || blob_append(&path, name) != RC_OK)
		return err_set(initrd->err, RC_NOMEM, "initial RAM disk: out of memory");
	return initrd->each(initrd->ctx, blob_span(&path), content, initrd->err);
}

static bool same_file(const struct cpio_entry *a, const struct cpio_entry *b)
{
	return a->inode == b->inode && a->major == b->major && a->minor == b->minor;
}

/* Entries of files with several links that hold the content for all of them. */
static enum rc gather_linked(struct span bytes, struct blob *out, struct err *err)
{
	struct cpio cpio = {.bytes = bytes};
	struct cpio_entry entry;
	bool ended = false;

	for (;;) {
		TRY(cpio_next(&cpio, &entry, &ended, err));
		if (ended)
			return RC_OK;
		if (S_ISREG(entry.mode) && entry.links > 1 && entry.content.len != 0 &&
			blob_append(out, span_of(&entry, sizeof entry)) != RC_OK)
			return err_set(err, RC_NOMEM, "initial RAM disk: out of memory");
	}
}

static struct span content_of(const struct cpio_entry *entry, const struct blob *linked)
{
	const struct cpio_entry *at = (const void *)linked->at;

	for (size_t i = 0; entry->content.len == 0 && entry->links > 1 && i < linked->len / sizeof *at; i++)
		if (same_file(&at[i], entry))
			return at[i].content;
	return entry->content;
}

static enum rc archive_walk(const struct initrd *initrd, struct span bytes, size_t *out_len)
{
	DROP(blob_release) struct blob linked = {0};
	struct cpio cpio = {.bytes = bytes};
	struct cpio_entry entry;
	bool ended = false;

	TRY(gather_linked(bytes, &linked, initrd->err));
	for (;;) {
		TRY(cpio_next(&cpio, &entry, &ended, initrd->err));
		if (ended)
			break;
		if (S_ISREG(entry.mode))
			TRY(tell(initrd, &entry, content_of(&entry, &linked)));
	}
	*out_len = cpio.at;
	return RC_OK;
}

/* ---- compressed ones ---- */

static enum rc add_filters(struct archive *reader)
{
	/* Not "all": some of those run programs. */
	static int (*const filters[])(struct archive *) = {archive_read_support_filter_gzip,
		archive_read_support_filter_bzip2, archive_read_support_filter_lzma,
		archive_read_support_filter_xz, archive_read_support_filter_zstd,
		archive_read_support_filter_lz4};

	for (size_t i = 0; i < COUNT(filters); i++)
		if (filters[i](reader) != ARCHIVE_OK)
			return RC_UNSUPPORTED;
	return archive_read_support_format_raw(reader) == ARCHIVE_OK ? RC_OK : RC_UNSUPPORTED;
}

static enum rc read_all(struct archive *reader, struct blob *out, struct err *err)
{
	for (;;) {
		la_ssize_t n;

		if (out->len > INITRD_UNPACKED_MAX)
			return err_set(err, RC_LIMIT, "initial RAM disk: more than %llu bytes when unpacked",
				INITRD_UNPACKED_MAX);
		if (blob_reserve(out, PIECE_BYTES) != RC_OK)
			return err_set(err, RC_NOMEM, "initial RAM disk: out of memory");
		n = archive_read_data(reader, out->at + out->len, out->room - out->len);
		if (n < 0)
			return err_set(
				err, RC_MALFORMED, "initial RAM disk: %s", archive_error_string(reader));
		if (n == 0)
			return RC_OK;
		out->len += (size_t)n;
	}
}

/* Unpack what begins here; *out_len: how much of `bytes` that was. */
static enum rc unpack(struct span bytes, struct blob *out, size_t *out_len, struct err *err)
{
	DROP(reader_free) struct archive *reader = archive_read_new();
	struct archive_entry *entry = NULL;
	la_int64_t used;

	if (reader == NULL || add_filters(reader) != RC_OK)
		return err_set(err, RC_UNSUPPORTED, "initial RAM disk: libarchive cannot be set up");
	if (archive_read_open_memory(reader, bytes.at, bytes.len) != ARCHIVE_OK ||
		archive_read_next_header(reader, &entry) != ARCHIVE_OK)
		return err_set(err, RC_MALFORMED, "initial RAM disk: %s", archive_error_string(reader));
	/* What the kernel would not unpack either: nothing, or compressed twice. The last of them is the
	 * memory. */
	if (archive_filter_count(reader) != 2)
		return err_set(err, RC_MALFORMED,
			"initial RAM disk: neither a cpio archive nor one that is compressed");
	TRY(read_all(reader, out, err));
	used = archive_filter_bytes(reader, -1);
	*out_len = used <= 0 || (size_t)used > bytes.len ? bytes.len : (size_t)used;
	return RC_OK;
}

static enum rc walk(const struct initrd *initrd, struct span bytes, bool is_unpacked);

static enum rc compressed_walk(const struct initrd *initrd, struct span bytes, size_t *out_len)
{
	DROP(blob_release) struct blob plain = {0};

	TRY(unpack(bytes, &plain, out_len, initrd->err));
	return walk(initrd, blob_span(&plain), true);
}

static enum rc walk(const struct initrd *initrd, struct span bytes, bool is_unpacked)
{
	size_t at = 0;

	while (at < bytes.len) {
		struct span rest = span_of(bytes.at + at, bytes.len - at);
		size_t len = 1;
		enum rc rc = RC_OK;

		if (cpio_begins(rest))
			rc = archive_walk(initrd, rest, &len);
		else if (rest.at[0] != 0 && is_unpacked)
			rc = err_set(initrd->err, RC_MALFORMED, "what was compressed is no cpio archive");
		else if (rest.at[0] != 0)
			rc = compressed_walk(initrd, rest, &len);
		if (rc != RC_OK)
			return rc;
		at += len;
	}
	return RC_OK;
}

enum rc initrd_walk(struct span bytes, initrd_each *each, void *ctx, struct err *err)
{
	const struct initrd initrd = {each, ctx, err};

	return walk(&initrd, bytes, false);
}
