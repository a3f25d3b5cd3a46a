#include "services/registrar/directory.h"
#include "tests/support/test.h"

#include "lib/base/drop.h"

static const uint8_t one[NODE_ID_BYTES] = {0xaa, 0xbb, 0xcc, 0xdd, 1};
static const uint8_t two[NODE_ID_BYTES] = {0xaa, 0xbb, 0xcc, 0xdd, 2};
static const uint8_t three[NODE_ID_BYTES] = {0x0a};

static void fill(struct directory *directory)
{
	assert_ok(directory_put(directory, one, 5, span_text("record of one")));
	assert_ok(directory_put(directory, two, 5, span_text("record of two")));
	assert_ok(directory_put(directory, three, 5, span_text("record of three")));
}

static enum rc named(const struct directory *directory, const char *name, const uint8_t *expected)
{
	struct directory_node *node = NULL;
	enum rc rc = directory_by_name(directory, span_text(name), &node, NULL);

	if (rc == RC_OK)
		assert_memory_equal(node->id, expected, NODE_ID_BYTES);
	return rc;
}

static void versions_only_grow(void **state)
{
	DROP(directory_release) struct directory directory = {0};

	(void)state;
	fill(&directory);
	assert_rc(directory_put(&directory, one, 4, span_text("put back")), RC_STALE);
	assert_spans_equal(blob_span(&directory_find(&directory, one)->record), span_text("record of one"));
	assert_ok(directory_put(&directory, one, 6, span_text("newer")));
	assert_spans_equal(blob_span(&directory_find(&directory, one)->record), span_text("newer"));
	assert_int_equal(directory.count, 3);
}

static void an_id_is_found_by_its_beginning_if_that_is_long_and_one_nodes(void **state)
{
	DROP(directory_release) struct directory directory = {0};

	(void)state;
	fill(&directory);
	assert_ok(named(&directory, "aabbccdd01", one));
	assert_ok(named(&directory, "aabbccdd02", two));
	assert_rc(named(&directory, "aabbccdd0", NULL), RC_LIMIT);
	assert_rc(named(&directory, "aabbccd", NULL), RC_NOT_FOUND);
	assert_rc(named(&directory, "0a00000", NULL), RC_NOT_FOUND);
	assert_ok(named(&directory, "0a000000", three));
	/* A whole id and one digit more. */
	assert_ok(
		named(&directory, "0a00000000000000000000000000000000000000000000000000000000000000", three));
	assert_rc(
		named(&directory, "0a000000000000000000000000000000000000000000000000000000000000000", NULL),
		RC_NOT_FOUND);
}

static void an_alias_belongs_to_one_node(void **state)
{
	static const char longest[] = "0123456789012345678901234567890123456789012345678901234567890123";
	DROP(directory_release) struct directory directory = {0};
	static const uint8_t nobody[NODE_ID_BYTES] = {9};

	(void)state;
	fill(&directory);
	assert_ok(directory_set_alias(&directory, one, span_text("web")));
	assert_ok(named(&directory, "web", one));
	assert_ok(directory_set_alias(&directory, two, span_text("web")));
	assert_ok(named(&directory, "web", two));
	assert_string_equal(directory_find(&directory, one)->alias, "");
	assert_ok(directory_set_alias(&directory, two, span_text("")));
	assert_rc(named(&directory, "web", NULL), RC_NOT_FOUND);
	assert_rc(named(&directory, "", NULL), RC_NOT_FOUND);
	assert_rc(directory_set_alias(&directory, nobody, span_text("web")), RC_NOT_FOUND);
	assert_ok(directory_set_alias(&directory, one, span_of(longest, NAME_MAX_BYTES)));
	assert_rc(directory_set_alias(&directory, one,
			  span_text("0123456789012345678901234567890123456789"
				    "0123456789012345678901234")),
		RC_LIMIT);
	assert_string_equal(directory_find(&directory, one)->alias, longest);
}

static void pages_are_in_order_and_complete(void **state)
{
	DROP(directory_release) struct directory directory = {0};
	const struct directory_node *page[2];
	bool more = false;

	(void)state;
	assert_int_equal(directory_page(&directory, NULL, 2, page, &more), 0);
	assert_false(more);
	fill(&directory);
	assert_int_equal(directory_page(&directory, NULL, 2, page, &more), 2);
	assert_true(more);
	assert_memory_equal(page[0]->id, three, NODE_ID_BYTES);
	assert_memory_equal(page[1]->id, one, NODE_ID_BYTES);
	assert_int_equal(directory_page(&directory, page[1]->id, 2, page, &more), 1);
	assert_false(more);
	assert_memory_equal(page[0]->id, two, NODE_ID_BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions_only_grow),
		cmocka_unit_test(an_id_is_found_by_its_beginning_if_that_is_long_and_one_nodes),
		cmocka_unit_test(an_alias_belongs_to_one_node),
		cmocka_unit_test(pages_are_in_order_and_complete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
