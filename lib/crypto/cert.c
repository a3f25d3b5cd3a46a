#include "lib/crypto/cert.h"

#include <openssl/bio.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/crypto/cert_native.h"
#include "lib/crypto/fault.h"
#include "lib/crypto/public_key_native.h"

#define DER_SEQUENCE 0x30

struct cert {
	X509 *native;
	struct public_key *key; /* NULL if of a kind that we do not take */
	struct blob der;
	char subject[CERT_SUBJECT_BYTES];
};

static void bio_free(BIO **bio)
{
	BIO_free(*bio);
}

static void openssl_free(void *at)
{
	OPENSSL_free(*(void **)at);
}

void cert_release(struct cert **cert)
{
	if (*cert != NULL) {
		X509_free((*cert)->native);
		public_key_release(&(*cert)->key);
		blob_release(&(*cert)->der);
	}
	free(*cert);
	*cert = NULL;
}

X509 *cert_native(const struct cert *cert)
{
	return cert->native;
}

struct span cert_der(const struct cert *cert)
{
	return blob_span(&cert->der);
}

const char *cert_subject(const struct cert *cert)
{
	return cert->subject;
}

struct public_key *cert_key(const struct cert *cert)
{
	return cert->key;
}

/* X.690, 8.1.3 and 10.1: a definite length in its shortest form. Certificates have 128 bytes and more, so one
 * or two length bytes follow 0x80. */
enum rc cert_length(struct span bytes, size_t *out)
{
	size_t len;

	if (bytes.len < 4 || bytes.at[0] != DER_SEQUENCE)
		return RC_MALFORMED;
	if (bytes.at[1] == 0x81 && bytes.at[2] >= 0x80)
		len = 3 + (size_t)bytes.at[2];
	else if (bytes.at[1] == 0x82 && bytes.at[2] != 0)
		len = 4 + ((size_t)bytes.at[2] << 8 | bytes.at[3]);
	else if (bytes.at[1] > 0x82 && bytes.at[1] < 0x89)
		return RC_LIMIT;
	else
		return RC_MALFORMED;
	if (len > CERT_DER_MAX)
		return RC_LIMIT;
	if (len > bytes.len)
		return RC_MALFORMED;
	*out = len;
	return RC_OK;
}

static bool is_padding(struct span bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		if (bytes.at[i] != bytes.at[0] || (bytes.at[i] != 0x00 && bytes.at[i] != 0xff))
			return false;
	return true;
}

char *cert_name_text(const X509_NAME *name, char out[CERT_SUBJECT_BYTES])
{
	DROP(bio_free) BIO *bio = BIO_new(BIO_s_mem());
	int len = -1;

	/* RFC 2253 output escapes control characters and everything beyond ASCII. */
	if (bio != NULL && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) >= 0)
		len = BIO_read(bio, out, CERT_SUBJECT_BYTES - 1);
	out[len > 0 ? len : 0] = '\0';
	if (len <= 0)
		snprintf(out, CERT_SUBJECT_BYTES, "(empty name)");
	fault_forget();
	return out;
}

bool cert_native_is_ca(X509 *native)
{
	/* 1 is the CA flag of basicConstraints; the other answers are guesses for old certificates. It is 0
	 * where there is a key usage without keyCertSign. */
	return X509_check_ca(native) == 1;
}

/* The bytes are the certificate, not a looser encoding of it: what is hashed, stored and shown is one thing.
 */
static bool encodes_to(X509 *native, struct span der)
{
	DROP(openssl_free) uint8_t *again = NULL;
	int len = i2d_X509(native, &again);

	return len > 0 && span_equal(span_of(again, (size_t)len), der);
}

static enum rc parse_der(struct span der, struct cert *out, struct err *err)
{
	const uint8_t *at = der.at;
	EVP_PKEY *key;

	out->native = d2i_X509(NULL, &at, (long)der.len);
	if (out->native == NULL || at != der.at + der.len || !encodes_to(out->native, der)) {
		fault_forget();
		return err_set(err, RC_MALFORMED, "certificate: not an X.509 certificate in DER");
	}
	cert_name_text(X509_get_subject_name(out->native), out->subject);
	if (blob_append(&out->der, der) != RC_OK)
		return err_set(err, RC_NOMEM, "certificate: out of memory");
	key = X509_get0_pubkey(out->native);
	if (key == NULL || public_key_of_native(key, &out->key, NULL) != RC_OK)
		fault_forget();
	return RC_OK;
}

enum rc cert_parse(struct span bytes, struct cert **out, struct err *err)
{
	DROP(cert_release) struct cert *cert = NULL;
	size_t len = 0;
	enum rc rc = cert_length(bytes, &len);

	if (rc == RC_LIMIT)
		return err_set(err, rc, "certificate: longer than %d bytes", CERT_DER_MAX);
	if (rc != RC_OK)
		return err_set(err, rc, "certificate: no DER, or cut short (%zu bytes)", bytes.len);
	if (!is_padding(span_of(bytes.at + len, bytes.len - len)))
		return err_set(err, RC_MALFORMED, "certificate: %zu bytes after the DER that are not padding",
			bytes.len - len);
	cert = calloc(1, sizeof *cert);
	if (cert == NULL)
		return err_set(err, RC_NOMEM, "certificate: out of memory");
	TRY(parse_der(span_of(bytes.at, len), cert, err));
	cert_release(out);
	*out = TAKE(cert);
	return RC_OK;
}
