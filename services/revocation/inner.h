/* Private to the revocation service: what its files share. */
#ifndef LIMEBUS_REVOCATION_INNER_H
#define LIMEBUS_REVOCATION_INNER_H

#include "lib/service/service.h"
#include "lib/trust/journal_file.h"
#include "services/revocation/revocation.h"
#include "services/revocation/watched.h"

#define KEY_NODE  "lb:{0}:node"
#define KEY_NK    "lb:{0}:nk"
#define KEY_STATE "lb:{0}:state"

/* What waits for the next flush: at most so many. */
#define BATCH_MAX 1024

/* A notice that was appended in this turn, and whom to answer when it is flushed. */
struct draft {
	struct blob signed_notice;
	struct watched *node;
	enum notice_kind kind;
	uint64_t seq;
	uint8_t cause_hash[HASH_BYTES];
	struct watched before; /* what was known of the node, to be taken back if the flush fails */
	bool has_peer;
	struct peer peer;
	uint64_t id;
};

/* How far a subscriber says that it has acted. */
struct ack {
	uint8_t key[CURVE_KEY_BYTES];
	uint64_t seq;
};
#define ACKS_MAX 4096

struct revocation {
	const struct revocation_config *config;
	struct service *service;
	struct journal_file *log;
	struct watched_table watched;
	void *causes; /* hashes of all causes in the log (tsearch) */
	void *nks;    /* live enrolments that asked to connect (tsearch); see admit.c */
	size_t nk_count;
	struct draft drafts[BATCH_MAX];
	size_t draft_count;
	struct ack acks[ACKS_MAX];
	size_t ack_count;
	struct timer head_timer;
	struct timer lapse_timer;
	uint64_t last_time; /* of the last notice: times in the log never go back */
	bool has_states;    /* the verifiers' records were read from Redis */
	bool disk_failed;
	uint64_t stale_causes;
};

static inline uint64_t mono_ms(const struct revocation *revocation)
{
	return clock_mono_ms(loop_clock(service_loop(revocation->service)));
}

/* ---- issue.c: from a cause, or from an observation, to a published notice ---- */
server_handler issue_on_cause;

/* lapsed or restored. */
void issue_observation(
	struct revocation *revocation, struct watched *node, enum notice_kind kind, const char *reason);

/* The loop's hook: flush the turn's drafts, publish, answer. */
void issue_flush(void *ctx);

/* Publish the signed head. */
void issue_head(void *ctx);

/* The signed head, appended to out. */
MUST_USE enum rc issue_make_head(struct revocation *revocation, struct blob *out, struct err *err);

/* Is there a cause of this hash in the log already? And remember one. */
bool cause_is_known(const struct revocation *revocation, const uint8_t hash[static HASH_BYTES]);
MUST_USE enum rc cause_remember(struct revocation *revocation, const uint8_t hash[static HASH_BYTES]);
void causes_release(struct revocation *revocation);

/* ---- vouch.c: who is alive ---- */
server_handler vouch_on_alive;
void vouch_check(void *ctx);
void vouch_load(struct revocation *revocation);

/* ---- serve.c: ranges, floors, acknowledgements ---- */
server_handler serve_on_notices_get;
server_handler serve_on_floor_get;
server_handler serve_on_ack;

/* ---- admit.c: nodes that may listen ---- */
enum admit admit_node(void *ctx, const uint8_t key[static CURVE_KEY_BYTES], uint64_t token);
unsigned admit_role(void *ctx, const uint8_t key[static CURVE_KEY_BYTES]);
void admit_release(struct revocation *revocation);

#endif
