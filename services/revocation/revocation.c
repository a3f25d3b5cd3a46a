#include "services/revocation/revocation.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>

#include "lib/base/log.h"
#include "lib/crypto/digest.h"
#include "services/revocation/inner.h"

#define HEAD_EVERY_MS  1000
#define LAPSE_EVERY_MS 500
#define DISK_LOW_BYTES (64u << 20)

static const struct server_row rows[] = {
	{MSG_TYPE_cause_put, ROLE_VERIFIER, issue_on_cause},
	{MSG_TYPE_alive, ROLE_VERIFIER, vouch_on_alive},
	{MSG_TYPE_floor_get, ROLE_VERIFIER, serve_on_floor_get},
	{MSG_TYPE_notices_get, ROLE_NODE | ROLES_ROSTERED, serve_on_notices_get},
	{MSG_TYPE_notice_ack, ROLE_NODE | ROLES_ROSTERED, serve_on_ack},
};

/* ---- status ---- */

static void on_status(void *ctx, struct facts *facts)
{
	struct revocation *revocation = ctx;
	const char *path = revocation->config->log;
	uint64_t behind = 0;
	struct statvfs disk;

	for (size_t i = 0; i < revocation->ack_count; i++)
		behind += revocation->acks[i].seq < journal_file_flushed(revocation->log)->seq;
	facts_add(facts, revocation->disk_failed ? FACT_BAD : FACT_GOOD, "notice log",
		"make room on the disk of the notice log; what was not taken is sent again",
		"%llu notices, %llu bytes in %s%s",
		(unsigned long long)journal_file_flushed(revocation->log)->seq,
		(unsigned long long)journal_file_bytes(revocation->log), path,
		revocation->disk_failed ? "; the last write failed" : "");
	if (statvfs(path, &disk) == 0 && (uint64_t)disk.f_bavail * disk.f_frsize < DISK_LOW_BYTES)
		facts_add(facts, FACT_WARN, "disk", "make room",
			"less than %u MiB are free for the notice log", DISK_LOW_BYTES >> 20);
	facts_add(facts, FACT_GOOD, "nodes", NULL, "%zu known, %zu lapsed", revocation->watched.count,
		revocation->watched.lapsed);
	facts_add(facts, FACT_GOOD, "subscribers", NULL, "%zu acknowledge, %llu of them are behind",
		revocation->ack_count, (unsigned long long)behind);
	if (revocation->stale_causes != 0)
		facts_add(facts, FACT_WARN, "stale causes",
			"see the log: somebody replays, or a store was put back", "%llu since the start",
			(unsigned long long)revocation->stale_causes);
}

/* ---- opening ---- */

/* The cause of a notice in our own log, for what it says; who signed it was checked when it was taken. */
static bool read_cause(struct span cause, struct msg *out)
{
	struct msg envelope;

	return cause.len != 0 && msg_decode_as(cause, MSG_TYPE_signed_body, &envelope) == RC_OK &&
	       msg_decode(envelope.signed_body.body, out) == RC_OK;
}

static enum rc take_logged(void *ctx, const struct msg *body, struct span signed_notice, struct err *err)
{
	struct revocation *revocation = ctx;
	const struct msg_notice *notice = &body->notice;
	struct watched *node = watched_get(&revocation->watched, notice->node.at);
	uint8_t hash[HASH_BYTES];
	struct msg cause;
	bool has_cause = read_cause(notice->cause, &cause);

	(void)signed_notice;
	if (node == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	watched_note(&revocation->watched, node, notice_kind_parse(notice->kind), notice->seq,
		has_cause ? &cause : NULL);
	revocation->last_time = notice->time;
	if (notice->cause.len == 0)
		return RC_OK;
	TRY(digest_bytes(DIGEST_SHA256, notice->cause, hash));
	return cause_remember(revocation, hash);
}

static void on_store(void *ctx, const struct store_status *status)
{
	struct revocation *revocation = ctx;

	if (status->state == STORE_READY && !revocation->has_states)
		vouch_load(revocation);
}

static enum rc open_log(struct revocation *revocation, struct err *err)
{
	size_t cut = 0;

	TRY(journal_file_open(revocation->config->log, &journal_notices, service_roster(revocation->service),
		take_logged, revocation, &revocation->log, &cut, err));
	if (cut != 0)
		log_event(LOG_WARN, "log.cut",
			"bytes=%zu why=\"a crash left a notice half-written; it was never acknowledged\"",
			cut);
	log_event(LOG_INFO, "log.open", "notices=%llu nodes=%zu",
		(unsigned long long)journal_file_flushed(revocation->log)->seq, revocation->watched.count);
	return RC_OK;
}

static enum rc open_service(struct revocation *revocation, struct err *err)
{
	char folder[PATH_MAX];
	const char *writable[] = {folder, NULL};
	char *slash;
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

	snprintf(folder, sizeof folder, "%s", revocation->config->log);
	slash = strrchr(folder, '/');
	if (slash == NULL)
		snprintf(folder, sizeof folder, ".");
	else
		slash[slash == folder] = '\0';
	return service_open(&options, &revocation->service, err);
}

enum rc revocation_open(const struct revocation_config *config, struct revocation **out, struct err *err)
{
	DROP(revocation_close) struct revocation *revocation = calloc(1, sizeof *revocation);
	struct loop *loop;

	if (revocation == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	revocation->config = config;
	TRY(open_service(revocation, err));
	TRY(open_log(revocation, err));
	loop = service_loop(revocation->service);
	TRY(loop_before_sleep(loop, issue_flush, revocation));
	TRY(loop_every(loop, &revocation->head_timer, HEAD_EVERY_MS, issue_head, revocation));
	TRY(loop_every(loop, &revocation->lapse_timer, LAPSE_EVERY_MS, vouch_check, revocation));
	*out = TAKE(revocation);
	return RC_OK;
}

void revocation_close(struct revocation **revocation)
{
	struct revocation *r = *revocation;

	if (r == NULL)
		return;
	if (r->service != NULL) {
		loop_cancel(service_loop(r->service), &r->head_timer);
		loop_cancel(service_loop(r->service), &r->lapse_timer);
	}
	/* What the last turn drafted was not answered: the verifiers send it again. */
	for (size_t i = 0; i < r->draft_count; i++)
		blob_release(&r->drafts[i].signed_notice);
	service_close(&r->service);
	journal_file_close(&r->log);
	watched_table_release(&r->watched);
	causes_release(r);
	admit_release(r);
	free(r);
	*revocation = NULL;
}

enum rc revocation_run(struct revocation *revocation, struct err *err)
{
	return service_run(revocation->service, err);
}
