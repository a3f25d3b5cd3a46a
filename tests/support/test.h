/* What every test program includes first: cmocka with the headers that it wants, and our own asserts. */
#ifndef LIMEBUS_TESTS_SUPPORT_TEST_H
#define LIMEBUS_TESTS_SUPPORT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/base/blob.h"
#include "lib/base/rc.h"
#include "lib/base/span.h"

/* assert_rc(hex_decode(…), RC_MALFORMED); a failure names both codes in words. */
#define assert_rc(call, expected)                                                                            \
	do {                                                                                                 \
		enum rc assert_rc_ = (call);                                                                 \
		if (assert_rc_ != (expected))                                                                \
			fail_msg("%s: got \"%s\", expected \"%s\"", #call, rc_words(assert_rc_),             \
				rc_words(expected));                                                         \
	} while (0)

#define assert_ok(call) assert_rc(call, RC_OK)

/* Same length and same bytes. */
#define assert_spans_equal(a, b)                                                                             \
	do {                                                                                                 \
		struct span assert_a_ = (a);                                                                 \
		struct span assert_b_ = (b);                                                                 \
		assert_int_equal(assert_a_.len, assert_b_.len);                                              \
		if (assert_a_.len != 0)                                                                      \
			assert_memory_equal(assert_a_.at, assert_b_.at, assert_a_.len);                      \
	} while (0)

/* The bytes of tests/vectors/<name>, read once; they live until the program ends. The test fails if there is
 * no such file, if it is longer than VECTOR_MAX_BYTES, or if the program asks for more than VECTORS_MAX of
 * them. */
#define VECTOR_MAX_BYTES (16u << 20)
#define VECTORS_MAX      128
struct span vector(const char *name);

/* A new empty folder, absolute path without a slash at the end, short enough for unix sockets inside it.
 * It goes away, with all that is in it, in scratch_release. */
#define SCRATCH_PATH_BYTES 96
struct scratch {
	char path[SCRATCH_PATH_BYTES];
};
void scratch_open(struct scratch *out);
void scratch_release(struct scratch *scratch);

/* path = "<folder>/<name>"; the test fails if it does not fit. Returns path. */
#define SCRATCH_FILE_BYTES 256
char *scratch_file(const struct scratch *scratch, const char *name, char path[SCRATCH_FILE_BYTES]);

#endif
