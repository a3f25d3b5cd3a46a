/*
 * Reads a TPM structure (big-endian) from front to back. Each read either yields exactly
 * what it promises and moves on, or returns RC_MALFORMED because too little is left. Spans that it yields
 * borrow from the input.
 */
#ifndef LIMEBUS_EVIDENCE_CURSOR_H
#define LIMEBUS_EVIDENCE_CURSOR_H

#include "lib/base/rc.h"
#include "lib/base/span.h"

struct cursor {
	struct span left;
};

static inline struct cursor cursor_at(struct span in)
{
	return (struct cursor){in};
}

MUST_USE static inline enum rc cursor_bytes(struct cursor *cursor, size_t need, struct span *out)
{
	if (need > cursor->left.len)
		return RC_MALFORMED;
	*out = span_of(cursor->left.at, need);
	if (need > 0) {
		cursor->left.at += need;
		cursor->left.len -= need;
	}
	return RC_OK;
}

/* An unsigned integer of 1 to 8 bytes. */
MUST_USE static inline enum rc cursor_uint(struct cursor *cursor, size_t bytes, uint64_t *out)
{
	struct span raw = {0};
	uint64_t value = 0;

	if (bytes > sizeof value || cursor_bytes(cursor, bytes, &raw) != RC_OK)
		return RC_MALFORMED;
	for (size_t i = 0; i < bytes; i++)
		value = value << 8 | raw.at[i];
	*out = value;
	return RC_OK;
}

MUST_USE static inline enum rc cursor_u8(struct cursor *cursor, uint8_t *out)
{
	uint64_t value = 0;

	if (cursor_uint(cursor, sizeof *out, &value) != RC_OK)
		return RC_MALFORMED;
	*out = (uint8_t)value;
	return RC_OK;
}

MUST_USE static inline enum rc cursor_u16(struct cursor *cursor, uint16_t *out)
{
	uint64_t value = 0;

	if (cursor_uint(cursor, sizeof *out, &value) != RC_OK)
		return RC_MALFORMED;
	*out = (uint16_t)value;
	return RC_OK;
}

MUST_USE static inline enum rc cursor_u32(struct cursor *cursor, uint32_t *out)
{
	uint64_t value = 0;

	if (cursor_uint(cursor, sizeof *out, &value) != RC_OK)
		return RC_MALFORMED;
	*out = (uint32_t)value;
	return RC_OK;
}

MUST_USE static inline enum rc cursor_u64(struct cursor *cursor, uint64_t *out)
{
	return cursor_uint(cursor, sizeof *out, out);
}

/* A TPM2B: two bytes of length, then that many bytes. RC_MALFORMED if it is longer than max. */
MUST_USE static inline enum rc cursor_tpm2b(struct cursor *cursor, size_t max, struct span *out)
{
	uint16_t len = 0;

	if (cursor_u16(cursor, &len) != RC_OK || len > max)
		return RC_MALFORMED;
	return cursor_bytes(cursor, len, out);
}

/* Nothing may follow what was read. */
MUST_USE static inline enum rc cursor_end(const struct cursor *cursor)
{
	return cursor->left.len == 0 ? RC_OK : RC_MALFORMED;
}

#endif
