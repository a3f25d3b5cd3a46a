#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "lib/base/hex.h"
#include "lib/crypto/public_key.h"
#include "tests/support/test.h"

#define DER_ROOM 1200

static const uint8_t message[] = "TPMS_ATTEST";

/* A key pair of libcrypto's and its SubjectPublicKeyInfo. */
struct signer {
	EVP_PKEY *key;
	uint8_t der[DER_ROOM];
	size_t der_len;
};

static void signer_release(struct signer *signer)
{
	EVP_PKEY_free(signer->key);
	signer->key = NULL;
}

static struct signer signer_of(EVP_PKEY *key)
{
	struct signer signer = {.key = key};
	uint8_t *at = signer.der;
	int len = i2d_PUBKEY(key, NULL);

	assert_true(len > 0 && len <= DER_ROOM);
	assert_int_equal(i2d_PUBKEY(key, &at), len);
	signer.der_len = (size_t)len;
	return signer;
}

static struct span der_of(const struct signer *signer)
{
	return span_of(signer->der, signer->der_len);
}

/* Sign the message with libcrypto. */
static size_t sign_with(const struct signer *signer, const char *hash, int padding, uint8_t out[512])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *parameters = NULL;
	size_t len = 512;

	assert_int_equal(EVP_DigestSignInit_ex(context, &parameters, hash, NULL, NULL, signer->key, NULL), 1);
	if (padding != 0)
		assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(parameters, padding), 1);
	assert_int_equal(EVP_DigestSign(context, out, &len, message, sizeof message), 1);
	EVP_MD_CTX_free(context);
	return len;
}

/* r and s of an ECDSA-Sig-Value, without zeros in front. */
static void split(struct span der, uint8_t r[48], uint8_t s[48], struct signature *out)
{
	const uint8_t *at = der.at;
	ECDSA_SIG *value = d2i_ECDSA_SIG(NULL, &at, (long)der.len);

	assert_non_null(value);
	out->r = span_of(r, (size_t)BN_bn2bin(ECDSA_SIG_get0_r(value), r));
	out->s = span_of(s, (size_t)BN_bn2bin(ECDSA_SIG_get0_s(value), s));
	ECDSA_SIG_free(value);
}

static void rsa_signatures_of_both_schemes_hold(void **state)
{
	static const struct {
		enum signature_scheme scheme;
		enum digest_alg hash;
		const char *name;
		int padding;
	} rows[] = {
		{SIGNATURE_RSASSA, DIGEST_SHA256, "SHA256", RSA_PKCS1_PADDING},
		{SIGNATURE_RSAPSS, DIGEST_SHA256, "SHA256", RSA_PKCS1_PSS_PADDING},
		{SIGNATURE_RSASSA, DIGEST_SHA384, "SHA384", RSA_PKCS1_PADDING},
		{SIGNATURE_RSASSA, DIGEST_SHA512, "SHA512", RSA_PKCS1_PADDING},
	};
	DROP(signer_release) struct signer signer = signer_of(EVP_RSA_gen(2048));
	DROP(public_key_release) struct public_key *key = NULL;

	(void)state;
	assert_ok(public_key_of_der(der_of(&signer), &key, NULL));
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint8_t bytes[512];
		uint8_t digest[DIGEST_BYTES_MAX];
		struct signature signature = {rows[i].scheme, rows[i].hash};
		struct span digested = span_of(digest, digest_size(rows[i].hash));
		struct err err = {0};

		signature.rsa = span_of(bytes, sign_with(&signer, rows[i].name, rows[i].padding, bytes));
		assert_ok(digest_bytes(rows[i].hash, SPAN(message), digest));
		assert_ok(public_key_verify(key, &signature, digested, NULL));
		bytes[100] ^= 1;
		assert_rc(public_key_verify(key, &signature, digested, &err), RC_DENIED);
		assert_string_not_equal(err.text, "");
		bytes[100] ^= 1;
		digest[0] ^= 1;
		assert_rc(public_key_verify(key, &signature, digested, NULL), RC_DENIED);
		digest[0] ^= 1;
		signature.rsa.len--;
		assert_rc(public_key_verify(key, &signature, digested, NULL), RC_DENIED);
		signature.rsa = (struct span){0};
		assert_rc(public_key_verify(key, &signature, digested, NULL), RC_DENIED);
		signature.rsa = span_of(bytes, 256);
		signature.scheme = rows[i].scheme == SIGNATURE_RSASSA ? SIGNATURE_RSAPSS : SIGNATURE_RSASSA;
		assert_rc(public_key_verify(key, &signature, digested, NULL), RC_DENIED);
	}
}

static void ecdsa_signatures_of_both_curves_hold(void **state)
{
	static const struct {
		const char *curve, *name;
		enum digest_alg hash;
	} rows[] = {{"P-256", "SHA256", DIGEST_SHA256}, {"P-384", "SHA384", DIGEST_SHA384},
		{"P-384", "SHA256", DIGEST_SHA256}, {"P-256", "SHA512", DIGEST_SHA512}};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		DROP(signer_release) struct signer signer = signer_of(EVP_EC_gen(rows[i].curve));
		DROP(public_key_release) struct public_key *key = NULL;
		struct signature signature = {SIGNATURE_ECDSA, rows[i].hash};
		uint8_t der[512];
		uint8_t r[48];
		uint8_t s[48];
		uint8_t padded[1 + 48 + 48] = {0};
		uint8_t digest[DIGEST_BYTES_MAX];
		struct span digested = span_of(digest, digest_size(rows[i].hash));

		assert_ok(public_key_of_der(der_of(&signer), &key, NULL));
		split(span_of(der, sign_with(&signer, rows[i].name, 0, der)), r, s, &signature);
		assert_ok(digest_bytes(rows[i].hash, SPAN(message), digest));
		assert_ok(public_key_verify(key, &signature, digested, NULL));
		/* Zeros in front change nothing. */
		memcpy(padded + 3, signature.r.at, signature.r.len);
		signature.r = span_of(padded, 3 + signature.r.len);
		assert_ok(public_key_verify(key, &signature, digested, NULL));
		s[0] ^= 1;
		assert_rc(public_key_verify(key, &signature, digested, NULL), RC_DENIED);
		s[0] ^= 1;
		digest[0] ^= 1;
		assert_rc(public_key_verify(key, &signature, digested, NULL), RC_DENIED);
		digest[0] ^= 1;
		assert_ok(public_key_verify(key, &signature, digested, NULL));
	}
}

static void zero_and_overlong_signatures_are_denied(void **state)
{
	DROP(signer_release) struct signer signer = signer_of(EVP_EC_gen("P-256"));
	DROP(public_key_release) struct public_key *key = NULL;
	static const uint8_t zero[32];
	uint8_t ones[600];
	uint8_t digest[32] = {0};
	struct signature signature = {SIGNATURE_ECDSA, DIGEST_SHA256};

	(void)state;
	memset(ones, 0xff, sizeof ones);
	assert_ok(public_key_of_der(der_of(&signer), &key, NULL));
	assert_rc(public_key_verify(key, &signature, SPAN(digest), NULL), RC_DENIED);
	signature.r = SPAN(zero);
	signature.s = SPAN(zero);
	assert_rc(public_key_verify(key, &signature, SPAN(digest), NULL), RC_DENIED);
	for (size_t len = 31; len < sizeof ones; len += 16) {
		signature.r = span_of(ones, len);
		signature.s = span_of(ones, len);
		assert_rc(public_key_verify(key, &signature, SPAN(digest), NULL), RC_DENIED);
	}
}

static void schemes_hashes_and_lengths_that_do_not_fit_are_refused(void **state)
{
	DROP(signer_release) struct signer signer = signer_of(EVP_EC_gen("P-256"));
	DROP(public_key_release) struct public_key *key = NULL;
	uint8_t digest[DIGEST_BYTES_MAX] = {0};
	struct signature signature = {SIGNATURE_RSASSA, DIGEST_SHA256};

	(void)state;
	assert_ok(public_key_of_der(der_of(&signer), &key, NULL));
	assert_rc(public_key_verify(key, &signature, span_of(digest, 32), NULL), RC_UNSUPPORTED);
	signature.scheme = SIGNATURE_RSAPSS;
	assert_rc(public_key_verify(key, &signature, span_of(digest, 32), NULL), RC_UNSUPPORTED);
	signature.scheme = (enum signature_scheme)0x0010;
	assert_rc(public_key_verify(key, &signature, span_of(digest, 32), NULL), RC_UNSUPPORTED);
	signature.scheme = SIGNATURE_ECDSA;
	assert_rc(public_key_verify(key, &signature, span_of(digest, 31), NULL), RC_MALFORMED);
	assert_rc(public_key_verify(key, &signature, span_of(digest, 33), NULL), RC_MALFORMED);
	signature.hash = DIGEST_SHA1;
	assert_rc(public_key_verify(key, &signature, span_of(digest, 20), NULL), RC_UNSUPPORTED);
	signature.hash = DIGEST_SM3;
	assert_rc(public_key_verify(key, &signature, span_of(digest, 32), NULL), RC_UNSUPPORTED);
	signature.hash = DIGEST_NONE;
	assert_rc(public_key_verify(key, &signature, (struct span){0}, NULL), RC_UNSUPPORTED);
}

static void parts_lead_back_to_the_same_key(void **state)
{
	EVP_PKEY *const keys[] = {EVP_RSA_gen(2048), EVP_EC_gen("P-256"), EVP_EC_gen("P-384")};
	static const enum key_kind kinds[] = {KEY_RSA, KEY_P256, KEY_P384};

	(void)state;
	for (size_t i = 0; i < COUNT(keys); i++) {
		DROP(signer_release) struct signer signer = signer_of(keys[i]);
		DROP(public_key_release) struct public_key *key = NULL;
		DROP(public_key_release) struct public_key *again = NULL;
		struct key_parts parts;
		struct key_parts same;

		assert_ok(public_key_of_der(der_of(&signer), &key, NULL));
		parts = public_key_parts(key);
		assert_int_equal(parts.kind, kinds[i]);
		assert_int_equal(parts.x.len, key_field_bytes(kinds[i]));
		assert_ok(public_key_of_parts(&parts, &again, NULL));
		same = public_key_parts(again);
		assert_spans_equal(parts.n, same.n);
		assert_spans_equal(parts.x, same.x);
		assert_spans_equal(parts.y, same.y);
		assert_int_equal(parts.exponent, same.exponent);
	}
}

static void rsa_parts_out_of_bounds_are_refused(void **state)
{
	uint8_t n[KEY_RSA_BYTES_MAX + 1];
	DROP(public_key_release) struct public_key *key = NULL;
	struct key_parts parts = {.kind = KEY_RSA, .n = span_of(n, KEY_RSA_BYTES_MIN)};

	(void)state;
	memset(n, 0xff, sizeof n);
	assert_ok(public_key_of_parts(&parts, &key, NULL));
	parts.exponent = KEY_RSA_EXPONENT;
	assert_ok(public_key_of_parts(&parts, &key, NULL));
	parts.exponent = 3;
	assert_rc(public_key_of_parts(&parts, &key, NULL), RC_UNSUPPORTED);
	parts.exponent = 0;
	parts.n = span_of(n, KEY_RSA_BYTES_MIN - 1);
	assert_rc(public_key_of_parts(&parts, &key, NULL), RC_UNSUPPORTED);
	parts.n = span_of(n, KEY_RSA_BYTES_MAX + 1);
	assert_rc(public_key_of_parts(&parts, &key, NULL), RC_UNSUPPORTED);
	parts.n = (struct span){0};
	assert_rc(public_key_of_parts(&parts, &key, NULL), RC_UNSUPPORTED);
	parts.n = span_of(n, KEY_RSA_BYTES_MAX);
	assert_ok(public_key_of_parts(&parts, &key, NULL));
	n[0] = 0x7f;
	assert_rc(public_key_of_parts(&parts, &key, NULL), RC_MALFORMED);
	n[0] = 0xff;
	n[KEY_RSA_BYTES_MAX - 1] = 0xfe;
	assert_rc(public_key_of_parts(&parts, &key, NULL), RC_MALFORMED);
}

static void points_that_are_not_on_the_curve_are_refused(void **state)
{
	static const enum key_kind kinds[] = {KEY_P256, KEY_P384};
	static const uint8_t zero[48];

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		DROP(signer_release)
		struct signer signer = signer_of(EVP_EC_gen(kinds[i] == KEY_P256 ? "P-256" : "P-384"));
		DROP(public_key_release) struct public_key *key = NULL;
		DROP(public_key_release) struct public_key *other = NULL;
		size_t field = key_field_bytes(kinds[i]);
		uint8_t x[50] = {0};
		uint8_t y[48];
		struct key_parts parts;

		assert_ok(public_key_of_der(der_of(&signer), &key, NULL));
		parts = public_key_parts(key);
		memcpy(x + 2, parts.x.at, field);
		memcpy(y, parts.y.at, field);
		parts.x = span_of(x, field + 2);
		parts.y = span_of(y, field);
		assert_ok(public_key_of_parts(&parts, &other, NULL));
		x[0] = 1;
		assert_rc(public_key_of_parts(&parts, &other, NULL), RC_MALFORMED);
		x[0] = 0;
		y[field - 1] ^= 1;
		assert_rc(public_key_of_parts(&parts, &other, NULL), RC_MALFORMED);
		parts.x = parts.y = span_of(zero, field);
		assert_rc(public_key_of_parts(&parts, &other, NULL), RC_MALFORMED);
		parts.x = parts.y = (struct span){0};
		assert_rc(public_key_of_parts(&parts, &other, NULL), RC_MALFORMED);
		memset(x, 0xff, sizeof x);
		parts.x = span_of(x, field);
		assert_rc(public_key_of_parts(&parts, &other, NULL), RC_MALFORMED);
		/* What was there before stays. */
		assert_spans_equal(public_key_parts(other).x, public_key_parts(key).x);
	}
}

static void a_kind_that_is_none_is_refused(void **state)
{
	struct key_parts parts = {0};
	struct public_key *key = NULL;

	(void)state;
	assert_rc(public_key_of_parts(&parts, &key, NULL), RC_UNSUPPORTED);
	parts.kind = (enum key_kind)99;
	assert_rc(public_key_of_parts(&parts, &key, NULL), RC_UNSUPPORTED);
	assert_null(key);
	assert_string_equal(key_kind_name((enum key_kind)99), "none");
}

static void altered_or_cut_der_is_refused(void **state)
{
	DROP(signer_release) struct signer signer = signer_of(EVP_EC_gen("P-256"));
	struct public_key *key = NULL;

	(void)state;
	for (size_t n = 0; n < signer.der_len; n++)
		assert_rc(public_key_of_der(span_of(signer.der, n), &key, NULL), RC_MALFORMED);
	signer.der[signer.der_len] = 0;
	assert_rc(public_key_of_der(span_of(signer.der, signer.der_len + 1), &key, NULL), RC_MALFORMED);
	assert_rc(public_key_of_der(span_of(signer.der, KEY_DER_MAX + 1), &key, NULL), RC_LIMIT);
	assert_null(key);
}

static EVP_PKEY *rsa_with_exponent_3(void)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	BIGNUM *e = BN_new();
	EVP_PKEY *key = NULL;

	assert_int_equal(BN_set_word(e, 3), 1);
	assert_int_equal(EVP_PKEY_keygen_init(context), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048), 1);
	assert_int_equal(EVP_PKEY_CTX_set1_rsa_keygen_pubexp(context, e), 1);
	assert_int_equal(EVP_PKEY_generate(context, &key), 1);
	EVP_PKEY_CTX_free(context);
	BN_free(e);
	return key;
}

static EVP_PKEY *curve_spelled_out(void)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *key = NULL;

	assert_int_equal(EVP_PKEY_keygen_init(context), 1);
	assert_int_equal(EVP_PKEY_CTX_set_group_name(context, "P-256"), 1);
	assert_int_equal(EVP_PKEY_CTX_set_ec_param_enc(context, OPENSSL_EC_EXPLICIT_CURVE), 1);
	assert_int_equal(EVP_PKEY_generate(context, &key), 1);
	EVP_PKEY_CTX_free(context);
	return key;
}

static void keys_of_other_kinds_are_refused(void **state)
{
	EVP_PKEY *const keys[] = {EVP_RSA_gen(1024), rsa_with_exponent_3(), EVP_EC_gen("P-521"),
		EVP_EC_gen("secp256k1"), curve_spelled_out(), EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")};

	(void)state;
	for (size_t i = 0; i < COUNT(keys); i++) {
		DROP(signer_release) struct signer signer = signer_of(keys[i]);
		struct public_key *key = NULL;
		struct err err = {0};

		assert_rc(public_key_of_der(der_of(&signer), &key, &err), RC_UNSUPPORTED);
		assert_string_not_equal(err.text, "");
		assert_null(key);
	}
}

static void pem_holds_one_public_key(void **state)
{
	DROP(signer_release) struct signer signer = signer_of(EVP_EC_gen("P-384"));
	DROP(public_key_release) struct public_key *key = NULL;
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	long len;

	(void)state;
	assert_int_equal(PEM_write_bio_PUBKEY(bio, signer.key), 1);
	len = BIO_get_mem_data(bio, &text);
	assert_ok(public_key_of_pem(span_of(text, (size_t)len), &key, NULL));
	assert_int_equal(public_key_parts(key).kind, KEY_P384);
	assert_rc(public_key_of_pem(span_of(text, (size_t)len - 30), &key, NULL), RC_MALFORMED);
	assert_rc(public_key_of_pem((struct span){0}, &key, NULL), RC_MALFORMED);
	assert_rc(public_key_of_pem(span_text("no key"), &key, NULL), RC_MALFORMED);
	assert_rc(public_key_of_pem(span_of(text, KEY_PEM_MAX + 1), &key, NULL), RC_LIMIT);
	BIO_free(bio);
}

static void pem_of_another_block_or_encrypted_is_refused(void **state)
{
	DROP(signer_release) struct signer signer = signer_of(EVP_EC_gen("P-256"));
	struct public_key *key = NULL;
	static const char *const names[] = {"CERTIFICATE", "PRIVATE KEY", "RSA PUBLIC KEY"};
	char *text = NULL;
	long len;

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		BIO *bio = BIO_new(BIO_s_mem());

		assert_true(PEM_write_bio(bio, names[i], "", signer.der, (long)signer.der_len) > 0);
		len = BIO_get_mem_data(bio, &text);
		assert_rc(public_key_of_pem(span_of(text, (size_t)len), &key, NULL), RC_MALFORMED);
		BIO_free(bio);
	}
	assert_rc(
		public_key_of_pem(span_text("-----BEGIN PUBLIC KEY-----\nProc-Type: 4,ENCRYPTED\n"
					    "DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\nAAAA\n"
					    "-----END PUBLIC KEY-----\n"),
			&key, NULL),
		RC_MALFORMED);
}

static void no_reason_is_left_behind_in_libcrypto(void **state)
{
	DROP(signer_release) struct signer signer = signer_of(EVP_EC_gen("P-256"));
	DROP(public_key_release) struct public_key *key = NULL;
	struct signature signature = {SIGNATURE_ECDSA, DIGEST_SHA256};
	uint8_t digest[32] = {0};

	(void)state;
	ERR_clear_error();
	assert_ok(public_key_of_der(der_of(&signer), &key, NULL));
	assert_int_equal(ERR_peek_error(), 0);
	assert_rc(public_key_verify(key, &signature, SPAN(digest), NULL), RC_DENIED);
	assert_int_equal(ERR_peek_error(), 0);
	signer.der[signer.der_len - 1] ^= 1;
	assert_int_not_equal(public_key_of_der(der_of(&signer), &key, NULL), RC_OK);
	assert_int_equal(ERR_peek_error(), 0);
	assert_rc(public_key_of_pem(span_text("-----BEGIN PUBLIC KEY-----\n"), &key, NULL), RC_MALFORMED);
	assert_int_equal(ERR_peek_error(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rsa_signatures_of_both_schemes_hold),
		cmocka_unit_test(ecdsa_signatures_of_both_curves_hold),
		cmocka_unit_test(zero_and_overlong_signatures_are_denied),
		cmocka_unit_test(schemes_hashes_and_lengths_that_do_not_fit_are_refused),
		cmocka_unit_test(parts_lead_back_to_the_same_key),
		cmocka_unit_test(rsa_parts_out_of_bounds_are_refused),
		cmocka_unit_test(points_that_are_not_on_the_curve_are_refused),
		cmocka_unit_test(a_kind_that_is_none_is_refused),
		cmocka_unit_test(altered_or_cut_der_is_refused),
		cmocka_unit_test(keys_of_other_kinds_are_refused),
		cmocka_unit_test(pem_holds_one_public_key),
		cmocka_unit_test(pem_of_another_block_or_encrypted_is_refused),
		cmocka_unit_test(no_reason_is_left_behind_in_libcrypto),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
