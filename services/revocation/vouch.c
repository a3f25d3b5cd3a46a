/* Silence is not an escape: who has been vouched for, and who has not for too long (proto/PROTOCOL.md, 7). */
#include <stdio.h>

#include "lib/base/hex.h"
#include "lib/base/log.h"
#include "lib/trust/record.h"
#include "services/revocation/inner.h"

/* Nobody else is served while they are signed. */
#define LAPSES_A_TURN 128

static void restore(struct revocation *revocation, struct watched *node)
{
	if (node->has_lapsed && !watched_is_silent(node, mono_ms(revocation)))
		/* If it cannot be written now, the next word restores it. */
		(void)issue_observation(
			revocation, node, NOTICE_RESTORED, "a verifier vouches for the node again");
}

void vouch_on_alive(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct revocation *revocation = ctx;
	struct list rest = msg->alive.nodes;
	struct elem_alive_node alive;
	uint64_t now = msg->alive.time != 0 ? msg->alive.time : service_now(revocation->service);

	(void)frame;
	if (!lead_serves(revocation, peer, msg->id))
		return;
	while (ELEM_NEXT(alive_node, &rest, &alive)) {
		struct watched *node = watched_get(&revocation->watched, alive.node.at);

		if (node == NULL)
			return;
		watched_vouch(
			node, now > alive.good ? now - alive.good : 0, alive.limit_ms, mono_ms(revocation));
		restore(revocation, node);
	}
	if (msg->id != 0) {
		struct msg answer = {.type = MSG_TYPE_ok, .id = msg->id};

		if (server_send(service_server(revocation->service), peer, &answer) != RC_OK)
			log_event(LOG_DEBUG, "alive.unanswered", "the verifier is gone");
	}
}

static bool check_one(void *ctx, struct watched *node)
{
	struct revocation *revocation = ctx;
	char reason[128];

	if (node->has_lapsed || !watched_is_silent(node, mono_ms(revocation)))
		return true;
	snprintf(reason, sizeof reason, "no verifier has vouched for the node for more than %llu ms",
		(unsigned long long)node->limit_ms);
	if (revocation->lapse_room == 0)
		return false;
	revocation->lapse_room--;
	return issue_observation(revocation, node, NOTICE_LAPSED, reason);
}

void vouch_check(void *ctx)
{
	struct revocation *revocation = ctx;

	if (!lead_is_ours(revocation))
		return;
	revocation->lapse_room = LAPSES_A_TURN;
	watched_walk(&revocation->watched, NULL, check_one, revocation);
	if (revocation->lapse_room == 0 && !timer_is_running(&revocation->lapse_more) &&
		loop_after(service_loop(revocation->service), &revocation->lapse_more, 1, vouch_check,
			revocation) != RC_OK)
		log_event(LOG_ERROR, "timer.failed", "out of memory");
}

/* ---- what the verifiers had written before we started ---- */

static bool each_state(void *ctx, struct span field, struct span value)
{
	struct revocation *revocation = ctx;
	uint64_t now = service_now(revocation->service);
	char key[6 + HEX_BYTES(NODE_ID_BYTES)];
	uint8_t id[NODE_ID_BYTES];
	struct record_view view;
	struct err err = {0};
	struct watched *node;
	enum rc rc = hex_decode(field, id, sizeof id);

	if (rc != RC_OK)
		return true;
	snprintf(key, sizeof key, "state/%.*s", SPAN_FMT(field));
	rc = record_open(service_roster(revocation->service), value,
		(struct record_expect){"state", key, MSG_TYPE_state, ROLE_VERIFIER, 0}, now, &view, &err);
	if (rc != RC_OK) {
		log_event(LOG_WARN, "store.tampered", "why=\"%s\"", err.text);
		return true;
	}
	node = view.body.state.limit_ms == 0 ? NULL : watched_get(&revocation->watched, id);
	if (node != NULL && node->limit_ms == 0) {
		watched_vouch(node, now > view.body.state.good ? now - view.body.state.good : 0,
			view.body.state.limit_ms, mono_ms(revocation));
		watched_give_time(node, mono_ms(revocation));
	}
	return true;
}

static void on_states(void *ctx, enum rc rc)
{
	struct revocation *revocation = ctx;

	revocation->has_states = rc == RC_OK;
	if (rc != RC_OK)
		log_event(LOG_ERROR, "load.failed", "why=\"%s\"",
			store_why(service_store(revocation->service)));
	else
		log_event(LOG_INFO, "load.done", "nodes=%zu", revocation->watched.count);
}

void vouch_load(struct revocation *revocation)
{
	enum rc rc = store_hash_each(service_store(revocation->service), KEY_STATE, RECORD_MAX + 1024,
		each_state, on_states, revocation);

	if (rc != RC_OK)
		log_event(LOG_ERROR, "load.failed", "why=\"%s\"", rc_words(rc));
}

static bool give_time(void *ctx, struct watched *node)
{
	watched_give_time(node, mono_ms(ctx));
	return true;
}

void vouch_begin(struct revocation *revocation)
{
	watched_walk(&revocation->watched, NULL, give_time, revocation);
	/* Nodes that were vouched for while another one led. */
	vouch_load(revocation);
}
