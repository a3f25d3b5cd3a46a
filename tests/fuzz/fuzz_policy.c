/* A policy that is read can be written, and reads again as one that allows the same. */
#include "lib/base/drop.h"
#include "lib/policy/policy.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	DROP(policy_release) struct policy policy = {0};
	DROP(policy_release) struct policy again = {0};
	DROP(blob_release) struct blob json = {0};
	DROP(blob_release) struct blob diff = {0};
	struct policy_head head = {.name = policy.name};
	struct err err = {0};

	if (policy_parse(span_of(at, len), &policy, &err) != RC_OK) {
		HOLDS(err.text[0] != '\0');
		return 0;
	}
	head.valid_until_ms = policy.valid_until_ms;
	HOLDS(policy_write(&head, &policy.pcrs, &json, NULL) == RC_OK);
	HOLDS(policy_parse(blob_span(&json), &again, NULL) == RC_OK);
	HOLDS(policy_diff(&policy, &again, &diff) == RC_OK && diff.len == 0);
	HOLDS(policy_selection(&policy).count > 0);
	return 0;
}
