/* What the files of lib/policy share about a policy. Internal to lib/policy. */
#ifndef LIMEBUS_POLICY_POLICY_INSIDE_H
#define LIMEBUS_POLICY_POLICY_INSIDE_H

#include "lib/policy/policy.h"

/* The JSON without ima.digests: what is made into values. */
#define POLICY_REST_MAX_BYTES  (16u << 20)
#define POLICY_REST_MAX_VALUES (256u << 10)
#define POLICY_REST_MAX_DEPTH  16

/* PCR 0 to 9 are needed for boot_aggregate. */
#define POLICY_IMA_PCRS  0x07ffu
#define POLICY_BOOT_PCRS 0x7bffu

struct policy_banks policy_banks_default(void);

/* All that stands in a policy, but for its id and digests, which are in the table; table may be empty. Errors
 * name the path. */
MUST_USE enum rc policy_parts_parse(
	const struct json *root, struct span table, struct policy *policy, struct err *err);

/* The JSON without ima.digests, as values. */
MUST_USE enum rc policy_rest_parse(struct span rest, struct json_doc *out, struct err *err);

#endif
