/* A whole round, as the verifier and the offline dry run make it: quote, boot log, IMA list. */
#include "lib/base/drop.h"
#include "lib/policy/appraise.h"
#include "lib/policy/boot_learn.h"
#include "tests/support/evidence_kept.h"
#include "tests/support/learned.h"
#include "tests/support/quote.h"
#include "tests/support/test.h"

#define SET  "sb-on-imang"
#define NOW  1795456162000
#define LIST SET "/step0/binary_runtime_measurements.gz"
#define LOG  SET "/binary_bios_measurements"

struct machine {
	struct captured q;
	struct pcr_values values;
	struct policy policy;
	struct span log;
	struct boot_seen boot;
	struct ima_run run;
	struct appraisal appraisal;
};

static void machine_release(struct machine *machine)
{
	captured_release(&machine->q);
	policy_release(&machine->policy);
	ima_run_release(&machine->run);
}

static void policy_of_machine(struct span log, const struct pcr_values *values, struct policy *out)
{
	DROP(boot_policy_release) struct boot_policy boot = {0};
	DROP(ima_builder_close) struct ima_builder *ima = NULL;
	DROP(blob_release) struct blob warnings = {0};
	DROP(blob_release) struct blob json = {0};
	struct policy_head head = {.name = "machine"};

	assert_ok(boot_learn(log, values, &boot, &warnings, NULL));
	assert_ok(ima_builder_open(&ima));
	learned_add(ima, evidence_kept(LIST));
	assert_ok(policy_write_parts(&head, &(struct policy_parts){.boot = &boot, .ima = ima}, &json, NULL));
	assert_ok(policy_parse(blob_span(&json), out, NULL));
}

static void machine_open(struct machine *machine)
{
	/* The quote of that step, by the same TPM. */
	captured_open(&machine->q, "vm-imang", "ecc", "ecc_0", "nonce.bin");
	assert_ok(pcr_values_parse(&machine->q.asked, machine->q.claim.values, &machine->values));
	machine->log = evidence_kept(LOG);
	policy_of_machine(machine->log, &machine->values, &machine->policy);
	judge_list(&machine->run, &machine->policy, NULL, evidence_kept(LIST), &machine->values, 0);
	machine->appraisal = (struct appraisal){.quote = &machine->q.claim,
		.policy = &machine->policy,
		.now_ms = NOW,
		.boot_log = &machine->log,
		.boot = &machine->boot,
		.ima = &machine->run};
}

static bool has(const struct verdict *verdict, enum finding_check check)
{
	for (size_t i = 0; i < verdict->kept; i++)
		if (verdict->findings[i].check == check)
			return true;
	return false;
}

static void a_clean_machine_is_trusted(void **state)
{
	DROP(machine_release) struct machine machine = {0};
	static struct verdict verdict;

	(void)state;
	machine_open(&machine);
	assert_true(appraise_wants_boot_log(&machine.appraisal));
	appraise(&machine.appraisal, &verdict);
	assert_true(verdict.trusted);
	assert_int_equal(verdict.total, 0);
}

static void the_log_is_wanted_once_a_boot(void **state)
{
	DROP(machine_release) struct machine machine = {0};
	static struct verdict verdict;

	(void)state;
	machine_open(&machine);
	machine.appraisal.boot_log = NULL;
	appraise(&machine.appraisal, &verdict);
	assert_true(has(&verdict, FINDING_BOOT_LOG_MISSING));
	assert_false(verdict.trusted || verdict.could_judge);
	assert_false(machine.boot.good);

	machine.appraisal.boot_log = &machine.log;
	appraise(&machine.appraisal, &verdict);
	assert_true(verdict.trusted && machine.boot.good);
	machine.appraisal.boot_log = NULL;
	assert_false(appraise_wants_boot_log(&machine.appraisal));
	appraise(&machine.appraisal, &verdict);
	assert_true(verdict.trusted);
	/* Another policy has not seen it. */
	machine.policy.id[0] ^= 1;
	assert_true(appraise_wants_boot_log(&machine.appraisal));
	appraise(&machine.appraisal, &verdict);
	assert_false(verdict.trusted);
}

static void an_altered_log_is_not_seen_as_good(void **state)
{
	DROP(machine_release) struct machine machine = {0};
	DROP(blob_release) struct blob bad = {0};
	static struct verdict verdict;

	(void)state;
	machine_open(&machine);
	assert_ok(blob_copy(&bad, machine.log));
	bad.at[bad.len - 1] ^= 1;
	machine.log = blob_span(&bad);
	appraise(&machine.appraisal, &verdict);
	assert_true(verdict.failures > 0);
	assert_false(machine.boot.good);
}

static void without_its_list_a_machine_is_not_judged(void **state)
{
	DROP(machine_release) struct machine machine = {0};
	static struct verdict verdict;

	(void)state;
	machine_open(&machine);
	machine.appraisal.ima = NULL;
	appraise(&machine.appraisal, &verdict);
	assert_true(has(&verdict, FINDING_IMA_MISSING));
	assert_false(verdict.trusted || verdict.could_judge);
}

/* The policy of a roll-out wants other PCR values; the former one is content until it runs out. */
static void a_former_policy_is_enough_while_it_holds(void **state)
{
	DROP(machine_release) struct machine machine = {0};
	DROP(policy_release) struct policy strict = {0};
	static struct verdict verdict;
	static const char text[] =
		"{\"limebus\":1,\"name\":\"strict\",\"pcrs\":{\"sha256\":{\"7\":[\"00000000000000000000000000000000"
		"00000000000000000000000000000000\"]}}}";

	(void)state;
	machine_open(&machine);
	assert_ok(policy_parse(span_text(text), &strict, NULL));
	machine.appraisal.policy = &strict;
	appraise(&machine.appraisal, &verdict);
	assert_true(has(&verdict, FINDING_PCR_VALUE));
	machine.appraisal.previous = &machine.policy;
	appraise(&machine.appraisal, &verdict);
	assert_true(verdict.trusted);
	machine.policy.valid_until_ms = NOW - 1;
	appraise(&machine.appraisal, &verdict);
	assert_true(has(&verdict, FINDING_PCR_VALUE));
	assert_int_equal(verdict.total, 1);
}

static void a_quote_checked_before_is_not_checked_again(void **state)
{
	DROP(machine_release) struct machine machine = {0};
	struct quote_verdict checked = {0};
	static struct verdict verdict;

	(void)state;
	machine_open(&machine);
	assert_ok(quote_check(&machine.q.claim, &checked));
	assert_true(quote_proves(&checked));
	machine.appraisal.checked = &checked;
	appraise(&machine.appraisal, &verdict);
	assert_true(verdict.trusted);
	checked.failed = 1u << QUOTE_SIGNATURE;
	assert_false(quote_proves(&checked));
	appraise(&machine.appraisal, &verdict);
	assert_int_equal(verdict.total, 1);
	assert_true(has(&verdict, FINDING_QUOTE_SIGNATURE));
}

static void reports_are_told_and_do_not_weigh(void **state)
{
	static struct verdict verdict;

	(void)state;
	verdict_clear(&verdict);
	for (unsigned i = 0; i < VERDICT_FINDINGS_MAX; i++)
		verdict_add_weighed(&verdict, FINDING_IMA_UNKNOWN, FINDING_REPORTED, "/x");
	verdict_close(&verdict);
	assert_true(verdict.trusted && verdict.could_judge);
	/* A failure finds room among them. */
	verdict_add(&verdict, FINDING_IMA_FILE, "/y");
	verdict_close(&verdict);
	assert_false(verdict.trusted);
	assert_int_equal(verdict.kept, VERDICT_FINDINGS_MAX);
	assert_true(has(&verdict, FINDING_IMA_FILE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clean_machine_is_trusted),
		cmocka_unit_test(the_log_is_wanted_once_a_boot),
		cmocka_unit_test(an_altered_log_is_not_seen_as_good),
		cmocka_unit_test(without_its_list_a_machine_is_not_judged),
		cmocka_unit_test(a_former_policy_is_enough_while_it_holds),
		cmocka_unit_test(a_quote_checked_before_is_not_checked_again),
		cmocka_unit_test(reports_are_told_and_do_not_weigh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
