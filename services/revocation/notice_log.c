#include "services/revocation/notice_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/wire.h"

#define LENGTH_BYTES 4u
/* A signed notice is its body and an envelope around it. */
#define NOTICE_MAX_BYTES (SIGNED_MAX + 4096u)
#define READ_BYTES       (1u << 20)

/* Invariant: ends[i] is the offset behind notice i + 1; flushed.seq == count of ends; size == ends' last. The
 * file is as long as size, unless has_debris. */
struct notice_log {
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

void notice_log_close(struct notice_log **log)
{
	if (*log == NULL)
		return;
	if ((*log)->fd >= 0)
		close((*log)->fd);
	free((*log)->ends);
	blob_release(&(*log)->batch);
	free(*log);
	*log = NULL;
}

const struct notice_place *notice_log_flushed(const struct notice_log *log)
{
	return &log->flushed;
}

const struct notice_place *notice_log_end(const struct notice_log *log)
{
	return &log->end;
}

uint64_t notice_log_bytes(const struct notice_log *log)
{
	return log->size;
}

static enum rc grow_ends(struct notice_log *log, size_t more)
{
	size_t room = log->room == 0 ? 1024 : log->room * 2;
	uint64_t *ends;

	if (log->count + more <= log->room)
		return RC_OK;
	while (room < log->count + more)
		room *= 2;
	ends = realloc(log->ends, room * sizeof *ends);
	if (ends == NULL)
		return RC_NOMEM;
	log->ends = ends;
	log->room = room;
	return RC_OK;
}

static uint32_t get_length(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* ---- opening ---- */

/* The notice at the start of `left` with its length; len 0 if it is not whole. */
static struct span whole_notice(struct span left)
{
	uint32_t length;

	if (left.len < LENGTH_BYTES)
		return (struct span){0};
	length = get_length(left.at);
	if (length > left.len - LENGTH_BYTES)
		return (struct span){0};
	return span_of(left.at + LENGTH_BYTES, length);
}

static enum rc take_notice(struct notice_log *log, struct span signed_notice, const struct roster *roster,
	notice_log_each *each, void *ctx, struct err *err)
{
	struct notice_view view = {0};
	enum rc rc;

	/* Causes were checked when they were taken, by the roster of that day. */
	TRY(signed_open(signed_notice, MSG_TYPE_notice, &view.signed_msg, err));
	TRY(roster_may_sign(roster, view.signed_msg.key, MSG_TYPE_notice, ROLE_REVOCATION,
		view.signed_msg.msg.notice.time, err));
	rc = notice_follow(&log->flushed, &view, signed_notice, err);
	if (rc != RC_OK)
		return rc == RC_EXISTS ? err_set(err, RC_DENIED, "its number is there twice") : rc;
	TRY(grow_ends(log, 1));
	log->size += LENGTH_BYTES + signed_notice.len;
	log->ends[log->count++] = log->size;
	return each(ctx, &view.signed_msg.msg.notice, err);
}

/* Take every whole notice of the buffer; what is left of it is moved to its front. */
static enum rc take_buffer(struct notice_log *log, struct blob *buffer, const struct roster *roster,
	notice_log_each *each, void *ctx, struct err *err)
{
	struct span left = blob_span(buffer);

	for (;;) {
		struct span notice = whole_notice(left);

		if (notice.len == 0)
			break;
		if (take_notice(log, notice, roster, each, ctx, err) != RC_OK)
			return err_wrap(err, RC_DENIED,
				"notice %zu at offset %llu does not hold: ", log->count + 1,
				(unsigned long long)log->size);
		left.at += LENGTH_BYTES + notice.len;
		left.len -= LENGTH_BYTES + notice.len;
	}
	if (left.len >= LENGTH_BYTES && get_length(left.at) > NOTICE_MAX_BYTES)
		return err_set(err, RC_MALFORMED, "notice %zu at offset %llu: no notice has %u bytes",
			log->count + 1, (unsigned long long)log->size, get_length(left.at));
	memmove(buffer->at, left.at, left.len);
	buffer->len = left.len;
	return RC_OK;
}

/* Behind its length a half-written notice is never a whole map: where one stands, it is the length that was
 * altered, and cutting would take away what was acknowledged. */
static bool has_whole_notice(const struct blob *tail)
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

/* What may stand behind the last whole notice: the beginning of one that a crash left, or blocks of zeros
 * that were never written. */
static enum rc check_tail(const struct notice_log *log, const struct blob *tail, struct err *err)
{
	bool is_begun = tail->len < LENGTH_BYTES || get_length(tail->at) != 0;

	if (has_whole_notice(tail))
		return err_set(err, RC_MALFORMED, "notice %zu at offset %llu: its length was altered",
			log->count + 1, (unsigned long long)log->size);
	for (size_t i = 0; i < tail->len && !is_begun; i++)
		if (tail->at[i] != 0)
			return err_set(err, RC_MALFORMED, "notice %zu at offset %llu has no length",
				log->count + 1, (unsigned long long)log->size);
	return RC_OK;
}

static enum rc cut_tail(struct notice_log *log, const struct blob *tail, size_t *out_cut, struct err *err)
{
	TRY(check_tail(log, tail, err));
	*out_cut = tail->len;
	if (tail->len == 0)
		return RC_OK;
	if (ftruncate(log->fd, (off_t)log->size) != 0 || fsync(log->fd) != 0)
		return err_errno(err, "cutting off what a crash left half-written");
	return RC_OK;
}

enum rc notice_log_scan(struct span file, const struct roster *roster, notice_log_each *each, void *ctx,
	size_t *out_cut, struct err *err)
{
	DROP(notice_log_close) struct notice_log *log = calloc(1, sizeof *log);
	DROP(blob_release) struct blob buffer = {0};

	if (log == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	log->fd = -1;
	TRY(blob_append(&buffer, file));
	TRY(take_buffer(log, &buffer, roster, each, ctx, err));
	TRY(check_tail(log, &buffer, err));
	*out_cut = buffer.len;
	return RC_OK;
}

static enum rc read_file(struct notice_log *log, const struct roster *roster, notice_log_each *each,
	void *ctx, size_t *out_cut, struct err *err)
{
	DROP(blob_release) struct blob buffer = {0};

	for (;;) {
		ssize_t n;

		if (blob_reserve(&buffer, READ_BYTES) != RC_OK)
			return err_set(err, RC_NOMEM, "out of memory");
		n = read(log->fd, buffer.at + buffer.len, READ_BYTES);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, "reading");
		if (n == 0)
			break;
		buffer.len += (size_t)n;
		TRY(take_buffer(log, &buffer, roster, each, ctx, err));
	}
	log->end = log->flushed;
	return cut_tail(log, &buffer, out_cut, err);
}

enum rc notice_log_open(const char *path, const struct roster *roster, notice_log_each *each, void *ctx,
	struct notice_log **out, size_t *out_cut, struct err *err)
{
	DROP(notice_log_close) struct notice_log *log = calloc(1, sizeof *log);
	struct stat st;
	enum rc rc;

	if (log == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	log->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (log->fd < 0)
		return err_errno(err, "%s", path);
	if (fstat(log->fd, &st) != 0 || !S_ISREG(st.st_mode) || (st.st_mode & 022) != 0)
		return err_set(
			err, RC_DENIED, "%s: must be a regular file that only its owner may write", path);
	if (fcntl(log->fd, F_OFD_SETLK, &(struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET}) != 0)
		return err_set(err, RC_EXISTS, "%s: another process writes this log", path);
	rc = read_file(log, roster, each, ctx, out_cut, err);
	if (rc != RC_OK)
		return err_wrap(err, rc, "%s: ", path);
	*out = TAKE(log);
	return RC_OK;
}

/* ---- appending ---- */

enum rc notice_log_append(struct notice_log *log, struct span signed_notice, struct err *err)
{
	struct notice_view view = {0};
	struct notice_place end = log->end;
	uint8_t length[LENGTH_BYTES];
	enum rc rc;

	if (signed_notice.len > NOTICE_MAX_BYTES)
		return err_set(err, RC_LIMIT, "notice: %zu bytes are too many", signed_notice.len);
	TRY(signed_open(signed_notice, MSG_TYPE_notice, &view.signed_msg, err));
	rc = notice_follow(&end, &view, signed_notice, err);
	if (rc != RC_OK)
		return rc;
	for (size_t i = 0; i < LENGTH_BYTES; i++)
		length[i] = (uint8_t)(signed_notice.len >> (24 - 8 * i));
	if (blob_reserve(&log->batch, LENGTH_BYTES + signed_notice.len) != RC_OK ||
		grow_ends(log, log->batch_count + 1) != RC_OK)
		return err_set(err, RC_NOMEM, "notice: out of memory");
	TRY(blob_append(&log->batch, SPAN(length)));
	TRY(blob_append(&log->batch, signed_notice));
	log->batch_count++;
	log->ends[log->count + log->batch_count - 1] = log->size + log->batch.len;
	log->end = end;
	return RC_OK;
}

/* What a failed write left would stand between the notices that follow and those before it. */
static enum rc cut_debris(struct notice_log *log, struct err *err)
{
	if (log->has_debris && ftruncate(log->fd, (off_t)log->size) != 0)
		return err_errno(err, "the notice log cannot be cut back");
	log->has_debris = false;
	return RC_OK;
}

static enum rc write_batch(struct notice_log *log, struct err *err)
{
	struct span left = blob_span(&log->batch);

	TRY(cut_debris(log, err));
	log->has_debris = true;
	while (left.len != 0) {
		ssize_t n = write(log->fd, left.at, left.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, "the notice log cannot be written");
		left.at += n;
		left.len -= (size_t)n;
	}
	if (fdatasync(log->fd) != 0)
		return err_errno(err, "the notice log cannot be made durable");
	log->has_debris = false;
	return RC_OK;
}

enum rc notice_log_flush(struct notice_log *log, struct err *err)
{
	enum rc rc = RC_OK;

	if (log->batch_count != 0)
		rc = write_batch(log, err);
	if (rc == RC_OK) {
		log->size += log->batch.len;
		log->count += log->batch_count;
		log->flushed = log->end;
	} else {
		struct err cut = {0};

		log->end = log->flushed;
		/* If even this fails, nothing is written until it succeeds. */
		if (cut_debris(log, &cut) != RC_OK)
			err_wrap(err, rc, "%s: ", cut.text);
	}
	blob_clear(&log->batch);
	log->batch_count = 0;
	return rc;
}

enum rc notice_log_read(const struct notice_log *log, uint64_t seq, struct blob *out, struct err *err)
{
	uint64_t begin;
	size_t length;

	if (seq == 0 || seq > log->count)
		return err_set(err, RC_NOT_FOUND, "no notice has the number %llu", (unsigned long long)seq);
	begin = seq == 1 ? 0 : log->ends[seq - 2];
	length = (size_t)(log->ends[seq - 1] - begin - LENGTH_BYTES);
	blob_clear(out);
	TRY(blob_resize(out, length));
	if (pread(log->fd, out->at, length, (off_t)(begin + LENGTH_BYTES)) != (ssize_t)length)
		return err_set(
			err, RC_IO, "notice %llu cannot be read from the log", (unsigned long long)seq);
	return RC_OK;
}
