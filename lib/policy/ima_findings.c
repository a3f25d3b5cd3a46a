#include <stdio.h>

#include "lib/base/drop.h"
#include "lib/base/hex.h"
#include "lib/policy/ima_fault.h"

#define SUBJECT "IMA list"

static void text_of(struct span text, char *out, size_t room)
{
	snprintf(out, room, "%.*s", SPAN_FMT(text));
}

/* Those that are kept in full, the others by number. */
static void add_faults(const struct ima_run *run, struct verdict *verdict)
{
	struct span left = span_of(run->faults.at, run->proven.faults_len);
	uint64_t counts[] = {run->proven.failures, run->proven.unjudged, run->proven.reports};
	struct ima_fault fault;

	while (ima_fault_next(&left, &fault)) {
		char subject[FINDING_SUBJECT_BYTES];
		struct finding *finding;

		text_of(fault.subject, subject, sizeof subject);
		finding = verdict_add_weighed(verdict, fault.check, fault.weight, subject);
		text_of(fault.expected, finding->expected, sizeof finding->expected);
		text_of(fault.found, finding->found, sizeof finding->found);
		counts[fault.weight] -= counts[fault.weight] > 0;
	}
	for (unsigned weight = 0; weight < COUNT(counts); weight++)
		verdict_count(verdict, (enum finding_weight)weight, (size_t)counts[weight]);
}

/* The first quoted bank that was not reached: what it is, and what the list leads to. */
static void add_values(const struct ima_replay *replay, struct finding *finding)
{
	char hex[HEX_BYTES(DIGEST_BYTES_MAX)];

	for (size_t i = 0; i < replay->count; i++) {
		const struct ima_bank *bank = &replay->banks[i];
		size_t len = digest_size(digest_of_tpm_id(bank->alg));

		if (!bank->is_quoted)
			continue;
		snprintf(finding->expected, sizeof finding->expected, "pcr %d (%s) %s after some entry",
			IMA_PCR, tpm_alg_name(bank->alg), hex_encode(span_of(bank->quoted, len), hex));
		break;
	}
	snprintf(finding->found, sizeof finding->found, "%llu entries, none of which leads there",
		(unsigned long long)replay->entries);
}

static void add(struct verdict *verdict, enum finding_check check, const char *found)
{
	struct finding *finding = verdict_add(verdict, check, SUBJECT);

	snprintf(finding->found, sizeof finding->found, "%s", found);
}

void ima_run_findings(const struct ima_run *run, struct verdict *verdict)
{
	char text[FINDING_TEXT_BYTES];

	add_faults(run, verdict);
	switch (run->state) {
	case IMA_PROVEN: return;
	case IMA_BROKEN:
		snprintf(text, sizeof text, "no entry at byte %llu, after %llu entries",
			(unsigned long long)run->ahead.bytes, (unsigned long long)run->ahead.replay.entries);
		add(verdict, FINDING_IMA_LIST, text);
		return;
	case IMA_SHORT:
		if (run->ahead.replay.entries == 0)
			add(verdict, FINDING_IMA_MISSING, "an empty list, while PCR 10 was extended");
		else if (!run->ahead.begins)
			add(verdict, FINDING_IMA_TRIMMED, "a list that does not begin with boot_aggregate");
		else
			add_values(&run->ahead.replay, verdict_add(verdict, FINDING_IMA_REPLAY, SUBJECT));
		return;
	case IMA_LATE:
		snprintf(text, sizeof text, "%llu entries, and more to come",
			(unsigned long long)run->ahead.replay.entries);
		add(verdict, FINDING_IMA_MISSING, text);
		return;
	case IMA_IDLE:
	case IMA_GOING: break;
	}
	add(verdict, FINDING_IMA_MISSING, "no list");
}
