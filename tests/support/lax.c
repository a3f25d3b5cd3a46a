#include "tests/support/sample.h"

#include <stdlib.h>

void lax_raw(struct blob *out, struct span bytes)
{
	if (blob_append(out, bytes) != RC_OK)
		abort();
}

/* `byte`, then the number in `size` bytes. */
static void header(struct blob *out, uint8_t byte, uint64_t number, size_t size)
{
	uint8_t bytes[9] = {byte};

	for (size_t i = 0; i < size; i++)
		bytes[1 + i] = (uint8_t)(number >> 8 * (size - 1 - i));
	lax_raw(out, span_of(bytes, 1 + size));
}

void lax_uint(struct blob *out, uint64_t value)
{
	if (value < 0x80)
		header(out, (uint8_t)value, 0, 0);
	else if (value <= UINT8_MAX)
		header(out, 0xcc, value, 1);
	else if (value <= UINT16_MAX)
		header(out, 0xcd, value, 2);
	else if (value <= UINT32_MAX)
		header(out, 0xce, value, 4);
	else
		header(out, 0xcf, value, 8);
}

void lax_bytes(struct blob *out, uint8_t byte, struct span bytes)
{
	unsigned form = bytes.len <= UINT8_MAX ? 0 : bytes.len <= UINT16_MAX ? 1 : 2;

	if (byte == 0xd9 && bytes.len < 32)
		header(out, (uint8_t)(0xa0 | bytes.len), 0, 0);
	else
		header(out, (uint8_t)(byte + form), bytes.len, (size_t)1 << form);
	lax_raw(out, bytes);
}

void lax_text(struct blob *out, const char *text)
{
	lax_bytes(out, 0xd9, span_text(text));
}

void lax_map(struct blob *out, size_t pairs)
{
	if (pairs < 16)
		header(out, (uint8_t)(0x80 | pairs), 0, 0);
	else
		header(out, 0xde, pairs, 2);
}

static void lax_list(struct blob *out, struct list list)
{
	if (list.count < 16)
		header(out, (uint8_t)(0x90 | list.count), 0, 0);
	else
		header(out, 0xdc, list.count, 2);
	lax_raw(out, list.raw);
}

static bool is_empty(const struct field *field, const void *structure)
{
	const void *at = field_at(field, structure);

	switch (field->kind) {
	case FIELD_u64: return *(const uint64_t *)at == 0;
	case FIELD_flag: return !*(const bool *)at;
	case FIELD_bin:
	case FIELD_str: return ((const struct span *)at)->len == 0;
	case FIELD_list: return ((const struct list *)at)->count == 0;
	}
	return true;
}

static bool leaves_out(const struct field *field, const void *structure, const struct field *without)
{
	return field == without || (!field->must && is_empty(field, structure));
}

void lax_fields(
	struct blob *out, const struct shape *shape, const void *structure, const struct field *without)
{
	for (const struct field *field = shape->fields; field < shape->fields + shape->count; field++) {
		const void *at = field_at(field, structure);

		if (leaves_out(field, structure, without))
			continue;
		lax_text(out, field->name);
		switch (field->kind) {
		case FIELD_u64: lax_uint(out, *(const uint64_t *)at); break;
		case FIELD_flag: header(out, *(const bool *)at ? 0xc3 : 0xc2, 0, 0); break;
		case FIELD_bin: lax_bytes(out, 0xc4, *(const struct span *)at); break;
		case FIELD_str: lax_bytes(out, 0xd9, *(const struct span *)at); break;
		case FIELD_list: lax_list(out, *(const struct list *)at); break;
		}
	}
}

static size_t count_fields(const struct shape *shape, const void *structure, const struct field *without)
{
	size_t count = 0;

	for (const struct field *field = shape->fields; field < shape->fields + shape->count; field++)
		count += !leaves_out(field, structure, without);
	return count;
}

void lax_elem(struct blob *out, const struct shape *shape, const void *elem, const struct field *without)
{
	lax_map(out, count_fields(shape, elem, without));
	lax_fields(out, shape, elem, without);
}

void lax_msg(struct blob *out, const struct msg *msg, const struct field *without, size_t more)
{
	const struct shape *shape = &msg_shapes[msg->type];

	lax_map(out, 2 + (msg->id != 0) + (msg->ttl_ms != 0) + count_fields(shape, &msg->ok, without) + more);
	lax_text(out, "v");
	lax_uint(out, MSG_VERSION);
	lax_text(out, "t");
	lax_text(out, shape->name);
	if (msg->id != 0) {
		lax_text(out, "id");
		lax_uint(out, msg->id);
	}
	if (msg->ttl_ms != 0) {
		lax_text(out, "ttl");
		lax_uint(out, msg->ttl_ms);
	}
	lax_fields(out, shape, &msg->ok, without);
}
