#include "lib/store/look.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/store/stream_id.h"

/* The commits of one transaction; one allocation a group, freed when all are settled. */
struct group {
	struct store *store;
	struct commit *commits[GROUP_COMMITS_MAX];
	size_t count;
	struct looks looks;
	size_t ops;
	size_t bytes;
	size_t written; /* hashes of the places in `places` */
	uint64_t places[GROUP_OPS_MAX];
	size_t turn;        /* WRITING: the commit whose answers come now … */
	size_t turn_answer; /* … and how many of them were there */
	size_t writes;      /* commands between MULTI and EXEC */
	bool refused;       /* some command was not queued: EXEC will do nothing */
};

static bool is_written(const struct group *group, uint64_t hash)
{
	for (size_t i = 0; i < group->written; i++)
		if (group->places[i] == hash)
			return true;
	return false;
}

/* Conditions are looked at before anything of the group is written: a commit with a condition on a place that
 * an earlier one of the group writes has to wait for the next group. */
static bool fits(const struct group *group, const struct commit *commit)
{
	const struct store_batch *batch = &commit->batch;

	if (group->count == GROUP_COMMITS_MAX || batch->count > GROUP_OPS_MAX - group->ops ||
		(group->count != 0 && batch->bytes.len > GROUP_MAX_BYTES - group->bytes))
		return false;
	for (size_t i = 0; i < batch->count; i++)
		if (op_is_condition(&batch->ops[i]) &&
			(is_written(group, op_place_hash(batch, &batch->ops[i])) ||
				is_written(group, op_key_hash(batch, &batch->ops[i]))))
			return false;
	return true;
}

static void join(struct group *group, struct commit *commit)
{
	const struct store_batch *batch = &commit->batch;

	commit->rc = RC_OK;
	commit->repeated = false;
	commit->writes = 0;
	group->commits[group->count++] = commit;
	group->ops += batch->count;
	group->bytes += batch->bytes.len;
	for (size_t i = 0; i < batch->count; i++)
		/* A new end of a key does not change what is there. */
		if (!op_is_condition(&batch->ops[i]) && batch->ops[i].kind != OP_EXPIRE)
			group->places[group->written++] = op_place_hash(batch, &batch->ops[i]);
}

static void group_free(struct group *group)
{
	looks_release(&group->looks);
	free(group);
}

/* Tell all of them; callbacks may commit again, which waits until this is over. */
static void group_settle(struct group *group)
{
	struct store *store = group->store;

	store->commits.group = NULL;
	store->commits.settling = true;
	for (size_t i = 0; i < group->count; i++)
		commit_settle(store, group->commits[i], group->commits[i]->rc);
	store->commits.settling = false;
	group_free(group);
	commits_start(store);
}

/* Nothing was written: those that are not refused go back to the head of the queue, in their order. */
static void group_again(struct group *group)
{
	struct store *store = group->store;
	size_t kept = 0;

	for (size_t i = group->count; i-- > 0;) {
		struct commit *commit = group->commits[i];

		if (commit->rc == RC_OK && ++commit->tries < GROUP_TRIES_MAX) {
			commits_put_back(&store->commits, commit);
			group->commits[i] = NULL;
		} else if (commit->rc == RC_OK) {
			commit->rc =
				err_set(&store->why, RC_TIMEOUT, "redis: other writers are always faster");
		}
	}
	for (size_t i = 0; i < group->count; i++)
		if (group->commits[i] != NULL)
			group->commits[kept++] = group->commits[i];
	group->count = kept;
	group_settle(group);
}

void group_lost(struct store *store)
{
	struct group *group = store->commits.group;

	if (group == NULL)
		return;
	for (size_t i = 0; i < group->count; i++)
		if (group->commits[i]->rc == RC_OK)
			group->commits[i]->rc = RC_IO;
	group_settle(group);
}

/* A repetition touches only the places that its conditions name. */
static bool is_to_write(const struct commit *commit, const struct store_op *op)
{
	const struct store_batch *batch = &commit->batch;

	if (op_is_condition(op))
		return false;
	if (!commit->repeated)
		return true;
	for (size_t i = 0; i < batch->count; i++)
		if (op_is_condition(&batch->ops[i]) && op_is_same_place(batch, &batch->ops[i], op))
			return true;
	return false;
}

static void nonsense(struct group *group, const char *what, const struct reply *reply)
{
	store_judge(group->store, what, reply);
	store_fault(group->store, RC_MALFORMED, "%s", group->store->why.text);
}

/* WAITING: how many replicas have it. */
static void replicas_came(void *ctx, const struct reply *reply)
{
	struct group *group = ctx;
	struct store *store = group->store;

	if (reply == NULL)
		return;
	if (reply->kind != REPLY_INTEGER || reply->integer < (int64_t)store->replicas)
		for (size_t i = 0; i < group->count; i++)
			if (group->commits[i]->rc == RC_OK)
				group->commits[i]->rc =
					err_set(&store->why, RC_IO, "redis: %lld of %u replicas have it",
						(long long)reply->integer, store->replicas);
	group_settle(group);
}

static enum rc ask_replicas(struct group *group)
{
	struct store *store = group->store;
	char count[16];
	char ms[16];
	struct span args[] = {span_text("WAIT"), {0}, {0}};

	snprintf(count, sizeof count, "%u", store->replicas);
	snprintf(ms, sizeof ms, "%u", store->replica_ms);
	args[1] = span_text(count);
	args[2] = span_text(ms);
	return store_call(store, args, COUNT(args), store->replica_ms, replicas_came, group);
}

/* The answer to one command inside EXEC's. */
static void note_result(
	struct group *group, struct commit *commit, const struct store_op *op, const struct reply *result)
{
	char id[STREAM_ID_BYTES];

	if (op->kind == OP_STREAM_ADD && result->kind == REPLY_STRING &&
		span_equal(result->bytes, stream_id_print(op->number, id)))
		return;
	if (op->kind != OP_STREAM_ADD && (result->kind == REPLY_INTEGER || reply_is_status(result, "OK")))
		return;
	if (commit->rc == RC_OK)
		commit->rc = store_judge(group->store, "EXEC", result);
}

static bool any_written(const struct group *group)
{
	for (size_t i = 0; i < group->count; i++)
		if (group->commits[i]->writes != 0 && group->commits[i]->rc == RC_OK)
			return true;
	return false;
}

/* The answers to the commands of one commit, from `at` on; where the next one's begin. */
static size_t commit_results(struct group *group, struct commit *commit, const struct reply *reply, size_t at)
{
	for (size_t i = 0; i < commit->batch.count && commit->writes != 0; i++)
		if (is_to_write(commit, &commit->batch.ops[i]))
			note_result(group, commit, &commit->batch.ops[i], reply->elements[at++]);
	return at;
}

static void exec_results(struct group *group, const struct reply *reply)
{
	size_t at = 0;

	for (size_t i = 0; i < group->count; i++)
		at = commit_results(group, group->commits[i], reply, at);
	if (group->store->replicas == 0 || !any_written(group))
		group_settle(group);
	else if (ask_replicas(group) != RC_OK)
		store_fault(group->store, group->store->why.rc, "%s", group->store->why.text);
}

static void exec_came(void *ctx, const struct reply *reply)
{
	struct group *group = ctx;

	if (reply == NULL)
		return;
	if (reply->kind == REPLY_NIL && !group->refused)
		group_again(group);
	else if (reply_error_is(reply, "EXECABORT ") && group->refused)
		group_again(group);
	else if (reply->kind == REPLY_ARRAY && reply->count == group->writes && !group->refused)
		exec_results(group, reply);
	else
		nonsense(group, "EXEC", reply);
}

static void multi_came(void *ctx, const struct reply *reply)
{
	if (reply != NULL && !reply_is_status(reply, "OK"))
		nonsense(ctx, "MULTI", reply);
}

/* Answers come in the order of the writes: find whose it is. */
static void queued_came(void *ctx, const struct reply *reply)
{
	struct group *group = ctx;
	struct commit *commit;

	if (reply == NULL)
		return;
	while (group->turn_answer == group->commits[group->turn]->writes) {
		group->turn++;
		group->turn_answer = 0;
	}
	commit = group->commits[group->turn];
	group->turn_answer++;
	if (reply_is_status(reply, "QUEUED"))
		return;
	if (reply->kind != REPLY_ERROR) {
		nonsense(group, "MULTI", reply);
		return;
	}
	group->refused = true;
	if (commit->rc == RC_OK)
		commit->rc = store_judge(group->store, "write", reply);
}

static enum rc write_one(struct group *group, const struct store_batch *batch, const struct store_op *op)
{
	struct span key = op_key(batch, op);
	struct span field = op_field(batch, op);
	struct span value = op_value(batch, op);
	char ms[24];
	char id[STREAM_ID_BYTES], keep[STREAM_ID_BYTES];
	struct span hash_set[] = {span_text("HSET"), key, field, value};
	struct span hash_delete[] = {span_text("HDEL"), key, field};
	struct span set[] = {span_text("SET"), key, value, span_text("PX"), {0}};
	struct span del[] = {span_text("DEL"), key};
	struct span expire[] = {span_text("PEXPIRE"), key, {0}};
	struct span add[] = {
		span_text("XADD"), key, stream_id_print(op->number, id), span_text(STREAM_FIELD), value};
	struct span roll[] = {span_text("XADD"), key, span_text("MINID"), span_text("~"),
		stream_id_print(op->keep, keep), add[2], add[3], value};

	snprintf(ms, sizeof ms, "%llu", (unsigned long long)op->expire_ms);
	set[4] = span_text(ms);
	expire[2] = span_text(ms);
	switch (op->kind) {
	case OP_HASH_SET: return store_call(group->store, hash_set, 4, 0, queued_came, group);
	case OP_HASH_DELETE: return store_call(group->store, hash_delete, 3, 0, queued_came, group);
	case OP_SET: return store_call(group->store, set, op->expire_ms == 0 ? 3 : 5, 0, queued_came, group);
	case OP_DELETE: return store_call(group->store, del, 2, 0, queued_came, group);
	case OP_EXPIRE: return store_call(group->store, expire, 3, 0, queued_came, group);
	case OP_STREAM_ADD:
		return op->keep == 0 ? store_call(group->store, add, 5, 0, queued_came, group)
		                     : store_call(group->store, roll, 8, 0, queued_came, group);
	case OP_EXPECT_HASH:
	case OP_EXPECT:
	case OP_EXPECT_STREAM:
	default: return RC_OK;
	}
}

static enum rc send_writes(struct group *group)
{
	struct span multi = span_text("MULTI");
	struct span exec = span_text("EXEC");

	TRY(store_call(group->store, &multi, 1, 0, multi_came, group));
	for (size_t i = 0; i < group->count; i++) {
		struct commit *commit = group->commits[i];

		for (size_t j = 0; j < commit->batch.count && commit->rc == RC_OK; j++) {
			if (!is_to_write(commit, &commit->batch.ops[j]))
				continue;
			TRY(write_one(group, &commit->batch, &commit->batch.ops[j]));
			commit->writes++;
			group->writes++;
		}
	}
	return store_call(group->store, &exec, 1, 0, exec_came, group);
}

static void unwatch_came(void *ctx, const struct reply *reply)
{
	struct store *store = ctx;

	if (reply == NULL || reply_is_status(reply, "OK"))
		return;
	store_judge(store, "UNWATCH", reply);
	store_fault(store, RC_MALFORMED, "%s", store->why.text);
}

/* WATCH stays until EXEC or UNWATCH, and a later group must not fail for an earlier one's sake. The group
 * does not wait for the answer. */
static enum rc send_unwatch(struct store *store)
{
	struct span unwatch = span_text("UNWATCH");

	return store_call(store, &unwatch, 1, 0, unwatch_came, store);
}

static void looks_done(void *ctx)
{
	struct group *group = ctx;
	bool any = false;
	enum rc rc;

	for (size_t i = 0; i < group->count; i++) {
		looks_judge(&group->looks, group->commits[i]);
		any = any || group->commits[i]->rc == RC_OK;
	}
	rc = any ? send_writes(group) : send_unwatch(group->store);
	if (rc != RC_OK)
		store_fault(group->store, group->store->why.rc, "%s", group->store->why.text);
	else if (!any)
		group_settle(group);
}

/* One look a place. */
static enum rc looks_make(struct group *group)
{
	group->looks = (struct looks){.store = group->store, .done = looks_done, .ctx = group};
	TRY(looks_reserve(&group->looks, group->ops));
	for (size_t i = 0; i < group->count; i++) {
		const struct store_batch *batch = &group->commits[i]->batch;

		for (size_t j = 0; j < batch->count; j++)
			if (op_is_condition(&batch->ops[j]))
				looks_add(&group->looks, batch, &batch->ops[j]);
	}
	return RC_OK;
}

static enum rc group_make(struct store *store)
{
	struct group *group = calloc(1, sizeof *group);

	if (group == NULL)
		return err_set(&store->why, RC_NOMEM, "store: out of memory");
	group->store = store;
	while (store->commits.first != NULL && fits(group, store->commits.first))
		join(group, commits_take(&store->commits));
	store->commits.group = group;
	return looks_make(group);
}

enum rc group_start(struct store *store)
{
	struct group *group;

	/* Reads fill the connection as well; when some are answered, this is called again. */
	if (!link_has_room(&store->link, 2 * GROUP_OPS_MAX + 4, GROUP_MAX_BYTES + (1u << 20)))
		return RC_OK;
	TRY(group_make(store));
	group = store->commits.group;
	return group->looks.count != 0 ? looks_send(&group->looks) : send_writes(group);
}
