#include "services/agent/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/sandbox/process.h"
#include "services/agent/paths.h"

/* Both ends are the same program: the struct as it lies in memory. */
struct request {
	enum runner_kind kind;
	bool again;
	uint64_t number;
	uint64_t timeout_ms;
	size_t input_len;
	char name[RUNNER_NAME_MAX + 1];
	char notice[33];
};

struct runner {
	int fd;
	pid_t pid;
	struct loop *loop;
	struct watch watch;
	void (*done)(void *ctx, const struct runner_result *result);
	void *ctx;
	size_t got;
	struct runner_result result;
};

static bool send_all(int fd, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;

	while (len > 0) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

static bool receive_all(int fd, void *bytes, size_t len)
{
	uint8_t *at = bytes;

	while (len > 0) {
		ssize_t n = recv(fd, at, len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

/* ---- the child ---- */

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

static enum rc script_path(const struct agent_config *config, const struct request *request,
	char folder[static PATH_BYTES], char path[static PATH_BYTES], struct err *err)
{
	char number[24];

	if (!config->allow_start_scripts)
		return err_set(
			err, RC_DENIED, "start scripts are not allowed here: allow-start-scripts = no");
	if (!path_is_inside(span_text(request->name)))
		return err_set(err, RC_DENIED, "the start script's name leads out of the payload");
	snprintf(number, sizeof number, "%llu", (unsigned long long)request->number);
	TRY(path_in(config->payload, number, folder, err));
	TRY(path_in(folder, request->name, path, err));
	return take_over(folder, request->name, err);
}

static enum rc action_path(const struct agent_config *config, const struct request *request,
	char folder[static PATH_BYTES], char path[static PATH_BYTES], struct err *err)
{
	struct stat st;

	if (config->actions == NULL || !path_is_plain(span_text(request->name)))
		return err_set(err, RC_DENIED, "no such action");
	snprintf(folder, PATH_BYTES, "/");
	TRY(path_in(config->actions, request->name, path, err));
	if (lstat(path, &st) != 0)
		return err_errno(err, "%s", path);
	return S_ISREG(st.st_mode) ? RC_OK : err_set(err, RC_DENIED, "%s: no plain file", path);
}

static enum rc start(const struct agent_config *config, const struct request *request, struct span input,
	struct process **out, struct err *err)
{
	char folder[PATH_BYTES];
	char path[PATH_BYTES];
	char variables[3][PATH_BYTES + 32];
	const char *environment[4] = {variables[0], variables[1], variables[2], NULL};
	struct process_spec spec = {.path = path,
		.environment = environment,
		.folder = folder,
		.input = input,
		.timeout_ms = request->timeout_ms};

	if (request->kind == RUNNER_SCRIPT) {
		TRY(script_path(config, request, folder, path, err));
		snprintf(variables[0], sizeof variables[0], "LIMEBUS_PAYLOAD=%s", folder);
		snprintf(variables[1], sizeof variables[1], "LIMEBUS_NUMBER=%llu",
			(unsigned long long)request->number);
		environment[2] = NULL;
	} else {
		TRY(action_path(config, request, folder, path, err));
		snprintf(variables[0], sizeof variables[0], "LIMEBUS_NOTICE_SEQ=%llu",
			(unsigned long long)request->number);
		snprintf(variables[1], sizeof variables[1], "LIMEBUS_NOTICE_KIND=%s", request->notice);
		snprintf(
			variables[2], sizeof variables[2], "LIMEBUS_NOTICE_AGAIN=%d", request->again ? 1 : 0);
	}
	return process_start(&spec, out, err);
}

/* False: the agent is gone. */
static bool wait_for(
	int fd, struct process *process, struct process_result *result, enum rc *rc, struct err *err)
{
	bool is_done = false;

	while (!is_done) {
		struct pollfd waits[] = {{fd, POLLIN, 0}, {process_fd(process), POLLIN, 0}};

		if (poll(waits, COUNT(waits), -1) < 0 && errno != EINTR)
			return false;
		/* It says nothing while we work: so this is its end. */
		if (waits[0].revents != 0)
			return false;
		*rc = process_step(process, &is_done, result, err);
		if (*rc != RC_OK)
			return true;
	}
	return true;
}

static bool do_one(
	int fd, const struct agent_config *config, const struct request *request, struct span input)
{
	DROP(process_close) struct process *process = NULL;
	DROP(process_result_release) struct process_result ended = {0};
	struct runner_result result = {0};
	struct err err = {0};

	result.rc = start(config, request, input, &process, &err);
	if (result.rc == RC_OK && !wait_for(fd, process, &ended, &result.rc, &err))
		return false;
	result.status = ended.status;
	result.signal = ended.signal;
	result.timed_out = ended.timed_out;
	result.output_len = ended.output.len < sizeof result.output ? ended.output.len : sizeof result.output;
	if (result.output_len > 0)
		memcpy(result.output, ended.output.at, result.output_len);
	memcpy(result.text, err.text, sizeof result.text);
	return send_all(fd, &result, sizeof result);
}

static _Noreturn void serve(int fd, const struct agent_config *config)
{
	prctl(PR_SET_NAME, "limebus-runner");
	signal(SIGINT, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	for (;;) {
		DROP(blob_release) struct blob input = {0};
		struct request request;

		if (!receive_all(fd, &request, sizeof request) || request.input_len > RUNNER_INPUT_MAX ||
			blob_resize(&input, request.input_len) != RC_OK ||
			!receive_all(fd, input.at, input.len))
			_exit(0);
		request.name[sizeof request.name - 1] = '\0';
		request.notice[sizeof request.notice - 1] = '\0';
		if (!do_one(fd, config, &request, blob_span(&input)))
			_exit(0);
	}
}

/* ---- the agent ---- */

enum rc runner_fork(const struct agent_config *config, struct runner **out, struct err *err)
{
	DROP(runner_close) struct runner *runner = calloc(1, sizeof *runner);
	int pair[2];

	if (runner == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	runner->fd = -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return err_errno(err, "a socket to the runner");
	runner->fd = pair[0];
	runner->pid = fork();
	if (runner->pid == 0) {
		/* Our end must be open in the agent only, wherever it lies; so must the other runner's. */
		close(pair[0]);
		if (pair[1] > 3)
			close_range(3, (unsigned)pair[1] - 1, 0);
		close_range((unsigned)pair[1] + 1, ~0u, 0);
		serve(pair[1], config);
	}
	close(pair[1]);
	if (runner->pid < 0)
		return err_errno(err, "fork of the runner");
	*out = TAKE(runner);
	return RC_OK;
}

static void on_readable(void *ctx, unsigned what)
{
	struct runner *runner = ctx;
	uint8_t *at = (uint8_t *)&runner->result + runner->got;
	ssize_t n = recv(runner->fd, at, sizeof runner->result - runner->got, MSG_DONTWAIT);
	void (*done)(void *ctx, const struct runner_result *result) = runner->done;

	(void)what;
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		loop_unwatch(runner->loop, &runner->watch);
		runner->result = (struct runner_result){.rc = RC_IO, .text = "the runner has ended"};
	} else {
		runner->got += (size_t)n;
		if (runner->got < sizeof runner->result)
			return;
	}
	runner->got = 0;
	runner->done = NULL;
	if (done != NULL)
		done(runner->ctx, &runner->result);
}

enum rc runner_attach(struct runner *runner, struct loop *loop, struct err *err)
{
	runner->loop = loop;
	if (loop_watch(loop, &runner->watch, runner->fd, WATCH_READ, on_readable, runner) != RC_OK)
		return err_set(err, RC_IO, "the kernel refuses to wait for the runner");
	return RC_OK;
}

void runner_close(struct runner **runner)
{
	struct runner *r = *runner;

	if (r == NULL)
		return;
	if (r->loop != NULL)
		loop_unwatch(r->loop, &r->watch);
	if (r->fd >= 0)
		close(r->fd);
	/* It ends by itself when the socket does; in the sandbox nobody waits for children. */
	free(r);
	*runner = NULL;
}

enum rc runner_start(struct runner *runner, const struct runner_job *job,
	void (*done)(void *ctx, const struct runner_result *result), void *ctx)
{
	struct request request = {.kind = job->kind,
		.again = job->again,
		.number = job->number,
		.timeout_ms = job->timeout_ms,
		.input_len = job->input.len};

	if (runner->done != NULL)
		return RC_EXISTS;
	if (strlen(job->name) > RUNNER_NAME_MAX || job->input.len > RUNNER_INPUT_MAX)
		return RC_LIMIT;
	snprintf(request.name, sizeof request.name, "%s", job->name);
	snprintf(request.notice, sizeof request.notice, "%s", job->notice == NULL ? "" : job->notice);
	/* It waits for nothing but this. */
	if (!runner->watch.added || !send_all(runner->fd, &request, sizeof request) ||
		!send_all(runner->fd, job->input.at, job->input.len))
		return RC_IO;
	runner->done = done;
	runner->ctx = ctx;
	return RC_OK;
}
