/* Authorisation sessions: each lives for one operation and is ended on every path. */
#ifndef LIMEBUS_TPM_SESSION_H
#define LIMEBUS_TPM_SESSION_H

#include "lib/tpm/owner.h"

/* DROP(session_end) struct session s = {0}; handle is 0 when there is none. */
struct session {
	struct tpm *tpm;
	ESYS_TR handle;
};

/* Flush the session if it is still there. Accepts {0}. */
void session_end(struct session *session);

/*
 * A policy session for the open EK. With all kinds of EK, also those whose password would do (H templates),
 * since that use would count for the dictionary-attack protection: each power cut after it would bring a
 * lockout nearer.
 */
MUST_USE enum rc session_policy(struct tpm *tpm, struct session *out, struct err *err);

/* Satisfy the EK's policy for one command. last: the TPM ends the session with that command. */
MUST_USE enum rc session_allow(struct session *session, bool last, struct err *err);

/*
 * An HMAC session salted to the open EK that encrypts the first parameter of the command
 * (TPMA_SESSION_DECRYPT) or of the answer (TPMA_SESSION_ENCRYPT), or nothing (0); the TPM ends it with that
 * command.
 */
MUST_USE enum rc session_secret(
	struct tpm *tpm, TPMA_SESSION direction, struct session *out, struct err *err);

/* The result of the command that ends the session: forgets it on success. */
MUST_USE enum rc session_result(struct session *session, TSS2_RC code, const char *what, struct err *err);

#endif
