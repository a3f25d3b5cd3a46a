#include "lib/store/look.h"

#include <stdlib.h>

#include "lib/store/stream_id.h"

static uint64_t hash_more(uint64_t hash, struct span bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		hash = (hash ^ bytes.at[i]) * 0x100000001b3u;
	return (hash ^ 0xffu) * 0x100000001b3u;
}

uint64_t op_key_hash(const struct store_batch *batch, const struct store_op *op)
{
	return hash_more(0xcbf29ce484222325u, op_key(batch, op));
}

uint64_t op_place_hash(const struct store_batch *batch, const struct store_op *op)
{
	uint64_t hash = op_key_hash(batch, op);

	return op_is_hash(op) ? hash_more(hash, op_field(batch, op)) : hash;
}

enum rc looks_reserve(struct looks *looks, size_t room)
{
	looks->all = calloc(room, sizeof *looks->all);
	if (looks->all == NULL)
		return err_set(&looks->store->why, RC_NOMEM, "store: out of memory");
	looks->room = room;
	return RC_OK;
}

void looks_release(struct looks *looks)
{
	for (size_t i = 0; i < looks->count; i++)
		blob_release(&looks->all[i].value);
	free(looks->all);
	*looks = (struct looks){0};
}

static struct look *look_find(
	const struct looks *looks, const struct store_batch *batch, const struct store_op *op)
{
	uint64_t hash = op_place_hash(batch, op);

	for (size_t i = 0; i < looks->count; i++) {
		struct look *look = &looks->all[i];

		if (look->hash == hash && look->shape == op_shape(op) &&
			span_equal(look->key, op_key(batch, op)) &&
			span_equal(look->field, op_field(batch, op)))
			return look;
	}
	return NULL;
}

void looks_add(struct looks *looks, const struct store_batch *batch, const struct store_op *op)
{
	if (look_find(looks, batch, op) != NULL || looks->count == looks->room)
		return;
	looks->all[looks->count++] = (struct look){.looks = looks,
		.hash = op_place_hash(batch, op),
		.key = op_key(batch, op),
		.field = op_field(batch, op),
		.shape = op_shape(op)};
}

static void look_fail(struct look *look, const char *what, const struct reply *reply)
{
	if (look->rc == RC_OK)
		look->rc = store_judge(look->looks->store, what, reply);
}

static void watch_came(void *ctx, const struct reply *reply)
{
	struct look *look = ctx;

	if (reply == NULL)
		return;
	if (!reply_is_status(reply, "OK"))
		look_fail(look, "WATCH", reply);
	look->looks->open--;
}

/* The id of the last entry of a Stream is its value. */
static void last_came(struct look *look, const struct reply *reply)
{
	uint64_t number;
	struct span entry;

	if (reply->kind == REPLY_ARRAY && reply->count == 0)
		return;
	if (reply->kind != REPLY_ARRAY || reply->count != 1 ||
		!stream_entry_read(reply->elements[0], &number, &entry)) {
		look_fail(look, "XREVRANGE", reply);
		return;
	}
	look->found = true;
	if (blob_copy(&look->value, reply->elements[0]->elements[0]->bytes) != RC_OK)
		look->rc = err_set(&look->looks->store->why, RC_NOMEM, "store: out of memory");
}

static void value_came(void *ctx, const struct reply *reply)
{
	struct look *look = ctx;
	struct looks *looks = look->looks;

	if (reply == NULL)
		return;
	if (look->shape == SHAPE_STREAM)
		last_came(look, reply);
	else if (reply->kind == REPLY_STRING && blob_copy(&look->value, reply->bytes) != RC_OK)
		look->rc = err_set(&looks->store->why, RC_NOMEM, "store: out of memory");
	else if (reply->kind == REPLY_STRING)
		look->found = true;
	else if (reply->kind != REPLY_NIL)
		look_fail(look, look->shape == SHAPE_HASH ? "HGET" : "GET", reply);
	/* Its WATCH was answered before it. */
	if (--looks->open == 0)
		looks->done(looks->ctx);
}

static enum rc ask_value(struct look *look)
{
	struct store *store = look->looks->store;
	struct span get[] = {span_text("GET"), look->key};
	struct span hash_get[] = {span_text("HGET"), look->key, look->field};
	struct span last[] = {span_text("XREVRANGE"), look->key, span_text("+"), span_text("-"),
		span_text("COUNT"), span_text("1")};

	switch (look->shape) {
	case SHAPE_HASH: return store_call(store, hash_get, COUNT(hash_get), 0, value_came, look);
	case SHAPE_STREAM: return store_call(store, last, COUNT(last), 0, value_came, look);
	case SHAPE_STRING:
	default: return store_call(store, get, COUNT(get), 0, value_came, look);
	}
}

enum rc looks_send(struct looks *looks)
{
	looks->open = 2 * looks->count;
	for (size_t i = 0; i < looks->count; i++) {
		struct look *look = &looks->all[i];
		struct span watch[] = {span_text("WATCH"), look->key};

		TRY(store_call(looks->store, watch, 2, 0, watch_came, look));
		TRY(ask_value(look));
	}
	return RC_OK;
}

/* These bytes (present or not) are what is there. */
static bool is_there(const struct look *look, const struct store_batch *batch, const struct store_op *op)
{
	return op->present == look->found &&
	       (!look->found || span_equal(op_value(batch, op), blob_span(&look->value)));
}

/* The batch writes what is there already. */
static bool is_rewritten(
	const struct look *look, const struct store_batch *batch, const struct store_op *condition)
{
	bool same = false;

	for (size_t i = 0; i < batch->count; i++) {
		const struct store_op *op = &batch->ops[i];

		if (!op_is_condition(op) && op->kind != OP_EXPIRE && op_is_same_place(batch, op, condition))
			same = is_there(look, batch, op);
	}
	return same;
}

/* Other reasons than what is there, or that it is not. */
static enum rc condition_rc(
	const struct look *look, const struct store_batch *batch, const struct store_op *op)
{
	if (look == NULL)
		return RC_IO;
	if (look->rc != RC_OK)
		return look->rc;
	if (is_there(look, batch, op))
		return RC_OK;
	if (op->is_lease)
		return RC_STALE;
	return look->found ? RC_EXISTS : RC_NOT_FOUND;
}

/* The lease, which comes last, first: without it nothing else matters. A batch whose conditions fail, but
 * each of them only because the batch was written before, is a repetition. */
void looks_judge(const struct looks *looks, struct commit *commit)
{
	const struct store_batch *batch = &commit->batch;
	enum rc failed = RC_OK;
	bool all_rewritten = true;

	for (size_t i = batch->count; i-- > 0;) {
		const struct store_op *op = &batch->ops[i];
		const struct look *look;
		enum rc rc;

		if (!op_is_condition(op))
			continue;
		look = look_find(looks, batch, op);
		rc = condition_rc(look, batch, op);
		if (rc != RC_OK && rc != RC_EXISTS && rc != RC_NOT_FOUND) {
			commit->rc = rc;
			return;
		}
		if (rc != RC_OK)
			failed = rc;
		if (!op->is_lease && !is_rewritten(look, batch, op))
			all_rewritten = false;
	}
	commit->repeated = failed != RC_OK && all_rewritten;
	commit->rc = commit->repeated ? RC_OK : failed;
}
