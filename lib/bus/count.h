/* What went through a socket and what was dropped, by cause: for `status`, and for the log once a second at
 * most. */
#ifndef LIMEBUS_BUS_COUNT_H
#define LIMEBUS_BUS_COUNT_H

#include <stdint.h>

/*
 * X(name, words)
 *   ANONYMOUS   no User-Id that our ZAP handler gave: nobody vouches for the sender
 *   ROUTING     a routing id that the peer chose itself
 *   FRAMES      not exactly the frames that a message has
 *   MALFORMED   refused by the structural check or the schema
 *   UNKNOWN     a key without a role sent something that needs one
 *   DENIED      the sender's role may not send this type
 *   UNEXPECTED  an answer that nobody waits for (late or made up)
 *   UNROUTABLE  the peer is gone
 *   FULL        the peer reads too slowly: its queue is at the high-water mark
 *   FAILED      anything else that libzmq refused
 */
#define DROP_LIST(X)                                                                                         \
	X(ANONYMOUS, "anonymous")                                                                            \
	X(ROUTING, "routing")                                                                                \
	X(FRAMES, "frames")                                                                                  \
	X(MALFORMED, "malformed")                                                                            \
	X(UNKNOWN, "unknown")                                                                                \
	X(DENIED, "denied")                                                                                  \
	X(UNEXPECTED, "unexpected")                                                                          \
	X(UNROUTABLE, "unroutable")                                                                          \
	X(FULL, "full")                                                                                      \
	X(FAILED, "failed")

#define DROP_ENUM(name, words) DROP_##name,
enum drop_cause { DROP_LIST(DROP_ENUM) DROP_COUNT };
#undef DROP_ENUM

/* "malformed" for DROP_MALFORMED; never NULL. */
const char *drop_word(enum drop_cause cause);

struct bus_counts {
	uint64_t in;
	uint64_t out;
	uint64_t dropped[DROP_COUNT];
};

#endif
