#include "services/revocation/watched.h"
#include "tests/support/test.h"

#include "lib/base/drop.h"

static const uint8_t id[NODE_ID_BYTES] = {7};

static struct watched *fresh(struct watched_table *table)
{
	struct watched *node = watched_get(table, id);

	assert_non_null(node);
	return node;
}

static void a_node_nobody_vouched_for_is_not_silent(void **state)
{
	DROP(watched_table_release) struct watched_table table = {0};

	(void)state;
	assert_false(watched_is_silent(fresh(&table), UINT64_C(1) << 40));
}

static void silence_begins_one_millisecond_after_the_limit(void **state)
{
	DROP(watched_table_release) struct watched_table table = {0};
	struct watched *node = fresh(&table);

	(void)state;
	watched_vouch(node, 100, 1000, 5000);
	assert_false(watched_is_silent(node, 5900));
	assert_true(watched_is_silent(node, 5901));
	/* An older word does not shorten, and none lengthens it but a newer one. */
	watched_vouch(node, 3000, 1000, 5901);
	assert_true(watched_is_silent(node, 5901));
	watched_vouch(node, 0, 1000, 5901);
	assert_false(watched_is_silent(node, 6901));
	assert_true(watched_is_silent(node, 6902));
}

static void silence_from_before_the_machine_started_counts(void **state)
{
	DROP(watched_table_release) struct watched_table table = {0};
	struct watched *node = fresh(&table);

	(void)state;
	watched_vouch(node, 86400000, 60000, 10);
	assert_true(watched_is_silent(node, 10));
	watched_vouch(node, UINT64_MAX, 60000, 10);
	assert_true(watched_is_silent(node, 10));
}

static void who_is_revoked_suspended_or_removed_does_not_lapse(void **state)
{
	static const enum notice_kind quiet[] = {NOTICE_REVOKED, NOTICE_SUSPENDED, NOTICE_REMOVED};

	(void)state;
	for (size_t i = 0; i < COUNT(quiet); i++) {
		DROP(watched_table_release) struct watched_table table = {0};
		struct watched *node = fresh(&table);

		watched_vouch(node, 0, 10, 100);
		watched_note(&table, node, NOTICE_LAPSED, 1, NULL);
		assert_int_equal(table.lapsed, 1);
		watched_note(&table, node, quiet[i], 2, NULL);
		assert_int_equal(table.lapsed, 0);
		assert_false(watched_is_silent(node, 1000));
		watched_note(&table, node, NOTICE_REINSTATED, 3, NULL);
		assert_true(watched_is_silent(node, 1000));
	}
}

static void a_provisioning_lifts_a_removal_only(void **state)
{
	DROP(watched_table_release) struct watched_table table = {0};
	struct watched *node = fresh(&table);

	(void)state;
	watched_note(&table, node, NOTICE_REVOKED, 1, NULL);
	watched_note(&table, node, NOTICE_PROVISIONED, 2, NULL);
	assert_int_equal(node->decided, NOTICE_REVOKED);
	assert_int_equal(node->decided_seq, 1);
	watched_note(&table, node, NOTICE_SUSPENDED, 3, NULL);
	watched_note(&table, node, NOTICE_PROVISIONED, 4, NULL);
	assert_int_equal(node->decided, NOTICE_SUSPENDED);
	watched_note(&table, node, NOTICE_REMOVED, 5, NULL);
	watched_note(&table, node, NOTICE_PROVISIONED, 6, NULL);
	assert_int_equal(node->decided, NOTICE_PROVISIONED);
}

static struct notice_cause cause_of(enum notice_kind kind, uint64_t number)
{
	struct notice_cause cause = {.kind = kind};

	if (kind == NOTICE_REVOKED) {
		cause.signed_msg.msg.type = MSG_TYPE_verdict;
		cause.signed_msg.msg.verdict.number = number;
	} else if (kind == NOTICE_PROVISIONED) {
		cause.signed_msg.msg.type = MSG_TYPE_provisioning;
		cause.signed_msg.msg.provisioning.number = number;
	} else {
		cause.signed_msg.msg.type = MSG_TYPE_node_request;
		cause.signed_msg.msg.node_request.time = number;
	}
	return cause;
}

static void a_cause_not_newer_than_the_last_one_is_stale(void **state)
{
	static const enum notice_kind kinds[] = {
		NOTICE_REVOKED, NOTICE_PROVISIONED, NOTICE_SUSPENDED, NOTICE_REINSTATED, NOTICE_REMOVED};

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		DROP(watched_table_release) struct watched_table table = {0};
		struct watched *node = fresh(&table);
		struct notice_cause cause = cause_of(kinds[i], 5);

		assert_false(watched_is_stale(node, &cause));
		watched_note(&table, node, kinds[i], 1, &cause.signed_msg.msg);
		assert_true(watched_is_stale(node, &cause));
		cause = cause_of(kinds[i], 4);
		assert_true(watched_is_stale(node, &cause));
		cause = cause_of(kinds[i], 6);
		assert_false(watched_is_stale(node, &cause));
	}
}

static void what_is_taken_back_is_as_before(void **state)
{
	DROP(watched_table_release) struct watched_table table = {0};
	struct watched *node = fresh(&table);
	struct notice_cause cause = cause_of(NOTICE_REVOKED, 5);
	struct watched before;

	(void)state;
	watched_vouch(node, 0, 10, 100);
	watched_note(&table, node, NOTICE_LAPSED, 1, NULL);
	before = *node;
	watched_note(&table, node, NOTICE_REVOKED, 2, &cause.signed_msg.msg);
	watched_take_back(&table, node, &before);
	assert_memory_equal(node, &before, sizeof before);
	assert_int_equal(table.lapsed, 1);
	assert_false(watched_is_stale(node, &cause));
}

/* Who asks whether everything that was said of a node is in the log compares with this. */
static void the_last_notice_is_known_whatever_its_kind(void **state)
{
	(void)state;
	for (unsigned kind = NOTICE_UNKNOWN; kind < NOTICE_KIND_COUNT; kind++) {
		DROP(watched_table_release) struct watched_table table = {0};
		struct watched *node = fresh(&table);
		struct watched before;

		watched_note(&table, node, NOTICE_REVOKED, 3, NULL);
		before = *node;
		watched_note(&table, node, (enum notice_kind)kind, 4, NULL);
		assert_int_equal(node->latest_seq, 4);
		watched_take_back(&table, node, &before);
		assert_int_equal(node->latest_seq, 3);
	}
}

static bool count_two(void *ctx, struct watched *node)
{
	uint8_t *last = ctx;

	assert_true(node->id[0] > last[0]);
	last[0] = node->id[0];
	return ++last[1] < 2;
}

static void a_walk_is_in_order_and_goes_on_where_it_stopped(void **state)
{
	DROP(watched_table_release) struct watched_table table = {0};
	uint8_t last[2] = {0};
	uint8_t at[NODE_ID_BYTES] = {0};

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		at[0] = (uint8_t)(1 + (i * 3) % 5);
		assert_non_null(watched_get(&table, at));
		assert_non_null(watched_get(&table, at));
	}
	assert_int_equal(table.count, 5);
	for (unsigned page = 0; page < 3; page++) {
		at[0] = last[0];
		last[1] = 0;
		watched_walk(&table, page == 0 ? NULL : at, count_two, last);
	}
	assert_int_equal(last[0], 5);
	at[0] = 9;
	assert_null(watched_find(&table, at));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_node_nobody_vouched_for_is_not_silent),
		cmocka_unit_test(silence_begins_one_millisecond_after_the_limit),
		cmocka_unit_test(silence_from_before_the_machine_started_counts),
		cmocka_unit_test(who_is_revoked_suspended_or_removed_does_not_lapse),
		cmocka_unit_test(a_provisioning_lifts_a_removal_only),
		cmocka_unit_test(a_cause_not_newer_than_the_last_one_is_stale),
		cmocka_unit_test(what_is_taken_back_is_as_before),
		cmocka_unit_test(the_last_notice_is_known_whatever_its_kind),
		cmocka_unit_test(a_walk_is_in_order_and_goes_on_where_it_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
