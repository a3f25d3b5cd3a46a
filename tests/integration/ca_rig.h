/* A revocation service with a CA, and nodes whose TPMs are software: what tests of the CA share. */
#ifndef LIMEBUS_TESTS_INTEGRATION_CA_RIG_H
#define LIMEBUS_TESTS_INTEGRATION_CA_RIG_H

#include "lib/pki/ca_folder.h"
#include "lib/pki/ocsp.h"
#include "lib/pki/private_key.h"
#include "tests/integration/service_rig.h"
#include "tests/support/soft_tpm.h"

/* A node: its TPM, its NK, its connection, and the key that it wants a certificate for. */
struct ca_node {
	struct soft_tpm tpm;
	struct hpke_pair nk;
	struct client *client;
	struct private_key *key;
	struct blob csr;
	struct blob spki;
	struct blob area; /* TPMT_PUBLIC of the key, as a TPM would have made it */
};

/* The folder of a fresh CA, in the rig's: before rig_start. key_file is encrypted under CA_RIG_PASSPHRASE. */
#define CA_RIG_PASSPHRASE "a passphrase of no worth"
#define CA_RIG_LINES      "ca = issuer\nca-passphrase = ca.pass\n"
void ca_rig_make(struct rig *rig, struct ca_folder *folder);

/* Until it leads: what only a leader serves is answered. */
void ca_rig_wait(struct rig *rig);

/* TPM, keys, request; enrolled by the registrar of the rig; connected. */
void ca_node_open(struct rig *rig, struct ca_node *node);
void ca_node_close(struct ca_node *node);
/* The registrar's record, signed by this one. */
void ca_node_enrol(struct rig *rig, const struct ca_node *node, enum who registrar);
/* A verifier vouches for it, with this limit. */
void ca_node_vouch(struct rig *rig, const struct ca_node *node, uint64_t limit_ms);
/* The cause: suspend, resume, remove; or a verdict that says no. */
void ca_node_request(struct rig *rig, const struct ca_node *node, const char *action);
void ca_node_revoke(struct rig *rig, const struct ca_node *node, uint64_t number);

/* A nonce for this connection. */
enum rc ca_node_nonce(struct rig *rig, const struct ca_node *node, uint8_t nonce[static NONCE_BYTES]);

/* What a node proves with, and a test alters: {0} stands for what is right. */
struct ca_ask {
	const uint8_t *nonce;            /* that goes into the proof and the request; NULL: a fresh one */
	const uint8_t *proof_nk;         /* that goes into the proof */
	struct soft_tpm *tpm;            /* whose AK signs */
	const struct ca_node *claims_of; /* whose request is put in, with our proof */
	struct client *client;           /* that asks */
	bool in_tpm;                     /* TPM2_Certify instead of a quote */
};
/* The answer is in rig->answer. */
enum rc ca_node_ask(struct rig *rig, struct ca_node *node, const struct ca_ask *ask);

/* The certificate and when to renew, of a certificate_info in rig->answer. */
void ca_answer_certificate(const struct rig *rig, struct blob *out, uint64_t *renew);

/* The newest list, or RC_NOT_FOUND. */
enum rc ca_get_list(struct rig *rig, bool delta, struct blob *out, uint64_t *number);

/* The reason that a list gives for this serial; -1: it is not on it. */
int ca_list_reason(struct span list, struct span serial);

/* The newest full list comes to say so, within the rig's patience. */
void ca_wait_list(struct rig *rig, struct span serial, int reason);

/* What OCSP says, checked against the CA's certificate: the status, and the reason. The response is in
 * rig->answer. */
enum rc ca_ask_ocsp(struct rig *rig, const struct ca_folder *folder, struct span serial, enum digest_alg hash,
	struct ocsp_response *out, struct blob *der);

#endif
