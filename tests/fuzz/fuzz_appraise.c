/* Whatever a node sends (one byte of length, quote, signature), without the AK it is never trusted, and
 * always judged. */
#include "lib/base/hex.h"
#include "lib/policy/appraise.h"
#include "tests/fuzz/fuzz.h"

/* The base point of P-256: a valid key. */
#define X "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
#define Y "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	static struct public_key *ak;
	static struct verdict verdict;
	uint8_t x[32], y[32];
	struct key_parts parts = {.kind = KEY_P256, .x = SPAN(x), .y = SPAN(y)};
	struct attest attest = {0};
	struct signature signature = {0};
	struct quote_claim claim = {.attest = &attest, .signature = &signature, .asked = &attest.selection};

	HOLDS(hex_decode(span_text(X), x, 32) == RC_OK && hex_decode(span_text(Y), y, 32) == RC_OK);
	HOLDS(ak != NULL || public_key_of_parts(&parts, &ak, NULL) == RC_OK);
	claim.ak = ak;
	if (len < 1 || at[0] >= len || attest_parse(span_of(at + 1, at[0]), &attest) != RC_OK ||
		tpm_signature_parse(span_of(at + 1 + at[0], len - 1 - at[0]), &signature) != RC_OK)
		return 0;
	claim.data = attest.extra_data;
	appraise(&(struct appraisal){.quote = &claim}, &verdict);
	HOLDS(!verdict.trusted && verdict.could_judge &&
		verdict.findings[0].check == FINDING_QUOTE_SIGNATURE);
	return 0;
}
