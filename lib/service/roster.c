#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/service/inner.h"

#define ROSTER_CHECK_MS 1000
#define SEEN_BYTES_MAX  32

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
	if (!roster_member_is_valid(me, clock_wall_ms(clock_system())))
		return err_set(err, RC_DENIED,
			"%s: the keys in %s are %s, whose dates are over or not come; put the present ones there",
			service->options.config->roster, service->options.config->identity, me->name);
	snprintf(service->name, sizeof service->name, "%s", me->name);
	return RC_OK;
}

/* ---- the highest number that was in force here ---- */

static enum rc seen_path(const struct service *service, char out[static PATH_MAX], struct err *err)
{
	if (snprintf(out, PATH_MAX, "%s.seen", service->options.config->roster) >= PATH_MAX)
		return err_set(err, RC_LIMIT, "%s: path is too long", service->options.config->roster);
	return RC_OK;
}

/* 0 if the file is not there. One that cannot be read as a number is an error: it protects us. */
static enum rc seen_load(const struct service *service, uint64_t *out, struct err *err)
{
	DROP(blob_release) struct blob bytes = {0};
	char path[PATH_MAX];
	char text[SEEN_BYTES_MAX + 1] = "";
	char *end = NULL;
	enum rc rc;

	TRY(seen_path(service, path, err));
	rc = file_read(path, SEEN_BYTES_MAX, &bytes, err);
	*out = 0;
	if (rc == RC_NOT_FOUND)
		return RC_OK;
	TRY(rc);
	if (bytes.len != 0)
		memcpy(text, bytes.at, bytes.len);
	errno = 0;
	*out = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || errno != 0 || strcmp(end, "\n") != 0)
		return err_set(err, RC_MALFORMED,
			"%s: expected the number of the newest roster that was in force here; write it there again",
			path);
	return RC_OK;
}

void roster_note_seen(struct service *service)
{
	unsigned long long number = roster_number(service->roster);
	uint64_t noted = 0;
	struct err err = {0};
	char path[PATH_MAX];
	char text[SEEN_BYTES_MAX];
	enum rc rc = seen_path(service, path, &err);

	if (rc == RC_OK && seen_load(service, &noted, NULL) == RC_OK && noted >= number) {
		service->seen_is_lost = false;
		return;
	}
	snprintf(text, sizeof text, "%llu\n", number);
	if (rc == RC_OK)
		rc = file_replace(path, span_text(text), 0644, &err);
	service->seen_is_lost = rc != RC_OK;
	if (rc != RC_OK)
		log_event(LOG_WARN, "roster.unnoted", "number=%llu why=\"%s\"", number, err.text);
}

void roster_add_facts(struct service *service, struct facts *facts)
{
	const char *path = service->options.config->roster;

	if (service->roster_stale != 0)
		facts_add(facts, FACT_WARN, "roster",
			"put the newest roster there by hand, or give the file and its folder to this service's account",
			"%s has number %llu, which this service must not replace; %llu is in force until it is "
			"started again",
			path, (unsigned long long)service->roster_stale,
			(unsigned long long)roster_number(service->roster));
	else if (service->seen_is_lost)
		facts_add(facts, FACT_WARN, "roster", "let this service's account write in that folder",
			"%s.seen cannot be written: an older roster would be taken at the next start", path);
}

/* ---- newer ones ---- */

static void roster_arrived(struct service *service, const char *how)
{
	struct err err = {0};

	roster_note_seen(service);
	log_event(LOG_INFO, "roster.taken", "number=%llu from=%s",
		(unsigned long long)roster_number(service->roster), how);
	service_event(service, "roster.taken", NULL, NULL, roster_number(service->roster), service->name);
	/* Peers decide what we still may; going on lets an operator see what happened. */
	if (find_myself(service, service->roster, &err) != RC_OK)
		log_event(LOG_ERROR, "roster.without_me", "why=\"%s\"", err.text);
	if (service->options.roster_changed != NULL)
		service->options.roster_changed(service->options.ctx);
}

/* A file that must not be replaced (started as root, the file is root's, and we are not any more) does not
 * keep the newer roster from being in force. */
static enum rc take_roster(struct service *service, struct span bytes, struct err *err)
{
	const char *path = service->options.config->roster;
	uint64_t before = service->roster_stale != 0 ? service->roster_stale : roster_number(service->roster);
	struct err unwritten = {0};

	TRY(roster_update(&service->roster, bytes, NULL, err));
	service->roster_stale = 0;
	if (file_replace(path, roster_bytes(service->roster), 0644, &unwritten) != RC_OK) {
		service->roster_stale = before;
		log_event(LOG_WARN, "roster.unwritten", "number=%llu why=\"%s\"",
			(unsigned long long)roster_number(service->roster), unwritten.text);
	}
	return RC_OK;
}

void roster_on_put(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct service *service = ctx;
	struct msg answer = {.type = MSG_TYPE_ok, .id = msg->id};
	struct err err = {0};
	enum rc rc = take_roster(service, msg->roster_put.roster, &err);

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
	if (rc == RC_OK || rc == RC_EXISTS)
		service->roster_stale = 0;
	else if (rc != RC_EXISTS)
		log_event(LOG_WARN, "roster.refused", "from=file why=\"%s\"", err.text);
}

enum rc roster_begin(struct service *service, struct err *err)
{
	const struct service_config *config = service->options.config;
	uint64_t seen = 0;
	struct stat st;
	enum rc rc;

	TRY(identity_load(config->identity, &service->identity, err));
	memcpy(service->curve.public_key, service->identity.curve.public, CURVE_KEY_BYTES);
	memcpy(service->curve.secret.bytes, service->identity.curve.secret, CURVE_KEY_BYTES);
	TRY(seen_load(service, &seen, err));
	rc = roster_load(config->roster, config->root_key, seen, &service->roster, err);
	if (rc == RC_STALE)
		return err_set(err, rc,
			"%s: this roster is older than number %llu, which was in force here (%s.seen); copy the newest "
			"one here. Somebody may have put the old one back",
			config->roster, (unsigned long long)seen, config->roster);
	TRY(rc);
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
