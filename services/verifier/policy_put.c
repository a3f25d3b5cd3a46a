/* Policies of the tenant: taken, stored, told (proto/PROTOCOL.md, 8). */
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/log.h"
#include "services/verifier/inner.h"

/* A policy on its way into Redis. */
struct putting {
	struct verifier *verifier;
	struct peer peer;
	uint64_t id;
	struct policy_entry *entry;
	bool is_answered;
};

static void putting_drop(struct putting **putting)
{
	if (*putting == NULL)
		return;
	policy_entry_release(&(*putting)->entry);
	free(*putting);
	*putting = NULL;
}

static void on_put(void *ctx, enum rc rc)
{
	DROP(putting_drop) struct putting *putting = ctx;
	struct verifier *verifier = putting->verifier;
	struct policy_entry *entry = putting->entry;
	char digits[HEX_BYTES(HASH_BYTES)];
	struct err err = {0};

	if (verifier->is_closing)
		return;
	if (rc == RC_OK) {
		entry->seen = verifier->shard.generation;
		log_event(LOG_INFO, "policy.taken", "name=%s number=%llu hash=%s", entry->policy.name,
			(unsigned long long)entry->number, hex_encode(SPAN(entry->hash), digits));
		rc = policies_add(&verifier->policies, &putting->entry);
	} else {
		err_set(&err, rc, "Redis: %s", store_why(service_store(verifier->service)));
	}
	for (struct node *node = verifier->nodes.first; node != NULL && rc == RC_OK; node = node->next)
		node_bind(verifier, node);
	if (!putting->is_answered)
		return;
	if (rc == RC_OK)
		answer_ok(verifier, &putting->peer, putting->id, NULL);
	else
		answer_error(verifier, &putting->peer, putting->id, rc, &err);
}

/* The operator's envelope in a record of ours. */
static enum rc write_policy(struct putting *putting, struct err *err)
{
	struct verifier *verifier = putting->verifier;
	DROP(store_batch_release) struct store_batch batch = {0};
	DROP(blob_release) struct blob record = {0};
	struct msg body = {.type = MSG_TYPE_policy_put, .policy_put = {blob_span(&putting->entry->request)}};
	char name[HEX_BYTES(HASH_BYTES)];
	char key[RECORD_KEY_BYTES];
	enum rc rc;

	hex_encode(SPAN(putting->entry->hash), name);
	TRY(record_make(&service_identity(verifier->service)->sign,
		(struct record_head){"policy", record_key("policy", name, key), next_version(verifier, 0),
			shard_token(&verifier->shard)},
		&body, &record, err));
	TRY(store_batch_hash_set(&batch, KEY_POLICY, span_text(name), blob_span(&record)));
	rc = store_commit(service_store(verifier->service), verifier->shard.lease, &batch, on_put, putting);
	if (rc != RC_OK)
		return err_set(err, rc, "Redis: %s", store_why(service_store(verifier->service)));
	return RC_OK;
}

static enum rc check_number(const struct verifier *verifier, const struct msg_policy *policy, struct err *err)
{
	const struct policy_entry *newest = policies_by_name(&verifier->policies, policy->name);

	if (newest != NULL && policy->number <= newest->number)
		return err_set(err, RC_STALE, "policy %s: number %llu is not above %llu, which is known",
			newest->policy.name, (unsigned long long)policy->number,
			(unsigned long long)newest->number);
	return RC_OK;
}

static enum rc begin_put(
	struct verifier *verifier, const struct peer *peer, const struct msg *msg, struct err *err)
{
	DROP(putting_drop) struct putting *putting = calloc(1, sizeof *putting);
	struct signed_msg request;
	const struct msg_policy *policy = &request.msg.policy;

	if (putting == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	if (!shard_is_acting(&verifier->shard))
		return err_set(err, RC_IO,
			"this verifier holds no lease, or has not loaded its nodes yet; try again");
	TRY(roster_signed_now(service_roster(verifier->service), msg->policy_put.policy, MSG_TYPE_policy,
		ROLES_PROVISION, service_now(verifier->service), &request, err));
	TRY(check_time(verifier, "policy", policy->time, err));
	TRY(policy_entry_make(msg->policy_put.policy, policy, &putting->entry, err));
	if (policies_find(&verifier->policies, putting->entry->hash) != NULL) {
		answer_ok(verifier, peer, msg->id, "this policy is known already");
		return RC_OK;
	}
	TRY(check_number(verifier, policy, err));
	putting->verifier = verifier;
	putting->peer = *peer;
	putting->id = msg->id;
	putting->is_answered = true;
	TRY(write_policy(putting, err));
	(void)TAKE(putting);
	return RC_OK;
}

void policy_on_put(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct verifier *verifier = ctx;
	struct err err = {0};
	enum rc rc = begin_put(verifier, peer, msg, &err);

	(void)frame;
	if (rc != RC_OK)
		answer_error(verifier, peer, msg->id, rc, &err);
}

void policy_rewrite(struct verifier *verifier, uint64_t generation)
{
	const struct policy_entry *lost;

	for (lost = policies_unseen(&verifier->policies, generation); lost != NULL;
		lost = policies_unseen(&verifier->policies, generation)) {
		struct putting *putting = calloc(1, sizeof *putting);
		struct signed_msg request;
		struct err err = {0};

		if (lost->seen != generation)
			report_store(verifier, "store.rolledback", NULL,
				"a policy is gone from Redis; it is written again");
		policies_see(&verifier->policies, lost->hash, generation, false);
		if (putting == NULL)
			return;
		putting->verifier = verifier;
		if (signed_open(blob_span(&lost->request), MSG_TYPE_policy, &request, &err) != RC_OK ||
			policy_entry_make(blob_span(&lost->request), &request.msg.policy, &putting->entry,
				&err) != RC_OK ||
			write_policy(putting, &err) != RC_OK)
			putting_drop(&putting);
	}
}

void policy_on_get(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct verifier *verifier = ctx;
	const struct msg_policy_get *get = &msg->policy_get;
	const struct policy_entry *entry = get->hash.len != 0
	                                           ? policies_find(&verifier->policies, get->hash.at)
	                                           : policies_by_name(&verifier->policies, get->name);
	struct msg answer = {.type = MSG_TYPE_policy_info, .id = msg->id};

	(void)frame;
	if (entry == NULL) {
		server_send_error(server_of(verifier), peer, msg->id, RC_NOT_FOUND,
			"no such policy is known; see: limebus policy list");
		return;
	}
	answer.policy_info.policy = blob_span(&entry->request);
	if (server_send(server_of(verifier), peer, &answer) != RC_OK)
		log_event(LOG_DEBUG, "answer.unsent", "peer is gone");
}

void policy_on_list(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct verifier *verifier = ctx;
	const struct policy_entry *page[PAGE_MAX];
	DROP(blob_release) struct blob raw = {0};
	struct msg answer = {.type = MSG_TYPE_policies, .id = msg->id};
	bool more = false;
	size_t found = policies_page(&verifier->policies, msg->policy_list.after, PAGE_MAX, page, &more);
	size_t count = 0;

	(void)frame;
	for (size_t i = 0; i < found; i++) {
		struct elem_policy_ref elem = {
			span_text(page[i]->policy.name), SPAN(page[i]->hash), page[i]->number, page[i]->time};

		if (ELEM_APPEND(policy_ref, &elem, &raw) == RC_OK)
			count++;
	}
	answer.policies = (struct msg_policies){{blob_span(&raw), count}, more};
	if (server_send(server_of(verifier), peer, &answer) != RC_OK)
		log_event(LOG_DEBUG, "answer.unsent", "peer is gone");
}
