#include "lib/evidence/certify_check.h"

#include "lib/evidence/attest_check.h"
#include "lib/evidence/tpm_name.h"

static enum rc check_type(const struct certify_claim *claim)
{
	return attest_check_type(claim->attest, ATTEST_TYPE_CERTIFY);
}

static enum rc check_signature(const struct certify_claim *claim)
{
	return attest_check_signature(claim->attest, claim->signature, claim->ak);
}

static enum rc check_scheme(const struct certify_claim *claim)
{
	return attest_check_scheme(claim->signature);
}

static enum rc check_data(const struct certify_claim *claim)
{
	return attest_check_data(claim->attest, claim->data);
}

static enum rc check_signer(const struct certify_claim *claim)
{
	return attest_check_signer(claim->attest, claim->signer);
}

static enum rc check_name(const struct certify_claim *claim)
{
	struct tpm_name name = {0};
	enum rc rc = tpm_name_of(claim->area, &name);

	if (rc != RC_OK)
		return rc == RC_MALFORMED || rc == RC_UNSUPPORTED ? RC_DENIED : rc;
	return attest_check_verdict(digest_equal(tpm_name_span(&name), claim->attest->name));
}

static const struct {
	enum rc (*check)(const struct certify_claim *claim);
	const char *name;
	const char *words;
	const char *clause;
} checks[] = {
#define CERTIFY_CHECK_ROW(id, function, name, words, clause) {check_##function, name, words, clause},
	CERTIFY_CHECKS(CERTIFY_CHECK_ROW)
#undef CERTIFY_CHECK_ROW
};
_Static_assert(COUNT(checks) == CERTIFY_REASON_COUNT && CERTIFY_REASON_COUNT > 0, "one row a reason");

enum rc certify_check(const struct certify_claim *claim, struct certify_verdict *out)
{
	struct certify_verdict verdict = {0};

	for (size_t i = 0; i < COUNT(checks); i++) {
		enum rc rc = checks[i].check(claim);

		if (rc == RC_DENIED)
			verdict.failed |= 1u << i;
		else if (rc != RC_OK)
			return rc;
	}
	verdict.accepted = verdict.failed == 0;
	*out = verdict;
	return RC_OK;
}

const char *certify_reason_name(enum certify_reason reason)
{
	return (size_t)reason < COUNT(checks) ? checks[reason].name : "unknown check";
}

const char *certify_reason_words(enum certify_reason reason)
{
	return (size_t)reason < COUNT(checks) ? checks[reason].words : "unknown reason";
}

const char *certify_reason_clause(enum certify_reason reason)
{
	return (size_t)reason < COUNT(checks) ? checks[reason].clause : "no clause";
}
