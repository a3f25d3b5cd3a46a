/* The documents of policies (their JSON), which travel in chunks under their hash (proto/PROTOCOL.md, 8). */
#ifndef LIMEBUS_TENANT_DOCUMENTS_H
#define LIMEBUS_TENANT_DOCUMENTS_H

#include "services/tenant/session.h"

/* Send all of it to the verifier. What came before is not sent again by the verifier's own count. */
MUST_USE enum rc documents_put(struct session *session, const uint8_t hash[static HASH_BYTES],
	struct span document, struct err *err);

/* All of it, appended to `out`; RC_DENIED: not the one with this hash and size. */
MUST_USE enum rc documents_get(struct session *session, const uint8_t hash[static HASH_BYTES], uint64_t size,
	struct blob *out, struct err *err);

#endif
