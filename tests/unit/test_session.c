#include "services/verifier/session.h"

#include "tests/support/test.h"

#include "lib/base/drop.h"

#define N NODE_STATE_NONE

/* The next state of each event, in the order of NODE_EVENTS; what is N here is illegal. */
static const enum node_state expected[NODE_STATE_COUNT][NODE_EVENT_COUNT] = {
	/*                      AK_CHANGED        PROVISIONED       REBOOT              GOOD GOOD_CLOSED BAD
           NO_ANSWER           OPENED        SUSPEND         RESUME              REMOVE */
	[NODE_ENROLLED] = {NODE_ENROLLED, NODE_PROVISIONED, NODE_ENROLLED, NODE_ENROLLED, N, NODE_UNTRUSTED,
		NODE_ENROLLED, N, NODE_SUSPENDED, N, NODE_REMOVED},
	[NODE_PROVISIONED] = {NODE_ENROLLED, NODE_PROVISIONED, NODE_PROVISIONED, NODE_TRUSTED,
		NODE_BOOTSTRAPPING, NODE_UNTRUSTED, NODE_PROVISIONED, N, NODE_SUSPENDED, NODE_PROVISIONED,
		NODE_REMOVED},
	[NODE_BOOTSTRAPPING] = {NODE_ENROLLED, NODE_PROVISIONED, NODE_REBOOTED, NODE_TRUSTED,
		NODE_BOOTSTRAPPING, NODE_UNTRUSTED, NODE_UNREACHABLE, NODE_TRUSTED, NODE_SUSPENDED,
		NODE_BOOTSTRAPPING, NODE_REMOVED},
	[NODE_TRUSTED] = {NODE_ENROLLED, NODE_PROVISIONED, NODE_REBOOTED, NODE_TRUSTED, NODE_BOOTSTRAPPING,
		NODE_UNTRUSTED, NODE_UNREACHABLE, NODE_TRUSTED, NODE_SUSPENDED, NODE_TRUSTED, NODE_REMOVED},
	[NODE_UNREACHABLE] = {NODE_ENROLLED, NODE_PROVISIONED, NODE_REBOOTED, NODE_TRUSTED,
		NODE_BOOTSTRAPPING, NODE_UNTRUSTED, NODE_UNREACHABLE, N, NODE_SUSPENDED, NODE_UNREACHABLE,
		NODE_REMOVED},
	[NODE_REBOOTED] = {NODE_ENROLLED, NODE_PROVISIONED, NODE_REBOOTED, NODE_TRUSTED, NODE_BOOTSTRAPPING,
		NODE_UNTRUSTED, NODE_UNREACHABLE, N, NODE_SUSPENDED, NODE_REBOOTED, NODE_REMOVED},
	[NODE_UNTRUSTED] = {NODE_UNTRUSTED, N, NODE_UNTRUSTED, NODE_UNTRUSTED, NODE_UNTRUSTED, NODE_UNTRUSTED,
		NODE_UNTRUSTED, N, N, NODE_PROVISIONED, NODE_REMOVED},
	[NODE_SUSPENDED] = {NODE_SUSPENDED, N, NODE_SUSPENDED, NODE_SUSPENDED, NODE_SUSPENDED, NODE_UNTRUSTED,
		NODE_SUSPENDED, N, N, NODE_PROVISIONED, NODE_REMOVED},
	[NODE_REMOVED] = {NODE_REMOVED, NODE_PROVISIONED, N, N, N, N, N, N, N, N, N},
};

#define EACH(state, event)                                                                                   \
	for (unsigned state = 0; state < NODE_STATE_COUNT; state++)                                          \
		for (unsigned event = 0; event < NODE_EVENT_COUNT; event++)

static struct node_step at(unsigned state, unsigned event)
{
	return node_step((enum node_state)state, (enum node_event)event);
}

static void every_cell_is_as_written_here(void **state)
{
	(void)state;
	EACH(from, event)
	{
		struct node_step step = at(from, event);

		if (step.next != expected[from][event])
			fail_msg("%s, %s: got %s, expected %s", node_state_word((enum node_state)from),
				node_event_words((enum node_event)event), node_state_word(step.next),
				node_state_word(expected[from][event]));
	}
}

static void what_is_illegal_has_no_effect(void **state)
{
	(void)state;
	EACH(from, event)
	if (at(from, event).next == NODE_STATE_NONE)
		assert_int_equal(at(from, event).effects, 0);
	assert_int_equal(at(NODE_STATE_COUNT, EVENT_GOOD).next, NODE_STATE_NONE);
	assert_int_equal(at(NODE_TRUSTED, NODE_EVENT_COUNT).next, NODE_STATE_NONE);
}

static void untrusted_and_suspended_are_left_only_by_the_tenant(void **state)
{
	(void)state;
	EACH(from, event)
	{
		enum node_state next = at(from, event).next;

		if ((from != NODE_UNTRUSTED && from != NODE_SUSPENDED) || event == EVENT_RESUME ||
			event == EVENT_REMOVE)
			continue;
		assert_true(
			next == NODE_STATE_NONE || next == (enum node_state)from || next == NODE_UNTRUSTED);
	}
}

static void removed_is_left_only_by_a_new_provisioning(void **state)
{
	(void)state;
	for (unsigned event = 0; event < NODE_EVENT_COUNT; event++) {
		enum node_state next = at(NODE_REMOVED, event).next;

		assert_true(next == NODE_STATE_NONE || next == NODE_REMOVED || event == EVENT_PROVISIONED);
	}
}

static void v_goes_out_only_into_bootstrapping(void **state)
{
	(void)state;
	EACH(from, event)
	{
		struct node_step step = at(from, event);

		if ((step.effects & EFFECT_SHARE_V) != 0)
			assert_int_equal(step.next, NODE_BOOTSTRAPPING);
		if ((step.effects & EFFECT_SHARE_V) != 0)
			assert_true(event == EVENT_GOOD_CLOSED || event == EVENT_RESUME);
	}
}

static void bad_evidence_ends_all_trust_and_revokes_once(void **state)
{
	(void)state;
	for (unsigned from = 1; from < NODE_STATE_COUNT; from++) {
		struct node_step step = at(from, EVENT_BAD);

		if (from == NODE_REMOVED)
			continue;
		assert_int_equal(step.next, NODE_UNTRUSTED);
		assert_int_equal(step.effects, from == NODE_UNTRUSTED ? 0 : EFFECT_REVOKE);
	}
}

static void nobody_becomes_trusted_but_by_good_evidence_or_an_opened_payload(void **state)
{
	(void)state;
	EACH(from, event)
	if (at(from, event).next == NODE_TRUSTED && from != NODE_TRUSTED)
		assert_true(event == EVENT_GOOD || event == EVENT_OPENED);
}

static void exactly_bootstrapping_and_trusted_pass(void **state)
{
	(void)state;
	for (unsigned from = 0; from <= NODE_STATE_COUNT; from++)
		assert_int_equal(node_state_passes((enum node_state)from),
			from == NODE_BOOTSTRAPPING || from == NODE_TRUSTED);
}

static void words_lead_back_to_their_states(void **state)
{
	(void)state;
	for (unsigned from = 1; from < NODE_STATE_COUNT; from++)
		assert_int_equal(node_state_parse(span_text(node_state_word((enum node_state)from))), from);
	assert_int_equal(node_state_parse(span_text("stale")), NODE_STATE_NONE);
	assert_int_equal(node_state_parse(span_text("")), NODE_STATE_NONE);
	assert_int_equal(node_state_parse(span_text("none")), NODE_STATE_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cell_is_as_written_here),
		cmocka_unit_test(what_is_illegal_has_no_effect),
		cmocka_unit_test(untrusted_and_suspended_are_left_only_by_the_tenant),
		cmocka_unit_test(removed_is_left_only_by_a_new_provisioning),
		cmocka_unit_test(v_goes_out_only_into_bootstrapping),
		cmocka_unit_test(bad_evidence_ends_all_trust_and_revokes_once),
		cmocka_unit_test(nobody_becomes_trusted_but_by_good_evidence_or_an_opened_payload),
		cmocka_unit_test(exactly_bootstrapping_and_trusted_pass),
		cmocka_unit_test(words_lead_back_to_their_states),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
