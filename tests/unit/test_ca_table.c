#include "services/revocation/ca_table.h"
#include "tests/support/test.h"

#include <stdio.h>

#include "lib/base/drop.h"

#define NOW      UINT64_C(1800000000000)
#define LIFE     UINT64_C(3600000)
#define NODES    3
#define PER_NODE 3

static void number(uint64_t n, uint8_t out[SERIAL_BYTES])
{
	memset(out, 0x40, SERIAL_BYTES);
	for (size_t i = 0; i < 8; i++)
		out[8 + i] = (uint8_t)(n >> (56 - 8 * i));
}

static void id_of(uint64_t n, uint8_t out[NODE_ID_BYTES])
{
	memset(out, 0, NODE_ID_BYTES);
	for (size_t i = 0; i < 8; i++)
		out[24 + i] = (uint8_t)(n >> (56 - 8 * i));
}

static struct ca_certificate certificate(uint64_t n, uint64_t node, uint64_t notice)
{
	struct ca_certificate out = {.not_after = NOW + LIFE, .seq = n, .notice = notice};

	number(n, out.serial);
	id_of(node, out.node);
	return out;
}

static void add(struct ca_table *table, uint64_t n, uint64_t node, uint64_t notice)
{
	struct ca_certificate one = certificate(n, node, notice);

	assert_ok(ca_table_add(table, &one));
}

static void note(struct ca_table *table, enum ca_effect effect, uint64_t node, uint64_t seq)
{
	uint8_t id[NODE_ID_BYTES];
	struct ca_notice notice = {.effect = effect,
		.node = id,
		.reason = CRL_PRIVILEGE_WITHDRAWN,
		.seq = seq,
		.time = NOW + seq * 1000};

	id_of(node, id);
	assert_ok(ca_table_note(table, &notice, NULL, NULL));
}

static void end_one(struct ca_table *table, uint64_t n, uint64_t seq)
{
	uint8_t serial[SERIAL_BYTES], id[NODE_ID_BYTES] = {0};
	struct ca_notice notice = {.effect = CA_END_ONE,
		.node = id,
		.serial = SPAN(serial),
		.reason = CRL_KEY_COMPROMISE,
		.seq = seq,
		.time = NOW + seq * 1000};

	number(n, serial);
	assert_ok(ca_table_note(table, &notice, NULL, NULL));
}

static struct ca_certificate look(const struct ca_table *table, uint64_t n)
{
	struct ca_certificate out = {0};
	uint8_t serial[SERIAL_BYTES];

	number(n, serial);
	assert_true(ca_table_find(table, SPAN(serial), &out));
	return out;
}

static bool is_there(const struct ca_table *table, uint64_t n)
{
	struct ca_certificate out;
	uint8_t serial[SERIAL_BYTES];

	number(n, serial);
	return ca_table_find(table, SPAN(serial), &out);
}

static struct ca_table *fresh(void)
{
	struct ca_table *table = NULL;

	assert_ok(ca_table_open(&table, NULL));
	return table;
}

static void a_certificate_is_found_by_its_serial_and_only_by_that(void **state)
{
	DROP(ca_table_close) struct ca_table *table = fresh();
	uint8_t serial[SERIAL_BYTES + 1] = {0};
	struct ca_certificate out;

	(void)state;
	add(table, 7, 1, 0);
	assert_int_equal(look(table, 7).state, CA_LIVE);
	assert_int_equal(look(table, 7).not_after, NOW + LIFE);
	assert_int_equal(look(table, 7).seq, 7);
	assert_false(is_there(table, 8));
	number(7, serial);
	assert_false(ca_table_find(table, span_of(serial, SERIAL_BYTES + 1), &out));
	assert_false(ca_table_find(table, span_of(serial, SERIAL_BYTES - 1), &out));
	assert_false(ca_table_find(table, (struct span){0}, &out));
}

static void one_serial_is_there_once(void **state)
{
	DROP(ca_table_close) struct ca_table *table = fresh();
	struct ca_certificate one = certificate(1, 1, 0);

	(void)state;
	add(table, 1, 1, 0);
	assert_rc(ca_table_add(table, &one), RC_EXISTS);
	assert_int_equal(ca_table_counts(table).live, 1);
}

static bool count(void *ctx, const struct ca_certificate *one)
{
	(void)one;
	++*(size_t *)ctx;
	return true;
}

static void a_node_has_its_own_and_no_others(void **state)
{
	DROP(ca_table_close) struct ca_table *table = fresh();
	uint8_t id[NODE_ID_BYTES];

	(void)state;
	for (uint64_t n = 0; n < NODES * PER_NODE; n++)
		add(table, n, n % NODES, 0);
	for (uint64_t node = 0; node <= NODES; node++) {
		size_t found = 0;

		id_of(node, id);
		ca_table_of_node(table, id, count, &found);
		assert_int_equal(found, node < NODES ? PER_NODE : 0);
	}
}

/* ---- what notices do ---- */

static void each_effect_leads_where_it_should(void **state)
{
	static const struct {
		enum ca_effect effects[4];
		enum ca_state state;
	} rows[] = {
		{{CA_NOTHING}, CA_LIVE},
		{{CA_END}, CA_REVOKED},
		{{CA_SUSPEND}, CA_HELD},
		{{CA_LAPSE}, CA_HELD},
		{{CA_SUSPEND, CA_RESUME}, CA_LIVE},
		{{CA_LAPSE, CA_RESTORE}, CA_LIVE},
		{{CA_SUSPEND, CA_RESTORE}, CA_HELD},
		{{CA_LAPSE, CA_RESUME}, CA_HELD},
		/* Who is suspended is not watched: it has not lapsed any more. */
		{{CA_LAPSE, CA_SUSPEND, CA_RESUME}, CA_LIVE},
		{{CA_SUSPEND, CA_LAPSE, CA_RESTORE}, CA_HELD},
		{{CA_SUSPEND, CA_END}, CA_REVOKED},
		/* What ended does not come back. */
		{{CA_END, CA_RESUME}, CA_REVOKED},
		{{CA_END, CA_SUSPEND, CA_RESUME}, CA_REVOKED},
		{{CA_END, CA_RESTORE}, CA_REVOKED},
	};

	(void)state;
	for (size_t row = 0; row < COUNT(rows); row++) {
		DROP(ca_table_close) struct ca_table *table = fresh();

		add(table, 1, 1, 10);
		add(table, 2, 2, 10);
		for (uint64_t i = 0; i < COUNT(rows[row].effects); i++)
			note(table, rows[row].effects[i], 1, 11 + i);
		assert_int_equal(look(table, 1).state, rows[row].state);
		assert_int_equal(look(table, 2).state, CA_LIVE);
	}
}

static void the_order_in_which_the_logs_are_read_does_not_matter(void **state)
{
	static const enum ca_effect story[] = {
		CA_SUSPEND, CA_RESUME, CA_END, CA_LAPSE, CA_RESTORE, CA_SUSPEND};

	(void)state;
	/* Certificate n was issued after notice n; certificates first, notices first, and mixed. */
	for (unsigned order = 0; order < 3; order++) {
		DROP(ca_table_close) struct ca_table *table = fresh();

		for (uint64_t n = 0; n <= COUNT(story) && order == 0; n++)
			add(table, n, 1, n);
		for (uint64_t n = 0; n <= COUNT(story); n++) {
			if (n != 0)
				note(table, story[n - 1], 1, n);
			if (order == 1)
				add(table, n, 1, n);
		}
		for (uint64_t n = 0; n <= COUNT(story) && order == 2; n++)
			add(table, n, 1, n);
		for (uint64_t n = 0; n <= COUNT(story); n++)
			assert_int_equal(look(table, n).state, n < 3              ? CA_REVOKED
							       : n < COUNT(story) ? CA_HELD
										  : CA_LIVE);
		assert_int_equal(look(table, 0).notice, 3);
		assert_int_equal(look(table, 0).since, NOW + 3000);
	}
}

static void a_notice_counts_once(void **state)
{
	DROP(ca_table_close) struct ca_table *table = fresh();

	(void)state;
	add(table, 1, 1, 0);
	note(table, CA_SUSPEND, 1, 1);
	note(table, CA_RESUME, 1, 2);
	note(table, CA_SUSPEND, 1, 1);
	assert_int_equal(look(table, 1).state, CA_LIVE);
}

static void one_certificate_ends_alone(void **state)
{
	DROP(ca_table_close) struct ca_table *table = fresh();

	(void)state;
	add(table, 1, 1, 0);
	add(table, 2, 1, 0);
	end_one(table, 1, 1);
	assert_int_equal(look(table, 1).state, CA_REVOKED);
	assert_int_equal(look(table, 1).reason, CRL_KEY_COMPROMISE);
	assert_int_equal(look(table, 2).state, CA_LIVE);
	/* The notice came first. */
	end_one(table, 3, 2);
	add(table, 3, 1, 1);
	assert_int_equal(look(table, 3).state, CA_REVOKED);
	assert_int_equal(look(table, 3).notice, 2);
}

static void early_ends_are_bounded(void **state)
{
	DROP(ca_table_close) struct ca_table *table = fresh();

	(void)state;
	for (uint64_t n = 0; n <= CA_EARLY_MAX; n++)
		end_one(table, n, n + 1);
	add(table, 0, 1, 0);
	add(table, 1, 1, 0);
	assert_int_equal(look(table, 0).state, CA_LIVE);
	assert_int_equal(look(table, 1).state, CA_REVOKED);
}

static size_t affected(struct ca_table *table, enum ca_effect effect, uint64_t node, size_t max)
{
	uint8_t out[CA_AFFECTED_MAX][SERIAL_BYTES], id[NODE_ID_BYTES];
	struct ca_notice notice = {.effect = effect, .node = id, .seq = 100, .time = NOW};

	id_of(node, id);
	return ca_table_affected(table, &notice, NOW, out, max);
}

static void a_notice_names_what_it_changes(void **state)
{
	DROP(ca_table_close) struct ca_table *table = fresh();
	struct ca_certificate old = certificate(9, 1, 0);

	(void)state;
	old.not_after = NOW - 1000;
	assert_ok(ca_table_add(table, &old));
	for (uint64_t n = 0; n < 3; n++)
		add(table, n, 1, 0);
	end_one(table, 0, 1);
	assert_int_equal(affected(table, CA_END, 1, CA_AFFECTED_MAX), 2);
	assert_int_equal(affected(table, CA_SUSPEND, 1, CA_AFFECTED_MAX), 2);
	assert_int_equal(affected(table, CA_SUSPEND, 1, 1), 1);
	assert_int_equal(affected(table, CA_RESUME, 1, CA_AFFECTED_MAX), 0);
	assert_int_equal(affected(table, CA_END, 2, CA_AFFECTED_MAX), 0);
	assert_int_equal(affected(table, CA_NOTHING, 1, CA_AFFECTED_MAX), 0);
	note(table, CA_SUSPEND, 1, 2);
	assert_int_equal(affected(table, CA_SUSPEND, 1, CA_AFFECTED_MAX), 0);
	assert_int_equal(affected(table, CA_RESUME, 1, CA_AFFECTED_MAX), 2);
}

/* ---- pending ---- */

static void what_did_not_become_durable_is_taken_back(void **state)
{
	DROP(ca_table_close) struct ca_table *table = fresh();
	struct ca_certificate one = certificate(1, 1, 0), two = certificate(2, 1, 0);

	(void)state;
	one.is_pending = two.is_pending = true;
	assert_ok(ca_table_add(table, &one));
	assert_ok(ca_table_add(table, &two));
	assert_true(look(table, 1).is_pending);
	note(table, CA_END, 1, 1);
	two.is_pending = false;
	assert_ok(ca_table_add(table, &two));
	assert_false(look(table, 2).is_pending);
	assert_int_equal(look(table, 2).state, CA_REVOKED);
	ca_table_take_back(table, SPAN(one.serial));
	assert_false(is_there(table, 1));
	/* A final one stays. */
	ca_table_take_back(table, SPAN(two.serial));
	assert_true(is_there(table, 2));
	assert_int_equal(ca_table_counts(table).revoked, 1);
	assert_int_equal(ca_table_counts(table).live, 0);
}

/* ---- CRLs ---- */

static enum crl_reason line_of(const struct crl_entry *lines, size_t lines_count, uint64_t n)
{
	uint8_t serial[SERIAL_BYTES];

	number(n, serial);
	for (size_t i = 0; i < lines_count; i++)
		if (memcmp(lines[i].serial, serial, SERIAL_BYTES) == 0)
			return lines[i].reason;
	return CRL_AA_COMPROMISE; /* stands for: not there */
}

static void full_lists_have_all_and_deltas_what_changed(void **state)
{
	DROP(ca_table_close) struct ca_table *table = fresh();
	DROP(ca_listing_release) struct ca_listing base = {0};
	DROP(ca_listing_release) struct ca_listing next = {0};
	DROP(ca_listing_release) struct ca_listing last = {0};

	(void)state;
	for (uint64_t n = 0; n < 4; n++)
		add(table, n, n, 0);
	note(table, CA_END, 0, 1);
	note(table, CA_SUSPEND, 1, 2);
	assert_ok(ca_table_list(table, &base));
	assert_int_equal(base.full_count, 2);
	assert_int_equal(line_of(base.full, base.full_count, 0), CRL_PRIVILEGE_WITHDRAWN);
	assert_int_equal(line_of(base.full, base.full_count, 1), CRL_CERTIFICATE_HOLD);
	/* Between the listing and its publication. */
	note(table, CA_SUSPEND, 2, 3);
	assert_true(ca_table_changed_since(table, base.mark));
	ca_table_published(table, base.mark, NOW, true);
	note(table, CA_RESUME, 1, 4);
	assert_ok(ca_table_list(table, &next));
	assert_false(ca_table_changed_since(table, next.mark));
	assert_int_equal(next.full_count, 2);
	assert_int_equal(next.delta_count, 2);
	assert_int_equal(line_of(next.delta, next.delta_count, 1), CRL_REMOVE_FROM_CRL);
	assert_int_equal(line_of(next.delta, next.delta_count, 2), CRL_CERTIFICATE_HOLD);
	/* One that is no base leaves the deltas as they were, and adds to them. */
	ca_table_published(table, next.mark, NOW, false);
	note(table, CA_END, 1, 5);
	note(table, CA_RESUME, 2, 6);
	note(table, CA_END, 3, 7);
	assert_ok(ca_table_list(table, &last));
	assert_int_equal(last.full_count, 3);
	assert_int_equal(last.delta_count, 3);
	assert_int_equal(line_of(last.delta, last.delta_count, 1), CRL_PRIVILEGE_WITHDRAWN);
	assert_int_equal(line_of(last.delta, last.delta_count, 2), CRL_REMOVE_FROM_CRL);
	assert_int_equal(line_of(last.delta, last.delta_count, 3), CRL_PRIVILEGE_WITHDRAWN);
}

static void what_is_revoked_stays_for_one_list_after_its_end(void **state)
{
	DROP(ca_table_close) struct ca_table *table = fresh();
	DROP(ca_listing_release) struct ca_listing before = {0};
	DROP(ca_listing_release) struct ca_listing after = {0};
	uint64_t end = NOW + LIFE;

	(void)state;
	add(table, 1, 1, 0);
	add(table, 2, 2, 0);
	note(table, CA_END, 1, 1);
	assert_ok(ca_table_list(table, &before));
	ca_table_published(table, before.mark, end - 1000, true);
	assert_int_equal(ca_table_sweep(table, end, 100), 0);
	/* The live one goes at once, the revoked one does not. */
	assert_int_equal(ca_table_sweep(table, end + 1000, 100), 1);
	assert_false(is_there(table, 2));
	assert_true(is_there(table, 1));
	assert_ok(ca_table_list(table, &after));
	assert_int_equal(after.full_count, 1);
	ca_table_published(table, after.mark, end + 1000, true);
	assert_int_equal(ca_table_sweep(table, end + 2000, 100), 1);
	assert_false(is_there(table, 1));
	assert_int_equal(ca_table_counts(table).revoked, 0);
}

static void places_are_used_again(void **state)
{
	DROP(ca_table_close) struct ca_table *table = fresh();
	size_t bytes;

	(void)state;
	for (uint64_t n = 0; n < 5000; n++)
		add(table, n, n % 100, 0);
	bytes = ca_table_counts(table).bytes;
	for (uint64_t n = 0; n < 5000; n += 500)
		assert_int_equal(ca_table_sweep(table, NOW + LIFE + 1000, 500), 500);
	for (uint64_t n = 0; n < 5000; n++) {
		assert_false(is_there(table, n));
		add(table, 10000 + n, n % 100, 0);
	}
	assert_int_equal(ca_table_counts(table).bytes, bytes);
	assert_int_equal(ca_table_counts(table).live, 5000);
}

static void a_node_gets_so_many_and_then_one_at_a_time(void **state)
{
	DROP(ca_table_close) struct ca_table *table = fresh();
	uint8_t id[NODE_ID_BYTES], other[NODE_ID_BYTES];
	uint64_t wait = 1, now = NOW;

	(void)state;
	id_of(1, id);
	id_of(2, other);
	for (unsigned i = 0; i < 6; i++)
		assert_ok(ca_table_charge(table, id, now, 600000, 6, &wait));
	assert_rc(ca_table_charge(table, id, now, 600000, 6, &wait), RC_LIMIT);
	assert_int_equal(wait, 600000);
	assert_ok(ca_table_charge(table, other, now, 600000, 6, &wait));
	assert_rc(ca_table_charge(table, id, now + 599999, 600000, 6, &wait), RC_LIMIT);
	assert_ok(ca_table_charge(table, id, now + 600000, 600000, 6, &wait));
	assert_rc(ca_table_charge(table, id, now + 600000, 600000, 6, &wait), RC_LIMIT);
	/* A day later there are six again, and no more. */
	now += 86400000;
	for (unsigned i = 0; i < 6; i++)
		assert_ok(ca_table_charge(table, id, now, 600000, 6, &wait));
	assert_rc(ca_table_charge(table, id, now, 600000, 6, &wait), RC_LIMIT);
	/* The clock was put back by a day. */
	assert_ok(ca_table_charge(table, id, NOW, 600000, 6, &wait));
}

/* A hundred thousand, so that the test is quick under sanitizers; a slot takes the same with a million. */
static void many_take_little_memory(void **state)
{
	enum { MANY = 100000 };
	DROP(ca_table_close) struct ca_table *table = fresh();
	DROP(ca_listing_release) struct ca_listing listing = {0};
	size_t empty = ca_table_counts(table).bytes;
	struct ca_counts counts;

	(void)state;
	for (uint64_t n = 0; n < MANY; n++)
		add(table, n, n / 2, 0);
	for (uint64_t n = 0; n < MANY / 2; n += 5)
		note(table, CA_END, n, n + 1);
	counts = ca_table_counts(table);
	assert_int_equal(counts.revoked, MANY / 5);
	assert_int_equal(counts.live, MANY - MANY / 5);
	assert_ok(ca_table_list(table, &listing));
	assert_int_equal(listing.full_count, MANY / 5);
	print_message("# %zu bytes a certificate (two a node), and %zu at the start\n",
		(counts.bytes - empty) / MANY, empty);
	assert_true((counts.bytes - empty) / MANY < 128);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_certificate_is_found_by_its_serial_and_only_by_that),
		cmocka_unit_test(one_serial_is_there_once),
		cmocka_unit_test(a_node_has_its_own_and_no_others),
		cmocka_unit_test(each_effect_leads_where_it_should),
		cmocka_unit_test(the_order_in_which_the_logs_are_read_does_not_matter),
		cmocka_unit_test(a_notice_counts_once),
		cmocka_unit_test(one_certificate_ends_alone),
		cmocka_unit_test(early_ends_are_bounded),
		cmocka_unit_test(a_notice_names_what_it_changes),
		cmocka_unit_test(what_did_not_become_durable_is_taken_back),
		cmocka_unit_test(full_lists_have_all_and_deltas_what_changed),
		cmocka_unit_test(what_is_revoked_stays_for_one_list_after_its_end),
		cmocka_unit_test(places_are_used_again),
		cmocka_unit_test(a_node_gets_so_many_and_then_one_at_a_time),
		cmocka_unit_test(many_take_little_memory),
	};

	return cmocka_run_group_tests_name("ca_table", tests, NULL, NULL);
}
