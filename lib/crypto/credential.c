#include "lib/crypto/credential.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "lib/crypto/algorithms.h"
#include "lib/crypto/fault.h"
#include "lib/crypto/hmac.h"
#include "lib/crypto/kdf.h"
#include "lib/crypto/public_key_native.h"
#include "lib/crypto/random.h"

/* TPM 2.0 Part 1, 24.2: the label of everything that protects a credential's seed, with its NUL. */
#define LABEL "IDENTITY"

/* The seed and what comes of it (24.4, 24.5). */
struct keys {
	uint8_t seed[DIGEST_BYTES_MAX];
	uint8_t symmetric[32];
	uint8_t hmac[DIGEST_BYTES_MAX];
};

static void keys_release(struct keys *keys)
{
	wipe(keys, sizeof *keys);
}

static void pkey_free(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

static void pkey_context_free(EVP_PKEY_CTX **context)
{
	EVP_PKEY_CTX_free(*context);
}

static void cipher_free(EVP_CIPHER_CTX **context)
{
	EVP_CIPHER_CTX_free(*context);
}

/* A TPM2B: 16-bit length, big endian, and the bytes. What is put here is far shorter than 64 KiB. */
static enum rc put_sized(struct blob *out, struct span bytes)
{
	const uint8_t len[] = {(uint8_t)(bytes.len >> 8), (uint8_t)bytes.len};

	TRY(blob_append(out, SPAN(len)));
	return blob_append(out, bytes);
}

static enum rc check_parameters(
	const struct credential_ek *ek, struct span name, struct span secret, struct err *err)
{
	size_t size = digest_size(ek->name_alg);

	if ((ek->name_alg != DIGEST_SHA256 && ek->name_alg != DIGEST_SHA384) ||
		(ek->symmetric_bits != 128 && ek->symmetric_bits != 256))
		return err_set(err, RC_UNSUPPORTED,
			"EK with %s and AES-%u: expected sha256 or sha384, 128 or 256",
			digest_name(ek->name_alg), ek->symmetric_bits);
	if (secret.len == 0 || secret.len > size)
		return err_set(err, RC_LIMIT, "credential: secret of %zu bytes, this EK takes 1 to %zu",
			secret.len, size);
	if (name.len < 2 ||
		name.len != 2 + digest_size(digest_of_tpm_id((uint16_t)(name.at[0] << 8 | name.at[1]))) ||
		name.len == 2)
		return err_set(err, RC_MALFORMED, "credential: Name of %zu bytes is not algorithm and digest",
			name.len);
	return RC_OK;
}

/* B.10.4: RSAES-OAEP with the name algorithm, label "IDENTITY" and its NUL. */
static enum rc wrap_seed_rsa(const struct credential_ek *ek, const struct public_key *key,
	const struct keys *keys, struct blob *out, struct err *err)
{
	DROP(pkey_context_free)
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, public_key_native(key), NULL);
	EVP_MD *md = algorithm_digest(ek->name_alg);
	uint8_t wrapped[KEY_RSA_BYTES_MAX];
	size_t len = sizeof wrapped;
	void *label = OPENSSL_memdup(LABEL, sizeof LABEL);

	/* The context owns the label once set0 has taken it. */
	if (context == NULL || label == NULL || EVP_PKEY_encrypt_init(context) != 1 ||
		EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) != 1 ||
		EVP_PKEY_CTX_set_rsa_oaep_md(context, md) != 1 ||
		EVP_PKEY_CTX_set_rsa_mgf1_md(context, md) != 1 ||
		EVP_PKEY_CTX_set0_rsa_oaep_label(context, label, sizeof LABEL) != 1) {
		OPENSSL_free(label);
		return fault(err, "credential: preparing OAEP");
	}
	if (EVP_PKEY_encrypt(context, wrapped, &len, keys->seed, digest_size(ek->name_alg)) != 1)
		return fault(err, "credential: OAEP");
	if (put_sized(out, span_of(wrapped, len)) != RC_OK)
		return err_set(err, RC_NOMEM, "credential: out of memory");
	return RC_OK;
}

/* The x coordinate of the shared point, padded to the field. */
static enum rc diffie_hellman(EVP_PKEY *mine, EVP_PKEY *theirs, uint8_t *z, size_t field, struct err *err)
{
	DROP(pkey_context_free) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, mine, NULL);
	size_t len = field;

	if (context == NULL || EVP_PKEY_derive_init(context) != 1 ||
		EVP_PKEY_derive_set_peer(context, theirs) != 1 || EVP_PKEY_derive(context, z, &len) != 1 ||
		len != field)
		return fault(err, "credential: ECDH");
	return RC_OK;
}

/* C.6.4: one-pass ECDH with an ephemeral key, seed = KDFe(Z, "IDENTITY", ephemeral x, EK x). What goes to the
 * TPM is the ephemeral point, a TPMS_ECC_POINT. */
static enum rc make_seed_curve(const struct credential_ek *ek, const struct public_key *key,
	struct keys *keys, struct blob *out, struct err *err)
{
	struct key_parts parts = public_key_parts(key);
	size_t field = key_field_bytes(parts.kind);
	DROP(pkey_free)
	EVP_PKEY *ephemeral = EVP_PKEY_Q_keygen(NULL, NULL, "EC", public_key_group(parts.kind));
	DROP(blob_release) struct blob point = {0};
	uint8_t x[KEY_FIELD_BYTES_MAX];
	uint8_t y[KEY_FIELD_BYTES_MAX];
	uint8_t z[KEY_FIELD_BYTES_MAX];
	enum rc rc;

	if (ephemeral == NULL)
		return fault(err, "credential: ephemeral key");
	TRY(public_key_point(ephemeral, field, x, y, err));
	TRY(diffie_hellman(ephemeral, public_key_native(key), z, field, err));
	rc = kdf_e(ek->name_alg, span_of(z, field), LABEL, span_of(x, field), parts.x, keys->seed,
		digest_size(ek->name_alg));
	wipe(z, sizeof z);
	if (rc == RC_OK)
		rc = put_sized(&point, span_of(x, field));
	if (rc == RC_OK)
		rc = put_sized(&point, span_of(y, field));
	if (rc == RC_OK)
		rc = put_sized(out, blob_span(&point));
	return rc == RC_OK ? RC_OK : err_set(err, rc, "credential: seed: %s", rc_words(rc));
}

static enum rc make_seed(const struct credential_ek *ek, struct keys *keys, struct blob *out, struct err *err)
{
	DROP(public_key_release) struct public_key *key = NULL;

	TRY(public_key_of_parts(&ek->key, &key, err));
	if (ek->key.kind != KEY_RSA)
		return make_seed_curve(ek, key, keys, out, err);
	TRY(random_fill(keys->seed, digest_size(ek->name_alg), err));
	return wrap_seed_rsa(ek, key, keys, out, err);
}

/* 24.4 and 24.5: the symmetric key depends on the Name, so that another object opens nothing. */
static enum rc derive_keys(const struct credential_ek *ek, struct span name, struct keys *keys)
{
	const struct span none = {0};
	struct span seed = span_of(keys->seed, digest_size(ek->name_alg));

	TRY(kdf_a(ek->name_alg, seed, "STORAGE", name, none, keys->symmetric, ek->symmetric_bits / 8));
	return kdf_a(ek->name_alg, seed, "INTEGRITY", none, none, keys->hmac, digest_size(ek->name_alg));
}

/* AES-CFB with an IV of zero, in place: the key is never used again. */
static enum rc encrypt_in_place(const struct credential_ek *ek, const struct keys *keys, struct blob *bytes)
{
	static const uint8_t iv[16];
	const char *name = ek->symmetric_bits == 128 ? "AES-128-CFB" : "AES-256-CFB";
	DROP(cipher_free) EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, name, NULL);
	int len = 0;
	bool done = context != NULL && cipher != NULL &&
	            EVP_EncryptInit_ex2(context, cipher, keys->symmetric, iv, NULL) == 1 &&
	            EVP_EncryptUpdate(context, bytes->at, &len, bytes->at, (int)bytes->len) == 1 &&
	            (size_t)len == bytes->len;

	EVP_CIPHER_free(cipher);
	return done ? RC_OK : fault(NULL, name);
}

/* 24.5: TPM2B_ID_OBJECT { TPM2B integrity, encrypted TPM2B secret }, the integrity over encIdentity ‖ Name.
 */
static enum rc put_id_object(const struct credential_ek *ek, struct span name, struct span secret,
	const struct keys *keys, struct blob *out)
{
	DROP(blob_release) struct blob identity = {0};
	DROP(blob_release) struct blob object = {0};
	uint8_t integrity[DIGEST_BYTES_MAX];
	size_t size = digest_size(ek->name_alg);
	struct span covered[2];

	TRY(put_sized(&identity, secret));
	TRY(encrypt_in_place(ek, keys, &identity));
	covered[0] = blob_span(&identity);
	covered[1] = name;
	TRY(hmac_spans(ek->name_alg, span_of(keys->hmac, size), covered, COUNT(covered), integrity));
	TRY(put_sized(&object, span_of(integrity, size)));
	TRY(blob_append(&object, blob_span(&identity)));
	return put_sized(out, blob_span(&object));
}

enum rc credential_make(const struct credential_ek *ek, struct span name, struct span secret,
	struct blob *out_id_object, struct blob *out_encrypted_secret, struct err *err)
{
	DROP(keys_release) struct keys keys = {{0}};
	DROP(blob_release) struct blob id_object = {0};
	DROP(blob_release) struct blob encrypted_secret = {0};
	enum rc rc;

	TRY(check_parameters(ek, name, secret, err));
	TRY(make_seed(ek, &keys, &encrypted_secret, err));
	rc = derive_keys(ek, name, &keys);
	if (rc == RC_OK)
		rc = put_id_object(ek, name, secret, &keys, &id_object);
	if (rc != RC_OK)
		return err_set(err, rc, "credential: %s", rc_words(rc));
	blob_release(out_id_object);
	blob_release(out_encrypted_secret);
	*out_id_object = TAKE(id_object);
	*out_encrypted_secret = TAKE(encrypted_secret);
	return RC_OK;
}
