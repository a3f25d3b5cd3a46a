/* What the tenant tells this node through the verifier: sealed to NK, and, where it asks for something that
 * matters, signed by an operator whom the roster lets provision (proto/PROTOCOL.md, 6). */
#include <stdio.h>

#include "lib/base/log.h"
#include "lib/trust/qualify.h"
#include "services/agent/inner.h"

#define REQUEST_AGE_MAX_MS (5u * 60 * 1000)

static void reply(struct agent *agent, uint64_t id, const struct msg *body)
{
	DROP(blob_release) struct blob bytes = {0};
	struct msg msg = {.type = MSG_TYPE_relay_reply, .id = id};

	if (msg_encode(body, &bytes) != RC_OK) {
		log_event(LOG_ERROR, "relay.unanswered", "type=%s", msg_type_name(body->type));
		return;
	}
	msg.relay_reply.body = blob_span(&bytes);
	join_send(agent, &msg);
}

void relayed_answer(struct agent *agent, uint64_t id, enum rc rc, const char *text)
{
	struct msg ok = {.type = MSG_TYPE_ok, .ok = {span_text(text)}};
	char printable[TEXT_MAX];
	struct msg error = {.type = MSG_TYPE_error, .error = {.code = rc}};

	if (rc == RC_OK) {
		reply(agent, id, &ok);
		return;
	}
	snprintf(printable, sizeof printable, "%s", text[0] == '\0' ? rc_words(rc) : text);
	for (char *c = printable; *c != '\0'; c++)
		if (*c < 0x20 || *c > 0x7e)
			*c = '?';
	error.error.text = span_text(printable);
	reply(agent, id, &error);
}

static enum rc check_mine(
	const struct agent *agent, struct span node, struct span nk, const char *what, struct err *err)
{
	if (!span_equal(node, SPAN(agent->node)))
		return err_set(err, RC_DENIED, "%s: is for another node", what);
	if (!span_equal(nk, SPAN(agent->nk.public)))
		return err_set(
			err, RC_STALE, "%s: is for another run of this agent: its key is another now", what);
	return RC_OK;
}

static enum rc check_age(uint64_t now, uint64_t time, const char *what, struct err *err)
{
	uint64_t age = now > time ? now - time : time - now;

	if (age > REQUEST_AGE_MAX_MS)
		return err_set(err, RC_STALE, "%s: its time is %llu s off this node's clock", what,
			(unsigned long long)age / 1000);
	return RC_OK;
}

/* ---- identity ---- */

static void on_identity_quote(void *ctx, struct tpm_job *job)
{
	struct agent *agent = ctx;
	struct msg body = {.type = MSG_TYPE_identity_evidence,
		.identity_evidence = {blob_span(&job->quote.attest), blob_span(&job->quote.signature),
			blob_span(&job->quote.values), agent->held.number}};

	if (job->rc != RC_OK)
		relayed_answer(agent, job->tag, job->rc, job->err.text);
	else
		reply(agent, job->tag, &body);
}

static enum rc on_identity(struct agent *agent, uint64_t id, struct span envelope, struct err *err)
{
	DROP(tpm_job_free) struct tpm_job *job = tpm_job_make(TPM_TASK_QUOTE, on_identity_quote, agent);
	const struct msg_identity_challenge *ask;
	struct signed_msg opened;
	uint64_t now = agent_now(agent);

	TRY(roster_signed_now(
		agent->roster, envelope, MSG_TYPE_identity_challenge, ROLES_PROVISION, now, &opened, err));
	ask = &opened.msg.identity_challenge;
	TRY(check_mine(agent, ask->node, ask->nk, "identity_challenge", err));
	TRY(check_age(now, ask->time, "identity_challenge", err));
	if (job == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	if (attest_selection(ask->banks, &job->selection) != RC_OK)
		return err_set(err, RC_UNSUPPORTED, "identity_challenge: banks that no TPM has");
	TRY(qualify(ask->banks.count == 0 ? QUALIFY_IDENTITY : QUALIFY_GOLDEN, ask->nonce.at,
		agent->nk.public, agent->node, job->qualifying));
	job->tag = id;
	tpm_thread_give(agent->tpm, &job);
	return RC_OK;
}

/* ---- logs ---- */

/* The operator makes a policy from this node, or tries one on it. */
static enum rc on_log_get(struct agent *agent, uint64_t id, struct span envelope, struct err *err)
{
	DROP(logs_piece_release) struct logs_piece piece = {0};
	const struct msg_log_get *get;
	struct signed_msg opened;
	struct msg body = {.type = MSG_TYPE_log_part};
	uint64_t now = agent_now(agent);

	TRY(roster_signed_now(agent->roster, envelope, MSG_TYPE_log_get, ROLES_PROVISION, now, &opened, err));
	get = &opened.msg.log_get;
	TRY(check_mine(agent, get->node, get->nk, "log_get", err));
	TRY(check_age(now, get->time, "log_get", err));
	TRY(attest_read_log(agent, get, &piece, err));
	body.log_part = (struct msg_log_part){
		.log = get->log,
		.from = get->from,
		.bytes = blob_span(&piece.bytes),
		.more = piece.more,
		.gone = piece.gone,
	};
	reply(agent, id, &body);
	return RC_OK;
}

/* ---- U ---- */

static enum rc check_wishes(const struct agent *agent, const struct msg_share_u *share, struct err *err)
{
	if (share->file.len != 0 && !path_is_plain(share->file))
		return err_set(err, RC_DENIED, "share_u: \"%.*s\" is no file name", SPAN_FMT(share->file));
	if (share->run.len == 0)
		return RC_OK;
	if (!agent->config->allow_start_scripts)
		return err_set(err, RC_DENIED,
			"share_u: this node runs no start scripts (allow-start-scripts = no in its configuration)");
	if (!path_is_inside(share->run))
		return err_set(err, RC_DENIED, "share_u: the start script leads out of the payload");
	return RC_OK;
}

static enum rc check_number(const struct agent *agent, uint64_t number, struct err *err)
{
	const struct boot *boot = &agent->boot;
	uint64_t known =
		agent->held.number > agent->payload.opened ? agent->held.number : agent->payload.opened;

	if (number <= known)
		return err_set(err, RC_STALE, "share_u: number %llu, but %llu is held already",
			(unsigned long long)number, (unsigned long long)known);
	if (boot->state != BOOT_REST && boot->state != BOOT_WAIT)
		return err_set(
			err, RC_EXISTS, "share_u: this node is busy: %s", boot_state_words(boot->state));
	if (boot->state == BOOT_WAIT && number <= boot->number)
		return err_set(err, RC_STALE, "share_u: number %llu, but %llu is under way",
			(unsigned long long)number, (unsigned long long)boot->number);
	return RC_OK;
}

/* The operator's word stands; now the envelope can be opened. */
static enum rc take_share(struct agent *agent, uint64_t id, struct span envelope,
	const struct msg_share_u *share, struct err *err)
{
	struct boot *boot = &agent->boot;

	payload_forget_others(&agent->payload, agent->held.number, share->number);
	TRY(payload_expect(&agent->payload, share->number, share->payload_size, share->payload_hash, err));
	TRY(blob_copy(&boot->envelope, envelope));
	TRY(payload_keep_envelope(&agent->payload, share->number, envelope, err));
	boot->number = share->number;
	boot->relay_id = id;
	boot->challenged_us = 0;
	boot->script_failed = false;
	boot->err = (struct err){0};
	snprintf(boot->script, sizeof boot->script, "%.*s", SPAN_FMT(share->run));
	log_event(LOG_INFO, "share_u.taken", "number=%llu payload=%llu unpack=%s run=\"%s\"",
		(unsigned long long)share->number, (unsigned long long)share->payload_size,
		share->unpack ? "yes" : "no", boot->script);
	boot_event(agent, BOOT_ON_SHARE_U);
	return RC_OK;
}

static enum rc on_share_u(struct agent *agent, uint64_t id, struct span envelope, struct err *err)
{
	struct boot *boot = &agent->boot;
	struct signed_msg opened;
	const struct msg_share_u *share;
	enum rc rc;

	TRY(roster_signed_now(
		agent->roster, envelope, MSG_TYPE_share_u, ROLES_PROVISION, agent_now(agent), &opened, err));
	share = &opened.msg.share_u;
	TRY(check_mine(agent, share->node, share->nk, "share_u", err));
	/* The tenant asks again because an answer was lost. */
	if (boot->state == BOOT_WAIT && span_equal(envelope, blob_span(&boot->envelope))) {
		relayed_answer(agent, id, RC_OK, agent->payload.is_complete ? "have-payload" : "");
		return RC_OK;
	}
	TRY(check_number(agent, share->number, err));
	TRY(check_wishes(agent, share, err));
	rc = take_share(agent, id, envelope, share, err);
	if (rc != RC_OK) {
		/* Half of it was taken: what was under way before is gone, what the TPM holds counts. */
		boot_event(agent, BOOT_ON_WIPE);
		boot_restore(agent);
	}
	return rc;
}

/* ---- payload ---- */

static enum rc on_chunk(
	struct agent *agent, uint64_t id, const struct msg_payload_chunk *chunk, struct err *err)
{
	TRY(payload_take(&agent->payload, chunk->number, chunk->index, chunk->bytes, err));
	relayed_answer(agent, id, RC_OK, "");
	boot_try(agent);
	return RC_OK;
}

/* ---- all ---- */

static enum rc dispatch(struct agent *agent, uint64_t id, struct span inner, struct err *err)
{
	struct msg outer;
	struct msg body;

	if (msg_decode(inner, &outer) != RC_OK)
		return err_set(err, RC_MALFORMED, "relay: no message inside");
	if (outer.type == MSG_TYPE_payload_chunk)
		return on_chunk(agent, id, &outer.payload_chunk, err);
	if (outer.type != MSG_TYPE_signed_body || msg_decode(outer.signed_body.body, &body) != RC_OK)
		return err_set(err, RC_UNSUPPORTED, "relay: a %s is not taken", msg_type_name(outer.type));
	if (body.type == MSG_TYPE_identity_challenge)
		return on_identity(agent, id, inner, err);
	if (body.type == MSG_TYPE_log_get)
		return on_log_get(agent, id, inner, err);
	if (body.type == MSG_TYPE_share_u)
		return on_share_u(agent, id, inner, err);
	return err_set(err, RC_UNSUPPORTED, "relay: a signed %s is not taken", msg_type_name(body.type));
}

void relayed_on_message(struct agent *agent, const struct msg *msg)
{
	DROP(blob_release) struct blob inner = {0};
	struct err err = {0};
	enum rc rc;

	if (!agent->has_node)
		return;
	rc = hpke_open(agent->nk.secret, span_text("limebus relay v1"), SPAN(agent->node), msg->relayed.body,
		&inner, &err);
	if (rc == RC_OK)
		rc = dispatch(agent, msg->id, blob_span(&inner), &err);
	if (rc == RC_OK)
		return;
	log_event(LOG_WARN, "relay.refused", "why=\"%s\" text=\"%s\"", rc_words(rc), err.text);
	relayed_answer(agent, msg->id, rc, err.text);
}
