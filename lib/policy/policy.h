/*
 * A policy: JSON that somebody wrote, compiled once. Its id is the SHA-256 of the JSON's bytes as they stand.
 *   {"limebus": 1, "name": "web", "comment": "…", "valid-until": "2027-06-30T00:00:00Z", "banks": ["sha256"],
 *    "pcrs": {…}, "boot": {…}, "ima": {…}}
 * limebus, name and at least one section are needed; unknown keys are refused. Each section appraises its own
 * kind of evidence: pcrs (pcr_policy.h), boot (boot_policy.h), ima (ima_policy.h).
 *
 * The compiled form, the image, is one position-independent run of bytes: a header, the JSON without
 * ima.digests, and the table of digests (digest_table.h). It may be stored and mapped again. Opening checks
 * every offset, but not who wrote it: whoever stores an image sees to it that it comes back as it was.
 */
#ifndef LIMEBUS_POLICY_POLICY_H
#define LIMEBUS_POLICY_POLICY_H

#include "lib/policy/boot_policy.h"
#include "lib/policy/ima_policy.h"
#include "lib/policy/pcr_policy.h"

#define POLICY_FORMAT         1
#define POLICY_ID_BYTES       32
#define POLICY_NAME_MAX       64
#define POLICY_COMMENT_MAX    1024
#define POLICY_JSON_MAX_BYTES (128u << 20)
#define POLICY_BANKS_MAX      5

/* Banks that may prove a log; challenges ask for the first. Invariant of a parsed policy: 1 <= count; no bank
 * is there twice. */
struct policy_banks {
	size_t count;
	uint16_t alg[POLICY_BANKS_MAX];
};

/* {0} is empty. Owns, but for the digests, which lie in the image. */
struct policy {
	uint8_t id[POLICY_ID_BYTES];
	char name[POLICY_NAME_MAX + 1];
	uint64_t valid_until_ms; /* wall time; 0: no end */
	struct policy_banks banks;
	bool has_ima;
	struct pcr_policy pcrs;
	struct boot_policy boot; /* boot.there: the policy has the section */
	struct ima_policy ima;
	struct blob image; /* empty if the image is somebody else's */
};

void policy_release(struct policy *policy);

/* Append the image of a policy. RC_MALFORMED with a path in the text for whatever is not as above; RC_LIMIT,
 * RC_NOMEM, RC_CRYPTO. */
MUST_USE enum rc policy_compile(struct span json, struct blob *out, struct err *err);

/* Borrows the image, which must stay where it is until the policy is released. RC_MALFORMED, RC_UNSUPPORTED
 * for an image of another version. */
MUST_USE enum rc policy_open(struct span image, struct policy *out, struct err *err);

/* Both: the policy owns its image. */
MUST_USE enum rc policy_parse(struct span json, struct policy *out, struct err *err);

/* The JSON without ima.digests. Borrows from the image. */
struct span policy_json_rest(struct span image);

/*
 * The PCR selection that a challenge under this policy asks for: what pcrs names, and in the first of banks
 * PCR 0 to 9 and 11 to 14 for boot, PCR 0 to 10 for ima.
 */
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

struct ima_builder;

/* The sections of a policy that is to be written; NULL for those that it does not have. banks NULL: the
 * default. */
struct policy_parts {
	const struct policy_banks *banks;
	const struct pcr_policy *pcrs;
	const struct boot_policy *boot;
	struct ima_builder *ima;
};

/* As policy_write, with all sections. */
MUST_USE enum rc policy_write_parts(
	const struct policy_head *head, const struct policy_parts *parts, struct blob *out, struct err *err);

/* Append the union of two policies' JSON: whatever one of them allows. Settings are those of `a`, but where
 * `a` has the default. */
MUST_USE enum rc policy_merge(
	const struct policy_head *head, struct span a, struct span b, struct blob *out, struct err *err);

/* Append what becomes different when the policy `after` replaces `before`, in words, all sections: at most
 * lines_max lines about files. Both are JSON. */
MUST_USE enum rc policy_diff_json(
	struct span before, struct span after, size_t lines_max, struct blob *out, struct err *err);

/* Append what becomes different when `after` replaces `before`, one line each ("pcr 4 (sha256): no longer
 * allowed: 12ab…"). Appends nothing if both allow the same. */
MUST_USE enum rc policy_diff(const struct policy *before, const struct policy *after, struct blob *out);

#endif
