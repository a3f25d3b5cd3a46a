#include "lib/pki/tpm_key_file.h"

#include "lib/base/drop.h"
#include "lib/pki/pem.h"
#include "tests/support/test.h"

static struct tpm_key_file real(void)
{
	return (struct tpm_key_file){0x40000001, vector("certify/key.pub"), vector("certify/key.priv")};
}

static void what_is_written_is_read_again(void **state)
{
	struct tpm_key_file key = real();
	struct tpm_key_file read = {0};
	DROP(blob_release) struct blob pem = {0};
	DROP(blob_release) struct blob der = {0};
	struct err err = {0};

	(void)state;
	assert_ok(tpm_key_file_write(&key, &pem));
	assert_memory_equal(pem.at, "-----BEGIN TSS2 PRIVATE KEY-----\n", 33);
	assert_ok(tpm_key_file_read(blob_span(&pem), &der, &read, &err));
	assert_int_equal(read.parent, key.parent);
	assert_spans_equal(read.public_2b, key.public_2b);
	assert_spans_equal(read.private_2b, key.private_2b);
}

/* SEQUENCE, OID 2.23.133.10.1.3, [0] TRUE, INTEGER 0x40000001, OCTET STRING 00 01 aa, OCTET STRING 00 00. */
static const uint8_t small[] = {0x30, 0x1c, 0x06, 0x06, 0x67, 0x81, 0x05, 0x0a, 0x01, 0x03, 0xa0, 0x03, 0x01,
	0x01, 0xff, 0x02, 0x04, 0x40, 0x00, 0x00, 0x01, 0x04, 0x03, 0x00, 0x01, 0xaa, 0x04, 0x02, 0x00, 0x00};

static enum rc read_der(struct span bytes)
{
	DROP(blob_release) struct blob pem = {0};
	DROP(blob_release) struct blob der = {0};
	struct tpm_key_file read = {0};
	struct err err = {0};

	assert_ok(pem_write(TPM_KEY_FILE_LABEL, bytes, &pem));
	return tpm_key_file_read(blob_span(&pem), &der, &read, &err);
}

static void its_bytes_are_those_of_the_specification(void **state)
{
	static const uint8_t public_2b[] = {0, 1, 0xaa};
	static const uint8_t private_2b[] = {0, 0};
	struct tpm_key_file key = {0x40000001, SPAN(public_2b), SPAN(private_2b)};
	DROP(blob_release) struct blob pem = {0};
	DROP(blob_release) struct blob der = {0};

	(void)state;
	assert_ok(tpm_key_file_write(&key, &pem));
	assert_ok(pem_read(TPM_KEY_FILE_LABEL, blob_span(&pem), &der, NULL));
	assert_spans_equal(blob_span(&der), SPAN(small));
	assert_ok(read_der(SPAN(small)));
}

static void every_truncation_and_every_byte_behind_is_refused(void **state)
{
	uint8_t room[sizeof small + 1] = {0};

	(void)state;
	memcpy(room, small, sizeof small);
	assert_rc(read_der(SPAN(room)), RC_MALFORMED);
	for (size_t n = 1; n < sizeof small; n++)
		assert_int_not_equal(read_der(span_of(small, n)), RC_OK);
}

/* Changes the byte at an offset. */
static void other_kinds_of_keys_are_told_apart(void **state)
{
	static const struct {
		size_t at;
		uint8_t byte;
		enum rc rc;
	} rows[] = {
		{9, 0x04, RC_UNSUPPORTED},  /* importable key */
		{14, 0x00, RC_UNSUPPORTED}, /* has a password */
		{10, 0xa1, RC_UNSUPPORTED}, /* a policy in place of emptyAuth */
		{17, 0xc0, RC_MALFORMED},   /* a negative parent */
		{21, 0x03, RC_MALFORMED},   /* a BIT STRING */
		{0, 0x31, RC_MALFORMED},    /* a SET */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint8_t room[sizeof small];

		memcpy(room, small, sizeof small);
		room[rows[i].at] = rows[i].byte;
		assert_rc(read_der(SPAN(room)), rows[i].rc);
	}
}

static void text_that_is_no_such_file_is_refused(void **state)
{
	static char long_text[TPM_KEY_FILE_MAX + 1];
	DROP(blob_release) struct blob der = {0};
	struct tpm_key_file read = {0};
	struct err err = {0};

	(void)state;
	memset(long_text, 'x', sizeof long_text);
	assert_rc(tpm_key_file_read(span_text(""), &der, &read, &err), RC_NOT_FOUND);
	assert_rc(tpm_key_file_read(span_text("-----BEGIN PRIVATE KEY-----\n"), &der, &read, &err),
		RC_NOT_FOUND);
	assert_rc(
		tpm_key_file_read(
			span_text("-----BEGIN TSS2 PRIVATE KEY-----\n%%%%\n-----END TSS2 PRIVATE KEY-----\n"),
			&der, &read, &err),
		RC_MALFORMED);
	assert_rc(tpm_key_file_read(span_of(long_text, sizeof long_text), &der, &read, &err), RC_LIMIT);
	assert_int_equal(der.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read_again),
		cmocka_unit_test(its_bytes_are_those_of_the_specification),
		cmocka_unit_test(every_truncation_and_every_byte_behind_is_refused),
		cmocka_unit_test(other_kinds_of_keys_are_told_apart),
		cmocka_unit_test(text_that_is_no_such_file_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
