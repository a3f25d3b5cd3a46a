#include "lib/crypto/credential.h"
#include "tests/fakes/fake_ek.h"
#include "tests/support/test.h"

static const enum key_kind kinds[] = {KEY_RSA, KEY_P256, KEY_P384};

/* nameAlg SHA-256 and a digest. */
static const uint8_t name[34] = {0x00, 0x0b, 1, 2, 3};

static void the_tpm_that_was_meant_opens_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		DROP(fake_ek_release) struct fake_ek ek = {0};
		DROP(blob_release) struct blob id_object = {0};
		DROP(blob_release) struct blob encrypted = {0};
		DROP(blob_release) struct blob opened = {0};
		uint8_t secret[48] = {7, 8, 9};

		fake_ek_make(kinds[i], &ek);
		for (size_t len = 1; len <= digest_size(ek.area.name_alg); len += 31) {
			assert_ok(credential_make(
				&ek.area, SPAN(name), span_of(secret, len), &id_object, &encrypted, NULL));
			assert_ok(fake_ek_activate(
				&ek, SPAN(name), blob_span(&id_object), blob_span(&encrypted), &opened));
			assert_spans_equal(blob_span(&opened), span_of(secret, len));
		}
	}
}

static void another_name_another_tpm_or_an_altered_bit_opens_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		DROP(fake_ek_release) struct fake_ek ek = {0};
		DROP(fake_ek_release) struct fake_ek other = {0};
		DROP(blob_release) struct blob id_object = {0};
		DROP(blob_release) struct blob encrypted = {0};
		DROP(blob_release) struct blob opened = {0};
		uint8_t other_name[sizeof name];

		fake_ek_make(kinds[i], &ek);
		fake_ek_make(kinds[i], &other);
		assert_ok(credential_make(
			&ek.area, SPAN(name), span_text("secret"), &id_object, &encrypted, NULL));
		assert_rc(fake_ek_activate(
				  &other, SPAN(name), blob_span(&id_object), blob_span(&encrypted), &opened),
			RC_DENIED);
		memcpy(other_name, name, sizeof name);
		other_name[33] ^= 1;
		assert_rc(fake_ek_activate(&ek, SPAN(other_name), blob_span(&id_object),
				  blob_span(&encrypted), &opened),
			RC_DENIED);
		id_object.at[id_object.len - 1] ^= 1;
		assert_rc(fake_ek_activate(
				  &ek, SPAN(name), blob_span(&id_object), blob_span(&encrypted), &opened),
			RC_DENIED);
		id_object.at[id_object.len - 1] ^= 1;
		assert_ok(fake_ek_activate(
			&ek, SPAN(name), blob_span(&id_object), blob_span(&encrypted), &opened));
	}
}

static void no_two_credentials_are_alike(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		DROP(fake_ek_release) struct fake_ek ek = {0};
		DROP(blob_release) struct blob id_object = {0};
		DROP(blob_release) struct blob encrypted = {0};
		DROP(blob_release) struct blob id_object_again = {0};
		DROP(blob_release) struct blob encrypted_again = {0};
		const struct span secret = span_text("secret");

		fake_ek_make(kinds[i], &ek);
		assert_ok(credential_make(&ek.area, SPAN(name), secret, &id_object, &encrypted, NULL));
		assert_ok(credential_make(
			&ek.area, SPAN(name), secret, &id_object_again, &encrypted_again, NULL));
		assert_false(span_equal(blob_span(&id_object), blob_span(&id_object_again)));
		assert_false(span_equal(blob_span(&encrypted), blob_span(&encrypted_again)));
	}
}

/* Refused, with a text, and nothing handed out. */
static void assert_refused(
	const struct credential_ek *ek, struct span of, struct span secret, enum rc expected)
{
	DROP(blob_release) struct blob id_object = {0};
	DROP(blob_release) struct blob encrypted = {0};
	struct err err = {0};

	assert_rc(credential_make(ek, of, secret, &id_object, &encrypted, &err), expected);
	assert_string_not_equal(err.text, "");
	assert_int_equal(id_object.len + encrypted.len, 0);
}

static void parameters_out_of_bounds_are_refused(void **state)
{
	DROP(fake_ek_release) struct fake_ek ek = {0};
	struct credential_ek area;
	uint8_t bytes[40] = {0x00, 0x0b};
	uint8_t bad_y[32] = {1};

	(void)state;
	fake_ek_make(KEY_P256, &ek);
	assert_refused(&ek.area, SPAN(name), (struct span){0}, RC_LIMIT);
	assert_refused(&ek.area, SPAN(name), span_of(bytes, 33), RC_LIMIT);
	assert_refused(&ek.area, (struct span){0}, span_text("s"), RC_MALFORMED);
	assert_refused(&ek.area, span_of(bytes, 1), span_text("s"), RC_MALFORMED);
	assert_refused(&ek.area, span_of(bytes, 2), span_text("s"), RC_MALFORMED);
	assert_refused(&ek.area, span_of(bytes, 33), span_text("s"), RC_MALFORMED);
	assert_refused(&ek.area, span_of(bytes, 35), span_text("s"), RC_MALFORMED);
	bytes[1] = 0x10;
	assert_refused(&ek.area, span_of(bytes, 34), span_text("s"), RC_MALFORMED);
	assert_refused(&ek.area, span_of(bytes, 2), span_text("s"), RC_MALFORMED);
	area = ek.area;
	area.symmetric_bits = 192;
	assert_refused(&area, SPAN(name), span_text("s"), RC_UNSUPPORTED);
	area = ek.area;
	area.name_alg = DIGEST_SHA1;
	assert_refused(&area, SPAN(name), span_text("s"), RC_UNSUPPORTED);
	area = ek.area;
	area.key.y = SPAN(bad_y);
	assert_refused(&area, SPAN(name), span_text("s"), RC_MALFORMED);
	area.key = (struct key_parts){0};
	assert_refused(&area, SPAN(name), span_text("s"), RC_UNSUPPORTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_tpm_that_was_meant_opens_it),
		cmocka_unit_test(another_name_another_tpm_or_an_altered_bit_opens_nothing),
		cmocka_unit_test(no_two_credentials_are_alike),
		cmocka_unit_test(parameters_out_of_bounds_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
