#include "services/verifier/shard.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/base/log.h"
#include "services/verifier/inner.h"

#define AGAIN_MS 500

static void start_lease(void *ctx);
static void load_begin(struct verifier *verifier);

uint64_t shard_token(const struct shard *shard)
{
	return shard->lease == NULL ? 0 : store_lease_token(shard->lease);
}

static void later(struct verifier *verifier, void (*what)(void *ctx))
{
	if (loop_after(service_loop(verifier->service), &verifier->shard.timer, AGAIN_MS, what, verifier) !=
		RC_OK)
		log_event(LOG_ERROR, "shard.timer", "out of memory");
}

static void stop_acting(struct verifier *verifier)
{
	struct shard *shard = &verifier->shard;

	shard->phase = SHARD_WAITING;
	shard->floors_done = shard->floors_asked = false;
	for (struct node *node = verifier->nodes.first; node != NULL; node = node->next) {
		change_abandon(node);
		if (node->resume != NULL)
			resume_failed(verifier, node, RC_STALE, "this verifier lost its lease; try again");
		node->asked = 0;
		round_drop(verifier, node);
		node->is_fresh = node->is_alive = false;
		loop_cancel(service_loop(verifier->service), &node->timer);
	}
}

void shard_lost(struct verifier *verifier)
{
	struct shard *shard = &verifier->shard;

	if (verifier->is_closing)
		return;
	if (shard->phase != SHARD_WAITING)
		log_event(
			LOG_WARN, "lease.lost", "this verifier acts on no nodes until it has a lease again");
	stop_acting(verifier);
	later(verifier, start_lease);
}

static void on_lease(void *ctx, enum store_lease_state state)
{
	struct verifier *verifier = ctx;

	if (verifier->is_closing)
		return;
	if (state == STORE_LEASE_LOST) {
		shard_lost(verifier);
	} else if (state == STORE_LEASE_HELD) {
		log_event(LOG_INFO, "lease.held", "token=%llu",
			(unsigned long long)shard_token(&verifier->shard));
		load_begin(verifier);
	}
}

static void start_lease(void *ctx)
{
	struct verifier *verifier = ctx;
	struct shard *shard = &verifier->shard;
	struct store_lease_options options = {
		.key = KEY_LEASE,
		.counter_key = KEY_TOKEN,
		.holder = span_text(service_name(verifier->service)),
		.ttl_ms = (uint32_t)verifier->config->lease_ms,
		.token_floor = shard->highest_token,
		.replace_own = true,
		.on_state = on_lease,
		.ctx = verifier,
	};
	struct err err = {0};

	store_lease_close(&shard->lease);
	if (store_lease_open(service_store(verifier->service), &options, &shard->lease, &err) != RC_OK) {
		log_event(LOG_ERROR, "lease.failed", "why=\"%s\"", err.text);
		later(verifier, start_lease);
	}
}

enum rc shard_open(struct verifier *verifier, struct err *err)
{
	(void)err;
	verifier->shard.verifier = verifier;
	start_lease(verifier);
	return RC_OK;
}

void shard_close(struct verifier *verifier)
{
	store_lease_close(&verifier->shard.lease);
	if (verifier->service != NULL)
		loop_cancel(service_loop(verifier->service), &verifier->shard.timer);
}

/* ---- loading ---- */

static void see_origin(struct verifier *verifier, struct node *node, const struct keep_origin *origin)
{
	if (origin->token > verifier->shard.highest_token)
		verifier->shard.highest_token = origin->token;
	node->must_be_written |= origin->is_foreign;
}

static struct node *node_of_field(struct verifier *verifier, struct span field)
{
	uint8_t id[NODE_ID_BYTES];
	struct node *node;

	if (hex_decode(field, id, sizeof id) != RC_OK) {
		report_store(verifier, "store.tampered", NULL, "a field is no node id");
		return NULL;
	}
	node = nodes_make(&verifier->nodes, id);
	if (node != NULL)
		node->verifier = verifier;
	return node;
}

/* What was altered is told; what was put back too, and what we know is written again. */
static void refuse(struct verifier *verifier, struct node *node, enum rc rc, const char *text)
{
	report_store(verifier, rc == RC_STALE ? "store.rolledback" : "store.tampered", node, text);
	if (node->kept.state != NODE_STATE_NONE)
		node->must_be_written = true;
}

static bool each_state(void *ctx, struct span field, struct span value)
{
	struct verifier *verifier = ctx;
	struct node *node = node_of_field(verifier, field);
	struct err err = {0};
	struct keep_origin origin = {0};
	enum rc rc;

	if (node == NULL)
		return true;
	node->seen_loading = verifier->shard.generation;
	rc = keep_read_state(verifier, node->id, value, &node->kept, &origin, &err);
	see_origin(verifier, node, &origin);
	if (rc != RC_OK)
		refuse(verifier, node, rc, err.text);
	return true;
}

static bool each_prov(void *ctx, struct span field, struct span value)
{
	struct verifier *verifier = ctx;
	struct node *node = node_of_field(verifier, field);
	struct err err = {0};
	struct keep_origin origin = {0};
	enum rc rc;

	if (node == NULL)
		return true;
	node->prov_seen = true;
	rc = keep_read_prov(verifier, node->id, value, &node->kept, &origin, &err);
	see_origin(verifier, node, &origin);
	if (rc != RC_OK)
		refuse(verifier, node, rc, err.text);
	return true;
}

static enum rc add_policy(struct verifier *verifier, struct span field, struct span value, struct err *err)
{
	DROP(policy_entry_release) struct policy_entry *entry = NULL;
	char name[HEX_BYTES(HASH_BYTES)];
	char key[RECORD_KEY_BYTES];
	struct record_expect expect = {
		.type = "policy", .body = MSG_TYPE_policy_put, .writers = ROLE_VERIFIER};
	uint8_t hash[HASH_BYTES];
	struct record_view view;
	struct signed_msg request;

	if (hex_decode(field, hash, sizeof hash) != RC_OK)
		return err_set(err, RC_DENIED, "a field of " KEY_POLICY " is no hash");
	expect.key = record_key("policy", hex_encode(SPAN(hash), name), key);
	TRY(record_open(service_roster(verifier->service), value, expect, service_now(verifier->service),
		&view, err));
	TRY(signed_open(view.body.policy_put.policy, MSG_TYPE_policy, &request, err));
	TRY(policy_entry_make(view.body.policy_put.policy, &request.msg.policy, &entry, err));
	if (memcmp(entry->hash, hash, HASH_BYTES) != 0)
		return err_set(err, RC_DENIED, "policy %s: another policy lies there", name);
	TRY(policies_add(&verifier->policies, &entry));
	policies_see(
		&verifier->policies, hash, verifier->shard.generation, record_is_foreign(verifier, &view));
	return RC_OK;
}

static bool each_policy(void *ctx, struct span field, struct span value)
{
	struct verifier *verifier = ctx;
	struct err err = {0};
	enum rc rc = add_policy(verifier, field, value, &err);

	if (rc != RC_OK)
		report_store(verifier, "store.tampered", NULL, err.text[0] != '\0' ? err.text : rc_words(rc));
	return true;
}

/* What we know ourselves is newer. Without it, or if it was altered, the logs are judged from their start. */
static bool each_logs(void *ctx, struct span field, struct span value)
{
	struct verifier *verifier = ctx;
	struct node *node = node_of_field(verifier, field);
	struct keep_origin origin = {0};
	DROP(logs_release) struct logs logs = {0};
	struct err err = {0};

	if (node == NULL || node->logs != NULL)
		return true;
	if (logs_read(verifier, node, value, &logs, &origin.token, &err) != RC_OK) {
		report_store(verifier, "store.tampered", node, err.text);
		return true;
	}
	see_origin(verifier, node, &origin);
	node->logs = calloc(1, sizeof *node->logs);
	if (node->logs != NULL)
		*node->logs = TAKE(logs);
	return true;
}

static bool each_cause(void *ctx, struct span field, struct span value)
{
	(void)field;
	outbox_load(ctx, value);
	return true;
}

/* What was known and is not in Redis any more; what has no state although it has a provisioning. */
static void compare_loaded(struct verifier *verifier, struct node *node)
{
	struct kept *kept = &node->kept;

	node_bind(verifier, node);
	if (kept->state_version != 0 && node->seen_loading != verifier->shard.generation) {
		report_store(verifier, "store.rolledback", node, "the node's state is gone from Redis");
		node->must_be_written = true;
	} else if (kept->number != 0 && !node->prov_seen && kept->prov_version != 0) {
		report_store(
			verifier, "store.rolledback", node, "the node's provisioning is gone from Redis");
		node->must_be_written = true;
	} else if (kept->state == NODE_STATE_NONE &&
		   (kept->number != 0 || node->seen_loading == verifier->shard.generation)) {
		report_store(
			verifier, "store.tampered", node, "the node's state is gone or cannot be believed");
		kept->state = NODE_UNTRUSTED;
		kept->since = service_now(verifier->service);
		snprintf(kept->text, sizeof kept->text,
			"its state in Redis is gone or was altered; look at the node and at Redis, then resume it");
		node->must_be_written = true;
	}
}

/* Everything that was stored must have been written under a lower token than ours. */
static bool token_is_highest(struct verifier *verifier)
{
	return shard_token(&verifier->shard) > verifier->shard.highest_token;
}

static void begin_acting(struct verifier *verifier)
{
	struct shard *shard = &verifier->shard;
	size_t count = 0;

	shard->phase = SHARD_ACTING;
	shard->floors_ms = 0;
	for (struct node *node = verifier->nodes.first; node != NULL; node = node->next) {
		compare_loaded(verifier, node);
		count += node->kept.state != NODE_STATE_NONE;
		node->peer.roles = ROLE_NODE;
		challenge_soon(verifier, node);
	}
	log_event(LOG_INFO, "load.done", "nodes=%zu policies=%zu causes=%zu token=%llu", count,
		verifier->policies.count, verifier->outbox.count, (unsigned long long)shard_token(shard));
	keep_times(verifier);
	policy_rewrite(verifier);
	policies_read_again(&verifier->policies);
	documents_read(verifier);
	outbox_send(verifier);
	shard_tick(verifier);
}

/* One hash after the other. */
static void on_loaded(
	struct verifier *verifier, enum rc rc, const char *key, store_each *each, store_done *done);

static void on_outbox(void *ctx, enum rc rc)
{
	struct verifier *verifier = ctx;

	if (verifier->is_closing || verifier->shard.phase != SHARD_LOADING)
		return;
	if (rc != RC_OK) {
		log_event(
			LOG_ERROR, "load.failed", "why=\"%s\"", store_why(service_store(verifier->service)));
		shard_lost(verifier);
	} else if (!token_is_highest(verifier)) {
		report_store(verifier, "store.rolledback", NULL,
			"records carry a higher token than our lease: the lease's counter was put back");
		verifier->shard.highest_token++;
		shard_lost(verifier);
	} else {
		begin_acting(verifier);
	}
}

static void on_logs(void *ctx, enum rc rc)
{
	on_loaded(ctx, rc, KEY_OUTBOX, each_cause, on_outbox);
}

static void on_policies(void *ctx, enum rc rc)
{
	on_loaded(ctx, rc, KEY_IMA, each_logs, on_logs);
}

static void on_provs(void *ctx, enum rc rc)
{
	on_loaded(ctx, rc, KEY_POLICY, each_policy, on_policies);
}

static void on_states(void *ctx, enum rc rc)
{
	on_loaded(ctx, rc, KEY_PROV, each_prov, on_provs);
}

static void on_loaded(
	struct verifier *verifier, enum rc rc, const char *key, store_each *each, store_done *done)
{
	if (verifier->is_closing || verifier->shard.phase != SHARD_LOADING)
		return;
	if (rc == RC_OK)
		rc = store_hash_each(service_store(verifier->service), key, STORE_VALUE_MAX_BYTES / 8, each,
			done, verifier);
	if (rc != RC_OK) {
		log_event(
			LOG_ERROR, "load.failed", "why=\"%s\"", store_why(service_store(verifier->service)));
		shard_lost(verifier);
	}
}

static void load_begin(struct verifier *verifier)
{
	verifier->shard.phase = SHARD_LOADING;
	verifier->shard.generation++;
	for (struct node *node = verifier->nodes.first; node != NULL; node = node->next) {
		node->prov_seen = false;
		/* A Redis that was emptied gets it again. */
		if (node->logs != NULL)
			node->logs->is_unwritten = true;
	}
	on_loaded(verifier, RC_OK, KEY_STATE, each_state, on_states);
}

/* ---- what the notice log knows ---- */

/* False: it says more than we know, and could not be applied now. */
static bool apply_floor(struct verifier *verifier, const struct elem_floor *floor)
{
	struct node *node = nodes_make(&verifier->nodes, floor->node.at);
	struct change *change;
	enum node_state state = NODE_STATE_NONE;
	char text[NODE_TEXT_BYTES];

	if (node == NULL)
		return false;
	node->verifier = verifier;
	node_bind(verifier, node);
	if (floor->number > node->kept.highest ||
		(span_is(floor->kind, "revoked") && floor->verdict > node->kept.verdicts))
		state = NODE_UNTRUSTED;
	if (floor->request_time > node->kept.request_time) {
		if (span_is(floor->kind, "suspended"))
			state = NODE_SUSPENDED;
		else if (span_is(floor->kind, "node-removed"))
			state = NODE_REMOVED;
		else if (state == NODE_STATE_NONE)
			state = node->kept.state == NODE_STATE_NONE ? NODE_UNTRUSTED : node->kept.state;
	}
	if (state == NODE_STATE_NONE)
		return true;
	/* What is under way began with what Redis had: it must end first. */
	if (node->change != NULL)
		return false;
	snprintf(text, sizeof text,
		"Redis had an older state (%s) than the notice log (%.*s, notice %llu): it was put back or lost its "
		"content",
		node_state_word(node->kept.state), SPAN_FMT(floor->kind), (unsigned long long)floor->seq);
	report_store(verifier, "store.rolledback", node, text);
	change = change_begin(verifier, node);
	if (change == NULL)
		return false;
	if (change->next.highest < floor->number)
		change->next.highest = floor->number;
	if (change->next.verdicts < floor->verdict)
		change->next.verdicts = floor->verdict;
	if (change->next.request_time < floor->request_time)
		change->next.request_time = floor->request_time;
	/* What is in Redis is not the provisioning that counts. */
	if (change->next.number != 0 && floor->number > change->next.number) {
		kept_forget_provisioning(&change->next);
		change->writes_prov = true;
	}
	change_force(change, state, text);
	change_commit(&change);
	return true;
}

static void ask_floors(struct verifier *verifier);

static void floors_failed(struct verifier *verifier, const char *text)
{
	snprintf(verifier->shard.floors_text, sizeof verifier->shard.floors_text, "%s", text);
	log_event(LOG_WARN, "floors.failed", "why=\"%s\"", text);
}

static void on_floors(void *ctx, enum rc rc, const struct msg *reply, struct span frame)
{
	struct verifier *verifier = ctx;
	struct shard *shard = &verifier->shard;
	struct elem_floor floor = {0};
	struct list floors;
	bool has_any = false;

	(void)frame;
	shard->floors_asked = false;
	if (!shard_is_acting(shard))
		return;
	/* The next tick asks where it sends us. */
	if (rc == RC_OK && reply->type == MSG_TYPE_moved) {
		(void)revoker_moved(verifier, reply->moved.name);
		return;
	}
	if (rc != RC_OK || reply->type != MSG_TYPE_floors) {
		floors_failed(verifier,
			rc == RC_OK ? "the revocation service answered something else" : rc_words(rc));
		return;
	}
	floors = reply->floors.floors;
	while (ELEM_NEXT(floor, &floors, &floor)) {
		has_any = true;
		shard->floors_missed |= !apply_floor(verifier, &floor);
		memcpy(shard->floors_after, floor.node.at, NODE_ID_BYTES);
	}
	if (reply->floors.more && has_any) {
		shard->floors_has_after = true;
		ask_floors(verifier);
		return;
	}
	/* Not one may be passed over: all of them again, with the next tick. */
	if (shard->floors_missed) {
		floors_failed(verifier, "a node was being changed meanwhile; it is compared again");
		return;
	}
	shard->floors_done = true;
	log_event(LOG_INFO, "floors.done", "the notice log was compared with Redis");
	/* Nodes that passed while V was withheld for this get it now. */
	for (struct node *node = verifier->nodes.first; node != NULL; node = node->next)
		if (node->kept.state == NODE_BOOTSTRAPPING)
			challenge_soon(verifier, node);
}

static void ask_floors(struct verifier *verifier)
{
	struct shard *shard = &verifier->shard;
	struct msg msg = {.type = MSG_TYPE_floor_get};

	if (shard->floors_has_after)
		msg.floor_get.after = SPAN(shard->floors_after);
	shard->floors_ms = mono_ms(verifier);
	shard->floors_asked =
		client_call(verifier->revoker.client, &msg, 5000, 1000, on_floors, verifier, NULL) == RC_OK;
}

void shard_tick(struct verifier *verifier)
{
	struct shard *shard = &verifier->shard;

	if (!shard_is_acting(shard) || shard->floors_done || shard->floors_asked)
		return;
	if (verifier->revoker.client == NULL || !verifier->revoker.is_up) {
		snprintf(shard->floors_text, sizeof shard->floors_text, "%s",
			verifier->revoker.client == NULL ? "the roster names no revocation service"
							 : "the revocation service cannot be reached");
		return;
	}
	shard->floors_has_after = shard->floors_missed = false;
	ask_floors(verifier);
}
