/* What operators ask: which certificates there are, and that one ends. */
#include "lib/base/log.h"
#include "services/revocation/ca_inside.h"

/* Entries that one request looks at: reading them takes some 5 us each. */
#define LOOKED_AT_MAX 1000
#define PAGE_BYTES    (256u << 10)
#define REVOKE_AGE_MS UINT64_C(300000)

struct page {
	struct ca *ca;
	const struct msg_certificates_get *get;
	struct blob raw;
	size_t count;
};

/* What became of it; false: the table has forgotten it, so it has expired. */
static void judge(const struct ca *ca, const struct msg_issued *issued, struct elem_certificate_item *item)
{
	struct ca_certificate one;

	item->state = span_text("expired");
	if (issued->not_after < service_now(ca_service(ca)) ||
		!ca_table_find(ca->table, issued->serial, &one))
		return;
	item->state = span_text(ca_state_word(one.state));
	item->since = one.since;
	item->reason = one.state == CA_LIVE ? 0 : (uint64_t)one.reason;
	item->notice = one.state == CA_LIVE ? 0 : one.notice;
}

static enum rc look_at(struct page *page, uint64_t seq)
{
	const struct msg_certificates_get *get = page->get;
	DROP(blob_release) struct blob entry = {0};
	struct elem_certificate_item item = {0};
	struct msg body;

	TRY(journal_read(page->ca->journal, seq, &entry, NULL));
	TRY(journal_body(&journal_issued, blob_span(&entry), &body, NULL));
	if ((get->node.len != 0 && !span_equal(get->node, body.issued.node)) ||
		(get->serial.len != 0 && !span_equal(get->serial, body.issued.serial)))
		return RC_OK;
	item.issued = blob_span(&entry);
	judge(page->ca, &body.issued, &item);
	if (get->state.len != 0 && !span_equal(get->state, item.state))
		return RC_OK;
	TRY(ELEM_APPEND(certificate_item, &item, &page->raw));
	page->count++;
	return RC_OK;
}

/* The number to go on after; 0: all was seen. */
static enum rc fill(struct page *page, uint64_t *next)
{
	const struct ca *ca = page->ca;
	uint64_t last = journal_end(ca->journal)->seq;
	uint64_t seq = page->get->after;
	struct ca_certificate one;

	*next = 0;
	/* One that has not expired is found at once. */
	if (page->get->serial.len != 0 && seq == 0 && ca_table_find(ca->table, page->get->serial, &one) &&
		!one.is_pending)
		return look_at(page, one.seq);
	for (unsigned looked = 0; seq < last; looked++) {
		if (looked == LOOKED_AT_MAX || page->count == PAGE_MAX || page->raw.len > PAGE_BYTES) {
			*next = seq;
			return RC_OK;
		}
		TRY(look_at(page, ++seq));
	}
	return RC_OK;
}

void ca_on_certificates_get(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct ca *ca = ca_of(ctx, peer, msg->id);
	struct page page = {.ca = ca, .get = &msg->certificates_get};
	struct msg answer = {.type = MSG_TYPE_certificates, .id = msg->id};
	enum rc rc;

	(void)frame;
	if (ca == NULL || !lead_serves(ca->revocation, peer, msg->id))
		return;
	rc = fill(&page, &answer.certificates.next);
	if (rc == RC_OK) {
		answer.certificates.certificates = (struct list){blob_span(&page.raw), page.count};
		ca_answer(ca, peer, &answer);
	} else {
		server_send_error(service_server(ca_service(ca)), peer, msg->id, rc,
			"the log of issued certificates cannot be read");
	}
	blob_release(&page.raw);
}

/* ---- an administrator ends one ---- */

static enum rc check_revoke(struct ca *ca, struct span bytes, struct err *err)
{
	uint64_t now = service_now(ca_service(ca));
	struct ca_certificate one;
	struct signed_msg request;
	const struct msg_certificate_revoke *revoke = &request.msg.certificate_revoke;

	TRY(roster_signed_now(service_roster(ca_service(ca)), bytes, MSG_TYPE_certificate_revoke, ROLE_ADMIN,
		now, &request, err));
	if (revoke->time + REVOKE_AGE_MS < now || revoke->time > now + REVOKE_AGE_MS)
		return err_set(err, RC_STALE, "the request is not of the last %llu minutes",
			(unsigned long long)REVOKE_AGE_MS / 60000);
	/* A hold is what a suspension makes, and only that can lift it. */
	if (crl_reason_word((enum crl_reason)revoke->reason) == NULL ||
		revoke->reason == CRL_CERTIFICATE_HOLD || revoke->reason == CRL_REMOVE_FROM_CRL)
		return err_set(err, RC_MALFORMED, "reason %llu is none that a certificate is revoked for",
			(unsigned long long)revoke->reason);
	if (!ca_table_find(ca->table, revoke->serial, &one) || one.is_pending)
		return err_set(err, RC_NOT_FOUND,
			"no certificate of ours that has not expired has this serial number");
	if (!span_equal(revoke->node, SPAN(one.node)))
		return err_set(err, RC_DENIED, "the certificate with this serial number is another node's");
	return RC_OK;
}

void ca_on_revoke_put(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct ca *ca = ca_of(ctx, peer, msg->id);
	struct span bytes = msg->certificate_revoke_put.request;
	struct err err = {0};
	enum rc rc;

	(void)frame;
	if (ca == NULL || !lead_serves(ca->revocation, peer, msg->id))
		return;
	rc = check_revoke(ca, bytes, &err);
	if (rc == RC_OK)
		rc = issue_cause(ca->revocation, peer, msg->id, bytes, &err);
	if (rc == RC_OK)
		return;
	log_event(LOG_WARN, "revoke.refused", "why=\"%s\"", err.text);
	ca_refuse(ca, peer, msg->id, rc, &err);
}
