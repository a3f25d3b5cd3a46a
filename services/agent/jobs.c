#include "services/agent/jobs.h"

#include <assert.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "services/agent/paths.h"

struct jobs {
	enum job_kind kind;
	struct runner *runner;
	struct loop *loop;
	struct watch watch;
	char name[RUNNER_NAME_MAX + 1]; /* of the one that runs */
	uint64_t number;
	void (*done)(void *ctx, const struct runner_result *result);
	void *ctx;
};

static_assert(RUNNER_PATH_BYTES >= PATH_BYTES, "paths of the agent must fit into a plan");

/* ---- in the runner ---- */

/* The agent that gave up root wrote the script; root runs only what nobody else can change any more. No
 * component is followed out of the payload folder, or through a link. */
static enum rc take_over(const char *folder, const char *name, struct err *err)
{
	struct open_how how = {.flags = O_RDONLY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
	int dir;
	int fd;
	struct stat st;
	bool taken;

	if (geteuid() != 0)
		return RC_OK;
	dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (dir < 0)
		return err_errno(err, "%s", folder);
	fd = (int)syscall(SYS_openat2, dir, name, &how, sizeof how);
	close(dir);
	if (fd < 0)
		return err_errno(err, "%s/%s", folder, name);
	taken = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1 && fchown(fd, 0, 0) == 0 &&
	        fchmod(fd, 0700) == 0;
	close(fd);
	return taken ? RC_OK : err_set(err, RC_DENIED, "%s/%s: no plain file of its own", folder, name);
}

static enum rc prepare_script(const struct agent_config *config, const struct runner_job *job,
	struct runner_plan *plan, struct err *err)
{
	char number[24];

	if (!config->allow_start_scripts)
		return err_set(
			err, RC_DENIED, "start scripts are not allowed here: allow-start-scripts = no");
	if (!path_is_inside(span_text(job->name)))
		return err_set(err, RC_DENIED, "the start script's name leads out of the payload");
	snprintf(number, sizeof number, "%llu", (unsigned long long)job->number);
	TRY(path_in(config->payload, number, plan->folder, err));
	TRY(path_in(plan->folder, job->name, plan->path, err));
	TRY(take_over(plan->folder, job->name, err));
	TRY(runner_variable(plan, err, "LIMEBUS_PAYLOAD=%s", plan->folder));
	return runner_variable(plan, err, "LIMEBUS_NUMBER=%llu", (unsigned long long)job->number);
}

static enum rc prepare_action(const struct agent_config *config, const struct runner_job *job,
	struct runner_plan *plan, struct err *err)
{
	struct stat st;

	if (config->actions == NULL || !path_is_plain(span_text(job->name)))
		return err_set(err, RC_DENIED, "no such action");
	snprintf(plan->folder, sizeof plan->folder, "/");
	TRY(path_in(config->actions, job->name, plan->path, err));
	if (lstat(plan->path, &st) != 0)
		return err_errno(err, "%s", plan->path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, RC_DENIED, "%s: no plain file", plan->path);
	/* Nobody but root and us put it there. */
	plan->spec.safe_folders = true;
	TRY(runner_variable(plan, err, "LIMEBUS_NOTICE_SEQ=%llu", (unsigned long long)job->number));
	TRY(runner_variable(plan, err, "LIMEBUS_NOTICE_KIND=%s", job->word));
	return runner_variable(plan, err, "LIMEBUS_NOTICE_AGAIN=%d", job->again ? 1 : 0);
}

/* Nobody but root and us put it there. */
static enum rc prepare_hook(const struct agent_config *config, struct runner_plan *plan, struct err *err)
{
	if (config->certificate_hook == NULL || config->certificates == NULL)
		return err_set(err, RC_DENIED, "there is no certificate-hook");
	snprintf(plan->folder, sizeof plan->folder, "/");
	plan->spec.path = config->certificate_hook;
	plan->spec.safe_folders = true;
	return runner_variable(plan, err, "LIMEBUS_CERTIFICATES=%s", config->certificates);
}

static enum rc prepare(void *ctx, const struct runner_job *job, struct runner_plan *plan, struct err *err)
{
	const struct agent_config *config = ctx;

	plan->spec.path = plan->path;
	plan->spec.folder = plan->folder;
	switch ((enum job_kind)job->what) {
	case JOB_SCRIPT: return prepare_script(config, job, plan, err);
	case JOB_ACTION: return prepare_action(config, job, plan, err);
	case JOB_HOOK: return prepare_hook(config, plan, err);
	}
	return err_set(err, RC_DENIED, "no such kind of job");
}

/* ---- in the agent ---- */

static void on_line(void *ctx, uint64_t id, struct span text, uint64_t lost)
{
	static const char *const events[] = {
		[JOB_ACTION] = "action.output",
		[JOB_SCRIPT] = "script.output",
		[JOB_HOOK] = "certificate.output",
	};
	struct jobs *jobs = ctx;

	(void)id;
	log_event(LOG_INFO, events[jobs->kind], "number=%llu name=\"%s\" lost=%llu text=\"%.*s\"",
		(unsigned long long)jobs->number, jobs->name, (unsigned long long)lost, SPAN_FMT(text));
}

static void on_done(void *ctx, uint64_t id, const struct runner_result *result)
{
	struct jobs *jobs = ctx;
	void (*done)(void *ctx, const struct runner_result *result) = jobs->done;

	(void)id;
	jobs->done = NULL;
	if (done != NULL)
		done(jobs->ctx, result);
}

enum rc jobs_fork(const struct agent_config *config, enum job_kind kind, struct jobs **out, struct err *err)
{
	DROP(jobs_close) struct jobs *jobs = calloc(1, sizeof *jobs);
	struct runner_options options = {.title = "limebus-runner",
		.at_once = 1,
		.prepare = prepare,
		.prepare_ctx = (void *)config,
		.line = on_line,
		.done = on_done,
		.ctx = jobs};

	if (jobs == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	jobs->kind = kind;
	TRY(runner_fork(&options, &jobs->runner, err));
	*out = TAKE(jobs);
	return RC_OK;
}

static void on_readable(void *ctx, unsigned what)
{
	struct jobs *jobs = ctx;

	(void)what;
	if (runner_step(jobs->runner) != RC_OK)
		loop_unwatch(jobs->loop, &jobs->watch);
}

enum rc jobs_attach(struct jobs *jobs, struct loop *loop, struct err *err)
{
	jobs->loop = loop;
	if (loop_watch(loop, &jobs->watch, runner_fd(jobs->runner), WATCH_READ, on_readable, jobs) != RC_OK)
		return err_set(err, RC_IO, "the kernel refuses to wait for the runner");
	return RC_OK;
}

void jobs_close(struct jobs **jobs)
{
	struct jobs *j = *jobs;

	if (j == NULL)
		return;
	if (j->loop != NULL)
		loop_unwatch(j->loop, &j->watch);
	runner_close(&j->runner);
	free(j);
	*jobs = NULL;
}

enum rc jobs_start(struct jobs *jobs, const struct job *job,
	void (*done)(void *ctx, const struct runner_result *result), void *ctx)
{
	struct runner_job what = {.what = jobs->kind,
		.name = job->name,
		.number = job->number,
		.word = job->notice,
		.again = job->again,
		.input = job->input,
		.timeout_ms = job->timeout_ms};
	uint64_t id;

	if (jobs->done != NULL)
		return RC_EXISTS;
	if (!jobs->watch.added)
		return RC_IO;
	TRY(runner_start(jobs->runner, &what, &id));
	snprintf(jobs->name, sizeof jobs->name, "%s", job->name);
	jobs->number = job->number;
	jobs->done = done;
	jobs->ctx = ctx;
	return RC_OK;
}
