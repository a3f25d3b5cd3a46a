/*
 * The configuration of the private Redis and its ACL file, as text: printed for a deployment, for the demo
 * and for the tests, so that what is tested is what is shipped.
 *
 * Keys ({0} is the shard's hash tag; token is the counter of the lease):
 *   lb:{0}:node lb:{0}:nk lb:{0}:alias                                        written by the registrar
 *   lb:{0}:prov lb:{0}:state lb:{0}:outbox lb:{0}:evidence:… lb:{0}:lease lb:{0}:token lb:policy   verifier
 *   lb:{0}:notices lb:{0}:issued (Streams: appended to, never changed) lb:{0}:lead lb:{0}:lead-token
 *   lb:{0}:subscriber                                                        revocation services
 */
#ifndef LIMEBUS_STORE_REDIS_CONF_H
#define LIMEBUS_STORE_REDIS_CONF_H

#include "lib/base/blob.h"
#include "lib/base/err.h"

/* X(NAME, name in the ACL file, read patterns, write patterns, commands besides the common ones) is in
 * redis_conf.c; doctor may look at the configuration and at no key. */
enum redis_user { REDIS_REGISTRAR, REDIS_VERIFIER, REDIS_REVOCATION, REDIS_DOCTOR, REDIS_USERS };

/* "registrar"; what goes into store_options.user. */
const char *redis_user_name(enum redis_user user);

struct redis_conf {
	const char
		*dir; /* absolute: data and pid file. RC_MALFORMED if a path has quotes or controls in it */
	const char *socket; /* absolute path of the unix socket; NULL: <dir>/redis.sock */
	const char *acl;    /* absolute path of the ACL file; NULL: <dir>/users.acl */
};
#define REDIS_ACL_FILE "users.acl" /* in dir */
#define REDIS_PID_FILE "redis.pid" /* in dir */
#define REDIS_SOCKET   "redis.sock"

/* Append redis.conf to out. */
MUST_USE enum rc redis_conf_print(const struct redis_conf *conf, struct blob *out, struct err *err);

/* Append the line that shuts the default user out (do not write it yourself: redis_conf.c says why), then one
 * line a user; the password is stored as its SHA-256. Passwords must be random: a hash of a guessable one can
 * be guessed. */
struct redis_acl {
	enum redis_user user;
	uint8_t password_sha256[32];
};
MUST_USE enum rc redis_acl_print(
	const struct redis_acl *users, size_t count, struct blob *out, struct err *err);

#endif
