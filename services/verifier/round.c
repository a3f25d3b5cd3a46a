#include "services/verifier/round.h"

#include <stdlib.h>

#include "lib/base/log.h"
#include "services/verifier/inner.h"

/* No entry of a list is longer; leftovers of a part that are must be something else. */
#define ENTRY_MAX (2u * CHUNK_MAX)
/* Parts without bytes, although there is more. */
#define EMPTIES_MAX 3

static void go(struct round *round, int64_t budget);

/* ---- what a node's policies want ---- */

bool round_wants_list(const struct node *node)
{
	/* A former policy that does not look at the list allows whatever is in it. */
	return node->kept.number != 0 && node->policy != NULL && node->policy->policy.has_ima &&
	       (node->former_policy == NULL || node->former_policy->policy.has_ima);
}

static uint64_t resume_time_of(const struct node *node, uint64_t challenge)
{
	return node->resume != NULL && node->resume->challenge == challenge ? node->resume->time : 0;
}

uint64_t round_list_from(const struct node *node)
{
	struct logs_of of;

	if (node->logs == NULL)
		return 0;
	of = logs_of_node(node, node->logs->of.reset_count, resume_time_of(node, node->asked));
	return logs_fit(node->logs, &of) ? node->logs->run.proven.bytes : 0;
}

static struct ima_run *run_of(struct round *round)
{
	return &round->node->logs->run;
}

/* ---- the queue ---- */

static void on_turn(void *ctx);

static void turn_soon(struct verifier *verifier)
{
	struct rounds *rounds = &verifier->rounds;

	if (rounds->is_turning || rounds->ready.first == NULL)
		return;
	rounds->is_turning =
		loop_after(service_loop(verifier->service), &rounds->turn, 0, on_turn, verifier) == RC_OK;
	if (!rounds->is_turning)
		log_event(LOG_ERROR, "round.timer", "out of memory");
}

static void enter(struct round_queue *queue, struct round *round)
{
	round->queue = queue;
	round->next = NULL;
	if (queue->last != NULL)
		queue->last->next = round;
	else
		queue->first = round;
	queue->last = round;
}

static void leave(struct round *round)
{
	struct round_queue *queue = round->queue;
	struct round *before = NULL;

	if (queue == NULL)
		return;
	for (struct round *at = queue->first; at != round; at = at->next)
		before = at;
	if (before == NULL)
		queue->first = round->next;
	else
		before->next = round->next;
	if (queue->last == round)
		queue->last = before;
	round->queue = NULL;
}

static void enqueue(struct round *round)
{
	leave(round);
	enter(&round->verifier->rounds.ready, round);
	turn_soon(round->verifier);
}

/* Whoever waits longest gets the slot that is left. */
static void leave_slot(struct round *round)
{
	struct rounds *rounds = &round->verifier->rounds;

	if (!round->has_slot)
		return;
	round->has_slot = false;
	rounds->slots--;
	if (rounds->waiting.first != NULL)
		enqueue(rounds->waiting.first);
}

/* False: it waits for one, and goes on when it has one. */
static bool take_slot(struct round *round)
{
	struct rounds *rounds = &round->verifier->rounds;

	if (!round->has_slot && rounds->slots >= ROUND_SLOTS) {
		leave(round);
		enter(&rounds->waiting, round);
		return false;
	}
	if (!round->has_slot) {
		round->has_slot = true;
		rounds->slots++;
		round->until_ms = mono_ms(round->verifier) + ROUND_MS;
	}
	return true;
}

/* One slice for one node; the others have theirs in the next turns. */
static void on_turn(void *ctx)
{
	struct verifier *verifier = ctx;
	struct round *round = verifier->rounds.ready.first;

	verifier->rounds.is_turning = false;
	if (round == NULL)
		return;
	leave(round);
	go(round, ROUND_SLICE);
	turn_soon(verifier);
}

/* ---- its life ---- */

static void round_free(struct round *round)
{
	leave(round);
	leave_slot(round);
	blob_release(&round->frame);
	blob_release(&round->piece);
	blob_release(&round->boot_log);
	free(round);
}

void round_drop(struct verifier *verifier, struct node *node)
{
	struct round *round = node->round;

	(void)verifier;
	if (round == NULL)
		return;
	node->round = NULL;
	/* The challenge that a `resume` waits for is not answered then: it gets another one. */
	if (node->resume != NULL && node->resume->challenge == round->challenge)
		node->resume->challenge = 0;
	round_free(round);
}

/* Dropped, and asked again as soon as that makes sense. */
static void abandon(struct round *round)
{
	struct verifier *verifier = round->verifier;
	struct node *node = round->node;

	round_drop(verifier, node);
	node->ask_again = true;
	challenge_next(verifier, node);
}

static bool is_current(const struct round *round)
{
	const struct node *node = round->node;

	return shard_is_acting(&round->verifier->shard) && node->change == NULL &&
	       node->policy == round->policy && node->former_policy == round->former &&
	       node->kept.number == round->number && node->nk.known &&
	       memcmp(node->nk.key, round->peer.key, CURVE_KEY_BYTES) == 0;
}

static void finish(struct round *round)
{
	struct verifier *verifier = round->verifier;
	struct node *node = round->node;
	bool has_logs = node->logs != NULL && node->kept.number != 0 && judge_proves(&round->judging);
	struct judge_logs logs = {
		.boot_log = round->has_boot_log ? &round->boot_span : NULL,
		.boot = has_logs ? &node->logs->boot : NULL,
		.ima = has_logs && round->wants_list ? run_of(round) : NULL,
		.failed = round->failed,
	};
	struct boot_seen boot = has_logs ? node->logs->boot : (struct boot_seen){0};

	round->boot_span = blob_span(&round->boot_log);
	round->counters = node->kept.counters;
	judge_end(&round->judging, &logs, &verifier->verdict, &round->counters);
	if (has_logs && (boot.good != node->logs->boot.good ||
				memcmp(boot.of, node->logs->boot.of, sizeof boot.of) != 0 ||
				run_of(round)->proven.bytes != round->proven))
		node->logs->is_unwritten = true;
	/* It is no round any more when its verdict asks for the next challenge. */
	leave(round);
	leave_slot(round);
	node->round = NULL;
	if (round->pulled >= ROUND_PAUSE_BYTES &&
		(round->failed != NULL || (logs.ima != NULL && logs.ima->state != IMA_PROVEN)))
		node->pause_ms = mono_ms(verifier) + ROUND_PAUSE_MS;
	attest_judged(round);
	round_free(round);
}

/* ---- asking ---- */

static void ask(struct round *round, bool boot, uint64_t from)
{
	struct verifier *verifier = round->verifier;
	struct msg msg = {.type = MSG_TYPE_log_get,
		.ttl_ms = verifier->config->challenge_ms,
		.log_get = {.log = span_text(boot ? "boot" : "ima"), .from = from, .max = CHUNK_MAX}};

	round->asked = msg.id = new_id(verifier);
	round->asked_boot = boot;
	round->asked_from = from;
	verifier->rounds.pulled++;
	if (server_send(server_of(verifier), &round->peer, &msg) != RC_OK)
		log_event(LOG_DEBUG, "log_get.unsent", "node=%s is gone", round->node->digits);
	challenge_deadline(verifier, round->node);
}

static bool is_late(const struct round *round)
{
	return round->until_ms != 0 && mono_ms(round->verifier) >= round->until_ms;
}

/* ---- the IMA list ---- */

enum step { STEP_DONE, STEP_ASKED, STEP_AGAIN };

/* From its start. */
static enum rc list_restart(struct round *round, const struct pcr_values *values)
{
	struct logs *logs = round->node->logs;
	struct logs_of of = logs->of;
	struct boot_seen boot = logs->boot;

	logs_begin(logs, &of);
	logs->boot = boot;
	blob_clear(&round->piece);
	round->at = 0;
	round->has_more = true;
	round->was_behind = false;
	return ima_run_expect(&logs->run, values);
}

/* The list is shorter than what was judged of it. What is left is judged from its start: whether its
 * beginning is gone shows there. */
static void list_gone(struct round *round)
{
	struct pcr_values values = {0};
	enum rc rc = judge_values(&round->judging, &values);

	round->was_gone = true;
	if (rc == RC_OK)
		rc = list_restart(round, &values);
	if (rc != RC_OK)
		round->failed = rc_words(rc);
}

/* What came with the evidence, if it is what was asked for. */
static void list_take(struct round *round)
{
	const struct msg_evidence *evidence = &round->evidence.evidence;

	round->has_more = true;
	if (evidence->ima_from != ima_run_offset(run_of(round)))
		return;
	if (evidence->ima_gone) {
		list_gone(round);
		return;
	}
	if (evidence->ima.len != 0 && blob_copy(&round->piece, evidence->ima) != RC_OK)
		round->failed = rc_words(RC_NOMEM);
	round->has_more = evidence->ima_more || evidence->ima.len == 0;
}

/* Go on from what is known of this boot. */
static void list_begin(struct round *round)
{
	struct pcr_values values = {0};
	enum rc rc = judge_values(&round->judging, &values);

	if (rc == RC_OK)
		rc = ima_run_expect(run_of(round), &values);
	/* The banks are others than before. */
	if (rc == RC_NOT_FOUND)
		rc = list_restart(round, &values);
	if (rc != RC_OK && rc != RC_NOT_FOUND)
		round->failed = rc_words(rc);
	else if (run_of(round)->state == IMA_GOING)
		list_take(round);
}

static enum step list_ask(struct round *round)
{
	size_t left = round->piece.len - round->at;

	if (is_late(round) || left > ENTRY_MAX || round->empties > EMPTIES_MAX) {
		ima_run_end(run_of(round), false);
		return STEP_DONE;
	}
	/* The list was read after the quote, so it holds what the quote covers. Look twice before saying that
	 * it does not. */
	if (!round->has_more && round->was_behind) {
		ima_run_end(run_of(round), true);
		return STEP_DONE;
	}
	if (!take_slot(round))
		return STEP_ASKED;
	round->was_behind = !round->has_more;
	ask(round, false, ima_run_offset(run_of(round)) + left);
	return STEP_ASKED;
}

static enum step list_step(struct round *round, int64_t *budget)
{
	struct ima_run *run = run_of(round);
	struct ima_context context = {
		&round->policy->policy.ima, round->former == NULL ? NULL : &round->former->policy.ima};
	bool is_spent = false;

	while (run->state == IMA_GOING && round->failed == NULL && !is_spent &&
		round->at < round->piece.len) {
		size_t consumed = 0;
		struct span rest = span_of(round->piece.at + round->at, round->piece.len - round->at);
		enum rc rc = ima_judge(run, &context, rest, (struct ima_room){0}, budget, &consumed);

		if (rc != RC_OK) {
			round->failed = rc_words(rc);
			break;
		}
		round->at += consumed;
		is_spent = *budget <= 0;
		if (!is_spent)
			break;
	}
	if (run->state != IMA_GOING || round->failed != NULL)
		return STEP_DONE;
	if (is_spent && !is_late(round))
		return STEP_AGAIN;
	return list_ask(round);
}

/* What was left over, and what follows it. */
static enum rc list_append(struct round *round, struct span bytes)
{
	DROP(blob_release) struct blob joined = {0};

	if (round->at < round->piece.len)
		TRY(blob_append(&joined, span_of(round->piece.at + round->at, round->piece.len - round->at)));
	TRY(blob_append(&joined, bytes));
	blob_release(&round->piece);
	round->piece = TAKE(joined);
	round->at = 0;
	return RC_OK;
}

static void list_part(struct round *round, const struct msg_log_part *part)
{
	round->has_more = part->more;
	round->empties = part->bytes.len == 0 && part->more ? round->empties + 1 : 0;
	if (part->gone && !round->was_gone) {
		list_gone(round);
	} else if (part->gone) {
		round->has_more = false;
		round->was_behind = true;
	} else if (part->bytes.len != 0) {
		round->was_behind = false;
		if (list_append(round, part->bytes) != RC_OK)
			round->failed = rc_words(RC_NOMEM);
	}
}

/* ---- the boot log ---- */

static bool boot_is_wanted(struct round *round)
{
	struct judge_logs logs = {.boot = &round->node->logs->boot};

	return !round->has_boot_log && round->failed == NULL && judge_wants_boot_log(&round->judging, &logs);
}

static void boot_part(struct round *round, const struct msg_log_part *part)
{
	if (blob_append(&round->boot_log, part->bytes) != RC_OK) {
		round->failed = rc_words(RC_NOMEM);
		return;
	}
	if (part->gone || !part->more || part->bytes.len == 0)
		round->has_boot_log = true;
	else if (round->boot_log.len >= ROUND_BOOT_MAX || is_late(round))
		round->failed = "the firmware's event log is longer than 1 MiB, or comes too slowly";
}

/* ---- from beginning to end ---- */

/* As far as the budget and what has come allow. */
static void go(struct round *round, int64_t budget)
{
	if (!is_current(round)) {
		abandon(round);
		return;
	}
	if (round->wants_list && round->failed == NULL && run_of(round)->state == IMA_GOING) {
		enum step step = list_step(round, &budget);

		if (step == STEP_AGAIN)
			enqueue(round);
		if (step != STEP_DONE)
			return;
	}
	if (round->node->logs != NULL && boot_is_wanted(round)) {
		if (take_slot(round))
			ask(round, true, round->boot_log.len);
		return;
	}
	/* A boot log is long, too: it has its turn. */
	if (round->has_boot_log && budget < ROUND_SLICE / 2) {
		enqueue(round);
		return;
	}
	finish(round);
}

/* Where what is known of this boot's logs is kept, if a policy looks at any. */
static enum rc logs_prepare(struct round *round)
{
	struct node *node = round->node;
	struct logs_of of =
		logs_of_node(node, round->judging.attest.reset_count, resume_time_of(node, round->challenge));

	if (node->logs == NULL)
		node->logs = calloc(1, sizeof *node->logs);
	if (node->logs == NULL)
		return RC_NOMEM;
	if (!logs_fit(node->logs, &of))
		logs_begin(node->logs, &of);
	round->proven = node->logs->run.proven.bytes;
	return RC_OK;
}

static enum rc new_round(struct verifier *verifier, struct node *node, const struct peer *peer,
	uint64_t challenge, struct span frame, struct round **out)
{
	struct round *round = calloc(1, sizeof *round);

	if (round == NULL)
		return RC_NOMEM;
	round->verifier = verifier;
	round->node = node;
	round->peer = *peer;
	round->challenge = challenge;
	round->now = service_now(verifier->service);
	round->policy = node->policy;
	round->former = node->former_policy;
	round->number = node->kept.number;
	*out = round;
	/* The message borrows from the frame, which goes with the handler. */
	TRY(blob_copy(&round->frame, frame));
	return msg_decode_as(blob_span(&round->frame), MSG_TYPE_evidence, &round->evidence);
}

static void look_at_quote(struct round *round)
{
	struct node *node = round->node;
	bool is_provisioned = node->kept.number != 0;
	struct judge_case in = {
		.evidence = &round->evidence.evidence,
		.ak = node->ak,
		.signer = tpm_name_span(&node->signer),
		.nonce = node->nonce,
		.nk = node->nk.key,
		.node = node->id,
		.selection = &node->selection,
		.policy = is_provisioned && node->policy != NULL ? &node->policy->policy : NULL,
		.previous =
			is_provisioned && node->former_policy != NULL ? &node->former_policy->policy : NULL,
		.policy_is_missing = is_provisioned && node->policy == NULL,
		.last = node->kept.counters,
		.now_ms = round->now,
	};

	judge_begin(&in, &round->judging);
}

void round_begin(struct verifier *verifier, struct node *node, const struct peer *peer, const struct msg *msg,
	struct span frame)
{
	struct round *round = NULL;
	enum rc rc = new_round(verifier, node, peer, msg->id, frame, &round);

	if (rc != RC_OK) {
		log_event(LOG_ERROR, "attest.failed", "node=%s why=\"%s\"", node->digits, rc_words(rc));
		if (round != NULL)
			round_free(round);
		challenge_next(verifier, node);
		return;
	}
	node->round = round;
	look_at_quote(round);
	if (judge_proves(&round->judging) && round->policy != NULL) {
		round->wants_list = round_wants_list(node);
		if (logs_prepare(round) != RC_OK)
			round->failed = rc_words(RC_NOMEM);
		else if (round->wants_list)
			list_begin(round);
	}
	go(round, ROUND_INLINE);
}

void round_on_log_part(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct verifier *verifier = ctx;
	const struct node_key *key = nodes_key(&verifier->nodes, peer->key);
	const struct msg_log_part *part = &msg->log_part;
	struct round *round = key != NULL && key == &key->node->nk ? key->node->round : NULL;

	(void)frame;
	if (round == NULL || round->asked == 0 || msg->id != round->asked ||
		part->from != round->asked_from || !span_is(part->log, round->asked_boot ? "boot" : "ima")) {
		verifier->counts.ignored++;
		return;
	}
	round->asked = 0;
	round->pulled += part->bytes.len;
	loop_cancel(service_loop(verifier->service), &key->node->timer);
	if (round->asked_boot)
		boot_part(round, part);
	else
		list_part(round, part);
	enqueue(round);
}
