/* Certificates that the CA issued, as the revocation service's signed log has them. */
#ifndef LIMEBUS_TENANT_ISSUED_H
#define LIMEBUS_TENANT_ISSUED_H

#include "lib/pki/cert_facts.h"
#include "lib/trust/signed.h"
#include "services/tenant/session.h"

/* One entry: its signature was checked, and that it is about its certificate. Borrows from the answer. */
struct issued_view {
	struct signed_msg entry; /* .msg.issued */
	struct cert_facts facts;
	struct elem_certificate_item item;
	char serial[2 * SERIAL_MAX + 1];
};

/* Every certificate that the filter names (after is set here). Stops when each returns another code than
 * RC_OK. */
typedef enum rc issued_each_fn(void *ctx, const struct issued_view *view, struct err *err);
MUST_USE enum rc issued_each(struct session *session, const struct msg_certificates_get *filter,
	issued_each_fn *each, void *ctx, struct err *err);

/* Serial numbers as people write them: hexadecimal digits, with or without colons. RC_MALFORMED. */
MUST_USE enum rc issued_serial(
	const char *text, uint8_t out[static SERIAL_MAX], size_t *out_len, struct err *err);

#endif
