#include "lib/policy/policy.h"

#include <stdio.h>

#include "lib/base/drop.h"
#include "lib/policy/policy_date.h"
#include "lib/policy/policy_inside.h"

void policy_release(struct policy *policy)
{
	pcr_policy_release(&policy->pcrs);
	boot_policy_release(&policy->boot);
	ima_policy_release(&policy->ima);
	blob_release(&policy->image);
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

static enum rc format_parse(
	const struct json *root, struct span table, struct policy *policy, struct err *err)
{
	struct json value;
	uint64_t format = 0;

	(void)table;
	(void)policy;
	TRY(json_get(root, "limebus", &value, err));
	return json_u64(&value, POLICY_FORMAT, POLICY_FORMAT, &format, err);
}

static enum rc name_parse(const struct json *root, struct span table, struct policy *policy, struct err *err)
{
	struct json value;
	struct span name;

	(void)table;
	TRY(json_get(root, "name", &value, err));
	TRY(json_text(&value, POLICY_NAME_MAX, &name, err));
	if (!policy_name_holds(name))
		return json_fail(&value, err, RC_MALFORMED,
			"expected letters, digits, '.', '_' and '-', beginning with a letter or a digit");
	memcpy(policy->name, name.at, name.len);
	return RC_OK;
}

static enum rc comment_parse(
	const struct json *root, struct span table, struct policy *policy, struct err *err)
{
	struct json value;
	struct span text;

	(void)table;
	(void)policy;
	return json_has(root, "comment", &value) ? json_text(&value, POLICY_COMMENT_MAX, &text, err) : RC_OK;
}

static enum rc date_parse(const struct json *root, struct span table, struct policy *policy, struct err *err)
{
	struct json value;
	struct span text;

	(void)table;
	if (!json_has(root, "valid-until", &value))
		return RC_OK;
	TRY(json_text(&value, POLICY_COMMENT_MAX, &text, err));
	if (policy_date_parse(text, &policy->valid_until_ms) != RC_OK)
		return json_fail(
			&value, err, RC_MALFORMED, "expected a date such as \"2027-06-30T00:00:00Z\" (UTC)");
	return RC_OK;
}

/* One bank that a challenge can ask for and lib/crypto can replay. */
static enum rc bank_parse(const struct json *item, struct policy_banks *banks, struct err *err)
{
	enum digest_alg alg;
	struct span text;

	TRY(json_text(item, 64, &text, err));
	alg = digest_of_name(text);
	if (alg == DIGEST_NONE)
		return json_fail(item, err, RC_UNSUPPORTED, "not a bank that is known here");
	for (size_t i = 0; i < banks->count; i++)
		if (banks->alg[i] == digest_tpm_id(alg))
			return json_fail(item, err, RC_MALFORMED, "a bank that stands there twice");
	if (banks->count == POLICY_BANKS_MAX)
		return json_fail(item, err, RC_LIMIT, "more than %d banks", POLICY_BANKS_MAX);
	banks->alg[banks->count++] = digest_tpm_id(alg);
	return RC_OK;
}

static enum rc banks_parse(const struct json *root, struct span table, struct policy *policy, struct err *err)
{
	struct json list, item;

	(void)table;
	if (!json_has(root, "banks", &list)) {
		policy->banks = policy_banks_default();
		return RC_OK;
	}
	TRY(json_expect(&list, JSON_KIND_ARRAY, err));
	for (size_t i = 0; i < json_count(&list); i++) {
		TRY(json_item(&list, i, &item, err));
		TRY(bank_parse(&item, &policy->banks, err));
	}
	if (policy->banks.count == 0)
		return json_fail(&list, err, RC_MALFORMED, "without a bank nothing can be proven");
	return RC_OK;
}

struct policy_banks policy_banks_default(void)
{
	return (struct policy_banks){.count = 1, .alg = {TPM_ALG_SHA256}};
}

static enum rc pcrs_parse(const struct json *root, struct span table, struct policy *policy, struct err *err)
{
	struct json section;

	(void)table;
	return json_has(root, "pcrs", &section) ? pcr_policy_parse(&section, &policy->pcrs, err) : RC_OK;
}

static enum rc boot_parse(const struct json *root, struct span table, struct policy *policy, struct err *err)
{
	struct json section;

	(void)table;
	return json_has(root, "boot", &section) ? boot_policy_parse(&section, &policy->boot, err) : RC_OK;
}

static enum rc ima_parse(const struct json *root, struct span table, struct policy *policy, struct err *err)
{
	struct json section;

	policy->has_ima = json_has(root, "ima", &section);
	return policy->has_ima ? ima_policy_parse(&section, table, &policy->ima, err) : RC_OK;
}

/* All that may stand in a policy. A section holds something once it was parsed. */
static const struct {
	const char *key;
	enum rc (*parse)(const struct json *root, struct span table, struct policy *policy, struct err *err);
	bool section;
} parts[] = {
	{"limebus", format_parse, false},
	{"name", name_parse, false},
	{"comment", comment_parse, false},
	{"valid-until", date_parse, false},
	{"banks", banks_parse, false},
	{"pcrs", pcrs_parse, true},
	{"boot", boot_parse, true},
	{"ima", ima_parse, true},
};

enum rc policy_parts_parse(const struct json *root, struct span table, struct policy *policy, struct err *err)
{
	const char *known[COUNT(parts) + 1] = {0};
	struct json section;
	size_t sections = 0;

	for (size_t i = 0; i < COUNT(parts); i++)
		known[i] = parts[i].key;
	TRY(json_only(root, known, err));
	for (size_t i = 0; i < COUNT(parts); i++) {
		TRY(parts[i].parse(root, table, policy, err));
		sections += parts[i].section && json_has(root, parts[i].key, &section);
	}
	if (sections == 0)
		return json_fail(root, err, RC_MALFORMED,
			"the policy demands nothing: \"pcrs\", \"boot\" and \"ima\" are missing");
	return RC_OK;
}

struct pcr_selection policy_selection(const struct policy *policy)
{
	struct pcr_selection selection = pcr_policy_selection(&policy->pcrs);
	uint32_t mask = 0;

	if (policy->boot.there)
		mask |= POLICY_BOOT_PCRS;
	if (policy->has_ima)
		mask |= POLICY_IMA_PCRS;
	/* At most three banks are there already, so that there is room for one more. */
	for (unsigned pcr = 0; pcr < PCR_COUNT; pcr++)
		if ((mask >> pcr & 1) != 0 &&
			pcr_selection_add(&selection, policy->banks.alg[0], pcr) != RC_OK)
			break;
	return selection;
}
