/*
 * What one action still has to do: notices in the order of the log. Those about one node wait for each other;
 * else as many are acted on at once as the action allows. Each action has a queue of its own, so none waits
 * for another one. PURE: time comes in, nothing is done here.
 */
#ifndef LIMEBUS_ACTIONS_QUEUE_H
#define LIMEBUS_ACTIONS_QUEUE_H

#include "lib/base/blob.h"
#include "proto/schema.h"

#define QUEUE_MAX 8192 /* entries of one action */

/* A notice, shared by the queues that it stands in. */
struct item {
	unsigned refs;
	uint64_t seq;
	uint8_t node[NODE_ID_BYTES];
	bool again; /* it was given before */
	struct blob bytes;
};
MUST_USE enum rc item_make(uint64_t seq, struct span node, bool again, struct span bytes, struct item **out);
struct item *item_ref(struct item *item);
void item_unref(struct item **item);

struct entry {
	struct entry *next;
	struct entry *previous;
	struct item *item;
	uint64_t job;        /* 0: it waits */
	uint64_t failed;     /* attempts */
	uint64_t not_before; /* monotonic ms */
	bool is_blocked;     /* another one about this node stands before it */
	bool is_kept;        /* it stands in the backlog on the disk: the log need not keep it for us */
	bool is_fresh;       /* it is about to */
};

struct queue {
	struct entry *first;
	struct entry *last;
	size_t count;
	size_t running;
	size_t kept;
};
void queue_release(struct queue *queue);

/* Put a notice at the end. latest: those about its node that wait and do not run are dropped; dropped is
 * called for each, before its item goes. RC_LIMIT: QUEUE_MAX. RC_NOMEM. */
MUST_USE enum rc queue_add(struct queue *queue, struct item *item, bool latest,
	void (*dropped)(void *ctx, const struct item *item), void *ctx, struct entry **out);

/* The first that may run now; NULL: none. */
struct entry *queue_due(const struct queue *queue, uint64_t now_ms);

/* When the next one that only waits for its time may run; UINT64_MAX: there is none. */
uint64_t queue_next_ms(const struct queue *queue);

void queue_runs(struct queue *queue, struct entry *entry, uint64_t job);
struct entry *queue_of_job(const struct queue *queue, uint64_t job);

/* It failed, or could not even be started, and waits until then. */
void queue_failed(struct queue *queue, struct entry *entry, uint64_t not_before);

/* It is over; the next one about its node may run. */
void queue_remove(struct queue *queue, struct entry *entry);

#endif
