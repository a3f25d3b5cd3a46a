/*
 * The tenant's policies: one compiled copy for each content, shared by all nodes that use it, found by the
 * SHA-256 of its JSON. What was put once stays: a provisioning may name it.
 */
#ifndef LIMEBUS_VERIFIER_POLICIES_H
#define LIMEBUS_VERIFIER_POLICIES_H

#include "lib/policy/policy.h"
#include "lib/trust/roster.h"

#define POLICIES_MAX 4096

struct policy_entry {
	uint8_t hash[HASH_BYTES]; /* of the JSON */
	struct policy policy;
	struct pcr_selection selection;
	struct blob banks;   /* the selection as elements of `challenge` */
	struct blob request; /* signed by an operator */
	uint64_t number;
	uint64_t time;
	uint64_t seen;   /* the last load that found it in Redis */
	bool is_foreign; /* … in a record that was signed with another key than ours */
};

/* {0} is empty. */
struct policies {
	void *by_hash;
	size_t count;
};
void policies_release(struct policies *policies);

/* Borrowed until policies_release. NULL if there is none. */
const struct policy_entry *policies_find(
	const struct policies *policies, const uint8_t hash[static HASH_BYTES]);
/* The content of this name with the highest number. */
const struct policy_entry *policies_by_name(const struct policies *policies, struct span name);

/* Compile; nothing is added yet. RC_MALFORMED, RC_LIMIT with words for the operator. request is the signed
 * envelope, which was checked; message what is inside. */
MUST_USE enum rc policy_entry_make(
	struct span request, const struct msg_policy *message, struct policy_entry **out, struct err *err);
void policy_entry_release(struct policy_entry **entry);

/* Takes the entry; one of the same content that is there already stays, and this one is released. */
MUST_USE enum rc policies_add(struct policies *policies, struct policy_entry **entry);

/* Load `generation` found this one in Redis. */
void policies_see(struct policies *policies, const uint8_t hash[static HASH_BYTES], uint64_t generation,
	bool is_foreign);

/* One that load `generation` did not find; NULL: there is none. */
const struct policy_entry *policies_unseen(const struct policies *policies, uint64_t generation);

/* The highest number of each name, names rising, after this name (empty: from the first). */
size_t policies_page(const struct policies *policies, struct span after, size_t max,
	const struct policy_entry **out, bool *more);

#endif
