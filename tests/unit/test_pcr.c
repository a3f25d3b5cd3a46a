#include "lib/evidence/pcr.h"

#include "lib/base/hex.h"
#include "lib/evidence/attest.h"
#include "tests/support/test.h"

static struct pcr_selection selection_of(const char *quote)
{
	struct attest attest = {0};

	assert_ok(attest_parse(vector(quote), &attest));
	return attest.selection;
}

static void a_selection_is_read_and_written(void **state)
{
	static const uint8_t two[] = {0, 0, 0, 2, 0, 4, 3, 0x01, 0x04, 0x80, 0, 11, 1, 0xff};
	uint8_t again[PCR_SELECTION_MAX_BYTES];
	char text[PCR_SELECTION_TEXT_BYTES];
	struct pcr_selection selection = {0};

	(void)state;
	assert_ok(pcr_selection_parse(SPAN(two), &selection));
	assert_int_equal(selection.banks[0].mask, 0x800401);
	assert_int_equal(pcr_selection_encode(&selection, again), sizeof two);
	assert_memory_equal(again, two, sizeof two);
	assert_int_equal(pcr_selection_pcrs(&selection), 11);
	assert_string_equal(pcr_selection_text(&selection, text), "sha1:0,10,23+sha256:0,1,2,3,4,5,6,7");
}

static void truncated_overlong_and_lying_selections_are_refused(void **state)
{
	static const uint8_t two[] = {0, 0, 0, 2, 0, 4, 3, 0x01, 0x04, 0x80, 0, 11, 1, 0xff, 0};
	uint8_t many[4 + 17 * 4] = {0, 0, 0, 17};
	struct pcr_selection selection = {0};

	(void)state;
	for (size_t n = 0; n < sizeof two - 1; n++)
		assert_rc(pcr_selection_parse(span_of(two, n), &selection), RC_MALFORMED);
	assert_rc(pcr_selection_parse(SPAN(two), &selection), RC_MALFORMED);
	for (size_t i = 0; i < 17; i++)
		memcpy(many + 4 + 4 * i, (const uint8_t[]){0, 11, 1, 1}, 4);
	assert_rc(pcr_selection_parse(SPAN(many), &selection), RC_LIMIT);
	assert_int_equal(selection.count, 0);
	many[3] = 16;
	assert_ok(pcr_selection_parse(span_of(many, 4 + 16 * 4), &selection));
}

static void mask_sizes_are_one_to_four(void **state)
{
	(void)state;
	for (uint8_t size = 0; size <= 6; size++) {
		uint8_t bytes[4 + 3 + 6] = {0, 0, 0, 1, 0, 11, size, 1};
		struct pcr_selection selection = {0};

		assert_rc(pcr_selection_parse(span_of(bytes, 7u + size), &selection),
			size >= 1 && size <= 4 ? RC_OK : RC_MALFORMED);
	}
}

static void a_selection_is_built_pcr_by_pcr(void **state)
{
	struct pcr_selection selection = {0};
	char text[PCR_SELECTION_TEXT_BYTES];

	(void)state;
	assert_ok(pcr_selection_add(&selection, TPM_ALG_SHA256, 23));
	assert_ok(pcr_selection_add(&selection, TPM_ALG_SHA1, 10));
	assert_ok(pcr_selection_add(&selection, TPM_ALG_SHA256, 0));
	assert_ok(pcr_selection_add(&selection, TPM_ALG_SHA256, 0));
	assert_rc(pcr_selection_add(&selection, TPM_ALG_SHA256, 24), RC_LIMIT);
	assert_rc(pcr_selection_add(&selection, TPM_ALG_RSA, 0), RC_UNSUPPORTED);
	assert_string_equal(pcr_selection_text(&selection, text), "sha256:0,23+sha1:10");
	assert_true(pcr_selection_has(&selection, TPM_ALG_SHA1, 10));
	assert_false(pcr_selection_has(&selection, TPM_ALG_SHA1, 11));
	assert_false(pcr_selection_has(&selection, TPM_ALG_SHA384, 10));
	assert_false(pcr_selection_has(&selection, TPM_ALG_SHA256, 32));
}

static void equal_selections_have_the_same_banks_in_the_same_order(void **state)
{
	const struct pcr_selection asked = {2, {{TPM_ALG_SHA1, 3, 0x401}, {TPM_ALG_SHA256, 3, 0x80}}};
	static const struct {
		struct pcr_selection given;
		bool equal;
	} rows[] = {
		{{2, {{TPM_ALG_SHA1, 3, 0x401}, {TPM_ALG_SHA256, 3, 0x80}}}, true},
		{{2, {{TPM_ALG_SHA1, 4, 0x401}, {TPM_ALG_SHA256, 1, 0x80}}},
			true}, /* as many mask bytes as it likes */
		{{2, {{TPM_ALG_SHA256, 3, 0x80}, {TPM_ALG_SHA1, 3, 0x401}}}, false},
		{{2, {{TPM_ALG_SHA1, 3, 0x401}, {TPM_ALG_SHA256, 3, 0x81}}}, false},
		{{2, {{TPM_ALG_SHA1, 3, 0x401}, {TPM_ALG_SHA256, 4, 0x01000080}}}, false},
		{{2, {{TPM_ALG_SHA1, 3, 0x401}, {TPM_ALG_SHA384, 3, 0x80}}}, false},
		{{1, {{TPM_ALG_SHA1, 3, 0x401}}}, false},
		{{3, {{TPM_ALG_SHA1, 3, 0x401}, {TPM_ALG_SHA256, 3, 0x80}, {TPM_ALG_SHA384, 3, 0}}}, false},
		{{0}, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(pcr_selection_equal(&asked, &rows[i].given), rows[i].equal);
}

static void the_digest_of_real_values_is_the_quoted_one(void **state)
{
	static const char *const stems[] = {"vm-imang/ecc_0", "vm-imang/rsa_1", "vm-imang/ecc_later",
		"vm-imabuf/ecc_0", "vm-imabuf/rsa_3banks"};

	(void)state;
	for (size_t i = 0; i < COUNT(stems); i++) {
		char name[2][64] = {""};
		struct attest attest = {0};
		struct pcr_values values = {0};
		uint8_t digest[TPM_HASH_MAX_BYTES];
		size_t len = 0;

		strcat(strcat(name[0], stems[i]), ".msg");
		strcat(strcat(name[1], stems[i]), ".pcrs");
		assert_ok(attest_parse(vector(name[0]), &attest));
		assert_ok(pcr_values_parse(&attest.selection, vector(name[1]), &values));
		assert_ok(pcr_values_digest(&values, TPM_ALG_SHA256, digest, &len));
		assert_spans_equal(span_of(digest, len), attest.pcr_digest);
	}
}

/* What a TPM quotes when it is asked for no PCR at all (seen with libtpms 0.9.2). */
static void the_digest_of_no_values_is_that_of_no_bytes(void **state)
{
	static const char expected[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
	const struct pcr_selection none = {0};
	struct pcr_values values = {0};
	uint8_t digest[TPM_HASH_MAX_BYTES];
	char text[HEX_BYTES(TPM_HASH_MAX_BYTES)];
	size_t len = 0;

	(void)state;
	assert_ok(pcr_values_parse(&none, (struct span){0}, &values));
	assert_ok(pcr_values_digest(&values, TPM_ALG_SHA256, digest, &len));
	assert_string_equal(hex_encode(span_of(digest, len), text), expected);
}

static void values_are_found_by_bank_and_number(void **state)
{
	struct pcr_selection selection = selection_of("vm-imabuf/rsa_3banks.msg");
	struct span bytes = vector("vm-imabuf/rsa_3banks.pcrs");
	struct pcr_values values = {0};
	struct span value = {0};
	char text[HEX_BYTES(TPM_HASH_MAX_BYTES)];

	(void)state;
	assert_ok(pcr_values_parse(&selection, bytes, &values));
	assert_ok(pcr_values_get(&values, TPM_ALG_SHA1, 0, &value));
	assert_spans_equal(value, span_of(bytes.at, 20));
	assert_ok(pcr_values_get(&values, TPM_ALG_SHA256, 14, &value));
	assert_string_equal(
		hex_encode(value, text), "b9c97933fe323334271a718fdf2966e0609afcb793f3b68aaf18fc31ea39dc0a");
	assert_ok(pcr_values_get(&values, TPM_ALG_SHA384, 14, &value));
	assert_spans_equal(value, span_of(bytes.at + bytes.len - 48, 48));
	assert_rc(pcr_values_get(&values, TPM_ALG_SHA384, 11, &value), RC_NOT_FOUND);
	assert_rc(pcr_values_get(&values, TPM_ALG_SHA512, 0, &value), RC_NOT_FOUND);
	assert_rc(pcr_values_get(&values, TPM_ALG_SHA1, 32, &value), RC_NOT_FOUND);
}

static void values_have_exactly_the_implied_length(void **state)
{
	struct pcr_selection selection = selection_of("vm-imang/ecc_0.msg");
	const struct pcr_selection unknown = {1, {{0x7777, 3, 1}}};
	const struct pcr_selection unknown_empty = {1, {{0x7777, 3, 0}}};
	static const uint8_t bytes[15 * 32 + 1];
	struct pcr_values values = {0};

	(void)state;
	for (size_t n = 0; n <= sizeof bytes; n++)
		assert_rc(pcr_values_parse(&selection, span_of(bytes, n), &values),
			n == 15 * 32 ? RC_OK : RC_MALFORMED);
	assert_rc(pcr_values_parse(&unknown, span_of(bytes, 32), &values), RC_UNSUPPORTED);
	assert_ok(pcr_values_parse(&unknown_empty, span_of(bytes, 0), &values));
}

static void extending_hashes_the_old_value_and_the_digest(void **state)
{
	/* SHA-256 of 64 zero bytes. */
	static const char expected[] = "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b";
	static const uint8_t zeros[32];
	struct pcr_register pcr = {0};
	char text[HEX_BYTES(TPM_HASH_MAX_BYTES)];

	(void)state;
	assert_ok(pcr_register_init(&pcr, TPM_ALG_SHA256, 0));
	assert_ok(pcr_register_extend(&pcr, SPAN(zeros)));
	assert_string_equal(hex_encode(span_of(pcr.bytes, pcr.len), text), expected);
	assert_rc(pcr_register_extend(&pcr, span_of(zeros, 31)), RC_MALFORMED);
	assert_rc(pcr_register_extend(&pcr, span_of(zeros, 20)), RC_MALFORMED);
	assert_string_equal(hex_encode(span_of(pcr.bytes, pcr.len), text), expected);
	assert_rc(pcr_register_init(&pcr, TPM_ALG_AES, 0), RC_UNSUPPORTED);
	assert_ok(pcr_register_init(&pcr, TPM_ALG_SHA384, 0xff));
	assert_int_equal(pcr.len, 48);
	assert_int_equal(pcr.bytes[47], 0xff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_selection_is_read_and_written),
		cmocka_unit_test(truncated_overlong_and_lying_selections_are_refused),
		cmocka_unit_test(mask_sizes_are_one_to_four),
		cmocka_unit_test(a_selection_is_built_pcr_by_pcr),
		cmocka_unit_test(equal_selections_have_the_same_banks_in_the_same_order),
		cmocka_unit_test(the_digest_of_real_values_is_the_quoted_one),
		cmocka_unit_test(the_digest_of_no_values_is_that_of_no_bytes),
		cmocka_unit_test(values_are_found_by_bank_and_number),
		cmocka_unit_test(values_have_exactly_the_implied_length),
		cmocka_unit_test(extending_hashes_the_old_value_and_the_digest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
