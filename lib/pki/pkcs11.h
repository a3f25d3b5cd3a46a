/*
 * Private to lib/pki: a session with a PKCS #11 token, and the only includer of its header. The module is
 * called directly: Debian 12 has no OpenSSL provider for tokens, and the engine can neither make keys nor be
 * used without an interface that OpenSSL is giving up.
 */
#ifndef LIMEBUS_PKI_PKCS11_H
#define LIMEBUS_PKI_PKCS11_H

#define CRYPTOKI_GNU
#include <p11-kit/pkcs11.h>

#include "lib/base/blob.h"
#include "lib/base/err.h"

struct pkcs11 {
	void *object; /* of dlopen */
	struct ck_function_list *call;
	ck_session_handle_t session;
	bool started; /* by us: then we end it */
	bool open;
};

/* Ends the session, the module (if we started it) and its shared object. */
void pkcs11_close(struct pkcs11 *pkcs11);

/* Load the module, find the token by its label, open a session (for writing, if asked) and log in as user.
 * RC_UNSUPPORTED: no such module; RC_NOT_FOUND: no such token; RC_DENIED: wrong or locked PIN; RC_IO. */
MUST_USE enum rc pkcs11_open(const char *module, struct span token, struct span pin, bool write,
	struct pkcs11 *out, struct err *err);

/* The first object with these attributes. RC_NOT_FOUND: none; RC_EXISTS: several, so which is meant? */
MUST_USE enum rc pkcs11_find(const struct pkcs11 *pkcs11, const struct ck_attribute *attributes, size_t count,
	ck_object_handle_t *out, struct err *err);

/* Append the value of an attribute, at most 1,024 bytes. RC_NOT_FOUND, RC_IO. */
MUST_USE enum rc pkcs11_read(const struct pkcs11 *pkcs11, ck_object_handle_t object, ck_attribute_type_t type,
	struct blob *out, struct err *err);

/* "what: PKCS #11 error 0x30"; RC_DENIED for the errors of PINs and rights, else RC_IO. */
enum rc pkcs11_fault(struct err *err, const char *what, ck_rv_t code);

#endif
