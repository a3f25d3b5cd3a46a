#include <stdio.h>

#include "lib/policy/appraise_inside.h"
#include "lib/policy/boot_appraise.h"

static enum rc add_bank(struct digest_run *run, const struct pcr_values *values, uint16_t alg)
{
	for (unsigned pcr = 0; pcr < PCR_COUNT; pcr++) {
		uint8_t where[] = {(uint8_t)(alg >> 8), (uint8_t)alg, (uint8_t)pcr};
		struct span value = {0};

		/* PCR 10 moves with every program, 15 and above are not of the boot. */
		if (pcr == IMA_PCR || pcr > 14 || pcr_values_get(values, alg, pcr, &value) != RC_OK)
			continue;
		TRY(digest_add(run, SPAN(where)));
		TRY(digest_add(run, value));
	}
	return RC_OK;
}

/* What a boot's verdict depends on, apart from the log that the values prove: policies and PCRs. */
static enum rc boot_digest(
	const struct appraisal *in, const struct pcr_values *values, uint8_t out[static DIGEST_SHA256_BYTES])
{
	DROP(digest_stop) struct digest_run *run = NULL;
	const struct policy *previous = appraise_former(in);

	TRY(digest_start(DIGEST_SHA256, &run));
	TRY(digest_add(run, SPAN(in->policy->id)));
	if (previous != NULL)
		TRY(digest_add(run, SPAN(previous->id)));
	for (size_t i = 0; i < values->selection.count; i++)
		TRY(add_bank(run, values, values->selection.banks[i].alg));
	return digest_finish(run, out);
}

/* The same policies accepted a log that led to the same values. */
static bool was_seen(const struct appraisal *in, const struct pcr_values *values)
{
	uint8_t now[DIGEST_SHA256_BYTES];

	return in->boot != NULL && in->boot->good && boot_digest(in, values, now) == RC_OK &&
	       span_equal(SPAN(now), SPAN(in->boot->of));
}

static void log_not_sent(struct verdict *verdict)
{
	struct finding *finding =
		verdict_add_weighed(verdict, FINDING_BOOT_LOG_MISSING, FINDING_UNJUDGED, "event log");

	snprintf(finding->found, sizeof finding->found, "no log was sent yet");
}

static void boot_by(struct round *round, const struct policy *policy, struct verdict *verdict)
{
	struct boot_evidence evidence = {.banks = policy->banks.alg,
		.bank_count = policy->banks.count,
		.log = *round->in->boot_log,
		.quoted = &round->values};

	if (policy->boot.there)
		boot_appraise(&policy->boot, &evidence, verdict);
}

void appraise_boot(struct round *round, struct verdict *verdict)
{
	const struct appraisal *in = round->in;
	size_t bad = verdict->failures + verdict->unjudged;

	if (!in->policy->boot.there || was_seen(in, &round->values))
		return;
	if (in->boot_log == NULL) {
		log_not_sent(verdict);
		return;
	}
	appraise_either(round, boot_by, verdict);
	if (in->boot != NULL)
		in->boot->good = verdict->failures + verdict->unjudged == bad &&
		                 boot_digest(in, &round->values, in->boot->of) == RC_OK;
}

bool appraise_wants_boot_log(const struct appraisal *appraisal)
{
	struct pcr_values values = {0};

	if (appraisal->policy == NULL || !appraisal->policy->boot.there)
		return false;
	if (pcr_values_parse(appraisal->quote->asked, appraisal->quote->values, &values) != RC_OK)
		return false;
	return !was_seen(appraisal, &values);
}
