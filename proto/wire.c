#include "proto/wire.h"

#include "lib/base/drop.h"

static uint64_t big_endian(const uint8_t *at, size_t len)
{
	uint64_t value = 0;

	for (size_t i = 0; i < len; i++)
		value = value << 8 | at[i];
	return value;
}

/* The forms whose first byte is followed by `size` bytes of a number (msgpack specification, "Formats"). */
struct form {
	uint8_t byte;
	uint8_t kind;
	uint8_t size;
};

static const struct form forms[] = {
	{0xc4, WIRE_BIN, 1},
	{0xc5, WIRE_BIN, 2},
	{0xc6, WIRE_BIN, 4},
	{0xcc, WIRE_UINT, 1},
	{0xcd, WIRE_UINT, 2},
	{0xce, WIRE_UINT, 4},
	{0xcf, WIRE_UINT, 8},
	{0xd0, WIRE_NINT, 1},
	{0xd1, WIRE_NINT, 2},
	{0xd2, WIRE_NINT, 4},
	{0xd3, WIRE_NINT, 8},
	{0xd9, WIRE_STR, 1},
	{0xda, WIRE_STR, 2},
	{0xdb, WIRE_STR, 4},
	{0xdc, WIRE_ARRAY, 2},
	{0xdd, WIRE_ARRAY, 4},
	{0xde, WIRE_MAP, 2},
	{0xdf, WIRE_MAP, 4},
};

static enum rc read_long_form(uint8_t byte, struct span *rest, struct wire_item *item)
{
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		if (forms[i].byte != byte)
			continue;
		if (forms[i].size > rest->len)
			return RC_MALFORMED;
		item->kind = (enum wire_kind)forms[i].kind;
		item->number = big_endian(rest->at, forms[i].size);
		rest->at += forms[i].size;
		rest->len -= forms[i].size;
		return RC_OK;
	}
	/* 0xc1 is reserved; 0xc7-0xcb, 0xd4-0xd8 are extensions and floats, which no message has. */
	return RC_MALFORMED;
}

static enum rc read_header(uint8_t byte, struct span *rest, struct wire_item *item)
{
	if (byte <= 0x7f)
		*item = (struct wire_item){.kind = WIRE_UINT, .number = byte};
	else if (byte <= 0x8f)
		*item = (struct wire_item){.kind = WIRE_MAP, .number = byte & 0x0f};
	else if (byte <= 0x9f)
		*item = (struct wire_item){.kind = WIRE_ARRAY, .number = byte & 0x0f};
	else if (byte <= 0xbf)
		*item = (struct wire_item){.kind = WIRE_STR, .number = byte & 0x1f};
	else if (byte == 0xc0)
		*item = (struct wire_item){.kind = WIRE_NIL};
	else if (byte == 0xc2 || byte == 0xc3)
		*item = (struct wire_item){.kind = WIRE_BOOL, .number = byte & 1};
	else if (byte >= 0xe0)
		*item = (struct wire_item){.kind = WIRE_NINT};
	else
		return read_long_form(byte, rest, item);
	return RC_OK;
}

/* A signed form may carry a value that is not negative: then it is as good as an unsigned one. */
static void settle_sign(uint8_t byte, struct wire_item *item)
{
	size_t bits = byte == 0xd0 ? 8 : byte == 0xd1 ? 16 : byte == 0xd2 ? 32 : 64;

	if (item->kind != WIRE_NINT || byte >= 0xe0)
		return;
	if ((item->number >> (bits - 1) & 1) == 0)
		item->kind = WIRE_UINT;
	else
		item->number = 0;
}

enum rc wire_next(struct span *in, struct wire_item *out)
{
	struct wire_item item = {0};
	struct span rest;
	uint8_t byte;

	if (in->len == 0)
		return RC_MALFORMED;
	byte = in->at[0];
	rest = span_of(in->at + 1, in->len - 1);
	TRY(read_header(byte, &rest, &item));
	settle_sign(byte, &item);

	if (item.kind == WIRE_BIN || item.kind == WIRE_STR) {
		if (item.number > rest.len)
			return RC_MALFORMED;
		item.bytes = span_of(rest.at, (size_t)item.number);
		rest.at += item.bytes.len;
		rest.len -= item.bytes.len;
	} else if (item.kind == WIRE_ARRAY && item.number > rest.len) {
		return RC_MALFORMED;
	} else if (item.kind == WIRE_MAP && item.number > rest.len / 2) {
		return RC_MALFORMED;
	}
	*in = rest;
	*out = item;
	return RC_OK;
}

enum rc wire_skip(struct span *in)
{
	uint64_t left[WIRE_DEPTH_MAX + 1] = {1};
	struct span rest = *in;
	size_t items = 0;
	size_t depth = 0;

	for (;;) {
		struct wire_item item;

		while (left[depth] == 0) {
			if (depth == 0) {
				*in = rest;
				return RC_OK;
			}
			depth--;
		}
		left[depth]--;
		if (++items > WIRE_ITEMS_MAX)
			return RC_LIMIT;
		TRY(wire_next(&rest, &item));
		if (item.kind != WIRE_ARRAY && item.kind != WIRE_MAP)
			continue;
		if (depth == WIRE_DEPTH_MAX)
			return RC_LIMIT;
		/* A count is at most what is left of the input: doubling it cannot overflow. */
		left[++depth] = item.kind == WIRE_MAP ? item.number * 2 : item.number;
	}
}

/* Bytes that follow a lead byte, and the least code point that may be written so (RFC 3629). */
static int continuation_of(uint8_t lead, uint32_t *least, uint32_t *point)
{
	if ((lead & 0xe0) == 0xc0) {
		*least = 0x80;
		*point = lead & 0x1f;
		return 1;
	}
	if ((lead & 0xf0) == 0xe0) {
		*least = 0x800;
		*point = lead & 0x0f;
		return 2;
	}
	if ((lead & 0xf8) == 0xf0) {
		*least = 0x10000;
		*point = lead & 0x07;
		return 3;
	}
	return -1;
}

/* C1 controls, line and paragraph separators, and what turns the direction of text about (CVE-2021-42574): a
 * name that a peer chose must not draw over what stands beside it. */
static bool is_control(uint32_t point)
{
	return (point >= 0x80 && point < 0xa0) || (point >= 0x2028 && point <= 0x202e) ||
	       (point >= 0x2066 && point <= 0x2069);
}

bool wire_is_text(struct span bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		uint32_t least = 0;
		uint32_t point = bytes.at[i];
		int more;

		if (point < 0x80) {
			if (point < 0x20 || point == 0x7f)
				return false;
			continue;
		}
		more = continuation_of(bytes.at[i], &least, &point);
		if (more < 0 || (size_t)more > bytes.len - i - 1)
			return false;
		for (; more > 0; more--) {
			i++;
			if ((bytes.at[i] & 0xc0) != 0x80)
				return false;
			point = point << 6 | (bytes.at[i] & 0x3f);
		}
		if (point < least || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
			return false;
		if (is_control(point))
			return false;
	}
	return true;
}
