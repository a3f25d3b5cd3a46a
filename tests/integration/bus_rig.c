#include "tests/integration/bus_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <zmq.h>

#include "lib/base/hex.h"

/* ---- time ---- */

static uint64_t wall_ms(const struct clock *clock)
{
	(void)clock;
	return clock_wall_ms(clock_system());
}

static uint64_t mono_us(const struct clock *clock)
{
	return clock_mono_us(clock_system()) + ((const struct rig_clock *)(const void *)clock)->ahead_us;
}

uint64_t rig_now_ms(void)
{
	return clock_mono_ms(clock_system());
}

void rig_pass_ms(struct rig *rig, uint64_t ms)
{
	rig->clock.ahead_us += ms * 1000;
}

/* ---- opening and closing ---- */

int rig_open(void **state)
{
	struct rig *rig = calloc(1, sizeof *rig);
	const struct bus_options options = {.links_max = 64};

	assert_non_null(rig);
	rig->clock.clock = (struct clock){.wall_ms = wall_ms, .mono_us = mono_us};
	rig->let_in = ADMIT_YES;
	rig->copies = 1;
	scratch_open(&rig->dir);
	assert_ok(loop_open(&rig->clock.clock, &rig->loop, NULL));
	assert_ok(bus_open(rig->loop, &options, &rig->bus, NULL));
	assert_ok(curve_pair_make(&rig->server_pair, NULL));
	assert_ok(curve_pair_make(&rig->node, NULL));
	assert_ok(curve_pair_make(&rig->admin, NULL));
	assert_ok(curve_pair_make(&rig->stranger, NULL));
	rig->outside = zmq_ctx_new();
	assert_int_equal(zmq_ctx_set(rig->outside, ZMQ_BLOCKY, 0), 0);
	*state = rig;
	return 0;
}

int rig_close(void **state)
{
	struct rig *rig = *state;

	/* Ending a context waits for its sockets. */
	if (rig->has_failed)
		return 0;
	zmq_ctx_term(rig->outside);
	server_close(&rig->server);
	bus_close(&rig->bus);
	loop_close(&rig->loop);
	scratch_release(&rig->dir);
	free(rig);
	return 0;
}

/* ---- the server ---- */

static enum admit admit(void *ctx, const uint8_t key[static CURVE_KEY_BYTES], uint64_t token)
{
	struct rig *rig = ctx;

	(void)key;
	rig->asked++;
	rig->token = token;
	return rig->let_in;
}

static unsigned role_of(void *ctx, const uint8_t key[static CURVE_KEY_BYTES])
{
	const struct rig *rig = ctx;

	if (memcmp(key, rig->node.public_key, CURVE_KEY_BYTES) == 0)
		return rig->node_is_revoked ? 0 : ROLE_NODE;
	if (memcmp(key, rig->admin.public_key, CURVE_KEY_BYTES) == 0)
		return ROLE_ADMIN;
	return 0;
}

static void handle(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct rig *rig = ctx;
	struct msg reply = {.type = MSG_TYPE_ok, .id = msg->id};

	(void)frame;
	rig->ids[rig->handled++ % RIG_SEEN_MAX] = msg->id;
	rig->last = *peer;
	if (rig->ignore > 0) {
		rig->ignore--;
		return;
	}
	for (unsigned i = 0; i < rig->copies; i++)
		(void)!server_send(rig->server, peer, &reply);
}

static const struct server_row rows[] = {
	{MSG_TYPE_status_get, ROLE_NODE | ROLE_ADMIN, handle},
	{MSG_TYPE_node_list, ROLE_ADMIN, handle},
	{MSG_TYPE_ok, ROLES_ANYONE, handle},
};

void rig_serve(struct rig *rig, const char *endpoint)
{
	char path[SCRATCH_FILE_BYTES];
	char own[SCRATCH_FILE_BYTES + 8];
	struct err err = {0};
	struct server_options options = {
		.endpoint = endpoint,
		.domain = "rig",
		.pair = &rig->server_pair,
		.rows = rows,
		.row_count = sizeof rows / sizeof rows[0],
		.admit = admit,
		.role_of = role_of,
		.ctx = rig,
		.message_max = 4096,
		.queue_max = 16,
	};

	snprintf(own, sizeof own, "ipc://%s", scratch_file(&rig->dir, "server", path));
	if (endpoint == NULL)
		options.endpoint = own;
	if (server_open(rig->bus, &options, &rig->server, &err) != RC_OK)
		fail_msg("%s", err.text);
	assert_true(strlen(server_endpoint(rig->server)) < sizeof rig->endpoint);
	strcpy(rig->endpoint, server_endpoint(rig->server));
}

const struct bus_counts *rig_counts(const struct rig *rig)
{
	return server_counts(rig->server);
}

/* ---- an honest client ---- */

static void linked(void *ctx, bool is_up, enum rc why)
{
	struct rig *rig = ctx;

	*(is_up ? &rig->ups : &rig->downs) += 1;
	rig->why = why;
}

static void pushed(void *ctx, const struct msg *msg, struct span frame)
{
	struct rig *rig = ctx;

	(void)msg;
	(void)frame;
	rig->pushes++;
}

struct client *rig_client(struct rig *rig, const struct curve_pair *pair)
{
	const struct client_options options = {
		.endpoint = rig->endpoint,
		.server_key = rig->server_pair.public_key,
		.pair = pair,
		.calls_max = 4,
		.message = pushed,
		.link = linked,
		.ctx = rig,
	};
	struct client *client = NULL;

	assert_ok(client_open(rig->bus, &options, &client, NULL));
	return client;
}

static void replied(void *ctx, enum rc rc, const struct msg *reply, struct span frame)
{
	struct rig *rig = ctx;

	assert_int_equal(reply == NULL, frame.len == 0);
	rig->replies++;
	rig->reply_rc = rc;
}

void rig_call(struct rig *rig, struct client *client, enum msg_type type, uint64_t deadline_ms)
{
	const struct msg msg = {.type = type};

	assert_ok(client_call(client, &msg, deadline_ms, 0, replied, rig, NULL));
}

void rig_frame(enum msg_type type, uint64_t id, struct blob *out)
{
	const struct msg msg = {.type = type, .id = id};

	assert_ok(msg_encode(&msg, out));
}

/* ---- whoever else there is ---- */

void *raw_socket(struct rig *rig, int type, const struct curve_pair *pair, struct span routing)
{
	void *socket = zmq_socket(rig->outside, type);
	const int none = 0;

	assert_non_null(socket);
	assert_int_equal(zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none), 0);
	if (routing.len != 0)
		assert_int_equal(zmq_setsockopt(socket, ZMQ_ROUTING_ID, routing.at, routing.len), 0);
	if (type == ZMQ_SUB)
		assert_int_equal(zmq_setsockopt(socket, ZMQ_SUBSCRIBE, "", 0), 0);
	if (pair != NULL) {
		zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, pair->public_key, CURVE_KEY_BYTES);
		zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, pair->secret.bytes, CURVE_KEY_BYTES);
		zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, rig->server_pair.public_key, CURVE_KEY_BYTES);
	}
	return socket;
}

void *raw_monitor(struct rig *rig, void *socket)
{
	static unsigned number;
	char name[64];
	void *monitor = zmq_socket(rig->outside, ZMQ_PAIR);

	snprintf(name, sizeof name, "inproc://raw-%u", ++number);
	assert_int_equal(zmq_socket_monitor(socket, name, ZMQ_EVENT_ALL), 0);
	assert_int_equal(zmq_connect(monitor, name), 0);
	return monitor;
}

unsigned raw_event(void *monitor)
{
	uint8_t bytes[6];
	uint8_t address[256];
	uint16_t kind = 0;

	if (zmq_recv(monitor, bytes, sizeof bytes, ZMQ_DONTWAIT) != (int)sizeof bytes)
		return 0;
	memcpy(&kind, bytes, sizeof kind);
	zmq_recv(monitor, address, sizeof address, 0);
	return kind;
}

bool raw_received(void *socket)
{
	uint8_t bytes[256];

	return zmq_recv(socket, bytes, sizeof bytes, ZMQ_DONTWAIT) >= 0;
}
