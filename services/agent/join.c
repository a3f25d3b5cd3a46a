/* Carrying out the steps of enrol.h: links, messages, TPM jobs, pauses. */
#include <stdlib.h>

#include "lib/base/log.h"
#include "lib/crypto/random.h"
#include "lib/trust/qualify.h"
#include "services/agent/inner.h"

#define REGISTER_MS        10000
#define HELLO_MS           2000
#define LINK_LATE_MS       15000
#define CALLS_MAX          16
#define VERIFIER_QUEUE_MAX 64

static uint32_t random_u32(void)
{
	uint32_t value = 0;

	/* Only spreads pauses: without the kernel's bytes everything else has stopped already. */
	if (random_fill((uint8_t *)&value, sizeof value, NULL) != RC_OK)
		value = 0;
	return value;
}

/* The member whose turn it is, of those that are valid now. */
static const struct roster_member *whose_turn(struct agent *agent, enum role role, size_t turn)
{
	uint64_t now = agent_now(agent);
	size_t count = 0;

	while (count < ENDPOINT_TRIES_MAX && roster_nth(agent->roster, role, now, count) != NULL)
		count++;
	return count == 0 ? NULL : roster_nth(agent->roster, role, now, turn % count);
}

/* ---- registrar ---- */

/* Only enrolled nodes may subscribe. */
static void begin_notices(struct agent *agent)
{
	struct err err = {0};

	if (agent->notices == NULL && notices_open(agent, &agent->notices, &err) != RC_OK)
		log_event(LOG_ERROR, "notices.unopened", "text=\"%s\"", err.text);
}

static void on_enrolled(void *ctx, enum rc rc, const struct msg *reply, struct span frame)
{
	struct agent *agent = ctx;

	(void)frame;
	if (rc == RC_OK && reply->type == MSG_TYPE_enrolled &&
		span_equal(reply->enrolled.node, SPAN(agent->node))) {
		agent->join.enrolments++;
		log_event(LOG_INFO, "enrolled", "node=%s number=%llu", agent->digits,
			(unsigned long long)reply->enrolled.number);
		begin_notices(agent);
		join_event(agent, ENROL_ON_ENROLLED);
		return;
	}
	log_event(LOG_WARN, "enrol.refused", "step=activate why=\"%s\" text=\"%.*s\"", rc_words(rc),
		SPAN_FMT(reply != NULL && reply->type == MSG_TYPE_error ? reply->error.text : span_text("")));
	join_event(agent, ENROL_ON_REFUSED);
}

static void on_credential(void *ctx, enum rc rc, const struct msg *reply, struct span frame)
{
	struct agent *agent = ctx;
	struct join *join = &agent->join;

	(void)frame;
	if (rc == RC_OK && reply->type == MSG_TYPE_credential &&
		!span_equal(reply->credential.node, SPAN(agent->node)))
		log_event(LOG_ERROR, "enrol.refused", "the registrar takes this TPM for another node");
	else if (rc == RC_OK && reply->type == MSG_TYPE_credential &&
		 blob_copy(&join->id_object, reply->credential.id_object) == RC_OK &&
		 blob_copy(&join->secret, reply->credential.secret) == RC_OK) {
		join_event(agent, ENROL_ON_CREDENTIAL);
		return;
	} else
		log_event(LOG_WARN, "enrol.refused", "step=register why=\"%s\" text=\"%.*s\"", rc_words(rc),
			SPAN_FMT(reply != NULL && reply->type == MSG_TYPE_error ? reply->error.text
										: span_text("")));
	join_event(agent, ENROL_ON_REFUSED);
}

static void on_registrar_link(void *ctx, bool is_up, enum rc why)
{
	struct agent *agent = ctx;

	if (is_up)
		return;
	log_event(LOG_WARN, "registrar.lost", "why=\"%s\"", rc_words(why));
	join_event(agent, ENROL_ON_REFUSED);
}

static void send_register(struct agent *agent)
{
	struct join *join = &agent->join;
	struct msg msg = {.type = MSG_TYPE_node_register,
		.node_register = {
			.ek_public = blob_span(&agent->facts.ek),
			.ek_certificate = blob_span(&agent->facts.certificate),
			.chain = {blob_span(&agent->facts.chain), agent->facts.chain_count},
			.ak_public = blob_span(&agent->facts.ak),
			.hint = span_text(agent->hint),
		}};
	const struct roster_member *registrar = whose_turn(agent, ROLE_REGISTRAR, join->registrar_turn++);
	struct client_options options = {.pair = &agent->curve, .link = on_registrar_link, .ctx = agent};
	struct err err = {0};
	enum rc rc = RC_NOT_FOUND;

	join->attempt++;
	client_close(&join->registrar);
	if (registrar != NULL) {
		options.endpoint = registrar->endpoint;
		options.server_key = registrar->curve;
		rc = client_open(agent->bus, &options, &join->registrar, &err);
	}
	if (rc == RC_OK)
		rc = client_call(join->registrar, &msg, REGISTER_MS, 0, on_credential, agent, NULL);
	if (rc == RC_OK)
		return;
	log_event(LOG_ERROR, "enrol.impossible", "registrar=%s why=\"%s\"",
		registrar == NULL ? "none in the roster is valid now" : registrar->name, rc_words(rc));
	join_event(agent, ENROL_ON_REFUSED);
}

static void send_activate(struct agent *agent)
{
	struct join *join = &agent->join;
	uint8_t proof[HASH_BYTES];
	struct msg msg = {.type = MSG_TYPE_activate, .activate = {SPAN(agent->node), SPAN(proof)}};
	enum rc rc = activation_proof(
		join->ke.bytes, agent->node, tpm_name_span(&agent->facts.ak_name), agent->nk.public, proof);

	secret32_release(&join->ke);
	if (rc == RC_OK && join->registrar != NULL)
		rc = client_call(join->registrar, &msg, REGISTER_MS, 0, on_enrolled, agent, NULL);
	if (rc != RC_OK)
		join_event(agent, ENROL_ON_REFUSED);
}

/* ---- TPM ---- */

/* The certificates lie one after the other, each a DER sequence; what cannot be told apart, or is beyond what
 * a message takes, is left away: the registrar may know these CAs. */
static enum rc list_chain(struct span der, struct tpm_facts *facts)
{
	while (der.len >= 4 && facts->chain_count < CHAIN_MAX) {
		size_t len = der.at[1] == 0x82   ? 4 + ((size_t)der.at[2] << 8 | der.at[3])
		             : der.at[1] == 0x81 ? 3 + (size_t)der.at[2]
		             : der.at[1] < 0x80  ? 2 + (size_t)der.at[1]
		                                 : SIZE_MAX;
		struct elem_certificate certificate = {span_of(der.at, len)};

		if (der.at[0] != 0x30 || len > der.len || len > CERTIFICATE_MAX)
			return RC_OK;
		TRY(ELEM_APPEND(certificate, &certificate, &facts->chain));
		facts->chain_count++;
		der = span_of(der.at + len, der.len - len);
	}
	return RC_OK;
}

static enum rc take_facts(struct agent *agent, struct tpm_job *job)
{
	struct tpm_facts *facts = &agent->facts;

	if (job->is_new) {
		if (job->a.len != 0)
			log_event(LOG_WARN, "ak.replaced",
				"the TPM refused the attestation key that was kept, as another TPM's or EK's: a new one "
				"was made, and the node must be provisioned again");
		TRY(keys_save_ak(agent->config->state, blob_span(&job->ak_blob), &job->err));
	}
	TRY(tpm_name_of(blob_span(&job->ak), &facts->ak_name));
	blob_clear(&facts->chain);
	facts->chain_count = 0;
	TRY(list_chain(blob_span(&job->chain), facts));
	TRY(digest_bytes(DIGEST_SHA256, blob_span(&job->ek), agent->node));
	agent->has_node = true;
	hex_encode(SPAN(agent->node), agent->digits);
	facts->ek = TAKE(job->ek);
	facts->certificate = TAKE(job->certificate);
	facts->ak = TAKE(job->ak);
	if (agent->boot.state == BOOT_REST)
		boot_restore(agent);
	return RC_OK;
}

static void on_tpm_open(void *ctx, struct tpm_job *job)
{
	struct agent *agent = ctx;
	enum rc rc = job->rc;

	if (rc == RC_OK)
		rc = take_facts(agent, job);
	if (rc != RC_OK) {
		log_event(LOG_ERROR, "tpm.failed", "why=\"%s\" text=\"%s\"", rc_words(rc), job->err.text);
		join_event(agent, ENROL_ON_TPM_FAILED);
		return;
	}
	log_event(LOG_INFO, "tpm.open", "node=%s certificate=%s new_ak=%s commands=%llu us=%llu",
		agent->digits, agent->facts.certificate.len == 0 ? "no" : "yes", job->is_new ? "yes" : "no",
		(unsigned long long)job->commands, (unsigned long long)job->tpm_us);
	join_event(agent, ENROL_ON_TPM_OPEN);
}

static void begin_tpm(struct agent *agent)
{
	DROP(tpm_job_free) struct tpm_job *job = tpm_job_make(TPM_TASK_OPEN, on_tpm_open, agent);
	struct err err = {0};
	enum rc rc = job == NULL ? RC_NOMEM : keys_load_ak(agent->config->state, &job->a, &err);

	if (rc == RC_OK) {
		blob_release(&agent->facts.ek);
		blob_release(&agent->facts.certificate);
		blob_release(&agent->facts.ak);
		job->may_replace = agent->config->replace_ak;
		tpm_thread_give(agent->tpm, &job);
		return;
	}
	log_event(LOG_ERROR, "ak.unreadable", "why=\"%s\"", err.text);
	join_event(agent, ENROL_ON_TPM_FAILED);
}

static void on_activated(void *ctx, struct tpm_job *job)
{
	struct agent *agent = ctx;

	if (job->tag != agent->join.attempt)
		return;
	if (job->rc == RC_OK && job->secret.len == sizeof agent->join.ke.bytes) {
		memcpy(agent->join.ke.bytes, job->secret.at, job->secret.len);
		join_event(agent, ENROL_ON_SECRET);
		return;
	}
	log_event(LOG_ERROR, "enrol.credential", "why=\"%s\" text=\"%s\"", rc_words(job->rc), job->err.text);
	join_event(agent, ENROL_ON_TPM_FAILED);
}

static void begin_activation(struct agent *agent)
{
	DROP(tpm_job_free) struct tpm_job *job = tpm_job_make(TPM_TASK_ACTIVATE, on_activated, agent);

	if (job == NULL) {
		join_event(agent, ENROL_ON_TPM_FAILED);
		return;
	}
	job->a = TAKE(agent->join.id_object);
	job->b = TAKE(agent->join.secret);
	job->tag = agent->join.attempt;
	tpm_thread_give(agent->tpm, &job);
}

/* ---- verifier ---- */

static void on_verifier_link(void *ctx, bool is_up, enum rc why)
{
	struct agent *agent = ctx;

	log_event(is_up ? LOG_INFO : LOG_WARN, "verifier.link", "up=%s why=\"%s\"", is_up ? "yes" : "no",
		rc_words(why));
	if (is_up)
		join_event(agent, ENROL_ON_LINK_UP);
	else
		join_event(agent, why == RC_DENIED ? ENROL_ON_UNANSWERED : ENROL_ON_LINK_DOWN);
}

static void take_roster(struct agent *agent, struct span bytes)
{
	struct err err = {0};
	enum rc rc = roster_update(&agent->roster, bytes, agent->roster_path, &err);

	if (rc == RC_OK) {
		log_event(LOG_INFO, "roster.taken", "number=%llu",
			(unsigned long long)roster_number(agent->roster));
		agent_roster_changed(agent);
	} else if (rc != RC_EXISTS)
		log_event(LOG_WARN, "roster.refused", "why=\"%s\"", err.text);
}

static void on_welcome(void *ctx, enum rc rc, const struct msg *reply, struct span frame)
{
	struct agent *agent = ctx;

	(void)frame;
	if (rc != RC_OK || reply->type != MSG_TYPE_welcome) {
		log_event(LOG_WARN, "hello.unanswered", "why=\"%s\"", rc_words(rc));
		agent->join.verifier_turn++;
		join_event(agent, ENROL_ON_UNANSWERED);
		return;
	}
	agent->interval_ms = reply->welcome.interval_ms;
	if (reply->welcome.roster.len != 0)
		take_roster(agent, reply->welcome.roster);
	join_event(agent, ENROL_ON_WELCOME);
}

static void send_hello(struct agent *agent)
{
	struct msg msg = {.type = MSG_TYPE_hello,
		.hello = {
			.node = SPAN(agent->node),
			.roster = roster_number(agent->roster),
			.held = agent->held.number,
			.opened = agent_opened(agent),
		}};
	struct join *join = &agent->join;

	/* The link may have gone and come back before the former one was answered. */
	client_cancel(join->verifier, join->hello);
	if (client_call(join->verifier, &msg, HELLO_MS, HELLO_MS, on_welcome, agent, &join->hello) != RC_OK)
		join_event(agent, ENROL_ON_UNANSWERED);
}

static void on_verifier_message(void *ctx, const struct msg *msg, struct span frame)
{
	struct agent *agent = ctx;

	(void)frame;
	if (msg->type == MSG_TYPE_challenge)
		attest_on_challenge(agent, msg);
	else if (msg->type == MSG_TYPE_log_get)
		attest_on_log_get(agent, msg);
	else if (msg->type == MSG_TYPE_relayed)
		relayed_on_message(agent, msg);
	else if (msg->type == MSG_TYPE_share_v)
		agent_on_share_v(agent, msg);
	else if (msg->type == MSG_TYPE_welcome && msg->welcome.roster.len != 0)
		take_roster(agent, msg->welcome.roster);
	else
		log_event(LOG_DEBUG, "verifier.unexpected", "type=%s", msg_type_name(msg->type));
}

static void on_link_late(void *ctx)
{
	join_event(ctx, ENROL_ON_LATE);
}

static void wait_for_link(struct agent *agent)
{
	if (loop_after(agent->loop, &agent->join.link, LINK_LATE_MS, on_link_late, agent) != RC_OK)
		log_event(LOG_ERROR, "timer.failed", "out of memory");
}

/* A link that is up stays, if it goes to the right verifier; a new one says so when it is up. */
static void connect_verifier(struct agent *agent)
{
	struct join *join = &agent->join;
	const struct roster_member *verifier = whose_turn(agent, ROLE_VERIFIER, join->verifier_turn);
	struct client_options options = {.pair = &agent->curve,
		.queue_max = VERIFIER_QUEUE_MAX,
		.calls_max = CALLS_MAX,
		.message = on_verifier_message,
		.link = on_verifier_link,
		.ctx = agent};
	struct err err = {0};
	enum rc rc;

	if (verifier == NULL) {
		log_event(LOG_ERROR, "verifier.none", "no verifier in the roster is valid now");
		wait_for_link(agent);
		return;
	}
	wait_for_link(agent);
	if (join->verifier != NULL && memcmp(join->verifier_key, verifier->curve, CURVE_KEY_BYTES) == 0) {
		if (client_is_up(join->verifier))
			join_event(agent, ENROL_ON_LINK_UP);
		return;
	}
	memcpy(join->verifier_key, verifier->curve, CURVE_KEY_BYTES);
	options.endpoint = verifier->endpoint;
	options.server_key = verifier->curve;
	rc = join->verifier == NULL
	             ? client_open(agent->bus, &options, &join->verifier, &err)
	             : client_redirect(join->verifier, verifier->endpoint, verifier->curve, &err);
	if (rc != RC_OK)
		log_event(LOG_ERROR, "verifier.unusable", "name=%s why=\"%s\"", verifier->name, err.text);
}

/* ---- steps ---- */

static void on_pause_over(void *ctx)
{
	join_event(ctx, ENROL_ON_PAUSE_OVER);
}

static void begin_pause(struct agent *agent)
{
	unsigned ms = enrol_pause_ms(agent->join.pauses++, random_u32());

	if (loop_after(agent->loop, &agent->join.pause, ms, on_pause_over, agent) != RC_OK)
		log_event(LOG_ERROR, "timer.failed", "out of memory");
}

static void leave_registrar(struct agent *agent)
{
	client_close(&agent->join.registrar);
}

static void advance(struct agent *agent)
{
	agent->join.verifier_turn++;
}

static void calm(struct agent *agent)
{
	agent->join.pauses = 0;
	loop_cancel(agent->loop, &agent->join.link);
}

static const struct {
	enum enrol_effect effect;
	void (*carry_out)(struct agent *agent);
} effects[] = {
	{ENROL_FX_LEAVE, leave_registrar},
	{ENROL_FX_OPEN_TPM, begin_tpm},
	{ENROL_FX_REGISTER, send_register},
	{ENROL_FX_ACTIVATE, begin_activation},
	{ENROL_FX_PROVE, send_activate},
	{ENROL_FX_ADVANCE, advance},
	{ENROL_FX_CONNECT, connect_verifier},
	{ENROL_FX_HELLO, send_hello},
	{ENROL_FX_PAUSE, begin_pause},
	{ENROL_FX_CALM, calm},
	{ENROL_FX_WAIT_LINK, wait_for_link},
};

void join_event(struct agent *agent, enum enrol_event event)
{
	struct enrol_step step = enrol_next(agent->join.state, event);

	if (!step.is_legal)
		return;
	if (step.state != agent->join.state)
		log_event(LOG_DEBUG, "join", "from=\"%s\" to=\"%s\" because=\"%s\"",
			enrol_state_words(agent->join.state), enrol_state_words(step.state),
			enrol_event_words(event));
	agent->join.state = step.state;
	/* No step has two effects of which the first brings an event at once. */
	for (size_t i = 0; i < COUNT(effects); i++)
		if ((step.effects & effects[i].effect) != 0)
			effects[i].carry_out(agent);
}

void join_send(struct agent *agent, const struct msg *msg)
{
	enum rc rc = agent->join.verifier == NULL ? RC_IO : client_send(agent->join.verifier, msg);

	if (rc != RC_OK)
		log_event(LOG_WARN, "verifier.unsent", "type=%s why=\"%s\"", msg_type_name(msg->type),
			rc_words(rc));
}

void join_close(struct agent *agent)
{
	struct join *join = &agent->join;

	if (agent->loop != NULL) {
		loop_cancel(agent->loop, &join->pause);
		loop_cancel(agent->loop, &join->link);
	}
	client_close(&join->registrar);
	client_close(&join->verifier);
	blob_release(&join->id_object);
	blob_release(&join->secret);
	secret32_release(&join->ke);
}
