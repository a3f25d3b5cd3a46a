#include "lib/base/hex.h"
#include "lib/crypto/aead.h"
#include "tests/support/test.h"

static const uint8_t key[AEAD_KEY_BYTES] = {1, 2, 3};
static const uint8_t nonce[AEAD_NONCE_BYTES] = {4, 5};

static void published_values_come_out(void **state)
{
	/* McGrew and Viega, "The Galois/Counter Mode of Operation", test cases 13 and 14. */
	static const uint8_t zero_key[AEAD_KEY_BYTES];
	static const uint8_t zero_nonce[AEAD_NONCE_BYTES];
	static const uint8_t block[16];
	DROP(blob_release) struct blob out = {0};
	uint8_t expected[32];

	(void)state;
	assert_ok(aead_seal(zero_key, zero_nonce, (struct span){0}, (struct span){0}, &out, NULL));
	assert_ok(hex_decode(span_text("530f8afbc74536b9a963b4f1c4cb738b"), expected, 16));
	assert_spans_equal(blob_span(&out), span_of(expected, 16));
	assert_ok(aead_seal(zero_key, zero_nonce, (struct span){0}, SPAN(block), &out, NULL));
	assert_ok(hex_decode(
		span_text("cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"), expected, 32));
	assert_spans_equal(blob_span(&out), SPAN(expected));
}

static void what_was_sealed_opens(void **state)
{
	static const char *const texts[] = {"", "x", "sixteen bytes ok", "a text longer than one block"};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		DROP(blob_release) struct blob sealed = {0};
		DROP(blob_release) struct blob opened = {0};

		assert_ok(aead_seal(key, nonce, span_text("aad"), span_text(texts[i]), &sealed, NULL));
		assert_int_equal(sealed.len, strlen(texts[i]) + AEAD_TAG_BYTES);
		assert_ok(aead_open(key, nonce, span_text("aad"), blob_span(&sealed), &opened, NULL));
		assert_spans_equal(blob_span(&opened), span_text(texts[i]));
	}
}

static void what_was_altered_does_not_open_and_leaves_out_alone(void **state)
{
	DROP(blob_release) struct blob sealed = {0};
	DROP(blob_release) struct blob opened = {0};
	uint8_t other_key[AEAD_KEY_BYTES];
	uint8_t other_nonce[AEAD_NONCE_BYTES];
	struct err err = {0};

	(void)state;
	assert_ok(blob_copy(&opened, span_text("before")));
	assert_ok(aead_seal(key, nonce, span_text("aad"), span_text("text"), &sealed, NULL));
	for (size_t bit = 0; bit < 8 * sealed.len; bit++) {
		sealed.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_rc(aead_open(key, nonce, span_text("aad"), blob_span(&sealed), &opened, &err),
			RC_DENIED);
		sealed.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_rc(aead_open(key, nonce, span_text("axd"), blob_span(&sealed), &opened, &err), RC_DENIED);
	assert_rc(aead_open(key, nonce, (struct span){0}, blob_span(&sealed), &opened, &err), RC_DENIED);
	memcpy(other_key, key, sizeof key);
	other_key[31] ^= 1;
	assert_rc(
		aead_open(other_key, nonce, span_text("aad"), blob_span(&sealed), &opened, &err), RC_DENIED);
	memcpy(other_nonce, nonce, sizeof nonce);
	other_nonce[11] ^= 1;
	assert_rc(
		aead_open(key, other_nonce, span_text("aad"), blob_span(&sealed), &opened, &err), RC_DENIED);
	assert_spans_equal(blob_span(&opened), span_text("before"));
	assert_string_not_equal(err.text, "");
}

static void every_truncation_is_refused(void **state)
{
	DROP(blob_release) struct blob sealed = {0};
	DROP(blob_release) struct blob opened = {0};

	(void)state;
	assert_ok(aead_seal(key, nonce, span_text("aad"), span_text("text"), &sealed, NULL));
	for (size_t n = 0; n < sealed.len; n++)
		assert_rc(aead_open(key, nonce, span_text("aad"), span_of(sealed.at, n), &opened, NULL),
			n < AEAD_TAG_BYTES ? RC_MALFORMED : RC_DENIED);
	assert_int_equal(opened.len, 0);
}

static void more_than_the_limit_is_refused(void **state)
{
	DROP(blob_release) struct blob out = {0};
	/* Never read: the length is looked at first. */
	struct span huge = span_of(key, (size_t)AEAD_TEXT_MAX + 1);
	struct span huge_sealed = span_of(key, (size_t)AEAD_TEXT_MAX + AEAD_TAG_BYTES + 1);

	(void)state;
	assert_rc(aead_seal(key, nonce, (struct span){0}, huge, &out, NULL), RC_LIMIT);
	assert_rc(aead_seal(key, nonce, huge, (struct span){0}, &out, NULL), RC_LIMIT);
	assert_rc(aead_open(key, nonce, (struct span){0}, huge_sealed, &out, NULL), RC_LIMIT);
	assert_rc(aead_open(key, nonce, huge, SPAN(key), &out, NULL), RC_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_values_come_out),
		cmocka_unit_test(what_was_sealed_opens),
		cmocka_unit_test(what_was_altered_does_not_open_and_leaves_out_alone),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(more_than_the_limit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
