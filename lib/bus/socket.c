#include "lib/bus/socket.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <zmq.h>

#include "lib/base/drop.h"
#include "lib/bus/bus_inside.h"

/* libzmq 4.3.4 declares it for draft builds only, but has it in all. */
#define SOCKET_ZAP_ENFORCE_DOMAIN 93

#define LINGER_MS           0
#define BACKLOG             1024
#define HANDSHAKE_MS        10000
#define CONNECT_MS          5000
#define HEARTBEAT_MS        10000 /* how often a client asks */
#define HEARTBEAT_WITHIN_MS 10000 /* how long it waits for a sign of life */
#define HEARTBEAT_TTL_MS    40000 /* when the server gives the client up */
#define KEEPALIVE_IDLE_S    60
#define KEEPALIVE_EVERY_S   20
#define KEEPALIVE_TIMES     3

enum rc socket_endpoint_check(const char *endpoint, struct err *err)
{
	size_t len = strlen(endpoint);

	if (len >= SOCKET_ENDPOINT_BYTES)
		return err_set(err, RC_MALFORMED, "endpoint of %zu bytes is too long", len);
	if (len <= 6 || (strncmp(endpoint, "tcp://", 6) != 0 && strncmp(endpoint, "ipc://", 6) != 0))
		return err_set(
			err, RC_MALFORMED, "endpoint %s: must be tcp://host:port or ipc://path", endpoint);
	return RC_OK;
}

static enum rc set(void *zmq, int option, const void *value, size_t len, const char *name, struct err *err)
{
	if (zmq_setsockopt(zmq, option, value, len) == 0)
		return RC_OK;
	return err_set(
		err, RC_UNSUPPORTED, "libzmq refuses socket option %s: %s", name, zmq_strerror(zmq_errno()));
}

struct number_option {
	int option;
	int value;
	const char *name;
};

#define NUMBER(option, value)                                                                                \
	{                                                                                                    \
		option, value, #option                                                                       \
	}

static enum rc set_numbers(void *zmq, const struct number_option *options, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++)
		TRY(set(zmq, options[i].option, &options[i].value, sizeof options[i].value, options[i].name,
			err));
	return RC_OK;
}

/* An IPv6 socket shows IPv4 addresses in a mapped form, so it is used only where it may be needed. */
static bool wants_ipv6(const struct socket_options *options)
{
	const char *host = options->endpoint + strlen("tcp://");

	if (strchr(host, '[') != NULL)
		return true;
	return options->server_key != NULL && (*host < '0' || *host > '9');
}

static enum rc set_common(void *zmq, const struct socket_options *options, struct err *err)
{
	const struct number_option numbers[] = {
		NUMBER(ZMQ_LINGER, LINGER_MS),
		NUMBER(ZMQ_SNDHWM, (int)options->queue_max),
		NUMBER(ZMQ_RCVHWM, (int)options->queue_max),
		NUMBER(ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS),
		NUMBER(ZMQ_IPV6, wants_ipv6(options)),
		NUMBER(ZMQ_TCP_KEEPALIVE, 1),
		NUMBER(ZMQ_TCP_KEEPALIVE_IDLE, KEEPALIVE_IDLE_S),
		NUMBER(ZMQ_TCP_KEEPALIVE_INTVL, KEEPALIVE_EVERY_S),
		NUMBER(ZMQ_TCP_KEEPALIVE_CNT, KEEPALIVE_TIMES),
	};
	int64_t message_max = (int64_t)options->message_max;

	TRY(set_numbers(zmq, numbers, COUNT(numbers), err));
	TRY(set(zmq, ZMQ_MAXMSGSIZE, &message_max, sizeof message_max, "ZMQ_MAXMSGSIZE", err));
	return set(zmq, ZMQ_CURVE_SECRETKEY, options->pair->secret.bytes, CURVE_KEY_BYTES,
		"ZMQ_CURVE_SECRETKEY", err);
}

static enum rc set_server(void *zmq, const struct socket_options *options, struct err *err)
{
	/* ZMQ_ROUTER_HANDOVER stays off: nobody takes another's place by naming itself alike. */
	const struct number_option numbers[] = {
		NUMBER(ZMQ_CURVE_SERVER, 1),
		NUMBER(SOCKET_ZAP_ENFORCE_DOMAIN, 1),
		NUMBER(ZMQ_BACKLOG, BACKLOG),
	};

	if (options->domain == NULL || options->domain[0] == '\0')
		return err_set(err, RC_MALFORMED, "a server socket needs a ZAP domain");
	TRY(set_numbers(zmq, numbers, COUNT(numbers), err));
	return set(zmq, ZMQ_ZAP_DOMAIN, options->domain, strlen(options->domain), "ZMQ_ZAP_DOMAIN", err);
}

/* The client pings for both: its TTL tells the server when to give it up. Reconnecting is lib/bus/link.c's
 * work. */
static enum rc set_client(void *zmq, const struct socket_options *options, struct err *err)
{
	const struct number_option numbers[] = {
		NUMBER(ZMQ_RECONNECT_IVL, -1),
		NUMBER(ZMQ_CONNECT_TIMEOUT, CONNECT_MS),
		NUMBER(ZMQ_HEARTBEAT_IVL, HEARTBEAT_MS),
		NUMBER(ZMQ_HEARTBEAT_TIMEOUT, HEARTBEAT_WITHIN_MS),
		NUMBER(ZMQ_HEARTBEAT_TTL, HEARTBEAT_TTL_MS),
	};

	TRY(set_numbers(zmq, numbers, COUNT(numbers), err));
	TRY(set(zmq, ZMQ_CURVE_PUBLICKEY, options->pair->public_key, CURVE_KEY_BYTES, "ZMQ_CURVE_PUBLICKEY",
		err));
	return set(
		zmq, ZMQ_CURVE_SERVERKEY, options->server_key, CURVE_KEY_BYTES, "ZMQ_CURVE_SERVERKEY", err);
}

/*
 * libzmq 4.3.4 numbers the peers of a ROUTER upwards from rand(), which it never seeds, and aborts when a
 * peer has named itself by the number whose turn it is. From an unpredictable start such a name must be
 * guessed, one in 2^32.
 */
static enum rc unpredictable_routing(struct err *err)
{
	unsigned seed;

	if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed)
		return err_errno(err, "random bytes");
	srand(seed);
	return RC_OK;
}

enum rc socket_open(struct bus *bus, const struct socket_options *options, void **out, struct err *err)
{
	enum rc rc;
	void *zmq;

	TRY(socket_endpoint_check(options->endpoint, err));
	TRY(unpredictable_routing(err));
	zmq = zmq_socket(bus->context, options->type);
	if (zmq == NULL)
		return err_set(err, zmq_errno() == EMFILE ? RC_LIMIT : RC_IO, "opening a socket: %s",
			zmq_strerror(zmq_errno()));
	rc = set_common(zmq, options, err);
	if (rc == RC_OK)
		rc = options->server_key == NULL ? set_server(zmq, options, err)
		                                 : set_client(zmq, options, err);
	if (rc != RC_OK) {
		socket_close(zmq);
		return rc;
	}
	*out = zmq;
	return RC_OK;
}

void socket_close(void *zmq)
{
	if (zmq != NULL)
		zmq_close(zmq);
}

/* zmq_bind reports the listening descriptor to a monitor, before it returns. */
static enum rc bind_and_tell(
	struct bus *bus, void *zmq, const char *endpoint, int *out_listener, struct err *err)
{
	char name[64];
	uint8_t event[6] = {0};
	void *monitor = zmq_socket(bus->context, ZMQ_PAIR);
	enum rc rc = RC_OK;

	snprintf(name, sizeof name, "inproc://monitor-%u", ++bus->monitors);
	if (monitor == NULL || zmq_socket_monitor(zmq, name, ZMQ_EVENT_LISTENING) != 0 ||
		zmq_connect(monitor, name) != 0)
		rc = err_set(err, RC_IO, "listening on %s: %s", endpoint, zmq_strerror(zmq_errno()));
	else if (zmq_bind(zmq, endpoint) != 0)
		rc = err_set(err, zmq_errno() == EADDRINUSE ? RC_EXISTS : RC_IO, "listening on %s: %s",
			endpoint, zmq_strerror(zmq_errno()));
	else if (zmq_recv(monitor, event, sizeof event, ZMQ_DONTWAIT) == (int)sizeof event)
		memcpy(out_listener, event + 2, sizeof *out_listener);
	zmq_socket_monitor(zmq, NULL, 0);
	socket_close(monitor);
	return rc;
}

enum rc socket_bind(
	struct bus *bus, void *zmq, const char *endpoint, struct socket_place *out, struct err *err)
{
	struct socket_place place = {.listener = -1};
	size_t len = sizeof place.endpoint;

	TRY(bind_and_tell(bus, zmq, endpoint, &place.listener, err));
	if (zmq_getsockopt(zmq, ZMQ_LAST_ENDPOINT, place.endpoint, &len) != 0)
		return err_set(err, RC_IO, "listening on %s: %s", endpoint, zmq_strerror(zmq_errno()));
	if (strncmp(place.endpoint, "tcp://", 6) != 0)
		place.listener = -1;
	if (gate_add(&bus->gate, bus->loop, place.listener) != RC_OK)
		return err_set(err, RC_LIMIT, "listening on %s: too many sockets", endpoint);
	*out = place;
	return RC_OK;
}

void socket_unbind(struct bus *bus, void *zmq, const struct socket_place *place)
{
	if (place->listener > 0)
		gate_remove(&bus->gate, place->listener);
	socket_close(zmq);
}

enum rc socket_send(void *zmq, struct span frame, bool more)
{
	zmq_msg_t msg;
	int error;

	if (zmq_msg_init_size(&msg, frame.len) != 0)
		return RC_NOMEM;
	if (frame.len != 0)
		memcpy(zmq_msg_data(&msg), frame.at, frame.len);
	if (zmq_msg_send(&msg, zmq, ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0)) >= 0)
		return RC_OK;
	error = zmq_errno();
	zmq_msg_close(&msg);
	if (error == EHOSTUNREACH)
		return RC_NOT_FOUND;
	return error == EAGAIN ? RC_LIMIT : RC_IO;
}

void socket_skip_rest(void *zmq)
{
	for (;;) {
		zmq_msg_t msg;
		bool more;

		zmq_msg_init(&msg);
		if (zmq_msg_recv(&msg, zmq, ZMQ_DONTWAIT) < 0) {
			zmq_msg_close(&msg);
			return;
		}
		more = zmq_msg_more(&msg) != 0;
		zmq_msg_close(&msg);
		if (!more)
			return;
	}
}
