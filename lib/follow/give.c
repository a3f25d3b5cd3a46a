/* What the owner gets, what it has acted on, and how that is kept. */
#include <stdio.h>

#include "lib/base/log.h"
#include "lib/crypto/random.h"
#include "lib/follow/inner.h"

#define GIVE_SLICE 64u /* in one turn of the loop */

static bool is_kept(const struct follow *follow)
{
	return follow->place_path[0] != '\0';
}

/* ---- the place ---- */

static void on_give(void *ctx);

/* Failing to write must not stop revocations from being acted on: it costs that they are given again. */
static void save_place(struct follow *follow)
{
	uint64_t began = follow_now_ms(follow);
	struct err err = {0};
	uint64_t ended;

	window_place(follow->window, &follow->place);
	follow->is_unsaved = is_kept(follow) && place_save(&follow->place, follow->place_path, &err) != RC_OK;
	ended = follow_now_ms(follow);
	/* A slow disk gets a fifth of our time. */
	follow->save_from_ms = ended + (follow->is_unsaved                     ? SAVE_AGAIN_MS
					       : 4 * (ended - began) > SAVE_MS ? 4 * (ended - began)
									       : SAVE_MS);
	if (follow->is_unsaved) {
		log_event(LOG_ERROR, "notices.place", "text=\"%s\"", err.text);
		return;
	}
	follow->is_dirty = false;
	follow->saved = follow->place.done.seq;
	give_acknowledge(follow);
}

/* At once when nothing else is to be done, else now and then. */
static void save_if_due(struct follow *follow)
{
	uint64_t now = follow_now_ms(follow);
	bool is_idle = window_waiting(follow->window) == 0 && follow->seen.seq >= follow->head &&
	               !follow->is_unsaved;

	if (!follow->is_dirty)
		return;
	if (is_idle || now >= follow->save_from_ms)
		save_place(follow);
	if (follow->is_dirty && !timer_is_running(&follow->give_timer))
		follow_timer(follow, &follow->give_timer,
			now < follow->save_from_ms ? follow->save_from_ms - now : SAVE_MS, on_give);
}

/* What is given now must be known as perhaps acted on, should we end before it is done. */
static void note_given(struct follow *follow, uint64_t seq)
{
	uint64_t more = follow->head > seq ? follow->head - seq : 0;

	if (seq > follow->given_max)
		follow->given_max = seq;
	if (seq <= follow->place.given)
		return;
	follow->place.given = seq + (more < GIVE_AHEAD ? more : GIVE_AHEAD);
	save_place(follow);
}

/* ---- giving ---- */

static void give_some(struct follow *follow)
{
	for (unsigned i = 0; i < GIVE_SLICE; i++) {
		struct window_item *item = window_next(follow->window);

		if (item == NULL || window_outstanding(follow->window) >= follow->options.at_once)
			return;
		note_given(follow, item->place.seq);
		window_give(follow->window, item);
		follow->options.give(follow->options.ctx, &item->notice);
	}
	give_soon(follow);
}

static void on_give(void *ctx)
{
	struct follow *follow = ctx;

	if (follow->options.give != NULL)
		give_some(follow);
	save_if_due(follow);
	fetch_more(follow);
}

void give_soon(struct follow *follow)
{
	follow_timer(follow, &follow->give_timer, 0, on_give);
}

enum rc give_take(struct follow *follow, struct window_item *item)
{
	DROP(blob_release) struct blob bytes = item->bytes;
	uint64_t seq = item->place.seq;
	bool is_passed = seq <= follow->place.pass;
	bool is_known = seq <= window_done(follow->window)->seq;
	struct follow_notice notice;

	item->again = seq <= follow->loaded.given;
	item->is_done = follow->options.give == NULL || is_passed || place_is_done(&follow->loaded, seq);
	window_show(item, &notice);
	if (!is_passed && !is_known)
		log_event(LOG_INFO, "notice", "seq=%llu kind=%.*s", (unsigned long long)seq,
			SPAN_FMT(notice.body->kind));
	if (follow->options.seen != NULL)
		follow->options.seen(follow->options.ctx, &notice);
	if (is_known)
		return RC_OK;
	TRY(window_add(follow->window, item));
	bytes = (struct blob){0};
	follow->is_dirty = follow->is_dirty || window_done(follow->window)->seq == seq;
	give_soon(follow);
	return RC_OK;
}

void follow_done(struct follow *follow, uint64_t seq)
{
	const struct window_item *item = window_at(follow->window, seq);

	if (item == NULL || !item->is_given || !window_finish(follow->window, seq))
		return;
	follow->is_dirty = true;
	give_soon(follow);
	follow_changed(follow);
}

/* ---- acknowledging ---- */

/* For people who look who is behind; the next one makes up for one that is lost. */
static void on_ack(void *ctx)
{
	struct follow *follow = ctx;
	struct msg ack = {.type = MSG_TYPE_notice_ack, .notice_ack = {follow->saved}};

	if (follow->saved > follow->acked && follow->client != NULL &&
		client_send(follow->client, &ack) == RC_OK)
		follow->acked = follow->saved;
}

/* A crowd does not do it in one moment. */
void give_acknowledge(struct follow *follow)
{
	uint8_t random = 0;

	if (follow->saved <= follow->acked || timer_is_running(&follow->ack_timer))
		return;
	if (random_fill(&random, sizeof random, NULL) != RC_OK)
		random = 0;
	follow_timer(follow, &follow->ack_timer, ACK_MS - ACK_MS / 4u * random / 255, on_ack);
}

/* ---- profiles ---- */

static void save_profiles(struct follow *follow)
{
	struct err err = {0};

	follow->profiles_ms = follow_now_ms(follow);
	if (profiles_save(follow->profiles, &follow->seen, follow->profiles_path, &err) != RC_OK) {
		log_event(LOG_ERROR, "notices.profiles", "text=\"%s\"", err.text);
		return;
	}
	follow->profiles_place = follow->seen;
	follow->profiles_changed = false;
}

void give_keep_profiles(struct follow *follow)
{
	if (follow->profiles == NULL || !is_kept(follow) || !follow->is_placed ||
		follow_now_ms(follow) - follow->profiles_ms < PROFILES_MS)
		return;
	if (follow->profiles_changed || follow->seen.seq - follow->profiles_place.seq >= PROFILES_LAG)
		save_profiles(follow);
}

/* The table holds up to its own place, which may be before the one that was acted on: then the log is read
 * again from there. */
static enum rc load_profiles(struct follow *follow, struct err *err)
{
	struct err why = {0};
	enum rc rc;

	if (profiles_open(&follow->profiles) != RC_OK)
		return err_set(err, RC_NOMEM, "out of memory");
	if (!is_kept(follow))
		return RC_OK;
	rc = profiles_load(follow->profiles_path, follow->profiles, &follow->profiles_place, &why);
	if (rc != RC_OK && rc != RC_NOT_FOUND)
		log_event(LOG_WARN, "notices.profiles", "text=\"%s\": read from the log again", why.text);
	if (follow->profiles_place.seq < follow->seen.seq)
		follow->seen = follow->profiles_place;
	return RC_OK;
}

/* ---- open and close ---- */

static enum rc path_of(const char *folder, const char *name, char out[static PATH_MAX_BYTES], struct err *err)
{
	int len = snprintf(out, PATH_MAX_BYTES, "%s/%s", folder, name);

	return len >= 0 && len < PATH_MAX_BYTES ? RC_OK
	                                        : err_set(err, RC_LIMIT, "%s: path is too long", folder);
}

static enum rc load_place(struct follow *follow, bool *is_first, struct err *err)
{
	enum rc rc;

	*is_first = true;
	if (follow->options.folder == NULL)
		return RC_OK;
	TRY(path_of(follow->options.folder, FOLLOW_PLACE_FILE, follow->place_path, err));
	TRY(path_of(follow->options.folder, FOLLOW_PROFILES_FILE, follow->profiles_path, err));
	rc = place_load(follow->place_path, &follow->place, err);
	if (rc == RC_NOT_FOUND) {
		if (err != NULL)
			*err = (struct err){0};
		return RC_OK;
	}
	*is_first = false;
	return rc;
}

enum rc give_open(struct follow *follow, struct err *err)
{
	bool is_first;

	TRY(load_place(follow, &is_first, err));
	follow->loaded = follow->place;
	follow->given_max = follow->place.given;
	follow->saved = follow->place.done.seq;
	follow->seen = follow->place.done;
	follow->is_placed = !is_first || follow->options.start == FOLLOW_ALL;
	if (window_open(&follow->place.done, &follow->window) != RC_OK)
		return err_set(err, RC_NOMEM, "out of memory");
	if (follow->options.profiles)
		TRY(load_profiles(follow, err));
	fetch_forget(follow);
	return RC_OK;
}

void give_begin(struct follow *follow, const struct notice_place *place, uint64_t pass)
{
	window_begin(follow->window, place);
	follow->place = (struct place){.done = *place, .pass = pass};
	follow->loaded = follow->place;
	follow->seen = *place;
	follow->is_placed = true;
	fetch_forget(follow);
	save_place(follow);
}

void give_close(struct follow *follow)
{
	if (follow->window != NULL && follow->is_placed &&
		(follow->is_dirty || follow->place.given > follow->given_max)) {
		follow->place.given = follow->given_max;
		save_place(follow);
	}
	if (follow->profiles != NULL && is_kept(follow) && follow->is_placed &&
		(follow->profiles_changed || follow->seen.seq != follow->profiles_place.seq))
		save_profiles(follow);
	window_close(&follow->window);
	profiles_close(&follow->profiles);
}
