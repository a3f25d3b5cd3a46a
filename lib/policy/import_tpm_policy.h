/* Keylime's tpm_policy as a policy of ours. */
#ifndef LIMEBUS_POLICY_IMPORT_TPM_POLICY_H
#define LIMEBUS_POLICY_IMPORT_TPM_POLICY_H

#include "lib/policy/import_warning.h"
#include "lib/policy/policy.h"

/*
 * {"22": ["<hex>", …], "15": "<hex>", "mask": "0x408000"}, the mask being optional. Keylime compares values
 * whichever bank they are of; a policy of ours names the bank: the first of sha256, sha384 and sha512 that
 * has a value for every PCR, or else for each PCR the first that has one. Values of other lengths, SHA-1
 * among them, are left out with a warning. RC_MALFORMED for PCR 10 and 16, for what is no PCR, and for a mask
 * that lacks a PCR which is listed; RC_UNSUPPORTED for a PCR with SHA-1 values only.
 */
MUST_USE enum rc import_tpm_policy(const struct policy_head *head, struct span json,
	struct import_warnings *warnings, struct blob *out, struct err *err);

#endif
