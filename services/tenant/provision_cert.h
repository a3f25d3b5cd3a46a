/* A certificate for a node, as part of its payload: for services that manage no PKI. */
#ifndef LIMEBUS_TENANT_PROVISION_CERT_H
#define LIMEBUS_TENANT_PROVISION_CERT_H

#include "services/tenant/pack.h"
#include "services/tenant/session.h"

#define PROVISION_CERT_FILES 4

/* limebus/node.key (PKCS #8 in the clear: it travels encrypted), node.crt, chain.crt (node.crt and what is
 * above it but the root) and ca.crt (the root). */
struct provision_cert {
	struct blob files[PROVISION_CERT_FILES];
	struct pack_extra extras[PROVISION_CERT_FILES]; /* borrows from files */
};
void provision_cert_release(struct provision_cert *cert);

/* Make a key here and have the CA certify it for this node, for life_ms (0: as long as the CA likes). What
 * the answer holds is checked: it must be for our key. */
MUST_USE enum rc provision_cert_order(struct session *session, const uint8_t node[static NODE_ID_BYTES],
	uint64_t life_ms, struct provision_cert *out, struct err *err);

#endif
