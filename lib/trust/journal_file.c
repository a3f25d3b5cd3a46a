#include "lib/trust/journal_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/wire.h"

#define LENGTH_BYTES 4u
#define READ_BYTES   (1u << 20)

/* Invariant: ends[i] is the offset behind entry i + 1; flushed.seq == count of ends; size == ends' last. The
 * file is as long as size, unless has_debris. */
struct journal_file {
	const struct journal_kind *kind;
	int fd;
	uint64_t size;
	uint64_t *ends;
	size_t count;
	size_t room;
	struct notice_place flushed;
	struct notice_place end;
	struct blob batch; /* appended, not flushed */
	size_t batch_count;
	bool has_debris; /* a write failed and what it left could not be cut off yet */
};

void journal_file_close(struct journal_file **file)
{
	if (*file == NULL)
		return;
	if ((*file)->fd >= 0)
		close((*file)->fd);
	free((*file)->ends);
	blob_release(&(*file)->batch);
	free(*file);
	*file = NULL;
}

const struct notice_place *journal_file_flushed(const struct journal_file *file)
{
	return &file->flushed;
}

const struct notice_place *journal_file_end(const struct journal_file *file)
{
	return &file->end;
}

uint64_t journal_file_bytes(const struct journal_file *file)
{
	return file->size;
}

static enum rc grow_ends(struct journal_file *file, size_t more)
{
	size_t room = file->room == 0 ? 1024 : file->room * 2;
	uint64_t *ends;

	if (file->count + more <= file->room)
		return RC_OK;
	while (room < file->count + more)
		room *= 2;
	ends = realloc(file->ends, room * sizeof *ends);
	if (ends == NULL)
		return RC_NOMEM;
	file->ends = ends;
	file->room = room;
	return RC_OK;
}

static uint32_t get_length(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* ---- opening ---- */

/* The entry at the start of `left` with its length; len 0 if it is not whole. */
static struct span whole_entry(struct span left)
{
	uint32_t length;

	if (left.len < LENGTH_BYTES)
		return (struct span){0};
	length = get_length(left.at);
	if (length > left.len - LENGTH_BYTES)
		return (struct span){0};
	return span_of(left.at + LENGTH_BYTES, length);
}

enum rc journal_file_check(const struct journal_file *file, const struct roster *roster,
	struct span signed_entry, struct signed_msg *out, bool *forked, struct err *err)
{
	struct notice_place end = file->end;
	enum rc rc;

	*forked = false;
	if (signed_entry.len > JOURNAL_ENTRY_MAX)
		return err_set(
			err, RC_LIMIT, "%s: %zu bytes are too many", file->kind->what, signed_entry.len);
	/* Causes were checked when they were taken, by the roster of that day. */
	TRY(signed_open(signed_entry, file->kind->type, out, err));
	TRY(roster_may_sign(
		roster, out->key, file->kind->type, ROLE_REVOCATION, file->kind->link(&out->msg).time, err));
	rc = journal_chain(file->kind, &end, &out->msg, signed_entry, err);
	*forked = rc == RC_DENIED;
	return rc;
}

/* Of the file: what is taken is flushed already. */
static enum rc take_entry(struct journal_file *file, struct span signed_entry, const struct roster *roster,
	journal_file_each *each, void *ctx, struct err *err)
{
	struct signed_msg opened;
	bool forked;
	enum rc rc = journal_file_check(file, roster, signed_entry, &opened, &forked, err);

	if (rc != RC_OK)
		return rc == RC_EXISTS ? err_set(err, RC_DENIED, "its number is there twice") : rc;
	TRY(journal_chain(file->kind, &file->end, &opened.msg, signed_entry, err));
	TRY(grow_ends(file, 1));
	file->size += LENGTH_BYTES + signed_entry.len;
	file->ends[file->count++] = file->size;
	file->flushed = file->end;
	return each(ctx, &opened.msg, signed_entry, err);
}

/* Take every whole entry of the buffer; what is left of it is moved to its front. */
static enum rc take_buffer(struct journal_file *file, struct blob *buffer, const struct roster *roster,
	journal_file_each *each, void *ctx, struct err *err)
{
	struct span left = blob_span(buffer);

	for (;;) {
		struct span entry = whole_entry(left);

		if (entry.len == 0)
			break;
		if (take_entry(file, entry, roster, each, ctx, err) != RC_OK)
			return err_wrap(err, RC_DENIED,
				"%s %zu at offset %llu does not hold: ", file->kind->what, file->count + 1,
				(unsigned long long)file->size);
		left.at += LENGTH_BYTES + entry.len;
		left.len -= LENGTH_BYTES + entry.len;
	}
	if (left.len >= LENGTH_BYTES && get_length(left.at) > JOURNAL_ENTRY_MAX)
		return err_set(err, RC_MALFORMED, "%s %zu at offset %llu: none has %u bytes",
			file->kind->what, file->count + 1, (unsigned long long)file->size,
			get_length(left.at));
	memmove(buffer->at, left.at, left.len);
	buffer->len = left.len;
	return RC_OK;
}

/* Behind its length a half-written entry is never a whole map: where one stands, it is the length that was
 * altered, and cutting would take away what was acknowledged. */
static bool has_whole_entry(const struct blob *tail)
{
	struct span left = blob_span(tail);
	struct wire_item first;
	struct span rest;

	if (left.len <= LENGTH_BYTES || get_length(left.at) == 0)
		return false;
	left.at += LENGTH_BYTES;
	left.len -= LENGTH_BYTES;
	rest = left;
	return wire_next(&rest, &first) == RC_OK && first.kind == WIRE_MAP && wire_skip(&left) == RC_OK;
}

/* What may stand behind the last whole entry: the beginning of one that a crash left, or blocks of zeros
 * that were never written. */
static enum rc check_tail(const struct journal_file *file, const struct blob *tail, struct err *err)
{
	bool is_begun = tail->len < LENGTH_BYTES || get_length(tail->at) != 0;

	if (has_whole_entry(tail))
		return err_set(err, RC_MALFORMED, "%s %zu at offset %llu: its length was altered",
			file->kind->what, file->count + 1, (unsigned long long)file->size);
	for (size_t i = 0; i < tail->len && !is_begun; i++)
		if (tail->at[i] != 0)
			return err_set(err, RC_MALFORMED, "%s %zu at offset %llu has no length",
				file->kind->what, file->count + 1, (unsigned long long)file->size);
	return RC_OK;
}

static enum rc cut_tail(struct journal_file *file, const struct blob *tail, size_t *out_cut, struct err *err)
{
	TRY(check_tail(file, tail, err));
	*out_cut = tail->len;
	if (tail->len == 0)
		return RC_OK;
	if (ftruncate(file->fd, (off_t)file->size) != 0 || fsync(file->fd) != 0)
		return err_errno(err, "cutting off what a crash left half-written");
	return RC_OK;
}

enum rc journal_file_scan(struct span bytes, const struct journal_kind *kind, const struct roster *roster,
	journal_file_each *each, void *ctx, size_t *out_cut, struct err *err)
{
	DROP(journal_file_close) struct journal_file *file = calloc(1, sizeof *file);
	DROP(blob_release) struct blob buffer = {0};

	if (file == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	file->fd = -1;
	file->kind = kind;
	TRY(blob_append(&buffer, bytes));
	TRY(take_buffer(file, &buffer, roster, each, ctx, err));
	TRY(check_tail(file, &buffer, err));
	*out_cut = buffer.len;
	return RC_OK;
}

static enum rc read_file(struct journal_file *file, const struct roster *roster, journal_file_each *each,
	void *ctx, size_t *out_cut, struct err *err)
{
	DROP(blob_release) struct blob buffer = {0};

	for (;;) {
		ssize_t n;

		if (blob_reserve(&buffer, READ_BYTES) != RC_OK)
			return err_set(err, RC_NOMEM, "out of memory");
		n = read(file->fd, buffer.at + buffer.len, READ_BYTES);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, "reading");
		if (n == 0)
			break;
		buffer.len += (size_t)n;
		TRY(take_buffer(file, &buffer, roster, each, ctx, err));
	}
	file->end = file->flushed;
	return cut_tail(file, &buffer, out_cut, err);
}

enum rc journal_file_open(const char *path, const struct journal_kind *kind, const struct roster *roster,
	journal_file_each *each, void *ctx, struct journal_file **out, size_t *out_cut, struct err *err)
{
	DROP(journal_file_close) struct journal_file *file = calloc(1, sizeof *file);
	struct stat st;
	enum rc rc;

	if (file == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	file->kind = kind;
	file->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (file->fd < 0)
		return err_errno(err, "%s", path);
	if (fstat(file->fd, &st) != 0 || !S_ISREG(st.st_mode) || (st.st_mode & 022) != 0)
		return err_set(
			err, RC_DENIED, "%s: must be a regular file that only its owner may write", path);
	if (fcntl(file->fd, F_OFD_SETLK, &(struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET}) != 0)
		return err_set(err, RC_EXISTS, "%s: another process writes this file", path);
	rc = read_file(file, roster, each, ctx, out_cut, err);
	if (rc != RC_OK)
		return err_wrap(err, rc, "%s: ", path);
	*out = TAKE(file);
	return RC_OK;
}

/* ---- appending ---- */

enum rc journal_file_append(struct journal_file *file, struct span signed_entry, struct err *err)
{
	struct notice_place end = file->end;
	uint8_t length[LENGTH_BYTES];
	struct msg body;

	if (signed_entry.len > JOURNAL_ENTRY_MAX)
		return err_set(
			err, RC_LIMIT, "%s: %zu bytes are too many", file->kind->what, signed_entry.len);
	TRY(journal_body(file->kind, signed_entry, &body, err));
	TRY(journal_chain(file->kind, &end, &body, signed_entry, err));
	for (size_t i = 0; i < LENGTH_BYTES; i++)
		length[i] = (uint8_t)(signed_entry.len >> (24 - 8 * i));
	if (blob_reserve(&file->batch, LENGTH_BYTES + signed_entry.len) != RC_OK ||
		grow_ends(file, file->batch_count + 1) != RC_OK)
		return err_set(err, RC_NOMEM, "%s: out of memory", file->kind->what);
	TRY(blob_append(&file->batch, SPAN(length)));
	TRY(blob_append(&file->batch, signed_entry));
	file->batch_count++;
	file->ends[file->count + file->batch_count - 1] = file->size + file->batch.len;
	file->end = end;
	return RC_OK;
}

/* What a failed write left would stand between the entries that follow and those before it. */
static enum rc cut_debris(struct journal_file *file, struct err *err)
{
	if (file->has_debris && ftruncate(file->fd, (off_t)file->size) != 0)
		return err_errno(err, "the log cannot be cut back");
	file->has_debris = false;
	return RC_OK;
}

static enum rc write_batch(struct journal_file *file, struct err *err)
{
	struct span left = blob_span(&file->batch);

	TRY(cut_debris(file, err));
	file->has_debris = true;
	while (left.len != 0) {
		ssize_t n = write(file->fd, left.at, left.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, "the log cannot be written");
		left.at += n;
		left.len -= (size_t)n;
	}
	if (fdatasync(file->fd) != 0)
		return err_errno(err, "the log cannot be made durable");
	file->has_debris = false;
	return RC_OK;
}

enum rc journal_file_flush(struct journal_file *file, struct err *err)
{
	enum rc rc = RC_OK;

	if (file->batch_count != 0)
		rc = write_batch(file, err);
	if (rc == RC_OK) {
		file->size += file->batch.len;
		file->count += file->batch_count;
		file->flushed = file->end;
	} else {
		struct err cut = {0};

		file->end = file->flushed;
		/* If even this fails, nothing is written until it succeeds. */
		if (cut_debris(file, &cut) != RC_OK)
			err_wrap(err, rc, "%s: ", cut.text);
	}
	blob_clear(&file->batch);
	file->batch_count = 0;
	return rc;
}

enum rc journal_file_read(const struct journal_file *file, uint64_t seq, struct blob *out, struct err *err)
{
	uint64_t begin;
	size_t length;

	if (seq == 0 || seq > file->count)
		return err_set(err, RC_NOT_FOUND, "no %s has the number %llu", file->kind->what,
			(unsigned long long)seq);
	begin = seq == 1 ? 0 : file->ends[seq - 2];
	length = (size_t)(file->ends[seq - 1] - begin - LENGTH_BYTES);
	blob_clear(out);
	TRY(blob_resize(out, length));
	if (pread(file->fd, out->at, length, (off_t)(begin + LENGTH_BYTES)) != (ssize_t)length)
		return err_set(err, RC_IO, "%s %llu cannot be read from its file", file->kind->what,
			(unsigned long long)seq);
	return RC_OK;
}
