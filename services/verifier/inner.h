/* Private to the verifier: what its files share. */
#ifndef LIMEBUS_VERIFIER_INNER_H
#define LIMEBUS_VERIFIER_INNER_H

#include "lib/bus/client.h"
#include "lib/service/service.h"
#include "lib/store/commit.h"
#include "lib/store/lease.h"
#include "lib/trust/record.h"
#include "lib/trust/registration.h"
#include "services/verifier/challenge.h"
#include "services/verifier/change.h"
#include "services/verifier/document.h"
#include "services/verifier/enter.h"
#include "services/verifier/judge.h"
#include "services/verifier/keep.h"
#include "services/verifier/logs.h"
#include "services/verifier/node.h"
#include "services/verifier/outbox.h"
#include "services/verifier/policies.h"
#include "services/verifier/relay.h"
#include "services/verifier/revoker.h"
#include "services/verifier/round.h"
#include "services/verifier/shard.h"
#include "services/verifier/verifier.h"

#define KEY_NODE     "lb:{0}:node"
#define KEY_STATE    "lb:{0}:state"
#define KEY_PROV     "lb:{0}:prov"
#define KEY_OUTBOX   "lb:{0}:outbox"
#define KEY_EVIDENCE "lb:{0}:evidence:"
#define KEY_LEASE    "lb:{0}:lease"
#define KEY_TOKEN    "lb:{0}:token"
#define KEY_POLICY   "lb:policy"
#define KEY_IMA      "lb:{0}:ima"

/* A request of an operator must be as young as this, by our clock. */
#define REQUEST_AGE_MS 300000

struct counts {
	uint64_t attestations; /* evidence judged */
	uint64_t replays;      /* evidence that answers no challenge of ours */
	uint64_t unjudged;
	uint64_t duplicates;
	uint64_t withheld; /* times that V was not sent although the node passed */
	uint64_t ignored;  /* messages that nothing was done about */
	uint64_t tampered;
	uint64_t rolled_back;
};

struct verifier {
	const struct verifier_config *config;
	struct classes classes;
	struct secret32 sealing_key;
	struct service *service;
	bool is_closing;
	struct nodes nodes;
	struct policies policies;
	struct documents documents;
	struct shard shard;
	struct outbox outbox;
	struct relays relays;
	struct rounds rounds;
	struct lookups lookups;
	struct revoker revoker;
	uint64_t next_id;       /* of our own requests: the top bit is clear */
	struct verdict verdict; /* of the evidence that is being judged: too long for the stack */
	struct timer tick;
	struct counts counts;
	uint64_t rate_count; /* attestations at rate_ms, for `status` */
	uint64_t rate_ms;
	uint64_t rate; /* a second, times ten */
};

static inline uint64_t mono_ms(const struct verifier *verifier)
{
	return clock_mono_ms(loop_clock(service_loop(verifier->service)));
}

static inline struct server *server_of(struct verifier *verifier)
{
	return service_server(verifier->service);
}

/* Never the id of a call: see lib/bus/client.h. Never 0. */
static inline uint64_t new_id(struct verifier *verifier)
{
	return ++verifier->next_id & ~CALL_ID_BIT;
}

/* A version above `known` and above everything written before, even if the store forgot it. */
uint64_t next_version(const struct verifier *verifier, uint64_t known);

/* "state/<node>": what a record says it is about. */
#define RECORD_KEY_BYTES 160
char *record_key(const char *kind, const char *name, char out[static RECORD_KEY_BYTES]);

/* Signed with another key than our present one: another verifier's, or our own before it was rotated. */
static inline bool record_is_foreign(const struct verifier *verifier, const struct record_view *view)
{
	return memcmp(view->writer, service_identity(verifier->service)->sign.public, SIGN_KEY_BYTES) != 0;
}

/* A request's time must be within REQUEST_AGE_MS of now. */
MUST_USE enum rc check_time(
	const struct verifier *verifier, const char *what, uint64_t time, struct err *err);

void answer_ok(struct verifier *verifier, const struct peer *peer, uint64_t id, const char *text);
/* err's text, or words for rc if there is none. */
void answer_error(
	struct verifier *verifier, const struct peer *peer, uint64_t id, enum rc rc, const struct err *err);

/* Loud: logged as an error and published. node may be NULL. */
void report_store(struct verifier *verifier, const char *kind, const struct node *node, const char *text);

/* Two who claim to be one: logged and published, at most once in ten seconds and node. */
void report_duplicate(struct verifier *verifier, struct node *node, const char *text);

/* Policy and class of the node's provisioning, looked up anew. */
void node_bind(struct verifier *verifier, struct node *node);

/* The message again that waited while Redis was asked. */
void dispatch_waiting(struct verifier *verifier, struct node *node);

server_handler enter_on_hello;
server_handler attest_on_evidence;
server_handler challenge_on_measured;
server_handler provision_on_bootstrapped;
server_handler provision_on_provision;
server_handler relay_on_relay;
server_handler relay_on_reply;
server_handler operate_on_state_get;
server_handler operate_on_state_list;
server_handler operate_on_verdict_get;
server_handler operate_on_action;
server_handler policy_on_put;
server_handler policy_on_get;
server_handler policy_on_list;
server_handler policy_on_use;
server_handler round_on_log_part;
server_handler document_on_put;
server_handler document_on_get;

/* Write the policies again that the last load did not find in Redis any more, or found signed with another
 * key than ours. What cannot be written now is left for the next call. */
void policy_rewrite(struct verifier *verifier);

/* At the end: nobody waits for them any more. */
void policy_drop_puttings(struct verifier *verifier);

/* A round has come to its verdict, which lies in verifier->verdict. */
void attest_judged(struct round *round);

/* The evidence that `resume` waited for: judged, or there is none. */
void resume_passed(struct verifier *verifier, struct node *node, struct change *change);
void resume_failed(struct verifier *verifier, struct node *node, enum rc rc, const char *text);

/* Whether V of the present provisioning may be sent on good evidence now; if not, *why says what to do. It
 * looks at kept as it was before that evidence. */
bool provision_may_send_v(const struct verifier *verifier, const struct node *node, const struct kept *before,
	const char **why);
/* Seal V to the key that the evidence came over, and send it. */
void provision_send_v(struct verifier *verifier, struct node *node, const struct peer *peer);

#endif
