/* An event log and quoted PCRs against the section "boot" of a policy. */
#ifndef LIMEBUS_POLICY_BOOT_APPRAISE_H
#define LIMEBUS_POLICY_BOOT_APPRAISE_H

#include "lib/policy/boot_policy.h"
#include "lib/policy/verdict.h"

/* Borrows. banks are those that may prove a log (policy.banks); quoted is proven by a quote. */
struct boot_evidence {
	const uint16_t *banks;
	size_t bank_count;
	struct span log; /* as the kernel shows it; empty if there is none */
	const struct pcr_values *quoted;
};

/*
 * Adds a finding for each of these that does not hold:
 *   - the log is whole, and there if any of PCR 0 to 9 was extended;
 *   - replayed it gives the quoted PCR 0 to 9 and 14 in every quoted bank that it has, and PCR 11 to 13,
 * where PCR 11 may go on with the words of systemd-pcrphase; one of `banks` covers all of these;
 *   - every event has a digest in such a bank, and it is the payload's hash where it should be;
 *   - the policy allows every event, and all that it demands is there.
 * Pure; the time grows with events times items.
 */
void boot_appraise(
	const struct boot_policy *policy, const struct boot_evidence *evidence, struct verdict *verdict);

#endif
