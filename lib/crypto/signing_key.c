#include "lib/crypto/signing_key.h"

#include <openssl/pem.h>
#include <stdlib.h>

#include "lib/base/drop.h"
#include "lib/crypto/algorithms.h"
#include "lib/crypto/fault.h"
#include "lib/crypto/public_key_native.h"

struct signing_key {
	EVP_PKEY *native;
	struct public_key *public;
};

static void bio_free(BIO **bio)
{
	BIO_free(*bio);
}

static void pkey_context_free(EVP_PKEY_CTX **context)
{
	EVP_PKEY_CTX_free(*context);
}

void signing_key_release(struct signing_key **key)
{
	if (*key != NULL) {
		EVP_PKEY_free((*key)->native);
		public_key_release(&(*key)->public);
	}
	free(*key);
	*key = NULL;
}

/* No passphrase is asked for on a terminal: an encrypted key is refused. */
static int no_passphrase(char *buffer, int size, int writing, void *asked)
{
	(void)buffer;
	(void)size;
	(void)writing;
	*(bool *)asked = true;
	return -1;
}

enum rc signing_key_of_pem(struct span pem, struct signing_key **out, struct err *err)
{
	DROP(signing_key_release) struct signing_key *key = NULL;
	DROP(bio_free) BIO *bio = NULL;
	bool asked = false;

	if (pem.len == 0 || pem.len > KEY_FILE_MAX)
		return err_set(err, pem.len == 0 ? RC_MALFORMED : RC_LIMIT,
			"private key: %zu bytes of PEM, at most %d", pem.len, (int)KEY_FILE_MAX);
	key = calloc(1, sizeof *key);
	bio = BIO_new_mem_buf(pem.at, (int)pem.len);
	if (key == NULL || bio == NULL)
		return err_set(err, RC_NOMEM, "private key: out of memory");
	key->native = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, &asked);
	fault_forget();
	if (key->native == NULL && asked)
		return err_set(err, RC_UNSUPPORTED,
			"private key: it is encrypted; write it without a passphrase to a file that only you can read");
	if (key->native == NULL)
		return err_set(err, RC_MALFORMED, "private key: none in PEM");
	if (!EVP_PKEY_is_a(key->native, "EC"))
		return err_set(err, RC_UNSUPPORTED, "private key: expected one on P-256 or P-384");
	TRY(public_key_of_native(key->native, &key->public, err));
	signing_key_release(out);
	*out = TAKE(key);
	return RC_OK;
}

struct public_key *signing_key_public(const struct signing_key *key)
{
	return key->public;
}

enum rc signing_key_sign(const struct signing_key *key, enum digest_alg hash, struct span digest,
	uint8_t out[static SIGNING_KEY_SIGNATURE_MAX], size_t *out_len, struct err *err)
{
	DROP(pkey_context_free) EVP_PKEY_CTX *context = NULL;
	size_t len = SIGNING_KEY_SIGNATURE_MAX;

	if (hash != DIGEST_SHA256 && hash != DIGEST_SHA384 && hash != DIGEST_SHA512)
		return err_set(err, RC_UNSUPPORTED, "signing %s", digest_name(hash));
	if (digest.len != digest_size(hash))
		return err_set(err, RC_MALFORMED, "digest to sign: %zu bytes, %s has %zu", digest.len,
			digest_name(hash), digest_size(hash));
	context = EVP_PKEY_CTX_new_from_pkey(NULL, key->native, NULL);
	if (context == NULL || EVP_PKEY_sign_init(context) != 1 ||
		EVP_PKEY_CTX_set_signature_md(context, algorithm_digest(hash)) != 1 ||
		EVP_PKEY_sign(context, out, &len, digest.at, digest.len) != 1)
		return fault(err, "signing");
	*out_len = len;
	return RC_OK;
}
