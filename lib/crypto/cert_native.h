/* Private to lib/crypto: libcrypto's side of certificates and roots. */
#ifndef LIMEBUS_CRYPTO_CERT_NATIVE_H
#define LIMEBUS_CRYPTO_CERT_NATIVE_H

#include <openssl/x509v3.h>

#include "lib/crypto/cert.h"

/* Borrows. */
X509 *cert_native(const struct cert *cert);

/* A name as RFC 2253 text without control characters, cut to fit. Returns out. */
char *cert_name_text(const X509_NAME *name, char out[CERT_SUBJECT_BYTES]);

/* Is this a CA certificate for certain: CA flag set, and keyCertSign where there is a key usage? */
bool cert_native_is_ca(X509 *native);

/* Borrows. */
X509_STORE *cert_roots_store(const struct cert_roots *roots);
size_t cert_roots_count(const struct cert_roots *roots);

#endif
