#include "lib/pki/private_key.h"

#include "lib/base/drop.h"
#include "lib/crypto/digest.h"
#include "tests/support/test.h"

static const char passphrase[] = "correct horse battery staple";

static void a_signature_holds_for_its_bytes_only(void **state)
{
	(void)state;
	for (enum key_kind kind = KEY_P256; kind <= KEY_P384; kind++) {
		DROP(private_key_release) struct private_key *key = NULL;
		enum digest_alg hash = kind == KEY_P256 ? DIGEST_SHA256 : DIGEST_SHA384;
		uint8_t signature[PRIVATE_KEY_SIGNATURE_MAX];
		uint8_t value[DIGEST_BYTES_MAX];
		struct span digest = span_of(value, digest_size(hash));
		size_t len;

		assert_ok(private_key_generate(kind, &key, NULL));
		assert_int_equal(private_key_kind(key), kind);
		assert_int_equal(private_key_home(key), PRIVATE_KEY_SOFTWARE);
		assert_ok(private_key_sign(key, span_text("bytes"), signature, &len, NULL));
		assert_ok(digest_bytes(hash, span_text("bytes"), value));
		assert_ok(public_key_verify_der(
			private_key_public(key), hash, span_of(signature, len), digest, NULL));
		value[0] ^= 1;
		assert_rc(public_key_verify_der(
				  private_key_public(key), hash, span_of(signature, len), digest, NULL),
			RC_DENIED);
	}
}

static void other_kinds_are_not_made(void **state)
{
	DROP(private_key_release) struct private_key *key = NULL;

	(void)state;
	assert_rc(private_key_generate(KEY_RSA, &key, NULL), RC_UNSUPPORTED);
	assert_rc(private_key_generate(KEY_NONE, &key, NULL), RC_UNSUPPORTED);
}

static void assert_same(const struct private_key *a, const struct private_key *b)
{
	DROP(blob_release) struct blob one = {0};
	DROP(blob_release) struct blob two = {0};

	assert_ok(public_key_to_der(private_key_public(a), &one, NULL));
	assert_ok(public_key_to_der(private_key_public(b), &two, NULL));
	assert_spans_equal(blob_span(&one), blob_span(&two));
}

static void the_passphrase_opens_and_nothing_else(void **state)
{
	DROP(private_key_release) struct private_key *key = NULL;
	DROP(private_key_release) struct private_key *again = NULL;
	DROP(blob_release) struct blob pem = {0};

	(void)state;
	assert_ok(private_key_generate(KEY_P384, &key, NULL));
	assert_ok(private_key_to_pem(key, span_text(passphrase), &pem, NULL));
	assert_non_null(memmem(pem.at, pem.len, "ENCRYPTED", 9));
	assert_ok(private_key_of_pem(blob_span(&pem), span_text(passphrase), &again, NULL));
	assert_same(key, again);
	assert_rc(private_key_of_pem(blob_span(&pem), span_text("wrong"), &again, NULL), RC_DENIED);
	assert_rc(private_key_of_pem(blob_span(&pem), (struct span){0}, &again, NULL), RC_DENIED);
}

static void a_key_in_the_clear_takes_no_passphrase(void **state)
{
	DROP(private_key_release) struct private_key *key = NULL;
	DROP(private_key_release) struct private_key *again = NULL;
	DROP(blob_release) struct blob pem = {0};

	(void)state;
	assert_ok(private_key_generate(KEY_P256, &key, NULL));
	assert_ok(private_key_to_pem(key, (struct span){0}, &pem, NULL));
	assert_rc(private_key_of_pem(blob_span(&pem), span_text(passphrase), &again, NULL), RC_DENIED);
	assert_ok(private_key_of_pem(blob_span(&pem), (struct span){0}, &again, NULL));
	assert_same(key, again);
}

static void what_is_no_key_is_refused(void **state)
{
	static const char certificate[] = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
	static const char broken[] = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
	static const char broken_sealed[] =
		"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
	static const char long_passphrase[PRIVATE_KEY_PASSPHRASE_MAX + 1];
	DROP(private_key_release) struct private_key *key = NULL;
	const struct span none = {0};

	(void)state;
	assert_rc(private_key_of_pem(none, none, &key, NULL), RC_MALFORMED);
	assert_rc(private_key_of_pem(span_text("key"), none, &key, NULL), RC_MALFORMED);
	assert_rc(private_key_of_pem(span_text(certificate), none, &key, NULL), RC_MALFORMED);
	assert_rc(private_key_of_pem(span_text(broken), none, &key, NULL), RC_MALFORMED);
	assert_rc(private_key_of_pem(span_text(broken_sealed), span_text("x"), &key, NULL), RC_MALFORMED);
	assert_rc(private_key_of_pem(span_text(broken), SPAN(long_passphrase), &key, NULL), RC_LIMIT);
	assert_null(key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_signature_holds_for_its_bytes_only),
		cmocka_unit_test(other_kinds_are_not_made),
		cmocka_unit_test(the_passphrase_opens_and_nothing_else),
		cmocka_unit_test(a_key_in_the_clear_takes_no_passphrase),
		cmocka_unit_test(what_is_no_key_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
