/*
 * The right to write a shard, for a time. Each acquisition has a fencing token higher than every one before;
 * the holder puts it into each record that it writes. store_commit proves the lease inside its transaction,
 * so a holder that was frozen while its lease ran out does no harm when it thaws.
 *
 * In Redis: key = token (8 bytes, big-endian) ‖ holder, with an expiry; counter key = the last token as
 * decimal digits. Both keys share a hash tag.
 */
#ifndef LIMEBUS_STORE_LEASE_H
#define LIMEBUS_STORE_LEASE_H

#include "lib/store/store.h"

#define STORE_HOLDER_MAX_BYTES 64u
#define STORE_LEASES_MAX       256u /* a store */
#define STORE_LEASE_MIN_MS     200u
#define STORE_LEASE_MAX_MS     600000u

struct store_lease;

enum store_lease_state {
	STORE_LEASE_WAITING, /* another holds it, or there is no connection; tried again until it is ours */
	STORE_LEASE_HELD,    /* ours; the token is valid */
	STORE_LEASE_LOST, /* it was ours. Final: stop, close it, open another when ready to take over again */
};

struct store_lease_options {
	const char *key;
	const char *counter_key;
	struct span holder; /* who we are: unique to us among all that want this lease; 1..64 bytes */
	uint32_t ttl_ms;    /* renewed by itself after a third of it */
	/* The highest token that we know of from elsewhere: the new one is higher, even if Redis forgot. */
	uint64_t token_floor;
	/* Take over at once, with a new token, what a dead process of our own name still holds. The other
	 * one, if it lives, loses it. */
	bool replace_own;
	/* HELD or LOST; never called from within store_lease_open. */
	void (*on_state)(void *ctx, enum store_lease_state state);
	void *ctx;
};

/* Start to acquire it; nothing is waited for, not even a connection. Options are copied. The store must
 * outlive the lease, or be closed first (the lease is then lost without a callback). */
MUST_USE enum rc store_lease_open(struct store *store, const struct store_lease_options *options,
	struct store_lease **out, struct err *err);

/* Stop renewing, and, if it is held and there is a connection, give it back so that another need not wait for
 * its end: best effort. No callback afterwards. Accepts NULL and a pointer to NULL. */
void store_lease_close(struct store_lease **lease);

enum store_lease_state store_lease_state(const struct store_lease *lease);

/* 0 unless held. By our own clock: what counts is the proof in each commit. */
uint64_t store_lease_token(const struct store_lease *lease);

/* Who holds it, as far as we saw at the last try; empty if nobody. Borrowed until the next call. */
struct span store_lease_holder(const struct store_lease *lease);

/* Blocking: until it is held. */
MUST_USE enum rc store_wait_lease(
	struct store *store, const struct store_lease *lease, uint32_t ms, struct err *err);

#endif
