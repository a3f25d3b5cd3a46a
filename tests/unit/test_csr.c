#include "lib/pki/csr.h"

#include "lib/base/drop.h"
#include "lib/pki/signed_der.h"
#include "tests/support/test.h"

static void make(enum key_kind kind, struct blob *out)
{
	DROP(private_key_release) struct private_key *key = NULL;

	assert_ok(private_key_generate(kind, &key, NULL));
	assert_ok(csr_make(key, "somebody else", out, NULL));
}

static void a_request_gives_its_key(void **state)
{
	(void)state;
	for (enum key_kind kind = KEY_P256; kind <= KEY_P384; kind++) {
		DROP(private_key_release) struct private_key *key = NULL;
		DROP(csr_release) struct csr csr = {0};
		DROP(blob_release) struct blob der = {0};
		DROP(blob_release) struct blob spki = {0};

		assert_ok(private_key_generate(kind, &key, NULL));
		assert_ok(csr_make(key, NULL, &der, NULL));
		assert_ok(csr_parse(blob_span(&der), &csr, NULL));
		assert_ok(public_key_to_der(private_key_public(key), &spki, NULL));
		assert_spans_equal(blob_span(&csr.spki), blob_span(&spki));
		assert_int_equal(public_key_parts(csr.key).kind, kind);
	}
}

static void every_truncation_and_a_byte_more_are_refused(void **state)
{
	DROP(blob_release) struct blob der = {0};
	DROP(csr_release) struct csr csr = {0};

	(void)state;
	make(KEY_P256, &der);
	for (size_t n = 0; n < der.len; n++)
		assert_rc(csr_parse(span_of(der.at, n), &csr, NULL), RC_MALFORMED);
	assert_ok(blob_append(&der, span_text("x")));
	assert_rc(csr_parse(blob_span(&der), &csr, NULL), RC_MALFORMED);
	assert_null(csr.key);
}

static void every_flipped_bit_is_refused(void **state)
{
	DROP(blob_release) struct blob der = {0};
	DROP(csr_release) struct csr csr = {0};

	(void)state;
	make(KEY_P256, &der);
	for (size_t i = 0; i < 8 * der.len; i++) {
		der.at[i / 8] ^= (uint8_t)(1u << i % 8);
		assert_int_not_equal(csr_parse(blob_span(&der), &csr, NULL), RC_OK);
		der.at[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	assert_ok(csr_parse(blob_span(&der), &csr, NULL));
}

static void another_key_s_signature_is_refused(void **state)
{
	DROP(private_key_release) struct private_key *victim = NULL;
	DROP(private_key_release) struct private_key *thief = NULL;
	DROP(blob_release) struct blob spki = {0};
	DROP(blob_release) struct blob info = {0};
	DROP(blob_release) struct blob der = {0};
	DROP(csr_release) struct csr csr = {0};

	(void)state;
	assert_ok(private_key_generate(KEY_P256, &victim, NULL));
	assert_ok(private_key_generate(KEY_P256, &thief, NULL));
	assert_ok(public_key_to_der(private_key_public(victim), &spki, NULL));
	assert_ok(csr_to_be_signed(blob_span(&spki), NULL, &info, NULL));
	assert_ok(signed_der_make(thief, blob_span(&info), &der, NULL));
	assert_rc(csr_parse(blob_span(&der), &csr, NULL), RC_DENIED);
}

static void a_long_one_is_refused_unread(void **state)
{
	static uint8_t bytes[CSR_DER_MAX + 1];
	DROP(csr_release) struct csr csr = {0};

	(void)state;
	assert_rc(csr_parse(SPAN(bytes), &csr, NULL), RC_LIMIT);
	assert_rc(csr_parse(span_of(bytes, CSR_DER_MAX), &csr, NULL), RC_MALFORMED);
}

/* The r and s of a signature in DER; short numbers only (ECDSA on P-256). */
static struct signature parts_of(const uint8_t *der)
{
	struct signature parts = {.scheme = SIGNATURE_ECDSA, .hash = DIGEST_SHA256};

	parts.r = span_of(der + 4, der[3]);
	parts.s = span_of(der + 6 + der[3], der[5 + der[3]]);
	if (parts.r.at[0] == 0)
		parts.r = span_of(parts.r.at + 1, parts.r.len - 1);
	if (parts.s.at[0] == 0)
		parts.s = span_of(parts.s.at + 1, parts.s.len - 1);
	return parts;
}

static void one_signed_elsewhere_is_assembled(void **state)
{
	DROP(private_key_release) struct private_key *key = NULL;
	DROP(blob_release) struct blob spki = {0};
	DROP(blob_release) struct blob info = {0};
	DROP(blob_release) struct blob der = {0};
	DROP(csr_release) struct csr csr = {0};
	uint8_t bytes[PRIVATE_KEY_SIGNATURE_MAX];
	struct signature signature;
	size_t len;

	(void)state;
	assert_ok(private_key_generate(KEY_P256, &key, NULL));
	assert_ok(public_key_to_der(private_key_public(key), &spki, NULL));
	assert_ok(csr_to_be_signed(blob_span(&spki), "node", &info, NULL));
	assert_ok(private_key_sign(key, blob_span(&info), bytes, &len, NULL));
	signature = parts_of(bytes);
	assert_ok(csr_assemble(blob_span(&info), &signature, &der, NULL));
	assert_ok(csr_parse(blob_span(&der), &csr, NULL));

	/* Over other bytes, with another hash, of another scheme, and with a hash that is not taken. */
	blob_clear(&der);
	info.at[info.len - 3] ^= 1;
	assert_int_not_equal(csr_assemble(blob_span(&info), &signature, &der, NULL), RC_OK);
	info.at[info.len - 3] ^= 1;
	signature.hash = DIGEST_SHA384;
	assert_rc(csr_assemble(blob_span(&info), &signature, &der, NULL), RC_DENIED);
	signature.hash = DIGEST_SHA1;
	assert_rc(csr_assemble(blob_span(&info), &signature, &der, NULL), RC_UNSUPPORTED);
	signature.hash = DIGEST_SHA256;
	signature.scheme = SIGNATURE_RSAPSS;
	assert_rc(csr_assemble(blob_span(&info), &signature, &der, NULL), RC_UNSUPPORTED);
	assert_int_equal(der.len, 0);
}

static void a_name_with_a_line_end_is_not_written(void **state)
{
	DROP(private_key_release) struct private_key *key = NULL;
	DROP(blob_release) struct blob der = {0};

	(void)state;
	assert_ok(private_key_generate(KEY_P256, &key, NULL));
	assert_rc(csr_make(key, "a\nb", &der, NULL), RC_DENIED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_gives_its_key),
		cmocka_unit_test(every_truncation_and_a_byte_more_are_refused),
		cmocka_unit_test(every_flipped_bit_is_refused),
		cmocka_unit_test(another_key_s_signature_is_refused),
		cmocka_unit_test(a_long_one_is_refused_unread),
		cmocka_unit_test(one_signed_elsewhere_is_assembled),
		cmocka_unit_test(a_name_with_a_line_end_is_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
