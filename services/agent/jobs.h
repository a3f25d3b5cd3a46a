/*
 * Actions, start scripts and the hook of certificates, run with the rights that the agent was started with,
 * while the agent itself has given them up: a runner (lib/sandbox/runner.h) that takes no path from the
 * agent, only a name below the two folders of the configuration (none for the hook, which the configuration
 * names), and refuses start scripts unless the configuration allows them. One at a time.
 */
#ifndef LIMEBUS_AGENT_JOBS_H
#define LIMEBUS_AGENT_JOBS_H

#include "lib/bus/loop.h"
#include "lib/sandbox/runner.h"
#include "services/agent/options.h"

enum job_kind { JOB_ACTION, JOB_SCRIPT, JOB_HOOK };

struct job {
	const char *name;   /* of the action; path of the script inside the payload; "hook" */
	uint64_t number;    /* sequence number of the notice; number of the payload */
	const char *notice; /* its kind; of actions only */
	bool again;         /* it may have been told before; of actions only */
	struct span input;  /* standard input */
	uint64_t timeout_ms;
};

struct jobs;

/* Fork. The configuration is the child's from now on. */
MUST_USE enum rc jobs_fork(
	const struct agent_config *config, enum job_kind kind, struct jobs **out, struct err *err);

/* Results come to the loop. */
MUST_USE enum rc jobs_attach(struct jobs *jobs, struct loop *loop, struct err *err);

/* Accepts NULL inside. What still runs is killed. */
void jobs_close(struct jobs **jobs);

/* RC_EXISTS: it is busy. RC_IO: it is gone. done comes later, once. */
MUST_USE enum rc jobs_start(struct jobs *jobs, const struct job *job,
	void (*done)(void *ctx, const struct runner_result *result), void *ctx);

#endif
