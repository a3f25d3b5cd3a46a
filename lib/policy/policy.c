#include "lib/policy/policy.h"

#include <stdio.h>

#include "lib/base/drop.h"
#include "lib/crypto/digest.h"
#include "lib/policy/policy_date.h"

static const struct json_limits limits = {.bytes = POLICY_JSON_MAX_BYTES, .depth = 8, .values = 4096};

void policy_release(struct policy *policy)
{
	pcr_policy_release(&policy->pcrs);
	memset(policy, 0, sizeof *policy);
}

bool policy_name_holds(struct span name)
{
	if (name.len < 1 || name.len > POLICY_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.at[i];
		bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

		if (!word && (i == 0 || (c != '.' && c != '_' && c != '-')))
			return false;
	}
	return true;
}

static enum rc format_parse(const struct json *root, struct policy *policy, struct err *err)
{
	struct json value;
	uint64_t format = 0;

	(void)policy;
	TRY(json_get(root, "limebus", &value, err));
	return json_u64(&value, POLICY_FORMAT, POLICY_FORMAT, &format, err);
}

static enum rc name_parse(const struct json *root, struct policy *policy, struct err *err)
{
	struct json value;
	struct span name;

	TRY(json_get(root, "name", &value, err));
	TRY(json_text(&value, POLICY_NAME_MAX, &name, err));
	if (!policy_name_holds(name))
		return json_fail(&value, err, RC_MALFORMED,
			"expected letters, digits, '.', '_' and '-', beginning with a letter or a digit");
	memcpy(policy->name, name.at, name.len);
	return RC_OK;
}

static enum rc comment_parse(const struct json *root, struct policy *policy, struct err *err)
{
	struct json value;
	struct span text;

	(void)policy;
	return json_has(root, "comment", &value) ? json_text(&value, POLICY_COMMENT_MAX, &text, err) : RC_OK;
}

static enum rc date_parse(const struct json *root, struct policy *policy, struct err *err)
{
	struct json value;
	struct span text;

	if (!json_has(root, "valid-until", &value))
		return RC_OK;
	TRY(json_text(&value, POLICY_COMMENT_MAX, &text, err));
	if (policy_date_parse(text, &policy->valid_until_ms) != RC_OK)
		return json_fail(
			&value, err, RC_MALFORMED, "expected a date such as \"2027-06-30T00:00:00Z\" (UTC)");
	return RC_OK;
}

static enum rc pcrs_parse(const struct json *root, struct policy *policy, struct err *err)
{
	struct json section;

	return json_has(root, "pcrs", &section) ? pcr_policy_parse(&section, &policy->pcrs, err) : RC_OK;
}

/* All that may stand in a policy. A section holds something once it was parsed. */
static const struct {
	const char *key;
	enum rc (*parse)(const struct json *root, struct policy *policy, struct err *err);
	bool section;
} parts[] = {
	{"limebus", format_parse, false},
	{"name", name_parse, false},
	{"comment", comment_parse, false},
	{"valid-until", date_parse, false},
	{"pcrs", pcrs_parse, true},
};

static enum rc parts_parse(const struct json *root, struct policy *policy, struct err *err)
{
	const char *known[COUNT(parts) + 1] = {0};
	struct json section;
	size_t sections = 0;

	for (size_t i = 0; i < COUNT(parts); i++)
		known[i] = parts[i].key;
	TRY(json_only(root, known, err));
	for (size_t i = 0; i < COUNT(parts); i++) {
		TRY(parts[i].parse(root, policy, err));
		sections += parts[i].section && json_has(root, parts[i].key, &section);
	}
	if (sections == 0)
		return json_fail(root, err, RC_MALFORMED, "the policy demands nothing: \"pcrs\" is missing");
	return RC_OK;
}

enum rc policy_parse(struct span json, struct policy *out, struct err *err)
{
	DROP(json_doc_release) struct json_doc doc = {0};
	DROP(policy_release) struct policy policy = {0};
	struct json root;

	TRY(json_parse(json, &limits, &doc, err));
	root = json_root(&doc);
	TRY(parts_parse(&root, &policy, err));
	if (digest_bytes(DIGEST_SHA256, json, policy.id) != RC_OK)
		return err_set(err, RC_CRYPTO, "the policy's id could not be computed");
	policy_release(out);
	*out = TAKE(policy);
	return RC_OK;
}

struct pcr_selection policy_selection(const struct policy *policy)
{
	return pcr_policy_selection(&policy->pcrs);
}
