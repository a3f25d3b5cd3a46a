/*
 * Causes on their way to the notice log: they are in Redis since the change that made them, and leave it when
 * the revocation service has said ok. Sent in the order in which they were made, one at a time and node,
 * again and again.
 */
#ifndef LIMEBUS_VERIFIER_OUTBOX_H
#define LIMEBUS_VERIFIER_OUTBOX_H

#include "lib/base/blob.h"
#include "lib/base/span.h"
#include "lib/bus/timer.h"
#include "proto/schema.h"

#define OUTBOX_WINDOW 32 /* calls at once */

struct verifier;
struct outbox_entry;

struct outbox {
	struct outbox_entry *first;
	size_t count;
	size_t sent;      /* under way */
	uint64_t refused; /* by the revocation service */
	struct timer again;
};
void outbox_release(struct outbox *outbox);

/* A cause that has just become durable. Copies. */
void outbox_add(struct verifier *verifier, const uint8_t node[static NODE_ID_BYTES], struct span cause);

/* One that was found in Redis; known ones stay once. */
void outbox_load(struct verifier *verifier, struct span cause);

/* Send what may be sent. */
void outbox_send(struct verifier *verifier);

/* The nodes that have a new good verdict, to the revocation service. Once a second. */
void outbox_alive(struct verifier *verifier);

#endif
