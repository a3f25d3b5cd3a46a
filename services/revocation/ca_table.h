/*
 * Every certificate that has not expired yet, and what became of it: f(log of issued certificates, notice
 * log). PURE: times come in, nothing is read or written. Whichever of the two logs is read first, the same
 * comes out: each certificate says which notice was the last one when it was issued, and only later ones
 * touch it.
 *
 * Sized for a million certificates, without a table that is ever copied as it grows: slots come in slabs, and
 * the buckets are there from the beginning (untouched memory costs nothing).
 */
#ifndef LIMEBUS_REVOCATION_CA_TABLE_H
#define LIMEBUS_REVOCATION_CA_TABLE_H

#include "lib/base/err.h"
#include "lib/base/span.h"
#include "lib/pki/crl.h"
#include "proto/schema.h"

#define CA_TABLE_MAX       4000000u /* certificates */
#define CA_TABLE_NODES_MAX 2000000u
#define CA_AFFECTED_MAX    64   /* serials that a notice names */
#define CA_EARLY_MAX       4096 /* certificates that ended before their entry in the log came by */

enum ca_state { CA_LIVE, CA_HELD, CA_REVOKED };

/* "live", "held", "revoked". */
const char *ca_state_word(enum ca_state state);

/* What a notice does to certificates. */
enum ca_effect {
	CA_NOTHING,
	CA_END,     /* all of the node: revoked, node-removed */
	CA_END_ONE, /* this serial: certificate-revoked */
	CA_SUSPEND, /* held … */
	CA_RESUME,  /* … until then */
	CA_LAPSE,   /* held … */
	CA_RESTORE, /* … until then */
};

/* A copy of what is known of one. Times are ms, in whole seconds. */
struct ca_certificate {
	uint8_t serial[SERIAL_BYTES];
	uint8_t node[NODE_ID_BYTES];
	enum ca_state state;
	enum crl_reason reason;
	uint64_t since;     /* of the state; 0 while live */
	uint64_t not_after; /* it is expired after that */
	uint64_t seq;       /* its entry in the log of issued certificates */
	uint64_t notice;    /* that made the state; or the last one when it was issued */
	bool is_pending;    /* its entry is not durable yet */
};

struct ca_table;

MUST_USE enum rc ca_table_open(struct ca_table **out, struct err *err);
void ca_table_close(struct ca_table **table);

/*
 * An entry of the log: state, reason and since of `certificate` are not looked at, notice is the last one
 * when it was issued. One that is there as pending becomes final. RC_EXISTS: it is there already.
 * RC_LIMIT, RC_NOMEM.
 */
MUST_USE enum rc ca_table_add(struct ca_table *table, const struct ca_certificate *certificate);

/* A pending one did not become durable. */
void ca_table_take_back(struct ca_table *table, struct span serial);

/* False if there is none (or it has expired and was forgotten). */
bool ca_table_find(const struct ca_table *table, struct span serial, struct ca_certificate *out);

/* Call each for those of a node, the newest first, until it returns false. */
typedef bool ca_table_each(void *ctx, const struct ca_certificate *certificate);
void ca_table_of_node(const struct ca_table *table, const uint8_t node[static NODE_ID_BYTES],
	ca_table_each *each, void *ctx);

/* A notice, as far as it matters here. serial: with CA_END_ONE. reason: with CA_END and CA_END_ONE. */
struct ca_notice {
	enum ca_effect effect;
	const uint8_t *node;
	struct span serial;
	enum crl_reason reason;
	uint64_t seq;
	uint64_t time;
};

/* What such a notice would change: up to max serials, those that are expired at now_ms left out. Returns how
 * many. */
size_t ca_table_affected(const struct ca_table *table, const struct ca_notice *notice, uint64_t now_ms,
	uint8_t (*out)[SERIAL_BYTES], size_t max);

/*
 * A notice is in the log. In the order of their numbers; one that was taken before changes nothing. changed
 * (may be NULL) is called for each certificate whose state changed. RC_NOMEM, RC_LIMIT: the node or the
 * serial cannot be remembered.
 */
MUST_USE enum rc ca_table_note(
	struct ca_table *table, const struct ca_notice *notice, ca_table_each *changed, void *ctx);

/*
 * What CRLs must say now. full: all that is revoked or held, also expired ones that no full CRL has told yet
 * after their end (RFC 5280, 3.3). delta: what has changed since the base, CRL_REMOVE_FROM_CRL where it is
 * good again. mark: how far this listing goes. Owned.
 */
struct ca_listing {
	struct crl_entry *full;
	size_t full_count;
	struct crl_entry *delta;
	size_t delta_count;
	uint32_t mark;
};
void ca_listing_release(struct ca_listing *listing);
MUST_USE enum rc ca_table_list(struct ca_table *table, struct ca_listing *out);

/* A full CRL of this listing is published, made at this time: expired ones that it tells may now go. With
 * is_base, deltas count from it on. */
void ca_table_published(struct ca_table *table, uint32_t mark, uint64_t time_ms, bool is_base);

/* Has anything changed that the listing up to mark does not say? */
bool ca_table_changed_since(const struct ca_table *table, uint32_t mark);

/* Look at `budget` slots further, and forget what has expired. Returns how many went. */
size_t ca_table_sweep(struct ca_table *table, uint64_t now_ms, size_t budget);

/*
 * May one more be issued to this node now? At most `burst` at once, and one more after each every_ms; asking
 * counts. RC_LIMIT: not yet (or there is no room for the node); *wait_ms says how long.
 */
MUST_USE enum rc ca_table_charge(struct ca_table *table, const uint8_t node[static NODE_ID_BYTES],
	uint64_t now_ms, uint64_t every_ms, unsigned burst, uint64_t *wait_ms);

struct ca_counts {
	size_t live;
	size_t held;
	size_t revoked;
	size_t nodes;
	size_t bytes; /* of memory, without the allocator's own */
};
struct ca_counts ca_table_counts(const struct ca_table *table);

#endif
