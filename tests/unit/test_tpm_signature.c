#include "lib/evidence/tpm_signature.h"

#include "lib/evidence/tpm_alg.h"
#include "tests/support/test.h"

#define ROOM_BYTES 1024

static struct span copy_of(const char *name, uint8_t room[ROOM_BYTES])
{
	struct span whole = vector(name);

	memcpy(room, whole.at, whole.len);
	return span_of(room, whole.len);
}

static void an_ecdsa_signature_has_two_numbers(void **state)
{
	struct span whole = vector("vm-imang/ecc_0.sig");
	struct signature signature = {0};

	(void)state;
	assert_ok(tpm_signature_parse(whole, &signature));
	assert_int_equal(signature.scheme, SIGNATURE_ECDSA);
	assert_int_equal(signature.hash, DIGEST_SHA256);
	assert_int_equal(signature.rsa.len, 0);
	assert_spans_equal(signature.r, span_of(whole.at + 6, 32));
	assert_spans_equal(signature.s, span_of(whole.at + 40, 32));
}

static void an_rsa_signature_has_one(void **state)
{
	struct span whole = vector("vm-imang/rsa_0.sig");
	struct signature signature = {0};

	(void)state;
	assert_ok(tpm_signature_parse(whole, &signature));
	assert_int_equal(signature.scheme, SIGNATURE_RSASSA);
	assert_int_equal(signature.hash, DIGEST_SHA256);
	assert_spans_equal(signature.rsa, span_of(whole.at + 6, 256));
	assert_int_equal(signature.r.len + signature.s.len, 0);
}

static void every_truncation_and_extension_is_refused(void **state)
{
	static const char *const names[] = {"vm-imang/ecc_0.sig", "vm-imang/rsa_0.sig"};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		uint8_t room[ROOM_BYTES] = {0};
		struct span whole = copy_of(names[i], room);
		struct signature signature = {0};

		for (size_t n = 0; n < whole.len; n++)
			assert_int_not_equal(tpm_signature_parse(span_of(room, n), &signature), RC_OK);
		assert_rc(tpm_signature_parse(span_of(room, whole.len + 1), &signature), RC_MALFORMED);
		assert_int_equal(signature.hash, DIGEST_NONE);
	}
}

static void only_three_schemes_are_read(void **state)
{
	(void)state;
	for (unsigned scheme = 0; scheme < 0x10000; scheme++) {
		uint8_t room[ROOM_BYTES];
		struct span whole = copy_of("vm-imang/rsa_0.sig", room);
		struct signature signature = {0};
		bool rsa = scheme == TPM_ALG_RSASSA || scheme == TPM_ALG_RSAPSS;

		room[0] = (uint8_t)(scheme >> 8);
		room[1] = (uint8_t)scheme;
		assert_rc(tpm_signature_parse(whole, &signature), rsa                       ? RC_OK
								  : scheme == TPM_ALG_ECDSA ? RC_MALFORMED
											    : RC_UNSUPPORTED);
	}
}

static void numbers_are_neither_empty_nor_too_long(void **state)
{
	static const struct {
		uint8_t head[6];
		size_t len;
		enum rc rc;
	} rows[] = {
		{{0x00, 0x14, 0x00, 0x0b, 0x00, 0x00}, 6, RC_MALFORMED},
		{{0x00, 0x14, 0x00, 0x0b, 0x00, 0x01}, 7, RC_OK},
		{{0x00, 0x16, 0x00, 0x0c, 0x02, 0x00}, 6 + 512, RC_OK},
		{{0x00, 0x16, 0x00, 0x0c, 0x02, 0x01}, 6 + 513, RC_MALFORMED},
		{{0x00, 0x16, 0x00, 0x0c, 0xff, 0xff}, 6 + 512, RC_MALFORMED},
		{{0x00, 0x18, 0x00, 0x0b, 0x00, 0x00}, 6 + 2, RC_MALFORMED},
		{{0x00, 0x18, 0x00, 0x0b, 0x00, 0x43}, 6 + 67 + 2, RC_MALFORMED},
		{{0x00, 0x18, 0x00, 0x0b, 0x00, 0x20}, 6 + 32 + 2, RC_MALFORMED}, /* s is empty */
		{{0x00, 0x14, 0x00, 0x10, 0x00, 0x01}, 7, RC_UNSUPPORTED},        /* no hash */
		{{0x00, 0x14, 0x00, 0x04, 0x00, 0x01}, 7, RC_OK},                 /* SHA-1: judged later */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint8_t room[ROOM_BYTES] = {0};
		struct signature signature = {0};

		memcpy(room, rows[i].head, sizeof rows[i].head);
		assert_rc(tpm_signature_parse(span_of(room, rows[i].len), &signature), rows[i].rc);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ecdsa_signature_has_two_numbers),
		cmocka_unit_test(an_rsa_signature_has_one),
		cmocka_unit_test(every_truncation_and_extension_is_refused),
		cmocka_unit_test(only_three_schemes_are_read),
		cmocka_unit_test(numbers_are_neither_empty_nor_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
