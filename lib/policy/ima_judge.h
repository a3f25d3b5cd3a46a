/*
 * Judges a node's IMA list by a policy, piece by piece. A list belongs to one boot; what is known of it
 * stands in a struct ima_run, which may be written down between quotes and taken up again. One round:
 *
 *   ima_run_expect(run, &quoted values)      the values must be proven by a quote (quote_proves, appraise.h)
 *   ima_judge(run, context, piece, …)        pieces in order, the first from offset run->proven.bytes
 *     MORE    come again with what was not consumed and what follows it (ima_run_offset says where)
 *     BUDGET  come again later with what was not consumed
 *     PROVEN  the quote covers everything up to here; what follows waits for the next quote
 *     BROKEN  it is no list
 *   ima_run_end(run, whole)                  nothing more will come: the list ended or the node is too slow
 *   appraise(…)                              findings
 *
 * What was judged counts once a quote proves it; until then it is undone by the next ima_run_expect. Failing
 * entries stay findings for as long as the run lives: a boot that went wrong once is not made good by
 * measuring something else. To judge a list again (another policy), begin a new run.
 */
#ifndef LIMEBUS_POLICY_IMA_JUDGE_H
#define LIMEBUS_POLICY_IMA_JUDGE_H

#include "lib/base/blob.h"
#include "lib/evidence/ima_replay.h"
#include "lib/evidence/kernel_hash.h"
#include "lib/policy/ima_keyring.h"
#include "lib/policy/verdict.h"

struct ima_policy;

/* Distinct boot_aggregate entries of one boot: one from each kernel that kexec started. */
#define IMA_AGGREGATES_MAX 8
/* Entries that are judged once only, since the list repeats a failing one often. */
#define IMA_FAULTS_MAX VERDICT_FINDINGS_MAX
/* A run as it is written down. */
#define IMA_RUN_MAX_BYTES (IMA_FAULTS_MAX * 1024 + IMA_LEARNED_MAX * 640 + 4096)

/* One boot_aggregate: first of a list, or of a kernel that was started by kexec. */
struct ima_aggregate {
	enum kernel_hash hash; /* KERNEL_HASH_COUNT: unknown */
	uint8_t len;
	uint8_t digest[DIGEST_BYTES_MAX];
	bool holds; /* it was compared with this boot's PCRs, and equal */
};

/* How far a list was followed. Plain data: copied to go ahead of what is proven. */
struct ima_progress {
	struct ima_replay replay;
	uint64_t bytes;       /* of the list, from its beginning */
	uint64_t failures;    /* entries that speak against the node, repeats included */
	uint64_t unjudged;    /* entries that could not be judged */
	uint64_t reports;     /* entries that a policy wants to be told of */
	uint32_t faults_len;  /* of run->faults, bytes */
	uint16_t fault_count; /* of run->faults, records */
	uint16_t learned;     /* of run->learned */
	uint16_t aggregates;  /* of run->aggregates */
	bool begins;          /* the list began with boot_aggregate */
	bool is_known;        /* the list's format was seen */
	struct ima_format format;
};

/*
 * How the round stands. IDLE before the first expect. GOING: pieces are awaited. PROVEN, BROKEN: as above.
 * SHORT: the list ended and never led to the quoted value. LATE: it was not read to its end.
 */
enum ima_state { IMA_IDLE, IMA_GOING, IMA_PROVEN, IMA_BROKEN, IMA_SHORT, IMA_LATE };

/* {0} is the beginning of a boot. Owns. */
struct ima_run {
	enum ima_state state;
	struct ima_progress proven; /* by the last quote that was reached */
	struct ima_progress ahead;  /* of the round that is going on */
	struct blob faults;         /* records of failing entries, the proven ones first */
	struct ima_keyring learned; /* from keyrings, if the policy wants that; the proven ones first */
	struct ima_aggregate aggregate[IMA_AGGREGATES_MAX];
};

void ima_run_release(struct ima_run *run);

/* As text of what is proven: to be stored, and to go on from after a restart (state IDLE). Decode refuses
 * whatever encode does not write: RC_MALFORMED, RC_LIMIT, RC_NOMEM; *out, which may hold a run, is replaced
 * only on RC_OK. */
MUST_USE enum rc ima_run_encode(const struct ima_run *run, struct blob *out);
MUST_USE enum rc ima_run_decode(struct span in, struct ima_run *out);

/*
 * Begin a round: undo what is not proven, look for these values of PCR 10. State becomes PROVEN at once if
 * nothing was measured since the last round, else GOING. RC_NOT_FOUND if no bank that lib/crypto can hash has
 * PCR 10, or, later in a boot, none of those of the first round; banks that are quoted later only are
 * ignored.
 */
MUST_USE enum rc ima_run_expect(struct ima_run *run, const struct pcr_values *quoted);

/* Where in the list the next piece begins. */
uint64_t ima_run_offset(const struct ima_run *run);

/* What entries are judged by: borrows. previous may be NULL; what it allows is good, too. */
struct ima_context {
	const struct ima_policy *policy;
	const struct ima_policy *previous;
};

/* Work that an entry may cost, in about half microseconds: an entry, a check of a signature. */
#define IMA_WORK_ENTRY 1
#define IMA_WORK_RSA   60
#define IMA_WORK_ECDSA 200

/*
 * Follow and judge the entries of `piece`, as long as `budget` is positive; it loses what the work cost (the
 * last entry may make it negative). room: for ASCII lists (ima_list.h), may be empty for binary ones. The
 * list's format is guessed at its beginning and kept.
 *
 * RC_OK: run->state says how it stands, GOING with BUDGET or MORE told apart by *budget > 0; *out_consumed is
 * what need not be sent again. RC_MALFORMED: the state is not GOING. Others: lib/crypto failed or memory is
 * short, and the round must begin anew.
 */
struct ima_room {
	uint8_t *at;
	size_t len;
};
MUST_USE enum rc ima_judge(struct ima_run *run, const struct ima_context *context, struct span piece,
	struct ima_room room, int64_t *budget, size_t *out_consumed);

/* No more pieces: GOING becomes SHORT if the list was read to its end (`whole`), else LATE. */
void ima_run_end(struct ima_run *run, bool whole);

/*
 * The findings of a run: failing entries that are proven, and what the state of the round says. Beginning
 * gone: a list that is SHORT and does not begin with boot_aggregate (IMA_TRIMMED). Not boot_aggregate itself,
 * which needs the boot's PCRs (ima_aggregate.h).
 */
void ima_run_findings(const struct ima_run *run, struct verdict *verdict);

#endif
