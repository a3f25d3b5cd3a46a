/* What tests of lib/tpm do again and again: a node's steps, and the other side of them by way of tpm2-tools.
 */
#ifndef LIMEBUS_TESTS_SUPPORT_TPM_NODE_H
#define LIMEBUS_TESTS_SUPPORT_TPM_NODE_H

#include <stdio.h>
#include <sys/wait.h>

#include "lib/tpm/tpm.h"
#include "tests/support/swtpm.h"

/* The test fails with err's text unless rc is RC_OK. */
void node_ok(enum rc rc, const struct err *err);

#define assert_rc_not_ok(call) assert_int_not_equal(call, RC_OK)

/* options may be NULL. */
struct tpm *node_open(const struct swtpm *swtpm, const struct tpm_options *options);

/* Open the EK, make an AK. */
void node_enrol(struct tpm *tpm, enum tpm_ek_kind ek, enum tpm_ak_kind ak, struct blob *blob);

/* As a file with its two length bytes in front, as tpm2-tools want it. */
void node_put_2b(const struct swtpm *swtpm, const char *name, struct span content);

#define NODE_SECRET "the secret of the credential"
struct node_credential {
	struct blob object;
	struct blob encrypted;
};
void node_credential_release(struct node_credential *credential);

/* TPM2_MakeCredential of NODE_SECRET for the open EK and AK. */
void node_make_credential(
	const struct swtpm *swtpm, const struct tpm *tpm, struct node_credential *credential);

/* The loaded AK activates such a credential. */
void node_activates(const struct swtpm *swtpm, struct tpm *tpm);

/* A quote over sha256:0-11 verifies with tpm2_checkquote, and not with another nonce. */
void node_quote_verifies(const struct swtpm *swtpm, struct tpm *tpm);

#endif
