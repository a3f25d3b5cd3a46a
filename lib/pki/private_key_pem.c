/* Private keys as PKCS #8 in PEM. */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#include "lib/base/drop.h"
#include "lib/crypto/fault.h"
#include "lib/pki/pem.h"
#include "lib/pki/private_key_inside.h"

#define PEM_KEY           "PRIVATE KEY"
#define PEM_KEY_ENCRYPTED "ENCRYPTED PRIVATE KEY"
#define PEM_KEY_OLD       "EC PRIVATE KEY"
/* "EC PARAMETERS" may stand in front of an old one. */
#define BLOCKS_MAX 4

/* RFC 7914: 16 MiB for each try, five times over. libcrypto refuses more than 32 MiB when it reads. */
#define SCRYPT_N   (1u << 14)
#define SCRYPT_R   8
#define SCRYPT_P   5
#define SALT_BYTES 16

struct block {
	char *name;
	char *header;
	uint8_t *der;
	long len;
};

static void block_release(struct block *block)
{
	OPENSSL_free(block->name);
	OPENSSL_free(block->header);
	OPENSSL_clear_free(block->der, block->len > 0 ? (size_t)block->len : 0);
	*block = (struct block){0};
}

static void bio_free(BIO **bio)
{
	BIO_free(*bio);
}

static void pkey_free(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

static void plain_free(PKCS8_PRIV_KEY_INFO **plain)
{
	PKCS8_PRIV_KEY_INFO_free(*plain);
}

static void sealed_free(X509_SIG **sealed)
{
	X509_SIG_free(*sealed);
}

static bool is(const struct block *block, const char *name)
{
	return strcmp(block->name, name) == 0;
}

static enum rc first_key(struct span pem, struct block *out, struct err *err)
{
	DROP(bio_free) BIO *bio = BIO_new_mem_buf(pem.at, (int)pem.len);

	for (int i = 0; bio != NULL && i < BLOCKS_MAX; i++) {
		block_release(out);
		/* Not PEM_read_bio_PrivateKey: that would ask a terminal for a passphrase. */
		if (PEM_read_bio(bio, &out->name, &out->header, &out->der, &out->len) != 1)
			break;
		if (is(out, PEM_KEY) || is(out, PEM_KEY_ENCRYPTED) || is(out, PEM_KEY_OLD)) {
			fault_forget();
			return RC_OK;
		}
	}
	fault_forget();
	return err_set(err, RC_MALFORMED, "private key: no block of one in PEM");
}

/* PKCS #8, opened if need be, to a key of libcrypto's; NULL if the bytes are none. */
static EVP_PKEY *of_pkcs8(PKCS8_PRIV_KEY_INFO *plain, const uint8_t *at, const uint8_t *end)
{
	return plain == NULL || at != end ? NULL : EVP_PKCS82PKEY(plain);
}

static enum rc read_plain(const struct block *block, EVP_PKEY **out, struct err *err)
{
	DROP(plain_free) PKCS8_PRIV_KEY_INFO *plain = NULL;
	const uint8_t *at = block->der;
	const uint8_t *end = at + block->len;

	if (block->header[0] != '\0')
		return err_set(err, RC_DENIED,
			"private key: encrypted in the old way of PEM, which a fast guess opens; convert it with openssl pkcs8");
	if (is(block, PEM_KEY_OLD)) {
		*out = d2i_PrivateKey(EVP_PKEY_EC, NULL, &at, block->len);
		if (at != end) {
			EVP_PKEY_free(*out);
			*out = NULL;
		}
	} else {
		plain = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, block->len);
		*out = of_pkcs8(plain, at, end);
	}
	fault_forget();
	return *out != NULL ? RC_OK : err_set(err, RC_MALFORMED, "private key: not the DER of one");
}

static enum rc read_sealed(const struct block *block, struct span passphrase, EVP_PKEY **out, struct err *err)
{
	DROP(sealed_free) X509_SIG *sealed = NULL;
	DROP(plain_free) PKCS8_PRIV_KEY_INFO *plain = NULL;
	const uint8_t *at = block->der;

	sealed = d2i_X509_SIG(NULL, &at, block->len);
	if (sealed == NULL || at != block->der + block->len) {
		fault_forget();
		return err_set(err, RC_MALFORMED, "private key: not the DER of an encrypted one");
	}
	plain = PKCS8_decrypt(sealed, (const char *)passphrase.at, (int)passphrase.len);
	if (plain == NULL) {
		fault_forget();
		return err_set(err, RC_DENIED, "private key: the passphrase does not open it");
	}
	*out = EVP_PKCS82PKEY(plain);
	fault_forget();
	return *out != NULL ? RC_OK : err_set(err, RC_MALFORMED, "private key: not the DER of one");
}

enum rc private_key_of_pem(struct span pem, struct span passphrase, struct private_key **out, struct err *err)
{
	DROP(block_release) struct block block = {0};
	DROP(pkey_free) EVP_PKEY *native = NULL;
	bool sealed;

	if (pem.len > PRIVATE_KEY_PEM_MAX || passphrase.len > PRIVATE_KEY_PASSPHRASE_MAX)
		return err_set(err, RC_LIMIT, "private key: more than %d bytes of PEM, or %d of passphrase",
			(int)PRIVATE_KEY_PEM_MAX, PRIVATE_KEY_PASSPHRASE_MAX);
	TRY(first_key(pem, &block, err));
	sealed = is(&block, PEM_KEY_ENCRYPTED);
	if (sealed && passphrase.len == 0)
		return err_set(err, RC_DENIED, "private key: it is encrypted, and there is no passphrase");
	if (!sealed && passphrase.len != 0)
		return err_set(
			err, RC_DENIED, "private key: it is not encrypted, though there is a passphrase");
	if (sealed)
		TRY(read_sealed(&block, passphrase, &native, err));
	else
		TRY(read_plain(&block, &native, err));
	return private_key_of_native(&native, PRIVATE_KEY_SOFTWARE, NULL, NULL, out, err);
}

static enum rc seal(PKCS8_PRIV_KEY_INFO *plain, struct span passphrase, X509_SIG **out, struct err *err)
{
	X509_ALGOR *how = PKCS5_pbe2_set_scrypt(
		EVP_aes_256_cbc(), NULL, SALT_BYTES, NULL, SCRYPT_N, SCRYPT_R, SCRYPT_P);

	if (how == NULL)
		return fault(err, "encrypting a private key");
	/* Takes `how` if it succeeds. */
	*out = PKCS8_set0_pbe((const char *)passphrase.at, (int)passphrase.len, plain, how);
	if (*out == NULL) {
		X509_ALGOR_free(how);
		return fault(err, "encrypting a private key");
	}
	return RC_OK;
}

enum rc private_key_to_pem(
	const struct private_key *key, struct span passphrase, struct blob *out, struct err *err)
{
	DROP(plain_free) PKCS8_PRIV_KEY_INFO *plain = NULL;
	DROP(sealed_free) X509_SIG *sealed = NULL;
	uint8_t *der = NULL;
	int len;
	enum rc rc;

	if (key->home != PRIVATE_KEY_SOFTWARE)
		return err_set(err, RC_UNSUPPORTED, "private key: it does not leave its %s",
			private_key_home_name(key->home));
	if (passphrase.len > PRIVATE_KEY_PASSPHRASE_MAX)
		return err_set(err, RC_LIMIT, "private key: more than %d bytes of passphrase",
			PRIVATE_KEY_PASSPHRASE_MAX);
	plain = EVP_PKEY2PKCS8(key->native);
	if (plain == NULL)
		return fault(err, "writing a private key");
	if (passphrase.len != 0)
		TRY(seal(plain, passphrase, &sealed, err));
	len = sealed != NULL ? i2d_X509_SIG(sealed, &der) : i2d_PKCS8_PRIV_KEY_INFO(plain, &der);
	if (len <= 0)
		return fault(err, "writing a private key");
	rc = pem_write(sealed != NULL ? PEM_KEY_ENCRYPTED : PEM_KEY, span_of(der, (size_t)len), out);
	OPENSSL_clear_free(der, (size_t)len);
	return rc == RC_OK ? RC_OK : err_set(err, rc, "writing a private key");
}
