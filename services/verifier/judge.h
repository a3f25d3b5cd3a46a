/*
 * Evidence becomes a verdict, without side effects: what the node sent is parsed, checked against its AK, our
 * challenge and its policy (lib/policy/appraise.h); and a verdict becomes what is signed and shown.
 */
#ifndef LIMEBUS_VERIFIER_JUDGE_H
#define LIMEBUS_VERIFIER_JUDGE_H

#include "lib/policy/appraise.h"
#include "proto/msg.h"

/* Borrows everything. */
struct judge_case {
	const struct msg_evidence *evidence;
	struct public_key *ak;
	struct span signer;                    /* qualified name of the AK */
	const uint8_t *nonce;                  /* NONCE_BYTES */
	const uint8_t *nk;                     /* CURVE key of the connection that the evidence came over */
	const uint8_t *node;                   /* NODE_ID_BYTES */
	const struct pcr_selection *selection; /* what the challenge asked for */
	const struct policy *policy;           /* NULL: the node is not provisioned, only the quote counts */
	bool policy_is_missing;                /* there should be one: cannot be judged */
	struct quote_counters last;
	uint64_t now_ms;
};

/* *counters are those of the quote if it is an accepted one (whatever the policy says), else unchanged. */
void judge(const struct judge_case *in, struct verdict *out, struct quote_counters *counters);

/* True if one of the findings is of this check. */
bool verdict_has(const struct verdict *verdict, enum finding_check check);

/* The findings as elements of `verdict`, appended; returns how many. */
MUST_USE enum rc judge_findings(const struct verdict *verdict, struct blob *raw, size_t *out_count);

/* What a list of findings says, without what differs from one nonce to the next: two verdicts with the same
 * digest tell the same story. */
MUST_USE enum rc findings_digest(struct list findings, uint8_t out[static HASH_BYTES]);

/* "pcr 15 (sha256): expected 00…, found 7c… (and 2 more)". Returns out. */
char *findings_text(struct list findings, uint64_t total, char *out, size_t room);

#endif
