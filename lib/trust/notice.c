#include "lib/trust/notice.h"

#include "lib/crypto/digest.h"

static const struct {
	const char *word;
	enum msg_type cause;
	unsigned roles;
	const char *action;
	unsigned severity;
} kinds[NOTICE_KIND_COUNT] = {[NOTICE_UNKNOWN] = {"unknown", MSG_TYPE_none, 0, "", 0},
#define NOTICE_ROW(name, word, cause, roles, action, severity)                                               \
	[NOTICE_##name] = {word, cause, roles, action, severity},
	NOTICE_KINDS(NOTICE_ROW)
#undef NOTICE_ROW
};

const char *notice_kind_word(enum notice_kind kind)
{
	return (unsigned)kind < NOTICE_KIND_COUNT ? kinds[kind].word : kinds[NOTICE_UNKNOWN].word;
}

enum notice_kind notice_kind_parse(struct span word)
{
	for (unsigned i = NOTICE_UNKNOWN + 1; i < NOTICE_KIND_COUNT; i++)
		if (span_is(word, kinds[i].word))
			return (enum notice_kind)i;
	return NOTICE_UNKNOWN;
}

unsigned notice_kind_severity(enum notice_kind kind)
{
	return (unsigned)kind < NOTICE_KIND_COUNT ? kinds[kind].severity : 0;
}

/* ---- causes ---- */

/* The kind that a cause of this type makes; for a request its action decides. */
static enum notice_kind kind_of_cause(const struct msg *msg)
{
	for (unsigned i = NOTICE_UNKNOWN + 1; i < NOTICE_KIND_COUNT; i++) {
		if (kinds[i].cause != msg->type)
			continue;
		if (msg->type != MSG_TYPE_node_request || span_is(msg->node_request.action, kinds[i].action))
			return (enum notice_kind)i;
	}
	return NOTICE_UNKNOWN;
}

static struct span node_of_cause(const struct msg *msg)
{
	if (msg->type == MSG_TYPE_verdict)
		return msg->verdict.node;
	if (msg->type == MSG_TYPE_node_request)
		return msg->node_request.node;
	if (msg->type == MSG_TYPE_policy_use)
		return msg->policy_use.node;
	if (msg->type == MSG_TYPE_profile)
		return msg->profile.node;
	if (msg->type == MSG_TYPE_certificate_revoke)
		return msg->certificate_revoke.node;
	return msg->provisioning.node;
}

/* The envelope's type is not known before it is opened: a body of each of these types is tried. */
static enum rc open_any(struct span cause, struct signed_msg *out, struct err *err)
{
	static const enum msg_type types[] = {MSG_TYPE_verdict, MSG_TYPE_node_request, MSG_TYPE_provisioning,
		MSG_TYPE_policy_use, MSG_TYPE_profile, MSG_TYPE_certificate_revoke};
	struct msg outer;
	struct msg body;

	if (msg_decode_as(cause, MSG_TYPE_signed_body, &outer) != RC_OK ||
		msg_decode(outer.signed_body.body, &body) != RC_OK)
		return err_set(err, RC_MALFORMED, "cause: no signed message");
	for (size_t i = 0; i < COUNT(types); i++)
		if (body.type == types[i])
			return signed_open(cause, types[i], out, err);
	return err_set(err, RC_MALFORMED, "cause: a %s makes no notice", msg_type_name(body.type));
}

enum rc notice_cause_open(const struct roster *roster, struct span cause, uint64_t wall_ms,
	struct notice_cause *out, struct err *err)
{
	struct notice_cause opened = {0};

	TRY(open_any(cause, &opened.signed_msg, err));
	opened.kind = kind_of_cause(&opened.signed_msg.msg);
	opened.node = node_of_cause(&opened.signed_msg.msg);
	if (opened.kind == NOTICE_UNKNOWN)
		return err_set(err, RC_DENIED, "cause: a request to \"%.*s\" makes no notice",
			SPAN_FMT(opened.signed_msg.msg.node_request.action));
	if (opened.kind == NOTICE_REVOKED && opened.signed_msg.msg.verdict.trusted)
		return err_set(err, RC_DENIED, "cause: the verdict says trusted, which revokes nobody");
	TRY(roster_may_sign(roster, opened.signed_msg.key, kinds[opened.kind].cause, kinds[opened.kind].roles,
		wall_ms, err));
	*out = opened;
	return RC_OK;
}

/* ---- notices ---- */

enum rc notice_hash(struct span signed_notice, uint8_t out[static HASH_BYTES])
{
	return digest_bytes(DIGEST_SHA256, signed_notice, out);
}

static enum rc check_cause(const struct roster *roster, struct notice_view *notice, struct err *err)
{
	const struct msg_notice *body = &notice->signed_msg.msg.notice;

	if (kinds[notice->kind].cause == MSG_TYPE_none) {
		if (notice->kind != NOTICE_UNKNOWN && body->cause.len != 0)
			return err_set(err, RC_DENIED, "notice %llu: \"%s\" must have no cause",
				(unsigned long long)body->seq, notice_kind_word(notice->kind));
		return RC_OK;
	}
	if (body->cause.len == 0)
		return err_set(err, RC_DENIED, "notice %llu: \"%s\" without the signed cause that it needs",
			(unsigned long long)body->seq, notice_kind_word(notice->kind));
	TRY(notice_cause_open(roster, body->cause, body->time, &notice->cause, err));
	if (notice->cause.kind != notice->kind)
		return err_set(err, RC_DENIED, "notice %llu: \"%s\" with the cause of \"%s\"",
			(unsigned long long)body->seq, notice_kind_word(notice->kind),
			notice_kind_word(notice->cause.kind));
	if (!span_equal(notice->cause.node, body->node))
		return err_set(err, RC_DENIED, "notice %llu: its cause is about another node",
			(unsigned long long)body->seq);
	return RC_OK;
}

/* ---- what it says for programs ---- */

static enum rc add_reason(struct span code, struct blob *raw, size_t *count)
{
	struct list known = {blob_span(raw), *count};
	struct elem_reason reason;

	while (ELEM_NEXT(reason, &known, &reason))
		if (span_equal(reason.code, code))
			return RC_OK;
	reason.code = code;
	TRY(ELEM_APPEND(reason, &reason, raw));
	(*count)++;
	return RC_OK;
}

enum rc notice_reasons(enum notice_kind kind, const struct msg *cause, struct blob *raw, size_t *out_count)
{
	struct list rest = {0};
	struct elem_finding finding;

	*out_count = 0;
	if (cause != NULL && cause->type == MSG_TYPE_verdict)
		rest = cause->verdict.findings;
	while (*out_count < NOTICE_REASONS_MAX && ELEM_NEXT(finding, &rest, &finding))
		if (finding.weight == 0)
			TRY(add_reason(finding.check, raw, out_count));
	return *out_count != 0 ? RC_OK : add_reason(span_text(notice_kind_word(kind)), raw, out_count);
}

struct span notice_evidence(const struct msg *cause)
{
	return cause != NULL && cause->type == MSG_TYPE_verdict ? cause->verdict.evidence : (struct span){0};
}

static enum rc check_reasons(const struct notice_view *notice, const struct msg *cause, struct err *err)
{
	const struct msg_notice *body = &notice->signed_msg.msg.notice;
	DROP(blob_release) struct blob raw = {0};
	size_t count = 0;

	if (body->reasons.count == 0)
		return RC_OK;
	TRY(notice_reasons(notice->kind, cause, &raw, &count));
	if (body->reasons.count != count || !span_equal(body->reasons.raw, blob_span(&raw)))
		return err_set(err, RC_DENIED, "notice %llu: its reasons are not those of its cause",
			(unsigned long long)body->seq);
	return RC_OK;
}

/* What it repeats for programs is what its cause proves. */
static enum rc check_repeated(const struct notice_view *notice, struct err *err)
{
	const struct msg_notice *body = &notice->signed_msg.msg.notice;
	const struct msg *cause = notice->cause.kind != NOTICE_UNKNOWN ? &notice->cause.signed_msg.msg : NULL;
	struct list certificates = body->certificates;
	struct elem_serial serial;

	if (notice->kind == NOTICE_UNKNOWN)
		return RC_OK;
	if (body->evidence.len != 0 && !span_equal(body->evidence, notice_evidence(cause)))
		return err_set(err, RC_DENIED, "notice %llu: names other evidence than its cause",
			(unsigned long long)body->seq);
	if (notice->kind == NOTICE_CERTIFICATE_REVOKED && body->certificates.count != 0 &&
		(body->certificates.count != 1 || !ELEM_NEXT(serial, &certificates, &serial) ||
			!span_equal(serial.serial, cause->certificate_revoke.serial)))
		return err_set(err, RC_DENIED, "notice %llu: is about another certificate than its cause",
			(unsigned long long)body->seq);
	return check_reasons(notice, cause, err);
}

enum rc notice_open(const struct roster *roster, struct span signed_notice, uint64_t wall_ms,
	struct notice_view *out, struct err *err)
{
	struct notice_view notice = {0};
	const struct msg_notice *body;

	TRY(signed_open(signed_notice, MSG_TYPE_notice, &notice.signed_msg, err));
	body = &notice.signed_msg.msg.notice;
	TRY(roster_may_sign(
		roster, notice.signed_msg.key, MSG_TYPE_notice, ROLE_REVOCATION, body->time, err));
	if (body->time > wall_ms && body->time - wall_ms > HEAD_FRESH_MS)
		return err_set(err, RC_DENIED, "notice %llu: dated %llu ms ahead of the clock",
			(unsigned long long)body->seq, (unsigned long long)(body->time - wall_ms));
	notice.kind = notice_kind_parse(body->kind);
	TRY(check_cause(roster, &notice, err));
	TRY(check_repeated(&notice, err));
	*out = notice;
	return RC_OK;
}

enum rc notice_follow(struct notice_place *place, const struct notice_view *notice, struct span signed_notice,
	struct err *err)
{
	return journal_chain(&journal_notices, place, &notice->signed_msg.msg, signed_notice, err);
}

enum rc notice_head_open(const struct roster *roster, struct span signed_head,
	const struct notice_place *place, uint64_t wall_ms, struct signed_msg *out, struct err *err)
{
	struct signed_msg head;
	uint64_t age;

	TRY(roster_signed_now(roster, signed_head, MSG_TYPE_head, ROLE_REVOCATION, wall_ms, &head, err));
	age = wall_ms > head.msg.head.time ? wall_ms - head.msg.head.time : head.msg.head.time - wall_ms;
	if (age > HEAD_FRESH_MS)
		return err_set(err, RC_DENIED, "head: %llu ms off the clock, at most %d count",
			(unsigned long long)age, HEAD_FRESH_MS);
	if (head.msg.head.seq < place->seq)
		return err_set(err, RC_DENIED, "head: number %llu, but %llu was seen: the log was cut",
			(unsigned long long)head.msg.head.seq, (unsigned long long)place->seq);
	if (head.msg.head.seq == place->seq && !span_equal(head.msg.head.hash, SPAN(place->hash)))
		return err_set(err, RC_DENIED,
			"head: another notice %llu than the one that was seen: the log was forked",
			(unsigned long long)place->seq);
	*out = head;
	return RC_OK;
}
