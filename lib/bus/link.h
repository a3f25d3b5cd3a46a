/*
 * A connecting socket that is kept up: made, watched through libzmq's monitor, thrown away when it breaks,
 * made again after a pause. Inside lib/bus only; client.[ch] and subscriber.[ch] are made of it.
 */
#ifndef LIMEBUS_BUS_LINK_H
#define LIMEBUS_BUS_LINK_H

#include "lib/bus/curve.h"
#include "lib/bus/loop_socket.h"
#include "lib/bus/socket.h"

struct link_options {
	int type; /* ZMQ_DEALER or ZMQ_SUB */
	const char *endpoint;
	const uint8_t *server_key;
	const struct curve_pair *pair;
	size_t message_max;
	unsigned queue_max;
	/* Finish a new socket (subscribe); NULL: nothing to do. */
	enum rc (*prepare)(void *ctx, void *zmq);
	void (*readable)(void *ctx);
	/* As in client_options. Nothing of the link is touched after it, so it may close the link. */
	void (*changed)(void *ctx, bool is_up, enum rc why);
	void *ctx;
};

/* A member of its owner, which does not move. zmq is NULL while there is no socket. */
struct link {
	struct bus *bus;
	struct link_options options; /* endpoint, server_key and pair point to the copies below */
	char endpoint[SOCKET_ENDPOINT_BYTES];
	uint8_t server_key[CURVE_KEY_BYTES];
	struct curve_pair pair;
	void *zmq;
	struct loop_socket socket;
	void *monitor;
	struct loop_socket monitor_socket;
	struct timer timer; /* up: unused; connecting: gives up; else: tries again */
	unsigned attempts;  /* failed ones in a row */
	uint64_t up_ms;     /* since when it is up */
	bool is_up;
	bool is_refused; /* the server said no */
};

/* Copies the options and connects. RC_MALFORMED: the endpoint; everything else is tried again later. */
MUST_USE enum rc link_open(
	struct bus *bus, const struct link_options *options, struct link *link, struct err *err);
void link_close(struct link *link);

MUST_USE enum rc link_redirect(struct link *link, const char *endpoint,
	const uint8_t server_key[static CURVE_KEY_BYTES], struct err *err);

/* The pause before the next attempt: from a quarter to the whole of a limit that doubles with each failed
 * attempt, from LINK_PAUSE_FIRST_MS to LINK_PAUSE_MAX_MS; random is uniform over 32 bits. */
#define LINK_PAUSE_FIRST_MS 400
#define LINK_PAUSE_MAX_MS   30000
uint64_t link_pause_ms(unsigned attempts, uint32_t random);

#endif
