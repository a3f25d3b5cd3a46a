/* A policy's section "boot" from a machine that booted well. */
#ifndef LIMEBUS_POLICY_BOOT_LEARN_H
#define LIMEBUS_POLICY_BOOT_LEARN_H

#include "lib/base/blob.h"
#include "lib/policy/boot_policy.h"
#include "lib/policy/pcr_policy.h"

/*
 * Allow what this log shows, besides what `policy` allows already ({0} for a new one): the same machine after
 * a reboot, and machines like it. `warnings` gets a line for each thing that a person should look at. quoted
 * may be NULL: then nothing is compared with PCRs; else RC_DENIED if the log does not lead to them.
 *   RC_NOT_FOUND   the log is empty: nothing can be learned (boot_pin_pcrs)
 *   RC_MALFORMED   not a log
 */
MUST_USE enum rc boot_learn(struct span log, const struct pcr_values *quoted, struct boot_policy *policy,
	struct blob *warnings, struct err *err);

/*
 * In place of a log: pin PCR 0, 2, 3, 4, 5, 7, 8, 9 and 14 of these banks to the quoted values; says so in
 * `warnings`. RC_NOT_FOUND if none of them is quoted.
 */
MUST_USE enum rc boot_pin_pcrs(const struct pcr_values *quoted, const uint16_t *banks, size_t bank_count,
	struct pcr_policy *out, struct blob *warnings, struct err *err);

#endif
