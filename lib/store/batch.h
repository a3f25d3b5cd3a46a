/*
 * Writes that become durable together or not at all, and the conditions under which they may.
 *
 *   DROP(store_batch_release) struct store_batch batch = {0};
 *   TRY(store_batch_hash_expect(&batch, key, field, &what_i_read));
 *   TRY(store_batch_hash_set(&batch, key, field, new_value));
 *   TRY(store_commit(store, &lease, &batch, done, ctx));
 *
 * All bytes are copied. RC_LIMIT for more than the maxima, or a key, field or value that is too long or a key
 * that is empty; the batch is unchanged then.
 */
#ifndef LIMEBUS_STORE_BATCH_H
#define LIMEBUS_STORE_BATCH_H

#include "lib/base/blob.h"
#include "lib/store/store.h"

#define STORE_BATCH_OPS_MAX   1100u
#define STORE_BATCH_MAX_BYTES (16u << 20)
#define STORE_EXPIRE_MAX_MS   (366ull * 24 * 3600 * 1000)

struct store_lease;

/* One line of a batch; private to lib/store. Offsets point into the batch's bytes. */
struct store_op;

/* {0} is empty. Release with store_batch_release. The fields are private to lib/store. */
struct store_batch {
	struct store_op *ops;
	size_t count;
	size_t room;
	struct blob bytes;
};
void store_batch_release(struct store_batch *batch);

MUST_USE enum rc store_batch_hash_set(
	struct store_batch *batch, const char *key, struct span field, struct span value);
MUST_USE enum rc store_batch_hash_delete(struct store_batch *batch, const char *key, struct span field);

/* expire_ms 0: for ever. */
MUST_USE enum rc store_batch_set(
	struct store_batch *batch, const char *key, struct span value, uint64_t expire_ms);
MUST_USE enum rc store_batch_delete(struct store_batch *batch, const char *key);

/* A new end for a key that is there; nothing happens to one that is not. */
MUST_USE enum rc store_batch_expire(struct store_batch *batch, const char *key, uint64_t expire_ms);

/* Only if the field (or the key) has exactly these bytes at the moment of writing; NULL: only if it is not
 * there. Conditions look at what was there before the batch. */
MUST_USE enum rc store_batch_hash_expect(
	struct store_batch *batch, const char *key, struct span field, const struct span *value);
MUST_USE enum rc store_batch_expect(struct store_batch *batch, const char *key, const struct span *value);

#endif
