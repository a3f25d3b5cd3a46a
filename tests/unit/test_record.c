#include "tests/support/test.h"

#include <stdio.h>

#include "lib/base/drop.h"
#include "lib/trust/record.h"

#define NOW 1000000u

static struct {
	struct sign_pair root;
	struct sign_pair registrar;
	struct sign_pair verifier;
	struct roster *roster;
} it;

static void add(struct roster_member *member, const char *name, unsigned role, const struct sign_pair *signer)
{
	snprintf(member->name, sizeof member->name, "%s", name);
	member->role = role;
	member->curve[0] = (uint8_t)role;
	memcpy(member->sign, signer->public, sizeof member->sign);
	member->not_after = NOW + 1;
}

static int setup(void **state)
{
	struct roster_member members[2] = {0};
	DROP(blob_release) struct blob bytes = {0};

	(void)state;
	assert_ok(sign_generate(&it.root, NULL));
	assert_ok(sign_generate(&it.registrar, NULL));
	assert_ok(sign_generate(&it.verifier, NULL));
	add(&members[0], "registrar", ROLE_REGISTRAR, &it.registrar);
	add(&members[1], "verifier", ROLE_VERIFIER, &it.verifier);
	assert_ok(roster_make(&it.root, 1, NOW, members, 2, &bytes, NULL));
	return roster_open(blob_span(&bytes), it.root.public, 0, &it.roster, NULL) == RC_OK ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	roster_release(&it.roster);
	return 0;
}

/* An alias record with this head. */
static void make(const struct sign_pair *writer, struct record_head head, struct blob *out)
{
	static const uint8_t node[NODE_ID_BYTES] = {7};
	struct msg body = {.type = MSG_TYPE_alias,
		.alias = {.alias = span_text("web-1"), .node = SPAN(node), .time = NOW}};

	assert_ok(record_make(writer, head, &body, out, NULL));
}

static const struct record_head head = {"alias", "web-1", 5, 77};

static struct record_expect expected(void)
{
	return (struct record_expect){"alias", "web-1", MSG_TYPE_alias, ROLE_REGISTRAR, 5};
}

static enum rc opens(struct span bytes, struct record_expect expect, uint64_t now)
{
	struct record_view view = {0};

	return record_open(it.roster, bytes, expect, now, &view, NULL);
}

static void a_record_tells_its_version_token_and_writer(void **state)
{
	DROP(blob_release) struct blob bytes = {0};
	struct record_view view = {0};

	(void)state;
	make(&it.registrar, head, &bytes);
	assert_ok(record_open(it.roster, blob_span(&bytes), expected(), NOW, &view, NULL));
	assert_int_equal(view.version, 5);
	assert_int_equal(view.token, 77);
	assert_true(span_is(view.body.alias.alias, "web-1"));
	assert_memory_equal(view.writer, it.registrar.public, SIGN_KEY_BYTES);
}

static void a_record_that_was_put_back_is_stale(void **state)
{
	DROP(blob_release) struct blob bytes = {0};
	struct record_expect expect = expected();

	(void)state;
	make(&it.registrar, head, &bytes);
	expect.version = 6;
	assert_rc(opens(blob_span(&bytes), expect, NOW), RC_STALE);
	expect.version = 4;
	assert_ok(opens(blob_span(&bytes), expect, NOW));
}

static void a_record_under_another_key_or_type_is_refused(void **state)
{
	DROP(blob_release) struct blob bytes = {0};
	struct record_expect expect = expected();

	(void)state;
	make(&it.registrar, head, &bytes);
	expect.key = "web-2";
	assert_rc(opens(blob_span(&bytes), expect, NOW), RC_DENIED);
	expect = expected();
	expect.type = "node";
	assert_rc(opens(blob_span(&bytes), expect, NOW), RC_DENIED);
	expect = expected();
	expect.body = MSG_TYPE_node;
	assert_rc(opens(blob_span(&bytes), expect, NOW), RC_MALFORMED);
}

static void a_record_of_another_writer_is_refused(void **state)
{
	DROP(blob_release) struct blob bytes = {0};
	DROP(blob_release) struct blob foreign = {0};

	(void)state;
	make(&it.verifier, head, &bytes);
	assert_rc(opens(blob_span(&bytes), expected(), NOW), RC_DENIED);
	make(&it.root, head, &foreign);
	assert_rc(opens(blob_span(&foreign), expected(), NOW), RC_DENIED);
}

static void a_record_of_a_writer_whose_time_is_over_is_refused(void **state)
{
	DROP(blob_release) struct blob bytes = {0};

	(void)state;
	make(&it.registrar, head, &bytes);
	assert_ok(opens(blob_span(&bytes), expected(), NOW));
	assert_rc(opens(blob_span(&bytes), expected(), NOW + 1), RC_DENIED);
}

static void a_record_with_a_flipped_bit_is_refused(void **state)
{
	DROP(blob_release) struct blob bytes = {0};

	(void)state;
	make(&it.registrar, head, &bytes);
	for (size_t i = 0; i < bytes.len; i++) {
		bytes.at[i] ^= 1;
		assert_int_not_equal(opens(blob_span(&bytes), expected(), NOW), RC_OK);
		bytes.at[i] ^= 1;
	}
}

static void every_truncation_is_refused(void **state)
{
	DROP(blob_release) struct blob bytes = {0};

	(void)state;
	make(&it.registrar, head, &bytes);
	for (size_t n = 0; n < bytes.len; n++)
		assert_int_not_equal(opens(span_of(bytes.at, n), expected(), NOW), RC_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_tells_its_version_token_and_writer),
		cmocka_unit_test(a_record_that_was_put_back_is_stale),
		cmocka_unit_test(a_record_under_another_key_or_type_is_refused),
		cmocka_unit_test(a_record_of_another_writer_is_refused),
		cmocka_unit_test(a_record_of_a_writer_whose_time_is_over_is_refused),
		cmocka_unit_test(a_record_with_a_flipped_bit_is_refused),
		cmocka_unit_test(every_truncation_is_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
