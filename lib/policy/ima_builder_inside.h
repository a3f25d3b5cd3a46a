/* What a builder holds. Internal to the files ima_builder*.c. */
#ifndef LIMEBUS_POLICY_IMA_BUILDER_INSIDE_H
#define LIMEBUS_POLICY_IMA_BUILDER_INSIDE_H

#include "lib/policy/ima_builder.h"
#include "lib/policy/policy_digest.h"

struct ima_builder_key {
	char name[IMA_KEY_NAME_MAX + 1];
	struct blob spki;
	bool has_id;
	uint32_t id;
};

#define ACCEPTED_TEXTS 5

/* In the order of ima_accepted_keys. */
struct ima_builder_accepted {
	struct blob texts[ACCEPTED_TEXTS];
};

/* target is empty for a device without targets. */
struct ima_builder_dm {
	struct blob name;
	struct blob target;
};

/* A row in the arena: kind, hash, length of the name (16 bits, little-endian), name, digest. */
#define ROW_HEAD_BYTES 4

_Static_assert(DIGEST_TABLE_NAME_MAX <= UINT16_MAX, "the length of a name");

/* rows: where in the arena the rows begin; if sorted, in order and without twins. Arrays without a room of
 * their own are full at powers of two. */
struct ima_builder {
	struct ima_rules rules;
	struct blob arena;
	size_t *rows;
	size_t count;
	size_t room;
	size_t counts[DIGEST_KIND_COUNT];
	bool sorted;
	struct pattern_set patterns[IMA_PATTERNS_COUNT];
	struct ima_builder_key *keys;
	size_t key_count;
	struct ima_builder_accepted *accepted;
	size_t accepted_count;
	struct ima_builder_dm *dm; /* those of one name come one after the other */
	size_t dm_count;
};

/* Borrows from the arena. */
struct ima_builder_row {
	enum digest_kind kind;
	enum kernel_hash hash;
	struct span name;
	struct span digest;
};
struct ima_builder_row ima_builder_row_at(const uint8_t *at);

/* By kind and name; then by hash and digest. */
int ima_builder_names_order(const struct ima_builder_row *a, const struct ima_builder_row *b);
int ima_builder_rows_order(const struct ima_builder_row *a, const struct ima_builder_row *b);

/* Sort the rows and drop twins. */
MUST_USE enum rc ima_builder_settle(struct ima_builder *builder);

/* The keys of the lists of patterns in JSON, by enum ima_patterns; of exceptions, by texts. */
extern const char *const ima_patterns_keys[IMA_PATTERNS_COUNT];
extern const char *const ima_accepted_keys[ACCEPTED_TEXTS];

#endif
