/* Policies of the tenant: taken, stored, told (proto/PROTOCOL.md, 8). */
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/log.h"
#include "services/verifier/inner.h"

/* A policy on its way: its document is compiled, then written in pieces, then the record that names it. */
struct putting {
	struct verifier *verifier;
	struct peer peer;
	uint64_t id;
	uint8_t hash[HASH_BYTES];
	struct policy_entry *entry;
	struct region document; /* empty: Redis has it */
	size_t written;         /* bytes of it */
	bool is_answered;
};

static void putting_drop(struct putting **putting)
{
	struct putting *p = *putting;

	if (p == NULL)
		return;
	for (size_t i = 0; i < DOCUMENT_PUTS_MAX; i++)
		if (p->verifier->documents.puttings[i] == p)
			p->verifier->documents.puttings[i] = NULL;
	compiler_forget(p->verifier->documents.compiler, &p->document);
	policy_entry_release(&p->entry);
	free(p);
	*putting = NULL;
}

void policy_drop_puttings(struct verifier *verifier)
{
	for (size_t i = 0; i < DOCUMENT_PUTS_MAX; i++) {
		struct putting *putting = verifier->documents.puttings[i];

		putting_drop(&putting);
	}
}

static struct putting *find_putting(struct verifier *verifier, const uint8_t hash[static HASH_BYTES])
{
	for (size_t i = 0; i < DOCUMENT_PUTS_MAX; i++) {
		struct putting *putting = verifier->documents.puttings[i];

		if (putting != NULL && memcmp(putting->hash, hash, HASH_BYTES) == 0)
			return putting;
	}
	return NULL;
}

/* It has a place, and ends with `end`. Takes the entry. */
static enum rc new_putting(
	struct verifier *verifier, struct policy_entry **entry, struct putting **out, struct err *err)
{
	for (size_t i = 0; i < DOCUMENT_PUTS_MAX; i++) {
		struct putting *putting;

		if (verifier->documents.puttings[i] != NULL)
			continue;
		putting = calloc(1, sizeof *putting);
		if (putting == NULL)
			return err_set(err, RC_NOMEM, "out of memory");
		putting->verifier = verifier;
		memcpy(putting->hash, (*entry)->hash, HASH_BYTES);
		putting->entry = TAKE(*entry);
		verifier->documents.puttings[i] = putting;
		*out = putting;
		return RC_OK;
	}
	return err_set(err, RC_LIMIT, "%d policies are being taken already; try again", DOCUMENT_PUTS_MAX);
}

/* The operator hears of it, if there is one. */
static void end(struct putting *putting, enum rc rc, const struct err *err)
{
	struct verifier *verifier = putting->verifier;

	if (putting->is_answered && rc == RC_OK)
		answer_ok(verifier, &putting->peer, putting->id, NULL);
	else if (putting->is_answered)
		answer_error(verifier, &putting->peer, putting->id, rc, err);
	else if (rc != RC_OK)
		log_event(LOG_ERROR, "policy.unwritten", "why=\"%s\"",
			err->text[0] != '\0' ? err->text : rc_words(rc));
	putting_drop(&putting);
}

/* ---- into Redis ---- */

static void on_put(void *ctx, enum rc rc)
{
	struct putting *putting = ctx;
	struct verifier *verifier = putting->verifier;
	struct policy_entry *entry = putting->entry;
	char digits[HEX_BYTES(HASH_BYTES)];
	struct err err = {0};

	if (verifier->is_closing) {
		putting_drop(&putting);
		return;
	}
	if (rc == RC_OK) {
		entry->seen = verifier->shard.generation;
		entry->is_stored = entry->was_read = entry->is_ready;
		log_event(LOG_INFO, "policy.taken", "name=%s number=%llu hash=%s bytes=%llu", entry->name,
			(unsigned long long)entry->number, hex_encode(SPAN(putting->hash), digits),
			(unsigned long long)entry->size);
		rc = policies_add(&verifier->policies, &putting->entry);
	} else {
		err_set(&err, rc, "Redis: %s", store_why(service_store(verifier->service)));
	}
	for (struct node *node = verifier->nodes.first; node != NULL && rc == RC_OK; node = node->next)
		node_bind(verifier, node);
	end(putting, rc, &err);
}

/* The operator's envelope in a record of ours. */
static enum rc add_record(const struct putting *putting, struct store_batch *batch, struct err *err)
{
	struct verifier *verifier = putting->verifier;
	DROP(blob_release) struct blob record = {0};
	struct msg body = {.type = MSG_TYPE_policy_put, .policy_put = {blob_span(&putting->entry->request)}};
	char name[HEX_BYTES(HASH_BYTES)];
	char key[RECORD_KEY_BYTES];

	hex_encode(SPAN(putting->hash), name);
	TRY(record_make(&service_identity(verifier->service)->sign,
		(struct record_head){"policy", record_key("policy", name, key), next_version(verifier, 0),
			shard_token(&verifier->shard)},
		&body, &record, err));
	return store_batch_hash_set(batch, KEY_POLICY, span_text(name), blob_span(&record));
}

static void on_pieces(void *ctx, enum rc rc);

/* Some pieces of the document, and with the last ones the record. */
static enum rc write_more(struct putting *putting, struct err *err)
{
	struct verifier *verifier = putting->verifier;
	DROP(store_batch_release) struct store_batch batch = {0};
	size_t count = 0;
	bool is_last;
	enum rc rc;

	TRY(document_add_pieces(
		putting->hash, region_span(&putting->document), putting->written, &batch, &count));
	putting->written += count;
	is_last = putting->written == putting->document.len;
	if (is_last)
		TRY(add_record(putting, &batch, err));
	rc = store_commit(service_store(verifier->service), verifier->shard.lease, &batch,
		is_last ? on_put : on_pieces, putting);
	if (rc != RC_OK)
		return err_set(err, rc, "Redis: %s", store_why(service_store(verifier->service)));
	return RC_OK;
}

static void on_pieces(void *ctx, enum rc rc)
{
	struct putting *putting = ctx;
	struct err err = {0};

	if (putting->verifier->is_closing) {
		putting_drop(&putting);
		return;
	}
	if (rc != RC_OK)
		err_set(&err, rc, "Redis: %s", store_why(service_store(putting->verifier->service)));
	else
		rc = write_more(putting, &err);
	if (rc != RC_OK)
		end(putting, rc, &err);
}

/* ---- policy_put ---- */

static void on_compiled(void *ctx, struct compiled *compiled)
{
	struct putting *putting = ctx;
	struct err *err = &compiled->err;
	enum rc rc = compiled->rc;

	if (rc == RC_OK)
		rc = policy_entry_set(putting->entry, compiled, err);
	if (rc == RC_OK) {
		putting->document = TAKE(compiled->bytes);
		rc = write_more(putting, err);
	}
	if (rc != RC_OK)
		end(putting, rc, err);
}

static enum rc check_number(
	const struct verifier *verifier, const struct policy_entry *entry, struct err *err)
{
	const struct policy_entry *newest = policies_by_name(&verifier->policies, span_text(entry->name));

	if (newest != NULL && entry->number <= newest->number)
		return err_set(err, RC_STALE, "policy %s: number %llu is not above %llu, which is known",
			newest->name, (unsigned long long)entry->number, (unsigned long long)newest->number);
	return RC_OK;
}

static enum rc check_request(
	const struct verifier *verifier, struct span envelope, struct policy_entry **out, struct err *err)
{
	struct signed_msg request;

	if (!shard_is_acting(&verifier->shard))
		return err_set(err, RC_IO,
			"this verifier holds no lease, or has not loaded its nodes yet; try again");
	TRY(roster_signed_now(service_roster(verifier->service), envelope, MSG_TYPE_policy, ROLES_PROVISION,
		service_now(verifier->service), &request, err));
	TRY(check_time(verifier, "policy", request.msg.policy.time, err));
	return policy_entry_make(envelope, &request.msg.policy, out, err);
}

static enum rc begin_put(
	struct verifier *verifier, const struct peer *peer, const struct msg *msg, struct err *err)
{
	DROP(policy_entry_release) struct policy_entry *entry = NULL;
	DROP(region_release) struct region document = {0};
	const struct policy_entry *known;
	struct putting *putting;
	enum rc rc;

	TRY(check_request(verifier, msg->policy_put.policy, &entry, err));
	known = policies_find(&verifier->policies, entry->hash);
	if (known != NULL && !known->was_read)
		return err_set(err, RC_IO, "this policy is just being read; try again");
	if (known != NULL && !policy_is_missing(known)) {
		answer_ok(verifier, peer, msg->id, "this policy is known already");
		return RC_OK;
	}
	TRY(check_number(verifier, entry, err));
	putting = find_putting(verifier, entry->hash);
	if (putting == NULL) {
		TRY(uploads_finish(&verifier->documents.uploads, entry->hash, entry->size, &document, err));
		TRY(new_putting(verifier, &entry, &putting, err));
		rc = compiler_give(
			verifier->documents.compiler, putting->hash, &document, on_compiled, putting);
		if (rc != RC_OK) {
			putting_drop(&putting);
			return err_set(err, rc, "too many policies are being compiled; try again");
		}
	}
	putting->peer = *peer;
	putting->id = msg->id;
	putting->is_answered = true;
	return RC_OK;
}

void policy_on_put(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct verifier *verifier = ctx;
	struct err err = {0};
	enum rc rc = begin_put(verifier, peer, msg, &err);

	(void)frame;
	if (rc != RC_OK)
		answer_error(verifier, peer, msg->id, rc, &err);
}

/* ---- what Redis forgot ---- */

static enum rc rewrite(struct verifier *verifier, const struct policy_entry *lost, struct err *err)
{
	DROP(policy_entry_release) struct policy_entry *entry = NULL;
	struct putting *putting;
	struct signed_msg request;
	enum rc rc;

	TRY(signed_open(blob_span(&lost->request), MSG_TYPE_policy, &request, err));
	TRY(policy_entry_make(blob_span(&lost->request), &request.msg.policy, &entry, err));
	TRY(new_putting(verifier, &entry, &putting, err));
	rc = write_more(putting, err);
	if (rc != RC_OK)
		putting_drop(&putting);
	return rc;
}

void policy_rewrite(struct verifier *verifier)
{
	uint64_t generation = verifier->shard.generation;
	const struct policy_entry *lost;

	for (lost = policies_unseen(&verifier->policies, generation); lost != NULL;
		lost = policies_unseen(&verifier->policies, generation)) {
		bool is_gone = lost->seen != generation;
		struct err err = {0};
		enum rc rc = rewrite(verifier, lost, &err);

		if (rc != RC_OK) {
			log_event(LOG_DEBUG, "policy.unwritten", "name=%s why=\"%s\"; again in a second",
				lost->name, err.text[0] != '\0' ? err.text : rc_words(rc));
			return;
		}
		policies_see(&verifier->policies, lost->hash, generation, false);
		if (is_gone)
			report_store(verifier, "store.rolledback", NULL,
				"a policy is gone from Redis; it is written again");
	}
}

void policy_on_get(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct verifier *verifier = ctx;
	const struct msg_policy_get *get = &msg->policy_get;
	const struct policy_entry *entry = get->hash.len != 0
	                                           ? policies_find(&verifier->policies, get->hash.at)
	                                           : policies_by_name(&verifier->policies, get->name);
	struct msg answer = {.type = MSG_TYPE_policy_info, .id = msg->id};

	(void)frame;
	if (entry == NULL) {
		server_send_error(server_of(verifier), peer, msg->id, RC_NOT_FOUND,
			"no such policy is known; see: limebus policy list");
		return;
	}
	answer.policy_info.policy = blob_span(&entry->request);
	if (server_send(server_of(verifier), peer, &answer) != RC_OK)
		log_event(LOG_DEBUG, "answer.unsent", "peer is gone");
}

void policy_on_list(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct verifier *verifier = ctx;
	const struct policy_entry *page[PAGE_MAX];
	DROP(blob_release) struct blob raw = {0};
	struct msg answer = {.type = MSG_TYPE_policies, .id = msg->id};
	bool more = false;
	size_t found = policies_page(&verifier->policies, msg->policy_list.after, PAGE_MAX, page, &more);
	size_t count = 0;

	(void)frame;
	for (size_t i = 0; i < found; i++) {
		struct elem_policy_ref elem = {span_text(page[i]->name), SPAN(page[i]->hash), page[i]->number,
			page[i]->time, page[i]->size, policy_is_missing(page[i])};

		if (ELEM_APPEND(policy_ref, &elem, &raw) == RC_OK)
			count++;
	}
	answer.policies = (struct msg_policies){{blob_span(&raw), count}, more};
	if (server_send(server_of(verifier), peer, &answer) != RC_OK)
		log_event(LOG_DEBUG, "answer.unsent", "peer is gone");
}
