/* Whether an event log leads to the PCRs that were quoted, and in which banks that proves it. */
#ifndef LIMEBUS_POLICY_BOOT_REPLAY_H
#define LIMEBUS_POLICY_BOOT_REPLAY_H

#include "lib/evidence/event_replay.h"
#include "lib/policy/boot_appraise.h"

/* Any of PCR 0 to 9 has another value than after a reset, or is not quoted and so not known. */
bool boot_was_measured(const struct pcr_values *quoted);

/*
 * Findings for registers that differ, in any quoted bank; and, if none of evidence->banks is both in the log
 * and quoted for all registers that are needed, one that says so. *out_count banks prove the log.
 */
MUST_USE enum rc boot_replay_judge(const struct event_log *log, const struct boot_evidence *evidence,
	struct verdict *verdict, uint16_t out[static DIGEST_COUNT], size_t *out_count);

/* The register is that of the log, or for PCR 11 goes on with words of systemd-pcrphase. */
MUST_USE enum rc boot_register_holds(
	const struct event_replay_bank *bank, unsigned pcr, struct span quoted, bool *out);

#endif
