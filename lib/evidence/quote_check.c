#include "lib/evidence/quote_check.h"

#include "lib/evidence/attest_check.h"

/* The quote comes from a peer, the key and what we expect are ours. */

static enum rc check_type(const struct quote_claim *claim)
{
	return attest_check_type(claim->attest, ATTEST_TYPE_QUOTE);
}

static enum rc check_signature(const struct quote_claim *claim)
{
	return attest_check_signature(claim->attest, claim->signature, claim->ak);
}

static enum rc check_scheme(const struct quote_claim *claim)
{
	return attest_check_scheme(claim->signature);
}

static enum rc check_data(const struct quote_claim *claim)
{
	return attest_check_data(claim->attest, claim->data);
}

static enum rc check_selection(const struct quote_claim *claim)
{
	return attest_check_verdict(pcr_selection_equal(claim->asked, &claim->attest->selection));
}

static enum rc check_digest(const struct quote_claim *claim)
{
	struct pcr_values values = {0};
	uint8_t digest[TPM_HASH_MAX_BYTES];
	size_t len = 0;
	enum rc rc;

	if (pcr_values_parse(claim->asked, claim->values, &values) != RC_OK)
		return RC_DENIED;
	rc = pcr_values_digest(&values, digest_tpm_id(claim->signature->hash), digest, &len);
	if (rc != RC_OK)
		return rc == RC_UNSUPPORTED ? RC_DENIED : rc;
	return attest_check_verdict(digest_equal(span_of(digest, len), claim->attest->pcr_digest));
}

static enum rc check_signer(const struct quote_claim *claim)
{
	return attest_check_signer(claim->attest, claim->signer);
}

static enum rc check_reset(const struct quote_claim *claim)
{
	return attest_check_verdict(
		!claim->last.seen || claim->attest->reset_count >= claim->last.reset_count);
}

static enum rc check_clock(const struct quote_claim *claim)
{
	const struct attest *now = claim->attest;

	if (!claim->last.seen || now->reset_count != claim->last.reset_count)
		return RC_OK;
	return attest_check_verdict(
		now->clock >= claim->last.clock && now->restart_count >= claim->last.restart_count);
}

static const struct {
	enum rc (*check)(const struct quote_claim *claim);
	const char *name;
	const char *words;
	const char *clause;
} checks[] = {
#define QUOTE_CHECK_ROW(id, function, name, words, clause) {check_##function, name, words, clause},
	QUOTE_CHECKS(QUOTE_CHECK_ROW)
#undef QUOTE_CHECK_ROW
};
_Static_assert(COUNT(checks) == QUOTE_REASON_COUNT && QUOTE_REASON_COUNT > 0, "one row a reason");

enum rc quote_check(const struct quote_claim *claim, struct quote_verdict *out)
{
	struct quote_verdict verdict = {0};

	for (size_t i = 0; i < COUNT(checks); i++) {
		enum rc rc = checks[i].check(claim);

		if (rc == RC_DENIED)
			verdict.failed |= 1u << i;
		else if (rc != RC_OK)
			return rc;
	}
	verdict.accepted = verdict.failed == 0;
	verdict.rebooted =
		verdict.accepted && claim->last.seen && claim->attest->reset_count > claim->last.reset_count;
	*out = verdict;
	return RC_OK;
}

const char *quote_reason_name(enum quote_reason reason)
{
	return (size_t)reason < COUNT(checks) ? checks[reason].name : "unknown check";
}

const char *quote_reason_words(enum quote_reason reason)
{
	return (size_t)reason < COUNT(checks) ? checks[reason].words : "unknown reason";
}

const char *quote_reason_clause(enum quote_reason reason)
{
	return (size_t)reason < COUNT(checks) ? checks[reason].clause : "no clause";
}
