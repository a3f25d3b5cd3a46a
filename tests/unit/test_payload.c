#include "lib/crypto/aead.h"
#include "lib/trust/payload.h"
#include "tests/support/test.h"

static const struct secret32 kb = {{7}};
static const uint8_t node[NODE_ID_BYTES] = {1, 2, 3};
static const uint8_t other_node[NODE_ID_BYTES] = {1, 2, 4};
static const struct share_for who = {node, 0x0102030405060708};

/* The plaintext of a chunk that may be full. */
static void make_plain(struct blob *out, size_t len)
{
	blob_clear(out);
	assert_ok(blob_resize(out, len));
	for (size_t i = 0; i < len; i++)
		out->at[i] = (uint8_t)(i * 7 + i / 256);
}

static void assert_opens_as(
	struct share_for as, struct payload_place place, struct span sealed, enum rc expected)
{
	DROP(blob_release) struct blob out = {0};

	assert_ok(blob_append(&out, span_text("before")));
	assert_rc(payload_open(&kb, as, place, sealed, &out, NULL), expected);
	if (expected != RC_OK)
		assert_true(span_is(blob_span(&out), "before"));
}

static void each_chunk_opens_to_what_was_sealed(void **state)
{
	static const struct {
		size_t len;
		struct payload_place place;
	} rows[] = {
		{PAYLOAD_PLAIN_BYTES, {0, false}},
		{PAYLOAD_PLAIN_BYTES, {0, true}},
		{PAYLOAD_PLAIN_BYTES, {1, false}},
		{PAYLOAD_PLAIN_BYTES - 1, {UINT64_MAX, true}},
		{1, {2, true}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		DROP(blob_release) struct blob plain = {0};
		DROP(blob_release) struct blob sealed = {0};
		DROP(blob_release) struct blob opened = {0};

		make_plain(&plain, rows[i].len);
		assert_ok(payload_seal(&kb, who, rows[i].place, blob_span(&plain), &sealed, NULL));
		assert_int_equal(sealed.len, plain.len + AEAD_TAG_BYTES);
		assert_true(sealed.len <= CHUNK_MAX);
		assert_ok(payload_open(&kb, who, rows[i].place, blob_span(&sealed), &opened, NULL));
		assert_spans_equal(blob_span(&opened), blob_span(&plain));
	}
}

static void nonce_and_aad_are_laid_out_as_the_protocol_says(void **state)
{
	static const uint8_t nonce[AEAD_NONCE_BYTES] = {
		1, 0, 0, 0, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18};
	uint8_t aad[NODE_ID_BYTES + 8] = {1, 2, 3};
	DROP(blob_release) struct blob sealed = {0};
	DROP(blob_release) struct blob opened = {0};

	(void)state;
	for (uint8_t i = 0; i < 8; i++)
		aad[NODE_ID_BYTES + i] = (uint8_t)(i + 1);
	assert_ok(payload_seal(&kb, who, (struct payload_place){0x1112131415161718, true},
		span_text("secret"), &sealed, NULL));
	assert_ok(aead_open(kb.bytes, nonce, SPAN(aad), blob_span(&sealed), &opened, NULL));
	assert_true(span_is(blob_span(&opened), "secret"));
}

static void only_the_last_chunk_may_be_short_and_none_empty(void **state)
{
	static const struct {
		size_t len;
		bool last;
		enum rc rc;
	} rows[] = {
		{0, false, RC_LIMIT},
		{0, true, RC_LIMIT},
		{1, false, RC_LIMIT},
		{1, true, RC_OK},
		{PAYLOAD_PLAIN_BYTES - 1, false, RC_LIMIT},
		{PAYLOAD_PLAIN_BYTES - 1, true, RC_OK},
		{PAYLOAD_PLAIN_BYTES, false, RC_OK},
		{PAYLOAD_PLAIN_BYTES, true, RC_OK},
		{PAYLOAD_PLAIN_BYTES + 1, false, RC_LIMIT},
		{PAYLOAD_PLAIN_BYTES + 1, true, RC_LIMIT},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct payload_place place = {3, rows[i].last};
		DROP(blob_release) struct blob plain = {0};
		DROP(blob_release) struct blob out = {0};

		make_plain(&plain, rows[i].len);
		assert_rc(payload_seal(&kb, who, place, blob_span(&plain), &out, NULL), rows[i].rc);
		/* To a reader, what is as long as no chunk can be is told without trying to open it. */
		assert_ok(blob_resize(&plain, rows[i].len + AEAD_TAG_BYTES));
		assert_opens_as(who, place, blob_span(&plain), rows[i].rc == RC_OK ? RC_DENIED : RC_LIMIT);
	}
	for (size_t len = 0; len < AEAD_TAG_BYTES; len++) {
		static const uint8_t zeros[AEAD_TAG_BYTES];

		assert_opens_as(who, (struct payload_place){0, true}, span_of(zeros, len), RC_MALFORMED);
	}
}

static void a_chunk_opens_in_its_own_place_only(void **state)
{
	const struct payload_place last = {4, true};
	DROP(blob_release) struct blob plain = {0};
	DROP(blob_release) struct blob middle = {0};
	DROP(blob_release) struct blob sealed = {0};

	(void)state;
	make_plain(&plain, PAYLOAD_PLAIN_BYTES);
	assert_ok(payload_seal(&kb, who, (struct payload_place){4, false}, blob_span(&plain), &middle, NULL));
	assert_ok(payload_seal(&kb, who, last, blob_span(&plain), &sealed, NULL));
	assert_opens_as(who, last, blob_span(&sealed), RC_OK);
	/* Exchanged with a neighbour, or repeated. */
	assert_opens_as(who, (struct payload_place){3, true}, blob_span(&sealed), RC_DENIED);
	assert_opens_as(who, (struct payload_place){5, true}, blob_span(&sealed), RC_DENIED);
	assert_opens_as(
		who, (struct payload_place){4 + ((uint64_t)1 << 32), true}, blob_span(&sealed), RC_DENIED);
	/* Cut off behind a chunk, or gone on behind the last one. */
	assert_opens_as(who, last, blob_span(&middle), RC_DENIED);
	assert_opens_as(who, (struct payload_place){4, false}, blob_span(&sealed), RC_DENIED);
	/* Another node's, or another payload's. */
	assert_opens_as((struct share_for){other_node, who.number}, last, blob_span(&sealed), RC_DENIED);
	assert_opens_as((struct share_for){node, who.number + 1}, last, blob_span(&sealed), RC_DENIED);
}

static void an_altered_or_shortened_chunk_is_refused(void **state)
{
	const struct payload_place place = {0, true};
	DROP(blob_release) struct blob sealed = {0};

	(void)state;
	assert_ok(payload_seal(&kb, who, place, span_text("a small payload"), &sealed, NULL));
	for (size_t bit = 0; bit < sealed.len * 8; bit++) {
		sealed.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_opens_as(who, place, blob_span(&sealed), RC_DENIED);
		sealed.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t len = AEAD_TAG_BYTES + 1; len < sealed.len; len++)
		assert_opens_as(who, place, span_of(sealed.at, len), RC_DENIED);
	assert_opens_as(who, place, blob_span(&sealed), RC_OK);
}

static void another_key_opens_nothing(void **state)
{
	const struct payload_place place = {0, true};
	struct secret32 other = kb;
	DROP(blob_release) struct blob sealed = {0};
	DROP(blob_release) struct blob opened = {0};

	(void)state;
	other.bytes[31] ^= 1;
	assert_ok(payload_seal(&kb, who, place, span_text("x"), &sealed, NULL));
	assert_rc(payload_open(&other, who, place, blob_span(&sealed), &opened, NULL), RC_DENIED);
	assert_int_equal(opened.len, 0);
}

static void chunks_are_counted_by_ciphertext(void **state)
{
	(void)state;
	assert_int_equal(payload_chunks(0), 0);
	assert_int_equal(payload_chunks(1), 1);
	assert_int_equal(payload_chunks(CHUNK_MAX - 1), 1);
	assert_int_equal(payload_chunks(CHUNK_MAX), 1);
	assert_int_equal(payload_chunks(CHUNK_MAX + 1), 2);
	assert_int_equal(payload_chunks(PAYLOAD_MAX), 1024);
	assert_int_equal(payload_chunks(UINT64_MAX), (uint64_t)1 << 46);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_chunk_opens_to_what_was_sealed),
		cmocka_unit_test(nonce_and_aad_are_laid_out_as_the_protocol_says),
		cmocka_unit_test(only_the_last_chunk_may_be_short_and_none_empty),
		cmocka_unit_test(a_chunk_opens_in_its_own_place_only),
		cmocka_unit_test(an_altered_or_shortened_chunk_is_refused),
		cmocka_unit_test(another_key_opens_nothing),
		cmocka_unit_test(chunks_are_counted_by_ciphertext),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
