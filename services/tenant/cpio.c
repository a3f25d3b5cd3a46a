#include "services/tenant/cpio.h"

#include "lib/base/hex.h"

#define HEADER_BYTES 110
#define MAGIC_BYTES  6
#define TRAILER      "TRAILER!!!"

/* The fields behind the magic, eight digits each. */
enum field {
	FIELD_INO,
	FIELD_MODE,
	FIELD_UID,
	FIELD_GID,
	FIELD_NLINK,
	FIELD_MTIME,
	FIELD_FILESIZE,
	FIELD_MAJOR,
	FIELD_MINOR,
	FIELD_RMAJOR,
	FIELD_RMINOR,
	FIELD_NAMESIZE,
	FIELD_CHECK,
	FIELD_COUNT
};
_Static_assert(MAGIC_BYTES + 8 * FIELD_COUNT == HEADER_BYTES, "newc has thirteen fields");

bool cpio_begins(struct span bytes)
{
	return bytes.len >= MAGIC_BYTES &&
	       (memcmp(bytes.at, "070701", MAGIC_BYTES) == 0 || memcmp(bytes.at, "070702", MAGIC_BYTES) == 0);
}

static enum rc damaged(const struct cpio *cpio, struct err *err, const char *what)
{
	return err_set(err, RC_MALFORMED, "cpio archive, byte %zu: %s", cpio->at, what);
}

static bool fields_read(const uint8_t *at, uint32_t out[static FIELD_COUNT])
{
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		uint8_t bytes[4];

		if (hex_decode(span_of(at + 8 * i, 8), bytes, sizeof bytes) != RC_OK)
			return false;
		out[i] = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
		         bytes[3];
	}
	return true;
}

/* Names and contents are filled up to four bytes, counted from the archive's beginning. The last may lack
 * that. */
static size_t aligned(size_t at, size_t end)
{
	size_t up = at + (4 - at % 4) % 4;

	return up < end ? up : end;
}

enum rc cpio_next(struct cpio *cpio, struct cpio_entry *out, bool *out_ended, struct err *err)
{
	const uint8_t *at = cpio->bytes.at + cpio->at;
	size_t left = cpio->bytes.len - cpio->at;
	uint32_t fields[FIELD_COUNT];
	size_t name_len, name_end, content_at;

	if (!cpio_begins(span_of(at, left)) || left < HEADER_BYTES)
		return damaged(cpio, err, "expected a header of the kind newc");
	if (!fields_read(at + MAGIC_BYTES, fields))
		return damaged(cpio, err, "a field is not hexadecimal");
	name_len = fields[FIELD_NAMESIZE];
	if (name_len > CPIO_NAME_MAX)
		return err_set(
			err, RC_LIMIT, "cpio archive, byte %zu: a name of %zu bytes", cpio->at, name_len);
	if (name_len == 0 || name_len > left - HEADER_BYTES || at[HEADER_BYTES + name_len - 1] != '\0')
		return damaged(cpio, err, "a name without its end");
	name_end = cpio->at + HEADER_BYTES + name_len;
	content_at = aligned(name_end, cpio->bytes.len);
	if (fields[FIELD_FILESIZE] > cpio->bytes.len - content_at)
		return damaged(cpio, err, "a file without its end");
	*out = (struct cpio_entry){
		.name = span_of(at + HEADER_BYTES, name_len - 1),
		.content = span_of(cpio->bytes.at + content_at, fields[FIELD_FILESIZE]),
		.mode = fields[FIELD_MODE],
		.links = fields[FIELD_NLINK],
		.inode = fields[FIELD_INO],
		.major = fields[FIELD_MAJOR],
		.minor = fields[FIELD_MINOR],
	};
	if (memchr(out->name.at, '\0', out->name.len) != NULL)
		return damaged(cpio, err, "a NUL inside a name");
	cpio->at = aligned(content_at + fields[FIELD_FILESIZE], cpio->bytes.len);
	*out_ended = span_is(out->name, TRAILER);
	return RC_OK;
}
