#include <stdio.h>
#include <sys/stat.h>

#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/service/inner.h"

#define ROSTER_CHECK_MS 1000

static enum rc find_myself(struct service *service, const struct roster *roster, struct err *err)
{
	const struct roster_member *me = roster_by_curve(roster, service->identity.curve.public);

	if (me == NULL || memcmp(me->sign, service->identity.sign.public, SIGN_KEY_BYTES) != 0)
		return err_set(err, RC_DENIED,
			"%s: the keys in %s are not in roster %llu; run: limebus keys show",
			service->options.config->roster, service->options.config->identity,
			(unsigned long long)roster_number(roster));
	if (me->role != (unsigned)service->options.role)
		return err_set(err, RC_DENIED, "%s: %s is rostered as %s, expected %s",
			service->options.config->roster, me->name, role_word(me->role),
			role_word(service->options.role));
	snprintf(service->name, sizeof service->name, "%s", me->name);
	return RC_OK;
}

static void roster_arrived(struct service *service, const char *how)
{
	struct err err = {0};

	log_event(LOG_INFO, "roster.taken", "number=%llu from=%s",
		(unsigned long long)roster_number(service->roster), how);
	service_event(service, "roster.taken", NULL, NULL, roster_number(service->roster), service->name);
	/* Peers decide what we still may; going on lets an operator see what happened. */
	if (find_myself(service, service->roster, &err) != RC_OK)
		log_event(LOG_ERROR, "roster.without_me", "why=\"%s\"", err.text);
	if (service->options.roster_changed != NULL)
		service->options.roster_changed(service->options.ctx);
}

void roster_on_put(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct service *service = ctx;
	struct msg answer = {.type = MSG_TYPE_ok, .id = msg->id};
	struct err err = {0};
	enum rc rc = roster_update(
		&service->roster, msg->roster_put.roster, service->options.config->roster, &err);

	(void)frame;
	if (rc == RC_OK)
		roster_arrived(service, "bus");
	if (rc != RC_OK && rc != RC_EXISTS) {
		log_event(LOG_WARN, "roster.refused", "from=bus why=\"%s\"", err.text);
		server_send_error(service->server, peer, msg->id, rc, err.text);
		return;
	}
	if (server_send(service->server, peer, &answer) != RC_OK)
		log_event(LOG_DEBUG, "roster.unsent", "peer is gone");
}

/* A roster that an operator copied here is taken without a restart. */
static void check_roster_file(void *ctx)
{
	struct service *service = ctx;
	const char *path = service->options.config->roster;
	DROP(blob_release) struct blob bytes = {0};
	struct err err = {0};
	struct stat st;
	enum rc rc;

	if (stat(path, &st) != 0 || (st.st_mtim.tv_sec == service->roster_seen.tv_sec &&
					    st.st_mtim.tv_nsec == service->roster_seen.tv_nsec))
		return;
	service->roster_seen = st.st_mtim;
	rc = file_read(path, ROSTER_MAX + 1024, &bytes, &err);
	if (rc == RC_OK)
		rc = roster_update(&service->roster, blob_span(&bytes), NULL, &err);
	if (rc == RC_OK)
		roster_arrived(service, "file");
	else if (rc != RC_EXISTS)
		log_event(LOG_WARN, "roster.refused", "from=file why=\"%s\"", err.text);
}

enum rc roster_begin(struct service *service, struct err *err)
{
	const struct service_config *config = service->options.config;
	struct stat st;

	TRY(identity_load(config->identity, &service->identity, err));
	memcpy(service->curve.public_key, service->identity.curve.public, CURVE_KEY_BYTES);
	memcpy(service->curve.secret.bytes, service->identity.curve.secret, CURVE_KEY_BYTES);
	TRY(roster_load(config->roster, config->root_key, 0, &service->roster, err));
	if (stat(config->roster, &st) == 0)
		service->roster_seen = st.st_mtim;
	return find_myself(service, service->roster, err);
}

enum rc roster_follow(struct service *service, struct err *err)
{
	if (loop_every(service->loop, &service->roster_tick, ROSTER_CHECK_MS, check_roster_file, service) !=
		RC_OK)
		return err_set(err, RC_NOMEM, "out of memory");
	return RC_OK;
}
