/*
 * A thread that does one thing after the other with a key of the CA: jobs wait here, in order, and few of
 * them are given to the actor at once. What a job reads besides itself must not change while the worker
 * lives.
 */
#ifndef LIMEBUS_REVOCATION_CA_WORKER_H
#define LIMEBUS_REVOCATION_CA_WORKER_H

#include "lib/bus/actor.h"

#define CA_WORKER_WAITING_MAX 8192
#define CA_WORKER_GIVEN_MAX   4

struct ca_job {
	/* In the worker's thread. */
	void (*work)(void *mind, struct ca_job *job);
	/* In the loop's: the job is done and belongs to the receiver. */
	void (*done)(void *ctx, struct ca_job *job);
	/* In the loop's, when the worker ends first. */
	void (*drop)(struct ca_job *job);
	struct ca_job *next;
};

struct ca_worker {
	struct actor *actor;
	struct ca_job *first;
	struct ca_job **last;
	size_t waiting;
	size_t given;
	void *mind;
	void *ctx;
};

/* worker must stay where it is. ctx goes to `done`; mind is the thread's own from now on. Borrows. */
MUST_USE enum rc ca_worker_open(
	struct ca_worker *worker, struct loop *loop, void *mind, void *ctx, struct err *err);
void ca_worker_close(struct ca_worker *worker);

/* Takes the job, but not on an error: RC_LIMIT if too many wait. */
MUST_USE enum rc ca_worker_give(struct ca_worker *worker, struct ca_job *job);

#endif
