#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/drop.h"
#include "lib/base/file.h"
#include "services/tenant/evidence_set.h"
#include "services/tenant/inflated.h"

#define SETS "evidence/"

static const char *source(const char *name, char out[static 512])
{
	snprintf(out, 512, "%s/tests/vectors/%s", getenv("LIMEBUS_SOURCE"), name);
	return out;
}

static enum rc load(const char *step, enum evidence_quote_kind wanted, struct evidence_set *out)
{
	char path[512];

	return evidence_set_load(source(step, path), wanted, out, NULL);
}

/* ---- inflated ---- */

/* printf 'hello hello hello\n' | gzip -n */
static const uint8_t hello_gz[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0xcb, 0x48,
	0xcd, 0xc9, 0xc9, 0x57, 0xc8, 0x40, 0x90, 0x5c, 0x00, 0x3b, 0x7c, 0x8a, 0xdf, 0x12, 0x00, 0x00, 0x00};
static const char hello[] = "hello hello hello\n";

static enum rc inflated(struct span bytes, size_t max, struct blob *out)
{
	return inflated_bytes(bytes, "x", max, out, NULL);
}

static void gzip_is_unpacked_and_anything_else_is_taken_as_it_stands(void **state)
{
	DROP(blob_release) struct blob out = {0};
	uint8_t twice[2 * sizeof hello_gz];

	(void)state;
	assert_ok(inflated(SPAN(hello_gz), 100, &out));
	assert_spans_equal(blob_span(&out), span_text(hello));
	assert_ok(inflated(span_text(hello), 100, &out));
	assert_spans_equal(blob_span(&out), span_text(hello));
	assert_ok(inflated((struct span){0}, 100, &out));
	assert_int_equal(out.len, 0);
	memcpy(twice, hello_gz, sizeof hello_gz);
	memcpy(twice + sizeof hello_gz, hello_gz, sizeof hello_gz);
	assert_ok(inflated(SPAN(twice), 100, &out));
	assert_int_equal(out.len, 2 * strlen(hello));
}

static void every_truncation_and_every_changed_byte_of_the_data_is_refused(void **state)
{
	DROP(blob_release) struct blob out = {0};
	uint8_t bytes[sizeof hello_gz + 1] = {0};

	(void)state;
	for (size_t n = 3; n < sizeof hello_gz; n++)
		assert_rc(inflated(span_of(hello_gz, n), 100, &out), RC_MALFORMED);
	memcpy(bytes, hello_gz, sizeof hello_gz);
	assert_rc(inflated(SPAN(bytes), 100, &out), RC_MALFORMED);
	/* Behind the header, where the time and the system are of no matter. */
	for (size_t i = 10; i < sizeof hello_gz; i++) {
		bytes[i] ^= 1;
		assert_rc(inflated(span_of(bytes, sizeof hello_gz), 100, &out), RC_MALFORMED);
		bytes[i] ^= 1;
	}
	assert_int_equal(out.len, 0);
}

static void what_unpacks_to_more_than_the_limit_is_refused(void **state)
{
	DROP(blob_release) struct blob out = {0};

	(void)state;
	assert_ok(inflated(SPAN(hello_gz), sizeof hello_gz, &out));
	assert_rc(inflated(SPAN(hello_gz), sizeof hello_gz - 1, &out), RC_LIMIT);
	assert_ok(inflated(span_text(hello), strlen(hello), &out));
	assert_rc(inflated(span_text(hello), strlen(hello) - 1, &out), RC_LIMIT);
}

static void a_small_file_that_unpacks_without_end_is_stopped(void **state)
{
	DROP(blob_release) struct blob out = {0};
	DROP(blob_release) struct blob many = {0};

	(void)state;
	for (size_t i = 0; i < 1000; i++)
		assert_ok(blob_append(&many, SPAN(hello_gz)));
	assert_ok(inflated(blob_span(&many), many.len, &out));
	assert_rc(inflated(span_of(many.at, 100 * sizeof hello_gz), 101 * sizeof hello, &out), RC_LIMIT);
}

/* ---- evidence_set ---- */

static void a_step_is_read_with_what_its_set_has(void **state)
{
	DROP(evidence_set_release) struct evidence_set set = {0};

	(void)state;
	assert_ok(load(SETS "sb-on-imang/step0", EVIDENCE_QUOTE_ALL, &set));
	assert_true(set.quotes[EVIDENCE_QUOTE_ECC].is_there);
	assert_true(set.quotes[EVIDENCE_QUOTE_RSA].is_there);
	assert_false(set.quotes[EVIDENCE_QUOTE_RSA_EXTRA].is_there);
	assert_int_equal(set.nonce.len, 32);
	assert_spans_equal(blob_span(&set.quotes[EVIDENCE_QUOTE_ECC].ak), vector("vm-imang/ak_ecc.pub"));
	assert_spans_equal(blob_span(&set.quotes[EVIDENCE_QUOTE_ECC].attest), vector("vm-imang/ecc_0.msg"));
	assert_true(set.has_log);
	assert_spans_equal(blob_span(&set.log), vector(SETS "sb-on-imang/binary_bios_measurements"));
	assert_true(set.has_list);
	assert_false(set.list_is_ascii);
	assert_true(set.list.len > 50000);
}

static void one_quote_or_the_first_or_all_are_read(void **state)
{
	DROP(evidence_set_release) struct evidence_set set = {0};

	(void)state;
	assert_ok(load(SETS "sb-off-imasig/step0/", EVIDENCE_QUOTE_ANY, &set));
	assert_int_equal(evidence_set_first(&set), EVIDENCE_QUOTE_ECC);
	assert_false(set.quotes[EVIDENCE_QUOTE_RSA].is_there);
	assert_ok(load(SETS "sb-off-imasig/step0", EVIDENCE_QUOTE_RSA_EXTRA, &set));
	assert_int_equal(evidence_set_first(&set), EVIDENCE_QUOTE_RSA_EXTRA);
	assert_ok(load(SETS "sb-off-imasig/step0", EVIDENCE_QUOTE_ALL, &set));
	assert_true(set.quotes[EVIDENCE_QUOTE_RSA_EXTRA].is_there);
	assert_rc(load(SETS "sb-on-imang/step0", EVIDENCE_QUOTE_RSA_EXTRA, &set), RC_NOT_FOUND);
	assert_rc(load(SETS "sb-on-imang", EVIDENCE_QUOTE_ALL, &set), RC_NOT_FOUND);
	assert_rc(load(SETS "nowhere", EVIDENCE_QUOTE_ALL, &set), RC_NOT_FOUND);
	assert_rc(load(SETS "README.md", EVIDENCE_QUOTE_ALL, &set), RC_MALFORMED);
}

static void a_step_is_told_from_other_folders(void **state)
{
	char path[512];

	(void)state;
	assert_true(evidence_set_is_step(source(SETS "sb-on-imang/step0", path)));
	assert_true(evidence_set_is_step(source(SETS "sb-on-imang/step0/", path)));
	assert_false(evidence_set_is_step(source(SETS "sb-on-imang", path)));
	assert_false(evidence_set_is_step(source(SETS "README.md", path)));
	assert_false(evidence_set_is_step(""));
}

/* A set of its own in a scratch folder; names a file that is left out, NULL: none. */
static void build(const struct scratch *scratch, const char *left_out)
{
	static const char *const parts[] = {"ak_ecc.pub", "nonce.bin", "s/quote_ecc.msg", "s/quote_ecc.sig",
		"s/quote_ecc.pcrs", "s/ascii_runtime_measurements.gz"};
	char path[SCRATCH_FILE_BYTES];

	assert_int_equal(mkdir(scratch_file(scratch, "s", path), 0700), 0);
	for (size_t i = 0; i < COUNT(parts); i++)
		if (left_out == NULL || strcmp(left_out, parts[i]) != 0)
			assert_ok(file_create(
				scratch_file(scratch, parts[i], path), SPAN(hello_gz), 0600, NULL));
}

static void files_that_may_be_missing_are_and_the_others_are_named(void **state)
{
	static const struct {
		const char *left_out;
		enum rc rc;
	} rows[] = {
		{NULL, RC_OK},
		{"s/ascii_runtime_measurements.gz", RC_OK},
		{"ak_ecc.pub", RC_NOT_FOUND},
		{"nonce.bin", RC_NOT_FOUND},
		{"s/quote_ecc.msg", RC_NOT_FOUND},
		{"s/quote_ecc.sig", RC_NOT_FOUND},
		{"s/quote_ecc.pcrs", RC_NOT_FOUND},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		DROP(scratch_release) struct scratch scratch = {""};
		DROP(evidence_set_release) struct evidence_set set = {0};
		char path[SCRATCH_FILE_BYTES];

		scratch_open(&scratch);
		build(&scratch, rows[i].left_out);
		assert_rc(
			evidence_set_load(scratch_file(&scratch, "s", path), EVIDENCE_QUOTE_ANY, &set, NULL),
			rows[i].rc);
		if (rows[i].rc != RC_OK)
			continue;
		assert_false(set.has_log);
		assert_int_equal(set.has_list, i == 0);
		assert_int_equal(set.list_is_ascii, i == 0);
	}
}

static void what_a_step_has_of_its_own_goes_before_what_its_set_has(void **state)
{
	DROP(scratch_release) struct scratch scratch = {""};
	DROP(evidence_set_release) struct evidence_set set = {0};
	char path[SCRATCH_FILE_BYTES];

	(void)state;
	scratch_open(&scratch);
	build(&scratch, NULL);
	assert_ok(file_create(scratch_file(&scratch, "s/nonce.bin", path), span_text("own"), 0600, NULL));
	assert_ok(file_create(
		scratch_file(&scratch, "binary_bios_measurements", path), span_text("set"), 0600, NULL));
	assert_ok(file_create(
		scratch_file(&scratch, "s/binary_bios_measurements.gz", path), SPAN(hello_gz), 0600, NULL));
	assert_ok(evidence_set_load(scratch_file(&scratch, "s", path), EVIDENCE_QUOTE_ALL, &set, NULL));
	assert_spans_equal(blob_span(&set.nonce), span_text("own"));
	assert_spans_equal(blob_span(&set.log), span_text(hello));
	assert_spans_equal(blob_span(&set.quotes[EVIDENCE_QUOTE_ECC].ak), span_text(hello));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gzip_is_unpacked_and_anything_else_is_taken_as_it_stands),
		cmocka_unit_test(every_truncation_and_every_changed_byte_of_the_data_is_refused),
		cmocka_unit_test(what_unpacks_to_more_than_the_limit_is_refused),
		cmocka_unit_test(a_small_file_that_unpacks_without_end_is_stopped),
		cmocka_unit_test(a_step_is_read_with_what_its_set_has),
		cmocka_unit_test(one_quote_or_the_first_or_all_are_read),
		cmocka_unit_test(a_step_is_told_from_other_folders),
		cmocka_unit_test(files_that_may_be_missing_are_and_the_others_are_named),
		cmocka_unit_test(what_a_step_has_of_its_own_goes_before_what_its_set_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
