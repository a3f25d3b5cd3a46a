/* Provisionings, the release of V, and how bootstraps end (proto/PROTOCOL.md, 6). */
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/log.h"
#include "lib/crypto/digest.h"
#include "services/verifier/inner.h"

/* ---- provision ---- */

/* A provisioning whose signature was right, while the registrar's record is read. The frame holds V. */
struct provisioning {
	struct verifier *verifier;
	struct peer peer;
	uint64_t id;
	uint8_t node[NODE_ID_BYTES];
	struct blob frame;
};

static void provisioning_drop(struct provisioning **provisioning)
{
	if (*provisioning == NULL)
		return;
	blob_release(&(*provisioning)->frame);
	free(*provisioning);
	*provisioning = NULL;
}

static bool is_ready(const struct policy_entry *policy)
{
	return policy != NULL && policy->is_ready;
}

/* What can be checked without asking anybody. */
static enum rc check_request(const struct verifier *verifier, const struct msg_provisioning *request,
	struct span share_v, struct err *err)
{
	uint8_t hash[HASH_BYTES];
	char digits[HEX_BYTES(HASH_BYTES)];

	TRY(check_time(verifier, "provisioning", request->time, err));
	TRY(digest_bytes(DIGEST_SHA256, share_v, hash));
	if (!digest_equal(SPAN(hash), request->v_hash))
		return err_set(err, RC_DENIED, "provisioning: this V is not the one that was signed");
	if (!is_ready(policies_find(&verifier->policies, request->policy.at)))
		return err_set(err, RC_NOT_FOUND,
			"provisioning: no policy with the hash %s is known; run: limebus policy create",
			hex_encode(request->policy, digits));
	if (class_find(&verifier->classes, request->class) == NULL)
		return err_set(err, RC_NOT_FOUND,
			"provisioning: there is no class \"%.*s\" in this verifier's configuration",
			SPAN_FMT(request->class));
	return RC_OK;
}

static enum rc check_node(
	const struct kept *kept, const struct msg_provisioning *request, const char *digits, struct err *err)
{
	if (request->number <= kept->highest)
		return err_set(err, RC_STALE,
			"provisioning: number %llu is not above %llu, which was taken already",
			(unsigned long long)request->number, (unsigned long long)kept->highest);
	if (kept->state == NODE_UNTRUSTED || kept->state == NODE_SUSPENDED)
		return err_set(err, RC_DENIED, "the node is %s; run: limebus node resume %.16s",
			node_state_word(kept->state), digits);
	return RC_OK;
}

static enum rc seal_v(const struct verifier *verifier, struct kept *kept, const uint8_t *node,
	struct span share_v, struct err *err)
{
	DROP(secret32_release) struct secret32 v = {0};
	DROP(blob_release) struct blob sealed = {0};

	memcpy(v.bytes, share_v.at, sizeof v.bytes);
	TRY(share_keep_v(&verifier->sealing_key, (struct share_for){node, kept->number}, &v, &sealed, err));
	if (sealed.len != sizeof kept->sealed_v)
		return err_set(err, RC_CRYPTO, "sealing V");
	memcpy(kept->sealed_v, sealed.at, sizeof kept->sealed_v);
	return RC_OK;
}

static enum rc fill_change(struct change *change, const struct provisioning *op, const struct msg *msg,
	const struct msg_provisioning *request, uint64_t record, struct err *err)
{
	struct span envelope = msg->provision.request;

	if (change->next.state == NODE_STATE_NONE)
		change_force(change, NODE_ENROLLED, "");
	change->next.record = record;
	TRY(kept_provision(&change->next, request, envelope));
	TRY(seal_v(change->verifier, &change->next, op->node, msg->provision.share_v, err));
	if (!change_step(change, EVENT_PROVISIONED))
		return err_set(err, RC_DENIED, "a node that is %s cannot be provisioned",
			node_state_word(change->next.state));
	change->next.text[0] = '\0';
	change->writes_prov = true;
	TRY(blob_copy(&change->cause, envelope));
	change->operator= op->peer;
	change->answer_id = op->id;
	change->is_answered = true;
	return RC_OK;
}

/* The registrar's record is there: the rest of the checks, then the change. */
static enum rc take(const struct provisioning *op, struct span record, struct err *err)
{
	struct verifier *verifier = op->verifier;
	DROP(registration_release) struct registration registration = {0};
	DROP(change_drop) struct change *change = NULL;
	struct record_view view;
	struct signed_msg request;
	struct node *node;
	struct msg msg;

	TRY(msg_decode_as(blob_span(&op->frame), MSG_TYPE_provision, &msg));
	TRY(signed_open(msg.provision.request, MSG_TYPE_provisioning, &request, err));
	TRY(enter_check_record(verifier, op->node, record, &view, &registration, err));
	if (!span_equal(request.msg.provisioning.ak_name, tpm_name_span(&registration.ak_name)))
		return err_set(err, RC_DENIED,
			"provisioning: it names another AK than the node has now; run limebus provision again");
	node = nodes_make(&verifier->nodes, op->node);
	if (node == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	node->verifier = verifier;
	node_bind(verifier, node);
	if (node->change != NULL)
		return node_wait(node, &op->peer, blob_span(&op->frame));
	if (node->kept.number != 0 && span_equal(msg.provision.request, blob_span(&node->kept.request))) {
		answer_ok(verifier, &op->peer, op->id, NULL);
		return RC_OK;
	}
	TRY(check_node(&node->kept, &request.msg.provisioning, node->digits, err));
	change = change_begin(verifier, node);
	if (change == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	TRY(fill_change(change, op, &msg, &request.msg.provisioning, view.body.node.number, err));
	change_commit(&change);
	return RC_OK;
}

static void on_record(void *ctx, enum rc rc, struct span value)
{
	DROP(provisioning_drop) struct provisioning *op = ctx;
	struct verifier *verifier = op->verifier;
	struct err err = {0};

	if (verifier->is_closing)
		return;
	if (rc == RC_NOT_FOUND)
		err_set(&err, rc, "provisioning: no node with this id is registered");
	else if (rc != RC_OK)
		err_set(&err, rc, "Redis: %s", store_why(service_store(verifier->service)));
	else
		rc = take(op, value, &err);
	if (rc != RC_OK)
		answer_error(verifier, &op->peer, op->id, rc, &err);
}

static enum rc begin(struct verifier *verifier, const struct peer *peer, const struct msg *msg,
	struct span frame, struct err *err)
{
	DROP(provisioning_drop) struct provisioning *op = calloc(1, sizeof *op);
	char digits[NODE_DIGITS];
	struct signed_msg request;
	enum rc rc;

	if (op == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	if (!shard_is_acting(&verifier->shard))
		return err_set(err, RC_IO,
			"this verifier holds no lease, or has not loaded its nodes yet; try again");
	TRY(roster_signed_now(service_roster(verifier->service), msg->provision.request,
		MSG_TYPE_provisioning, ROLES_PROVISION, service_now(verifier->service), &request, err));
	TRY(check_request(verifier, &request.msg.provisioning, msg->provision.share_v, err));
	op->verifier = verifier;
	op->peer = *peer;
	op->id = msg->id;
	memcpy(op->node, request.msg.provisioning.node.at, NODE_ID_BYTES);
	TRY(blob_append(&op->frame, frame));
	rc = store_hash_get(service_store(verifier->service), KEY_NODE,
		span_text(hex_encode(SPAN(op->node), digits)), RECORD_MAX + 1024, on_record, op);
	if (rc != RC_OK)
		return err_set(err, rc, "Redis: %s", store_why(service_store(verifier->service)));
	(void)TAKE(op);
	return RC_OK;
}

void provision_on_provision(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct verifier *verifier = ctx;
	struct err err = {0};
	enum rc rc = begin(verifier, peer, msg, frame, &err);

	if (rc != RC_OK)
		answer_error(verifier, peer, msg->id, rc, &err);
}

/* ---- V ---- */

bool provision_may_send_v(
	const struct verifier *verifier, const struct node *node, const struct kept *kept, const char **why)
{
	if (kept->number == 0)
		*why = "the node is not provisioned";
	else if (!verifier->shard.floors_done)
		*why = "the notice log has not been compared with Redis yet; the revocation service must be reachable";
	else if (kept->withheld)
		*why = "there was no good verdict for longer than the redeliver limit of the node's class; "
		       "run: limebus node resume NODE";
	else if (node->ak == NULL ||
		 !span_equal(tpm_name_span(&kept->ak_name), tpm_name_span(&node->ak_name)))
		*why = "the node has another AK than its provisioning names; provision it again";
	else
		return true;
	return false;
}

void provision_send_v(struct verifier *verifier, struct node *node, const struct peer *peer)
{
	DROP(secret32_release) struct secret32 v = {0};
	DROP(blob_release) struct blob sealed = {0};
	struct share_for who = {node->id, node->kept.number};
	struct msg msg = {.type = MSG_TYPE_share_v};
	struct err err = {0};
	const char *why = NULL;
	enum rc rc;

	/* V goes to the key of the evidence, and only while that is the node's present one. */
	if (!node_state_passes(node->kept.state) || !shard_is_acting(&verifier->shard) || !node->nk.known ||
		memcmp(peer->key, node->nk.key, CURVE_KEY_BYTES) != 0 ||
		!provision_may_send_v(verifier, node, &node->kept, &why))
		return;
	rc = share_kept_v(&verifier->sealing_key, who, SPAN(node->kept.sealed_v), &v, &err);
	if (rc == RC_OK)
		rc = share_send_v(peer->key, who, &v, &sealed, &err);
	if (rc != RC_OK) {
		log_event(LOG_ERROR, "v.unsent", "node=%s why=\"%s\"", node->digits, err.text);
		return;
	}
	msg.share_v = (struct msg_share_v){node->kept.number, blob_span(&sealed)};
	if (server_send(server_of(verifier), peer, &msg) == RC_OK)
		log_event(LOG_INFO, "v.sent", "node=%s number=%llu", node->digits,
			(unsigned long long)node->kept.number);
}

/* ---- bootstrapped ---- */

static void opened(
	struct verifier *verifier, struct node *node, const struct peer *peer, const struct msg *msg)
{
	const struct msg_bootstrapped *told = &msg->bootstrapped;
	struct change *change;

	node->opened = told->number;
	if (node->kept.opened == told->number && node->kept.state == NODE_TRUSTED) {
		answer_ok(verifier, peer, msg->id, NULL);
		return;
	}
	change = change_begin(verifier, node);
	if (change == NULL)
		return;
	if (!change_step(change, EVENT_OPENED)) {
		change_drop(&change);
		verifier->counts.ignored++;
		return;
	}
	change->next.opened = told->number;
	change->next.opened_at = service_now(verifier->service);
	change->next.text[0] = '\0';
	change->writes_prov = true;
	change->is_bootstrapped = true;
	snprintf(change->shown, sizeof change->shown, "opened in %llu us, %llu us of them in the TPM",
		(unsigned long long)told->total_us, (unsigned long long)told->tpm_us);
	change->operator= * peer;
	change->answer_id = msg->id;
	change->is_answered = msg->id != 0;
	change_commit(&change);
}

static void not_opened(
	struct verifier *verifier, struct node *node, const struct peer *peer, const struct msg *msg)
{
	struct span text = msg->bootstrapped.text;

	snprintf(node->kept.text, sizeof node->kept.text, "bootstrap failed: %.*s", SPAN_FMT(text));
	/* A cut must not leave half a character behind. */
	for (char *c = node->kept.text; *c != '\0'; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	log_event(LOG_WARN, "node.bootstrap_failed", "node=%s text=\"%s\"", node->digits, node->kept.text);
	service_event(verifier->service, "node.bootstrap_failed", node->id, node_state_word(node->kept.state),
		msg->bootstrapped.number, node->kept.text);
	if (msg->id != 0)
		answer_ok(verifier, peer, msg->id, NULL);
}

void provision_on_bootstrapped(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct verifier *verifier = ctx;
	const struct node_key *key = nodes_key(&verifier->nodes, peer->key);
	struct node *node;

	if (key == NULL || key != &key->node->nk || !shard_is_acting(&verifier->shard) ||
		msg->bootstrapped.number != key->node->kept.number) {
		verifier->counts.ignored++;
		return;
	}
	node = key->node;
	if (node->change != NULL) {
		if (node_wait(node, peer, frame) != RC_OK)
			verifier->counts.ignored++;
	} else if (msg->bootstrapped.opened) {
		opened(verifier, node, peer, msg);
	} else {
		not_opened(verifier, node, peer, msg);
	}
}
