/*
 * A connection to one server (DEALER), kept up for as long as the client is open. When it breaks, is refused,
 * or is not made in time, the socket is thrown away and a new one made after a pause that doubles and is
 * spread at random, so that ten thousand clients do not come back in one moment (libzmq's own pauses have too
 * little jitter, and after a refusal by ZAP it never comes back).
 *
 * A call is a request with an id and a deadline. Until the deadline it is sent again with the same id, after
 * a while without an answer and after each reconnect: what it asks for must be idempotent. Ids of calls have
 * the top bit set; requests that a server starts on its own have it clear, so that a late answer is never
 * taken for one.
 */
#ifndef LIMEBUS_BUS_CLIENT_H
#define LIMEBUS_BUS_CLIENT_H

#include "lib/base/span.h"
#include "lib/bus/bus.h"
#include "lib/bus/curve.h"
#include "proto/msg.h"

struct client;

#define CLIENT_CALLS_MAX 65536u
#define CALL_ID_BIT      (UINT64_C(1) << 63)

struct client_options {
	const char *endpoint;          /* "tcp://host:port" or "ipc://path"; copied */
	const uint8_t *server_key;     /* CURVE_KEY_BYTES, copied */
	const struct curve_pair *pair; /* copied */
	size_t message_max;            /* bytes; 0: BUS_MESSAGE_MAX_BYTES */
	unsigned queue_max;            /* 0: 64 */
	unsigned calls_max;            /* outstanding calls; 0: 64; at most CLIENT_CALLS_MAX */

	/* A message of the server's own. msg borrows from frame; both are gone when it returns. */
	void (*message)(
		void *ctx, const struct msg *msg, struct span frame); /* NULL: dropped as unexpected */
	/* The link came up (why is RC_OK), or went down, or could not be made: RC_DENIED: the server refuses
	 * our key; RC_TIMEOUT: no connection or no handshake in time; RC_IO: else. A server with another key
	 * than server_key never lets the handshake through, which is RC_IO or RC_TIMEOUT. */
	void (*link)(void *ctx, bool is_up, enum rc why); /* may be NULL */
	void *ctx;
};

/* Returns at once; the connection is made in the background. */
MUST_USE enum rc client_open(
	struct bus *bus, const struct client_options *options, struct client **out, struct err *err);

/* Outstanding calls end without their callbacks. */
void client_close(struct client **client);

/* Leave the present server for another one, at once. Outstanding calls go to the new one. */
MUST_USE enum rc client_redirect(struct client *client, const char *endpoint,
	const uint8_t server_key[static CURVE_KEY_BYTES], struct err *err);

bool client_is_up(const struct client *client);

/*
 * The end of a call, exactly once.
 *   RC_OK       reply is the answer, borrowing from frame
 *   RC_TIMEOUT  the deadline passed; reply is NULL
 *   else        the server answered `error` with this code; reply is that message
 * May start other calls, and close the client.
 */
typedef void client_reply(void *ctx, enum rc rc, const struct msg *reply, struct span frame);

/* Send msg with an id of ours, which *out_id gets (NULL: not wanted), and ttl_ms = deadline_ms. The message
 * is copied. The first repetition comes after retry_ms (0: deadline_ms / 4, at least 250), then at doubled
 * intervals. RC_LIMIT if calls_max are outstanding or a field is out of bounds. If the link is down the call
 * waits for it. */
MUST_USE enum rc client_call(struct client *client, const struct msg *msg, uint64_t deadline_ms,
	uint64_t retry_ms, client_reply *reply, void *ctx, uint64_t *out_id);

/* The call ends without its callback. Accepts an id that is gone. */
void client_cancel(struct client *client, uint64_t id);

/* Send without waiting for an answer, msg->id as it is (the id of a server's request, for its answer; else
 * 0). RC_IO if the link is down, RC_LIMIT if the queue is full. */
MUST_USE enum rc client_send(struct client *client, const struct msg *msg);

const struct bus_counts *client_counts(const struct client *client);

#endif
