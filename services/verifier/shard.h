/*
 * The shard of nodes that this verifier serves, while it holds the lease: waiting → loading → acting. What
 * Redis has is loaded after each acquisition, compared with what we know, and then with what the notice log
 * knows (`floor_get`); until that comparison is done no V is released.
 */
#ifndef LIMEBUS_VERIFIER_SHARD_H
#define LIMEBUS_VERIFIER_SHARD_H

#include "lib/bus/timer.h"
#include "lib/store/lease.h"
#include "proto/msg.h"

struct verifier;

enum shard_phase { SHARD_WAITING, SHARD_LOADING, SHARD_ACTING };

struct shard {
	struct verifier *verifier;
	enum shard_phase phase;
	struct store_lease *lease;
	struct timer timer;
	uint64_t generation;    /* of loads */
	uint64_t highest_token; /* in any record seen */
	bool floors_done;
	bool floors_asked;
	bool floors_missed; /* one could not be applied */
	uint8_t floors_after[NODE_ID_BYTES];
	bool floors_has_after;
	uint64_t floors_ms;    /* monotonic, when they were last asked for */
	char floors_text[128]; /* why they could not be compared */
};

MUST_USE enum rc shard_open(struct verifier *verifier, struct err *err);
void shard_close(struct verifier *verifier);

static inline bool shard_is_acting(const struct shard *shard)
{
	return shard->phase == SHARD_ACTING;
}

/* The fencing token; 0 without a lease. */
uint64_t shard_token(const struct shard *shard);

/* Stop acting: the lease is gone, or Redis is not the one that it was. Another lease is asked for at once. */
void shard_lost(struct verifier *verifier);

/* Once a second. */
void shard_tick(struct verifier *verifier);

#endif
