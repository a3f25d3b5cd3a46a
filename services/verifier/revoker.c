#include "services/verifier/revoker.h"

#include <stdio.h>

#include "lib/base/log.h"
#include "lib/crypto/random.h"
#include "services/verifier/inner.h"

static void on_next(void *ctx);

static bool may_be_asked(const struct verifier *verifier, const struct roster_member *member)
{
	return member != NULL && member->role == ROLE_REVOCATION && !roster_member_is_former(member) &&
	       roster_member_is_valid(member, service_now(verifier->service));
}

static size_t count_services(const struct verifier *verifier)
{
	size_t count = 0;

	while (roster_nth(service_roster(verifier->service), ROLE_REVOCATION, service_now(verifier->service),
		       count) != NULL)
		count++;
	return count;
}

/* ---- the link ---- */

/* Who leads now may have heard of none of our nodes. */
static void say_all(struct verifier *verifier)
{
	for (struct node *node = verifier->nodes.first; node != NULL; node = node->next)
		if (node->is_fresh && node->kept.good != 0 && node_state_passes(node->kept.state))
			node->is_alive = true;
	outbox_alive(verifier);
}

static void turn_later(struct verifier *verifier)
{
	struct revoker *revoker = &verifier->revoker;
	uint8_t random = 0;

	/* The only one there is: its client goes on trying by itself. */
	if (timer_is_running(&revoker->next) || count_services(verifier) < 2 ||
		random_fill(&random, 1, NULL) != RC_OK)
		return;
	if (loop_after(service_loop(verifier->service), &revoker->next,
		    REVOKER_TURN_MS / 4 + REVOKER_TURN_MS * 3u / 4 * random / 255, on_next,
		    verifier) != RC_OK)
		log_event(LOG_ERROR, "timer.failed", "out of memory");
}

static void on_link(void *ctx, bool is_up, enum rc why)
{
	struct verifier *verifier = ctx;
	struct revoker *revoker = &verifier->revoker;

	if (is_up != revoker->is_up)
		log_event(is_up ? LOG_INFO : LOG_WARN, is_up ? "revocation.up" : "revocation.down",
			"why=\"%s\"", rc_words(why));
	revoker->is_up = is_up;
	if (!is_up) {
		turn_later(verifier);
		return;
	}
	loop_cancel(service_loop(verifier->service), &revoker->next);
	say_all(verifier);
	outbox_send(verifier);
	shard_tick(verifier);
}

/* `alive` has no id, so who does not lead says it by himself. */
static void on_message(void *ctx, const struct msg *msg, struct span frame)
{
	(void)frame;
	if (msg->type == MSG_TYPE_moved)
		(void)revoker_moved(ctx, msg->moved.name);
}

/* Go there, unless we are. */
static enum rc go(struct verifier *verifier, const struct roster_member *member, struct err *err)
{
	struct revoker *revoker = &verifier->revoker;
	struct client_options options = {
		.pair = service_curve(verifier->service),
		.calls_max = OUTBOX_WINDOW * 2,
		.queue_max = 256,
		.message = on_message,
		.link = on_link,
		.ctx = verifier,
	};

	if (revoker->client != NULL && memcmp(revoker->key, member->curve, CURVE_KEY_BYTES) == 0 &&
		strcmp(revoker->endpoint, member->endpoint) == 0)
		return RC_OK;
	memcpy(revoker->key, member->curve, CURVE_KEY_BYTES);
	snprintf(revoker->endpoint, sizeof revoker->endpoint, "%s", member->endpoint);
	options.endpoint = revoker->endpoint;
	options.server_key = revoker->key;
	if (revoker->client == NULL)
		return client_open(service_bus(verifier->service), &options, &revoker->client, err);
	revoker->is_up = false;
	return client_redirect(revoker->client, revoker->endpoint, revoker->key, err);
}

static void on_next(void *ctx)
{
	struct verifier *verifier = ctx;
	struct revoker *revoker = &verifier->revoker;
	size_t count = count_services(verifier);
	const struct roster_member *member;
	struct err err = {0};

	if (revoker->client == NULL || client_is_up(revoker->client) || count == 0)
		return;
	member = roster_nth(service_roster(verifier->service), ROLE_REVOCATION,
		service_now(verifier->service), ++revoker->turn % count);
	if (member != NULL && go(verifier, member, &err) != RC_OK)
		log_event(LOG_ERROR, "revocation.failed", "why=\"%s\"", err.text);
	/* Should that one not even answer: on. */
	if (loop_after(service_loop(verifier->service), &revoker->next, REVOKER_TURN_MS * 3, on_next,
		    verifier) != RC_OK)
		log_event(LOG_ERROR, "timer.failed", "out of memory");
}

uint64_t revoker_moved(struct verifier *verifier, struct span name)
{
	const struct roster_member *member = roster_by_name(service_roster(verifier->service), name);
	struct err err = {0};

	if (!may_be_asked(verifier, member) ||
		memcmp(member->curve, verifier->revoker.key, CURVE_KEY_BYTES) == 0)
		return REVOKER_AGAIN_MS;
	log_event(LOG_INFO, "revocation.moved", "to=%s", member->name);
	if (go(verifier, member, &err) != RC_OK)
		log_event(LOG_ERROR, "revocation.failed", "why=\"%s\"", err.text);
	return 0;
}

enum rc revoker_dial(struct verifier *verifier, struct err *err)
{
	struct revoker *revoker = &verifier->revoker;
	const struct roster *roster = service_roster(verifier->service);
	const struct roster_member *member =
		revoker->client == NULL ? NULL : roster_by_curve(roster, revoker->key);

	if (!may_be_asked(verifier, member))
		member = roster_nth(roster, ROLE_REVOCATION, service_now(verifier->service), 0);
	if (member == NULL || member->endpoint[0] == '\0') {
		log_event(LOG_WARN, "revocation.none", "the roster names no revocation service");
		return RC_OK;
	}
	return go(verifier, member, err);
}

void revoker_close(struct verifier *verifier)
{
	loop_cancel(service_loop(verifier->service), &verifier->revoker.next);
	loop_cancel(service_loop(verifier->service), &verifier->outbox.again);
	client_close(&verifier->revoker.client);
}
