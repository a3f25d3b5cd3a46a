/* hello → welcome (proto/PROTOCOL.md, 5). */
#include "services/verifier/enter.h"

#include <stdio.h>

#include "lib/base/log.h"
#include "services/verifier/inner.h"

void lookups_release(struct lookups *lookups)
{
	for (size_t i = 0; i < LOOKUPS_MAX; i++)
		blob_release(&lookups->slots[i].frame);
}

enum rc enter_check_record(const struct verifier *verifier, const uint8_t id[static NODE_ID_BYTES],
	struct span record, struct record_view *view, struct registration *registration, struct err *err)
{
	const struct node *known = nodes_find(&verifier->nodes, id);
	char digits[NODE_DIGITS];
	char key[RECORD_KEY_BYTES];
	struct record_expect expect = {
		.type = "node",
		.key = record_key("node", hex_encode(span_of(id, NODE_ID_BYTES), digits), key),
		.body = MSG_TYPE_node,
		.writers = ROLE_REGISTRAR,
		.version = known == NULL ? 0 : known->record_version,
	};
	uint64_t now = service_now(verifier->service);
	const struct msg_node *body = &view->body.node;

	TRY(record_open(service_roster(verifier->service), record, expect, now, view, err));
	if (memcmp(body->node.at, id, NODE_ID_BYTES) != 0)
		return err_set(err, RC_DENIED, "record node of %s: is about another node", digits);
	if (known != NULL && body->number < known->kept.record)
		return err_set(err, RC_STALE,
			"record node of %s: registration %llu was put back, %llu is known", digits,
			(unsigned long long)body->number, (unsigned long long)known->kept.record);
	TRY(registration_check(&(struct registration_claim){body->ek_public, body->ek_certificate,
				       body->chain, body->ak_public},
		&(struct registration_rules){.wall_ms = now}, registration, err));
	if (memcmp(registration->node, id, NODE_ID_BYTES) != 0 ||
		!span_equal(tpm_name_span(&registration->ak_name), body->ak_name))
		return err_set(err, RC_DENIED,
			"record node of %s: its EK or AK is not the one of this id and name", digits);
	return RC_OK;
}

/* ---- taking a connection for a node ---- */

static void welcome(struct verifier *verifier, const struct lookup *lookup, const struct node *node)
{
	const struct roster *roster = service_roster(verifier->service);
	struct msg msg = {.type = MSG_TYPE_welcome,
		.id = lookup->id,
		.welcome = {.interval_ms = node->class->interval_ms}};

	if (lookup->hello.roster < roster_number(roster))
		msg.welcome.roster = roster_bytes(roster);
	if (server_send(server_of(verifier), &lookup->peer, &msg) != RC_OK)
		log_event(LOG_DEBUG, "hello.unsent", "node=%s is gone", node->digits);
}

static enum rc install(struct verifier *verifier, struct node *node, const struct lookup *lookup,
	const struct record_view *view, struct registration *registration, struct err *err)
{
	enum rc rc = nodes_set_key(&verifier->nodes, node, lookup->peer.key);

	if (rc != RC_OK)
		return err_set(err, rc, "the key of this connection is another node's");
	round_drop(verifier, node);
	public_key_release(&node->ak);
	node->ak = TAKE(registration->ak);
	node->ak_name = registration->ak_name;
	node->signer = registration->signer;
	node->record_version = view->version;
	node->peer = lookup->peer;
	node->opened = lookup->hello.opened;
	node->is_connected = true;
	return RC_OK;
}

/* What a new node, or a new AK, changes of what is kept. NULL: nothing. */
static struct change *registered(struct verifier *verifier, struct node *node, const struct msg_node *record)
{
	bool is_new = node->kept.state == NODE_STATE_NONE;
	bool is_new_ak =
		node->kept.number != 0 && !span_equal(tpm_name_span(&node->kept.ak_name), record->ak_name);
	struct change *change;

	if (!is_new && !is_new_ak && node->kept.record == record->number)
		return NULL;
	change = change_begin(verifier, node);
	if (change == NULL)
		return NULL;
	/* Another AK has other counters: it may live in another TPM state. */
	if (change->next.record != record->number)
		change->next.counters = (struct quote_counters){0};
	change->next.record = record->number;
	if (is_new)
		change_force(change, NODE_ENROLLED, "");
	if (is_new_ak && change_step(change, EVENT_AK_CHANGED)) {
		kept_forget_provisioning(&change->next);
		change->writes_prov = true;
		if (change->next.state == NODE_ENROLLED)
			snprintf(change->next.text, sizeof change->next.text,
				"the node has another AK than its provisioning names; provision it again");
	}
	return change;
}

static void enter(struct verifier *verifier, struct lookup *lookup, const struct record_view *view,
	struct registration *registration)
{
	const struct msg_node *record = &view->body.node;
	struct node *node = nodes_make(&verifier->nodes, lookup->node);
	struct change *change;
	struct err err = {0};

	if (node == NULL ||
		(node->change != NULL && node_wait(node, &lookup->peer, blob_span(&lookup->frame)) == RC_OK))
		return;
	node->verifier = verifier;
	if (node->change != NULL || node->kept.state == NODE_REMOVED) {
		verifier->counts.ignored++;
		return;
	}
	if (install(verifier, node, lookup, view, registration, &err) != RC_OK) {
		log_event(LOG_WARN, "hello.refused", "node=%s why=\"%s\"", node->digits, err.text);
		return;
	}
	log_event(LOG_INFO, "node.connected", "node=%s state=%s held=%llu opened=%llu", node->digits,
		node_state_word(node->kept.state), (unsigned long long)lookup->hello.held,
		(unsigned long long)lookup->hello.opened);
	node_bind(verifier, node);
	welcome(verifier, lookup, node);
	node->ask_again = true;
	change = registered(verifier, node, record);
	if (change != NULL)
		change_commit(&change);
	else
		challenge_restart(verifier, node);
}

static void on_record(void *ctx, enum rc rc, struct span value)
{
	struct lookup *lookup = ctx;
	struct verifier *verifier = lookup->verifier;
	DROP(registration_release) struct registration registration = {0};
	const struct node_key *known;
	struct record_view view;
	struct err err = {0};

	lookup->is_used = false;
	if (verifier->is_closing || !shard_is_acting(&verifier->shard))
		return;
	if (rc != RC_OK) {
		if (rc != RC_NOT_FOUND)
			log_event(LOG_WARN, "hello.unknown", "why=\"Redis: %s\"",
				store_why(service_store(verifier->service)));
		verifier->counts.ignored++;
		return;
	}
	rc = enter_check_record(verifier, lookup->node, value, &view, &registration, &err);
	if (rc != RC_OK) {
		report_store(
			verifier, "store.tampered", nodes_find(&verifier->nodes, lookup->node), err.text);
		return;
	}
	if (span_equal(view.body.node.nk, SPAN(lookup->peer.key))) {
		enter(verifier, lookup, &view, &registration);
		return;
	}
	verifier->counts.ignored++;
	known = nodes_key(&verifier->nodes, lookup->peer.key);
	if (known != NULL && known == &known->node->former)
		report_duplicate(verifier, known->node, "a former key of this node says hello");
}

static struct lookup *find_slot(struct lookups *lookups, const uint8_t key[static CURVE_KEY_BYTES])
{
	struct lookup *free_slot = NULL;

	for (size_t i = 0; i < LOOKUPS_MAX; i++) {
		struct lookup *slot = &lookups->slots[i];

		if (!slot->is_used)
			free_slot = slot;
		else if (memcmp(slot->peer.key, key, CURVE_KEY_BYTES) == 0)
			return NULL;
	}
	return free_slot;
}

void enter_on_hello(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct verifier *verifier = ctx;
	struct lookup *slot = find_slot(&verifier->lookups, peer->key);
	char digits[NODE_DIGITS];

	if (slot == NULL || !shard_is_acting(&verifier->shard) ||
		(peer->roles != ROLE_UNKNOWN && peer->roles != ROLE_NODE) ||
		blob_copy(&slot->frame, frame) != RC_OK) {
		verifier->counts.ignored++;
		return;
	}
	slot->verifier = verifier;
	slot->peer = *peer;
	slot->id = msg->id;
	slot->hello = msg->hello;
	memcpy(slot->node, msg->hello.node.at, NODE_ID_BYTES);
	slot->hello.node = SPAN(slot->node);
	slot->is_used = store_hash_get(service_store(verifier->service), KEY_NODE,
				span_text(hex_encode(SPAN(slot->node), digits)), RECORD_MAX + 1024, on_record,
				slot) == RC_OK;
	if (!slot->is_used)
		verifier->counts.ignored++;
}
