#include "services/agent/logs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/evidence/ima_list.h"

#define COUNT_TEXT_BYTES 32

struct logs {
	int files[LOGS_FILE_COUNT]; /* -1: none */
	int count;
	uint64_t ends[LOGS_FILE_COUNT]; /* the furthest place where a log was seen to end */
	uint64_t most;                  /* entries, the highest count so far */
	bool was_cut;                   /* the count fell: the kernel threw entries away */
};

static const char *const names[LOGS_FILE_COUNT] = {
#define LOGS_FILE_NAME(name, wire) [LOGS_FILE_##name] = wire,
	LOGS_FILES(LOGS_FILE_NAME)
#undef LOGS_FILE_NAME
};

static enum rc open_one(const char *path, int *out, struct err *err)
{
	*out = -1;
	if (path == NULL || path[0] == '\0')
		return RC_OK;
	*out = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (*out >= 0)
		return RC_OK;
	if (errno != ENOENT && errno != ENOTDIR)
		return err_errno(err, "%s", path);
	log_event(LOG_INFO, "log.absent",
		"file=%s policies that judge this log cannot be met on this machine", path);
	return RC_OK;
}

enum rc logs_open(const char *boot, const char *ima, const char *count, struct logs **out, struct err *err)
{
	DROP(logs_close) struct logs *logs = calloc(1, sizeof *logs);

	if (logs == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	logs->files[LOGS_FILE_BOOT] = logs->files[LOGS_FILE_IMA] = logs->count = -1;
	TRY(open_one(boot, &logs->files[LOGS_FILE_BOOT], err));
	TRY(open_one(ima, &logs->files[LOGS_FILE_IMA], err));
	TRY(open_one(count, &logs->count, err));
	*out = TAKE(logs);
	return RC_OK;
}

void logs_close(struct logs **logs)
{
	if (*logs == NULL)
		return;
	for (size_t i = 0; i < LOGS_FILE_COUNT; i++)
		if ((*logs)->files[i] >= 0)
			close((*logs)->files[i]);
	if ((*logs)->count >= 0)
		close((*logs)->count);
	free(*logs);
	*logs = NULL;
}

enum rc logs_file_of(struct span name, enum logs_file *out)
{
	for (size_t i = 0; i < LOGS_FILE_COUNT; i++)
		if (span_is(name, names[i])) {
			*out = (enum logs_file)i;
			return RC_OK;
		}
	return RC_NOT_FOUND;
}

void logs_piece_release(struct logs_piece *piece)
{
	blob_release(&piece->bytes);
	*piece = (struct logs_piece){0};
}

/* The number in the count file; false if there is none. */
static bool read_count(const struct logs *logs, uint64_t *out)
{
	char text[COUNT_TEXT_BYTES];
	ssize_t len = logs->count < 0 ? -1 : pread(logs->count, text, sizeof text - 1, 0);
	char *end;

	if (len <= 0)
		return false;
	text[len] = '\0';
	errno = 0;
	*out = strtoull(text, &end, 10);
	return errno == 0 && end != text;
}

uint64_t logs_ima_count(struct logs *logs)
{
	uint64_t count = 0;

	if (!read_count(logs, &count))
		return 0;
	if (count < logs->most && !logs->was_cut) {
		logs->was_cut = true;
		log_event(LOG_WARN, "ima.cut", "had=%llu has=%llu the beginning of the IMA list is gone",
			(unsigned long long)logs->most, (unsigned long long)count);
	}
	if (count > logs->most)
		logs->most = count;
	return count;
}

/*
 * Up to `max` bytes from `from` on into the blob. The kernel continues where the last read of this descriptor
 * ended without walking over what is before; any other place costs it a walk from the start.
 */
static enum rc read_from(int fd, uint64_t from, size_t max, struct blob *out, struct err *err)
{
	size_t got = 0;

	if (from > INT64_MAX - max)
		return RC_OK;
	if (blob_resize(out, max) != RC_OK)
		return err_set(err, RC_NOMEM, "out of memory");
	while (got < max) {
		ssize_t n = pread(fd, out->at + got, max - got, (off_t)(from + got));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, "reading a log");
		if (n == 0)
			break;
		got += (size_t)n;
	}
	return blob_resize(out, got);
}

/* Nothing is at `from`: because the log ends just there, or long before it? */
static bool is_behind_end(const struct logs *logs, enum logs_file file, uint64_t from)
{
	uint8_t byte;

	return from > logs->ends[file] && pread(logs->files[file], &byte, 1, (off_t)(from - 1)) != 1;
}

/* Leave out the entry at the end that is not whole. What is no list at all is passed on: it is not ours to
 * judge. */
static enum rc cut_to_entries(struct logs_piece *piece)
{
	struct ima_list list = {.format = {.hash = DIGEST_SHA1}, .left = blob_span(&piece->bytes)};
	struct ima_entry entry;
	enum ima_step step;

	do
		step = ima_list_next(&list, &entry);
	while (step == IMA_STEP_ENTRY);
	if (step != IMA_STEP_PARTIAL || list.left.len == piece->bytes.len)
		return RC_OK;
	piece->more = true;
	return blob_resize(&piece->bytes, piece->bytes.len - list.left.len);
}

enum rc logs_read(struct logs *logs, enum logs_file file, uint64_t from, size_t max, struct logs_piece *out,
	struct err *err)
{
	DROP(logs_piece_release) struct logs_piece piece = {0};
	int fd = logs->files[file];

	if (file == LOGS_FILE_IMA)
		(void)logs_ima_count(logs);
	if (fd < 0 || (file == LOGS_FILE_IMA && logs->was_cut)) {
		out->gone = from > 0 || (file == LOGS_FILE_IMA && logs->was_cut);
		return RC_OK;
	}
	TRY(read_from(fd, from, max, &piece.bytes, err));
	if (piece.bytes.len == 0) {
		out->gone = from > INT64_MAX - max || is_behind_end(logs, file, from);
		/* Known from now on: the look before `from` costs the kernel a walk over the whole list. */
		if (!out->gone && from > logs->ends[file])
			logs->ends[file] = from;
		return RC_OK;
	}
	piece.more = piece.bytes.len == max;
	if (from + piece.bytes.len > logs->ends[file])
		logs->ends[file] = from + piece.bytes.len;
	if (file == LOGS_FILE_IMA)
		TRY(cut_to_entries(&piece));
	*out = TAKE(piece);
	return RC_OK;
}
