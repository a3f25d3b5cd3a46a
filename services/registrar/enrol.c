/* register → credential → activate → enrolled (proto/PROTOCOL.md, 4). Nothing is stored before the proof is
 * right. */
#include <stdlib.h>

#include "lib/base/hex.h"
#include "lib/base/log.h"
#include "lib/crypto/credential.h"
#include "lib/crypto/digest.h"
#include "lib/crypto/random.h"
#include "lib/store/commit.h"
#include "lib/trust/qualify.h"
#include "services/registrar/inner.h"

static uint64_t mono_ms(const struct registrar *registrar)
{
	return clock_mono_ms(loop_clock(service_loop(registrar->service)));
}

static void refuse(
	struct registrar *registrar, const struct peer *peer, uint64_t id, enum rc rc, const char *text)
{
	registrar->refused++;
	log_event(LOG_WARN, "enrol.refused", "why=\"%s\"", text);
	server_send_error(service_server(registrar->service), peer, id, rc, text);
}

/* ---- register ---- */

static enum rc make_credential(const struct registration *registration, struct secret32 *out_ke,
	struct blob *id_object, struct blob *secret, struct err *err)
{
	DROP(secret32_release) struct secret32 ke = {0};
	struct credential_ek ek;

	TRY(registration_ek(registration, &ek, err));
	TRY(random_fill(ke.bytes, sizeof ke.bytes, err));
	TRY(credential_make(
		&ek, tpm_name_span(&registration->ak_name), SPAN(ke.bytes), id_object, secret, err));
	*out_ke = ke;
	return RC_OK;
}

static enum rc prepare(struct registrar *registrar, const struct peer *peer, const struct msg *msg,
	struct span frame, struct blob *id_object, struct blob *secret, uint8_t node[static NODE_ID_BYTES],
	struct err *err)
{
	DROP(registration_release) struct registration registration = {0};
	DROP(pending_release) struct pending pending = {0};
	const struct msg_node_register *claim = &msg->node_register;
	struct registration_rules rules = {
		registrar->roots, &registrar->allowed, service_now(registrar->service)};

	if (frame.len > PENDING_CLAIM_MAX)
		return err_set(err, RC_LIMIT, "register: %zu bytes, at most %u are kept", frame.len,
			PENDING_CLAIM_MAX);
	TRY(registration_check(&(struct registration_claim){claim->ek_public, claim->ek_certificate,
				       claim->chain, claim->ak_public},
		&rules, &registration, err));
	TRY(make_credential(&registration, &pending.ke, id_object, secret, err));
	memcpy(pending.nk, peer->key, CURVE_KEY_BYTES);
	memcpy(pending.node, registration.node, NODE_ID_BYTES);
	memcpy(node, registration.node, NODE_ID_BYTES);
	pending.ak_name = registration.ak_name;
	memcpy(pending.admitted_by, registration.admitted_by, sizeof registration.admitted_by);
	TRY(blob_append(&pending.claim, frame));
	pending_put(registrar->pending, &pending, mono_ms(registrar));
	return RC_OK;
}

void enrol_on_register(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct registrar *registrar = ctx;
	DROP(blob_release) struct blob id_object = {0};
	DROP(blob_release) struct blob secret = {0};
	struct msg answer = {.type = MSG_TYPE_credential, .id = msg->id};
	uint8_t node[NODE_ID_BYTES];
	struct err err = {0};
	enum rc rc = prepare(registrar, peer, msg, frame, &id_object, &secret, node, &err);

	if (rc != RC_OK) {
		refuse(registrar, peer, msg->id, rc, err.text[0] != '\0' ? err.text : rc_words(rc));
		return;
	}
	answer.credential.node = SPAN(node);
	answer.credential.id_object = blob_span(&id_object);
	answer.credential.secret = blob_span(&secret);
	if (server_send(service_server(registrar->service), peer, &answer) != RC_OK)
		log_event(LOG_INFO, "enrol.unsent", "the agent is gone");
}

/* ---- activate ---- */

/* An activation whose proof was right, while Redis is asked. */
struct enrolment {
	struct registrar *registrar;
	struct peer peer;
	uint64_t id;
	struct pending claim;
	char digits[HEX_BYTES(NODE_ID_BYTES)];
	struct blob record;
	uint64_t version;
	uint64_t number;
	bool is_new_ak;
};

static void enrolment_drop(struct enrolment **enrolment)
{
	if (*enrolment == NULL)
		return;
	pending_release(&(*enrolment)->claim);
	blob_release(&(*enrolment)->record);
	free(*enrolment);
	*enrolment = NULL;
}

static void end_badly(struct enrolment *enrolment, enum rc rc, const char *text)
{
	refuse(enrolment->registrar, &enrolment->peer, enrolment->id, rc, text);
	enrolment_drop(&enrolment);
}

static void on_committed(void *ctx, enum rc rc)
{
	DROP(enrolment_drop) struct enrolment *enrolment = ctx;
	struct registrar *registrar = enrolment->registrar;
	struct msg answer = {.type = MSG_TYPE_enrolled,
		.id = enrolment->id,
		.enrolled = {SPAN(enrolment->claim.node), enrolment->number}};

	if (rc != RC_OK) {
		end_badly(TAKE(enrolment), rc, store_why(service_store(registrar->service)));
		return;
	}
	if (directory_put(&registrar->directory, enrolment->claim.node, enrolment->version,
		    blob_span(&enrolment->record)) != RC_OK)
		log_event(LOG_ERROR, "directory.full", "node=%s", enrolment->digits);
	registrar->enrolled++;
	log_event(LOG_INFO, "node.enrolled", "node=%s number=%llu new_ak=%s by=\"%s\"", enrolment->digits,
		(unsigned long long)enrolment->number, enrolment->is_new_ak ? "yes" : "no",
		enrolment->claim.admitted_by);
	service_event(registrar->service, "node.enrolled", enrolment->claim.node, "enrolled",
		enrolment->number, enrolment->claim.admitted_by);
	if (server_send(service_server(registrar->service), &enrolment->peer, &answer) != RC_OK)
		log_event(LOG_INFO, "enrol.unsent", "node=%s the agent is gone", enrolment->digits);
}

/* The record that follows the former one (NULL: there is none that can be believed). */
static enum rc make_record(struct enrolment *enrolment, const struct record_view *former, struct err *err)
{
	struct registrar *registrar = enrolment->registrar;
	const struct directory_node *known = directory_find(&registrar->directory, enrolment->claim.node);
	uint64_t now = service_now(registrar->service);
	uint64_t version = former != NULL ? former->version : known != NULL ? known->version : 0;
	char key[RECORD_KEY_BYTES];
	struct msg claim;
	struct msg body = {.type = MSG_TYPE_node};

	TRY(msg_decode_as(blob_span(&enrolment->claim.claim), MSG_TYPE_node_register, &claim));
	enrolment->is_new_ak = former == NULL || !span_equal(former->body.node.ak_name,
							 tpm_name_span(&enrolment->claim.ak_name));
	enrolment->version = next_version(registrar, version);
	enrolment->number = enrolment->is_new_ak
	                            ? next_version(registrar, former == NULL ? 0 : former->body.node.number)
	                            : former->body.node.number;
	body.node = (struct msg_node){
		.node = SPAN(enrolment->claim.node),
		.number = enrolment->number,
		.nk = SPAN(enrolment->claim.nk),
		.ak_public = claim.node_register.ak_public,
		.ak_name = tpm_name_span(&enrolment->claim.ak_name),
		.ek_public = claim.node_register.ek_public,
		.ek_certificate = claim.node_register.ek_certificate,
		.chain = claim.node_register.chain,
		.enrolled = enrolment->is_new_ak ? now : former->body.node.enrolled,
		.activated = now,
		.hint = claim.node_register.hint,
	};
	return record_make(&service_identity(registrar->service)->sign,
		(struct record_head){
			"node", record_key("node", span_text(enrolment->digits), key), enrolment->version, 0},
		&body, &enrolment->record, err);
}

/* Only if the record is still the one that was read: two registrars do not write over each other. */
static enum rc commit(struct enrolment *enrolment, const struct span *read, const struct record_view *former,
	struct err *err)
{
	struct registrar *registrar = enrolment->registrar;
	DROP(store_batch_release) struct store_batch batch = {0};
	struct span field = span_text(enrolment->digits);
	char nk[HEX_BYTES(CURVE_KEY_BYTES)];
	char old_nk[HEX_BYTES(CURVE_KEY_BYTES)];
	enum rc rc;

	hex_encode(SPAN(enrolment->claim.nk), nk);
	TRY(store_batch_hash_expect(&batch, KEY_NODE, field, read));
	TRY(store_batch_hash_set(&batch, KEY_NODE, field, blob_span(&enrolment->record)));
	if (former != NULL && !span_equal(former->body.node.nk, SPAN(enrolment->claim.nk)))
		TRY(store_batch_hash_delete(
			&batch, KEY_NK, span_text(hex_encode(former->body.node.nk, old_nk))));
	TRY(store_batch_hash_set(&batch, KEY_NK, span_text(nk), field));
	rc = store_commit(service_store(registrar->service), NULL, &batch, on_committed, enrolment);
	if (rc != RC_OK)
		return err_set(err, rc, "Redis: %s", store_why(service_store(registrar->service)));
	return RC_OK;
}

static void on_former(void *ctx, enum rc rc, struct span value)
{
	DROP(enrolment_drop) struct enrolment *enrolment = ctx;
	struct registrar *registrar = enrolment->registrar;
	struct record_view former;
	const struct record_view *believed = NULL;
	bool has_value = rc == RC_OK;
	struct err err = {0};

	if (rc != RC_OK && rc != RC_NOT_FOUND) {
		end_badly(TAKE(enrolment), rc, store_why(service_store(registrar->service)));
		return;
	}
	if (rc == RC_OK && open_node(registrar, enrolment->claim.node, value, &former, &err) == RC_OK)
		believed = &former;
	else if (rc == RC_OK) {
		/* The enrolment proved everything anew, so what was altered or put back is replaced; but
		 * loudly. */
		log_event(LOG_ERROR, "store.tampered", "why=\"%s\"", err.text);
		service_event(registrar->service, "store.tampered", enrolment->claim.node, NULL, 0, err.text);
	}
	rc = make_record(enrolment, believed, &err);
	if (rc == RC_OK)
		rc = commit(enrolment, has_value ? &value : NULL, believed, &err);
	if (rc != RC_OK) {
		end_badly(TAKE(enrolment), rc, err.text[0] != '\0' ? err.text : rc_words(rc));
		return;
	}
	/* on_committed has it now. */
	(void)TAKE(enrolment);
}

static enum rc check_proof(const struct pending *claim, const struct msg_activate *activate, struct err *err)
{
	uint8_t proof[HASH_BYTES];

	if (!span_equal(activate->node, SPAN(claim->node)))
		return err_set(err, RC_DENIED,
			"activate: it is for another node than the register of this connection");
	TRY(activation_proof(claim->ke.bytes, claim->node, tpm_name_span(&claim->ak_name), claim->nk, proof));
	if (!digest_equal(activate->proof, SPAN(proof)))
		return err_set(
			err, RC_DENIED, "activate: the proof is wrong: the AK is not in the TPM of this EK");
	return RC_OK;
}

static enum rc begin(
	struct registrar *registrar, const struct peer *peer, const struct msg *msg, struct err *err)
{
	DROP(enrolment_drop) struct enrolment *enrolment = calloc(1, sizeof *enrolment);
	enum rc rc;

	if (enrolment == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	if (!registrar->is_loaded)
		return err_set(err, RC_IO, "the registrar has no connection to Redis; try again");
	if (!pending_take(registrar->pending, peer->key, mono_ms(registrar), &enrolment->claim))
		return err_set(err, RC_NOT_FOUND, "activate: no register of this connection waits for it");
	TRY(check_proof(&enrolment->claim, &msg->activate, err));
	enrolment->registrar = registrar;
	enrolment->peer = *peer;
	enrolment->id = msg->id;
	hex_encode(SPAN(enrolment->claim.node), enrolment->digits);
	rc = store_hash_get(service_store(registrar->service), KEY_NODE, span_text(enrolment->digits),
		RECORD_MAX + 1024, on_former, enrolment);
	if (rc != RC_OK)
		return err_set(err, rc, "Redis: %s", store_why(service_store(registrar->service)));
	(void)TAKE(enrolment);
	return RC_OK;
}

void enrol_on_activate(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct registrar *registrar = ctx;
	struct err err = {0};
	enum rc rc = begin(registrar, peer, msg, &err);

	(void)frame;
	if (rc != RC_OK)
		refuse(registrar, peer, msg->id, rc, err.text[0] != '\0' ? err.text : rc_words(rc));
}
