#include "lib/base/hex.h"
#include "lib/crypto/hpke.h"
#include "lib/crypto/hpke_ephemeral.h"
#include "tests/support/test.h"

/* RFC 9180, A.2.1, sequence number 0. */
static const char ephemeral_secret[] = "f4ec9b33b792c372c1d2c2063507b684ef925b8c75a42dbcbf57d63ccd381600";
static const char ephemeral_public[] = "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a";
static const char receiver_secret[] = "8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb";
static const char receiver_public[] = "4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a";
static const char info_text[] = "Ode on a Grecian Urn";
static const char plaintext[] = "Beauty is truth, truth beauty";
static const char aad_text[] = "Count-0";
static const char ciphertext[] = "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db"
				 "21993c62ce81883d2dd1b51a28";

static struct hpke_pair pair_of(const char *secret_hex)
{
	struct hpke_pair pair = {{0}};
	uint8_t secret[HPKE_KEY_BYTES];

	assert_ok(hex_decode(span_text(secret_hex), secret, sizeof secret));
	assert_ok(hpke_pair_of_secret(secret, &pair, NULL));
	return pair;
}

static void assert_public(const struct hpke_pair *pair, const char *expected)
{
	char text[HEX_BYTES(HPKE_KEY_BYTES)];

	assert_string_equal(hex_encode(SPAN(pair->public), text), expected);
}

static void the_vectors_of_the_rfc_come_out(void **state)
{
	DROP(hpke_pair_release) struct hpke_pair ephemeral = pair_of(ephemeral_secret);
	DROP(hpke_pair_release) struct hpke_pair receiver = pair_of(receiver_secret);
	DROP(blob_release) struct blob sealed = {0};
	DROP(blob_release) struct blob opened = {0};
	uint8_t expected[HPKE_KEY_BYTES + sizeof ciphertext / 2];

	(void)state;
	assert_public(&ephemeral, ephemeral_public);
	assert_public(&receiver, receiver_public);
	assert_ok(hpke_seal_ephemeral(&ephemeral, receiver.public, span_text(info_text), span_text(aad_text),
		span_text(plaintext), &sealed, NULL));
	memcpy(expected, ephemeral.public, HPKE_KEY_BYTES);
	assert_ok(hex_decode(span_text(ciphertext), expected + HPKE_KEY_BYTES, sizeof ciphertext / 2));
	assert_spans_equal(blob_span(&sealed), SPAN(expected));
	assert_ok(hpke_open(
		receiver.secret, span_text(info_text), span_text(aad_text), SPAN(expected), &opened, NULL));
	assert_spans_equal(blob_span(&opened), span_text(plaintext));
}

static void what_was_sealed_opens_and_is_never_sealed_alike(void **state)
{
	DROP(hpke_pair_release) struct hpke_pair pair = {{0}};
	DROP(blob_release) struct blob once = {0};
	DROP(blob_release) struct blob again = {0};
	DROP(blob_release) struct blob opened = {0};
	const struct span none = {0};

	(void)state;
	assert_ok(hpke_generate(&pair, NULL));
	assert_ok(hpke_seal(pair.public, none, none, none, &once, NULL));
	assert_int_equal(once.len, HPKE_OVERHEAD);
	assert_ok(hpke_open(pair.secret, none, none, blob_span(&once), &opened, NULL));
	assert_int_equal(opened.len, 0);
	assert_ok(hpke_seal(pair.public, none, none, none, &again, NULL));
	assert_memory_not_equal(once.at, again.at, HPKE_KEY_BYTES);
}

/* The two pairs that the manual page zmq_curve(7) prints, Z85 decoded. */
static void pairs_of_curve_serve_here(void **state)
{
	static const struct {
		const char *secret, *public;
	} pairs[] = {
		{"8e0bdd697628b91d8f245587ee95c5b04d48963f79259877b49cd9063aead3b7",
			"54fcba24e93249969316fb617c872bb0c1d1ff14800427c594cbfacf1bc2d652"},
		{"7bb864b489afa3671fbe69101f94b38972f24816dfb01b51656b3fec8dfd0888",
			"bb88471d65e2659b30c55a5321cebb5aab2b70a398645c26dca2b2fcb43fc518"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		DROP(hpke_pair_release) struct hpke_pair pair = pair_of(pairs[i].secret);
		DROP(blob_release) struct blob sealed = {0};
		DROP(blob_release) struct blob opened = {0};

		assert_public(&pair, pairs[i].public);
		assert_ok(hpke_seal(
			pair.public, span_text("info"), (struct span){0}, span_text("share"), &sealed, NULL));
		assert_ok(hpke_open(
			pair.secret, span_text("info"), (struct span){0}, blob_span(&sealed), &opened, NULL));
		assert_spans_equal(blob_span(&opened), span_text("share"));
	}
}

static void what_was_altered_does_not_open_and_leaves_out_alone(void **state)
{
	DROP(hpke_pair_release) struct hpke_pair pair = {{0}};
	DROP(hpke_pair_release) struct hpke_pair other = {{0}};
	DROP(blob_release) struct blob sealed = {0};
	DROP(blob_release) struct blob opened = {0};
	const struct span info = span_text("info");
	const struct span aad = span_text("aad");

	(void)state;
	assert_ok(blob_copy(&opened, span_text("before")));
	assert_ok(hpke_generate(&pair, NULL));
	assert_ok(hpke_generate(&other, NULL));
	assert_ok(hpke_seal(pair.public, info, aad, span_text("text"), &sealed, NULL));
	for (size_t bit = 0; bit < 8 * sealed.len; bit++) {
		sealed.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_rc(hpke_open(pair.secret, info, aad, blob_span(&sealed), &opened, NULL), RC_DENIED);
		sealed.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_rc(hpke_open(other.secret, info, aad, blob_span(&sealed), &opened, NULL), RC_DENIED);
	assert_rc(hpke_open(pair.secret, aad, aad, blob_span(&sealed), &opened, NULL), RC_DENIED);
	assert_rc(hpke_open(pair.secret, info, info, blob_span(&sealed), &opened, NULL), RC_DENIED);
	for (size_t n = 0; n < sealed.len; n++)
		assert_rc(hpke_open(pair.secret, info, aad, span_of(sealed.at, n), &opened, NULL),
			n < HPKE_OVERHEAD ? RC_MALFORMED : RC_DENIED);
	assert_spans_equal(blob_span(&opened), span_text("before"));
	assert_ok(hpke_open(pair.secret, info, aad, blob_span(&sealed), &opened, NULL));
}

static void points_of_low_order_are_denied_on_both_sides(void **state)
{
	/* The u coordinates of low order, https://cr.yp.to/ecdh.html#validate, and the two encodings of 0 and
	 * 1 above the prime. */
	static const char *const points[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	};
	DROP(hpke_pair_release) struct hpke_pair pair = {{0}};
	DROP(blob_release) struct blob out = {0};
	const struct span none = {0};

	(void)state;
	assert_ok(hpke_generate(&pair, NULL));
	for (size_t i = 0; i < COUNT(points); i++) {
		uint8_t sealed[HPKE_OVERHEAD] = {0};
		struct err err = {0};

		assert_ok(hex_decode(span_text(points[i]), sealed, HPKE_KEY_BYTES));
		assert_rc(hpke_seal(sealed, none, none, none, &out, &err), RC_DENIED);
		assert_non_null(strstr(err.text, "low order"));
		assert_rc(hpke_open(pair.secret, none, none, SPAN(sealed), &out, &err), RC_DENIED);
		assert_non_null(strstr(err.text, "low order"));
	}
	assert_int_equal(out.len, 0);
}

static void more_than_the_limit_is_refused(void **state)
{
	DROP(hpke_pair_release) struct hpke_pair pair = {{0}};
	DROP(blob_release) struct blob out = {0};
	const struct span none = {0};
	/* Never read: the length is looked at first. */
	const struct span huge = span_of("", (size_t)HPKE_TEXT_MAX + 1);
	const struct span huge_sealed = span_of("", (size_t)HPKE_TEXT_MAX + HPKE_OVERHEAD + 1);

	(void)state;
	assert_ok(hpke_generate(&pair, NULL));
	assert_rc(hpke_seal(pair.public, none, none, huge, &out, NULL), RC_LIMIT);
	assert_rc(hpke_seal(pair.public, huge, none, none, &out, NULL), RC_LIMIT);
	assert_rc(hpke_seal(pair.public, none, huge, none, &out, NULL), RC_LIMIT);
	assert_rc(hpke_open(pair.secret, none, none, huge_sealed, &out, NULL), RC_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_vectors_of_the_rfc_come_out),
		cmocka_unit_test(what_was_sealed_opens_and_is_never_sealed_alike),
		cmocka_unit_test(pairs_of_curve_serve_here),
		cmocka_unit_test(what_was_altered_does_not_open_and_leaves_out_alone),
		cmocka_unit_test(points_of_low_order_are_denied_on_both_sides),
		cmocka_unit_test(more_than_the_limit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
