#include "lib/follow/leader.h"

#include <stdlib.h>

#include "lib/base/log.h"
#include "lib/crypto/random.h"

#define CALLS_DEFAULT 64u
#define CALLS_MAX     4096u
#define SLOT_BITS     12

struct call {
	struct leader *leader;
	uint64_t id;        /* 0: free */
	uint64_t client_id; /* 0: waits for `again` */
	uint64_t until_ms;
	struct blob request;
	client_reply *reply;
	void *ctx;
	struct timer again;
};

struct leader {
	struct leader_options options;
	struct curve_pair pair;
	struct client *client;        /* NULL: nobody is asked */
	uint8_t key[CURVE_KEY_BYTES]; /* of whom it asks */
	char endpoint[ENDPOINT_MAX + 1];
	char name[NAME_MAX_BYTES + 1]; /* of who leads, as was last heard */
	size_t turn;
	struct timer next;
	struct timer idle;
	struct call *calls;
	unsigned calls_max;
	unsigned outstanding;
	uint64_t numbers;
};

static struct loop *loop_of(const struct leader *leader)
{
	return bus_loop(leader->options.bus);
}

static uint64_t now_ms(const struct leader *leader)
{
	return clock_mono_ms(loop_clock(loop_of(leader)));
}

static uint64_t wall_ms(const struct leader *leader)
{
	return clock_wall_ms(loop_clock(loop_of(leader)));
}

static const struct roster *roster_of(const struct leader *leader)
{
	return leader->options.roster(leader->options.ctx);
}

static void start(struct leader *leader, struct timer *timer, uint64_t ms, void (*fire)(void *), void *ctx)
{
	if (loop_after(loop_of(leader), timer, ms, fire, ctx) != RC_OK)
		log_event(LOG_ERROR, "timer.failed", "out of memory");
}

/* ---- whom to ask ---- */

static const struct roster_member *named(const struct leader *leader)
{
	const struct roster_member *member = roster_by_name(roster_of(leader), span_text(leader->name));

	if (leader->name[0] == '\0' || member == NULL || member->role != ROLE_REVOCATION ||
		roster_member_is_former(member) || !roster_member_is_valid(member, wall_ms(leader)))
		return NULL;
	return member;
}

static const struct roster_member *in_turn(const struct leader *leader)
{
	const struct roster *roster = roster_of(leader);
	size_t count = 0;

	while (roster_nth(roster, ROLE_REVOCATION, wall_ms(leader), count) != NULL)
		count++;
	return count == 0 ? NULL : roster_nth(roster, ROLE_REVOCATION, wall_ms(leader), leader->turn % count);
}

static void on_next(void *ctx);

static void on_link(void *ctx, bool is_up, enum rc why)
{
	struct leader *leader = ctx;
	uint8_t random = 0;

	(void)why;
	if (is_up) {
		loop_cancel(loop_of(leader), &leader->next);
		return;
	}
	if (timer_is_running(&leader->next) || random_fill(&random, 1, NULL) != RC_OK)
		return;
	start(leader, &leader->next, LEADER_TURN_MS / 4 + LEADER_TURN_MS * 3u / 4 * random / 255, on_next,
		leader);
}

/* Outstanding calls of the client go with it. */
static void ask(struct leader *leader, const struct roster_member *member)
{
	struct client_options options = {.pair = &leader->pair,
		.calls_max = leader->calls_max,
		.queue_max = 2 * leader->calls_max,
		.link = on_link,
		.ctx = leader};
	struct err err = {0};
	enum rc rc;

	if (member == NULL)
		return;
	if (leader->client != NULL && memcmp(leader->key, member->curve, CURVE_KEY_BYTES) == 0 &&
		strcmp(leader->endpoint, member->endpoint) == 0)
		return;
	memcpy(leader->key, member->curve, CURVE_KEY_BYTES);
	memcpy(leader->endpoint, member->endpoint, sizeof leader->endpoint);
	options.endpoint = leader->endpoint;
	options.server_key = leader->key;
	rc = leader->client == NULL ? client_open(leader->options.bus, &options, &leader->client, &err)
	                            : client_redirect(leader->client, leader->endpoint, leader->key, &err);
	if (rc != RC_OK)
		log_event(LOG_ERROR, "leader.unusable", "name=%s text=\"%s\"", member->name, err.text);
}

static void on_next(void *ctx)
{
	struct leader *leader = ctx;

	if (leader->client == NULL || client_is_up(leader->client))
		return;
	leader->turn++;
	ask(leader, in_turn(leader));
	/* Should that one not even answer: on. */
	start(leader, &leader->next, LEADER_TURN_MS * 3, on_next, leader);
}

void leader_is(struct leader *leader, struct span name)
{
	if (name.len == 0 || name.len > NAME_MAX_BYTES || span_is(name, leader->name))
		return;
	memcpy(leader->name, name.at, name.len);
	leader->name[name.len] = '\0';
	if (leader->client != NULL)
		ask(leader, named(leader));
}

const char *leader_name(const struct leader *leader)
{
	return leader->name;
}

void leader_roster_changed(struct leader *leader)
{
	const struct roster_member *member = roster_by_curve(roster_of(leader), leader->key);

	if (leader->client == NULL)
		return;
	if (member == NULL || roster_member_is_former(member) ||
		!roster_member_is_valid(member, wall_ms(leader)) ||
		strcmp(member->endpoint, leader->endpoint) != 0)
		ask(leader, named(leader) != NULL ? named(leader) : in_turn(leader));
}

/* ---- calls ---- */

static void on_idle(void *ctx)
{
	struct leader *leader = ctx;

	if (leader->outstanding != 0)
		return;
	loop_cancel(loop_of(leader), &leader->next);
	client_close(&leader->client);
}

static void call_free(struct call *call)
{
	struct leader *leader = call->leader;

	loop_cancel(loop_of(leader), &call->again);
	blob_release(&call->request);
	call->id = 0;
	leader->outstanding--;
	start(leader, &leader->idle, LEADER_IDLE_MS, on_idle, leader);
}

static void call_end(struct call *call, enum rc rc, const struct msg *reply, struct span frame)
{
	client_reply *function = call->reply;
	void *ctx = call->ctx;

	call_free(call);
	function(ctx, rc, reply, frame);
}

static void call_send(void *ctx);

static void on_reply(void *ctx, enum rc rc, const struct msg *reply, struct span frame)
{
	struct call *call = ctx;
	struct leader *leader = call->leader;
	bool is_here;

	call->client_id = 0;
	/* Said by the service: nobody leads at the moment. */
	if (rc == RC_TIMEOUT && reply != NULL) {
		start(leader, &call->again, LEADER_AGAIN_MS, call_send, call);
		return;
	}
	if (rc != RC_OK || reply->type != MSG_TYPE_moved) {
		call_end(call, rc, reply, frame);
		return;
	}
	leader_is(leader, reply->moved.name);
	ask(leader, named(leader));
	/* A service that sends us to itself, or to one that we do not know, does not know better yet. */
	is_here = named(leader) == NULL || client_is_up(leader->client);
	start(leader, &call->again, is_here ? LEADER_AGAIN_MS : 0, call_send, call);
}

static void call_send(void *ctx)
{
	struct call *call = ctx;
	struct leader *leader = call->leader;
	uint64_t now = now_ms(leader);
	enum rc rc = RC_TIMEOUT;
	struct msg msg;

	if (leader->client == NULL)
		ask(leader, named(leader) != NULL ? named(leader) : in_turn(leader));
	if (now < call->until_ms && leader->client == NULL) {
		/* A roster that names a service may come yet. */
		start(leader, &call->again, LEADER_AGAIN_MS, call_send, call);
		return;
	}
	if (now < call->until_ms)
		rc = msg_decode(blob_span(&call->request), &msg);
	if (rc == RC_OK)
		rc = client_call(
			leader->client, &msg, call->until_ms - now, 0, on_reply, call, &call->client_id);
	if (rc != RC_OK)
		call_end(call, rc == RC_TIMEOUT ? RC_TIMEOUT : RC_IO, NULL, (struct span){0});
}

static struct call *free_call(struct leader *leader)
{
	for (unsigned i = 0; i < leader->calls_max; i++)
		if (leader->calls[i].id == 0)
			return &leader->calls[i];
	return NULL;
}

enum rc leader_call(struct leader *leader, const struct msg *msg, uint64_t deadline_ms, client_reply *reply,
	void *ctx, uint64_t *out_id)
{
	struct call *call = free_call(leader);

	if (call == NULL || deadline_ms == 0)
		return RC_LIMIT;
	blob_clear(&call->request);
	TRY(msg_encode(msg, &call->request));
	/* From the loop: the callback never comes before this returns. */
	TRY(loop_after(loop_of(leader), &call->again, 0, call_send, call));
	call->id = ++leader->numbers << SLOT_BITS | (uint64_t)(call - leader->calls);
	call->client_id = 0;
	call->until_ms = now_ms(leader) + deadline_ms;
	call->reply = reply;
	call->ctx = ctx;
	leader->outstanding++;
	loop_cancel(loop_of(leader), &leader->idle);
	if (out_id != NULL)
		*out_id = call->id;
	return RC_OK;
}

void leader_cancel(struct leader *leader, uint64_t id)
{
	uint64_t slot = id & ((1u << SLOT_BITS) - 1);
	struct call *call = slot < leader->calls_max ? &leader->calls[slot] : NULL;

	if (id == 0 || call == NULL || call->id != id)
		return;
	if (call->client_id != 0 && leader->client != NULL)
		client_cancel(leader->client, call->client_id);
	call_free(call);
}

/* ---- open and close ---- */

enum rc leader_open(const struct leader_options *options, struct leader **out, struct err *err)
{
	DROP(leader_close) struct leader *leader = calloc(1, sizeof *leader);
	unsigned calls_max = options->calls_max == 0 ? CALLS_DEFAULT : options->calls_max;

	if (leader == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	if (calls_max > CALLS_MAX)
		return err_set(err, RC_LIMIT, "more than %u calls at once", CALLS_MAX);
	leader->options = *options;
	leader->pair = *options->pair;
	leader->calls_max = calls_max;
	leader->calls = calloc(calls_max, sizeof *leader->calls);
	if (leader->calls == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	for (unsigned i = 0; i < calls_max; i++)
		leader->calls[i].leader = leader;
	*out = TAKE(leader);
	return RC_OK;
}

void leader_close(struct leader **leader)
{
	struct leader *l = *leader;

	if (l == NULL)
		return;
	client_close(&l->client);
	for (unsigned i = 0; l->calls != NULL && i < l->calls_max; i++) {
		loop_cancel(loop_of(l), &l->calls[i].again);
		blob_release(&l->calls[i].request);
	}
	if (l->options.bus != NULL) {
		loop_cancel(loop_of(l), &l->next);
		loop_cancel(loop_of(l), &l->idle);
	}
	curve_pair_release(&l->pair);
	free(l->calls);
	free(l);
	*leader = NULL;
}
