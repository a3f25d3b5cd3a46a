/*
 * OCSP responses. The responder's key is made in memory when this service begins to lead, and certified by
 * the CA for seven days; it signs in a thread of its own. What is revoked or held is signed at once; the rest
 * when somebody asks first; all of it is kept while it is fresh.
 */
#include <stdlib.h>

#include "lib/base/log.h"
#include "services/revocation/ca_inside.h"

/* A response is given away while a quarter of its life is left; then a fresh one is made. */
#define FRESH_PART     4
#define RENEW_MS       (CA_RESPONDER_MS / 3)
#define RENEW_RETRY_MS 5000
#define JOBS_MAX       2

/* ---- the responder ---- */

struct renewal {
	struct ca_job job; /* must come first */
	struct ca *ca;
	struct private_key *key;
	struct ocsp_responder *responder;
	uint8_t serial[SERIAL_BYTES];
	struct blob certificate;
	uint64_t from_ms, until_ms;
	enum rc rc;
	struct err err;
};

static void renewal_free(struct renewal *renewal)
{
	private_key_release(&renewal->key);
	ocsp_responder_release(&renewal->responder);
	blob_release(&renewal->certificate);
	free(renewal);
}

static void renewal_drop(struct ca_job *job)
{
	struct renewal *renewal = (struct renewal *)job;

	renewal_free(renewal);
}

static enum rc make_responder(struct ca *ca, struct renewal *renewal)
{
	DROP(blob_release) struct blob spki = {0};
	struct issue_order order = {
		.profile = ISSUE_RESPONDER,
		.common_name = "limebus OCSP responder",
		.from_ms = renewal->from_ms,
		.until_ms = renewal->until_ms,
	};
	struct span own = blob_span(&ca->folder.certificate);

	TRY(private_key_generate(KEY_P256, &renewal->key, &renewal->err));
	TRY(public_key_to_der(private_key_public(renewal->key), &spki, &renewal->err));
	TRY(serial_make(renewal->serial, &renewal->err));
	memcpy(order.serial, renewal->serial, SERIAL_BYTES);
	order.spki = blob_span(&spki);
	TRY(issue(ca->issuer, &order, &renewal->certificate, &renewal->err));
	return ocsp_responder_open(
		own, blob_span(&renewal->certificate), &renewal->key, &renewal->responder, &renewal->err);
}

static void renewal_work(void *mind, struct ca_job *job)
{
	struct renewal *renewal = (struct renewal *)job;

	renewal->rc = make_responder(mind, renewal);
}

/* In the answerer's thread: from now on this one signs. */
static void install_work(void *mind, struct ca_job *job)
{
	struct ca *ca = mind;
	struct renewal *renewal = (struct renewal *)job;
	struct ocsp_responder *former = ca->responder;

	ca->responder = renewal->responder;
	renewal->responder = former;
}

static void on_installed(void *ctx, struct ca_job *job)
{
	struct ca *ca = ctx;
	struct renewal *renewal = (struct renewal *)job;
	char until[CLOCK_TEXT_BYTES];

	ca->ocsp.is_renewing = false;
	ca->ocsp.responder_until = renewal->until_ms;
	log_event(LOG_INFO, "ocsp.responder", "until=%s", clock_text(renewal->until_ms, until));
	renewal_free(renewal);
}

static void fail_renewal(struct ca *ca, struct renewal *renewal, enum rc rc, const char *why)
{
	ca->ocsp.is_renewing = false;
	log_event(LOG_ERROR, "ocsp.responder", "why=\"%s\"", why[0] != '\0' ? why : rc_words(rc));
	renewal_free(renewal);
}

static void on_logged(struct ca *ca, void *ctx, enum rc rc, uint64_t seq)
{
	struct renewal *renewal = ctx;

	(void)seq;
	renewal->job = (struct ca_job){.work = install_work, .done = on_installed, .drop = renewal_drop};
	ca->ocsp.logging = NULL;
	if (rc == RC_OK)
		rc = ca_worker_give(&ca->answerer, &renewal->job);
	if (rc != RC_OK)
		fail_renewal(ca, renewal, rc, "");
}

static void on_renewed(void *ctx, struct ca_job *job)
{
	struct ca *ca = ctx;
	struct renewal *renewal = (struct renewal *)job;
	static const uint8_t nobody[NODE_ID_BYTES];
	struct ca_entry entry = {
		.node = nobody,
		.not_after = renewal->until_ms,
		.certificate = blob_span(&renewal->certificate),
		.key = CA_KEY_RESPONDER,
	};
	enum rc rc = renewal->rc;

	memcpy(entry.serial, renewal->serial, SERIAL_BYTES);
	if (rc == RC_OK) {
		ca->ocsp.logging = renewal;
		rc = ca_log_append(ca, &entry, on_logged, renewal, &renewal->err);
	}
	if (rc != RC_OK) {
		ca->ocsp.logging = NULL;
		fail_renewal(ca, renewal, rc, renewal->err.text);
	}
}

static void renew(struct ca *ca)
{
	struct renewal *renewal = calloc(1, sizeof *renewal);
	uint64_t now = service_now(ca_service(ca));

	ca->ocsp.renewed_mono = mono_ms(ca->revocation);
	if (renewal == NULL)
		return;
	renewal->job = (struct ca_job){.work = renewal_work, .done = on_renewed, .drop = renewal_drop};
	renewal->ca = ca;
	renewal->from_ms = (now - CA_SKEW_MS) / 1000 * 1000;
	renewal->until_ms = (now + CA_RESPONDER_MS) / 1000 * 1000;
	if (renewal->until_ms > ca->end_ms)
		renewal->until_ms = ca->end_ms;
	ca->ocsp.is_renewing = true;
	if (ca_worker_give(&ca->signer, &renewal->job) != RC_OK)
		fail_renewal(ca, renewal, RC_LIMIT, "the signer has too much to do");
}

/* ---- what is to be signed ---- */

static bool want(struct ca *ca, const uint8_t serial[static SERIAL_BYTES], enum digest_alg hash)
{
	struct ca_ocsp_state *ocsp = &ca->ocsp;
	struct ca_wanted *place;

	if (ocsp->wanted == NULL)
		ocsp->wanted = calloc(CA_PRESIGN_MAX, sizeof *ocsp->wanted);
	/* What does not fit is signed when somebody asks. */
	if (ocsp->wanted == NULL || ocsp->wanted_count == CA_PRESIGN_MAX)
		return false;
	place = &ocsp->wanted[(ocsp->wanted_first + ocsp->wanted_count++) % CA_PRESIGN_MAX];
	memcpy(place->serial, serial, SERIAL_BYTES);
	place->hash = hash;
	return true;
}

void ca_ocsp_changed(struct ca *ca, const struct ca_certificate *certificate)
{
	ca_cache_drop(ca->ocsp.cache, certificate->serial);
	/* RFC 5019, 2.1.1: clients ask by SHA-1. */
	if (ca->revocation->leads)
		want(ca, certificate->serial, DIGEST_SHA1);
}

void ca_ocsp_forget(struct ca *ca)
{
	ca->ocsp.asker_count = 0;
	ca->ocsp.wanted_count = 0;
}

void ca_ocsp_drop_all(struct ca *ca)
{
	if (ca->ocsp.logging != NULL)
		renewal_free(ca->ocsp.logging);
	free(ca->ocsp.wanted);
	ca->ocsp.wanted = NULL;
}

/* ---- signing, in the answerer's thread ---- */

struct answer {
	uint8_t serial[SERIAL_BYTES];
	enum digest_alg hash;
	enum ca_state state;
	enum crl_reason reason;
	uint64_t since;
	uint64_t notice;
	struct blob response;
	enum rc rc;
};

struct batch {
	struct ca_job job; /* must come first */
	struct answer answers[CA_BATCH_MAX];
	size_t count;
	uint64_t this_ms, next_ms;
	struct err err;
};

static void batch_free(struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		blob_release(&batch->answers[i].response);
	free(batch);
}

static void batch_drop(struct ca_job *job)
{
	batch_free((struct batch *)job);
}

static void batch_work(void *mind, struct ca_job *job)
{
	struct ca *ca = mind;
	struct batch *batch = (struct batch *)job;

	for (size_t i = 0; i < batch->count; i++) {
		struct answer *one = &batch->answers[i];
		struct ocsp_answer what = {
			.serial = SPAN(one->serial),
			.hash = one->hash,
			.status = one->state == CA_LIVE ? OCSP_GOOD : OCSP_REVOKED,
			.reason = one->reason,
			.revoked_ms = one->since,
			.this_ms = batch->this_ms,
			.next_ms = batch->next_ms,
		};

		one->rc = ocsp_respond(ca->responder, &what, &one->response, &batch->err);
	}
}

/* ---- answering ---- */

static void send_response(struct ca *ca, const struct ca_asker *asker, struct span response, uint64_t until)
{
	struct msg answer = {.type = MSG_TYPE_ocsp_info,
		.id = asker->id,
		.ocsp_info = {.response = response, .until = until}};

	ca_answer(ca, &asker->peer, &answer);
}

/* Everybody who waits for this one; rc other than RC_OK is told to them. */
static void tell(struct ca *ca, const struct answer *one, enum rc rc, uint64_t until)
{
	struct ca_ocsp_state *ocsp = &ca->ocsp;

	for (size_t i = ocsp->asker_count; i-- > 0;) {
		struct ca_asker asker = ocsp->askers[i];

		if (asker.wanted.hash != one->hash ||
			memcmp(asker.wanted.serial, one->serial, SERIAL_BYTES) != 0)
			continue;
		ocsp->askers[i] = ocsp->askers[--ocsp->asker_count];
		if (rc == RC_OK)
			send_response(ca, &asker, blob_span(&one->response), until);
		else
			server_send_error(service_server(ca_service(ca)), &asker.peer, asker.id, rc,
				"the response could not be signed");
	}
}

static void settle(struct ca *ca, struct batch *batch, struct answer *one)
{
	struct ca_certificate now;

	if (one->rc != RC_OK) {
		log_event(LOG_ERROR, "ocsp.failed", "why=\"%s\"", batch->err.text);
		tell(ca, one, one->rc, 0);
		return;
	}
	/* While it was signed the certificate may have become another. */
	if (ca_table_find(ca->table, SPAN(one->serial), &now) &&
		(now.state != one->state || now.notice != one->notice)) {
		if (!want(ca, one->serial, one->hash))
			tell(ca, one, RC_LIMIT, 0);
		return;
	}
	if (ca_cache_put(ca->ocsp.cache, one->serial, one->hash, blob_span(&one->response), batch->next_ms) !=
		RC_OK)
		log_event(LOG_DEBUG, "ocsp.unkept", "bytes=%zu", one->response.len);
	tell(ca, one, RC_OK, batch->next_ms);
}

static void fill_batches(struct ca *ca);

static void on_batch(void *ctx, struct ca_job *job)
{
	struct ca *ca = ctx;
	struct batch *batch = (struct batch *)job;

	ca->ocsp.jobs--;
	for (size_t i = 0; i < batch->count; i++)
		settle(ca, batch, &batch->answers[i]);
	batch_free(batch);
	fill_batches(ca);
}

static void fill(struct ca *ca, struct batch *batch)
{
	struct ca_ocsp_state *ocsp = &ca->ocsp;

	while (batch->count < CA_BATCH_MAX && ocsp->wanted_count > 0) {
		const struct ca_wanted *wanted = &ocsp->wanted[ocsp->wanted_first];
		struct answer *one = &batch->answers[batch->count];
		struct ca_certificate now;

		ocsp->wanted_first = (ocsp->wanted_first + 1) % CA_PRESIGN_MAX;
		ocsp->wanted_count--;
		*one = (struct answer){.hash = wanted->hash};
		memcpy(one->serial, wanted->serial, SERIAL_BYTES);
		if (!ca_table_find(ca->table, SPAN(one->serial), &now)) {
			tell(ca, one, RC_NOT_FOUND, 0);
			continue;
		}
		one->state = now.state;
		one->reason = now.reason;
		one->since = now.since;
		one->notice = now.notice;
		batch->count++;
	}
}

static void fill_batches(struct ca *ca)
{
	struct ca_ocsp_state *ocsp = &ca->ocsp;
	uint64_t now = service_now(ca_service(ca));

	while (ocsp->wanted_count > 0 && ocsp->jobs < JOBS_MAX && ocsp->responder_until > now + CA_SKEW_MS) {
		struct batch *batch = calloc(1, sizeof *batch);

		if (batch == NULL)
			return;
		batch->job = (struct ca_job){.work = batch_work, .done = on_batch, .drop = batch_drop};
		batch->this_ms = now - CA_SKEW_MS;
		batch->next_ms = now + ca->config->ocsp_life_ms;
		if (batch->next_ms > ocsp->responder_until)
			batch->next_ms = ocsp->responder_until;
		fill(ca, batch);
		if (batch->count == 0 || ca_worker_give(&ca->answerer, &batch->job) != RC_OK) {
			batch_free(batch);
			return;
		}
		ocsp->jobs++;
	}
}

/* There is none, it ends soon, or it was made by a clock that was ahead. */
static bool wants_responder(const struct ca *ca, uint64_t now)
{
	uint64_t until = ca->ocsp.responder_until;

	return (until < now + RENEW_MS && until < ca->end_ms) || until > now + CA_SKEW_MS + CA_RESPONDER_MS;
}

void ca_ocsp_tick(struct ca *ca)
{
	struct ca_ocsp_state *ocsp = &ca->ocsp;
	uint64_t now = service_now(ca_service(ca)), mono = mono_ms(ca->revocation);

	if (!ca_leads(ca))
		return;
	if (!ocsp->is_renewing && wants_responder(ca, now) &&
		(ocsp->renewed_mono == 0 || mono > ocsp->renewed_mono + RENEW_RETRY_MS))
		renew(ca);
	fill_batches(ca);
}

static bool is_wanted(const struct ca_ocsp_state *ocsp, const struct ca_wanted *wanted)
{
	for (size_t i = 0; i < ocsp->asker_count; i++)
		if (ocsp->askers[i].wanted.hash == wanted->hash &&
			memcmp(ocsp->askers[i].wanted.serial, wanted->serial, SERIAL_BYTES) == 0)
			return true;
	return false;
}

static enum rc ask(struct ca *ca, const struct ca_asker *asker, struct err *err)
{
	struct ca_ocsp_state *ocsp = &ca->ocsp;
	bool is_signed_for_another = is_wanted(ocsp, &asker->wanted);

	if (ocsp->asker_count == CA_ASKED_MAX || ocsp->wanted_count == CA_PRESIGN_MAX)
		return err_set(err, RC_LIMIT, "too many questions wait for a signature; try again");
	if (!is_signed_for_another && !want(ca, asker->wanted.serial, asker->wanted.hash))
		return err_set(err, RC_NOMEM, "out of memory");
	ocsp->askers[ocsp->asker_count++] = *asker;
	fill_batches(ca);
	return RC_OK;
}

static enum rc answer_ocsp(struct ca *ca, struct ca_asker *asker, struct span serial, struct err *err)
{
	struct ca_certificate certificate;
	struct span response;
	uint64_t until = 0, now = service_now(ca_service(ca));

	if (!ca_table_find(ca->table, serial, &certificate) || certificate.is_pending)
		return err_set(err, RC_NOT_FOUND, "no certificate of ours has this serial number");
	memcpy(asker->wanted.serial, certificate.serial, SERIAL_BYTES);
	response = ca_cache_get(ca->ocsp.cache, certificate.serial, asker->wanted.hash, now,
		ca->config->ocsp_life_ms / FRESH_PART, &until);
	/* Nor one from the future. */
	if (response.len == 0 || until > now + CA_SKEW_MS + ca->config->ocsp_life_ms)
		return ask(ca, asker, err);
	send_response(ca, asker, response, until);
	return RC_OK;
}

void ca_on_ocsp_get(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct ca *ca = ca_of(ctx, peer, msg->id);
	struct ca_asker asker = {.peer = *peer, .id = msg->id};
	struct err err = {0};
	enum rc rc;

	(void)frame;
	if (ca == NULL || !lead_serves(ca->revocation, peer, msg->id))
		return;
	asker.wanted.hash = digest_of_tpm_id((uint16_t)msg->ocsp_get.hash);
	if (asker.wanted.hash != DIGEST_SHA1 && asker.wanted.hash != DIGEST_SHA256)
		rc = err_set(&err, RC_UNSUPPORTED, "CertIDs are made with SHA-1 or SHA-256");
	else
		rc = answer_ocsp(ca, &asker, msg->ocsp_get.serial, &err);
	if (rc != RC_OK)
		server_send_error(service_server(ca_service(ca)), peer, msg->id, rc, err.text);
}
