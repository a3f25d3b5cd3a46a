/* CURVE sockets, the only ones that are ever made. Inside lib/bus only. */
#ifndef LIMEBUS_BUS_SOCKET_H
#define LIMEBUS_BUS_SOCKET_H

#include "lib/base/span.h"
#include "lib/bus/bus.h"
#include "lib/bus/curve.h"

#define SOCKET_ENDPOINT_BYTES 256

struct socket_options {
	int type; /* ZMQ_ROUTER, … */
	const char *endpoint;
	const struct curve_pair *pair;
	const uint8_t *server_key; /* of the server to connect to; NULL: it is a server */
	const char *domain;        /* of a server */
	size_t message_max;
	unsigned queue_max;
};

/* RC_MALFORMED unless it is tcp:// or ipc:// with something behind it, within SOCKET_ENDPOINT_BYTES. */
MUST_USE enum rc socket_endpoint_check(const char *endpoint, struct err *err);

/* A socket with every option set, neither bound nor connected. */
MUST_USE enum rc socket_open(
	struct bus *bus, const struct socket_options *options, void **out, struct err *err);

/* Accepts NULL. What was not sent is dropped. */
void socket_close(void *zmq);

/* A bound socket: where, with its port, and the listening descriptor (libzmq's; -1 if it is not TCP). */
struct socket_place {
	char endpoint[SOCKET_ENDPOINT_BYTES];
	int listener;
};

/* Bind, and guard the listening socket with the bus's gate. */
MUST_USE enum rc socket_bind(
	struct bus *bus, void *zmq, const char *endpoint, struct socket_place *out, struct err *err);

/* Close a socket that was bound. Accepts NULL. */
void socket_unbind(struct bus *bus, void *zmq, const struct socket_place *place);

/* Send one frame without waiting, copying it. RC_NOT_FOUND: no such peer; RC_LIMIT: its queue is full;
 * RC_NOMEM; RC_IO: else. */
MUST_USE enum rc socket_send(void *zmq, struct span frame, bool more);

/* Receive and throw away the frames that are left of a message. */
void socket_skip_rest(void *zmq);

#endif
