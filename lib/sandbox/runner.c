#include "lib/sandbox/runner.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/sandbox/runner_inside.h"

struct runner {
	struct runner_options options;
	int fd;
	uint64_t last_id;
	unsigned running;
	uint64_t ids[RUNNER_AT_ONCE_MAX]; /* of the running ones; 0: free */
};

enum rc runner_variable(struct runner_plan *plan, struct err *err, const char *format, ...)
{
	va_list args;
	size_t n = 0;
	int len;

	while (n < RUNNER_VARIABLES_MAX && plan->environment[n] != NULL)
		n++;
	if (n == RUNNER_VARIABLES_MAX)
		return err_set(err, RC_LIMIT, "more than %d variables", RUNNER_VARIABLES_MAX);
	va_start(args, format);
	len = vsnprintf(plan->variables[n], sizeof plan->variables[n], format, args);
	va_end(args);
	if (len < 0 || (size_t)len >= sizeof plan->variables[n])
		return err_set(err, RC_LIMIT, "a variable of the environment is too long");
	plan->environment[n] = plan->variables[n];
	plan->spec.environment = plan->environment;
	return RC_OK;
}

enum rc runner_fork(const struct runner_options *options, struct runner **out, struct err *err)
{
	DROP(runner_close) struct runner *runner = calloc(1, sizeof *runner);
	int pair[2];
	pid_t pid;

	if (runner == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	runner->fd = -1;
	runner->options = *options;
	if (options->at_once == 0 || options->at_once > RUNNER_AT_ONCE_MAX)
		return err_set(err, RC_LIMIT, "a runner of 1 to %d programs at once", RUNNER_AT_ONCE_MAX);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return err_errno(err, "a socket to the runner");
	runner->fd = pair[0];
	pid = fork();
	if (pid == 0) {
		/* Our end must be open in the service only, wherever it lies; so must another runner's. */
		close(pair[0]);
		if (pair[1] > 3)
			close_range(3, (unsigned)pair[1] - 1, 0);
		close_range((unsigned)pair[1] + 1, ~0u, 0);
		runner_serve(pair[1], options);
	}
	close(pair[1]);
	if (pid < 0)
		return err_errno(err, "fork of the runner");
	*out = TAKE(runner);
	return RC_OK;
}

void runner_set_ctx(struct runner *runner, void *ctx)
{
	runner->options.ctx = ctx;
}

int runner_fd(const struct runner *runner)
{
	return runner->fd;
}

unsigned runner_running(const struct runner *runner)
{
	return runner->running;
}

/* False: there is no such job. */
static bool forget(struct runner *runner, uint64_t id)
{
	for (size_t i = 0; i < runner->options.at_once; i++) {
		if (runner->ids[i] != id)
			continue;
		runner->ids[i] = 0;
		runner->running--;
		return true;
	}
	return false;
}

static void tell(struct runner *runner, uint64_t id, const struct runner_result *result)
{
	if (id != 0 && forget(runner, id) && runner->options.done != NULL)
		runner->options.done(runner->options.ctx, id, result);
}

static void take(struct runner *runner, const struct runner_news *news)
{
	if (news->kind == NEWS_DONE)
		tell(runner, news->id, &news->result);
	else if (runner->options.line != NULL)
		runner->options.line(
			runner->options.ctx, news->id, span_of(news->line.text, news->line.len), news->lost);
}

static enum rc is_gone(struct runner *runner)
{
	struct runner_result result = {.rc = RC_IO, .text = "the runner has ended"};

	shutdown(runner->fd, SHUT_RDWR);
	for (size_t i = 0; i < runner->options.at_once; i++)
		tell(runner, runner->ids[i], &result);
	return RC_IO;
}

enum rc runner_step(struct runner *runner)
{
	for (unsigned i = 0; i < NEWS_AT_ONCE; i++) {
		struct runner_news news;
		ssize_t n = recv(runner->fd, &news, sizeof news, MSG_DONTWAIT);

		if (n < 0 && errno == EAGAIN)
			return RC_OK;
		if (n < 0 && errno == EINTR)
			continue;
		/* It is what we forked: another length is its end, too. */
		if (n != (ssize_t)sizeof news ||
			(news.kind == NEWS_LINE && news.line.len > sizeof news.line.text))
			return is_gone(runner);
		take(runner, &news);
	}
	return RC_OK;
}

static bool send_packet(int fd, const void *bytes, size_t len)
{
	ssize_t n;

	do
		n = send(fd, bytes, len, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)len;
}

static bool send_job(int fd, const struct runner_ask *ask, struct span input)
{
	if (!send_packet(fd, ask, sizeof *ask))
		return false;
	while (input.len > 0) {
		size_t len = input.len < ASK_PIECE_BYTES ? input.len : ASK_PIECE_BYTES;

		if (!send_packet(fd, input.at, len))
			return false;
		input = span_of(input.at + len, input.len - len);
	}
	return true;
}

enum rc runner_start(struct runner *runner, const struct runner_job *job, uint64_t *out_id)
{
	struct runner_ask ask = {.kind = ASK_START,
		.id = runner->last_id + 1,
		.what = job->what,
		.number = job->number,
		.again = job->again,
		.timeout_ms = job->timeout_ms,
		.input_len = job->input.len};
	const char *word = job->word == NULL ? "" : job->word;

	if (runner->running == runner->options.at_once || strlen(job->name) > RUNNER_NAME_MAX ||
		strlen(word) > RUNNER_WORD_MAX || job->input.len > RUNNER_INPUT_MAX)
		return RC_LIMIT;
	snprintf(ask.name, sizeof ask.name, "%s", job->name);
	snprintf(ask.word, sizeof ask.word, "%s", word);
	/* It waits for nothing but this. */
	if (!send_job(runner->fd, &ask, job->input))
		return RC_IO;
	for (size_t i = 0; i < runner->options.at_once; i++) {
		if (runner->ids[i] != 0)
			continue;
		runner->ids[i] = ask.id;
		break;
	}
	runner->running++;
	runner->last_id = ask.id;
	*out_id = ask.id;
	return RC_OK;
}

void runner_end(struct runner *runner, uint64_t id)
{
	struct runner_ask ask = {.kind = ASK_END, .id = id};

	if (!send_packet(runner->fd, &ask, sizeof ask))
		shutdown(runner->fd, SHUT_RDWR); /* runner_step finds out that it has ended */
}

void runner_close(struct runner **runner)
{
	struct runner *r = *runner;

	if (r == NULL)
		return;
	if (r->fd >= 0)
		close(r->fd);
	/* It ends by itself when the socket does; in the sandbox nobody waits for children. */
	free(r);
	*runner = NULL;
}
