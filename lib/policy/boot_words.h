/* The section "boot" of a policy in words. */
#ifndef LIMEBUS_POLICY_BOOT_WORDS_H
#define LIMEBUS_POLICY_BOOT_WORDS_H

#include "lib/base/blob.h"
#include "lib/policy/boot_policy.h"

/* Append what the section demands, a line each ("Secure Boot must be on"). Printable ASCII. */
MUST_USE enum rc boot_show(const struct boot_policy *policy, struct blob *out);

/* Append what becomes different when `after` replaces `before` ("boot: db: certificate CN=… is no longer
 * allowed"), at most lines_max lines and one that counts the rest; nothing if both allow the same, or if only
 * one has the section (policy_diff says so). */
MUST_USE enum rc boot_diff(const struct boot_policy *before, const struct boot_policy *after,
	size_t lines_max, struct blob *out);

/* Append what an administrator should be warned of (a list that allows anything, Secure Boot not judged). */
MUST_USE enum rc boot_warnings(const struct boot_policy *policy, struct blob *out);

#endif
