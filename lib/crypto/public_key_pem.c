/* Public keys in files of people: PEM, in and out, and keys that stand in certificates. */
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "lib/base/drop.h"
#include "lib/crypto/fault.h"
#include "lib/crypto/public_key_native.h"

static void bio_free(BIO **bio)
{
	BIO_free(*bio);
}

static void x509_free(X509 **cert)
{
	X509_free(*cert);
}

static void openssl_free(void *at)
{
	OPENSSL_free(*(void **)at);
}

static enum rc of_certificate(struct span der, struct public_key **out, struct err *err)
{
	DROP(x509_free) X509 *cert = NULL;
	const uint8_t *at = der.at;
	const EVP_PKEY *key;

	cert = d2i_X509(NULL, &at, (long)der.len);
	key = cert == NULL || at != der.at + der.len ? NULL : X509_get0_pubkey(cert);
	fault_forget();
	if (key == NULL)
		return err_set(err, RC_MALFORMED, "certificate: not one X.509 certificate with a key");
	return public_key_of_native(key, out, err);
}

enum rc public_key_of_file(struct span pem, struct public_key **out, struct err *err)
{
	DROP(bio_free) BIO *bio = NULL;
	DROP(openssl_free) char *name = NULL;
	DROP(openssl_free) char *header = NULL;
	DROP(openssl_free) uint8_t *der = NULL;
	long len = 0;

	if (pem.len == 0 || pem.len > KEY_FILE_MAX)
		return err_set(err, pem.len == 0 ? RC_MALFORMED : RC_LIMIT,
			"public key: %zu bytes of PEM, at most %d", pem.len, (int)KEY_FILE_MAX);
	bio = BIO_new_mem_buf(pem.at, (int)pem.len);
	if (bio == NULL)
		return fault(err, "public key");
	if (PEM_read_bio(bio, &name, &header, &der, &len) != 1) {
		fault_forget();
		return err_set(err, RC_MALFORMED, "public key: no block of PEM");
	}
	if (header[0] == '\0' && strcmp(name, "CERTIFICATE") == 0)
		return of_certificate(span_of(der, (size_t)len), out, err);
	if (header[0] == '\0' && strcmp(name, "PUBLIC KEY") == 0)
		return public_key_of_der(span_of(der, (size_t)len), out, err);
	return err_set(err, RC_MALFORMED,
		"public key: expected \"PUBLIC KEY\" or \"CERTIFICATE\" in PEM, found \"%.40s\"", name);
}

enum rc public_key_to_der(const struct public_key *key, struct blob *out, struct err *err)
{
	DROP(openssl_free) uint8_t *der = NULL;
	int len = i2d_PUBKEY(public_key_native(key), &der);

	if (len <= 0)
		return fault(err, "public key");
	return blob_append(out, span_of(der, (size_t)len)) == RC_OK
	               ? RC_OK
	               : err_set(err, RC_NOMEM, "public key: out of memory");
}

enum rc public_key_to_pem(const struct public_key *key, struct blob *out, struct err *err)
{
	DROP(bio_free) BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	long len;

	if (bio == NULL || PEM_write_bio_PUBKEY(bio, public_key_native(key)) != 1)
		return fault(err, "public key");
	len = BIO_get_mem_data(bio, &text);
	return blob_append(out, span_of(text, (size_t)len)) == RC_OK
	               ? RC_OK
	               : err_set(err, RC_NOMEM, "public key: out of memory");
}
