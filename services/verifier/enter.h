/*
 * Who is it? The key of a connection says nothing until the registrar's record of the node that it claims to
 * be names it. Look-ups in Redis are bounded, one a key at a time; what cannot be looked up gets no answer.
 */
#ifndef LIMEBUS_VERIFIER_ENTER_H
#define LIMEBUS_VERIFIER_ENTER_H

#include "lib/trust/record.h"
#include "lib/trust/registration.h"
#include "services/verifier/node.h"

#define LOOKUPS_MAX 256

struct verifier;

/* A key that waits for the record of the node that it says it is. */
struct lookup {
	struct verifier *verifier;
	bool is_used;
	struct peer peer;
	uint64_t id;
	uint8_t node[NODE_ID_BYTES];
	struct msg_hello hello; /* its numbers */
	struct blob frame;
};

struct lookups {
	struct lookup slots[LOOKUPS_MAX];
};
void lookups_release(struct lookups *lookups);

/* Check a record of the registrar and what it says about EK and AK. RC_DENIED, RC_STALE: altered, or an old
 * one put back. view borrows from the record. */
MUST_USE enum rc enter_check_record(const struct verifier *verifier, const uint8_t id[static NODE_ID_BYTES],
	struct span record, struct record_view *view, struct registration *registration, struct err *err);

#endif
