/* Certificates as a test wants them, right or wrong. A failure of libcrypto fails the test. */
#ifndef LIMEBUS_TESTS_FAKES_FAKE_CERT_H
#define LIMEBUS_TESTS_FAKES_FAKE_CERT_H

#include <stdint.h>

#include "lib/base/blob.h"
#include "lib/crypto/public_key.h"

struct evp_pkey_st;

/* DROP(fake_cert_release) struct fake_cert ca = {0}; the certificate and its secret key. */
struct fake_cert {
	struct blob der;
	struct evp_pkey_st *key;
};
void fake_cert_release(struct fake_cert *cert);

/* Zero gives: a P-256 key, version 3, signed with SHA-256. */
struct fake_recipe {
	const char *name;        /* its common name */
	const char *issuer_name; /* NULL: that of the issuer's certificate */
	uint64_t from_ms, to_ms; /* since 1970; both 0: 2020 to 9999 */
	const char
		*extensions; /* lines of an extension section of openssl.cnf(5), may name sections below it */
	enum key_kind kind;  /* KEY_NONE: KEY_P256 */
	unsigned rsa_bits;   /* of KEY_RSA; 0: 2048 */
	const char *curve;   /* another curve than kind's */
	const char *hash;    /* NULL: "SHA256" */
	struct evp_pkey_st *public_of; /* certify this key instead of a fresh one; borrows */
};

/* Extensions of a CA, of an RSA EK and of a curve's EK, as swtpm writes them. The digit in front of an OID is
 * dropped by libcrypto. */
#define FAKE_KEY_IDS "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
#define FAKE_CA_EXTENSIONS                                                                                   \
	"basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n" FAKE_KEY_IDS
#define FAKE_EK_SAN     "subjectAltName=critical,dirName:tpm\n"
#define FAKE_EK_SECTION "[tpm]\n1.2.23.133.2.1=id:00001014\n2.2.23.133.2.2=test\n3.2.23.133.2.3=id:20191023\n"
#define FAKE_EK_COMMON                                                                                       \
	"extendedKeyUsage=2.23.133.8.1\nbasicConstraints=critical,CA:FALSE\n" FAKE_KEY_IDS FAKE_EK_SAN
#define FAKE_EK_RSA_EXTENSIONS   FAKE_EK_COMMON "keyUsage=critical,keyEncipherment\n" FAKE_EK_SECTION
#define FAKE_EK_CURVE_EXTENSIONS FAKE_EK_COMMON "keyUsage=critical,keyAgreement\n" FAKE_EK_SECTION

/* issuer NULL: signed by itself. */
void fake_cert_make(const struct fake_recipe *recipe, const struct fake_cert *issuer, struct fake_cert *out);

/* One CERTIFICATE block, appended to out. */
void fake_cert_pem(const struct fake_cert *cert, struct blob *out);

#endif
