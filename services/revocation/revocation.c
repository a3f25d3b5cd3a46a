#include "services/revocation/revocation.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>

#include "lib/base/log.h"
#include "services/revocation/inner.h"

#define HEAD_EVERY_MS  1000
#define LAPSE_EVERY_MS 500
#define ACKS_EVERY_MS  1000
#define DISK_LOW_BYTES (64u << 20)

static const struct server_row rows[] = {
	{MSG_TYPE_cause_put, ROLE_VERIFIER, issue_on_cause},
	{MSG_TYPE_alive, ROLE_VERIFIER, vouch_on_alive},
	{MSG_TYPE_floor_get, ROLE_VERIFIER, serve_on_floor_get},
	{MSG_TYPE_notices_get, ROLE_NODE | ROLES_ROSTERED, serve_on_notices_get},
	{MSG_TYPE_notice_ack, ROLE_NODE | ROLES_ROSTERED, acks_on_ack},
	{MSG_TYPE_subscribers_get, ROLES_VIEW, acks_on_get},
	{MSG_TYPE_profile_put, ROLES_PROVISION, profile_on_put},
	{MSG_TYPE_profile_get, ROLES_ROSTERED, profile_on_get},
	CA_ROWS,
};

/* ---- status ---- */

static void add_lead(struct revocation *revocation, struct facts *facts)
{
	char leader[NAME_MAX_BYTES + 1];

	lead_name(revocation, leader);
	if (!journal_is_current(revocation->log))
		facts_add(facts, FACT_BAD, "current",
			"look after Redis; until then nobody trusts this service's heads",
			"it is not known whether the log is whole: %s",
			journal_trouble(revocation->log)[0] != '\0' ? journal_trouble(revocation->log)
								    : "Redis does not answer");
	if (lead_is_ours(revocation))
		facts_add(facts, FACT_GOOD, "leader", NULL, "this service issues notices");
	else
		facts_add(facts, leader[0] != '\0' ? FACT_GOOD : FACT_WARN, "leader",
			leader[0] != '\0' ? NULL : "see the logs of the revocation services, and Redis",
			leader[0] != '\0' ? "%s issues notices; this service follows"
					  : "nobody issues notices%s",
			leader);
}

static void on_status(void *ctx, struct facts *facts)
{
	struct revocation *revocation = ctx;
	const char *path = revocation->config->log;
	struct statvfs disk;

	facts_add(facts, FACT_GOOD, "notice log", NULL, "%llu notices, %llu bytes in %s",
		(unsigned long long)journal_end(revocation->log)->seq,
		(unsigned long long)journal_bytes(revocation->log), path);
	if (statvfs(path, &disk) == 0 && (uint64_t)disk.f_bavail * disk.f_frsize < DISK_LOW_BYTES)
		facts_add(facts, FACT_WARN, "disk", "make room",
			"less than %u MiB are free for the notice log", DISK_LOW_BYTES >> 20);
	add_lead(revocation, facts);
	facts_add(facts, FACT_GOOD, "nodes", NULL, "%zu known, %zu lapsed", revocation->watched.count,
		revocation->watched.lapsed);
	acks_add_facts(revocation, facts);
	ca_status(revocation->ca, facts);
	if (revocation->stale_causes != 0)
		facts_add(facts, FACT_WARN, "stale causes",
			"see the log: somebody replays, or a store was put back", "%llu since the start",
			(unsigned long long)revocation->stale_causes);
}

/* ---- opening ---- */

static void on_store(void *ctx, const struct store_status *status)
{
	struct revocation *revocation = ctx;

	for (size_t i = 0; i < revocation->journal_count; i++)
		journal_store_changed(revocation->journals[i], status);
	if (status->state == STORE_READY && !revocation->has_states)
		vouch_load(revocation);
}

/* A log that was forked: nothing of it is believed any more. */
static void on_failed(void *ctx, const struct err *err)
{
	struct revocation *revocation = ctx;

	revocation->failed = *err;
	loop_stop(service_loop(revocation->service));
}

static enum rc open_log(struct revocation *revocation, struct err *err)
{
	const struct journal_options options = {
		.kind = &journal_notices,
		.stream = KEY_NOTICES,
		.path = revocation->config->log,
		.service = revocation->service,
		.each = issue_on_logged,
		.check = issue_check_foreign,
		.settled = issue_settled,
		.failed = on_failed,
		.ctx = revocation,
	};
	size_t cut = 0;

	TRY(journal_open(&options, &revocation->log, &cut, err));
	lead_add(revocation, revocation->log);
	if (cut != 0)
		log_event(LOG_WARN, "log.cut",
			"bytes=%zu why=\"a crash left a notice half-written; it was never acknowledged\"",
			cut);
	log_event(LOG_INFO, "log.open", "notices=%llu nodes=%zu",
		(unsigned long long)journal_end(revocation->log)->seq, revocation->watched.count);
	return RC_OK;
}

static void folder_of(const char *path, char out[static PATH_MAX])
{
	char *slash;

	snprintf(out, PATH_MAX, "%s", path);
	slash = strrchr(out, '/');
	if (slash == NULL)
		snprintf(out, PATH_MAX, ".");
	else
		slash[slash == out] = '\0';
}

static enum rc open_service(struct revocation *revocation, struct err *err)
{
	const struct revocation_config *config = revocation->config;
	char notices[PATH_MAX], issued[PATH_MAX];
	const char *writable[] = {notices, issued, config->ca_writable, NULL};
	struct service_options options = {
		.config = &revocation->config->service,
		.role = ROLE_REVOCATION,
		.program = "limebus-revocation",
		.rows = rows,
		.row_count = COUNT(rows),
		.writable = writable,
		.node_role = admit_role,
		.admit_peer = admit_node,
		.admit_subscriber = admit_node,
		.status = on_status,
		.store_changed = on_store,
		.ctx = revocation,
	};

	folder_of(config->log, notices);
	folder_of(revocation->ca == NULL ? config->log : config->issued_log, issued);
	if (config->ca_writable != NULL && config->ca_writable[0] == '\0')
		writable[2] = NULL;
	return service_open(&options, &revocation->service, err);
}

static enum rc start_timers(struct revocation *revocation)
{
	struct loop *loop = service_loop(revocation->service);

	TRY(loop_every(loop, &revocation->head_timer, HEAD_EVERY_MS, issue_head, revocation));
	TRY(loop_every(loop, &revocation->lapse_timer, LAPSE_EVERY_MS, vouch_check, revocation));
	return loop_every(loop, &revocation->ack_timer, ACKS_EVERY_MS, acks_write, revocation);
}

enum rc revocation_open(const struct revocation_config *config, struct revocation **out, struct err *err)
{
	DROP(revocation_close) struct revocation *revocation = calloc(1, sizeof *revocation);

	if (revocation == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	revocation->config = config;
	revocation->settled_end = &revocation->settled;
	TRY(ca_prepare(config, &revocation->ca, err));
	TRY(open_service(revocation, err));
	TRY(ca_start(revocation->ca, revocation, err));
	TRY(signer_open(&service_identity(revocation->service)->sign, &revocation->signer, err));
	TRY(open_log(revocation, err));
	revocation->is_open = true;
	TRY(lead_open(revocation, err));
	TRY(start_timers(revocation));
	*out = TAKE(revocation);
	return RC_OK;
}

/* What waits was not answered: the verifiers send it again. */
static void stop(struct revocation *revocation)
{
	struct loop *loop = service_loop(revocation->service);

	revocation->is_closing = true;
	loop_cancel(loop, &revocation->head_timer);
	loop_cancel(loop, &revocation->lapse_timer);
	loop_cancel(loop, &revocation->lapse_more);
	loop_cancel(loop, &revocation->ack_timer);
	for (size_t i = 0; i < revocation->journal_count; i++)
		journal_stop(revocation->journals[i]);
	ca_stop(revocation->ca);
	lead_close(revocation);
}

void revocation_close(struct revocation **revocation)
{
	struct revocation *r = *revocation;

	if (r == NULL)
		return;
	if (r->service != NULL)
		stop(r);
	service_close(&r->service);
	journal_close(&r->log);
	ca_close(&r->ca);
	issue_release(r);
	acks_release(r);
	watched_table_release(&r->watched);
	causes_release(r);
	admit_release(r);
	signer_close(&r->signer);
	free(r);
	*revocation = NULL;
}

enum rc revocation_run(struct revocation *revocation, struct err *err)
{
	TRY(service_run(revocation->service, err));
	if (revocation->failed.rc != RC_OK)
		return err_set(err, revocation->failed.rc, "%s", revocation->failed.text);
	return RC_OK;
}
