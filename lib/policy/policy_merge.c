#include "lib/base/drop.h"
#include "lib/policy/boot_words.h"
#include "lib/policy/ima_builder.h"
#include "lib/policy/policy_inside.h"

static enum rc pcrs_merge(struct pcr_policy *into, const struct pcr_policy *from, struct err *err)
{
	for (size_t i = 0; i < from->count; i++) {
		const struct pcr_rule *rule = &from->rules[i];

		for (size_t j = 0; j < rule->count; j++) {
			enum rc rc =
				pcr_policy_allow(into, rule->alg, rule->pcr, pcr_policy_value(from, rule, j));

			if (rc != RC_OK)
				return err_set(err, rc, "pcr %u: %s", rule->pcr, rc_words(rc));
		}
	}
	return RC_OK;
}

static void banks_merge(struct policy_banks *into, const struct policy_banks *from)
{
	if (into->count == 1 && into->alg[0] == policy_banks_default().alg[0])
		*into = *from;
}

enum rc policy_merge(
	const struct policy_head *head, struct span a, struct span b, struct blob *out, struct err *err)
{
	DROP(ima_builder_close) struct ima_builder *ima = NULL;
	DROP(policy_release) struct policy first = {0};
	DROP(policy_release) struct policy second = {0};
	struct policy_parts parts = {.banks = &first.banks};

	TRY(policy_parse(a, &first, err));
	TRY(policy_parse(b, &second, err));
	TRY(pcrs_merge(&first.pcrs, &second.pcrs, err));
	TRY(boot_policy_merge(&first.boot, &second.boot, err));
	banks_merge(&first.banks, &second.banks);
	if (first.pcrs.count > 0)
		parts.pcrs = &first.pcrs;
	if (first.boot.there)
		parts.boot = &first.boot;
	if (first.has_ima || second.has_ima) {
		if (ima_builder_open(&ima) != RC_OK)
			return err_set(err, RC_NOMEM, "no memory for a policy");
		TRY(ima_builder_load(ima, a, err));
		TRY(ima_builder_load(ima, b, err));
		parts.ima = ima;
	}
	return policy_write_parts(head, &parts, out, err);
}

static enum rc ima_diff(
	struct span before, struct span after, size_t lines_max, struct blob *out, struct err *err)
{
	DROP(ima_builder_close) struct ima_builder *old = NULL;
	DROP(ima_builder_close) struct ima_builder *new = NULL;

	if (ima_builder_open(&old) != RC_OK || ima_builder_open(&new) != RC_OK)
		return err_set(err, RC_NOMEM, "no memory for a policy");
	TRY(ima_builder_load(old, before, err));
	TRY(ima_builder_load(new, after, err));
	return ima_builder_diff(old, new, lines_max, out);
}

enum rc policy_diff_json(
	struct span before, struct span after, size_t lines_max, struct blob *out, struct err *err)
{
	DROP(policy_release) struct policy old = {0};
	DROP(policy_release) struct policy new = {0};

	TRY(policy_parse(before, &old, err));
	TRY(policy_parse(after, &new, err));
	if (policy_diff(&old, &new, out) != RC_OK || boot_diff(&old.boot, &new.boot, lines_max, out) != RC_OK)
		return err_set(err, RC_NOMEM, "no memory for the differences");
	return old.has_ima || new.has_ima ? ima_diff(before, after, lines_max, out, err) : RC_OK;
}
