#include "services/verifier/verifier.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/base/log.h"
#include "services/verifier/inner.h"

#define DUPLICATE_EVERY_MS 10000

static const struct server_row rows[] = {
	/* An agent's key is fresh at each start: the registrar's record says whose it is. */
	{MSG_TYPE_hello, ROLES_ANYONE, enter_on_hello},
	{MSG_TYPE_evidence, ROLE_NODE, attest_on_evidence},
	{MSG_TYPE_measured, ROLE_NODE, challenge_on_measured},
	{MSG_TYPE_log_part, ROLE_NODE, round_on_log_part},
	{MSG_TYPE_bootstrapped, ROLE_NODE, provision_on_bootstrapped},
	{MSG_TYPE_relay_reply, ROLE_NODE, relay_on_reply},
	{MSG_TYPE_relay, ROLES_PROVISION, relay_on_relay},
	{MSG_TYPE_provision, ROLES_PROVISION, provision_on_provision},
	{MSG_TYPE_node_action, ROLES_PROVISION, operate_on_action},
	{MSG_TYPE_policy_put, ROLES_PROVISION, policy_on_put},
	{MSG_TYPE_policy_get, ROLES_VIEW | ROLES_SERVICE, policy_on_get},
	{MSG_TYPE_policy_list, ROLES_VIEW | ROLES_SERVICE, policy_on_list},
	{MSG_TYPE_policy_use_put, ROLES_PROVISION, policy_on_use},
	{MSG_TYPE_document_put, ROLES_PROVISION, document_on_put},
	{MSG_TYPE_document_get, ROLES_VIEW | ROLES_SERVICE, document_on_get},
	{MSG_TYPE_state_get, ROLES_VIEW | ROLES_SERVICE, operate_on_state_get},
	{MSG_TYPE_state_list, ROLES_VIEW | ROLES_SERVICE, operate_on_state_list},
	{MSG_TYPE_verdict_get, ROLES_VIEW | ROLES_SERVICE, operate_on_verdict_get},
};

/* ---- what the files share ---- */

uint64_t next_version(const struct verifier *verifier, uint64_t known)
{
	uint64_t now = service_now(verifier->service);

	return now > known ? now : known + 1;
}

char *record_key(const char *kind, const char *name, char out[static RECORD_KEY_BYTES])
{
	snprintf(out, RECORD_KEY_BYTES, "%s/%s", kind, name);
	return out;
}

enum rc check_time(const struct verifier *verifier, const char *what, uint64_t time, struct err *err)
{
	uint64_t now = service_now(verifier->service);
	uint64_t apart = now > time ? now - time : time - now;

	if (apart <= REQUEST_AGE_MS)
		return RC_OK;
	return err_set(err, RC_STALE, "%s: its time is %llu s %s ours; it is too old, or a clock is wrong",
		what, (unsigned long long)(apart / 1000), now > time ? "before" : "after");
}

void answer_ok(struct verifier *verifier, const struct peer *peer, uint64_t id, const char *text)
{
	struct msg answer = {.type = MSG_TYPE_ok, .id = id, .ok = {span_text(text)}};

	if (server_send(server_of(verifier), peer, &answer) != RC_OK)
		log_event(LOG_DEBUG, "answer.unsent", "peer is gone");
}

void answer_error(
	struct verifier *verifier, const struct peer *peer, uint64_t id, enum rc rc, const struct err *err)
{
	const char *text = err->text[0] != '\0' ? err->text : rc_words(rc);

	log_event(LOG_INFO, "refused", "code=\"%s\" why=\"%s\"", rc_words(rc), text);
	server_send_error(server_of(verifier), peer, id, rc, text);
}

void report_store(struct verifier *verifier, const char *kind, const struct node *node, const char *text)
{
	bool is_tampered = strcmp(kind, "store.tampered") == 0;

	if (is_tampered)
		verifier->counts.tampered++;
	else
		verifier->counts.rolled_back++;
	if (is_tampered)
		log_event(LOG_ERROR, "store.tampered", "node=%s why=\"%s\"",
			node == NULL ? "-" : node->digits, text);
	else
		log_event(LOG_ERROR, "store.rolledback", "node=%s why=\"%s\"",
			node == NULL ? "-" : node->digits, text);
	service_event(verifier->service, kind, node == NULL ? NULL : node->id, NULL, 0, text);
}

void report_duplicate(struct verifier *verifier, struct node *node, const char *text)
{
	uint64_t now = mono_ms(verifier);

	verifier->counts.duplicates++;
	if (node->duplicate_ms != 0 && now - node->duplicate_ms < DUPLICATE_EVERY_MS)
		return;
	node->duplicate_ms = now;
	log_event(LOG_ERROR, "node.duplicate", "node=%s why=\"%s\"", node->digits, text);
	service_event(verifier->service, "node.duplicate", node->id, node_state_word(node->kept.state),
		node->kept.number, text);
}

static const struct policy_entry *bind_policy(
	const struct verifier *verifier, struct node *node, const uint8_t hash[static HASH_BYTES])
{
	const struct policy_entry *entry = policies_find(&verifier->policies, hash);

	if (entry == NULL || entry->is_ready)
		return entry;
	node->awaits_policy |= !entry->was_read;
	return NULL;
}

static bool policy_has_run_out(const struct verifier *verifier, const struct policy_entry *entry)
{
	return entry->policy.valid_until_ms != 0 &&
	       service_now(verifier->service) > entry->policy.valid_until_ms;
}

void node_bind(struct verifier *verifier, struct node *node)
{
	const struct kept *kept = &node->kept;

	node->class = kept->number == 0 ? NULL : class_find(&verifier->classes, span_text(kept->class_name));
	if (node->class == NULL)
		node->class = &verifier->classes.at[0];
	node->policy = node->former_policy = NULL;
	node->awaits_policy = false;
	if (kept->number == 0)
		return;
	node->policy = bind_policy(verifier, node, kept->policy);
	if (kept->former_until <= service_now(verifier->service))
		return;
	node->former_policy = bind_policy(verifier, node, kept->former);
	/* What it allows is not known: that speaks neither for nor against the node. */
	if (node->former_policy == NULL)
		node->policy = NULL;
	else if (policy_has_run_out(verifier, node->former_policy))
		node->former_policy = NULL;
}

static server_handler *handler_of(enum msg_type type)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].type == type)
			return rows[i].handle;
	return NULL;
}

void dispatch_waiting(struct verifier *verifier, struct node *node)
{
	while (node->change == NULL && node->waiting != NULL) {
		DROP(waiting_release) struct waiting *waiting = node_next_waiting(node);
		struct msg msg;

		if (msg_decode(blob_span(&waiting->frame), &msg) == RC_OK)
			handler_of(msg.type)(verifier, &waiting->peer, &msg, blob_span(&waiting->frame));
	}
}

/* ---- callbacks of the chassis ---- */

static enum admit admit_anyone(void *ctx, const uint8_t key[static CURVE_KEY_BYTES], uint64_t token)
{
	(void)ctx;
	(void)key;
	(void)token;
	return ADMIT_YES;
}

/* Exactly the present key of a node that was not removed. */
static unsigned node_role(void *ctx, const uint8_t key[static CURVE_KEY_BYTES])
{
	struct verifier *verifier = ctx;
	const struct node_key *entry = nodes_key(&verifier->nodes, key);

	if (entry == NULL || entry->node->kept.state == NODE_REMOVED)
		return ROLE_UNKNOWN;
	if (entry == &entry->node->nk)
		return ROLE_NODE;
	report_duplicate(
		verifier, entry->node, "a former key of this node still speaks: two agents have one TPM");
	return ROLE_UNKNOWN;
}

static void on_store(void *ctx, const struct store_status *status)
{
	struct verifier *verifier = ctx;

	/* The first connection of a process counts as a restart too; nothing was loaded before it. */
	if (status->state == STORE_READY && status->restarted && verifier->shard.phase != SHARD_WAITING)
		shard_lost(verifier);
}

static void on_roster(void *ctx)
{
	struct verifier *verifier = ctx;
	struct err err = {0};

	if (revoker_dial(verifier, &err) != RC_OK)
		log_event(LOG_ERROR, "revocation.failed", "why=\"%s\"", err.text);
}

/* ---- status ---- */

static void add_node_facts(struct verifier *verifier, struct facts *facts)
{
	size_t counts[NODE_STATE_COUNT] = {0};
	size_t connected = 0;
	char text[TEXT_MAX] = "";
	size_t len = 0;

	for (const struct node *node = verifier->nodes.first; node != NULL; node = node->next) {
		counts[node->kept.state]++;
		connected += node->is_connected;
	}
	for (unsigned i = 1; i < NODE_STATE_COUNT; i++) {
		if (counts[i] != 0 && len < sizeof text)
			len += (size_t)snprintf(text + len, sizeof text - len, "%s%zu %s",
				len == 0 ? "" : ", ", counts[i], node_state_word((enum node_state)i));
	}
	facts_add(facts, counts[NODE_UNTRUSTED] != 0 ? FACT_WARN : FACT_GOOD, "nodes",
		counts[NODE_UNTRUSTED] != 0 ? "run: limebus node explain NODE" : NULL, "%zu connected%s%s",
		connected, len == 0 ? "" : "; ", text);
}

static void add_shard_facts(const struct verifier *verifier, struct facts *facts)
{
	const struct shard *shard = &verifier->shard;
	struct span holder = shard->lease == NULL ? (struct span){0} : store_lease_holder(shard->lease);

	if (shard_is_acting(shard))
		facts_add(facts, FACT_GOOD, "lease", NULL, "held, token %llu",
			(unsigned long long)shard_token(shard));
	else
		facts_add(facts, FACT_BAD, "lease",
			"nothing, if another verifier serves the nodes; else mend the connection to Redis",
			"not held; held by \"%.*s\"", SPAN_FMT(holder));
	if (shard->floors_done)
		facts_add(facts, FACT_GOOD, "floors", NULL, "the notice log was compared with Redis");
	else
		facts_add(facts, FACT_BAD, "floors", "start the revocation service",
			"not compared: no share V is released; %s", shard->floors_text);
	if (verifier->counts.tampered + verifier->counts.rolled_back != 0)
		facts_add(facts, FACT_BAD, "store",
			"look for store.tampered and store.rolledback in the log, and find out who writes to Redis",
			"%llu records altered, %llu put back or lost",
			(unsigned long long)verifier->counts.tampered,
			(unsigned long long)verifier->counts.rolled_back);
}

static void add_policy_facts(const struct verifier *verifier, struct facts *facts)
{
	const struct policy_entry *missing = NULL;
	size_t count = policies_missing(&verifier->policies, &missing);

	if (count == 0)
		facts_add(facts, FACT_GOOD, "policies", NULL, "%zu", verifier->policies.count);
	else
		facts_add(facts, FACT_BAD, "policies",
			"send the document again: limebus policy create, with the same file; see: limebus policy list",
			"%zu, %zu of them not whole in Redis, such as \"%s\": %s", verifier->policies.count,
			count, missing->name, missing->why);
}

static void on_status(void *ctx, struct facts *facts)
{
	struct verifier *verifier = ctx;
	const struct counts *counts = &verifier->counts;

	add_node_facts(verifier, facts);
	add_shard_facts(verifier, facts);
	facts_add(facts, verifier->revoker.is_up ? FACT_GOOD : FACT_BAD, "revocation",
		verifier->revoker.is_up ? NULL : "start it, or mend its address in the roster",
		"%s; %zu causes wait", verifier->revoker.is_up ? "connected" : "not connected",
		verifier->outbox.count);
	add_policy_facts(verifier, facts);
	facts_add(facts, FACT_GOOD, "attestations", NULL,
		"%llu.%llu a second; %llu since the start, %llu not judged, %llu answers to no challenge",
		(unsigned long long)(verifier->rate / 10), (unsigned long long)(verifier->rate % 10),
		(unsigned long long)counts->attestations, (unsigned long long)counts->unjudged,
		(unsigned long long)counts->replays);
	facts_add(facts, FACT_GOOD, "longest turn", NULL,
		"%llu us in the last minute or two: nobody waited longer for the loop",
		(unsigned long long)loop_longest_turn_us(service_loop(verifier->service)));
	facts_add(facts, counts->withheld == 0 ? FACT_GOOD : FACT_WARN, "V withheld",
		counts->withheld == 0 ? NULL : "see the nodes' text: limebus node show NODE", "%llu times",
		(unsigned long long)counts->withheld);
	if (counts->duplicates != 0)
		facts_add(facts, FACT_BAD, "duplicates", "find out which machines share a TPM's state",
			"%llu signs of two nodes that claim to be one",
			(unsigned long long)counts->duplicates);
}

/* Once a second. */
static void on_tick(void *ctx)
{
	struct verifier *verifier = ctx;
	uint64_t now = mono_ms(verifier);

	if (now > verifier->rate_ms)
		verifier->rate = (verifier->counts.attestations - verifier->rate_count) * 10000 /
		                 (now - verifier->rate_ms);
	verifier->rate_ms = now;
	verifier->rate_count = verifier->counts.attestations;
	relay_tick(verifier);
	outbox_alive(verifier);
	documents_tick(verifier);
	if (!shard_is_acting(&verifier->shard))
		return;
	policy_rewrite(verifier);
	outbox_send(verifier);
	keep_times(verifier);
	logs_keep(verifier);
	shard_tick(verifier);
}

/* ---- start and end ---- */

static enum rc open_inside(struct verifier *verifier, struct err *err)
{
	const struct verifier_config *config = verifier->config;
	struct service_options options = {
		.config = &config->service,
		.role = ROLE_VERIFIER,
		.program = "limebus-verifier",
		.rows = rows,
		.row_count = COUNT(rows),
		.links_max = 1,
		.node_role = node_role,
		.admit_peer = admit_anyone,
		.status = on_status,
		.roster_changed = on_roster,
		.store_changed = on_store,
		.ctx = verifier,
	};

	TRY(classes_parse(&config->classes, &verifier->classes, err));
	TRY(keyfile_load(config->sealing_key, KEYFILE_SEALING, &verifier->sealing_key, err));
	TRY(service_open(&options, &verifier->service, err));
	TRY(documents_open(verifier, err));
	TRY(revoker_dial(verifier, err));
	TRY(shard_open(verifier, err));
	if (loop_every(service_loop(verifier->service), &verifier->tick, 1000, on_tick, verifier) != RC_OK)
		return err_set(err, RC_NOMEM, "out of memory");
	return RC_OK;
}

enum rc verifier_open(const struct verifier_config *config, struct verifier **out, struct err *err)
{
	DROP(verifier_close) struct verifier *verifier = calloc(1, sizeof *verifier);

	if (verifier == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	verifier->config = config;
	TRY(open_inside(verifier, err));
	*out = TAKE(verifier);
	return RC_OK;
}

void verifier_close(struct verifier **verifier)
{
	struct verifier *v = *verifier;

	if (v == NULL)
		return;
	v->is_closing = true;
	if (v->service != NULL) {
		for (struct node *node = v->nodes.first; node != NULL; node = node->next) {
			loop_cancel(service_loop(v->service), &node->timer);
			round_drop(v, node);
			change_abandon(node);
		}
		loop_cancel(service_loop(v->service), &v->tick);
		loop_cancel(service_loop(v->service), &v->rounds.turn);
	}
	shard_close(v);
	documents_stop(v);
	if (v->service != NULL)
		revoker_close(v);
	service_close(&v->service);
	lookups_release(&v->lookups);
	outbox_release(&v->outbox);
	nodes_release(&v->nodes);
	documents_release(v);
	policies_release(&v->policies);
	secret32_release(&v->sealing_key);
	free(v);
	*verifier = NULL;
}

enum rc verifier_run(struct verifier *verifier, struct err *err)
{
	return service_run(verifier->service, err);
}
