/*
 * A policy: JSON that somebody wrote, compiled once. Its id is the SHA-256 of the JSON's bytes as they stand.
 *   {"limebus": 1, "name": "web", "comment": "…", "valid-until": "2027-06-30T00:00:00Z", "pcrs": {…}}
 * limebus, name and at least one section are needed; unknown keys are refused. Each section appraises its own
 * kind of evidence: pcrs (pcr_policy.h).
 */
#ifndef LIMEBUS_POLICY_POLICY_H
#define LIMEBUS_POLICY_POLICY_H

#include "lib/policy/pcr_policy.h"

#define POLICY_FORMAT         1
#define POLICY_ID_BYTES       32
#define POLICY_NAME_MAX       64
#define POLICY_COMMENT_MAX    1024
#define POLICY_JSON_MAX_BYTES (64u << 10)

/* {0} is empty. Owns. */
struct policy {
	uint8_t id[POLICY_ID_BYTES];
	char name[POLICY_NAME_MAX + 1];
	uint64_t valid_until_ms; /* wall time; 0: no end */
	struct pcr_policy pcrs;
};

void policy_release(struct policy *policy);

/* RC_MALFORMED with a path in the text for whatever is not as above; RC_LIMIT, RC_NOMEM, RC_CRYPTO. */
MUST_USE enum rc policy_parse(struct span json, struct policy *out, struct err *err);

/* The PCR selection that a challenge under this policy asks for. */
struct pcr_selection policy_selection(const struct policy *policy);

/* 1 to POLICY_NAME_MAX letters, digits, '.', '_' and '-'; the first is a letter or a digit. */
bool policy_name_holds(struct span name);

/* Names and dates of a policy that is to be written. comment may be empty; valid_until_ms 0 for no end. */
struct policy_head {
	const char *name;
	const char *comment;
	uint64_t valid_until_ms;
};

/* Append a policy that allows these PCR values, pretty-printed. It parses again to the same rules.
 * RC_MALFORMED for a bad name, comment or no rule at all. */
MUST_USE enum rc policy_write(
	const struct policy_head *head, const struct pcr_policy *pcrs, struct blob *out, struct err *err);

/* A policy from `count` golden nodes: each PCR may have the value that it has on any of them. SHA-1 banks are
 * left out. RC_MALFORMED if nothing is left. */
MUST_USE enum rc policy_from_values(const struct policy_head *head, const struct pcr_values *nodes,
	size_t count, struct blob *out, struct err *err);

/* Append what becomes different when `after` replaces `before`, one line each ("pcr 4 (sha256): no longer
 * allowed: 12ab…"). Appends nothing if both allow the same. */
MUST_USE enum rc policy_diff(const struct policy *before, const struct policy *after, struct blob *out);

/*
 * Keylime's tpm_policy ({"22": ["<hex>", …], "15": "<hex>", "mask": "0x408000"}) as a policy of ours. The
 * bank follows from the length of the values; the mask, if there, must cover exactly the PCRs that are
 * listed. RC_UNSUPPORTED for SHA-1 values.
 */
MUST_USE enum rc policy_import_tpm_policy(
	const struct policy_head *head, struct span json, struct blob *out, struct err *err);

#endif
