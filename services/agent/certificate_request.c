/* The steps of an attempt: each of them may have to wait for the TPM or the CA. */
#include "lib/base/log.h"
#include "lib/crypto/digest.h"
#include "lib/evidence/tpm_signature.h"
#include "lib/pki/csr.h"
#include "lib/trust/csr_proof.h"
#include "services/agent/certificate_inside.h"

/* The leader may have to be found first. */
#define CALL_MS     10000
#define QUIET_MS    20
#define QUIET_TRIES 100

static void done(struct certificate *certificate)
{
	certificate->step++;
	certificate_go_on(certificate);
}

/* ---- the TPM ---- */

static void on_forgotten(void *ctx, struct tpm_job *job)
{
	(void)ctx;
	if (job->rc != RC_OK)
		log_event(LOG_WARN, "certificate.key", "handle=0x%08x why=\"%s\" text=\"%s\"", job->handle,
			rc_words(job->rc), job->err.text);
}

void certificate_forget_handle(struct certificate *certificate)
{
	DROP(tpm_job_free) struct tpm_job *job = NULL;

	if (certificate->handle == 0 || certificate->key.in_tpm.len == 0)
		return;
	job = tpm_job_make(TPM_TASK_KEY_FORGET, on_forgotten, NULL);
	if (job == NULL || blob_copy(&job->a, blob_span(&certificate->key.in_tpm)) != RC_OK)
		return;
	job->handle = certificate->handle;
	tpm_thread_give(certificate->agent->tpm, &job);
}

static void hand_over(void *ctx)
{
	struct certificate *certificate = ctx;
	struct agent *agent = certificate->agent;

	/* Quotes come first: a certificate can wait, but not for ever. */
	if (tpm_thread_waiting(agent->tpm) != 0 && certificate->job_tries++ < QUIET_TRIES) {
		if (loop_after(agent->loop, &certificate->quiet, QUIET_MS, hand_over, certificate) != RC_OK)
			log_event(LOG_ERROR, "timer.failed", "out of memory");
		return;
	}
	tpm_thread_give(agent->tpm, &certificate->job);
}

static struct tpm_job *job_for(struct certificate *certificate, enum tpm_task task,
	void (*then)(void *ctx, struct tpm_job *job), struct span a)
{
	struct tpm_job *job = tpm_job_make(task, then, certificate);

	if (job == NULL)
		return NULL;
	job->tag = certificate->attempt;
	job->handle = certificate->handle;
	if (blob_copy(&job->a, a) != RC_OK)
		tpm_job_free(&job);
	return job;
}

static void ask_tpm(struct certificate *certificate, struct tpm_job *job)
{
	struct err err = {0};

	if (job == NULL) {
		certificate_failed(certificate, err_set(&err, RC_NOMEM, "out of memory"), &err);
		return;
	}
	certificate->job = job;
	certificate->job_tries = 0;
	hand_over(certificate);
}

static bool is_current(const struct certificate *certificate, const struct tpm_job *job)
{
	return job->tag == certificate->attempt && certificate->step != CERTIFICATE_REST;
}

/* True: the job went well. A key that the TPM does not know is not one to go on with. */
static bool went_well(struct certificate *certificate, struct tpm_job *job, bool is_of_key)
{
	if (job->rc == RC_OK)
		return true;
	if (job->rc == RC_UNSUPPORTED)
		err_wrap(&job->err, job->rc, "%s",
			"set owner-password, or certificate-key = software, which needs no owner hierarchy: ");
	if (is_of_key && job->rc == RC_DENIED) {
		log_event(LOG_WARN, "certificate.key",
			"the TPM does not take this node's key: a new one will be made");
		certificate_discard(certificate);
	}
	certificate_failed(certificate, job->rc, &job->err);
	return false;
}

/* ---- the steps ---- */

static void use_key(struct certificate *certificate, struct node_key *key)
{
	struct err err = {0};
	enum rc rc;

	certificate->dates = (struct certificate_dates){0};
	blob_release(&certificate->csr);
	certificate->is_kept = false;
	rc = certificate_folder_put_key(certificate->agent->config->certificates, key, &err);
	if (rc != RC_OK) {
		certificate_failed(certificate, rc, &err);
		return;
	}
	node_key_release(&certificate->key);
	certificate->key = TAKE(*key);
	log_event(LOG_INFO, "certificate.key", "made=yes home=%s",
		certificate->key.home == NODE_KEY_TPM ? "tpm" : "software");
	done(certificate);
}

static void on_key_made(void *ctx, struct tpm_job *job)
{
	struct certificate *certificate = ctx;
	DROP(node_key_release) struct node_key key = {0};
	enum rc rc;

	if (!is_current(certificate, job) || !went_well(certificate, job, false))
		return;
	rc = node_key_of_tpm(blob_span(&job->key), &key, &job->err);
	if (rc != RC_OK)
		certificate_failed(certificate, rc, &job->err);
	else
		use_key(certificate, &key);
}

static void make_key(struct certificate *certificate)
{
	DROP(node_key_release) struct node_key key = {0};
	struct err err = {0};
	enum rc rc;

	if (certificate->key.spki.len != 0) {
		done(certificate);
		return;
	}
	if (certificate->agent->config->certificate_key == NODE_KEY_TPM) {
		ask_tpm(certificate, job_for(certificate, TPM_TASK_KEY_MAKE, on_key_made, (struct span){0}));
		return;
	}
	rc = node_key_generate(&key, &err);
	if (rc != RC_OK)
		certificate_failed(certificate, rc, &err);
	else
		use_key(certificate, &key);
}

/* The file serves without the handle, so this is no reason to stop. */
static void on_key_kept(void *ctx, struct tpm_job *job)
{
	struct certificate *certificate = ctx;

	if (!is_current(certificate, job))
		return;
	if (job->rc == RC_DENIED) {
		(void)went_well(certificate, job, true);
		return;
	}
	if (job->rc == RC_OK)
		log_event(LOG_INFO, "certificate.key", "handle=0x%08x", job->handle);
	else
		log_event(LOG_ERROR, "certificate.key", "handle=0x%08x why=\"%s\" text=\"%s\"", job->handle,
			rc_words(job->rc), job->err.text);
	certificate->is_kept = job->rc == RC_OK;
	done(certificate);
}

static void keep_key(struct certificate *certificate)
{
	if (certificate->handle == 0 || certificate->is_kept || certificate->key.home != NODE_KEY_TPM)
		done(certificate);
	else
		ask_tpm(certificate, job_for(certificate, TPM_TASK_KEY_KEEP, on_key_kept,
					     blob_span(&certificate->key.in_tpm)));
}

static void on_signed(void *ctx, struct tpm_job *job)
{
	struct certificate *certificate = ctx;
	struct signature signature;
	enum rc rc;

	if (!is_current(certificate, job) || !went_well(certificate, job, true))
		return;
	rc = tpm_signature_parse(blob_span(&job->key), &signature);
	if (rc == RC_OK)
		rc = csr_assemble(blob_span(&job->b), &signature, &certificate->csr, &job->err);
	else
		(void)err_set(&job->err, rc, "TPM2_Sign: the answer is no signature");
	if (rc != RC_OK)
		certificate_failed(certificate, rc, &job->err);
	else
		done(certificate);
}

static enum rc request_to_sign(struct certificate *certificate, struct tpm_job *job, struct err *err)
{
	TRY(csr_to_be_signed(blob_span(&certificate->key.spki), NULL, &job->b, err));
	return digest_bytes(DIGEST_SHA256, blob_span(&job->b), job->qualifying);
}

static void make_request(struct certificate *certificate)
{
	DROP(tpm_job_free) struct tpm_job *job = NULL;
	struct err err = {0};
	enum rc rc;

	if (certificate->csr.len != 0) {
		done(certificate);
		return;
	}
	if (certificate->key.home == NODE_KEY_SOFTWARE) {
		rc = csr_make(certificate->key.software, NULL, &certificate->csr, &err);
		if (rc == RC_OK)
			done(certificate);
		else
			certificate_failed(certificate, rc, &err);
		return;
	}
	job = job_for(certificate, TPM_TASK_KEY_SIGN, on_signed, blob_span(&certificate->key.in_tpm));
	rc = job == NULL ? RC_NOMEM : request_to_sign(certificate, job, &err);
	if (rc == RC_OK)
		ask_tpm(certificate, TAKE(job));
	else
		certificate_failed(certificate, rc, &err);
}

/* True: it is the answer that was asked for. */
static bool is_answer(
	struct certificate *certificate, enum rc rc, const struct msg *reply, enum msg_type type)
{
	struct err err = {0};

	certificate->is_calling = false;
	if (rc == RC_OK && reply->type == type)
		return true;
	if (rc == RC_OK)
		rc = RC_MALFORMED;
	(void)err_set(&err, rc, "%.*s",
		SPAN_FMT(reply != NULL && reply->type == MSG_TYPE_error
				 ? reply->error.text
				 : span_text("no answer of the kind asked for")));
	certificate_failed(certificate, rc, &err);
	return false;
}

static void call(struct certificate *certificate, const struct msg *msg, client_reply *reply)
{
	struct agent *agent = certificate->agent;
	struct err err = {0};
	enum rc rc = RC_IO;

	if (agent->notices != NULL)
		rc = follow_call(
			notices_follow(agent->notices), msg, CALL_MS, reply, certificate, &certificate->call);
	certificate->is_calling = rc == RC_OK;
	if (rc == RC_OK)
		return;
	(void)err_set(&err, rc, "the revocation service cannot be asked");
	certificate_failed(certificate, rc, &err);
}

static void on_ca(void *ctx, enum rc rc, const struct msg *reply, struct span frame)
{
	struct certificate *certificate = ctx;
	struct err err = {0};

	if (!is_answer(certificate, rc, reply, MSG_TYPE_ca_info))
		return;
	rc = blob_copy(&certificate->ca, frame);
	if (rc == RC_OK)
		done(certificate);
	else
		certificate_failed(certificate, err_set(&err, rc, "out of memory"), &err);
}

static void ask_ca(struct certificate *certificate)
{
	call(certificate, &(struct msg){.type = MSG_TYPE_ca_get}, on_ca);
}

static void on_nonce(void *ctx, enum rc rc, const struct msg *reply, struct span frame)
{
	struct certificate *certificate = ctx;

	(void)frame;
	if (!is_answer(certificate, rc, reply, MSG_TYPE_csr_nonce))
		return;
	memcpy(certificate->nonce, reply->csr_nonce.nonce.at, NONCE_BYTES);
	done(certificate);
}

static void ask_nonce(struct certificate *certificate)
{
	call(certificate, &(struct msg){.type = MSG_TYPE_csr_begin}, on_nonce);
}

static void on_proof(void *ctx, struct tpm_job *job)
{
	struct certificate *certificate = ctx;

	if (!is_current(certificate, job) ||
		!went_well(certificate, job, certificate->key.home == NODE_KEY_TPM))
		return;
	blob_release(&certificate->attest);
	blob_release(&certificate->signature);
	certificate->attest = TAKE(job->quote.attest);
	certificate->signature = TAKE(job->quote.signature);
	done(certificate);
}

/* A key in the TPM is certified; for one in software the AK quotes no PCRs. */
static void make_proof(struct certificate *certificate)
{
	struct agent *agent = certificate->agent;
	bool is_in_tpm = certificate->key.home == NODE_KEY_TPM;
	DROP(tpm_job_free)
	struct tpm_job *job = job_for(certificate, is_in_tpm ? TPM_TASK_KEY_CERTIFY : TPM_TASK_QUOTE,
		on_proof, blob_span(&certificate->key.in_tpm));
	struct err err = {0};
	enum rc rc = job == NULL ? RC_NOMEM
	                         : csr_proof_data(blob_span(&certificate->csr), certificate->nonce,
					   agent->nk.public, agent->node, job->qualifying);

	if (rc == RC_OK)
		ask_tpm(certificate, TAKE(job));
	else
		certificate_failed(certificate, err_set(&err, rc, "qualifying data"), &err);
}

static enum rc install(
	struct certificate *certificate, const struct msg_certificate_info *info, struct err *err)
{
	DROP(certificate_files_release) struct certificate_files files = {0};
	struct certificate_dates dates = {0};
	struct certificate_want want = {.spki = blob_span(&certificate->key.spki),
		.node = certificate->agent->node,
		.wall_ms = agent_now(certificate->agent)};
	struct msg ca;

	TRY(msg_decode_as(blob_span(&certificate->ca), MSG_TYPE_ca_info, &ca));
	want.ca = &ca.ca_info;
	TRY(certificate_check(&want, info, &dates, &files, err));
	TRY(certificate_folder_put(certificate->agent->config->certificates, &files, err));
	certificate->dates = dates;
	return RC_OK;
}

static void on_certificate(void *ctx, enum rc rc, const struct msg *reply, struct span frame)
{
	struct certificate *certificate = ctx;
	struct err err = {0};

	(void)frame;
	if (!is_answer(certificate, rc, reply, MSG_TYPE_certificate_info))
		return;
	rc = install(certificate, &reply->certificate_info, &err);
	if (rc != RC_OK) {
		certificate_failed(certificate, rc, &err);
		return;
	}
	certificate_installed(certificate);
}

static void put_request(struct certificate *certificate)
{
	struct msg msg = {.type = MSG_TYPE_csr_put,
		.csr_put = {
			.nonce = SPAN(certificate->nonce),
			.csr = blob_span(&certificate->csr),
			.attest = blob_span(&certificate->attest),
			.signature = blob_span(&certificate->signature),
			.public = blob_span(&certificate->key.area),
		}};

	call(certificate, &msg, on_certificate);
}

void certificate_go_on(struct certificate *certificate)
{
	static void (*const steps[])(struct certificate * certificate) = {
#define STEP_FUNCTION(name, function, words) function,
		CERTIFICATE_STEPS(STEP_FUNCTION)
#undef STEP_FUNCTION
	};

	if (certificate->step < COUNT(steps))
		steps[certificate->step](certificate);
}
