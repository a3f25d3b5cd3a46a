#include "services/verifier/outbox.h"

#include <stdlib.h>

#include "lib/base/log.h"
#include "lib/crypto/digest.h"
#include "services/verifier/inner.h"

#define SEND_MS   30000
#define REFUSE_MS 30000

struct outbox_entry {
	struct outbox_entry *next;
	struct verifier *verifier;
	uint8_t hash[HASH_BYTES];
	uint8_t node[NODE_ID_BYTES];
	uint64_t time;
	uint64_t not_before_ms; /* monotonic */
	bool is_sent;
	bool is_done; /* taken; to be deleted in Redis */
	struct blob cause;
};

static void entry_free(struct outbox_entry *entry)
{
	blob_release(&entry->cause);
	free(entry);
}

void outbox_release(struct outbox *outbox)
{
	while (outbox->first != NULL) {
		struct outbox_entry *entry = outbox->first;

		outbox->first = entry->next;
		entry_free(entry);
	}
	*outbox = (struct outbox){0};
}

/* What a cause is about, and when it was made; false if it is none. */
static bool read_cause(struct span cause, struct span *node, uint64_t *time)
{
	struct signed_msg opened;

	if (signed_open(cause, MSG_TYPE_verdict, &opened, NULL) == RC_OK) {
		*node = opened.msg.verdict.node;
		*time = opened.msg.verdict.time;
	} else if (signed_open(cause, MSG_TYPE_node_request, &opened, NULL) == RC_OK) {
		*node = opened.msg.node_request.node;
		*time = opened.msg.node_request.time;
	} else if (signed_open(cause, MSG_TYPE_provisioning, &opened, NULL) == RC_OK) {
		*node = opened.msg.provisioning.node;
		*time = opened.msg.provisioning.time;
	} else if (signed_open(cause, MSG_TYPE_policy_use, &opened, NULL) == RC_OK) {
		*node = opened.msg.policy_use.node;
		*time = opened.msg.policy_use.time;
	} else {
		return false;
	}
	return true;
}

/* Behind all that were made before it. */
static void add(struct verifier *verifier, struct span node, uint64_t time, struct span cause)
{
	struct outbox *outbox = &verifier->outbox;
	struct outbox_entry *entry = calloc(1, sizeof *entry);
	struct outbox_entry **at = &outbox->first;

	if (entry == NULL || digest_bytes(DIGEST_SHA256, cause, entry->hash) != RC_OK ||
		blob_append(&entry->cause, cause) != RC_OK) {
		/* It is in Redis, and is found there after the next start. */
		log_event(LOG_ERROR, "outbox.memory", "a cause waits for the next start");
		free(entry);
		return;
	}
	entry->verifier = verifier;
	entry->time = time;
	memcpy(entry->node, node.at, NODE_ID_BYTES);
	for (const struct outbox_entry *known = outbox->first; known != NULL; known = known->next) {
		if (memcmp(known->hash, entry->hash, HASH_BYTES) == 0) {
			entry_free(entry);
			return;
		}
	}
	while (*at != NULL && (*at)->time <= time)
		at = &(*at)->next;
	entry->next = *at;
	*at = entry;
	outbox->count++;
}

void outbox_add(struct verifier *verifier, const uint8_t node[static NODE_ID_BYTES], struct span cause)
{
	add(verifier, span_of(node, NODE_ID_BYTES), service_now(verifier->service), cause);
	outbox_send(verifier);
}

void outbox_load(struct verifier *verifier, struct span cause)
{
	struct span node;
	uint64_t time;

	if (read_cause(cause, &node, &time))
		add(verifier, node, time, cause);
	else
		report_store(verifier, "store.tampered", NULL, "something in the outbox is no signed cause");
}

/* ---- sending ---- */

static void unlink_entry(struct outbox *outbox, struct outbox_entry *entry)
{
	struct outbox_entry **at = &outbox->first;

	while (*at != NULL && *at != entry)
		at = &(*at)->next;
	if (*at == NULL)
		return;
	*at = entry->next;
	outbox->count--;
	entry_free(entry);
}

static void on_deleted(void *ctx, enum rc rc)
{
	struct outbox_entry *entry = ctx;
	struct verifier *verifier = entry->verifier;

	entry->is_sent = false;
	if (verifier->is_closing)
		return;
	if (rc == RC_OK)
		unlink_entry(&verifier->outbox, entry);
	else
		entry->not_before_ms = mono_ms(verifier) + 1000;
}

/* Taken: what is still in Redis only costs another question after the next start. */
static void delete_entry(struct outbox_entry *entry)
{
	struct verifier *verifier = entry->verifier;
	DROP(store_batch_release) struct store_batch batch = {0};
	char field[HEX_BYTES(HASH_BYTES)];

	entry->is_done = true;
	entry->is_sent = true;
	if (store_batch_hash_delete(&batch, KEY_OUTBOX, span_text(hex_encode(SPAN(entry->hash), field))) !=
			RC_OK ||
		store_commit(service_store(verifier->service), verifier->shard.lease, &batch, on_deleted,
			entry) != RC_OK) {
		entry->is_sent = false;
		entry->not_before_ms = mono_ms(verifier) + 1000;
	}
}

static void send_again(void *ctx)
{
	outbox_send(ctx);
}

static void wait_a_little(struct outbox_entry *entry, uint64_t ms)
{
	struct verifier *verifier = entry->verifier;
	struct timer *again = &verifier->outbox.again;

	entry->not_before_ms = mono_ms(verifier) + ms;
	if (timer_is_running(again))
		return;
	/* If there is no timer, the next tick sends it. */
	if (loop_after(service_loop(verifier->service), again, ms, send_again, verifier) != RC_OK)
		log_event(LOG_ERROR, "timer.failed", "out of memory");
}

static void on_answer(void *ctx, enum rc rc, const struct msg *reply, struct span frame)
{
	struct outbox_entry *entry = ctx;
	struct verifier *verifier = entry->verifier;

	(void)frame;
	entry->is_sent = false;
	verifier->outbox.sent--;
	if (rc == RC_OK && reply->type == MSG_TYPE_ok) {
		delete_entry(entry);
	} else if (rc == RC_OK && reply->type == MSG_TYPE_moved) {
		wait_a_little(entry, revoker_moved(verifier, reply->moved.name));
	} else if (rc == RC_TIMEOUT || rc == RC_LIMIT || rc == RC_IO) {
		/* Nobody leads, or the disk or Redis refuses: that passes. */
		wait_a_little(entry, REVOKER_AGAIN_MS);
	} else {
		verifier->outbox.refused++;
		entry->not_before_ms = mono_ms(verifier) + REFUSE_MS;
		log_event(LOG_ERROR, "cause.refused", "why=\"%.*s\"",
			reply != NULL && reply->type == MSG_TYPE_error ? (int)reply->error.text.len : 0,
			reply != NULL && reply->type == MSG_TYPE_error ? (const char *)reply->error.text.at
								       : "");
	}
	outbox_send(verifier);
}

/* An earlier one of the same node must go first. */
static bool has_earlier(const struct outbox *outbox, const struct outbox_entry *entry)
{
	for (const struct outbox_entry *at = outbox->first; at != entry; at = at->next)
		if (!at->is_done && memcmp(at->node, entry->node, NODE_ID_BYTES) == 0)
			return true;
	return false;
}

void outbox_send(struct verifier *verifier)
{
	struct outbox *outbox = &verifier->outbox;
	uint64_t now = mono_ms(verifier);
	struct outbox_entry *next;

	if (verifier->revoker.client == NULL || !shard_is_acting(&verifier->shard))
		return;
	for (struct outbox_entry *entry = outbox->first; entry != NULL; entry = next) {
		struct msg msg = {.type = MSG_TYPE_cause_put, .cause_put = {blob_span(&entry->cause)}};

		next = entry->next;
		if (outbox->sent >= OUTBOX_WINDOW)
			return;
		if (entry->is_sent || now < entry->not_before_ms)
			continue;
		if (entry->is_done) {
			delete_entry(entry);
			continue;
		}
		if (has_earlier(outbox, entry))
			continue;
		if (client_call(verifier->revoker.client, &msg, SEND_MS, 1000, on_answer, entry, NULL) !=
			RC_OK)
			return;
		entry->is_sent = true;
		outbox->sent++;
	}
}

/* ---- alive ---- */

static enum rc gather(struct verifier *verifier, struct node **at, struct blob *raw, size_t *count)
{
	for (; *at != NULL && *count < ALIVE_MAX; *at = (*at)->next) {
		struct node *node = *at;
		struct elem_alive_node elem = {SPAN(node->id), node->kept.good, node->class->lapse_ms};

		if (!node->is_alive || !node->is_fresh || !node_state_passes(node->kept.state))
			continue;
		TRY(ELEM_APPEND(alive_node, &elem, raw));
		node->is_alive = false;
		(*count)++;
	}
	(void)verifier;
	return RC_OK;
}

void outbox_alive(struct verifier *verifier)
{
	struct node *at = verifier->nodes.first;

	if (verifier->revoker.client == NULL || !verifier->revoker.is_up ||
		!shard_is_acting(&verifier->shard) || shard_token(&verifier->shard) == 0)
		return;
	while (at != NULL) {
		DROP(blob_release) struct blob raw = {0};
		struct msg msg = {.type = MSG_TYPE_alive};
		size_t count = 0;

		if (gather(verifier, &at, &raw, &count) != RC_OK || count == 0)
			return;
		msg.alive.nodes = (struct list){blob_span(&raw), count};
		if (client_send(verifier->revoker.client, &msg) != RC_OK)
			return;
	}
}
