/* A provisioning's conversations (proto/PROTOCOL.md, 6). */
#include <stdio.h>

#include "services/tenant/provision.h"
#include "services/tenant/states.h"

#define POLL_MS 100

enum rc provisioning_meet(struct provisioning *p, uint64_t *held, struct err *err)
{
	static const struct pcr_selection none = {0};
	DROP(vouched_release) struct vouched vouched = {0};

	TRY(vouch_check(&p->vouch, &p->node, session_now(p->session), &p->registration, err));
	progress_step(&p->progress, "tpm", "TPM is genuine: %s", p->registration.admitted_by);
	TRY(vouch_challenge(p->session, &p->node, &p->registration, &none, &vouched, err));
	progress_step(&p->progress, "identity", "node answered with its TPM");
	*held = vouched.held;
	return RC_OK;
}

enum rc provisioning_request(struct provisioning *p, struct err *err)
{
	const struct msg_node *body = known_node_body(&p->node);
	DROP(answer_release) struct answer answer = {0};
	DROP(blob_release) struct blob envelope = {0};
	struct msg request = {.type = MSG_TYPE_provisioning};
	struct msg provision = {.type = MSG_TYPE_provision};
	uint8_t v_hash[HASH_BYTES];

	TRY(digest_bytes(DIGEST_SHA256, SPAN(p->v.bytes), v_hash));
	request.provisioning = (struct msg_provisioning){
		.node = body->node,
		.number = p->number,
		.policy = SPAN(p->policy.policy.id),
		.class = span_text(p->options->class),
		.v_hash = SPAN(v_hash),
		.ak_name = tpm_name_span(&p->registration.ak_name),
		.payload_hash = SPAN(p->payload_hash),
		.time = session_now(p->session),
	};
	TRY(signed_make(session_signer(p->session), &request, &envelope, err));
	provision.provision = (struct msg_provision){blob_span(&envelope), SPAN(p->v.bytes)};
	TRY(session_ask(p->session, ROLE_VERIFIER, &provision, MSG_TYPE_ok, &answer, err));
	secret32_release(&p->v);
	progress_step(&p->progress, "provisioned", "verifier has taken the request and its share");
	return RC_OK;
}

/* ---- to the node ---- */

static enum rc make_share_u(struct provisioning *p, struct blob *out, struct err *err)
{
	const struct msg_node *body = known_node_body(&p->node);
	DROP(share_envelope_release) struct share_envelope sealed = {0};
	struct credential_ek ek;
	struct msg msg = {.type = MSG_TYPE_share_u};

	TRY(registration_ek(&p->registration, &ek, err));
	TRY(share_send_u(body->nk.at, &ek, tpm_name_span(&p->registration.ak_name),
		(struct share_for){body->node.at, p->number}, &p->u, &sealed, err));
	msg.share_u = (struct msg_share_u){
		.node = body->node,
		.nk = body->nk,
		.number = p->number,
		.policy = SPAN(p->policy.policy.id),
		.nk_part = blob_span(&sealed.nk_part),
		.id_object = blob_span(&sealed.id_object),
		.secret = blob_span(&sealed.secret),
		.boxed_u = blob_span(&sealed.boxed_u),
		.proof = SPAN(p->proof),
		.payload_size = p->ciphertext.len,
		.payload_hash = SPAN(p->payload_hash),
		.unpack = p->is_archive,
		.run = span_text(p->options->run),
		.file = span_text(p->file),
	};
	return signed_make(session_signer(p->session), &msg, out, err);
}

static enum rc send_chunks(struct provisioning *p, bool *refused, struct err *err)
{
	struct span rest = blob_span(&p->ciphertext);

	for (uint64_t index = 0; rest.len != 0; index++) {
		size_t len = rest.len < CHUNK_MAX ? rest.len : CHUNK_MAX;
		DROP(answer_release) struct answer answer = {0};
		DROP(blob_release) struct blob frame = {0};
		struct msg chunk = {.type = MSG_TYPE_payload_chunk,
			.payload_chunk = {p->number, index, span_of(rest.at, len)}};

		TRY(msg_encode(&chunk, &frame));
		TRY(vouch_relay(p->session, &p->node, blob_span(&frame), MSG_TYPE_ok, &answer, refused, err));
		rest = span_of(rest.at + len, rest.len - len);
	}
	return RC_OK;
}

/* To this run of the agent. *envelope is kept, so that a repetition is recognised. */
static enum rc send_once(struct provisioning *p, struct blob *envelope, bool *refused, struct err *err)
{
	DROP(answer_release) struct answer answer = {0};

	*refused = false;
	if (envelope->len == 0)
		TRY(make_share_u(p, envelope, err));
	TRY(vouch_relay(p->session, &p->node, blob_span(envelope), MSG_TYPE_ok, &answer, refused, err));
	if (!span_is(answer.msg.ok.text, "have-payload"))
		TRY(send_chunks(p, refused, err));
	return RC_OK;
}

/* Is the agent another one than the one that we know? Then the tenant judges it anew. */
static enum rc meet_again(struct provisioning *p, bool *is_other, struct err *err)
{
	DROP(known_node_release) struct known_node now = {0};
	uint8_t id[NODE_ID_BYTES];
	uint64_t held = 0;

	memcpy(id, known_node_body(&p->node)->node.at, sizeof id);
	TRY(nodes_get(p->session, id, &now, err));
	*is_other = !span_equal(known_node_body(&now)->nk, known_node_body(&p->node)->nk);
	if (!*is_other)
		return RC_OK;
	if (!span_equal(known_node_body(&now)->ak_name, tpm_name_span(&p->registration.ak_name)))
		return err_set(err, RC_DENIED,
			"the node has another attestation key now; run limebus provision again");
	known_node_release(&p->node);
	p->node = TAKE(now);
	progress_step(&p->progress, "restarted", "the node's agent has started again");
	return provisioning_meet(p, &held, err);
}

bool provisioning_is_passing(enum rc rc, bool refused)
{
	if (refused)
		return rc == RC_EXISTS || rc == RC_IO || rc == RC_STALE || rc == RC_TPM;
	return rc == RC_NOT_FOUND || rc == RC_IO || rc == RC_TIMEOUT;
}

enum rc provisioning_deliver(struct provisioning *p, struct err *err)
{
	DROP(blob_release) struct blob envelope = {0};

	for (;;) {
		bool refused = false;
		bool is_other = false;
		struct err again = {0};
		enum rc rc = send_once(p, &envelope, &refused, err);

		if (rc == RC_OK)
			break;
		if (session_is_interrupted(p->session) || session_mono_ms(p->session) >= p->until_ms)
			return rc;
		if (meet_again(p, &is_other, &again) == RC_DENIED) {
			*err = again;
			return RC_DENIED;
		}
		if (is_other)
			blob_clear(&envelope);
		else if (!provisioning_is_passing(rc, refused))
			return rc;
		TRY(session_wait(p->session, PROVISIONING_PAUSE_MS, NULL, err));
	}
	progress_step(&p->progress, "delivered", "node has its share and the payload (%zu bytes)",
		p->ciphertext.len);
	return RC_OK;
}

/* ---- the end ---- */

static bool is_one_of(struct span state, const char *const *words)
{
	for (; *words != NULL; words++)
		if (span_is(state, *words))
			return true;
	return false;
}

/* RC_OK with *done, or with a status that says no; otherwise not yet. */
static enum rc judge_state(
	struct provisioning *p, const struct elem_node_state *state, bool *done, int *status, struct err *err)
{
	static const char *const bad[] = {"untrusted", "suspended", "removed", NULL};
	static const char failed[] = "bootstrap failed";

	if (is_one_of(state->state, bad)) {
		*done = true;
		*status = EXIT_NO;
		return err_set(err, RC_DENIED, "the node is %.*s; why: limebus node explain %.16s",
			SPAN_FMT(state->state), p->node.digits);
	}
	if (state->number > p->number)
		return err_set(err, RC_STALE,
			"somebody provisioned the node again meanwhile, with number %llu",
			(unsigned long long)state->number);
	if (state->text.len >= strlen(failed) && memcmp(state->text.at, failed, strlen(failed)) == 0) {
		*done = true;
		*status = EXIT_NO;
		return err_set(err, RC_DENIED, "%.*s", SPAN_FMT(state->text));
	}
	*done = state->opened == p->number && span_is(state->state, "trusted");
	return RC_OK;
}

static enum rc too_late(const struct elem_node_state *state, int *status, struct err *err)
{
	*status = EXIT_UNKNOWN;
	return err_set(err, RC_TIMEOUT,
		"the payload is not opened yet; the node is %.*s%s%.*s. It goes on without this command: limebus "
		"node list",
		SPAN_FMT(state->state), state->text.len == 0 ? "" : ", ", SPAN_FMT(state->text));
}

enum rc provisioning_await(struct provisioning *p, int *status, struct err *err)
{
	uint64_t look_ms = session_mono_ms(p->session) + 1000;
	bool done = false;

	while (!done) {
		DROP(answer_release) struct answer answer = {0};
		struct elem_node_state state;

		TRY(states_get(p->session, known_node_body(&p->node)->node, &answer, &state, err));
		TRY(judge_state(p, &state, &done, status, err));
		if (done)
			break;
		if (session_mono_ms(p->session) >= p->until_ms)
			return too_late(&state, status, err);
		if (session_mono_ms(p->session) >= look_ms) {
			bool is_other = false;

			/* U waits in the agent's memory: a new agent needs it again. */
			TRY(meet_again(p, &is_other, err));
			if (is_other)
				TRY(provisioning_deliver(p, err));
			look_ms = session_mono_ms(p->session) + 1000;
		}
		TRY(session_wait(p->session, POLL_MS, &p->has_news, err));
		p->has_news = false;
	}
	progress_step(&p->progress, "trusted", "node passed and opened its payload%s%s",
		p->told[0] == '\0' ? "" : ": ", p->told);
	return RC_OK;
}
