#include "tests/integration/verifier_rig.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "lib/base/hex.h"

/* An agent whose hello was answered. Before the verifier has its lease it answers nobody. */
static enum msg_type type_of_cause(const struct rig *rig, unsigned i)
{
	struct signed_msg opened;

	for (enum msg_type type = MSG_TYPE_ok; type < MSG_TYPE_COUNT; type++)
		if (signed_open(blob_span(&rig->cause[i]), type, &opened, NULL) == RC_OK)
			return type;
	return MSG_TYPE_none;
}

static void good_evidence_makes_a_provisioned_node_trusted(void **state)
{
	struct rig *rig = *state;
	struct soft_tpm tpm;
	struct agent agent;

	soft_tpm_open(&tpm);
	agent_bring_up(rig, &tpm, &agent);
	RIG_UNTIL(rig, rig->causes == 1);
	assert_int_equal(type_of_cause(rig, 0), MSG_TYPE_provisioning);
	RIG_UNTIL(rig, rig->alive > 0);
	agent_end(&tpm, &agent);
}

static void a_changed_pcr_revokes_at_once_and_only_the_tenant_heals_it(void **state)
{
	struct rig *rig = *state;
	struct soft_tpm tpm;
	struct agent agent;
	struct msg measured = {.type = MSG_TYPE_measured};
	struct msg get = {.type = MSG_TYPE_verdict_get};
	struct signed_msg verdict;

	soft_tpm_open(&tpm);
	agent_bring_up(rig, &tpm, &agent);
	RIG_UNTIL(rig, rig->causes == 1);
	soft_tpm_extend(&tpm, 16, 1);
	agent_send(&agent, &measured);
	RIG_UNTIL(rig, rig->causes == 2);
	assert_int_equal(type_of_cause(rig, 1), MSG_TYPE_verdict);
	assert_string_equal(rig_state(rig, &tpm), "untrusted");
	get.verdict_get.node = SPAN(tpm.node);
	assert_ok(rig_ask(rig, VIEWER, &get));
	assert_ok(msg_decode_as(blob_span(&rig->answer), MSG_TYPE_verdict_info, &get));
	assert_ok(signed_open(get.verdict_info.verdict, MSG_TYPE_verdict, &verdict, NULL));
	assert_false(verdict.msg.verdict.trusted);
	assert_int_equal(verdict.msg.verdict.findings_count, 1);
	/* It still fails: refused in words. Then it passes, and stays untrusted until it is resumed. */
	assert_rc(rig_action(rig, PROVISIONER, &tpm, "resume", 0), RC_DENIED);
	assert_non_null(strstr(rig->text, "still fails: pcr-value: pcr 16 (sha256)"));
	memset(tpm.pcrs, 0, sizeof tpm.pcrs);
	rig_pass_ms(rig, 600);
	assert_string_equal(rig_state(rig, &tpm), "untrusted");
	agent.shares = 0;
	assert_ok(rig_action(rig, PROVISIONER, &tpm, "resume", 0));
	rig_until_state(rig, &tpm, "trusted");
	RIG_UNTIL(rig, rig->causes == 3);
	assert_int_equal(type_of_cause(rig, 2), MSG_TYPE_node_request);
	agent_end(&tpm, &agent);
}

/* Each lie makes the node untrusted, and no V leaves for it. */
static void no_lie_gets_v(void **state)
{
	static const enum lie lies[] = {LIE_NONCE, LIE_NK, LIE_SELECTION, LIE_CLOCK, LIE_AK, LIE_REPLAY};
	static const struct secret32 v = {"the share V of a test, 32 bytes"};
	struct rig *rig = *state;
	uint8_t hash[HASH_BYTES];

	for (size_t i = 0; i < COUNT(lies); i++) {
		struct soft_tpm tpm;
		struct agent agent;

		soft_tpm_open(&tpm);
		agent_join(rig, &tpm, &agent);
		rig_policy(rig, hash);
		RIG_UNTIL(rig, agent.challenges >= 2);
		agent.lie = LIE_SILENT;
		assert_ok(rig_provision(rig, PROVISIONER, &tpm, 7, &v));
		agent.lie = lies[i];
		rig_until_state(rig, &tpm, "untrusted");
		rig_pass_ms(rig, 300);
		assert_int_equal(agent.shares, 0);
		agent_end(&tpm, &agent);
	}
}

static void evidence_of_another_node_over_this_connection_is_bad(void **state)
{
	struct rig *rig = *state;
	struct soft_tpm honest, thief;
	struct agent a, b;

	soft_tpm_open(&honest);
	soft_tpm_open(&thief);
	agent_join(rig, &honest, &a);
	agent_join(rig, &thief, &b);
	/* The thief's agent lets the honest machine's TPM sign for its own challenges. */
	b.tpm = &honest;
	rig_until_state(rig, &thief, "untrusted");
	assert_string_equal(rig_state(rig, &honest), "enrolled");
	b.tpm = &thief;
	agent_end(&honest, &a);
	agent_end(&thief, &b);
}

static void a_silent_node_is_unreachable_and_heals(void **state)
{
	struct rig *rig = *state;
	struct soft_tpm tpm;
	struct agent agent;

	soft_tpm_open(&tpm);
	agent_bring_up(rig, &tpm, &agent);
	agent.lie = LIE_SILENT;
	rig_until_state(rig, &tpm, "unreachable");
	agent.lie = LIE_NONE;
	rig_until_state(rig, &tpm, "trusted");
	agent_end(&tpm, &agent);
}

static void an_unknown_key_gets_nothing(void **state)
{
	struct rig *rig = *state;
	struct soft_tpm tpm;
	struct agent agent, stranger;

	soft_tpm_open(&tpm);
	agent_join(rig, &tpm, &agent);
	agent_open(rig, &tpm, &stranger);
	for (unsigned i = 0; i < 5; i++) {
		agent_hello(&stranger);
		rig_pass_ms(rig, 60);
	}
	assert_int_equal(stranger.welcomes + stranger.challenges + stranger.shares, 0);
	assert_string_equal(rig_state(rig, &tpm), "enrolled");
	agent_close(&stranger);
	agent_end(&tpm, &agent);
}

static bool has_logged(const struct rig *rig, const char *words)
{
	DROP(blob_release) struct blob log = {0};
	char path[SCRATCH_FILE_BYTES];

	return file_read(scratch_file(&rig->dir, "verifier.log", path), 4 << 20, &log, NULL) == RC_OK &&
	       log.len != 0 && memmem(log.at, log.len, words, strlen(words)) != NULL;
}

/* After a newer agent entered, the former one is heard no more, and told of: two machines share a TPM. */
static void a_former_key_loses_its_role(void **state)
{
	struct rig *rig = *state;
	struct soft_tpm tpm;
	struct agent first, second;
	unsigned before;

	soft_tpm_open(&tpm);
	agent_join(rig, &tpm, &first);
	agent_join(rig, &tpm, &second);
	RIG_UNTIL(rig, second.challenges > 0);
	before = first.challenges;
	assert_false(has_logged(rig, "node.duplicate"));
	agent_hello(&first);
	RIG_UNTIL(rig, has_logged(rig, "node.duplicate"));
	rig_pass_ms(rig, 500);
	assert_int_equal(first.challenges, before);
	agent_close(&first);
	agent_end(&tpm, &second);
}

static void who_lacks_the_role_is_refused(void **state)
{
	static const struct secret32 v = {"the share V of a test, 32 bytes"};
	struct rig *rig = *state;
	struct soft_tpm tpm;
	struct agent agent;
	uint8_t hash[HASH_BYTES];

	soft_tpm_open(&tpm);
	agent_join(rig, &tpm, &agent);
	rig_policy(rig, hash);
	assert_rc(rig_provision(rig, VIEWER, &tpm, 7, &v), RC_DENIED);
	assert_rc(rig_action(rig, VIEWER, &tpm, "suspend", 0), RC_DENIED);
	assert_rc(rig_action(rig, PROVISIONER, &tpm, "remove", 0), RC_DENIED);
	assert_rc(rig_action(rig, PROVISIONER, &tpm, "dance", 0), RC_UNSUPPORTED);
	assert_rc(rig_action(rig, PROVISIONER, &tpm, "suspend", 1000), RC_STALE);
	assert_ok(rig_provision(rig, PROVISIONER, &tpm, 7, &v));
	assert_rc(rig_provision(rig, PROVISIONER, &tpm, 7, &v), RC_STALE);
	assert_rc(rig_provision(rig, PROVISIONER, &tpm, 6, &v), RC_STALE);
	assert_ok(rig_action(rig, PROVISIONER, &tpm, "suspend", 0));
	assert_rc(rig_provision(rig, PROVISIONER, &tpm, 8, &v), RC_DENIED);
	assert_ok(rig_action(rig, ADMIN, &tpm, "remove", 0));
	assert_string_equal(rig_state(rig, &tpm), "removed");
	agent_end(&tpm, &agent);
}

static bool is_for(enum msg_type type, unsigned role)
{
	switch ((int)type) {
	case MSG_TYPE_status_get:
	case MSG_TYPE_policy_get:
	case MSG_TYPE_policy_list:
	case MSG_TYPE_document_get:
	case MSG_TYPE_state_get:
	case MSG_TYPE_state_list:
	case MSG_TYPE_verdict_get: return (role & ROLES_VIEW) != 0;
	case MSG_TYPE_hello: /* anyone may say it; operators get no answer */ return true;
	default: return false;
	}
}

/* Of every type, a message that a viewer may not send is answered `denied`, and changes nothing. */
static void a_viewer_may_send_questions_only(void **state)
{
	struct rig *rig = *state;

	RIG_UNTIL(rig, client_is_up(rig->client[VIEWER]));
	for (enum msg_type type = MSG_TYPE_ok; type < MSG_TYPE_COUNT; type++) {
		char path[64];
		struct msg msg;

		snprintf(path, sizeof path, "proto/%s.bin", msg_type_name(type));
		assert_ok(msg_decode_as(vector(path), type, &msg));
		msg.id = 0;
		msg.ttl_ms = 0;
		if (!is_for(type, ROLE_VIEWER))
			assert_rc(rig_ask(rig, VIEWER, &msg), RC_DENIED);
	}
}

static void after_kill_9_nothing_is_lost_and_no_stored_trust_is_believed(void **state)
{
	struct rig *rig = *state;
	struct soft_tpm tpm;
	struct agent agent, next;
	struct msg get = {.type = MSG_TYPE_state_get};
	struct elem_node_state told;

	soft_tpm_open(&tpm);
	agent_bring_up(rig, &tpm, &agent);
	rig_kill(rig);
	rig_start(rig);
	rig_until_state(rig, &tpm, "trusted");
	get.state_get.node = SPAN(tpm.node);
	assert_ok(rig_ask(rig, VIEWER, &get));
	assert_ok(msg_decode_as(blob_span(&rig->answer), MSG_TYPE_states, &get));
	assert_true(ELEM_NEXT(node_state, &get.states.states, &told));
	assert_false(told.connected);
	assert_int_equal(told.number, 7);
	/* Another run of the agent, its payload closed: it passes and gets V again without the tenant. */
	agent_join(rig, &tpm, &next);
	RIG_UNTIL(rig, next.shares > 0);
	agent_close(&agent);
	agent_end(&tpm, &next);
}

static void a_long_silence_withholds_v_until_the_tenant_resumes(void **state)
{
	struct rig *rig = *state;
	struct soft_tpm tpm;
	struct agent agent, next;

	soft_tpm_open(&tpm);
	agent_bring_up(rig, &tpm, &agent);
	agent_close(&agent);
	rig_pass_ms(rig, 2600);
	agent_join(rig, &tpm, &next);
	RIG_UNTIL(rig, next.challenges > 4);
	rig_until_state(rig, &tpm, "bootstrapping");
	assert_non_null(strstr(rig->text, "V withheld"));
	assert_int_equal(next.shares, 0);
	assert_ok(rig_action(rig, PROVISIONER, &tpm, "resume", 0));
	RIG_UNTIL(rig, next.shares > 0);
	agent_end(&tpm, &next);
}

static void without_the_notice_log_v_is_withheld(void **state)
{
	static const struct secret32 v = {"the share V of a test, 32 bytes"};
	struct rig *rig = *state;
	struct soft_tpm tpm;
	struct agent agent;
	uint8_t hash[HASH_BYTES];

	rig_kill(rig);
	rig->is_silent = true;
	rig_start(rig);
	soft_tpm_open(&tpm);
	agent_join(rig, &tpm, &agent);
	rig_policy(rig, hash);
	assert_ok(rig_provision(rig, PROVISIONER, &tpm, 7, &v));
	rig_until_state(rig, &tpm, "bootstrapping");
	RIG_UNTIL(rig, agent.challenges > 5);
	assert_int_equal(agent.shares, 0);
	rig->is_silent = false;
	RIG_UNTIL(rig, agent.shares > 0);
	agent_end(&tpm, &agent);
}

static void what_the_notice_log_knows_counts_more_than_redis(void **state)
{
	struct rig *rig = *state;
	struct soft_tpm tpm;
	struct agent agent;
	struct elem_floor floor;

	soft_tpm_open(&tpm);
	agent_bring_up(rig, &tpm, &agent);
	rig_kill(rig);
	floor = (struct elem_floor){
		.node = SPAN(tpm.node), .seq = 5, .kind = span_text("revoked"), .verdict = 99, .number = 7};
	assert_ok(ELEM_APPEND(floor, &floor, &rig->floors));
	rig->floor_count = 1;
	rig_start(rig);
	rig_until_state(rig, &tpm, "untrusted");
	assert_non_null(strstr(rig->text, "notice log"));
	agent_end(&tpm, &agent);
}

static void a_record_that_was_altered_is_not_believed(void **state)
{
	struct rig *rig = *state;
	struct soft_tpm tpm;
	struct agent agent;
	char digits[HEX_BYTES(NODE_ID_BYTES)];

	soft_tpm_open(&tpm);
	agent_bring_up(rig, &tpm, &agent);
	rig_kill(rig);
	redis_say(&rig->redis, REDIS_USERS, "HSET", "lb:{0}:state", hex_encode(SPAN(tpm.node), digits),
		"forged", (char *)NULL);
	rig_start(rig);
	rig_until_state(rig, &tpm, "untrusted");
	agent_end(&tpm, &agent);
}

static void a_redis_that_comes_back_empty_is_noticed_and_filled_again(void **state)
{
	struct rig *rig = *state;
	struct soft_tpm tpm;
	struct agent agent;
	char digits[HEX_BYTES(NODE_ID_BYTES)];
	uint64_t end_ms = clock_mono_ms(clock_system()) + RIG_PATIENCE_MS;

	soft_tpm_open(&tpm);
	agent_bring_up(rig, &tpm, &agent);
	redis_server_kill(&rig->redis);
	redis_server_restart_empty(&rig->redis);
	hex_encode(SPAN(tpm.node), digits);
	while (strcmp(redis_say(&rig->redis, REDIS_USERS, "HEXISTS", "lb:{0}:prov", digits, (char *)NULL),
		       ":1\r\n") != 0) {
		assert_true(clock_mono_ms(clock_system()) < end_ms);
		rig_pass_ms(rig, 50);
	}
	rig_until_state(rig, &tpm, "trusted");
	agent_end(&tpm, &agent);
}

static void a_verifier_that_lost_its_lease_stops(void **state)
{
	struct rig *rig = *state;
	struct soft_tpm tpm;
	struct agent agent;
	unsigned before;
	struct msg list = {.type = MSG_TYPE_state_list};

	soft_tpm_open(&tpm);
	agent_join(rig, &tpm, &agent);
	RIG_UNTIL(rig, agent.challenges > 1);
	redis_say(&rig->redis, REDIS_USERS, "SET", "lb:{0}:lease", "another's token", (char *)NULL);
	rig_pass_ms(rig, 1500);
	before = agent.challenges;
	rig_pass_ms(rig, 600);
	assert_int_equal(agent.challenges, before);
	assert_rc(rig_ask(rig, VIEWER, &list), RC_IO);
	/* It is free again: everything goes on. */
	redis_say(&rig->redis, REDIS_USERS, "DEL", "lb:{0}:lease", (char *)NULL);
	RIG_UNTIL(rig, agent.challenges > before);
	agent_end(&tpm, &agent);
}

static void a_relay_reaches_the_node_and_its_answer_the_operator(void **state)
{
	struct rig *rig = *state;
	struct soft_tpm tpm, absent;
	struct agent agent;
	struct msg relay = {.type = MSG_TYPE_relay, .relay = {.body = span_text("sealed")}};

	soft_tpm_open(&tpm);
	soft_tpm_open(&absent);
	agent_join(rig, &tpm, &agent);
	relay.relay.node = SPAN(tpm.node);
	assert_ok(rig_ask(rig, PROVISIONER, &relay));
	assert_rc(rig_ask(rig, VIEWER, &relay), RC_DENIED);
	relay.relay.node = SPAN(absent.node);
	assert_rc(rig_ask(rig, PROVISIONER, &relay), RC_NOT_FOUND);
	soft_tpm_close(&absent);
	agent_end(&tpm, &agent);
}

/* Of every type, what an enrolled node may not send gets no V, no answer that helps, and changes nothing. */
static void a_node_may_not_act_as_an_operator(void **state)
{
	struct rig *rig = *state;
	struct soft_tpm tpm;
	struct agent agent;

	soft_tpm_open(&tpm);
	agent_join(rig, &tpm, &agent);
	for (enum msg_type type = MSG_TYPE_ok; type < MSG_TYPE_COUNT; type++) {
		char path[64];
		struct msg msg;

		snprintf(path, sizeof path, "proto/%s.bin", msg_type_name(type));
		assert_ok(msg_decode_as(vector(path), type, &msg));
		agent_send(&agent, &msg);
		rig_pass_ms(rig, 5);
	}
	rig_pass_ms(rig, 300);
	assert_string_equal(rig_state(rig, &tpm), "enrolled");
	assert_int_equal(agent.shares, 0);
	agent_end(&tpm, &agent);
}

/* A record of the registrar that was valid once, put back by hand. */
static void an_old_record_of_the_registrar_lets_nobody_in(void **state)
{
	struct rig *rig = *state;
	struct soft_tpm tpm;
	struct agent first, second;

	soft_tpm_open(&tpm);
	agent_join(rig, &tpm, &first);
	agent_open(rig, &tpm, &second);
	rig_enrol_as(rig, &tpm, second.nk.public, 5);
	for (unsigned i = 0; i < 5; i++) {
		agent_hello(&second);
		rig_pass_ms(rig, 60);
	}
	assert_int_equal(second.welcomes, 0);
	agent_close(&second);
	agent_end(&tpm, &first);
}

static void it_ends_cleanly_when_it_is_told_to(void **state)
{
	struct rig *rig = *state;
	struct soft_tpm tpm;
	struct agent agent;

	soft_tpm_open(&tpm);
	agent_bring_up(rig, &tpm, &agent);
	if (rig_terminate(rig) != 0) {
		rig_print_log(rig);
		fail_msg("it did not end well");
	}
	agent_end(&tpm, &agent);
}

static void note_answer(void *ctx, enum rc rc, const struct msg *reply, struct span frame)
{
	(void)reply;
	(void)frame;
	*(int *)ctx = rc == RC_OK ? 1 : -1;
}

/* Its agent starts again, or its connection breaks, while the tenant waits. */
static void a_node_that_comes_back_while_it_is_resumed_is_resumed(void **state)
{
	struct rig *rig = *state;
	struct soft_tpm tpm;
	struct agent agent;
	struct msg measured = {.type = MSG_TYPE_measured};
	struct msg body = {.type = MSG_TYPE_node_request};
	struct msg action = {.type = MSG_TYPE_node_action};
	DROP(blob_release) struct blob request = {0};
	int answer = 0;

	soft_tpm_open(&tpm);
	agent_bring_up(rig, &tpm, &agent);
	soft_tpm_extend(&tpm, 16, 1);
	agent_send(&agent, &measured);
	rig_until_state(rig, &tpm, "untrusted");
	memset(tpm.pcrs[16], 0, sizeof tpm.pcrs[16]);
	agent.lie = LIE_SILENT;
	body.node_request = (struct msg_node_request){
		SPAN(tpm.node), span_text("resume"), span_text("a test"), clock_wall_ms(clock_system())};
	assert_ok(signed_make(&rig->who[PROVISIONER].sign, &body, &request, NULL));
	action.node_action.request = blob_span(&request);
	assert_ok(client_call(rig->client[PROVISIONER], &action, 5000, 0, note_answer, &answer, NULL));
	rig_pass_ms(rig, 100);
	assert_int_equal(answer, 0);
	agent.lie = LIE_NONE;
	agent_hello(&agent);
	RIG_UNTIL(rig, answer != 0);
	assert_int_equal(answer, 1);
	agent_end(&tpm, &agent);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_open, rig_close)
	const struct CMUnitTest tests[] = {
		TEST(good_evidence_makes_a_provisioned_node_trusted),
		TEST(a_changed_pcr_revokes_at_once_and_only_the_tenant_heals_it),
		TEST(a_node_that_comes_back_while_it_is_resumed_is_resumed),
		TEST(no_lie_gets_v),
		TEST(evidence_of_another_node_over_this_connection_is_bad),
		TEST(a_silent_node_is_unreachable_and_heals),
		TEST(an_unknown_key_gets_nothing),
		TEST(a_former_key_loses_its_role),
		TEST(who_lacks_the_role_is_refused),
		TEST(a_viewer_may_send_questions_only),
		TEST(after_kill_9_nothing_is_lost_and_no_stored_trust_is_believed),
		TEST(a_long_silence_withholds_v_until_the_tenant_resumes),
		TEST(without_the_notice_log_v_is_withheld),
		TEST(what_the_notice_log_knows_counts_more_than_redis),
		TEST(a_record_that_was_altered_is_not_believed),
		TEST(a_redis_that_comes_back_empty_is_noticed_and_filled_again),
		TEST(a_verifier_that_lost_its_lease_stops),
		TEST(a_relay_reaches_the_node_and_its_answer_the_operator),
		TEST(a_node_may_not_act_as_an_operator),
		TEST(an_old_record_of_the_registrar_lets_nobody_in),
		TEST(it_ends_cleanly_when_it_is_told_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
