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

void judge_begin(const struct judge_case *in, struct judging *out)
{
	const struct msg_evidence *evidence = in->evidence;

	*out = (struct judging){.in = *in};
	out->claim = (struct quote_claim){
		.attest = &out->attest,
		.signature = &out->signature,
		.ak = in->ak,
		.data = SPAN(out->data),
		.asked = in->selection,
		.values = evidence->values,
		.signer = in->signer,
		.last = in->last,
	};
	out->rc[0] = qualify(QUALIFY_ATTEST, in->nonce, in->nk, in->node, out->data);
	out->rc[1] = attest_parse(evidence->attest, &out->attest);
	out->rc[2] = tpm_signature_parse(evidence->signature, &out->signature);
	if (out->rc[0] == RC_OK && out->rc[1] == RC_OK && out->rc[2] == RC_OK)
		out->is_checked = quote_check(&out->claim, &out->checked) == RC_OK;
}

bool judge_proves(const struct judging *judging)
{
	return judging->is_checked && judging->checked.accepted;
}

enum rc judge_values(const struct judging *judging, struct pcr_values *out)
{
	return pcr_values_parse(judging->claim.asked, judging->claim.values, out);
}

static struct appraisal appraisal_of(const struct judging *judging, const struct judge_logs *logs)
{
	return (struct appraisal){
		.quote = &judging->claim,
		.policy = judging->in.policy,
		.now_ms = judging->in.now_ms,
		.checked = judging->is_checked ? &judging->checked : NULL,
		.previous = judging->in.previous,
		.boot_log = logs->boot_log,
		.boot = logs->boot,
		.ima = logs->ima,
	};
}

bool judge_wants_boot_log(const struct judging *judging, const struct judge_logs *logs)
{
	struct appraisal appraisal = appraisal_of(judging, logs);

	return judge_proves(judging) && appraise_wants_boot_log(&appraisal);
}

/* Evidence that cannot even be read is bad evidence; that we ran out of memory is not. */
static bool is_readable(const struct judging *judging, struct verdict *out)
{
	if (judging->rc[0] != RC_OK)
		fail(out, FINDING_INTERNAL, "qualifying data", judging->rc[0]);
	else if (judging->rc[1] != RC_OK)
		fail(out, FINDING_QUOTE_TYPE, "TPMS_ATTEST of a quote", judging->rc[1]);
	if (judging->rc[0] == RC_OK && judging->rc[2] != RC_OK)
		fail(out, FINDING_QUOTE_SIGNATURE, "TPMT_SIGNATURE", judging->rc[2]);
	return out->total == 0;
}

static void not_gathered(struct verdict *out, const char *why)
{
	struct finding *finding = verdict_add(out, FINDING_INTERNAL, "logs");

	snprintf(finding->found, sizeof finding->found, "%s", why);
}

void judge_end(const struct judging *judging, const struct judge_logs *logs, struct verdict *out,
	struct quote_counters *counters)
{
	struct appraisal appraisal = appraisal_of(judging, logs);

	verdict_clear(out);
	if (!is_readable(judging, out)) {
		verdict_close(out);
		return;
	}
	appraise(&appraisal, out);
	if (judging->in.policy_is_missing)
		fail(out, FINDING_INTERNAL, "the policy that the provisioning names", RC_NOT_FOUND);
	if (logs->failed != NULL)
		not_gathered(out, logs->failed);
	verdict_close(out);
	if (!judging->in.policy_is_missing && judge_proves(judging))
		*counters = quote_counters_of(&judging->attest);
}

enum rc judge_findings(const struct verdict *verdict, size_t max, struct blob *raw, size_t *out_count)
{
	size_t count = verdict->kept < max ? verdict->kept : max;

	for (size_t i = 0; i < count; i++) {
		const struct finding *finding = &verdict->findings[i];
		struct elem_finding elem = {
			.check = span_text(finding_name(finding->check)),
			.subject = span_text(finding->subject),
			.expected = span_text(finding->expected),
			.found = span_text(finding->found),
			.weight = finding->weight,
		};

		TRY(ELEM_APPEND(finding, &elem, raw));
	}
	*out_count = count;
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
	bool says_expected;
	int len;

	if (!ELEM_NEXT(finding, &findings, &elem)) {
		snprintf(out, room, "no findings");
		return out;
	}
	says_expected = elem.expected.len != 0;
	len = snprintf(out, room, "%.*s: %.*s%s%.*s%s%.*s", SPAN_FMT(elem.check), SPAN_FMT(elem.subject),
		says_expected ? ": expected " : "", SPAN_FMT(elem.expected),
		elem.found.len == 0 ? ""
		: says_expected     ? ", found "
				    : ": found ",
		SPAN_FMT(elem.found));
	if (total > 1 && len > 0 && (size_t)len < room)
		snprintf(out + len, room - (size_t)len, " (and %llu more)", (unsigned long long)(total - 1));
	return out;
}
