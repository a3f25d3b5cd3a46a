#include "services/actions/host.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/sandbox/sandbox.h"
#include "services/actions/inner.h"

static const struct roster *present_roster(void *ctx)
{
	const struct host *host = ctx;

	return host->roster;
}

static void on_runner(void *ctx, unsigned what)
{
	struct host *host = ctx;

	(void)what;
	if (runner_step(host->runner) == RC_OK)
		return;
	log_event(LOG_ERROR, "runner.ended", "text=\"without it nothing can be run\"");
	host->has_runner = false;
	loop_unwatch(host->loop, &host->runner_watch);
	loop_stop(host->loop);
}

static void on_second(void *ctx)
{
	struct host *host = ctx;

	roster_file_look(host);
	progress_save(host);
	status_write(host);
}

/* ---- opening, in this order ---- */

static enum rc fork_runner(struct host *host, struct err *err)
{
	struct runner_options options = {.title = "limebus-runner",
		.at_once = (unsigned)host->config->at_once,
		.ends_strays = true,
		.prepare = run_prepare,
		.prepare_ctx = (void *)host->config,
		.line = work_line,
		.done = work_done,
		.ctx = host};

	TRY(run_find_myself(err));
	TRY(runner_fork(&options, &host->runner, err));
	host->has_runner = true;
	return RC_OK;
}

/* While we are still who we were started as: the runner will say the same. */
static enum rc check_actions(const struct actions_config *config, struct err *err)
{
	struct folder_names *names = calloc(1, sizeof *names);
	enum rc rc = names == NULL ? err_set(err, RC_NOMEM, "out of memory") : RC_OK;

	if (rc == RC_OK)
		rc = process_check_path(config->actions, err);
	if (rc == RC_OK)
		rc = folder_names(config->actions, names, err);
	for (size_t i = 0; rc == RC_OK && i < names->count; i++) {
		DROP(conf_release) struct conf conf = {0};

		rc = conf_load(config->actions, names->at[i], &conf, err);
		if (rc == RC_OK)
			rc = run_check(config, &conf, err);
	}
	free(names);
	return rc;
}

static enum rc enter_sandbox(const struct actions_config *config, struct err *err)
{
	const char *const writable[] = {config->state, NULL};
	struct sandbox needs = {
		.user = config->user, .network = true, .writable = writable, .lenient = config->no_seccomp};
	struct sandbox_report report = {0};

	TRY(sandbox_enter(&needs, &report, err));
	log_event(LOG_INFO, "sandbox.entered", "uid=%u gid=%u seccomp=%s landlock=%s", report.uid, report.gid,
		report.seccomp ? "yes" : "no", report.landlock ? "yes" : "no");
	return RC_OK;
}

/* One host a state folder, and nobody else looks into it. */
static enum rc lock_state(struct host *host, struct err *err)
{
	const char *folder = host->config->state;
	char path[PATH_BYTES];
	struct stat st;

	if (stat(folder, &st) != 0)
		return err_errno(err, "state folder %s", folder);
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077) != 0)
		return err_set(err, RC_DENIED,
			"state folder %s: expected a folder of uid %u with mode 0700, found uid %u and mode %04o",
			folder, (unsigned)geteuid(), (unsigned)st.st_uid, (unsigned)st.st_mode & 07777u);
	if (host->config->dry_run)
		return RC_OK;
	TRY(path_in(folder, "lock", path, err));
	host->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (host->lock < 0)
		return err_errno(err, "%s", path);
	if (flock(host->lock, LOCK_EX | LOCK_NB) != 0)
		return err_set(err, RC_EXISTS, "%s: another host uses this state folder", path);
	return RC_OK;
}

static enum rc open_follow(struct host *host, struct err *err)
{
	struct follow_options options = {.bus = host->bus,
		.pair = &host->curve,
		.folder = host->config->dry_run ? NULL : host->config->state,
		.start = host->config->start == 0 && !host->config->dry_run ? FOLLOW_ALL : FOLLOW_NEW,
		.profiles = true,
		.at_once = FOLLOW_WINDOW,
		.roster = present_roster,
		.give = work_give,
		.ctx = host};

	return follow_open(&options, &host->follow, err);
}

static enum rc begin_seconds(struct host *host, struct err *err)
{
	if (loop_every(host->loop, &host->second, 1000, on_second, host) != RC_OK)
		return err_set(err, RC_NOMEM, "out of memory");
	return RC_OK;
}

static enum rc open_inside(struct host *host, struct err *err)
{
	const struct actions_config *config = host->config;

	TRY(fork_runner(host, err));
	TRY(check_actions(config, err));
	TRY(roster_file_load(host, err));
	TRY(enter_sandbox(config, err));
	TRY(lock_state(host, err));
	TRY(loop_open(clock_system(), &host->loop, err));
	TRY(loop_catch_signals(host->loop, err));
	TRY(folder_watch(host, err));
	TRY(loop_watch(
		host->loop, &host->runner_watch, runner_fd(host->runner), WATCH_READ, on_runner, host));
	TRY(bus_open(host->loop, &(struct bus_options){.links_max = 4}, &host->bus, err));
	if (!config->dry_run)
		TRY(progress_load(host, err));
	TRY(folder_load(host, true, err));
	TRY(open_follow(host, err));
	progress_changed(host);
	work_pump(host);
	return begin_seconds(host, err);
}

enum rc host_open(const struct actions_config *config, struct host **out, struct err *err)
{
	DROP(host_close) struct host *host = calloc(1, sizeof *host);

	if (host == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	host->config = config;
	host->lock = host->signals = host->changes = -1;
	host->pending_end = &host->pending;
	log_open("limebus-actions", (enum log_level)config->log_level);
	TRY(open_inside(host, err));
	*out = TAKE(host);
	return RC_OK;
}

static void close_loop(struct host *host)
{
	struct timer *timers[] = {&host->reload, &host->wake, &host->flush, &host->save, &host->second};

	for (size_t i = 0; i < COUNT(timers); i++)
		loop_cancel(host->loop, timers[i]);
	loop_unwatch(host->loop, &host->runner_watch);
	loop_unwatch(host->loop, &host->signals_watch);
	loop_unwatch(host->loop, &host->changes_watch);
	loop_close(&host->loop);
}

static void close_descriptors(const struct host *host)
{
	const int descriptors[] = {host->lock, host->signals, host->changes};

	for (size_t i = 0; i < COUNT(descriptors); i++)
		if (descriptors[i] >= 0)
			close(descriptors[i]);
}

void host_close(struct host **host)
{
	struct host *h = *host;

	if (h == NULL)
		return;
	if (h->follow != NULL)
		progress_save(h);
	follow_close(&h->follow);
	runner_close(&h->runner);
	work_release(h);
	free(h->finished);
	if (h->bus != NULL)
		bus_close(&h->bus);
	if (h->loop != NULL)
		close_loop(h);
	roster_release(&h->roster);
	identity_release(&h->identity);
	curve_pair_release(&h->curve);
	close_descriptors(h);
	free(h);
	*host = NULL;
}

enum rc host_run(struct host *host, struct err *err)
{
	enum rc rc;

	log_event(LOG_INFO, "started", "roster=%llu actions=%s state=%s dry_run=%s",
		(unsigned long long)roster_number(host->roster), host->config->actions, host->config->state,
		host->config->dry_run ? "yes" : "no");
	rc = loop_run(host->loop, err);
	log_event(LOG_INFO, "stopped", "given=%llu", (unsigned long long)host->given);
	if (rc == RC_OK && !host->has_runner)
		rc = err_set(err, RC_IO, "the process that runs the programs has ended");
	return rc;
}
