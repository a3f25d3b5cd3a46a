/* From a tenant to a node and back, unread: the body is sealed to the node (proto/PROTOCOL.md, 6). */
#ifndef LIMEBUS_VERIFIER_RELAY_H
#define LIMEBUS_VERIFIER_RELAY_H

#include "services/verifier/node.h"

#define RELAYS_MAX 128
#define RELAY_MS   10000

/* One that waits for its answer; id 0: free. */
struct relay_wait {
	uint64_t id; /* ours, to the node */
	uint64_t until_ms;
	struct peer operator;
	uint64_t operator_id;
	struct node *node;
};

struct relays {
	struct relay_wait slots[RELAYS_MAX];
};

/* Answer those whose time is over. */
void relay_tick(struct verifier *verifier);

#endif
