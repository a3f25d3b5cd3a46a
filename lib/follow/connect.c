/* Which of the rostered revocation services we listen to, and when we turn to another one. */
#include "lib/base/log.h"
#include "lib/crypto/random.h"
#include "lib/follow/inner.h"

static const struct roster_member *service_at(const struct follow *follow, size_t turn, size_t *out_count)
{
	const struct roster *roster = follow_roster(follow);
	uint64_t now = follow_wall_ms(follow);
	size_t count = 0;

	while (roster_nth(roster, ROLE_REVOCATION, now, count) != NULL)
		count++;
	*out_count = count;
	return count == 0 ? NULL : roster_nth(roster, ROLE_REVOCATION, now, turn % count);
}

/* ---- turning ---- */

static bool is_up(const struct follow *follow)
{
	return follow->client != NULL && client_is_up(follow->client) && subscriber_is_up(follow->subscriber);
}

static void on_turn(void *ctx)
{
	struct follow *follow = ctx;

	if (!is_up(follow))
		connect_next(follow);
}

/* At first at once, so that revocations are heard again soon; more and more seldom when nobody is there. A
 * lone service is waited for by the links themselves. */
static void turn_soon(struct follow *follow)
{
	uint64_t limit = TURN_MS;
	uint8_t random = 0;
	size_t count;

	if (timer_is_running(&follow->turn_timer) || service_at(follow, 0, &count) == NULL || count < 2)
		return;
	for (size_t round = follow->failures / count; round > 0 && limit < TURN_MAX_MS; round--)
		limit *= 2;
	if (random_fill(&random, sizeof random, NULL) != RC_OK)
		random = 255;
	follow_timer(follow, &follow->turn_timer, limit / 4 + limit * 3 / 4 * random / 255, on_turn);
}

static void on_link(void *ctx, bool up, enum rc why)
{
	struct follow *follow = ctx;

	log_event(up ? LOG_INFO : LOG_WARN, "revocation.link", "name=%s up=%s why=\"%s\"", follow->service,
		up ? "yes" : "no", rc_words(why));
	if (!up)
		turn_soon(follow);
	else if (is_up(follow)) {
		follow->acked = 0;
		follow->is_stalled = false;
		give_acknowledge(follow);
		fetch_first(follow);
	}
	follow_changed(follow);
}

/* ---- connecting ---- */

static enum rc make(struct follow *follow, struct err *err)
{
	const char *const topics[] = {"notice.", "head", follow->topic};
	struct client_options client = {.endpoint = follow->endpoint,
		.server_key = follow->key,
		.pair = &follow->pair,
		.calls_max = PAGES_AT_ONCE + FOLLOW_CALLS_MAX,
		.ctx = follow};
	struct subscriber_options subscriber = {.endpoint = follow->publisher,
		.server_key = follow->key,
		.pair = &follow->pair,
		.topics = topics,
		.topic_count = follow->topic[0] == '\0' ? 2 : 3,
		.message = receive_published,
		.link = on_link,
		.ctx = follow};

	if (follow->client == NULL)
		TRY(client_open(follow->options.bus, &client, &follow->client, err));
	else
		TRY(client_redirect(follow->client, follow->endpoint, follow->key, err));
	if (follow->subscriber == NULL)
		return subscriber_open(follow->options.bus, &subscriber, &follow->subscriber, err);
	return subscriber_redirect(follow->subscriber, follow->publisher, follow->key, err);
}

void connect_now(struct follow *follow)
{
	size_t count;
	const struct roster_member *service = service_at(follow, follow->turn, &count);
	struct err err = {0};

	loop_cancel(follow_loop(follow), &follow->turn_timer);
	if (service == NULL) {
		log_event(LOG_ERROR, "revocation.none", "no revocation service in the roster is valid now");
		return;
	}
	memcpy(follow->service, service->name, sizeof follow->service);
	memcpy(follow->key, service->curve, sizeof follow->key);
	memcpy(follow->endpoint, service->endpoint, sizeof follow->endpoint);
	memcpy(follow->publisher, service->publisher, sizeof follow->publisher);
	if (make(follow, &err) != RC_OK) {
		log_event(LOG_ERROR, "revocation.unusable", "name=%s text=\"%s\"", service->name, err.text);
		turn_soon(follow);
	}
	follow_changed(follow);
}

void connect_next(struct follow *follow)
{
	follow->turn++;
	follow->failures++;
	connect_now(follow);
}

/* ---- hearing nothing ---- */

static void on_silence(void *ctx)
{
	struct follow *follow = ctx;

	log_event(LOG_ERROR, "notices.blind", "no valid head for %d ms: revocations may be withheld from us",
		FOLLOW_BLIND_MS);
	follow->is_blind = true;
	follow_timer(follow, &follow->blind_timer, FOLLOW_BLIND_MS, on_silence);
	connect_next(follow);
}

void connect_heard(struct follow *follow)
{
	follow_timer(follow, &follow->blind_timer, FOLLOW_BLIND_MS, on_silence);
}

/* ---- another roster ---- */

static bool is_still_there(const struct follow *follow)
{
	const struct roster_member *member = roster_by_curve(follow_roster(follow), follow->key);

	return follow->client != NULL && member != NULL && member->role == ROLE_REVOCATION &&
	       !roster_member_is_former(member) && roster_member_is_valid(member, follow_wall_ms(follow)) &&
	       strcmp(member->endpoint, follow->endpoint) == 0 &&
	       strcmp(member->publisher, follow->publisher) == 0;
}

void follow_roster_changed(struct follow *follow)
{
	leader_roster_changed(follow->leader);
	if (!is_still_there(follow))
		connect_now(follow);
}
