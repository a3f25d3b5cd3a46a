#include "services/verifier/change.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/base/log.h"
#include "lib/crypto/digest.h"
#include "services/verifier/inner.h"

#define CHANGE_RETRY_MS 200

struct change *change_begin(struct verifier *verifier, struct node *node)
{
	struct change *change = calloc(1, sizeof *change);

	if (change == NULL)
		return NULL;
	change->verifier = verifier;
	change->node = node;
	if (kept_copy(&node->kept, &change->next) != RC_OK)
		change_drop(&change);
	return change;
}

void change_drop(struct change **change)
{
	struct change *c = *change;

	if (c == NULL)
		return;
	loop_cancel(service_loop(c->verifier->service), &c->retry);
	kept_release(&c->next);
	blob_release(&c->cause);
	blob_release(&c->evidence);
	blob_release(&c->state_record);
	blob_release(&c->prov_record);
	free(c);
	*change = NULL;
}

static void enter_state(struct change *change, enum node_state state)
{
	if (change->next.state == state)
		return;
	change->next.state = state;
	change->next.since = service_now(change->verifier->service);
}

bool change_step(struct change *change, enum node_event event)
{
	struct node_step step = node_step(change->next.state, event);

	if (step.next == NODE_STATE_NONE)
		return false;
	/* Nothing is provisioned (any more): there is nothing to go back to. */
	if (step.next == NODE_PROVISIONED && change->next.number == 0)
		step.next = NODE_ENROLLED;
	enter_state(change, step.next);
	change->effects |= step.effects;
	change->last = event;
	change->stepped = true;
	return true;
}

void change_force(struct change *change, enum node_state state, const char *text)
{
	enter_state(change, state);
	snprintf(change->next.text, sizeof change->next.text, "%s", text);
}

static enum rc make_records(struct change *change, struct err *err)
{
	struct verifier *verifier = change->verifier;
	struct node *node = change->node;
	uint64_t known = node->kept.state_version > node->kept.prov_version ? node->kept.state_version
	                                                                    : node->kept.prov_version;

	change->version = next_version(verifier, known);
	TRY(keep_state(verifier, node, &change->next, change->version, &change->state_record, err));
	if (change->writes_prov && change->next.number != 0)
		TRY(keep_prov(verifier, node, &change->next, change->version, &change->prov_record, err));
	return RC_OK;
}

static enum rc add_cause(struct change *change, struct store_batch *batch)
{
	uint8_t hash[HASH_BYTES];
	char field[HEX_BYTES(HASH_BYTES)];

	TRY(digest_bytes(DIGEST_SHA256, blob_span(&change->cause), hash));
	return store_batch_hash_set(
		batch, KEY_OUTBOX, span_text(hex_encode(SPAN(hash), field)), blob_span(&change->cause));
}

static enum rc add_evidence(struct change *change, struct store_batch *batch)
{
	char hash[HEX_BYTES(HASH_BYTES)];
	char key[STORE_KEY_MAX_BYTES];

	snprintf(key, sizeof key, KEY_EVIDENCE "%s:%s", change->node->digits,
		hex_encode(SPAN(change->evidence_hash), hash));
	return store_batch_set(
		batch, key, blob_span(&change->evidence), change->verifier->config->evidence_ms);
}

static enum rc fill(struct change *change, struct store_batch *batch)
{
	struct span field = span_text(change->node->digits);

	TRY(store_batch_hash_set(batch, KEY_STATE, field, blob_span(&change->state_record)));
	if (change->prov_record.len != 0)
		TRY(store_batch_hash_set(batch, KEY_PROV, field, blob_span(&change->prov_record)));
	else if (change->writes_prov)
		TRY(store_batch_hash_delete(batch, KEY_PROV, field));
	if (change->writes_prov && change->next.number == 0 && change->node->logs != NULL)
		TRY(store_batch_hash_delete(batch, KEY_IMA, field));
	if (change->cause.len != 0)
		TRY(add_cause(change, batch));
	if (change->evidence.len != 0)
		TRY(add_evidence(change, batch));
	return RC_OK;
}

/* ---- what gets out, in this order ---- */

static void tell(struct change *change, enum node_state from)
{
	struct verifier *verifier = change->verifier;
	const struct node *node = change->node;
	const struct kept *kept = &node->kept;
	const char *to = node_state_word(kept->state);
	bool is_bad = kept->state == NODE_UNTRUSTED;

	if (from != kept->state) {
		log_event(is_bad ? LOG_WARN : LOG_INFO, "node.state", "node=%s %s -> %s (%s) text=\"%s\"",
			node->digits, node_state_word(from), to,
			change->stepped ? node_event_words(change->last) : "by the notice log", kept->text);
		service_event(verifier->service, "node.state", node->id, to, kept->number,
			change->shown[0] != '\0' ? change->shown : kept->text);
	}
	if (change->is_bootstrapped) {
		log_event(LOG_INFO, "node.bootstrapped", "node=%s number=%llu %s", node->digits,
			(unsigned long long)kept->number, change->shown);
		service_event(
			verifier->service, "node.bootstrapped", node->id, to, kept->number, change->shown);
	}
	if (change->uses_policy) {
		log_event(LOG_INFO, "node.policy", "node=%s number=%llu %s", node->digits,
			(unsigned long long)kept->number, change->shown);
		service_event(verifier->service, "node.policy", node->id, to, kept->number, change->shown);
	}
	if (change->is_answered)
		answer_ok(verifier, &change->operator, change->answer_id, NULL);
}

/* It is durable: the node is what the copy says, and the effects follow. */
static void succeed(struct change *change)
{
	struct verifier *verifier = change->verifier;
	struct node *node = change->node;
	enum node_state from = node->kept.state;

	change->next.state_version = change->version;
	if (change->writes_prov)
		change->next.prov_version = change->version;
	kept_release(&node->kept);
	node->kept = TAKE(change->next);
	node->is_unwritten = false;
	node->written_ms = mono_ms(verifier);
	node_bind(verifier, node);
	if ((change->effects & EFFECT_SHARE_V) != 0)
		provision_send_v(verifier, node, &change->sender);
	if (change->cause.len != 0)
		outbox_add(verifier, node->id, blob_span(&change->cause));
	tell(change, from);
	if (node->kept.state == NODE_REMOVED)
		challenge_stop(verifier, node);
	else if ((change->effects & EFFECT_ASK) != 0)
		challenge_restart(verifier, node);
	else
		challenge_next(verifier, node);
}

static void end(struct change *change, enum rc rc)
{
	struct verifier *verifier = change->verifier;
	struct node *node = change->node;
	struct err err = {0};

	node->change = NULL;
	if (rc == RC_OK) {
		succeed(change);
	} else {
		err_set(&err, rc, "%s",
			rc == RC_STALE ? "this verifier lost its lease; another one serves the node"
				       : store_why(service_store(verifier->service)));
		log_event(LOG_ERROR, "change.failed", "node=%s why=\"%s\"", node->digits, err.text);
		if (change->is_answered)
			answer_error(verifier, &change->operator, change->answer_id, rc, &err);
		challenge_next(verifier, node);
	}
	change_drop(&change);
	dispatch_waiting(verifier, node);
}

static void attempt(void *ctx);

/* Nothing was written, or nobody knows: again, until it is known. */
static void again(struct change *change)
{
	if (loop_after(service_loop(change->verifier->service), &change->retry, CHANGE_RETRY_MS, attempt,
		    change) != RC_OK)
		end(change, RC_NOMEM);
}

static void on_done(void *ctx, enum rc rc)
{
	struct change *change = ctx;
	struct verifier *verifier;

	if (change->is_abandoned || change->verifier->is_closing) {
		change_drop(&change);
		return;
	}
	if (rc == RC_IO || rc == RC_TIMEOUT || rc == RC_LIMIT || rc == RC_NOMEM) {
		log_event(LOG_WARN, "change.repeated", "node=%s why=\"%s\"", change->node->digits,
			store_why(service_store(change->verifier->service)));
		again(change);
		return;
	}
	if (rc != RC_STALE) {
		end(change, rc);
		return;
	}
	verifier = change->verifier;
	end(change, rc);
	shard_lost(verifier);
}

static void attempt(void *ctx)
{
	struct change *change = ctx;
	DROP(store_batch_release) struct store_batch batch = {0};
	enum rc rc = fill(change, &batch);

	if (rc == RC_OK)
		rc = store_commit(service_store(change->verifier->service), change->verifier->shard.lease,
			&batch, on_done, change);
	if (rc == RC_IO || rc == RC_LIMIT)
		again(change);
	else if (rc != RC_OK)
		end(change, rc);
}

void change_commit(struct change **change)
{
	struct change *c = TAKE(*change);
	struct err err = {0};
	enum rc rc = shard_is_acting(&c->verifier->shard) ? RC_OK : RC_STALE;

	c->node->change = c;
	if (rc == RC_OK)
		rc = make_records(c, &err);
	if (rc == RC_OK)
		attempt(c);
	else
		end(c, rc);
}

void change_abandon(struct node *node)
{
	struct change *change = node->change;

	if (change == NULL)
		return;
	node->change = NULL;
	if (timer_is_running(&change->retry)) {
		change_drop(&change);
		return;
	}
	change->is_abandoned = true;
}
