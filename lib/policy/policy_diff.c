#include "lib/base/drop.h"
#include "lib/base/hex.h"
#include "lib/policy/policy.h"
#include "lib/policy/policy_date.h"
#include "lib/policy/policy_words.h"

/* Values of rule `a` that rule `b` does not have. */
static enum rc values_only_in(const struct pcr_policy *a, const struct pcr_rule *a_rule,
	const struct pcr_policy *b, const struct pcr_rule *b_rule, const char *words, struct blob *out)
{
	char hex[HEX_BYTES(TPM_HASH_MAX_BYTES)];

	for (size_t i = 0; i < a_rule->count; i++) {
		struct span value = pcr_policy_value(a, a_rule, i);

		if (!pcr_policy_allows(b, b_rule, value))
			TRY(policy_line_of(out, "pcr %u (%s): %s: %s", a_rule->pcr, tpm_alg_name(a_rule->alg),
				words, hex_encode(value, hex)));
	}
	return RC_OK;
}

static enum rc rules_diff(const struct pcr_policy *before, const struct pcr_policy *after, struct blob *out)
{
	for (size_t i = 0; i < before->count; i++) {
		const struct pcr_rule *old = &before->rules[i];
		const struct pcr_rule *new = pcr_policy_rule(after, old->alg, old->pcr);

		if (new == NULL) {
			TRY(policy_line_of(
				out, "pcr %u (%s): no longer checked", old->pcr, tpm_alg_name(old->alg)));
			continue;
		}
		TRY(values_only_in(before, old, after, new, "no longer allowed", out));
		TRY(values_only_in(after, new, before, old, "now also allowed", out));
	}
	for (size_t i = 0; i < after->count; i++) {
		const struct pcr_rule *new = &after->rules[i];

		if (pcr_policy_rule(before, new->alg, new->pcr) == NULL)
			TRY(policy_line_of(out, "pcr %u (%s): now checked, %zu value%s allowed", new->pcr,
				tpm_alg_name(new->alg), new->count, new->count == 1 ? "" : "s"));
	}
	return RC_OK;
}

static const char *date_words(uint64_t ms, char out[static POLICY_DATE_BYTES])
{
	return ms == 0 ? "no end" : policy_date_text(ms, out);
}

static enum rc sections_diff(const struct policy *before, const struct policy *after, struct blob *out)
{
	if (before->boot.there != after->boot.there)
		TRY(policy_line_of(
			out, "boot: what booted is %s checked", after->boot.there ? "now" : "no longer"));
	if (before->has_ima != after->has_ima)
		TRY(policy_line_of(
			out, "ima: what runs is %s checked", after->has_ima ? "now" : "no longer"));
	if (before->banks.count != after->banks.count ||
		memcmp(before->banks.alg, after->banks.alg, sizeof before->banks.alg) != 0)
		TRY(policy_line_of(out, "banks: other banks may prove a log"));
	return RC_OK;
}

enum rc policy_diff(const struct policy *before, const struct policy *after, struct blob *out)
{
	char dates[2][POLICY_DATE_BYTES];

	if (strcmp(before->name, after->name) != 0)
		TRY(policy_line_of(out, "name: %s becomes %s", before->name, after->name));
	if (before->valid_until_ms != after->valid_until_ms)
		TRY(policy_line_of(out, "valid until: %s becomes %s",
			date_words(before->valid_until_ms, dates[0]),
			date_words(after->valid_until_ms, dates[1])));
	TRY(sections_diff(before, after, out));
	return rules_diff(&before->pcrs, &after->pcrs, out);
}
