#include "lib/bus/link.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <zmq.h>

#include "lib/base/drop.h"
#include "lib/bus/bus_inside.h"

/* Connection and handshake together. The server may take BUS_ADMIT_WITHIN_MS of it to think. */
#define LINK_UP_WITHIN_MS 12000

/* A link that was up for so long failed for a new reason, so the pauses start again from the first. */
#define LINK_STEADY_MS 10000

/* After a refusal the first pause is this many doublings long. */
#define LINK_REFUSED_ATTEMPTS 2

#define LINK_EVENTS                                                                                          \
	(ZMQ_EVENT_CLOSED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED |                         \
		ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |                 \
		ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)

/* libzmq's code for "not admitted", of which a server that only thinks too long is not one. */
#define ZAP_NOT_ADMITTED 400

uint64_t link_pause_ms(unsigned attempts, uint32_t random)
{
	uint64_t limit = LINK_PAUSE_FIRST_MS;

	for (unsigned i = 0; i < attempts && limit < LINK_PAUSE_MAX_MS; i++)
		limit *= 2;
	if (limit > LINK_PAUSE_MAX_MS)
		limit = LINK_PAUSE_MAX_MS;
	return limit / 4 + (limit * 3 / 4 * random >> 32);
}

static void connect_again(void *ctx);
static void give_up(void *ctx);
static void monitor_readable(void *ctx);

/* ---- the socket and its monitor ---- */

static void drop_socket(struct link *link)
{
	loop_cancel(link->bus->loop, &link->timer);
	loop_socket_remove(&link->monitor_socket);
	loop_socket_remove(&link->socket);
	if (link->zmq != NULL)
		zmq_socket_monitor(link->zmq, NULL, 0);
	socket_close(link->monitor);
	socket_close(link->zmq);
	link->monitor = NULL;
	link->zmq = NULL;
	link->is_up = false;
}

/* The monitor's queue is unbounded (high-water mark 0): libzmq's I/O thread waits for a place in it, and
 * would hold up everything else. */
static enum rc watch_socket(struct link *link)
{
	struct loop *loop = link->bus->loop;
	const int none = 0;
	char name[64];

	snprintf(name, sizeof name, "inproc://monitor-%u", ++link->bus->monitors);
	if (zmq_socket_monitor(link->zmq, name, LINK_EVENTS) != 0)
		return RC_IO;
	link->monitor = zmq_socket(link->bus->context, ZMQ_PAIR);
	if (link->monitor == NULL || zmq_setsockopt(link->monitor, ZMQ_RCVHWM, &none, sizeof none) != 0 ||
		zmq_setsockopt(link->monitor, ZMQ_LINGER, &none, sizeof none) != 0 ||
		zmq_connect(link->monitor, name) != 0)
		return RC_IO;
	TRY(loop_socket_add(loop, &link->monitor_socket, link->monitor, monitor_readable, link, NULL));
	return loop_socket_add(
		loop, &link->socket, link->zmq, link->options.readable, link->options.ctx, NULL);
}

static enum rc make_socket(struct link *link)
{
	const struct socket_options options = {
		.type = link->options.type,
		.endpoint = link->endpoint,
		.pair = &link->pair,
		.server_key = link->server_key,
		.message_max = link->options.message_max,
		.queue_max = link->options.queue_max,
	};

	TRY(socket_open(link->bus, &options, &link->zmq, NULL));
	if (link->options.prepare != NULL)
		TRY(link->options.prepare(link->options.ctx, link->zmq));
	TRY(watch_socket(link));
	if (zmq_connect(link->zmq, link->endpoint) != 0)
		return RC_IO;
	return loop_after(link->bus->loop, &link->timer, LINK_UP_WITHIN_MS, give_up, link);
}

/* ---- up and down ---- */

/* Out of timers is out of memory, and there is nothing else to try: the link then stays down. */
static void pause_then_connect(struct link *link)
{
	uint32_t random = 0;

	if (getrandom(&random, sizeof random, GRND_NONBLOCK) != (ssize_t)sizeof random)
		random = (uint32_t)(uintptr_t)link * 2654435761u;
	(void)!loop_after(
		link->bus->loop, &link->timer, link_pause_ms(link->attempts++, random), connect_again, link);
}

/* The last thing that any caller does with the link. */
static void went_down(struct link *link, enum rc why)
{
	if (link->is_up && clock_mono_ms(loop_clock(link->bus->loop)) - link->up_ms >= LINK_STEADY_MS)
		link->attempts = 0;
	if (why == RC_DENIED && link->attempts < LINK_REFUSED_ATTEMPTS)
		link->attempts = LINK_REFUSED_ATTEMPTS;
	drop_socket(link);
	pause_then_connect(link);
	link->options.changed(link->options.ctx, false, why);
}

static void went_up(struct link *link)
{
	loop_cancel(link->bus->loop, &link->timer);
	link->is_up = true;
	link->up_ms = clock_mono_ms(loop_clock(link->bus->loop));
	link->options.changed(link->options.ctx, true, RC_OK);
}

static void connect_again(void *ctx)
{
	struct link *link = ctx;
	enum rc rc = make_socket(link);

	if (rc != RC_OK)
		went_down(link, rc);
}

static void give_up(void *ctx)
{
	went_down(ctx, RC_TIMEOUT);
}

/* ---- what the monitor says ---- */

struct event {
	uint16_t kind;
	uint32_t value;
};

/* Two frames: 16 bits of kind and 32 of value in our own byte order, and an address that we know. */
static bool next_event(struct link *link, struct event *out)
{
	uint8_t bytes[6];
	int len = zmq_recv(link->monitor, bytes, sizeof bytes, ZMQ_DONTWAIT);

	if (len < 0)
		return false;
	socket_skip_rest(link->monitor);
	*out = (struct event){0};
	if (len == (int)sizeof bytes) {
		memcpy(&out->kind, bytes, sizeof out->kind);
		memcpy(&out->value, bytes + sizeof out->kind, sizeof out->value);
	}
	return true;
}

/* One event a turn: each may be the link's end. */
static void monitor_readable(void *ctx)
{
	struct link *link = ctx;
	struct event event;

	if (!next_event(link, &event))
		return;
	switch (event.kind) {
	case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
		if (!link->is_up)
			went_up(link);
		return;
	case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
		went_down(link, event.value == ZAP_NOT_ADMITTED ? RC_DENIED : RC_IO);
		return;
	case ZMQ_EVENT_CLOSED:
	case ZMQ_EVENT_DISCONNECTED:
	case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
	case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL: went_down(link, RC_IO); return;
	default: return;
	}
}

/* ---- for the owner ---- */

static void point_to(
	struct link *link, const char *endpoint, const uint8_t server_key[static CURVE_KEY_BYTES])
{
	memmove(link->endpoint, endpoint, strlen(endpoint) + 1);
	memmove(link->server_key, server_key, CURVE_KEY_BYTES);
}

enum rc link_open(struct bus *bus, const struct link_options *options, struct link *link, struct err *err)
{
	TRY(socket_endpoint_check(options->endpoint, err));
	*link = (struct link){.bus = bus, .options = *options, .pair = *options->pair};
	point_to(link, options->endpoint, options->server_key);
	if (make_socket(link) == RC_OK)
		return RC_OK;
	/* Not worth a callback: nobody was told that it was up. */
	drop_socket(link);
	pause_then_connect(link);
	return RC_OK;
}

void link_close(struct link *link)
{
	if (link->bus == NULL)
		return;
	drop_socket(link);
	curve_pair_release(&link->pair);
	*link = (struct link){0};
}

enum rc link_redirect(struct link *link, const char *endpoint,
	const uint8_t server_key[static CURVE_KEY_BYTES], struct err *err)
{
	TRY(socket_endpoint_check(endpoint, err));
	point_to(link, endpoint, server_key);
	link->attempts = 0;
	drop_socket(link);
	if (make_socket(link) != RC_OK) {
		drop_socket(link);
		pause_then_connect(link);
	}
	return RC_OK;
}
