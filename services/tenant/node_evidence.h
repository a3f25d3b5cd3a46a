/* What a running node shows of itself, in the form of evidence that was kept in files: a quote for a nonce of
 * ours, and the two logs, all fetched through the verifier. */
#ifndef LIMEBUS_TENANT_NODE_EVIDENCE_H
#define LIMEBUS_TENANT_NODE_EVIDENCE_H

#include "services/tenant/evidence_set.h"
#include "services/tenant/session.h"

/*
 * The node (id, alias or digits) is vouched for as when something is provisioned: EK, AK and quote are
 * checked here. PCR 0 to 15 of its SHA-256 bank are quoted, or of its SHA-384 bank if there is no other. The
 * logs are read after the quote, so they hold at least what it proves. RC_NOT_FOUND: no such node, or it is
 * not connected; RC_DENIED: it does not prove who it is; RC_LIMIT: a log without end.
 */
MUST_USE enum rc node_evidence_load(
	struct session *session, const char *name, struct evidence_set *out, struct err *err);

/* A folder (what has a '/', or is there) is loaded as a step; anything else is a node. */
MUST_USE enum rc evidence_open(struct session_door *door, const char *what, enum evidence_quote_kind wanted,
	struct evidence_set *out, struct err *err);

/* Whether evidence_open takes it for a path. */
bool evidence_is_path(const char *what);

#endif
