/* What Redis holds of a node, to and from records that a verifier signed. */
#ifndef LIMEBUS_VERIFIER_KEEP_H
#define LIMEBUS_VERIFIER_KEEP_H

#include "services/verifier/node.h"

struct verifier;

/* The signed record of type "state", or of type "prov" (kept->number must not be 0), with this version and
 * the present fencing token. Appended. */
MUST_USE enum rc keep_state(const struct verifier *verifier, const struct node *node, const struct kept *kept,
	uint64_t version, struct blob *out, struct err *err);
MUST_USE enum rc keep_prov(const struct verifier *verifier, const struct node *node, const struct kept *kept,
	uint64_t version, struct blob *out, struct err *err);

/* Where a record comes from. Foreign ones are good only for as long as their writer's key is: whoever has the
 * lease signs them again. */
struct keep_origin {
	uint64_t token;  /* the writer's */
	bool is_foreign; /* signed with another key than ours */
};

/* Take over what the record says into *kept. RC_DENIED, RC_STALE, RC_MALFORMED: it was altered, or put back;
 * *kept is unchanged. */
MUST_USE enum rc keep_read_state(const struct verifier *verifier, const uint8_t id[static NODE_ID_BYTES],
	struct span record, struct kept *kept, struct keep_origin *origin, struct err *err);
MUST_USE enum rc keep_read_prov(const struct verifier *verifier, const uint8_t id[static NODE_ID_BYTES],
	struct span record, struct kept *kept, struct keep_origin *origin, struct err *err);

/* Take over what a provisioning says (not V). Copies. */
MUST_USE enum rc kept_provision(
	struct kept *kept, const struct msg_provisioning *provisioning, struct span request);

/* The policy of a signed policy_use, which was checked, replaces the provisioning's. Copies. */
MUST_USE enum rc kept_use(struct kept *kept, const struct msg_policy_use *use, struct span request);

/* Write the times of the last good verdicts that changed, at most every ten seconds and node, in batches. */
void keep_times(struct verifier *verifier);

#endif
