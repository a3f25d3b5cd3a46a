#include "lib/store/redis_conf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/hex.h"

#define LINE_MAX_BYTES 2048u
#define PATH_BYTES     256u

/* %s: socket, pid file, folder, ACL file. Redis reads no variable, so the paths are written out. */
static const char conf_text[] =
	"# The private Redis of limebus: a unix socket, nothing else; every acknowledged write is on the "
	"disk.\n"
	"port 0\n"
	"unixsocket \"%s\"\n"
	"unixsocketperm 770\n"
	"daemonize no\n"
	"pidfile \"%s\"\n"
	"dir \"%s\"\n"
	"databases 1\n"
	"\n"
	"# fsync before each answer. A snapshot is not needed beside the append-only file.\n"
	"appendonly yes\n"
	"appendfsync always\n"
	"no-appendfsync-on-rewrite no\n"
	"aof-load-truncated yes\n"
	"save \"\"\n"
	"\n"
	"# Refuse writes when memory is short; never throw a record away.\n"
	"maxmemory-policy noeviction\n"
	"\n"
	"# One user a service; the default user is off. limebus keys writes this file.\n"
	"aclfile \"%s\"\n"
	"enable-protected-configs no\n"
	"enable-debug-command no\n"
	"enable-module-command no\n"
	"proto-max-bulk-len 16mb\n";

/*
 * X(NAME, name, keys, commands). %R~ is read only, %W~ write only, %RW~ both. "{*}" is the hash tag of any
 * shard. What all of them may: look whether the server is durable, and nothing else that is administrative.
 * AUTH needs no permission. Transactions need no keys by themselves: the commands in them are checked.
 */
#define COMMON       "+ping +info +config|get"
#define READS        "+get +hget +hscan"
#define TRANSACTIONS "+multi +exec +discard +watch +unwatch +wait"
#define WRITES       "+hset +hdel +set +del +pexpire"
/* A journal is read and appended to, nothing else: a selector, so that who may delete a lease may not delete
 * it. */
#define JOURNALS "+watch +xadd +xrange +xrevrange"
#define USERS(X)                                                                                                                \
	X(REGISTRAR, "registrar", "%RW~lb:{*}:node %RW~lb:{*}:nk %RW~lb:{*}:alias",                                             \
		READS " " TRANSACTIONS " " WRITES)                                                                              \
	X(VERIFIER, "verifier",                                                                                                 \
		"%RW~lb:{*}:prov %RW~lb:{*}:state %RW~lb:{*}:outbox %RW~lb:{*}:evidence:* "                                     \
		"%RW~lb:{*}:lease %RW~lb:{*}:token %RW~lb:{*}:ima %RW~lb:policy %RW~lb:document:* %R~lb:{*}:node %R~lb:{*}:nk", \
		READS " " TRANSACTIONS " " WRITES)                                                                              \
	X(REVOCATION, "revocation",                                                                                             \
		"%R~lb:{*}:node %R~lb:{*}:nk %R~lb:{*}:state %R~lb:{*}:outbox "                                                 \
		"%RW~lb:{*}:lead %RW~lb:{*}:lead-token %RW~lb:{*}:crl %RW~lb:{*}:subscriber",                                   \
		READS " " TRANSACTIONS " " WRITES " (%RW~lb:{*}:notices %RW~lb:{*}:issued " JOURNALS ")")                       \
	X(DOCTOR, "doctor", "", "")

/*
 * Off and without a password: nobody can be this user, and who has not authenticated may nothing. Yet it has
 * every permission, and must: Redis 7.0 replays its append-only file as the default user, and checks the
 * permissions at each EXEC. Without them a restart silently drops every transaction of more than one write
 * ("sending an error to its AOF-loading-client", and then it serves what is left).
 */
#define DEFAULT_USER "user default reset off ~* &* +@all\n"

struct user {
	const char *name;
	const char *keys;
	const char *commands;
};
#define USER_ROW(NAME, name, keys, commands) [REDIS_##NAME] = {name, keys, commands},
static const struct user user_table[REDIS_USERS] = {USERS(USER_ROW)};

const char *redis_user_name(enum redis_user user)
{
	return (unsigned)user < REDIS_USERS ? user_table[user].name : "";
}

/* Redis' own quoting would let some of these in; a path without them needs none. */
static bool is_plain_path(const char *path)
{
	if (path == NULL || path[0] != '/')
		return false;
	for (const unsigned char *c = (const unsigned char *)path; *c != '\0'; c++)
		if (*c < 0x20 || *c == 0x7f || *c == '"' || *c == '\'' || *c == '\\')
			return false;
	return true;
}

static enum rc append_line(struct blob *out, struct err *err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static enum rc append_line(struct blob *out, struct err *err, const char *format, ...)
{
	char line[LINE_MAX_BYTES + sizeof conf_text];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(line, sizeof line, format, args);
	va_end(args);
	if (len < 0 || (size_t)len >= sizeof line)
		return err_set(err, RC_LIMIT, "redis.conf: a path is too long");
	if (blob_append(out, span_of(line, (size_t)len)) != RC_OK)
		return err_set(err, RC_NOMEM, "redis.conf: out of memory");
	return RC_OK;
}

/* path, or <dir>/<name> if it is NULL. */
static enum rc path_in(
	const char *dir, const char *path, const char *name, char out[static PATH_BYTES], struct err *err)
{
	int len = path != NULL ? snprintf(out, PATH_BYTES, "%s", path)
	                       : snprintf(out, PATH_BYTES, "%s/%s", dir, name);

	if (len < 0 || (size_t)len >= PATH_BYTES)
		return err_set(err, RC_LIMIT, "redis.conf: the path of %s is too long", name);
	if (!is_plain_path(out))
		return err_set(err, RC_MALFORMED,
			"redis.conf: the path of %s must be absolute, without quotes, backslashes or controls",
			name);
	return RC_OK;
}

enum rc redis_conf_print(const struct redis_conf *conf, struct blob *out, struct err *err)
{
	char socket[PATH_BYTES];
	char pid[PATH_BYTES];
	char acl[PATH_BYTES];

	if (!is_plain_path(conf->dir))
		return err_set(err, RC_MALFORMED, "redis.conf: the folder must be an absolute, plain path");
	TRY(path_in(conf->dir, conf->socket, REDIS_SOCKET, socket, err));
	TRY(path_in(conf->dir, NULL, REDIS_PID_FILE, pid, err));
	TRY(path_in(conf->dir, conf->acl, REDIS_ACL_FILE, acl, err));
	return append_line(out, err, conf_text, socket, pid, conf->dir, acl);
}

enum rc redis_acl_print(const struct redis_acl *users, size_t count, struct blob *out, struct err *err)
{
	char digest[HEX_BYTES(32)];

	TRY(append_line(out, err, DEFAULT_USER));
	for (size_t i = 0; i < count; i++) {
		const struct user *user;

		if ((unsigned)users[i].user >= REDIS_USERS)
			return err_set(err, RC_MALFORMED, "ACL: no such user");
		user = &user_table[users[i].user];
		TRY(append_line(out, err, "user %s reset on #%s resetchannels %s%s-@all " COMMON "%s%s\n",
			user->name, hex_encode(SPAN(users[i].password_sha256), digest), user->keys,
			user->keys[0] != '\0' ? " " : "", user->commands[0] != '\0' ? " " : "",
			user->commands));
	}
	return RC_OK;
}
