/*
 * The node's certificate (docs/certificates.md): a key, a request, the proof that both are this TPM's, a
 * certificate from the CA, the files (certificate_folder.h), and all of it again before it ends.
 */
#ifndef LIMEBUS_AGENT_CERTIFICATE_H
#define LIMEBUS_AGENT_CERTIFICATE_H

#include "lib/base/err.h"
#include "lib/json/json_write.h"
#include "lib/trust/notice.h"

struct agent;
struct certificate;

/* NULL in *out: none are wanted. Reads the folder, which must be the agent's and which nobody else may write
 * to; what is there and does not fit is removed. Nothing is asked for yet. */
MUST_USE enum rc certificate_open(struct agent *agent, struct certificate **out, struct err *err);
/* After the TPM's thread was closed. Accepts NULL inside. */
void certificate_close(struct certificate **certificate);

/* All accept NULL. */

/* The node has answered a challenge: its verifier may trust it now. */
void certificate_on_attested(struct certificate *certificate);

/* What the log says about this node. revoked, removed: key and certificate go, and none is asked for until it
 * is reinstated or provisioned: then at once. restored: if one is being asked for in vain, it is asked for at
 * once. */
void certificate_on_notice(struct certificate *certificate, enum notice_kind kind);

/* These serial numbers were revoked: if ours is among them key and certificate go, and others are asked for.
 */
void certificate_on_revoked(struct certificate *certificate, struct list serials);

/* A member "certificate" for status.json. */
void certificate_status(const struct certificate *certificate, struct json_write *w);

#endif
