/* Lists of rules held against what a log shows. */
#ifndef LIMEBUS_POLICY_BOOT_MATCH_H
#define LIMEBUS_POLICY_BOOT_MATCH_H

#include "lib/policy/boot_fact.h"
#include "lib/policy/boot_item_text.h"
#include "lib/policy/verdict.h"

/* Certificates that vouched for what ran; SHA-256 of each, once. Borrows. Empty unless Secure Boot is on, and
 * for a log with more than any machine has: each image is held against all of them. */
#define BOOT_SIGNERS_MAX 64
struct boot_signers {
	size_t count;
	const uint8_t *certificates[BOOT_SIGNERS_MAX];
};

void boot_signers_gather(const struct boot_facts *facts, struct boot_signers *out);

bool boot_item_matches(const struct boot_item *item, const struct boot_fact *fact, bool named,
	const struct boot_signers *signers);

/* No rule looks at an event that is excepted. */
bool boot_is_excepted(const struct boot_list *exceptions, const struct boot_fact *fact);

/* Facts picked from all, in their order. Owned by whoever made it; room for all of them. */
struct boot_picked {
	size_t count;
	const struct boot_fact **at;
	bool *is_bad; /* scratch, one a fact */
};

MUST_USE enum rc boot_picked_init(const struct boot_facts *facts, struct boot_picked *out);
void boot_picked_release(struct boot_picked *picked);

/* One list and what a finding about it is called. */
struct boot_rule {
	const struct boot_list *list;
	bool named;
	enum finding_check check;
	const char *what; /* "boot application" */
	const struct boot_signers *signers;
};

/* How much is wrong; for each such thing a finding, if verdict is not NULL. */
size_t boot_rule_judge(const struct boot_rule *rule, struct boot_picked *picked, struct verdict *verdict);

#endif
