/*
 * The commits that go together in one transaction. Not for others.
 *
 *   LOOKING   WATCH and GET, HGET or XREVRANGE of every place that a condition or a lease names, each place
 * once WRITING   MULTI, the writes of the commits whose conditions hold, EXEC WAITING   WAIT for the replicas
 *
 * EXEC does nothing if a watched key was touched since, or expired: then the group looks again.
 */
#ifndef LIMEBUS_STORE_GROUP_H
#define LIMEBUS_STORE_GROUP_H

#include "lib/store/inner.h"
#include "lib/store/op.h"

#define GROUP_COMMITS_MAX 1024u
#define GROUP_OPS_MAX     3072u /* with two calls a condition and four more it fits STORE_CALLS_MAX */
#define GROUP_MAX_BYTES   (16u << 20)
#define GROUP_TRIES_MAX   16u

_Static_assert(2 * GROUP_OPS_MAX + 4 <= STORE_CALLS_MAX, "a group fits into the calls of a link");
_Static_assert(STORE_BATCH_OPS_MAX < GROUP_OPS_MAX && STORE_BATCH_MAX_BYTES <= GROUP_MAX_BYTES,
	"every batch fits into a group");

struct commit {
	struct commit *next;
	struct store_batch batch;
	store_done *done;
	void *ctx;
	uint64_t by_ms;
	unsigned tries;

	/* While it is in a group. */
	enum rc rc;    /* other than RC_OK: it will not be written, or was not */
	bool repeated; /* it was written before: only the places of its conditions are touched again */
	size_t writes; /* how many commands of it are in the MULTI */
};

struct commit *commits_take(struct commits *commits);
void commits_put_back(struct commits *commits, struct commit *commit);

/* Tell its result, and free it. */
void commit_settle(struct store *store, struct commit *commit, enum rc rc);

/* Take from the queue what goes together and start. Anything but RC_OK is a reason to give the connection up;
 * what was taken is then settled by group_lost. */
MUST_USE enum rc group_start(struct store *store);

/* The connection went: nothing is known about those under way. */
void group_lost(struct store *store);

#endif
