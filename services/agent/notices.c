#include "services/agent/notices.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/bus/subscriber.h"
#include "lib/trust/notice.h"
#include "services/agent/actions.h"
#include "services/agent/inner.h"

/* Notices that were checked and wait for their actions. More are fetched when there is room again. */
#define WAITING_MAX 256
#define BLIND_MS    5000
#define FETCH_MS    5000
#define PLACE_FILE  "notices"
#define PLACE_BYTES (8 + 8 + HASH_BYTES)

struct waiting {
	struct blob bytes;
	struct notice_place place; /* after it */
};

struct notices {
	struct agent *agent;
	struct subscriber *subscriber;
	struct client *client;
	uint8_t key[CURVE_KEY_BYTES]; /* of the service that we are connected to */
	size_t turn;
	struct notice_place seen;  /* checked */
	struct notice_place acted; /* acted on, and written down */
	uint64_t head;             /* highest that a head has named */
	struct waiting waiting[WAITING_MAX];
	size_t first;
	size_t count;
	bool is_fetching;
	bool is_blind;
	bool is_forked;
	bool is_acting;
	enum notice_kind mine; /* what the log says about this node, not carried out yet */
	uint64_t first_again;  /* up to here a notice may have been acted on before */
	struct timer blind;
};

/* ---- the place in the log ---- */

static void put_u64(uint8_t *at, uint64_t value)
{
	for (unsigned i = 0; i < 8; i++)
		at[i] = (uint8_t)(value >> (56 - 8 * i));
}

static uint64_t get_u64(const uint8_t *at)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < 8; i++)
		value = value << 8 | at[i];
	return value;
}

static enum rc load_place(struct notices *notices, struct err *err)
{
	DROP(blob_release) struct blob bytes = {0};
	char path[PATH_BYTES];
	enum rc rc;

	TRY(path_in(notices->agent->config->state, PLACE_FILE, path, err));
	rc = file_read_secret(path, PLACE_BYTES, &bytes, err);
	if (rc == RC_NOT_FOUND) {
		*err = (struct err){0};
		return RC_OK;
	}
	TRY(rc);
	if (bytes.len != PLACE_BYTES)
		return err_set(err, RC_MALFORMED, "%s: %zu bytes, expected %d", path, bytes.len, PLACE_BYTES);
	notices->acted.seq = get_u64(bytes.at);
	notices->acted.time = get_u64(bytes.at + 8);
	memcpy(notices->acted.hash, bytes.at + 16, HASH_BYTES);
	notices->seen = notices->acted;
	return RC_OK;
}

static void save_place(struct notices *notices)
{
	uint8_t bytes[PLACE_BYTES];
	char path[PATH_BYTES];
	struct err err = {0};

	put_u64(bytes, notices->acted.seq);
	put_u64(bytes + 8, notices->acted.time);
	memcpy(bytes + 16, notices->acted.hash, HASH_BYTES);
	if (path_in(notices->agent->config->state, PLACE_FILE, path, &err) != RC_OK ||
		file_replace(path, SPAN(bytes), 0600, &err) != RC_OK)
		log_event(LOG_ERROR, "notices.place", "text=\"%s\"", err.text);
}

/* ---- acting ---- */

static void act_next(struct notices *notices)
{
	struct waiting *next = &notices->waiting[notices->first];

	if (notices->is_acting || notices->count == 0)
		return;
	notices->is_acting = true;
	actions_begin(
		notices->agent->actions, blob_span(&next->bytes), next->place.seq <= notices->first_again);
}

static void fetch(struct notices *notices);

void notices_acted(struct notices *notices)
{
	struct waiting *done = &notices->waiting[notices->first];
	struct msg ack = {.type = MSG_TYPE_notice_ack, .notice_ack = {done->place.seq}};

	notices->is_acting = false;
	notices->acted = done->place;
	save_place(notices);
	/* A hint for people; the next one makes up for one that is lost. */
	if (client_send(notices->client, &ack) != RC_OK)
		log_event(
			LOG_DEBUG, "notice.unacknowledged", "seq=%llu", (unsigned long long)done->place.seq);
	blob_release(&done->bytes);
	notices->first = (notices->first + 1) % WAITING_MAX;
	notices->count--;
	if (notices->count == 0)
		fetch(notices);
	act_next(notices);
}

/* What the log says last about this node, once we are at its end: a revocation that was lifted since must not
 * cost the payload. */
static void act_on_myself(struct notices *notices)
{
	enum notice_kind kind = notices->mine;

	if (kind == NOTICE_UNKNOWN || notices->seen.seq < notices->head)
		return;
	notices->mine = NOTICE_UNKNOWN;
	if (kind != NOTICE_REVOKED && kind != NOTICE_REMOVED)
		return;
	log_event(
		LOG_ERROR, "node.revoked", "this node is %s: its payload is removed", notice_kind_word(kind));
	boot_wipe(notices->agent, kind == NOTICE_REMOVED);
}

static void note_mine(struct notices *notices, const struct notice_view *view)
{
	if (!span_equal(view->signed_msg.msg.notice.node, SPAN(notices->agent->node)))
		return;
	if (view->kind == NOTICE_REVOKED || view->kind == NOTICE_REMOVED || view->kind == NOTICE_REINSTATED ||
		view->kind == NOTICE_PROVISIONED)
		notices->mine = view->kind;
}

static void forked(struct notices *notices, const char *text)
{
	if (!notices->is_forked)
		log_event(LOG_ERROR, "notices.forked", "text=\"%s\"", text);
	notices->is_forked = true;
}

/* RC_OK: taken. RC_EXISTS: known. RC_NOT_FOUND: there is a gap before it. RC_LIMIT: no room now. Else:
 * refused. */
static enum rc take(struct notices *notices, struct span bytes)
{
	struct agent *agent = notices->agent;
	struct notice_view view;
	struct waiting *place;
	struct err err = {0};
	enum rc rc;

	if (notices->is_forked)
		return RC_DENIED;
	if (notices->count == WAITING_MAX)
		return RC_LIMIT;
	rc = notice_open(agent->roster, bytes, agent_now(agent), &view, &err);
	if (rc != RC_OK) {
		log_event(LOG_ERROR, "notice.refused", "text=\"%s\"", err.text);
		return rc;
	}
	place = &notices->waiting[(notices->first + notices->count) % WAITING_MAX];
	TRY(blob_copy(&place->bytes, bytes));
	rc = notice_follow(&notices->seen, &view, bytes, &err);
	if (rc != RC_OK) {
		blob_release(&place->bytes);
		if (rc == RC_DENIED)
			forked(notices, err.text);
		return rc;
	}
	place->place = notices->seen;
	notices->count++;
	log_event(LOG_INFO, "notice", "seq=%llu kind=%.*s", (unsigned long long)notices->seen.seq,
		SPAN_FMT(view.signed_msg.msg.notice.kind));
	note_mine(notices, &view);
	return RC_OK;
}

/* ---- heads ---- */

static void on_blind(void *ctx)
{
	struct notices *notices = ctx;

	notices->is_blind = true;
	log_event(LOG_ERROR, "notices.blind",
		"no valid head for %d ms: revocations may be withheld from this node", BLIND_MS);
	notices->turn++;
	notices_roster_changed(notices);
}

static void wait_for_head(struct notices *notices)
{
	if (loop_after(notices->agent->loop, &notices->blind, BLIND_MS, on_blind, notices) != RC_OK)
		log_event(LOG_ERROR, "timer.failed", "out of memory");
}

static void take_head(struct notices *notices, struct span bytes)
{
	struct agent *agent = notices->agent;
	struct signed_msg head;
	struct err err = {0};

	/* A lower one than any that was seen says that the log was cut, too. */
	if (notice_head_open(agent->roster, bytes, &notices->seen, agent_now(agent), &head, &err) != RC_OK) {
		log_event(LOG_WARN, "head.refused", "text=\"%s\"", err.text);
		return;
	}
	if (head.msg.head.seq < notices->head) {
		log_event(LOG_WARN, "head.refused", "number %llu, but %llu was seen",
			(unsigned long long)head.msg.head.seq, (unsigned long long)notices->head);
		return;
	}
	notices->head = head.msg.head.seq;
	if (notices->is_blind)
		log_event(LOG_INFO, "notices.seeing", "seq=%llu", (unsigned long long)notices->head);
	notices->is_blind = false;
	wait_for_head(notices);
	if (notices->seen.seq < notices->head)
		fetch(notices);
	act_on_myself(notices);
}

/* ---- gaps ---- */

static void on_fetched(void *ctx, enum rc rc, const struct msg *reply, struct span frame)
{
	struct notices *notices = ctx;
	struct list list;
	struct elem_item item;
	bool moved = false;

	(void)frame;
	notices->is_fetching = false;
	if (rc != RC_OK || reply->type != MSG_TYPE_notices) {
		log_event(LOG_WARN, "notices.unfetched", "why=\"%s\"", rc_words(rc));
		return;
	}
	list = reply->notices.notices;
	while (ELEM_NEXT(item, &list, &item)) {
		rc = take(notices, item.bytes);
		moved = moved || rc == RC_OK;
		if (rc != RC_OK && rc != RC_EXISTS)
			break;
	}
	take_head(notices, reply->notices.head);
	if (moved && notices->seen.seq < notices->head)
		fetch(notices);
	act_on_myself(notices);
	act_next(notices);
}

static void fetch(struct notices *notices)
{
	struct msg msg = {.type = MSG_TYPE_notices_get, .notices_get = {.from = notices->seen.seq + 1}};

	if (notices->is_fetching || notices->is_forked || notices->client == NULL ||
		notices->count == WAITING_MAX || notices->seen.seq >= notices->head)
		return;
	notices->is_fetching =
		client_call(notices->client, &msg, FETCH_MS, 0, on_fetched, notices, NULL) == RC_OK;
}

/* ---- the subscription ---- */

static void on_published(void *ctx, struct span topic, const struct msg *msg, struct span frame)
{
	struct notices *notices = ctx;
	struct msg body;
	enum rc rc;

	(void)topic;
	if (msg->type != MSG_TYPE_signed_body || msg_decode(msg->signed_body.body, &body) != RC_OK)
		return;
	if (body.type == MSG_TYPE_head) {
		take_head(notices, frame);
		return;
	}
	if (body.type != MSG_TYPE_notice)
		return;
	rc = take(notices, frame);
	if (rc == RC_NOT_FOUND && body.notice.seq > notices->head)
		notices->head = body.notice.seq; /* its signature was checked before its place */
	if (rc == RC_NOT_FOUND)
		fetch(notices);
	act_on_myself(notices);
	act_next(notices);
}

static void on_link(void *ctx, bool is_up, enum rc why)
{
	(void)ctx;
	log_event(is_up ? LOG_INFO : LOG_WARN, "revocation.link", "up=%s why=\"%s\"", is_up ? "yes" : "no",
		rc_words(why));
}

static enum rc connect_to(struct notices *notices, const struct roster_member *service, struct err *err)
{
	static const char *const topics[] = {"notice.", "head"};
	struct agent *agent = notices->agent;
	struct client_options client = {.endpoint = service->endpoint,
		.server_key = service->curve,
		.pair = &agent->curve,
		.calls_max = 4,
		.ctx = notices};
	struct subscriber_options subscriber = {.endpoint = service->publisher,
		.server_key = service->curve,
		.pair = &agent->curve,
		.topics = topics,
		.topic_count = COUNT(topics),
		.silence_ms = BLIND_MS,
		.message = on_published,
		.link = on_link,
		.ctx = notices};

	client_close(&notices->client);
	subscriber_close(&notices->subscriber);
	notices->is_fetching = false;
	memcpy(notices->key, service->curve, CURVE_KEY_BYTES);
	TRY(client_open(agent->bus, &client, &notices->client, err));
	return subscriber_open(agent->bus, &subscriber, &notices->subscriber, err);
}

/* The service whose turn it is; a connection that goes there already is kept unless it is blind: then it is
 * made anew. */
void notices_roster_changed(struct notices *notices)
{
	struct agent *agent = notices->agent;
	const struct roster_member *service;
	uint64_t now = agent_now(agent);
	struct err err = {0};
	size_t count = 0;

	while (count < ENDPOINT_TRIES_MAX && roster_nth(agent->roster, ROLE_REVOCATION, now, count) != NULL)
		count++;
	service = count == 0 ? NULL : roster_nth(agent->roster, ROLE_REVOCATION, now, notices->turn % count);
	wait_for_head(notices);
	if (service == NULL) {
		log_event(LOG_ERROR, "revocation.none", "no revocation service in the roster is valid now");
		return;
	}
	if (!notices->is_blind && notices->client != NULL &&
		memcmp(notices->key, service->curve, CURVE_KEY_BYTES) == 0)
		return;
	if (connect_to(notices, service, &err) != RC_OK)
		log_event(LOG_ERROR, "revocation.unusable", "name=%s text=\"%s\"", service->name, err.text);
}

enum rc notices_open(struct agent *agent, struct notices **out, struct err *err)
{
	DROP(notices_close) struct notices *notices = calloc(1, sizeof *notices);

	if (notices == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	notices->agent = agent;
	TRY(load_place(notices, err));
	/* The last run may have ended between its actions and writing that down. */
	notices->first_again = notices->acted.seq + 1;
	notices_roster_changed(notices);
	*out = TAKE(notices);
	return RC_OK;
}

void notices_close(struct notices **notices)
{
	struct notices *n = *notices;

	if (n == NULL)
		return;
	loop_cancel(n->agent->loop, &n->blind);
	client_close(&n->client);
	subscriber_close(&n->subscriber);
	for (size_t i = 0; i < WAITING_MAX; i++)
		blob_release(&n->waiting[i].bytes);
	free(n);
	*notices = NULL;
}

void notices_status(const struct notices *notices, struct json_write *w)
{
	json_write_bool(
		w, "revocation", notices->subscriber != NULL && subscriber_is_up(notices->subscriber));
	json_write_bool(w, "blind", notices->is_blind);
	json_write_bool(w, "forked", notices->is_forked);
	json_write_u64(w, "notice_head", notices->head);
	json_write_u64(w, "notice_seen", notices->seen.seq);
	json_write_u64(w, "notice_acted", notices->acted.seq);
}
