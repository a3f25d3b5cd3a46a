#include "lib/policy/verdict.h"

#include <stdio.h>

#include "lib/base/drop.h"

static const char *const names[] = {
#define FINDING_NAME(name, wire, wrong, next) wire,
	FINDING_CHECKS(FINDING_NAME)
#undef FINDING_NAME
};

bool finding_is_failure(enum finding_check check)
{
	return check != FINDING_PCR_MISSING && check != FINDING_POLICY_EXPIRED && check != FINDING_INTERNAL;
}

struct finding *verdict_add(struct verdict *verdict, enum finding_check check, const char *subject)
{
	struct finding *finding = &verdict->findings[verdict->kept];

	verdict->kept += verdict->kept < VERDICT_FINDINGS_MAX;
	verdict->total++;
	verdict->failures += finding_is_failure(check);
	verdict->trusted = false;
	memset(finding, 0, sizeof *finding);
	finding->check = check;
	snprintf(finding->subject, sizeof finding->subject, "%s", subject);
	return finding;
}

void verdict_close(struct verdict *verdict)
{
	verdict->could_judge = verdict->failures > 0 || verdict->total == 0;
	verdict->trusted = verdict->total == 0;
}

const char *finding_name(enum finding_check check)
{
	return (size_t)check < COUNT(names) ? names[check] : names[FINDING_UNKNOWN];
}

enum finding_check finding_of_name(struct span name)
{
	for (size_t i = 0; i < COUNT(names); i++)
		if (span_is(name, names[i]))
			return (enum finding_check)i;
	return FINDING_UNKNOWN;
}
