/*
 * Timers in a binary heap: starting and stopping one costs log(n) steps and no allocation of its own, so ten
 * thousand of them are cheap. A timer is a member of whatever it belongs to; its owner stops it before its
 * memory goes.
 */
#ifndef LIMEBUS_BUS_TIMER_H
#define LIMEBUS_BUS_TIMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/rc.h"

/* {0} is a timer that does not run. Nobody but timer.c changes the members. It must not move while it runs.
 */
struct timer {
	size_t place; /* 1 + index in the heap; 0: not running */
	uint64_t due_us;
	uint64_t every_us; /* 0: once */
	void (*fire)(void *ctx);
	void *ctx;
};

#define TIMERS_MAX (1u << 20)

/* {0} is an empty set. */
struct timers {
	struct timer **heap;
	size_t count;
	size_t room;
	uint64_t earliest_us; /* while timers_fire runs: nothing that is started now is due before */
};

/* Forget all timers (each is then not running) and free the set. */
void timers_release(struct timers *timers);

/* Let the timer fire at due_us and then, if every_us is not 0, again and again. A running timer is moved.
 * Stores ctx, borrowed. RC_LIMIT beyond TIMERS_MAX, RC_NOMEM: the timer is then not running. */
MUST_USE enum rc timers_start(struct timers *timers, struct timer *timer, uint64_t due_us, uint64_t every_us,
	void (*fire)(void *ctx), void *ctx);

/* The timer does not fire any more. Accepts one that is not running. */
void timers_stop(struct timers *timers, struct timer *timer);

/* Microseconds from now to the first timer: 0 if it is due already, UINT64_MAX if there is none. */
uint64_t timers_wait_us(const struct timers *timers, uint64_t now_us);

/* Fire every timer that was due at now_us, in order of time. A handler may start and stop any timer; one that
 * it starts for now_us or before waits for the next call, so a timer that restarts itself cannot keep us
 * here. A repeating timer that missed several turns fires once. Returns how many fired. */
size_t timers_fire(struct timers *timers, uint64_t now_us);

static inline bool timer_is_running(const struct timer *timer)
{
	return timer->place != 0;
}

#endif
