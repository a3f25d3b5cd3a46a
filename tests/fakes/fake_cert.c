#include "tests/fakes/fake_cert.h"

#include <openssl/conf.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "tests/support/test.h"

#define YEAR_2020_S 1577836800

void fake_cert_release(struct fake_cert *cert)
{
	blob_release(&cert->der);
	EVP_PKEY_free(cert->key);
	cert->key = NULL;
}

static EVP_PKEY *make_key(const struct fake_recipe *recipe)
{
	EVP_PKEY *key;

	if (recipe->public_of != NULL) {
		assert_int_equal(EVP_PKEY_up_ref(recipe->public_of), 1);
		return recipe->public_of;
	}
	if (recipe->kind == KEY_RSA)
		key = EVP_RSA_gen(recipe->rsa_bits == 0 ? 2048 : recipe->rsa_bits);
	else
		key = EVP_EC_gen(recipe->curve != NULL      ? recipe->curve
				 : recipe->kind == KEY_P384 ? "P-384"
							    : "P-256");
	assert_non_null(key);
	return key;
}

static X509_NAME *make_name(const char *common_name)
{
	X509_NAME *name = X509_NAME_new();

	assert_non_null(name);
	assert_int_equal(X509_NAME_add_entry_by_txt(
				 name, "CN", MBSTRING_UTF8, (const uint8_t *)common_name, -1, -1, 0),
		1);
	return name;
}

static void put_names(X509 *native, const struct fake_recipe *recipe, const X509 *issuer)
{
	X509_NAME *subject = make_name(recipe->name);
	X509_NAME *other = recipe->issuer_name == NULL ? NULL : make_name(recipe->issuer_name);
	const X509_NAME *by = other != NULL    ? other
	                      : issuer != NULL ? X509_get_subject_name(issuer)
	                                       : subject;

	assert_int_equal(X509_set_subject_name(native, subject), 1);
	assert_int_equal(X509_set_issuer_name(native, by), 1);
	X509_NAME_free(subject);
	X509_NAME_free(other);
}

static void put_dates(X509 *native, const struct fake_recipe *recipe)
{
	if (recipe->from_ms == 0 && recipe->to_ms == 0) {
		assert_non_null(ASN1_TIME_set(X509_getm_notBefore(native), YEAR_2020_S));
		assert_int_equal(ASN1_TIME_set_string(X509_getm_notAfter(native), "99991231235959Z"), 1);
		return;
	}
	assert_non_null(ASN1_TIME_set(X509_getm_notBefore(native), (time_t)(recipe->from_ms / 1000)));
	assert_non_null(ASN1_TIME_set(X509_getm_notAfter(native), (time_t)(recipe->to_ms / 1000)));
}

static void put_extensions(X509 *native, const char *extensions, X509 *issuer)
{
	char text[1024];
	CONF *conf = NCONF_new(NULL);
	X509V3_CTX context;
	BIO *bio;

	assert_true(snprintf(text, sizeof text, "[own]\n%s", extensions) < (int)sizeof text);
	bio = BIO_new_mem_buf(text, -1);
	assert_non_null(conf);
	assert_non_null(bio);
	assert_true(NCONF_load_bio(conf, bio, NULL) > 0);
	X509V3_set_ctx(&context, issuer == NULL ? native : issuer, native, NULL, NULL, 0);
	X509V3_set_nconf(&context, conf);
	assert_int_equal(X509V3_EXT_add_nconf(conf, &context, "own", native), 1);
	BIO_free(bio);
	NCONF_free(conf);
}

void fake_cert_make(const struct fake_recipe *recipe, const struct fake_cert *issuer, struct fake_cert *out)
{
	static long serial;
	const uint8_t *issuer_at = issuer == NULL ? NULL : issuer->der.at;
	X509 *issuer_native = issuer == NULL ? NULL : d2i_X509(NULL, &issuer_at, (long)issuer->der.len);
	EVP_MD *md = EVP_MD_fetch(NULL, recipe->hash == NULL ? "SHA256" : recipe->hash, NULL);
	X509 *native = X509_new();
	EVP_PKEY *key = make_key(recipe);
	uint8_t *der = NULL;
	int len;

	assert_non_null(native);
	assert_int_equal(X509_set_version(native, X509_VERSION_3), 1);
	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(native), ++serial), 1);
	put_names(native, recipe, issuer_native);
	put_dates(native, recipe);
	assert_int_equal(X509_set_pubkey(native, key), 1);
	if (recipe->extensions != NULL)
		put_extensions(native, recipe->extensions, issuer_native);
	assert_true(X509_sign(native, issuer == NULL ? key : issuer->key, md) > 0);
	len = i2d_X509(native, &der);
	assert_true(len > 0);
	fake_cert_release(out);
	assert_ok(blob_copy(&out->der, span_of(der, (size_t)len)));
	out->key = key;
	OPENSSL_free(der);
	EVP_MD_free(md);
	X509_free(native);
	X509_free(issuer_native);
}

void fake_cert_pem(const struct fake_cert *cert, struct blob *out)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	long len;

	assert_non_null(bio);
	assert_true(PEM_write_bio(bio, "CERTIFICATE", "", cert->der.at, (long)cert->der.len) > 0);
	len = BIO_get_mem_data(bio, &text);
	assert_ok(blob_append(out, span_of(text, (size_t)len)));
	BIO_free(bio);
}
