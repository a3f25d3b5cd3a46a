/*
 * Giving up what a process does not need, once its keys and sockets are open. In this order: bounding set,
 * groups, gid, uid, no-new-privileges, no core dumps, capabilities, writing files elsewhere (Landlock),
 * system calls (seccomp). Then it is checked, for every thread, that all of it is really gone.
 *
 * Capabilities belong to threads. Coming from root to another user, the kernel clears those of all threads;
 * a process that keeps uid 0, or starts with capabilities as somebody else, has to enter before it makes any
 * thread (ZeroMQ makes some with the first socket), or the check refuses.
 */
#ifndef LIMEBUS_SANDBOX_SANDBOX_H
#define LIMEBUS_SANDBOX_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"

/* What the process still needs afterwards. Everything that is not asked for is refused. Borrowed. */
struct sandbox {
	/* The account to become: "limebus", or "UID" or "UID:GID", which need not exist as accounts. NULL or
	 * "": stay who we are, which is refused for root; "root" keeps uid 0 (without its capabilities) on
	 * purpose. */
	const char *user;
	/* May open TCP, UDP and unix sockets and connect them. */
	bool network;
	/* May accept connections on them, too. */
	bool listens;
	/* May run other programs (lib/sandbox/process.h). They inherit the filter, so that only what is
	 * hostile in any program is refused then; no_new_privs and the lost capabilities hold for them as
	 * well. */
	bool runs_programs;
	/* Folders and files below which files may be made, written and removed, ended by NULL; NULL: nowhere
	 * but in /dev. Reading stays what the file permissions say. They must exist. */
	const char *const *writable;
	/* Names of capabilities to keep ("net_admin"), ended by NULL; they are handed on to programs if
	 * runs_programs. NULL: none. */
	const char *const *keep_capabilities;
	/* Go on without seccomp, or with no_new_privs alone, if the kernel has it not. Otherwise that is
	 * refused. */
	bool lenient;
};

/* What holds now, for the log. */
struct sandbox_report {
	unsigned uid;
	unsigned gid;
	bool seccomp;
	bool landlock;
};

/*
 * RC_NOT_FOUND: no such account. RC_DENIED: not started as root, or as root without a user, or something
 * could not be given up. RC_UNSUPPORTED: the kernel lacks seccomp and lenient is not set. After a failure
 * some of it may have been given up already: the caller ends the process. report may be NULL.
 */
MUST_USE enum rc sandbox_enter(const struct sandbox *needs, struct sandbox_report *report, struct err *err);

/* Was this program built with a sanitizer? Then the filter allows what its run time needs (leak checking uses
 * ptrace), and memory stays dumpable. */
bool sandbox_is_sanitized(void);

#endif
