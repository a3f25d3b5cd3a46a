/*
 * Runs programs for a service that has given up its rights: a small process, forked before the sandbox
 * closes, that keeps the rights of the start and does nothing else. The service names a job; what that means
 * (which program, whose rights, which environment) is decided in the runner by `prepare`, out of the
 * configuration alone, so that a service that was taken over can run nothing but what is configured.
 *
 * Each program runs by process.h: as the account that prepare says, with an environment made anew, no
 * descriptors but 0 to 2, in a process group of its own that is ended with it. Its output comes line by line.
 * Several programs run at once. All of them end when the service does, whatever ends it.
 */
#ifndef LIMEBUS_SANDBOX_RUNNER_H
#define LIMEBUS_SANDBOX_RUNNER_H

#include "lib/sandbox/account.h"
#include "lib/sandbox/process.h"

#define RUNNER_NAME_MAX       256
#define RUNNER_WORD_MAX       63
#define RUNNER_INPUT_MAX      (1u << 20)
#define RUNNER_AT_ONCE_MAX    128
#define RUNNER_LINE_MAX       512 /* bytes; a longer line comes in pieces */
#define RUNNER_LINES_SECOND   20  /* of one program; what is more is counted and dropped */
#define RUNNER_PATH_BYTES     4200
#define RUNNER_VARIABLES_MAX  8
#define RUNNER_VARIABLE_BYTES (RUNNER_PATH_BYTES + 64)

struct runner_job {
	unsigned what;       /* for prepare: kinds of jobs */
	const char *name;    /* RUNNER_NAME_MAX */
	uint64_t number;     /* for prepare; in `line` and `done` again */
	const char *word;    /* for prepare; RUNNER_WORD_MAX; NULL: "" */
	bool again;          /* for prepare */
	struct span input;   /* standard input */
	uint64_t timeout_ms; /* at least 1 */
};

/* What prepare fills: the spec, whose texts may lie in the buffers. input and timeout_ms are there already.
 */
struct runner_plan {
	struct process_spec spec;
	char path[RUNNER_PATH_BYTES];
	char folder[RUNNER_PATH_BYTES];
	char module[RUNNER_PATH_BYTES];
	const char *arguments[4];
	char variables[RUNNER_VARIABLES_MAX][RUNNER_VARIABLE_BYTES];
	const char *environment[RUNNER_VARIABLES_MAX + 1]; /* spec.environment points here */
	struct account account;
};

/* Add "NAME=text". RC_LIMIT: too many, or too long. */
MUST_USE enum rc runner_variable(struct runner_plan *plan, struct err *err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* rc is not RC_OK: it could not be run, and text says why. */
struct runner_result {
	enum rc rc;
	int status; /* exit status; -1: ended by a signal */
	int signal;
	bool timed_out;
	char text[ERR_TEXT_BYTES];
	char last[RUNNER_LINE_MAX +
		  1]; /* the last line that it wrote, control characters as '?'; not trusted */
};

struct runner;

/* Callbacks may be NULL; they come from runner_step and may start jobs, but not close the runner. */
struct runner_options {
	const char *title; /* of the process; at most 15 bytes are shown */
	unsigned at_once;  /* 1 to RUNNER_AT_ONCE_MAX */
	/* Also what left its process group is ended, once it has lost its parent: programs cannot leave
	 * daemons behind. */
	bool ends_strays;
	/* In the runner, with the rights of the start. Not RC_OK: the job ends with that. */
	enum rc (*prepare)(
		void *ctx, const struct runner_job *job, struct runner_plan *plan, struct err *err);
	void *prepare_ctx; /* as it is when forked */
	/* A line of output, without its end, bytes as they came: whoever prints escapes. lost: lines that
	 * were dropped before it. */
	void (*line)(void *ctx, uint64_t id, struct span text, uint64_t lost);
	void (*done)(void *ctx, uint64_t id, const struct runner_result *result);
	void *ctx;
};

/* Fork. Before any thread, and before the sandbox. */
MUST_USE enum rc runner_fork(const struct runner_options *options, struct runner **out, struct err *err);

/* Where results go, if that was not known yet when it was forked. */
void runner_set_ctx(struct runner *runner, void *ctx);

/* For a reactor: readable whenever runner_step has something to do. Belongs to the runner. */
int runner_fd(const struct runner *runner);

/* Take what has come, without waiting. RC_IO: the runner has ended; `done` was called for all jobs, and its
 * descriptor must not be waited for any more. */
MUST_USE enum rc runner_step(struct runner *runner);

/* Ids are never 0 and never used again. RC_LIMIT: at_once jobs run, or a name or input is too long. RC_IO: it
 * has ended. `done` comes later, once. */
MUST_USE enum rc runner_start(struct runner *runner, const struct runner_job *job, uint64_t *out_id);

/* End the job now; its `done` comes as that of any other, with a signal. Unknown ids are ignored. */
void runner_end(struct runner *runner, uint64_t id);

unsigned runner_running(const struct runner *runner);

/* Accepts NULL inside. What still runs is killed. */
void runner_close(struct runner **runner);

#endif
