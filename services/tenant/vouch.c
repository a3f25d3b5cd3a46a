#include "services/tenant/vouch.h"

#include <stdio.h>

#include "lib/crypto/random.h"
#include "lib/evidence/quote_check.h"
#include "lib/trust/qualify.h"
#include "lib/trust/relay.h"

void vouch_release(struct vouch *vouch)
{
	cert_roots_release(&vouch->roots);
	allow_list_release(&vouch->allowed);
}

void vouched_release(struct vouched *vouched)
{
	blob_release(&vouched->attest);
	blob_release(&vouched->signature);
	blob_release(&vouched->values);
	*vouched = (struct vouched){0};
}

enum rc vouch_open(const struct tenant_config *config, struct vouch *out, struct err *err)
{
	DROP(vouch_release) struct vouch vouch = {0};
	enum rc rc = cert_roots_load(config->ek_roots, &vouch.roots, err);

	if (rc != RC_OK && (rc != RC_NOT_FOUND || config->ek_allowed == NULL))
		return err_wrap(err, rc,
			"a TPM is trusted here only by its manufacturer's certificate, or if ek-allowed names it: ");
	if (config->ek_allowed != NULL)
		TRY(allow_list_load(config->ek_allowed, &vouch.allowed, err));
	vouch_release(out);
	*out = TAKE(vouch);
	return RC_OK;
}

enum rc vouch_check(const struct vouch *vouch, const struct known_node *node, uint64_t wall_ms,
	struct registration *out, struct err *err)
{
	DROP(registration_release) struct registration registration = {0};
	const struct msg_node *body = known_node_body(node);
	struct registration_claim claim = {
		body->ek_public, body->ek_certificate, body->chain, body->ak_public};
	struct registration_rules rules = {vouch->roots, &vouch->allowed, wall_ms};

	TRY(registration_check(&claim, &rules, &registration, err));
	/* Without roots registration_check leaves the EK to others. We have nobody to leave it to. */
	if (vouch->roots == NULL && !allow_list_has(&vouch->allowed, registration.node))
		return err_set(err, RC_DENIED,
			"node %.16s... is not in ek-allowed, and there are no ek-roots", node->digits);
	if (!span_equal(SPAN(registration.node), body->node))
		return err_set(err, RC_DENIED,
			"the registrar hands out another TPM for node %.16s...: its EK makes another id",
			node->digits);
	registration_release(out);
	*out = TAKE(registration);
	return RC_OK;
}

/* ---- through the verifier ---- */

/* The node's own `error`; its code decides, so that who sent too early can try again. */
static enum rc refused_by_node(
	const struct known_node *node, const struct msg_error *error, bool *refused, struct err *err)
{
	enum rc rc = error->code > RC_OK && error->code < RC_COUNT ? (enum rc)error->code : RC_UNSUPPORTED;

	*refused = true;
	return err_set(err, rc, "node %.16s refuses: %.*s", known_node_name(node), SPAN_FMT(error->text));
}

enum rc vouch_relay(struct session *session, const struct known_node *node, struct span message,
	enum msg_type expected, struct answer *out, bool *refused, struct err *err)
{
	const struct msg_node *body = known_node_body(node);
	DROP(blob_release) struct blob sealed = {0};
	DROP(answer_release) struct answer answer = {0};
	struct msg request = {.type = MSG_TYPE_relay};
	struct msg inner;

	*refused = false;
	TRY(relay_seal(body->nk.at, body->node.at, message, &sealed, err));
	request.relay = (struct msg_relay){body->node, blob_span(&sealed)};
	TRY(session_ask(session, ROLE_VERIFIER, &request, MSG_TYPE_relay_reply, &answer, err));
	if (msg_decode(answer.msg.relay_reply.body, &inner) != RC_OK)
		return err_set(
			err, RC_MALFORMED, "the answer of node %.16s cannot be read", known_node_name(node));
	if (inner.type == MSG_TYPE_error)
		return refused_by_node(node, &inner.error, refused, err);
	if (inner.type != expected)
		return err_set(err, RC_MALFORMED, "node %.16s answers with %s, expected %s",
			known_node_name(node), msg_type_name(inner.type), msg_type_name(expected));
	answer.msg = inner;
	answer_release(out);
	*out = TAKE(answer);
	return RC_OK;
}

/* ---- the challenge ---- */

/* Every check that failed, in words. */
static enum rc say_failed(
	const struct known_node *node, const struct quote_claim *claim, uint32_t failed, struct err *err)
{
	char text[ERR_TEXT_BYTES] = "";
	size_t at = 0;

	for (unsigned i = 0; i < QUOTE_REASON_COUNT; i++) {
		struct quote_texts texts;
		int len;

		if ((failed & 1u << i) == 0 || at >= sizeof text)
			continue;
		quote_reason_texts(claim, (enum quote_reason)i, &texts);
		len = snprintf(text + at, sizeof text - at, "%s%s: expected %.64s, found %.64s",
			at == 0 ? "" : "; ", quote_reason_name((enum quote_reason)i), texts.expected,
			texts.found);
		at += len < 0 ? 0 : (size_t)len;
	}
	return err_set(err, RC_DENIED, "the TPM of node %.16s did not sign what was asked for: %s",
		known_node_name(node), text);
}

enum rc vouch_judge(const struct known_node *node, const struct registration *registration,
	const struct pcr_selection *selection, const uint8_t nonce[static NONCE_BYTES],
	const struct msg_identity_evidence *evidence, struct vouched *out, struct err *err)
{
	const struct msg_node *body = known_node_body(node);
	enum qualify_purpose purpose = selection->count == 0 ? QUALIFY_IDENTITY : QUALIFY_GOLDEN;
	struct attest attest;
	struct signature signature;
	uint8_t data[HASH_BYTES];
	struct quote_claim claim = {.attest = &attest,
		.signature = &signature,
		.ak = registration->ak,
		.data = SPAN(data),
		.asked = selection,
		.values = evidence->values,
		.signer = tpm_name_span(&registration->signer)};
	struct quote_verdict verdict;
	enum rc rc;

	if (attest_parse(evidence->attest, &attest) != RC_OK ||
		tpm_signature_parse(evidence->signature, &signature) != RC_OK)
		return err_set(err, RC_DENIED, "what node %.16s sent is no quote", known_node_name(node));
	TRY(qualify(purpose, nonce, body->nk.at, body->node.at, data));
	rc = quote_check(&claim, &verdict);
	if (rc != RC_OK)
		return err_set(err, rc, "the quote could not be judged: %s", rc_words(rc));
	if (!verdict.accepted)
		return say_failed(node, &claim, verdict.failed, err);
	if (blob_copy(&out->attest, evidence->attest) != RC_OK ||
		blob_copy(&out->signature, evidence->signature) != RC_OK ||
		blob_copy(&out->values, evidence->values) != RC_OK)
		return err_set(err, RC_NOMEM, "out of memory");
	memcpy(out->data, data, sizeof data);
	out->held = evidence->held;
	out->reset_count = attest.reset_count;
	out->firmware = attest.firmware_version;
	return RC_OK;
}

static enum rc add_banks(const struct pcr_selection *selection, struct blob *raw)
{
	for (size_t i = 0; i < selection->count; i++) {
		struct elem_bank bank = {selection->banks[i].alg, selection->banks[i].mask};

		TRY(ELEM_APPEND(bank, &bank, raw));
	}
	return RC_OK;
}

enum rc vouch_challenge(struct session *session, const struct known_node *node,
	const struct registration *registration, const struct pcr_selection *selection, struct vouched *out,
	struct err *err)
{
	const struct msg_node *body = known_node_body(node);
	DROP(answer_release) struct answer answer = {0};
	DROP(vouched_release) struct vouched vouched = {0};
	DROP(blob_release) struct blob banks = {0};
	DROP(blob_release) struct blob envelope = {0};
	struct msg challenge = {.type = MSG_TYPE_identity_challenge};
	uint8_t nonce[NONCE_BYTES];
	bool refused;

	TRY(random_fill(nonce, sizeof nonce, err));
	TRY(add_banks(selection, &banks));
	challenge.identity_challenge = (struct msg_identity_challenge){body->node, body->nk, SPAN(nonce),
		{blob_span(&banks), selection->count}, session_now(session)};
	TRY(signed_make(session_signer(session), &challenge, &envelope, err));
	TRY(vouch_relay(
		session, node, blob_span(&envelope), MSG_TYPE_identity_evidence, &answer, &refused, err));
	TRY(vouch_judge(node, registration, selection, nonce, &answer.msg.identity_evidence, &vouched, err));
	vouched_release(out);
	*out = TAKE(vouched);
	return RC_OK;
}
