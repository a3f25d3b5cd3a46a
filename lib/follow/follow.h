/*
 * A durable subscriber to the notice log (docs/notices.md): what the agent, the host of actions and the
 * gateway have in common. It connects to one of the rostered revocation services and turns to the next one
 * when the link breaks or when it is blind; takes notices singly and in batches; checks each of them, and
 * that it follows the one before (lib/trust/notice.h); fetches what it missed; keeps on the disk what was
 * acted on; acknowledges it; and knows which service leads.
 *
 * Notices come to the owner twice. `seen`: as soon as one is checked, in order, every one: for tables that
 * mirror the log. `give`: in order, at most at_once of them at a time, each until follow_done: for what takes
 * time and must have happened. Delivery is at least once: what was given and not done when the program ended
 * is given again, with `again` set.
 *
 * What the log says is logged here (`notice`, `notice.refused`, `notices.blind`, `notices.forked`, …), so
 * that all subscribers say it in the same words.
 */
#ifndef LIMEBUS_FOLLOW_FOLLOW_H
#define LIMEBUS_FOLLOW_FOLLOW_H

#include "lib/bus/client.h"
#include "lib/follow/profiles.h"
#include "lib/json/json_write.h"
#include "lib/trust/notice.h"

struct follow;

/* Notices that were checked and are not all done: so far may the last one be from the first that is not. */
#define FOLLOW_WINDOW        1024
#define FOLLOW_BYTES_MAX     (16u << 20) /* of them together */
#define FOLLOW_CALLS_MAX     256  /* outstanding requests of the owner's, each of follow_call, follow_ask */
#define FOLLOW_BLIND_MS      5000 /* without a valid head */
#define FOLLOW_PLACE_FILE    "notices.place"
#define FOLLOW_PROFILES_FILE "notices.profiles"

/* Where the first run begins; later runs go on from their place.
 *   ALL   with notice 1: every one is given
 *   NEW   what is in the log already is read, checked and seen, but not given
 *   HEAD  with what follows the present end: nothing before it is read. Refused together with `profiles` */
enum follow_start { FOLLOW_ALL, FOLLOW_NEW, FOLLOW_HEAD };

/* A checked notice. Borrowed: in `seen` until it returns, in `give` until follow_done. */
struct follow_notice {
	uint64_t seq;
	enum notice_kind kind; /* NOTICE_UNKNOWN: pass it on, do not act */
	const struct msg_notice *body;
	const struct msg *cause; /* what it proves; NULL if its kind has none */
	struct span bytes;       /* `signed`, as it stands */
	bool again;              /* it may have been acted on before */
};

/* Borrowed while it is open are bus, ctx and what ctx reaches; the rest is copied. */
struct follow_options {
	struct bus *bus;
	const struct curve_pair *pair; /* of a node, or of a member of the roster */
	const char *folder;            /* for place and profiles; 0700. NULL: nothing is kept */
	enum follow_start start;
	bool profiles;     /* keep a table of them */
	unsigned at_once;  /* notices given and not done; 0: 1; at most FOLLOW_WINDOW */
	const char *topic; /* to be subscribed besides; NULL: none */
	const struct roster *(*roster)(void *ctx); /* the present one */
	/* All may be NULL; without `give` a notice is done once it was seen. None may close the follower. */
	void (*seen)(void *ctx, const struct follow_notice *notice);
	void (*give)(void *ctx, const struct follow_notice *notice);
	void (*changed)(void *ctx); /* some number or word of follow_status is another one */
	/* What came under `topic`, decoded; nobody has checked who signed it. */
	void (*published)(void *ctx, struct span topic, const struct msg *msg, struct span frame);
	void *ctx;
};

/* Returns at once; connects in the background. RC_MALFORMED, RC_DENIED: a place file that cannot be right, or
 * that others can write. A table of profiles that is lost is read from the log again. */
MUST_USE enum rc follow_open(const struct follow_options *options, struct follow **out, struct err *err);

/* Writes down where it stands. Calls end without their callbacks. Accepts NULL inside. */
void follow_close(struct follow **follow);

/* The roster is another one. A connection to a service that is still in it is kept. */
void follow_roster_changed(struct follow *follow);

/* This notice, which was given, has been acted on (or given up). In any order. It is written down within the
 * turn or a few of them, and acknowledged when all before it are done. Other numbers are ignored. */
void follow_done(struct follow *follow, uint64_t seq);

/* What is known of a node; false: nothing. Borrowed until the next turn of the loop. */
bool follow_profile(
	const struct follow *follow, const uint8_t node[static NODE_ID_BYTES], struct msg_profile *out);

/*
 * Ask the service that leads. A `moved` is followed, a leader that is gone is looked for among the others,
 * and the request is sent again to whoever leads then, all within the deadline: so it must be idempotent.
 * reply as in lib/bus/client.h; it never gets a `moved`. RC_LIMIT: FOLLOW_CALLS_MAX are outstanding.
 */
MUST_USE enum rc follow_call(struct follow *follow, const struct msg *msg, uint64_t deadline_ms,
	client_reply *reply, void *ctx, uint64_t *out_id);
void follow_cancel(struct follow *follow, uint64_t id);

/* Ask the service that we are connected to, whether it leads or not; or the next one, if we turn. */
MUST_USE enum rc follow_ask(struct follow *follow, const struct msg *msg, uint64_t deadline_ms,
	client_reply *reply, void *ctx, uint64_t *out_id);
void follow_ask_cancel(struct follow *follow, uint64_t id);

struct follow_status {
	bool is_up;      /* the subscription stands */
	bool is_blind;   /* no valid head for FOLLOW_BLIND_MS; true until the first one came */
	bool is_forked;  /* somebody rewrote the log: nothing is taken any more */
	bool is_current; /* neither, and everything up to the last head was seen */
	uint64_t head;
	uint64_t seen;
	uint64_t done;       /* everything up to this number */
	unsigned waiting;    /* checked and not done */
	const char *service; /* names in the roster; "" if not known. Borrowed until the next turn */
	const char *leader;
};
struct follow_status follow_status(const struct follow *follow);

/* The same as members of the JSON object that is open: revocation, blind, forked, notice_head, notice_seen,
 * notice_acted, notices_waiting, revocation_service, revocation_leader. */
void follow_write_status(const struct follow *follow, struct json_write *w);

#endif
