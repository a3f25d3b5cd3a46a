#include "services/revocation/watched.h"

#include <search.h>
#include <stdlib.h>

static int compare(const void *a, const void *b)
{
	return memcmp(((const struct watched *)a)->id, ((const struct watched *)b)->id, NODE_ID_BYTES);
}

void watched_table_release(struct watched_table *table)
{
	tdestroy(table->nodes, free);
	*table = (struct watched_table){0};
}

struct watched *watched_find(const struct watched_table *table, const uint8_t id[static NODE_ID_BYTES])
{
	struct watched key;
	struct watched *const *found;

	memcpy(key.id, id, NODE_ID_BYTES);
	found = tfind(&key, &table->nodes, compare);
	return found == NULL ? NULL : *found;
}

struct watched *watched_get(struct watched_table *table, const uint8_t id[static NODE_ID_BYTES])
{
	struct watched *node = watched_find(table, id);

	if (node != NULL)
		return node;
	node = calloc(1, sizeof *node);
	if (node == NULL)
		return NULL;
	memcpy(node->id, id, NODE_ID_BYTES);
	if (tsearch(node, &table->nodes, compare) == NULL) {
		free(node);
		return NULL;
	}
	table->count++;
	return node;
}

bool watched_is_stale(const struct watched *node, const struct notice_cause *cause)
{
	const struct msg *msg = &cause->signed_msg.msg;

	switch (cause->kind) {
	case NOTICE_REVOKED: return msg->verdict.number <= node->verdict;
	case NOTICE_PROVISIONED: return msg->provisioning.number <= node->number;
	case NOTICE_REINSTATED:
	case NOTICE_SUSPENDED:
	case NOTICE_REMOVED: return msg->node_request.time <= node->request_time;
	case NOTICE_POLICY_CHANGED: return msg->policy_use.time <= node->use_time;
	case NOTICE_DESCRIBED: return msg->profile.time <= node->profile_time;
	/* What is ended stays ended, whatever the order. */
	case NOTICE_CERTIFICATE_REVOKED: return false;
	case NOTICE_UNKNOWN:
	case NOTICE_LAPSED:
	case NOTICE_RESTORED:
	case NOTICE_KIND_COUNT: break;
	}
	return true;
}

static void note_cause(struct watched *node, uint64_t seq, const struct msg *cause)
{
	if (cause->type == MSG_TYPE_verdict && cause->verdict.number > node->verdict)
		node->verdict = cause->verdict.number;
	if (cause->type == MSG_TYPE_node_request && cause->node_request.time > node->request_time)
		node->request_time = cause->node_request.time;
	if (cause->type == MSG_TYPE_provisioning && cause->provisioning.number > node->number)
		node->number = cause->provisioning.number;
	if (cause->type == MSG_TYPE_policy_use && cause->policy_use.time > node->use_time)
		node->use_time = cause->policy_use.time;
	if (cause->type == MSG_TYPE_profile && cause->profile.time > node->profile_time) {
		node->profile_time = cause->profile.time;
		node->profile_seq = seq;
	}
}

static void set_lapsed(struct watched_table *table, struct watched *node, bool has_lapsed)
{
	if (node->has_lapsed == has_lapsed)
		return;
	node->has_lapsed = has_lapsed;
	table->lapsed += has_lapsed ? 1 : (size_t)-1;
}

void watched_note(struct watched_table *table, struct watched *node, enum notice_kind kind, uint64_t seq,
	const struct msg *cause)
{
	node->latest_seq = seq;
	if (cause != NULL)
		note_cause(node, seq, cause);
	switch (kind) {
	case NOTICE_LAPSED: set_lapsed(table, node, true); return;
	case NOTICE_RESTORED: set_lapsed(table, node, false); return;
	case NOTICE_PROVISIONED:
		/* Only a new provisioning brings a removed node back; it lifts neither a revocation nor a
		 * suspension. */
		if (node->decided != NOTICE_REMOVED)
			return;
		break;
	case NOTICE_REVOKED:
	case NOTICE_SUSPENDED:
	case NOTICE_REMOVED: set_lapsed(table, node, false); break;
	case NOTICE_REINSTATED: break;
	case NOTICE_POLICY_CHANGED:
	case NOTICE_DESCRIBED:
	case NOTICE_CERTIFICATE_REVOKED:
	case NOTICE_UNKNOWN:
	case NOTICE_KIND_COUNT: return;
	}
	node->decided = kind;
	node->decided_seq = seq;
}

void watched_take_back(struct watched_table *table, struct watched *node, const struct watched *before)
{
	set_lapsed(table, node, before->has_lapsed);
	node->decided = before->decided;
	node->decided_seq = before->decided_seq;
	node->latest_seq = before->latest_seq;
	node->verdict = before->verdict;
	node->request_time = before->request_time;
	node->number = before->number;
	node->use_time = before->use_time;
	node->profile_time = before->profile_time;
	node->profile_seq = before->profile_seq;
}

void watched_vouch(struct watched *node, uint64_t age_ms, uint64_t limit_ms, uint64_t mono_ms)
{
	uint64_t now = mono_ms + WATCHED_EPOCH_MS;
	uint64_t good = age_ms < now ? now - age_ms : 0;

	if (node->limit_ms == 0 || good > node->good_ms)
		node->good_ms = good;
	node->limit_ms = limit_ms;
}

void watched_give_time(struct watched *node, uint64_t mono_ms)
{
	if (node->limit_ms != 0 && !node->has_lapsed && node->good_ms < mono_ms + WATCHED_EPOCH_MS)
		node->good_ms = mono_ms + WATCHED_EPOCH_MS;
}

bool watched_is_silent(const struct watched *node, uint64_t mono_ms)
{
	uint64_t now = mono_ms + WATCHED_EPOCH_MS;

	if (node->limit_ms == 0 || node->decided == NOTICE_REVOKED || node->decided == NOTICE_SUSPENDED ||
		node->decided == NOTICE_REMOVED)
		return false;
	return now > node->good_ms && now - node->good_ms > node->limit_ms;
}

struct walk {
	const uint8_t *after;
	bool (*each)(void *ctx, struct watched *node);
	void *ctx;
	bool is_over;
};

static void visit(const void *at, VISIT which, void *closure)
{
	struct watched *node = *(struct watched *const *)at;
	struct walk *walk = closure;

	if (walk->is_over || (which != postorder && which != leaf))
		return;
	if (walk->after == NULL || memcmp(node->id, walk->after, NODE_ID_BYTES) > 0)
		walk->is_over = !walk->each(walk->ctx, node);
}

void watched_walk(const struct watched_table *table, const uint8_t *after,
	bool (*each)(void *ctx, struct watched *node), void *ctx)
{
	struct walk walk = {.after = after, .each = each, .ctx = ctx};

	twalk_r(table->nodes, visit, &walk);
}
