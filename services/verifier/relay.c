#include "services/verifier/relay.h"

#include "lib/base/log.h"
#include "services/verifier/inner.h"

static struct relay_wait *find_slot(struct relays *relays, uint64_t id)
{
	for (size_t i = 0; i < RELAYS_MAX; i++)
		if (relays->slots[i].id == id)
			return &relays->slots[i];
	return NULL;
}

/* An operator who repeats a request that waits already is not relayed twice. */
static struct relay_wait *find_repeated(struct relays *relays, const struct peer *peer, uint64_t id)
{
	for (size_t i = 0; i < RELAYS_MAX; i++) {
		struct relay_wait *slot = &relays->slots[i];

		if (slot->id != 0 && slot->operator_id == id && id != 0 &&
			memcmp(slot->operator.key, peer->key, CURVE_KEY_BYTES) == 0)
			return slot;
	}
	return NULL;
}

static enum rc relay(
	struct verifier *verifier, const struct peer *peer, const struct msg *msg, struct err *err)
{
	struct node *node = nodes_find(&verifier->nodes, msg->relay.node.at);
	struct relay_wait *slot = find_repeated(&verifier->relays, peer, msg->id);
	struct msg relayed = {.type = MSG_TYPE_relayed, .ttl_ms = RELAY_MS, .relayed = {msg->relay.body}};
	enum rc rc;

	if (node == NULL || !node->is_connected || !node->nk.known || node->kept.state == NODE_REMOVED)
		return err_set(err, RC_NOT_FOUND,
			"the node is not connected to this verifier; see: limebus node list");
	if (slot != NULL) {
		slot->operator= * peer;
		return RC_OK;
	}
	slot = find_slot(&verifier->relays, 0);
	if (slot == NULL)
		return err_set(err, RC_LIMIT, "too many relays are under way; try again");
	relayed.id = new_id(verifier);
	rc = server_send(server_of(verifier), &node->peer, &relayed);
	if (rc != RC_OK)
		return err_set(err, rc, "the node is gone or reads too slowly");
	*slot = (struct relay_wait){relayed.id, mono_ms(verifier) + RELAY_MS, *peer, msg->id, node};
	return RC_OK;
}

void relay_on_relay(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct verifier *verifier = ctx;
	struct err err = {0};
	enum rc rc = relay(verifier, peer, msg, &err);

	(void)frame;
	if (rc != RC_OK)
		answer_error(verifier, peer, msg->id, rc, &err);
}

void relay_on_reply(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct verifier *verifier = ctx;
	struct relay_wait *slot = msg->id == 0 ? NULL : find_slot(&verifier->relays, msg->id);
	struct msg reply = {.type = MSG_TYPE_relay_reply, .relay_reply = {msg->relay_reply.body}};
	struct node *node;

	(void)frame;
	if (slot == NULL || !slot->node->nk.known ||
		memcmp(slot->node->nk.key, peer->key, CURVE_KEY_BYTES) != 0) {
		verifier->counts.ignored++;
		return;
	}
	node = slot->node;
	reply.id = slot->operator_id;
	if (server_send(server_of(verifier), &slot->operator, & reply) != RC_OK)
		log_event(LOG_DEBUG, "relay.unsent", "the operator is gone");
	*slot = (struct relay_wait){0};
	/* The share U may just have arrived there: do not let it wait for V. */
	if (node->kept.state == NODE_PROVISIONED || node->kept.state == NODE_BOOTSTRAPPING)
		challenge_soon(verifier, node);
}

void relay_tick(struct verifier *verifier)
{
	uint64_t now = mono_ms(verifier);

	for (size_t i = 0; i < RELAYS_MAX; i++) {
		struct relay_wait *slot = &verifier->relays.slots[i];

		if (slot->id == 0 || now < slot->until_ms)
			continue;
		server_send_error(server_of(verifier), &slot->operator, slot->operator_id, RC_TIMEOUT,
			"the node did not answer in time");
		*slot = (struct relay_wait){0};
	}
}
