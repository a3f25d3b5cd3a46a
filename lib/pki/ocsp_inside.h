/* Private to lib/pki: CertID, in requests and responses. */
#ifndef LIMEBUS_PKI_OCSP_INSIDE_H
#define LIMEBUS_PKI_OCSP_INSIDE_H

#include "lib/pki/ocsp.h"

/* RFC 6960, 4.1.1; borrows. */
bool ocsp_id_take(struct span *rest, struct ocsp_id *out);

#endif
