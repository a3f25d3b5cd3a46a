/*
 * Durable transactions. Commits that arrive while one is under way go together in the next MULTI, so that one
 * fsync serves many; each keeps its own conditions, its own lease and its own answer.
 */
#ifndef LIMEBUS_STORE_COMMIT_H
#define LIMEBUS_STORE_COMMIT_H

#include "lib/store/batch.h"
#include "lib/store/store.h"

#define STORE_COMMITS_MAX      8192u       /* waiting for their turn */
#define STORE_COMMIT_BYTES_MAX (64u << 20) /* the bytes of all of these */

/*
 * Takes the batch when it returns RC_OK, which is empty afterwards; borrows the lease during the call. The
 * lease may be NULL, then none is needed. Refused at once: RC_STALE (the lease is lost), RC_IO (no
 * connection), RC_LIMIT (too many are waiting), RC_MALFORMED (nothing in the batch).
 *
 * done gets
 *   RC_OK         written and durable: in the append-only file, fsynced, if store_durability says "durable",
 *                 and received by options.replicas replicas
 *   RC_STALE      the lease is another's, or ran out. Nothing was written
 *   RC_EXISTS     a condition does not hold: something else is there. Nothing was written
 *   RC_NOT_FOUND  a condition does not hold: what was expected is gone. Nothing was written
 *   RC_TIMEOUT    its turn did not come in time, or other writers were always faster. Nothing was written
 *   RC_DENIED     the ACL forbids it. Nothing was written
 *   RC_LIMIT      Redis has no memory left. Nothing was written
 *   RC_MALFORMED  a key holds another type. The other lines of the batch may have been written
 *   RC_IO         NOT KNOWN: the connection went, or fewer replicas than asked have it. It may be there, or
 *                 be there soon. Commit the same batch again until there is another answer.
 * To repeat a batch is safe: if its conditions fail only because the fields that they name already have the
 * bytes that this very batch writes there, it was written before; that is RC_OK, and no other field is
 * touched again. Batches without conditions write again.
 */
MUST_USE enum rc store_commit(struct store *store, const struct store_lease *lease, struct store_batch *batch,
	store_done *done, void *ctx);

/* Blocking, for tools and start-up: the result of the commit itself. */
MUST_USE enum rc store_wait_commit(struct store *store, const struct store_lease *lease,
	struct store_batch *batch, uint32_t ms, struct err *err);

#endif
