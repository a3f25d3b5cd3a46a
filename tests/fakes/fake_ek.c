#include "tests/fakes/fake_ek.h"

#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "lib/crypto/hmac.h"
#include "lib/crypto/kdf.h"
#include "tests/support/test.h"

void fake_ek_release(struct fake_ek *ek)
{
	EVP_PKEY_free(ek->key);
	public_key_release(&ek->public);
	*ek = (struct fake_ek){0};
}

void fake_ek_make(enum key_kind kind, struct fake_ek *out)
{
	uint8_t *der = NULL;
	int len;

	fake_ek_release(out);
	out->key = kind == KEY_RSA ? EVP_RSA_gen(2048) : EVP_EC_gen(kind == KEY_P256 ? "P-256" : "P-384");
	assert_non_null(out->key);
	len = i2d_PUBKEY(out->key, &der);
	assert_true(len > 0);
	assert_ok(public_key_of_der(span_of(der, (size_t)len), &out->public, NULL));
	OPENSSL_free(der);
	out->area.key = public_key_parts(out->public);
	out->area.name_alg = kind == KEY_P384 ? DIGEST_SHA384 : DIGEST_SHA256;
	out->area.symmetric_bits = kind == KEY_P384 ? 256 : 128;
}

/* A TPM2B in front of *rest. */
static bool take_sized(struct span *rest, struct span *out)
{
	size_t len;

	if (rest->len < 2)
		return false;
	len = (size_t)rest->at[0] << 8 | rest->at[1];
	if (len > rest->len - 2)
		return false;
	*out = span_of(rest->at + 2, len);
	*rest = span_of(rest->at + 2 + len, rest->len - 2 - len);
	return true;
}

static enum rc seed_of_rsa(const struct fake_ek *ek, struct span wrapped, uint8_t *seed)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, ek->key, NULL);
	size_t len = 512;
	uint8_t plain[512];
	bool right;

	assert_non_null(context);
	assert_int_equal(EVP_PKEY_decrypt_init(context), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_oaep_md_name(context, "SHA256", NULL), 1);
	assert_int_equal(
		EVP_PKEY_CTX_set0_rsa_oaep_label(context, OPENSSL_strdup("IDENTITY"), strlen("IDENTITY") + 1),
		1);
	right = EVP_PKEY_decrypt(context, plain, &len, wrapped.at, wrapped.len) == 1 && len == 32;
	EVP_PKEY_CTX_free(context);
	if (right)
		memcpy(seed, plain, 32);
	return right ? RC_OK : RC_DENIED;
}

static enum rc seed_of_curve(const struct fake_ek *ek, struct span point, uint8_t *seed)
{
	struct key_parts parts = {.kind = ek->area.key.kind};
	DROP(public_key_release) struct public_key *ephemeral = NULL;
	EVP_PKEY *theirs;
	EVP_PKEY_CTX *context;
	uint8_t encoded[97] = {4};
	uint8_t z[48];
	size_t field = key_field_bytes(parts.kind);
	size_t len = field;

	if (!take_sized(&point, &parts.x) || !take_sized(&point, &parts.y) || point.len != 0 ||
		parts.x.len != field || parts.y.len != field)
		return RC_MALFORMED;
	TRY(public_key_of_parts(&parts, &ephemeral, NULL));
	memcpy(encoded + 1, parts.x.at, field);
	memcpy(encoded + 1 + field, parts.y.at, field);
	theirs = EVP_PKEY_new();
	assert_non_null(theirs);
	assert_int_equal(EVP_PKEY_copy_parameters(theirs, ek->key), 1);
	assert_int_equal(EVP_PKEY_set1_encoded_public_key(theirs, encoded, 1 + 2 * field), 1);
	context = EVP_PKEY_CTX_new_from_pkey(NULL, ek->key, NULL);
	assert_int_equal(EVP_PKEY_derive_init(context), 1);
	assert_int_equal(EVP_PKEY_derive_set_peer(context, theirs), 1);
	assert_int_equal(EVP_PKEY_derive(context, z, &len), 1);
	EVP_PKEY_CTX_free(context);
	EVP_PKEY_free(theirs);
	return kdf_e(ek->area.name_alg, span_of(z, len), "IDENTITY", parts.x, ek->area.key.x, seed,
		digest_size(ek->area.name_alg));
}

static void decrypt(const struct fake_ek *ek, const uint8_t *key, struct span in, uint8_t *out)
{
	static const uint8_t iv[16];
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	int len = 0;

	assert_int_equal(EVP_DecryptInit_ex2(context,
				 ek->area.symmetric_bits == 128 ? EVP_aes_128_cfb128() : EVP_aes_256_cfb128(),
				 key, iv, NULL),
		1);
	assert_int_equal(EVP_DecryptUpdate(context, out, &len, in.at, (int)in.len), 1);
	EVP_CIPHER_CTX_free(context);
}

enum rc fake_ek_activate(const struct fake_ek *ek, struct span name, struct span id_object,
	struct span encrypted_secret, struct blob *out)
{
	enum digest_alg alg = ek->area.name_alg;
	size_t size = digest_size(alg);
	const struct span none = {0};
	struct span object;
	struct span wrapped;
	struct span integrity;
	struct span plain;
	struct span secret;
	struct span covered[2];
	uint8_t seed[64];
	uint8_t key[64];
	uint8_t identity[128];

	if (!take_sized(&id_object, &object) || id_object.len != 0 ||
		!take_sized(&encrypted_secret, &wrapped) || encrypted_secret.len != 0 ||
		!take_sized(&object, &integrity) || object.len > sizeof identity)
		return RC_MALFORMED;
	TRY(ek->area.key.kind == KEY_RSA ? seed_of_rsa(ek, wrapped, seed) : seed_of_curve(ek, wrapped, seed));
	TRY(kdf_a(alg, span_of(seed, size), "INTEGRITY", none, none, key, size));
	covered[0] = object;
	covered[1] = name;
	TRY(hmac_check(alg, span_of(key, size), covered, COUNT(covered), integrity));
	TRY(kdf_a(alg, span_of(seed, size), "STORAGE", name, none, key, ek->area.symmetric_bits / 8));
	decrypt(ek, key, object, identity);
	plain = span_of(identity, object.len);
	if (!take_sized(&plain, &secret) || plain.len != 0)
		return RC_MALFORMED;
	return blob_copy(out, secret);
}
