#include "lib/follow/follow.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/base/log.h"
#include "lib/follow/inner.h"

struct loop *follow_loop(const struct follow *follow)
{
	return bus_loop(follow->options.bus);
}

uint64_t follow_now_ms(const struct follow *follow)
{
	return clock_mono_ms(loop_clock(follow_loop(follow)));
}

uint64_t follow_wall_ms(const struct follow *follow)
{
	return clock_wall_ms(loop_clock(follow_loop(follow)));
}

const struct roster *follow_roster(const struct follow *follow)
{
	return follow->options.roster(follow->options.ctx);
}

void follow_timer(struct follow *follow, struct timer *timer, uint64_t after_ms, void (*fire)(void *ctx))
{
	if (loop_after(follow_loop(follow), timer, after_ms, fire, follow) != RC_OK)
		log_event(LOG_ERROR, "timer.failed", "out of memory");
}

void follow_changed(struct follow *follow)
{
	if (follow->is_open && follow->options.changed != NULL)
		follow->options.changed(follow->options.ctx);
}

/* ---- open and close ---- */

static enum rc check_options(const struct follow_options *options, struct err *err)
{
	if (options->at_once > FOLLOW_WINDOW)
		return err_set(err, RC_LIMIT, "more than %d notices at once", FOLLOW_WINDOW);
	if (options->start == FOLLOW_HEAD && options->profiles)
		return err_set(err, RC_UNSUPPORTED, "profiles are read from the whole log");
	if (options->topic != NULL && strlen(options->topic) >= sizeof((struct follow *)NULL)->topic)
		return err_set(err, RC_LIMIT, "topic is too long");
	return RC_OK;
}

static enum rc open_leader(struct follow *follow, struct err *err)
{
	const struct leader_options options = {.bus = follow->options.bus,
		.pair = &follow->pair,
		.roster = follow->options.roster,
		.ctx = follow->options.ctx,
		.calls_max = FOLLOW_CALLS_MAX};

	return leader_open(&options, &follow->leader, err);
}

/* Not everybody goes to the first service. */
static void first_turn(struct follow *follow)
{
	follow->turn = follow->pair.public_key[0];
	connect_heard(follow);
	connect_now(follow);
}

enum rc follow_open(const struct follow_options *options, struct follow **out, struct err *err)
{
	DROP(follow_close) struct follow *follow = calloc(1, sizeof *follow);

	if (follow == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	follow->options = *options;
	TRY(check_options(options, err));
	follow->pair = *options->pair;
	follow->page_len = PAGE_MAX;
	follow->is_blind = true;
	if (options->at_once == 0)
		follow->options.at_once = 1;
	if (options->topic != NULL)
		snprintf(follow->topic, sizeof follow->topic, "%s", options->topic);
	TRY(give_open(follow, err));
	follow->options.folder = NULL;
	follow->options.pair = NULL;
	follow->options.topic = NULL;
	TRY(open_leader(follow, err));
	first_turn(follow);
	follow->is_open = true;
	*out = TAKE(follow);
	return RC_OK;
}

static void cancel_timers(struct follow *follow)
{
	struct timer *timers[] = {&follow->turn_timer, &follow->blind_timer, &follow->slice_timer,
		&follow->give_timer, &follow->ack_timer};

	for (size_t i = 0; i < COUNT(timers); i++)
		loop_cancel(follow_loop(follow), timers[i]);
}

void follow_close(struct follow **follow)
{
	struct follow *f = *follow;

	if (f == NULL)
		return;
	f->is_open = false;
	give_close(f);
	cancel_timers(f);
	leader_close(&f->leader);
	client_close(&f->client);
	subscriber_close(&f->subscriber);
	for (size_t i = 0; i < INBOX_MAX; i++)
		blob_release(&f->inbox[i].bytes);
	curve_pair_release(&f->pair);
	free(f);
	*follow = NULL;
}

/* ---- asking ---- */

enum rc follow_call(struct follow *follow, const struct msg *msg, uint64_t deadline_ms, client_reply *reply,
	void *ctx, uint64_t *out_id)
{
	return leader_call(follow->leader, msg, deadline_ms, reply, ctx, out_id);
}

void follow_cancel(struct follow *follow, uint64_t id)
{
	leader_cancel(follow->leader, id);
}

enum rc follow_ask(struct follow *follow, const struct msg *msg, uint64_t deadline_ms, client_reply *reply,
	void *ctx, uint64_t *out_id)
{
	if (follow->client == NULL)
		return RC_IO;
	return client_call(follow->client, msg, deadline_ms, 0, reply, ctx, out_id);
}

void follow_ask_cancel(struct follow *follow, uint64_t id)
{
	if (follow->client != NULL)
		client_cancel(follow->client, id);
}

bool follow_profile(
	const struct follow *follow, const uint8_t node[static NODE_ID_BYTES], struct msg_profile *out)
{
	return follow->profiles != NULL && profiles_get(follow->profiles, node, out);
}

/* ---- status ---- */

struct follow_status follow_status(const struct follow *follow)
{
	struct follow_status status = {
		.is_up = follow->subscriber != NULL && subscriber_is_up(follow->subscriber),
		.is_blind = follow->is_blind,
		.is_forked = follow->is_forked,
		.head = follow->head,
		.seen = follow->seen.seq,
		.done = window_done(follow->window)->seq,
		.waiting = window_waiting(follow->window),
		.service = follow->service,
		.leader = leader_name(follow->leader),
	};

	status.is_current = !status.is_blind && !status.is_forked && follow->is_placed && follow->has_head &&
	                    status.seen >= status.head;
	return status;
}

void follow_write_status(const struct follow *follow, struct json_write *w)
{
	struct follow_status status = follow_status(follow);

	json_write_bool(w, "revocation", status.is_up);
	json_write_cstr(w, "revocation_service", status.service);
	json_write_cstr(w, "revocation_leader", status.leader);
	json_write_bool(w, "blind", status.is_blind);
	json_write_bool(w, "forked", status.is_forked);
	json_write_u64(w, "notice_head", status.head);
	json_write_u64(w, "notice_seen", status.seen);
	json_write_u64(w, "notice_acted", status.done);
	json_write_u64(w, "notices_waiting", status.waiting);
}
