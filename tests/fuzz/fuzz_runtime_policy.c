/* What is taken over from Keylime's formats can be written as a policy, which parses. The first byte chooses
 * between the formats of lists and the JSON. */
#include "lib/base/drop.h"
#include "lib/policy/ima_builder.h"
#include "lib/policy/import_runtime.h"
#include "lib/policy/policy.h"
#include "tests/fuzz/fuzz.h"

static enum rc import(
	struct span text, struct ima_builder *builder, struct import_warnings *warnings, struct err *err)
{
	struct import_about about = {0};

	if (text.len != 0 && text.at[0] == 'E')
		return import_exclude_list(
			span_of(text.at + 1, text.len - 1), builder, &about, warnings, err);
	if (text.len != 0 && text.at[0] == 'A')
		return import_allow_list(span_of(text.at + 1, text.len - 1), builder, &about, warnings, err);
	return import_runtime_policy(text, builder, &about, warnings, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	DROP(ima_builder_close) struct ima_builder *builder = NULL;
	DROP(import_warnings_release) struct import_warnings warnings = {0};
	DROP(policy_release) struct policy policy = {0};
	DROP(blob_release) struct blob json = {0};
	struct policy_head head = {.name = "fuzz", .comment = ""};
	struct policy_parts parts = {0};
	struct err err = {0};

	HOLDS(ima_builder_open(&builder) == RC_OK);
	if (import(span_of(at, len), builder, &warnings, &err) != RC_OK) {
		HOLDS(err.text[0] != '\0');
		return 0;
	}
	HOLDS(warnings.kept <= IMPORT_WARNINGS_MAX && warnings.kept <= warnings.count);
	parts.ima = builder;
	HOLDS(policy_write_parts(&head, &parts, &json, &err) == RC_OK);
	HOLDS(policy_parse(blob_span(&json), &policy, &err) == RC_OK);
	return 0;
}
