/*
 * What was judged of the logs of a node's present boot: how far its IMA list and what that came to, and under
 * which PCR values its boot log was accepted. It belongs to one boot, one provisioning, its policies and the
 * last request of the tenant: under anything else the logs are judged from their start. It is durable, but
 * not at once: losing the newest costs sending it again.
 */
#ifndef LIMEBUS_VERIFIER_LOGS_H
#define LIMEBUS_VERIFIER_LOGS_H

#include "lib/policy/appraise.h"
#include "proto/msg.h"

_Static_assert(IMA_RUN_MAX_BYTES <= RUN_MAX, "a run fits into its record");

/* What it belongs to. former is zeros if no other policy holds. */
struct logs_of {
	uint64_t reset_count;
	uint64_t number;
	uint64_t request_time;
	uint8_t policy[HASH_BYTES];
	uint8_t former[HASH_BYTES];
};

/* {0} is nothing. Owns. */
struct logs {
	struct logs_of of;
	struct ima_run run;
	struct boot_seen boot;
	uint64_t version; /* of the record; 0: there is none yet */
	bool is_unwritten;
	uint64_t written_ms; /* monotonic */
};
void logs_release(struct logs *logs);

/* The same boot, policies and so on? */
bool logs_fit(const struct logs *logs, const struct logs_of *of);

/* From the start, of this. */
void logs_begin(struct logs *logs, const struct logs_of *of);

struct verifier;
struct node;

/* What the node's logs would belong to under a quote with this reset count; resume_time: of the `resume` that
 * it answers, 0: none. */
struct logs_of logs_of_node(const struct node *node, uint64_t reset_count, uint64_t resume_time);

/* The record of type "ima" in Redis, as bytes, appended; and back: RC_DENIED, RC_MALFORMED, RC_STALE if it
 * was altered or put back, *out is unchanged then. */
MUST_USE enum rc logs_record(const struct verifier *verifier, const struct node *node, uint64_t version,
	struct blob *out, struct err *err);
MUST_USE enum rc logs_read(const struct verifier *verifier, const struct node *node, struct span record,
	struct logs *out, uint64_t *token, struct err *err);

/* Write those that changed, at most every ten seconds and node, in batches. */
void logs_keep(struct verifier *verifier);

#endif
