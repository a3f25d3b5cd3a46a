/*
 * The tenant's policies: one compiled copy for each document, shared by all nodes that use it, found by the
 * SHA-256 of the document. What was put once stays: a provisioning may name it. What an operator signed
 * (name, number, hash, size) is known at once after a start; the document is read and compiled behind that.
 */
#ifndef LIMEBUS_VERIFIER_POLICIES_H
#define LIMEBUS_VERIFIER_POLICIES_H

#include "lib/policy/policy.h"
#include "lib/trust/roster.h"
#include "services/verifier/compiler.h"

#define POLICIES_MAX 4096

#define POLICY_WHY_BYTES 160

/* Invariant: image, policy, selection and banks are set if and only if is_ready. */
struct policy_entry {
	uint8_t hash[HASH_BYTES]; /* of the document */
	char name[POLICY_NAME_MAX + 1];
	uint64_t number;
	uint64_t time;
	uint64_t size;       /* of the document */
	struct blob request; /* signed by an operator */
	uint64_t seen;       /* the last load that found it in Redis */
	bool is_foreign;     /* … in a record that was signed with another key than ours */
	bool is_stored;      /* Redis had the whole document when we looked last */
	bool was_read;       /* … or it was found wanting then, and why says how */
	bool is_compiling;   /* it is being read, or compiled */
	char why[POLICY_WHY_BYTES];

	bool is_ready;
	struct region image; /* the compiled form, which policy borrows from */
	struct policy policy;
	struct pcr_selection selection;
	struct blob banks; /* the selection as elements of `challenge` */
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

/* What the operator signed; nothing is added yet, and it is not ready. RC_MALFORMED, RC_LIMIT with words for
 * the operator. request is the signed envelope, which was checked; message what is inside. */
MUST_USE enum rc policy_entry_make(
	struct span request, const struct msg_policy *message, struct policy_entry **out, struct err *err);
void policy_entry_release(struct policy_entry **entry);

/* Its document, compiled: the entry is ready. Takes image and policy, but not on an error: RC_MALFORMED if it
 * calls itself by another name, RC_LIMIT. */
MUST_USE enum rc policy_entry_set(struct policy_entry *entry, struct compiled *compiled, struct err *err);

/* Takes the entry. One of the same document that is there already keeps its policy if it is ready, and takes
 * over all else. */
MUST_USE enum rc policies_add(struct policies *policies, struct policy_entry **entry);

/* For whoever reads its document. NULL if there is none. */
struct policy_entry *policies_edit(struct policies *policies, const uint8_t hash[static HASH_BYTES]);

/* Redis was looked into for all documents; now it is to be done again. */
void policies_read_again(struct policies *policies);

/* One whose document was not looked for yet, nor is; NULL: there is none. */
struct policy_entry *policies_unread(struct policies *policies);

/* The tenant must send it again: it is not ready, or nobody but our memory has it. */
static inline bool policy_is_missing(const struct policy_entry *entry)
{
	return entry->was_read && !(entry->is_ready && entry->is_stored);
}

/* What either asks for. */
void policies_join(struct pcr_selection *selection, const struct pcr_selection *other);

/* As elements of `challenge`, appended. */
MUST_USE enum rc policy_banks_encode(const struct pcr_selection *selection, struct blob *out);

/* How many are missing, and one of them. */
size_t policies_missing(const struct policies *policies, const struct policy_entry **out);

/* Load `generation` found this one in Redis. */
void policies_see(struct policies *policies, const uint8_t hash[static HASH_BYTES], uint64_t generation,
	bool is_foreign);

/* One that load `generation` did not find; NULL: there is none. */
const struct policy_entry *policies_unseen(const struct policies *policies, uint64_t generation);

/* The highest number of each name, names rising, after this name (empty: from the first). */
size_t policies_page(const struct policies *policies, struct span after, size_t max,
	const struct policy_entry **out, bool *more);

#endif
