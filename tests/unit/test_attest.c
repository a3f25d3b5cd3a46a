#include "lib/evidence/attest.h"

#include "lib/evidence/tpm_name.h"
#include "tests/support/test.h"

static const char *const quotes[] = {"vm-imang/ecc_0.msg", "vm-imang/rsa_0.msg", "vm-imang/ecc_later.msg",
	"vm-imabuf/ecc_0.msg", "vm-imabuf/rsa_3banks.msg"};

/* Offsets in a quote with a SHA-256 name and 32 bytes of extra data. */
#define AT_EXTRA_LEN 42
#define AT_SAFE      92
#define AT_BANKS     101
#define AT_MASK_SIZE 107

/* A copy of ecc_0.msg to be altered. */
static struct span copy_of_quote(uint8_t room[ATTEST_MAX_BYTES])
{
	struct span whole = vector("vm-imang/ecc_0.msg");

	assert_true(whole.len <= ATTEST_MAX_BYTES);
	memcpy(room, whole.at, whole.len);
	return span_of(room, whole.len);
}

static void a_real_quote_yields_its_facts(void **state)
{
	struct span whole = vector("vm-imang/ecc_0.msg");
	struct attest attest = {0};

	(void)state;
	assert_ok(attest_parse(whole, &attest));
	assert_int_equal(attest.magic, ATTEST_GENERATED);
	assert_int_equal(attest.type, ATTEST_TYPE_QUOTE);
	assert_int_equal(attest.qualified_signer.len, 34);
	assert_spans_equal(attest.extra_data, vector("vm-imang/nonce.bin"));
	assert_int_equal(attest.clock, 65526);
	assert_int_equal(attest.reset_count, 2);
	assert_int_equal(attest.restart_count, 0);
	assert_true(attest.safe);
	assert_int_equal(attest.firmware_version, 0x2019102300163636);
	assert_int_equal(attest.selection.count, 1);
	assert_int_equal(attest.selection.banks[0].alg, TPM_ALG_SHA256);
	assert_int_equal(attest.selection.banks[0].size, 3);
	assert_int_equal(attest.selection.banks[0].mask, 0x7fff);
	assert_int_equal(attest.pcr_digest.len, 32);
	assert_spans_equal(attest.bytes, whole);
}

static void three_banks_are_read_in_their_order(void **state)
{
	static const uint16_t algs[] = {TPM_ALG_SHA1, TPM_ALG_SHA256, TPM_ALG_SHA384};
	struct attest attest = {0};

	(void)state;
	assert_ok(attest_parse(vector("vm-imabuf/rsa_3banks.msg"), &attest));
	assert_int_equal(attest.selection.count, COUNT(algs));
	for (size_t i = 0; i < COUNT(algs); i++) {
		assert_int_equal(attest.selection.banks[i].alg, algs[i]);
		assert_int_equal(attest.selection.banks[i].mask, 0x47ff);
	}
}

static void every_truncation_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(quotes); i++) {
		struct span whole = vector(quotes[i]);
		struct attest attest = {0};

		assert_ok(attest_parse(whole, &attest));
		for (size_t n = 0; n < whole.len; n++)
			assert_rc(attest_parse(span_of(whole.at, n), &attest), RC_MALFORMED);
		/* Refusals left the facts alone. */
		assert_spans_equal(attest.bytes, whole);
	}
}

static void a_trailing_byte_is_refused(void **state)
{
	uint8_t room[ATTEST_MAX_BYTES] = {0};
	struct span whole = copy_of_quote(room);
	struct attest attest = {0};

	(void)state;
	assert_rc(attest_parse(span_of(room, whole.len + 1), &attest), RC_MALFORMED);
}

static void every_other_magic_is_refused(void **state)
{
	uint8_t room[ATTEST_MAX_BYTES];
	struct span whole = copy_of_quote(room);
	struct attest attest = {0};

	(void)state;
	for (unsigned bit = 0; bit < 32; bit++) {
		room[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_rc(attest_parse(whole, &attest), RC_MALFORMED);
		room[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

static void every_other_type_is_refused(void **state)
{
	uint8_t room[ATTEST_MAX_BYTES];
	struct span whole = copy_of_quote(room);
	struct attest attest = {0};

	(void)state;
	for (unsigned type = 0; type < 0x10000; type++) {
		bool quote = type == ATTEST_TYPE_QUOTE;
		bool other = type >= 0x8014 && type <= 0x801d;

		room[4] = (uint8_t)(type >> 8);
		room[5] = (uint8_t)type;
		assert_rc(attest_parse(whole, &attest), quote   ? RC_OK
							: other ? RC_UNSUPPORTED
								: RC_MALFORMED);
	}
}

static void lengths_that_lie_are_refused(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
		enum rc rc;
	} rows[] = {
		{6, 0xff, RC_MALFORMED},            /* signer: 65 kB */
		{7, 67, RC_MALFORMED},              /* signer: longer than a name */
		{AT_EXTRA_LEN, 0xff, RC_MALFORMED}, /* extra data: 65 kB */
		{AT_EXTRA_LEN + 1, 67, RC_MALFORMED},
		{AT_SAFE, 2, RC_MALFORMED}, /* neither yes nor no */
		{AT_BANKS, 0xff, RC_LIMIT}, /* 4 billion banks */
		{AT_BANKS + 3, 17, RC_LIMIT},
		{AT_BANKS + 3, 16, RC_MALFORMED},
		{AT_BANKS + 3, 0, RC_MALFORMED},
		{AT_MASK_SIZE, 0, RC_MALFORMED},
		{AT_MASK_SIZE, 5, RC_MALFORMED},
		{AT_MASK_SIZE, 4, RC_MALFORMED}, /* shifts all that follows */
		{AT_MASK_SIZE + 5, 33, RC_MALFORMED},
		{AT_MASK_SIZE + 5, 31, RC_MALFORMED},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint8_t room[ATTEST_MAX_BYTES];
		struct span whole = copy_of_quote(room);
		struct attest attest = {0};

		/* The rows point at what they mean to alter. */
		assert_int_equal(whole.at[AT_EXTRA_LEN + 1], 32);
		assert_int_equal(whole.at[AT_SAFE], 1);
		assert_int_equal(whole.at[AT_BANKS + 3], 1);
		assert_int_equal(whole.at[AT_MASK_SIZE - 1], TPM_ALG_SHA256);
		assert_int_equal(whole.at[AT_MASK_SIZE], 3);
		room[rows[i].at] = rows[i].value;
		assert_rc(attest_parse(whole, &attest), rows[i].rc);
	}
}

/* ---- certifications ---- */

static void a_real_certification_yields_its_facts(void **state)
{
	struct span whole = vector("certify/certify.msg");
	struct span key = vector("certify/key.pub");
	struct tpm_name name;
	struct attest attest = {0};

	(void)state;
	assert_ok(attest_parse_certify(whole, &attest));
	assert_int_equal(attest.type, ATTEST_TYPE_CERTIFY);
	assert_int_equal(attest.extra_data.len, 32);
	assert_int_equal(attest.qualified_name.len, 34);
	assert_ok(tpm_name_of(span_of(key.at + 2, key.len - 2), &name));
	assert_spans_equal(attest.name, tpm_name_span(&name));
	assert_int_equal(attest.selection.count, 0);
	assert_spans_equal(attest.bytes, whole);
}

static void a_certification_of_another_length_is_refused(void **state)
{
	struct span whole = vector("certify/certify.msg");
	uint8_t room[ATTEST_MAX_BYTES] = {0};
	struct attest attest = {0};

	(void)state;
	for (size_t n = 0; n < whole.len; n++)
		assert_rc(attest_parse_certify(span_of(whole.at, n), &attest), RC_MALFORMED);
	memcpy(room, whole.at, whole.len);
	assert_rc(attest_parse_certify(span_of(room, whole.len + 1), &attest), RC_MALFORMED);
	assert_null(attest.bytes.at);
}

static void a_certification_without_a_name_is_refused(void **state)
{
	struct span whole = vector("certify/certify.msg");
	uint8_t room[ATTEST_MAX_BYTES] = {0};
	struct attest attest = {0};

	(void)state;
	/* The two names come last, 2 + 34 bytes each. */
	memcpy(room, whole.at, whole.len - 72);
	room[whole.len - 72 + 3] = 34;
	memcpy(room + whole.len - 72 + 4, whole.at + whole.len - 34, 34);
	assert_rc(attest_parse_certify(span_of(room, whole.len - 34), &attest), RC_MALFORMED);
}

static void a_quote_is_no_certification_nor_the_other_way_round(void **state)
{
	struct attest attest = {0};

	(void)state;
	assert_rc(attest_parse(vector("certify/certify.msg"), &attest), RC_UNSUPPORTED);
	assert_rc(attest_parse_certify(vector("certify/quote.msg"), &attest), RC_UNSUPPORTED);
	for (size_t i = 0; i < COUNT(quotes); i++)
		assert_rc(attest_parse_certify(vector(quotes[i]), &attest), RC_UNSUPPORTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_real_quote_yields_its_facts),
		cmocka_unit_test(three_banks_are_read_in_their_order),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(a_trailing_byte_is_refused),
		cmocka_unit_test(every_other_magic_is_refused),
		cmocka_unit_test(every_other_type_is_refused),
		cmocka_unit_test(lengths_that_lie_are_refused),
		cmocka_unit_test(a_real_certification_yields_its_facts),
		cmocka_unit_test(a_certification_of_another_length_is_refused),
		cmocka_unit_test(a_certification_without_a_name_is_refused),
		cmocka_unit_test(a_quote_is_no_certification_nor_the_other_way_round),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
