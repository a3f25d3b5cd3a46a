/* Verdicts about a node, with a verifier's signature on them. */
#ifndef LIMEBUS_TENANT_VERDICTS_H
#define LIMEBUS_TENANT_VERDICTS_H

#include "services/tenant/nodes.h"

/*
 * The last verdict that spoke against the node. *out borrows from the answer. RC_NOT_FOUND: there is none;
 * RC_DENIED: no rostered verifier signed it, or it is about another node.
 */
MUST_USE enum rc verdicts_get(struct session *session, const struct known_node *node, struct answer *answer,
	struct signed_msg *out, struct err *err);

#endif
