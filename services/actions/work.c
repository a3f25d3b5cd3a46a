/* From a notice to what was done about it. */
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/log.h"
#include "lib/crypto/random.h"
#include "lib/follow/notice_json.h"
#include "services/actions/inner.h"

#define EXIT_GIVE_UP 78 /* EX_CONFIG */

static uint64_t bit_of(const struct host *host, const struct action *action)
{
	return UINT64_C(1) << (action - host->actions);
}

static void later(struct host *host, struct timer *timer, uint64_t after_ms, void (*fire)(void *ctx))
{
	if (loop_after(host->loop, timer, after_ms, fire, host) != RC_OK)
		log_event(LOG_ERROR, "timer.failed", "out of memory");
}

/* ---- notices that are not done ---- */

static void on_flush(void *ctx)
{
	struct host *host = ctx;
	struct pending **at = &host->pending;

	while (*at != NULL) {
		struct pending *pending = *at;

		if (pending->holders != 0) {
			at = &pending->next;
			continue;
		}
		*at = pending->next;
		host->pending_count--;
		follow_done(host->follow, pending->seq);
		free(pending);
	}
	host->pending_end = at;
}

/* Not from inside give: follow is in the middle of something there. */
static void flush_soon(struct host *host)
{
	if (!timer_is_running(&host->flush))
		later(host, &host->flush, 0, on_flush);
}

static void let_go(struct host *host, const struct action *action, uint64_t seq)
{
	uint64_t bit = bit_of(host, action);

	for (struct pending *pending = host->pending; pending != NULL; pending = pending->next) {
		if (pending->seq != seq)
			continue;
		pending->holders &= ~bit;
		pending->finished |= bit;
		if (pending->holders == 0)
			flush_soon(host);
		return;
	}
}

/* The action needs this notice no more. */
static void settle(struct host *host, struct action *action, const struct entry *entry)
{
	if (entry->is_kept)
		action->backlog_changed = true;
	else
		let_go(host, action, entry->item->seq);
	progress_changed(host);
}

/* ---- the backlog ---- */

/* A slow action keeps what it has to do by itself, so that the log goes on for the others. */
static void keep_until(struct host *host, struct action *action, uint64_t seq)
{
	struct err err = {0};
	size_t before = action->queue.kept;

	action->is_full = false;
	for (struct entry *entry = action->queue.first; entry != NULL && entry->item->seq <= seq;
		entry = entry->next) {
		if (entry->is_kept || action->queue.kept >= BACKLOG_MAX)
			continue;
		entry->is_kept = entry->is_fresh = true;
		action->queue.kept++;
	}
	action->is_full = action->queue.kept >= BACKLOG_MAX;
	if (action->is_full)
		log_event(LOG_ERROR, "action.full",
			"action=%s waiting=%zu text=\"so far behind that the others will have to wait\"",
			action->conf.name, action->queue.count);
	if (action->queue.kept == before)
		return;
	if (backlog_save(host, action, &err) != RC_OK) {
		log_event(LOG_ERROR, "backlog.unsaved", "action=%s text=\"%s\"", action->conf.name, err.text);
		/* They stay the log's. */
		for (struct entry *entry = action->queue.first; entry != NULL; entry = entry->next)
			if (entry->is_fresh)
				entry->is_kept = entry->is_fresh = false;
		action->queue.kept = before;
		return;
	}
	log_event(LOG_WARN, "action.behind", "action=%s waiting=%zu", action->conf.name, action->queue.count);
	for (struct entry *entry = action->queue.first; entry != NULL; entry = entry->next)
		if (entry->is_fresh) {
			entry->is_fresh = false;
			let_go(host, action, entry->item->seq);
		}
}

static void make_room(struct host *host)
{
	const struct pending *middle = host->pending;

	for (size_t i = 0; i + 1 < SPILL_AT / 2 && middle->next != NULL; i++)
		middle = middle->next;
	for (size_t i = 0; i < CONF_ACTIONS_MAX; i++)
		if (host->actions[i].is_used)
			keep_until(host, &host->actions[i], middle->seq);
}

/* ---- taking ---- */

static void on_superseded(void *ctx, const struct item *item)
{
	struct action *action = ctx;

	log_event(LOG_INFO, "action.superseded", "action=%s seq=%llu", action->conf.name,
		(unsigned long long)item->seq);
}

struct dropping {
	struct host *host;
	struct action *action;
};

static void on_dropped(void *ctx, const struct item *item)
{
	struct dropping *dropping = ctx;

	on_superseded(dropping->action, item);
	let_go(dropping->host, dropping->action, item->seq);
	dropping->action->backlog_changed = true;
}

static bool is_for(const struct host *host, const struct action *action, const struct follow_notice *notice)
{
	char node[HEX_BYTES(NODE_ID_BYTES)];
	struct msg_profile profile;
	struct conf_subject subject = {.kind = notice->kind,
		.severity = notice->body->severity,
		.node = hex_encode(notice->body->node, node)};

	if (!action->is_used || notice->seq < action->from ||
		progress_has(host, notice->seq, action->conf.name))
		return false;
	if (follow_profile(host->follow, notice->body->node.at, &profile))
		subject.profile = &profile;
	return conf_wants(&action->conf, &subject);
}

/* One that stands in the backlog of the last run was let go of before it ended, or just not yet. */
static bool stands_already(const struct action *action, uint64_t seq)
{
	for (const struct entry *entry = action->queue.first; entry != NULL; entry = entry->next)
		if (entry->item->seq == seq)
			return true;
	return false;
}

static void queue_up(struct host *host, struct action *action, struct pending *pending, struct item *item)
{
	struct dropping dropping = {host, action};
	struct entry *entry;

	if (item->again && stands_already(action, item->seq))
		return;
	pending->holders |= bit_of(host, action);
	if (queue_add(&action->queue, item, action->conf.latest, on_dropped, &dropping, &entry) == RC_OK)
		return;
	/* The window is smaller than the queue: only memory can be short. Then it is not done, and is given
	 * again after the next start. */
	log_event(LOG_ERROR, "action.unqueued", "action=%s seq=%llu", action->conf.name,
		(unsigned long long)item->seq);
}

static void on_wake(void *ctx)
{
	work_pump(ctx);
}

void work_give(void *ctx, const struct follow_notice *notice)
{
	struct host *host = ctx;
	struct pending *pending = calloc(1, sizeof *pending);
	struct item *item = NULL;

	if (pending == NULL ||
		item_make(notice->seq, notice->body->node, notice->again, notice->bytes, &item) != RC_OK) {
		free(pending);
		log_event(LOG_ERROR, "notice.unqueued", "seq=%llu text=\"out of memory\"",
			(unsigned long long)notice->seq);
		return;
	}
	if (notice->seq > host->given)
		host->given = notice->seq;
	pending->seq = notice->seq;
	*host->pending_end = pending;
	host->pending_end = &pending->next;
	host->pending_count++;
	for (size_t i = 0; i < CONF_ACTIONS_MAX; i++)
		if (is_for(host, &host->actions[i], notice))
			queue_up(host, &host->actions[i], pending, item);
	item_unref(&item);
	if (pending->holders == 0)
		flush_soon(host);
	if (host->pending_count >= SPILL_AT)
		make_room(host);
	later(host, &host->wake, 0, on_wake);
}

/* ---- running ---- */

enum rc work_open(struct span bytes, struct msg *out)
{
	struct msg outer;

	TRY(msg_decode_as(bytes, MSG_TYPE_signed_body, &outer));
	return msg_decode_as(outer.signed_body.body, MSG_TYPE_notice, out);
}

static void list_given_up(
	struct host *host, const struct action *action, const struct entry *entry, const char *why)
{
	struct given_up *given_up = &host->given_up[host->given_up_count++ % GIVEN_UP_MAX];
	struct msg notice;

	*given_up = (struct given_up){
		.seq = entry->item->seq, .time = host_now(host), .attempts = entry->failed + 1};
	snprintf(given_up->name, sizeof given_up->name, "%s", action->conf.name);
	snprintf(given_up->why, sizeof given_up->why, "%s", why);
	hex_encode(SPAN(entry->item->node), given_up->node);
	if (work_open(blob_span(&entry->item->bytes), &notice) == RC_OK)
		snprintf(given_up->kind, sizeof given_up->kind, "%.*s", SPAN_FMT(notice.notice.kind));
}

static void give_up(struct host *host, struct action *action, struct entry *entry, const char *why)
{
	log_event(LOG_ERROR, "action.given_up", "action=%s seq=%llu attempts=%llu why=\"%s\"",
		action->conf.name, (unsigned long long)entry->item->seq,
		(unsigned long long)entry->failed + 1, why);
	list_given_up(host, action, entry, why);
	action->given_up++;
	settle(host, action, entry);
	queue_remove(&action->queue, entry);
}

static void fail(struct host *host, struct action *action, struct entry *entry, const char *why)
{
	uint32_t random = 0;
	uint64_t pause;

	action->failed++;
	snprintf(action->last, sizeof action->last, "%s", why);
	if (entry->failed >= action->conf.retries) {
		give_up(host, action, entry, why);
		return;
	}
	/* Without a random number there is no jitter. */
	if (random_fill((uint8_t *)&random, sizeof random, NULL) != RC_OK)
		random = UINT32_MAX / 2;
	pause = conf_pause_ms(&action->conf, entry->failed + 1, random);
	log_event(LOG_WARN, "action.failed", "action=%s seq=%llu attempt=%llu again_in_ms=%llu why=\"%s\"",
		action->conf.name, (unsigned long long)entry->item->seq,
		(unsigned long long)entry->failed + 1, (unsigned long long)pause, why);
	queue_failed(&action->queue, entry, host_mono(host) + pause);
}

static void succeed(struct host *host, struct action *action, struct entry *entry, const char *event)
{
	log_event(LOG_INFO, event, "action=%s seq=%llu attempt=%llu", action->conf.name,
		(unsigned long long)entry->item->seq, (unsigned long long)entry->failed + 1);
	action->done++;
	settle(host, action, entry);
	queue_remove(&action->queue, entry);
}

static enum rc render(
	struct host *host, const struct entry *entry, bool again, struct msg *notice, struct blob *out)
{
	struct msg_profile profile;
	bool is_known;

	TRY(work_open(blob_span(&entry->item->bytes), notice));
	is_known = follow_profile(host->follow, entry->item->node, &profile);
	return notice_json(&notice->notice, is_known ? &profile : NULL, again, out);
}

static void log_dry(struct host *host, struct action *action, struct entry *entry, const struct blob *line)
{
	const struct conf *conf = &action->conf;

	log_event(LOG_INFO, "action.would_run", "action=%s %s=\"%s\" user=\"%s\" seq=%llu input=%.*s",
		conf->name, conf->run != NULL ? "run" : "module",
		conf->run != NULL ? conf->run : conf->module, conf->user == NULL ? "" : conf->user,
		(unsigned long long)entry->item->seq, (int)line->len - 1, (const char *)line->at);
	succeed(host, action, entry, "action.dry");
}

static void start(struct host *host, struct action *action, struct entry *entry)
{
	DROP(blob_release) struct blob line = {0};
	bool again = entry->item->again || entry->failed > 0;
	char kind[33] = "";
	struct msg notice = {0};
	struct runner_job job = {.name = action->conf.name,
		.number = entry->item->seq,
		.word = kind,
		.again = again,
		.timeout_ms = action->conf.timeout_ms};
	uint64_t id = 0;
	enum rc rc = render(host, entry, again, &notice, &line);

	if (rc == RC_OK && (action->conf.dry_run || host->config->dry_run)) {
		log_dry(host, action, entry, &line);
		return;
	}
	if (rc == RC_OK) {
		snprintf(kind, sizeof kind, "%.*s", SPAN_FMT(notice.notice.kind));
		job.input = blob_span(&line);
		rc = host->has_runner ? runner_start(host->runner, &job, &id) : RC_IO;
	}
	if (rc == RC_OK)
		queue_runs(&action->queue, entry, id);
	else
		fail(host, action, entry, rc_words(rc));
}

/* One process is kept free for each action that runs none, so that no other one can take all of them. */
static bool has_room(const struct host *host, const struct action *action)
{
	size_t running = 0;
	size_t reserved = 0;

	for (size_t i = 0; i < CONF_ACTIONS_MAX; i++) {
		const struct action *other = &host->actions[i];

		running += other->queue.running;
		reserved += other->is_used && other != action && other->queue.running == 0;
	}
	/* Those of a removed action may still be ending. */
	if (host->has_runner && runner_running(host->runner) > running)
		running = runner_running(host->runner);
	if (running >= host->config->at_once || action->queue.running >= action->conf.concurrency)
		return false;
	return action->queue.running == 0 || running + reserved < host->config->at_once;
}

void work_pump(struct host *host)
{
	uint64_t now = host_mono(host);
	uint64_t next = UINT64_MAX;

	for (size_t i = 0; i < CONF_ACTIONS_MAX; i++) {
		struct action *action = &host->actions[(host->turn + i) % CONF_ACTIONS_MAX];
		struct entry *entry = queue_due(&action->queue, now);
		uint64_t due;

		while (entry != NULL && has_room(host, action)) {
			start(host, action, entry);
			entry = queue_due(&action->queue, now);
		}
		due = entry != NULL ? UINT64_MAX : queue_next_ms(&action->queue);
		next = due < next ? due : next;
	}
	host->turn = (host->turn + 1) % CONF_ACTIONS_MAX;
	/* Who waits for room is looked at when something ends. */
	if (next != UINT64_MAX)
		later(host, &host->wake, next > now ? next - now : 1, on_wake);
}

static struct action *action_of_job(struct host *host, uint64_t id, struct entry **out)
{
	for (size_t i = 0; i < CONF_ACTIONS_MAX; i++) {
		*out = queue_of_job(&host->actions[i].queue, id);
		if (*out != NULL)
			return &host->actions[i];
	}
	return NULL;
}

void work_line(void *ctx, uint64_t id, struct span text, uint64_t lost)
{
	struct entry *entry;
	struct action *action = action_of_job(ctx, id, &entry);

	if (action == NULL)
		return;
	if (lost > 0)
		log_event(LOG_WARN, "action.output", "action=%s seq=%llu lost_lines=%llu", action->conf.name,
			(unsigned long long)entry->item->seq, (unsigned long long)lost);
	if (text.len > 0)
		log_event(LOG_INFO, "action.output", "action=%s seq=%llu text=\"%.*s\"", action->conf.name,
			(unsigned long long)entry->item->seq, SPAN_FMT(text));
}

void work_done(void *ctx, uint64_t id, const struct runner_result *result)
{
	struct host *host = ctx;
	struct entry *entry;
	struct action *action = action_of_job(host, id, &entry);
	char why[WHY_BYTES];

	if (action == NULL)
		return;
	if (result->rc != RC_OK)
		snprintf(why, sizeof why, "%.200s", result->text);
	else if (result->timed_out)
		snprintf(why, sizeof why, "ended by its time-out: %.150s", result->last);
	else if (result->signal != 0)
		snprintf(why, sizeof why, "ended by signal %d: %.150s", result->signal, result->last);
	else
		snprintf(why, sizeof why, "status %d: %.150s", result->status, result->last);
	if (result->rc == RC_OK && result->status == 0 && !result->timed_out)
		succeed(host, action, entry, "action.done");
	else if (result->rc == RC_OK && result->status == EXIT_GIVE_UP && !result->timed_out)
		give_up(host, action, entry, why);
	else
		fail(host, action, entry, why);
	work_pump(host);
}

void work_drop(struct host *host, struct action *action)
{
	for (struct entry *entry = action->queue.first; entry != NULL; entry = entry->next) {
		if (entry->job != 0)
			runner_end(host->runner, entry->job);
		if (!entry->is_kept)
			let_go(host, action, entry->item->seq);
	}
	/* The slot may be another action's next. */
	for (struct pending *pending = host->pending; pending != NULL; pending = pending->next)
		pending->finished &= ~bit_of(host, action);
	backlog_remove(host, action->conf.name);
	queue_release(&action->queue);
	conf_release(&action->conf);
	*action = (struct action){0};
	progress_changed(host);
}

void work_release(struct host *host)
{
	for (size_t i = 0; i < CONF_ACTIONS_MAX; i++) {
		queue_release(&host->actions[i].queue);
		conf_release(&host->actions[i].conf);
	}
	while (host->pending != NULL) {
		struct pending *next = host->pending->next;

		free(host->pending);
		host->pending = next;
	}
}
