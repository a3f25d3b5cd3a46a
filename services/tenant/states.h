/* The states of nodes as their verifier tells them, and the names of policies. */
#ifndef LIMEBUS_TENANT_STATES_H
#define LIMEBUS_TENANT_STATES_H

#include "services/tenant/session.h"

/* The state of one node; elem borrows from the answer. RC_NOT_FOUND: the verifier knows no such node (it
 * never said hello there). */
MUST_USE enum rc states_get(struct session *session, struct span node, struct answer *answer,
	struct elem_node_state *out, struct err *err);

/* The policies that the verifier knows. */
struct states {
	struct policy_row *policies;
	size_t policy_count;
};
struct policy_row {
	uint8_t hash[HASH_BYTES];
	char name[NAME_MAX_BYTES + 1];
	uint64_t number;
	uint64_t time;
	uint64_t size;
	bool missing; /* the verifier wants its document again */
};
void states_release(struct states *states);

#define POLICIES_MAX 65536u

MUST_USE enum rc states_load_policies(struct session *session, struct states *out, struct err *err);

/* Name of a policy, "" if it is not known. */
const char *states_policy(const struct states *states, struct span hash);

#endif
