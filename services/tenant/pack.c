#include "services/tenant/pack.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK_BYTES 512

/* POSIX.1-1988, ustar header. */
struct header {
	char name[100];
	char mode[8];
	char uid[8];
	char gid[8];
	char size[12];
	char mtime[12];
	char checksum[8];
	char type;
	char linked[100];
	char magic[6];
	char version[2];
	char user[32];
	char group[32];
	char major[8];
	char minor[8];
	char prefix[155];
	char padding[12];
};
_Static_assert(sizeof(struct header) == BLOCK_BYTES, "ustar header");

struct packing {
	struct blob *out;
	size_t max;
	unsigned entries;
	unsigned depth;
};

void packed_release(struct packed *packed)
{
	blob_release(&packed->bytes);
	*packed = (struct packed){0};
}

static enum rc grow(struct packing *packing, size_t more, const char *path, struct err *err)
{
	if (more > packing->max - packing->out->len)
		return err_set(err, RC_LIMIT, "%s: the payload is larger than %zu bytes", path, packing->max);
	return blob_resize(packing->out, packing->out->len + more);
}

/* The whole name if it fits, else cut at a '/' into prefix and name. */
static bool put_name(struct header *header, const char *name)
{
	size_t len = strlen(name);
	const char *cut;

	if (len <= sizeof header->name) {
		memcpy(header->name, name, len);
		return true;
	}
	for (cut = strchr(name, '/'); cut != NULL; cut = strchr(cut + 1, '/')) {
		size_t front = (size_t)(cut - name);
		size_t back = len - front - 1;

		if (front <= sizeof header->prefix && back != 0 && back <= sizeof header->name) {
			memcpy(header->prefix, name, front);
			memcpy(header->name, cut + 1, back);
			return true;
		}
	}
	return false;
}

static enum rc add_header(
	struct packing *packing, const char *name, char type, mode_t mode, uint64_t size, struct err *err)
{
	struct header header = {.type = type};
	unsigned sum = 0;
	char digits[16];

	if (++packing->entries > PACK_ENTRIES_MAX)
		return err_set(err, RC_LIMIT, "more than %u files and folders", PACK_ENTRIES_MAX);
	if (!put_name(&header, name))
		return err_set(err, RC_UNSUPPORTED, "%.120s...: the name is too long", name);
	snprintf(header.mode, sizeof header.mode, "%07o", (unsigned)mode & 0777u);
	snprintf(header.uid, sizeof header.uid, "%07o", 0u);
	snprintf(header.gid, sizeof header.gid, "%07o", 0u);
	snprintf(digits, sizeof digits, "%011llo", (unsigned long long)size);
	memcpy(header.size, digits, sizeof header.size);
	snprintf(header.mtime, sizeof header.mtime, "%011o", 0u);
	memcpy(header.magic, "ustar", 6);
	memcpy(header.version, "00", 2);
	memset(header.checksum, ' ', sizeof header.checksum);
	for (size_t i = 0; i < sizeof header; i++)
		sum += ((const uint8_t *)&header)[i];
	snprintf(header.checksum, sizeof header.checksum, "%06o", sum);
	TRY(grow(packing, 0, name, err));
	if (packing->max - packing->out->len < sizeof header)
		return err_set(err, RC_LIMIT, "%s: the payload is larger than %zu bytes", name, packing->max);
	return blob_append(packing->out, span_of(&header, sizeof header));
}

/* Exactly size bytes: a file that changes meanwhile is refused. */
static enum rc read_all(int fd, uint8_t *to, size_t size, const char *path, struct err *err)
{
	uint8_t more;

	while (size != 0) {
		ssize_t n = read(fd, to, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, "%s", path);
		if (n == 0)
			return err_set(err, RC_IO, "%s: became shorter while it was read", path);
		to += n;
		size -= (size_t)n;
	}
	if (read(fd, &more, 1) != 0)
		return err_set(err, RC_IO, "%s: became longer while it was read", path);
	return RC_OK;
}

static enum rc add_file(
	struct packing *packing, int fd, const struct stat *st, const char *name, struct err *err)
{
	size_t size = (size_t)st->st_size;
	size_t padded = (size + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
	size_t at;

	TRY(add_header(packing, name, '0', st->st_mode, size, err));
	at = packing->out->len;
	if (size > packing->max)
		return err_set(err, RC_LIMIT, "%s: the payload is larger than %zu bytes", name, packing->max);
	TRY(grow(packing, padded, name, err));
	return read_all(fd, packing->out->at + at, size, name, err);
}

static enum rc add_folder(struct packing *packing, int fd, const char *name, struct err *err);

/* `name` is the path inside the archive; fd is the folder that it lies in. */
static enum rc add_entry(
	struct packing *packing, int parent, const char *entry, const char *name, struct err *err)
{
	/* O_NONBLOCK: a pipe must not keep us here. */
	int fd = openat(parent, entry, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	enum rc rc;

	if (fd < 0 && (errno == ELOOP || errno == ENXIO))
		return err_set(err, RC_UNSUPPORTED,
			"%s: is no file or folder; links, pipes, sockets and devices are not packed", name);
	if (fd < 0)
		return err_errno(err, "%s", name);
	if (fstat(fd, &st) != 0)
		rc = err_errno(err, "%s", name);
	else if (S_ISDIR(st.st_mode))
		rc = add_folder(packing, fd, name, err);
	else if (S_ISREG(st.st_mode))
		rc = add_file(packing, fd, &st, name, err);
	else
		rc = err_set(err, RC_UNSUPPORTED,
			"%s: is no file or folder; links, pipes, sockets and devices are not packed", name);
	close(fd);
	return rc;
}

static int is_entry(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static enum rc add_entries(struct packing *packing, int fd, const char *name, struct err *err)
{
	struct dirent **entries = NULL;
	int count = scandirat(fd, ".", &entries, is_entry, alphasort);
	enum rc rc = RC_OK;

	if (count < 0)
		return err_errno(err, "%s", name);
	for (int i = 0; i < count; i++) {
		char path[512];

		if (rc == RC_OK &&
			snprintf(path, sizeof path, "%s%s", name, entries[i]->d_name) >= (int)sizeof path)
			rc = err_set(err, RC_UNSUPPORTED, "%.120s...: the name is too long", path);
		if (rc == RC_OK)
			rc = add_entry(packing, fd, entries[i]->d_name, path, err);
		free(entries[i]);
	}
	free(entries);
	return rc;
}

static enum rc add_folder(struct packing *packing, int fd, const char *name, struct err *err)
{
	char path[512];
	struct stat st;
	enum rc rc;

	if (++packing->depth > PACK_DEPTH_MAX)
		return err_set(err, RC_LIMIT, "%s: more than %u folders deep", name, PACK_DEPTH_MAX);
	if (fstat(fd, &st) != 0)
		return err_errno(err, "%s", name);
	if (snprintf(path, sizeof path, "%s/", name) >= (int)sizeof path)
		return err_set(err, RC_UNSUPPORTED, "%.120s...: the name is too long", name);
	TRY(add_header(packing, path, '5', st.st_mode, 0, err));
	rc = add_entries(packing, fd, path, err);
	packing->depth--;
	return rc;
}

static enum rc add_extras(
	struct packing *packing, int fd, const struct pack_extra *extras, size_t count, struct err *err)
{
	char folder[128] = "";

	for (size_t i = 0; i < count; i++) {
		const struct pack_extra *extra = &extras[i];
		size_t padded = (extra->bytes.len + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
		const char *slash = strchr(extra->name, '/');
		char before[128];
		size_t at;

		memcpy(before, folder, sizeof before);
		snprintf(folder, sizeof folder, "%.*s", slash == NULL ? 0 : (int)(slash - extra->name + 1),
			extra->name);
		if (folder[0] != '\0' && strcmp(folder, before) != 0) {
			if (fd >= 0 && faccessat(fd, folder, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
				return err_set(
					err, RC_EXISTS, "%s: this name is needed for what is added", folder);
			TRY(add_header(packing, folder, '5', 0700, 0, err));
		}
		TRY(add_header(packing, extra->name, '0', extra->mode, extra->bytes.len, err));
		at = packing->out->len;
		TRY(grow(packing, padded, extra->name, err));
		memcpy(packing->out->at + at, extra->bytes.at, extra->bytes.len);
	}
	return RC_OK;
}

static enum rc pack_opened(
	int fd, size_t max, const struct pack_extra *extras, size_t count, struct blob *out, struct err *err)
{
	DROP(blob_release) struct blob archive = {0};
	struct packing packing = {.out = &archive, .max = max};

	if (fd >= 0)
		TRY(add_entries(&packing, fd, "", err));
	TRY(add_extras(&packing, fd, extras, count, err));
	if (packing.entries == 0)
		return err_set(err, RC_MALFORMED, "the folder is empty");
	/* Two blocks of zeros end it. */
	TRY(grow(&packing, (size_t)2 * BLOCK_BYTES, "the archive", err));
	blob_release(out);
	*out = TAKE(archive);
	return RC_OK;
}

static enum rc pack_with(const char *path, size_t max, const struct pack_extra *extras, size_t count,
	struct blob *out, struct err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum rc rc;

	if (fd < 0)
		return err_errno(err, "%s", path);
	rc = pack_opened(fd, max, extras, count, out, err);
	close(fd);
	return rc == RC_OK ? rc : err_wrap(err, rc, "%s: ", path);
}

enum rc pack_folder(const char *path, size_t max, struct blob *out, struct err *err)
{
	return pack_with(path, max, NULL, 0, out, err);
}

static enum rc pack_file(
	const char *path, int fd, const struct stat *st, size_t max, struct packed *out, struct err *err)
{
	DROP(packed_release) struct packed packed = {0};
	const char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;

	if (!S_ISREG(st->st_mode))
		return err_set(err, RC_UNSUPPORTED, "%s: expected a file or a folder", path);
	if (st->st_size == 0)
		return err_set(err, RC_MALFORMED, "%s: is empty", path);
	if ((uint64_t)st->st_size > max)
		return err_set(err, RC_LIMIT, "%s: %llu bytes, a payload has at most %zu", path,
			(unsigned long long)st->st_size, max);
	if (strlen(name) >= sizeof packed.file)
		return err_set(err, RC_LIMIT, "%s: the name is too long", path);
	snprintf(packed.file, sizeof packed.file, "%s", name);
	TRY(blob_resize(&packed.bytes, (size_t)st->st_size));
	TRY(read_all(fd, packed.bytes.at, packed.bytes.len, path, err));
	packed_release(out);
	*out = TAKE(packed);
	return RC_OK;
}

enum rc pack(const char *path, size_t max, const struct pack_extra *extras, size_t count, struct packed *out,
	struct err *err)
{
	int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	enum rc rc;

	if (path == NULL) {
		rc = pack_opened(-1, max, extras, count, &out->bytes, err);
		out->is_archive = rc == RC_OK;
		return rc;
	}
	if (fd < 0)
		return err_errno(err, "%s", path);
	if (fstat(fd, &st) != 0) {
		rc = err_errno(err, "%s", path);
	} else if (S_ISDIR(st.st_mode)) {
		rc = pack_with(path, max, extras, count, &out->bytes, err);
		out->is_archive = rc == RC_OK;
	} else if (count != 0) {
		rc = err_set(err, RC_UNSUPPORTED, "%s: something is added to the payload: expected a folder",
			path);
	} else {
		rc = pack_file(path, fd, &st, max, out, err);
	}
	close(fd);
	return rc;
}
