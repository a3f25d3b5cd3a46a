#include "lib/evidence/ima_signature.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "lib/crypto/cert.h"
#include "lib/evidence/ima_list.h"
#include "lib/evidence/kernel_hash.h"
#include "tests/support/evidence_kept.h"
#include "tests/support/test.h"

#define CERT_KEY_ID 0x5b7a08a0

/* A key of our own, and what it signs. */
struct signer {
	EVP_PKEY *pair;
	struct public_key *key;
};

static void signer_release(struct signer *signer)
{
	EVP_PKEY_free(signer->pair);
	public_key_release(&signer->key);
}

static void signer_open(struct signer *signer, enum key_kind kind)
{
	unsigned char *der = NULL;
	int len;

	signer->pair = kind == KEY_RSA ? EVP_RSA_gen(2048) : EVP_EC_gen(kind == KEY_P256 ? "P-256" : "P-384");
	assert_non_null(signer->pair);
	len = i2d_PUBKEY(signer->pair, &der);
	assert_true(len > 0);
	assert_ok(public_key_of_der(span_of(der, (size_t)len), &signer->key, NULL));
	OPENSSL_free(der);
}

/* The header and the signature over these bytes, hashed already. */
struct signed_file {
	uint8_t at[1024];
	size_t len;
};

static void sign(const struct signer *signer, uint8_t type, uint8_t version, enum kernel_hash hash,
	struct span hashed, struct signed_file *out)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(signer->pair, NULL);
	size_t room = sizeof out->at - 9;
	uint32_t id = 0;

	assert_ok(ima_key_id(signer->key, &id));
	assert_int_equal(EVP_PKEY_sign_init(context), 1);
	assert_int_equal(
		EVP_PKEY_CTX_set_signature_md(context, EVP_get_digestbyname(kernel_hash_name(hash))), 1);
	assert_int_equal(EVP_PKEY_sign(context, out->at + 9, &room, hashed.at, hashed.len), 1);
	EVP_PKEY_CTX_free(context);
	memcpy(out->at,
		(uint8_t[]){type, version, (uint8_t)hash, (uint8_t)(id >> 24), (uint8_t)(id >> 16),
			(uint8_t)(id >> 8), (uint8_t)id, (uint8_t)(room >> 8), (uint8_t)room},
		9);
	out->len = 9 + room;
}

static enum rc verify(struct span sig, struct public_key *key, enum digest_alg alg, struct span digest)
{
	struct ima_signature signature;

	assert_ok(ima_signature_parse(sig, &signature));
	return ima_signature_verify(&signature, key, alg, digest);
}

static struct cert *captured_cert(void)
{
	struct cert *cert = NULL;
	struct span pem = vector("evidence/ima-cert.pem");
	BIO *bio = BIO_new_mem_buf(pem.at, (int)pem.len);
	unsigned char *der = NULL;
	char *name = NULL;
	char *header = NULL;
	long len = 0;

	assert_int_equal(PEM_read_bio(bio, &name, &header, &der, &len), 1);
	assert_ok(cert_parse(span_of(der, (size_t)len), &cert, NULL));
	OPENSSL_free(der);
	OPENSSL_free(name);
	OPENSSL_free(header);
	BIO_free(bio);
	return cert;
}

static void the_identifier_of_a_key_is_that_in_its_signatures(void **state)
{
	DROP(cert_release) struct cert *cert = captured_cert();
	uint32_t id = 0;

	(void)state;
	assert_ok(ima_key_id(cert_key(cert), &id));
	assert_int_equal(id, CERT_KEY_ID);
}

static void every_signature_of_a_captured_list_holds(void **state)
{
	DROP(cert_release) struct cert *cert = captured_cert();
	struct ima_list list = {.format = {.hash = DIGEST_SHA1},
		.left = evidence_kept("sb-off-imasig/step0/binary_runtime_measurements.gz")};
	struct ima_entry entry;
	unsigned count = 0;

	(void)state;
	while (ima_list_next(&list, &entry) == IMA_STEP_ENTRY) {
		struct ima_signature signature;
		uint8_t other[DIGEST_SHA256_BYTES];

		if (entry.fields.signature.len == 0)
			continue;
		assert_ok(ima_signature_parse(entry.fields.signature, &signature));
		assert_int_equal(signature.key_id, CERT_KEY_ID);
		assert_ok(ima_signature_verify(
			&signature, cert_key(cert), DIGEST_SHA256, entry.fields.digest.value));
		memcpy(other, entry.fields.digest.value.at, sizeof other);
		other[count % sizeof other] ^= 1;
		assert_rc(ima_signature_verify(&signature, cert_key(cert), DIGEST_SHA256, SPAN(other)),
			RC_DENIED);
		count++;
	}
	assert_int_equal(count, 28);
}

static void rsa_and_ecdsa_signatures_hold(void **state)
{
	static const struct {
		enum key_kind kind;
		enum kernel_hash hash;
	} rows[] = {{KEY_RSA, KERNEL_HASH_SHA256}, {KEY_RSA, KERNEL_HASH_SHA512},
		{KEY_P256, KERNEL_HASH_SHA256}, {KEY_P384, KERNEL_HASH_SHA384},
		{KEY_P256, KERNEL_HASH_SHA512}};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		DROP(signer_release) struct signer signer = {0};
		DROP(signer_release) struct signer other = {0};
		enum digest_alg alg = kernel_hash_digest(rows[i].hash);
		struct signed_file file;
		uint8_t digest[DIGEST_BYTES_MAX];
		struct span of = span_of(digest, digest_size(alg));

		signer_open(&signer, rows[i].kind);
		signer_open(&other, rows[i].kind);
		assert_ok(digest_bytes(alg, span_text("a file"), digest));
		sign(&signer, IMA_XATTR_DIGSIG, 2, rows[i].hash, of, &file);
		assert_ok(verify(span_of(file.at, file.len), signer.key, alg, of));
		assert_rc(verify(span_of(file.at, file.len), other.key, alg, of), RC_DENIED);
		for (size_t at = 9; at < file.len; at += 7) {
			file.at[at] ^= 0x10;
			assert_rc(verify(span_of(file.at, file.len), signer.key, alg, of), RC_DENIED);
			file.at[at] ^= 0x10;
		}
		assert_rc(verify(span_of(file.at, file.len), signer.key, DIGEST_SHA1, span_of(digest, 20)),
			RC_DENIED);
	}
}

/* Version 3 signs what kind of digest it is, too. */
static void version_3_signs_the_file_id(void **state)
{
	static const uint8_t types[] = {IMA_XATTR_VERITY_DIGSIG, IMA_XATTR_DIGSIG};

	(void)state;
	for (size_t i = 0; i < COUNT(types); i++) {
		DROP(signer_release) struct signer signer = {0};
		struct signed_file file;
		uint8_t digest[DIGEST_SHA256_BYTES];
		uint8_t hashed[DIGEST_SHA256_BYTES];
		uint8_t head[] = {types[i], KERNEL_HASH_SHA256};
		struct span parts[] = {SPAN(head), SPAN(digest)};

		signer_open(&signer, KEY_P256);
		assert_ok(digest_bytes(DIGEST_SHA256, span_text("a file"), digest));
		assert_ok(digest_spans(DIGEST_SHA256, parts, COUNT(parts), hashed));
		sign(&signer, types[i], 3, KERNEL_HASH_SHA256, SPAN(hashed), &file);
		assert_ok(verify(span_of(file.at, file.len), signer.key, DIGEST_SHA256, SPAN(digest)));
		sign(&signer, types[i], 3, KERNEL_HASH_SHA256, SPAN(digest), &file);
		assert_rc(verify(span_of(file.at, file.len), signer.key, DIGEST_SHA256, SPAN(digest)),
			RC_DENIED);
	}
}

static void a_signature_of_one_type_is_none_of_the_other(void **state)
{
	DROP(signer_release) struct signer signer = {0};
	struct signed_file file;
	uint8_t digest[DIGEST_SHA256_BYTES];
	uint8_t hashed[DIGEST_SHA256_BYTES];
	uint8_t head[] = {IMA_XATTR_VERITY_DIGSIG, KERNEL_HASH_SHA256};
	struct span parts[] = {SPAN(head), SPAN(digest)};

	(void)state;
	signer_open(&signer, KEY_P256);
	assert_ok(digest_bytes(DIGEST_SHA256, span_text("a file"), digest));
	assert_ok(digest_spans(DIGEST_SHA256, parts, COUNT(parts), hashed));
	sign(&signer, IMA_XATTR_VERITY_DIGSIG, 3, KERNEL_HASH_SHA256, SPAN(hashed), &file);
	file.at[0] = IMA_XATTR_DIGSIG;
	assert_rc(verify(span_of(file.at, file.len), signer.key, DIGEST_SHA256, SPAN(digest)), RC_DENIED);
}

static void sha1_is_no_signature(void **state)
{
	DROP(signer_release) struct signer signer = {0};
	struct signed_file file;
	uint8_t digest[DIGEST_SHA1_BYTES];

	(void)state;
	signer_open(&signer, KEY_RSA);
	assert_ok(digest_bytes(DIGEST_SHA1, span_text("a file"), digest));
	sign(&signer, IMA_XATTR_DIGSIG, 2, KERNEL_HASH_SHA1, SPAN(digest), &file);
	assert_rc(verify(span_of(file.at, file.len), signer.key, DIGEST_SHA1, SPAN(digest)), RC_UNSUPPORTED);
}

static void headers_are_read_exactly(void **state)
{
	uint8_t good[] = {3, 2, 4, 0x5b, 0x7a, 0x08, 0xa0, 0, 3, 1, 2, 3, 4};
	static const struct {
		uint8_t at;
		uint8_t value;
		enum rc rc;
	} rows[] = {{0, 1, RC_UNSUPPORTED}, {0, 5, RC_UNSUPPORTED}, {0, 6, RC_UNSUPPORTED},
		{1, 1, RC_UNSUPPORTED}, {1, 3, RC_OK}, {1, 4, RC_UNSUPPORTED}, {2, 1, RC_UNSUPPORTED},
		{2, 200, RC_UNSUPPORTED}, {8, 2, RC_MALFORMED}, {8, 4, RC_MALFORMED}, {7, 0xff, RC_LIMIT},
		{6, 0xa1, RC_OK}};
	struct ima_signature signature;

	(void)state;
	assert_ok(ima_signature_parse(span_of(good, 12), &signature));
	assert_int_equal(signature.key_id, CERT_KEY_ID);
	assert_int_equal(signature.hash, DIGEST_SHA256);
	assert_spans_equal(signature.bytes, span_of(good + 9, 3));
	for (size_t len = 0; len < 12; len++)
		assert_int_not_equal(ima_signature_parse(span_of(good, len), &signature), RC_OK);
	assert_rc(ima_signature_parse(span_of(good, 13), &signature), RC_MALFORMED);
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint8_t bad[12];

		memcpy(bad, good, sizeof bad);
		bad[rows[i].at] = rows[i].value;
		assert_rc(ima_signature_parse(SPAN(bad), &signature), rows[i].rc);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_identifier_of_a_key_is_that_in_its_signatures),
		cmocka_unit_test(every_signature_of_a_captured_list_holds),
		cmocka_unit_test(rsa_and_ecdsa_signatures_hold),
		cmocka_unit_test(version_3_signs_the_file_id),
		cmocka_unit_test(a_signature_of_one_type_is_none_of_the_other),
		cmocka_unit_test(sha1_is_no_signature),
		cmocka_unit_test(headers_are_read_exactly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
