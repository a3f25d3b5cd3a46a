#include "lib/bus/subscriber.h"

#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "lib/base/drop.h"
#include "lib/bus/bus_inside.h"
#include "lib/bus/link.h"
#include "lib/bus/publisher.h"

#define QUEUE_DEFAULT 1024u
#define BATCH         64u

struct subscriber {
	struct bus *bus;
	struct link link;
	struct subscriber_options options; /* endpoint, keys and topics are copied elsewhere */
	char topics[TOPICS_MAX][TOPIC_MAX + 1];
	struct timer silence;
	bool is_silent;
	struct bus_counts counts;
	bool *closed; /* as in client.c */
};

/* ---- silence ---- */

static void fell_silent(void *ctx)
{
	struct subscriber *subscriber = ctx;

	subscriber->is_silent = true;
	if (subscriber->options.silent != NULL)
		subscriber->options.silent(subscriber->options.ctx, true);
}

static enum rc listen_for_silence(struct subscriber *subscriber)
{
	if (subscriber->options.silence_ms == 0)
		return RC_OK;
	return loop_after(subscriber->bus->loop, &subscriber->silence, subscriber->options.silence_ms,
		fell_silent, subscriber);
}

/* ---- receiving ---- */

/* False once a callback has closed us. */
static bool deliver(struct subscriber *subscriber, struct span topic, struct span frame)
{
	struct msg msg = {0};
	bool was_silent = subscriber->is_silent;
	bool closed = false;

	if (msg_decode(frame, &msg) != RC_OK) {
		subscriber->counts.dropped[DROP_MALFORMED]++;
		return true;
	}
	subscriber->counts.in++;
	subscriber->is_silent = false;
	/* Without memory for the timer silence is reported at once: the safe side. */
	if (listen_for_silence(subscriber) != RC_OK)
		subscriber->is_silent = true;
	subscriber->closed = &closed;
	if (was_silent != subscriber->is_silent && subscriber->options.silent != NULL)
		subscriber->options.silent(subscriber->options.ctx, subscriber->is_silent);
	if (!closed)
		subscriber->options.message(subscriber->options.ctx, topic, &msg, frame);
	if (!closed)
		subscriber->closed = NULL;
	return !closed;
}

static bool take(struct subscriber *subscriber, zmq_msg_t *topic, zmq_msg_t *body)
{
	bool is_pair = zmq_msg_more(topic) && zmq_msg_recv(body, subscriber->link.zmq, ZMQ_DONTWAIT) >= 0;

	if (is_pair && !zmq_msg_more(body))
		return deliver(subscriber, span_of(zmq_msg_data(topic), zmq_msg_size(topic)),
			span_of(zmq_msg_data(body), zmq_msg_size(body)));
	if (is_pair)
		socket_skip_rest(subscriber->link.zmq);
	subscriber->counts.dropped[DROP_FRAMES]++;
	return true;
}

/* False when there is no message, or no subscriber any more. */
static bool receive(struct subscriber *subscriber)
{
	zmq_msg_t topic;
	zmq_msg_t body;
	bool received;

	zmq_msg_init(&topic);
	zmq_msg_init(&body);
	received = zmq_msg_recv(&topic, subscriber->link.zmq, ZMQ_DONTWAIT) >= 0;
	if (received)
		received = take(subscriber, &topic, &body);
	zmq_msg_close(&body);
	zmq_msg_close(&topic);
	return received;
}

/* A handler may have redirected us: what the new socket gets is for the next turn. */
static void readable(void *ctx)
{
	struct subscriber *subscriber = ctx;
	const void *zmq = subscriber->link.zmq;

	for (unsigned i = 0; i < BATCH; i++)
		if (!receive(subscriber) || subscriber->link.zmq != zmq)
			return;
}

/* ---- the link ---- */

static enum rc subscribe(void *ctx, void *zmq)
{
	struct subscriber *subscriber = ctx;

	for (size_t i = 0; i < subscriber->options.topic_count; i++)
		if (zmq_setsockopt(
			    zmq, ZMQ_SUBSCRIBE, subscriber->topics[i], strlen(subscriber->topics[i])) != 0)
			return RC_IO;
	return RC_OK;
}

static void changed(void *ctx, bool is_up, enum rc why)
{
	struct subscriber *subscriber = ctx;

	if (subscriber->options.link != NULL)
		subscriber->options.link(subscriber->options.ctx, is_up, why);
}

static enum rc topics_copy(
	struct subscriber *subscriber, const struct subscriber_options *options, struct err *err)
{
	if (options->topic_count == 0 || options->topic_count > TOPICS_MAX)
		return err_set(err, RC_LIMIT, "a subscription has 1 to %d topics", TOPICS_MAX);
	for (size_t i = 0; i < options->topic_count; i++) {
		size_t len = strlen(options->topics[i]);

		if (len > TOPIC_MAX)
			return err_set(err, RC_LIMIT, "topic of %zu bytes: %d at most", len, TOPIC_MAX);
		memcpy(subscriber->topics[i], options->topics[i], len + 1);
	}
	return RC_OK;
}

enum rc subscriber_open(
	struct bus *bus, const struct subscriber_options *options, struct subscriber **out, struct err *err)
{
	DROP(subscriber_close) struct subscriber *subscriber = calloc(1, sizeof *subscriber);
	const struct link_options link = {
		.type = ZMQ_SUB,
		.endpoint = options->endpoint,
		.server_key = options->server_key,
		.pair = options->pair,
		.message_max = options->message_max == 0 ? BUS_MESSAGE_MAX_BYTES : options->message_max,
		.queue_max = options->queue_max == 0 ? QUEUE_DEFAULT : options->queue_max,
		.prepare = subscribe,
		.readable = readable,
		.changed = changed,
		.ctx = subscriber,
	};

	if (subscriber == NULL)
		return err_set(err, RC_NOMEM, "no memory for a subscriber");
	subscriber->bus = bus;
	subscriber->options = *options;
	TRY(topics_copy(subscriber, options, err));
	if (listen_for_silence(subscriber) != RC_OK)
		return err_set(err, RC_NOMEM, "no memory for a timer");
	TRY(link_open(bus, &link, &subscriber->link, err));
	*out = TAKE(subscriber);
	return RC_OK;
}

void subscriber_close(struct subscriber **subscriber)
{
	struct subscriber *self = *subscriber;

	if (self == NULL)
		return;
	if (self->closed != NULL)
		*self->closed = true;
	loop_cancel(self->bus->loop, &self->silence);
	link_close(&self->link);
	free(self);
	*subscriber = NULL;
}

enum rc subscriber_redirect(struct subscriber *subscriber, const char *endpoint,
	const uint8_t server_key[static CURVE_KEY_BYTES], struct err *err)
{
	return link_redirect(&subscriber->link, endpoint, server_key, err);
}

bool subscriber_is_up(const struct subscriber *subscriber)
{
	return subscriber->link.is_up;
}

const struct bus_counts *subscriber_counts(const struct subscriber *subscriber)
{
	return &subscriber->counts;
}
