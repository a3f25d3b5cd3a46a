/*
 * What the tenant finds out about a node by himself before he gives it anything: neither the registrar's nor
 * the verifier's word is enough (proto/PROTOCOL.md, 6).
 */
#ifndef LIMEBUS_TENANT_VOUCH_H
#define LIMEBUS_TENANT_VOUCH_H

#include "lib/evidence/pcr.h"
#include "lib/trust/registration.h"
#include "services/tenant/nodes.h"

/* By what TPMs are judged here. */
struct vouch {
	struct cert_roots *roots; /* NULL: none; then only the allow-list counts */
	struct allow_list allowed;
};
void vouch_release(struct vouch *vouch);

/* ek-roots and ek-allowed of the configuration. RC_NOT_FOUND: there is neither. */
MUST_USE enum rc vouch_open(const struct tenant_config *config, struct vouch *out, struct err *err);

/* The EK's certificate, its key, the node id that follows from it, the AK: all checked here. RC_DENIED with
 * the reason. */
MUST_USE enum rc vouch_check(const struct vouch *vouch, const struct known_node *node, uint64_t wall_ms,
	struct registration *out, struct err *err);

/* What the node itself answered. */
struct vouched {
	struct blob attest;
	struct blob signature;
	struct blob values;       /* of the PCRs that were asked for */
	uint8_t data[HASH_BYTES]; /* the qualifying data that it signed */
	uint64_t held;            /* number of the share that its TPM holds */
	uint32_t reset_count;
	uint64_t firmware; /* version of the TPM's */
};
void vouched_release(struct vouched *vouched);

/*
 * Challenge the node, by way of the verifier: the answer must be a quote over exactly these PCRs (none: an
 * identity), by this AK, in the endorsement hierarchy under this EK, for a fresh nonce and for this run of
 * the agent. RC_DENIED says which of that does not hold.
 */
MUST_USE enum rc vouch_challenge(struct session *session, const struct known_node *node,
	const struct registration *registration, const struct pcr_selection *selection, struct vouched *out,
	struct err *err);

/* Judge such an answer; vouch_challenge does. */
MUST_USE enum rc vouch_judge(const struct known_node *node, const struct registration *registration,
	const struct pcr_selection *selection, const uint8_t nonce[static NONCE_BYTES],
	const struct msg_identity_evidence *evidence, struct vouched *out, struct err *err);

/* Send a message to the node through the verifier, sealed to its NK, and open the answer. RC_NOT_FOUND: it
 * is not connected. If the node itself answered with an error, *refused is true. */
MUST_USE enum rc vouch_relay(struct session *session, const struct known_node *node, struct span message,
	enum msg_type expected, struct answer *out, bool *refused, struct err *err);

#endif
