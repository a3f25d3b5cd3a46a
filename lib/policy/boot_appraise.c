#include "lib/policy/boot_appraise.h"

#include <stdio.h>

#include "lib/base/drop.h"
#include "lib/base/hex.h"
#include "lib/policy/boot_judge.h"
#include "lib/policy/boot_replay.h"

static void not_judged(struct verdict *verdict, enum rc rc)
{
	struct finding *finding = verdict_add(verdict, FINDING_INTERNAL, "event log");

	snprintf(finding->found, sizeof finding->found, "%s", rc_words(rc));
}

/* An empty log of a machine whose registers were extended hides what ran. */
static bool is_withheld(const struct event_log *log, const struct pcr_values *quoted)
{
	return log->event_count == 0 && boot_was_measured(quoted);
}

static enum rc judge_events(const struct boot_policy *policy, const struct boot_evidence *evidence,
	const struct event_log *log, struct verdict *verdict)
{
	DROP(boot_facts_release) struct boot_facts facts = {0};
	uint16_t proving[DIGEST_COUNT];
	size_t count = 0;

	TRY(boot_replay_judge(log, evidence, verdict, proving, &count));
	if (count == 0)
		return RC_OK;
	TRY(boot_facts_gather(log, proving, count, &facts));
	return boot_judge(policy, &facts, verdict);
}

void boot_appraise(
	const struct boot_policy *policy, const struct boot_evidence *evidence, struct verdict *verdict)
{
	struct event_log log = {0};
	struct finding *finding;
	enum rc rc = RC_OK;

	if (policy->anything)
		return;
	rc = event_log_parse(evidence->log, &log);
	if (rc != RC_OK) {
		finding = verdict_add(verdict, FINDING_BOOT_LOG, "event log");
		snprintf(finding->found, sizeof finding->found, "%s", rc_words(rc));
		return;
	}
	if (is_withheld(&log, evidence->quoted)) {
		finding = verdict_add(verdict, FINDING_BOOT_LOG_MISSING, "event log");
		snprintf(finding->expected, sizeof finding->expected, "events");
		snprintf(finding->found, sizeof finding->found, "none");
		return;
	}
	rc = judge_events(policy, evidence, &log, verdict);
	if (rc != RC_OK)
		not_judged(verdict, rc);
}
