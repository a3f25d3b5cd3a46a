/*
 * One piece of evidence from its arrival to its verdict. If the quote proves that something was measured that
 * was not judged yet, the logs that say what are pulled from the node in parts (log_get) and judged part by
 * part: never more than a slice of work in one turn of the loop, for all nodes together, and only so many
 * nodes at a time. A round has an end: each part has the deadline of a challenge, the whole has ROUND_MS from
 * its first part on.
 */
#ifndef LIMEBUS_VERIFIER_ROUND_H
#define LIMEBUS_VERIFIER_ROUND_H

#include "services/verifier/judge.h"
#include "services/verifier/node.h"

#define ROUND_MS       120000
#define ROUND_BOOT_MAX (1u << 20) /* bytes of a boot log */
/* Work in one turn of the loop, in units of lib/policy/ima_judge.h: one to two milliseconds. */
#define ROUND_SLICE 1200
/* Work that is done at once, when evidence arrives. */
#define ROUND_INLINE 100
/* Bytes of the list that come with evidence: enough for what is measured between two challenges. */
#define ROUND_LIST_MAX (16u * 1024)
/* Nodes whose logs are pulled at the same time: each may take two parts of memory. */
#define ROUND_SLOTS 64
/* A list that is long, and could not be judged to its end, is not begun again before. */
#define ROUND_PAUSE_MS    30000
#define ROUND_PAUSE_BYTES (1u << 20)

struct verifier;
struct round;

/* In the order in which they came. */
struct round_queue {
	struct round *first, *last;
};

/* Rounds that have work to do, and those that wait for a slot. {0} is empty. */
struct rounds {
	struct round_queue ready;
	struct round_queue waiting;
	unsigned slots; /* taken */
	struct timer turn;
	bool is_turning;
	uint64_t pulled; /* parts asked for since the start */
};

/* What the policies of the node want to see of the IMA list, for its next challenge. */
bool round_wants_list(const struct node *node);
uint64_t round_list_from(const struct node *node);

/* The challenge was just taken: judge this. Ends with attest_judged, now or later, or with a new challenge.
 */
void round_begin(struct verifier *verifier, struct node *node, const struct peer *peer, const struct msg *msg,
	struct span frame);

/* It counts no more. Accepts a node without one. */
void round_drop(struct verifier *verifier, struct node *node);

/* What attest.c makes a verdict of. */
struct round {
	struct verifier *verifier;
	struct node *node;
	struct peer peer;
	uint64_t challenge;
	uint64_t now; /* wall-clock, when the evidence arrived */
	struct blob frame;
	struct msg evidence;
	struct judging judging;
	struct quote_counters counters;

	/* What it is judged by: if that changes meanwhile, it counts no more. */
	const struct policy_entry *policy, *former;
	uint64_t number;

	bool wants_list;
	uint64_t proven;   /* bytes of the list, before this */
	struct blob piece; /* of the list; what lies before `at` is judged */
	size_t at;
	bool has_more;   /* there is more behind the piece */
	bool was_behind; /* we looked for more where there was none */
	bool was_gone;   /* the list was shorter than what had been judged */
	unsigned empties;
	bool has_boot_log;
	struct blob boot_log;
	struct span boot_span;
	const char *failed; /* why the logs cannot be judged */

	uint64_t asked; /* id of the log_get that is under way; 0: none */
	bool asked_boot;
	uint64_t asked_from;
	uint64_t until_ms; /* monotonic; 0: nothing was pulled yet */

	bool has_slot;
	uint64_t pulled; /* bytes */

	struct round_queue *queue; /* that it is in; NULL: none */
	struct round *next;
};

#endif
