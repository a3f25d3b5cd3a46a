/* Policies: from the verifier, with the operator's signature on them, or from a file. */
#ifndef LIMEBUS_TENANT_POLICIES_H
#define LIMEBUS_TENANT_POLICIES_H

#include "lib/policy/policy.h"
#include "services/tenant/session.h"

/* A policy that was read and understood. */
struct known_policy {
	struct blob json;
	struct policy policy;
	uint64_t number; /* 0: from a file */
	uint64_t time;
	char signer[NAME_MAX_BYTES + 1]; /* "": from a file */
};
void known_policy_release(struct known_policy *policy);

/* What an operator signed about a policy. */
struct named_policy {
	char name[POLICY_NAME_MAX + 1];
	uint8_t hash[HASH_BYTES];
	uint64_t size;
	uint64_t number;
	uint64_t time;
	char signer[NAME_MAX_BYTES + 1];
};

/* As policies_get, without the document. */
MUST_USE enum rc policies_look(
	struct session *session, const char *name_or_hash, struct named_policy *out, struct err *err);

/* By name (the newest content) or by hash. RC_DENIED: not signed by an operator who may, or not the one that
 * was asked for. */
MUST_USE enum rc policies_get(
	struct session *session, const char *name_or_hash, struct known_policy *out, struct err *err);

/* A path (what has a '/' or ends with ".json", or names a file that is there) is read from the file, and
 * needs no deployment; anything else is asked for. */
MUST_USE enum rc policies_open(
	struct session_door *door, const char *what, struct known_policy *out, struct err *err);

/* Sign the JSON under the policy's own name, send it, and tell its hash. Number: max(now, known + 1). */
MUST_USE enum rc policies_put(
	struct session *session, struct span json, struct known_policy *out, struct err *err);

#endif
