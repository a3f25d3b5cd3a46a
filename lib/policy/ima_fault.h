/*
 * Failing entries of an IMA list, as a run keeps them: records one after the other.
 *   check (1), weight (1), and three texts, each behind its length (2 bytes, big-endian)
 * Everything here is inside lib/policy.
 */
#ifndef LIMEBUS_POLICY_IMA_FAULT_H
#define LIMEBUS_POLICY_IMA_FAULT_H

#include "lib/policy/ima_opinion.h"

/* Borrows. Texts are printable. */
struct ima_fault {
	enum finding_check check;
	enum finding_weight weight;
	struct span subject;
	struct span expected;
	struct span found;
};

/* The next record of `left`, which loses it; false at the end, or if what is left is not a record: then left
 * is not empty. */
bool ima_fault_next(struct span *left, struct ima_fault *out);

/*
 * Count an entry that is not good, and keep it if it is new and there is room. What is only reported takes at
 * most half of it. policy may be NULL if the opinion has nothing listed. RC_NOMEM.
 */
MUST_USE enum rc ima_fault_add(struct ima_run *run, const struct ima_policy *policy,
	const struct ima_entry *entry, const struct ima_opinion *opinion);

#endif
