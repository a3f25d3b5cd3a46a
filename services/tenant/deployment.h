/*
 * A deployment's folder, as `limebus keys` makes it: the root key, the roster, and a folder for each member
 * that is to be copied to where it runs.
 *
 *   root/          root.key root.pub roster     the one that signs; belongs offline
 *   <service>/     identity/ root.pub roster <role>.conf …
 *   agent/         root.pub roster agent.conf   the same for every node
 *   operators/<name>/   plugins/<name>/   redis/
 *
 * Whoever has root/ is the deployment. Everything is made with mode 0700 and 0600.
 */
#ifndef LIMEBUS_TENANT_DEPLOYMENT_H
#define LIMEBUS_TENANT_DEPLOYMENT_H

#include <limits.h>

#include "lib/trust/keyfile.h"
#include "lib/trust/roster.h"

#define DEPLOYMENT_ROOT_KEY    "root.key"
#define DEPLOYMENT_ROOT_PUB    "root.pub"
#define DEPLOYMENT_ROSTER      "roster"
#define DEPLOYMENT_IDENTITY    "identity"
#define DEPLOYMENT_SEALING_KEY "sealing.key"

/* Keys may be used this long before they are made, for clocks that are late. */
#define DEPLOYMENT_SKEW_MS ((uint64_t)3600 * 1000)

/* An open deployment; locked against others that would change it, too. */
struct deployment {
	char folder[PATH_MAX];
	struct sign_pair root;
	struct roster *roster;
	int lock; /* descriptor; -1: none */
};
void deployment_release(struct deployment *deployment);

/* Read root/: RC_DENIED if others may write the folder or read the key, or if somebody else is changing it;
 * RC_NOT_FOUND if there is no deployment. */
MUST_USE enum rc deployment_open(const char *folder, struct deployment *out, struct err *err);

/* out = "<folder>/<name>"; RC_LIMIT if that is longer than a path may be. */
MUST_USE enum rc deployment_path(
	const char *folder, const char *name, char out[static PATH_MAX], struct err *err);

/* Make a folder with mode 0700. RC_EXISTS if it is there. */
MUST_USE enum rc deployment_folder(const char *path, struct err *err);

/* Is this a name that a member may have? Letters, digits, '-', '_' and '.', not starting with '-' or '.', and
 * none that the layout above or former keys need. RC_MALFORMED, with the reason. */
MUST_USE enum rc deployment_check_name(const char *name, struct err *err);

/* The folder of a member: by its role, below the deployment's. */
MUST_USE enum rc deployment_member_folder(
	const char *folder, unsigned role, const char *name, char out[static PATH_MAX], struct err *err);

/*
 * Sign the next roster, and put it into root/ and then into every member's folder that has one. number: 0 for
 * the one behind the present. A number that is not above the present one is RC_STALE. deployment->roster is
 * then the new one.
 */
MUST_USE enum rc deployment_issue(struct deployment *deployment, uint64_t number, uint64_t now_ms,
	const struct roster_member *members, size_t count, struct err *err);

/* Put root.pub and the present roster into a member's folder. */
MUST_USE enum rc deployment_equip(
	const struct deployment *deployment, const char *member_folder, struct err *err);

#endif
