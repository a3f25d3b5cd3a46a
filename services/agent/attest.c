/* challenge → quote → evidence, and the look at the PCR update counter that makes challenges come sooner. */
#include "lib/base/log.h"
#include "lib/crypto/digest.h"
#include "lib/trust/qualify.h"
#include "services/agent/inner.h"

/* Quotes that may wait for the TPM: a verifier has one challenge under way, a tenant one. */
#define WAITING_MAX 8

enum rc attest_selection(struct list banks, struct pcr_selection *out)
{
	struct pcr_selection selection = {0};
	struct elem_bank bank;

	while (ELEM_NEXT(bank, &banks, &bank)) {
		if (digest_of_tpm_id((uint16_t)bank.alg) == DIGEST_NONE)
			return RC_UNSUPPORTED;
		for (size_t i = 0; i < selection.count; i++)
			if (selection.banks[i].alg == bank.alg)
				return RC_MALFORMED;
		if (selection.count == PCR_BANKS_MAX || bank.mask >> PCR_COUNT != 0)
			return RC_LIMIT;
		selection.banks[selection.count++] =
			(struct pcr_bank){(uint16_t)bank.alg, 3, (uint32_t)bank.mask};
	}
	*out = selection;
	return RC_OK;
}

static void on_quote(void *ctx, struct tpm_job *job)
{
	struct agent *agent = ctx;
	DROP(logs_piece_release) struct logs_piece list = {0};
	struct err err = {0};
	struct msg msg = {.type = MSG_TYPE_evidence,
		.id = job->tag,
		.evidence = {
			.attest = blob_span(&job->quote.attest),
			.signature = blob_span(&job->quote.signature),
			.values = blob_span(&job->quote.values),
			.tpm_us = job->tpm_us,
			.ima_from = job->list_from,
		}};

	if (job->rc != RC_OK) {
		log_event(LOG_ERROR, "quote.failed", "why=\"%s\" text=\"%s\"", rc_words(job->rc),
			job->err.text);
		return;
	}
	/* After the quote: so the list has at least what the quote proves. */
	if (job->list_max != 0 &&
		logs_read(agent->logs, LOGS_FILE_IMA, job->list_from, job->list_max, &list, &err) != RC_OK)
		log_event(LOG_ERROR, "ima.unread", "text=\"%s\"", err.text);
	msg.evidence.ima = blob_span(&list.bytes);
	msg.evidence.ima_more = list.more;
	msg.evidence.ima_gone = list.gone;
	agent->quotes++;
	agent->boot.tpm_us += job->tpm_us;
	log_event(LOG_DEBUG, "quote", "commands=%llu us=%llu", (unsigned long long)job->commands,
		(unsigned long long)job->tpm_us);
	join_send(agent, &msg);
	certificate_on_attested(agent->certificate);
}

void attest_on_challenge(struct agent *agent, const struct msg *msg)
{
	DROP(tpm_job_free) struct tpm_job *job = NULL;
	enum rc rc = RC_NOMEM;

	agent_on_first_challenge(agent);
	if (!agent->has_node || tpm_thread_waiting(agent->tpm) >= WAITING_MAX) {
		log_event(LOG_WARN, "challenge.dropped", "the TPM is busy");
		return;
	}
	job = tpm_job_make(TPM_TASK_QUOTE, on_quote, agent);
	if (job != NULL)
		rc = attest_selection(msg->challenge.banks, &job->selection);
	if (rc == RC_OK)
		rc = qualify(QUALIFY_ATTEST, msg->challenge.nonce.at, agent->nk.public, agent->node,
			job->qualifying);
	if (rc != RC_OK) {
		log_event(LOG_WARN, "challenge.refused", "why=\"%s\"", rc_words(rc));
		return;
	}
	job->tag = msg->id;
	job->list_from = msg->challenge.ima_from;
	job->list_max = (size_t)msg->challenge.ima_max;
	tpm_thread_give(agent->tpm, &job);
}

/* A log that cannot be read is answered as an empty one: the verifier says then what it misses. */
enum rc attest_read_log(
	struct agent *agent, const struct msg_log_get *get, struct logs_piece *out, struct err *err)
{
	enum logs_file file;

	if (logs_file_of(get->log, &file) != RC_OK)
		return err_set(err, RC_UNSUPPORTED, "log_get: there is no log \"%.*s\"", SPAN_FMT(get->log));
	return logs_read(agent->logs, file, get->from, (size_t)get->max, out, err);
}

void attest_on_log_get(struct agent *agent, const struct msg *msg)
{
	DROP(logs_piece_release) struct logs_piece piece = {0};
	struct msg answer = {.type = MSG_TYPE_log_part,
		.id = msg->id,
		.log_part = {.log = msg->log_get.log, .from = msg->log_get.from}};
	struct err err = {0};

	if (attest_read_log(agent, &msg->log_get, &piece, &err) != RC_OK) {
		log_event(LOG_WARN, "log.refused", "text=\"%s\"", err.text);
		return;
	}
	answer.log_part.bytes = blob_span(&piece.bytes);
	answer.log_part.more = piece.more;
	answer.log_part.gone = piece.gone;
	join_send(agent, &answer);
}

/* ---- the update counter ---- */

static void on_counter(void *ctx, struct tpm_job *job)
{
	struct agent *agent = ctx;
	struct watcher *watcher = &agent->watcher;
	struct msg msg = {.type = MSG_TYPE_measured, .measured = {.counter = job->counter}};

	watcher->is_asking = false;
	if (job->rc != RC_OK) {
		if (watcher->has_counter)
			log_event(LOG_WARN, "watch.failed", "why=\"%s\" text=\"%s\"", rc_words(job->rc),
				job->err.text);
		watcher->has_counter = false;
		return;
	}
	if (watcher->has_counter && watcher->counter != job->counter && agent->join.state == ENROL_SERVED) {
		log_event(LOG_DEBUG, "measured", "counter=%llu", (unsigned long long)job->counter);
		join_send(agent, &msg);
	}
	watcher->counter = job->counter;
	watcher->has_counter = true;
}

/* Not while the TPM has something else to do: then a quote is on its way anyhow. */
static void look(void *ctx)
{
	struct agent *agent = ctx;
	DROP(tpm_job_free) struct tpm_job *job = NULL;

	if (agent->watcher.is_asking || agent->join.state != ENROL_SERVED ||
		tpm_thread_waiting(agent->tpm) != 0)
		return;
	job = tpm_job_make(TPM_TASK_COUNTER, on_counter, agent);
	if (job == NULL)
		return;
	agent->watcher.is_asking = true;
	tpm_thread_give(agent->tpm, &job);
}

static void look_at_list(void *ctx)
{
	struct agent *agent = ctx;
	struct watcher *watcher = &agent->watcher;
	uint64_t count = logs_ima_count(agent->logs);
	struct msg msg = {.type = MSG_TYPE_measured, .measured = {.counter = watcher->counter, .ima = count}};

	if (count == watcher->ima_count)
		return;
	if (watcher->ima_count != 0 && agent->join.state == ENROL_SERVED) {
		log_event(LOG_DEBUG, "measured", "ima=%llu", (unsigned long long)count);
		join_send(agent, &msg);
	}
	watcher->ima_count = count;
}

enum rc attest_watch(struct agent *agent, struct err *err)
{
	if (loop_every(agent->loop, &agent->watcher.ima_tick, agent->config->ima_watch_ms, look_at_list,
		    agent) != RC_OK ||
		loop_every(agent->loop, &agent->watcher.tick, agent->config->watch_ms, look, agent) != RC_OK)
		return err_set(err, RC_NOMEM, "out of memory");
	return RC_OK;
}
