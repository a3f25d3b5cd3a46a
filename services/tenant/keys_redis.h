/* The private Redis of a deployment: its configuration, its users and their passwords. */
#ifndef LIMEBUS_TENANT_KEYS_REDIS_H
#define LIMEBUS_TENANT_KEYS_REDIS_H

#include "lib/base/err.h"

#define KEYS_REDIS_PASSWORD "redis.password"

/* Make <folder>/redis with redis.conf and users.acl for a server that keeps its data in `data` (absolute;
 * NULL: that folder) and listens on `socket` (absolute; NULL: redis.sock in data); and redis.password in the
 * folders of registrar, verifier and revocation, and, for doctor, in <folder>/redis. */
MUST_USE enum rc keys_redis_make(const char *folder, const char *data, const char *socket, struct err *err);

#endif
