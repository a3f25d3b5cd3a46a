/* The log of issued certificates: everything that the CA's key signs, except lists. */
#include <stdlib.h>

#include "lib/base/log.h"
#include "lib/crypto/digest.h"
#include "services/revocation/ca_inside.h"

/* Orders older than this are refused by their time alone. */
#define ORDER_KEPT_MS UINT64_C(600000)
#define KEPT_MS       UINT64_C(86400000)
#define LOOKED_AT_MAX 16 /* entries in a tick */

static void keep_order(struct ca *ca, struct span order, uint64_t seq)
{
	struct ca_ordered *place = &ca->ordered[ca->ordered_next % CA_ORDERS_KEPT];

	if (digest_bytes(DIGEST_SHA256, order, place->hash) != RC_OK)
		return;
	place->seq = seq;
	ca->ordered_next++;
}

uint64_t ca_log_ordered(const struct ca *ca, const uint8_t hash[static HASH_BYTES])
{
	for (size_t i = 0; i < CA_ORDERS_KEPT; i++)
		if (ca->ordered[i].seq != 0 && memcmp(ca->ordered[i].hash, hash, HASH_BYTES) == 0)
			return ca->ordered[i].seq;
	return 0;
}

/* ---- what Redis must have ---- */

/* Nobody who lacks it for a day needs it. A responder's is of no use to anybody but its maker. */
static bool may_go(const struct msg_issued *issued, uint64_t now_ms)
{
	uint64_t end = span_is(issued->key, CA_KEY_RESPONDER) ? issued->time : issued->not_after;

	return end + KEPT_MS < now_ms;
}

void ca_log_tick(struct ca *ca)
{
	uint64_t now = service_now(ca_service(ca));

	for (unsigned looked = 0; looked < LOOKED_AT_MAX && ca->keep < journal_end(ca->journal)->seq;
		looked++) {
		DROP(blob_release) struct blob entry = {0};
		struct msg body;

		if (journal_read(ca->journal, ca->keep, &entry, NULL) != RC_OK ||
			journal_body(&journal_issued, blob_span(&entry), &body, NULL) != RC_OK ||
			!may_go(&body.issued, now))
			return;
		ca->keep++;
	}
}

uint64_t ca_log_keep(void *ctx)
{
	const struct ca *ca = ctx;

	return ca->keep;
}

static enum rc take(struct ca *ca, const struct msg_issued *issued, bool is_pending)
{
	struct ca_certificate one = {
		.not_after = issued->not_after,
		.seq = issued->seq,
		.notice = issued->notice,
		.is_pending = is_pending,
	};

	/* Serials of ours have SERIAL_BYTES; what is not ours cannot be looked up either. */
	if (issued->serial.len != SERIAL_BYTES)
		return RC_OK;
	memcpy(one.serial, issued->serial.at, SERIAL_BYTES);
	memcpy(one.node, issued->node.at, NODE_ID_BYTES);
	return ca_table_add(ca->table, &one);
}

enum rc ca_log_each(void *ctx, const struct msg *body, struct span entry, struct err *err)
{
	struct ca *ca = ctx;
	const struct msg_issued *issued = &body->issued;
	uint64_t now = service_now(ca_service(ca));
	enum rc rc = RC_OK;

	(void)entry;
	if (ca->keep == issued->seq && may_go(issued, now))
		ca->keep++;
	/* A list that tells it after its end may be missing still. */
	if (issued->not_after + ca->config->crl_life_ms >= now)
		rc = take(ca, issued, false);
	if (issued->order.len != 0 && issued->time + ORDER_KEPT_MS >= now)
		keep_order(ca, issued->order, issued->seq);
	if (rc == RC_EXISTS)
		return err_set(err, RC_DENIED, "certificate %llu: its serial number is there already",
			(unsigned long long)issued->seq);
	return rc == RC_OK ? RC_OK
	                   : err_set(err, rc, "certificate %llu: %s", (unsigned long long)issued->seq,
				     rc_words(rc));
}

/* ---- appending ---- */

struct item {
	struct ca *ca;
	const struct ca_entry *entry; /* while journal_append runs */
	uint8_t serial[SERIAL_BYTES];
	ca_log_done *done;
	void *ctx;
};

static enum rc make_entry(void *ctx, const struct journal_next *next, struct blob *out, struct err *err)
{
	struct item *item = ctx;
	const struct ca_entry *entry = item->entry;
	struct ca *ca = item->ca;
	struct msg msg = {
		.type = MSG_TYPE_issued,
		.issued = {.seq = next->seq,
			.previous = next->previous,
			.time = next->time,
			.node = span_of(entry->node, NODE_ID_BYTES),
			.serial = SPAN(item->serial),
			.not_after = entry->not_after,
			.certificate = entry->certificate,
			.key = span_text(entry->key),
			.order = entry->order,
			/* Of what is durable: a notice that waits still counts as later. */
			.notice = journal_end(ca->revocation->log)->seq},
	};

	TRY(signed_make(&service_identity(ca_service(ca))->sign, &msg, out, err));
	return take(ca, &msg.issued, true) == RC_OK
	               ? RC_OK
	               : err_set(err, RC_LIMIT, "there is no room for more certificates");
}

static void settle(struct item *item, enum rc rc, uint64_t seq, struct span entry)
{
	struct ca *ca = item->ca;
	struct msg body;
	struct err err = {0};

	if (rc != RC_OK) {
		ca_table_take_back(ca->table, SPAN(item->serial));
		return;
	}
	/* Our own bytes, as they are in the file. */
	if (journal_body(&journal_issued, entry, &body, &err) != RC_OK ||
		take(ca, &body.issued, false) != RC_OK) {
		log_event(LOG_ERROR, "ca.log", "seq=%llu why=\"%s\"", (unsigned long long)seq, err.text);
		return;
	}
	if (body.issued.order.len != 0)
		keep_order(ca, body.issued.order, seq);
	ca->issued_count++;
}

static void on_done(void *ctx, enum rc rc, uint64_t seq, struct span entry)
{
	struct item *item = ctx;

	settle(item, rc, seq, entry);
	item->done(item->ca, item->ctx, rc, seq);
	free(item);
}

enum rc ca_log_append(
	struct ca *ca, const struct ca_entry *entry, ca_log_done *done, void *ctx, struct err *err)
{
	struct item *item = calloc(1, sizeof *item);
	enum rc rc;

	if (item == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	*item = (struct item){.ca = ca, .entry = entry, .done = done, .ctx = ctx};
	memcpy(item->serial, entry->serial, SERIAL_BYTES);
	rc = journal_append(ca->journal, make_entry, on_done, item, err);
	if (rc == RC_OK) {
		item->entry = NULL;
		return RC_OK;
	}
	ca_table_take_back(ca->table, SPAN(item->serial));
	free(item);
	return rc;
}
