/* The lines of a batch, as lib/store sees them. Not for others. */
#ifndef LIMEBUS_STORE_OP_H
#define LIMEBUS_STORE_OP_H

#include "lib/store/batch.h"

/* OP_EXPECT_* are conditions, the others are writes. */
enum op_kind {
	OP_HASH_SET,
	OP_HASH_DELETE,
	OP_SET,
	OP_DELETE,
	OP_EXPIRE,
	OP_STREAM_ADD,
	OP_EXPECT_HASH,
	OP_EXPECT,
	OP_EXPECT_STREAM,
};

/* How what is at a place is found out: GET, HGET, XREVRANGE of the last entry. */
enum op_shape { SHAPE_STRING, SHAPE_HASH, SHAPE_STREAM };

/* Invariant: key, field and value lie one after the other in the batch's bytes from `at` on; the key's NUL is
 * not among them. present: the value is meant (an empty value is a value). number: of a Stream's entry. The
 * value of OP_EXPECT_STREAM is the id of an entry. */
struct store_op {
	enum op_kind kind;
	bool present;
	bool is_lease; /* a condition whose failure means that the lease is lost */
	uint32_t key_len;
	uint32_t field_len;
	uint32_t value_len;
	size_t at;
	uint64_t expire_ms;
	uint64_t number;
	uint64_t keep; /* of a Stream: entries below this may go; 0: none */
};

static inline bool op_is_condition(const struct store_op *op)
{
	return op->kind == OP_EXPECT_HASH || op->kind == OP_EXPECT || op->kind == OP_EXPECT_STREAM;
}

/* The place that a line is about is a field of a hash, not a whole key. */
static inline bool op_is_hash(const struct store_op *op)
{
	return op->kind == OP_EXPECT_HASH || op->kind == OP_HASH_SET || op->kind == OP_HASH_DELETE;
}

static inline enum op_shape op_shape(const struct store_op *op)
{
	if (op->kind == OP_EXPECT_STREAM || op->kind == OP_STREAM_ADD)
		return SHAPE_STREAM;
	return op_is_hash(op) ? SHAPE_HASH : SHAPE_STRING;
}

static inline struct span op_key(const struct store_batch *batch, const struct store_op *op)
{
	return span_of(batch->bytes.at + op->at, op->key_len);
}

static inline struct span op_field(const struct store_batch *batch, const struct store_op *op)
{
	return span_of(batch->bytes.at + op->at + op->key_len, op->field_len);
}

static inline struct span op_value(const struct store_batch *batch, const struct store_op *op)
{
	return span_of(batch->bytes.at + op->at + op->key_len + op->field_len, op->value_len);
}

/* Both are about the same field of the same hash, or the same key. */
static inline bool op_is_same_place(
	const struct store_batch *batch, const struct store_op *a, const struct store_op *b)
{
	return op_shape(a) == op_shape(b) && span_equal(op_key(batch, a), op_key(batch, b)) &&
	       span_equal(op_field(batch, a), op_field(batch, b));
}

#endif
