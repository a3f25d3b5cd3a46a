#include "lib/evidence/key_check.h"

#include "tests/support/test.h"

static struct tpm_public parsed(const char *file)
{
	struct tpm_public key = {0};

	assert_ok(tpm_public_parse_2b(vector(file), &key, NULL));
	return key;
}

static void only(const struct tpm_public *key, enum key_reason reason)
{
	struct key_verdict verdict = key_check(key);

	assert_false(verdict.acceptable);
	assert_int_equal(verdict.failed, 1u << reason);
}

static void a_real_key_of_a_node_is_acceptable(void **state)
{
	struct tpm_public key = parsed("certify/key.pub");
	struct key_verdict verdict = key_check(&key);

	(void)state;
	assert_true(verdict.acceptable);
	assert_int_equal(verdict.failed, 0);
}

static void an_attestation_key_is_not(void **state)
{
	struct tpm_public key = parsed("certify/ak.pub");

	(void)state;
	only(&key, KEY_CHECK_NOT_RESTRICTED);
}

static void an_endorsement_key_is_not(void **state)
{
	struct tpm_public key = parsed("certify/ek.pub");

	(void)state;
	assert_int_equal(key_check(&key).failed,
		1u << KEY_CHECK_SIGN | 1u << KEY_CHECK_NOT_RESTRICTED | 1u << KEY_CHECK_NOT_DECRYPT);
}

static void each_attribute_is_needed(void **state)
{
	static const struct {
		uint32_t attribute;
		enum key_reason reason;
	} rows[] = {
		{TPM_OBJECT_FIXED_TPM, KEY_CHECK_FIXED_TPM},
		{TPM_OBJECT_FIXED_PARENT, KEY_CHECK_FIXED_PARENT},
		{TPM_OBJECT_SENSITIVE_DATA_ORIGIN, KEY_CHECK_ORIGIN},
		{TPM_OBJECT_USER_WITH_AUTH, KEY_CHECK_USER},
		{TPM_OBJECT_SIGN, KEY_CHECK_SIGN},
		{TPM_OBJECT_RESTRICTED, KEY_CHECK_NOT_RESTRICTED},
		{TPM_OBJECT_DECRYPT, KEY_CHECK_NOT_DECRYPT},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct tpm_public key = parsed("certify/key.pub");

		key.attributes ^= rows[i].attribute;
		only(&key, rows[i].reason);
	}
}

static void weak_keys_are_refused(void **state)
{
	struct tpm_public key = parsed("certify/key.pub");

	(void)state;
	key.name_alg = TPM_ALG_SHA1;
	only(&key, KEY_CHECK_NAME_HASH);
	key = parsed("certify/key.pub");
	key.curve = TPM_CURVE_P521;
	only(&key, KEY_CHECK_KIND);
	key = parsed("vm-imang/ak_rsa.pub");
	key.attributes &= ~(uint32_t)TPM_OBJECT_RESTRICTED;
	assert_true(key_check(&key).acceptable);
	key.rsa_bits = 2047;
	only(&key, KEY_CHECK_KIND);
	key.rsa_bits = 2048;
	key.exponent = 3;
	only(&key, KEY_CHECK_KIND);
}

static void every_reason_has_a_name_words_and_a_clause(void **state)
{
	(void)state;
	for (unsigned i = 0; i < KEY_REASON_COUNT; i++) {
		assert_true(strlen(key_reason_name((enum key_reason)i)) > 0);
		assert_true(strlen(key_reason_words((enum key_reason)i)) > 0);
		assert_non_null(strstr(key_reason_clause((enum key_reason)i), "TPM 2.0 Part"));
	}
	assert_string_equal(key_reason_words((enum key_reason)99), "unknown reason");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_real_key_of_a_node_is_acceptable),
		cmocka_unit_test(an_attestation_key_is_not),
		cmocka_unit_test(an_endorsement_key_is_not),
		cmocka_unit_test(each_attribute_is_needed),
		cmocka_unit_test(weak_keys_are_refused),
		cmocka_unit_test(every_reason_has_a_name_words_and_a_clause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
