/*
 * The reactor: one thread that waits for sockets, file descriptors, timers and signals, and calls their
 * handlers one after the other. No handler may block.
 *
 * It waits with epoll. Neither zmq_poll nor czmq's zloop is used: they look at every socket on every turn,
 * zloop keeps its timers in a sorted list and asserts when memory is short, and neither lets a test turn the
 * clock by hand. Each ZeroMQ socket is waited for by its descriptor (ZMQ_FD) and, as that one is
 * edge-triggered, asked for its state after everything that was done with it.
 *
 * A turn is: timers that are due, sockets that have messages (each handler takes a limited number, so that
 * none starves the others), the before-sleep hooks, the wait, descriptors that became ready.
 */
#ifndef LIMEBUS_BUS_LOOP_H
#define LIMEBUS_BUS_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/rc.h"
#include "lib/bus/timer.h"

struct loop;

/* Borrows the clock, which must outlive the loop; its mono_us drives the timers. */
MUST_USE enum rc loop_open(const struct clock *clock, struct loop **out, struct err *err);

/* Frees the loop and sets *loop to NULL. Sockets and watches must be gone; timers that still run are
 * forgotten. */
void loop_close(struct loop **loop);

/* SIGTERM and SIGINT stop the loop from now on, SIGPIPE is ignored. Call it before bus_open and before any
 * thread starts: the two are blocked in this thread and taken from a descriptor. A child that is started
 * later must unblock them (loop_restore_signals between fork and exec). */
MUST_USE enum rc loop_catch_signals(struct loop *loop, struct err *err);

/* Undo loop_catch_signals in a new child process. Safe between fork and exec. */
void loop_restore_signals(void);

/* Run until loop_stop or a signal. RC_IO if the system refuses to wait. */
MUST_USE enum rc loop_run(struct loop *loop, struct err *err);

/* One turn, waiting at most wait_ms: for tests and start-up sequences. RC_STALE once the loop was stopped. */
MUST_USE enum rc loop_turn(struct loop *loop, uint64_t wait_ms, struct err *err);

/* The longest time that handlers kept the loop from waiting, in this minute or the one before: so long
 * everybody else had to wait. */
uint64_t loop_longest_turn_us(const struct loop *loop);

/* loop_run returns after this turn. Callable from any handler. */
void loop_stop(struct loop *loop);
bool loop_is_stopped(const struct loop *loop);

const struct clock *loop_clock(const struct loop *loop);

/* Milliseconds from now; a repeating timer fires first after every_ms, which is at least 1. Timers as in
 * timer.h. */
MUST_USE enum rc loop_after(
	struct loop *loop, struct timer *timer, uint64_t after_ms, void (*fire)(void *ctx), void *ctx);
MUST_USE enum rc loop_every(
	struct loop *loop, struct timer *timer, uint64_t every_ms, void (*fire)(void *ctx), void *ctx);
void loop_cancel(struct loop *loop, struct timer *timer);

/* What a descriptor became. An error or a hang-up counts as both, so that the owner's next call finds it out.
 */
#define WATCH_READ  1u
#define WATCH_WRITE 2u

/* A descriptor that is waited for: hiredis, inotify, a TPM actor's pipe, a child's pidfd. {0} is none. A
 * member of its owner, who removes it before closing the descriptor and before its memory goes. */
struct watch {
	int fd;
	unsigned interest; /* WATCH_READ, WATCH_WRITE or both; 0: registered, but nothing is waited for */
	bool added;
	void (*ready)(void *ctx, unsigned what);
	void *ctx;
};

/* Wait for fd; ready may add, change and remove any watch, this one too. Borrows ctx. RC_IO if the kernel
 * refuses the fd. */
MUST_USE enum rc loop_watch(struct loop *loop, struct watch *watch, int fd, unsigned interest,
	void (*ready)(void *ctx, unsigned what), void *ctx);

/* Change what is waited for. Costs nothing if it is the same. */
MUST_USE enum rc loop_watch_for(struct loop *loop, struct watch *watch, unsigned interest);

/* Accepts a watch that was never added. */
void loop_unwatch(struct loop *loop, struct watch *watch);

/* Called once a turn, before the loop waits: the place to write in one go what the handlers of the turn
 * gathered. Hooks run in the order in which they were added, and may send and start timers. They run once
 * more when loop_run ends. */
#define LOOP_HOOKS_MAX 8
MUST_USE enum rc loop_before_sleep(struct loop *loop, void (*hook)(void *ctx), void *ctx);

#endif
