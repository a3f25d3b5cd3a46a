/* Keylime's measured-boot reference state (the JSON of its "example" policy) as a section "boot". */
#ifndef LIMEBUS_POLICY_IMPORT_BOOT_STATE_H
#define LIMEBUS_POLICY_IMPORT_BOOT_STATE_H

#include "lib/base/blob.h"
#include "lib/policy/boot_policy.h"

/*
 * Keeps the meaning: what Keylime's policy accepts is accepted, what it refuses refused. Where that is unsafe
 * a line in `warnings` says so and names the stricter form. {} accepts every boot. RC_MALFORMED with a path
 * for what Keylime refuses as well; RC_UNSUPPORTED for a regular expression that needs what we do not do.
 */
MUST_USE enum rc import_boot_state(
	struct span json, struct boot_policy *out, struct blob *warnings, struct err *err);

#endif
