#include "lib/evidence/ak_check.h"

#include "tests/support/test.h"

static struct tpm_public real_ak(const char *file)
{
	struct tpm_public ak = {0};

	assert_ok(tpm_public_parse_2b(vector(file), &ak, NULL));
	return ak;
}

/* Exactly this check fails. */
static void only(const struct tpm_public *ak, enum ak_reason reason)
{
	struct ak_verdict verdict = ak_check(ak);

	assert_false(verdict.acceptable);
	assert_int_equal(verdict.failed, 1u << reason);
}

static void real_attestation_keys_are_acceptable(void **state)
{
	static const char *const files[] = {
		"vm-imang/ak_ecc.pub", "vm-imang/ak_rsa.pub", "vm-imabuf/ak_ecc.pub", "vm-imabuf/ak_rsa.pub"};

	(void)state;
	for (size_t i = 0; i < COUNT(files); i++) {
		struct tpm_public ak = real_ak(files[i]);
		struct ak_verdict verdict = ak_check(&ak);

		assert_true(verdict.acceptable);
		assert_int_equal(verdict.failed, 0);
	}
}

static void each_attribute_is_needed(void **state)
{
	static const struct {
		uint32_t attribute;
		enum ak_reason reason;
	} rows[] = {{TPM_OBJECT_RESTRICTED, AK_RESTRICTED}, {TPM_OBJECT_SIGN, AK_SIGN},
		{TPM_OBJECT_DECRYPT, AK_NOT_DECRYPT}, {TPM_OBJECT_FIXED_TPM, AK_FIXED_TPM},
		{TPM_OBJECT_FIXED_PARENT, AK_FIXED_PARENT}, {TPM_OBJECT_SENSITIVE_DATA_ORIGIN, AK_ORIGIN}};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct tpm_public ak = real_ak("vm-imang/ak_ecc.pub");

		ak.attributes ^= rows[i].attribute;
		only(&ak, rows[i].reason);
	}
}

static void other_attributes_do_not_matter(void **state)
{
	struct tpm_public ak = real_ak("vm-imang/ak_ecc.pub");

	(void)state;
	ak.attributes ^= TPM_OBJECT_NO_DA | TPM_OBJECT_USER_WITH_AUTH | TPM_OBJECT_ADMIN_WITH_POLICY;
	assert_true(ak_check(&ak).acceptable);
}

static void weak_algorithms_are_refused(void **state)
{
	struct tpm_public ak;

	(void)state;
	ak = real_ak("vm-imang/ak_ecc.pub");
	ak.name_alg = TPM_ALG_SHA1;
	only(&ak, AK_NAME_HASH);
	ak = real_ak("vm-imang/ak_ecc.pub");
	ak.curve = TPM_CURVE_P521;
	only(&ak, AK_KEY);
	ak = real_ak("vm-imang/ak_ecc.pub");
	ak.scheme = TPM_ALG_ECDH;
	only(&ak, AK_SCHEME);
	ak = real_ak("vm-imang/ak_ecc.pub");
	ak.scheme_hash = TPM_ALG_SHA1;
	only(&ak, AK_SCHEME_HASH);
	ak = real_ak("vm-imang/ak_rsa.pub");
	ak.rsa_bits = 2047;
	only(&ak, AK_KEY);
	ak = real_ak("vm-imang/ak_rsa.pub");
	ak.exponent = 3;
	only(&ak, AK_KEY);
	ak = real_ak("vm-imang/ak_rsa.pub");
	ak.scheme = TPM_ALG_OAEP;
	only(&ak, AK_SCHEME);
	ak.scheme = TPM_ALG_RSAPSS;
	assert_true(ak_check(&ak).acceptable);
}

/* An unrestricted key signs whatever it is given, an EK signs nothing: all that is wrong is told at once. */
static void every_failure_is_reported(void **state)
{
	struct tpm_public ek = real_ak("vm-imang/ek_rsa.pub");
	struct tpm_public nothing = {0};

	(void)state;
	assert_int_equal(ak_check(&ek).failed,
		1u << AK_SIGN | 1u << AK_NOT_DECRYPT | 1u << AK_SCHEME | 1u << AK_SCHEME_HASH);
	assert_int_equal(ak_check(&nothing).failed, ((1u << AK_REASON_COUNT) - 1) & ~(1u << AK_NOT_DECRYPT));
}

static void every_reason_has_words_and_a_clause(void **state)
{
	(void)state;
	for (unsigned i = 0; i < AK_REASON_COUNT; i++) {
		assert_true(strlen(ak_reason_words((enum ak_reason)i)) > 0);
		assert_non_null(strstr(ak_reason_clause((enum ak_reason)i), "TPM 2.0 Part"));
	}
	assert_string_equal(ak_reason_words((enum ak_reason)99), "unknown reason");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_attestation_keys_are_acceptable),
		cmocka_unit_test(each_attribute_is_needed),
		cmocka_unit_test(other_attributes_do_not_matter),
		cmocka_unit_test(weak_algorithms_are_refused),
		cmocka_unit_test(every_failure_is_reported),
		cmocka_unit_test(every_reason_has_words_and_a_clause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
