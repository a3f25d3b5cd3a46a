/* The list of system calls that a service keeps (seccomp). */
#ifndef LIMEBUS_SANDBOX_FILTER_H
#define LIMEBUS_SANDBOX_FILTER_H

#include "lib/sandbox/sandbox.h"

/*
 * Install the filter for all threads; no_new_privs must be set. Calls that no service has a use for and that
 * attacks begin with (execve, ptrace, mount, bpf, kexec, modules, …) end the process with SIGSYS; all others
 * that are not listed fail with EPERM. If programs may be run, all is allowed but those, which fail with
 * EPERM. RC_UNSUPPORTED: this kernel has no seccomp filters.
 */
MUST_USE enum rc filter_install(const struct sandbox *needs, struct err *err);

#endif
