/*
 * boot_aggregate, the first entry of an IMA list: the digest of the boot's PCRs, which ties the list to the
 * boot. Linux, ima_crypto.c, ima_calc_boot_aggregate: PCR 0 to 7 one after the other, and since 5.8 in banks
 * other than SHA-1 PCR 8 and 9 as well, of the bank whose hash the entry names.
 */
#ifndef LIMEBUS_POLICY_IMA_AGGREGATE_H
#define LIMEBUS_POLICY_IMA_AGGREGATE_H

#include "lib/evidence/event_replay.h"
#include "lib/policy/ima_judge.h"
#include "lib/policy/ima_policy.h"

/* Borrows. Where the PCRs' values come from: the quote, or the boot log, if a bank that may prove it does. */
struct ima_boot_values {
	const struct pcr_values *quoted;
	const struct event_replay *replayed; /* NULL: none that is proven */
};

/*
 * Once a round reached its quote: judge the run's boot_aggregates as the policy says; a former policy may be
 * content with them in its stead (NULL: none). Those that equal the PCRs are marked, and need no values any
 * more.
 */
void ima_aggregate_judge(struct ima_run *run, const struct ima_policy *policy,
	const struct ima_policy *previous, const struct ima_boot_values *values, struct verdict *verdict);

#endif
