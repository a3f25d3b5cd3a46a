#include <openssl/evp.h>

#include "lib/base/hex.h"
#include "lib/crypto/sign.h"
#include "tests/support/test.h"

static struct sign_pair pair_of(const char *seed_hex)
{
	struct sign_pair pair = {{0}};
	uint8_t seed[SIGN_SEED_BYTES];

	assert_ok(hex_decode(span_text(seed_hex), seed, sizeof seed));
	assert_ok(sign_pair_of_seed(seed, &pair, NULL));
	return pair;
}

static void published_values_come_out(void **state)
{
	/* RFC 8032, 7.1, tests 1 and 3. */
	static const struct {
		const char *seed, *public, *message, *signature;
	} rows[] = {
		{"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
			"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
			"e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b"
			"46bd25bf5f0595bbe24655141438e7a100b"},
		{"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
			"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
			"6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc"
			"6594a7c15e9716ed28dc027beceea1ec40a"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		DROP(sign_pair_release) struct sign_pair pair = pair_of(rows[i].seed);
		uint8_t public[SIGN_PUBLIC_BYTES];
		uint8_t bytes[2];
		uint8_t expected[SIGN_SIGNATURE_BYTES];
		uint8_t signature[SIGN_SIGNATURE_BYTES];
		struct span message = span_of(bytes, strlen(rows[i].message) / 2);
		DROP(signer_close) struct signer *signer = NULL;

		assert_ok(hex_decode(span_text(rows[i].public), public, sizeof public));
		assert_memory_equal(pair.public, public, sizeof public);
		assert_ok(hex_decode(span_text(rows[i].message), bytes, message.len));
		assert_ok(hex_decode(span_text(rows[i].signature), expected, sizeof expected));
		assert_ok(sign_parts(&pair, &message, 1, signature, NULL));
		assert_memory_equal(signature, expected, sizeof expected);
		assert_ok(sign_verify(public, &message, 1, SPAN(signature), NULL));
		/* A key that is made ready signs the same. */
		assert_ok(signer_open(&pair, &signer, NULL));
		assert_memory_equal(signer_public(signer), public, sizeof public);
		for (unsigned j = 0; j < 2; j++) {
			memset(signature, 0, sizeof signature);
			assert_ok(signer_sign(signer, &message, 1, signature, NULL));
			assert_memory_equal(signature, expected, sizeof expected);
		}
	}
}

static void two_generated_pairs_differ(void **state)
{
	DROP(sign_pair_release) struct sign_pair a = {{0}};
	DROP(sign_pair_release) struct sign_pair b = {{0}};

	(void)state;
	assert_ok(sign_generate(&a, NULL));
	assert_ok(sign_generate(&b, NULL));
	assert_memory_not_equal(a.seed, b.seed, sizeof a.seed);
	assert_memory_not_equal(a.public, b.public, sizeof a.public);
}

static void parts_sign_as_if_they_were_one(void **state)
{
	DROP(sign_pair_release) struct sign_pair pair = {{0}};
	const struct span parts[] = {span_of("label", 6), span_text("bo"), {0}, span_text("dy")};
	const struct span whole = span_of("label\0body", 10);
	uint8_t a[SIGN_SIGNATURE_BYTES];
	uint8_t b[SIGN_SIGNATURE_BYTES];

	(void)state;
	assert_ok(sign_generate(&pair, NULL));
	assert_ok(sign_parts(&pair, parts, COUNT(parts), a, NULL));
	assert_ok(sign_parts(&pair, &whole, 1, b, NULL));
	assert_memory_equal(a, b, sizeof a);
	assert_ok(sign_verify(pair.public, parts, COUNT(parts), SPAN(b), NULL));
	assert_ok(sign_parts(&pair, NULL, 0, a, NULL));
	assert_ok(sign_verify(pair.public, NULL, 0, SPAN(a), NULL));
}

static void any_altered_bit_is_denied(void **state)
{
	DROP(sign_pair_release) struct sign_pair pair = {{0}};
	DROP(sign_pair_release) struct sign_pair other = {{0}};
	uint8_t text[] = {'t', 'e', 'x', 't'};
	const struct span message = SPAN(text);
	uint8_t signature[SIGN_SIGNATURE_BYTES];
	struct err err = {0};

	(void)state;
	assert_ok(sign_generate(&pair, NULL));
	assert_ok(sign_generate(&other, NULL));
	assert_ok(sign_parts(&pair, &message, 1, signature, NULL));
	for (size_t bit = 0; bit < 8 * sizeof signature; bit++) {
		signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_rc(sign_verify(pair.public, &message, 1, SPAN(signature), &err), RC_DENIED);
		signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t bit = 0; bit < 8 * sizeof text; bit++) {
		text[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_rc(sign_verify(pair.public, &message, 1, SPAN(signature), &err), RC_DENIED);
		text[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_rc(sign_verify(other.public, &message, 1, SPAN(signature), &err), RC_DENIED);
	assert_ok(sign_verify(pair.public, &message, 1, SPAN(signature), NULL));
}

static void a_signature_of_another_length_is_malformed(void **state)
{
	DROP(sign_pair_release) struct sign_pair pair = {{0}};
	uint8_t signature[SIGN_SIGNATURE_BYTES + 1] = {0};

	(void)state;
	assert_ok(sign_generate(&pair, NULL));
	assert_ok(sign_parts(&pair, NULL, 0, signature, NULL));
	assert_rc(sign_verify(pair.public, NULL, 0, span_of(signature, 63), NULL), RC_MALFORMED);
	assert_rc(sign_verify(pair.public, NULL, 0, span_of(signature, 65), NULL), RC_MALFORMED);
	assert_rc(sign_verify(pair.public, NULL, 0, (struct span){0}, NULL), RC_MALFORMED);
}

/* Does libcrypto alone accept it? */
static bool libcrypto_accepts(const uint8_t *public, struct span message, const uint8_t *signature)
{
	EVP_PKEY *key = EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, public, SIGN_PUBLIC_BYTES);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool accepts =
		EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
		EVP_DigestVerify(context, signature, SIGN_SIGNATURE_BYTES, message.at, message.len) == 1;

	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
	return accepts;
}

static void keys_of_small_order_for_which_anybody_signs_are_denied(void **state)
{
	static const char *const keys[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	};
	/* R is the neutral point, S is zero: made without any secret. */
	static const uint8_t forged[SIGN_SIGNATURE_BYTES] = {1};

	(void)state;
	for (size_t i = 0; i < 2 * COUNT(keys); i++) {
		uint8_t public[SIGN_PUBLIC_BYTES];
		uint8_t number = 0;
		const struct span message = span_of(&number, 1);

		assert_ok(hex_decode(span_text(keys[i / 2]), public, sizeof public));
		if (i % 2 != 0)
		public[31] |= 0x80;
		/* Some message or other is signed by the forgery, unless the encoding is refused anyhow. */
		while (number < 255 && !libcrypto_accepts(public, message, forged))
			number++;
		if (i % 2 == 0)
			assert_int_not_equal(number, 255);
		assert_rc(sign_verify(public, &message, 1, SPAN(forged), NULL), RC_DENIED);
	}
}

static void more_than_the_limit_is_refused(void **state)
{
	DROP(sign_pair_release) struct sign_pair pair = {{0}};
	uint8_t signature[SIGN_SIGNATURE_BYTES] = {0};
	/* Never read: the length is looked at first. */
	const struct span huge = span_of(signature, (size_t)SIGN_MESSAGE_MAX + 1);
	const struct span wraps[] = {SPAN(signature), span_of(signature, SIZE_MAX)};

	(void)state;
	assert_ok(sign_generate(&pair, NULL));
	assert_rc(sign_parts(&pair, &huge, 1, signature, NULL), RC_LIMIT);
	assert_rc(sign_verify(pair.public, &huge, 1, SPAN(signature), NULL), RC_LIMIT);
	assert_rc(sign_verify(pair.public, wraps, COUNT(wraps), SPAN(signature), NULL), RC_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_values_come_out),
		cmocka_unit_test(two_generated_pairs_differ),
		cmocka_unit_test(parts_sign_as_if_they_were_one),
		cmocka_unit_test(any_altered_bit_is_denied),
		cmocka_unit_test(a_signature_of_another_length_is_malformed),
		cmocka_unit_test(keys_of_small_order_for_which_anybody_signs_are_denied),
		cmocka_unit_test(more_than_the_limit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
