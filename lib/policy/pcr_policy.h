/*
 * The section "pcrs" of a policy: which values each PCR may have.
 *   {"sha256": {"0": ["<hex>", …], "7": ["<hex>"]}, "sha384": {…}}
 * Banks are sha256, sha384 and sha512: a SHA-1 PCR vouches for nothing, since collisions can be made.
 */
#ifndef LIMEBUS_POLICY_PCR_POLICY_H
#define LIMEBUS_POLICY_PCR_POLICY_H

#include "lib/base/blob.h"
#include "lib/evidence/pcr.h"
#include "lib/json/json.h"
#include "lib/json/json_write.h"
#include "lib/policy/verdict.h"

#define PCR_RULES_MAX        (PCR_COUNT * 3)
#define PCR_ALTERNATIVES_MAX 64

/* One PCR and its allowed values, `count` of them one after the other from `at` in the policy's values. */
struct pcr_rule {
	uint16_t alg;
	uint8_t pcr;
	size_t count;
	size_t at;
};

/* {0} has no rules. Owns. Invariants: count <= PCR_RULES_MAX; no two rules for one PCR of one bank; each has
 * 1 to PCR_ALTERNATIVES_MAX different values. */
struct pcr_policy {
	size_t count;
	struct pcr_rule rules[PCR_RULES_MAX];
	struct blob values;
};

void pcr_policy_release(struct pcr_policy *policy);

/* Refuses unknown banks, PCR numbers that are not 0 to 23 in plain decimal, empty lists, values of another
 * length, a value twice, and a section without any PCR. Errors name the path. */
MUST_USE enum rc pcr_policy_parse(const struct json *section, struct pcr_policy *out, struct err *err);

/* The PCRs to ask for: banks in the order of the policy. */
struct pcr_selection pcr_policy_selection(const struct pcr_policy *policy);

/* The rule for a PCR, NULL if there is none. Borrows. */
const struct pcr_rule *pcr_policy_rule(const struct pcr_policy *policy, uint16_t alg, unsigned pcr);

/* Allowed value `index` of a rule; index < rule->count. Borrows. */
struct span pcr_policy_value(const struct pcr_policy *policy, const struct pcr_rule *rule, size_t index);

bool pcr_policy_allows(const struct pcr_policy *policy, const struct pcr_rule *rule, struct span value);

/* Add a finding for each PCR whose value is none of those that are allowed, or which the values do not cover.
 * The values must be proven by a quote. */
void pcr_policy_appraise(
	const struct pcr_policy *policy, const struct pcr_values *values, struct verdict *verdict);

/* Allow this value; a new rule if need be. Allowing it again changes nothing. RC_UNSUPPORTED for other banks,
 * RC_MALFORMED for a wrong length, RC_LIMIT beyond the maxima, RC_NOMEM. */
MUST_USE enum rc pcr_policy_allow(struct pcr_policy *policy, uint16_t alg, unsigned pcr, struct span value);

/* The section as JSON, under the key "pcrs": banks in order, PCRs rising. */
void pcr_policy_write(const struct pcr_policy *policy, struct json_write *w);

#endif
