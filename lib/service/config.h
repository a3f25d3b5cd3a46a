/* The options that all services share: fields, and the rows for their tables (lib/config/option.h). */
#ifndef LIMEBUS_SERVICE_CONFIG_H
#define LIMEBUS_SERVICE_CONFIG_H

#include "lib/config/option.h"

struct service_config {
	char *identity;
	char *roster;
	char *root_key;
	char *listen;
	char *publish;
	char *user;
	unsigned log_level;
	uint64_t peers_max;
	char *redis_socket;
	char *redis_host;
	uint64_t redis_port;
	char *redis_user;
	char *redis_password;
	uint64_t redis_replicas;
	bool redis_tunnel;
	bool no_seccomp;
};

extern const char *const log_level_words[];

/* clang-format off */
#define SERVICE_OPTIONS(C, F, program_user) \
	{ OPTION_PATH(C, F.identity), .name = "identity", .fallback = "identity", \
	  .help = "Folder with this service's keys (curve.key, sign.key). Only its owner may read them." }, \
	{ OPTION_PATH(C, F.roster), .name = "roster", .fallback = "roster", \
	  .help = "The signed roster. A newer one that arrives over the bus replaces this file; one that is put here is noticed within a second." }, \
	{ OPTION_PATH(C, F.root_key), .name = "root-key", .fallback = "root.pub", \
	  .help = "Public key of the deployment's root, which signs rosters." }, \
	{ OPTION_ENDPOINT(C, F.listen), .name = "listen", \
	  .help = "Where to listen: tcp://ADDRESS:PORT or ipc://PATH. The address that others use stands in the roster." }, \
	{ OPTION_ENDPOINT(C, F.publish), .name = "publish", \
	  .help = "Where to publish: tcp://ADDRESS:PORT or ipc://PATH." }, \
	{ OPTION_TEXT(C, F.user), .name = "user", .fallback = "", \
	  .help = "Account to become after the start: NAME or UID:GID. Needed when started as root." }, \
	{ OPTION_WORD(C, F.log_level), .name = "log-level", .fallback = "info", .words = log_level_words, \
	  .help = "How much to log on standard error." }, \
	{ OPTION_U64(C, F.peers_max), .name = "peers-max", .fallback = "1000", .min = 1, .max = 1000000, \
	  .help = "Connections to be ready for. The limit on open files is compared with it at the start." }, \
	{ OPTION_PATH(C, F.redis_socket), .name = "redis-socket", .fallback = "", \
	  .help = "Unix socket of Redis. Give this, or redis-host and redis-port." }, \
	{ OPTION_TEXT(C, F.redis_host), .name = "redis-host", .fallback = "", \
	  .help = "Numeric address of Redis; loopback, unless redis-tunnel says that the way there is protected." }, \
	{ OPTION_U64(C, F.redis_port), .name = "redis-port", .fallback = "6379", .min = 1, .max = 65535, \
	  .help = "TCP port of Redis." }, \
	{ OPTION_TEXT(C, F.redis_user), .name = "redis-user", .fallback = program_user, \
	  .help = "User in Redis' ACL." }, \
	{ OPTION_PATH(C, F.redis_password), .name = "redis-password", .fallback = "redis.password", \
	  .help = "File with that user's password. Only its owner may read it." }, \
	{ OPTION_U64(C, F.redis_replicas), .name = "redis-replicas", .fallback = "0", .max = 8, \
	  .help = "Replicas that must have a write before it is acknowledged. A missing one stops acknowledgements." }, \
	{ OPTION_BOOL(C, F.redis_tunnel), .name = "redis-tunnel", .fallback = "no", \
	  .help = "Redis is on another host and the way there is protected by mutual TLS." }, \
	{ OPTION_BOOL(C, F.no_seccomp), .name = "no-seccomp", .fallback = "no", \
	  .help = "Go on if this kernel cannot filter system calls." }
/* clang-format on */

#endif
