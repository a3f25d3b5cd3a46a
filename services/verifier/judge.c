#include "services/verifier/judge.h"

#include <stdio.h>

#include "lib/evidence/attest.h"
#include "lib/evidence/tpm_signature.h"
#include "lib/trust/qualify.h"

static void fail(struct verdict *out, enum finding_check check, const char *expected, enum rc rc)
{
	struct finding *finding = verdict_add(out, check, "quote");

	snprintf(finding->expected, sizeof finding->expected, "%s", expected);
	snprintf(finding->found, sizeof finding->found, "%s", rc_words(rc));
}

bool verdict_has(const struct verdict *verdict, enum finding_check check)
{
	for (size_t i = 0; i < verdict->kept; i++)
		if (verdict->findings[i].check == check)
			return true;
	return false;
}

/* No check of the quote itself failed, and it was judged. Their findings come first, so none of them is cut
 * off. */
static bool quote_holds(const struct verdict *verdict)
{
	for (size_t i = 0; i < verdict->kept; i++) {
		enum finding_check check = verdict->findings[i].check;

		if ((check >= FINDING_QUOTE_TYPE && check <= FINDING_QUOTE_CLOCK) ||
			check == FINDING_INTERNAL)
			return false;
	}
	return true;
}

/* Evidence that cannot even be read is bad evidence; that we ran out of memory is not. */
static bool read_evidence(
	const struct judge_case *in, struct attest *attest, struct signature *signature, struct verdict *out)
{
	enum rc rc = attest_parse(in->evidence->attest, attest);

	if (rc != RC_OK)
		fail(out, FINDING_QUOTE_TYPE, "TPMS_ATTEST of a quote", rc);
	rc = tpm_signature_parse(in->evidence->signature, signature);
	if (rc != RC_OK)
		fail(out, FINDING_QUOTE_SIGNATURE, "TPMT_SIGNATURE", rc);
	return out->total == 0;
}

void judge(const struct judge_case *in, struct verdict *out, struct quote_counters *counters)
{
	uint8_t data[HASH_BYTES];
	struct attest attest = {0};
	struct signature signature = {0};
	struct quote_claim claim = {
		.attest = &attest,
		.signature = &signature,
		.ak = in->ak,
		.data = SPAN(data),
		.asked = in->selection,
		.values = in->evidence->values,
		.signer = in->signer,
		.last = in->last,
	};
	struct appraisal appraisal = {.quote = &claim, .policy = in->policy, .now_ms = in->now_ms};
	enum rc rc = qualify(QUALIFY_ATTEST, in->nonce, in->nk, in->node, data);

	verdict_clear(out);
	if (rc != RC_OK)
		fail(out, FINDING_INTERNAL, "qualifying data", rc);
	if (rc != RC_OK || !read_evidence(in, &attest, &signature, out)) {
		verdict_close(out);
		return;
	}
	appraise(&appraisal, out);
	if (in->policy_is_missing) {
		fail(out, FINDING_INTERNAL, "the policy that the provisioning names", RC_NOT_FOUND);
		verdict_close(out);
		return;
	}
	if (quote_holds(out))
		*counters = quote_counters_of(&attest);
}

enum rc judge_findings(const struct verdict *verdict, struct blob *raw, size_t *out_count)
{
	for (size_t i = 0; i < verdict->kept; i++) {
		const struct finding *finding = &verdict->findings[i];
		struct elem_finding elem = {
			.check = span_text(finding_name(finding->check)),
			.subject = span_text(finding->subject),
			.expected = span_text(finding->expected),
			.found = span_text(finding->found),
		};

		TRY(ELEM_APPEND(finding, &elem, raw));
	}
	*out_count = verdict->kept;
	return RC_OK;
}

enum rc findings_digest(struct list findings, uint8_t out[static HASH_BYTES])
{
	DROP(digest_stop) struct digest_run *run = NULL;
	const char *pcr_value = finding_name(FINDING_PCR_VALUE);
	struct elem_finding elem;

	TRY(digest_start(DIGEST_SHA256, &run));
	while (ELEM_NEXT(finding, &findings, &elem)) {
		/* The NUL keeps them apart: text has none. */
		TRY(digest_add(run, elem.check));
		TRY(digest_add(run, span_of("", 1)));
		TRY(digest_add(run, elem.subject));
		TRY(digest_add(run, span_of("", 1)));
		/* Values of PCRs are facts; what else was found depends on the nonce or on the time. */
		if (span_is(elem.check, pcr_value))
			TRY(digest_add(run, elem.found));
		TRY(digest_add(run, span_of("", 1)));
	}
	return digest_finish(run, out);
}

char *findings_text(struct list findings, uint64_t total, char *out, size_t room)
{
	struct elem_finding elem;
	int len;

	if (!ELEM_NEXT(finding, &findings, &elem)) {
		snprintf(out, room, "no findings");
		return out;
	}
	len = snprintf(out, room, "%.*s: %.*s: expected %.*s, found %.*s", SPAN_FMT(elem.check),
		SPAN_FMT(elem.subject), SPAN_FMT(elem.expected), SPAN_FMT(elem.found));
	if (total > 1 && len > 0 && (size_t)len < room)
		snprintf(out + len, room - (size_t)len, " (and %llu more)", (unsigned long long)(total - 1));
	return out;
}
