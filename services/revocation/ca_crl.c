/*
 * Lists of revoked certificates. A list's number is reserved in Redis, under the lease, before the list is
 * made: numbers never fall, whoever leads. Made and written to files by the signer; published when they are
 * there. At most one a second, and rarer when making one takes long; without changes at half of their life.
 *
 * Delta lists count from the last list that was made by the clock, so that who fetches the full one once in
 * its life and the delta each minute knows everything.
 */
#include <stdlib.h>

#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/store/batch.h"
#include "lib/store/commit.h"
#include "lib/trust/record.h"
#include "services/revocation/ca_inside.h"

#define CRL_EVERY_MS    1000
#define CRL_RETRY_MS    1000
#define CRL_FILE_MAX    CRL_DER_MAX
#define DELTA_LINES_MAX 10000 /* above, and with a third of the full list, a delta pays no more */

struct crl_job {
	struct ca_job job; /* must come first */
	struct ca *ca;
	struct ca_listing listing;
	uint64_t number, base;
	bool is_base;
	uint64_t now_ms, until_ms;
	struct blob full, delta;
	enum rc rc;
	struct err err;
};

static void job_free(struct crl_job *job)
{
	ca_listing_release(&job->listing);
	blob_release(&job->full);
	blob_release(&job->delta);
	free(job);
}

/* ---- in the signer's thread ---- */

static enum rc make_one(struct ca *ca, struct crl_job *job, bool is_delta, struct blob *out)
{
	struct crl_order order = {
		.number = job->number,
		.base = is_delta ? job->base : 0,
		.this_ms = job->now_ms - CA_SKEW_MS,
		.next_ms = job->until_ms,
		.delta_url = is_delta ? NULL : ca->url[CA_URL_DELTA],
		.entries = is_delta ? job->listing.delta : job->listing.full,
		.count = is_delta ? job->listing.delta_count : job->listing.full_count,
	};

	return crl_make(ca->issuer, &order, out, &job->err);
}

static enum rc make_both(struct ca *ca, struct crl_job *job)
{
	TRY(make_one(ca, job, false, &job->full));
	/* Without a base there is nothing that a delta could add to. */
	if (job->base != 0)
		TRY(make_one(ca, job, true, &job->delta));
	TRY(file_replace(ca->crl_path, blob_span(&job->full), 0644, &job->err));
	if (job->base != 0)
		TRY(file_replace(ca->delta_path, blob_span(&job->delta), 0644, &job->err));
	return RC_OK;
}

static void work(void *mind, struct ca_job *at)
{
	struct crl_job *job = (struct crl_job *)at;

	job->rc = make_both(mind, job);
}

/* ---- afterwards ---- */

static void announce(struct ca *ca, bool is_delta, uint64_t number)
{
	struct msg msg = {.type = MSG_TYPE_crl_ready, .crl_ready = {is_delta, number}};
	DROP(blob_release) struct blob frame = {0};

	if (msg_encode(&msg, &frame) == RC_OK)
		service_publish(ca_service(ca), "crl", blob_span(&frame));
}

static void keep(struct ca_list *list, struct blob *der, uint64_t number, uint64_t until)
{
	blob_release(&list->der);
	list->der = TAKE(*der);
	list->number = number;
	list->until = until;
}

static void publish(struct ca *ca, struct crl_job *job)
{
	struct ca_crl_state *crl = &ca->crl;

	keep(&crl->full, &job->full, job->number, job->until_ms);
	/* A delta of an earlier process counts from a list that this one does not know: it goes. */
	keep(&crl->delta, &job->delta, job->base == 0 ? 0 : job->number, job->until_ms);
	crl->mark = job->listing.mark;
	if (job->is_base) {
		crl->base = job->number;
		crl->base_made = job->now_ms;
	}
	ca_table_published(ca->table, crl->mark, job->now_ms, job->is_base);
	log_event(LOG_INFO, "crl.made", "number=%llu entries=%zu bytes=%zu base=%llu changes=%zu ms=%llu",
		(unsigned long long)job->number, job->listing.full_count, crl->full.der.len,
		(unsigned long long)job->base, job->listing.delta_count, (unsigned long long)crl->took_ms);
	announce(ca, false, job->number);
	if (job->base != 0)
		announce(ca, true, job->number);
}

static void on_made(void *ctx, struct ca_job *at)
{
	struct ca *ca = ctx;
	struct crl_job *job = (struct crl_job *)at;

	ca->crl.is_busy = false;
	ca->crl.took_ms = mono_ms(ca->revocation) - ca->crl.made_mono;
	ca->crl.has_failed = job->rc != RC_OK;
	if (job->rc == RC_OK)
		publish(ca, job);
	else
		log_event(LOG_ERROR, "crl.failed", "why=\"%s\"", job->err.text);
	job_free(job);
}

static void on_dropped(struct ca_job *at)
{
	job_free((struct crl_job *)at);
}

/* ---- making one ---- */

/* Made by a clock that was ahead and has been put back: nobody takes a list from the future. */
static bool is_of_the_future(const struct ca *ca)
{
	const struct ca_crl_state *crl = &ca->crl;
	uint64_t now = service_now(ca_service(ca)) + CA_SKEW_MS;

	return crl->base_made > now || crl->full.until > now + ca->config->crl_life_ms;
}

static bool wants_base(const struct ca *ca, const struct crl_job *job)
{
	const struct ca_crl_state *crl = &ca->crl;

	return crl->base == 0 || is_of_the_future(ca) ||
	       job->now_ms >= crl->base_made + ca->config->crl_life_ms / 2 ||
	       job->listing.delta_count > DELTA_LINES_MAX + job->listing.full_count / 3;
}

static enum rc begin(struct ca *ca, uint64_t number)
{
	struct crl_job *job = calloc(1, sizeof *job);
	enum rc rc;

	if (job == NULL)
		return RC_NOMEM;
	job->job = (struct ca_job){.work = work, .done = on_made, .drop = on_dropped};
	job->ca = ca;
	job->number = number;
	job->base = ca->crl.base;
	job->now_ms = service_now(ca_service(ca));
	job->until_ms = job->now_ms + ca->config->crl_life_ms;
	if (job->until_ms > ca->end_ms)
		job->until_ms = ca->end_ms;
	rc = ca_table_list(ca->table, &job->listing);
	job->is_base = wants_base(ca, job);
	if (rc == RC_OK)
		rc = ca_worker_give(&ca->signer, &job->job);
	if (rc != RC_OK)
		job_free(job);
	return rc;
}

/* The number is ours now. */
static void on_reserved(void *ctx, enum rc rc)
{
	struct ca *ca = ctx;

	if (rc == RC_OK)
		rc = begin(ca, ca->crl.known);
	if (rc == RC_OK)
		return;
	ca->crl.is_busy = false;
	ca->crl.has_failed = true;
	log_event(LOG_WARN, "crl.failed", "why=\"%s\"", rc_words(rc));
}

/* Seconds since 1970, so that not even a store that was put back and a lost file make them fall, and always
 * above the last one, so that no clock does. */
static uint64_t next_number(const struct ca *ca)
{
	uint64_t now = service_now(ca_service(ca)) / 1000;

	return now > ca->crl.known ? now : ca->crl.known + 1;
}

static enum rc reserve(struct ca *ca, struct err *err)
{
	DROP(store_batch_release) struct store_batch batch = {0};
	DROP(blob_release) struct blob record = {0};
	uint64_t number = next_number(ca);
	struct msg body = {.type = MSG_TYPE_crl_ready, .crl_ready = {.number = number}};
	struct record_head head = {"crl", "crl", number, store_lease_token(ca->revocation->lease)};

	TRY(record_make(&service_identity(ca_service(ca))->sign, head, &body, &record, err));
	TRY(store_batch_set(&batch, KEY_CRL, blob_span(&record), 0));
	TRY(store_commit(service_store(ca_service(ca)), ca->revocation->lease, &batch, on_reserved, ca));
	ca->crl.known = number;
	return RC_OK;
}

/* What the last leader reserved; a record that does not hold is nobody's word. */
static void on_number(void *ctx, enum rc rc, struct span value)
{
	struct ca *ca = ctx;
	struct record_view view;
	struct err err = {0};

	ca->crl.is_busy = false;
	if (rc == RC_NOT_FOUND) {
		ca->crl.has_number = true;
		return;
	}
	if (rc == RC_OK)
		rc = record_open(service_roster(ca_service(ca)), value,
			(struct record_expect){"crl", "crl", MSG_TYPE_crl_ready, ROLE_REVOCATION, 0},
			service_now(ca_service(ca)), &view, &err);
	if (rc == RC_OK && view.body.crl_ready.number > ca->crl.known)
		ca->crl.known = view.body.crl_ready.number;
	ca->crl.has_number = rc == RC_OK || rc == RC_DENIED || rc == RC_MALFORMED;
	if (rc != RC_OK)
		log_event(
			LOG_WARN, "crl.number", "why=\"%s\"", err.text[0] != '\0' ? err.text : rc_words(rc));
}

static bool is_due(const struct ca *ca, uint64_t mono)
{
	const struct ca_crl_state *crl = &ca->crl;
	uint64_t now = service_now(ca_service(ca));
	uint64_t gap = crl->took_ms * 2 > CRL_EVERY_MS ? crl->took_ms * 2 : CRL_EVERY_MS;

	if (crl->made_mono != 0 && mono < crl->made_mono + gap)
		return false;
	return crl->base == 0 || crl->delta.number == 0 || crl->has_failed || is_of_the_future(ca) ||
	       ca_table_changed_since(ca->table, crl->mark) ||
	       now >= crl->base_made + ca->config->crl_life_ms / 2 || now + CA_SKEW_MS >= crl->full.until;
}

void ca_crl_tick(struct ca *ca)
{
	struct ca_crl_state *crl = &ca->crl;
	uint64_t mono = mono_ms(ca->revocation);
	struct err err = {0};
	enum rc rc = RC_OK;

	if (crl->is_busy || !ca_leads(ca) || !is_due(ca, mono) ||
		service_now(ca_service(ca)) + CA_SKEW_MS >= ca->end_ms)
		return;
	crl->made_mono = mono;
	crl->is_busy = true;
	if (!crl->has_number) {
		crl->made_mono = 0;
		rc = store_get(service_store(ca_service(ca)), KEY_CRL, RECORD_MAX, on_number, ca);
	} else {
		rc = reserve(ca, &err);
	}
	if (rc == RC_OK)
		return;
	crl->is_busy = false;
	crl->made_mono = mono;
	log_event(LOG_WARN, "crl.failed", "why=\"%s\"", err.text[0] != '\0' ? err.text : rc_words(rc));
}

/* ---- what an earlier process made ---- */

static void load_one(struct ca *ca, const char *path, struct ca_list *list)
{
	DROP(blob_release) struct blob der = {0};
	struct err err = {0};
	struct crl crl;
	enum rc rc = file_read(path, CRL_FILE_MAX, &der, &err);

	if (rc == RC_NOT_FOUND)
		return;
	if (rc == RC_OK)
		rc = crl_read(blob_span(&der), &crl);
	if (rc == RC_OK)
		rc = crl_verify(&crl, blob_span(&ca->folder.certificate), &err);
	if (rc != RC_OK) {
		log_event(LOG_WARN, "crl.unread", "file=%s why=\"%s\"", path,
			err.text[0] != '\0' ? err.text : rc_words(rc));
		return;
	}
	if (crl.number > ca->crl.known)
		ca->crl.known = crl.number;
	keep(list, &der, crl.number, crl.next_ms);
}

void ca_crl_load(struct ca *ca)
{
	load_one(ca, ca->crl_path, &ca->crl.full);
	load_one(ca, ca->delta_path, &ca->crl.delta);
}

/* ---- serving ---- */

void ca_on_crl_get(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct ca *ca = ca_of(ctx, peer, msg->id);
	const struct msg_crl_get *get = &msg->crl_get;
	const struct ca_list *list;
	struct msg answer = {.type = MSG_TYPE_crl_part, .id = msg->id};
	char leader[NAME_MAX_BYTES + 1];
	struct err err = {0};

	(void)frame;
	if (ca == NULL)
		return;
	/* While nobody leads, what we have is better than nothing: it says by itself until when it holds. */
	lead_name(ca->revocation, leader);
	if (leader[0] != '\0' && !lead_serves(ca->revocation, peer, msg->id))
		return;
	list = get->delta ? &ca->crl.delta : &ca->crl.full;
	if (list->number == 0 || (get->number != 0 && get->number != list->number) ||
		get->from >= list->der.len) {
		enum rc rc = err_set(&err, RC_NOT_FOUND,
			list->number == 0
				? "no such list was made yet"
				: "this list has been replaced by a newer one, or is shorter; begin again");

		server_send_error(service_server(ca_service(ca)), peer, msg->id, rc, err.text);
		return;
	}
	answer.crl_part = (struct msg_crl_part){
		.delta = get->delta,
		.number = list->number,
		.size = list->der.len,
		.from = get->from,
		.bytes = span_of(list->der.at + get->from, list->der.len - (size_t)get->from),
		.until = list->until,
	};
	if (answer.crl_part.bytes.len > CHUNK_MAX)
		answer.crl_part.bytes.len = CHUNK_MAX;
	ca_answer(ca, peer, &answer);
}
