#include "lib/evidence/kernel_hash.h"

#include "tests/support/test.h"

static void names_and_sizes_fit_together(void **state)
{
	(void)state;
	for (unsigned i = 0; i < KERNEL_HASH_COUNT; i++) {
		enum kernel_hash hash = (enum kernel_hash)i;
		struct span name = span_text(kernel_hash_name(hash));
		enum digest_alg alg = kernel_hash_digest(hash);

		assert_int_equal(kernel_hash_of_name(name), hash);
		if (alg != DIGEST_NONE) {
			assert_int_equal(kernel_hash_of_digest(alg), hash);
			assert_int_equal(digest_size(alg), kernel_hash_size(hash));
		}
	}
	/* linux/include/uapi/linux/hash_info.h */
	assert_int_equal(KERNEL_HASH_SHA256, 4);
	assert_int_equal(KERNEL_HASH_SM3_256, 17);
	assert_int_equal(KERNEL_HASH_SHA3_512, 22);
}

static void what_is_not_listed_is_none(void **state)
{
	(void)state;
	assert_int_equal(kernel_hash_of_name(span_text("rot13")), KERNEL_HASH_COUNT);
	assert_int_equal(kernel_hash_of_name((struct span){0}), KERNEL_HASH_COUNT);
	assert_int_equal(kernel_hash_size(KERNEL_HASH_COUNT), 0);
	assert_string_equal(kernel_hash_name(KERNEL_HASH_COUNT), "none");
	assert_int_equal(kernel_hash_digest(KERNEL_HASH_COUNT), DIGEST_NONE);
	assert_int_equal(kernel_hash_of_digest(DIGEST_NONE), KERNEL_HASH_COUNT);
	assert_int_equal(kernel_hash_of_size(31), KERNEL_HASH_COUNT);
	assert_int_equal(kernel_hash_of_size(32), KERNEL_HASH_SHA256);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_sizes_fit_together),
		cmocka_unit_test(what_is_not_listed_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
