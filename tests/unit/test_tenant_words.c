/* What the command line understands: PCR selections, aliases of one's own, exit codes. */
#include "tests/support/test.h"

#include "lib/base/drop.h"
#include "lib/base/file.h"
#include "services/tenant/exit.h"
#include "services/tenant/nodes.h"
#include "services/tenant/pins.h"
#include "services/tenant/selection.h"

static void a_selection_is_read_as_it_is_written(void **state)
{
	static const char *const texts[][2] = {
		{"sha256:0-7,14", "sha256:0,1,2,3,4,5,6,7,14"},
		{"sha384:23", "sha384:23"},
		{"sha256:0+sha512:1-2", "sha256:0+sha512:1,2"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct pcr_selection selection = {0};
		char text[PCR_SELECTION_TEXT_BYTES];

		assert_ok(selection_parse(texts[i][0], &selection, NULL));
		assert_string_equal(pcr_selection_text(&selection, text), texts[i][1]);
	}
}

static void what_is_no_selection_is_refused(void **state)
{
	static const char *const texts[] = {"", "sha256", "sha256:", "sha1:0", "sha256:24", "sha256:0-24",
		"sha256:7-0", "sha256:0,", "sha256:0+", "sha256:0+sha256:1", "sha256: 0", "sha256:-1", "0-7",
		"sha256:0x1", "sha256:000", "sha256:0;"};
	struct pcr_selection selection = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_rc(selection_parse(texts[i], &selection, NULL), RC_MALFORMED);
	assert_int_equal(selection.count, 0);
}

static void an_alias_of_ones_own_is_found_again(void **state)
{
	struct scratch scratch;
	char path[SCRATCH_FILE_BYTES];
	const uint8_t first[NODE_ID_BYTES] = {1};
	const uint8_t second[NODE_ID_BYTES] = {2};
	uint8_t found[NODE_ID_BYTES];

	(void)state;
	scratch_open(&scratch);
	scratch_file(&scratch, "aliases", path);
	assert_rc(pins_find(path, span_text("web1"), found, NULL), RC_NOT_FOUND);
	assert_ok(pins_set(path, span_text("web1"), first, NULL));
	assert_ok(pins_set(path, span_text("web2"), second, NULL));
	assert_ok(pins_find(path, span_text("web1"), found, NULL));
	assert_memory_equal(found, first, sizeof found);
	/* A node has one alias, an alias one node. */
	assert_ok(pins_set(path, span_text("web1"), second, NULL));
	assert_ok(pins_find(path, span_text("web1"), found, NULL));
	assert_memory_equal(found, second, sizeof found);
	assert_rc(pins_find(path, span_text("web2"), found, NULL), RC_NOT_FOUND);
	assert_ok(pins_set(path, (struct span){0}, second, NULL));
	assert_rc(pins_find(path, span_text("web1"), found, NULL), RC_NOT_FOUND);
	assert_ok(file_replace(path, span_text("# mine\nweb1 12"), 0600, NULL));
	assert_rc(pins_find(path, span_text("web1"), found, NULL), RC_MALFORMED);
	scratch_release(&scratch);
}

static void digits_of_an_id_are_told_from_an_alias(void **state)
{
	(void)state;
	assert_true(nodes_is_digits("0123abcd"));
	assert_true(nodes_is_digits("0123ABCDE"));
	assert_false(nodes_is_digits("0123abc"));
	assert_false(nodes_is_digits("web10000"));
	assert_false(nodes_is_digits(""));
}

static void scripts_can_rely_on_the_numbers(void **state)
{
	(void)state;
	assert_int_equal(EXIT_DONE, 0);
	assert_int_equal(EXIT_NO, 1);
	assert_int_equal(EXIT_UNKNOWN, 2);
	assert_int_equal(exit_of(RC_DENIED), 77);
	assert_int_equal(exit_of(RC_NOT_FOUND), 66);
	assert_int_equal(exit_of(RC_TIMEOUT), 75);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_selection_is_read_as_it_is_written),
		cmocka_unit_test(what_is_no_selection_is_refused),
		cmocka_unit_test(an_alias_of_ones_own_is_found_again),
		cmocka_unit_test(digits_of_an_id_are_told_from_an_alias),
		cmocka_unit_test(scripts_can_rely_on_the_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
