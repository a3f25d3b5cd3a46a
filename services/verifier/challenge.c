#include "services/verifier/challenge.h"

#include "lib/base/log.h"
#include "lib/crypto/random.h"
#include "services/verifier/inner.h"

static void on_timer(void *ctx);

static void set_timer(struct verifier *verifier, struct node *node, uint64_t after_ms)
{
	if (loop_after(service_loop(verifier->service), &node->timer, after_ms, on_timer, node) != RC_OK)
		log_event(LOG_ERROR, "challenge.timer", "node=%s out of memory", node->digits);
}

static void send_challenge(struct verifier *verifier, struct node *node)
{
	const struct policy_entry *policy = node->kept.number == 0 ? NULL : node->policy;
	struct msg msg = {
		.type = MSG_TYPE_challenge,
		.id = node->asked,
		.ttl_ms = verifier->config->challenge_ms,
		.challenge = {.nonce = SPAN(node->nonce)},
	};
	DROP(blob_release) struct blob banks = {0};
	enum rc rc;

	node->selection.count = 0;
	if (policy != NULL) {
		node->selection = policy->selection;
		msg.challenge.banks = (struct list){blob_span(&policy->banks), policy->selection.count};
	}
	if (policy != NULL && node->former_policy != NULL) {
		policies_join(&node->selection, &node->former_policy->selection);
		if (policy_banks_encode(&node->selection, &banks) == RC_OK)
			msg.challenge.banks = (struct list){blob_span(&banks), node->selection.count};
	}
	if (round_wants_list(node)) {
		msg.challenge.ima_from = round_list_from(node);
		msg.challenge.ima_max = ROUND_LIST_MAX;
	}
	rc = server_send(server_of(verifier), &node->peer, &msg);
	if (rc == RC_NOT_FOUND)
		log_event(LOG_DEBUG, "challenge.unsent", "node=%s is gone", node->digits);
}

static void start(struct verifier *verifier, struct node *node)
{
	node->ask_again = false;
	/* The date may have come until which the policy before holds too. */
	if (node->former_policy != NULL)
		node_bind(verifier, node);
	if (random_fill(node->nonce, sizeof node->nonce, NULL) != RC_OK) {
		log_event(LOG_ERROR, "challenge.random", "the kernel gives no random bytes");
		set_timer(verifier, node, 1000);
		return;
	}
	node->asked = new_id(verifier);
	node->asked_ms = mono_ms(verifier);
	if (node->resume != NULL && node->resume->challenge == 0)
		node->resume->challenge = node->asked;
	send_challenge(verifier, node);
	set_timer(verifier, node, verifier->config->challenge_ms);
}

static bool may_ask(const struct verifier *verifier, const struct node *node)
{
	return node->is_connected && node->ak != NULL && node->kept.state != NODE_STATE_NONE &&
	       node->kept.state != NODE_REMOVED && !node->awaits_policy && shard_is_acting(&verifier->shard);
}

void challenge_soon(struct verifier *verifier, struct node *node)
{
	uint64_t now = mono_ms(verifier);
	uint64_t wait = node->asked_ms + CHALLENGE_EVERY_MS > now && node->asked_ms != 0
	                        ? node->asked_ms + CHALLENGE_EVERY_MS - now
	                        : 0;

	if (!may_ask(verifier, node))
		return;
	if (node->pause_ms > now && node->pause_ms - now > wait)
		wait = node->pause_ms - now;
	if (node->asked != 0 || node->change != NULL || node->round != NULL)
		node->ask_again = true;
	else if (wait == 0)
		start(verifier, node);
	else
		set_timer(verifier, node, wait);
}

void challenge_restart(struct verifier *verifier, struct node *node)
{
	node->asked = node->pause_ms = 0;
	/* What the tenant waits for is then answered by the next challenge. */
	if (node->resume != NULL)
		node->resume->challenge = 0;
	round_drop(verifier, node);
	if (!may_ask(verifier, node))
		return;
	if (node->change != NULL)
		node->ask_again = true;
	else
		start(verifier, node);
}

void challenge_next(struct verifier *verifier, struct node *node)
{
	uint64_t interval = node->class->interval_ms;
	uint64_t random = 0;

	if (node->asked != 0 || node->change != NULL || node->round != NULL || !may_ask(verifier, node))
		return;
	if (node->ask_again) {
		challenge_soon(verifier, node);
		return;
	}
	if (node->pause_ms > mono_ms(verifier) + interval)
		interval = node->pause_ms - mono_ms(verifier);
	/* No secret: any number will do. */
	memcpy(&random, node->nonce, sizeof random);
	set_timer(verifier, node, interval - interval / 10 + random % (interval / 5 + 1));
}

void challenge_deadline(struct verifier *verifier, struct node *node)
{
	set_timer(verifier, node, verifier->config->challenge_ms);
}

void challenge_stop(struct verifier *verifier, struct node *node)
{
	node->asked = 0;
	round_drop(verifier, node);
	node->ask_again = false;
	node->is_connected = false;
	loop_cancel(service_loop(verifier->service), &node->timer);
}

bool challenge_take(struct node *node, const struct peer *peer, uint64_t id)
{
	if (node->asked == 0 || id != node->asked || !node->nk.known ||
		memcmp(peer->key, node->nk.key, CURVE_KEY_BYTES) != 0)
		return false;
	node->asked = 0;
	return true;
}

/* ---- no answer ---- */

static void no_answer(struct verifier *verifier, struct node *node)
{
	struct change *change;

	node->asked = 0;
	if (node->resume != NULL && node->resume->challenge != 0)
		resume_failed(verifier, node, RC_TIMEOUT, "the node did not answer the challenge");
	if (node_step(node->kept.state, EVENT_NO_ANSWER).next == node->kept.state) {
		challenge_next(verifier, node);
		return;
	}
	change = change_begin(verifier, node);
	if (change == NULL || !change_step(change, EVENT_NO_ANSWER)) {
		change_drop(&change);
		challenge_next(verifier, node);
		return;
	}
	change_commit(&change);
}

/* The node answers challenges, and not what we ask about its logs. One that is not waited for is at work. */
static void part_missing(struct verifier *verifier, struct node *node)
{
	if (node->round->asked == 0)
		return;
	log_event(LOG_DEBUG, "log_get.unanswered", "node=%s", node->digits);
	if (node->change != NULL) {
		round_drop(verifier, node);
		node->ask_again = true;
		return;
	}
	if (node->resume != NULL && node->resume->challenge == node->round->challenge)
		resume_failed(verifier, node, RC_TIMEOUT, "the node did not send its logs");
	round_drop(verifier, node);
	no_answer(verifier, node);
}

static void on_timer(void *ctx)
{
	struct node *node = ctx;
	struct verifier *verifier = node->verifier;

	if (!may_ask(verifier, node))
		return;
	if (node->round != NULL)
		part_missing(verifier, node);
	else if (node->change != NULL)
		set_timer(verifier, node, CHALLENGE_EVERY_MS);
	else if (node->asked != 0)
		no_answer(verifier, node);
	else
		start(verifier, node);
}

void challenge_on_measured(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct verifier *verifier = ctx;
	const struct node_key *key = nodes_key(&verifier->nodes, peer->key);

	(void)msg;
	(void)frame;
	if (key == NULL || key != &key->node->nk)
		return;
	challenge_soon(verifier, key->node);
}
