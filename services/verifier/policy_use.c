/* Another policy for a provisioned node, while the one before may hold too (proto/PROTOCOL.md, 8). */
#include <stdio.h>

#include "lib/base/log.h"
#include "services/verifier/inner.h"

/* What must be there for it. */
static enum rc check_policies(const struct verifier *verifier, const struct kept *kept,
	const struct msg_policy_use *use, struct err *err)
{
	const struct policy_entry *policy = policies_find(&verifier->policies, use->policy.at);
	char digits[HEX_BYTES(HASH_BYTES)];

	if (policy == NULL || !policy->is_ready)
		return err_set(err, RC_NOT_FOUND, "policy_use: no policy with the hash %s is known",
			hex_encode(use->policy, digits));
	if ((use->keep_until != 0) != (use->former.len != 0))
		return err_set(err, RC_MALFORMED, "policy_use: former and keep_until belong together");
	if (use->keep_until == 0)
		return RC_OK;
	if (use->keep_until <= service_now(verifier->service))
		return err_set(err, RC_STALE, "policy_use: keep_until has passed");
	if (memcmp(use->former.at, kept->policy, HASH_BYTES) != 0 ||
		memcmp(use->former.at, use->policy.at, HASH_BYTES) == 0)
		return err_set(err, RC_STALE,
			"policy_use: the node has another policy now; look at it, then try again");
	return RC_OK;
}

static enum rc check_node(const struct node *node, const struct msg_policy_use *use, struct err *err)
{
	const struct kept *kept = &node->kept;

	if (kept->number == 0 || use->number != kept->number)
		return err_set(err, RC_STALE, "policy_use: it is for provisioning %llu, the node has %llu",
			(unsigned long long)use->number, (unsigned long long)kept->number);
	if (use->time <= kept->use_time)
		return err_set(err, RC_STALE,
			"policy_use: it is not newer than the last one for this node: it was sent before");
	return RC_OK;
}

static void say(const struct verifier *verifier, const struct msg_policy_use *use, char *out, size_t room)
{
	const struct policy_entry *policy = policies_find(&verifier->policies, use->policy.at);
	const struct policy_entry *former =
		use->former.len == 0 ? NULL : policies_find(&verifier->policies, use->former.at);

	if (former == NULL)
		snprintf(out, room, "policy %s%s%.*s", policy->name, use->reason.len == 0 ? "" : ": ",
			SPAN_FMT(use->reason));
	else
		snprintf(out, room, "policy %s, and until %llu %s too%s%.*s", policy->name,
			(unsigned long long)use->keep_until, former->name, use->reason.len == 0 ? "" : ": ",
			SPAN_FMT(use->reason));
}

static enum rc begin(struct verifier *verifier, const struct peer *peer, const struct msg *msg,
	struct span frame, struct err *err)
{
	DROP(change_drop) struct change *change = NULL;
	struct signed_msg request;
	const struct msg_policy_use *use = &request.msg.policy_use;
	struct span envelope = msg->policy_use_put.request;
	struct node *node;

	if (!shard_is_acting(&verifier->shard))
		return err_set(err, RC_IO,
			"this verifier holds no lease, or has not loaded its nodes yet; try again");
	TRY(roster_signed_now(service_roster(verifier->service), envelope, MSG_TYPE_policy_use,
		ROLES_PROVISION, service_now(verifier->service), &request, err));
	TRY(check_time(verifier, "policy_use", use->time, err));
	node = nodes_find(&verifier->nodes, use->node.at);
	if (node == NULL || node->kept.state == NODE_STATE_NONE)
		return err_set(err, RC_NOT_FOUND, "this verifier knows no node with this id");
	if (node->change != NULL)
		return node_wait(node, peer, frame);
	if (span_equal(envelope, blob_span(&node->kept.use))) {
		answer_ok(verifier, peer, msg->id, NULL);
		return RC_OK;
	}
	TRY(check_node(node, use, err));
	TRY(check_policies(verifier, &node->kept, use, err));
	change = change_begin(verifier, node);
	if (change == NULL || kept_use(&change->next, use, envelope) != RC_OK ||
		blob_copy(&change->cause, envelope) != RC_OK)
		return err_set(err, RC_NOMEM, "out of memory");
	change->writes_prov = true;
	change->effects |= EFFECT_ASK;
	change->uses_policy = true;
	say(verifier, use, change->shown, sizeof change->shown);
	change->operator= * peer;
	change->answer_id = msg->id;
	change->is_answered = true;
	change_commit(&change);
	return RC_OK;
}

void policy_on_use(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct verifier *verifier = ctx;
	struct err err = {0};
	enum rc rc = begin(verifier, peer, msg, frame, &err);

	if (rc != RC_OK)
		answer_error(verifier, peer, msg->id, rc, &err);
}
