#include <sys/stat.h>

#include "lib/base/file.h"
#include "lib/base/log.h"
#include "services/gateway/inner.h"

#define ROSTER_FILE_MAX (ROSTER_MAX + 1024)

static enum rc find_myself(const struct gateway *gateway, struct err *err)
{
	const struct gateway_config *config = gateway->config;
	const struct roster_member *me = roster_by_curve(gateway->roster, gateway->identity.curve.public);

	if (me == NULL || memcmp(me->sign, gateway->identity.sign.public, SIGN_KEY_BYTES) != 0)
		return err_set(err, RC_DENIED,
			"%s: the keys in %s are not in roster %llu; run: limebus keys show", config->roster,
			config->identity, (unsigned long long)roster_number(gateway->roster));
	if (me->role != ROLE_PLUGIN)
		return err_set(err, RC_DENIED, "%s: %s is rostered as %s, expected %s", config->roster,
			me->name, role_word(me->role), role_word(ROLE_PLUGIN));
	if (!roster_member_is_valid(me, clock_wall_ms(clock_system())))
		return err_set(err, RC_DENIED,
			"%s: the keys in %s are %s, whose dates are over or not come; put the present ones there",
			config->roster, config->identity, me->name);
	return RC_OK;
}

enum rc roster_file_load(struct gateway *gateway, struct err *err)
{
	const struct gateway_config *config = gateway->config;
	struct stat st;

	TRY(identity_load(config->identity, &gateway->identity, err));
	memcpy(gateway->curve.public_key, gateway->identity.curve.public, CURVE_KEY_BYTES);
	memcpy(gateway->curve.secret.bytes, gateway->identity.curve.secret, CURVE_KEY_BYTES);
	if (stat(config->roster, &st) == 0)
		gateway->roster_seen = st.st_mtim;
	TRY(roster_load(config->roster, config->root_key, 0, &gateway->roster, err));
	return find_myself(gateway, err);
}

void roster_file_look(struct gateway *gateway)
{
	const char *path = gateway->config->roster;
	DROP(blob_release) struct blob bytes = {0};
	struct err err = {0};
	struct stat st;
	enum rc rc;

	if (stat(path, &st) != 0 || (st.st_mtim.tv_sec == gateway->roster_seen.tv_sec &&
					    st.st_mtim.tv_nsec == gateway->roster_seen.tv_nsec))
		return;
	gateway->roster_seen = st.st_mtim;
	rc = file_read(path, ROSTER_FILE_MAX, &bytes, &err);
	if (rc == RC_OK)
		rc = roster_update(&gateway->roster, blob_span(&bytes), NULL, &err);
	if (rc == RC_EXISTS)
		return;
	if (rc != RC_OK) {
		log_event(LOG_WARN, "roster.refused", "why=\"%s\"", err.text);
		return;
	}
	log_event(
		LOG_INFO, "roster.taken", "number=%llu", (unsigned long long)roster_number(gateway->roster));
	/* Going on lets an operator see what happened; the services decide what we still may. */
	if (find_myself(gateway, &err) != RC_OK)
		log_event(LOG_ERROR, "roster.without_me", "why=\"%s\"", err.text);
	follow_roster_changed(gateway->follow);
}
