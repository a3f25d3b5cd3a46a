/*
 * What a node's state becomes, and what is to be done about it. Pure: state and event in, state and effects
 * out. Whether a challenge is under way is not told here but in challenge.h; `stale` is not a state but
 * follows from the age of the last good verdict.
 */
#ifndef LIMEBUS_VERIFIER_SESSION_H
#define LIMEBUS_VERIFIER_SESSION_H

#include <stdbool.h>

#include "lib/base/span.h"

/* X(NAME, word). The words are stored and shown: they never change. */
#define NODE_STATES(X)                                                                                       \
	X(ENROLLED, "enrolled")                                                                              \
	X(PROVISIONED, "provisioned")                                                                        \
	X(BOOTSTRAPPING, "bootstrapping")                                                                    \
	X(TRUSTED, "trusted")                                                                                \
	X(UNREACHABLE, "unreachable")                                                                        \
	X(REBOOTED, "rebooted")                                                                              \
	X(UNTRUSTED, "untrusted")                                                                            \
	X(SUSPENDED, "suspended")                                                                            \
	X(REMOVED, "removed")

#define NODE_STATE_ENUM(name, word) NODE_##name,
enum node_state { NODE_STATE_NONE, NODE_STATES(NODE_STATE_ENUM) NODE_STATE_COUNT };
#undef NODE_STATE_ENUM

/*
 * X(NAME, words)
 *   AK_CHANGED   the registrar's record has another AK than the provisioning
 *   PROVISIONED  the tenant's provisioning with a higher number is durable
 *   REBOOT       evidence with a higher reset count arrived; GOOD or BAD follows at once
 *   GOOD         evidence was judged and holds; the node is not provisioned, or its payload lies opened
 *   GOOD_CLOSED  evidence was judged and holds; the payload does not lie opened there
 *   BAD          evidence was judged and does not hold
 *   NO_ANSWER    a challenge was not answered in time
 *   OPENED       the node says that it opened the payload of the present number
 *   SUSPEND      the tenant says so, signed
 *   RESUME       the tenant said so, signed, and the node passed since then
 *   REMOVE       the tenant says so, signed
 */
#define NODE_EVENTS(X)                                                                                       \
	X(AK_CHANGED, "another AK")                                                                          \
	X(PROVISIONED, "provisioned")                                                                        \
	X(REBOOT, "rebooted")                                                                                \
	X(GOOD, "evidence good")                                                                             \
	X(GOOD_CLOSED, "evidence good, payload closed")                                                      \
	X(BAD, "evidence bad")                                                                               \
	X(NO_ANSWER, "no answer")                                                                            \
	X(OPENED, "payload opened")                                                                          \
	X(SUSPEND, "suspended by the tenant")                                                                \
	X(RESUME, "resumed by the tenant")                                                                   \
	X(REMOVE, "removed by the tenant")

#define NODE_EVENT_ENUM(name, words) EVENT_##name,
enum node_event { NODE_EVENTS(NODE_EVENT_ENUM) NODE_EVENT_COUNT };
#undef NODE_EVENT_ENUM

/* What the service carries out, in this order, after the new state is durable. */
enum node_effect {
	EFFECT_SHARE_V = 1u << 0, /* send V, if the class's redeliver limit allows it */
	EFFECT_REVOKE = 1u << 1,  /* the verdict goes to the notice log */
	EFFECT_NOTICE = 1u << 2,  /* the tenant's signed request goes to the notice log */
	EFFECT_ASK = 1u << 3,     /* challenge now */
};

/* {0} is illegal: NODE_STATE_NONE. */
struct node_step {
	enum node_state next;
	unsigned effects;
};

/* The table's cell; next is NODE_STATE_NONE where the event is illegal in that state, and nothing is to be
 * done then. */
struct node_step node_step(enum node_state state, enum node_event event);

/* May V be released to, and trust be asserted of, a node in this state? Exactly BOOTSTRAPPING and TRUSTED. */
bool node_state_passes(enum node_state state);

const char *node_state_word(enum node_state state);
const char *node_event_words(enum node_event event);

/* NODE_STATE_NONE for a word that is none. */
enum node_state node_state_parse(struct span word);

#endif
