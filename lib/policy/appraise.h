/* Evidence and a policy become a verdict. */
#ifndef LIMEBUS_POLICY_APPRAISE_H
#define LIMEBUS_POLICY_APPRAISE_H

#include "lib/evidence/quote_check.h"
#include "lib/policy/policy.h"

/* Borrows. policy may be NULL: then only the quote is judged (a node that is not provisioned yet). */
struct appraisal {
	const struct quote_claim *quote;
	const struct policy *policy;
	uint64_t now_ms; /* wall time, for the policy's date */
};

/*
 * Every check is made and every failing one reported: first those of the quote, then, if the quote proves the
 * values, those of each section of the policy. What could not be judged (the cryptographic library failed,
 * the policy has run out, the challenge did not ask for all that the policy needs) is a finding too, but
 * speaks neither for nor against the node.
 */
void appraise(const struct appraisal *appraisal, struct verdict *out);

#endif
