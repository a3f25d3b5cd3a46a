#include "lib/policy/appraise_inside.h"

#include <stdio.h>

#include "lib/base/drop.h"
#include "lib/policy/policy_date.h"

/* One finding a check of the quote, in the same order. */
_Static_assert(FINDING_QUOTE_TYPE + QUOTE_SIGNATURE == FINDING_QUOTE_SIGNATURE, "same order");
_Static_assert(FINDING_QUOTE_TYPE + QUOTE_SCHEME == FINDING_QUOTE_SCHEME, "same order");
_Static_assert(FINDING_QUOTE_TYPE + QUOTE_DATA == FINDING_QUOTE_DATA, "same order");
_Static_assert(FINDING_QUOTE_TYPE + QUOTE_SELECTION == FINDING_QUOTE_SELECTION, "same order");
_Static_assert(FINDING_QUOTE_TYPE + QUOTE_DIGEST == FINDING_QUOTE_DIGEST, "same order");
_Static_assert(FINDING_QUOTE_TYPE + QUOTE_SIGNER == FINDING_QUOTE_SIGNER, "same order");
_Static_assert(FINDING_QUOTE_TYPE + QUOTE_RESET == FINDING_QUOTE_RESET, "same order");
_Static_assert(FINDING_QUOTE_TYPE + QUOTE_CLOCK == FINDING_QUOTE_CLOCK, "same order");
_Static_assert(QUOTE_CLOCK + 1 == QUOTE_REASON_COUNT, "no check of the quote without a finding");
_Static_assert(QUOTE_TEXT_BYTES <= FINDING_TEXT_BYTES, "the quote's texts fit");

/* Without these nothing that the node reports is proven, and comparing it with a policy would say nothing. */
#define PROOF                                                                                                \
	(1u << QUOTE_TYPE | 1u << QUOTE_SIGNATURE | 1u << QUOTE_SCHEME | 1u << QUOTE_DATA |                  \
		1u << QUOTE_SELECTION | 1u << QUOTE_DIGEST | 1u << QUOTE_SIGNER)

static void not_judged(struct verdict *verdict, const char *subject, enum rc rc)
{
	struct finding *finding = verdict_add(verdict, FINDING_INTERNAL, subject);

	snprintf(finding->found, sizeof finding->found, "%s", rc_words(rc));
}

static void appraise_quote(
	const struct quote_claim *claim, const struct quote_verdict *quote, struct verdict *verdict)
{
	for (unsigned reason = 0; reason < QUOTE_REASON_COUNT; reason++) {
		struct quote_texts texts;
		struct finding *finding;

		if ((quote->failed >> reason & 1) == 0)
			continue;
		quote_reason_texts(claim, (enum quote_reason)reason, &texts);
		finding = verdict_add(verdict, (enum finding_check)(FINDING_QUOTE_TYPE + reason), "quote");
		memcpy(finding->expected, texts.expected, sizeof texts.expected);
		memcpy(finding->found, texts.found, sizeof texts.found);
	}
}

static bool has_expired(const struct policy *policy, uint64_t now_ms)
{
	return policy->valid_until_ms != 0 && now_ms > policy->valid_until_ms;
}

const struct policy *appraise_former(const struct appraisal *in)
{
	return in->previous != NULL && !has_expired(in->previous, in->now_ms) ? in->previous : NULL;
}

static void expired(const struct policy *policy, uint64_t now_ms, struct verdict *verdict)
{
	char dates[2][POLICY_DATE_BYTES];
	char subject[FINDING_SUBJECT_BYTES];
	struct finding *finding;

	snprintf(subject, sizeof subject, "policy %s", policy->name);
	finding = verdict_add(verdict, FINDING_POLICY_EXPIRED, subject);
	snprintf(finding->expected, sizeof finding->expected, "a time until %s",
		policy_date_text(policy->valid_until_ms, dates[0]));
	snprintf(finding->found, sizeof finding->found, "%s", policy_date_text(now_ms, dates[1]));
}

static void appraise_pcrs(struct round *round, const struct policy *policy, struct verdict *verdict)
{
	pcr_policy_appraise(&policy->pcrs, &round->values, verdict);
}

struct counts {
	size_t kept, total, failures, unjudged;
};

static struct counts counts_of(const struct verdict *verdict)
{
	return (struct counts){verdict->kept, verdict->total, verdict->failures, verdict->unjudged};
}

static void counts_set(struct verdict *verdict, struct counts counts)
{
	verdict->kept = counts.kept;
	verdict->total = counts.total;
	verdict->failures = counts.failures;
	verdict->unjudged = counts.unjudged;
}

void appraise_either(struct round *round, section_fn section, struct verdict *verdict)
{
	const struct policy *previous = appraise_former(round->in);
	struct counts before = counts_of(verdict);
	struct counts after;

	section(round, round->in->policy, verdict);
	after = counts_of(verdict);
	if (previous == NULL || (after.failures == before.failures && after.unjudged == before.unjudged))
		return;
	counts_set(verdict, before);
	section(round, previous, verdict);
	if (verdict->failures == before.failures && verdict->unjudged == before.unjudged)
		return;
	counts_set(verdict, before);
	section(round, round->in->policy, verdict);
}

/* A policy that ran out says nothing any more, neither good nor bad. */
static void appraise_policy(const struct appraisal *in, struct verdict *verdict)
{
	struct round round = {.in = in};
	enum rc rc;

	if (has_expired(in->policy, in->now_ms)) {
		expired(in->policy, in->now_ms, verdict);
		return;
	}
	rc = pcr_values_parse(in->quote->asked, in->quote->values, &round.values);
	if (rc != RC_OK) {
		not_judged(verdict, "PCR values", rc);
		return;
	}
	appraise_either(&round, appraise_pcrs, verdict);
	appraise_boot(&round, verdict);
	appraise_ima(&round, verdict);
}

bool quote_proves(const struct quote_verdict *checked)
{
	return (checked->failed & PROOF) == 0;
}

void appraise(const struct appraisal *appraisal, struct verdict *out)
{
	struct quote_verdict quote = {0};
	enum rc rc = RC_OK;

	verdict_clear(out);
	if (appraisal->checked != NULL)
		quote = *appraisal->checked;
	else
		rc = quote_check(appraisal->quote, &quote);
	if (rc != RC_OK) {
		not_judged(out, "quote", rc);
	} else {
		appraise_quote(appraisal->quote, &quote, out);
		out->rebooted = quote.rebooted;
		if (appraisal->policy != NULL && quote_proves(&quote))
			appraise_policy(appraisal, out);
	}
	verdict_close(out);
}
