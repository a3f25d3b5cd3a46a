#include "services/agent/tpm_thread.h"

#include <stdlib.h>

#include "lib/base/clock.h"
#include "lib/bus/actor.h"
#include "lib/tpm/key.h"

#define RETRY_FIRST_MS 200
#define RETRY_MAX_MS   10000

/* Belongs to the thread while it runs. */
struct owner {
	char *tcti;
	enum tpm_ek_kind ek;
	enum tpm_ak_kind ak;
	struct blob owner_password;
	struct blob endorsement_password;
	struct blob ak_blob; /* empty until the first TPM_TASK_OPEN */
	struct tpm *tpm;
	uint64_t retry_ms; /* pause after the next failure to open */
	uint64_t not_before_ms;
};

struct tpm_thread {
	struct actor *actor;
	struct owner owner;
	size_t waiting;
};

struct tpm_job *tpm_job_make(enum tpm_task task, void (*done)(void *ctx, struct tpm_job *job), void *ctx)
{
	struct tpm_job *job = calloc(1, sizeof *job);

	if (job != NULL)
		*job = (struct tpm_job){.task = task, .done = done, .ctx = ctx};
	return job;
}

void tpm_job_free(struct tpm_job **job)
{
	struct tpm_job *j = *job;

	if (j == NULL)
		return;
	blob_release(&j->a);
	blob_release(&j->b);
	blob_release(&j->ek);
	blob_release(&j->certificate);
	blob_release(&j->chain);
	blob_release(&j->ak);
	blob_release(&j->ak_blob);
	blob_release(&j->secret);
	blob_release(&j->key);
	tpm_quote_release(&j->quote);
	tpm_nv_share_release(&j->share);
	wipe(j, sizeof *j);
	free(j);
	*job = NULL;
}

/* ---- in the thread ---- */

static uint64_t now_ms(void)
{
	return clock_mono_ms(clock_system());
}

static enum rc open_tpm(struct owner *owner, struct err *err)
{
	struct tpm_options options = {
		.owner_password = blob_span(&owner->owner_password),
		.endorsement_password = blob_span(&owner->endorsement_password),
	};

	tpm_close(&owner->tpm);
	TRY(tpm_open(owner->tcti, &options, &owner->tpm, err));
	return tpm_ek_open(owner->tpm, owner->ek, err);
}

static void pause_after_failure(struct owner *owner)
{
	tpm_close(&owner->tpm);
	owner->not_before_ms = now_ms() + owner->retry_ms;
	owner->retry_ms = owner->retry_ms * 2 > RETRY_MAX_MS ? RETRY_MAX_MS : owner->retry_ms * 2;
}

/* With EK and AK as they were, if it was lost. */
static enum rc be_ready(struct owner *owner, struct err *err)
{
	enum rc rc;

	if (owner->tpm != NULL)
		return RC_OK;
	if (owner->ak_blob.len == 0)
		return err_set(err, RC_IO, "the TPM was not opened yet");
	if (now_ms() < owner->not_before_ms)
		return err_set(err, RC_IO, "the TPM failed and is given a pause");
	rc = open_tpm(owner, err);
	if (rc == RC_OK)
		rc = tpm_ak_load(owner->tpm, blob_span(&owner->ak_blob), err);
	if (rc != RC_OK)
		pause_after_failure(owner);
	return rc;
}

static enum rc optional(enum rc rc, struct blob *out, struct err *err)
{
	if (rc == RC_OK || rc == RC_IO)
		return rc;
	/* None, or one that is no certificate: the allow-list may know this TPM. */
	blob_release(out);
	*err = (struct err){0};
	return RC_OK;
}

static enum rc open_ak(struct owner *owner, struct tpm_job *job)
{
	enum rc rc = RC_NOT_FOUND;

	if (job->a.len != 0) {
		rc = tpm_ak_load(owner->tpm, blob_span(&job->a), &job->err);
		if (rc == RC_OK)
			return blob_copy(&job->ak_blob, blob_span(&job->a));
		if ((rc != RC_DENIED && rc != RC_MALFORMED) || !job->may_replace)
			return rc;
		job->err = (struct err){0};
	}
	job->is_new = true;
	return tpm_ak_create(owner->tpm, owner->ak, &job->ak_blob, &job->err);
}

static enum rc work_open(struct owner *owner, struct tpm_job *job)
{
	enum rc rc = open_tpm(owner, &job->err);

	if (rc != RC_OK)
		return rc;
	TRY(optional(
		tpm_ek_certificate(owner->tpm, &job->certificate, &job->err), &job->certificate, &job->err));
	if (job->certificate.len != 0)
		TRY(optional(tpm_ek_chain(owner->tpm, &job->chain, &job->err), &job->chain, &job->err));
	TRY(open_ak(owner, job));
	TRY(blob_copy(&job->ek, tpm_ek_public(owner->tpm)));
	TRY(blob_copy(&job->ak, tpm_ak_public(owner->tpm)));
	return blob_copy(&owner->ak_blob, blob_span(&job->ak_blob));
}

static enum rc work_activate(struct owner *owner, struct tpm_job *job)
{
	return tpm_activate(owner->tpm, blob_span(&job->a), blob_span(&job->b), &job->secret, &job->err);
}

static enum rc work_quote(struct owner *owner, struct tpm_job *job)
{
	return tpm_quote(owner->tpm, &job->selection, SPAN(job->qualifying), &job->quote, &job->err);
}

static enum rc work_counter(struct owner *owner, struct tpm_job *job)
{
	return tpm_pcr_update_counter(owner->tpm, &job->counter, &job->err);
}

static enum rc work_remove(struct owner *owner, struct tpm_job *job)
{
	enum rc rc = tpm_nv_undefine(owner->tpm, job->slot.index, &job->err);

	if (rc != RC_NOT_FOUND)
		return rc;
	job->err = (struct err){0};
	return RC_OK;
}

/* What is in the slot is a U that was never made the active one. */
static enum rc work_keep(struct owner *owner, struct tpm_job *job)
{
	TRY(work_remove(owner, job));
	TRY(tpm_nv_define(owner->tpm, &job->slot, &job->err));
	return tpm_nv_write(owner->tpm, &job->slot, &job->share, &job->err);
}

static enum rc work_read(struct owner *owner, struct tpm_job *job)
{
	return tpm_nv_read(owner->tpm, &job->slot, &job->share, &job->err);
}

static enum rc work_lock(struct owner *owner, struct tpm_job *job)
{
	return tpm_nv_read_lock(owner->tpm, &job->slot, &job->err);
}

static enum rc work_key_make(struct owner *owner, struct tpm_job *job)
{
	return tpm_key_create(owner->tpm, &job->key, &job->err);
}

static enum rc work_key_sign(struct owner *owner, struct tpm_job *job)
{
	return tpm_key_sign(owner->tpm, blob_span(&job->a), job->qualifying, &job->key, &job->err);
}

static enum rc work_key_certify(struct owner *owner, struct tpm_job *job)
{
	return tpm_key_certify(owner->tpm, blob_span(&job->a), SPAN(job->qualifying), &job->quote, &job->err);
}

static enum rc work_key_keep(struct owner *owner, struct tpm_job *job)
{
	return tpm_key_keep(owner->tpm, blob_span(&job->a), job->handle, &job->err);
}

static enum rc work_key_forget(struct owner *owner, struct tpm_job *job)
{
	return tpm_key_forget(owner->tpm, blob_span(&job->a), job->handle, &job->err);
}

static enum rc (*const works[TPM_TASK_COUNT])(struct owner *owner, struct tpm_job *job) = {
	[TPM_TASK_OPEN] = work_open,
	[TPM_TASK_ACTIVATE] = work_activate,
	[TPM_TASK_QUOTE] = work_quote,
	[TPM_TASK_COUNTER] = work_counter,
	[TPM_TASK_KEEP] = work_keep,
	[TPM_TASK_READ] = work_read,
	[TPM_TASK_LOCK] = work_lock,
	[TPM_TASK_REMOVE] = work_remove,
	[TPM_TASK_KEY_MAKE] = work_key_make,
	[TPM_TASK_KEY_SIGN] = work_key_sign,
	[TPM_TASK_KEY_CERTIFY] = work_key_certify,
	[TPM_TASK_KEY_KEEP] = work_key_keep,
	[TPM_TASK_KEY_FORGET] = work_key_forget,
};

static void work(void *mind, void *given)
{
	struct owner *owner = mind;
	struct tpm_job *job = given;
	uint64_t commands = owner->tpm == NULL ? 0 : tpm_commands(owner->tpm);
	uint64_t busy_us = owner->tpm == NULL ? 0 : tpm_busy_us(owner->tpm);

	job->rc = RC_OK;
	if (job->task == TPM_TASK_OPEN)
		commands = busy_us = 0;
	else
		job->rc = be_ready(owner, &job->err);
	if (job->rc == RC_OK)
		job->rc = works[job->task](owner, job);
	if (owner->tpm != NULL) {
		job->commands = tpm_commands(owner->tpm) - commands;
		job->tpm_us = tpm_busy_us(owner->tpm) - busy_us;
	}
	if (job->rc == RC_OK)
		owner->retry_ms = RETRY_FIRST_MS;
	/* A TPM that was reset under us knows our handles no more: that is an error of the TPM, mended by
	 * opening it anew. A lockout and the like stay, and are told each time. */
	else if (job->rc == RC_IO || job->rc == RC_TPM || job->rc == RC_TIMEOUT)
		pause_after_failure(owner);
}

/* ---- in the loop ---- */

static void end(struct tpm_thread *thread, struct tpm_job *job)
{
	DROP(tpm_job_free) struct tpm_job *ended = job;

	(void)thread;
	ended->done(ended->ctx, ended);
}

static void done(void *ctx, void *job)
{
	struct tpm_thread *thread = ctx;

	thread->waiting--;
	end(thread, job);
}

static void drop(void *ctx, void *job)
{
	struct tpm_job *dropped = job;

	(void)ctx;
	tpm_job_free(&dropped);
}

enum rc tpm_thread_open(
	struct loop *loop, const struct tpm_thread_options *options, struct tpm_thread **out, struct err *err)
{
	DROP(tpm_thread_close) struct tpm_thread *thread = calloc(1, sizeof *thread);

	if (thread == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	thread->owner = (struct owner){.ek = options->ek, .ak = options->ak, .retry_ms = RETRY_FIRST_MS};
	thread->owner.tcti = strdup(options->tcti);
	if (thread->owner.tcti == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	TRY(blob_copy(&thread->owner.owner_password, options->owner_password));
	TRY(blob_copy(&thread->owner.endorsement_password, options->endorsement_password));
	TRY(actor_open(loop,
		&(struct actor_options){
			.work = work, .mind = &thread->owner, .done = done, .drop = drop, .ctx = thread},
		&thread->actor, err));
	*out = TAKE(thread);
	return RC_OK;
}

void tpm_thread_close(struct tpm_thread **thread)
{
	struct tpm_thread *t = *thread;

	if (t == NULL)
		return;
	actor_close(&t->actor);
	tpm_close(&t->owner.tpm);
	free(t->owner.tcti);
	blob_release(&t->owner.owner_password);
	blob_release(&t->owner.endorsement_password);
	blob_release(&t->owner.ak_blob);
	free(t);
	*thread = NULL;
}

void tpm_thread_give(struct tpm_thread *thread, struct tpm_job **job)
{
	struct tpm_job *given = *job;

	*job = NULL;
	given->rc = actor_give(thread->actor, given);
	if (given->rc == RC_OK) {
		thread->waiting++;
		return;
	}
	given->rc = err_set(&given->err, given->rc, "too much is asked of the TPM at once");
	end(thread, given);
}

size_t tpm_thread_waiting(const struct tpm_thread *thread)
{
	return thread->waiting;
}
