/* The request that stands in the path of a GET (RFC 6960, A.1.1). PURE. */
#ifndef LIMEBUS_GATEWAY_OCSP_PATH_H
#define LIMEBUS_GATEWAY_OCSP_PATH_H

#include "lib/base/blob.h"

/* Append the DER that is base64 (RFC 4648, 4) inside percent-encoding; '/', '+' and '=' may stand for
 * themselves. RC_MALFORMED; RC_LIMIT: more than OCSP_REQUEST_MAX bytes. On a failure out is as it was. */
MUST_USE enum rc ocsp_path_decode(struct span path, struct blob *out);

#endif
