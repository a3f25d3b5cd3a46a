/* What the log says, whoever put it there; and the signed head. */
#include "lib/base/log.h"
#include "lib/crypto/digest.h"
#include "services/revocation/inner.h"

bool issue_read_cause(struct span cause, struct msg *out)
{
	struct msg envelope;

	return cause.len != 0 && msg_decode_as(cause, MSG_TYPE_signed_body, &envelope) == RC_OK &&
	       msg_decode(envelope.signed_body.body, out) == RC_OK;
}

enum rc issue_check_foreign(void *ctx, struct span signed_notice, struct err *err)
{
	struct revocation *revocation = ctx;
	struct notice_view view;

	/* That it is not dated ahead is for those who listen: what is in the log cannot be dated anew. */
	return notice_open(service_roster(revocation->service), signed_notice, UINT64_MAX, &view, err);
}

enum rc issue_on_logged(void *ctx, const struct msg *body, struct span signed_notice, struct err *err)
{
	struct revocation *revocation = ctx;
	const struct msg_notice *notice = &body->notice;
	struct watched *node = watched_get(&revocation->watched, notice->node.at);
	uint8_t hash[HASH_BYTES];
	struct msg cause;
	bool has_cause = issue_read_cause(notice->cause, &cause);

	if (node == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	watched_note(&revocation->watched, node, notice_kind_parse(notice->kind), notice->seq,
		has_cause ? &cause : NULL);
	if (notice->cause.len != 0) {
		TRY(digest_bytes(DIGEST_SHA256, notice->cause, hash));
		TRY(cause_remember(revocation, hash, NULL));
	}
	issue_told(revocation, notice, signed_notice);
	return RC_OK;
}

enum rc issue_make_head(struct revocation *revocation, struct blob *out, struct err *err)
{
	const struct notice_place *place = journal_end(revocation->log);
	char leader[NAME_MAX_BYTES + 1];
	struct msg head = {.type = MSG_TYPE_head,
		.head = {.seq = place->seq,
			.hash = SPAN(place->hash),
			.time = service_now(revocation->service)}};

	if (!journal_is_current(revocation->log))
		return err_set(err, RC_TIMEOUT, "this service does not know whether it has the whole log: %s",
			journal_trouble(revocation->log)[0] != '\0' ? journal_trouble(revocation->log)
								    : "redis does not answer");
	lead_name(revocation, leader);
	head.head.leader = span_text(leader);
	return signed_make_by(revocation->signer, &head, out, err);
}

void issue_head(void *ctx)
{
	struct revocation *revocation = ctx;
	DROP(blob_release) struct blob head = {0};
	struct err err = {0};
	enum rc rc = issue_make_head(revocation, &head, &err);

	if (rc == RC_OK)
		service_publish(revocation->service, "head", blob_span(&head));
	else if (rc != RC_TIMEOUT)
		log_event(LOG_ERROR, "head.failed", "why=\"%s\"", err.text);
}
