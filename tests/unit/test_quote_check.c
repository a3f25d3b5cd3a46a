#include "lib/evidence/quote_check.h"

#include "tests/support/quote.h"
#include "tests/support/test.h"

static const struct {
	const char *vm, *key, *stem, *nonce;
} quotes[] = {
	{"vm-imang", "ecc", "ecc_0", "nonce.bin"},
	{"vm-imang", "rsa", "rsa_0", "nonce.bin"},
	{"vm-imang", "ecc", "ecc_1", "nonce.bin"},
	{"vm-imang", "rsa", "rsa_1", "nonce.bin"},
	{"vm-imang", "ecc", "ecc_later", "nonce_later.bin"},
	{"vm-imang", "rsa", "rsa_later", "nonce_later.bin"},
	{"vm-imabuf", "ecc", "ecc_0", "nonce.bin"},
	{"vm-imabuf", "rsa", "rsa_0", "nonce.bin"},
	{"vm-imabuf", "rsa", "rsa_3banks", "nonce.bin"},
};

static void open_quote(struct captured *out)
{
	captured_open(out, "vm-imang", "ecc", "ecc_0", "nonce.bin");
}

static uint32_t failed_checks(const struct quote_claim *claim)
{
	struct quote_verdict verdict = {0};

	assert_ok(quote_check(claim, &verdict));
	assert_int_equal(verdict.accepted, verdict.failed == 0);
	return verdict.failed;
}

static void real_quotes_are_accepted(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(quotes); i++) {
		DROP(captured_release) struct captured q = {0};

		captured_open(&q, quotes[i].vm, quotes[i].key, quotes[i].stem, quotes[i].nonce);
		assert_int_equal(failed_checks(&q.claim), 0);
	}
}

static void no_flipped_bit_of_a_quote_is_accepted(void **state)
{
	DROP(captured_release) struct captured q = {0};
	uint8_t room[ATTEST_MAX_BYTES];
	struct span whole;

	(void)state;
	open_quote(&q);
	whole = q.attest.bytes;
	memcpy(room, whole.at, whole.len);
	for (size_t bit = 0; bit < whole.len * 8; bit++) {
		room[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (attest_parse(span_of(room, whole.len), &q.attest) == RC_OK)
			assert_true(failed_checks(&q.claim) & 1u << QUOTE_SIGNATURE);
		room[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

static void no_flipped_bit_of_a_signature_is_accepted(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		DROP(captured_release) struct captured q = {0};
		struct span whole = vector(i == 0 ? "vm-imang/ecc_0.sig" : "vm-imang/rsa_0.sig");
		uint8_t room[TPM_SIGNATURE_MAX_BYTES];

		captured_open(&q, quotes[i].vm, quotes[i].key, quotes[i].stem, quotes[i].nonce);
		memcpy(room, whole.at, whole.len);
		for (size_t bit = 0; bit < whole.len * 8; bit++) {
			room[bit / 8] ^= (uint8_t)(1u << bit % 8);
			if (tpm_signature_parse(span_of(room, whole.len), &q.signature) == RC_OK)
				assert_true(failed_checks(&q.claim) & 1u << QUOTE_SIGNATURE);
			room[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
	}
}

static void no_flipped_bit_of_the_values_is_accepted(void **state)
{
	DROP(captured_release) struct captured q = {0};
	uint8_t room[15 * 32];

	(void)state;
	captured_open(&q, "vm-imang", "rsa", "rsa_0", "nonce.bin");
	assert_int_equal(q.claim.values.len, sizeof room);
	memcpy(room, q.claim.values.at, sizeof room);
	q.claim.values = SPAN(room);
	for (size_t bit = 0; bit < sizeof room * 8; bit++) {
		room[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(failed_checks(&q.claim), 1u << QUOTE_DIGEST);
		room[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t n = 0; n < sizeof room; n++) {
		q.claim.values = span_of(room, n);
		assert_int_equal(failed_checks(&q.claim), 1u << QUOTE_DIGEST);
	}
}

static void no_flipped_bit_of_the_expected_data_is_accepted(void **state)
{
	DROP(captured_release) struct captured q = {0};
	uint8_t data[32];

	(void)state;
	captured_open(&q, "vm-imang", "rsa", "rsa_0", "nonce.bin");
	memcpy(data, q.claim.data.at, sizeof data);
	q.claim.data = SPAN(data);
	for (size_t bit = 0; bit < sizeof data * 8; bit++) {
		data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(failed_checks(&q.claim), 1u << QUOTE_DATA);
		data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t n = 0; n < sizeof data; n++) {
		q.claim.data = span_of(data, n);
		assert_int_equal(failed_checks(&q.claim), 1u << QUOTE_DATA);
	}
}

/* Nothing expected must never match a quote without data. */
static void empty_data_is_never_accepted(void **state)
{
	DROP(captured_release) struct captured q = {0};

	(void)state;
	open_quote(&q);
	q.claim.data = (struct span){0};
	q.attest.extra_data = (struct span){0};
	assert_int_equal(failed_checks(&q.claim), 1u << QUOTE_DATA);
}

static void a_quote_by_another_key_is_refused(void **state)
{
	static const char *const others[][2] = {
		{"vm-imabuf", "ecc"}, {"vm-imabuf", "rsa"}, {"vm-imang", "rsa"}};

	(void)state;
	for (size_t i = 0; i < COUNT(others); i++) {
		DROP(captured_release) struct captured q = {0};
		DROP(captured_release) struct captured other = {0};

		open_quote(&q);
		captured_open(&other, others[i][0], others[i][1], i == 0 ? "ecc_0" : "rsa_0", "nonce.bin");
		q.claim.ak = other.ak;
		assert_int_equal(failed_checks(&q.claim), 1u << QUOTE_SIGNATURE);
	}
}

static void a_quote_of_another_moment_is_refused(void **state)
{
	DROP(captured_release) struct captured first = {0};
	DROP(captured_release) struct captured later = {0};

	(void)state;
	open_quote(&first);
	captured_open(&later, "vm-imang", "ecc", "ecc_later", "nonce_later.bin");
	/* The old quote, replayed against the new challenge with the new values. */
	first.claim.data = later.claim.data;
	first.claim.values = later.claim.values;
	assert_int_equal(failed_checks(&first.claim), 1u << QUOTE_DATA | 1u << QUOTE_DIGEST);
}

static void sha1_and_other_kinds_are_not_allowed(void **state)
{
	DROP(captured_release) struct captured q = {0};

	(void)state;
	open_quote(&q);
	q.signature.hash = DIGEST_SHA1;
	assert_int_equal(
		failed_checks(&q.claim), 1u << QUOTE_SIGNATURE | 1u << QUOTE_SCHEME | 1u << QUOTE_DIGEST);
	q.signature.hash = DIGEST_NONE;
	assert_int_equal(
		failed_checks(&q.claim), 1u << QUOTE_SIGNATURE | 1u << QUOTE_SCHEME | 1u << QUOTE_DIGEST);
	q.signature.hash = DIGEST_SHA256;
	q.signature.scheme = 0;
	assert_int_equal(failed_checks(&q.claim), 1u << QUOTE_SIGNATURE | 1u << QUOTE_SCHEME);
}

static void only_quotes_that_a_tpm_generated_are_accepted(void **state)
{
	DROP(captured_release) struct captured q = {0};

	(void)state;
	open_quote(&q);
	q.attest.magic ^= 1;
	assert_int_equal(failed_checks(&q.claim), 1u << QUOTE_TYPE);
	q.attest.magic ^= 1;
	q.attest.type = 0x8017; /* TPM_ST_ATTEST_CERTIFY */
	assert_int_equal(failed_checks(&q.claim), 1u << QUOTE_TYPE);
}

static void exactly_the_asked_pcrs_must_be_quoted(void **state)
{
	DROP(captured_release) struct captured q = {0};

	(void)state;
	captured_open(&q, "vm-imabuf", "rsa", "rsa_3banks", "nonce.bin");
	q.asked.banks[0].size = 4;
	assert_int_equal(failed_checks(&q.claim), 0);
	q.asked.banks[0].mask ^= 1u << 16;
	assert_int_equal(failed_checks(&q.claim), 1u << QUOTE_SELECTION | 1u << QUOTE_DIGEST);
	q.asked.banks[0].mask ^= 1u << 16;
	q.asked.count--;
	assert_int_equal(failed_checks(&q.claim), 1u << QUOTE_SELECTION | 1u << QUOTE_DIGEST);
	q.asked.count++;
	q.asked.banks[0].alg = TPM_ALG_SHA256;
	q.asked.banks[1].alg = TPM_ALG_SHA1;
	assert_true(failed_checks(&q.claim) & 1u << QUOTE_SELECTION);
	/* Other PCRs of the same number have values of the same length: the digest alone would not tell. */
	q.asked = q.attest.selection;
	q.asked.banks[2].mask ^= 1u << 14 | 1u << 15;
	assert_int_equal(failed_checks(&q.claim), 1u << QUOTE_SELECTION);
}

static void the_signer_is_checked_when_one_is_expected(void **state)
{
	DROP(captured_release) struct captured q = {0};
	DROP(captured_release) struct captured other = {0};

	(void)state;
	open_quote(&q);
	captured_open(&other, "vm-imang", "rsa", "rsa_0", "nonce.bin");
	q.claim.signer = other.claim.signer;
	assert_int_equal(failed_checks(&q.claim), 1u << QUOTE_SIGNER);
	q.claim.signer = span_of(q.signer.bytes, q.signer.len - 1);
	assert_int_equal(failed_checks(&q.claim), 1u << QUOTE_SIGNER);
	q.claim.signer = (struct span){0};
	assert_int_equal(failed_checks(&q.claim), 0);
}

static void counters_do_not_run_backwards(void **state)
{
	/* The quote has reset count 2, restart count 0, clock 65526. */
	static const struct {
		struct quote_counters last;
		uint32_t failed;
		bool rebooted;
	} rows[] = {
		{{false, UINT64_MAX, UINT32_MAX, UINT32_MAX}, 0, false},
		{{true, 65525, 2, 0}, 0, false},
		{{true, 65526, 2, 0}, 0, false},
		{{true, 65527, 2, 0}, 1u << QUOTE_CLOCK, false},
		{{true, 65526, 2, 1}, 1u << QUOTE_CLOCK, false},
		{{true, 65526, 3, 0}, 1u << QUOTE_RESET, false},
		{{true, 0, UINT32_MAX, 0}, 1u << QUOTE_RESET, false},
		{{true, 65526, 1, 0}, 0, true},
		{{true, 99999, 1, 7}, 0, true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		DROP(captured_release) struct captured q = {0};
		struct quote_verdict verdict = {0};

		open_quote(&q);
		assert_int_equal(q.attest.clock, 65526);
		q.claim.last = rows[i].last;
		assert_ok(quote_check(&q.claim, &verdict));
		assert_int_equal(verdict.failed, rows[i].failed);
		assert_int_equal(verdict.rebooted, rows[i].rebooted);
	}
}

static void real_boots_follow_one_another(void **state)
{
	DROP(captured_release) struct captured first = {0};
	DROP(captured_release) struct captured later = {0};
	struct quote_verdict verdict = {0};

	(void)state;
	open_quote(&first);
	captured_open(&later, "vm-imang", "ecc", "ecc_later", "nonce_later.bin");
	later.claim.last = quote_counters_of(&first.attest);
	assert_ok(quote_check(&later.claim, &verdict));
	assert_true(verdict.accepted);
	assert_true(verdict.rebooted);
	first.claim.last = quote_counters_of(&later.attest);
	assert_ok(quote_check(&first.claim, &verdict));
	assert_int_equal(verdict.failed, 1u << QUOTE_RESET);
	assert_false(verdict.rebooted);
}

static void every_failure_is_reported_at_once(void **state)
{
	DROP(captured_release) struct captured q = {0};
	DROP(captured_release) struct captured other = {0};

	(void)state;
	open_quote(&q);
	captured_open(&other, "vm-imabuf", "rsa", "rsa_3banks", "nonce.bin");
	q.claim.ak = other.ak;
	q.claim.data = other.claim.data;
	q.claim.asked = &other.asked;
	q.claim.signer = other.claim.signer;
	q.claim.last = (struct quote_counters){true, 0, 3, 0};
	assert_int_equal(failed_checks(&q.claim), 1u << QUOTE_SIGNATURE | 1u << QUOTE_DATA |
							  1u << QUOTE_SELECTION | 1u << QUOTE_DIGEST |
							  1u << QUOTE_SIGNER | 1u << QUOTE_RESET);
}

static void every_reason_has_words_a_clause_and_texts(void **state)
{
	DROP(captured_release) struct captured q = {0};

	(void)state;
	open_quote(&q);
	for (unsigned i = 0; i < QUOTE_REASON_COUNT; i++) {
		enum quote_reason reason = (enum quote_reason)i;
		struct quote_texts texts;

		quote_reason_texts(&q.claim, reason, &texts);
		assert_true(strlen(texts.expected) > 0 && strlen(texts.found) > 0);
		assert_true(strlen(quote_reason_name(reason)) > 0 && strlen(quote_reason_words(reason)) > 0);
		assert_non_null(strstr(quote_reason_clause(reason), "TPM 2.0 Part"));
	}
}

static void texts_show_both_sides(void **state)
{
	DROP(captured_release) struct captured q = {0};
	struct quote_texts texts;

	(void)state;
	open_quote(&q);
	q.asked.banks[0].mask = 0x81;
	quote_reason_texts(&q.claim, QUOTE_SELECTION, &texts);
	assert_string_equal(texts.expected, "sha256:0,7");
	assert_string_equal(texts.found, "sha256:0,1,2,3,4,5,6,7,8,9,10,11,12,13,14");
	quote_reason_texts(&q.claim, QUOTE_DIGEST, &texts);
	assert_string_equal(texts.found, "480 bytes of values, which do not fit the selection");
	q.claim.last = (struct quote_counters){true, 70000, 2, 0};
	quote_reason_texts(&q.claim, QUOTE_CLOCK, &texts);
	assert_string_equal(
		texts.expected, "at least reset count 2, and with it restart count 0 and clock 70000 ms");
	assert_string_equal(texts.found, "reset count 2, restart count 0, clock 65526 ms");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_quotes_are_accepted),
		cmocka_unit_test(no_flipped_bit_of_a_quote_is_accepted),
		cmocka_unit_test(no_flipped_bit_of_a_signature_is_accepted),
		cmocka_unit_test(no_flipped_bit_of_the_values_is_accepted),
		cmocka_unit_test(no_flipped_bit_of_the_expected_data_is_accepted),
		cmocka_unit_test(empty_data_is_never_accepted),
		cmocka_unit_test(a_quote_by_another_key_is_refused),
		cmocka_unit_test(a_quote_of_another_moment_is_refused),
		cmocka_unit_test(sha1_and_other_kinds_are_not_allowed),
		cmocka_unit_test(only_quotes_that_a_tpm_generated_are_accepted),
		cmocka_unit_test(exactly_the_asked_pcrs_must_be_quoted),
		cmocka_unit_test(the_signer_is_checked_when_one_is_expected),
		cmocka_unit_test(counters_do_not_run_backwards),
		cmocka_unit_test(real_boots_follow_one_another),
		cmocka_unit_test(every_failure_is_reported_at_once),
		cmocka_unit_test(every_reason_has_words_a_clause_and_texts),
		cmocka_unit_test(texts_show_both_sides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
