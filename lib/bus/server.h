/*
 * A socket that many peers connect to (ROUTER). Each received frame is checked, decoded (proto/msg.h),
 * attributed to the CURVE key that libzmq authenticated for it, and given to the handler of its row, if the
 * sender's role may send this type.
 *
 * Authorisation is per message: a key that loses its role is cut off with its next message, although its
 * connection stays. A key without any role that sends something which needs one gets no answer at all; one
 * with a role gets `error` with RC_DENIED. Both are counted and logged, at most once a second.
 *
 * Routing ids are libzmq's own five bytes. A peer that names itself is dropped: it can neither take another's
 * place nor get another's messages.
 */
#ifndef LIMEBUS_BUS_SERVER_H
#define LIMEBUS_BUS_SERVER_H

#include "lib/base/span.h"
#include "lib/bus/bus.h"
#include "lib/bus/curve.h"
#include "proto/msg.h"
#include "proto/role.h"

#define ROUTING_BYTES 5

/* Who sent a message. A plain value: keep a copy to answer later. */
struct peer {
	uint8_t key[CURVE_KEY_BYTES];
	uint8_t routing[ROUTING_BYTES];
	unsigned roles; /* when the message arrived */
};

struct server;

/* msg borrows from frame, and both are gone when the handler returns. The handler answers with msg->id. It
 * must not close the server. */
typedef void server_handler(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame);

/* One row a message type. roles: bits of enum role, any of which may send it, or ROLES_ANYONE. */
struct server_row {
	enum msg_type type;
	unsigned roles;
	server_handler *handle;
};

struct server_options {
	const char *endpoint; /* "tcp://address:port", port * picks a free one, or "ipc://path" */
	const char *domain;   /* ZAP domain, unique in the process */
	const struct curve_pair *pair;
	const struct server_row *rows; /* borrowed, like everything that ctx reaches */
	size_t row_count;
	bus_admit_fn *admit;
	unsigned (*role_of)(void *ctx, const uint8_t key[static CURVE_KEY_BYTES]); /* 0: unknown */
	void *ctx;
	size_t message_max; /* bytes; 0: BUS_MESSAGE_MAX_BYTES */
	unsigned queue_max; /* messages that wait for one peer, or of one peer; 0: 64 */
	unsigned batch;     /* messages taken in one turn of the loop; 0: 64 */
};

/* Binds. Refuses an empty domain, two rows of one type, and every endpoint that is neither tcp:// nor ipc://.
 */
MUST_USE enum rc server_open(
	struct bus *bus, const struct server_options *options, struct server **out, struct err *err);
void server_close(struct server **server);

/* The endpoint with the port that was picked. */
const char *server_endpoint(const struct server *server);

/* Send to a peer that wrote to us. Never blocks. RC_NOT_FOUND: it is gone; RC_LIMIT: it reads too slowly, or
 * a field is out of bounds; both are counted. */
MUST_USE enum rc server_send(struct server *server, const struct peer *peer, const struct msg *msg);

/* As server_send, with a frame that is encoded already. */
MUST_USE enum rc server_send_frame(struct server *server, const struct peer *peer, struct span frame);

/* Answer request `id` with `error`. text is for people, cut at TEXT_MAX. A peer that is gone does not matter
 * here. */
void server_send_error(
	struct server *server, const struct peer *peer, uint64_t id, enum rc code, const char *text);

const struct bus_counts *server_counts(const struct server *server);

#endif
