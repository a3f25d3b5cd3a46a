/* Private to lib/pki: names of objects in tokens, RFC 7512. PURE. */
#ifndef LIMEBUS_PKI_PKCS11_URI_H
#define LIMEBUS_PKI_PKCS11_URI_H

#include "lib/base/err.h"
#include "lib/base/span.h"

#define PKCS11_TOKEN_MAX  32 /* PKCS #11, CK_TOKEN_INFO: label */
#define PKCS11_OBJECT_MAX 64
#define PKCS11_ID_MAX     32

struct pkcs11_uri {
	uint8_t token[PKCS11_TOKEN_MAX];
	size_t token_len;
	uint8_t object[PKCS11_OBJECT_MAX]; /* CKA_LABEL */
	size_t object_len;                 /* 0: not named */
	uint8_t id[PKCS11_ID_MAX];         /* CKA_ID */
	size_t id_len;                     /* 0: not named */
};

/*
 * "pkcs11:token=…;object=…;id=%01;type=private", percent-encoded, in any order. A token must be named, and an
 * object or an id. RC_DENIED: pin-value, pin-source, or a module. RC_UNSUPPORTED: another attribute, which
 * would narrow down what is meant. RC_MALFORMED, RC_LIMIT.
 */
MUST_USE enum rc pkcs11_uri_parse(const char *text, struct pkcs11_uri *out, struct err *err);

#endif
