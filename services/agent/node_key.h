/* The key that the node's certificate is for: in the TPM, as a file that OpenSSL's tpm2 provider reads, or in
 * software. */
#ifndef LIMEBUS_AGENT_NODE_KEY_H
#define LIMEBUS_AGENT_NODE_KEY_H

#include "lib/base/blob.h"
#include "lib/base/err.h"
#include "lib/pki/private_key.h"

/* In the order of the words of `certificate-key`. */
enum node_key_home { NODE_KEY_TPM, NODE_KEY_SOFTWARE };

#define NODE_KEY_FILE_MAX (16u << 10)

/* DROP(node_key_release) struct node_key key = {0}; spki is empty if there is none. */
struct node_key {
	enum node_key_home home;
	struct private_key *software;
	struct blob in_tpm; /* what lib/tpm/key.h calls the blob */
	struct blob area;   /* TPMT_PUBLIC of it */
	struct blob pem;    /* the file */
	struct blob spki;
};
void node_key_release(struct node_key *key);

/* Of the file's text. RC_MALFORMED, RC_UNSUPPORTED or RC_DENIED for what was not written here. Whether the
 * TPM loads it is not known. */
MUST_USE enum rc node_key_of_file(struct span text, struct node_key *out, struct err *err);

/* Of what tpm_key_create made; a fresh P-256 key in software. */
MUST_USE enum rc node_key_of_tpm(struct span blob, struct node_key *out, struct err *err);
MUST_USE enum rc node_key_generate(struct node_key *out, struct err *err);

#endif
