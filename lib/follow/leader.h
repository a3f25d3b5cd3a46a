/*
 * Requests to the revocation service that leads, whichever that is: heads and `moved` name it, and while
 * nobody knows, the rostered ones are asked in turn. The connection is made for the first request and given
 * up when none came for a while.
 */
#ifndef LIMEBUS_FOLLOW_LEADER_H
#define LIMEBUS_FOLLOW_LEADER_H

#include "lib/bus/client.h"
#include "lib/trust/roster.h"

struct leader;

#define LEADER_IDLE_MS 30000
#define LEADER_TURN_MS                                                                                       \
	400 /* without a connection: a quarter to the whole of it, then the next one is tried */
#define LEADER_AGAIN_MS 200 /* after a `moved` that leads to where we are */

/* Borrows bus and ctx, copies pair. */
struct leader_options {
	struct bus *bus;
	const struct curve_pair *pair;
	const struct roster *(*roster)(void *ctx);
	void *ctx;
	unsigned calls_max; /* 0: 64; at most 4096 */
};

MUST_USE enum rc leader_open(const struct leader_options *options, struct leader **out, struct err *err);
/* Calls end without their callbacks. Accepts NULL inside. */
void leader_close(struct leader **leader);

/* Somebody whom we believe names the one that leads. A name that the roster does not have is passed over. */
void leader_is(struct leader *leader, struct span name);
/* "" if it is not known. Borrowed until the next turn of the loop. */
const char *leader_name(const struct leader *leader);

void leader_roster_changed(struct leader *leader);

/* As follow_call (lib/follow/follow.h). */
MUST_USE enum rc leader_call(struct leader *leader, const struct msg *msg, uint64_t deadline_ms,
	client_reply *reply, void *ctx, uint64_t *out_id);
void leader_cancel(struct leader *leader, uint64_t id);

#endif
