/*
 * What a store holds: signed, versioned records. Redis is not believed: each record names its type and key,
 * carries the version and the fencing token of its writer, and is signed by him.
 */
#ifndef LIMEBUS_TRUST_RECORD_H
#define LIMEBUS_TRUST_RECORD_H

#include "lib/trust/roster.h"

/* What a record says about itself. */
struct record_head {
	const char *type;
	const char *key;
	uint64_t version;
	uint64_t token; /* 0: written without a lease */
};

/* Encode body, wrap it into a record, sign, append to out. body may be NULL: a record that is its own
 * statement. */
MUST_USE enum rc record_make(const struct sign_pair *writer, struct record_head head, const struct msg *body,
	struct blob *out, struct err *err);

/* An opened record; borrows from the bytes. */
struct record_view {
	struct msg body;
	uint64_t version;
	uint64_t token;
	uint8_t writer[SIGN_KEY_BYTES];
};

/* What the reader expects. */
struct record_expect {
	const char *type;
	const char *key;
	enum msg_type body;
	unsigned writers; /* roles that may have written it */
	uint64_t version; /* the highest that the reader knows; lower ones are RC_STALE: somebody put an old
	                     one back */
};

/* RC_DENIED: signature, role, type or key are not the expected ones. RC_STALE as above. */
MUST_USE enum rc record_open(const struct roster *roster, struct span bytes, struct record_expect expect,
	uint64_t wall_ms, struct record_view *out, struct err *err);

#endif
