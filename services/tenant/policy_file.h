/*
 * Policy files, plain or in a DSSE envelope. Where keys are configured ("policy-keys"), only files that one
 * of them signed are read; without keys an envelope is refused, since nobody vouches for it.
 */
#ifndef LIMEBUS_TENANT_POLICY_FILE_H
#define LIMEBUS_TENANT_POLICY_FILE_H

#include "lib/policy/dsse.h"
#include "services/tenant/options.h"

#define POLICY_KEYS_MAX 64

/* Keys that sign policies: P-256 or P-384. */
struct policy_keys {
	struct public_key *at[POLICY_KEYS_MAX];
	size_t count;
};
void policy_keys_release(struct policy_keys *keys);

/* Each path is a PEM file with a public key or a certificate (which stands for its key), or a folder with
 * files *.pem, *.pub and *.crt. RC_NOT_FOUND if a folder has none. */
MUST_USE enum rc policy_keys_load(const struct text_list *paths, struct policy_keys *out, struct err *err);

/* The policy that stands in a file, of the payload type `type` (DSSE_TYPE_POLICY, or DSSE_TYPE_KEYLIME for
 * what is imported): the payload, not the envelope. RC_DENIED: not signed by a configured key, of another
 * type, or an envelope though no key is configured. Errors name the path. */
MUST_USE enum rc policy_file_read(const struct tenant_config *config, const char *path, const char *type,
	struct blob *out, struct err *err);

#endif
