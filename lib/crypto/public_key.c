#include "lib/crypto/public_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <stdlib.h>

#include "lib/base/blob.h"
#include "lib/crypto/algorithms.h"
#include "lib/crypto/fault.h"
#include "lib/crypto/public_key_native.h"

/* Two INTEGERs of at most 49 bytes each in a SEQUENCE: every length fits in one byte. */
#define ECDSA_DER_MAX (2 + 2 * (2 + 1 + KEY_FIELD_BYTES_MAX))

struct public_key {
	enum key_kind kind;
	EVP_PKEY *native;
	/* The verification that was prepared last; NULL, or made for this scheme and hash. Most keys of a
	 * verifier see one scheme only, and preparing costs some microseconds. */
	EVP_PKEY_CTX *prepared;
	enum signature_scheme scheme;
	enum digest_alg hash;
	/* n, or x ‖ y, each half of it. */
	size_t len;
	uint8_t bytes[];
};

static void pkey_context_free(EVP_PKEY_CTX **context)
{
	EVP_PKEY_CTX_free(*context);
}

static void bignum_free(BIGNUM **number)
{
	BN_free(*number);
}

static void builder_free(OSSL_PARAM_BLD **builder)
{
	OSSL_PARAM_BLD_free(*builder);
}

static void params_free(OSSL_PARAM **params)
{
	OSSL_PARAM_free(*params);
}

const char *key_kind_name(enum key_kind kind)
{
	switch (kind) {
	case KEY_RSA: return "rsa";
	case KEY_P256: return "p256";
	case KEY_P384: return "p384";
	case KEY_NONE: break;
	}
	return "none";
}

size_t key_field_bytes(enum key_kind kind)
{
	return kind == KEY_P256 ? 32 : kind == KEY_P384 ? 48 : 0;
}

const char *public_key_group(enum key_kind kind)
{
	return kind == KEY_P256 ? "P-256" : kind == KEY_P384 ? "P-384" : NULL;
}

EVP_PKEY *public_key_native(const struct public_key *key)
{
	return key->native;
}

void public_key_release(struct public_key **key)
{
	if (*key != NULL) {
		EVP_PKEY_CTX_free((*key)->prepared);
		EVP_PKEY_free((*key)->native);
	}
	free(*key);
	*key = NULL;
}

static struct span without_zeros(struct span number)
{
	while (number.len != 0 && number.at[0] == 0)
		number = span_of(number.at + 1, number.len - 1);
	return number;
}

static enum rc allocate(enum key_kind kind, size_t len, struct public_key **out, struct err *err)
{
	*out = calloc(1, sizeof **out + len);
	if (*out == NULL)
		return err_set(err, RC_NOMEM, "public key: out of memory");
	(*out)->kind = kind;
	(*out)->len = len;
	return RC_OK;
}

static enum rc native_of_params(const char *type, OSSL_PARAM *params, EVP_PKEY **out)
{
	DROP(pkey_context_free) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);

	if (context == NULL || params == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
		EVP_PKEY_fromdata(context, out, EVP_PKEY_PUBLIC_KEY, params) != 1)
		return RC_CRYPTO;
	return RC_OK;
}

static enum rc make_rsa(const struct key_parts *parts, struct public_key **out, struct err *err)
{
	DROP(public_key_release) struct public_key *key = NULL;
	DROP(builder_free) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	DROP(params_free) OSSL_PARAM *params = NULL;
	DROP(bignum_free) BIGNUM *n = NULL;
	struct span modulus = parts->n;

	if (parts->exponent != 0 && parts->exponent != KEY_RSA_EXPONENT)
		return err_set(err, RC_UNSUPPORTED, "RSA key: exponent %u, expected %d", parts->exponent,
			KEY_RSA_EXPONENT);
	if (modulus.len < KEY_RSA_BYTES_MIN || modulus.len > KEY_RSA_BYTES_MAX)
		return err_set(err, RC_UNSUPPORTED, "RSA key: %zu bits, expected %d to %d", 8 * modulus.len,
			8 * KEY_RSA_BYTES_MIN, 8 * KEY_RSA_BYTES_MAX);
	if ((modulus.at[0] & 0x80) == 0 || (modulus.at[modulus.len - 1] & 1) == 0)
		return err_set(err, RC_MALFORMED, "RSA key: modulus is even or shorter than its field");
	TRY(allocate(KEY_RSA, modulus.len, &key, err));
	memcpy(key->bytes, modulus.at, modulus.len);
	n = BN_bin2bn(modulus.at, (int)modulus.len, NULL);
	if (builder == NULL || n == NULL || OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) != 1 ||
		OSSL_PARAM_BLD_push_uint(builder, OSSL_PKEY_PARAM_RSA_E, KEY_RSA_EXPONENT) != 1)
		return fault(err, "RSA key");
	params = OSSL_PARAM_BLD_to_param(builder);
	if (native_of_params("RSA", params, &key->native) != RC_OK)
		return fault(err, "RSA key");
	public_key_release(out);
	*out = TAKE(key);
	return RC_OK;
}

static enum rc make_curve(const struct key_parts *parts, struct public_key **out, struct err *err)
{
	DROP(public_key_release) struct public_key *key = NULL;
	size_t field = key_field_bytes(parts->kind);
	struct span x = without_zeros(parts->x);
	struct span y = without_zeros(parts->y);
	uint8_t point[1 + 2 * KEY_FIELD_BYTES_MAX] = {POINT_CONVERSION_UNCOMPRESSED};
	OSSL_PARAM params[3];

	if (x.len > field || y.len > field)
		return err_set(err, RC_MALFORMED, "%s key: coordinates longer than %zu bytes",
			key_kind_name(parts->kind), field);
	if (x.len != 0)
		memcpy(point + 1 + field - x.len, x.at, x.len);
	if (y.len != 0)
		memcpy(point + 1 + 2 * field - y.len, y.at, y.len);
	TRY(allocate(parts->kind, 2 * field, &key, err));
	memcpy(key->bytes, point + 1, 2 * field);
	params[0] = OSSL_PARAM_construct_utf8_string(
		OSSL_PKEY_PARAM_GROUP_NAME, (char *)public_key_group(parts->kind), 0);
	params[1] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * field);
	params[2] = OSSL_PARAM_construct_end();
	/* Reading the point checks that it lies on the curve; these curves have no other subgroup. */
	if (native_of_params("EC", params, &key->native) != RC_OK) {
		fault_forget();
		return err_set(err, RC_MALFORMED, "%s key: the point is not on the curve",
			key_kind_name(parts->kind));
	}
	public_key_release(out);
	*out = TAKE(key);
	return RC_OK;
}

enum rc public_key_of_parts(const struct key_parts *parts, struct public_key **out, struct err *err)
{
	switch (parts->kind) {
	case KEY_RSA: return make_rsa(parts, out, err);
	case KEY_P256:
	case KEY_P384: return make_curve(parts, out, err);
	case KEY_NONE: break;
	}
	return err_set(err, RC_UNSUPPORTED, "public key: neither RSA nor a known curve");
}

struct key_parts public_key_parts(const struct public_key *key)
{
	size_t half = key->len / 2;

	if (key->kind == KEY_RSA)
		return (struct key_parts){
			.kind = KEY_RSA, .n = span_of(key->bytes, key->len), .exponent = KEY_RSA_EXPONENT};
	return (struct key_parts){
		.kind = key->kind, .x = span_of(key->bytes, half), .y = span_of(key->bytes + half, half)};
}

/* A context that is ready to verify with this scheme and hash. */
static enum rc prepare(
	struct public_key *key, enum signature_scheme scheme, enum digest_alg hash, struct err *err)
{
	DROP(pkey_context_free) EVP_PKEY_CTX *context = NULL;
	int padding = scheme == SIGNATURE_RSAPSS ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING;

	if (key->prepared != NULL && key->scheme == scheme && key->hash == hash)
		return RC_OK;
	context = EVP_PKEY_CTX_new_from_pkey(NULL, key->native, NULL);
	if (context == NULL || EVP_PKEY_verify_init(context) != 1)
		return fault(err, "preparing to verify");
	if (key->kind == KEY_RSA && EVP_PKEY_CTX_set_rsa_padding(context, padding) != 1)
		return fault(err, "preparing to verify");
	if (EVP_PKEY_CTX_set_signature_md(context, algorithm_digest(hash)) != 1)
		return fault(err, "preparing to verify");
	if (scheme == SIGNATURE_RSAPSS &&
		EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_AUTO) != 1)
		return fault(err, "preparing to verify");
	EVP_PKEY_CTX_free(key->prepared);
	key->prepared = TAKE(context);
	key->scheme = scheme;
	key->hash = hash;
	return RC_OK;
}

/* Append an INTEGER. number has no zeros in front and at most KEY_FIELD_BYTES_MAX bytes. */
static size_t put_integer(uint8_t *at, struct span number)
{
	/* A zero in front where the top bit would mean a negative number; zero itself is one zero byte. */
	size_t pad = number.len == 0 || (number.at[0] & 0x80) != 0 ? 1 : 0;

	at[0] = 0x02;
	at[1] = (uint8_t)(number.len + pad);
	at[2] = 0;
	if (number.len != 0)
		memcpy(at + 2 + pad, number.at, number.len);
	return 2 + pad + number.len;
}

/* ECDSA-Sig-Value (RFC 3279, 2.2.3) of r and s; 0 if they are too long to hold for any key. */
static size_t ecdsa_der(const struct signature *signature, size_t field, uint8_t out[static ECDSA_DER_MAX])
{
	struct span r = without_zeros(signature->r);
	struct span s = without_zeros(signature->s);
	size_t len = 2;

	if (r.len > field || s.len > field)
		return 0;
	len += put_integer(out + len, r);
	len += put_integer(out + len, s);
	out[0] = 0x30;
	out[1] = (uint8_t)(len - 2);
	return len;
}

static enum rc check_request(
	const struct public_key *key, const struct signature *signature, struct span digest, struct err *err)
{
	bool for_rsa = signature->scheme == SIGNATURE_RSASSA || signature->scheme == SIGNATURE_RSAPSS;
	bool for_curve = signature->scheme == SIGNATURE_ECDSA;

	if (key->kind == KEY_RSA ? !for_rsa : !for_curve)
		return err_set(err, RC_UNSUPPORTED, "signature scheme 0x%04x with a key of kind %s",
			(unsigned)signature->scheme, key_kind_name(key->kind));
	if (signature->hash != DIGEST_SHA256 && signature->hash != DIGEST_SHA384 &&
		signature->hash != DIGEST_SHA512)
		return err_set(err, RC_UNSUPPORTED, "signature over %s: expected sha256, sha384 or sha512",
			digest_name(signature->hash));
	if (digest.len != digest_size(signature->hash))
		return err_set(err, RC_MALFORMED, "digest to verify: %zu bytes, %s has %zu", digest.len,
			digest_name(signature->hash), digest_size(signature->hash));
	return RC_OK;
}

/* bytes: of the modulus' length, or DER. */
static enum rc verify_native(struct public_key *key, enum signature_scheme scheme, enum digest_alg hash,
	struct span bytes, struct span digest, struct err *err)
{
	TRY(prepare(key, scheme, hash, err));
	if (key->kind == KEY_RSA && bytes.len != key->len)
		return err_set(
			err, RC_DENIED, "RSA signature: %zu bytes, the modulus has %zu", bytes.len, key->len);
	if (bytes.len == 0 ||
		EVP_PKEY_verify(key->prepared, bytes.at, bytes.len, digest.at, digest.len) != 1) {
		fault_forget();
		return err_set(err, RC_DENIED, "signature: does not hold for this key and digest");
	}
	return RC_OK;
}

enum rc public_key_verify(
	struct public_key *key, const struct signature *signature, struct span digest, struct err *err)
{
	uint8_t der[ECDSA_DER_MAX];
	struct span bytes = signature->rsa;

	TRY(check_request(key, signature, digest, err));
	if (key->kind != KEY_RSA)
		bytes = span_of(der, ecdsa_der(signature, key->len / 2, der));
	return verify_native(key, signature->scheme, signature->hash, bytes, digest, err);
}

enum rc public_key_verify_der(struct public_key *key, enum digest_alg hash, struct span signature,
	struct span digest, struct err *err)
{
	struct signature asked = {
		.scheme = key->kind == KEY_RSA ? SIGNATURE_RSASSA : SIGNATURE_ECDSA, .hash = hash};

	TRY(check_request(key, &asked, digest, err));
	return verify_native(key, asked.scheme, hash, signature, digest, err);
}
