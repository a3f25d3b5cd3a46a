/* A private Redis for a test: a child process on a unix socket in a folder of its own, configured by the same
 * text as a deployment. It dies with the test. */
#ifndef LIMEBUS_TESTS_SUPPORT_REDIS_SERVER_H
#define LIMEBUS_TESTS_SUPPORT_REDIS_SERVER_H

#include <sys/types.h>

#include "lib/store/redis_conf.h"
#include "lib/store/store.h"
#include "tests/support/test.h"

struct redis_server {
	struct scratch scratch;
	pid_t pid; /* 0: not running */
	char socket[SCRATCH_FILE_BYTES];
};

/* Write configuration, users and an empty folder, and start. `extra` is appended to redis.conf ("" for
 * nothing). The test fails if Redis does not come up. */
void redis_server_open(struct redis_server *out, const char *extra);

/* Stop it and remove its folder. */
void redis_server_close(struct redis_server *server);

/* SIGTERM, SIGKILL, SIGSTOP and SIGCONT; the first two wait until it is gone. */
void redis_server_stop(struct redis_server *server);
void redis_server_kill(struct redis_server *server);
void redis_server_freeze(struct redis_server *server);
void redis_server_thaw(struct redis_server *server);

/* Again, with its data, or with none. */
void redis_server_restart(struct redis_server *server);
void redis_server_restart_empty(struct redis_server *server);

/* Options to open a store as this user; borrows the server. */
struct store_options redis_server_options(const struct redis_server *server, enum redis_user user);

/* Say one command as this user, as an administrator who may everything (REDIS_USERS), or as nobody
 * (REDIS_NOBODY), over a connection of its own. Arguments end with NULL. Returns the answer as it came, cut
 * at REDIS_SAID_BYTES, until the next call: "+OK\r\n", "-NOPERM …", "$5\r\nhello\r\n". */
#define REDIS_SAID_BYTES 4096
#define REDIS_NOBODY     (-1)
const char *redis_say(const struct redis_server *server, int user, ...) __attribute__((sentinel));

#endif
