#include "lib/evidence/tpm_public.h"

#include "lib/evidence/attest.h"
#include "lib/evidence/tpm_name.h"
#include "tests/support/test.h"

static const char *const keys[] = {"vm-imang/ek_rsa", "vm-imang/ek_ecc384", "vm-imang/ak_ecc",
	"vm-imang/ak_rsa", "vm-imabuf/ek_rsa", "vm-imabuf/ek_ecc384", "vm-imabuf/ak_ecc", "vm-imabuf/ak_rsa"};

static struct span file(const char *stem, const char *suffix)
{
	char name[64] = "";

	strcat(strcat(name, stem), suffix);
	return vector(name);
}

static struct span area_of(const char *stem)
{
	struct span whole = file(stem, ".pub");

	return span_of(whole.at + 2, whole.len - 2);
}

static void an_ecc_key_yields_its_facts(void **state)
{
	struct tpm_public public = {0};
	struct key_parts parts = {0};
	struct span area = {0};

	(void)state;
	assert_ok(tpm_public_parse_2b(vector("vm-imang/ak_ecc.pub"), &public, &area));
	assert_spans_equal(area, area_of("vm-imang/ak_ecc"));
	assert_int_equal(public.type, TPM_ALG_ECC);
	assert_int_equal(public.name_alg, TPM_ALG_SHA256);
	assert_int_equal(public.attributes, 0x00050072);
	assert_int_equal(public.auth_policy.len, 0);
	assert_int_equal(public.symmetric, TPM_ALG_NULL);
	assert_int_equal(public.scheme, TPM_ALG_ECDSA);
	assert_int_equal(public.scheme_hash, TPM_ALG_SHA256);
	assert_int_equal(public.curve, TPM_CURVE_P256);
	assert_int_equal(public.kdf, TPM_ALG_NULL);
	assert_ok(tpm_public_key(&public, &parts));
	assert_int_equal(parts.kind, KEY_P256);
	assert_int_equal(parts.x.len, 32);
	assert_int_equal(parts.y.len, 32);
}

static void an_rsa_key_yields_its_facts(void **state)
{
	struct tpm_public public = {0};
	struct key_parts parts = {0};

	(void)state;
	assert_ok(tpm_public_parse(area_of("vm-imang/ek_rsa"), &public));
	assert_int_equal(public.type, TPM_ALG_RSA);
	assert_int_equal(public.attributes, 0x000300b2);
	assert_int_equal(public.auth_policy.len, 32);
	assert_int_equal(public.symmetric, TPM_ALG_AES);
	assert_int_equal(public.symmetric_bits, 128);
	assert_int_equal(public.symmetric_mode, TPM_ALG_CFB);
	assert_int_equal(public.scheme, TPM_ALG_NULL);
	assert_int_equal(public.rsa_bits, 2048);
	assert_int_equal(public.exponent, 0);
	assert_ok(tpm_public_key(&public, &parts));
	assert_int_equal(parts.kind, KEY_RSA);
	assert_int_equal(parts.exponent, 65537);
	assert_int_equal(parts.n.len, 256);
}

static void real_areas_are_encoded_as_they_were(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(keys); i++) {
		struct tpm_public public = {0};
		struct tpm_area again = {0};

		assert_ok(tpm_public_parse(area_of(keys[i]), &public));
		assert_ok(tpm_public_encode(&public, &again));
		assert_spans_equal(tpm_area_span(&again), area_of(keys[i]));
	}
}

static void every_truncation_and_extension_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(keys); i++) {
		struct span whole = file(keys[i], ".pub");
		uint8_t room[TPM_AREA_MAX_BYTES + 3] = {0};
		struct tpm_public public = {0};

		memcpy(room, whole.at, whole.len);
		for (size_t n = 0; n < whole.len; n++) {
			assert_rc(tpm_public_parse_2b(span_of(room, n), &public, NULL), RC_MALFORMED);
			if (n >= 2)
				assert_rc(tpm_public_parse(span_of(room + 2, n - 2), &public), RC_MALFORMED);
		}
		assert_rc(tpm_public_parse_2b(span_of(room, whole.len + 1), &public, NULL), RC_MALFORMED);
		assert_rc(tpm_public_parse(span_of(room + 2, whole.len - 1), &public), RC_MALFORMED);
		assert_int_equal(public.type, 0);
	}
}

static void one_altered_byte_is_refused_or_comes_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(keys); i++) {
		struct span whole = area_of(keys[i]);
		uint8_t room[TPM_AREA_MAX_BYTES];

		memcpy(room, whole.at, whole.len);
		for (size_t at = 0; at < whole.len; at++)
			for (unsigned value = 0; value < 256; value++) {
				struct tpm_public public = {0};
				struct tpm_area again = {0};

				room[at] = (uint8_t)value;
				if (tpm_public_parse(span_of(room, whole.len), &public) == RC_OK) {
					assert_ok(tpm_public_encode(&public, &again));
					assert_spans_equal(tpm_area_span(&again), span_of(room, whole.len));
				}
				room[at] = whole.at[at];
			}
	}
}

static void keys_that_we_do_not_use_yield_no_parts(void **state)
{
	static const uint8_t number[66] = {1};
	struct tpm_public p521 = {
		.type = TPM_ALG_ECC, .curve = TPM_CURVE_P521, .x = SPAN(number), .y = SPAN(number)};
	struct tpm_public exponent3 = {.type = TPM_ALG_RSA, .exponent = 3, .n = SPAN(number)};
	struct tpm_public neither = {0};
	struct key_parts parts = {0};

	(void)state;
	assert_rc(tpm_public_key(&p521, &parts), RC_UNSUPPORTED);
	assert_rc(tpm_public_key(&exponent3, &parts), RC_UNSUPPORTED);
	assert_rc(tpm_public_key(&neither, &parts), RC_UNSUPPORTED);
	assert_int_equal(parts.kind, KEY_NONE);
}

static void fields_that_are_too_long_are_not_encoded(void **state)
{
	static const uint8_t bytes[TPM_RSA_MAX_BYTES + 1];
	struct tpm_area area = {0};

	(void)state;
	for (int field = 0; field < 5; field++) {
		struct tpm_public public = {.type = field == 4 ? 8 : TPM_ALG_ECC, .symmetric = TPM_ALG_NULL};
		struct span *const spans[] = {&public.n, &public.x, &public.y, &public.auth_policy};

		if (field < 4)
			*spans[field] = SPAN(bytes);
		assert_rc(tpm_public_encode(&public, &area), field < 4 ? RC_LIMIT : RC_UNSUPPORTED);
	}
	assert_int_equal(area.len, 0);
}

static void names_are_those_that_the_tpm_gave(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(keys); i++) {
		struct tpm_name name = {0};

		assert_ok(tpm_name_of(area_of(keys[i]), &name));
		assert_spans_equal(tpm_name_span(&name), file(keys[i], ".name"));
	}
}

static void a_name_needs_a_hash_that_we_know(void **state)
{
	static const uint8_t null_hash[] = {0x00, 0x23, 0x00, 0x10, 0x00};
	struct tpm_name name = {0};

	(void)state;
	assert_rc(tpm_name_of(SPAN(null_hash), &name), RC_UNSUPPORTED);
	assert_rc(tpm_name_of(span_of(null_hash, 3), &name), RC_MALFORMED);
	assert_rc(tpm_name_qualified(&name, &name, &name), RC_MALFORMED);
	assert_int_equal(name.len, 0);
}

/* The signer of a quote shows under which EK its AK lives. */
static void quotes_carry_the_qualified_name_of_their_ak_under_their_ek(void **state)
{
	static const struct {
		const char *ek, *ak, *quote;
		bool match;
	} rows[] = {
		{"vm-imang/ek_rsa", "vm-imang/ak_ecc", "vm-imang/ecc_0.msg", true},
		{"vm-imang/ek_rsa", "vm-imang/ak_rsa", "vm-imang/rsa_0.msg", true},
		{"vm-imang/ek_rsa", "vm-imang/ak_ecc", "vm-imang/ecc_later.msg", true},
		{"vm-imabuf/ek_rsa", "vm-imabuf/ak_ecc", "vm-imabuf/ecc_0.msg", true},
		{"vm-imabuf/ek_rsa", "vm-imabuf/ak_rsa", "vm-imabuf/rsa_3banks.msg", true},
		{"vm-imang/ek_ecc384", "vm-imang/ak_ecc", "vm-imang/ecc_0.msg", false},
		{"vm-imang/ek_rsa", "vm-imang/ak_rsa", "vm-imang/ecc_0.msg", false},
		{"vm-imabuf/ek_rsa", "vm-imang/ak_ecc", "vm-imang/ecc_0.msg", false},
		{"vm-imang/ak_ecc", "vm-imang/ek_rsa", "vm-imang/ecc_0.msg", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct tpm_name ek = {0}, ak = {0}, qualified = {0};
		struct attest attest = {0};

		assert_ok(tpm_name_of(area_of(rows[i].ek), &ek));
		assert_ok(tpm_name_of(area_of(rows[i].ak), &ak));
		assert_ok(tpm_name_qualified(&ek, &ak, &qualified));
		assert_ok(attest_parse(vector(rows[i].quote), &attest));
		assert_int_equal(
			span_equal(tpm_name_span(&qualified), attest.qualified_signer), rows[i].match);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ecc_key_yields_its_facts),
		cmocka_unit_test(an_rsa_key_yields_its_facts),
		cmocka_unit_test(real_areas_are_encoded_as_they_were),
		cmocka_unit_test(every_truncation_and_extension_is_refused),
		cmocka_unit_test(one_altered_byte_is_refused_or_comes_back),
		cmocka_unit_test(keys_that_we_do_not_use_yield_no_parts),
		cmocka_unit_test(fields_that_are_too_long_are_not_encoded),
		cmocka_unit_test(names_are_those_that_the_tpm_gave),
		cmocka_unit_test(a_name_needs_a_hash_that_we_know),
		cmocka_unit_test(quotes_carry_the_qualified_name_of_their_ak_under_their_ek),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
