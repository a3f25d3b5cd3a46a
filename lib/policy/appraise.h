/*
 * Evidence and a policy become a verdict. The order of a round, at the verifier as well as offline:
 *
 *   quote_check(claim, &checked)             the only costly step while nothing moves
 *   quote_proves(&checked)                   else straight to appraise()
 *   ima_run_expect, ima_judge…, ima_run_end  if the policy judges the IMA list (ima_judge.h)
 *   appraise_wants_boot_log                  fetch the log once a boot, and when PCRs have moved
 *   appraise(…)
 */
#ifndef LIMEBUS_POLICY_APPRAISE_H
#define LIMEBUS_POLICY_APPRAISE_H

#include "lib/evidence/quote_check.h"
#include "lib/policy/ima_judge.h"
#include "lib/policy/policy.h"

/* The PCR values under which a boot log was last accepted, and the policies that did; plain data, may be kept
 * with the node. {0} knows nothing. */
struct boot_seen {
	bool good;
	uint8_t of[DIGEST_SHA256_BYTES];
};

/* Borrows. */
struct appraisal {
	const struct quote_claim *quote;
	const struct policy *policy;         /* NULL: only the quote is judged (a node not provisioned yet) */
	uint64_t now_ms;                     /* wall time, for the policy's date */
	const struct quote_verdict *checked; /* what quote_check said of this claim; NULL: it is asked here */
	const struct policy *previous;       /* during a roll-out: what it allows is good, too; NULL: none */
	const struct span *boot_log;         /* NULL: was not asked for; empty: the node has none */
	struct boot_seen *boot;              /* read and renewed; NULL: the log is always wanted */
	struct ima_run *ima;                 /* after its round; its aggregates are marked. NULL: none */
};

/* Type, signature, scheme, data, selection, digest and signer hold: the values in the claim are those of the
 * node's TPM. Without it, comparing them with a policy would say nothing. */
bool quote_proves(const struct quote_verdict *checked);

/* A section of the policy judges the boot, and PCR values are others than when a log was last accepted. */
bool appraise_wants_boot_log(const struct appraisal *appraisal);

/*
 * Every check is made and every failing one reported: first those of the quote, then, if the quote proves the
 * values, those of each section of the policy. What could not be judged (the cryptographic library failed,
 * the policy has run out, the challenge did not ask for all that the policy needs) is a finding too, but
 * speaks neither for nor against the node.
 *
 * With `previous`, PCRs and the boot are good if either policy accepts all of them; what neither accepts is
 * told by `policy`. A policy that ran out allows nothing; `previous` alone cannot replace it.
 */
void appraise(const struct appraisal *appraisal, struct verdict *out);

#endif
