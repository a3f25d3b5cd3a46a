/*
 * Who acknowledges notices, and how far: rostered keys by their name, nodes by their id in hexadecimal. PURE:
 * times come in.
 */
#ifndef LIMEBUS_REVOCATION_SUBSCRIBERS_H
#define LIMEBUS_REVOCATION_SUBSCRIBERS_H

#include <stdbool.h>

#include "lib/base/rc.h"
#include "proto/msg.h"

#define SUBSCRIBERS_MAX        200000
#define SUBSCRIBER_FIELD_BYTES (2 * NODE_ID_BYTES + 1) /* NAME_MAX_BYTES is as long */

struct subscriber {
	char field[SUBSCRIBER_FIELD_BYTES]; /* first: it is compared as one */
	bool is_node;
	uint8_t node[NODE_ID_BYTES];
	uint64_t acted;   /* everything up to this number */
	uint64_t heard;   /* wall clock: when it last acknowledged something */
	uint64_t here_ms; /* monotonic: when it last said anything to us; 0: never */
	bool is_fresh;    /* not written down yet */
};

/* {0} is empty. In the order in which they were first heard of. */
struct subscribers {
	void *tree;
	struct subscriber **all;
	size_t count;
	size_t room;
	size_t fresh; /* how many are not written down */
};
void subscribers_release(struct subscribers *subscribers);

/* Its entry, made if there is none. node NULL: it is a rostered name. NULL: no memory, or SUBSCRIBERS_MAX. */
struct subscriber *subscribers_get(struct subscribers *subscribers, const char *field, const uint8_t *node);

/* It says so now: true if that is news, which is to be written down. */
bool subscribers_acked(
	struct subscribers *subscribers, struct subscriber *subscriber, uint64_t acted, uint64_t wall_ms);

/* Another service wrote that down; what is older than what we know does not count. */
void subscribers_told(struct subscriber *subscriber, uint64_t acted, uint64_t heard);

#endif
