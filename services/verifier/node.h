/*
 * A node in memory: what Redis holds of it, who it is by the registrar's record, its connection, and the
 * challenge that is under way. Nodes are found by id and by the CURVE key (NK) of their agent; they stay
 * until the verifier ends.
 */
#ifndef LIMEBUS_VERIFIER_NODE_H
#define LIMEBUS_VERIFIER_NODE_H

#include "lib/base/hex.h"
#include "lib/bus/server.h"
#include "lib/bus/timer.h"
#include "lib/crypto/public_key.h"
#include "lib/evidence/quote_check.h"
#include "lib/evidence/tpm_name.h"
#include "lib/trust/share.h"
#include "services/verifier/class.h"
#include "services/verifier/session.h"

#define NODE_DIGITS     HEX_BYTES(NODE_ID_BYTES)
#define NODE_TEXT_BYTES (TEXT_MAX + 1)
#define NODE_WAITS_MAX  8

/* What is durable. A change works on a copy, which replaces the original once Redis has it. */
struct kept {
	enum node_state state;
	char text[NODE_TEXT_BYTES];
	uint64_t since;        /* when the state began */
	uint64_t good;         /* last good verdict that counted; 0: none */
	uint64_t record;       /* number of the registration: grows with each new AK */
	uint64_t verdicts;     /* number of the last verdict */
	uint64_t request_time; /* of the tenant's last node_request: older ones are replays */
	uint64_t highest;      /* provisioning number ever taken */
	struct quote_counters counters;
	bool last_was_good;           /* the last verdict */
	uint8_t findings[HASH_BYTES]; /* of the last verdict, if it was not good */
	struct blob bad;              /* the last signed verdict that said no */
	struct blob fine;             /* the last one that said yes */
	uint64_t number;              /* of the provisioning; 0: not provisioned */
	uint8_t policy[HASH_BYTES];   /* what it names, as are the next three */
	char class_name[CLASS_NAME_BYTES];
	uint8_t v_hash[HASH_BYTES];
	struct tpm_name ak_name;
	struct blob request; /* the signed provisioning */
	uint8_t sealed_v[SEALED_V_BYTES];
	uint64_t opened; /* the number that the node said it had opened, and when */
	uint64_t opened_at;
	uint64_t delivered; /* when V of this number was first sent */
	bool withheld;      /* V is not sent again before the tenant resumes the node */
	struct blob use;    /* the signed policy_use that replaced the provisioning's policy; empty: none */
	uint64_t use_time;
	uint8_t former[HASH_BYTES]; /* holds beside policy until then; 0: none does */
	uint64_t former_until;
	uint64_t state_version;
	uint64_t prov_version;
};
void kept_release(struct kept *kept);
MUST_USE enum rc kept_copy(const struct kept *kept, struct kept *out);

/* The provisioning's own policy counts again. */
void kept_forget_use(struct kept *kept);

/* There is no provisioning any more; its number stays taken. */
void kept_forget_provisioning(struct kept *kept);

struct node;
struct change;
struct logs;
struct round;

/* A message that came while Redis was being asked about its node. */
struct waiting {
	struct waiting *next;
	struct peer peer;
	struct blob frame;
};

/* The tenant's `resume`, while the node is asked to pass now. */
struct resume {
	struct peer peer;
	uint64_t id;
	uint64_t time;
	uint64_t challenge; /* the one that was started for it; 0: not yet */
	struct blob request;
};

/* A key by which a node is or was known. */
struct node_key {
	uint8_t key[CURVE_KEY_BYTES];
	bool known;
	struct node *node;
};

struct node {
	uint8_t id[NODE_ID_BYTES];
	char digits[NODE_DIGITS];
	struct node *next; /* of all nodes, in no order */
	struct verifier *verifier;
	struct kept kept;
	struct change *change; /* under way; at most one */
	struct waiting *waiting;
	unsigned wait_count;

	/* By the registrar's record; ak is NULL until the node said hello. */
	uint64_t record_version;
	struct public_key *ak;
	struct tpm_name ak_name;
	struct tpm_name signer;

	struct node_key nk;
	struct node_key former;
	struct peer peer;
	bool is_connected;
	uint64_t opened; /* number of the payload that lies opened now, as the node says */

	/* Runs at all times while the node is connected: the next challenge, or the end of the present one.
	 */
	struct timer timer;
	uint64_t asked;    /* id of the challenge that is under way; 0: none */
	uint64_t asked_ms; /* monotonic, of the last challenge */
	bool ask_again;
	uint64_t
		pause_ms; /* monotonic: no challenge before, but for the tenant or another run of the agent */
	uint8_t nonce[NONCE_BYTES];
	struct pcr_selection selection;
	struct resume *resume;

	const struct policy_entry *policy; /* of the provisioning; NULL: none, or not found, or not ready */
	const struct policy_entry *former_policy; /* holds too; NULL: none does (any more) */
	struct logs *logs;                        /* of the present boot; NULL: nothing was judged yet */
	struct round *round;                      /* evidence that is being judged; NULL: none */
	uint64_t reported;                        /* wall-clock, last verdict for what is only told */
	bool awaits_policy;                       /* it is being read: nothing is judged before */
	const struct class *class;
	uint64_t judged; /* wall-clock, last time; 0: not since the start */
	uint64_t attestations;
	bool is_fresh;         /* passed since the lease was taken */
	bool is_unwritten;     /* times changed since the last write */
	bool must_be_written;  /* Redis forgot something that we know, or has it under another key */
	bool is_alive;         /* a good verdict to tell the revocation service */
	uint64_t written_ms;   /* monotonic */
	uint64_t duplicate_ms; /* monotonic, when it was last told */
	uint64_t unjudged_ms;
	uint64_t written_bad;  /* wall-clock, last verdict that said no */
	uint64_t seen_loading; /* generation of the last load that found it */
	bool prov_seen;
};

/* {0} is empty. */
struct nodes {
	void *by_id;
	void *by_key;
	struct node *first;
	size_t count;
};
void nodes_release(struct nodes *nodes);

/* NULL if there is none. */
struct node *nodes_find(const struct nodes *nodes, const uint8_t id[static NODE_ID_BYTES]);

/* Find or make. NULL: out of memory. */
struct node *nodes_make(struct nodes *nodes, const uint8_t id[static NODE_ID_BYTES]);

/* The entry of a key, present or former. */
const struct node_key *nodes_key(const struct nodes *nodes, const uint8_t key[static CURVE_KEY_BYTES]);

/* The node is known by this key from now on; the one before is its former one, and former ones before are
 * forgotten. RC_DENIED: it is another node's. RC_NOMEM: nothing changed. */
MUST_USE enum rc nodes_set_key(
	struct nodes *nodes, struct node *node, const uint8_t key[static CURVE_KEY_BYTES]);

/* In the order of the ids, those after `after` (NULL: from the first). Returns how many; *more says whether
 * others follow. */
size_t nodes_page(
	const struct nodes *nodes, const uint8_t *after, size_t max, const struct node **out, bool *more);

/* Keep a copy of the message for later. RC_LIMIT: too many wait. */
MUST_USE enum rc node_wait(struct node *node, const struct peer *peer, struct span frame);
/* The one that waits longest, to be freed with waiting_release; NULL: none. */
struct waiting *node_next_waiting(struct node *node);
void waiting_release(struct waiting **waiting);
void resume_release(struct resume **resume);

#endif
