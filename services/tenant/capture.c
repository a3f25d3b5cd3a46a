#include "services/tenant/capture.h"

#include <stdio.h>

#include "lib/evidence/ak_check.h"
#include "lib/evidence/ima_list.h"

static void fail(struct verdict *findings, enum finding_check check, const char *expected, const char *found)
{
	struct finding *finding = verdict_add(findings, check, "quote");

	snprintf(finding->expected, sizeof finding->expected, "%s", expected);
	snprintf(finding->found, sizeof finding->found, "%s", found);
}

void capture_release(struct capture *capture)
{
	public_key_release(&capture->ak);
	*capture = (struct capture){0};
}

static bool is_ours(enum rc rc)
{
	return rc == RC_NOMEM || rc == RC_CRYPTO;
}

/* Words for the first rule that the key breaks. */
static const char *ak_fault(const struct tpm_public *public)
{
	struct ak_verdict verdict = ak_check(public);

	for (unsigned reason = 0; reason < AK_REASON_COUNT; reason++)
		if ((verdict.failed >> reason & 1) != 0)
			return ak_reason_words((enum ak_reason)reason);
	return NULL;
}

static enum rc open_ak(struct span bytes, struct public_key **out, struct verdict *findings)
{
	struct tpm_public public;
	struct key_parts parts;
	const char *fault;
	enum rc rc = tpm_public_parse_2b(bytes, &public, NULL);

	if (rc != RC_OK) {
		fail(findings, FINDING_AK, "TPM2B_PUBLIC of a signing key", rc_words(rc));
		return RC_OK;
	}
	fault = ak_fault(&public);
	if (fault != NULL) {
		fail(findings, FINDING_AK, fault, "not so");
		return RC_OK;
	}
	rc = tpm_public_key(&public, &parts);
	if (rc == RC_OK)
		rc = public_key_of_parts(&parts, out, NULL);
	if (is_ours(rc))
		return rc;
	if (rc != RC_OK)
		fail(findings, FINDING_AK, "a public key", rc_words(rc));
	return RC_OK;
}

enum rc capture_open(const struct evidence_set *set, enum evidence_quote_kind kind, struct capture *out,
	struct verdict *findings)
{
	const struct evidence_quote *quote = &set->quotes[kind];
	enum rc rc = attest_parse(blob_span(&quote->attest), &out->attest);

	if (rc != RC_OK)
		fail(findings, FINDING_QUOTE_TYPE, "TPMS_ATTEST of a quote", rc_words(rc));
	rc = tpm_signature_parse(blob_span(&quote->signature), &out->signature);
	if (rc != RC_OK)
		fail(findings, FINDING_QUOTE_SIGNATURE, "TPMT_SIGNATURE", rc_words(rc));
	TRY(open_ak(blob_span(&quote->ak), &out->ak, findings));
	if (set->nonce.len == 0)
		fail(findings, FINDING_QUOTE_DATA, "a nonce", "an empty file");
	out->is_readable = findings->total == 0;
	out->claim = (struct quote_claim){
		.attest = &out->attest,
		.signature = &out->signature,
		.ak = out->ak,
		.data = blob_span(&set->nonce),
		.asked = &out->attest.selection,
		.values = blob_span(&quote->values),
	};
	return RC_OK;
}

static void run_release(struct ima_run *run)
{
	ima_run_release(run);
}

/* The whole list at once: nobody waits meanwhile. */
static enum rc follow(const struct policy *policy, const struct evidence_set *set,
	const struct pcr_values *quoted, struct ima_run *run, struct dry_run *out)
{
	DROP(blob_release) struct blob room = {0};
	struct ima_context context = {.policy = &policy->ima};
	int64_t budget = INT64_MAX;
	size_t consumed = 0;
	enum rc rc = ima_run_expect(run, quoted);

	/* PCR 10 was not quoted: appraise says so. */
	if (rc == RC_NOT_FOUND)
		return RC_OK;
	TRY(rc);
	if (set->list_is_ascii)
		TRY(blob_resize(&room, IMA_ENTRY_MAX));
	if (run->state == IMA_GOING && set->has_list)
		TRY(ima_judge(run, &context, blob_span(&set->list), (struct ima_room){room.at, room.len},
			&budget, &consumed));
	ima_run_end(run, set->has_list);
	out->entries = run->proven.replay.entries;
	out->behind = set->list.len > run->proven.bytes ? set->list.len - run->proven.bytes : 0;
	return RC_OK;
}

static enum rc judge(const struct policy *policy, const struct evidence_set *set, struct capture *capture,
	uint64_t now_ms, struct dry_run *out)
{
	DROP(run_release) struct ima_run run = {0};
	struct quote_verdict checked = {0};
	struct span log = blob_span(&set->log);
	struct pcr_values values;
	struct appraisal appraisal = {
		.quote = &capture->claim,
		.policy = policy,
		.now_ms = now_ms,
		.checked = &checked,
		.boot_log = &log,
	};

	TRY(quote_check(&capture->claim, &checked));
	out->proves = quote_proves(&checked);
	if (out->proves && policy->has_ima) {
		TRY(pcr_values_parse(capture->claim.asked, capture->claim.values, &values));
		TRY(follow(policy, set, &values, &run, out));
		appraisal.ima = &run;
	}
	appraise(&appraisal, &out->verdict);
	return RC_OK;
}

enum rc dry_run(const struct policy *policy, const struct evidence_set *set, enum evidence_quote_kind kind,
	uint64_t now_ms, struct dry_run *out, struct err *err)
{
	DROP(capture_release) struct capture capture = {0};
	enum rc rc;

	memset(out, 0, sizeof *out);
	rc = capture_open(set, kind, &capture, &out->verdict);
	if (rc == RC_OK && capture.is_readable) {
		out->quoted = capture.attest.selection;
		rc = judge(policy, set, &capture, now_ms, out);
	} else {
		verdict_close(&out->verdict);
	}
	if (rc != RC_OK)
		return err_set(err, rc, "%s: %s could not be judged: %s", set->path,
			evidence_quote_name(kind), rc_words(rc));
	return RC_OK;
}
