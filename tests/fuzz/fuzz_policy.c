/* A policy that is read can be written, and reads again as one that allows the same. */
#include "lib/base/drop.h"
#include "lib/policy/ima_builder.h"
#include "lib/policy/policy.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	DROP(policy_release) struct policy policy = {0};
	DROP(blob_release) struct blob json = {0};
	DROP(blob_release) struct blob diff = {0};
	struct policy_head head = {.name = policy.name};
	struct span in = span_of(at, len);
	struct err err = {0};

	if (policy_parse(in, &policy, &err) != RC_OK) {
		HOLDS(err.text[0] != '\0');
		return 0;
	}
	head.valid_until_ms = policy.valid_until_ms;
	HOLDS(policy_merge(&head, in, in, &json, &err) == RC_OK);
	HOLDS(policy_diff_json(in, blob_span(&json), 10, &diff, &err) == RC_OK);
	HOLDS(diff.len == 0);
	HOLDS(policy_selection(&policy).count > 0);
	return 0;
}
