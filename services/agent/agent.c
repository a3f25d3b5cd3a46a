#include "services/agent/agent.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/sandbox/sandbox.h"
#include "services/agent/inner.h"

#define PASSWORD_MAX_BYTES 256

uint64_t agent_now(const struct agent *agent)
{
	return clock_wall_ms(loop_clock(agent->loop));
}

void agent_roster_changed(struct agent *agent)
{
	if (agent->notices != NULL)
		notices_roster_changed(agent->notices);
}

/* ---- opening, in this order ---- */

/* The one from the configuration, or a newer one that arrived since. */
static enum rc load_roster(struct agent *agent, struct err *err)
{
	struct roster *kept = NULL;
	enum rc rc;

	TRY(path_in(agent->config->state, "roster", agent->roster_path, err));
	TRY(roster_load(agent->config->roster, agent->config->root_key, 0, &agent->roster, err));
	rc = roster_load(
		agent->roster_path, agent->config->root_key, roster_number(agent->roster) + 1, &kept, NULL);
	if (rc == RC_OK) {
		roster_release(&agent->roster);
		agent->roster = kept;
	} else if (rc != RC_NOT_FOUND && rc != RC_STALE)
		log_event(LOG_WARN, "roster.ignored", "file=%s why=\"%s\"", agent->roster_path, rc_words(rc));
	return RC_OK;
}

/* The text of the file without the end of its line. */
static enum rc load_password(const char *path, struct blob *out, struct err *err)
{
	if (path == NULL)
		return RC_OK;
	TRY(file_read_secret(path, PASSWORD_MAX_BYTES, out, err));
	if (out->len > 0 && out->at[out->len - 1] == '\n')
		return blob_resize(out, out->len - 1);
	return RC_OK;
}

static enum rc enter_sandbox(struct agent *agent, struct err *err)
{
	const struct agent_config *config = agent->config;
	/* The list ends where there is no folder of certificates. */
	const char *const writable[] = {config->state, config->payload, config->certificates, NULL};
	struct sandbox needs = {
		.user = config->user,
		.network = true,
		.writable = writable,
		.lenient = config->no_seccomp,
	};
	struct sandbox_report report = {0};

	TRY(sandbox_enter(&needs, &report, err));
	log_event(LOG_INFO, "sandbox.entered", "uid=%u gid=%u seccomp=%s landlock=%s", report.uid, report.gid,
		report.seccomp ? "yes" : "no", report.landlock ? "yes" : "no");
	return RC_OK;
}

/* One agent a state folder, and nobody else looks into it. */
static enum rc lock_state(struct agent *agent, struct err *err)
{
	char path[PATH_BYTES];
	struct stat st;

	if (stat(agent->config->state, &st) != 0)
		return err_errno(err, "state folder %s", agent->config->state);
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077) != 0)
		return err_set(err, RC_DENIED,
			"state folder %s: expected a folder of uid %u with mode 0700, found uid %u and mode %04o",
			agent->config->state, geteuid(), st.st_uid, st.st_mode & 07777);
	TRY(path_in(agent->config->state, "lock", path, err));
	agent->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (agent->lock < 0)
		return err_errno(err, "%s", path);
	if (flock(agent->lock, LOCK_EX | LOCK_NB) != 0)
		return err_set(err, RC_EXISTS, "%s: another agent uses this state folder", path);
	return RC_OK;
}

static enum rc make_identity(struct agent *agent, struct err *err)
{
	TRY(hpke_generate(&agent->nk, err));
	memcpy(agent->curve.public_key, agent->nk.public, CURVE_KEY_BYTES);
	memcpy(agent->curve.secret.bytes, agent->nk.secret, CURVE_KEY_BYTES);
	if (agent->config->hint != NULL)
		snprintf(agent->hint, sizeof agent->hint, "%s", agent->config->hint);
	else if (gethostname(agent->hint, sizeof agent->hint - 1) != 0)
		agent->hint[0] = '\0';
	return RC_OK;
}

static enum rc open_tpm_thread(
	struct agent *agent, struct span owner_password, struct span endorsement_password, struct err *err)
{
	struct tpm_thread_options options = {
		.tcti = agent->config->tcti,
		.ek = (enum tpm_ek_kind)agent->config->ek,
		.ak = (enum tpm_ak_kind)agent->config->ak,
		.owner_password = owner_password,
		.endorsement_password = endorsement_password,
	};

	return tpm_thread_open(agent->loop, &options, &agent->tpm, err);
}

static enum rc open_inside(struct agent *agent, struct err *err)
{
	DROP(blob_release) struct blob owner = {0};
	DROP(blob_release) struct blob endorsement = {0};

	TRY(load_roster(agent, err));
	TRY(load_password(agent->config->owner_password, &owner, err));
	TRY(load_password(agent->config->endorsement_password, &endorsement, err));
	TRY(logs_open(agent->config->boot_log, agent->config->ima_list, agent->config->ima_count,
		&agent->logs, err));
	if (agent->config->allow_start_scripts)
		TRY(jobs_fork(agent->config, JOB_SCRIPT, &agent->scripts, err));
	if (agent->config->actions != NULL)
		TRY(jobs_fork(agent->config, JOB_ACTION, &agent->action_jobs, err));
	if (agent->config->certificate_hook != NULL)
		TRY(jobs_fork(agent->config, JOB_HOOK, &agent->hooks, err));
	TRY(enter_sandbox(agent, err));
	TRY(lock_state(agent, err));
	TRY(payload_open_folder(agent->config->state, agent->config->payload, agent->config->payload_max,
		&agent->payload, err));
	TRY(make_identity(agent, err));
	TRY(held_load(agent->config->state, &agent->held, err));
	TRY(loop_open(clock_system(), &agent->loop, err));
	TRY(loop_catch_signals(agent->loop, err));
	if (agent->scripts != NULL)
		TRY(jobs_attach(agent->scripts, agent->loop, err));
	if (agent->action_jobs != NULL)
		TRY(jobs_attach(agent->action_jobs, agent->loop, err));
	if (agent->hooks != NULL)
		TRY(jobs_attach(agent->hooks, agent->loop, err));
	TRY(actions_open(agent, &agent->actions, err));
	boot_begin(agent);
	TRY(open_tpm_thread(agent, blob_span(&owner), blob_span(&endorsement), err));
	TRY(certificate_open(agent, &agent->certificate, err));
	TRY(bus_open(agent->loop, &(struct bus_options){.links_max = 5}, &agent->bus, err));
	TRY(attest_watch(agent, err));
	return status_begin(agent, err);
}

enum rc agent_open(const struct agent_config *config, struct agent **out, struct err *err)
{
	DROP(agent_close) struct agent *agent = calloc(1, sizeof *agent);

	if (agent == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	agent->config = config;
	agent->lock = -1;
	agent->held.active = KEYS_NO_SLOT;
	log_open("limebus-agent", (enum log_level)config->log_level);
	TRY(open_inside(agent, err));
	*out = TAKE(agent);
	return RC_OK;
}

void agent_close(struct agent **agent)
{
	struct agent *a = *agent;

	if (a == NULL)
		return;
	notices_close(&a->notices);
	actions_close(&a->actions);
	join_close(a);
	tpm_thread_close(&a->tpm);
	certificate_close(&a->certificate);
	boot_end(a);
	jobs_close(&a->scripts);
	jobs_close(&a->action_jobs);
	jobs_close(&a->hooks);
	if (a->bus != NULL)
		bus_close(&a->bus);
	if (a->loop != NULL) {
		loop_cancel(a->loop, &a->watcher.tick);
		loop_cancel(a->loop, &a->watcher.ima_tick);
		loop_cancel(a->loop, &a->status_tick);
		loop_close(&a->loop);
	}
	logs_close(&a->logs);
	blob_release(&a->facts.ek);
	blob_release(&a->facts.certificate);
	blob_release(&a->facts.chain);
	blob_release(&a->facts.ak);
	held_release(&a->held);
	hpke_pair_release(&a->nk);
	curve_pair_release(&a->curve);
	roster_release(&a->roster);
	if (a->lock >= 0)
		close(a->lock);
	free(a);
	*agent = NULL;
}

enum rc agent_run(struct agent *agent, struct err *err)
{
	enum rc rc;

	log_event(LOG_INFO, "started", "roster=%llu state=%s tcti=%s",
		(unsigned long long)roster_number(agent->roster), agent->config->state, agent->config->tcti);
	join_event(agent, ENROL_ON_BEGIN);
	rc = loop_run(agent->loop, err);
	log_event(LOG_INFO, "stopped", "node=%s", agent->digits);
	return rc;
}
