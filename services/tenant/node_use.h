/* A node's policy, replaced by a request that the operator signs (proto/PROTOCOL.md, 8). */
#ifndef LIMEBUS_TENANT_NODE_USE_H
#define LIMEBUS_TENANT_NODE_USE_H

#include "services/tenant/nodes.h"

/* keep_until 0: the policy that the node has now holds no longer; else both do until then (wall-clock ms). */
struct node_use {
	const uint8_t *policy; /* HASH_BYTES */
	uint64_t keep_until;
	const char *reason;
};

/* RC_NOT_FOUND: the node is not provisioned. */
MUST_USE enum rc node_use(struct session *session, const struct known_node *node,
	const struct elem_node_state *state, const struct node_use *use, struct err *err);

#endif
