#include "lib/trust/journal.h"

#include "lib/crypto/digest.h"

static struct journal_link notice_link(const struct msg *body)
{
	return (struct journal_link){body->notice.seq, body->notice.time, body->notice.previous};
}

static struct journal_link issued_link(const struct msg *body)
{
	return (struct journal_link){body->issued.seq, body->issued.time, body->issued.previous};
}

const struct journal_kind journal_notices = {"notice", MSG_TYPE_notice, notice_link};
const struct journal_kind journal_issued = {"issued certificate", MSG_TYPE_issued, issued_link};

enum rc journal_body(
	const struct journal_kind *kind, struct span signed_entry, struct msg *out, struct err *err)
{
	struct msg envelope;

	if (msg_decode_as(signed_entry, MSG_TYPE_signed_body, &envelope) != RC_OK ||
		msg_decode_as(envelope.signed_body.body, kind->type, out) != RC_OK)
		return err_set(err, RC_MALFORMED, "no signed %s", kind->what);
	return RC_OK;
}

enum rc journal_chain(const struct journal_kind *kind, struct notice_place *place, const struct msg *body,
	struct span signed_entry, struct err *err)
{
	struct journal_link link = kind->link(body);
	uint8_t hash[HASH_BYTES];

	TRY(digest_bytes(DIGEST_SHA256, signed_entry, hash));
	if (link.seq == place->seq && memcmp(hash, place->hash, HASH_BYTES) != 0)
		return err_set(err, RC_DENIED,
			"%s %llu: another one was seen under this number: the log was forked", kind->what,
			(unsigned long long)link.seq);
	if (link.seq <= place->seq)
		return RC_EXISTS;
	if (link.seq > place->seq + 1)
		return err_set(err, RC_NOT_FOUND, "%s %llu: expected %llu", kind->what,
			(unsigned long long)link.seq, (unsigned long long)place->seq + 1);
	if (link.time < place->time)
		return err_set(err, RC_DENIED, "%s %llu: is dated before the one in front of it", kind->what,
			(unsigned long long)link.seq);
	if (!span_equal(link.previous, SPAN(place->hash)))
		return err_set(err, RC_DENIED,
			"%s %llu: does not follow the %s %llu that was seen: the log was forked", kind->what,
			(unsigned long long)link.seq, kind->what, (unsigned long long)place->seq);
	place->seq = link.seq;
	place->time = link.time;
	memcpy(place->hash, hash, HASH_BYTES);
	return RC_OK;
}
