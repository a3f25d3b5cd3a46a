/* A policy that allows what a captured IMA list shows, and a list that is judged by it. */
#ifndef LIMEBUS_TESTS_SUPPORT_LEARNED_H
#define LIMEBUS_TESTS_SUPPORT_LEARNED_H

#include "lib/policy/ima_builder.h"
#include "lib/policy/ima_judge.h"
#include "lib/policy/policy.h"

/* Every entry's digest, under its name; names of violations. Neither aggregates nor signatures. The test
 * fails if the list is not one. */
void learned_add(struct ima_builder *builder, struct span list);

/* The policy of what was collected; the test fails if there is none. */
void learned_policy(struct ima_builder *builder, struct policy *out);

/* Both, with the settings that are given (NULL: the defaults). */
void policy_of_list(struct span list, const struct ima_rules *rules, struct policy *out);

/* A round of a run: the list from where the run stands, in pieces of so many bytes (0: in one). */
void judge_list(struct ima_run *run, const struct policy *policy, const struct policy *previous,
	struct span list, const struct pcr_values *quoted, size_t piece);

#endif
