#include "services/agent/payload.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "lib/base/hex.h"
#include "lib/crypto/aead.h"
#include "lib/trust/payload.h"
#include "services/agent/paths.h"
#include "services/agent/tree.h"
#include "services/agent/unpack.h"

#define NAME_BYTES   64
#define MARKER       "opened"
#define ENVELOPE_MAX (16u << 10)
#define DEFAULT_FILE "payload"
#define SYNC_CHUNKS  16 /* so that the last fsync has little left to do */

struct payload_opening {
	struct secret32 kb;
	uint8_t node[NODE_ID_BYTES];
	char file[256];
	int from;   /* ciphertext */
	int folder; /* <number>.new */
	int to;     /* the single file; -1: an archive */
	uint64_t index;
	struct blob sealed;
	struct blob plain;
	struct unpack *unpack;
};

static char *number_name(const char *prefix, uint64_t number, const char *suffix, char out[static NAME_BYTES])
{
	snprintf(out, NAME_BYTES, "%s%llu%s", prefix, (unsigned long long)number, suffix);
	return out;
}

static enum rc state_path(const struct payload *payload, const char *prefix, const char *suffix,
	char out[static PATH_BYTES], struct err *err)
{
	char name[NAME_BYTES];

	return path_in(payload->state, number_name(prefix, payload->number, suffix, name), out, err);
}

/* ---- the folder ---- */

static enum rc check_folder(int fd, const char *path, struct err *err)
{
	struct statfs fs;
	struct stat st;

	if (fstatfs(fd, &fs) != 0 || fstat(fd, &st) != 0)
		return err_errno(err, "payload folder %s", path);
	if (fs.f_type != TMPFS_MAGIC)
		return err_set(err, RC_DENIED,
			"payload folder %s: is not on a tmpfs, so plaintext would reach a disk; mount one there",
			path);
	if (st.st_uid != geteuid() || (st.st_mode & 077) != 0)
		return err_set(err, RC_DENIED,
			"payload folder %s: expected uid %u and mode 0700, found uid %u and mode %04o", path,
			geteuid(), st.st_uid, st.st_mode & 07777);
	return RC_OK;
}

/* The marker is written last and removed first: what it names is whole. */
static uint64_t read_marker(int tmpfs)
{
	char text[NAME_BYTES + HEX_BYTES(HASH_BYTES)] = {0};
	int fd = openat(tmpfs, MARKER, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char name[NAME_BYTES];
	uint64_t number;
	struct stat st;

	if (fd < 0)
		return 0;
	if (read(fd, text, sizeof text - 1) < 0)
		text[0] = '\0';
	close(fd);
	number = strtoull(text, NULL, 10);
	if (number == 0 || fstatat(tmpfs, number_name("", number, "", name), &st, AT_SYMLINK_NOFOLLOW) != 0 ||
		!S_ISDIR(st.st_mode))
		return 0;
	return number;
}

enum rc payload_open_folder(
	const char *state, const char *folder, uint64_t size_max, struct payload *out, struct err *err)
{
	DROP(payload_release)
	struct payload payload = {.state = state, .folder = folder, .size_max = size_max, .part = -1};
	char keep[NAME_BYTES];

	payload.tmpfs = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (payload.tmpfs < 0) {
		payload.tmpfs = 0;
		return err_errno(err, "payload folder %s", folder);
	}
	TRY(check_folder(payload.tmpfs, folder, err));
	payload.opened = read_marker(payload.tmpfs);
	if (payload.opened == 0)
		tree_empty(payload.tmpfs, NULL, 0);
	else {
		const char *const keeps[] = {number_name("", payload.opened, "", keep), MARKER, "current"};

		tree_empty(payload.tmpfs, keeps, COUNT(keeps));
	}
	*out = TAKE(payload);
	return RC_OK;
}

static void end_opening(struct payload *payload)
{
	struct payload_opening *o = payload->opening;

	if (o == NULL)
		return;
	unpack_close(&o->unpack);
	if (o->from >= 0)
		close(o->from);
	if (o->to >= 0)
		close(o->to);
	if (o->folder >= 0)
		close(o->folder);
	blob_release(&o->sealed);
	blob_release(&o->plain);
	wipe(o, sizeof *o);
	free(o);
	payload->opening = NULL;
}

static void end_part(struct payload *payload)
{
	if (payload->part >= 0)
		close(payload->part);
	payload->part = -1;
	digest_stop(&payload->run);
}

void payload_release(struct payload *payload)
{
	if (payload->tmpfs <= 0)
		return;
	end_opening(payload);
	end_part(payload);
	close(payload->tmpfs);
	*payload = (struct payload){.part = -1};
}

/* ---- ciphertext ---- */

/* Does the whole ciphertext lie there? Reads it all: about a tenth of a second for the largest. */
static bool is_there(const struct payload *payload)
{
	DROP(digest_stop) struct digest_run *run = NULL;
	DROP(blob_release) struct blob buffer = {0};
	char path[PATH_BYTES];
	uint8_t hash[HASH_BYTES];
	uint64_t total = 0;
	ssize_t n = 0;
	int fd;

	if (state_path(payload, "payload.", "", path, NULL) != RC_OK ||
		digest_start(DIGEST_SHA256, &run) != RC_OK || blob_resize(&buffer, CHUNK_MAX) != RC_OK)
		return false;
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return false;
	while (total <= payload->size && (n = read(fd, buffer.at, buffer.len)) > 0) {
		total += (uint64_t)n;
		if (digest_add(run, span_of(buffer.at, (size_t)n)) != RC_OK)
			break;
	}
	close(fd);
	return n == 0 && total == payload->size && digest_finish(run, hash) == RC_OK &&
	       memcmp(hash, payload->hash, sizeof hash) == 0;
}

static void remove_part(struct payload *payload)
{
	char path[PATH_BYTES];

	end_part(payload);
	if (state_path(payload, "payload.", ".part", path, NULL) == RC_OK)
		unlink(path);
}

static enum rc begin_part(struct payload *payload, struct err *err)
{
	char path[PATH_BYTES];

	TRY(state_path(payload, "payload.", ".part", path, err));
	payload->part = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (payload->part < 0)
		return err_errno(err, "%s", path);
	payload->received = 0;
	payload->next_index = 0;
	return digest_start(DIGEST_SHA256, &payload->run);
}

enum rc payload_expect(
	struct payload *payload, uint64_t number, uint64_t size, struct span hash, struct err *err)
{
	if (size > payload->size_max || size <= AEAD_TAG_BYTES)
		return err_set(err, RC_LIMIT, "payload: %llu bytes, this node takes at most %llu",
			(unsigned long long)size, (unsigned long long)payload->size_max);
	if (payload->opening != NULL)
		return err_set(err, RC_EXISTS, "payload: another one is being opened");
	if (payload->number != 0)
		remove_part(payload);
	payload->number = number;
	payload->size = size;
	memcpy(payload->hash, hash.at, HASH_BYTES);
	payload->is_complete = is_there(payload);
	return payload->is_complete ? RC_OK : begin_part(payload, err);
}

static enum rc write_all(int fd, struct span bytes, struct err *err)
{
	while (bytes.len > 0) {
		ssize_t n = write(fd, bytes.at, bytes.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_errno(err, "payload: writing");
		bytes = span_of(bytes.at + n, bytes.len - (size_t)n);
	}
	return RC_OK;
}

static enum rc finish_part(struct payload *payload, struct err *err)
{
	char part[PATH_BYTES];
	char whole[PATH_BYTES];
	uint8_t hash[HASH_BYTES];
	int folder;

	TRY(state_path(payload, "payload.", ".part", part, err));
	TRY(state_path(payload, "payload.", "", whole, err));
	TRY(digest_finish(payload->run, hash));
	if (memcmp(hash, payload->hash, sizeof hash) != 0)
		return err_set(err, RC_DENIED, "payload: not the hash that the operator signed");
	if (fsync(payload->part) != 0 || rename(part, whole) != 0)
		return err_errno(err, "%s", whole);
	end_part(payload);
	folder = open(payload->state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0 || fsync(folder) != 0) {
		if (folder >= 0)
			close(folder);
		return err_errno(err, "%s", payload->state);
	}
	close(folder);
	payload->is_complete = true;
	return RC_OK;
}

static enum rc take_next(struct payload *payload, struct span bytes, struct err *err)
{
	uint64_t left = payload->size - payload->received;

	if (bytes.len != (left < CHUNK_MAX ? left : CHUNK_MAX))
		return err_set(err, RC_DENIED, "payload: chunk %llu has %zu bytes, expected %llu",
			(unsigned long long)payload->next_index, bytes.len,
			(unsigned long long)(left < CHUNK_MAX ? left : CHUNK_MAX));
	TRY(write_all(payload->part, bytes, err));
	TRY(digest_add(payload->run, bytes));
	payload->received += bytes.len;
	payload->next_index++;
	if (payload->received == payload->size)
		return finish_part(payload, err);
	if (payload->next_index % SYNC_CHUNKS == 0 && fdatasync(payload->part) != 0)
		return err_errno(err, "payload: writing");
	return RC_OK;
}

enum rc payload_take(
	struct payload *payload, uint64_t number, uint64_t index, struct span bytes, struct err *err)
{
	enum rc rc;

	if (number != payload->number || number == 0)
		return err_set(err, RC_STALE, "payload: chunk of %llu, but %llu is expected",
			(unsigned long long)number, (unsigned long long)payload->number);
	if (payload->is_complete || index < payload->next_index)
		return RC_OK;
	if (index > payload->next_index || payload->part < 0)
		return err_set(err, RC_DENIED, "payload: chunk %llu, but %llu is next",
			(unsigned long long)index, (unsigned long long)payload->next_index);
	rc = take_next(payload, bytes, err);
	if (rc == RC_OK)
		return RC_OK;
	/* From the beginning again: the same operator, the same envelope. */
	remove_part(payload);
	if (begin_part(payload, NULL) != RC_OK)
		payload->part = -1;
	return rc;
}

enum rc payload_keep_envelope(
	const struct payload *payload, uint64_t number, struct span envelope, struct err *err)
{
	char path[PATH_BYTES];
	char name[NAME_BYTES];

	TRY(path_in(payload->state, number_name("share_u.", number, "", name), path, err));
	return file_replace(path, envelope, 0600, err);
}

enum rc payload_kept_envelope(
	const struct payload *payload, uint64_t number, struct blob *out, struct err *err)
{
	char path[PATH_BYTES];
	char name[NAME_BYTES];

	TRY(path_in(payload->state, number_name("share_u.", number, "", name), path, err));
	return file_read_secret(path, ENVELOPE_MAX, out, err);
}

void payload_forget_others(struct payload *payload, uint64_t number, uint64_t other)
{
	DIR *dir = opendir(payload->state);
	char keeps[4][NAME_BYTES];
	const char *const names[] = {keeps[0], keeps[1], keeps[2], keeps[3]};
	struct dirent *entry;

	if (dir == NULL)
		return;
	number_name("payload.", number, "", keeps[0]);
	number_name("share_u.", number, "", keeps[1]);
	number_name("payload.", other, "", keeps[2]);
	number_name("share_u.", other, "", keeps[3]);
	while ((entry = readdir(dir)) != NULL) {
		bool is_kept = strncmp(entry->d_name, "payload.", 8) != 0 &&
		               strncmp(entry->d_name, "share_u.", 8) != 0;

		for (size_t i = 0; i < COUNT(names); i++)
			is_kept = is_kept || strcmp(entry->d_name, names[i]) == 0;
		if (!is_kept)
			unlinkat(dirfd(dir), entry->d_name, 0);
	}
	closedir(dir);
}

/* ---- plaintext ---- */

/* The next chunk, opened. Empty at the end. */
static enum rc next_plain(void *ctx, struct span *out, struct err *err)
{
	struct payload *payload = ctx;
	struct payload_opening *o = payload->opening;
	uint64_t chunks = payload_chunks(payload->size);
	uint64_t at = o->index * CHUNK_MAX;
	size_t len;

	*out = (struct span){0};
	if (o->index == chunks)
		return RC_OK;
	len = payload->size - at < CHUNK_MAX ? (size_t)(payload->size - at) : CHUNK_MAX;
	TRY(blob_resize(&o->sealed, len));
	if (pread(o->from, o->sealed.at, len, (off_t)at) != (ssize_t)len)
		return err_set(err, RC_IO, "payload: its ciphertext cannot be read");
	TRY(payload_open(&o->kb, (struct share_for){o->node, payload->number},
		(struct payload_place){o->index, o->index + 1 == chunks}, blob_span(&o->sealed), &o->plain,
		err));
	o->index++;
	*out = blob_span(&o->plain);
	return RC_OK;
}

static enum rc make_new_folder(struct payload *payload, struct payload_opening *o, struct err *err)
{
	char name[NAME_BYTES];

	number_name("", payload->number, ".new", name);
	tree_remove(payload->tmpfs, name);
	if (mkdirat(payload->tmpfs, name, 0700) != 0)
		return err_errno(err, "payload folder %s", payload->folder);
	o->folder = openat(payload->tmpfs, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return o->folder < 0 ? err_errno(err, "payload folder %s", payload->folder) : RC_OK;
}

static enum rc open_inside(struct payload *payload, bool unpack, struct err *err)
{
	struct payload_opening *o = payload->opening;
	char path[PATH_BYTES];

	TRY(state_path(payload, "payload.", "", path, err));
	o->from = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (o->from < 0)
		return err_errno(err, "%s", path);
	TRY(make_new_folder(payload, o, err));
	if (unpack)
		return unpack_open(&(struct unpack_options){.folder = o->folder,
					   .bytes_max = payload->size_max,
					   .next = next_plain,
					   .ctx = payload},
			&o->unpack, err);
	o->to = openat(o->folder, o->file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return o->to < 0 ? err_errno(err, "payload file %s", o->file) : RC_OK;
}

static void give_up(struct payload *payload)
{
	char name[NAME_BYTES];

	end_opening(payload);
	tree_remove(payload->tmpfs, number_name("", payload->number, ".new", name));
}

enum rc payload_begin_open(
	struct payload *payload, const struct secret32 *kb, const struct payload_how *how, struct err *err)
{
	struct span file = how->file.len == 0 ? span_text(DEFAULT_FILE) : how->file;
	struct payload_opening *o;
	enum rc rc;

	if (!payload->is_complete || payload->opening != NULL)
		return err_set(err, RC_NOT_FOUND, "payload: not complete");
	if (!path_is_plain(file))
		return err_set(err, RC_DENIED, "payload: \"%.*s\" is no file name", SPAN_FMT(file));
	o = calloc(1, sizeof *o);
	if (o == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	o->from = o->folder = o->to = -1;
	o->kb = *kb;
	memcpy(o->node, how->node, NODE_ID_BYTES);
	memcpy(o->file, file.at, file.len);
	payload->opening = o;
	rc = open_inside(payload, how->unpack, err);
	if (rc != RC_OK)
		give_up(payload);
	return rc;
}

static enum rc write_marker(struct payload *payload, struct err *err)
{
	char text[NAME_BYTES + HEX_BYTES(HASH_BYTES)];
	char hash[HEX_BYTES(HASH_BYTES)];
	int fd;
	enum rc rc;

	snprintf(text, sizeof text, "%llu %s\n", (unsigned long long)payload->number,
		hex_encode(SPAN(payload->hash), hash));
	unlinkat(payload->tmpfs, MARKER ".new", 0);
	fd = openat(
		payload->tmpfs, MARKER ".new", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(err, "payload folder %s", payload->folder);
	rc = write_all(fd, span_text(text), err);
	close(fd);
	if (rc == RC_OK && renameat(payload->tmpfs, MARKER ".new", payload->tmpfs, MARKER) != 0)
		return err_errno(err, "payload folder %s", payload->folder);
	return rc;
}

static enum rc finish(struct payload *payload, struct err *err)
{
	char from[NAME_BYTES];
	char to[NAME_BYTES];
	const char *const keeps[] = {to, MARKER, "current"};

	number_name("", payload->number, ".new", from);
	number_name("", payload->number, "", to);
	end_opening(payload);
	tree_remove(payload->tmpfs, to);
	unlinkat(payload->tmpfs, "current.new", 0);
	if (renameat(payload->tmpfs, from, payload->tmpfs, to) != 0 ||
		symlinkat(to, payload->tmpfs, "current.new") != 0 ||
		renameat(payload->tmpfs, "current.new", payload->tmpfs, "current") != 0)
		return err_errno(err, "payload folder %s", payload->folder);
	TRY(write_marker(payload, err));
	payload->opened = payload->number;
	tree_empty(payload->tmpfs, keeps, COUNT(keeps));
	return RC_OK;
}

static enum rc step(struct payload *payload, bool *out_done, struct err *err)
{
	struct payload_opening *o = payload->opening;
	struct span plain;

	if (o->unpack != NULL) {
		TRY(unpack_step(o->unpack, out_done, err));
		/* What lies behind the archive is part of what was signed, too. */
		while (*out_done && o->index < payload_chunks(payload->size))
			TRY(next_plain(payload, &plain, err));
	} else {
		TRY(next_plain(payload, &plain, err));
		TRY(write_all(o->to, plain, err));
		*out_done = o->index == payload_chunks(payload->size);
	}
	return *out_done ? finish(payload, err) : RC_OK;
}

enum rc payload_step(struct payload *payload, bool *out_done, struct err *err)
{
	enum rc rc;

	*out_done = false;
	if (payload->opening == NULL)
		return err_set(err, RC_NOT_FOUND, "payload: none is being opened");
	rc = step(payload, out_done, err);
	if (rc != RC_OK)
		give_up(payload);
	return rc;
}

void payload_wipe(struct payload *payload)
{
	end_opening(payload);
	unlinkat(payload->tmpfs, MARKER, 0);
	payload->opened = 0;
	tree_empty(payload->tmpfs, NULL, 0);
}
