/* `limebus keys`: what its sub-commands share. */
#ifndef LIMEBUS_TENANT_KEYS_H
#define LIMEBUS_TENANT_KEYS_H

#include "services/tenant/command.h"
#include "services/tenant/deployment.h"

command_run keys_init;
command_run keys_add;
command_run keys_remove;
command_run keys_rotate;
command_run keys_prune;
command_run keys_show;

/* How long keys are good for when nobody says otherwise. */
#define KEYS_VALID_DEFAULT "1825d"
#define KEYS_VALID_MIN_MS  ((uint64_t)60 * 1000)
#define KEYS_VALID_MAX_MS  ((uint64_t)36500 * 86400000)

/* Where a service listens itself, for an endpoint of the roster: the same for ipc and loopback, else all
 * addresses of its host, since the one in the roster may be a name or belong to a gateway. */
MUST_USE enum rc keys_listen(const char *endpoint, char out[static ENDPOINT_MAX + 1], struct err *err);

/* Fresh keys into a new folder; name, role and dates of the member are left alone. */
MUST_USE enum rc keys_generate(const char *identity_folder, struct roster_member *member, struct err *err);

/* A member that is valid from now on. RC_MALFORMED or RC_LIMIT if a text does not fit. endpoint and publisher
 * may be NULL. */
MUST_USE enum rc keys_describe(const char *name, unsigned role, const char *endpoint, const char *publisher,
	uint64_t now_ms, uint64_t valid_ms, struct roster_member *out, struct err *err);

/* One line of a configuration file; rows whose value is NULL or empty are left out. */
struct keys_setting {
	const char *name;
	const char *value;
};

/* A new configuration file <folder>/<role word>.conf (an operator's is limebus.conf), mode 0600. */
MUST_USE enum rc keys_configure(const char *folder, const char *file, const char *program,
	const struct keys_setting *settings, size_t count, struct err *err);

/* A service's configuration: where it listens, where Redis is (redis_socket), and the account to become
 * (user). */
MUST_USE enum rc keys_configure_service(const char *folder, const struct roster_member *member,
	const char *redis_socket, const char *user, struct err *err);

#endif
