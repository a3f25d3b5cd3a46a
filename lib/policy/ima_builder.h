/*
 * Collects what becomes the section "ima" of a policy: from captured lists, file systems, packages, other
 * policies. Holds no JSON values: half a million digests take some 60 MB. What is added twice is there once.
 * Not thread-safe.
 *
 *   DROP(ima_builder_close) struct ima_builder *ima = NULL;
 *   TRY(ima_builder_open(&ima));
 *   TRY(ima_builder_digest(ima, DIGEST_OF_FILE, path, KERNEL_HASH_SHA256, digest));
 *   ima_builder_rules(ima)->unknown = IMA_REPORT;
 *   TRY(policy_write_parts(&head, &(struct policy_parts){.ima = ima}, &out, err));
 */
#ifndef LIMEBUS_POLICY_IMA_BUILDER_H
#define LIMEBUS_POLICY_IMA_BUILDER_H

#include "lib/json/json_write.h"
#include "lib/policy/ima_policy.h"

struct ima_builder;

MUST_USE enum rc ima_builder_open(struct ima_builder **out);
void ima_builder_close(struct ima_builder **builder);

/* The settings, which begin with the defaults; to be changed in place. */
struct ima_rules *ima_builder_rules(struct ima_builder *builder);

/* Copies. Names may be any bytes but NUL. RC_MALFORMED for a digest of another length than the hash's, or an
 * empty name; RC_LIMIT above the maxima of digest_table.h; RC_NOMEM. */
MUST_USE enum rc ima_builder_digest(struct ima_builder *builder, enum digest_kind kind, struct span name,
	enum kernel_hash hash, struct span digest);

/* How many digests of a kind were added; twins count. */
size_t ima_builder_count(const struct ima_builder *builder, enum digest_kind kind);

enum ima_patterns {
	IMA_EXCLUDES,
	IMA_KEYLIME_EXCLUDES,
	IMA_VIOLATIONS_ACCEPTED,
	IMA_IGNORED_KEYRINGS,
	IMA_PATTERNS_COUNT
};

/* One more pattern. Copies; checks it as pattern_set_add does. */
MUST_USE enum rc ima_builder_pattern(
	struct ima_builder *builder, enum ima_patterns list, struct span pattern, struct err *err);

/* Leave out all files that the patterns of IMA_EXCLUDES and IMA_KEYLIME_EXCLUDES match so far. out: how many
 * digests went. */
MUST_USE enum rc ima_builder_drop_excluded(struct ima_builder *builder, size_t *out);

/* Borrows nothing. id is NULL, or the four bytes that signatures name the key by. RC_EXISTS if another key
 * has the name. */
MUST_USE enum rc ima_builder_key(
	struct ima_builder *builder, const char *name, struct span spki, const uint32_t *id, struct err *err);

/* An exception that somebody made: digest as in policy_digest_parse; who, why and when may be empty. Copies.
 */
struct ima_accepted {
	struct span file;
	struct span digest;
	struct span reason;
	struct span by;
	struct span time;
};
MUST_USE enum rc ima_builder_accept(
	struct ima_builder *builder, const struct ima_accepted *accepted, struct err *err);

MUST_USE enum rc ima_builder_dm_rule(
	struct ima_builder *builder, struct span name, struct span target, struct err *err);

/*
 * Add the section "ima" of a policy's JSON, if it has one: digests, patterns, keys, exceptions. Settings are
 * taken over where this builder still has the default. RC_MALFORMED as policy_parse, RC_EXISTS as
 * ima_builder_key.
 */
MUST_USE enum rc ima_builder_load(struct ima_builder *builder, struct span policy_json, struct err *err);

/* The section as JSON under the key "ima": names in order, one a line; settings that differ from the default.
 */
void ima_builder_write(struct ima_builder *builder, struct json_write *w);

/* Append what `after` allows that `before` does not and the other way round, a line each; at most lines_max
 * lines of files, then their number. */
MUST_USE enum rc ima_builder_diff(
	struct ima_builder *before, struct ima_builder *after, size_t lines_max, struct blob *out);

#endif
