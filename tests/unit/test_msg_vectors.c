/* The bytes of each message as they were when it was agreed on. If this fails, the protocol was changed: see
 * tests/support/write_vectors.c. */
#include <stdio.h>

#include "tests/support/sample.h"
#include "tests/support/test.h"

static struct span vector_of(enum msg_type type)
{
	char name[128];

	snprintf(name, sizeof name, "proto/%s.bin", msg_type_name(type));
	return vector(name);
}

static void the_encoder_writes_the_vector_of_every_type(void **state)
{
	(void)state;
	for (enum msg_type type = MSG_TYPE_none + 1; type < MSG_TYPE_COUNT; type++) {
		DROP(sample_release) struct sample sample = {0};
		DROP(blob_release) struct blob bytes = {0};
		struct span expected = vector_of(type);
		struct msg out;

		sample_vector(&sample, type);
		assert_ok(msg_encode(&sample.msg, &bytes));
		if (!span_equal(blob_span(&bytes), expected))
			fail_msg("%s is not written as it was", msg_type_name(type));
		assert_ok(msg_decode_as(expected, type, &out));
		assert_true(sample_equal(&msg_shapes[type], &out.ok, &sample.msg.ok));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(the_encoder_writes_the_vector_of_every_type)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
