#include "lib/store/commit.h"

#include <stdlib.h>

#include "lib/store/group.h"

static void commit_free(struct commit *commit)
{
	store_batch_release(&commit->batch);
	free(commit);
}

static void queue_append(struct commits *commits, struct commit *commit)
{
	commit->next = NULL;
	if (commits->last != NULL)
		commits->last->next = commit;
	else
		commits->first = commit;
	commits->last = commit;
	commits->count++;
	commits->bytes += commit->batch.bytes.len;
}

void commits_put_back(struct commits *commits, struct commit *commit)
{
	commit->next = commits->first;
	commits->first = commit;
	if (commits->last == NULL)
		commits->last = commit;
	commits->count++;
	commits->bytes += commit->batch.bytes.len;
}

struct commit *commits_take(struct commits *commits)
{
	struct commit *commit = commits->first;

	if (commit == NULL)
		return NULL;
	commits->first = commit->next;
	if (commits->first == NULL)
		commits->last = NULL;
	commits->count--;
	commits->bytes -= commit->batch.bytes.len;
	commit->next = NULL;
	return commit;
}

static void say_why(struct store *store, enum rc rc)
{
	if (rc == RC_STALE)
		err_set(&store->why, rc, "store: the lease is another's, or ran out");
	else if (rc == RC_EXISTS)
		err_set(&store->why, rc, "store: something else is there than was expected");
	else if (rc == RC_NOT_FOUND)
		err_set(&store->why, rc, "store: what was expected is not there any more");
}

void commit_settle(struct store *store, struct commit *commit, enum rc rc)
{
	for (size_t i = 0; rc == RC_STALE && i < commit->batch.count; i++)
		if (commit->batch.ops[i].is_lease)
			leases_refused(store, op_key(&commit->batch, &commit->batch.ops[i]),
				op_value(&commit->batch, &commit->batch.ops[i]));
	say_why(store, rc);
	commit->done(commit->ctx, rc);
	commit_free(commit);
}

static bool has_writes(const struct store_batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		if (!op_is_condition(&batch->ops[i]))
			return true;
	return false;
}

static enum rc check_commit(struct store *store, const struct store_batch *batch)
{
	if (store->phase != PHASE_READY)
		return err_set(&store->why, RC_IO, "store: not connected to redis");
	if (!has_writes(batch))
		return err_set(&store->why, RC_MALFORMED, "store: nothing to write in this batch");
	if (store->commits.count >= STORE_COMMITS_MAX ||
		batch->bytes.len > STORE_COMMIT_BYTES_MAX - store->commits.bytes)
		return err_set(&store->why, RC_LIMIT, "store: too many commits are waiting");
	return RC_OK;
}

enum rc store_commit(struct store *store, const struct store_lease *lease, struct store_batch *batch,
	store_done *done, void *ctx)
{
	const char *key = NULL;
	struct span proof = {0};
	struct commit *commit;

	TRY(check_commit(store, batch));
	if (lease != NULL && !lease_proof(lease, &key, &proof))
		return err_set(&store->why, RC_STALE, "store: the lease is not held");
	commit = calloc(1, sizeof *commit);
	if (commit == NULL)
		return err_set(&store->why, RC_NOMEM, "store: out of memory");
	if (lease != NULL && batch_add_lease(batch, key, proof) != RC_OK) {
		free(commit);
		return err_set(&store->why, RC_NOMEM, "store: out of memory");
	}
	commit->batch = TAKE(*batch);
	commit->done = done;
	commit->ctx = ctx;
	commit->by_ms = store_now_ms(store) + store->command_ms;
	queue_append(&store->commits, commit);
	commits_start(store);
	return RC_OK;
}

void commits_start(struct store *store)
{
	struct commits *commits = &store->commits;

	if (store->phase != PHASE_READY || commits->group != NULL || commits->settling ||
		commits->first == NULL || store->link.fault.rc != RC_OK)
		return;
	if (group_start(store) != RC_OK)
		store_fault(store, store->why.rc, "%s", store->why.text);
}

/* Those whose turn did not come in time; the queue is in the order of their deadlines. */
void commits_tick(struct store *store, uint64_t now_ms)
{
	struct commits *commits = &store->commits;

	while (commits->first != NULL && now_ms >= commits->first->by_ms) {
		struct commit *commit = commits_take(commits);

		err_set(&store->why, RC_TIMEOUT, "store: the commit's turn did not come in time");
		commit_settle(store, commit, RC_TIMEOUT);
	}
	commits_start(store);
}

void commits_lost(struct store *store)
{
	struct commits *commits = &store->commits;
	struct commit *waiting = commits->first;

	commits->first = NULL;
	commits->last = NULL;
	commits->count = 0;
	commits->bytes = 0;
	group_lost(store);
	while (waiting != NULL) {
		struct commit *commit = waiting;

		waiting = commit->next;
		commit_settle(store, commit, RC_IO);
	}
}
