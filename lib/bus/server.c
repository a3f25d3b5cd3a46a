#include "lib/bus/server.h"

#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "lib/base/drop.h"
#include "lib/base/hex.h"
#include "lib/base/log.h"
#include "lib/bus/bus_inside.h"
#include "lib/bus/socket.h"

#define QUEUE_DEFAULT   64u
#define BATCH_DEFAULT   64u
#define LOG_INTERVAL_MS 1000

struct server {
	struct bus *bus;
	void *zmq;
	struct loop_socket socket;
	struct socket_place place;
	char domain[BUS_DOMAIN_MAX + 1];
	struct server_row rows[MSG_TYPE_COUNT]; /* by type; handle is NULL where there is none */
	bool has_anyone_row;
	unsigned (*role_of)(void *ctx, const uint8_t key[static CURVE_KEY_BYTES]);
	void *ctx;
	unsigned batch;
	struct blob scratch; /* encoded answers */
	struct bus_counts counts;
	uint64_t logged_ms; /* when the last drop was logged */
	uint64_t unlogged;  /* drops since */
};

/* ---- opening ---- */

static enum rc rows_copy(struct server *server, const struct server_options *options, struct err *err)
{
	for (size_t i = 0; i < options->row_count; i++) {
		const struct server_row *row = &options->rows[i];

		if (row->type <= MSG_TYPE_none || row->type >= MSG_TYPE_COUNT || row->handle == NULL ||
			row->roles == 0)
			return err_set(err, RC_MALFORMED, "%s: row %zu is not complete", options->domain, i);
		if (server->rows[row->type].handle != NULL)
			return err_set(err, RC_EXISTS, "%s: two rows for %s", options->domain,
				msg_type_name(row->type));
		server->rows[row->type] = *row;
		server->has_anyone_row |= (row->roles & ROLES_ANYONE) != 0;
	}
	return RC_OK;
}

static enum rc listen_on(struct server *server, const struct server_options *options, struct err *err)
{
	const struct socket_options socket = {
		.type = ZMQ_ROUTER,
		.endpoint = options->endpoint,
		.pair = options->pair,
		.domain = server->domain,
		.message_max = options->message_max == 0 ? BUS_MESSAGE_MAX_BYTES : options->message_max,
		.queue_max = options->queue_max == 0 ? QUEUE_DEFAULT : options->queue_max,
	};
	const int on = 1;

	TRY(socket_open(server->bus, &socket, &server->zmq, err));
	if (zmq_setsockopt(server->zmq, ZMQ_ROUTER_MANDATORY, &on, sizeof on) != 0)
		return err_set(err, RC_UNSUPPORTED, "libzmq refuses ZMQ_ROUTER_MANDATORY");
	TRY(socket_bind(server->bus, server->zmq, options->endpoint, &server->place, err));
	return RC_OK;
}

static void readable(void *ctx);

enum rc server_open(
	struct bus *bus, const struct server_options *options, struct server **out, struct err *err)
{
	DROP(server_close) struct server *server = calloc(1, sizeof *server);

	if (server == NULL)
		return err_set(err, RC_NOMEM, "no memory for a server");
	server->bus = bus;
	server->role_of = options->role_of;
	server->ctx = options->ctx;
	server->batch = options->batch == 0 ? BATCH_DEFAULT : options->batch;
	TRY(rows_copy(server, options, err));
	TRY(zap_domain_add(&bus->zap, options->domain, options->admit, options->ctx, err));
	memcpy(server->domain, options->domain, strlen(options->domain) + 1);
	TRY(listen_on(server, options, err));
	TRY(loop_socket_add(bus->loop, &server->socket, server->zmq, readable, server, err));
	*out = TAKE(server);
	return RC_OK;
}

void server_close(struct server **server)
{
	struct server *self = *server;

	if (self == NULL)
		return;
	loop_socket_remove(&self->socket);
	socket_unbind(self->bus, self->zmq, &self->place);
	zap_domain_remove(&self->bus->zap, self->domain);
	blob_release(&self->scratch);
	free(self);
	*server = NULL;
}

const char *server_endpoint(const struct server *server)
{
	return server->place.endpoint;
}

const struct bus_counts *server_counts(const struct server *server)
{
	return &server->counts;
}

/* ---- sending ---- */

static enum rc count_sent(struct server *server, enum rc rc)
{
	switch ((int)rc) {
	case RC_OK: server->counts.out++; break;
	case RC_NOT_FOUND: server->counts.dropped[DROP_UNROUTABLE]++; break;
	case RC_LIMIT: server->counts.dropped[DROP_FULL]++; break;
	default: server->counts.dropped[DROP_FAILED]++; break;
	}
	return rc;
}

enum rc server_send_frame(struct server *server, const struct peer *peer, struct span frame)
{
	/* With ZMQ_ROUTER_MANDATORY it is the first frame that fails, and then nothing is half sent. */
	enum rc rc = socket_send(server->zmq, SPAN(peer->routing), true);

	if (rc == RC_OK)
		rc = socket_send(server->zmq, frame, false);
	loop_socket_touch(&server->socket);
	return count_sent(server, rc);
}

enum rc server_send(struct server *server, const struct peer *peer, const struct msg *msg)
{
	blob_clear(&server->scratch);
	TRY(msg_encode(msg, &server->scratch));
	return server_send_frame(server, peer, blob_span(&server->scratch));
}

void server_send_error(
	struct server *server, const struct peer *peer, uint64_t id, enum rc code, const char *text)
{
	struct span words = span_text(text == NULL || *text == '\0' ? rc_words(code) : text);
	struct msg msg = {.type = MSG_TYPE_error, .id = id, .error = {.code = code, .text = words}};

	if (words.len > TEXT_MAX)
		msg.error.text.len = TEXT_MAX;
	/* Text that is cut inside a character, or is no text, must not keep the code from arriving. */
	blob_clear(&server->scratch);
	if (msg_encode(&msg, &server->scratch) != RC_OK) {
		msg.error.text = span_text(rc_words(code));
		blob_clear(&server->scratch);
		if (msg_encode(&msg, &server->scratch) != RC_OK)
			return;
	}
	(void)!server_send_frame(server, peer, blob_span(&server->scratch));
}

/* ---- receiving ---- */

static void drop(struct server *server, enum drop_cause cause, const struct peer *peer, enum msg_type type)
{
	uint64_t now_ms = clock_mono_ms(loop_clock(server->bus->loop));
	char key[HEX_BYTES(CURVE_KEY_BYTES)];

	server->counts.dropped[cause]++;
	server->unlogged++;
	if (server->logged_ms != 0 && now_ms - server->logged_ms < LOG_INTERVAL_MS)
		return;
	log_event(LOG_WARN, "bus.dropped", "socket=%s cause=%s type=%s key=%s count=%llu", server->domain,
		drop_word(cause), msg_type_name(type), hex_encode(SPAN(peer->key), key),
		(unsigned long long)server->unlogged);
	server->logged_ms = now_ms;
	server->unlogged = 0;
}

/* The sender, or why there is none. Routing ids that libzmq made are five bytes, the first of them 0. */
static bool sender_of(struct server *server, zmq_msg_t *routing, zmq_msg_t *body, struct peer *peer)
{
	const uint8_t *at = zmq_msg_data(routing);

	if (!zap_user(&server->bus->zap, zmq_msg_gets(body, "User-Id"), peer->key)) {
		drop(server, DROP_ANONYMOUS, peer, MSG_TYPE_none);
		return false;
	}
	if (zmq_msg_size(routing) != ROUTING_BYTES || at[0] != 0) {
		drop(server, DROP_ROUTING, peer, MSG_TYPE_none);
		return false;
	}
	memcpy(peer->routing, at, ROUTING_BYTES);
	peer->roles = server->role_of(server->ctx, peer->key);
	return true;
}

/* Whoever has no role learns nothing, not even that we are here. */
static void refuse(struct server *server, const struct peer *peer, const struct msg *msg, bool is_taken)
{
	if (peer->roles == 0) {
		drop(server, DROP_UNKNOWN, peer, msg->type);
		return;
	}
	drop(server, DROP_DENIED, peer, msg->type);
	server_send_error(server, peer, msg->id, RC_DENIED,
		is_taken ? "your role may not send this" : "this service does not take such a message");
}

static void dispatch(struct server *server, const struct peer *peer, struct span frame)
{
	const struct server_row *row;
	struct msg msg = {0};

	if (peer->roles == 0 && !server->has_anyone_row) {
		drop(server, DROP_UNKNOWN, peer, MSG_TYPE_none);
		return;
	}
	if (msg_decode(frame, &msg) != RC_OK) {
		drop(server, DROP_MALFORMED, peer, MSG_TYPE_none);
		return;
	}
	row = &server->rows[msg.type];
	if (row->handle == NULL || (row->roles & (peer->roles | ROLES_ANYONE)) == 0) {
		refuse(server, peer, &msg, row->handle != NULL);
		return;
	}
	server->counts.in++;
	row->handle(server->ctx, peer, &msg, frame);
}

static void take(struct server *server, zmq_msg_t *routing, zmq_msg_t *body)
{
	struct peer peer = {0};

	if (zmq_msg_more(body)) {
		socket_skip_rest(server->zmq);
		drop(server, DROP_FRAMES, &peer, MSG_TYPE_none);
		return;
	}
	if (sender_of(server, routing, body, &peer))
		dispatch(server, &peer, span_of(zmq_msg_data(body), zmq_msg_size(body)));
}

/* Take one message; false when there is none. */
static bool receive(struct server *server)
{
	zmq_msg_t routing;
	zmq_msg_t body;
	bool received;

	zmq_msg_init(&routing);
	zmq_msg_init(&body);
	received = zmq_msg_recv(&routing, server->zmq, ZMQ_DONTWAIT) >= 0;
	if (received && zmq_msg_more(&routing) && zmq_msg_recv(&body, server->zmq, ZMQ_DONTWAIT) >= 0)
		take(server, &routing, &body);
	zmq_msg_close(&body);
	zmq_msg_close(&routing);
	return received;
}

static void readable(void *ctx)
{
	struct server *server = ctx;

	for (unsigned i = 0; i < server->batch; i++)
		if (!receive(server))
			return;
}
