/*
 * A second thread that owns something slow, reached by messages only: jobs go in and come back worked, both
 * as pointers through pipes, so that each job belongs to one thread at a time and nothing is shared or
 * locked. It starts and stops by handshake.
 */
#ifndef LIMEBUS_BUS_ACTOR_H
#define LIMEBUS_BUS_ACTOR_H

#include "lib/base/err.h"
#include "lib/bus/loop.h"

struct actor;

/* Jobs that may be under way at once: fewer pointers than a pipe holds, so no write ever waits. */
#define ACTOR_JOBS_MAX 64

struct actor_options {
	/* In the actor's thread: do the job. What it needs beside the job lies at `mind`, which nobody else
	 * touches while the actor runs. */
	void (*work)(void *mind, void *job);
	void *mind;
	/* In the loop's thread: the job is done and belongs to the receiver. */
	void (*done)(void *ctx, void *job);
	/* In the loop's thread, from actor_close only: a job whose result nobody waits for any more. */
	void (*drop)(void *ctx, void *job);
	void *ctx;
};

/* Returns when the thread runs. Signals are blocked in it. Borrows the loop. */
MUST_USE enum rc actor_open(
	struct loop *loop, const struct actor_options *options, struct actor **out, struct err *err);

/* Waits for the job that is being done; the ones behind it are dropped undone. Accepts NULL inside. */
void actor_close(struct actor **actor);

/* Jobs are done in the order in which they are given. The actor takes the job, but not on an error: RC_LIMIT
 * if ACTOR_JOBS_MAX are under way. */
MUST_USE enum rc actor_give(struct actor *actor, void *job);

#endif
