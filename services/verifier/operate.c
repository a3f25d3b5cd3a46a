/* What operators ask about nodes, and what they may do to them (proto/PROTOCOL.md, 8). */
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/log.h"
#include "services/verifier/inner.h"

static void send_answer(struct verifier *verifier, const struct peer *peer, const struct msg *answer)
{
	if (server_send(server_of(verifier), peer, answer) != RC_OK)
		log_event(LOG_DEBUG, "answer.unsent", "peer is gone");
}

/* ---- states ---- */

static struct elem_node_state describe(const struct node *node)
{
	const struct kept *kept = &node->kept;

	return (struct elem_node_state){
		.node = SPAN(node->id),
		.state = span_text(node_state_word(kept->state)),
		.since = kept->since,
		.good = kept->good,
		.stale_ms = node->class->stale_ms,
		.number = kept->number,
		.opened = kept->opened,
		.opened_at = kept->opened_at,
		.policy = span_of(kept->policy, kept->number == 0 ? 0 : HASH_BYTES),
		.class = span_text(node->class->name),
		.verdicts = kept->verdicts,
		.attestations = node->attestations,
		/* What was stored is not believed: connected means that it attests here and now. */
		.connected = node->is_connected && node->judged != 0,
		.text = span_text(kept->text),
		.former = span_of(kept->former, node->former_policy == NULL ? 0 : HASH_BYTES),
		.former_until = node->former_policy == NULL ? 0 : kept->former_until,
		.ima_entries = node->logs == NULL ? 0 : node->logs->run.proven.replay.entries,
		.ima_failed = node->logs == NULL ? 0 : node->logs->run.proven.failures,
	};
}

static bool is_known(const struct node *node)
{
	return node != NULL && node->kept.state != NODE_STATE_NONE && node->class != NULL;
}

static bool answer_if_idle(struct verifier *verifier, const struct peer *peer, uint64_t id)
{
	struct err err = {0};

	if (shard_is_acting(&verifier->shard))
		return false;
	err_set(&err, RC_IO, "this verifier holds no lease, or has not loaded its nodes yet; try again");
	answer_error(verifier, peer, id, RC_IO, &err);
	return true;
}

void operate_on_state_get(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct verifier *verifier = ctx;
	const struct node *node = nodes_find(&verifier->nodes, msg->state_get.node.at);
	DROP(blob_release) struct blob raw = {0};
	struct msg answer = {.type = MSG_TYPE_states, .id = msg->id};
	struct elem_node_state elem;

	(void)frame;
	if (answer_if_idle(verifier, peer, msg->id))
		return;
	if (is_known(node)) {
		elem = describe(node);
		if (ELEM_APPEND(node_state, &elem, &raw) == RC_OK)
			answer.states.states = (struct list){blob_span(&raw), 1};
	}
	send_answer(verifier, peer, &answer);
}

void operate_on_state_list(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct verifier *verifier = ctx;
	const struct node *page[PAGE_MAX];
	DROP(blob_release) struct blob raw = {0};
	struct msg answer = {.type = MSG_TYPE_states, .id = msg->id};
	bool more = false;
	size_t found, count = 0;

	(void)frame;
	if (answer_if_idle(verifier, peer, msg->id))
		return;
	found = nodes_page(&verifier->nodes, msg->state_list.after.at, PAGE_MAX, page, &more);
	for (size_t i = 0; i < found; i++) {
		struct elem_node_state elem;

		if (!is_known(page[i]))
			continue;
		elem = describe(page[i]);
		if (ELEM_APPEND(node_state, &elem, &raw) == RC_OK)
			count++;
	}
	answer.states = (struct msg_states){{blob_span(&raw), count}, more};
	send_answer(verifier, peer, &answer);
}

void operate_on_verdict_get(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct verifier *verifier = ctx;
	const struct node *node = nodes_find(&verifier->nodes, msg->verdict_get.node.at);
	struct msg answer = {.type = MSG_TYPE_verdict_info, .id = msg->id};
	const struct blob *verdict = NULL;

	(void)frame;
	if (answer_if_idle(verifier, peer, msg->id))
		return;
	if (is_known(node))
		verdict = msg->verdict_get.latest && node->kept.last_was_good ? &node->kept.fine
		                                                              : &node->kept.bad;
	if (verdict == NULL || verdict->len == 0) {
		server_send_error(server_of(verifier), peer, msg->id, RC_NOT_FOUND,
			!is_known(node)           ? "this verifier knows no node with this id"
			: msg->verdict_get.latest ? "the node has not been judged yet"
						  : "no verdict has spoken against this node");
		return;
	}
	answer.verdict_info.verdict = blob_span(verdict);
	send_answer(verifier, peer, &answer);
}

/* ---- suspend, resume, remove ---- */

enum action { ACTION_SUSPEND, ACTION_RESUME, ACTION_REMOVE, ACTION_COUNT };
static const struct {
	const char *word;
	unsigned roles;
	enum node_event event;
} actions[ACTION_COUNT] = {
	[ACTION_SUSPEND] = {"suspend", ROLES_PROVISION, EVENT_SUSPEND},
	[ACTION_RESUME] = {"resume", ROLES_PROVISION, EVENT_RESUME},
	[ACTION_REMOVE] = {"remove", ROLE_ADMIN, EVENT_REMOVE},
};

/* Done already by this very request, which was sent again. */
static bool is_done(const struct kept *kept, enum action action, uint64_t time)
{
	if (time != kept->request_time)
		return false;
	return action == ACTION_SUSPEND  ? kept->state == NODE_SUSPENDED
	       : action == ACTION_REMOVE ? kept->state == NODE_REMOVED
	                                 : kept->state != NODE_SUSPENDED && kept->state != NODE_UNTRUSTED;
}

static enum rc act(struct verifier *verifier, struct node *node, enum action action,
	const struct msg_node_request *request, struct span envelope, const struct peer *peer, uint64_t id,
	struct err *err)
{
	DROP(change_drop) struct change *change = change_begin(verifier, node);

	if (change == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	if (!change_step(change, actions[action].event))
		return err_set(err, RC_DENIED, "a node that is %s cannot be told to %s",
			node_state_word(node->kept.state), actions[action].word);
	change->next.request_time = request->time;
	snprintf(change->next.text, sizeof change->next.text, "%.*s", SPAN_FMT(request->reason));
	if (action == ACTION_REMOVE) {
		kept_forget_provisioning(&change->next);
		change->writes_prov = true;
	}
	if ((change->effects & EFFECT_NOTICE) != 0)
		TRY(blob_copy(&change->cause, envelope));
	change->operator= * peer;
	change->answer_id = id;
	change->is_answered = true;
	change_commit(&change);
	return RC_OK;
}

/* The node must pass now: it is challenged, and the answer waits for that. */
static enum rc begin_resume(struct verifier *verifier, struct node *node,
	const struct msg_node_request *request, struct span envelope, const struct peer *peer, uint64_t id,
	struct err *err)
{
	struct resume *resume;

	if (node_step(node->kept.state, EVENT_RESUME).next == NODE_STATE_NONE)
		return err_set(err, RC_DENIED, "a node that is %s cannot be told to resume",
			node_state_word(node->kept.state));
	if (!node->is_connected || node->ak == NULL)
		return err_set(err, RC_NOT_FOUND,
			"the node must pass now, and is not connected; start its agent, then resume it");
	if (node->resume != NULL)
		return err_set(err, RC_EXISTS, "another resume of this node is under way");
	resume = calloc(1, sizeof *resume);
	if (resume == NULL || blob_append(&resume->request, envelope) != RC_OK) {
		free(resume);
		return err_set(err, RC_NOMEM, "out of memory");
	}
	resume->peer = *peer;
	resume->id = id;
	resume->time = request->time;
	node->resume = resume;
	challenge_restart(verifier, node);
	return RC_OK;
}

void resume_passed(struct verifier *verifier, struct node *node, struct change *change)
{
	DROP(resume_release) struct resume *resume = TAKE(node->resume);
	unsigned before = change->effects;

	if (!change_step(change, EVENT_RESUME) ||
		blob_copy(&change->cause, blob_span(&resume->request)) != RC_OK) {
		server_send_error(server_of(verifier), &resume->peer, resume->id, RC_NOMEM,
			"the node passes, but it could not be resumed; try again");
		return;
	}
	if ((change->effects & ~before & EFFECT_NOTICE) == 0)
		blob_clear(&change->cause);
	change->next.request_time = resume->time;
	change->next.text[0] = '\0';
	if (change->next.withheld) {
		change->next.withheld = false;
		change->writes_prov = true;
	}
	change->operator= resume->peer;
	change->answer_id = resume->id;
	change->is_answered = true;
}

void resume_failed(struct verifier *verifier, struct node *node, enum rc rc, const char *text)
{
	DROP(resume_release) struct resume *resume = TAKE(node->resume);
	struct err err = {0};

	err_set(&err, rc, "%s%s", rc == RC_DENIED ? "still fails: " : "", text);
	answer_error(verifier, &resume->peer, resume->id, rc, &err);
}

static enum rc find_action(struct span word, enum action *out, struct err *err)
{
	for (unsigned i = 0; i < ACTION_COUNT; i++) {
		if (span_is(word, actions[i].word)) {
			*out = (enum action)i;
			return RC_OK;
		}
	}
	return err_set(err, RC_UNSUPPORTED, "node_action: expected suspend, resume or remove");
}

static enum rc action_begin(struct verifier *verifier, const struct peer *peer, const struct msg *msg,
	struct span frame, struct err *err)
{
	struct span envelope = msg->node_action.request;
	struct signed_msg opened;
	const struct msg_node_request *request = &opened.msg.node_request;
	enum action action = ACTION_COUNT;
	struct node *node;

	TRY(signed_open(envelope, MSG_TYPE_node_request, &opened, err));
	TRY(find_action(request->action, &action, err));
	/* The one who signed counts, not the one who sends. */
	TRY(roster_signed_now(service_roster(verifier->service), envelope, MSG_TYPE_node_request,
		actions[action].roles, service_now(verifier->service), &opened, err));
	TRY(check_time(verifier, "node_request", request->time, err));
	node = nodes_find(&verifier->nodes, request->node.at);
	if (!is_known(node))
		return err_set(err, RC_NOT_FOUND, "this verifier knows no node with this id");
	if (node->change != NULL)
		return node_wait(node, peer, frame);
	if (node->resume != NULL && action == ACTION_RESUME && node->resume->time == request->time) {
		node->resume->peer = *peer;
		node->resume->id = msg->id;
		return RC_OK;
	}
	if (is_done(&node->kept, action, request->time)) {
		answer_ok(verifier, peer, msg->id, NULL);
		return RC_OK;
	}
	if (request->time <= node->kept.request_time)
		return err_set(err, RC_STALE,
			"node_request: it is not newer than the last one for this node: it was sent before");
	if (action == ACTION_RESUME)
		return begin_resume(verifier, node, request, envelope, peer, msg->id, err);
	return act(verifier, node, action, request, envelope, peer, msg->id, err);
}

void operate_on_action(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct verifier *verifier = ctx;
	struct err err = {0};
	enum rc rc;

	if (answer_if_idle(verifier, peer, msg->id))
		return;
	rc = action_begin(verifier, peer, msg, frame, &err);
	if (rc != RC_OK)
		answer_error(verifier, peer, msg->id, rc, &err);
}
