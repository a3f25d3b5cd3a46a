/*
 * The software CA: certificates for nodes that are trusted, CRLs and OCSP responses about those that are not
 * any more (proto/PROTOCOL.md, certificates). What it has issued is a journal of its own; what becomes of a
 * certificate follows from that journal and the notice log.
 *
 * Every function takes NULL for a service that has no CA.
 */
#ifndef LIMEBUS_REVOCATION_CA_H
#define LIMEBUS_REVOCATION_CA_H

#include "lib/service/service.h"
#include "services/revocation/options.h"

struct ca;
struct revocation;

/* Read the CA's folder and open its key: before privileges are given up. *out stays NULL if the configuration
 * names no folder. */
MUST_USE enum rc ca_prepare(const struct revocation_config *config, struct ca **out, struct err *err);

/* Open the log of issued certificates, which is led together with the notice log, become its follower, and
 * start the threads: before the notice log is opened. Borrows revocation. */
MUST_USE enum rc ca_start(struct ca *ca, struct revocation *revocation, struct err *err);
/* Timers and threads; before the service is closed. Then, after it, the rest. */
void ca_stop(struct ca *ca);
void ca_close(struct ca **ca);

void ca_status(struct ca *ca, struct facts *facts);

/* Rows of the service's table; ctx is the revocation service. */
server_handler ca_on_csr_begin;
server_handler ca_on_csr_put;
server_handler ca_on_order_put;
server_handler ca_on_revoke_put;
server_handler ca_on_ca_get;
server_handler ca_on_certificates_get;
server_handler ca_on_crl_get;
server_handler ca_on_ocsp_get;

#define CA_ROWS                                                                                              \
	{MSG_TYPE_csr_begin, ROLE_NODE, ca_on_csr_begin}, {MSG_TYPE_csr_put, ROLE_NODE, ca_on_csr_put},      \
		{MSG_TYPE_certificate_order_put, ROLES_PROVISION, ca_on_order_put},                          \
		{MSG_TYPE_certificate_revoke_put, ROLE_ADMIN, ca_on_revoke_put},                             \
		{MSG_TYPE_ca_get, ROLE_NODE | ROLES_ROSTERED, ca_on_ca_get},                                 \
		{MSG_TYPE_certificates_get, ROLES_VIEW, ca_on_certificates_get},                             \
		{MSG_TYPE_crl_get, ROLE_NODE | ROLES_ROSTERED, ca_on_crl_get},                               \
	{                                                                                                    \
		MSG_TYPE_ocsp_get, ROLE_NODE | ROLES_ROSTERED, ca_on_ocsp_get                                \
	}

#endif
