/* `limebus policy create`: the sources that are learned from, and the policy that comes of them. */
#ifndef LIMEBUS_TENANT_GATHER_H
#define LIMEBUS_TENANT_GATHER_H

#include "services/tenant/learn.h"
#include "services/tenant/session.h"
#include "services/tenant/sources.h"

#define GATHER_STEPS_MAX 64

/* Sources, as they were given; any of them may be empty. Borrows what the command line owns. */
struct gather_sources {
	const char *base; /* NULL: none */
	const struct text_list *merges;
	const char *tpm_policy;            /* NULL: none */
	const struct source_options *made; /* NULL: none */
	const char *steps[GATHER_STEPS_MAX];
	size_t step_count;
	const struct text_list *boot_logs;
	const struct text_list *lists;
	const struct text_list *keys;
	const struct text_list *excludes;
	bool no_boot;
	bool no_ima;
};

/*
 * A policy that allows what all of the sources show, into out. It is tried on the evidence that it was
 * learned from, with every quote. Warnings, and in short what is in the policy, go to standard error. Errors
 * as those of learn.h.
 */
MUST_USE enum rc gather(struct session_door *door, const struct gather_sources *sources,
	const struct policy_head *head, struct blob *out, struct err *err);

#endif
