#include "services/verifier/keep.h"

#include <stdlib.h>

#include "lib/base/log.h"
#include "services/verifier/inner.h"

#define KEEP_EVERY_MS 10000
#define KEEP_BATCH    64 /* nodes */
#define KEEP_BATCHES  16 /* a call */

enum rc keep_state(const struct verifier *verifier, const struct node *node, const struct kept *kept,
	uint64_t version, struct blob *out, struct err *err)
{
	const struct class *class = node->class;
	char key[RECORD_KEY_BYTES];
	struct msg body = {.type = MSG_TYPE_state,
		.state = {
			.node = SPAN(node->id),
			.state = span_text(node_state_word(kept->state)),
			.since = kept->since == 0 ? 1 : kept->since,
			.record = kept->record,
			.good = kept->good,
			.limit_ms = class == NULL ? 0 : class->lapse_ms,
			.verdicts = kept->verdicts,
			.reset_count = kept->counters.reset_count,
			.restart_count = kept->counters.restart_count,
			.clock = kept->counters.clock,
			.request_time = kept->request_time,
			.text = span_text(kept->text),
			.verdict = blob_span(&kept->bad),
			.good_verdict = blob_span(&kept->fine),
			.highest = kept->highest,
		}};

	return record_make(&service_identity(verifier->service)->sign,
		(struct record_head){"state", record_key("state", node->digits, key), version,
			shard_token(&verifier->shard)},
		&body, out, err);
}

enum rc keep_prov(const struct verifier *verifier, const struct node *node, const struct kept *kept,
	uint64_t version, struct blob *out, struct err *err)
{
	char key[RECORD_KEY_BYTES];
	struct msg body = {.type = MSG_TYPE_prov,
		.prov = {
			.request = blob_span(&kept->request),
			.sealed_v = SPAN(kept->sealed_v),
			.opened = kept->opened,
			.opened_at = kept->opened_at,
			.delivered = kept->delivered,
			.withheld = kept->withheld,
			.use = blob_span(&kept->use),
		}};

	return record_make(&service_identity(verifier->service)->sign,
		(struct record_head){"prov", record_key("prov", node->digits, key), version,
			shard_token(&verifier->shard)},
		&body, out, err);
}

static enum rc open_record(const struct verifier *verifier, const char *type, enum msg_type body,
	const uint8_t id[static NODE_ID_BYTES], struct span record, uint64_t known, struct record_view *out,
	struct err *err)
{
	char digits[NODE_DIGITS];
	char key[RECORD_KEY_BYTES];
	struct record_expect expect = {
		.type = type,
		.key = record_key(type, hex_encode(span_of(id, NODE_ID_BYTES), digits), key),
		.body = body,
		.writers = ROLE_VERIFIER,
		.version = known,
	};

	return record_open(
		service_roster(verifier->service), record, expect, service_now(verifier->service), out, err);
}

static struct keep_origin origin_of(const struct verifier *verifier, const struct record_view *view)
{
	return (struct keep_origin){view->token, record_is_foreign(verifier, view)};
}

/* Which of the two verdicts is the last one, and what it found. */
static enum rc read_verdicts(struct kept *kept, struct span bad, struct span fine, struct err *err)
{
	struct signed_msg opened;
	uint64_t number = 0;

	kept->last_was_good = false;
	memset(kept->findings, 0, sizeof kept->findings);
	if (bad.len != 0) {
		TRY(signed_open(bad, MSG_TYPE_verdict, &opened, err));
		number = opened.msg.verdict.number;
		TRY(findings_digest(opened.msg.verdict.findings, kept->findings));
	}
	if (fine.len != 0) {
		TRY(signed_open(fine, MSG_TYPE_verdict, &opened, err));
		kept->last_was_good = opened.msg.verdict.number > number;
	}
	if (kept->last_was_good) {
		memset(kept->findings, 0, sizeof kept->findings);
		if (opened.msg.verdict.findings.count != 0)
			TRY(findings_digest(opened.msg.verdict.findings, kept->findings));
	}
	TRY(blob_copy(&kept->bad, bad));
	return blob_copy(&kept->fine, fine);
}

enum rc keep_read_state(const struct verifier *verifier, const uint8_t id[static NODE_ID_BYTES],
	struct span record, struct kept *kept, struct keep_origin *origin, struct err *err)
{
	DROP(kept_release) struct kept read = {0};
	struct record_view view;
	const struct msg_state *state = &view.body.state;
	enum node_state word;

	TRY(open_record(verifier, "state", MSG_TYPE_state, id, record, kept->state_version, &view, err));
	word = node_state_parse(state->state);
	if (memcmp(state->node.at, id, NODE_ID_BYTES) != 0 || word == NODE_STATE_NONE)
		return err_set(
			err, RC_DENIED, "record state: it is about another node, or its state is unknown");
	TRY(kept_copy(kept, &read));
	TRY(read_verdicts(&read, state->verdict, state->good_verdict, err));
	read.state = word;
	read.since = state->since;
	read.good = state->good;
	read.record = state->record;
	read.verdicts = state->verdicts;
	read.request_time = state->request_time;
	read.highest = state->highest;
	read.counters = (struct quote_counters){state->clock != 0 || state->reset_count != 0, state->clock,
		(uint32_t)state->reset_count, (uint32_t)state->restart_count};
	memset(read.text, 0, sizeof read.text);
	if (state->text.len != 0)
		memcpy(read.text, state->text.at, state->text.len);
	read.state_version = view.version;
	*origin = origin_of(verifier, &view);
	kept_release(kept);
	*kept = TAKE(read);
	return RC_OK;
}

enum rc kept_provision(struct kept *kept, const struct msg_provisioning *provisioning, struct span request)
{
	if (provisioning->class.len >= sizeof kept->class_name ||
		provisioning->ak_name.len > sizeof kept->ak_name.bytes)
		return RC_LIMIT;
	TRY(blob_copy(&kept->request, request));
	kept->number = provisioning->number;
	if (kept->highest < kept->number)
		kept->highest = kept->number;
	memcpy(kept->policy, provisioning->policy.at, HASH_BYTES);
	memcpy(kept->v_hash, provisioning->v_hash.at, HASH_BYTES);
	memset(kept->class_name, 0, sizeof kept->class_name);
	memcpy(kept->class_name, provisioning->class.at, provisioning->class.len);
	kept->ak_name.len = provisioning->ak_name.len;
	memcpy(kept->ak_name.bytes, provisioning->ak_name.at, provisioning->ak_name.len);
	kept->opened = kept->opened_at = kept->delivered = 0;
	kept->withheld = false;
	kept_forget_use(kept);
	return RC_OK;
}

enum rc kept_use(struct kept *kept, const struct msg_policy_use *use, struct span request)
{
	TRY(blob_copy(&kept->use, request));
	memcpy(kept->policy, use->policy.at, HASH_BYTES);
	memset(kept->former, 0, sizeof kept->former);
	if (use->former.len != 0)
		memcpy(kept->former, use->former.at, HASH_BYTES);
	kept->former_until = use->former.len == 0 ? 0 : use->keep_until;
	kept->use_time = use->time;
	return RC_OK;
}

static enum rc check_signer(
	const struct verifier *verifier, const struct signed_msg *request, struct err *err)
{
	const struct roster_member *signer = roster_by_sign(service_roster(verifier->service), request->key);

	if (signer != NULL && (signer->role & ROLES_PROVISION) == 0)
		return err_set(err, RC_DENIED, "record prov: %s may not provision", signer->name);
	return RC_OK;
}

static enum rc read_use(const struct verifier *verifier, struct span use, struct kept *kept,
	const uint8_t id[static NODE_ID_BYTES], struct err *err)
{
	struct signed_msg request;

	TRY(signed_open(use, MSG_TYPE_policy_use, &request, err));
	TRY(check_signer(verifier, &request, err));
	if (memcmp(request.msg.policy_use.node.at, id, NODE_ID_BYTES) != 0 ||
		request.msg.policy_use.number != kept->number)
		return err_set(
			err, RC_DENIED, "record prov: its policy_use is for another node or provisioning");
	return kept_use(kept, &request.msg.policy_use, use);
}

/* The provisioning was an operator's when a verifier took it, which that verifier's signature says; an
 * operator who has left the roster since does not take his nodes along. */
enum rc keep_read_prov(const struct verifier *verifier, const uint8_t id[static NODE_ID_BYTES],
	struct span record, struct kept *kept, struct keep_origin *origin, struct err *err)
{
	DROP(kept_release) struct kept read = {0};
	struct record_view view;
	struct signed_msg request;
	const struct msg_prov *prov = &view.body.prov;

	TRY(open_record(verifier, "prov", MSG_TYPE_prov, id, record, kept->prov_version, &view, err));
	TRY(signed_open(prov->request, MSG_TYPE_provisioning, &request, err));
	TRY(check_signer(verifier, &request, err));
	if (memcmp(request.msg.provisioning.node.at, id, NODE_ID_BYTES) != 0)
		return err_set(err, RC_DENIED, "record prov: its provisioning is for another node");
	TRY(kept_copy(kept, &read));
	TRY(kept_provision(&read, &request.msg.provisioning, prov->request));
	if (prov->use.len != 0)
		TRY(read_use(verifier, prov->use, &read, id, err));
	memcpy(read.sealed_v, prov->sealed_v.at, sizeof read.sealed_v);
	read.opened = prov->opened;
	read.opened_at = prov->opened_at;
	read.delivered = prov->delivered;
	read.withheld = prov->withheld;
	read.prov_version = view.version;
	*origin = origin_of(verifier, &view);
	kept_release(kept);
	*kept = TAKE(read);
	return RC_OK;
}

/* ---- times, and what Redis forgot ---- */

struct times {
	struct verifier *verifier;
	size_t count;
	struct node *nodes[KEEP_BATCH];
	uint64_t versions[KEEP_BATCH];
	bool had_prov[KEEP_BATCH];
};

static void on_times(void *ctx, enum rc rc)
{
	struct times *times = ctx;

	for (size_t i = 0; i < times->count && !times->verifier->is_closing; i++) {
		struct node *node = times->nodes[i];

		if (rc != RC_OK) {
			node->is_unwritten = true;
			node->must_be_written |= times->had_prov[i];
			continue;
		}
		if (node->kept.state_version < times->versions[i])
			node->kept.state_version = times->versions[i];
		if (times->had_prov[i] && node->kept.prov_version < times->versions[i])
			node->kept.prov_version = times->versions[i];
	}
	free(times);
}

static enum rc add_node(struct times *times, struct node *node, uint64_t version, struct store_batch *batch)
{
	struct verifier *verifier = times->verifier;
	DROP(blob_release) struct blob record = {0};
	struct span field = span_text(node->digits);

	TRY(keep_state(verifier, node, &node->kept, version, &record, NULL));
	TRY(store_batch_hash_set(batch, KEY_STATE, field, blob_span(&record)));
	if (node->must_be_written && node->kept.number != 0) {
		blob_clear(&record);
		TRY(keep_prov(verifier, node, &node->kept, version, &record, NULL));
		TRY(store_batch_hash_set(batch, KEY_PROV, field, blob_span(&record)));
	}
	return RC_OK;
}

static bool is_due(const struct node *node, uint64_t now_ms)
{
	return node->change == NULL && node->kept.state != NODE_STATE_NONE &&
	       (node->must_be_written || (node->is_unwritten && now_ms - node->written_ms >= KEEP_EVERY_MS));
}

/* The nodes from `at` on, as many as go into one batch. */
static struct node *gather(struct times *times, struct node *at, struct store_batch *batch)
{
	uint64_t now_ms = mono_ms(times->verifier);

	for (; at != NULL && times->count < KEEP_BATCH; at = at->next) {
		if (!is_due(at, now_ms))
			continue;
		times->versions[times->count] = next_version(times->verifier,
			at->kept.state_version > at->kept.prov_version ? at->kept.state_version
								       : at->kept.prov_version);
		if (add_node(times, at, times->versions[times->count], batch) != RC_OK)
			return at;
		times->had_prov[times->count] = at->must_be_written;
		times->nodes[times->count++] = at;
		at->is_unwritten = at->must_be_written = false;
		at->written_ms = now_ms;
	}
	return at;
}

void keep_times(struct verifier *verifier)
{
	struct node *at = verifier->nodes.first;

	for (unsigned i = 0; i < KEEP_BATCHES && at != NULL; i++) {
		DROP(store_batch_release) struct store_batch batch = {0};
		struct times *times = calloc(1, sizeof *times);
		enum rc rc;

		if (times == NULL)
			return;
		times->verifier = verifier;
		at = gather(times, at, &batch);
		if (times->count == 0) {
			free(times);
			return;
		}
		rc = store_commit(
			service_store(verifier->service), verifier->shard.lease, &batch, on_times, times);
		if (rc != RC_OK) {
			on_times(times, rc);
			return;
		}
	}
}
