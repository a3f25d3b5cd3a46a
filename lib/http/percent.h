/* Percent-encoding of URLs (RFC 3986, 2.1). */
#ifndef LIMEBUS_HTTP_PERCENT_H
#define LIMEBUS_HTTP_PERCENT_H

#include "lib/base/blob.h"

/* Append the bytes that the text stands for. A '+' is a '+'. RC_MALFORMED: a '%' without two digits behind
 * it, or a byte that no URL has as itself (controls, space, not ASCII); RC_LIMIT: more than max bytes come
 * out. On a failure out is as it was. */
MUST_USE enum rc percent_decode(struct span text, size_t max, struct blob *out);

#endif
