/* What the files of lib/store share of the store. Not for others. */
#ifndef LIMEBUS_STORE_INNER_H
#define LIMEBUS_STORE_INNER_H

#include <stdarg.h>

#include "lib/store/commit.h"
#include "lib/store/durability.h"
#include "lib/store/lease.h"
#include "lib/store/link.h"

#define RUN_ID_MAX_BYTES 64u

enum phase {
	PHASE_DOWN,     /* no socket; the next attempt is at retry_at_ms */
	PHASE_GREETING, /* a socket; not yet authenticated and checked, until connect_by_ms */
	PHASE_READY,
};

struct group;

/* Commits that wait for their turn, and the group that is under way. */
struct commits {
	struct commit *first;
	struct commit *last;
	size_t count;
	size_t bytes;
	struct group *group; /* NULL: none is under way */
	bool settling;       /* callbacks are being told: no new group may start */
};

struct store {
	char *path;
	char *host;
	uint16_t port;
	char user[STORE_USER_MAX_BYTES + 1];
	struct blob password;
	unsigned replicas;
	uint32_t connect_ms;
	uint32_t command_ms;
	uint32_t replica_ms;
	const struct clock *clock;
	void (*on_state)(void *ctx, const struct store_status *status);
	void *ctx;

	struct store_watch watch;
	bool watched; /* want() was told about the descriptor that is open now */
	bool wants_write;

	struct link link;
	enum phase phase;
	uint64_t connect_by_ms;
	uint64_t retry_at_ms;
	uint32_t retry_ms;
	uint64_t heard_ms; /* when something last came in */

	struct store_status status;
	struct err lost;
	struct err why;
	char run_id[RUN_ID_MAX_BYTES + 1];
	uint64_t generation;
	bool restarted; /* noticed, and nobody was told yet */
	size_t settings_seen;
	enum store_durability durability;
	char findings[STORE_DURABILITY_TEXT_BYTES];
	bool weak;

	struct commits commits;
	struct store_lease *leases;
	size_t lease_count;
	unsigned serving; /* inside a callback */
	bool closing;
};

static inline uint64_t store_now_ms(const struct store *store)
{
	return clock_mono_ms(store->clock);
}

/* One command, answered or given up after command_ms + more_ms. */
MUST_USE enum rc store_call(struct store *store, const struct span *args, size_t count, uint32_t more_ms,
	link_done *done, void *ctx);

/* Give the connection up as soon as the answer that is being looked at is done with. */
void store_fault(struct store *store, enum rc rc, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* What an answer other than the expected ones means; sets store_why. */
enum rc store_judge(struct store *store, const char *what, const struct reply *reply);

/* A number between min and max, each as likely, from the kernel. */
uint32_t store_jitter(uint32_t min, uint32_t max);

/* durability.c: ask what is to be known at each connect; when all is known it calls store_greeted. */
MUST_USE enum rc durability_ask(struct store *store);
void store_greeted(struct store *store);
/* The value of "name:value\r\n" in what INFO said; empty if it is not there. */
struct span info_find(struct span info, const char *name);

/* commit.c */
void commits_start(struct store *store);
void commits_tick(struct store *store, uint64_t now_ms);
void commits_lost(struct store *store);

/* batch.c: the condition that a lease is held; allowed beyond STORE_BATCH_OPS_MAX. */
MUST_USE enum rc batch_add_lease(struct store_batch *batch, const char *key, struct span value);

/* lease.c */
void leases_tick(struct store *store, uint64_t now_ms);
/* Redis said that the lease with this key and this value is not there. */
void leases_refused(struct store *store, struct span key, struct span value);
void leases_orphan(struct store *store);
/* Key and value of a held lease; false if it is not held. */
bool lease_proof(const struct store_lease *lease, const char **key, struct span *value);

#endif
