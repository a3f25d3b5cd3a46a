/*
 * The section "ima" of a policy: what may be measured while a machine runs.
 *
 *   "digests": {"/usr/bin/ls": ["<hex>", …]}     names and digests as in policy_digest.h
 *   "excludes": ["**.pyc"]                       globs (lib/pattern/glob.h)
 *   "keylime-excludes": ["/tmp/.*"]              regular expressions, from the start of the path on
 *   "accepted": [{"file": "…", "digest": "…", "reason": "…", "by": "…", "time": "…"}]
 *                                                good as if listed in digests
 *   "unknown": "fail" | "report"                 files that no rule knows
 *   "violations": "fail" | "report" | "accept"
 *   "violations-accepted": ["<glob>"]
 *   "empty-files": true | false                  the digest of no bytes is good for every path
 *   "digest-algorithms": ["sha256", "sha384", "sha512"]     those that are strong enough
 *   "boot-aggregate": "check" | "listed" | "ignore"
 *   "keys": [{"name": "…", "key": "<base64 SubjectPublicKeyInfo>", "id": "1a2b3c4d"}]
 *   "signatures": "accept" | "require" | "ignore"
 *   "keyrings": {".ima": ["<hex>"]}              digests of certificates
 *   "ignored-keyrings": ["*"]                    globs
 *   "learn-keys": false | true
 *   "buffers": {"kernel_version": ["<hex>"]}
 *   "device-mapper": {"<glob of a device's name>": ["<glob of a target's text>", …]}
 *
 * Every key may be left out: the first of the alternatives is the default, lists are empty, and
 * digest-algorithms are those above. Unknown keys are refused.
 */
#ifndef LIMEBUS_POLICY_IMA_POLICY_H
#define LIMEBUS_POLICY_IMA_POLICY_H

#include "lib/base/blob.h"
#include "lib/crypto/public_key.h"
#include "lib/json/json.h"
#include "lib/pattern/pattern.h"
#include "lib/policy/digest_table.h"
#include "lib/policy/ima_keyring.h"

enum ima_severity { IMA_FAIL, IMA_REPORT, IMA_ACCEPT };
enum ima_boot_aggregate { IMA_BOOT_AGGREGATE_CHECK, IMA_BOOT_AGGREGATE_LISTED, IMA_BOOT_AGGREGATE_IGNORE };
enum ima_signatures { IMA_SIGNATURES_ACCEPT, IMA_SIGNATURES_REQUIRE, IMA_SIGNATURES_IGNORE };

/* The settings. strong has bit n for enum kernel_hash n. ima_rules_default() has the defaults. */
struct ima_rules {
	enum ima_severity unknown; /* never IMA_ACCEPT */
	enum ima_severity violations;
	enum ima_boot_aggregate boot_aggregate;
	enum ima_signatures signatures;
	uint32_t strong;
	bool empty_files;
	bool learn_keys;
};
struct ima_rules ima_rules_default(void);

#define IMA_KEYS_MAX      256
#define IMA_KEY_NAME_MAX  64
#define IMA_KEY_BYTES_MAX 4096
#define IMA_DM_RULES_MAX  1024

/* A key whose signatures make a file good; key and identifier stand at the same place of the keyring. */
struct ima_key {
	char name[IMA_KEY_NAME_MAX + 1];
};

/* Device-mapper entries about a device whose name matches are good if each of their targets' text
 * ("target_index=0, target_begin=0,…") matches one of the targets. */
struct ima_dm_rule {
	struct pattern_set name;
	struct pattern_set targets;
};

/* Owns all but digests, which borrows from the image. {0} knows no file: use it only after ima_policy_parse.
 */
struct ima_policy {
	struct ima_rules rules;
	struct digest_table digests;
	struct pattern_set excludes; /* both kinds */
	struct pattern_set violations_accepted;
	struct pattern_set ignored_keyrings; /* "*" is all of them */
	struct ima_key *keys;
	size_t key_count;
	struct ima_keyring keyring; /* key_count of them, in the order of keys */
	struct ima_dm_rule *dm_rules;
	size_t dm_count;
};

void ima_policy_release(struct ima_policy *policy);

/*
 * The section without its digests, which come compiled in `table`: borrowed. Errors name the path. Refuses a
 * "digests" that is there and not an empty object: policy_compile takes it out.
 */
MUST_USE enum rc ima_policy_parse(
	const struct json *section, struct span table, struct ima_policy *out, struct err *err);

/* Append lines in words: how many digests, which excludes, keys and settings. */
MUST_USE enum rc ima_policy_show(const struct ima_policy *policy, struct blob *out);

#endif
