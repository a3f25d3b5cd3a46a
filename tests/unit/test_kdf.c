#include "lib/base/hex.h"
#include "lib/crypto/hmac.h"
#include "lib/crypto/kdf.h"
#include "tests/support/test.h"

static void assert_hex(const uint8_t *value, size_t len, const char *expected)
{
	char text[HEX_BYTES(KDF_OUT_MAX)];

	assert_string_equal(hex_encode(span_of(value, len), text), expected);
}

/* 0, 1, 2, … */
static void count_up(uint8_t *out, size_t len)
{
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)i;
}

static void hkdf_gives_the_values_of_rfc_5869(void **state)
{
	uint8_t secret[22];
	uint8_t salt[13];
	uint8_t info[10];
	uint8_t prk[32];
	uint8_t out[42];

	(void)state;
	memset(secret, 0x0b, sizeof secret);
	count_up(salt, sizeof salt);
	for (size_t i = 0; i < sizeof info; i++)
		info[i] = (uint8_t)(0xf0 + i);
	/* A.1 */
	assert_ok(hkdf_extract(DIGEST_SHA256, SPAN(salt), SPAN(secret), prk));
	assert_hex(prk, sizeof prk, "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5");
	assert_ok(hkdf(DIGEST_SHA256, SPAN(salt), SPAN(secret), SPAN(info), out, sizeof out));
	assert_hex(out, sizeof out,
		"3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
	/* A.3: neither salt nor info. */
	assert_ok(hkdf(DIGEST_SHA256, (struct span){0}, SPAN(secret), (struct span){0}, out, sizeof out));
	assert_hex(out, sizeof out,
		"8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

/* Computed by an independent implementation of TPM 2.0 Part 1, 11.4.10.2; a real TPM agrees in the
 * integration test of credentials. */
static void kdf_a_gives_known_values(void **state)
{
	static const uint8_t u[] = {1, 2, 3};
	static const uint8_t v[] = {4, 5};
	uint8_t key[48];
	uint8_t name[34] = {0x00, 0x0b};
	uint8_t out[64];

	(void)state;
	count_up(key, sizeof key);
	count_up(name + 2, 32);
	assert_ok(kdf_a(DIGEST_SHA256, span_of(key, 32), "STORAGE", SPAN(name), (struct span){0}, out, 16));
	assert_hex(out, 16, "8b9746d9cde648e20ad34f7c5099ae8f");
	assert_ok(kdf_a(
		DIGEST_SHA256, span_of(key, 32), "INTEGRITY", (struct span){0}, (struct span){0}, out, 64));
	assert_hex(out, 64,
		"d46791dd29362215dde127cc788fa5429ca2b999d5b065c0d7c2035dd1537d43"
		"278aad03e3b43947cb849dde7b8648d07baafa38888e2000759a5ebe1a2a65a2");
	assert_ok(kdf_a(DIGEST_SHA384, SPAN(key), "INTEGRITY", SPAN(u), SPAN(v), out, 48));
	assert_hex(out, 48,
		"567bc6b50b72bd8fa0975c0cf49ab78c8aa23482044d5f651218744563730ff5"
		"4bece10bf046df94812e704e646a6ee9");
}

/* As above, 11.4.10.3. */
static void kdf_e_gives_known_values(void **state)
{
	uint8_t z[48];
	uint8_t u[48];
	uint8_t v[48];
	uint8_t out[64];

	(void)state;
	count_up(z, sizeof z);
	memset(u, 0x11, sizeof u);
	memset(v, 0x22, sizeof v);
	assert_ok(kdf_e(DIGEST_SHA256, span_of(z, 32), "IDENTITY", span_of(u, 32), span_of(v, 32), out, 64));
	assert_hex(out, 64,
		"cbce7a80e1b35da754dc24ec97f8c9ef9281bf9944c930765256ae6ea7d59f0e"
		"731549d4de391f7a1a87dc9a04c31df19b69fe99bc48405d591a7a3dea1f44e7");
	assert_ok(kdf_e(DIGEST_SHA384, SPAN(z), "IDENTITY", SPAN(u), SPAN(v), out, 48));
	assert_hex(out, 48,
		"0e90f0028f754874a64510878e4c195656942152049463c972574393cb7d0901"
		"c3b94a1e5ef663daeb54fdb85b0ed289");
}

static void lengths_out_of_bounds_are_refused_and_leave_out_alone(void **state)
{
	static uint8_t text[KDF_TEXT_MAX + 1];
	static uint8_t out[KDF_OUT_MAX + 1];
	const struct span key = span_text("key");
	const struct span none = {0};

	(void)state;
	out[0] = 0x5a;
	assert_rc(hkdf(DIGEST_SHA256, none, key, none, out, 0), RC_LIMIT);
	assert_rc(hkdf(DIGEST_SHA256, none, key, none, out, KDF_OUT_MAX + 1), RC_LIMIT);
	assert_rc(hkdf(DIGEST_SHA256, none, key, SPAN(text), out, 32), RC_LIMIT);
	assert_rc(kdf_a(DIGEST_SHA256, key, "L", none, none, out, 0), RC_LIMIT);
	assert_rc(kdf_a(DIGEST_SHA256, key, "L", none, none, out, KDF_OUT_MAX + 1), RC_LIMIT);
	assert_rc(kdf_a(DIGEST_SHA256, key, "L", SPAN(text), none, out, 32), RC_LIMIT);
	assert_rc(kdf_e(DIGEST_SHA256, key, "L", none, none, out, 0), RC_LIMIT);
	assert_rc(kdf_e(DIGEST_SHA256, key, "L", none, none, out, KDF_OUT_MAX + 1), RC_LIMIT);
	assert_rc(kdf_e(DIGEST_SHA256, key, "L", none, SPAN(text), out, 32), RC_LIMIT);
	assert_int_equal(out[0], 0x5a);
	assert_ok(hkdf(DIGEST_SHA256, none, key, span_of(text, KDF_TEXT_MAX), out, KDF_OUT_MAX));
	assert_ok(kdf_a(DIGEST_SHA256, key, "L", span_of(text, KDF_TEXT_MAX), none, out, KDF_OUT_MAX));
	assert_ok(kdf_e(DIGEST_SHA256, key, "L", none, span_of(text, KDF_TEXT_MAX), out, KDF_OUT_MAX));
}

static void what_is_no_algorithm_is_refused(void **state)
{
	const struct span key = span_text("key");
	const struct span none = {0};
	uint8_t out[32];

	(void)state;
	assert_rc(hkdf(DIGEST_NONE, none, key, none, out, 32), RC_UNSUPPORTED);
	assert_rc(kdf_a(DIGEST_COUNT, key, "L", none, none, out, 32), RC_UNSUPPORTED);
	assert_rc(kdf_e(DIGEST_NONE, key, "L", none, none, out, 32), RC_UNSUPPORTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hkdf_gives_the_values_of_rfc_5869),
		cmocka_unit_test(kdf_a_gives_known_values),
		cmocka_unit_test(kdf_e_gives_known_values),
		cmocka_unit_test(lengths_out_of_bounds_are_refused_and_leave_out_alone),
		cmocka_unit_test(what_is_no_algorithm_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
