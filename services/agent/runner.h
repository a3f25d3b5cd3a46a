/*
 * Runs actions and start scripts with the rights that the agent was started with, while the agent itself has
 * given them up: a child process, forked before anything else, that does one job at a time. It takes no path
 * from the agent, only a name below the two folders of the configuration, and refuses start scripts unless
 * the configuration allows them. It ends, with what it runs, when the agent ends.
 */
#ifndef LIMEBUS_AGENT_RUNNER_H
#define LIMEBUS_AGENT_RUNNER_H

#include "lib/base/blob.h"
#include "lib/base/err.h"
#include "lib/bus/loop.h"
#include "services/agent/options.h"

#define RUNNER_NAME_MAX   256
#define RUNNER_INPUT_MAX  (1u << 20)
#define RUNNER_OUTPUT_MAX 1024

enum runner_kind { RUNNER_ACTION, RUNNER_SCRIPT };

struct runner_job {
	enum runner_kind kind;
	const char *name;   /* of the action; path of the script inside the payload */
	uint64_t number;    /* sequence number of the notice; number of the payload */
	const char *notice; /* its kind; of actions only */
	bool again;         /* it may have been told before; of actions only */
	struct span input;  /* standard input */
	uint64_t timeout_ms;
};

/* rc is not RC_OK: it could not be run, and text says why. */
struct runner_result {
	enum rc rc;
	int status; /* exit status; -1: ended by a signal */
	int signal;
	bool timed_out;
	size_t output_len;
	char text[ERR_TEXT_BYTES];
	char output[RUNNER_OUTPUT_MAX]; /* how it began; not trusted */
};

struct runner;

/* Fork. The configuration is the child's from now on. */
MUST_USE enum rc runner_fork(const struct agent_config *config, struct runner **out, struct err *err);

/* Results come to the loop. */
MUST_USE enum rc runner_attach(struct runner *runner, struct loop *loop, struct err *err);

/* Accepts NULL inside. What still runs is killed. */
void runner_close(struct runner **runner);

/* RC_EXISTS: it is busy. RC_IO: it is gone. done comes later, once. */
MUST_USE enum rc runner_start(struct runner *runner, const struct runner_job *job,
	void (*done)(void *ctx, const struct runner_result *result), void *ctx);

#endif
