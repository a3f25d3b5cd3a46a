#include <pthread.h>

#include "lib/base/hex.h"
#include "lib/crypto/digest.h"
#include "tests/support/test.h"

/* FIPS 180-4 and GB/T 32905: "abc". */
static const struct {
	enum digest_alg alg;
	const char *value;
} of_abc[] = {
	{DIGEST_SHA1, "a9993e364706816aba3e25717850c26c9cd0d89d"},
	{DIGEST_SHA256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	{DIGEST_SHA384, "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
			"8086072ba1e7cc2358baeca134c825a7"},
	{DIGEST_SHA512, "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
			"2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
	{DIGEST_SM3, "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"},
};

static void assert_hex(const uint8_t *value, size_t len, const char *expected)
{
	char text[HEX_BYTES(DIGEST_BYTES_MAX)];

	assert_string_equal(hex_encode(span_of(value, len), text), expected);
}

/* SM3 may be left out of a libcrypto; the others may not. */
static bool is_left_out(enum digest_alg alg)
{
	uint8_t out[DIGEST_BYTES_MAX];

	return alg == DIGEST_SM3 && digest_bytes(alg, (struct span){0}, out) == RC_UNSUPPORTED;
}

static void published_values_come_out(void **state)
{
	uint8_t out[DIGEST_BYTES_MAX];

	(void)state;
	assert_int_equal(COUNT(of_abc), DIGEST_COUNT - 1);
	for (size_t i = 0; i < COUNT(of_abc); i++) {
		if (is_left_out(of_abc[i].alg))
			continue;
		assert_ok(digest_bytes(of_abc[i].alg, span_text("abc"), out));
		assert_hex(out, digest_size(of_abc[i].alg), of_abc[i].value);
	}
}

static void nothing_has_a_digest_too(void **state)
{
	uint8_t out[DIGEST_BYTES_MAX];

	(void)state;
	assert_ok(digest_bytes(DIGEST_SHA256, (struct span){0}, out));
	assert_hex(out, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_ok(digest_spans(DIGEST_SHA256, NULL, 0, out));
	assert_hex(out, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void spans_hash_as_if_they_were_one(void **state)
{
	const struct span parts[] = {span_text("a"), {0}, span_text("b"), span_text("c")};
	uint8_t out[DIGEST_BYTES_MAX];

	(void)state;
	assert_ok(digest_spans(DIGEST_SHA1, parts, COUNT(parts), out));
	assert_hex(out, 20, of_abc[0].value);
}

static void a_pcr_is_extended_in_place(void **state)
{
	uint8_t pcr[32] = {0};
	uint8_t apart[32];
	uint8_t event[32] = {1, 2, 3};
	const struct span parts[] = {SPAN(pcr), SPAN(event)};

	(void)state;
	assert_ok(digest_spans(DIGEST_SHA256, parts, COUNT(parts), apart));
	assert_ok(digest_spans(DIGEST_SHA256, parts, COUNT(parts), pcr));
	assert_memory_equal(pcr, apart, sizeof pcr);
}

static void a_run_takes_pieces_and_starts_again(void **state)
{
	uint8_t out[DIGEST_BYTES_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(of_abc); i++) {
		DROP(digest_stop) struct digest_run *run = NULL;

		if (is_left_out(of_abc[i].alg))
			continue;
		assert_ok(digest_start(of_abc[i].alg, &run));
		for (int twice = 0; twice < 2; twice++) {
			assert_ok(digest_add(run, span_text("a")));
			assert_ok(digest_add(run, span_text("bc")));
			assert_ok(digest_finish(run, out));
			assert_hex(out, digest_size(of_abc[i].alg), of_abc[i].value);
		}
	}
}

static void a_run_is_not_disturbed_by_one_shots(void **state)
{
	DROP(digest_stop) struct digest_run *run = NULL;
	uint8_t out[DIGEST_BYTES_MAX];

	(void)state;
	assert_ok(digest_start(DIGEST_SHA256, &run));
	assert_ok(digest_add(run, span_text("ab")));
	assert_ok(digest_bytes(DIGEST_SHA256, span_text("other"), out));
	assert_ok(digest_add(run, span_text("c")));
	assert_ok(digest_finish(run, out));
	assert_hex(out, 32, of_abc[1].value);
}

static void what_is_no_algorithm_is_refused_and_leaves_out_alone(void **state)
{
	static const enum digest_alg bad[] = {DIGEST_NONE, DIGEST_COUNT, (enum digest_alg)1000};
	struct digest_run *run = NULL;
	uint8_t out[1] = {0x5a};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_rc(digest_bytes(bad[i], span_text("abc"), out), RC_UNSUPPORTED);
		assert_rc(digest_start(bad[i], &run), RC_UNSUPPORTED);
		assert_int_equal(digest_size(bad[i]), 0);
		assert_int_equal(digest_tpm_id(bad[i]), 0);
		assert_string_equal(digest_name(bad[i]), "none");
	}
	assert_null(run);
	assert_int_equal(out[0], 0x5a);
}

static void names_and_tpm_ids_lead_back(void **state)
{
	(void)state;
	for (enum digest_alg alg = DIGEST_NONE + 1; alg < DIGEST_COUNT; alg++) {
		assert_int_equal(digest_of_tpm_id(digest_tpm_id(alg)), alg);
		assert_int_equal(digest_of_name(span_text(digest_name(alg))), alg);
	}
	assert_int_equal(digest_of_tpm_id(0x000b), DIGEST_SHA256);
	assert_int_equal(digest_of_tpm_id(0x0000), DIGEST_NONE);
	assert_int_equal(digest_of_tpm_id(0x0010), DIGEST_NONE);
	assert_int_equal(digest_of_name(span_text("none")), DIGEST_NONE);
	assert_int_equal(digest_of_name(span_text("SHA256")), DIGEST_NONE);
	assert_int_equal(digest_of_name(span_text("sha25")), DIGEST_NONE);
	assert_int_equal(digest_of_name(span_text("")), DIGEST_NONE);
}

static void equal_means_every_byte_and_the_length(void **state)
{
	static const uint8_t a[] = {1, 2, 3, 4};
	uint8_t b[] = {1, 2, 3, 4};

	(void)state;
	assert_true(digest_equal(SPAN(a), SPAN(b)));
	assert_true(digest_equal((struct span){0}, (struct span){0}));
	assert_false(digest_equal(SPAN(a), span_of(b, 3)));
	assert_false(digest_equal(SPAN(a), (struct span){0}));
	for (size_t i = 0; i < sizeof b; i++) {
		b[i] ^= 0x80;
		assert_false(digest_equal(SPAN(a), SPAN(b)));
		b[i] ^= 0x80;
	}
}

static void *hash_in_a_thread(void *out)
{
	for (int i = 0; i < 1000; i++)
		if (digest_bytes(DIGEST_SHA256, span_text("abc"), out) != RC_OK)
			return NULL;
	return out;
}

static void threads_do_not_share_a_context(void **state)
{
	uint8_t theirs[32];
	uint8_t ours[32];
	pthread_t thread;
	void *result;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, hash_in_a_thread, theirs), 0);
	assert_non_null(hash_in_a_thread(ours));
	assert_int_equal(pthread_join(thread, &result), 0);
	assert_non_null(result);
	assert_hex(theirs, sizeof theirs, of_abc[1].value);
	assert_hex(ours, sizeof ours, of_abc[1].value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_values_come_out),
		cmocka_unit_test(nothing_has_a_digest_too),
		cmocka_unit_test(spans_hash_as_if_they_were_one),
		cmocka_unit_test(a_pcr_is_extended_in_place),
		cmocka_unit_test(a_run_takes_pieces_and_starts_again),
		cmocka_unit_test(a_run_is_not_disturbed_by_one_shots),
		cmocka_unit_test(what_is_no_algorithm_is_refused_and_leaves_out_alone),
		cmocka_unit_test(names_and_tpm_ids_lead_back),
		cmocka_unit_test(equal_means_every_byte_and_the_length),
		cmocka_unit_test(threads_do_not_share_a_context),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
