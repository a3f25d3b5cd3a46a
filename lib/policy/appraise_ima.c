#include <stdio.h>

#include "lib/base/drop.h"
#include "lib/policy/appraise_inside.h"
#include "lib/policy/ima_aggregate.h"

/* PCR 0 to 9 of this bank are quoted, and the log leads to them. */
static bool replay_holds(const struct event_replay *replay, const struct pcr_values *values, uint16_t alg)
{
	for (unsigned pcr = 0; pcr < 10; pcr++) {
		struct span quoted = {0};
		struct span replayed = {0};

		if (pcr_values_get(values, alg, pcr, &quoted) != RC_OK ||
			event_replay_get(replay, alg, pcr, &replayed) != RC_OK ||
			!span_equal(quoted, replayed))
			return false;
	}
	return true;
}

/* The log, if some quoted bank proves it. Its digests in other banks are claims all the same: what is
 * compared with them, boot_aggregate, stands in a list that is proven by itself. */
static const struct event_replay *proven_replay(struct round *round)
{
	const struct pcr_selection *quoted = &round->values.selection;
	struct event_log log = {0};

	if (round->in->boot_log == NULL || event_log_parse(*round->in->boot_log, &log) != RC_OK ||
		event_replay(&log, &round->replay) != RC_OK)
		return NULL;
	for (size_t i = 0; i < quoted->count; i++)
		if (replay_holds(&round->replay, &round->values, quoted->banks[i].alg))
			return &round->replay;
	return NULL;
}

/* One of the policy's banks proves the list. */
static bool bank_proves(const struct policy *policy, const struct pcr_values *values)
{
	struct span value = {0};

	for (size_t i = 0; i < policy->banks.count; i++)
		if (pcr_values_get(values, policy->banks.alg[i], IMA_PCR, &value) == RC_OK)
			return true;
	return false;
}

static void pcr_is_missing(const struct policy *policy, struct verdict *verdict)
{
	char subject[FINDING_SUBJECT_BYTES];
	struct finding *finding;

	snprintf(subject, sizeof subject, "pcr %d (%s)", IMA_PCR,
		tpm_alg_name(policy->banks.count > 0 ? policy->banks.alg[0] : TPM_ALG_SHA256));
	finding = verdict_add(verdict, FINDING_PCR_MISSING, subject);
	snprintf(finding->expected, sizeof finding->expected, "a bank that may prove the measurement list");
}

static bool wants_aggregate_values(const struct ima_run *run)
{
	for (size_t i = 0; i < run->proven.aggregates; i++)
		if (!run->aggregate[i].holds)
			return true;
	return false;
}

void appraise_ima(struct round *round, struct verdict *verdict)
{
	static const struct ima_run none;
	const struct policy *policy = round->in->policy;
	const struct policy *previous = appraise_former(round->in);
	struct ima_run *run = round->in->ima;
	struct ima_boot_values values = {.quoted = &round->values};

	/* What the former policy does not judge it accepts. */
	if (!policy->has_ima || (previous != NULL && !previous->has_ima))
		return;
	if (!bank_proves(policy, &round->values)) {
		pcr_is_missing(policy, verdict);
		return;
	}
	ima_run_findings(run != NULL ? run : &none, verdict);
	if (run == NULL || run->state != IMA_PROVEN)
		return;
	if (wants_aggregate_values(run))
		values.replayed = proven_replay(round);
	ima_aggregate_judge(run, &policy->ima, previous != NULL ? &previous->ima : NULL, &values, verdict);
}
