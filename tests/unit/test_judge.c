#include "services/verifier/judge.h"

#include <stdlib.h>

#include "lib/trust/qualify.h"
#include "tests/support/soft_tpm.h"
#include "tests/support/test.h"

/* A node that answers a challenge rightly; tests alter something and look what comes of it. */
struct rig {
	struct soft_tpm tpm;
	struct public_key *ak;
	uint8_t nonce[NONCE_BYTES], nk[CURVE_KEY_BYTES];
	struct pcr_selection selection;
	struct policy policy;
	struct blob attest, signature, values;
	struct msg_evidence evidence;
	struct judge_case in;
	struct verdict verdict;
	struct quote_counters counters;
};

static struct public_key *key_of(const struct soft_tpm *tpm)
{
	struct tpm_public area;
	struct key_parts parts;
	struct public_key *key = NULL;

	assert_ok(tpm_public_parse(tpm_area_span(&tpm->ak_public), &area));
	assert_ok(tpm_public_key(&area, &parts));
	assert_ok(public_key_of_parts(&parts, &key, NULL));
	return key;
}

static int open_rig(void **state)
{
	static const char json[] =
		"{\"limebus\": 1, \"name\": \"p\", \"pcrs\": {\"sha256\": {\"16\": "
		"[\"0000000000000000000000000000000000000000000000000000000000000000\"]}}}";
	struct rig *rig = calloc(1, sizeof *rig);

	soft_tpm_open(&rig->tpm);
	rig->ak = key_of(&rig->tpm);
	memset(rig->nonce, 7, sizeof rig->nonce);
	memset(rig->nk, 9, sizeof rig->nk);
	assert_ok(policy_parse(span_text(json), &rig->policy, NULL));
	rig->selection = policy_selection(&rig->policy);
	rig->in = (struct judge_case){
		.evidence = &rig->evidence,
		.ak = rig->ak,
		.signer = tpm_name_span(&rig->tpm.signer),
		.nonce = rig->nonce,
		.nk = rig->nk,
		.node = rig->tpm.node,
		.selection = &rig->selection,
		.policy = &rig->policy,
		.now_ms = 1,
	};
	*state = rig;
	return 0;
}

static int close_rig(void **state)
{
	struct rig *rig = *state;

	soft_tpm_close(&rig->tpm);
	public_key_release(&rig->ak);
	policy_release(&rig->policy);
	blob_release(&rig->attest);
	blob_release(&rig->signature);
	blob_release(&rig->values);
	free(rig);
	return 0;
}

static void quote(struct rig *rig, const struct pcr_selection *selection)
{
	uint8_t data[HASH_BYTES];

	assert_ok(qualify(QUALIFY_ATTEST, rig->nonce, rig->nk, rig->tpm.node, data));
	soft_tpm_quote(&rig->tpm, selection, SPAN(data), &rig->attest, &rig->signature, &rig->values);
	rig->evidence = (struct msg_evidence){
		blob_span(&rig->attest), blob_span(&rig->signature), blob_span(&rig->values), 0};
}

static void judged(struct rig *rig)
{
	static const struct judge_logs none;
	struct judging judging;

	judge_begin(&rig->in, &judging);
	judge_end(&judging, &none, &rig->verdict, &rig->counters);
}

static void fails_by(struct rig *rig, enum finding_check check)
{
	judged(rig);
	assert_false(rig->verdict.trusted);
	assert_true(rig->verdict.could_judge);
	assert_true(verdict_has(&rig->verdict, check));
}

static void an_honest_answer_is_good(void **state)
{
	struct rig *rig = *state;

	quote(rig, &rig->selection);
	judged(rig);
	assert_true(rig->verdict.trusted);
	assert_true(rig->counters.seen);
	assert_int_equal(rig->counters.clock, rig->tpm.clock);
}

static void another_nonce_is_bad(void **state)
{
	struct rig *rig = *state;

	quote(rig, &rig->selection);
	rig->nonce[0] ^= 1;
	fails_by(rig, FINDING_QUOTE_DATA);
}

static void another_connection_is_bad(void **state)
{
	struct rig *rig = *state;

	quote(rig, &rig->selection);
	rig->nk[31] ^= 1;
	fails_by(rig, FINDING_QUOTE_DATA);
	assert_false(rig->counters.seen);
}

static void another_ak_is_bad(void **state)
{
	struct rig *rig = *state;

	soft_tpm_new_ak(&rig->tpm);
	quote(rig, &rig->selection);
	fails_by(rig, FINDING_QUOTE_SIGNATURE);
}

static void another_selection_is_bad(void **state)
{
	struct rig *rig = *state;
	struct pcr_selection other = {0};

	assert_ok(pcr_selection_add(&other, TPM_ALG_SHA256, 17));
	quote(rig, &other);
	fails_by(rig, FINDING_QUOTE_SELECTION);
}

static void an_older_clock_is_bad(void **state)
{
	struct rig *rig = *state;

	rig->in.last = (struct quote_counters){true, rig->tpm.clock + 100, rig->tpm.reset_count, 0};
	quote(rig, &rig->selection);
	fails_by(rig, FINDING_QUOTE_CLOCK);
}

static void a_reboot_is_told_and_no_failure(void **state)
{
	struct rig *rig = *state;

	rig->in.last = (struct quote_counters){true, rig->tpm.clock + 100, rig->tpm.reset_count, 0};
	soft_tpm_reboot(&rig->tpm);
	quote(rig, &rig->selection);
	judged(rig);
	assert_true(rig->verdict.trusted);
	assert_true(rig->verdict.rebooted);
}

static void another_pcr_value_is_bad_and_said_in_words(void **state)
{
	struct rig *rig = *state;
	DROP(blob_release) struct blob raw = {0};
	size_t count = 0;
	char text[TEXT_MAX];

	soft_tpm_extend(&rig->tpm, 16, 1);
	quote(rig, &rig->selection);
	fails_by(rig, FINDING_PCR_VALUE);
	/* The quote itself holds: its counters count. */
	assert_true(rig->counters.seen);
	assert_ok(judge_findings(&rig->verdict, FINDINGS_MAX, &raw, &count));
	findings_text((struct list){blob_span(&raw), count}, count, text, sizeof text);
	assert_non_null(strstr(text, "pcr 16 (sha256): expected 0000"));
}

static void bytes_that_are_no_quote_are_bad(void **state)
{
	struct rig *rig = *state;

	quote(rig, &rig->selection);
	rig->evidence.attest.len--;
	fails_by(rig, FINDING_QUOTE_TYPE);
	rig->evidence.attest.len++;
	rig->evidence.signature.len--;
	fails_by(rig, FINDING_QUOTE_SIGNATURE);
}

static void a_missing_policy_is_neither_good_nor_bad(void **state)
{
	struct rig *rig = *state;

	quote(rig, &rig->selection);
	rig->in.policy = NULL;
	rig->in.policy_is_missing = true;
	judged(rig);
	assert_false(rig->verdict.trusted);
	assert_false(rig->verdict.could_judge);
}

static void without_a_provisioning_the_quote_alone_counts(void **state)
{
	struct rig *rig = *state;

	rig->in.policy = NULL;
	soft_tpm_extend(&rig->tpm, 16, 1);
	quote(rig, &rig->selection);
	judged(rig);
	assert_true(rig->verdict.trusted);
}

static void the_same_story_has_the_same_digest(void **state)
{
	struct rig *rig = *state;
	uint8_t digest[3][HASH_BYTES];

	for (unsigned i = 0; i < 3; i++) {
		DROP(blob_release) struct blob raw = {0};
		size_t count = 0;

		if (i != 1)
			soft_tpm_extend(&rig->tpm, 16, 1);
		rig->nonce[0]++;
		quote(rig, &rig->selection);
		fails_by(rig, FINDING_PCR_VALUE);
		assert_ok(judge_findings(&rig->verdict, FINDINGS_MAX, &raw, &count));
		assert_ok(findings_digest((struct list){blob_span(&raw), count}, digest[i]));
	}
	assert_memory_equal(digest[0], digest[1], HASH_BYTES);
	assert_memory_not_equal(digest[1], digest[2], HASH_BYTES);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_rig, close_rig)
	const struct CMUnitTest tests[] = {
		TEST(an_honest_answer_is_good),
		TEST(another_nonce_is_bad),
		TEST(another_connection_is_bad),
		TEST(another_ak_is_bad),
		TEST(another_selection_is_bad),
		TEST(an_older_clock_is_bad),
		TEST(a_reboot_is_told_and_no_failure),
		TEST(another_pcr_value_is_bad_and_said_in_words),
		TEST(bytes_that_are_no_quote_are_bad),
		TEST(a_missing_policy_is_neither_good_nor_bad),
		TEST(without_a_provisioning_the_quote_alone_counts),
		TEST(the_same_story_has_the_same_digest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
