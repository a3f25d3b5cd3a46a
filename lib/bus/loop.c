#include "lib/bus/loop.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <zmq.h>

#include "lib/base/drop.h"
#include "lib/bus/loop_socket.h"

#define EVENTS_A_TURN 64
#define WAIT_MAX_MS   60000u

struct hook {
	void (*run)(void *ctx);
	void *ctx;
};

struct loop {
	const struct clock *clock;
	struct timers timers;
	int epoll;
	bool stopped;

	/* Sockets whose state must be asked for, oldest first. */
	struct loop_socket *first;
	struct loop_socket **end;

	/* What epoll_wait returned; a watch that is removed meanwhile is blotted out. */
	struct epoll_event events[EVENTS_A_TURN];
	size_t event_count;

	struct hook hooks[LOOP_HOOKS_MAX];
	size_t hook_count;

	struct watch signals;

	/* How long handlers ran between two waits. */
	uint64_t woke_us; /* 0: not yet */
	uint64_t minute;
	uint64_t longest_us[2]; /* in this minute, in the one before */
};

enum rc loop_open(const struct clock *clock, struct loop **out, struct err *err)
{
	struct loop *loop = calloc(1, sizeof *loop);

	if (loop == NULL)
		return err_set(err, RC_NOMEM, "no memory for the event loop");
	loop->clock = clock;
	loop->end = &loop->first;
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll < 0) {
		free(loop);
		return err_errno(err, "event loop");
	}
	*out = loop;
	return RC_OK;
}

void loop_close(struct loop **loop)
{
	struct loop *self = *loop;

	if (self == NULL)
		return;
	if (self->signals.added) {
		loop_unwatch(self, &self->signals);
		close(self->signals.fd);
	}
	timers_release(&self->timers);
	close(self->epoll);
	free(self);
	*loop = NULL;
}

/* ---- signals ---- */

static void stopping_signals(sigset_t *out)
{
	sigemptyset(out);
	sigaddset(out, SIGTERM);
	sigaddset(out, SIGINT);
}

static void signal_arrived(void *ctx, unsigned what)
{
	struct loop *loop = ctx;
	struct signalfd_siginfo info;

	(void)what;
	if (read(loop->signals.fd, &info, sizeof info) == (ssize_t)sizeof info)
		loop_stop(loop);
}

enum rc loop_catch_signals(struct loop *loop, struct err *err)
{
	sigset_t set;
	int fd;

	stopping_signals(&set);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return err_errno(err, "signals");
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return err_errno(err, "signals");
	if (loop_watch(loop, &loop->signals, fd, WATCH_READ, signal_arrived, loop) != RC_OK) {
		close(fd);
		return err_set(err, RC_IO, "signals: the event loop refuses them");
	}
	return RC_OK;
}

void loop_restore_signals(void)
{
	sigset_t set;

	stopping_signals(&set);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	signal(SIGPIPE, SIG_DFL);
}

/* ---- descriptors ---- */

static struct epoll_event event_of(struct watch *watch)
{
	struct epoll_event event = {.data.ptr = watch};

	if (watch->interest & WATCH_READ)
		event.events |= EPOLLIN;
	if (watch->interest & WATCH_WRITE)
		event.events |= EPOLLOUT;
	return event;
}

enum rc loop_watch(struct loop *loop, struct watch *watch, int fd, unsigned interest,
	void (*ready)(void *ctx, unsigned what), void *ctx)
{
	struct watch new = {.fd = fd, .interest = interest, .added = true, .ready = ready, .ctx = ctx};
	struct epoll_event event = event_of(&new);

	event.data.ptr = watch;
	if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
		return errno == ENOMEM || errno == ENOSPC ? RC_NOMEM : RC_IO;
	*watch = new;
	return RC_OK;
}

enum rc loop_watch_for(struct loop *loop, struct watch *watch, unsigned interest)
{
	unsigned before = watch->interest;
	struct epoll_event event;

	if (interest == before)
		return RC_OK;
	watch->interest = interest;
	event = event_of(watch);
	if (epoll_ctl(loop->epoll, EPOLL_CTL_MOD, watch->fd, &event) == 0)
		return RC_OK;
	watch->interest = before;
	return RC_IO;
}

void loop_unwatch(struct loop *loop, struct watch *watch)
{
	if (!watch->added)
		return;
	/* It fails only if the owner closed the descriptor already, which removes it as well. */
	(void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
	watch->added = false;
	for (size_t i = 0; i < loop->event_count; i++)
		if (loop->events[i].data.ptr == watch)
			loop->events[i].data.ptr = NULL;
}

static void tell(struct watch *watch, uint32_t events)
{
	unsigned what = 0;

	if (events & (EPOLLERR | EPOLLHUP))
		what = WATCH_READ | WATCH_WRITE;
	if (events & EPOLLIN)
		what |= WATCH_READ;
	if (events & EPOLLOUT)
		what |= WATCH_WRITE;
	/* Only what was asked for, unless something is wrong and nothing was. */
	if (watch->interest != 0)
		what &= watch->interest;
	if (what != 0)
		watch->ready(watch->ctx, what);
}

/* ---- sockets ---- */

static void socket_stirred(void *ctx, unsigned what)
{
	(void)what;
	loop_socket_touch(ctx);
}

enum rc loop_socket_add(struct loop *loop, struct loop_socket *socket, void *zmq, void (*readable)(void *ctx),
	void *ctx, struct err *err)
{
	int fd = -1;
	size_t len = sizeof fd;

	*socket = (struct loop_socket){.zmq = zmq, .loop = loop, .readable = readable, .ctx = ctx};
	if (zmq_getsockopt(zmq, ZMQ_FD, &fd, &len) != 0)
		return err_set(err, RC_IO, "event loop: %s", zmq_strerror(zmq_errno()));
	if (loop_watch(loop, &socket->watch, fd, WATCH_READ, socket_stirred, socket) != RC_OK)
		return err_errno(err, "event loop");
	loop_socket_touch(socket);
	return RC_OK;
}

void loop_socket_touch(struct loop_socket *socket)
{
	struct loop *loop = socket->loop;

	if (socket->listed || loop == NULL)
		return;
	socket->listed = true;
	socket->next = NULL;
	*loop->end = socket;
	loop->end = &socket->next;
}

void loop_socket_remove(struct loop_socket *socket)
{
	struct loop *loop = socket->loop;

	if (loop == NULL)
		return;
	loop_unwatch(loop, &socket->watch);
	if (socket->listed) {
		struct loop_socket **at = &loop->first;

		while (*at != socket)
			at = &(*at)->next;
		*at = socket->next;
		if (loop->end == &socket->next)
			loop->end = at;
	}
	*socket = (struct loop_socket){0};
}

/* Asking also makes libzmq process what other threads told it. */
static bool has_message(const struct loop_socket *socket)
{
	int events = 0;
	size_t len = sizeof events;

	return zmq_getsockopt(socket->zmq, ZMQ_EVENTS, &events, &len) == 0 && (events & ZMQ_POLLIN) != 0;
}

/* Each socket that was listed when we began gets one turn; those that still have messages are listed again.
 */
static void serve_sockets(struct loop *loop)
{
	struct loop_socket mark = {.listed = true};

	*loop->end = &mark;
	loop->end = &mark.next;
	while (loop->first != &mark) {
		struct loop_socket *socket = loop->first;

		loop->first = socket->next;
		socket->listed = false;
		if (!has_message(socket) || socket->readable == NULL)
			continue;
		loop_socket_touch(socket);
		socket->readable(socket->ctx);
	}
	loop->first = mark.next;
	if (loop->end == &mark.next)
		loop->end = &loop->first;
}

/* ---- the turn ---- */

enum rc loop_before_sleep(struct loop *loop, void (*hook)(void *ctx), void *ctx)
{
	if (loop->hook_count == LOOP_HOOKS_MAX)
		return RC_LIMIT;
	loop->hooks[loop->hook_count++] = (struct hook){hook, ctx};
	return RC_OK;
}

static void run_hooks(struct loop *loop)
{
	for (size_t i = 0; i < loop->hook_count; i++)
		loop->hooks[i].run(loop->hooks[i].ctx);
}

static int wait_ms(const struct loop *loop, uint64_t limit_ms)
{
	uint64_t wait_us = timers_wait_us(&loop->timers, clock_mono_us(loop->clock));
	/* Rounded up: waking a little too early would only spin. */
	uint64_t wait = wait_us == UINT64_MAX ? WAIT_MAX_MS : wait_us / 1000 + (wait_us % 1000 != 0);

	if (loop->first != NULL || loop->stopped)
		return 0;
	if (wait > limit_ms)
		wait = limit_ms;
	return (int)(wait < WAIT_MAX_MS ? wait : WAIT_MAX_MS);
}

static void note_turn(struct loop *loop, uint64_t now_us)
{
	uint64_t minute = now_us / 60000000;
	uint64_t took = loop->woke_us == 0 || now_us < loop->woke_us ? 0 : now_us - loop->woke_us;

	if (minute != loop->minute) {
		loop->longest_us[1] = minute == loop->minute + 1 ? loop->longest_us[0] : 0;
		loop->longest_us[0] = 0;
		loop->minute = minute;
	}
	if (took > loop->longest_us[0])
		loop->longest_us[0] = took;
}

uint64_t loop_longest_turn_us(const struct loop *loop)
{
	return loop->longest_us[0] > loop->longest_us[1] ? loop->longest_us[0] : loop->longest_us[1];
}

enum rc loop_turn(struct loop *loop, uint64_t limit_ms, struct err *err)
{
	int count;

	if (loop->stopped)
		return RC_STALE;
	timers_fire(&loop->timers, clock_mono_us(loop->clock));
	serve_sockets(loop);
	run_hooks(loop);

	note_turn(loop, clock_mono_us(loop->clock));
	count = epoll_wait(loop->epoll, loop->events, EVENTS_A_TURN, wait_ms(loop, limit_ms));
	loop->woke_us = clock_mono_us(loop->clock);
	if (count < 0 && errno != EINTR)
		return err_errno(err, "event loop");
	loop->event_count = count < 0 ? 0 : (size_t)count;
	for (size_t i = 0; i < loop->event_count; i++)
		if (loop->events[i].data.ptr != NULL)
			tell(loop->events[i].data.ptr, loop->events[i].events);
	loop->event_count = 0;
	return RC_OK;
}

enum rc loop_run(struct loop *loop, struct err *err)
{
	while (!loop->stopped)
		TRY(loop_turn(loop, UINT64_MAX, err));
	run_hooks(loop);
	return RC_OK;
}

void loop_stop(struct loop *loop)
{
	loop->stopped = true;
}

bool loop_is_stopped(const struct loop *loop)
{
	return loop->stopped;
}

const struct clock *loop_clock(const struct loop *loop)
{
	return loop->clock;
}

enum rc loop_after(
	struct loop *loop, struct timer *timer, uint64_t after_ms, void (*fire)(void *ctx), void *ctx)
{
	uint64_t now_us = clock_mono_us(loop->clock);

	return timers_start(&loop->timers, timer, now_us + after_ms * 1000, 0, fire, ctx);
}

enum rc loop_every(
	struct loop *loop, struct timer *timer, uint64_t every_ms, void (*fire)(void *ctx), void *ctx)
{
	uint64_t every_us = (every_ms == 0 ? 1 : every_ms) * 1000;

	return timers_start(&loop->timers, timer, clock_mono_us(loop->clock) + every_us, every_us, fire, ctx);
}

void loop_cancel(struct loop *loop, struct timer *timer)
{
	timers_stop(&loop->timers, timer);
}
