/*
 * Running another program, with no shell in between: the arguments are given one by one, the environment is
 * made anew, only descriptors 0 to 2 are open, its output is bounded, and when its time is over it is ended
 * with all that it started in its process group.
 */
#ifndef LIMEBUS_SANDBOX_PROCESS_H
#define LIMEBUS_SANDBOX_PROCESS_H

#include "lib/base/blob.h"
#include "lib/base/err.h"
#include "lib/sandbox/account.h"

#define PROCESS_INPUT_MAX_BYTES  (16u << 20)
#define PROCESS_OUTPUT_MAX_BYTES (1u << 20)

/* 0: as it is. memory is address space, which a program built with a sanitizer cannot bound. */
struct process_limits {
	uint64_t memory;
	uint64_t files;     /* open at once */
	uint64_t file_size; /* of each that it writes */
};

struct process_spec {
	/* Absolute. A regular file that is executable, belongs to root or to us, and that nobody else may
	 * write. If every folder on the way to it (links resolved) is as safe as that, it is executed by its
	 * resolved path. Else somebody could put another file there: then the very file that was checked is
	 * executed by its descriptor, and a script sees /dev/fd/N as its own name. */
	const char *path;
	bool safe_folders;            /* refuse instead, if not every folder is safe: RC_DENIED */
	const char *const *arguments; /* from argv[1] on, ended by NULL; NULL: none */
	const char *const
		*environment; /* "NAME=value", ended by NULL; NULL: none. PATH and LANG are always set. */
	const char *folder;   /* where it starts; NULL: "/" */
	const struct account *account; /* whom it runs as; NULL: as we do. Another one than ours needs root */
	bool no_new_privs;             /* no set-user-id program below it gains anything */
	struct process_limits limits;
	struct span input; /* its standard input, copied; at most PROCESS_INPUT_MAX_BYTES */
	/* If not NULL, output comes here as it is read, from process_step, and is not kept. */
	void (*output)(void *ctx, struct span bytes);
	void *ctx;
	size_t output_max;   /* of standard output and error together; 0: PROCESS_OUTPUT_MAX_BYTES */
	uint64_t timeout_ms; /* at least 1 */
};

/* How it ended. Release with process_result_release. */
struct process_result {
	int status;            /* exit status; -1 if a signal ended it */
	int signal;            /* that signal, else 0 */
	bool timed_out;        /* we ended it, because its time was over */
	bool output_truncated; /* it wrote more than output_max; the beginning is kept */
	struct blob output; /* standard output and error, in the order written; not terminated, not trusted */
};
void process_result_release(struct process_result *result);

/* It ran, and left with status 0 in time. */
bool process_succeeded(const struct process_result *result);

/* Refuse programs that somebody other than root and us could have changed. Errors name path and reason:
 * RC_NOT_FOUND, RC_DENIED, RC_MALFORMED. process_start does this, too. */
MUST_USE enum rc process_check(const char *path, struct err *err);

/* Refuse a path (links in it are resolved) if somebody other than root and us could put something else there:
 * it and every folder above it belong to root or to us, and nobody else may write them; folders that are
 * sticky, as /tmp, may be. RC_DENIED names the place. */
MUST_USE enum rc process_check_path(const char *path, struct err *err);

/* A running program. */
struct process;

/* Start it. Failures to execute are found here, not later (RC_DENIED, RC_NOT_FOUND, RC_IO). */
MUST_USE enum rc process_start(const struct process_spec *spec, struct process **out, struct err *err);

/* For a reactor: becomes readable whenever process_step has something to do. Belongs to the process. */
int process_fd(const struct process *process);

/* Its process id, which is also its group's; 0 once it has been waited for. */
int process_id(const struct process *process);

/* Do what there is to do, without waiting. *out_done says that the program has ended: *result is filled then,
 * and the rest of its process group is gone. Do not call it again after that. */
MUST_USE enum rc process_step(
	struct process *process, bool *out_done, struct process_result *result, struct err *err);

/* Kill it with its process group if it still runs, and let go of everything; *process is NULL afterwards. */
void process_close(struct process **process);

/* Start, wait and close, for programs that have no reactor. */
MUST_USE enum rc process_run(const struct process_spec *spec, struct process_result *result, struct err *err);

#endif
