#include "services/agent/notices.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "lib/base/log.h"
#include "services/agent/actions.h"
#include "services/agent/inner.h"

/* The kind of the last notice about this node, while it has not been carried out. */
#define MINE_FILE      "notices.mine"
#define MINE_BYTES_MAX 64

struct notices {
	struct agent *agent;
	struct follow *follow;
	enum notice_kind mine; /* what the log says last about this node, not carried out yet */
	uint64_t acting;       /* number of the notice that the actions run for */
};

/* ---- about this node ---- */

static bool is_end(enum notice_kind kind)
{
	return kind == NOTICE_REVOKED || kind == NOTICE_REMOVED;
}

static bool is_word(enum notice_kind kind)
{
	return is_end(kind) || kind == NOTICE_REINSTATED || kind == NOTICE_PROVISIONED;
}

/* The end of a node must not be forgotten if we end between hearing of it and having seen the whole log. */
static void keep_mine(struct notices *notices)
{
	char path[PATH_BYTES];
	struct err err = {0};
	enum rc rc = path_in(notices->agent->config->state, MINE_FILE, path, &err);

	if (rc == RC_OK && is_end(notices->mine))
		rc = file_replace(path, span_text(notice_kind_word(notices->mine)), 0600, &err);
	else if (rc == RC_OK && unlink(path) != 0 && errno != ENOENT)
		rc = err_errno(&err, "%s", path);
	if (rc != RC_OK)
		log_event(LOG_ERROR, "notices.mine", "text=\"%s\"", err.text);
}

static void load_mine(struct notices *notices)
{
	DROP(blob_release) struct blob word = {0};
	char path[PATH_BYTES];

	if (path_in(notices->agent->config->state, MINE_FILE, path, NULL) == RC_OK &&
		file_read_secret(path, MINE_BYTES_MAX, &word, NULL) == RC_OK)
		notices->mine = notice_kind_parse(blob_span(&word));
}

/* Only at the end of the log: a revocation that was lifted since must not cost the payload. */
static void act_on_myself(struct notices *notices)
{
	enum notice_kind kind = notices->mine;

	if (kind == NOTICE_UNKNOWN || notices->follow == NULL || !follow_status(notices->follow).is_current)
		return;
	certificate_on_notice(notices->agent->certificate, kind);
	if (is_end(kind)) {
		log_event(LOG_ERROR, "node.revoked", "this node is %s: its payload is removed",
			notice_kind_word(kind));
		boot_wipe(notices->agent, kind == NOTICE_REMOVED);
	}
	notices->mine = NOTICE_UNKNOWN;
	keep_mine(notices);
}

static void on_seen(void *ctx, const struct follow_notice *notice)
{
	struct notices *notices = ctx;

	if (!span_equal(notice->body->node, SPAN(notices->agent->node)))
		return;
	if (notice->kind == NOTICE_RESTORED)
		certificate_on_notice(notices->agent->certificate, notice->kind);
	if (notice->kind == NOTICE_CERTIFICATE_REVOKED)
		certificate_on_revoked(notices->agent->certificate, notice->body->certificates);
	if (!is_word(notice->kind))
		return;
	notices->mine = notice->kind;
	act_on_myself(notices);
	if (notices->mine != NOTICE_UNKNOWN)
		keep_mine(notices);
}

static void on_changed(void *ctx)
{
	act_on_myself(ctx);
}

/* ---- actions ---- */

static void on_given(void *ctx, const struct follow_notice *notice)
{
	struct notices *notices = ctx;
	struct msg_profile profile;
	bool has_profile = follow_profile(notices->follow, notice->body->node.at, &profile);

	notices->acting = notice->seq;
	actions_begin(notices->agent->actions, notice->body, has_profile ? &profile : NULL, notice->again);
}

void notices_acted(struct notices *notices)
{
	follow_done(notices->follow, notices->acting);
}

/* ---- open and close ---- */

static const struct roster *present_roster(void *ctx)
{
	return ((struct notices *)ctx)->agent->roster;
}

enum rc notices_open(struct agent *agent, struct notices **out, struct err *err)
{
	DROP(notices_close) struct notices *notices = calloc(1, sizeof *notices);
	struct follow_options options = {.bus = agent->bus,
		.pair = &agent->curve,
		.folder = agent->config->state,
		.start = FOLLOW_ALL,
		.profiles = agent->action_jobs != NULL,
		.roster = present_roster,
		.seen = on_seen,
		.give = agent->action_jobs != NULL ? on_given : NULL,
		.changed = on_changed,
		.ctx = notices};

	if (notices == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	notices->agent = agent;
	load_mine(notices);
	TRY(follow_open(&options, &notices->follow, err));
	*out = TAKE(notices);
	return RC_OK;
}

void notices_close(struct notices **notices)
{
	if (*notices == NULL)
		return;
	follow_close(&(*notices)->follow);
	free(*notices);
	*notices = NULL;
}

void notices_roster_changed(struct notices *notices)
{
	follow_roster_changed(notices->follow);
}

struct follow *notices_follow(struct notices *notices)
{
	return notices->follow;
}

void notices_status(const struct notices *notices, struct json_write *w)
{
	follow_write_status(notices->follow, w);
}
