/* From a cause to a notice: signed at once, in the log with all others of this turn, then published, then
 * answered. */
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/hex.h"
#include "lib/base/log.h"
#include "lib/crypto/digest.h"
#include "services/revocation/inner.h"

/* A notice that is appended, and whom to answer when it is in the log. */
struct draft {
	struct draft *next; /* of those that are settled */
	struct revocation *revocation;
	struct watched *node;
	struct watched before; /* what was known of the node, to be taken back if it is not logged */
	enum notice_kind kind;
	bool has_cause;
	uint8_t cause_hash[HASH_BYTES];
	bool has_peer;
	struct peer peer;
	uint64_t id;

	/* While it is made. */
	struct span cause;
	const struct notice_cause *opened;
	struct span reason;
};

/* ---- what it says ---- */

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

static struct span cause_reason(const struct msg *msg, char *text, size_t room)
{
	if (msg->type == MSG_TYPE_node_request)
		return msg->node_request.reason;
	if (msg->type == MSG_TYPE_policy_use)
		return msg->policy_use.reason;
	if (msg->type == MSG_TYPE_certificate_revoke)
		return msg->certificate_revoke.text;
	if (msg->type == MSG_TYPE_verdict) {
		verdict_reason(&msg->verdict, text, room);
		return reason_span(text);
	}
	return (struct span){0};
}

/* The name of the verdict's signer, as it was given to him, even if his key has ended since. */
static struct span verifier_name(const struct revocation *revocation, const struct notice_cause *cause)
{
	const struct roster_member *member;
	size_t len;

	if (cause == NULL || cause->signed_msg.msg.type != MSG_TYPE_verdict)
		return (struct span){0};
	member = roster_by_sign(service_roster(revocation->service), cause->signed_msg.key);
	if (member == NULL)
		return (struct span){0};
	return roster_name_is_ended(member->name, &len) ? span_of(member->name, len)
	                                                : span_text(member->name);
}

/* The certificates that this notice is about. */
static enum rc add_serials(const struct draft *draft, struct blob *raw, size_t *count)
{
	const struct follower *follower = &draft->revocation->follower;

	*count = 0;
	if (draft->kind == NOTICE_CERTIFICATE_REVOKED) {
		struct elem_serial serial = {draft->opened->signed_msg.msg.certificate_revoke.serial};

		*count = 1;
		return ELEM_APPEND(serial, &serial, raw);
	}
	if (follower->serials != NULL)
		*count = follower->serials(follower->ctx, draft->node->id, draft->kind, raw);
	return RC_OK;
}

/* ---- drafting ---- */

static enum rc make(void *ctx, const struct journal_next *next, struct blob *out, struct err *err)
{
	const struct draft *draft = ctx;
	const struct msg *cause = draft->opened == NULL ? NULL : &draft->opened->signed_msg.msg;
	DROP(blob_release) struct blob reasons = {0};
	DROP(blob_release) struct blob serials = {0};
	struct msg msg = {
		.type = MSG_TYPE_notice,
		.notice = {.seq = next->seq,
			.previous = next->previous,
			.kind = span_text(notice_kind_word(draft->kind)),
			.node = SPAN(draft->node->id),
			.time = next->time,
			.severity = notice_kind_severity(draft->kind),
			.reason = draft->reason,
			.cause = draft->cause,
			.verifier = verifier_name(draft->revocation, draft->opened),
			.evidence = notice_evidence(cause)},
	};

	TRY(notice_reasons(draft->kind, cause, &reasons, &msg.notice.reasons.count));
	TRY(add_serials(draft, &serials, &msg.notice.certificates.count));
	msg.notice.reasons.raw = blob_span(&reasons);
	msg.notice.certificates.raw = blob_span(&serials);
	return signed_make_by(draft->revocation->signer, &msg, out, err);
}

static void refuse(const struct draft *draft, enum rc rc)
{
	/* RC_IO: we end, and do not know. */
	if (!draft->has_peer || rc == RC_IO ||
		(rc == RC_STALE && !lead_serves(draft->revocation, &draft->peer, draft->id)))
		return;
	server_send_error(service_server(draft->revocation->service), &draft->peer, draft->id,
		rc == RC_STALE ? RC_TIMEOUT : rc, "the notice could not be written; try again");
}

/* In the log it is answered after it was published; else what it changed is taken back. */
static void drafted(void *ctx, enum rc rc, uint64_t seq, struct span entry)
{
	struct draft *draft = ctx;
	struct revocation *revocation = draft->revocation;
	struct msg body;

	(void)seq;
	if (rc != RC_OK) {
		watched_take_back(&revocation->watched, draft->node, &draft->before);
		if (draft->has_cause)
			cause_forget(revocation, draft->cause_hash);
		refuse(draft, rc);
		free(draft);
		return;
	}
	if (draft->has_cause && cause_remember(revocation, draft->cause_hash, NULL) != RC_OK)
		log_event(LOG_ERROR, "memory", "a cause could not be remembered");
	if (journal_body(&journal_notices, entry, &body, NULL) == RC_OK)
		issue_told(revocation, &body.notice, entry);
	*revocation->settled_end = draft;
	revocation->settled_end = &draft->next;
}

/* Append the draft. The journal ends it from here on, unless this fails. seq is what it became. */
static enum rc append(struct revocation *revocation, struct draft *draft, uint64_t *out_seq, struct err *err)
{
	TRY(journal_append(revocation->log, make, drafted, draft, err));
	*out_seq = journal_last(revocation->log);
	draft->opened = NULL;
	draft->cause = (struct span){0};
	draft->reason = (struct span){0};
	return RC_OK;
}

bool issue_observation(
	struct revocation *revocation, struct watched *node, enum notice_kind kind, const char *reason)
{
	struct draft *draft = calloc(1, sizeof *draft);
	struct err err = {0};
	uint64_t seq = 0;

	if (draft == NULL)
		return false;
	*draft = (struct draft){.revocation = revocation,
		.node = node,
		.before = *node,
		.kind = kind,
		.reason = reason_span(reason)};
	if (append(revocation, draft, &seq, &err) != RC_OK) {
		log_event(LOG_WARN, "notice.failed", "kind=%s why=\"%s\"", notice_kind_word(kind), err.text);
		free(draft);
		return false;
	}
	/* At once: a node that is vouched for twice in a turn is restored once. */
	watched_note(&revocation->watched, node, kind, seq, NULL);
	return true;
}

/* ---- causes ---- */

static void answer_ok(struct revocation *revocation, const struct peer *peer, uint64_t id, const char *text)
{
	struct msg answer = {.type = MSG_TYPE_ok, .id = id, .ok = {span_text(text)}};

	if (server_send(service_server(revocation->service), peer, &answer) != RC_OK)
		log_event(LOG_DEBUG, "cause.unanswered", "the sender is gone; it will ask again");
}

/* True: it was answered, or will be by the draft that it made before. */
static bool is_repeated(struct revocation *revocation, const struct peer *peer, uint64_t id,
	const uint8_t hash[static HASH_BYTES])
{
	struct draft *draft = cause_draft(revocation, hash);

	if (draft != NULL) {
		draft->peer = *peer;
		draft->id = id;
		return true;
	}
	if (!cause_is_known(revocation, hash))
		return false;
	answer_ok(revocation, peer, id, "known");
	return true;
}

static enum rc draft_cause(struct revocation *revocation, const struct notice_cause *cause,
	struct watched *node, struct draft *draft, struct err *err)
{
	char text[TEXT_MAX + 1] = "";
	uint64_t seq = 0;
	enum rc rc;

	draft->reason = cause_reason(&cause->signed_msg.msg, text, sizeof text);
	draft->opened = cause;
	rc = cause_remember(revocation, draft->cause_hash, draft);
	if (rc != RC_OK)
		return err_set(err, rc, "out of memory");
	rc = append(revocation, draft, &seq, err);
	if (rc != RC_OK) {
		cause_forget(revocation, draft->cause_hash);
		return rc;
	}
	/* Later causes of this turn are compared with this one. */
	watched_note(&revocation->watched, node, cause->kind, seq, &cause->signed_msg.msg);
	return RC_OK;
}

/* It must not be sent for ever; but somebody replays, or a store was put back. */
static void note_stale(struct revocation *revocation, const struct notice_cause *cause)
{
	revocation->stale_causes++;
	log_event(LOG_WARN, "cause.stale", "kind=%s", notice_kind_word(cause->kind));
	service_event(
		revocation->service, "cause.stale", cause->node.at, notice_kind_word(cause->kind), 0, NULL);
}

enum rc issue_cause(struct revocation *revocation, const struct peer *peer, uint64_t id, struct span bytes,
	struct err *err)
{
	struct notice_cause cause;
	struct watched *node;
	struct draft *draft;
	uint8_t hash[HASH_BYTES];
	enum rc rc;

	TRY(digest_bytes(DIGEST_SHA256, bytes, hash));
	if (is_repeated(revocation, peer, id, hash))
		return RC_OK;
	TRY(notice_cause_open(
		service_roster(revocation->service), bytes, service_now(revocation->service), &cause, err));
	node = watched_get(&revocation->watched, cause.node.at);
	draft = calloc(1, sizeof *draft);
	if (node == NULL || draft == NULL) {
		free(draft);
		return err_set(err, RC_NOMEM, "out of memory");
	}
	if (watched_is_stale(node, &cause)) {
		free(draft);
		note_stale(revocation, &cause);
		answer_ok(revocation, peer, id, "stale");
		return RC_OK;
	}
	*draft = (struct draft){.revocation = revocation,
		.node = node,
		.before = *node,
		.kind = cause.kind,
		.cause = bytes,
		.has_cause = true,
		.has_peer = true,
		.peer = *peer,
		.id = id};
	memcpy(draft->cause_hash, hash, HASH_BYTES);
	rc = draft_cause(revocation, &cause, node, draft, err);
	if (rc != RC_OK)
		free(draft);
	return rc;
}

void issue_refuse(struct revocation *revocation, const struct peer *peer, uint64_t id, enum rc rc,
	const struct err *err)
{
	if (rc == RC_STALE && !lead_serves(revocation, peer, id))
		return;
	log_event(LOG_WARN, "request.refused", "why=\"%s\"", err->text);
	server_send_error(service_server(revocation->service), peer, id, rc == RC_STALE ? RC_TIMEOUT : rc,
		err->text[0] != '\0' ? err->text : rc_words(rc));
}

/* What an operator says to us himself is not taken from a verifier: it was not looked at as it is there. */
static enum rc put_cause(
	struct revocation *revocation, const struct peer *peer, const struct msg *msg, struct err *err)
{
	struct span bytes = msg->cause_put.cause;
	struct msg cause;

	if (issue_read_cause(bytes, &cause) &&
		(cause.type == MSG_TYPE_profile || cause.type == MSG_TYPE_certificate_revoke))
		return err_set(
			err, RC_DENIED, "cause: verifiers do not bring a %s", msg_type_name(cause.type));
	return issue_cause(revocation, peer, msg->id, bytes, err);
}

void issue_on_cause(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct revocation *revocation = ctx;
	struct err err = {0};
	enum rc rc;

	(void)frame;
	if (!lead_serves(revocation, peer, msg->id))
		return;
	rc = put_cause(revocation, peer, msg, &err);
	if (rc != RC_OK)
		issue_refuse(revocation, peer, msg->id, rc, &err);
}

/* ---- what is in the log ---- */

void issue_told(struct revocation *revocation, const struct msg_notice *notice, struct span signed_notice)
{
	const struct follower *follower = &revocation->follower;
	struct msg cause;
	bool has_cause = issue_read_cause(notice->cause, &cause);

	if (follower->notice != NULL)
		follower->notice(follower->ctx, notice, has_cause ? &cause : NULL);
	if (!revocation->is_open)
		return;
	publish_add(revocation, notice, signed_notice);
	log_event(LOG_INFO, "notice.issued", "seq=%llu kind=%.*s", (unsigned long long)notice->seq,
		SPAN_FMT(notice->kind));
}

void issue_settled(void *ctx)
{
	struct revocation *revocation = ctx;
	struct draft *draft = revocation->settled;

	revocation->settled = NULL;
	revocation->settled_end = &revocation->settled;
	publish_flush(revocation);
	while (draft != NULL) {
		struct draft *next = draft->next;

		if (draft->has_peer)
			answer_ok(revocation, &draft->peer, draft->id, NULL);
		free(draft);
		draft = next;
	}
	issue_head(revocation);
}

void issue_release(struct revocation *revocation)
{
	while (revocation->settled != NULL) {
		struct draft *next = revocation->settled->next;

		free(revocation->settled);
		revocation->settled = next;
	}
	blob_release(&revocation->outgoing.items);
}
