/*
 * A policy that is being gathered: what each source shows is allowed besides what the others showed.
 *
 *   DROP(learning_release) struct learning learning = {0};
 *   TRY(learning_init(&learning, err));
 *   TRY(learn_exclude(&learning, "*.pyc", err));
 *   TRY(learn_evidence(&learning, &set, err));
 *   TRY(learning_write(&learning, &head, &json, err));
 *
 * What is learned from evidence is proven first: a policy must not come from a machine that lies.
 */
#ifndef LIMEBUS_TENANT_LEARN_H
#define LIMEBUS_TENANT_LEARN_H

#include "lib/policy/boot_policy.h"
#include "lib/policy/ima_builder.h"
#include "lib/policy/policy.h"
#include "services/tenant/evidence_set.h"

#define LEARN_KEYS_MAX       64
#define LEARN_AGGREGATES_MAX 16
#define LEARN_HINTS_MAX      24
#define LEARN_HINT_BYTES     64

/* A key that file signatures may be by. */
struct learned_key {
	char name[IMA_KEY_NAME_MAX + 1];
	struct public_key *key;
	uint32_t id;       /* as signatures name it */
	bool has_other_id; /* than the one that follows from the key */
	bool is_used;      /* a signature in a list verified with it */
	unsigned tries;
};

/* What a list had that a person should know of. */
struct learned_counts {
	uint64_t entries; /* that were learned from */
	uint64_t violations;
	uint64_t unknown; /* of other PCRs, of templates or digests that nothing can be learned from */
	uint64_t weak;    /* digests that collisions can be made of */
};

struct learned_aggregate {
	enum kernel_hash hash;
	size_t len;
	uint8_t digest[KERNEL_HASH_BYTES_MAX];
};

/* Files that other machines have otherwise, and the glob to leave them out with. */
struct learned_hint {
	char glob[LEARN_HINT_BYTES];
	uint64_t count;
};

/* Owns. Settings may be changed before the first source: no_boot and no_ima leave out the section. */
struct learning {
	bool no_boot;
	bool no_ima;
	bool has_ima;
	struct ima_builder *ima;
	struct pattern_set excludes;
	struct boot_policy boot;
	struct pcr_policy pcrs;
	struct policy_banks banks; /* none: the default */
	uint64_t valid_until_ms;   /* of the base */
	struct learned_key keys[LEARN_KEYS_MAX];
	size_t key_count;
	struct learned_aggregate aggregates[LEARN_AGGREGATES_MAX];
	size_t aggregate_count;
	struct learned_hint hints[LEARN_HINTS_MAX];
	size_t hint_count;
	struct learned_counts counts;
	struct blob warnings; /* lines */
};
MUST_USE enum rc learning_init(struct learning *learning, struct err *err);
void learning_release(struct learning *learning);

/* All of another policy; its settings and date hold where nothing else is said. */
MUST_USE enum rc learn_base(struct learning *learning, struct span json, struct err *err);

/*
 * One step, all its quotes. RC_DENIED: a quote does not hold, or a log does not lead to what it quotes;
 * RC_MALFORMED: one of them cannot be read. Entries of the IMA list behind the last quote are not learned.
 */
MUST_USE enum rc learn_evidence(struct learning *learning, const struct evidence_set *set, struct err *err);

/* A firmware log, or a list, that nothing proves. `name` is for messages. */
MUST_USE enum rc learn_boot_log(
	struct learning *learning, const char *name, struct span log, struct err *err);
MUST_USE enum rc learn_list(struct learning *learning, const char *name, struct span list, struct err *err);

/* Files of this glob are neither learned nor judged. Before the lists. */
MUST_USE enum rc learn_exclude(struct learning *learning, const char *glob, struct err *err);

/* A certificate or a public key, PEM or DER, before the lists: it goes into the policy if one of their
 * signatures verifies with it, or if there is no list. */
MUST_USE enum rc learn_key(struct learning *learning, const char *path, struct span key, struct err *err);

/* Demand a boot_aggregate that was seen, whatever the PCRs are: for quotes that lack the bank that it is made
 * of. */
MUST_USE enum rc learn_listed_aggregate(struct learning *learning, struct err *err);

/* The policy, which replaces what is in out. RC_MALFORMED if nothing was learned at all. */
MUST_USE enum rc learning_write(
	struct learning *learning, const struct policy_head *head, struct blob *out, struct err *err);

/* Further warnings, when all sources were read. */
MUST_USE enum rc learning_finish(struct learning *learning, struct err *err);

/* One more line of warnings. Only RC_NOMEM. */
MUST_USE enum rc learning_warn(struct learning *learning, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
