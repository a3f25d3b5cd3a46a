/*
 * An IMA list (first byte: the size of the pieces that it comes in) under a policy that has every kind of
 * rule: however it is cut, it comes to the same; what is proven is written down and read again as it was; and
 * the verdict counts what the run has counted.
 */
#include "lib/base/drop.h"
#include "lib/policy/ima_judge.h"
#include "lib/policy/policy.h"
#include "tests/fuzz/fuzz.h"

static const char json[] =
	"{\"limebus\":1,\"name\":\"fuzz\",\"ima\":{\"digests\":{\"/a\":[\"00000000000000000000000000000000000000000000"
	"00000000000000000000\"]},\"excludes\":[\"/usr/lib/**\",\"/t*/[a-c]?\"],\"keylime-excludes\":[\"/var/.*\"],"
	"\"unknown\":\"report\",\"violations\":\"fail\",\"violations-accepted\":[\"/usr/**\"],\"learn-keys\":true,"
	"\"keys\":[{\"name\":\"ima\",\"key\":\""
	"MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAupNxCOxC7avANxRqyQ/JqnAaqigyViLjkR23xz8OFtNtxypLdTBkN/EClLWvR7reHOXPONxTddCLtGRBhd/tsNP3koh17a8VLMVdTSySVocpjfUGM8W1m7/+9ySOYzKDhdyKXugkmbIukru+2c4VQIlZ4/z99OQJXe/gr+ONqzSafSkId1PkztjkmeiiReTLVRFN7ryWD52jTh5RP84yecNrYuwpkOcS+xieGx74nWGYGAJSMjxIwOi9TYAA/GRh8ozYTsHFRHyzlXL4eEaxiwiIVejybu15a8/bwOX4dqRJnG3dh1ucj74rHVxx5OB3i/OMQ5EBNF9uS8SsyjhXawIDAQAB"
	"\"}],\"ignored-keyrings\":[\".b*\"],"
	"\"keyrings\":{\".ima\":[\"0000000000000000000000000000000000000000000000000000000000000000\"]},"
	"\"buffers\":{\"kernel_version\":[\"0000000000000000000000000000000000000000000000000000000000000000\"]},"
	"\"device-mapper\":{\"r*\":[\"target_index=**\"]}}}";

static void follow(struct ima_run *run, const struct policy *policy, struct span list, size_t piece)
{
	struct ima_context context = {&policy->ima, NULL};
	size_t size = piece;

	while (run->state == IMA_GOING) {
		size_t from = (size_t)ima_run_offset(run);
		size_t len = list.len - from < size ? list.len - from : size;
		int64_t budget = 50;
		size_t consumed = 0;

		HOLDS(ima_judge(run, &context, span_of(list.at + from, len), (struct ima_room){0}, &budget,
			      &consumed) == RC_OK);
		HOLDS(consumed <= len && from + consumed == run->ahead.bytes);
		if (consumed == 0 && from + len == list.len)
			ima_run_end(run, true);
		size = consumed == 0 ? 2 * size : size;
	}
}

/* The value that the list leads to in the end. */
static void expect_end(struct ima_run *run, const struct ima_run *followed)
{
	uint8_t value[DIGEST_SHA256_BYTES];
	struct pcr_values values = {0};

	memcpy(value, followed->ahead.replay.banks[0].registers[IMA_HASHED], sizeof value);
	HOLDS(pcr_selection_add(&values.selection, TPM_ALG_SHA256, IMA_PCR) == RC_OK);
	HOLDS(pcr_values_parse(&values.selection, SPAN(value), &values) == RC_OK);
	HOLDS(ima_run_expect(run, &values) == RC_OK);
}

static void same(const struct ima_progress *a, const struct ima_progress *b)
{
	HOLDS(a->bytes == b->bytes && a->failures == b->failures && a->reports == b->reports);
	HOLDS(a->unjudged == b->unjudged && a->faults_len == b->faults_len);
	HOLDS(a->aggregates == b->aggregates && a->learned == b->learned);
}

static void written_down(const struct ima_run *run)
{
	DROP(ima_run_release) struct ima_run again = {0};
	DROP(blob_release) struct blob first = {0};
	DROP(blob_release) struct blob second = {0};

	HOLDS(ima_run_encode(run, &first) == RC_OK && first.len <= IMA_RUN_MAX_BYTES);
	HOLDS(ima_run_decode(blob_span(&first), &again) == RC_OK);
	HOLDS(ima_run_encode(&again, &second) == RC_OK && span_equal(blob_span(&first), blob_span(&second)));
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	static struct policy policy;
	static struct verdict verdict;
	static uint8_t never[DIGEST_SHA256_BYTES] = "not reached";
	DROP(ima_run_release) struct ima_run whole = {0};
	DROP(ima_run_release) struct ima_run pieces = {0};
	struct pcr_values values = {0};

	HOLDS(policy.has_ima || policy_parse(span_text(json), &policy, NULL) == RC_OK);
	if (len < 1)
		return 0;
	HOLDS(pcr_selection_add(&values.selection, TPM_ALG_SHA256, IMA_PCR) == RC_OK);
	HOLDS(pcr_values_parse(&values.selection, SPAN(never), &values) == RC_OK);
	HOLDS(ima_run_expect(&whole, &values) == RC_OK);
	follow(&whole, &policy, span_of(at + 1, len - 1), len);
	expect_end(&pieces, &whole);
	/* Where a line of an ASCII list ends can be told only if the whole list is there. */
	follow(&pieces, &policy, span_of(at + 1, len - 1),
		whole.ahead.format.is_ascii ? len : (size_t)at[0] + 1);
	/* Proven by the last entry for PCR 10: what is broken, or for other PCRs, behind it is not reached.
	 */
	HOLDS(pieces.state == IMA_PROVEN && pieces.proven.bytes <= whole.ahead.bytes);
	if (whole.ahead.replay.elsewhere == 0)
		same(&pieces.proven, &whole.ahead);
	written_down(&pieces);
	verdict_clear(&verdict);
	ima_run_findings(&pieces, &verdict);
	verdict_close(&verdict);
	HOLDS(verdict.failures == pieces.proven.failures && verdict.unjudged == pieces.proven.unjudged);
	return 0;
}
