/* Who acknowledges: heard here, written down for all services, told to operators. */
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/hex.h"
#include "lib/base/log.h"
#include "lib/store/commit.h"
#include "lib/trust/record.h"
#include "services/revocation/inner.h"

#define KEY_SUBSCRIBER   "lb:{0}:subscriber"
#define WRITES_MAX       1000u /* a second */
#define SCAN_EVERY_MS    1000u /* what other services wrote is read at most so often */
#define QUESTIONS_MAX    64u
#define CONNECTED_MS     120000u /* who says something at least so often counts as connected */
#define BEHIND_AFTER_MS  5000u
#define BEHIND_NAMES_MAX 5u
#define ACK_RECORD_MAX   1024u
#define ACK_KEY_BYTES    (sizeof "subscriber/" + SUBSCRIBER_FIELD_BYTES)

/* Somebody who waits for the list. */
struct question {
	struct question *next;
	struct peer peer;
	uint64_t id;
	uint64_t after;
};

/* ---- who is it ---- */

static struct subscriber *subscriber_of(
	struct revocation *revocation, const uint8_t key[static CURVE_KEY_BYTES])
{
	const struct roster_member *member = roster_by_curve(service_roster(revocation->service), key);
	const uint8_t *node = admit_node_of(revocation, key);
	char digits[HEX_BYTES(NODE_ID_BYTES)];

	if (member != NULL)
		return subscribers_get(&revocation->subscribers, member->name, NULL);
	if (node == NULL)
		return NULL;
	return subscribers_get(
		&revocation->subscribers, hex_encode(span_of(node, NODE_ID_BYTES), digits), node);
}

/* Its role now; 0: it listens no more. */
static unsigned role_of(const struct revocation *revocation, const struct subscriber *subscriber)
{
	const struct roster_member *member;
	const struct watched *node;

	if (subscriber->is_node) {
		node = watched_find(&revocation->watched, subscriber->node);
		return node != NULL && node->decided == NOTICE_REMOVED ? 0 : ROLE_NODE;
	}
	member = roster_by_name(service_roster(revocation->service), span_text(subscriber->field));
	return member != NULL && roster_member_is_valid(member, service_now(revocation->service))
	               ? member->role
	               : 0;
}

void acks_on_ack(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct revocation *revocation = ctx;
	struct subscriber *subscriber = subscriber_of(revocation, peer->key);
	struct msg answer = {.type = MSG_TYPE_ok, .id = msg->id};

	(void)frame;
	if (subscriber != NULL && msg->notice_ack.seq <= journal_end(revocation->log)->seq)
		subscribers_acked(&revocation->subscribers, subscriber, msg->notice_ack.seq,
			service_now(revocation->service));
	acks_touch(revocation, peer);
	if (server_send(service_server(revocation->service), peer, &answer) != RC_OK)
		log_event(LOG_DEBUG, "serve.unsent", "peer is gone");
}

void acks_touch(struct revocation *revocation, const struct peer *peer)
{
	struct subscriber *subscriber = subscriber_of(revocation, peer->key);

	if (subscriber != NULL)
		subscriber->here_ms = mono_ms(revocation);
}

/* ---- written down ---- */

static enum rc put_record(
	struct revocation *revocation, const struct subscriber *subscriber, struct store_batch *batch)
{
	DROP(blob_release) struct blob record = {0};
	const struct msg body = {.type = MSG_TYPE_notice_ack, .notice_ack = {subscriber->acted}};
	char key[ACK_KEY_BYTES];

	snprintf(key, sizeof key, "subscriber/%s", subscriber->field);
	TRY(record_make(&service_identity(revocation->service)->sign,
		(struct record_head){"subscriber", key, subscriber->heard, 0}, &body, &record, NULL));
	return store_batch_hash_set(batch, KEY_SUBSCRIBER, span_text(subscriber->field), blob_span(&record));
}

/* What was lost is written with the next acknowledgement. */
static void written(void *ctx, enum rc rc)
{
	struct revocation *revocation = ctx;

	if (rc != RC_OK && rc != RC_IO)
		log_event(LOG_WARN, "acks.unwritten", "why=\"%s\"",
			store_why(service_store(revocation->service)));
}

void acks_write(void *ctx)
{
	struct revocation *revocation = ctx;
	struct subscribers *table = &revocation->subscribers;
	DROP(store_batch_release) struct store_batch batch = {0};
	size_t at = revocation->ack_at;

	if (table->fresh == 0 || store_status(service_store(revocation->service))->state != STORE_READY)
		return;
	for (size_t i = 0; i < table->count && table->fresh != 0 && batch.count < WRITES_MAX; i++) {
		struct subscriber *subscriber = table->all[(at + i) % table->count];

		revocation->ack_at = (at + i + 1) % table->count;
		if (!subscriber->is_fresh || subscriber->acted == 0)
			continue;
		if (put_record(revocation, subscriber, &batch) != RC_OK)
			break;
		subscriber->is_fresh = false;
		table->fresh--;
	}
	if (batch.count != 0 &&
		store_commit(service_store(revocation->service), NULL, &batch, written, revocation) != RC_OK)
		log_event(LOG_DEBUG, "acks.unwritten", "redis is not there");
}

/* ---- read ---- */

/* When the record says it was written; it is not checked. 0: it is no record. */
static uint64_t record_time(struct span value)
{
	struct msg envelope;
	struct msg record;

	if (msg_decode_as(value, MSG_TYPE_signed_body, &envelope) != RC_OK ||
		msg_decode_as(envelope.signed_body.body, MSG_TYPE_record, &record) != RC_OK)
		return 0;
	return record.record.version;
}

/* The entry that a field of the hash is about; NULL: about nobody. */
static struct subscriber *subscriber_of_field(struct revocation *revocation, struct span field)
{
	uint8_t node[NODE_ID_BYTES];
	char text[SUBSCRIBER_FIELD_BYTES];

	if (field.len >= sizeof text || field.len == 0)
		return NULL;
	memcpy(text, field.at, field.len);
	text[field.len] = '\0';
	if (roster_by_name(service_roster(revocation->service), field) != NULL)
		return subscribers_get(&revocation->subscribers, text, NULL);
	if (hex_decode(field, node, sizeof node) != RC_OK)
		return NULL;
	return subscribers_get(&revocation->subscribers, text, node);
}

static bool each_record(void *ctx, struct span field, struct span value)
{
	struct revocation *revocation = ctx;
	struct subscriber *subscriber = subscriber_of_field(revocation, field);
	char key[ACK_KEY_BYTES];
	struct record_view view;
	struct err err = {0};

	/* Most of them say nothing new, which is known before their signature is checked. */
	if (subscriber == NULL || record_time(value) <= subscriber->heard)
		return true;
	snprintf(key, sizeof key, "subscriber/%s", subscriber->field);
	if (record_open(service_roster(revocation->service), value,
		    (struct record_expect){"subscriber", key, MSG_TYPE_notice_ack, ROLE_REVOCATION, 0},
		    service_now(revocation->service), &view, &err) != RC_OK)
		log_event(LOG_WARN, "store.tampered", "why=\"%s\"", err.text);
	else
		subscribers_told(subscriber, view.body.notice_ack.seq, view.version);
	return true;
}

static enum rc add_subscriber(const struct revocation *revocation, const struct subscriber *subscriber,
	struct blob *raw, size_t *count)
{
	uint64_t now = mono_ms(revocation);
	struct elem_subscriber item = {
		.role = role_of(revocation, subscriber),
		.acted = subscriber->acted,
		.heard = subscriber->heard,
		.connected = subscriber->here_ms != 0 && now - subscriber->here_ms < CONNECTED_MS,
	};

	if (item.role == 0)
		return RC_OK;
	if (subscriber->is_node)
		item.node = SPAN(subscriber->node);
	else
		item.name = span_text(subscriber->field);
	TRY(ELEM_APPEND(subscriber, &item, raw));
	(*count)++;
	return RC_OK;
}

static void answer(struct revocation *revocation, const struct question *question)
{
	const struct subscribers *table = &revocation->subscribers;
	DROP(blob_release) struct blob raw = {0};
	struct msg msg = {.type = MSG_TYPE_subscribers, .id = question->id};
	size_t count = 0;
	size_t i = (size_t)(question->after < table->count ? question->after : table->count);

	while (i < table->count && count < PAGE_MAX &&
		add_subscriber(revocation, table->all[i], &raw, &count) == RC_OK)
		i++;
	msg.subscribers = (struct msg_subscribers){
		journal_end(revocation->log)->seq, {blob_span(&raw), count}, i < table->count ? i : 0};
	if (server_send(service_server(revocation->service), &question->peer, &msg) != RC_OK)
		log_event(LOG_DEBUG, "serve.unsent", "peer is gone");
}

/* With what Redis has, or without it if it does not answer. */
static void answer_all(void *ctx, enum rc rc)
{
	struct revocation *revocation = ctx;

	revocation->is_scanning = false;
	if (rc == RC_OK)
		revocation->scanned_ms = mono_ms(revocation);
	while (revocation->questions != NULL) {
		struct question *question = revocation->questions;

		revocation->questions = question->next;
		revocation->question_count--;
		if (!revocation->is_closing)
			answer(revocation, question);
		free(question);
	}
}

void acks_on_get(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct revocation *revocation = ctx;
	struct question *question =
		revocation->question_count < QUESTIONS_MAX ? calloc(1, sizeof *question) : NULL;
	bool is_read =
		revocation->scanned_ms != 0 && mono_ms(revocation) - revocation->scanned_ms < SCAN_EVERY_MS;

	(void)frame;
	if (question == NULL) {
		server_send_error(service_server(revocation->service), peer, msg->id, RC_LIMIT,
			"too many ask at once; try again");
		return;
	}
	*question = (struct question){.next = revocation->questions,
		.peer = *peer,
		.id = msg->id,
		.after = msg->subscribers_get.after};
	revocation->questions = question;
	revocation->question_count++;
	if (revocation->is_scanning)
		return;
	if (is_read || store_hash_each(service_store(revocation->service), KEY_SUBSCRIBER, ACK_RECORD_MAX,
			       each_record, answer_all, revocation) != RC_OK)
		answer_all(revocation, is_read ? RC_NOT_FOUND : RC_IO);
	else
		revocation->is_scanning = true;
}

/* ---- for status ---- */

void acks_add_facts(struct revocation *revocation, struct facts *facts)
{
	const struct subscribers *table = &revocation->subscribers;
	const struct notice_place *end = journal_end(revocation->log);
	bool is_time = service_now(revocation->service) > end->time + BEHIND_AFTER_MS;
	char names[BEHIND_NAMES_MAX * (SUBSCRIBER_FIELD_BYTES + 32)] = "";
	size_t acknowledge = 0, behind = 0, services = 0;

	for (size_t i = 0; i < table->count; i++) {
		const struct subscriber *subscriber = table->all[i];
		unsigned role = role_of(revocation, subscriber);
		size_t len = strlen(names);

		acknowledge += role != 0 && subscriber->acted != 0;
		if (role == 0 || subscriber->acted == 0 || subscriber->acted >= end->seq || !is_time)
			continue;
		services += !subscriber->is_node;
		if (behind++ < BEHIND_NAMES_MAX)
			snprintf(names + len, sizeof names - len, "%s %.16s (%llu)", behind == 1 ? ":" : ",",
				subscriber->field, (unsigned long long)subscriber->acted);
	}
	facts_add(facts, services == 0 ? FACT_GOOD : FACT_WARN, "subscribers",
		services == 0 ? NULL : "see what keeps them: limebus subscribers",
		"%zu acknowledge, %zu of them are behind%s", acknowledge, behind, names);
}

void acks_release(struct revocation *revocation)
{
	while (revocation->questions != NULL) {
		struct question *next = revocation->questions->next;

		free(revocation->questions);
		revocation->questions = next;
	}
	subscribers_release(&revocation->subscribers);
}
