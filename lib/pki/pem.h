/* PEM, RFC 7468: one block as openssl(1) writes it, with lines of 64 digits. */
#ifndef LIMEBUS_PKI_PEM_H
#define LIMEBUS_PKI_PEM_H

#include "lib/base/blob.h"

#define PEM_CERTIFICATE "CERTIFICATE"
#define PEM_REQUEST     "CERTIFICATE REQUEST"
#define PEM_CRL         "X509 CRL"

/* Append a block. RC_NOMEM, RC_LIMIT. */
MUST_USE enum rc pem_write(const char *label, struct span der, struct blob *out);

/* The first block of this label, decoded and appended to out; *rest, which may be NULL, is the text behind
 * it. Text and blocks of other labels in front are skipped. RC_NOT_FOUND: none; RC_MALFORMED: one without an
 * end or with bytes that are no base64. */
MUST_USE enum rc pem_read(const char *label, struct span text, struct blob *out, struct span *rest);

#endif
