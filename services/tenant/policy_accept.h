/*
 * An exception added to a policy's JSON (ima.accepted): spliced into the text, so that all else stays byte
 * for byte as its author wrote it, however large it is.
 */
#ifndef LIMEBUS_TENANT_POLICY_ACCEPT_H
#define LIMEBUS_TENANT_POLICY_ACCEPT_H

#include "lib/policy/ima_builder.h"

/* RC_EXISTS: the policy accepts this file with this digest already. RC_MALFORMED: it has no section "ima".
 * Appends. */
MUST_USE enum rc policy_accept(
	struct span json, const struct ima_accepted *accepted, struct blob *out, struct err *err);

/* What a finding calls a file ("/opt/a\xff", finding_name_text in lib/policy/verdict.h) as bytes again,
 * appended. RC_MALFORMED for what no name is written as. */
MUST_USE enum rc policy_accept_name(struct span shown, struct blob *out);

#endif
