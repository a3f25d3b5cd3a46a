/* What the files of appraise have in common. Everything here is inside lib/policy. */
#ifndef LIMEBUS_POLICY_APPRAISE_INSIDE_H
#define LIMEBUS_POLICY_APPRAISE_INSIDE_H

#include "lib/evidence/event_replay.h"
#include "lib/policy/appraise.h"

/* What the sections look at, besides what was handed in. */
struct round {
	const struct appraisal *in;
	struct pcr_values values;
	struct event_replay replay; /* of the boot log, if it leads to what was quoted */
};

/* The former policy, as long as it holds; else NULL. */
const struct policy *appraise_former(const struct appraisal *in);

typedef void (*section_fn)(struct round *round, const struct policy *policy, struct verdict *verdict);

/* The section by the policy, and where that finds something bad, by the former one: if it finds nothing bad
 * its findings stand. Else those of the policy are made again, since sections are pure. */
void appraise_either(struct round *round, section_fn section, struct verdict *verdict);

void appraise_boot(struct round *round, struct verdict *verdict);
void appraise_ima(struct round *round, struct verdict *verdict);

#endif
