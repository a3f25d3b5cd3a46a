/*
 * Streams as numbered journals: an entry's id is <number>-0 and its one field is "s", whose value is the
 * entry. Redis keeps ids growing by itself; that there are no gaps is for the condition to see to:
 *
 *   TRY(store_batch_stream_expect(&batch, key, last));
 *   TRY(store_batch_stream_add(&batch, key, last + 1, entry));
 *   TRY(store_commit(store, lease, &batch, done, ctx));
 *
 * A batch without the condition may be written in part: an entry whose number is not above the last one is
 * RC_MALFORMED, and those behind it are written nevertheless.
 */
#ifndef LIMEBUS_STORE_STREAM_H
#define LIMEBUS_STORE_STREAM_H

#include "lib/store/batch.h"
#include "lib/store/store.h"

#define STORE_STREAM_CHUNK_MAX   1024u       /* entries of one read … */
#define STORE_STREAM_CHUNK_BYTES (16u << 20) /* … and the bytes that they may have by their maximum */

/* Put an entry behind all others. RC_LIMIT as in batch.h, and for the number 0. Copies. */
MUST_USE enum rc store_batch_stream_add(
	struct store_batch *batch, const char *key, uint64_t number, struct span entry);

/* The same, and entries below `keep` may go: Redis drops them when it is cheap. 0: none. RC_LIMIT also for a
 * keep above number. */
MUST_USE enum rc store_batch_stream_roll(
	struct store_batch *batch, const char *key, uint64_t number, uint64_t keep, struct span entry);

/* Only if the last entry has this number; 0: there is none. A Stream that is there but has other entries than
 * ours is RC_EXISTS. */
MUST_USE enum rc store_batch_stream_expect(struct store_batch *batch, const char *key, uint64_t last);

/* One entry; borrows. False ends the read, which is RC_OK then. */
typedef bool store_stream_each(void *ctx, uint64_t number, struct span entry);

/*
 * The entries from this number on, at most `count`, none longer than max, in order. Numbers grow, but may
 * leave some out. RC_OK without a call of `each`: there is nothing. RC_MALFORMED: not a Stream of ours, or
 * not in order. RC_LIMIT: count and max together are more than a read may have, or an entry is longer than
 * max. `each` is called for none of them unless the whole answer holds.
 */
MUST_USE enum rc store_stream_range(struct store *store, const char *key, uint64_t from, size_t count,
	size_t max, store_stream_each *each, store_done *done, void *ctx);

/* The last entry, if there is one. */
MUST_USE enum rc store_stream_last(struct store *store, const char *key, size_t max, store_stream_each *each,
	store_done *done, void *ctx);

#endif
