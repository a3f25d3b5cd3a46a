/* Documents that come in chunks. */
#include "services/verifier/upload.h"
#include "tests/support/test.h"

#define SIZE (2 * CHUNK_MAX + 100)

static uint8_t bytes[SIZE];
static const uint8_t hash[HASH_BYTES] = {1}, other[HASH_BYTES] = {2};

static enum rc put_as(struct uploads *uploads, const uint8_t *document, uint64_t size, uint64_t from,
	size_t len, uint64_t now)
{
	struct msg_document_put put = {
		span_of(document, HASH_BYTES), size, from, span_of(bytes + from % SIZE, len)};

	return uploads_take(uploads, &put, now, NULL);
}

static enum rc put(struct uploads *uploads, uint64_t from, size_t len)
{
	return put_as(uploads, hash, SIZE, from, len, 0);
}

static void chunks_in_order_become_the_document(void **state)
{
	DROP(uploads_release) struct uploads uploads = {0};
	DROP(region_release) struct region whole = {0};

	(void)state;
	for (size_t i = 0; i < SIZE; i++)
		bytes[i] = (uint8_t)(i * 31 >> 3);
	assert_rc(uploads_finish(&uploads, hash, SIZE, &whole, NULL), RC_NOT_FOUND);
	assert_ok(put(&uploads, 0, CHUNK_MAX));
	/* Again: the answer was lost. */
	assert_ok(put(&uploads, 0, CHUNK_MAX));
	assert_ok(put(&uploads, CHUNK_MAX, CHUNK_MAX));
	assert_rc(uploads_finish(&uploads, hash, SIZE, &whole, NULL), RC_STALE);
	assert_ok(put(&uploads, 2 * CHUNK_MAX, 100));
	assert_ok(put(&uploads, 2 * CHUNK_MAX, 100));
	assert_rc(uploads_finish(&uploads, hash, SIZE - 1, &whole, NULL), RC_MALFORMED);
	assert_ok(uploads_finish(&uploads, hash, SIZE, &whole, NULL));
	assert_spans_equal(region_span(&whole), SPAN(bytes));
	assert_rc(uploads_finish(&uploads, hash, SIZE, &whole, NULL), RC_NOT_FOUND);
}

static void what_is_no_next_chunk_is_refused(void **state)
{
	DROP(uploads_release) struct uploads uploads = {0};

	(void)state;
	assert_rc(put(&uploads, CHUNK_MAX, CHUNK_MAX), RC_MALFORMED);
	assert_rc(put(&uploads, 0, CHUNK_MAX - 1), RC_MALFORMED);
	assert_ok(put(&uploads, 0, CHUNK_MAX));
	assert_rc(put(&uploads, 2 * CHUNK_MAX, 100), RC_MALFORMED);
	assert_rc(put(&uploads, 1, CHUNK_MAX), RC_MALFORMED);
	assert_rc(put(&uploads, CHUNK_MAX, CHUNK_MAX - 1), RC_MALFORMED);
	assert_ok(put(&uploads, CHUNK_MAX, CHUNK_MAX));
	assert_rc(put(&uploads, 2 * CHUNK_MAX, 99), RC_MALFORMED);
	assert_rc(put(&uploads, 2 * CHUNK_MAX, 101), RC_MALFORMED);
	assert_rc(put(&uploads, UINT64_MAX - CHUNK_MAX + 1, CHUNK_MAX), RC_MALFORMED);
	/* The same document cannot have another length. */
	assert_rc(put_as(&uploads, hash, SIZE + 1, 0, CHUNK_MAX, 0), RC_MALFORMED);
}

static void only_a_few_are_half_finished_at_a_time(void **state)
{
	DROP(uploads_release) struct uploads uploads = {0};
	uint8_t name[HASH_BYTES] = {7};

	(void)state;
	for (unsigned i = 0; i < UPLOADS_MAX; i++) {
		name[1] = (uint8_t)i;
		assert_ok(put_as(&uploads, name, SIZE, 0, CHUNK_MAX, 0));
	}
	assert_rc(put_as(&uploads, other, SIZE, 0, CHUNK_MAX, 0), RC_LIMIT);
	/* Those that are there go on. */
	assert_ok(put_as(&uploads, name, SIZE, CHUNK_MAX, CHUNK_MAX, 0));
}

static void they_have_a_bound_in_all(void **state)
{
	DROP(uploads_release) struct uploads uploads = {0};
	uint8_t name[HASH_BYTES] = {7};

	(void)state;
	for (unsigned i = 0; i < UPLOADS_BYTES_MAX / DOCUMENT_MAX; i++) {
		name[1] = (uint8_t)i;
		assert_ok(put_as(&uploads, name, DOCUMENT_MAX, 0, CHUNK_MAX, 0));
	}
	assert_rc(put_as(&uploads, other, 100, 0, 100, 0), RC_LIMIT);
}

static void one_that_nothing_comes_for_is_forgotten(void **state)
{
	DROP(uploads_release) struct uploads uploads = {0};
	DROP(region_release) struct region region = {0};

	(void)state;
	assert_ok(put_as(&uploads, hash, SIZE, 0, CHUNK_MAX, 1000));
	assert_ok(put_as(&uploads, other, SIZE, 0, CHUNK_MAX, 1000));
	assert_ok(put_as(&uploads, other, SIZE, CHUNK_MAX, CHUNK_MAX, 2000));
	assert_false(uploads_forgotten(&uploads, 999 + UPLOAD_PATIENCE_MS, &region));
	assert_true(uploads_forgotten(&uploads, 1000 + UPLOAD_PATIENCE_MS, &region));
	region_release(&region);
	assert_false(uploads_forgotten(&uploads, 1999 + UPLOAD_PATIENCE_MS, &region));
	assert_rc(put(&uploads, CHUNK_MAX, CHUNK_MAX), RC_MALFORMED);
	assert_rc(uploads_finish(&uploads, other, SIZE, &region, NULL), RC_STALE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chunks_in_order_become_the_document),
		cmocka_unit_test(what_is_no_next_chunk_is_refused),
		cmocka_unit_test(only_a_few_are_half_finished_at_a_time),
		cmocka_unit_test(they_have_a_bound_in_all),
		cmocka_unit_test(one_that_nothing_comes_for_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
