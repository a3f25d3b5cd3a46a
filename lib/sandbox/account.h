/* Who to become: names and numbers of users. */
#ifndef LIMEBUS_SANDBOX_ACCOUNT_H
#define LIMEBUS_SANDBOX_ACCOUNT_H

#include <sys/types.h>

#include "lib/base/err.h"

#define ACCOUNT_GROUPS_MAX 64

struct account {
	uid_t uid;
	gid_t gid;
	gid_t groups[ACCOUNT_GROUPS_MAX]; /* supplementary ones */
	int group_count;
};

/*
 * "NAME": that account with its groups. "UID:GID": these and no other groups. "UID": the account of that
 * number if there is one, else the group of the same number. The numbers 2^32-1 and larger are refused (they
 * mean "leave it" to the kernel). RC_NOT_FOUND, RC_MALFORMED, or RC_LIMIT for more groups than
 * ACCOUNT_GROUPS_MAX.
 */
MUST_USE enum rc account_find(const char *text, struct account *out, struct err *err);

#endif
