/* What one policy says of one entry of an IMA list. Everything here is inside lib/policy. */
#ifndef LIMEBUS_POLICY_IMA_OPINION_H
#define LIMEBUS_POLICY_IMA_OPINION_H

#include "lib/evidence/ima_list.h"
#include "lib/policy/ima_judge.h"
#include "lib/policy/ima_policy.h"

/* check, weight and kind are for entries that are not good. */
struct ima_opinion {
	bool good;
	bool learn; /* good, and a key that signatures may be verified with from now on */
	enum finding_check check;
	enum finding_weight weight;
	enum digest_kind kind;      /* where other digests of the name are looked up */
	struct digest_found listed; /* those */
	const char *hint;           /* more about what was found; may be NULL */
};

/*
 * `place` is of the entry's name among files, in the policy's table (digest_table_seek); `learned` are keys
 * besides those of the policy. Sets *out to what the policy says; takes from the budget what is beyond the
 * usual. The entry was replayed, its hash holds, it is for PCR 10 and not a boot_aggregate. Results other
 * than RC_OK: lib/crypto failed, memory is short.
 */
MUST_USE enum rc ima_opinion_of(const struct ima_policy *policy, const struct ima_keyring *learned,
	const struct ima_entry *entry, const struct digest_place *place, int64_t *budget,
	struct ima_opinion *out);

/* The part of it about data that are not a file: keys, critical data, device-mapper. */
MUST_USE enum rc ima_buffer_opinion(
	const struct ima_policy *policy, const struct ima_entry *entry, struct ima_opinion *out);

/* "dm_…" entries by the policy's rules; *out is whether they allow it. Text: "dm_version=…;name=…,uuid=…;…".
 */
bool ima_device_allowed(const struct ima_policy *policy, struct span text);

/* Not good, for this reason. */
static inline void ima_opinion_bad(
	struct ima_opinion *out, enum finding_check check, enum finding_weight weight)
{
	out->good = false;
	out->check = check;
	out->weight = weight;
}

/* Weight of what no rule knows. */
static inline enum finding_weight ima_unknown_weight(const struct ima_policy *policy)
{
	return policy->rules.unknown == IMA_REPORT ? FINDING_REPORTED : FINDING_FAILS;
}

/* A pattern that PCRE2 gives up on does not match. */
MUST_USE static inline enum rc ima_matches(const struct pattern_set *set, struct span name, bool *out)
{
	enum rc rc = pattern_set_match(set, name, out);

	*out = *out && rc == RC_OK;
	return rc == RC_LIMIT ? RC_OK : rc;
}

#endif
