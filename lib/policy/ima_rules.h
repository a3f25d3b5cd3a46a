/* The settings of the section "ima": parsed and written by one table. Internal to lib/policy. */
#ifndef LIMEBUS_POLICY_IMA_RULES_H
#define LIMEBUS_POLICY_IMA_RULES_H

#include "lib/json/json.h"
#include "lib/json/json_write.h"
#include "lib/policy/ima_policy.h"

/* Every key that may stand in the section, ending with NULL. */
extern const char *const ima_section_known[];

MUST_USE enum rc ima_rules_parse(const struct json *section, struct ima_rules *out, struct err *err);

/* Those that differ from the default. */
void ima_rules_write(const struct ima_rules *rules, struct json_write *w);

/* Where `into` has the default, what `from` has. */
void ima_rules_merge(struct ima_rules *into, const struct ima_rules *from);

/* Append "unknown: fail" and so on, a line a setting, each behind `lead`; with `before`, only those that
 * differ, as "unknown: fail becomes report". */
MUST_USE enum rc ima_rules_words(
	const struct ima_rules *before, const struct ima_rules *rules, const char *lead, struct blob *out);

#endif
