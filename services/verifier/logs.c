#include "services/verifier/logs.h"

#include <stdlib.h>

#include "services/verifier/inner.h"

#define KEEP_EVERY_MS 10000
#define KEEP_BATCH    32 /* nodes */

void logs_release(struct logs *logs)
{
	ima_run_release(&logs->run);
	*logs = (struct logs){0};
}

bool logs_fit(const struct logs *logs, const struct logs_of *of)
{
	return logs->of.reset_count == of->reset_count && logs->of.number == of->number &&
	       logs->of.request_time == of->request_time &&
	       memcmp(logs->of.policy, of->policy, HASH_BYTES) == 0 &&
	       memcmp(logs->of.former, of->former, HASH_BYTES) == 0;
}

void logs_begin(struct logs *logs, const struct logs_of *of)
{
	struct logs begun = {.of = *of, .version = logs->version, .written_ms = logs->written_ms};

	ima_run_release(&logs->run);
	*logs = begun;
}

struct logs_of logs_of_node(const struct node *node, uint64_t reset_count, uint64_t resume_time)
{
	struct logs_of of = {.reset_count = reset_count,
		.number = node->kept.number,
		.request_time = resume_time != 0 ? resume_time : node->kept.request_time};

	memcpy(of.policy, node->kept.policy, HASH_BYTES);
	if (node->former_policy != NULL)
		memcpy(of.former, node->former_policy->hash, HASH_BYTES);
	return of;
}

/* ---- the record ---- */

enum rc logs_record(const struct verifier *verifier, const struct node *node, uint64_t version,
	struct blob *out, struct err *err)
{
	static const uint8_t none[HASH_BYTES];
	const struct logs *logs = node->logs;
	DROP(blob_release) struct blob run = {0};
	char key[RECORD_KEY_BYTES];
	struct msg body = {.type = MSG_TYPE_ima,
		.ima = {
			.node = SPAN(node->id),
			.reset_count = logs->of.reset_count,
			.policy = SPAN(logs->of.policy),
			.number = logs->of.number,
			.request_time = logs->of.request_time,
		}};

	TRY(ima_run_encode(&logs->run, &run));
	body.ima.run = blob_span(&run);
	if (memcmp(logs->of.former, none, HASH_BYTES) != 0)
		body.ima.former = SPAN(logs->of.former);
	if (logs->boot.good)
		body.ima.boot = SPAN(logs->boot.of);
	return record_make(&service_identity(verifier->service)->sign,
		(struct record_head){
			"ima", record_key("ima", node->digits, key), version, shard_token(&verifier->shard)},
		&body, out, err);
}

enum rc logs_read(const struct verifier *verifier, const struct node *node, struct span record,
	struct logs *out, uint64_t *token, struct err *err)
{
	DROP(logs_release) struct logs logs = {0};
	char key[RECORD_KEY_BYTES];
	struct record_view view;
	const struct msg_ima *body = &view.body.ima;
	struct record_expect expect = {.type = "ima",
		.key = record_key("ima", node->digits, key),
		.body = MSG_TYPE_ima,
		.writers = ROLE_VERIFIER};

	TRY(record_open(service_roster(verifier->service), record, expect, service_now(verifier->service),
		&view, err));
	if (!span_equal(body->node, SPAN(node->id)))
		return err_set(err, RC_DENIED, "record ima: it is about another node");
	if (ima_run_decode(body->run, &logs.run) != RC_OK)
		return err_set(err, RC_MALFORMED, "record ima: its run cannot be read");
	logs.of = (struct logs_of){
		.reset_count = body->reset_count, .number = body->number, .request_time = body->request_time};
	memcpy(logs.of.policy, body->policy.at, HASH_BYTES);
	if (body->former.len != 0)
		memcpy(logs.of.former, body->former.at, HASH_BYTES);
	if (body->boot.len != 0) {
		logs.boot.good = true;
		memcpy(logs.boot.of, body->boot.at, sizeof logs.boot.of);
	}
	logs.version = view.version;
	logs.is_unwritten = record_is_foreign(verifier, &view);
	*token = view.token;
	logs_release(out);
	*out = TAKE(logs);
	return RC_OK;
}

/* ---- in batches ---- */

struct keeping {
	struct verifier *verifier;
	size_t count;
	struct node *nodes[KEEP_BATCH];
	uint64_t versions[KEEP_BATCH];
};

static void on_kept(void *ctx, enum rc rc)
{
	struct keeping *keeping = ctx;

	for (size_t i = 0; i < keeping->count && !keeping->verifier->is_closing; i++) {
		struct logs *logs = keeping->nodes[i]->logs;

		if (logs == NULL)
			continue;
		if (rc != RC_OK)
			logs->is_unwritten = true;
		else if (logs->version < keeping->versions[i])
			logs->version = keeping->versions[i];
	}
	free(keeping);
}

static bool is_due(const struct node *node, uint64_t now_ms)
{
	const struct logs *logs = node->logs;

	/* What is judged just now is not proven yet. */
	return logs != NULL && logs->is_unwritten && node->round == NULL &&
	       (logs->written_ms == 0 || now_ms - logs->written_ms >= KEEP_EVERY_MS);
}

/* The nodes from `at` on, as many as go into one batch. */
static struct node *gather(struct keeping *keeping, struct node *at, struct store_batch *batch)
{
	struct verifier *verifier = keeping->verifier;
	uint64_t now_ms = mono_ms(verifier);

	for (; at != NULL && keeping->count < KEEP_BATCH; at = at->next) {
		DROP(blob_release) struct blob record = {0};
		uint64_t version;

		if (!is_due(at, now_ms))
			continue;
		version = next_version(verifier, at->logs->version);
		at->logs->written_ms = now_ms;
		if (logs_record(verifier, at, version, &record, NULL) != RC_OK ||
			store_batch_hash_set(batch, KEY_IMA, span_text(at->digits), blob_span(&record)) !=
				RC_OK)
			continue;
		at->logs->is_unwritten = false;
		keeping->versions[keeping->count] = version;
		keeping->nodes[keeping->count++] = at;
	}
	return at;
}

void logs_keep(struct verifier *verifier)
{
	struct node *at = verifier->nodes.first;

	while (at != NULL) {
		DROP(store_batch_release) struct store_batch batch = {0};
		struct keeping *keeping = calloc(1, sizeof *keeping);
		enum rc rc;

		if (keeping == NULL)
			return;
		keeping->verifier = verifier;
		at = gather(keeping, at, &batch);
		if (keeping->count == 0) {
			free(keeping);
			return;
		}
		rc = store_commit(
			service_store(verifier->service), verifier->shard.lease, &batch, on_kept, keeping);
		if (rc != RC_OK) {
			on_kept(keeping, rc);
			return;
		}
	}
}
