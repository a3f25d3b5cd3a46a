/* A quote out of an evidence set, ready to be judged; and the set judged by a policy. */
#ifndef LIMEBUS_TENANT_CAPTURE_H
#define LIMEBUS_TENANT_CAPTURE_H

#include "lib/policy/appraise.h"
#include "services/tenant/evidence_set.h"

/*
 * claim points into the rest and borrows from the set: must not be moved. The qualifying data that it demands
 * is the recorded nonce, the PCRs that it asks for are those that the quote covers. {0} is empty.
 */
struct capture {
	bool is_readable;
	struct attest attest;
	struct signature signature;
	struct public_key *ak;
	struct quote_claim claim;
};
void capture_release(struct capture *capture);

/* Parse the quote of this kind, which must be there. What cannot be read, or is not what it must be (an AK
 * that vouches for nothing, no nonce at all), is a finding; is_readable is false then. */
MUST_USE enum rc capture_open(const struct evidence_set *set, enum evidence_quote_kind kind,
	struct capture *out, struct verdict *findings);

/* What was looked at, beside the verdict. */
struct dry_run {
	struct verdict verdict;
	bool proves; /* the quote holds, so that the rest was looked at */
	struct pcr_selection quoted;
	uint64_t entries; /* of the IMA list: proven by the quote */
	uint64_t behind;  /* bytes of the list behind them, which wait for another quote */
};

/*
 * Judge the set by the policy as the verifier would, had it asked for this quote with the recorded nonce as
 * its qualifying data. Fails only if something of ours does; what is wrong with the evidence is in the
 * verdict. The counters of an earlier quote and the AK's place under an EK are not known here and not
 * checked.
 */
MUST_USE enum rc dry_run(const struct policy *policy, const struct evidence_set *set,
	enum evidence_quote_kind kind, uint64_t now_ms, struct dry_run *out, struct err *err);

#endif
