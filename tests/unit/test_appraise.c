#include "lib/policy/appraise.h"

#include "lib/policy/explain.h"
#include "tests/support/quote.h"
#include "tests/support/test.h"

#define NOW 1795456162000

/* A captured quote and a policy that allows exactly its values. */
struct node {
	struct captured q;
	struct policy policy;
	struct appraisal appraisal;
};

static void node_release(struct node *node)
{
	captured_release(&node->q);
	policy_release(&node->policy);
}

static void node_open(
	struct node *node, const char *vm, const char *key, const char *stem, uint64_t valid_until_ms)
{
	DROP(blob_release) struct blob json = {0};
	struct policy_head head = {.name = "web", .valid_until_ms = valid_until_ms};
	struct pcr_values values;

	captured_open(&node->q, vm, key, stem, "nonce.bin");
	assert_ok(pcr_values_parse(&node->q.asked, node->q.claim.values, &values));
	assert_ok(policy_from_values(&head, &values, 1, &json, NULL));
	assert_ok(policy_parse(blob_span(&json), &node->policy, NULL));
	node->appraisal = (struct appraisal){.quote = &node->q.claim, .policy = &node->policy, .now_ms = NOW};
}

static void open_default(struct node *node)
{
	node_open(node, "vm-imang", "ecc", "ecc_0", 0);
}

static void nothing_is_trusted_by_default(void **state)
{
	struct verdict verdict = {0};

	(void)state;
	assert_false(verdict.trusted);
	assert_false(verdict.could_judge);
}

static void good_evidence_is_trusted(void **state)
{
	static const char *const rows[][3] = {{"vm-imang", "ecc", "ecc_0"}, {"vm-imang", "rsa", "rsa_0"},
		{"vm-imabuf", "rsa", "rsa_3banks"}};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		DROP(node_release) struct node node = {0};
		struct verdict verdict;

		node_open(&node, rows[i][0], rows[i][1], rows[i][2], 0);
		appraise(&node.appraisal, &verdict);
		assert_true(verdict.trusted);
		assert_true(verdict.could_judge);
		assert_int_equal(verdict.total, 0);
	}
}

static void every_pcr_that_differs_is_reported(void **state)
{
	DROP(node_release) struct node node = {0};
	DROP(captured_release) struct captured later = {0};
	struct verdict verdict;
	static const char *const subjects[] = {"pcr 0 (sha256)", "pcr 4 (sha256)", "pcr 7 (sha256)",
		"pcr 8 (sha256)", "pcr 9 (sha256)", "pcr 10 (sha256)"};

	(void)state;
	open_default(&node);
	/* The same machine with Secure Boot off. */
	captured_open(&later, "vm-imang", "ecc", "ecc_later", "nonce_later.bin");
	node.appraisal.quote = &later.claim;
	appraise(&node.appraisal, &verdict);
	assert_false(verdict.trusted);
	assert_true(verdict.could_judge);
	assert_int_equal(verdict.total, COUNT(subjects));
	assert_int_equal(verdict.kept, COUNT(subjects));
	for (size_t i = 0; i < COUNT(subjects); i++) {
		assert_int_equal(verdict.findings[i].check, FINDING_PCR_VALUE);
		assert_string_equal(verdict.findings[i].subject, subjects[i]);
		assert_int_equal(strlen(verdict.findings[i].expected), 64);
		assert_int_equal(strlen(verdict.findings[i].found), 64);
		assert_string_not_equal(verdict.findings[i].expected, verdict.findings[i].found);
	}
}

static void a_quote_that_proves_nothing_is_not_compared_with_the_policy(void **state)
{
	DROP(node_release) struct node node = {0};
	DROP(captured_release) struct captured later = {0};
	struct verdict verdict;

	(void)state;
	open_default(&node);
	captured_open(&later, "vm-imang", "ecc", "ecc_later", "nonce_later.bin");
	later.claim.data = node.q.claim.data;
	node.appraisal.quote = &later.claim;
	appraise(&node.appraisal, &verdict);
	assert_false(verdict.trusted);
	assert_true(verdict.could_judge);
	assert_int_equal(verdict.total, 1);
	assert_int_equal(verdict.findings[0].check, FINDING_QUOTE_DATA);
	assert_string_equal(verdict.findings[0].subject, "quote");
}

/* The clock says nothing about the values: both are reported. */
static void a_clock_that_runs_backwards_does_not_hide_the_pcrs(void **state)
{
	DROP(node_release) struct node node = {0};
	DROP(captured_release) struct captured later = {0};
	struct verdict verdict;

	(void)state;
	open_default(&node);
	captured_open(&later, "vm-imang", "ecc", "ecc_later", "nonce_later.bin");
	later.claim.last = (struct quote_counters){true, 0, 99, 0};
	node.appraisal.quote = &later.claim;
	appraise(&node.appraisal, &verdict);
	assert_int_equal(verdict.total, 7);
	assert_int_equal(verdict.findings[0].check, FINDING_QUOTE_RESET);
	assert_int_equal(verdict.findings[1].check, FINDING_PCR_VALUE);
}

static void each_check_of_the_quote_has_its_finding(void **state)
{
	static const uint8_t other[34] = {1};

	(void)state;
	for (unsigned reason = 0; reason < QUOTE_REASON_COUNT; reason++) {
		DROP(node_release) struct node node = {0};
		struct verdict verdict;
		struct quote_claim *claim;
		uint8_t s[32];

		open_default(&node);
		claim = &node.q.claim;
		memcpy(s, node.q.signature.s.at, sizeof s);
		switch ((enum quote_reason)reason) {
		case QUOTE_TYPE: node.q.attest.type = 0x8017; break;
		case QUOTE_SIGNATURE:
			s[31] ^= 1;
			node.q.signature.s = SPAN(s);
			break;
		case QUOTE_SCHEME: node.q.signature.scheme = 0; break;
		case QUOTE_DATA: claim->data = SPAN(other); break;
		case QUOTE_SELECTION: node.q.asked.banks[0].mask ^= 3u << 14; break;
		case QUOTE_DIGEST: claim->values = SPAN(other); break;
		case QUOTE_SIGNER: claim->signer = SPAN(other); break;
		case QUOTE_RESET: claim->last = (struct quote_counters){true, 0, 3, 0}; break;
		case QUOTE_CLOCK: claim->last = (struct quote_counters){true, 99999999, 2, 0}; break;
		case QUOTE_REASON_COUNT:
		default: break;
		}
		appraise(&node.appraisal, &verdict);
		assert_false(verdict.trusted);
		assert_true(verdict.could_judge);
		/* A scheme that is not allowed does not verify either, and that is told first. */
		assert_int_equal(verdict.total, reason == QUOTE_SCHEME ? 2 : 1);
		assert_int_equal(verdict.findings[verdict.kept - 1].check, FINDING_QUOTE_TYPE + reason);
	}
}

static void a_policy_that_ran_out_judges_nobody(void **state)
{
	static const struct {
		uint64_t now;
		bool judged;
	} rows[] = {{NOW - 1, true}, {NOW, true}, {NOW + 1, false}};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		DROP(node_release) struct node node = {0};
		struct verdict verdict;

		node_open(&node, "vm-imang", "rsa", "rsa_0", NOW);
		node.appraisal.now_ms = rows[i].now;
		appraise(&node.appraisal, &verdict);
		assert_int_equal(verdict.could_judge, rows[i].judged);
		assert_int_equal(verdict.trusted, rows[i].judged);
		if (!rows[i].judged)
			assert_int_equal(verdict.findings[0].check, FINDING_POLICY_EXPIRED);
	}
}

static void a_bad_quote_is_bad_whatever_the_policy_date(void **state)
{
	DROP(node_release) struct node node = {0};
	struct verdict verdict;

	(void)state;
	node_open(&node, "vm-imang", "rsa", "rsa_0", NOW);
	node.appraisal.now_ms = NOW + 1;
	node.q.claim.last = (struct quote_counters){true, 0, 3, 0};
	appraise(&node.appraisal, &verdict);
	assert_true(verdict.could_judge);
	assert_false(verdict.trusted);
	assert_int_equal(verdict.total, 2);
	assert_int_equal(verdict.failures, 1);
}

/* The policy was replaced while the challenge was under way. */
static void pcrs_that_were_not_asked_for_are_neither_good_nor_bad(void **state)
{
	DROP(node_release) struct node node = {0};
	struct verdict verdict;
	uint8_t value[32] = {0};

	(void)state;
	open_default(&node);
	assert_ok(pcr_policy_allow(&node.policy.pcrs, TPM_ALG_SHA256, 23, SPAN(value)));
	appraise(&node.appraisal, &verdict);
	assert_false(verdict.trusted);
	assert_false(verdict.could_judge);
	assert_int_equal(verdict.findings[0].check, FINDING_PCR_MISSING);
	assert_string_equal(verdict.findings[0].subject, "pcr 23 (sha256)");
}

static void without_a_policy_only_the_quote_is_judged(void **state)
{
	DROP(node_release) struct node node = {0};
	struct verdict verdict;

	(void)state;
	open_default(&node);
	node.appraisal.policy = NULL;
	appraise(&node.appraisal, &verdict);
	assert_true(verdict.trusted);
	node.q.claim.data = (struct span){0};
	appraise(&node.appraisal, &verdict);
	assert_false(verdict.trusted);
}

static void findings_beyond_the_room_are_counted(void **state)
{
	static struct verdict verdict;

	(void)state;
	for (size_t i = 0; i < VERDICT_FINDINGS_MAX + 5; i++)
		strcpy(verdict_add(&verdict, FINDING_PCR_VALUE, "pcr 1 (sha256)")->found, "x");
	verdict_close(&verdict);
	assert_int_equal(verdict.kept, VERDICT_FINDINGS_MAX);
	assert_int_equal(verdict.total, VERDICT_FINDINGS_MAX + 5);
	assert_false(verdict.trusted);
	assert_true(verdict.could_judge);
}

static void names_of_checks_come_back(void **state)
{
	(void)state;
	for (unsigned i = 0; i < FINDING_CHECK_COUNT; i++) {
		const char *name = finding_name((enum finding_check)i);

		assert_int_equal(finding_of_name(span_text(name)), i);
		assert_true(strlen(name) <= 48);
	}
	assert_int_equal(finding_of_name(span_text("no-such-check")), FINDING_UNKNOWN);
	assert_string_equal(finding_name((enum finding_check)999), "unknown");
}

static void a_finding_is_explained_in_a_sentence(void **state)
{
	struct finding finding = {FINDING_PCR_VALUE, FINDING_FAILS, "pcr 16 (sha256)", "00aa", "7c"};
	char text[EXPLAIN_BYTES];

	(void)state;
	assert_string_equal(explain(&finding, text),
		"A PCR has a value that the policy does not allow (pcr 16 (sha256)): expected 00aa, found 7c. Find out what "
		"changed on the node; if the change was meant, allow the value in the policy.");
	finding = (struct finding){.check = FINDING_INTERNAL, .found = "out of memory"};
	assert_string_equal(explain(&finding, text),
		"The evidence could not be judged: found out of memory. Look at the verifier's log and its machine's memory.");
}

static void the_longest_finding_is_explained_in_full(void **state)
{
	(void)state;
	for (unsigned i = 0; i < FINDING_CHECK_COUNT; i++) {
		struct finding finding = {.check = (enum finding_check)i};
		char text[EXPLAIN_BYTES];

		memset(finding.subject, 's', sizeof finding.subject - 1);
		memset(finding.expected, 'e', sizeof finding.expected - 1);
		memset(finding.found, 'f', sizeof finding.found - 1);
		explain(&finding, text);
		assert_true(strlen(text) < EXPLAIN_BYTES - 1);
		assert_int_equal(text[strlen(text) - 1], '.');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_trusted_by_default),
		cmocka_unit_test(good_evidence_is_trusted),
		cmocka_unit_test(every_pcr_that_differs_is_reported),
		cmocka_unit_test(a_quote_that_proves_nothing_is_not_compared_with_the_policy),
		cmocka_unit_test(a_clock_that_runs_backwards_does_not_hide_the_pcrs),
		cmocka_unit_test(each_check_of_the_quote_has_its_finding),
		cmocka_unit_test(a_policy_that_ran_out_judges_nobody),
		cmocka_unit_test(a_bad_quote_is_bad_whatever_the_policy_date),
		cmocka_unit_test(pcrs_that_were_not_asked_for_are_neither_good_nor_bad),
		cmocka_unit_test(without_a_policy_only_the_quote_is_judged),
		cmocka_unit_test(findings_beyond_the_room_are_counted),
		cmocka_unit_test(names_of_checks_come_back),
		cmocka_unit_test(a_finding_is_explained_in_a_sentence),
		cmocka_unit_test(the_longest_finding_is_explained_in_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
