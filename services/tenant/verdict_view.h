/* A verdict that was reached here, for people and as JSON. */
#ifndef LIMEBUS_TENANT_VERDICT_VIEW_H
#define LIMEBUS_TENANT_VERDICT_VIEW_H

#include "lib/json/json_write.h"
#include "services/tenant/capture.h"

/* Borrows. */
struct verdict_view {
	const struct policy *policy;
	const char *evidence; /* path */
	const char *quote;    /* "ecc" */
	const struct dry_run *run;
};

/* "trusted", "untrusted" or "unjudged". */
const char *verdict_view_word(const struct verdict *verdict);

/* Each check with its result, each finding with what to do about it. */
MUST_USE enum rc verdict_view_text(const struct verdict_view *view, struct blob *out);

/* One object: verdict, policy, hash, evidence, quote, selection, checks [{name, result, text}], findings
 * [{check, weight, subject, expected, found, text}], findings_count, entries. Result is passed, failed,
 * unjudged or skipped; weight as finding_weight_name says it. */
void verdict_view_json(const struct verdict_view *view, struct json_write *w);

#endif
