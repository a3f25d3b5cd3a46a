/* Little-endian integers, as UEFI writes them. Internal to lib/evidence. */
#ifndef LIMEBUS_EVIDENCE_CURSOR_LE_H
#define LIMEBUS_EVIDENCE_CURSOR_LE_H

#include "lib/base/drop.h"
#include "lib/evidence/cursor.h"

/* An unsigned integer of 1 to 8 bytes. */
MUST_USE static inline enum rc cursor_le(struct cursor *cursor, size_t bytes, uint64_t *out)
{
	struct span raw = {0};
	uint64_t value = 0;

	if (bytes > sizeof value || cursor_bytes(cursor, bytes, &raw) != RC_OK)
		return RC_MALFORMED;
	for (size_t i = bytes; i > 0; i--)
		value = value << 8 | raw.at[i - 1];
	*out = value;
	return RC_OK;
}

MUST_USE static inline enum rc cursor_le16(struct cursor *cursor, uint16_t *out)
{
	uint64_t value = 0;

	if (cursor_le(cursor, sizeof *out, &value) != RC_OK)
		return RC_MALFORMED;
	*out = (uint16_t)value;
	return RC_OK;
}

MUST_USE static inline enum rc cursor_le32(struct cursor *cursor, uint32_t *out)
{
	uint64_t value = 0;

	if (cursor_le(cursor, sizeof *out, &value) != RC_OK)
		return RC_MALFORMED;
	*out = (uint32_t)value;
	return RC_OK;
}

MUST_USE static inline enum rc cursor_le64(struct cursor *cursor, uint64_t *out)
{
	return cursor_le(cursor, sizeof *out, out);
}

/* As many bytes as a 64-bit length says; compared before it becomes a size_t. */
MUST_USE static inline enum rc cursor_bytes64(struct cursor *cursor, uint64_t need, struct span *out)
{
	if (need > cursor->left.len)
		return RC_MALFORMED;
	return cursor_bytes(cursor, (size_t)need, out);
}

#endif
