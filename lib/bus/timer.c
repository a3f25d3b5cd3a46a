#include "lib/bus/timer.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/drop.h"

void timers_release(struct timers *timers)
{
	for (size_t i = 0; i < timers->count; i++)
		timers->heap[i]->place = 0;
	free(timers->heap);
	*timers = (struct timers){0};
}

static void put(struct timers *timers, size_t at, struct timer *timer)
{
	timers->heap[at] = timer;
	timer->place = at + 1;
}

static void sift_up(struct timers *timers, size_t at, struct timer *timer)
{
	while (at > 0) {
		size_t parent = (at - 1) / 2;

		if (timers->heap[parent]->due_us <= timer->due_us)
			break;
		put(timers, at, timers->heap[parent]);
		at = parent;
	}
	put(timers, at, timer);
}

static void sift_down(struct timers *timers, size_t at, struct timer *timer)
{
	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= timers->count)
			break;
		if (child + 1 < timers->count &&
			timers->heap[child + 1]->due_us < timers->heap[child]->due_us)
			child++;
		if (timer->due_us <= timers->heap[child]->due_us)
			break;
		put(timers, at, timers->heap[child]);
		at = child;
	}
	put(timers, at, timer);
}

static enum rc grow(struct timers *timers)
{
	size_t room = timers->room == 0 ? 64 : timers->room * 2;
	struct timer **heap;

	if (timers->count < timers->room)
		return RC_OK;
	if (room > TIMERS_MAX)
		return RC_LIMIT;
	heap = realloc(timers->heap, room * sizeof *heap);
	if (heap == NULL)
		return RC_NOMEM;
	timers->heap = heap;
	timers->room = room;
	return RC_OK;
}

enum rc timers_start(struct timers *timers, struct timer *timer, uint64_t due_us, uint64_t every_us,
	void (*fire)(void *ctx), void *ctx)
{
	timers_stop(timers, timer);
	TRY(grow(timers));
	if (due_us < timers->earliest_us)
		due_us = timers->earliest_us;
	*timer = (struct timer){.due_us = due_us, .every_us = every_us, .fire = fire, .ctx = ctx};
	sift_up(timers, timers->count++, timer);
	return RC_OK;
}

void timers_stop(struct timers *timers, struct timer *timer)
{
	struct timer *last;
	size_t at = timer->place - 1;

	if (timer->place == 0)
		return;
	timer->place = 0;
	last = timers->heap[--timers->count];
	if (last == timer)
		return;
	/* The last one takes the place that became free, and moves whichever way it must. */
	if (at > 0 && last->due_us < timers->heap[(at - 1) / 2]->due_us)
		sift_up(timers, at, last);
	else
		sift_down(timers, at, last);
}

uint64_t timers_wait_us(const struct timers *timers, uint64_t now_us)
{
	if (timers->count == 0)
		return UINT64_MAX;
	return timers->heap[0]->due_us <= now_us ? 0 : timers->heap[0]->due_us - now_us;
}

size_t timers_fire(struct timers *timers, uint64_t now_us)
{
	size_t fired = 0;

	timers->earliest_us = now_us + 1;
	while (timers->count > 0 && timers->heap[0]->due_us <= now_us) {
		struct timer *timer = timers->heap[0];
		void (*fire)(void *ctx) = timer->fire;
		void *ctx = timer->ctx;

		timers_stop(timers, timer);
		if (timer->every_us != 0) {
			/* It fits: its place has just become free. Turns that were missed are skipped. */
			timer->due_us += timer->every_us * ((now_us - timer->due_us) / timer->every_us + 1);
			sift_up(timers, timers->count++, timer);
		}
		fire(ctx);
		fired++;
	}
	timers->earliest_us = 0;
	return fired;
}
