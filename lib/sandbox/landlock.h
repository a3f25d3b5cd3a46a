/* Where files may be written (Landlock, Linux 5.13 and later). */
#ifndef LIMEBUS_SANDBOX_LANDLOCK_H
#define LIMEBUS_SANDBOX_LANDLOCK_H

#include "lib/sandbox/sandbox.h"

/* Forbid the calling thread and those it makes to make, write and remove files except below needs->writable
 * and to write the devices in /dev; and, unless it runs programs, to execute any. Open files stay open.
 * RC_UNSUPPORTED: this kernel has no Landlock. RC_NOT_FOUND: one of the paths does not exist. */
MUST_USE enum rc landlock_enter(const struct sandbox *needs, struct err *err);

#endif
