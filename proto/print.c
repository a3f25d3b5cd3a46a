#include "proto/print.h"

#include "lib/base/hex.h"
#include "proto/table.h"
#include "proto/wire.h"

static enum rc put(struct blob *out, const char *text)
{
	return blob_append(out, span_text(text));
}

static enum rc put_u64(struct blob *out, uint64_t value)
{
	char digits[20];
	size_t at = sizeof digits;

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value != 0);
	return blob_append(out, span_of(digits + at, sizeof digits - at));
}

static enum rc put_hex(struct blob *out, struct span bytes)
{
	TRY(put(out, "\""));
	for (size_t i = 0; i < bytes.len; i++) {
		char digits[HEX_BYTES(1)];

		TRY(put(out, hex_encode(span_of(bytes.at + i, 1), digits)));
	}
	return put(out, "\"");
}

/* A decoded message has no other text; one that was made here might. Then only the quote and the backslash
 * need care. */
static enum rc put_text(struct blob *out, struct span text)
{
	if (!wire_is_text(text))
		return RC_MALFORMED;
	TRY(put(out, "\""));
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] == '"' || text.at[i] == '\\')
			TRY(put(out, "\\"));
		TRY(blob_append(out, span_of(text.at + i, 1)));
	}
	return put(out, "\"");
}

static enum rc put_bytes(struct blob *out, struct span bytes, size_t bin_max)
{
	if (bin_max == 0 || bytes.len <= bin_max)
		return put_hex(out, bytes);
	TRY(put(out, "{\"bytes\":"));
	TRY(put_u64(out, bytes.len));
	return put(out, "}");
}

static enum rc put_fields(struct blob *out, const struct shape *shape, const void *structure,
	const char *before, size_t bin_max);

static enum rc put_list(struct blob *out, const struct shape *shape, struct list list, size_t bin_max)
{
	union {
#define PROTO_ANY(name, LIST) struct elem_##name name;
		PROTO_ELEMENTS(PROTO_ANY)
#undef PROTO_ANY
	} elem;
	const char *before = "{";

	TRY(put(out, "["));
	while (elem_next((enum elem_type)(shape - elem_shapes), &list, &elem)) {
		TRY(put(out, before));
		TRY(put_fields(out, shape, &elem, "", bin_max));
		TRY(put(out, "}"));
		before = ",{";
	}
	return put(out, "]");
}

static enum rc put_value(struct blob *out, const struct field *field, const void *structure, size_t bin_max)
{
	const void *at = field_at(field, structure);

	switch (field->kind) {
	case FIELD_u64: return put_u64(out, *(const uint64_t *)at);
	case FIELD_flag: return put(out, *(const bool *)at ? "true" : "false");
	case FIELD_bin: return put_bytes(out, *(const struct span *)at, bin_max);
	case FIELD_str: return put_text(out, *(const struct span *)at);
	case FIELD_list: return put_list(out, field->elem, *(const struct list *)at, bin_max);
	}
	return RC_OK;
}

/* `before` goes in front of the first field: nothing, or the comma after what stands there already. */
static enum rc put_fields(struct blob *out, const struct shape *shape, const void *structure,
	const char *before, size_t bin_max)
{
	for (size_t i = 0; i < shape->count; i++) {
		TRY(put(out, before));
		TRY(put_text(out, span_text(shape->fields[i].name)));
		TRY(put(out, ":"));
		TRY(put_value(out, &shape->fields[i], structure, bin_max));
		before = ",";
	}
	return RC_OK;
}

enum rc msg_print(const struct msg *msg, size_t bin_max, struct blob *out)
{
	if (msg->type == MSG_TYPE_none || (unsigned)msg->type >= MSG_TYPE_COUNT)
		return RC_UNSUPPORTED;
	TRY(put(out, "{\"t\":"));
	TRY(put_text(out, span_text(msg_type_name(msg->type))));
	TRY(put_fields(out, &msg_shapes[msg->type], &msg->ok, ",", bin_max));
	return put(out, "}");
}
