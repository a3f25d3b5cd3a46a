#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "services/actions/inner.h"

#define SETTLE_MS 200 /* an editor writes in several steps */

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

enum rc folder_names(const char *folder, struct folder_names *out, struct err *err)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	enum rc rc = RC_OK;

	out->count = 0;
	if (dir == NULL)
		return err_errno(err, "%s", folder);
	while (rc == RC_OK && (entry = readdir(dir)) != NULL) {
		char name[CONF_NAME_MAX + 1];

		if (!conf_name_of(entry->d_name, name))
			continue;
		if (out->count == CONF_ACTIONS_MAX)
			rc = err_set(err, RC_LIMIT, "%s: more than %d actions", folder, CONF_ACTIONS_MAX);
		else
			memcpy(out->at[out->count++], name, sizeof name);
	}
	closedir(dir);
	qsort(out->at, out->count, sizeof out->at[0], by_name);
	return rc;
}

static struct action *slot_of(struct host *host, const char *name)
{
	struct action *free_slot = NULL;

	for (size_t i = 0; i < CONF_ACTIONS_MAX; i++) {
		struct action *action = &host->actions[i];

		if (action->is_used && strcmp(action->conf.name, name) == 0)
			return action;
		if (!action->is_used && free_slot == NULL)
			free_slot = action;
	}
	return free_slot;
}

static void begin_action(struct host *host, struct action *action, struct conf *conf)
{
	*action = (struct action){.is_used = true, .conf = TAKE(*conf)};
	progress_of(host, action, host->given + 1);
	backlog_load(host, action);
}

/* One that is in force already keeps what it has to do. */
static enum rc load_one(struct host *host, const char *name, struct err *err)
{
	DROP(conf_release) struct conf conf = {0};
	struct action *action = slot_of(host, name);
	enum rc rc = conf_load(host->config->actions, name, &conf, err);

	if (action == NULL)
		return err_set(err, RC_LIMIT, "%s: more than %d actions", name, CONF_ACTIONS_MAX);
	if (rc != RC_OK) {
		if (action->is_used)
			snprintf(action->error, sizeof action->error, "%s", err->text);
		return rc;
	}
	if (!action->is_used) {
		begin_action(host, action, &conf);
	} else {
		conf_release(&action->conf);
		action->conf = TAKE(conf);
		action->error[0] = '\0';
	}
	log_event(LOG_INFO, "action.loaded", "action=%s %s=\"%s\" dry_run=%s waiting=%zu", name,
		action->conf.run != NULL ? "run" : "module",
		action->conf.run != NULL ? action->conf.run : action->conf.module,
		action->conf.dry_run || host->config->dry_run ? "yes" : "no", action->queue.count);
	return RC_OK;
}

static bool is_in(const struct folder_names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->at[i], name) == 0)
			return true;
	return false;
}

static void drop_missing(struct host *host, const struct folder_names *names)
{
	for (size_t i = 0; i < CONF_ACTIONS_MAX; i++) {
		struct action *action = &host->actions[i];

		if (!action->is_used || is_in(names, action->conf.name))
			continue;
		log_event(LOG_WARN, "action.removed", "action=%s waiting=%zu", action->conf.name,
			action->queue.count);
		work_drop(host, action);
	}
}

enum rc folder_load(struct host *host, bool strict, struct err *err)
{
	struct folder_names *names = calloc(1, sizeof *names);
	enum rc first = names == NULL ? err_set(err, RC_NOMEM, "out of memory")
	                              : folder_names(host->config->actions, names, err);

	if (first == RC_OK && names->count > host->config->at_once)
		first = err_set(err, RC_LIMIT, "%zu actions, but at-once is %llu", names->count,
			(unsigned long long)host->config->at_once);
	if (first == RC_OK)
		drop_missing(host, names);
	for (size_t i = 0; first == RC_OK && i < names->count; i++) {
		enum rc rc = load_one(host, names->at[i], err);

		if (rc == RC_OK)
			continue;
		if (strict)
			first = rc;
		else
			log_event(LOG_ERROR, "action.refused", "text=\"%s\"", err->text);
	}
	free(names);
	return first;
}

/* ---- when it changes ---- */

static void on_reload(void *ctx)
{
	struct host *host = ctx;
	struct err err = {0};

	if (folder_load(host, false, &err) != RC_OK)
		log_event(LOG_ERROR, "actions.unreadable", "text=\"%s\"", err.text);
	progress_changed(host);
	work_pump(host);
}

/* Only that something happened counts, not what. */
static void on_change(void *ctx, unsigned what)
{
	struct host *host = ctx;
	char events[4096];

	(void)what;
	while (read(host->changes, events, sizeof events) > 0)
		continue;
	while (read(host->signals, events, sizeof events) > 0)
		continue;
	if (loop_after(host->loop, &host->reload, SETTLE_MS, on_reload, host) != RC_OK)
		log_event(LOG_ERROR, "timer.failed", "out of memory");
}

enum rc folder_watch(struct host *host, struct err *err)
{
	sigset_t hup;

	sigemptyset(&hup);
	sigaddset(&hup, SIGHUP);
	host->signals =
		sigprocmask(SIG_BLOCK, &hup, NULL) == 0 ? signalfd(-1, &hup, SFD_CLOEXEC | SFD_NONBLOCK) : -1;
	host->changes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (host->signals < 0 || host->changes < 0 ||
		inotify_add_watch(host->changes, host->config->actions,
			IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB) < 0)
		return err_errno(err, "watching %s", host->config->actions);
	TRY(loop_watch(host->loop, &host->signals_watch, host->signals, WATCH_READ, on_change, host));
	return loop_watch(host->loop, &host->changes_watch, host->changes, WATCH_READ, on_change, host);
}
