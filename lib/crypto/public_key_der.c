/* Public keys from SubjectPublicKeyInfo, in DER and PEM: read by libcrypto, then rebuilt from their raw
 * parts, so that every key has passed the same checks. */
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "lib/base/drop.h"
#include "lib/crypto/fault.h"
#include "lib/crypto/public_key_native.h"

static void pkey_free(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

static void bignum_free(BIGNUM **number)
{
	BN_free(*number);
}

static void bio_free(BIO **bio)
{
	BIO_free(*bio);
}

static void openssl_free(void *at)
{
	OPENSSL_free(*(void **)at);
}

enum rc public_key_point(const EVP_PKEY *native, size_t field, uint8_t *x, uint8_t *y, struct err *err)
{
	DROP(bignum_free) BIGNUM *bx = NULL;
	DROP(bignum_free) BIGNUM *by = NULL;

	if (EVP_PKEY_get_bn_param(native, OSSL_PKEY_PARAM_EC_PUB_X, &bx) != 1 ||
		EVP_PKEY_get_bn_param(native, OSSL_PKEY_PARAM_EC_PUB_Y, &by) != 1 ||
		BN_bn2binpad(bx, x, (int)field) < 0 || BN_bn2binpad(by, y, (int)field) < 0)
		return fault(err, "coordinates of a public key");
	return RC_OK;
}

static enum rc of_native_rsa(const EVP_PKEY *native, struct public_key **out, struct err *err)
{
	DROP(bignum_free) BIGNUM *n = NULL;
	DROP(bignum_free) BIGNUM *e = NULL;
	uint8_t modulus[KEY_RSA_BYTES_MAX];
	struct key_parts parts = {.kind = KEY_RSA};

	if (EVP_PKEY_get_bn_param(native, OSSL_PKEY_PARAM_RSA_N, &n) != 1 ||
		EVP_PKEY_get_bn_param(native, OSSL_PKEY_PARAM_RSA_E, &e) != 1)
		return fault(err, "RSA key");
	if (BN_num_bytes(n) > KEY_RSA_BYTES_MAX)
		return err_set(err, RC_UNSUPPORTED, "RSA key: %d bits, expected %d to %d", BN_num_bits(n),
			8 * KEY_RSA_BYTES_MIN, 8 * KEY_RSA_BYTES_MAX);
	if (!BN_is_word(e, KEY_RSA_EXPONENT))
		return err_set(err, RC_UNSUPPORTED, "RSA key: exponent other than %d", KEY_RSA_EXPONENT);
	parts.n = span_of(modulus, (size_t)BN_bn2bin(n, modulus));
	parts.exponent = KEY_RSA_EXPONENT;
	return public_key_of_parts(&parts, out, err);
}

static enum rc of_native_curve(const EVP_PKEY *native, struct public_key **out, struct err *err)
{
	static const struct {
		const char *name;
		enum key_kind kind;
	} groups[] = {
		{"prime256v1", KEY_P256}, {"P-256", KEY_P256}, {"secp384r1", KEY_P384}, {"P-384", KEY_P384}};
	uint8_t x[KEY_FIELD_BYTES_MAX];
	uint8_t y[KEY_FIELD_BYTES_MAX];
	struct key_parts parts = {.kind = KEY_NONE};
	char group[64];
	size_t len = 0;
	int explicit = 0;

	/* A curve spelled out in parameters may be one that the sender made to be weak. */
	if (EVP_PKEY_get_int_param(native, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &explicit) != 1 ||
		explicit != 0 || EVP_PKEY_get_group_name(native, group, sizeof group, &len) != 1) {
		fault_forget();
		return err_set(err, RC_UNSUPPORTED, "public key: curve without a name");
	}
	for (size_t i = 0; i < COUNT(groups); i++)
		if (strcmp(group, groups[i].name) == 0)
			parts.kind = groups[i].kind;
	if (parts.kind == KEY_NONE)
		return err_set(err, RC_UNSUPPORTED, "public key: curve %s, expected P-256 or P-384", group);
	TRY(public_key_point(native, key_field_bytes(parts.kind), x, y, err));
	parts.x = span_of(x, key_field_bytes(parts.kind));
	parts.y = span_of(y, key_field_bytes(parts.kind));
	return public_key_of_parts(&parts, out, err);
}

enum rc public_key_of_native(const EVP_PKEY *native, struct public_key **out, struct err *err)
{
	if (EVP_PKEY_is_a(native, "RSA"))
		return of_native_rsa(native, out, err);
	if (EVP_PKEY_is_a(native, "EC"))
		return of_native_curve(native, out, err);
	return err_set(err, RC_UNSUPPORTED, "public key: neither RSA nor a known curve");
}

enum rc public_key_of_der(struct span der, struct public_key **out, struct err *err)
{
	DROP(pkey_free) EVP_PKEY *native = NULL;
	const uint8_t *at = der.at;

	if (der.len == 0 || der.len > KEY_DER_MAX)
		return err_set(err, der.len == 0 ? RC_MALFORMED : RC_LIMIT,
			"public key: %zu bytes of DER, at most %d", der.len, KEY_DER_MAX);
	native = d2i_PUBKEY_ex(NULL, &at, (long)der.len, NULL, NULL);
	if (native == NULL || at != der.at + der.len) {
		fault_forget();
		return err_set(err, RC_MALFORMED, "public key: not one SubjectPublicKeyInfo in DER");
	}
	return public_key_of_native(native, out, err);
}

enum rc public_key_of_pem(struct span pem, struct public_key **out, struct err *err)
{
	DROP(bio_free) BIO *bio = NULL;
	DROP(openssl_free) char *name = NULL;
	DROP(openssl_free) char *header = NULL;
	DROP(openssl_free) uint8_t *der = NULL;
	long len = 0;

	if (pem.len == 0 || pem.len > KEY_PEM_MAX)
		return err_set(err, pem.len == 0 ? RC_MALFORMED : RC_LIMIT,
			"public key: %zu bytes of PEM, at most %d", pem.len, KEY_PEM_MAX);
	bio = BIO_new_mem_buf(pem.at, (int)pem.len);
	if (bio == NULL)
		return fault(err, "public key");
	/* Not PEM_read_bio_PUBKEY: that would ask a terminal for the passphrase of an encrypted block. */
	if (PEM_read_bio(bio, &name, &header, &der, &len) != 1 || strcmp(name, "PUBLIC KEY") != 0 ||
		header[0] != '\0') {
		fault_forget();
		return err_set(err, RC_MALFORMED, "public key: not a \"PUBLIC KEY\" block of PEM");
	}
	return public_key_of_der(span_of(der, (size_t)len), out, err);
}
