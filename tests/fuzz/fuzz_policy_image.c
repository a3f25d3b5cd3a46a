/* Whatever lies where an image should be: what opens can be asked. */
#include "lib/base/drop.h"
#include "lib/policy/policy.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	DROP(policy_release) struct policy policy = {0};
	DROP(blob_release) struct blob words = {0};
	uint8_t digest[32] = {0};
	struct err err = {0};

	if (policy_open(span_of(at, len), &policy, &err) != RC_OK) {
		HOLDS(err.text[0] != '\0');
		return 0;
	}
	for (unsigned kind = 0; kind < DIGEST_KIND_COUNT; kind++) {
		const struct digest_table *table = &policy.ima.digests;
		struct digest_found found = digest_table_find(table, (enum digest_kind)kind,
			span_of(at, len % 256), KERNEL_HASH_SHA256, SPAN(digest));

		HOLDS(found.first + found.count <= table->count);
		for (uint32_t i = 0; i < found.count; i++)
			HOLDS(digest_table_row(table, found.first + i).digest.len <= DIGEST_ROW_DIGEST_MAX);
	}
	for (uint32_t i = 0; i < policy.ima.digests.count; i++)
		HOLDS(digest_table_row(&policy.ima.digests, i).digest.len <= DIGEST_ROW_DIGEST_MAX);
	HOLDS(policy_json_rest(span_of(at, len)).len > 0);
	HOLDS(ima_policy_show(&policy.ima, &words) == RC_OK);
	return 0;
}
