/* What a proven event log shows against the section "boot". */
#ifndef LIMEBUS_POLICY_BOOT_JUDGE_H
#define LIMEBUS_POLICY_BOOT_JUDGE_H

#include "lib/policy/boot_fact.h"
#include "lib/policy/boot_policy.h"
#include "lib/policy/verdict.h"

/* A finding for each fact that is not allowed and each demand that is not met. The facts' digests must be of
 * banks that a quote proves. RC_NOMEM. */
MUST_USE enum rc boot_judge(
	const struct boot_policy *policy, const struct boot_facts *facts, struct verdict *verdict);

/* The revocation level is at least what the lines ("shim,4", "sbat,1,2022111500") demand. */
bool boot_sbat_reaches(const struct boot_list *minimum, struct span level);

/* Such a line: a component, a generation, perhaps a date. */
bool boot_sbat_line_holds(struct span line);

#endif
