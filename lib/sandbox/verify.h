/* Is what was given up really gone? The kernel is asked, thread by thread. */
#ifndef LIMEBUS_SANDBOX_VERIFY_H
#define LIMEBUS_SANDBOX_VERIFY_H

#include <sys/types.h>

#include "lib/sandbox/sandbox.h"

struct expectation {
	uid_t uid;
	gid_t gid;
	uint64_t kept; /* capabilities, by number */
	bool bounding; /* the bounding set was emptied, too */
	bool seccomp;
};

/* Neither user nor group root can be had back. Before the filter is installed, which would refuse the
 * question. RC_DENIED if it can. */
MUST_USE enum rc verify_no_way_back(const struct expectation *expected, struct err *err);

/* Every thread of this process has these ids and no others, no capability but the kept ones in any of its
 * sets, no_new_privs, and (if expected) a seccomp filter. Else RC_DENIED, with what is still there. Reads
 * /proc/self/task; RC_IO or RC_NOT_FOUND if that is not there. */
MUST_USE enum rc verify_threads(const struct expectation *expected, struct err *err);

#endif
