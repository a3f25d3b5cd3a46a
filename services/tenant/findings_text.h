/* Many findings for people: what is wrong once, and below it every place where it is. */
#ifndef LIMEBUS_TENANT_FINDINGS_TEXT_H
#define LIMEBUS_TENANT_FINDINGS_TEXT_H

#include "lib/base/blob.h"
#include "lib/policy/verdict.h"

/* Append the findings, those that speak against the node first, each kind with what to do next; and how many
 * of `total` there was no room for. Only RC_NOMEM. */
MUST_USE enum rc findings_text(
	const struct finding *findings, size_t count, uint64_t total, struct blob *out);

#endif
