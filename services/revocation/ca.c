#include "services/revocation/ca.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/pki/cert_facts.h"
#include "services/revocation/ca_inside.h"

#define TICK_MS          100
#define SWEEP_SLOTS      4096 /* a tick: a million certificates in half a minute */
#define CA_END_WARN_MS   (UINT64_C(30) * 24 * 3600 * 1000)
#define PASSPHRASE_BYTES 1024

/* ---- what notices do ---- */

static enum ca_effect effect_of(enum notice_kind kind)
{
	switch (kind) {
	case NOTICE_REVOKED:
	case NOTICE_REMOVED: return CA_END;
	case NOTICE_CERTIFICATE_REVOKED: return CA_END_ONE;
	case NOTICE_SUSPENDED: return CA_SUSPEND;
	case NOTICE_REINSTATED: return CA_RESUME;
	case NOTICE_LAPSED: return CA_LAPSE;
	case NOTICE_RESTORED: return CA_RESTORE;
	case NOTICE_UNKNOWN:
	case NOTICE_PROVISIONED:
	case NOTICE_POLICY_CHANGED:
	case NOTICE_DESCRIBED:
	case NOTICE_KIND_COUNT: break;
	}
	return CA_NOTHING;
}

static struct ca_notice notice_of(
	enum notice_kind kind, const uint8_t node[static NODE_ID_BYTES], const struct msg *cause)
{
	struct ca_notice out = {.effect = effect_of(kind), .node = node, .reason = CRL_PRIVILEGE_WITHDRAWN};

	if (out.effect != CA_END_ONE)
		return out;
	if (cause == NULL || cause->type != MSG_TYPE_certificate_revoke) {
		out.effect = CA_NOTHING;
		return out;
	}
	out.serial = cause->certificate_revoke.serial;
	out.reason = (enum crl_reason)cause->certificate_revoke.reason;
	return out;
}

static bool changed(void *ctx, const struct ca_certificate *certificate)
{
	ca_ocsp_changed(ctx, certificate);
	return true;
}

static void on_notice(void *ctx, const struct msg_notice *notice, const struct msg *cause)
{
	struct ca *ca = ctx;
	struct ca_notice what = notice_of(notice_kind_parse(notice->kind), notice->node.at, cause);
	enum rc rc;

	what.seq = notice->seq;
	what.time = notice->time;
	rc = ca_table_note(ca->table, &what, changed, ca);
	if (rc != RC_OK)
		log_event(LOG_ERROR, "ca.memory", "notice=%llu why=\"%s\"", (unsigned long long)notice->seq,
			rc_words(rc));
}

/* Of a certificate-revoked notice the log names the serial by itself. */
static size_t on_serials(
	void *ctx, const uint8_t node[static NODE_ID_BYTES], enum notice_kind kind, struct blob *raw)
{
	const struct ca *ca = ctx;
	uint8_t serials[NOTICE_SERIALS_MAX][SERIAL_BYTES];
	struct ca_notice what = notice_of(kind, node, NULL);
	size_t count, done = 0;

	count = ca_table_affected(ca->table, &what, service_now(ca_service(ca)), serials, NOTICE_SERIALS_MAX);
	while (done < count) {
		struct elem_serial item = {span_of(serials[done], SERIAL_BYTES)};

		if (ELEM_APPEND(serial, &item, raw) != RC_OK)
			break;
		done++;
	}
	return done;
}

/* ---- answering ---- */

struct ca *ca_of(void *ctx, const struct peer *peer, uint64_t id)
{
	struct revocation *revocation = ctx;

	if (revocation->ca == NULL)
		server_send_error(service_server(revocation->service), peer, id, RC_UNSUPPORTED,
			"this revocation service has no CA: its option \"ca\" names no folder");
	return revocation->ca;
}

void ca_answer(struct ca *ca, const struct peer *peer, const struct msg *msg)
{
	enum rc rc = server_send(service_server(ca_service(ca)), peer, msg);

	if (rc != RC_OK)
		log_event(LOG_DEBUG, "ca.unanswered", "type=%s why=\"%s\"", msg_type_name(msg->type),
			rc_words(rc));
}

void ca_refuse(struct ca *ca, const struct peer *peer, uint64_t id, enum rc rc, const struct err *err)
{
	ca->refused_count++;
	server_send_error(service_server(ca_service(ca)), peer, id, rc,
		err->text[0] != '\0' ? err->text : rc_words(rc));
}

static enum rc add_certificate(struct span der, struct blob *raw, size_t *count)
{
	struct elem_certificate item = {der};

	TRY(ELEM_APPEND(certificate, &item, raw));
	++*count;
	return RC_OK;
}

enum rc ca_chain(const struct ca *ca, bool with_own, struct blob *raw, size_t *count)
{
	*count = 0;
	if (with_own)
		TRY(add_certificate(blob_span(&ca->folder.certificate), raw, count));
	for (size_t i = 0; i < ca->folder.chain_count && *count < CHAIN_MAX; i++)
		TRY(add_certificate(blob_span(&ca->folder.chain[i]), raw, count));
	return RC_OK;
}

void ca_on_ca_get(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct ca *ca = ca_of(ctx, peer, msg->id);
	DROP(blob_release) struct blob raw = {0};
	struct msg answer = {.type = MSG_TYPE_ca_info, .id = msg->id};
	size_t count = 0;

	(void)frame;
	if (ca == NULL)
		return;
	if (ca_chain(ca, false, &raw, &count) != RC_OK)
		count = 0;
	answer.ca_info = (struct msg_ca_info){blob_span(&ca->folder.certificate), {blob_span(&raw), count}};
	ca_answer(ca, peer, &answer);
}

/* ---- status ---- */

static void status_of_key(struct ca *ca, struct facts *facts)
{
	uint64_t now = service_now(ca_service(ca));
	char end[CLOCK_TEXT_BYTES];

	clock_text(ca->end_ms, end);
	facts_add(facts,
		now + CA_END_WARN_MS < ca->end_ms ? FACT_GOOD
		: now < ca->end_ms                ? FACT_WARN
						  : FACT_BAD,
		"CA", "make the next CA certificate (limebus ca init) before this one ends",
		"key in %s, certificate until %.10s", private_key_home_name(ca->folder.home), end);
}

static void status_of_lists(struct ca *ca, struct facts *facts)
{
	const struct ca_list *full = &ca->crl.full;
	uint64_t now = service_now(ca_service(ca));

	if (full->number == 0)
		facts_add(facts, ca_leads(ca) ? FACT_WARN : FACT_GOOD, "CRL",
			"see the log: the first one comes within a second once this service leads",
			"none yet");
	else
		facts_add(facts, full->until > now ? FACT_GOOD : FACT_BAD, "CRL",
			"see the log: why is no new one made?",
			"number %llu, %zu bytes, delta %zu, %s %llu s", (unsigned long long)full->number,
			full->der.len, ca->crl.delta.der.len,
			full->until > now ? "good for" : "out of date since",
			(unsigned long long)((full->until > now ? full->until - now : now - full->until) /
					     1000));
	facts_add(facts, FACT_GOOD, "OCSP", NULL, "%zu responses signed and kept, %zu bytes",
		ca_cache_count(ca->ocsp.cache), ca_cache_bytes(ca->ocsp.cache));
}

void ca_status(struct ca *ca, struct facts *facts)
{
	struct ca_counts counts;

	if (ca == NULL)
		return;
	counts = ca_table_counts(ca->table);
	status_of_key(ca, facts);
	facts_add(facts, FACT_GOOD, "certificates", NULL,
		"%zu live, %zu held, %zu revoked; %llu issued and %llu refused since the start; %zu bytes of memory",
		counts.live, counts.held, counts.revoked, (unsigned long long)ca->issued_count,
		(unsigned long long)ca->refused_count, counts.bytes);
	facts_add(facts, journal_trouble(ca->journal)[0] == '\0' ? FACT_GOOD : FACT_BAD, "certificate log",
		"see the log of this service", "%llu entries, %llu bytes%s%s",
		(unsigned long long)journal_end(ca->journal)->seq,
		(unsigned long long)journal_bytes(ca->journal),
		journal_trouble(ca->journal)[0] == '\0' ? "" : "; ", journal_trouble(ca->journal));
	status_of_lists(ca, facts);
}

/* ---- beginning and end ---- */

static void on_tick(void *ctx)
{
	struct ca *ca = ctx;
	uint64_t now = service_now(ca_service(ca));

	if (ca_clock_is_steady(&ca->clock, now, mono_ms(ca->revocation))) {
		ca_table_sweep(ca->table, now, SWEEP_SLOTS);
		ca_log_tick(ca);
	}
	ca_issue_tick(ca);
	ca_crl_tick(ca);
	ca_ocsp_tick(ca);
}

static enum rc open_key(struct ca *ca, struct err *err)
{
	const struct revocation_config *config = ca->config;
	DROP(blob_release) struct blob secret = {0};
	struct ca_key_place place = {0};
	char room[4096];

	if (config->ca_passphrase != NULL && config->ca_passphrase[0] != '\0')
		TRY(file_read_secret(config->ca_passphrase, PASSPHRASE_BYTES, &secret, err));
	while (secret.len != 0 && (secret.at[secret.len - 1] == '\n' || secret.at[secret.len - 1] == '\r'))
		secret.len--;
	TRY(ca_folder_place(&ca->folder, config->ca, blob_span(&secret), room, &place, err));
	return ca_key_open(&place, &ca->key, err);
}

static enum rc read_end(struct ca *ca, struct err *err)
{
	struct cert_facts facts;

	if (cert_facts_read(blob_span(&ca->folder.certificate), &facts) != RC_OK)
		return err_set(
			err, RC_MALFORMED, "%s/%s: not a certificate", ca->config->ca, CA_FOLDER_CERTIFICATE);
	ca->end_ms = facts.until_ms;
	return RC_OK;
}

enum rc ca_prepare(const struct revocation_config *config, struct ca **out, struct err *err)
{
	DROP(ca_close) struct ca *ca = NULL;
	enum rc rc;

	if (config->ca == NULL || config->ca[0] == '\0')
		return RC_OK;
	ca = calloc(1, sizeof *ca);
	if (ca == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	ca->config = config;
	TRY(ca_folder_load(config->ca, &ca->folder, err));
	TRY(read_end(ca, err));
	rc = open_key(ca, err);
	if (rc != RC_OK)
		return err_wrap(err, rc, "the CA's key: ");
	rc = issuer_open(blob_span(&ca->folder.certificate), &ca->key, &ca->issuer, err);
	if (rc != RC_OK)
		return err_wrap(err, rc, "%s/%s: ", config->ca, CA_FOLDER_CERTIFICATE);
	for (int i = 0; i < CA_URL_COUNT; i++)
		ca->url[i] = ca_folder_url(&ca->folder, (enum ca_url)i, ca->urls[i]);
	*out = TAKE(ca);
	return RC_OK;
}

/* Numbers of lists are read again; who waits for a signature asks the next leader. */
static void on_lead(void *ctx, bool leads)
{
	struct ca *ca = ctx;

	(void)leads;
	ca->crl.has_number = false;
	ca_ocsp_forget(ca);
}

static void on_failed(void *ctx, const struct err *err)
{
	struct ca *ca = ctx;

	ca->revocation->failed = *err;
	loop_stop(service_loop(ca_service(ca)));
}

static enum rc open_journal(struct ca *ca, struct err *err)
{
	struct journal_options options = {
		.kind = &journal_issued,
		.stream = "lb:{0}:issued",
		.path = ca->config->issued_log,
		.service = ca_service(ca),
		.each = ca_log_each,
		.keep = ca_log_keep,
		.failed = on_failed,
		.ctx = ca,
	};
	size_t cut = 0;

	ca->keep = 1;
	TRY(journal_open(&options, &ca->journal, &cut, err));
	lead_add(ca->revocation, ca->journal);
	if (cut != 0)
		log_event(
			LOG_WARN, "ca.log.cut", "bytes=%zu why=\"a crash left an entry half-written\"", cut);
	log_event(LOG_INFO, "ca.open", "key=%s issued=%llu live=%zu", private_key_home_name(ca->folder.home),
		(unsigned long long)journal_end(ca->journal)->seq, ca_table_counts(ca->table).live);
	return RC_OK;
}

static void name_files(struct ca *ca)
{
	const char *log = ca->config->log;
	const char *slash = strrchr(log, '/');
	int folder = slash == NULL ? 1 : (int)(slash - log);

	if (slash == NULL)
		log = ".";
	snprintf(ca->crl_path, sizeof ca->crl_path, "%.*s/ca.crl", folder, log);
	snprintf(ca->delta_path, sizeof ca->delta_path, "%.*s/ca-delta.crl", folder, log);
}

enum rc ca_start(struct ca *ca, struct revocation *revocation, struct err *err)
{
	struct loop *loop = service_loop(revocation->service);

	if (ca == NULL)
		return RC_OK;
	ca->revocation = revocation;
	name_files(ca);
	TRY(ca_table_open(&ca->table, err));
	TRY(ca_cache_open(CA_CACHE_BYTES, &ca->ocsp.cache, err));
	TRY(open_journal(ca, err));
	revocation->follower = (struct follower){on_notice, on_serials, on_lead, ca};
	ca_crl_load(ca);
	TRY(ca_worker_open(&ca->signer, loop, ca, ca, err));
	TRY(ca_worker_open(&ca->answerer, loop, ca, ca, err));
	return loop_every(loop, &ca->tick, TICK_MS, on_tick, ca);
}

void ca_stop(struct ca *ca)
{
	if (ca == NULL || ca->revocation == NULL)
		return;
	loop_cancel(service_loop(ca_service(ca)), &ca->tick);
	ca_worker_close(&ca->signer);
	ca_worker_close(&ca->answerer);
}

void ca_close(struct ca **ca)
{
	struct ca *c = *ca;

	if (c == NULL)
		return;
	*ca = NULL;
	journal_close(&c->journal);
	ca_issue_drop_all(c);
	ca_ocsp_drop_all(c);
	ca_cache_close(&c->ocsp.cache);
	ca_table_close(&c->table);
	ocsp_responder_release(&c->responder);
	issuer_release(&c->issuer);
	private_key_release(&c->key);
	ca_folder_release(&c->folder);
	blob_release(&c->crl.full.der);
	blob_release(&c->crl.delta.der);
	free(c);
}
