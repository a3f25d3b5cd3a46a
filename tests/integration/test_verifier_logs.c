/* The IMA list and the firmware's log on their way to a verdict: real lists of a machine, quoted by a TPM in
 * software. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "lib/base/hex.h"
#include "lib/crypto/digest.h"
#include "lib/policy/boot_learn.h"
#include "lib/policy/policy.h"
#include "services/tenant/evidence_set.h"
#include "tests/integration/verifier_rig.h"

#define POLICY(name, more)                                                                                   \
	"{\"limebus\": 1, \"name\": \"" name "\", \"ima\": {\"excludes\": [\"/usr/**\", \"/etc/**\", "       \
	"\"/scripts/**\", \"/conf/**\", \"/var/**\", \"/host/**\", \"/init\", \"/root"                       \
	"/etc/fstab\"]" more "}}"

/* What the machine did at first is allowed; a file in /root that came later is not. */
static const char strict[] = POLICY("p", "");
static const char lenient[] =
	"{\"limebus\": 1, \"name\": \"p\", \"ima\": {\"excludes\": [\"/**\"], \"violations\": \"accept\"}}";
static const char usual[] = "class = default:interval=200ms:lapse=2s:redeliver=60s:stale=1500ms\n"
			    "challenge-timeout = 700ms\nlease = 1s\nlog-level = debug\n";

static struct evidence_set first, second, third;

static void load(const char *step, struct evidence_set *out)
{
	char path[512];

	snprintf(path, sizeof path, "%s/tests/vectors/evidence/sb-on-imang/%s", getenv("LIMEBUS_SOURCE"),
		step);
	assert_ok(evidence_set_load(path, EVIDENCE_QUOTE_ECC, out, NULL));
}

static int open_sets(void **state)
{
	(void)state;
	load("step0", &first);
	load("step2", &second);
	load("step3", &third);
	return 0;
}

static int close_sets(void **state)
{
	(void)state;
	evidence_set_release(&first);
	evidence_set_release(&second);
	evidence_set_release(&third);
	return 0;
}

/* PCR 0 to 14 as they were at that moment. */
static void set_pcrs(struct soft_tpm *tpm, const struct evidence_set *set)
{
	const struct blob *values = &set->quotes[EVIDENCE_QUOTE_ECC].values;

	assert_int_equal(values->len, 15 * 32);
	memcpy(tpm->pcrs, values->at, values->len);
}

static void be_at(struct agent *agent, const struct evidence_set *set)
{
	set_pcrs(agent->tpm, set);
	agent->list = blob_span(&set->list);
	agent->boot = blob_span(&set->log);
}

static int rig_strict(void **state)
{
	rig_setup.policy = strict;
	rig_setup.config = usual;
	return rig_open(state);
}

static int rig_lenient(void **state)
{
	rig_setup.policy = lenient;
	rig_setup.config = usual;
	return rig_open(state);
}

/* As agent_bring_up, at the first moment. */
static void begin(struct rig *rig, struct soft_tpm *tpm, struct agent *agent)
{
	static const struct secret32 v = {"the share V of a test, 32 bytes"};
	struct msg told = {.type = MSG_TYPE_bootstrapped, .bootstrapped = {.number = 7, .opened = true}};
	uint8_t hash[HASH_BYTES];

	agent_join(rig, tpm, agent);
	be_at(agent, &first);
	rig_policy(rig, hash);
	assert_ok(rig_provision(rig, PROVISIONER, tpm, 7, &v));
	RIG_UNTIL(rig, agent->shares > 0);
	agent_send(agent, &told);
	rig_until_state(rig, tpm, "trusted");
}

static void get_verdict(struct rig *rig, const struct soft_tpm *tpm, struct signed_msg *out)
{
	struct msg get = {
		.type = MSG_TYPE_verdict_get, .verdict_get = {.node = SPAN(tpm->node), .latest = true}};

	assert_ok(rig_ask(rig, VIEWER, &get));
	assert_ok(msg_decode_as(blob_span(&rig->answer), MSG_TYPE_verdict_info, &get));
	assert_ok(signed_open(get.verdict_info.verdict, MSG_TYPE_verdict, out, NULL));
}

/* The last verdict names this check and this subject. */
static bool has_finding(struct rig *rig, const struct soft_tpm *tpm, const char *check, const char *subject)
{
	struct signed_msg verdict;
	struct elem_finding finding;
	struct list findings;

	get_verdict(rig, tpm, &verdict);
	findings = verdict.msg.verdict.findings;
	while (ELEM_NEXT(finding, &findings, &finding))
		if (span_is(finding.check, check) &&
			(subject == NULL || memmem(finding.subject.at, finding.subject.len, subject,
						    strlen(subject)) != NULL))
			return true;
	return false;
}

static struct elem_node_state state_of(struct rig *rig, const struct soft_tpm *tpm)
{
	struct msg get = {.type = MSG_TYPE_state_get, .state_get = {SPAN(tpm->node)}};
	struct elem_node_state out = {0};

	assert_ok(rig_ask(rig, VIEWER, &get));
	assert_ok(msg_decode_as(blob_span(&rig->answer), MSG_TYPE_states, &get));
	assert_true(ELEM_NEXT(node_state, &get.states.states, &out));
	return out;
}

static void measured(struct agent *agent)
{
	struct msg msg = {.type = MSG_TYPE_measured, .measured = {.ima = 1}};
	unsigned before = agent->challenges;

	agent_send(agent, &msg);
	RIG_UNTIL(agent->rig, agent->challenges >= before + 2);
}

/* ---- the list ---- */

static void only_what_is_new_is_sent(void **state)
{
	struct rig *rig = *state;
	struct soft_tpm tpm;
	struct agent agent = {0};
	unsigned gets;

	soft_tpm_open(&tpm);
	begin(rig, &tpm, &agent);
	assert_int_equal(state_of(rig, &tpm).ima_entries, 546);
	RIG_UNTIL(rig, agent.list_from == first.list.len);
	/* While nothing is measured, nothing is sent and nothing is asked. */
	agent.list_sent = 0;
	gets = agent.log_gets;
	measured(&agent);
	assert_int_equal(agent.list_sent, 0);
	be_at(&agent, &third);
	measured(&agent);
	RIG_UNTIL(rig, agent.list_from == third.list.len);
	assert_int_equal(agent.list_sent, third.list.len - first.list.len);
	assert_int_equal(agent.log_gets, gets);
	assert_string_equal(rig_state(rig, &tpm), "trusted");
	assert_int_equal(state_of(rig, &tpm).ima_entries, 579);
	agent_end(&tpm, &agent);
}

static void a_file_that_nobody_knows_revokes_and_is_named(void **state)
{
	struct rig *rig = *state;
	struct soft_tpm tpm;
	struct agent agent = {0};

	soft_tpm_open(&tpm);
	begin(rig, &tpm, &agent);
	be_at(&agent, &second);
	measured(&agent);
	rig_until_state(rig, &tpm, "untrusted");
	assert_true(has_finding(rig, &tpm, "ima-unknown",
		"/root"
		"/evil_tool"));
	assert_int_equal(state_of(rig, &tpm).ima_failed, 1);
	/* It is still in the list: to resume judges it again. */
	assert_rc(rig_action(rig, PROVISIONER, &tpm, "resume", 0), RC_DENIED);
	assert_non_null(strstr(rig->text, "evil_tool"));
	agent_end(&tpm, &agent);
}

/* The machine went on between quote and list. */
static void a_list_that_is_longer_than_the_quote_fails_nobody(void **state)
{
	struct rig *rig = *state;
	struct soft_tpm tpm;
	struct agent agent = {0};

	soft_tpm_open(&tpm);
	begin(rig, &tpm, &agent);
	agent.list = blob_span(&third.list);
	measured(&agent);
	measured(&agent);
	assert_string_equal(rig_state(rig, &tpm), "trusted");
	assert_int_equal(agent.list_from, first.list.len);
	assert_int_equal(state_of(rig, &tpm).ima_entries, 546);
	/* What lies behind is judged as soon as it is proven. */
	be_at(&agent, &third);
	measured(&agent);
	rig_until_state(rig, &tpm, "untrusted");
	agent_end(&tpm, &agent);
}

static void parts_may_be_cut_anywhere(void **state)
{
	struct rig *rig = *state;
	struct soft_tpm tpm;
	struct agent agent = {0};

	soft_tpm_open(&tpm);
	begin(rig, &tpm, &agent);
	agent.cut = 777;
	be_at(&agent, &third);
	measured(&agent);
	RIG_UNTIL(rig, agent.list_from == third.list.len);
	assert_true(agent.log_gets > 2);
	assert_string_equal(rig_state(rig, &tpm), "trusted");
	agent_end(&tpm, &agent);
}

/* A copy of a list that something was done to. */
static void judged_as(struct rig *rig, struct span list, const char *becomes, const char *check)
{
	struct soft_tpm tpm;
	struct agent agent = {0};

	soft_tpm_open(&tpm);
	begin(rig, &tpm, &agent);
	be_at(&agent, &third);
	agent.list = list;
	measured(&agent);
	rig_until_state(rig, &tpm, becomes);
	if (check != NULL)
		assert_true(has_finding(rig, &tpm, check, NULL));
	agent_end(&tpm, &agent);
}

static void an_altered_list_is_bad(void **state)
{
	DROP(blob_release) struct blob list = {0};

	assert_ok(blob_copy(&list, blob_span(&third.list)));
	/* Not in the last entry: it is a violation, whose content no PCR vouches for. */
	list.at[first.list.len + 150] ^= 1;
	judged_as(*state, blob_span(&list), "untrusted", NULL);
}

static void a_list_without_its_end_is_bad(void **state)
{
	judged_as(*state, blob_span(&second.list), "untrusted", "ima-replay");
}

static void bytes_that_are_no_list_are_bad(void **state)
{
	DROP(blob_release) struct blob list = {0};

	assert_ok(blob_copy(&list, blob_span(&third.list)));
	memset(list.at + first.list.len, 0xff, list.len - first.list.len);
	judged_as(*state, blob_span(&list), "untrusted", "ima-list");
}

static bool has_logged(const struct rig *rig, const char *words)
{
	DROP(blob_release) struct blob log = {0};
	char path[SCRATCH_FILE_BYTES];

	return file_read(scratch_file(&rig->dir, "verifier.log", path), 4 << 20, &log, NULL) == RC_OK &&
	       log.len != 0 && memmem(log.at, log.len, words, strlen(words)) != NULL;
}

static void a_list_whose_beginning_is_gone_is_neither_good_nor_bad(void **state)
{
	struct rig *rig = *state;
	struct soft_tpm tpm;
	struct agent agent = {0};

	soft_tpm_open(&tpm);
	begin(rig, &tpm, &agent);
	be_at(&agent, &third);
	agent.list = span_of(third.list.at + first.list.len, third.list.len - first.list.len);
	RIG_UNTIL(rig, has_logged(rig, "ima-trimmed"));
	assert_true(has_logged(rig, "node.unjudged"));
	rig_pass_ms(rig, 500);
	assert_string_equal(rig_state(rig, &tpm), "trusted");
	agent_end(&tpm, &agent);
}

static void a_list_that_never_ends_is_neither_good_nor_bad(void **state)
{
	struct rig *rig = *state;
	struct soft_tpm tpm;
	struct agent agent = {0};

	soft_tpm_open(&tpm);
	begin(rig, &tpm, &agent);
	agent.lie = LIE_MORE;
	be_at(&agent, &third);
	RIG_UNTIL(rig, has_logged(rig, "node.unjudged"));
	assert_string_equal(rig_state(rig, &tpm), "trusted");
	agent.lie = LIE_NONE;
	RIG_UNTIL(rig, agent.list_from == third.list.len);
	assert_string_equal(rig_state(rig, &tpm), "trusted");
	agent_end(&tpm, &agent);
}

static void an_agent_that_sends_no_logs_is_unreachable(void **state)
{
	struct rig *rig = *state;
	struct soft_tpm tpm;
	struct agent agent = {0};

	soft_tpm_open(&tpm);
	begin(rig, &tpm, &agent);
	agent.lie = LIE_NO_PARTS;
	agent.cut = 100;
	be_at(&agent, &third);
	rig_until_state(rig, &tpm, "unreachable");
	agent.lie = LIE_OTHER_PART;
	rig_pass_ms(rig, 1000);
	assert_string_equal(rig_state(rig, &tpm), "unreachable");
	agent.lie = LIE_NONE;
	rig_until_state(rig, &tpm, "trusted");
	agent_end(&tpm, &agent);
}

static void after_kill_9_it_goes_on_where_it_was(void **state)
{
	struct rig *rig = *state;
	struct soft_tpm tpm;
	struct agent agent = {0}, next = {0};
	char digits[HEX_BYTES(NODE_ID_BYTES)];
	uint64_t end = clock_mono_ms(clock_system()) + RIG_PATIENCE_MS;

	soft_tpm_open(&tpm);
	begin(rig, &tpm, &agent);
	hex_encode(SPAN(tpm.node), digits);
	while (strcmp(redis_say(&rig->redis, REDIS_USERS, "HEXISTS", "lb:{0}:ima", digits, (char *)NULL),
		       ":1\r\n") != 0) {
		assert_true(clock_mono_ms(clock_system()) < end);
		rig_pass_ms(rig, 50);
	}
	rig_kill(rig);
	agent_close(&agent);
	rig_start(rig);
	agent_join(rig, &tpm, &next);
	be_at(&next, &third);
	RIG_UNTIL(rig, next.list_from == third.list.len);
	assert_int_equal(next.list_sent, third.list.len - first.list.len);
	agent_close(&next);
	soft_tpm_close(&tpm);
}

/* Redis has it no more, or another one: the list is judged from its start, and nothing is believed. */
static void a_forged_record_only_costs_sending_it_again(void **state)
{
	struct rig *rig = *state;
	struct soft_tpm tpm;
	struct agent agent = {0}, next = {0};
	char digits[HEX_BYTES(NODE_ID_BYTES)];

	soft_tpm_open(&tpm);
	begin(rig, &tpm, &agent);
	rig_kill(rig);
	agent_close(&agent);
	redis_say(&rig->redis, REDIS_USERS, "HSET", "lb:{0}:ima", hex_encode(SPAN(tpm.node), digits),
		"forged", (char *)NULL);
	rig_start(rig);
	agent_join(rig, &tpm, &next);
	be_at(&next, &first);
	RIG_UNTIL(rig, next.list_from == first.list.len);
	assert_true(next.list_sent >= first.list.len);
	assert_true(has_logged(rig, "store.tampered"));
	agent_close(&next);
	soft_tpm_close(&tpm);
}

static void another_boot_is_judged_from_its_start(void **state)
{
	struct rig *rig = *state;
	struct soft_tpm tpm;
	struct agent agent = {0};

	soft_tpm_open(&tpm);
	begin(rig, &tpm, &agent);
	RIG_UNTIL(rig, agent.list_from == first.list.len);
	soft_tpm_reboot(&tpm);
	set_pcrs(&tpm, &first);
	agent.list_sent = 0;
	measured(&agent);
	RIG_UNTIL(rig, agent.list_sent >= first.list.len && agent.list_from == first.list.len);
	/* The same values as before the reboot: an old list that were kept would have fitted. */
	assert_int_equal(state_of(rig, &tpm).ima_entries, 546);
	agent_end(&tpm, &agent);
}

/* ---- the boot log ---- */

/* A policy that was learned from this boot, and lets the list be. */
static int rig_boot(void **state)
{
	static struct blob json;
	DROP(boot_policy_release) struct boot_policy boot = {0};
	DROP(blob_release) struct blob warnings = {0};
	struct policy_head head = {.name = "p"};

	assert_ok(boot_learn(blob_span(&first.log), NULL, &boot, &warnings, NULL));
	blob_clear(&json);
	assert_ok(policy_write_parts(&head, &(struct policy_parts){.boot = &boot}, &json, NULL));
	assert_ok(blob_append(&json, SPAN("")));
	rig_setup.policy = (const char *)json.at;
	rig_setup.config = usual;
	return rig_open(state);
}

static void the_boot_log_is_asked_for_once_a_boot(void **state)
{
	struct rig *rig = *state;
	struct soft_tpm tpm;
	struct agent agent = {0}, next = {0};
	char digits[HEX_BYTES(NODE_ID_BYTES)];
	uint64_t end = clock_mono_ms(clock_system()) + RIG_PATIENCE_MS;

	soft_tpm_open(&tpm);
	begin(rig, &tpm, &agent);
	measured(&agent);
	measured(&agent);
	assert_int_equal(agent.boot_gets, 1);
	assert_int_equal(agent.list_max, 0);
	/* Another boot: again, once. */
	soft_tpm_reboot(&tpm);
	set_pcrs(&tpm, &first);
	measured(&agent);
	measured(&agent);
	assert_int_equal(agent.boot_gets, 2);
	assert_string_equal(rig_state(rig, &tpm), "bootstrapping");
	/* After kill -9: not at all, once it was written down. */
	hex_encode(SPAN(tpm.node), digits);
	while (strcmp(redis_say(&rig->redis, REDIS_USERS, "HEXISTS", "lb:{0}:ima", digits, (char *)NULL),
		       ":1\r\n") != 0) {
		assert_true(clock_mono_ms(clock_system()) < end);
		rig_pass_ms(rig, 50);
	}
	rig_pass_ms(rig, 11000);
	rig_kill(rig);
	agent_close(&agent);
	rig_start(rig);
	agent_join(rig, &tpm, &next);
	be_at(&next, &first);
	RIG_UNTIL(rig, next.challenges > 3);
	assert_int_equal(next.boot_gets, 0);
	assert_string_not_equal(rig_state(rig, &tpm), "untrusted");
	agent_close(&next);
	soft_tpm_close(&tpm);
}

static void a_boot_log_may_come_in_many_parts(void **state)
{
	struct rig *rig = *state;
	struct soft_tpm tpm;
	struct agent agent = {0};

	soft_tpm_open(&tpm);
	begin(rig, &tpm, &agent);
	agent.cut = 1000;
	agent.boot_gets = 0;
	soft_tpm_reboot(&tpm);
	set_pcrs(&tpm, &first);
	measured(&agent);
	measured(&agent);
	assert_int_equal(agent.boot_gets, (first.log.len + 999) / 1000);
	assert_string_equal(rig_state(rig, &tpm), "bootstrapping");
	agent_end(&tpm, &agent);
}

static void boot_judged_as(struct rig *rig, struct span log, struct span later)
{
	struct soft_tpm tpm;
	struct agent agent = {0};

	soft_tpm_open(&tpm);
	begin(rig, &tpm, &agent);
	agent.cut = 5000;
	agent.boot = log;
	agent.boot_later = later;
	soft_tpm_reboot(&tpm);
	set_pcrs(&tpm, &first);
	rig_until_state(rig, &tpm, "untrusted");
	agent_end(&tpm, &agent);
}

static void an_altered_boot_log_is_bad(void **state)
{
	DROP(blob_release) struct blob log = {0};

	assert_ok(blob_copy(&log, blob_span(&first.log)));
	log.at[log.len / 2] ^= 1;
	boot_judged_as(*state, blob_span(&log), (struct span){0});
}

static void a_boot_log_that_changes_between_its_parts_is_bad(void **state)
{
	DROP(blob_release) struct blob log = {0};

	assert_ok(blob_copy(&log, blob_span(&first.log)));
	memmove(log.at + 6000, log.at + 6100, log.len - 6100);
	boot_judged_as(*state, blob_span(&first.log), blob_span(&log));
}

static void a_boot_log_of_another_machine_is_bad(void **state)
{
	boot_judged_as(*state, vector("event-log/sb-off.bin"), (struct span){0});
}

static void a_boot_log_that_never_ends_is_neither_good_nor_bad(void **state)
{
	struct rig *rig = *state;
	DROP(blob_release) struct blob log = {0};
	struct soft_tpm tpm;
	struct agent agent = {0};

	soft_tpm_open(&tpm);
	begin(rig, &tpm, &agent);
	assert_ok(blob_resize(&log, 3u << 20));
	memcpy(log.at, first.log.at, first.log.len);
	agent.boot = blob_span(&log);
	soft_tpm_reboot(&tpm);
	set_pcrs(&tpm, &first);
	RIG_UNTIL(rig, has_logged(rig, "node.unjudged"));
	assert_true(has_logged(rig, "boot-log-missing"));
	/* No more of it for a while. */
	rig_pass_ms(rig, 600);
	assert_true(agent.boot_gets <= 1 + (1 << 20) / CHUNK_MAX);
	assert_string_not_equal(rig_state(rig, &tpm), "untrusted");
	agent_end(&tpm, &agent);
}

/* ---- another policy ---- */

static void put(struct rig *rig, const char *json, uint8_t hash[static HASH_BYTES])
{
	struct span document = span_text(json);
	const char *name = strstr(json, "\"name\": \"") + 9;
	char word[2] = {name[0]};

	assert_ok(digest_bytes(DIGEST_SHA256, document, hash));
	assert_ok(rig_put_document(rig, document, hash));
	assert_ok(rig_put_policy(rig, word, hash, document.len));
}

static void with_another_policy_all_is_judged_again(void **state)
{
	struct rig *rig = *state;
	struct soft_tpm tpm;
	struct agent agent = {0};
	uint8_t hash[HASH_BYTES], unknown[HASH_BYTES] = {1};
	struct msg_policy_use use = {.node = SPAN(tpm.node), .number = 7, .policy = SPAN(hash)};

	soft_tpm_open(&tpm);
	begin(rig, &tpm, &agent);
	be_at(&agent, &third);
	rig_until_state(rig, &tpm, "untrusted");
	put(rig, lenient, hash);
	use.policy = SPAN(unknown);
	assert_rc(rig_use(rig, &use), RC_NOT_FOUND);
	use.policy = SPAN(hash);
	use.number = 6;
	assert_rc(rig_use(rig, &use), RC_STALE);
	use.number = 7;
	assert_ok(rig_use(rig, &use));
	assert_spans_equal(state_of(rig, &tpm).policy, SPAN(hash));
	/* It passes now; what it was before, the tenant decides. */
	assert_string_equal(rig_state(rig, &tpm), "untrusted");
	assert_ok(rig_action(rig, PROVISIONER, &tpm, "resume", 0));
	rig_until_state(rig, &tpm, "trusted");
	assert_int_equal(state_of(rig, &tpm).ima_failed, 0);
	/* One that was sent before counts no more. */
	use.time = clock_wall_ms(clock_system()) - 60000;
	assert_rc(rig_use(rig, &use), RC_STALE);
	/* It outlives the verifier. */
	rig_kill(rig);
	rig_start(rig);
	rig_until_state(rig, &tpm, "trusted");
	assert_spans_equal(state_of(rig, &tpm).policy, SPAN(hash));
	agent_end(&tpm, &agent);
}

static void during_a_roll_out_either_policy_will_do(void **state)
{
	struct rig *rig = *state;
	struct soft_tpm tpm;
	struct agent agent = {0};
	uint8_t before[HASH_BYTES], hash[HASH_BYTES];
	struct msg_policy_use use = {
		.node = SPAN(tpm.node), .number = 7, .policy = SPAN(hash), .former = SPAN(before)};

	soft_tpm_open(&tpm);
	begin(rig, &tpm, &agent);
	assert_ok(digest_bytes(DIGEST_SHA256, span_text(lenient), before));
	put(rig, strict, hash);
	assert_rc(rig_use(rig, &use), RC_MALFORMED);
	use.keep_until = clock_wall_ms(clock_system()) - 1000;
	assert_rc(rig_use(rig, &use), RC_STALE);
	use.keep_until = clock_wall_ms(clock_system()) + 3000;
	use.former = SPAN(hash);
	assert_rc(rig_use(rig, &use), RC_STALE);
	use.former = SPAN(before);
	assert_ok(rig_use(rig, &use));
	be_at(&agent, &third);
	measured(&agent);
	measured(&agent);
	assert_string_equal(rig_state(rig, &tpm), "trusted");
	assert_spans_equal(state_of(rig, &tpm).former, SPAN(before));
	/* Then the date comes. */
	rig_until_state(rig, &tpm, "untrusted");
	assert_true(clock_wall_ms(clock_system()) >= use.keep_until);
	assert_true(has_finding(rig, &tpm, "ima-unknown",
		"/root"
		"/evil_tool"));
	agent_end(&tpm, &agent);
}

int main(void)
{
#define STRICT(name)  cmocka_unit_test_setup_teardown(name, rig_strict, rig_close)
#define BOOT(name)    cmocka_unit_test_setup_teardown(name, rig_boot, rig_close)
#define LENIENT(name) cmocka_unit_test_setup_teardown(name, rig_lenient, rig_close)
	const struct CMUnitTest tests[] = {
		LENIENT(only_what_is_new_is_sent),
		STRICT(a_file_that_nobody_knows_revokes_and_is_named),
		STRICT(a_list_that_is_longer_than_the_quote_fails_nobody),
		LENIENT(parts_may_be_cut_anywhere),
		LENIENT(an_altered_list_is_bad),
		LENIENT(a_list_without_its_end_is_bad),
		LENIENT(bytes_that_are_no_list_are_bad),
		LENIENT(a_list_whose_beginning_is_gone_is_neither_good_nor_bad),
		LENIENT(a_list_that_never_ends_is_neither_good_nor_bad),
		LENIENT(an_agent_that_sends_no_logs_is_unreachable),
		LENIENT(after_kill_9_it_goes_on_where_it_was),
		LENIENT(a_forged_record_only_costs_sending_it_again),
		LENIENT(another_boot_is_judged_from_its_start),
		BOOT(the_boot_log_is_asked_for_once_a_boot),
		BOOT(a_boot_log_may_come_in_many_parts),
		BOOT(an_altered_boot_log_is_bad),
		BOOT(a_boot_log_that_changes_between_its_parts_is_bad),
		BOOT(a_boot_log_of_another_machine_is_bad),
		BOOT(a_boot_log_that_never_ends_is_neither_good_nor_bad),
		STRICT(with_another_policy_all_is_judged_again),
		LENIENT(during_a_roll_out_either_policy_will_do),
	};

	return cmocka_run_group_tests(tests, open_sets, close_sets);
}
