/*
 * What the revocation service knows of each node: what the notice log last said of it, and when its verifier
 * last vouched for it. PURE: time comes in. Ages are kept against the monotonic clock, so that a wall clock
 * that jumps lapses nobody.
 */
#ifndef LIMEBUS_REVOCATION_WATCHED_H
#define LIMEBUS_REVOCATION_WATCHED_H

#include "lib/trust/notice.h"

/* What is added to the monotonic clock, which begins with the machine: a last good verdict may be older than
 * that. */
#define WATCHED_EPOCH_MS (UINT64_C(1) << 62)

struct watched {
	uint8_t id[NODE_ID_BYTES];
	/* From the log. decided: the last of revoked, reinstated, suspended, node-removed (provisioned ends
	 * node-removed). */
	enum notice_kind decided;
	uint64_t decided_seq;
	uint64_t latest_seq;   /* of the last notice about it, whatever its kind; drafts count */
	uint64_t verdict;      /* highest number of a verdict */
	uint64_t request_time; /* latest time of a node_request */
	uint64_t number;       /* highest provisioning number */
	uint64_t use_time;     /* latest time of a policy_use */
	uint64_t profile_time; /* of the profile that counts … */
	uint64_t profile_seq;  /* … and the notice that has it; 0: there is none */
	bool has_lapsed;
	/* From verifiers. limit_ms 0: nobody vouched for it yet, so its silence says nothing. */
	uint64_t good_ms; /* WATCHED_EPOCH_MS + monotonic */
	uint64_t limit_ms;
};

/* {0} is empty. In the order of ids. */
struct watched_table {
	void *nodes;
	size_t count;
	size_t lapsed;
};
void watched_table_release(struct watched_table *table);

/* The node's entry, made if there is none; NULL if memory is out. Stays where it is. */
struct watched *watched_get(struct watched_table *table, const uint8_t id[static NODE_ID_BYTES]);

/* NULL if there is none. */
struct watched *watched_find(const struct watched_table *table, const uint8_t id[static NODE_ID_BYTES]);

/* Is a cause out of date: a verdict, request or provisioning not newer than one that made a notice already?
 */
bool watched_is_stale(const struct watched *node, const struct notice_cause *cause);

/* A notice is in the log. cause may be NULL for kinds that have none. */
void watched_note(struct watched_table *table, struct watched *node, enum notice_kind kind, uint64_t seq,
	const struct msg *cause);

/* Undo watched_note: what is known from the log is again what it was. */
void watched_take_back(struct watched_table *table, struct watched *node, const struct watched *before);

/* A verifier vouched for the node age_ms ago; only later times count. */
void watched_vouch(struct watched *node, uint64_t age_ms, uint64_t limit_ms, uint64_t mono_ms);

/* A new leader has heard nobody vouch for anybody: each silence begins now. */
void watched_give_time(struct watched *node, uint64_t mono_ms);

/* Has its last good verdict become too old (and is that for us to tell: it is not revoked, suspended or
 * removed)? */
bool watched_is_silent(const struct watched *node, uint64_t mono_ms);

/* Call each for every node, or for those after this id (NULL: all), in order, until it returns false. */
void watched_walk(const struct watched_table *table, const uint8_t *after,
	bool (*each)(void *ctx, struct watched *node), void *ctx);

#endif
