#include "lib/bus/publisher.h"

#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "lib/base/drop.h"
#include "lib/bus/bus_inside.h"
#include "lib/bus/socket.h"

#define QUEUE_DEFAULT 1024u

/* What comes in are subscriptions and handshakes, whose keys and metadata take a few hundred bytes. */
#define INCOMING_MAX_BYTES 2048u

struct publisher {
	struct bus *bus;
	void *zmq;
	struct loop_socket socket;
	struct socket_place place;
	char domain[BUS_DOMAIN_MAX + 1];
	struct blob scratch;
	struct bus_counts counts;
};

enum rc publisher_open(
	struct bus *bus, const struct publisher_options *options, struct publisher **out, struct err *err)
{
	DROP(publisher_close) struct publisher *publisher = calloc(1, sizeof *publisher);
	const struct socket_options socket = {
		.type = ZMQ_PUB,
		.endpoint = options->endpoint,
		.pair = options->pair,
		.domain = options->domain,
		.message_max = INCOMING_MAX_BYTES,
		.queue_max = options->queue_max == 0 ? QUEUE_DEFAULT : options->queue_max,
	};

	if (publisher == NULL)
		return err_set(err, RC_NOMEM, "no memory for a publisher");
	publisher->bus = bus;
	TRY(zap_domain_add(&bus->zap, options->domain, options->admit, options->ctx, err));
	memcpy(publisher->domain, options->domain, strlen(options->domain) + 1);
	TRY(socket_open(bus, &socket, &publisher->zmq, err));
	TRY(socket_bind(bus, publisher->zmq, options->endpoint, &publisher->place, err));
	/* Nothing is read from it, but subscriptions are only processed when it is asked for its state. */
	TRY(loop_socket_add(bus->loop, &publisher->socket, publisher->zmq, NULL, NULL, err));
	*out = TAKE(publisher);
	return RC_OK;
}

void publisher_close(struct publisher **publisher)
{
	struct publisher *self = *publisher;

	if (self == NULL)
		return;
	loop_socket_remove(&self->socket);
	socket_unbind(self->bus, self->zmq, &self->place);
	zap_domain_remove(&self->bus->zap, self->domain);
	blob_release(&self->scratch);
	free(self);
	*publisher = NULL;
}

const char *publisher_endpoint(const struct publisher *publisher)
{
	return publisher->place.endpoint;
}

const struct bus_counts *publisher_counts(const struct publisher *publisher)
{
	return &publisher->counts;
}

enum rc publisher_send_frame(struct publisher *publisher, const char *topic, struct span frame)
{
	struct span name = span_text(topic);
	enum rc rc;

	if (name.len > TOPIC_MAX)
		return RC_LIMIT;
	rc = socket_send(publisher->zmq, name, true);
	if (rc == RC_OK)
		rc = socket_send(publisher->zmq, frame, false);
	loop_socket_touch(&publisher->socket);
	if (rc == RC_OK)
		publisher->counts.out++;
	else
		publisher->counts.dropped[DROP_FAILED]++;
	return rc;
}

enum rc publisher_send(struct publisher *publisher, const char *topic, const struct msg *msg)
{
	blob_clear(&publisher->scratch);
	TRY(msg_encode(msg, &publisher->scratch));
	return publisher_send_frame(publisher, topic, blob_span(&publisher->scratch));
}
