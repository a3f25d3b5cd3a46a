/* What certificate.c (when) and certificate_request.c (how) share. */
#ifndef LIMEBUS_AGENT_CERTIFICATE_INSIDE_H
#define LIMEBUS_AGENT_CERTIFICATE_INSIDE_H

#include "services/agent/certificate.h"
#include "services/agent/certificate_folder.h"
#include "services/agent/inner.h"

/* X(NAME, function, words). In the order in which they are carried out. */
#define CERTIFICATE_STEPS(X)                                                                                 \
	X(KEY, make_key, "making a key")                                                                     \
	X(KEEP, keep_key, "keeping the key in the TPM")                                                      \
	X(REQUEST, make_request, "signing the request")                                                      \
	X(CA, ask_ca, "asking for the CA")                                                                   \
	X(NONCE, ask_nonce, "asking for a nonce")                                                            \
	X(PROOF, make_proof, "proving the key")                                                              \
	X(PUT, put_request, "sending the request")

#define CERTIFICATE_STEP_ENUM(name, function, words) CERTIFICATE_##name,
enum certificate_step { CERTIFICATE_STEPS(CERTIFICATE_STEP_ENUM) CERTIFICATE_REST };
#undef CERTIFICATE_STEP_ENUM

/*
 * attempt tells the answers that are waited for from those to attempts that were given up. is_wanted: the
 * node is not known to be revoked, and has been attested. failures: attempts in a row.
 */
struct certificate {
	struct agent *agent;
	uint32_t handle; /* 0: none */
	struct node_key key;
	struct blob csr;
	bool is_kept; /* at the handle */
	struct certificate_dates dates;
	bool is_attested;
	bool is_barred;
	enum certificate_step step;
	uint64_t attempt;
	unsigned failures;
	uint64_t call;
	bool is_calling;
	struct blob ca; /* the frame of ca_info */
	uint8_t nonce[NONCE_BYTES];
	struct blob attest;
	struct blob signature;
	struct tpm_job *job; /* waits for the TPM to be idle */
	unsigned job_tries;
	struct timer quiet;
	struct timer due;
	uint64_t due_wall; /* of the next attempt; 0: none is due */
	struct err why;    /* of the last failure */
	struct timer hook;
};

/* ---- certificate_request.c ---- */

/* Carry out the step that it is at, and those after it. */
void certificate_go_on(struct certificate *certificate);

/* Remove the key from its persistent handle, if it was put there. */
void certificate_forget_handle(struct certificate *certificate);

/* ---- certificate.c ---- */

/* This attempt ends here; another one comes after a pause. */
void certificate_failed(struct certificate *certificate, enum rc rc, const struct err *err);

/* dates are those of what has just been written. */
void certificate_installed(struct certificate *certificate);

/* Key and certificate go. */
void certificate_discard(struct certificate *certificate);

#endif
