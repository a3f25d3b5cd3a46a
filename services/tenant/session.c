#include "services/tenant/session.h"

#include <stdio.h>
#include <stdlib.h>

#include "services/tenant/dial.h"

/* A service that does not even shake hands for so long is taken for unreachable. */
#define LINK_PATIENCE_MS 5000
/* Between two rounds over services that cannot act now. */
#define PAUSE_MS 250
/* After so many `moved` in a row nobody leads for now. */
#define MOVES_MAX 4

struct link_to {
	const struct roster_member *member;
	struct client *client;
	bool is_down; /* and why */
	enum rc why;
};

struct session {
	const struct tenant_config *config;
	struct identity identity;
	struct curve_pair curve;
	struct roster *roster;
	const struct roster_member *self;
	struct loop *loop;
	struct bus *bus;
	struct link_to links[SESSION_LINKS_MAX];
	size_t link_count;
	struct subscriber *subscribers[SESSION_LINKS_MAX];
	size_t subscriber_count;
	bool is_unreachable;
};

void answer_release(struct answer *answer)
{
	blob_release(&answer->frame);
	*answer = (struct answer){0};
}

void session_close(struct session **session)
{
	struct session *s = *session;

	if (s == NULL)
		return;
	for (size_t i = 0; i < s->subscriber_count; i++)
		subscriber_close(&s->subscribers[i]);
	for (size_t i = 0; i < s->link_count; i++)
		client_close(&s->links[i].client);
	if (s->bus != NULL)
		bus_close(&s->bus);
	if (s->loop != NULL)
		loop_close(&s->loop);
	roster_release(&s->roster);
	curve_pair_release(&s->curve);
	identity_release(&s->identity);
	free(s);
	*session = NULL;
}

static enum rc open_keys(struct session *session, struct err *err)
{
	const struct tenant_config *config = session->config;
	DROP(secret32_release) struct secret32 secret = {0};

	TRY(identity_load(config->identity, &session->identity, err));
	memcpy(secret.bytes, session->identity.curve.secret, sizeof secret.bytes);
	TRY(curve_pair_from(&secret, &session->curve, err));
	TRY(roster_load(config->roster, config->root_key, 0, &session->roster, err));
	session->self = roster_by_curve(session->roster, session->curve.public_key);
	if (session->self == NULL)
		return err_set(err, RC_DENIED,
			"%s: these keys are not in the roster %s (number %llu); take the newest roster, or add them: "
			"limebus keys add",
			config->identity, config->roster, (unsigned long long)roster_number(session->roster));
	if (!roster_member_is_valid(session->self, session_now(session)))
		return err_set(err, RC_DENIED,
			"the keys of %s are not valid today; give them new dates: limebus keys rotate %s",
			session->self->name, session->self->name);
	return RC_OK;
}

enum rc session_open(const struct tenant_config *config, struct session **out, struct err *err)
{
	DROP(session_close) struct session *session = calloc(1, sizeof *session);
	struct bus_options options = {.links_max = SESSION_LINKS_MAX};

	if (session == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	session->config = config;
	TRY(open_keys(session, err));
	TRY(loop_open(clock_system(), &session->loop, err));
	TRY(loop_catch_signals(session->loop, err));
	TRY(bus_open(session->loop, &options, &session->bus, err));
	*out = TAKE(session);
	return RC_OK;
}

const struct tenant_config *session_config(const struct session *session)
{
	return session->config;
}

const struct roster *session_roster(const struct session *session)
{
	return session->roster;
}

const struct sign_pair *session_signer(const struct session *session)
{
	return &session->identity.sign;
}

const struct roster_member *session_self(const struct session *session)
{
	return session->self;
}

uint64_t session_now(const struct session *session)
{
	(void)session;
	return clock_wall_ms(clock_system());
}

uint64_t session_mono_ms(const struct session *session)
{
	(void)session;
	return clock_mono_ms(clock_system());
}

bool session_is_interrupted(const struct session *session)
{
	return loop_is_stopped(session->loop);
}

bool session_is_unreachable(const struct session *session)
{
	return session->is_unreachable;
}

/* ---- one call ---- */

struct waiting {
	bool is_done;
	enum rc rc;
	struct blob frame;
};

static void on_reply(void *ctx, enum rc rc, const struct msg *reply, struct span frame)
{
	struct waiting *waiting = ctx;

	(void)reply;
	waiting->is_done = true;
	waiting->rc = rc;
	if (frame.len != 0 && blob_copy(&waiting->frame, frame) != RC_OK)
		waiting->rc = RC_NOMEM;
}

static void on_link(void *ctx, bool is_up, enum rc why)
{
	struct link_to *link = ctx;

	link->is_down = !is_up;
	link->why = why;
}

static enum rc link_to(
	struct session *session, const struct roster_member *member, struct link_to **out, struct err *err)
{
	struct link_to *link;
	struct client_options options = {.endpoint = member->endpoint,
		.server_key = member->curve,
		.pair = &session->curve,
		.link = on_link};

	for (size_t i = 0; i < session->link_count; i++) {
		if (session->links[i].member == member) {
			*out = &session->links[i];
			return RC_OK;
		}
	}
	if (session->link_count == SESSION_LINKS_MAX)
		return err_set(err, RC_LIMIT, "more than %u services to talk to", SESSION_LINKS_MAX);
	link = &session->links[session->link_count];
	link->member = member;
	options.ctx = link;
	TRY(client_open(session->bus, &options, &link->client, err));
	session->link_count++;
	*out = link;
	return RC_OK;
}

enum rc session_wait(struct session *session, uint64_t wait_ms, const bool *done, struct err *err)
{
	uint64_t until_ms = session_mono_ms(session) + wait_ms;

	while (done == NULL || !*done) {
		uint64_t now_ms = session_mono_ms(session);
		enum rc rc;

		if (now_ms >= until_ms)
			break;
		rc = loop_turn(session->loop, until_ms - now_ms < 100 ? until_ms - now_ms : 100, err);
		if (rc == RC_STALE)
			return err_set(err, RC_STALE, "interrupted");
		TRY(rc);
	}
	return RC_OK;
}

static enum rc unreachable(struct session *session, const struct link_to *link, enum rc rc, struct err *err)
{
	const struct roster_member *member = link->member;

	session->is_unreachable = true;
	if (link->is_down && link->why == RC_DENIED)
		return err_set(err, RC_DENIED,
			"%s at %s refuses our key: its roster may be older than ours; run: limebus roster publish",
			member->name, member->endpoint);
	return err_set(err, rc, "%s at %s cannot be reached: %s", member->name, member->endpoint,
		link->is_down && link->why == RC_IO ? "no connection, or another key than the roster says"
						    : "no answer in time");
}

/* Until the answer, the deadline, or the end of our patience with a link that does not come up. */
static enum rc await(struct session *session, struct link_to *link, struct waiting *waiting,
	uint64_t deadline_ms, struct err *err)
{
	uint64_t begin_ms = session_mono_ms(session);

	while (!waiting->is_done) {
		uint64_t gone_ms = session_mono_ms(session) - begin_ms;

		if (!client_is_up(link->client) &&
			((link->is_down && link->why == RC_DENIED) || gone_ms > LINK_PATIENCE_MS))
			return unreachable(session, link, RC_IO, err);
		if (gone_ms > deadline_ms + 1000)
			return unreachable(session, link, RC_TIMEOUT, err);
		TRY(session_wait(session, 200, &waiting->is_done, err));
	}
	return RC_OK;
}

static enum rc open_answer(struct session *session, struct link_to *link, enum rc rc, struct blob *frame,
	enum msg_type expected, struct answer *out, struct err *err)
{
	struct answer answer = {.from = link->member};

	if (frame->len == 0)
		return unreachable(session, link, rc == RC_OK ? RC_IO : rc, err);
	if (msg_decode(blob_span(frame), &answer.msg) != RC_OK)
		return err_set(err, RC_MALFORMED, "%s: its answer cannot be read", link->member->name);
	if (rc != RC_OK && answer.msg.type == MSG_TYPE_error)
		return err_set(err, rc, "%s: %.*s", link->member->name, SPAN_FMT(answer.msg.error.text));
	if (rc != RC_OK)
		return err_set(err, rc, "%s: %s", link->member->name, rc_words(rc));
	if (answer.msg.type != expected && answer.msg.type != MSG_TYPE_moved)
		return err_set(err, RC_MALFORMED, "%s answers with %s, expected %s", link->member->name,
			msg_type_name(answer.msg.type), msg_type_name(expected));
	answer.frame = TAKE(*frame);
	answer_release(out);
	*out = TAKE(answer);
	return RC_OK;
}

static void waiting_release(struct waiting *waiting)
{
	blob_release(&waiting->frame);
}

static enum rc ask_once(struct session *session, const struct roster_member *member,
	const struct msg *request, enum msg_type expected, uint64_t deadline_ms, struct answer *out,
	struct err *err)
{
	DROP(waiting_release) struct waiting waiting = {0};
	struct link_to *link = NULL;
	uint64_t id = 0;
	enum rc rc;

	session->is_unreachable = false;
	TRY(link_to(session, member, &link, err));
	rc = client_call(link->client, request, deadline_ms, 0, on_reply, &waiting, &id);
	if (rc != RC_OK)
		return err_set(err, rc, "%s cannot be asked with %s: %s", member->name,
			msg_type_name(request->type), rc_words(rc));
	rc = await(session, link, &waiting, deadline_ms, err);
	if (rc != RC_OK) {
		client_cancel(link->client, id);
		return rc;
	}
	return open_answer(session, link, waiting.rc, &waiting.frame, expected, out, err);
}

/* `moved` names another service of the same role; one that sends us on and on is not believed. RC_IO: for now
 * nobody leads. */
enum rc session_ask_member(struct session *session, const struct roster_member *member,
	const struct msg *request, enum msg_type expected, uint64_t deadline_ms, struct answer *out,
	struct err *err)
{
	for (unsigned moves = 0; moves < MOVES_MAX; moves++) {
		char name[NAME_MAX_BYTES + 1];
		const struct roster_member *next;

		TRY(ask_once(session, member, request, expected, deadline_ms, out, err));
		if (out->msg.type == expected)
			return RC_OK;
		snprintf(name, sizeof name, "%.*s", SPAN_FMT(out->msg.moved.name));
		next = roster_by_name(session->roster, span_text(name));
		if (next == NULL || next->role != member->role)
			return err_set(err, RC_DENIED, "%s sends us to %s, who is no %s in the roster",
				member->name, name, role_word(member->role));
		member = next;
	}
	return err_set(err, RC_IO, "the services send us to one another: none leads at the moment");
}

enum rc session_ask(struct session *session, enum role role, const struct msg *request,
	enum msg_type expected, struct answer *out, struct err *err)
{
	return session_ask_for(session, role, request, expected, 0, out, err);
}

enum rc session_ask_for(struct session *session, enum role role, const struct msg *request,
	enum msg_type expected, uint64_t least_ms, struct answer *out, struct err *err)
{
	uint64_t timeout_ms = session->config->timeout_ms;
	uint64_t until_ms = session_mono_ms(session) + (timeout_ms > least_ms ? timeout_ms : least_ms);
	size_t choices = dial_choices(session->roster, role, session_now(session));

	if (choices == 0)
		return err_set(err, RC_NOT_FOUND, "the roster %s names no %s that is valid now",
			session->config->roster, role_word(role));
	for (size_t n = 0;; n++) {
		uint64_t now_ms = session_mono_ms(session);
		const struct roster_member *member = dial(session->roster, role, session_now(session), n);
		enum rc rc;

		if (member == NULL)
			return err_set(err, RC_NOT_FOUND, "the roster names no %s", role_word(role));
		rc = session_ask_member(session, member, request, expected,
			until_ms > now_ms ? until_ms - now_ms : 1, out, err);
		/* RC_IO from one that answered: it has no lease, or no Redis, at the moment. */
		if (rc != RC_IO || session_mono_ms(session) + PAUSE_MS >= until_ms)
			return rc;
		if (session->is_unreachable && n + 1 >= choices)
			return rc;
		if ((n + 1) % choices == 0)
			TRY(session_wait(session, PAUSE_MS, NULL, err));
	}
}

enum rc session_follow(struct session *session, const struct roster_member *member,
	const struct follow *follow, struct err *err)
{
	const char *const topics[] = {follow->topic};
	struct subscriber_options options = {.endpoint = member->publisher,
		.server_key = member->curve,
		.pair = &session->curve,
		.topics = topics,
		.topic_count = 1,
		.silence_ms = follow->silence_ms,
		.message = follow->message,
		.silent = follow->silent,
		.link = follow->link,
		.ctx = follow->ctx};

	if (member->publisher[0] == '\0')
		return err_set(err, RC_NOT_FOUND, "%s publishes nowhere, says the roster", member->name);
	if (session->subscriber_count == SESSION_LINKS_MAX)
		return err_set(err, RC_LIMIT, "more than %u services to follow", SESSION_LINKS_MAX);
	TRY(subscriber_open(session->bus, &options, &session->subscribers[session->subscriber_count], err));
	session->subscriber_count++;
	return RC_OK;
}

/* ---- commands ---- */

static int failed(const struct program *program, const struct session *session, const struct err *err)
{
	if (session != NULL && session_is_interrupted(session))
		return program_die(program, EXIT_INTERRUPTED, err);
	if (session != NULL && session_is_unreachable(session))
		return program_die(program, EXIT_UNREACHABLE, err);
	return command_failed(program, err);
}

enum rc session_enter(struct session_door *door, struct session **out, struct err *err)
{
	if (door->session == NULL)
		TRY(session_open(door->config, &door->session, err));
	*out = door->session;
	return RC_OK;
}

static void door_close(struct session_door *door)
{
	session_close(&door->session);
}

int session_door_command(const struct program *program, const struct tenant_config *config, int argc,
	char **argv, void *options, session_door_act *act)
{
	DROP(door_close) struct session_door door = {.config = config};
	struct program_start start = {0};
	struct err err = {0};
	int status = program_begin(program, argc, argv, options, &start);
	enum rc rc;

	if (status != PROGRAM_GO)
		return status;
	status = EXIT_DONE;
	rc = act(&door, options, &start, &status, &err);
	if (rc != RC_OK) {
		err.rc = rc;
		status = failed(program, door.session, &err);
	}
	if (options != NULL)
		program_release(program, options);
	return status;
}

int session_command(const struct program *program, const struct tenant_config *config, int argc, char **argv,
	void *options, session_act *act)
{
	DROP(session_close) struct session *session = NULL;
	struct program_start start = {0};
	struct err err = {0};
	int status = program_begin(program, argc, argv, options, &start);
	enum rc rc;

	if (status != PROGRAM_GO)
		return status;
	status = EXIT_DONE;
	rc = session_open(config, &session, &err);
	if (rc == RC_OK)
		rc = act(session, options, &start, &status, &err);
	if (rc != RC_OK) {
		err.rc = rc;
		status = failed(program, session, &err);
	}
	if (options != NULL)
		program_release(program, options);
	return status;
}
