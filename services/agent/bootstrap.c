/* Carrying out the steps of steps.h: U and V, the TPM's two slots, the payload, the start script. */
#include <stdio.h>
#include <sys/mman.h>

#include "lib/base/log.h"
#include "lib/trust/share.h"
#include "services/agent/inner.h"

/* Pieces of a payload that are opened in one turn of the loop: a quarter of a megabyte each. */
#define PIECES_A_TURN 4
#define ENVELOPE_MAX  (16u << 10)

static uint64_t now_us(const struct agent *agent)
{
	return clock_mono_us(loop_clock(agent->loop));
}

uint64_t agent_opened(const struct agent *agent)
{
	return agent->payload.opened;
}

void agent_on_first_challenge(struct agent *agent)
{
	struct boot *boot = &agent->boot;

	if (boot->challenged_us != 0)
		return;
	boot->challenged_us = now_us(agent);
	boot->tpm_us = 0;
}

static struct share_for who(const struct agent *agent)
{
	return (struct share_for){agent->node, agent->boot.number};
}

/* ---- the envelope ---- */

/* Decode the envelope that is being worked with. It was checked when it was taken. */
static enum rc share_u_of(const struct blob *envelope, struct msg *out)
{
	struct msg outer;

	TRY(msg_decode_as(blob_span(envelope), MSG_TYPE_signed_body, &outer));
	return msg_decode_as(outer.signed_body.body, MSG_TYPE_share_u, out);
}

static void on_unwrapped(void *ctx, struct tpm_job *job)
{
	struct agent *agent = ctx;
	struct boot *boot = &agent->boot;
	struct msg msg;
	enum rc rc = job->rc;

	if (boot->state != BOOT_UNWRAP || job->tag != boot->number)
		return;
	boot->err = job->err;
	if (rc == RC_OK)
		rc = share_u_of(&boot->envelope, &msg);
	if (rc == RC_OK)
		rc = share_receive_u(agent->nk.secret, who(agent), msg.share_u.nk_part,
			blob_span(&job->secret), msg.share_u.boxed_u, &boot->u, &boot->err);
	if (rc != RC_OK)
		log_event(LOG_WARN, "share_u.refused", "number=%llu why=\"%s\" text=\"%s\"",
			(unsigned long long)boot->number, rc_words(rc), boot->err.text);
	boot->rc = rc;
	boot->has_u = rc == RC_OK;
	boot_event(agent, rc == RC_OK ? BOOT_ON_DONE : BOOT_ON_FAILED);
	boot_try(agent);
}

static void unwrap(struct agent *agent)
{
	struct boot *boot = &agent->boot;
	DROP(tpm_job_free) struct tpm_job *job = tpm_job_make(TPM_TASK_ACTIVATE, on_unwrapped, agent);
	struct msg msg;

	boot->rc = job == NULL ? RC_NOMEM : share_u_of(&boot->envelope, &msg);
	if (boot->rc == RC_OK)
		boot->rc = blob_copy(&job->a, msg.share_u.id_object);
	if (boot->rc == RC_OK)
		boot->rc = blob_copy(&job->b, msg.share_u.secret);
	if (boot->rc != RC_OK) {
		boot_event(agent, BOOT_ON_FAILED);
		return;
	}
	job->tag = boot->number;
	tpm_thread_give(agent->tpm, &job);
}

static void answer(struct agent *agent)
{
	struct boot *boot = &agent->boot;

	relayed_answer(agent, boot->relay_id, boot->rc,
		boot->rc != RC_OK            ? boot->err.text
		: agent->payload.is_complete ? "have-payload"
					     : "");
}

/* ---- V ---- */

void agent_on_share_v(struct agent *agent, const struct msg *msg)
{
	struct boot *boot = &agent->boot;
	uint64_t number = msg->share_v.number;
	DROP(secret32_release) struct secret32 v = {0};
	struct err err = {0};

	if (!agent->has_node)
		return;
	if (number != boot->number || number == agent->payload.opened) {
		log_event(number == agent->payload.opened ? LOG_DEBUG : LOG_WARN, "share_v.ignored",
			"number=%llu expected=%llu", (unsigned long long)number,
			(unsigned long long)boot->number);
		/* The verifier may not have heard it. */
		if (number == agent->payload.opened && boot->state == BOOT_REST)
			boot_tell_opened(agent);
		return;
	}
	if (boot->state != BOOT_REST && boot->state != BOOT_WAIT)
		return;
	if (share_receive_v(agent->nk.secret, who(agent), msg->share_v.sealed, &v, &err) != RC_OK) {
		log_event(LOG_WARN, "share_v.refused", "number=%llu text=\"%s\"", (unsigned long long)number,
			err.text);
		return;
	}
	boot->v = v;
	boot->has_v = true;
	if (boot->state == BOOT_REST && agent->held.number == number)
		boot_event(agent, BOOT_ON_SHARE_V);
	else
		boot_try(agent);
}

/* Kb, if U and V are of this payload. */
static enum rc join_shares(struct agent *agent, struct secret32 *out, struct err *err)
{
	DROP(secret32_release) struct secret32 kb = {0};
	struct msg msg;

	TRY(share_u_of(&agent->boot.envelope, &msg));
	share_join(&agent->boot.u, &agent->boot.v, &kb);
	TRY(share_check_proof(&kb, agent->node, msg.share_u.proof, err));
	*out = kb;
	return RC_OK;
}

static void prove(struct agent *agent)
{
	struct boot *boot = &agent->boot;

	boot->err = (struct err){0};
	boot->rc = join_shares(agent, &boot->kb, &boot->err);
	if (boot->rc != RC_OK) {
		secret32_release(&boot->v);
		boot->has_v = false;
		log_event(LOG_ERROR, "share_v.disproved", "number=%llu text=\"%s\"",
			(unsigned long long)boot->number, boot->err.text);
	}
	boot_event(agent, boot->rc == RC_OK ? BOOT_ON_PROVED : BOOT_ON_FAILED);
}

void boot_try(struct agent *agent)
{
	struct boot *boot = &agent->boot;

	if (boot->state == BOOT_WAIT && boot->has_u && boot->has_v && agent->payload.is_complete)
		prove(agent);
}

/* ---- the TPM's slots ---- */

static unsigned other_slot(const struct agent *agent)
{
	return agent->held.active == KEYS_SLOT_A ? KEYS_SLOT_B : KEYS_SLOT_A;
}

static void fail(struct agent *agent, const char *what, enum rc rc, const struct err *err)
{
	agent->boot.rc = rc;
	(void)err_set(&agent->boot.err, rc, "%s: %s", what, err->text[0] == '\0' ? rc_words(rc) : err->text);
	log_event(LOG_ERROR, "bootstrap.failed", "number=%llu text=\"%s\"",
		(unsigned long long)agent->boot.number, agent->boot.err.text);
	boot_event(agent, BOOT_ON_FAILED);
}

static void on_kept(void *ctx, struct tpm_job *job)
{
	struct agent *agent = ctx;

	if (agent->boot.state != BOOT_KEEP || job->tag != agent->boot.number)
		return;
	agent->boot.tpm_us += job->tpm_us;
	if (job->rc == RC_OK)
		job->rc = held_save(
			agent->config->state, &agent->held, other_slot(agent), agent->boot.number, &job->err);
	if (job->rc != RC_OK)
		fail(agent, "keeping U in the TPM", job->rc, &job->err);
	else
		boot_event(agent, BOOT_ON_DONE);
}

static void on_read(void *ctx, struct tpm_job *job)
{
	struct agent *agent = ctx;
	struct boot *boot = &agent->boot;

	if (boot->state != BOOT_READ || job->tag != boot->number)
		return;
	boot->tpm_us += job->tpm_us;
	if (job->rc == RC_OK && job->share.number != boot->number)
		job->rc = err_set(&job->err, RC_DENIED, "it belongs to another provisioning");
	if (job->rc != RC_OK) {
		fail(agent,
			"reading U from the TPM (once a boot; after that the tenant must provision again)",
			job->rc, &job->err);
		return;
	}
	boot->u = job->share.secret;
	boot->has_u = true;
	prove(agent);
}

static void on_forgotten(void *ctx, struct tpm_job *job)
{
	(void)ctx;
	if (job->rc != RC_OK)
		log_event(LOG_WARN, "share.slot", "what=\"%s\" why=\"%s\" text=\"%s\"",
			job->task == TPM_TASK_LOCK ? "lock" : "remove", rc_words(job->rc), job->err.text);
}

/* A job on a slot. U goes along if it is to be written. */
static void give_slot_job(
	struct agent *agent, enum tpm_task task, unsigned slot, void (*done)(void *ctx, struct tpm_job *job))
{
	DROP(tpm_job_free) struct tpm_job *job = tpm_job_make(task, done, agent);

	if (job == NULL) {
		log_event(LOG_ERROR, "share.slot", "out of memory");
		return;
	}
	job->tag = agent->boot.number;
	job->slot = agent->held.slots[slot];
	if (task == TPM_TASK_KEEP) {
		job->share.number = agent->boot.number;
		job->share.secret = agent->boot.u;
	}
	tpm_thread_give(agent->tpm, &job);
}

static void keep(struct agent *agent)
{
	give_slot_job(agent, TPM_TASK_KEEP, other_slot(agent), on_kept);
}

static void read_u(struct agent *agent)
{
	give_slot_job(agent, TPM_TASK_READ, agent->held.active, on_read);
}

static void lock(struct agent *agent)
{
	give_slot_job(agent, TPM_TASK_LOCK, agent->held.active, on_forgotten);
}

/* on_kept wrote it down already: what is left is to remove the predecessor. */
static void record(struct agent *agent)
{
	log_event(LOG_INFO, "share.held", "number=%llu", (unsigned long long)agent->held.number);
	payload_forget_others(&agent->payload, agent->held.number, 0);
	give_slot_job(agent, TPM_TASK_REMOVE, other_slot(agent), on_forgotten);
}

/* ---- the payload ---- */

static void open_pieces(void *ctx)
{
	struct agent *agent = ctx;
	struct err err = {0};
	struct msg msg;
	bool is_done = false;
	enum rc rc = RC_OK;

	for (unsigned i = 0; i < PIECES_A_TURN && rc == RC_OK && !is_done; i++)
		rc = payload_step(&agent->payload, &is_done, &err);
	if (rc == RC_OK && !is_done)
		rc = loop_after(agent->loop, &agent->boot.piece, 0, open_pieces, agent);
	else if (rc == RC_OK)
		rc = share_u_of(&agent->boot.envelope, &msg);
	if (rc != RC_OK)
		fail(agent, "opening", rc, &err);
	else if (is_done)
		boot_event(agent, msg.share_u.run.len != 0 ? BOOT_ON_SCRIPT : BOOT_ON_DONE);
}

static void open_payload(struct agent *agent)
{
	struct payload_how how = {.node = agent->node};
	struct err err = {0};
	struct msg msg;
	enum rc rc = share_u_of(&agent->boot.envelope, &msg);

	if (rc == RC_OK) {
		how.file = msg.share_u.file;
		how.unpack = msg.share_u.unpack;
		rc = payload_begin_open(&agent->payload, &agent->boot.kb, &how, &err);
	}
	if (rc != RC_OK)
		fail(agent, "opening", rc, &err);
	else
		open_pieces(agent);
}

static void on_script(void *ctx, const struct runner_result *result)
{
	struct agent *agent = ctx;
	struct boot *boot = &agent->boot;
	bool is_good = result->rc == RC_OK && result->status == 0 && !result->timed_out;

	log_event(is_good ? LOG_INFO : LOG_ERROR, "script.ended",
		"number=%llu status=%d signal=%d timed_out=%s text=\"%s\" last=\"%s\"",
		(unsigned long long)agent->payload.opened, result->status, result->signal,
		result->timed_out ? "yes" : "no", result->text, result->last);
	boot->script_failed = !is_good;
	if (result->rc != RC_OK)
		snprintf(boot->script_text, sizeof boot->script_text, "start script: %.400s", result->text);
	else if (!is_good)
		snprintf(boot->script_text, sizeof boot->script_text, "start script: %s %d",
			result->timed_out ? "ended by its time-out; status" : "ended with status",
			result->status);
	boot_event(agent, BOOT_ON_DONE);
}

static void run_script(struct agent *agent)
{
	struct boot *boot = &agent->boot;
	struct job job = {.name = boot->script,
		.number = agent->payload.opened,
		.timeout_ms = agent->config->script_timeout_ms};
	enum rc rc = agent->scripts == NULL ? RC_DENIED : jobs_start(agent->scripts, &job, on_script, agent);

	if (rc == RC_OK)
		return;
	boot->script_failed = true;
	snprintf(boot->script_text, sizeof boot->script_text, "start script: %s", rc_words(rc));
	boot_event(agent, BOOT_ON_FAILED);
}

/* ---- telling ---- */

static void tell(struct agent *agent, uint64_t number, bool opened, const char *text)
{
	struct boot *boot = &agent->boot;
	struct msg msg = {.type = MSG_TYPE_bootstrapped,
		.bootstrapped = {.number = number,
			.opened = opened,
			.total_us = boot->total_us,
			.tpm_us = boot->tpm_us}};
	char printable[TEXT_MAX];

	snprintf(printable, sizeof printable, "%s", text);
	for (char *c = printable; *c != '\0'; c++)
		if (*c < 0x20 || *c > 0x7e)
			*c = '?';
	msg.bootstrapped.text = span_text(printable);
	join_send(agent, &msg);
}

void boot_tell_opened(struct agent *agent)
{
	tell(agent, agent->payload.opened, true, agent->boot.script_failed ? agent->boot.script_text : "");
}

static void opened(struct agent *agent)
{
	struct boot *boot = &agent->boot;

	boot->total_us = boot->challenged_us == 0 ? 0 : now_us(agent) - boot->challenged_us;
	log_event(LOG_INFO, "payload.opened", "number=%llu total_us=%llu tpm_us=%llu",
		(unsigned long long)agent->payload.opened, (unsigned long long)boot->total_us,
		(unsigned long long)boot->tpm_us);
	boot_tell_opened(agent);
}

static void failed(struct agent *agent)
{
	agent->boot.total_us = 0;
	tell(agent, agent->boot.number, false, agent->boot.err.text);
}

/* ---- steps ---- */

static void forget(struct agent *agent)
{
	struct boot *boot = &agent->boot;

	secret32_release(&boot->u);
	secret32_release(&boot->v);
	secret32_release(&boot->kb);
	boot->has_u = boot->has_v = false;
}

void boot_restore(struct agent *agent)
{
	struct boot *boot = &agent->boot;
	struct signed_msg share_u;
	struct err err = {0};
	enum rc rc;

	boot->number = 0;
	blob_clear(&boot->envelope);
	if (agent->held.number == 0)
		return;
	rc = payload_kept_envelope(&agent->payload, agent->held.number, &boot->envelope, &err);
	if (rc == RC_OK)
		rc = roster_signed_kept(agent->roster, blob_span(&boot->envelope), MSG_TYPE_share_u,
			ROLES_PROVISION, agent_now(agent), &share_u, &err);
	if (rc == RC_OK && (share_u.msg.share_u.number != agent->held.number ||
				   !span_equal(share_u.msg.share_u.node, SPAN(agent->node))))
		rc = err_set(&err, RC_DENIED, "it is of another node or number");
	if (rc == RC_OK)
		rc = payload_expect(&agent->payload, agent->held.number, share_u.msg.share_u.payload_size,
			share_u.msg.share_u.payload_hash, &err);
	if (rc == RC_OK && !agent->payload.is_complete)
		rc = err_set(&err, RC_NOT_FOUND, "its ciphertext is not there");
	if (rc != RC_OK) {
		log_event(LOG_ERROR, "payload.lost", "number=%llu text=\"%s\"",
			(unsigned long long)agent->held.number, err.text);
		return;
	}
	boot->number = agent->held.number;
	snprintf(boot->script, sizeof boot->script, "%.*s", SPAN_FMT(share_u.msg.share_u.run));
}

static const struct {
	enum boot_effect effect;
	void (*carry_out)(struct agent *agent);
} effects[] = {
	{BOOT_FX_UNWRAP, unwrap},
	{BOOT_FX_ANSWER, answer},
	{BOOT_FX_READ, read_u},
	{BOOT_FX_KEEP, keep},
	{BOOT_FX_RECORD, record},
	{BOOT_FX_LOCK, lock},
	{BOOT_FX_OPEN, open_payload},
	{BOOT_FX_RUN, run_script},
	{BOOT_FX_OPENED, opened},
	{BOOT_FX_FAILED, failed},
	{BOOT_FX_RESTORE, boot_restore},
};

void boot_event(struct agent *agent, enum boot_event event)
{
	struct boot_step step = boot_next(agent->boot.state, event);

	if (!step.is_legal)
		return;
	log_event(LOG_DEBUG, "bootstrap", "from=\"%s\" to=\"%s\" because=\"%s\"",
		boot_state_words(agent->boot.state), boot_state_words(step.state), boot_event_words(event));
	agent->boot.state = step.state;
	if ((step.effects & BOOT_FX_FORGET) != 0)
		forget(agent);
	/* What may bring the next event at once comes last. */
	for (size_t i = 0; i < COUNT(effects); i++)
		if ((step.effects & effects[i].effect) != 0)
			effects[i].carry_out(agent);
}

void boot_wipe(struct agent *agent, bool all)
{
	boot_event(agent, BOOT_ON_WIPE);
	loop_cancel(agent->loop, &agent->boot.piece);
	payload_wipe(&agent->payload);
	if (!all)
		return;
	for (unsigned slot = 0; slot < KEYS_SLOTS; slot++)
		give_slot_job(agent, TPM_TASK_REMOVE, slot, on_forgotten);
	payload_forget_others(&agent->payload, 0, 0);
	held_remove(agent->config->state, &agent->held);
	agent->boot.number = 0;
	blob_clear(&agent->boot.envelope);
	if (held_load(agent->config->state, &agent->held, NULL) != RC_OK)
		log_event(LOG_ERROR, "share.passwords", "new ones cannot be made");
}

void boot_begin(struct agent *agent)
{
	/* Best effort: where the limit on locked memory is zero it may be swapped. */
	if (mlock(&agent->boot, sizeof agent->boot) != 0)
		log_event(LOG_DEBUG, "mlock", "the system does not let us lock memory");
}

void boot_end(struct agent *agent)
{
	forget(agent);
	if (agent->loop != NULL)
		loop_cancel(agent->loop, &agent->boot.piece);
	blob_release(&agent->boot.envelope);
	payload_release(&agent->payload);
}
