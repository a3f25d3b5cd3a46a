/*
 * One event and what it does to a node. The new state, what goes to the notice log, and the evidence become
 * durable in one transaction that proves our lease; only then does anything get out: log line, event, answer,
 * V, cause. While one is under way no other begins for its node.
 */
#ifndef LIMEBUS_VERIFIER_CHANGE_H
#define LIMEBUS_VERIFIER_CHANGE_H

#include "services/verifier/node.h"

struct change {
	struct verifier *verifier;
	struct node *node;
	struct kept next;
	unsigned effects;     /* enum node_effect, of all steps */
	enum node_event last; /* the last step */
	bool stepped;
	bool writes_prov;     /* the provisioning changes (or goes, if next.number is 0) */
	struct blob cause;    /* signed; for the notice log */
	struct blob evidence; /* to be kept, under its hash */
	uint8_t evidence_hash[HASH_BYTES];
	struct peer sender;   /* of the evidence that V is for */
	struct peer operator; /* gets `ok` when it is done, and an error if it cannot be */
	uint64_t answer_id;
	bool is_answered;            /* there is an operator to answer */
	bool is_bootstrapped;        /* event node.bootstrapped */
	bool uses_policy;            /* event node.policy */
	char shown[NODE_TEXT_BYTES]; /* text of the event */

	struct blob state_record;
	struct blob prov_record;
	uint64_t version;
	struct timer retry;
	bool is_abandoned;
};

/* A change of this node, with a copy of what is kept. NULL: out of memory. The node must have none under way.
 */
struct change *change_begin(struct verifier *verifier, struct node *node);
void change_drop(struct change **change);

/* Apply an event; false if it is illegal in this state: nothing changed then. */
bool change_step(struct change *change, enum node_event event);

/* Set the state without the table, for what the notice log knows better. */
void change_force(struct change *change, enum node_state state, const char *text);

/* Takes the change. Repeats it until it is known to be durable, or the lease is lost. */
void change_commit(struct change **change);

/* The lease is gone: whatever is under way has no effects any more. */
void change_abandon(struct node *node);

#endif
