/* From a cause to a published notice: durable first, published second, answered third. What a turn of the
 * loop brought is flushed with one fsync. */
#include <search.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/hex.h"
#include "lib/base/log.h"
#include "lib/crypto/digest.h"
#include "services/revocation/inner.h"

/* ---- causes that made a notice already ---- */

static int compare_hash(const void *a, const void *b)
{
	return memcmp(a, b, HASH_BYTES);
}

bool cause_is_known(const struct revocation *revocation, const uint8_t hash[static HASH_BYTES])
{
	return tfind(hash, &revocation->causes, compare_hash) != NULL;
}

enum rc cause_remember(struct revocation *revocation, const uint8_t hash[static HASH_BYTES])
{
	uint8_t *copy;

	if (cause_is_known(revocation, hash))
		return RC_OK;
	copy = malloc(HASH_BYTES);
	if (copy == NULL)
		return RC_NOMEM;
	memcpy(copy, hash, HASH_BYTES);
	if (tsearch(copy, &revocation->causes, compare_hash) == NULL) {
		free(copy);
		return RC_NOMEM;
	}
	return RC_OK;
}

void causes_release(struct revocation *revocation)
{
	tdestroy(revocation->causes, free);
	revocation->causes = NULL;
}

/* ---- drafting ---- */

static uint64_t next_time(struct revocation *revocation)
{
	uint64_t now = service_now(revocation->service);

	return now > revocation->last_time ? now : revocation->last_time;
}

/* "pcr-value: pcr 15 (sha256): expected 00…, found 7c… (and 2 more)" */
static void verdict_reason(const struct msg_verdict *verdict, char *out, size_t room)
{
	struct list rest = verdict->findings;
	struct elem_finding first;
	int n;

	if (!ELEM_NEXT(finding, &rest, &first)) {
		snprintf(out, room, "the verifier gives no finding");
		return;
	}
	n = snprintf(out, room, "%.*s: %.*s: expected %.*s, found %.*s", SPAN_FMT(first.check),
		SPAN_FMT(first.subject), SPAN_FMT(first.expected), SPAN_FMT(first.found));
	if (verdict->findings_count > 1 && n >= 0 && (size_t)n < room)
		snprintf(out + n, room - (size_t)n, " (and %llu more)",
			(unsigned long long)verdict->findings_count - 1);
}

/* Cut to what the schema takes, without cutting a character in two. */
static struct span reason_span(const char *text)
{
	struct span span = span_text(text);

	if (span.len > TEXT_MAX)
		span.len = TEXT_MAX;
	while (span.len != 0 && (span.at[span.len - 1] & 0xc0) == 0x80)
		span.len--;
	if (span.len != 0 && (span.at[span.len - 1] & 0x80) != 0)
		span.len--;
	return span;
}

static enum rc draft(struct revocation *revocation, struct watched *node, enum notice_kind kind,
	struct span cause, struct span reason, struct draft **out, struct err *err)
{
	struct draft *slot = &revocation->drafts[revocation->draft_count];
	const struct notice_place *end = journal_file_end(revocation->log);
	struct msg msg = {
		.type = MSG_TYPE_notice,
		.notice = {.seq = end->seq + 1,
			.previous = SPAN(end->hash),
			.kind = span_text(notice_kind_word(kind)),
			.node = SPAN(node->id),
			.time = next_time(revocation),
			.severity = notice_kind_severity(kind),
			.reason = reason,
			.cause = cause},
	};

	if (revocation->draft_count == BATCH_MAX)
		return err_set(err, RC_LIMIT, "too many notices at once; try again");
	*slot = (struct draft){.node = node, .kind = kind, .seq = msg.notice.seq, .before = *node};
	TRY(signed_make(&service_identity(revocation->service)->sign, &msg, &slot->signed_notice, err));
	if (journal_file_append(revocation->log, blob_span(&slot->signed_notice), err) != RC_OK) {
		blob_release(&slot->signed_notice);
		return err_set(err, RC_IO, "the notice cannot be appended");
	}
	revocation->last_time = msg.notice.time;
	revocation->draft_count++;
	*out = slot;
	return RC_OK;
}

void issue_observation(
	struct revocation *revocation, struct watched *node, enum notice_kind kind, const char *reason)
{
	struct draft *made = NULL;
	struct err err = {0};

	if (draft(revocation, node, kind, (struct span){0}, reason_span(reason), &made, &err) != RC_OK)
		log_event(LOG_ERROR, "notice.failed", "kind=%s why=\"%s\"", notice_kind_word(kind), err.text);
	else
		/* At once: a node that is vouched for twice in a turn is restored once. */
		watched_note(&revocation->watched, node, kind, made->seq, NULL);
}

static struct span cause_reason(const struct msg *msg, char *text, size_t room)
{
	if (msg->type == MSG_TYPE_node_request)
		return msg->node_request.reason;
	if (msg->type == MSG_TYPE_verdict) {
		verdict_reason(&msg->verdict, text, room);
		return reason_span(text);
	}
	return (struct span){0};
}

static void answer_ok(struct revocation *revocation, const struct peer *peer, uint64_t id, const char *text)
{
	struct msg answer = {.type = MSG_TYPE_ok, .id = id, .ok = {span_text(text)}};

	if (server_send(service_server(revocation->service), peer, &answer) != RC_OK)
		log_event(LOG_DEBUG, "cause.unanswered", "the verifier is gone; it will ask again");
}

/* Drafts of this very turn count too: a cause that is sent twice before the flush is answered by the first
 * one's flush. */
static bool is_drafted(const struct revocation *revocation, const uint8_t hash[static HASH_BYTES])
{
	for (size_t i = 0; i < revocation->draft_count; i++)
		if (revocation->drafts[i].has_peer &&
			memcmp(revocation->drafts[i].cause_hash, hash, HASH_BYTES) == 0)
			return true;
	return false;
}

static enum rc take_cause(
	struct revocation *revocation, const struct peer *peer, const struct msg *msg, struct err *err)
{
	struct span bytes = msg->cause_put.cause;
	char text[TEXT_MAX + 1] = "";
	struct notice_cause cause;
	struct draft *made = NULL;
	struct watched *node;
	uint8_t hash[HASH_BYTES];

	TRY(digest_bytes(DIGEST_SHA256, bytes, hash));
	if (cause_is_known(revocation, hash)) {
		answer_ok(revocation, peer, msg->id, "known");
		return RC_OK;
	}
	if (is_drafted(revocation, hash))
		return RC_OK;
	TRY(notice_cause_open(
		service_roster(revocation->service), bytes, service_now(revocation->service), &cause, err));
	node = watched_get(&revocation->watched, cause.node.at);
	if (node == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	if (watched_is_stale(node, &cause)) {
		/* It must not be sent for ever; but somebody replays, or a store was put back. */
		revocation->stale_causes++;
		log_event(LOG_WARN, "cause.stale", "kind=%s", notice_kind_word(cause.kind));
		service_event(
			revocation->service, "cause.stale", node->id, notice_kind_word(cause.kind), 0, NULL);
		answer_ok(revocation, peer, msg->id, "stale");
		return RC_OK;
	}
	TRY(draft(revocation, node, cause.kind, bytes, cause_reason(&cause.signed_msg.msg, text, sizeof text),
		&made, err));
	made->has_peer = true;
	made->peer = *peer;
	made->id = msg->id;
	memcpy(made->cause_hash, hash, HASH_BYTES);
	/* Later causes of this turn are compared with this one; should the flush fail, it is taken back. */
	watched_note(&revocation->watched, node, cause.kind, made->seq, &cause.signed_msg.msg);
	return RC_OK;
}

void issue_on_cause(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct revocation *revocation = ctx;
	struct err err = {0};
	enum rc rc = take_cause(revocation, peer, msg, &err);

	(void)frame;
	if (rc == RC_OK)
		return;
	log_event(LOG_WARN, "cause.refused", "why=\"%s\"", err.text);
	server_send_error(service_server(revocation->service), peer, msg->id, rc,
		err.text[0] != '\0' ? err.text : rc_words(rc));
}

/* ---- flushing ---- */

static void publish(struct revocation *revocation, const struct draft *made)
{
	static const char prefix[] = "notice.";
	char topic[sizeof prefix + 2 * NODE_ID_BYTES];

	memcpy(topic, prefix, sizeof prefix - 1);
	hex_encode(SPAN(made->node->id), topic + sizeof prefix - 1);
	service_publish(revocation->service, topic, blob_span(&made->signed_notice));
	log_event(LOG_INFO, "notice.issued", "seq=%llu kind=%s node=%.16s", (unsigned long long)made->seq,
		notice_kind_word(made->kind), topic + sizeof prefix - 1);
}

static void settle(struct revocation *revocation, struct draft *made)
{
	publish(revocation, made);
	if (!made->has_peer)
		return;
	if (cause_remember(revocation, made->cause_hash) != RC_OK)
		log_event(LOG_ERROR, "memory", "a cause could not be remembered");
	answer_ok(revocation, &made->peer, made->id, NULL);
}

static void refuse(struct revocation *revocation, const struct draft *made, enum rc rc, const char *text)
{
	if (made->has_peer)
		server_send_error(service_server(revocation->service), &made->peer, made->id, rc, text);
}

void issue_flush(void *ctx)
{
	struct revocation *revocation = ctx;
	struct err err = {0};
	enum rc rc;

	if (revocation->draft_count == 0)
		return;
	rc = journal_file_flush(revocation->log, &err);
	if (rc != RC_OK)
		log_event(
			LOG_ERROR, "log.failed", "notices=%zu why=\"%s\"", revocation->draft_count, err.text);
	revocation->disk_failed = rc != RC_OK;
	/* The last ones first, so that the first one's memory of the node is what stays. */
	for (size_t i = revocation->draft_count; rc != RC_OK && i-- > 0;)
		watched_take_back(
			&revocation->watched, revocation->drafts[i].node, &revocation->drafts[i].before);
	for (size_t i = 0; i < revocation->draft_count; i++) {
		if (rc == RC_OK)
			settle(revocation, &revocation->drafts[i]);
		else
			refuse(revocation, &revocation->drafts[i], rc, err.text);
		blob_release(&revocation->drafts[i].signed_notice);
	}
	revocation->draft_count = 0;
	if (rc == RC_OK)
		issue_head(revocation);
}

/* ---- heads ---- */

enum rc issue_make_head(struct revocation *revocation, struct blob *out, struct err *err)
{
	const struct notice_place *place = journal_file_flushed(revocation->log);
	struct msg head = {.type = MSG_TYPE_head,
		.head = {.seq = place->seq,
			.hash = SPAN(place->hash),
			.time = service_now(revocation->service)}};

	return signed_make(&service_identity(revocation->service)->sign, &head, out, err);
}

void issue_head(void *ctx)
{
	struct revocation *revocation = ctx;
	DROP(blob_release) struct blob head = {0};
	struct err err = {0};

	if (issue_make_head(revocation, &head, &err) != RC_OK)
		log_event(LOG_ERROR, "head.failed", "why=\"%s\"", err.text);
	else
		service_publish(revocation->service, "head", blob_span(&head));
}
