/* A provisioning on its way: what is made once, and what is sent to the node, again if need be. */
#ifndef LIMEBUS_TENANT_PROVISION_H
#define LIMEBUS_TENANT_PROVISION_H

#include "lib/trust/payload.h"
#include "services/tenant/pack.h"
#include "services/tenant/policies.h"
#include "services/tenant/profile.h"
#include "services/tenant/progress.h"
#include "services/tenant/vouch.h"

struct provision_options {
	char *policy;
	char *payload;
	char *run;
	char *class;
	uint64_t wait_ms;
	bool cert;
	uint64_t cert_life_ms;
	struct profile_options profile;
};

/* Everything of one provisioning. The secrets wipe themselves, and are gone from memory when they are not
 * needed any more: V when the verifier has it, Kb when the payload is encrypted. */
struct provisioning {
	struct session *session;
	const struct provision_options *options;
	struct progress progress;
	struct vouch vouch;
	struct known_node node;
	struct registration registration;
	struct known_policy policy;
	uint64_t number;
	uint64_t until_ms;
	struct secret32 kb;
	struct secret32 u;
	struct secret32 v;
	uint8_t proof[HASH_BYTES];
	bool is_archive;
	char file[256];
	struct blob ciphertext;
	uint8_t payload_hash[HASH_BYTES];
	char told[TEXT_MAX + 1]; /* by the node, of its bootstrap */
	bool has_news;           /* an event came: look at the state now */
};
void provisioning_release(struct provisioning *provisioning);

/* Read and encrypt the payload with a fresh Kb: number must be there. */
MUST_USE enum rc provisioning_make(struct provisioning *p, struct err *err);

/* Look the node up, check its TPM, challenge it. RC_DENIED: it, or who speaks for it, lies. *held is the
 * number of the share that it has. */
MUST_USE enum rc provisioning_meet(struct provisioning *p, uint64_t *held, struct err *err);

/* May it work in a moment (the node is not connected, busy, or has another key)? refused: the node itself
 * said no. */
bool provisioning_is_passing(enum rc rc, bool refused);
#define PROVISIONING_PAUSE_MS 200

/* The signed request and V, to the verifier. */
MUST_USE enum rc provisioning_request(struct provisioning *p, struct err *err);

/* U and the payload, to the node; again from the start if its agent is another one meanwhile. */
MUST_USE enum rc provisioning_deliver(struct provisioning *p, struct err *err);

/* Until the payload lies opened there. *status is EXIT_NO if the node is not trusted, EXIT_UNKNOWN if it did
 * not get so far in time; err's text then says how things are. */
MUST_USE enum rc provisioning_await(struct provisioning *p, int *status, struct err *err);

#endif
