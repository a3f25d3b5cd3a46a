#include "lib/pki/private_key.h"

#include <openssl/ec.h>
#include <openssl/x509.h>
#include <stdlib.h>

#include "lib/base/drop.h"
#include "lib/crypto/algorithms.h"
#include "lib/crypto/fault.h"
#include "lib/crypto/public_key_native.h"
#include "lib/pki/der_write.h"
#include "lib/pki/private_key_inside.h"
#include "lib/pki/signed_der.h"

static void pkey_free(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

static void openssl_free(void *at)
{
	OPENSSL_free(*(void **)at);
}

const char *private_key_home_name(enum private_key_home home)
{
	switch (home) {
	case PRIVATE_KEY_SOFTWARE: return "software";
	case PRIVATE_KEY_TPM: return "tpm";
	case PRIVATE_KEY_TOKEN: return "token";
	}
	return "none";
}

void private_key_release(struct private_key **key)
{
	if (*key != NULL) {
		EVP_PKEY_CTX_free((*key)->prepared);
		EVP_PKEY_free((*key)->native);
		public_key_release(&(*key)->public);
		if ((*key)->outside.close != NULL)
			(*key)->outside.close((*key)->outside.state);
	}
	free(*key);
	*key = NULL;
}

enum private_key_home private_key_home(const struct private_key *key)
{
	return key->home;
}

enum key_kind private_key_kind(const struct private_key *key)
{
	return key->kind;
}

struct public_key *private_key_public(const struct private_key *key)
{
	return key->public;
}

/* Its public half by way of DER: the one form that every provider writes. */
static enum rc public_of(EVP_PKEY *native, struct public_key **out, struct err *err)
{
	DROP(openssl_free) uint8_t *der = NULL;
	int len = i2d_PUBKEY(native, &der);

	if (len <= 0)
		return fault(err, "public half of a private key");
	TRY(public_key_of_der(span_of(der, (size_t)len), out, err));
	if (public_key_parts(*out).kind == KEY_RSA)
		return err_set(err, RC_UNSUPPORTED, "private key: RSA, expected P-256 or P-384");
	return RC_OK;
}

static enum rc prepare(struct private_key *key, OSSL_LIB_CTX *library, struct err *err)
{
	const char *hash = algorithm_digest_name(signature_hash(key->kind));
	EVP_MD *md = EVP_MD_fetch(library, hash, NULL);
	bool ready;

	/* Without this OpenSSL 3.0 hands the public half to its own ECDSA, which then misses the private one.
	 */
	key->prepared = EVP_PKEY_CTX_new_from_pkey(
		library, key->native, key->home == PRIVATE_KEY_TPM ? "provider=tpm2" : NULL);
	ready = md != NULL && key->prepared != NULL && EVP_PKEY_sign_init(key->prepared) == 1 &&
	        EVP_PKEY_CTX_set_signature_md(key->prepared, md) == 1;
	EVP_MD_free(md);
	return ready ? RC_OK : fault(err, "preparing to sign");
}

enum rc private_key_of_native(EVP_PKEY **native, enum private_key_home home, OSSL_LIB_CTX *library,
	struct private_key_outside *outside, struct private_key **out, struct err *err)
{
	DROP(public_key_release) struct public_key *public = NULL;
	DROP(private_key_release) struct private_key *key = NULL;

	TRY(public_of(*native, &public, err));
	key = calloc(1, sizeof *key);
	if (key == NULL)
		return err_set(err, RC_NOMEM, "private key: out of memory");
	key->home = home;
	key->kind = public_key_parts(public).kind;
	key->public = TAKE(public);
	key->native = *native;
	if (prepare(key, library, err) != RC_OK) {
		key->native = NULL;
		return RC_CRYPTO;
	}
	*native = NULL;
	if (outside != NULL)
		key->outside = TAKE(*outside);
	private_key_release(out);
	*out = TAKE(key);
	return RC_OK;
}

enum rc private_key_of_outside(struct public_key **public, enum private_key_home home,
	struct private_key_outside *outside, struct private_key **out, struct err *err)
{
	struct private_key *key = calloc(1, sizeof *key);

	if (key == NULL)
		return err_set(err, RC_NOMEM, "private key: out of memory");
	key->home = home;
	key->kind = public_key_parts(*public).kind;
	key->public = TAKE(*public);
	key->outside = TAKE(*outside);
	private_key_release(out);
	*out = key;
	return RC_OK;
}

enum rc private_key_generate(enum key_kind kind, struct private_key **out, struct err *err)
{
	DROP(pkey_free) EVP_PKEY *native = NULL;

	if (public_key_group(kind) == NULL)
		return err_set(err, RC_UNSUPPORTED, "new private key: expected P-256 or P-384");
	native = EVP_EC_gen(public_key_group(kind));
	if (native == NULL)
		return fault(err, "new private key");
	return private_key_of_native(&native, PRIVATE_KEY_SOFTWARE, NULL, NULL, out, err);
}

static enum rc sign_native(struct private_key *key, struct span digest,
	uint8_t out[static PRIVATE_KEY_SIGNATURE_MAX], size_t *out_len, struct err *err)
{
	/* Not straight into out: libcrypto may touch what it is given before it fails. */
	uint8_t signature[2 * PRIVATE_KEY_SIGNATURE_MAX];
	size_t len = sizeof signature;

	if (EVP_PKEY_sign(key->prepared, signature, &len, digest.at, digest.len) != 1)
		return fault(err, "signing");
	if (len > PRIVATE_KEY_SIGNATURE_MAX)
		return err_set(err, RC_CRYPTO, "signing: %zu bytes of signature", len);
	memcpy(out, signature, len);
	*out_len = len;
	return RC_OK;
}

static enum rc sign_outside(struct private_key *key, struct span digest,
	uint8_t out[static PRIVATE_KEY_SIGNATURE_MAX], size_t *out_len, struct err *err)
{
	DROP(blob_release) struct blob signature = {0};
	uint8_t r_s[2 * KEY_FIELD_BYTES_MAX] = {0};
	size_t field = key_field_bytes(key->kind);
	struct der der = {.out = &signature};
	size_t begun;

	TRY(key->outside.sign(key->outside.state, digest, r_s, err));
	begun = der_begin(&der, DER_SEQUENCE);
	der_magnitude(&der, span_of(r_s, field));
	der_magnitude(&der, span_of(r_s + field, field));
	der_end(&der, begun);
	if (der.rc != RC_OK || signature.len > PRIVATE_KEY_SIGNATURE_MAX)
		return err_set(err, RC_NOMEM, "signing: out of memory");
	memcpy(out, signature.at, signature.len);
	*out_len = signature.len;
	return RC_OK;
}

enum rc private_key_sign(struct private_key *key, struct span bytes,
	uint8_t out[static PRIVATE_KEY_SIGNATURE_MAX], size_t *out_len, struct err *err)
{
	enum digest_alg hash = signature_hash(key->kind);
	uint8_t signature[PRIVATE_KEY_SIGNATURE_MAX];
	uint8_t value[DIGEST_BYTES_MAX];
	struct span digest = span_of(value, digest_size(hash));
	size_t len = 0;

	if (digest_bytes(hash, bytes, value) != RC_OK)
		return err_set(err, RC_CRYPTO, "signing: hashing failed");
	if (key->outside.sign == NULL)
		TRY(sign_native(key, digest, signature, &len, err));
	else
		TRY(sign_outside(key, digest, signature, &len, err));
	if (key->home != PRIVATE_KEY_SOFTWARE &&
		public_key_verify_der(key->public, hash, span_of(signature, len), digest, NULL) != RC_OK)
		return err_set(err, RC_CRYPTO, "signing: the %s made a signature that does not hold",
			private_key_home_name(key->home));
	memcpy(out, signature, len);
	*out_len = len;
	return RC_OK;
}

enum rc private_key_try(struct private_key *key, struct err *err)
{
	uint8_t signature[PRIVATE_KEY_SIGNATURE_MAX];
	size_t len;

	return private_key_sign(key, span_text("limebus: does this key sign?"), signature, &len, err);
}
