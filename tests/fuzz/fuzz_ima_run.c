/* What the verifier reads back from Redis: refused, or written again as it was. */
#include "lib/base/drop.h"
#include "lib/policy/ima_judge.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	static struct verdict verdict;
	DROP(ima_run_release) struct ima_run run = {0};
	DROP(blob_release) struct blob again = {0};

	if (ima_run_decode(span_of(at, len), &run) != RC_OK)
		return 0;
	HOLDS(ima_run_encode(&run, &again) == RC_OK && span_equal(blob_span(&again), span_of(at, len)));
	verdict_clear(&verdict);
	ima_run_findings(&run, &verdict);
	return 0;
}
