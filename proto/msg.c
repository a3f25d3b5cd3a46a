#include "proto/msg.h"

#include <msgpack.h>

#include "proto/table.h"
#include "proto/wire.h"

const char *msg_type_name(enum msg_type type)
{
	return (unsigned)type < MSG_TYPE_COUNT ? msg_shapes[type].name : "none";
}

/* ---- encoding ---- */

/* msgpack-c writes to a blob; the first failure sticks. */
struct sink {
	struct blob *out;
	enum rc rc;
};

static int sink_write(void *data, const char *bytes, size_t len)
{
	struct sink *sink = data;

	if (sink->rc == RC_OK)
		sink->rc = blob_append(sink->out, span_of(bytes, len));
	return sink->rc == RC_OK ? 0 : -1;
}

static uint64_t field_u64(const struct field *field, const void *structure)
{
	return *(const uint64_t *)field_at(field, structure);
}

static bool field_flag(const struct field *field, const void *structure)
{
	return *(const bool *)field_at(field, structure);
}

static struct span field_span(const struct field *field, const void *structure)
{
	return *(const struct span *)field_at(field, structure);
}

static struct list field_list(const struct field *field, const void *structure)
{
	return *(const struct list *)field_at(field, structure);
}

/* The number that the field's bounds speak of. */
static uint64_t extent(const struct field *field, const void *structure)
{
	switch (field->kind) {
	case FIELD_u64: return field_u64(field, structure);
	case FIELD_flag: return field_flag(field, structure);
	case FIELD_bin:
	case FIELD_str: return field_span(field, structure).len;
	case FIELD_list: return field_list(field, structure).count;
	}
	return 0;
}

static bool is_written(const struct field *field, const void *structure)
{
	return field->must || extent(field, structure) != 0;
}

static enum rc check_field(const struct field *field, const void *structure)
{
	uint64_t n = extent(field, structure);

	if (n < field->min || n > field->max)
		return RC_LIMIT;
	if (field->kind == FIELD_str && !wire_is_text(field_span(field, structure)))
		return RC_MALFORMED;
	return RC_OK;
}

/* Room for one element of any shape. */
union any_elem {
#define PROTO_ANY(name, LIST) struct elem_##name name;
	PROTO_ELEMENTS(PROTO_ANY)
#undef PROTO_ANY
};

/* The count of a list is its maker's word: the elements must be there, and nothing behind them. */
static bool list_is_whole(const struct field *field, const void *structure)
{
	struct list rest = field_list(field, structure);
	union any_elem elem;

	while (elem_next((enum elem_type)(field->elem - elem_shapes), &rest, &elem))
		continue;
	return rest.count == 0 && rest.raw.len == 0;
}

static void pack_str(msgpack_packer *packer, struct span text)
{
	msgpack_pack_str(packer, text.len);
	msgpack_pack_str_body(packer, text.at, text.len);
}

static void pack_bin(msgpack_packer *packer, struct span bytes)
{
	msgpack_pack_bin(packer, bytes.len);
	msgpack_pack_bin_body(packer, bytes.at, bytes.len);
}

static void pack_list(msgpack_packer *packer, struct list list)
{
	msgpack_pack_array(packer, list.count);
	packer->callback(packer->data, (const char *)list.raw.at, list.raw.len);
}

static void pack_field(msgpack_packer *packer, const struct field *field, const void *structure)
{
	pack_str(packer, span_text(field->name));
	switch (field->kind) {
	case FIELD_u64: msgpack_pack_uint64(packer, field_u64(field, structure)); break;
	case FIELD_flag:
		field_flag(field, structure) ? msgpack_pack_true(packer) : msgpack_pack_false(packer);
		break;
	case FIELD_bin: pack_bin(packer, field_span(field, structure)); break;
	case FIELD_str: pack_str(packer, field_span(field, structure)); break;
	case FIELD_list: pack_list(packer, field_list(field, structure)); break;
	}
}

static size_t written_fields(const struct shape *shape, const void *structure)
{
	size_t count = 0;

	for (size_t i = 0; i < shape->count; i++)
		count += is_written(&shape->fields[i], structure);
	return count;
}

static enum rc pack_fields(msgpack_packer *packer, const struct shape *shape, const void *structure)
{
	for (size_t i = 0; i < shape->count; i++) {
		const struct field *field = &shape->fields[i];

		if (field->kind == FIELD_list && !list_is_whole(field, structure))
			return RC_MALFORMED;
		if (!is_written(field, structure))
			continue;
		TRY(check_field(field, structure));
		pack_field(packer, field, structure);
	}
	return RC_OK;
}

static void pack_number(msgpack_packer *packer, const char *key, uint64_t value)
{
	if (value == 0)
		return;
	pack_str(packer, span_text(key));
	msgpack_pack_uint64(packer, value);
}

static enum rc pack_msg(const struct msg *msg, struct blob *out)
{
	const struct shape *shape = &msg_shapes[msg->type];
	struct sink sink = {out, RC_OK};
	msgpack_packer packer;

	msgpack_packer_init(&packer, &sink, sink_write);
	msgpack_pack_map(&packer, 2 + (msg->id != 0) + (msg->ttl_ms != 0) + written_fields(shape, &msg->ok));
	pack_number(&packer, "v", MSG_VERSION);
	pack_str(&packer, span_text("t"));
	pack_str(&packer, span_text(shape->name));
	pack_number(&packer, "id", msg->id);
	pack_number(&packer, "ttl", msg->ttl_ms);
	TRY(pack_fields(&packer, shape, &msg->ok));
	return sink.rc;
}

static enum rc pack_elem(const struct shape *shape, const void *elem, struct blob *raw)
{
	struct sink sink = {raw, RC_OK};
	msgpack_packer packer;

	msgpack_packer_init(&packer, &sink, sink_write);
	msgpack_pack_map(&packer, written_fields(shape, elem));
	TRY(pack_fields(&packer, shape, elem));
	return sink.rc;
}

/* Back to the former length after a failure. */
static enum rc settle(struct blob *out, size_t before, enum rc rc)
{
	if (rc != RC_OK && out->len > before) {
		wipe(out->at + before, out->len - before);
		out->len = before;
	}
	return rc;
}

enum rc msg_encode(const struct msg *msg, struct blob *out)
{
	size_t before;

	if (msg->type == MSG_TYPE_none || (unsigned)msg->type >= MSG_TYPE_COUNT)
		return RC_UNSUPPORTED;
	before = out->len;
	return settle(out, before, pack_msg(msg, out));
}

enum rc elem_append(enum elem_type type, const void *elem, struct blob *raw)
{
	size_t before = raw->len;

	return settle(raw, before, pack_elem(&elem_shapes[type], elem, raw));
}

/* ---- decoding ---- */

static enum rc read_value(struct span *in, const struct field *field, void *structure);

static const struct field *find_field(const struct shape *shape, struct span key, size_t *index)
{
	for (size_t i = 0; i < shape->count; i++) {
		if (span_is(key, shape->fields[i].name)) {
			*index = i;
			return &shape->fields[i];
		}
	}
	return NULL;
}

/* Read one pair of a map of this shape. `seen` has a bit for each field that was there. */
static enum rc read_pair(
	struct span *in, const struct shape *shape, struct span key, void *structure, uint32_t *seen)
{
	size_t index = 0;
	const struct field *field = find_field(shape, key, &index);

	if (field == NULL)
		return wire_skip(in);
	if ((*seen & 1u << index) != 0)
		return RC_MALFORMED;
	*seen |= 1u << index;
	return read_value(in, field, structure);
}

static enum rc check_seen(const struct shape *shape, uint32_t seen)
{
	for (size_t i = 0; i < shape->count; i++)
		if (shape->fields[i].must && (seen & 1u << i) == 0)
			return RC_MALFORMED;
	return RC_OK;
}

static enum rc read_key(struct span *in, struct span *out)
{
	struct wire_item item;

	TRY(wire_next(in, &item));
	if (item.kind != WIRE_STR)
		return RC_MALFORMED;
	*out = item.bytes;
	return RC_OK;
}

static enum rc read_elem(struct span *in, const struct shape *shape, void *out)
{
	struct wire_item map;
	uint32_t seen = 0;

	memset(out, 0, shape->size);
	TRY(wire_next(in, &map));
	if (map.kind != WIRE_MAP)
		return RC_MALFORMED;
	for (uint64_t i = 0; i < map.number; i++) {
		struct span key;

		TRY(read_key(in, &key));
		TRY(read_pair(in, shape, key, out, &seen));
	}
	return check_seen(shape, seen);
}

/* The elements are read once here, so that elem_next cannot fail later. */
static enum rc read_list(struct span *in, const struct field *field, struct wire_item item, void *structure)
{
	struct list list = {{in->at, 0}, (size_t)item.number};

	if (item.kind != WIRE_ARRAY || item.number < field->min || item.number > field->max)
		return RC_MALFORMED;
	for (uint64_t i = 0; i < item.number; i++) {
		union any_elem scratch;

		TRY(read_elem(in, field->elem, &scratch));
	}
	list.raw.len = (size_t)(in->at - list.raw.at);
	memcpy((uint8_t *)structure + field->offset, &list, sizeof list);
	return RC_OK;
}

static enum wire_kind wire_kind_of(enum field_kind kind)
{
	switch (kind) {
	case FIELD_u64: return WIRE_UINT;
	case FIELD_flag: return WIRE_BOOL;
	case FIELD_bin: return WIRE_BIN;
	case FIELD_str: return WIRE_STR;
	case FIELD_list: return WIRE_ARRAY;
	}
	return WIRE_NIL;
}

static enum rc read_value(struct span *in, const struct field *field, void *structure)
{
	uint8_t *at = (uint8_t *)structure + field->offset;
	struct wire_item item;

	TRY(wire_next(in, &item));
	if (item.kind != wire_kind_of(field->kind))
		return RC_MALFORMED;
	switch (field->kind) {
	case FIELD_list: return read_list(in, field, item, structure);
	case FIELD_u64: memcpy(at, &item.number, sizeof item.number); break;
	case FIELD_flag: *(bool *)at = item.number != 0; break;
	case FIELD_bin:
	case FIELD_str: memcpy(at, &item.bytes, sizeof item.bytes); break;
	}
	/* A field that may be missing may also be there and empty; only what has content must keep to the
	 * bounds. */
	if (!field->must && extent(field, structure) == 0)
		return RC_OK;
	return check_field(field, structure) == RC_OK ? RC_OK : RC_MALFORMED;
}

/* "v", "t", "id" and "ttl" come first and in this order, as the encoder writes them. */
struct envelope {
	const struct shape *shape;
	enum msg_type type;
	uint64_t id;
	uint64_t ttl_ms;
};

static enum rc read_number(struct span *in, uint64_t *out)
{
	struct wire_item item;

	TRY(wire_next(in, &item));
	if (item.kind != WIRE_UINT)
		return RC_MALFORMED;
	*out = item.number;
	return RC_OK;
}

static enum rc read_type(struct span *in, struct envelope *envelope)
{
	struct span name;

	TRY(read_key(in, &name));
	for (unsigned i = MSG_TYPE_none + 1; i < MSG_TYPE_COUNT; i++) {
		if (!span_is(name, msg_shapes[i].name))
			continue;
		envelope->type = (enum msg_type)i;
		envelope->shape = &msg_shapes[i];
		return RC_OK;
	}
	return RC_UNSUPPORTED;
}

static enum rc read_head(struct span *in, struct envelope *envelope)
{
	uint64_t version;
	struct span key;

	TRY(read_key(in, &key));
	if (!span_is(key, "v"))
		return RC_MALFORMED;
	TRY(read_number(in, &version));
	if (version != MSG_VERSION)
		return RC_UNSUPPORTED;
	TRY(read_key(in, &key));
	if (!span_is(key, "t"))
		return RC_MALFORMED;
	return read_type(in, envelope);
}

/* One pair after the head: a number of the envelope or a field. A number that is there twice is refused like
 * any key. */
static enum rc read_msg_pair(struct span *in, struct envelope *envelope, struct msg *msg, uint32_t *seen)
{
	uint64_t *number = NULL;
	struct span key;

	TRY(read_key(in, &key));
	if (span_is(key, "v") || span_is(key, "t"))
		return RC_MALFORMED;
	if (span_is(key, "id"))
		number = &envelope->id;
	else if (span_is(key, "ttl"))
		number = &envelope->ttl_ms;
	if (number == NULL)
		return read_pair(in, envelope->shape, key, &msg->ok, seen);
	if (*number != 0)
		return RC_MALFORMED;
	TRY(read_number(in, number));
	return *number == 0 ? RC_MALFORMED : RC_OK;
}

enum rc msg_decode(struct span in, struct msg *out)
{
	struct envelope envelope = {0};
	struct wire_item map;
	uint32_t seen = 0;
	struct msg msg;

	/* Not = {0}: of a union that promises the first member only. */
	memset(&msg, 0, sizeof msg);
	TRY(wire_next(&in, &map));
	if (map.kind != WIRE_MAP || map.number < 2)
		return RC_MALFORMED;
	TRY(read_head(&in, &envelope));
	for (uint64_t i = 2; i < map.number; i++)
		TRY(read_msg_pair(&in, &envelope, &msg, &seen));
	if (in.len != 0)
		return RC_MALFORMED;
	TRY(check_seen(envelope.shape, seen));
	msg.type = envelope.type;
	msg.id = envelope.id;
	msg.ttl_ms = envelope.ttl_ms;
	*out = msg;
	return RC_OK;
}

enum rc msg_decode_as(struct span in, enum msg_type type, struct msg *out)
{
	struct msg msg;

	TRY(msg_decode(in, &msg));
	if (msg.type != type)
		return RC_MALFORMED;
	*out = msg;
	return RC_OK;
}

bool elem_next(enum elem_type type, struct list *list, void *out)
{
	struct list rest = *list;

	if (rest.count == 0 || read_elem(&rest.raw, &elem_shapes[type], out) != RC_OK)
		return false;
	rest.count--;
	*list = rest;
	return true;
}
