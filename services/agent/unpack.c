#include "services/agent/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "services/agent/paths.h"

#define ENTRIES_A_STEP 64

struct unpack {
	struct unpack_options options;
	struct archive *archive;
	struct err read_err; /* what next() said */
	enum rc read_rc;
	int file; /* the one that is being written; -1: none */
	uint64_t at;
	uint64_t bytes;
	unsigned entries;
};

static la_ssize_t read_next(struct archive *archive, void *ctx, const void **out)
{
	struct unpack *unpack = ctx;
	struct span piece = {0};

	unpack->read_rc = unpack->options.next(unpack->options.ctx, &piece, &unpack->read_err);
	if (unpack->read_rc != RC_OK) {
		archive_set_error(archive, EIO, "unreadable");
		return -1;
	}
	*out = piece.at;
	return (la_ssize_t)piece.len;
}

enum rc unpack_open(const struct unpack_options *options, struct unpack **out, struct err *err)
{
	DROP(unpack_close) struct unpack *unpack = calloc(1, sizeof *unpack);

	if (unpack == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	unpack->options = *options;
	unpack->file = -1;
	unpack->archive = archive_read_new();
	if (unpack->archive == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	/* Filters that are inside the library only: others would start programs. */
	if (archive_read_support_format_tar(unpack->archive) != ARCHIVE_OK ||
		archive_read_support_filter_gzip(unpack->archive) != ARCHIVE_OK ||
		archive_read_support_filter_bzip2(unpack->archive) != ARCHIVE_OK ||
		archive_read_support_filter_xz(unpack->archive) != ARCHIVE_OK ||
		archive_read_support_filter_zstd(unpack->archive) != ARCHIVE_OK)
		return err_set(err, RC_UNSUPPORTED, "this libarchive lacks tar, gzip, bzip2, xz or zstd");
	if (archive_read_open2(unpack->archive, unpack, NULL, read_next, NULL, NULL) != ARCHIVE_OK)
		return unpack->read_rc != RC_OK ? err_set(err, unpack->read_rc, "%s", unpack->read_err.text)
		                                : err_set(err, RC_MALFORMED, "payload: no tar archive");
	*out = TAKE(unpack);
	return RC_OK;
}

static void close_file(struct unpack *unpack)
{
	if (unpack->file >= 0)
		close(unpack->file);
	unpack->file = -1;
}

void unpack_close(struct unpack **unpack)
{
	struct unpack *u = *unpack;

	if (u == NULL)
		return;
	close_file(u);
	if (u->archive != NULL)
		archive_read_free(u->archive);
	free(u);
	*unpack = NULL;
}

/* The folder of the last component, made on the way; -1: err says why. */
static int open_parent(int folder, struct span name, struct span *out_last, struct err *err)
{
	int dir = fcntl(folder, F_DUPFD_CLOEXEC, 0);
	const uint8_t *slash;

	while (dir >= 0 && (slash = memchr(name.at, '/', name.len)) != NULL) {
		size_t len = (size_t)(slash - name.at);
		char part[256];
		int next;

		memcpy(part, name.at, len);
		part[len] = '\0';
		if (mkdirat(dir, part, 0700) != 0 && errno != EEXIST)
			next = -1;
		else
			next = openat(dir, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		close(dir);
		dir = next;
		name = span_of(slash + 1, name.len - len - 1);
	}
	if (dir < 0)
		(void)err_errno(err, "payload: folder of \"%.*s\"", SPAN_FMT(name));
	*out_last = name;
	return dir;
}

/* Makes the folder, or opens the file for writing. */
static enum rc make_entry(
	struct unpack *unpack, struct span name, bool is_folder, bool may_run, struct err *err)
{
	struct span last;
	char part[256];
	int parent;
	int made;

	if (name.at[name.len - 1] == '/')
		name.len--;
	parent = open_parent(unpack->options.folder, name, &last, err);
	if (parent < 0)
		return RC_IO;
	memcpy(part, last.at, last.len);
	part[last.len] = '\0';
	if (is_folder) {
		made = mkdirat(parent, part, 0700) == 0 || errno == EEXIST ? 0 : -1;
	} else {
		unpack->file = openat(parent, part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			may_run ? 0700 : 0600);
		made = unpack->file;
		unpack->at = 0;
	}
	close(parent);
	if (made < 0 && errno == EEXIST)
		return err_set(err, RC_DENIED, "payload: \"%.*s\" comes twice", SPAN_FMT(name));
	return made < 0 ? err_errno(err, "payload: \"%.*s\"", SPAN_FMT(name)) : RC_OK;
}

static enum rc begin_entry(struct unpack *unpack, struct archive_entry *entry, struct err *err)
{
	const char *text = archive_entry_pathname(entry);
	unsigned type = archive_entry_filetype(entry);
	struct span name;

	if (text == NULL)
		text = archive_entry_pathname_utf8(entry);
	if (text == NULL)
		return err_set(err, RC_DENIED, "payload: an entry has a name that is no text");
	if (text[0] == '.' && text[1] == '/')
		text += 2;
	name = span_text(text);
	if (++unpack->entries > UNPACK_ENTRIES_MAX)
		return err_set(err, RC_LIMIT, "payload: more than %d entries", UNPACK_ENTRIES_MAX);
	if (archive_entry_hardlink(entry) != NULL || archive_entry_hardlink_utf8(entry) != NULL)
		return err_set(err, RC_DENIED, "payload: \"%s\" is a hard link", text);
	if (type != AE_IFREG && type != AE_IFDIR)
		return err_set(err, RC_DENIED, "payload: \"%s\" is neither a file nor a folder", text);
	if (name.len == 0 && type == AE_IFDIR)
		return RC_OK; /* "./": the folder itself */
	if (!path_is_inside(name))
		return err_set(err, RC_DENIED, "payload: \"%s\" leads out of the folder", text);
	if ((archive_entry_perm(entry) & 07000) != 0 && type == AE_IFREG)
		return err_set(err, RC_DENIED, "payload: \"%s\" has setuid, setgid or sticky set", text);
	return make_entry(unpack, name, type == AE_IFDIR, (archive_entry_perm(entry) & 0100) != 0, err);
}

static enum rc failed(struct unpack *unpack, struct err *err)
{
	if (unpack->read_rc != RC_OK)
		return err_set(err, unpack->read_rc, "%s", unpack->read_err.text);
	return err_set(err, RC_MALFORMED, "payload: no good tar archive");
}

static enum rc write_block(
	struct unpack *unpack, const void *bytes, size_t len, int64_t offset, struct err *err)
{
	const uint8_t *at = bytes;

	if (offset < 0 || (uint64_t)offset != unpack->at)
		return err_set(err, RC_DENIED, "payload: a file with holes");
	if (len > unpack->options.bytes_max - unpack->bytes)
		return err_set(err, RC_LIMIT, "payload: more than %llu bytes unpacked",
			(unsigned long long)unpack->options.bytes_max);
	unpack->at += len;
	unpack->bytes += len;
	while (len > 0) {
		ssize_t n = write(unpack->file, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_errno(err, "payload: writing an unpacked file");
		at += n;
		len -= (size_t)n;
	}
	return RC_OK;
}

static enum rc next_block(struct unpack *unpack, struct err *err)
{
	const void *bytes = NULL;
	size_t len = 0;
	int64_t offset = 0;
	int code = archive_read_data_block(unpack->archive, &bytes, &len, &offset);

	if (code == ARCHIVE_OK)
		return write_block(unpack, bytes, len, offset, err);
	if (code != ARCHIVE_EOF)
		return failed(unpack, err);
	/* libarchive tells of a hole at the end by an empty block behind it; a plain file has none. */
	close_file(unpack);
	return RC_OK;
}

enum rc unpack_step(struct unpack *unpack, bool *out_done, struct err *err)
{
	struct archive_entry *entry = NULL;

	*out_done = false;
	for (unsigned i = 0; i < ENTRIES_A_STEP; i++) {
		int code;

		if (unpack->file >= 0)
			return next_block(unpack, err);
		code = archive_read_next_header(unpack->archive, &entry);
		if (code == ARCHIVE_EOF) {
			*out_done = true;
			return RC_OK;
		}
		if (code != ARCHIVE_OK && code != ARCHIVE_WARN)
			return failed(unpack, err);
		TRY(begin_entry(unpack, entry, err));
	}
	return RC_OK;
}
