/* Private to the revocation service: what its files share. */
#ifndef LIMEBUS_REVOCATION_INNER_H
#define LIMEBUS_REVOCATION_INNER_H

#include "lib/service/service.h"
#include "services/revocation/ca.h"
#include "services/revocation/journal.h"
#include "services/revocation/revocation.h"
#include "services/revocation/subscribers.h"
#include "services/revocation/watched.h"

#define KEY_NODE    "lb:{0}:node"
#define KEY_NK      "lb:{0}:nk"
#define KEY_STATE   "lb:{0}:state"
#define KEY_NOTICES "lb:{0}:notices"
#define KEY_LEAD    "lb:{0}:lead"
#define KEY_TOKEN   "lb:{0}:lead-token"

#define LEAD_TTL_MS  1500
#define LEAD_TICK_MS 50

/* One frame of several notices holds at most so many bytes of them, and PAGE_MAX of them. */
#define BATCH_BYTES_MAX (512u << 10)

struct draft;
struct question;

/* Notices that are in our log since this turn and not published yet: elem_item's. */
struct outgoing {
	struct blob items;
	size_t count;
	uint8_t node[NODE_ID_BYTES]; /* of the first one */
};

/* What depends on the notice log. Set before the log is opened; each may be NULL. */
struct follower {
	/* A notice is in the log: every one, in order, from the first one in our file on. cause: what it
	 * proves; NULL if it has none. */
	void (*notice)(void *ctx, const struct msg_notice *notice, const struct msg *cause);
	/* The serials of this node's certificates that a notice of this kind ends, holds or releases:
	 * elem_serial's appended to raw, at most NOTICE_SERIALS_MAX; how many. */
	size_t (*serials)(
		void *ctx, const uint8_t node[static NODE_ID_BYTES], enum notice_kind kind, struct blob *raw);
	/* We lead from now on, or no more. */
	void (*lead)(void *ctx, bool leads);
	void *ctx;
};
#define NOTICE_SERIALS_MAX 64

#define JOURNALS_MAX 2

struct revocation {
	const struct revocation_config *config;
	struct service *service;
	struct signer *signer; /* our key, for notices and heads */
	struct journal *log;
	struct journal *journals[JOURNALS_MAX]; /* all that the lease is for; log is the first */
	size_t journal_count;
	struct follower follower;
	struct ca *ca; /* NULL: there is none */
	struct watched_table watched;
	void *causes;   /* of the log, and of what is drafted (tsearch) */
	void *nks;      /* live enrolments that asked to connect (tsearch); see admit.c */
	void *nk_nodes; /* the same ones, by node */
	size_t nk_count;
	struct draft *settled; /* in the log since this turn, not answered yet: in order */
	struct draft **settled_end;
	struct outgoing outgoing;
	struct subscribers subscribers;
	size_t ack_at; /* where the next writing begins */
	struct question *questions;
	size_t question_count;
	uint64_t scanned_ms; /* when Redis was last read for it; 0: never */
	bool is_scanning;
	bool is_closing;
	struct store_lease *lease;
	bool leads;        /* as it was told last */
	struct err failed; /* what ends us */
	struct timer head_timer;
	struct timer lapse_timer;
	struct timer lapse_more; /* there are more to tell than one turn takes */
	unsigned lapse_room;     /* how many this turn may still tell */
	struct timer lead_timer;
	struct timer ack_timer;
	bool has_states; /* the verifiers' records were read from Redis */
	bool is_open;    /* what comes now comes from others, not from our file */
	uint64_t stale_causes;
};

static inline uint64_t mono_ms(const struct revocation *revocation)
{
	return clock_mono_ms(loop_clock(service_loop(revocation->service)));
}

/* ---- lead.c: which of several services issues ---- */

/* A journal that is led together with the notice log; before lead_open. */
void lead_add(struct revocation *revocation, struct journal *journal);
MUST_USE enum rc lead_open(struct revocation *revocation, struct err *err);
/* Gives the lease back. */
void lead_close(struct revocation *revocation);

/* We hold the lease by our own clock, and have read every journal to its end since. */
bool lead_is_ours(const struct revocation *revocation);

/* The name of who leads, as far as we know; "" if nobody does. */
void lead_name(const struct revocation *revocation, char out[static NAME_MAX_BYTES + 1]);

/* True if we lead. Else the request was answered with `moved`, or, while nobody leads, with RC_TIMEOUT: ask
 * again a little later. */
bool lead_serves(struct revocation *revocation, const struct peer *peer, uint64_t id);

/* ---- issue.c: from a cause, or from an observation, to a published notice ---- */
server_handler issue_on_cause;

/* Make a notice of this signed cause for the peer, who is answered `ok` when it is in the log (or was there
 * before: text "known", or "stale"). Anything but RC_OK: not taken, and not answered. We must lead. */
MUST_USE enum rc issue_cause(struct revocation *revocation, const struct peer *peer, uint64_t id,
	struct span cause, struct err *err);

/* Answer that a request was not taken: with the reason, or, if we do not lead (any more), with who does. */
void issue_refuse(struct revocation *revocation, const struct peer *peer, uint64_t id, enum rc rc,
	const struct err *err);

/* lapsed or restored. False: too much waits; try again. */
bool issue_observation(
	struct revocation *revocation, struct watched *node, enum notice_kind kind, const char *reason);

/* A notice is in the log: it is published, and who depends on it is told. */
void issue_told(struct revocation *revocation, const struct msg_notice *notice, struct span signed_notice);

/* ---- logged.c: what the log says ---- */
/* The cause of a notice in our own log, for what it says; who signed it was checked when it was taken. False:
 * it has none. */
bool issue_read_cause(struct span cause, struct msg *out);

/* journal_options of the notice log. */
journal_file_each issue_on_logged;
/* journal_options.check: a notice that another service made, as every subscriber judges it. So not even a
 * stolen key of a revocation service makes a word of a verifier or an operator here. */
enum rc issue_check_foreign(void *ctx, struct span signed_notice, struct err *err);
void issue_settled(void *ctx);
void issue_release(struct revocation *revocation);

/* Publish the signed head, if we are current. */
void issue_head(void *ctx);

/* The signed head, appended to out. RC_TIMEOUT: we do not know whether we are current. */
MUST_USE enum rc issue_make_head(struct revocation *revocation, struct blob *out, struct err *err);

/* ---- causes.c: those that made a notice already, or are about to ---- */
bool cause_is_known(const struct revocation *revocation, const uint8_t hash[static HASH_BYTES]);
/* The draft that waits for it; NULL: none. */
struct draft *cause_draft(const struct revocation *revocation, const uint8_t hash[static HASH_BYTES]);
/* draft NULL: it is in the log. */
MUST_USE enum rc cause_remember(
	struct revocation *revocation, const uint8_t hash[static HASH_BYTES], struct draft *draft);
void cause_forget(struct revocation *revocation, const uint8_t hash[static HASH_BYTES]);
void causes_release(struct revocation *revocation);

/* ---- publish.c ---- */
/* To be published at the end of the group. */
void publish_add(struct revocation *revocation, const struct msg_notice *notice, struct span signed_notice);
void publish_flush(struct revocation *revocation);

/* ---- vouch.c: who is alive ---- */
server_handler vouch_on_alive;
void vouch_check(void *ctx);
void vouch_load(struct revocation *revocation);
/* We lead from now on. */
void vouch_begin(struct revocation *revocation);

/* ---- serve.c: ranges, floors ---- */
server_handler serve_on_notices_get;
server_handler serve_on_floor_get;

/* ---- profile.c: what the tenant says about nodes ---- */
server_handler profile_on_put;
server_handler profile_on_get;

/* ---- acks.c: who acknowledges ---- */
server_handler acks_on_ack;
server_handler acks_on_get;
/* Write down what changed; once a second. */
void acks_write(void *ctx);
void acks_add_facts(struct revocation *revocation, struct facts *facts);
/* It said something, so it is connected. */
void acks_touch(struct revocation *revocation, const struct peer *peer);
void acks_release(struct revocation *revocation);

/* ---- admit.c: nodes that may listen ---- */
enum admit admit_node(void *ctx, const uint8_t key[static CURVE_KEY_BYTES], uint64_t token);
unsigned admit_role(void *ctx, const uint8_t key[static CURVE_KEY_BYTES]);
/* The node that this key is live for; NULL: none. */
const uint8_t *admit_node_of(const struct revocation *revocation, const uint8_t key[static CURVE_KEY_BYTES]);
void admit_release(struct revocation *revocation);

#endif
