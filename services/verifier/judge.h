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
	const struct policy *previous;         /* holds too, during a roll-out; NULL: none */
	bool policy_is_missing;                /* there should be one: cannot be judged */
	struct quote_counters last;
	uint64_t now_ms;
};

/* A case while its logs are gathered. It must stay where it is: parts of it point to others. */
struct judging {
	struct judge_case in;
	enum rc rc[3]; /* of qualify, attest_parse and tpm_signature_parse */
	uint8_t data[HASH_BYTES];
	struct attest attest;
	struct signature signature;
	struct quote_claim claim;
	struct quote_verdict checked;
	bool is_checked;
};

/* Look at the quote. */
void judge_begin(const struct judge_case *in, struct judging *out);

/* The quote is an accepted one: what it covers is proven, and logs can be compared with it. */
bool judge_proves(const struct judging *judging);

/* Its values. */
MUST_USE enum rc judge_values(const struct judging *judging, struct pcr_values *out);

/* What became of the logs. Borrows; {0}: none was asked for. */
struct judge_logs {
	const struct span *boot_log; /* NULL: not asked for */
	struct boot_seen *boot;
	struct ima_run *ima; /* NULL: the policy does not look at the list */
	const char *failed;  /* why they could not be gathered; NULL: they could */
};

/* A section of the policy wants to see the boot log. */
bool judge_wants_boot_log(const struct judging *judging, const struct judge_logs *logs);

/* *counters are those of the quote if it is an accepted one (whatever the policy says), else unchanged. */
void judge_end(const struct judging *judging, const struct judge_logs *logs, struct verdict *out,
	struct quote_counters *counters);

/* True if one of the findings is of this check. */
bool verdict_has(const struct verdict *verdict, enum finding_check check);

/* The first findings, `max` at most, as elements of `verdict`, appended; returns how many. */
MUST_USE enum rc judge_findings(
	const struct verdict *verdict, size_t max, struct blob *raw, size_t *out_count);

/* What a list of findings says, without what differs from one nonce to the next: two verdicts with the same
 * digest tell the same story. */
MUST_USE enum rc findings_digest(struct list findings, uint8_t out[static HASH_BYTES]);

/* "pcr 15 (sha256): expected 00…, found 7c… (and 2 more)". Returns out. */
char *findings_text(struct list findings, uint64_t total, char *out, size_t room);

#endif
