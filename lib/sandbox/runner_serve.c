/* The other side of runner.c: the process that runs the programs. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/sandbox/runner_inside.h"

#define STRAYS_MAX      256
#define STRAYS_AGAIN_MS 20
#define STRAYS_TURNS    50 /* at the end */

struct slot {
	uint64_t id; /* 0: free */
	struct process *process;
	bool is_done; /* only its result waits to be sent */
	struct runner_result result;
	uint64_t lost;
	uint64_t second; /* in which this many lines came */
	unsigned lines;
	size_t len;
	uint8_t text[RUNNER_LINE_MAX];
	int fd;
};

struct serving {
	int fd;
	const struct runner_options *options;
	bool has_strays;
	struct slot slots[RUNNER_AT_ONCE_MAX];
	struct runner_plan plan;
};

/* ---- what is told ---- */

static bool send_news(int fd, const struct runner_news *news)
{
	return send(fd, news, sizeof *news, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)sizeof *news;
}

static void keep_last(struct slot *slot)
{
	for (size_t i = 0; i < slot->len; i++)
		slot->result.last[i] =
			slot->text[i] >= 0x20 && slot->text[i] < 0x7f ? (char)slot->text[i] : '?';
	slot->result.last[slot->len] = '\0';
}

/* A service that does not listen just now misses lines, but holds nobody up. */
static void tell_line(struct slot *slot)
{
	struct runner_news news = {.kind = NEWS_LINE, .id = slot->id, .lost = slot->lost};
	uint64_t second = clock_mono_ms(clock_system()) / 1000;

	if (slot->len == 0 && slot->lost == 0)
		return;
	if (slot->len > 0)
		keep_last(slot);
	if (second != slot->second)
		slot->lines = 0;
	slot->second = second;
	memcpy(news.line.text, slot->text, slot->len);
	news.line.len = slot->len;
	if (slot->lines++ < RUNNER_LINES_SECOND && send_news(slot->fd, &news))
		slot->lost = 0;
	else if (slot->len > 0)
		slot->lost++;
	slot->len = 0;
}

static void on_output(void *ctx, struct span bytes)
{
	struct slot *slot = ctx;

	for (size_t i = 0; i < bytes.len; i++) {
		if (bytes.at[i] != '\n')
			slot->text[slot->len++] = bytes.at[i];
		if (slot->len > 0 && (bytes.at[i] == '\n' || slot->len == sizeof slot->text))
			tell_line(slot);
	}
}

static void tell_done(struct slot *slot)
{
	struct runner_news news = {.kind = NEWS_DONE, .id = slot->id, .result = slot->result};

	slot->is_done = true;
	if (send_news(slot->fd, &news))
		*slot = (struct slot){0};
}

static void finish(struct serving *serving, struct slot *slot)
{
	process_close(&slot->process);
	tell_line(slot);
	slot->lines = 0;
	tell_line(slot); /* how many were lost at the end */
	tell_done(slot);
	serving->has_strays = serving->options->ends_strays;
}

/* ---- what is run ---- */

static enum rc start(struct serving *serving, struct slot *slot, const struct runner_ask *ask,
	struct span input, struct err *err)
{
	struct runner_plan *plan = &serving->plan;
	struct runner_job job = {
		ask->what, ask->name, ask->number, ask->word, ask->again, input, ask->timeout_ms};

	memset(plan, 0, sizeof *plan);
	plan->spec.input = input;
	plan->spec.timeout_ms = ask->timeout_ms;
	TRY(serving->options->prepare(serving->options->prepare_ctx, &job, plan, err));
	plan->spec.output = on_output;
	plan->spec.ctx = slot;
	return process_start(&plan->spec, &slot->process, err);
}

static bool receive(int fd, void *bytes, size_t len)
{
	ssize_t n;

	do
		n = recv(fd, bytes, len, 0);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)len;
}

static bool receive_input(int fd, struct blob *input, size_t len)
{
	if (len > RUNNER_INPUT_MAX || blob_resize(input, len) != RC_OK)
		return false;
	for (size_t at = 0; at < len; at += ASK_PIECE_BYTES)
		if (!receive(fd, input->at + at, len - at < ASK_PIECE_BYTES ? len - at : ASK_PIECE_BYTES))
			return false;
	return true;
}

static struct slot *slot_of(struct serving *serving, uint64_t id)
{
	for (size_t i = 0; i < serving->options->at_once; i++)
		if (serving->slots[i].id == id)
			return &serving->slots[i];
	return NULL;
}

/* False: the service is gone. */
static bool on_ask(struct serving *serving)
{
	DROP(blob_release) struct blob input = {0};
	struct runner_ask ask;
	struct slot *slot;
	struct err err = {0};

	if (!receive(serving->fd, &ask, sizeof ask))
		return false;
	ask.name[sizeof ask.name - 1] = '\0';
	ask.word[sizeof ask.word - 1] = '\0';
	slot = slot_of(serving, ask.kind == ASK_START ? 0 : ask.id);
	if (ask.kind == ASK_END) {
		if (ask.id != 0 && slot != NULL && slot->process != NULL && process_id(slot->process) > 0)
			kill(-process_id(slot->process), SIGKILL);
		return true;
	}
	if (slot == NULL || ask.id == 0 || !receive_input(serving->fd, &input, ask.input_len))
		return false;
	*slot = (struct slot){.id = ask.id, .fd = serving->fd};
	slot->result.rc = start(serving, slot, &ask, blob_span(&input), &err);
	memcpy(slot->result.text, err.text, sizeof slot->result.text);
	if (slot->result.rc != RC_OK)
		finish(serving, slot);
	return true;
}

static void on_program(struct serving *serving, struct slot *slot)
{
	DROP(process_result_release) struct process_result ended = {0};
	struct err err = {0};
	bool is_done = false;

	slot->result.rc = process_step(slot->process, &is_done, &ended, &err);
	if (slot->result.rc == RC_OK && !is_done)
		return;
	memcpy(slot->result.text, err.text, sizeof slot->result.text);
	slot->result.status = ended.status;
	slot->result.signal = ended.signal;
	slot->result.timed_out = ended.timed_out;
	finish(serving, slot);
}

/* ---- what left its group ---- */

static bool belongs_to_a_job(const struct serving *serving, pid_t pid)
{
	pid_t group = getpgid(pid);

	for (size_t i = 0; i < serving->options->at_once; i++) {
		const struct process *process = serving->slots[i].process;

		if (process != NULL && (process_id(process) == pid || process_id(process) == group))
			return true;
	}
	return false;
}

/* We are the parent of all that have lost theirs. Who dies leaves his children to us: so it takes turns.
 * Returns whether there were any. */
static bool end_strays(const struct serving *serving)
{
	FILE *children = fopen("/proc/thread-self/children", "re");
	bool found = false;
	int pid;

	if (children == NULL)
		return false;
	for (unsigned i = 0; i < STRAYS_MAX && fscanf(children, "%d", &pid) == 1; i++) {
		if (belongs_to_a_job(serving, pid))
			continue;
		found = true;
		kill(pid, SIGKILL);
		waitpid(pid, NULL, WNOHANG);
	}
	fclose(children);
	return found;
}

static _Noreturn void end_all(struct serving *serving)
{
	for (size_t i = 0; i < serving->options->at_once; i++)
		process_close(&serving->slots[i].process);
	for (unsigned i = 0; i < STRAYS_TURNS && serving->options->ends_strays && end_strays(serving); i++)
		usleep(1000 * STRAYS_AGAIN_MS / 10);
	_exit(0);
}

/* ---- turns ---- */

static void on_slots(struct serving *serving, const struct pollfd *waits)
{
	for (size_t i = 0; i < serving->options->at_once; i++) {
		struct slot *slot = &serving->slots[i];

		if (slot->is_done)
			tell_done(slot);
		else if (slot->process != NULL && waits[i].revents != 0)
			on_program(serving, slot);
	}
}

/* A free slot, and one that only waits to be told, have no descriptor: poll passes over negative ones. */
static void turn(struct serving *serving)
{
	struct pollfd waits[1 + RUNNER_AT_ONCE_MAX] = {{serving->fd, POLLIN, 0}};
	size_t count = serving->options->at_once;

	for (size_t i = 0; i < count; i++) {
		struct slot *slot = &serving->slots[i];

		waits[1 + i].fd = slot->process == NULL ? -1 : process_fd(slot->process);
		waits[1 + i].events = POLLIN;
		if (slot->is_done)
			waits[0].events = POLLIN | POLLOUT;
	}
	if (poll(waits, 1 + count, serving->has_strays ? STRAYS_AGAIN_MS : -1) < 0) {
		if (errno != EINTR)
			end_all(serving);
		return;
	}
	on_slots(serving, waits + 1);
	if ((waits[0].revents & ~POLLOUT) != 0 && !on_ask(serving))
		end_all(serving);
	if (serving->has_strays)
		serving->has_strays = end_strays(serving);
}

_Noreturn void runner_serve(int fd, const struct runner_options *options)
{
	struct serving *serving = calloc(1, sizeof *serving);

	if (serving == NULL)
		_exit(1);
	serving->fd = fd;
	serving->options = options;
	prctl(PR_SET_NAME, options->title);
	if (options->ends_strays)
		prctl(PR_SET_CHILD_SUBREAPER, 1);
	/* It ends when the service does, and not before it. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	for (;;)
		turn(serving);
}
