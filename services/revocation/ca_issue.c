/*
 * From a request to a certificate. In this order, cheap to dear: we lead; the nonce is this connection's and
 * fresh; the node is trusted; it has not had too many; the registrar's record has this NK; then, in the
 * signer's thread, the request, the proof of its key, the certificate. It is sent once its entry in the log
 * is durable.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/hex.h"
#include "lib/base/log.h"
#include "lib/crypto/digest.h"
#include "lib/crypto/random.h"
#include "lib/pki/csr.h"
#include "lib/trust/csr_proof.h"
#include "lib/trust/record.h"
#include "services/revocation/ca_inside.h"

/* Requests that change something are at most so old (proto/PROTOCOL.md, 8). */
#define ORDER_AGE_MS       UINT64_C(300000)
#define ORDER_LIFE_MS      UINT64_C(86400000)
#define NAMES_MAX          (2 * TAGS_MAX + 1)
#define ADDRESS_TEXT_BYTES INET6_ADDRSTRLEN
#define WAITS_MS           1000

/* A request under way: of a node (csr_put), or of an operator (is_order). Owned by ca->requests until it is
 * answered, whoever has its job. */
struct ca_request {
	struct ca_job job; /* must come first */
	struct ca *ca;
	struct ca_request *next;
	struct peer peer;
	uint64_t id;
	bool is_order;
	uint8_t node[NODE_ID_BYTES];
	uint8_t nk[CURVE_KEY_BYTES];
	uint8_t nonce[NONCE_BYTES];
	char digits[HEX_BYTES(NODE_ID_BYTES)];
	/* Copies. */
	struct blob csr, attest, signature, key_public; /* of the request */
	struct blob ak_public, ek_public;               /* of the registrar's record */
	struct blob order;                              /* as it was signed */
	uint8_t order_hash[HASH_BYTES];
	/* What goes in. */
	char names[NAMES_MAX][SAN_DNS_MAX + 1];
	struct san sans[NAMES_MAX];
	size_t san_count;
	uint64_t profile_seq; /* of the notice that the names come from; 0: there is none */
	char common_name[COMMON_NAME_MAX + 1];
	uint8_t serial[SERIAL_BYTES];
	uint64_t from_ms, until_ms;
	uint64_t waits_until; /* monotonic: for notices that are being written; 0: it does not wait */
	/* What came out. */
	enum rc rc;
	struct err err;
	struct blob certificate;
};

static void request_free(struct ca_request *request)
{
	struct blob *const blobs[] = {&request->csr, &request->attest, &request->signature,
		&request->key_public, &request->ak_public, &request->ek_public, &request->order,
		&request->certificate};

	for (size_t i = 0; i < COUNT(blobs); i++)
		blob_release(blobs[i]);
	free(request);
}

static void take_out(struct ca_request *request)
{
	struct ca_request **link = &request->ca->requests;

	while (*link != request)
		link = &(*link)->next;
	*link = request->next;
	request->ca->request_count--;
	request_free(request);
}

void ca_issue_drop_all(struct ca *ca)
{
	while (ca->requests != NULL)
		take_out(ca->requests);
}

static void refuse(struct ca_request *request, enum rc rc, const struct err *err)
{
	log_event(LOG_WARN, "certificate.refused", "node=%.16s why=\"%s\"", request->digits,
		err->text[0] != '\0' ? err->text : rc_words(rc));
	ca_refuse(request->ca, &request->peer, request->id, rc, err);
	take_out(request);
}

/* The client sends its request again when it has waited for a second: the first one is answered. */
static bool is_under_way(const struct ca *ca, const struct peer *peer, uint64_t id)
{
	for (const struct ca_request *one = ca->requests; one != NULL; one = one->next)
		if (one->id == id && memcmp(one->peer.key, peer->key, CURVE_KEY_BYTES) == 0)
			return true;
	return false;
}

static enum rc begin(struct ca *ca, const struct peer *peer, uint64_t id,
	const uint8_t node[static NODE_ID_BYTES], struct ca_request **out, struct err *err)
{
	struct ca_request *request;

	if (ca->request_count == CA_REQUESTS_MAX)
		return err_set(err, RC_LIMIT, "too many requests for certificates at once; try again");
	request = calloc(1, sizeof *request);
	if (request == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	request->ca = ca;
	request->peer = *peer;
	request->id = id;
	memcpy(request->node, node, NODE_ID_BYTES);
	memcpy(request->nk, peer->key, CURVE_KEY_BYTES);
	hex_encode(SPAN(request->node), request->digits);
	request->next = ca->requests;
	ca->requests = request;
	ca->request_count++;
	*out = request;
	return RC_OK;
}

/* ---- who may have one ---- */

static enum rc not_ended(const struct watched *node, struct err *err)
{
	if (node != NULL && (node->decided == NOTICE_REVOKED || node->decided == NOTICE_SUSPENDED ||
				    node->decided == NOTICE_REMOVED))
		return err_set(err, RC_DENIED, "the last word of the notice log about this node is \"%s\"",
			notice_kind_word(node->decided));
	return RC_OK;
}

/* Trusted: the log says nothing against it, and a verifier vouched for it within its limit. */
static enum rc is_trusted(const struct ca *ca, const uint8_t id[static NODE_ID_BYTES], struct err *err)
{
	const struct watched *node = watched_find(&ca->revocation->watched, id);

	TRY(not_ended(node, err));
	if (node == NULL || node->limit_ms == 0)
		return err_set(err, RC_DENIED, "no verifier has vouched for this node yet");
	if (node->has_lapsed || watched_is_silent(node, mono_ms(ca->revocation)))
		return err_set(err, RC_DENIED, "no verifier has vouched for this node for more than %llu ms",
			(unsigned long long)node->limit_ms);
	return RC_OK;
}

static enum rc is_allowed(const struct ca_request *request, struct err *err)
{
	if (request->is_order)
		return not_ended(watched_find(&request->ca->revocation->watched, request->node), err);
	return is_trusted(request->ca, request->node, err);
}

/* A certificate says what the log says. What is drafted may yet be lost: one that only a draft allows, or
 * that has names which a later profile took away, would be ended by nobody. */
static enum rc is_settled(const struct ca_request *request, struct err *err)
{
	const struct revocation *revocation = request->ca->revocation;
	const struct watched *node = watched_find(&revocation->watched, request->node);

	if (node != NULL && (node->latest_seq > journal_end(revocation->log)->seq ||
				    node->profile_seq != request->profile_seq))
		return err_set(err, RC_TIMEOUT, "a notice about this node is being written; ask again");
	return RC_OK;
}

/* ---- what it says ---- */

static void add_name(struct ca_request *request, enum san_kind kind, const char *text)
{
	char *copy = request->names[request->san_count];
	struct san san = {kind, span_text(copy)};

	snprintf(copy, sizeof request->names[0], "%s", text);
	san.text = span_text(copy);
	/* The profile was signed by an operator; what is no name all the same does not go in. */
	if (!san_holds(san))
		log_event(LOG_WARN, "certificate.name", "node=%.16s name=\"%s\" why=\"left out\"",
			request->digits, copy);
	else
		request->sans[request->san_count++] = san;
}

static void add_profile(struct ca_request *request, const struct msg_profile *profile)
{
	struct list names = profile->names, addresses = profile->addresses;
	struct elem_dns_name name;
	struct elem_address address;
	char text[SAN_DNS_MAX + 1];

	while (request->san_count < TAGS_MAX && ELEM_NEXT(dns_name, &names, &name)) {
		snprintf(text, sizeof text, "%.*s", SPAN_FMT(name.name));
		add_name(request, SAN_DNS, text);
	}
	while (request->san_count < NAMES_MAX - 1 && ELEM_NEXT(address, &addresses, &address)) {
		int family = address.address.len == 16 ? AF_INET6 : AF_INET;

		if ((address.address.len == 4 || address.address.len == 16) &&
			inet_ntop(family, address.address.at, text, ADDRESS_TEXT_BYTES) != NULL)
			add_name(request, SAN_IP, text);
	}
}

/* The tenant's last word about a node, from the notice log. RC_TIMEOUT: it is not there yet, or cannot be
 * read: a certificate without its names would be a wrong one. */
static enum rc add_last_profile(struct ca_request *request, struct err *err)
{
	const struct revocation *revocation = request->ca->revocation;
	const struct watched *node = watched_find(&revocation->watched, request->node);
	DROP(blob_release) struct blob notice = {0};
	struct msg body, profile;

	if (node == NULL || node->profile_seq == 0)
		return RC_OK;
	if (journal_read(revocation->log, node->profile_seq, &notice, NULL) != RC_OK ||
		journal_body(&journal_notices, blob_span(&notice), &body, NULL) != RC_OK ||
		!issue_read_cause(body.notice.cause, &profile) || profile.type != MSG_TYPE_profile)
		return err_set(err, RC_TIMEOUT, "the node's profile cannot be read now; ask again");
	request->profile_seq = node->profile_seq;
	add_profile(request, &profile.profile);
	return RC_OK;
}

/* Names come from the profile and from nowhere else; the node's id is always there. */
static enum rc set_names(struct ca_request *request, struct err *err)
{
	char urn[sizeof "urn:limebus:node:" + 2 * NODE_ID_BYTES];

	TRY(add_last_profile(request, err));
	snprintf(request->common_name, sizeof request->common_name, "%.16s", request->digits);
	if (request->san_count != 0 && request->sans[0].kind == SAN_DNS &&
		common_name_holds(request->sans[0].text))
		snprintf(request->common_name, sizeof request->common_name, "%.64s", request->names[0]);
	snprintf(urn, sizeof urn, "urn:limebus:node:%s", request->digits);
	add_name(request, SAN_URI, urn);
	return RC_OK;
}

static void set_life(struct ca_request *request, uint64_t life_ms)
{
	const struct ca *ca = request->ca;
	uint64_t now = service_now(ca_service(ca));

	request->from_ms = (now - CA_SKEW_MS) / 1000 * 1000;
	request->until_ms = (now + life_ms) / 1000 * 1000;
	if (request->until_ms > ca->end_ms)
		request->until_ms = ca->end_ms;
}

/* ---- in the signer's thread ---- */

static enum rc prove(struct ca_request *request, const struct csr *csr)
{
	struct csr_proof proof = {
		.csr = blob_span(&request->csr),
		.nonce = request->nonce,
		.nk = request->nk,
		.node = request->node,
		.ek_public = blob_span(&request->ek_public),
		.ak_public = blob_span(&request->ak_public),
		.spki = blob_span(&csr->spki),
		.attest = blob_span(&request->attest),
		.signature = blob_span(&request->signature),
		.key_public = blob_span(&request->key_public),
	};

	/* An order's key is the operator's; his signature is what speaks for it. */
	return request->is_order ? RC_OK : csr_proof_check(&proof, &request->err);
}

static enum rc make(struct ca *ca, struct ca_request *request)
{
	DROP(csr_release) struct csr csr = {0};
	struct issue_order order = {
		.profile = ISSUE_NODE,
		.common_name = request->common_name,
		.from_ms = request->from_ms,
		.until_ms = request->until_ms,
		.names = request->sans,
		.names_count = request->san_count,
		.ekus = ISSUE_CLIENT | ISSUE_SERVER | ISSUE_IPSEC_IKE,
		.crl_url = ca->url[CA_URL_CRL],
		.delta_url = ca->url[CA_URL_DELTA],
		.ocsp_url = ca->url[CA_URL_OCSP],
		.issuer_url = ca->url[CA_URL_CERTIFICATE],
	};

	TRY(csr_parse(blob_span(&request->csr), &csr, &request->err));
	TRY(prove(request, &csr));
	TRY(serial_make(request->serial, &request->err));
	memcpy(order.serial, request->serial, SERIAL_BYTES);
	order.spki = blob_span(&csr.spki);
	TRY(issue(ca->issuer, &order, &request->certificate, &request->err));
	return request->certificate.len <= CERTIFICATE_MAX
	               ? RC_OK
	               : err_set(&request->err, RC_LIMIT,
				 "the certificate would have more than %d bytes: too many names",
				 CERTIFICATE_MAX);
}

static void work(void *mind, struct ca_job *job)
{
	struct ca_request *request = (struct ca_request *)job;

	request->rc = make(mind, request);
}

/* ---- afterwards ---- */

static void send_certificate(
	struct ca *ca, const struct peer *peer, uint64_t id, struct span certificate, uint64_t renew)
{
	DROP(blob_release) struct blob raw = {0};
	struct msg answer = {.type = MSG_TYPE_certificate_info, .id = id};
	size_t count = 0;

	if (ca_chain(ca, true, &raw, &count) != RC_OK)
		count = 0;
	answer.certificate_info = (struct msg_certificate_info){certificate, {blob_span(&raw), count}, renew};
	ca_answer(ca, peer, &answer);
}

static const char *key_word(const struct ca_request *request)
{
	if (request->is_order)
		return "order";
	return request->key_public.len != 0 ? "tpm" : "software";
}

static void on_logged(struct ca *ca, void *ctx, enum rc rc, uint64_t seq)
{
	struct ca_request *request = ctx;
	uint64_t now = service_now(ca_service(ca));
	char serial[HEX_BYTES(SERIAL_BYTES)];

	/* We end, and do not know: who asks again is told by whoever leads then. */
	if (rc == RC_IO) {
		take_out(request);
		return;
	}
	if (rc != RC_OK) {
		struct err err = {0};

		err_set(&err, rc, "the certificate could not be logged, so it does not count; ask again");
		refuse(request, rc, &err);
		return;
	}
	log_event(LOG_INFO, "certificate.issued", "seq=%llu node=%.16s serial=%s key=%s life_s=%llu",
		(unsigned long long)seq, request->digits, hex_encode(SPAN(request->serial), serial),
		key_word(request), (unsigned long long)(request->until_ms - now) / 1000);
	service_event(ca_service(ca), "certificate.issued", request->node, key_word(request), seq, serial);
	send_certificate(ca, &request->peer, request->id, blob_span(&request->certificate),
		now + (request->until_ms - now) / 3 * 2);
	take_out(request);
}

static enum rc log_it(struct ca_request *request, struct err *err)
{
	struct ca *ca = request->ca;
	struct ca_entry entry = {
		.node = request->node,
		.not_after = request->until_ms,
		.certificate = blob_span(&request->certificate),
		.key = key_word(request),
		.order = blob_span(&request->order),
	};

	/* While the signer worked, much may have happened. */
	TRY(is_allowed(request, err));
	TRY(is_settled(request, err));
	memcpy(entry.serial, request->serial, SERIAL_BYTES);
	return ca_log_append(ca, &entry, on_logged, request, err);
}

/* Log it, now or when the notices about its node are in their log. */
static void finish(struct ca_request *request)
{
	uint64_t now = mono_ms(request->ca->revocation);
	enum rc rc = log_it(request, &request->err);

	if (rc == RC_TIMEOUT && request->waits_until == 0)
		request->waits_until = now + WAITS_MS;
	else if (rc != RC_OK && (rc != RC_TIMEOUT || now >= request->waits_until))
		refuse(request, rc, &request->err);
	else if (rc == RC_OK)
		request->waits_until = 0;
}

void ca_issue_tick(struct ca *ca)
{
	struct ca_request *next;

	for (struct ca_request *request = ca->requests; request != NULL; request = next) {
		next = request->next;
		if (request->waits_until != 0)
			finish(request);
	}
}

static void on_made(void *ctx, struct ca_job *job)
{
	struct ca_request *request = (struct ca_request *)job;

	(void)ctx;
	if (request->rc == RC_OK)
		finish(request);
	else
		refuse(request, request->rc, &request->err);
}

static void on_dropped(struct ca_job *job)
{
	/* ca_issue_drop_all frees it. */
	(void)job;
}

/* ---- the registrar's record ---- */

static enum rc open_record(struct ca_request *request, struct span value, struct err *err)
{
	struct ca *ca = request->ca;
	struct record_view view;
	char key[6 + HEX_BYTES(NODE_ID_BYTES)];

	snprintf(key, sizeof key, "node/%s", request->digits);
	TRY(record_open(service_roster(ca_service(ca)), value,
		(struct record_expect){"node", key, MSG_TYPE_node, ROLE_REGISTRAR, 0},
		service_now(ca_service(ca)), &view, err));
	if (!span_equal(view.body.node.node, SPAN(request->node)))
		return err_set(err, RC_DENIED, "the registrar's record is another node's");
	if (!request->is_order && !span_equal(view.body.node.nk, SPAN(request->nk)))
		return err_set(err, RC_DENIED,
			"this connection's key is not the one that the node enrolled with last");
	TRY(blob_copy(&request->ak_public, view.body.node.ak_public));
	return blob_copy(&request->ek_public, view.body.node.ek_public);
}

static void on_record(void *ctx, enum rc rc, struct span value)
{
	struct ca_request *request = ctx;
	struct err err = {0};

	if (rc == RC_NOT_FOUND)
		err_set(&err, RC_DENIED, "this node is not enrolled");
	else if (rc == RC_OK)
		rc = open_record(request, value, &err);
	if (rc == RC_OK)
		rc = is_allowed(request, &err);
	if (rc == RC_OK) {
		request->job.work = work;
		request->job.done = on_made;
		request->job.drop = on_dropped;
		rc = ca_worker_give(&request->ca->signer, &request->job);
	}
	if (rc != RC_OK)
		refuse(request, rc == RC_NOT_FOUND ? RC_DENIED : rc, &err);
}

static enum rc look_up(struct ca_request *request)
{
	return store_hash_get(service_store(ca_service(request->ca)), KEY_NODE, span_text(request->digits),
		RECORD_MAX + 1024, on_record, request);
}

/* ---- a node asks ---- */

void ca_on_csr_begin(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct ca *ca = ca_of(ctx, peer, msg->id);
	uint8_t nonce[NONCE_BYTES];
	struct msg answer = {.type = MSG_TYPE_csr_nonce, .id = msg->id, .csr_nonce = {SPAN(nonce)}};
	struct err err = {0};
	enum rc rc;

	(void)frame;
	if (ca == NULL || !lead_serves(ca->revocation, peer, msg->id))
		return;
	rc = random_fill(nonce, sizeof nonce, &err);
	if (rc == RC_OK)
		rc = ca_nonces_put(&ca->nonces, peer->key, nonce, mono_ms(ca->revocation));
	if (rc == RC_OK)
		ca_answer(ca, peer, &answer);
	else
		ca_refuse(ca, peer, msg->id, rc, &err);
}

/* Never less than twice what renewal at two thirds takes. */
static uint64_t ca_rate(const struct ca *ca)
{
	uint64_t needed = 2 * (UINT64_C(5400000) / ca->config->certificate_life_ms + 1);

	return ca->config->certificate_rate > needed ? ca->config->certificate_rate : needed;
}

static enum rc may_ask(struct ca *ca, const struct peer *peer, const struct msg_csr_put *put,
	const uint8_t *node, struct err *err)
{
	uint64_t wait = 0, rate = ca_rate(ca);

	if (node == NULL)
		return err_set(err, RC_DENIED, "this connection is no node's");
	if (!ca_nonces_take(&ca->nonces, peer->key, put->nonce.at, mono_ms(ca->revocation)))
		return err_set(err, RC_DENIED,
			"the nonce is not this connection's, was used, or is older than %d s",
			CA_NONCE_GOOD_MS / 1000);
	TRY(is_trusted(ca, node, err));
	if (ca_table_charge(ca->table, node, service_now(ca_service(ca)), UINT64_C(3600000) / rate,
		    (unsigned)rate, &wait) != RC_OK)
		return err_set(err, RC_LIMIT,
			"a node gets at most %llu certificates an hour; the next one in %llu s",
			(unsigned long long)rate, (unsigned long long)wait / 1000 + 1);
	return RC_OK;
}

/* What the request brings, for the signer; then the registrar's record. */
static enum rc go_on(struct ca_request *request, const struct msg_csr_put *put, struct err *err)
{
	enum rc rc = blob_copy(&request->csr, put->csr);

	if (rc == RC_OK)
		rc = blob_copy(&request->attest, put->attest);
	if (rc == RC_OK)
		rc = blob_copy(&request->signature, put->signature);
	if (rc == RC_OK)
		rc = blob_copy(&request->key_public, put->public);
	if (rc == RC_OK)
		rc = look_up(request);
	return rc == RC_OK ? RC_OK : err_set(err, rc, "the registrar's record cannot be read now; ask again");
}

static enum rc take_csr(struct ca *ca, const struct peer *peer, const struct msg *msg, struct err *err)
{
	const struct msg_csr_put *put = &msg->csr_put;
	const uint8_t *node = admit_node_of(ca->revocation, peer->key);
	struct ca_request *request = NULL;
	enum rc rc;

	TRY(may_ask(ca, peer, put, node, err));
	TRY(begin(ca, peer, msg->id, node, &request, err));
	memcpy(request->nonce, put->nonce.at, NONCE_BYTES);
	set_life(request, ca->config->certificate_life_ms);
	rc = set_names(request, err);
	if (rc == RC_OK)
		rc = go_on(request, put, err);
	if (rc != RC_OK)
		take_out(request);
	return rc;
}

void ca_on_csr_put(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct ca *ca = ca_of(ctx, peer, msg->id);
	struct err err = {0};
	enum rc rc;

	(void)frame;
	if (ca == NULL || is_under_way(ca, peer, msg->id) || !lead_serves(ca->revocation, peer, msg->id))
		return;
	rc = take_csr(ca, peer, msg, &err);
	if (rc == RC_OK)
		return;
	log_event(LOG_WARN, "certificate.refused", "why=\"%s\"", err.text);
	ca_refuse(ca, peer, msg->id, rc, &err);
}

/* ---- an operator asks ---- */

static enum rc open_order(struct ca *ca, struct span bytes, struct signed_msg *out,
	uint8_t hash[static HASH_BYTES], struct err *err)
{
	uint64_t now = service_now(ca_service(ca));
	const struct msg_certificate_order *order = &out->msg.certificate_order;

	TRY(roster_signed_now(service_roster(ca_service(ca)), bytes, MSG_TYPE_certificate_order,
		ROLES_PROVISION, now, out, err));
	TRY(digest_bytes(DIGEST_SHA256, bytes, hash));
	if (order->time + ORDER_AGE_MS < now || order->time > now + ORDER_AGE_MS)
		return err_set(err, RC_STALE, "the order is not of the last %llu minutes",
			(unsigned long long)ORDER_AGE_MS / 60000);
	if (order->life_ms > ca->config->certificate_life_max_ms)
		return err_set(err, RC_LIMIT,
			"certificates live for at most %llu s (option certificate-life-max)",
			(unsigned long long)ca->config->certificate_life_max_ms / 1000);
	return RC_OK;
}

/* The very same order again is answered with the certificate that it made. */
static bool answer_again(
	struct ca *ca, const struct peer *peer, uint64_t id, const uint8_t hash[static HASH_BYTES])
{
	DROP(blob_release) struct blob entry = {0};
	uint64_t seq = ca_log_ordered(ca, hash);
	struct msg body;

	if (seq == 0 || journal_read(ca->journal, seq, &entry, NULL) != RC_OK ||
		journal_body(&journal_issued, blob_span(&entry), &body, NULL) != RC_OK)
		return false;
	send_certificate(ca, peer, id, body.issued.certificate, 0);
	return true;
}

static bool is_ordered(const struct ca *ca, const uint8_t hash[static HASH_BYTES])
{
	for (const struct ca_request *one = ca->requests; one != NULL; one = one->next)
		if (one->is_order && memcmp(one->order_hash, hash, HASH_BYTES) == 0)
			return true;
	return false;
}

static enum rc take_order(struct ca *ca, const struct peer *peer, const struct msg *msg, struct err *err)
{
	struct span bytes = msg->certificate_order_put.request;
	struct ca_request *request = NULL;
	struct signed_msg order;
	uint8_t hash[HASH_BYTES];
	uint64_t life;
	enum rc rc;

	TRY(open_order(ca, bytes, &order, hash, err));
	if (answer_again(ca, peer, msg->id, hash))
		return RC_OK;
	if (is_ordered(ca, hash))
		return err_set(err, RC_LIMIT, "this order is being worked on; ask again");
	TRY(begin(ca, peer, msg->id, order.msg.certificate_order.node.at, &request, err));
	request->is_order = true;
	memcpy(request->order_hash, hash, HASH_BYTES);
	life = order.msg.certificate_order.life_ms;
	if (life == 0)
		life = ca->config->certificate_life_max_ms < ORDER_LIFE_MS
		               ? ca->config->certificate_life_max_ms
		               : ORDER_LIFE_MS;
	set_life(request, life);
	rc = is_allowed(request, err);
	if (rc == RC_OK)
		rc = set_names(request, err);
	if (rc == RC_OK)
		rc = blob_copy(&request->csr, order.msg.certificate_order.csr);
	if (rc == RC_OK)
		rc = blob_copy(&request->order, bytes);
	if (rc == RC_OK)
		rc = look_up(request);
	if (rc != RC_OK)
		take_out(request);
	return rc;
}

void ca_on_order_put(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct ca *ca = ca_of(ctx, peer, msg->id);
	struct err err = {0};
	enum rc rc;

	(void)frame;
	if (ca == NULL || is_under_way(ca, peer, msg->id) || !lead_serves(ca->revocation, peer, msg->id))
		return;
	rc = take_order(ca, peer, msg, &err);
	if (rc == RC_OK)
		return;
	log_event(LOG_WARN, "order.refused", "why=\"%s\"", err.text);
	ca_refuse(ca, peer, msg->id, rc, &err);
}
