/*
 * What outlives the host besides follow's place. A text file:
 *     limebus actions progress v1
 *     given SEQ                                the highest notice that was taken
 *     action NAME FROM DONE FAILED GIVEN-UP    it is there since notice FROM
 *     finished SEQ NAME                        it needs this notice no more, others still do
 *     given-up NAME SEQ KIND NODE TIME ATTEMPTS WHY…
 * and for an action that is far behind a file backlog.NAME with its notices: number and length, 8 and 4
 * bytes, most significant first, and the signed notice. If any of it is lost or old, actions are run again.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "lib/base/log.h"
#include "services/actions/inner.h"

#define PROGRESS_FILE  "progress"
#define PROGRESS_TITLE "limebus actions progress v1\n"
#define PROGRESS_MAX   (32u << 20)
#define BACKLOG_BYTES  (512u << 20)
#define LINE_BYTES     1024

/* ---- writing ---- */

static enum rc put(struct blob *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

static enum rc put(struct blob *out, const char *format, ...)
{
	char line[LINE_BYTES];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(line, sizeof line, format, args);
	va_end(args);
	if (len < 0 || (size_t)len >= sizeof line)
		return RC_LIMIT;
	return blob_append(out, span_of(line, (size_t)len));
}

static enum rc put_actions(const struct host *host, struct blob *out)
{
	for (size_t i = 0; i < CONF_ACTIONS_MAX; i++) {
		const struct action *action = &host->actions[i];

		if (action->is_used)
			TRY(put(out, "action %s %llu %llu %llu %llu\n", action->conf.name,
				(unsigned long long)action->from, (unsigned long long)action->done,
				(unsigned long long)action->failed, (unsigned long long)action->given_up));
	}
	return RC_OK;
}

static enum rc put_finished(const struct host *host, struct blob *out)
{
	for (const struct pending *pending = host->pending; pending != NULL; pending = pending->next)
		for (size_t i = 0; i < CONF_ACTIONS_MAX; i++)
			if (host->actions[i].is_used && (pending->finished >> i & 1) != 0)
				TRY(put(out, "finished %llu %s\n", (unsigned long long)pending->seq,
					host->actions[i].conf.name));
	return RC_OK;
}

/* The end of its line is the end of a reason. */
static enum rc put_given_up(const struct host *host, struct blob *out)
{
	size_t count = host->given_up_count < GIVEN_UP_MAX ? host->given_up_count : GIVEN_UP_MAX;

	for (size_t i = host->given_up_count - count; i < host->given_up_count; i++) {
		const struct given_up *g = &host->given_up[i % GIVEN_UP_MAX];
		char why[WHY_BYTES];

		for (size_t at = 0; at < sizeof why; at++)
			why[at] = (char)(g->why[at] > 0 && g->why[at] < ' ' ? '?' : g->why[at]);
		why[sizeof why - 1] = '\0';
		TRY(put(out, "given-up %s %llu %s %s %llu %llu %s\n", g->name, (unsigned long long)g->seq,
			g->kind[0] == '\0' ? "-" : g->kind, g->node, (unsigned long long)g->time,
			(unsigned long long)g->attempts, why));
	}
	return RC_OK;
}

static enum rc render(const struct host *host, struct blob *out)
{
	TRY(put(out, PROGRESS_TITLE "given %llu\n", (unsigned long long)host->given));
	TRY(put_actions(host, out));
	TRY(put_finished(host, out));
	return put_given_up(host, out);
}

static void tidy_backlogs(struct host *host)
{
	for (size_t i = 0; i < CONF_ACTIONS_MAX; i++) {
		struct action *action = &host->actions[i];
		struct err err = {0};

		if (!action->is_used || !action->backlog_changed)
			continue;
		action->backlog_changed = false;
		if (backlog_save(host, action, &err) != RC_OK)
			log_event(LOG_ERROR, "backlog.unsaved", "action=%s text=\"%s\"", action->conf.name,
				err.text);
	}
}

void progress_save(struct host *host)
{
	DROP(blob_release) struct blob text = {0};
	char path[PATH_BYTES];
	struct err err = {0};
	enum rc rc;

	if (host->config->dry_run || !host->is_changed)
		return;
	rc = path_in(host->config->state, PROGRESS_FILE, path, &err);
	if (rc == RC_OK)
		rc = render(host, &text);
	if (rc == RC_OK)
		rc = file_replace(path, blob_span(&text), 0600, &err);
	if (rc != RC_OK)
		log_event(LOG_ERROR, "progress.unsaved", "why=\"%s\" text=\"%s\"", rc_words(rc), err.text);
	host->is_changed = rc != RC_OK;
	tidy_backlogs(host);
}

static void on_save(void *ctx)
{
	progress_save(ctx);
}

void progress_changed(struct host *host)
{
	host->is_changed = true;
	if (!timer_is_running(&host->save) &&
		loop_after(host->loop, &host->save, SAVE_AFTER_MS, on_save, host) != RC_OK)
		log_event(LOG_ERROR, "timer.failed", "out of memory");
}

/* ---- reading ---- */

static bool take_finished(struct host *host, const char *line)
{
	struct finished finished = {0};
	unsigned long long seq;
	struct finished *grown;

	if (sscanf(line, "finished %llu %64s", &seq, finished.name) != 2)
		return false;
	finished.seq = seq;
	grown = realloc(host->finished, (host->finished_count + 1) * sizeof finished);
	if (grown == NULL)
		return false;
	host->finished = grown;
	host->finished[host->finished_count++] = finished;
	return true;
}

static bool take_given_up(struct host *host, const char *line)
{
	struct given_up *g = &host->given_up[host->given_up_count % GIVEN_UP_MAX];
	unsigned long long numbers[3];
	int at = 0;

	*g = (struct given_up){0};
	if (sscanf(line, "given-up %64s %llu %32s %64s %llu %llu %n", g->name, &numbers[0], g->kind, g->node,
		    &numbers[1], &numbers[2], &at) != 6 ||
		at == 0)
		return false;
	g->seq = numbers[0];
	g->time = numbers[1];
	g->attempts = numbers[2];
	snprintf(g->why, sizeof g->why, "%s", line + at);
	host->given_up_count++;
	return true;
}

/* Actions come later, when the folder is read: their lines are kept as they are, as if they had finished
 * notice 0. */
static bool take_line(struct host *host, const char *line)
{
	unsigned long long given;

	if (strncmp(line, "finished ", 9) == 0)
		return take_finished(host, line);
	if (strncmp(line, "given-up ", 9) == 0)
		return take_given_up(host, line);
	if (sscanf(line, "given %llu", &given) == 1) {
		host->given = given;
		return true;
	}
	return strncmp(line, "action ", 7) == 0;
}

static enum rc read_file(const struct host *host, struct blob *out, struct err *err)
{
	char path[PATH_BYTES];

	TRY(path_in(host->config->state, PROGRESS_FILE, path, err));
	TRY(file_read_secret(path, PROGRESS_MAX, out, err));
	if (out->len < sizeof PROGRESS_TITLE ||
		memcmp(out->at, PROGRESS_TITLE, sizeof PROGRESS_TITLE - 1) != 0)
		return err_set(err, RC_MALFORMED, "%s: not what this program wrote", path);
	return blob_append(out, span_of("", 1));
}

/* The next line of the text, ended; NULL after the last. */
static char *next_line(char **rest)
{
	char *line = *rest;
	char *end = strchr(line, '\n');

	if (end == NULL)
		return NULL;
	*end = '\0';
	*rest = end + 1;
	return line;
}

enum rc progress_load(struct host *host, struct err *err)
{
	DROP(blob_release) struct blob text = {0};
	char *rest;
	char *line;
	enum rc rc = read_file(host, &text, err);

	if (rc == RC_NOT_FOUND) {
		*err = (struct err){0};
		return RC_OK;
	}
	TRY(rc);
	host->had_progress = true;
	rest = (char *)text.at + sizeof PROGRESS_TITLE - 1;
	while ((line = next_line(&rest)) != NULL)
		if (!take_line(host, line))
			return err_set(err, RC_MALFORMED, "%s/" PROGRESS_FILE ": unexpected line \"%.60s\"",
				host->config->state, line);
	return RC_OK;
}

bool progress_has(const struct host *host, uint64_t seq, const char *name)
{
	for (size_t i = 0; i < host->finished_count; i++)
		if (host->finished[i].seq == seq && strcmp(host->finished[i].name, name) == 0)
			return true;
	return false;
}

void progress_of(struct host *host, struct action *action, uint64_t from)
{
	DROP(blob_release) struct blob text = {0};
	char name[CONF_NAME_MAX + 1];
	unsigned long long numbers[4];
	char *rest;
	char *line;

	action->from = from;
	if (!host->had_progress || read_file(host, &text, NULL) != RC_OK)
		return;
	rest = (char *)text.at + sizeof PROGRESS_TITLE - 1;
	while ((line = next_line(&rest)) != NULL) {
		if (sscanf(line, "action %64s %llu %llu %llu %llu", name, &numbers[0], &numbers[1],
			    &numbers[2], &numbers[3]) != 5 ||
			strcmp(name, action->conf.name) != 0)
			continue;
		action->from = numbers[0];
		action->done = numbers[1];
		action->failed = numbers[2];
		action->given_up = numbers[3];
	}
}

/* ---- backlogs ---- */

static void put_number(uint8_t *at, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
}

static uint64_t get_number(const uint8_t *at, unsigned bytes)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < bytes; i++)
		value = value << 8 | at[i];
	return value;
}

static enum rc backlog_path(
	const struct host *host, const char *name, char out[static PATH_BYTES], struct err *err)
{
	char file[sizeof "backlog." + CONF_NAME_MAX];

	snprintf(file, sizeof file, "backlog.%s", name);
	return path_in(host->config->state, file, out, err);
}

void backlog_remove(struct host *host, const char *name)
{
	char path[PATH_BYTES];

	if (!host->config->dry_run && backlog_path(host, name, path, NULL) == RC_OK)
		unlink(path);
}

enum rc backlog_save(struct host *host, struct action *action, struct err *err)
{
	DROP(blob_release) struct blob bytes = {0};
	char path[PATH_BYTES];

	if (action->queue.kept == 0) {
		backlog_remove(host, action->conf.name);
		return RC_OK;
	}
	if (host->config->dry_run)
		return RC_OK;
	TRY(backlog_path(host, action->conf.name, path, err));
	for (const struct entry *entry = action->queue.first; entry != NULL; entry = entry->next) {
		uint8_t head[12];

		if (!entry->is_kept)
			continue;
		put_number(head, entry->item->seq, 8);
		put_number(head + 8, entry->item->bytes.len, 4);
		TRY(blob_append(&bytes, SPAN(head)));
		TRY(blob_append(&bytes, blob_span(&entry->item->bytes)));
	}
	return file_replace(path, blob_span(&bytes), 0600, err);
}

static void ignore_dropped(void *ctx, const struct item *item)
{
	(void)ctx;
	(void)item;
}

static enum rc take_kept(struct action *action, uint64_t seq, struct span bytes)
{
	struct msg notice;
	struct item *item = NULL;
	struct entry *entry;
	enum rc rc;

	TRY(work_open(bytes, &notice));
	TRY(item_make(seq, notice.notice.node, true, bytes, &item));
	rc = queue_add(&action->queue, item, action->conf.latest, ignore_dropped, NULL, &entry);
	item_unref(&item);
	TRY(rc);
	entry->is_kept = true;
	action->queue.kept++;
	return RC_OK;
}

static enum rc take_all(struct action *action, struct span bytes)
{
	while (bytes.len >= 12) {
		uint64_t seq = get_number(bytes.at, 8);
		uint64_t len = get_number(bytes.at + 8, 4);

		if (len > bytes.len - 12)
			return RC_MALFORMED;
		TRY(take_kept(action, seq, span_of(bytes.at + 12, (size_t)len)));
		bytes = span_of(bytes.at + 12 + len, bytes.len - 12 - (size_t)len);
	}
	return bytes.len == 0 ? RC_OK : RC_MALFORMED;
}

void backlog_load(struct host *host, struct action *action)
{
	DROP(blob_release) struct blob bytes = {0};
	char path[PATH_BYTES];
	struct err err = {0};
	enum rc rc;

	if (host->config->dry_run || backlog_path(host, action->conf.name, path, &err) != RC_OK)
		return;
	rc = file_read_secret(path, BACKLOG_BYTES, &bytes, &err);
	if (rc == RC_OK)
		rc = take_all(action, blob_span(&bytes));
	if (rc != RC_OK && rc != RC_NOT_FOUND)
		log_event(LOG_ERROR, "backlog.lost", "action=%s why=\"%s\" text=\"%s\"", action->conf.name,
			rc_words(rc), err.text);
}
