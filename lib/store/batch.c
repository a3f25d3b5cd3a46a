#include "lib/store/batch.h"

#include <stdlib.h>

#include "lib/store/inner.h"
#include "lib/store/op.h"
#include "lib/store/stream.h"
#include "lib/store/stream_id.h"

#define OPS_ROOM_FIRST 4u

void store_batch_release(struct store_batch *batch)
{
	free(batch->ops);
	blob_release(&batch->bytes);
	*batch = (struct store_batch){0};
}

static enum rc ops_reserve(struct store_batch *batch)
{
	size_t room = batch->room == 0 ? OPS_ROOM_FIRST : batch->room * 2;
	struct store_op *ops;

	if (batch->count < batch->room)
		return RC_OK;
	ops = realloc(batch->ops, room * sizeof *ops);
	if (ops == NULL)
		return RC_NOMEM;
	batch->ops = ops;
	batch->room = room;
	return RC_OK;
}

/* Copies the three; op brings kind, present and expire_ms. */
static enum rc add(
	struct store_batch *batch, struct store_op op, const char *key, struct span field, struct span value)
{
	struct span name = span_text(key);

	if (name.len == 0 || name.len > STORE_KEY_MAX_BYTES || field.len > STORE_FIELD_MAX_BYTES ||
		value.len > STORE_VALUE_MAX_BYTES || op.expire_ms > STORE_EXPIRE_MAX_MS)
		return RC_LIMIT;
	/* The lease comes last and has a place of its own. */
	if (!op.is_lease &&
		(batch->count >= STORE_BATCH_OPS_MAX ||
			name.len + field.len + value.len > STORE_BATCH_MAX_BYTES - batch->bytes.len))
		return RC_LIMIT;
	TRY(ops_reserve(batch));
	TRY(blob_reserve(&batch->bytes, name.len + field.len + value.len));

	op.at = batch->bytes.len;
	op.key_len = (uint32_t)name.len;
	op.field_len = (uint32_t)field.len;
	op.value_len = (uint32_t)value.len;
	TRY(blob_append(&batch->bytes, name));
	TRY(blob_append(&batch->bytes, field));
	TRY(blob_append(&batch->bytes, value));
	batch->ops[batch->count++] = op;
	return RC_OK;
}

enum rc store_batch_hash_set(struct store_batch *batch, const char *key, struct span field, struct span value)
{
	return add(batch, (struct store_op){.kind = OP_HASH_SET, .present = true}, key, field, value);
}

enum rc store_batch_hash_delete(struct store_batch *batch, const char *key, struct span field)
{
	return add(batch, (struct store_op){.kind = OP_HASH_DELETE}, key, field, (struct span){0});
}

enum rc store_batch_set(struct store_batch *batch, const char *key, struct span value, uint64_t expire_ms)
{
	return add(batch, (struct store_op){.kind = OP_SET, .present = true, .expire_ms = expire_ms}, key,
		(struct span){0}, value);
}

enum rc store_batch_delete(struct store_batch *batch, const char *key)
{
	return add(batch, (struct store_op){.kind = OP_DELETE}, key, (struct span){0}, (struct span){0});
}

enum rc store_batch_expire(struct store_batch *batch, const char *key, uint64_t expire_ms)
{
	if (expire_ms == 0)
		return RC_LIMIT;
	return add(batch, (struct store_op){.kind = OP_EXPIRE, .expire_ms = expire_ms}, key, (struct span){0},
		(struct span){0});
}

enum rc store_batch_hash_expect(
	struct store_batch *batch, const char *key, struct span field, const struct span *value)
{
	return add(batch, (struct store_op){.kind = OP_EXPECT_HASH, .present = value != NULL}, key, field,
		value != NULL ? *value : (struct span){0});
}

enum rc store_batch_expect(struct store_batch *batch, const char *key, const struct span *value)
{
	return add(batch, (struct store_op){.kind = OP_EXPECT, .present = value != NULL}, key,
		(struct span){0}, value != NULL ? *value : (struct span){0});
}

enum rc store_batch_stream_add(struct store_batch *batch, const char *key, uint64_t number, struct span entry)
{
	if (number == 0)
		return RC_LIMIT;
	return add(batch, (struct store_op){.kind = OP_STREAM_ADD, .present = true, .number = number}, key,
		(struct span){0}, entry);
}

enum rc store_batch_stream_roll(
	struct store_batch *batch, const char *key, uint64_t number, uint64_t keep, struct span entry)
{
	struct store_op op = {.kind = OP_STREAM_ADD, .present = true, .number = number, .keep = keep};

	return number == 0 || keep > number ? RC_LIMIT : add(batch, op, key, (struct span){0}, entry);
}

enum rc store_batch_stream_expect(struct store_batch *batch, const char *key, uint64_t last)
{
	char id[STREAM_ID_BYTES];

	return add(batch, (struct store_op){.kind = OP_EXPECT_STREAM, .present = last != 0}, key,
		(struct span){0}, last != 0 ? stream_id_print(last, id) : (struct span){0});
}

enum rc batch_add_lease(struct store_batch *batch, const char *key, struct span value)
{
	return add(batch, (struct store_op){.kind = OP_EXPECT, .present = true, .is_lease = true}, key,
		(struct span){0}, value);
}
