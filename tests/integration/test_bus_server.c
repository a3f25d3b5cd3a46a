#include "tests/integration/bus_rig.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <zmq.h>

#include "lib/base/drop.h"
#include "lib/bus/bus_inside.h"

#define NOBODY   ((struct span){0})
#define ZEROS_32 "00000000000000000000000000000000"

static void *connected(struct rig *rig, int type, const struct curve_pair *pair, struct span routing)
{
	void *socket = raw_socket(rig, type, pair, routing);

	assert_int_equal(zmq_connect(socket, rig->endpoint), 0);
	return socket;
}

static void send_frame(void *socket, enum msg_type type)
{
	DROP(blob_release) struct blob frame = {0};

	rig_frame(type, 1, &frame);
	assert_int_equal(zmq_send(socket, frame.at, frame.len, ZMQ_DONTWAIT), (int)frame.len);
}

/* The server still does its work for somebody honest. */
static void assert_serves(struct rig *rig)
{
	struct client *client = rig_client(rig, &rig->node);
	unsigned before = rig->replies;

	rig_call(rig, client, MSG_TYPE_status_get, RIG_PATIENCE_MS);
	RIG_UNTIL(rig, rig->replies > before);
	assert_int_equal(rig->reply_rc, RC_OK);
	assert_memory_equal(rig->last.key, rig->node.public_key, CURVE_KEY_BYTES);
	client_close(&client);
}

/* ---- who is let in ---- */

static void the_sender_is_the_key_that_curve_authenticated(void **state)
{
	struct rig *rig = *state;

	rig_serve(rig, "tcp://127.0.0.1:*");
	assert_serves(rig);
	assert_int_equal(rig->last.roles, ROLE_NODE);
	assert_int_equal(rig_counts(rig)->in, 1);
	assert_int_equal(rig_counts(rig)->out, 1);
	assert_int_equal(bus_admissions(rig->bus)->admitted, 1);
}

static void a_key_that_is_not_admitted_is_told_so(void **state)
{
	struct rig *rig = *state;
	struct client *client;

	rig_serve(rig, NULL);
	rig->let_in = ADMIT_NO;
	client = rig_client(rig, &rig->node);
	RIG_UNTIL(rig, rig->downs > 0);
	assert_int_equal(rig->why, RC_DENIED);
	assert_int_equal(rig->ups, 0);
	assert_int_equal(bus_admissions(rig->bus)->refused, 1);

	/* Once it is admitted it comes back by itself. */
	rig->let_in = ADMIT_YES;
	RIG_UNTIL(rig, rig->ups > 0);
	client_close(&client);
}

static void an_admission_may_be_answered_later(void **state)
{
	struct rig *rig = *state;
	struct client *client;

	rig_serve(rig, NULL);
	rig->let_in = ADMIT_LATER;
	client = rig_client(rig, &rig->node);
	RIG_UNTIL(rig, rig->asked == 1);
	assert_int_equal(bus_admissions(rig->bus)->pending, 1);
	assert_ok(bus_admit(rig->bus, rig->token, true));
	assert_rc(bus_admit(rig->bus, rig->token, true), RC_NOT_FOUND);
	assert_rc(bus_admit(rig->bus, 0, true), RC_NOT_FOUND);
	RIG_UNTIL(rig, rig->ups == 1);
	client_close(&client);

	client = rig_client(rig, &rig->admin);
	RIG_UNTIL(rig, rig->asked == 2);
	assert_ok(bus_admit(rig->bus, rig->token, false));
	RIG_UNTIL(rig, rig->downs == 1);
	assert_int_equal(rig->why, RC_DENIED);
	client_close(&client);
}

static void an_admission_that_is_never_answered_is_a_no_for_now(void **state)
{
	struct rig *rig = *state;
	struct client *client;

	rig_serve(rig, NULL);
	rig->let_in = ADMIT_LATER;
	client = rig_client(rig, &rig->node);
	RIG_UNTIL(rig, rig->asked == 1);
	rig_pass_ms(rig, BUS_ADMIT_WITHIN_MS + 1);
	RIG_UNTIL(rig, bus_admissions(rig->bus)->late == 1);
	assert_rc(bus_admit(rig->bus, rig->token, true), RC_NOT_FOUND);

	/* The client hears nothing, and comes again. */
	rig->let_in = ADMIT_YES;
	rig_pass_ms(rig, 60000);
	RIG_UNTIL(rig, rig->downs == 1);
	assert_int_equal(rig->why, RC_TIMEOUT);
	RIG_UNTIL(rig, rig->ups == 1);
	client_close(&client);
}

static void plaintext_is_refused(void **state)
{
	struct rig *rig = *state;
	void *socket;
	void *monitor;

	rig_serve(rig, NULL);
	socket = raw_socket(rig, ZMQ_DEALER, NULL, NOBODY);
	monitor = raw_monitor(rig, socket);
	assert_int_equal(zmq_connect(socket, rig->endpoint), 0);
	send_frame(socket, MSG_TYPE_ok);
	RIG_UNTIL(rig, raw_event(monitor) == ZMQ_EVENT_DISCONNECTED);
	assert_int_equal(rig->asked, 0);
	assert_int_equal(rig->handled, 0);
	assert_serves(rig);
	zmq_close(monitor);
	zmq_close(socket);
}

static void another_server_key_gets_no_handshake(void **state)
{
	struct rig *rig = *state;
	struct client *client;
	struct curve_pair right;

	rig_serve(rig, NULL);
	right = rig->server_pair;
	rig->server_pair = rig->stranger;
	client = rig_client(rig, &rig->node);
	rig->server_pair = right;
	RIG_UNTIL(rig, rig->downs > 0);
	assert_int_equal(rig->why, RC_IO);
	assert_int_equal(rig->ups, 0);
	assert_int_equal(rig->asked, 0);
	client_close(&client);
}

static void without_a_zap_handler_nobody_gets_in(void **state)
{
	struct rig *rig = *state;
	void *socket;
	void *monitor;
	unsigned event = 0;

	rig_serve(rig, NULL);
	assert_serves(rig);
	loop_socket_remove(&rig->bus->zap.socket);
	zmq_close(rig->bus->zap.zmq);
	rig->bus->zap.zmq = NULL;

	socket = raw_socket(rig, ZMQ_DEALER, &rig->node, NOBODY);
	monitor = raw_monitor(rig, socket);
	assert_int_equal(zmq_connect(socket, rig->endpoint), 0);
	send_frame(socket, MSG_TYPE_status_get);
	RIG_UNTIL(rig, (event = raw_event(monitor)) == ZMQ_EVENT_DISCONNECTED ||
			       event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
	assert_int_equal(event, ZMQ_EVENT_DISCONNECTED);
	assert_int_equal(rig->handled, 1);
	zmq_close(monitor);
	zmq_close(socket);
}

/* Answer each ZAP request with 200 and this User-Id, as a handler that is not ours would. */
static void *false_handler(struct rig *rig)
{
	void *zap;

	loop_socket_remove(&rig->bus->zap.socket);
	zmq_close(rig->bus->zap.zmq);
	rig->bus->zap.zmq = NULL;
	zap = zmq_socket(rig->bus->context, ZMQ_REP);
	while (zmq_bind(zap, "inproc://zeromq.zap.01") != 0)
		assert_int_equal(zmq_errno(), EADDRINUSE);
	return zap;
}

static bool false_answer(void *zap, const char *user_id)
{
	uint8_t bytes[256];
	int more = 1;
	size_t len = sizeof more;

	if (zmq_recv(zap, bytes, sizeof bytes, ZMQ_DONTWAIT) < 0)
		return false;
	while (more) {
		zmq_recv(zap, bytes, sizeof bytes, 0);
		zmq_getsockopt(zap, ZMQ_RCVMORE, &more, &len);
	}
	zmq_send(zap, "1.0", 3, ZMQ_SNDMORE);
	zmq_send(zap, "1", 1, ZMQ_SNDMORE);
	zmq_send(zap, "200", 3, ZMQ_SNDMORE);
	zmq_send(zap, "", 0, ZMQ_SNDMORE);
	zmq_send(zap, user_id, strlen(user_id), ZMQ_SNDMORE);
	zmq_send(zap, "", 0, 0);
	return true;
}

static void a_message_without_a_user_id_of_ours_is_dropped(void **state)
{
	static const char *const user_ids[] = {"", "admin", ZEROS_32 ZEROS_32, ZEROS_32 ZEROS_32 ZEROS_32};
	struct rig *rig = *state;
	void *zap;

	rig_serve(rig, NULL);
	zap = false_handler(rig);
	for (size_t i = 0; i < COUNT(user_ids); i++) {
		void *socket = connected(rig, ZMQ_DEALER, &rig->node, NOBODY);

		send_frame(socket, MSG_TYPE_ok);
		RIG_UNTIL(rig, false_answer(zap, user_ids[i]));
		RIG_UNTIL(rig, rig_counts(rig)->dropped[DROP_ANONYMOUS] == i + 1);
		zmq_close(socket);
	}
	assert_int_equal(rig->handled, 0);
	zmq_close(zap);
}

static void malformed_zap_requests_get_500(void **state)
{
	/* Each lacks something: version, mechanism, domain, key, length. */
	static const char *const requests[][8] = {
		{"", "2.0", "7", "rig", "addr", "id", "CURVE", "0123456789abcdef0123456789abcdef"},
		{"", "1.0", "7", "rig", "addr", "id", "NULL", "0123456789abcdef0123456789abcdef"},
		{"", "1.0", "7", "elsewhere", "addr", "id", "CURVE", "0123456789abcdef0123456789abcdef"},
		{"", "1.0", "7", "rig", "addr", "id", "CURVE", "short"},
		{"", "1.0", "7", "rig", "addr", "id", "CURVE"},
	};
	struct rig *rig = *state;
	void *socket = zmq_socket(rig->bus->context, ZMQ_DEALER);

	rig_serve(rig, NULL);
	assert_int_equal(zmq_connect(socket, "inproc://zeromq.zap.01"), 0);
	for (size_t i = 0; i < COUNT(requests); i++) {
		char status[4] = "";
		size_t count = 8;

		while (requests[i][count - 1] == NULL)
			count--;
		for (size_t j = 0; j < count; j++)
			zmq_send(socket, requests[i][j], strlen(requests[i][j]),
				j + 1 < count ? ZMQ_SNDMORE : 0);
		RIG_UNTIL(rig, bus_admissions(rig->bus)->malformed == i + 1);
		for (unsigned j = 0; j < 7; j++) {
			char frame[64] = "";

			assert_true(zmq_recv(socket, frame, sizeof frame, 0) >= 0);
			if (j == 3)
				memcpy(status, frame, 3);
		}
		assert_string_equal(status, "500");
	}
	zmq_close(socket);
	assert_int_equal(rig->asked, 0);
	assert_serves(rig);
}

/* ---- who may send what ---- */

static void a_key_without_a_role_gets_nothing(void **state)
{
	struct rig *rig = *state;
	struct client *client;

	rig_serve(rig, NULL);
	client = rig_client(rig, &rig->stranger);
	rig_call(rig, client, MSG_TYPE_status_get, 60000);
	RIG_UNTIL(rig, rig_counts(rig)->dropped[DROP_UNKNOWN] == 1);
	rig_call(rig, client, MSG_TYPE_policy_list, 60000);
	RIG_UNTIL(rig, rig->replies == 0 && rig_counts(rig)->dropped[DROP_UNKNOWN] == 2);
	assert_int_equal(rig->handled, 0);
	assert_int_equal(rig_counts(rig)->out, 0);

	/* Except by what anyone may send. */
	rig_call(rig, client, MSG_TYPE_ok, 60000);
	RIG_UNTIL(rig, rig->replies == 1);
	assert_int_equal(rig->reply_rc, RC_OK);
	assert_int_equal(rig->last.roles, 0);
	client_close(&client);
}

static void a_role_that_may_not_send_this_is_told_so(void **state)
{
	struct rig *rig = *state;
	struct client *client;

	rig_serve(rig, NULL);
	client = rig_client(rig, &rig->node);
	rig_call(rig, client, MSG_TYPE_node_list, 60000);
	RIG_UNTIL(rig, rig->replies == 1);
	assert_int_equal(rig->reply_rc, RC_DENIED);
	rig_call(rig, client, MSG_TYPE_policy_list, 60000);
	RIG_UNTIL(rig, rig->replies == 2);
	assert_int_equal(rig->reply_rc, RC_DENIED);
	assert_int_equal(rig_counts(rig)->dropped[DROP_DENIED], 2);
	assert_int_equal(rig->handled, 0);
	client_close(&client);

	client = rig_client(rig, &rig->admin);
	rig_call(rig, client, MSG_TYPE_node_list, 60000);
	RIG_UNTIL(rig, rig->replies == 3);
	assert_int_equal(rig->reply_rc, RC_OK);
	client_close(&client);
}

static void a_role_that_is_taken_away_ends_with_the_next_message(void **state)
{
	struct rig *rig = *state;
	struct client *client;

	rig_serve(rig, NULL);
	client = rig_client(rig, &rig->node);
	rig_call(rig, client, MSG_TYPE_status_get, 60000);
	RIG_UNTIL(rig, rig->replies == 1);
	rig->node_is_revoked = true;
	rig_call(rig, client, MSG_TYPE_status_get, 60000);
	RIG_UNTIL(rig, rig_counts(rig)->dropped[DROP_UNKNOWN] == 1);
	assert_int_equal(rig->handled, 1);
	assert_int_equal(rig_counts(rig)->out, 1);
	client_close(&client);
}

/* ---- routing ids ---- */

static void a_peer_that_names_itself_is_dropped(void **state)
{
	struct rig *rig = *state;
	void *socket;

	rig_serve(rig, NULL);
	socket = connected(rig, ZMQ_DEALER, &rig->node, span_text("verifier"));
	send_frame(socket, MSG_TYPE_status_get);
	RIG_UNTIL(rig, rig_counts(rig)->dropped[DROP_ROUTING] == 1);
	assert_int_equal(rig->handled, 0);
	zmq_close(socket);
}

static void who_claims_anothers_routing_id_gets_none_of_its_messages(void **state)
{
	struct rig *rig = *state;
	struct client *client;
	struct msg push = {.type = MSG_TYPE_ok};
	struct peer honest;
	void *socket;
	void *monitor;

	rig_serve(rig, NULL);
	client = rig_client(rig, &rig->node);
	rig_call(rig, client, MSG_TYPE_status_get, 60000);
	RIG_UNTIL(rig, rig->replies == 1);
	honest = rig->last;

	socket = raw_socket(rig, ZMQ_DEALER, &rig->admin, SPAN(honest.routing));
	monitor = raw_monitor(rig, socket);
	assert_int_equal(zmq_connect(socket, rig->endpoint), 0);
	send_frame(socket, MSG_TYPE_status_get);
	RIG_UNTIL(rig, raw_event(monitor) == ZMQ_EVENT_HANDSHAKE_SUCCEEDED);

	/* The honest one is served and called as before; the other one hears nothing. */
	rig_call(rig, client, MSG_TYPE_status_get, 60000);
	RIG_UNTIL(rig, rig->replies == 2);
	assert_memory_equal(rig->last.key, rig->node.public_key, CURVE_KEY_BYTES);
	assert_ok(server_send(rig->server, &honest, &push));
	RIG_UNTIL(rig, rig->pushes == 1);
	assert_int_equal(rig->handled, 2);
	assert_false(raw_received(socket));
	zmq_close(monitor);
	zmq_close(socket);
	client_close(&client);
}

static void the_next_routing_id_cannot_be_foretold(void **state)
{
	/* What rand() gives first when nobody seeds it; libzmq aborts when a claimed one comes up. */
	static const uint8_t unseeded[] = {0x00, 0x6b, 0x8b, 0x45, 0x67};
	struct rig *rig = *state;
	uint8_t first[ROUTING_BYTES];
	struct client *client;

	rig_serve(rig, NULL);
	assert_serves(rig);
	memcpy(first, rig->last.routing, sizeof first);
	assert_memory_not_equal(first, unseeded, sizeof first);
	server_close(&rig->server);

	rig_serve(rig, NULL);
	client = rig_client(rig, &rig->node);
	rig_call(rig, client, MSG_TYPE_status_get, 60000);
	RIG_UNTIL(rig, rig->replies == 2);
	/* Of a counter that went on, these would be alike. */
	assert_memory_not_equal(first, rig->last.routing, 4);
	client_close(&client);
}

/* ---- bytes that are no messages ---- */

static void several_frames_are_dropped(void **state)
{
	struct rig *rig = *state;
	DROP(blob_release) struct blob frame = {0};
	void *socket;

	rig_serve(rig, NULL);
	rig_frame(MSG_TYPE_status_get, 1, &frame);
	socket = connected(rig, ZMQ_DEALER, &rig->node, NOBODY);
	for (unsigned i = 0; i < 20; i++)
		zmq_send(socket, frame.at, frame.len, ZMQ_SNDMORE);
	zmq_send(socket, frame.at, frame.len, 0);
	zmq_send(socket, "", 0, ZMQ_SNDMORE); /* what a REQ socket would send */
	zmq_send(socket, frame.at, frame.len, 0);
	RIG_UNTIL(rig, rig_counts(rig)->dropped[DROP_FRAMES] == 2);
	assert_int_equal(rig->handled, 0);

	/* The connection is whole: the next message is read from its beginning. */
	zmq_send(socket, frame.at, frame.len, 0);
	RIG_UNTIL(rig, rig->handled == 1);
	zmq_close(socket);
}

static void garbage_is_dropped(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} garbage[] = {{"", 0}, {"\xdd\x10\x00\x00\x00", 5}, {"\xff\xff\xff\xff", 4}, {"GET / HTTP/1.1", 14},
		{"\x81\xa1v\x01", 4}};
	struct rig *rig = *state;
	void *socket;

	rig_serve(rig, NULL);
	socket = connected(rig, ZMQ_DEALER, &rig->node, NOBODY);
	for (size_t i = 0; i < COUNT(garbage); i++)
		zmq_send(socket, garbage[i].bytes, garbage[i].len, 0);
	RIG_UNTIL(rig, rig_counts(rig)->dropped[DROP_MALFORMED] == COUNT(garbage));
	send_frame(socket, MSG_TYPE_status_get);
	RIG_UNTIL(rig, rig->handled == 1);
	zmq_close(socket);
}

static void an_oversized_frame_ends_the_connection(void **state)
{
	static uint8_t bytes[8192];
	struct rig *rig = *state;
	void *socket;
	void *monitor;

	rig_serve(rig, NULL);
	socket = raw_socket(rig, ZMQ_DEALER, &rig->node, NOBODY);
	monitor = raw_monitor(rig, socket);
	assert_int_equal(zmq_connect(socket, rig->endpoint), 0);
	zmq_send(socket, bytes, sizeof bytes, 0);
	RIG_UNTIL(rig, raw_event(monitor) == ZMQ_EVENT_DISCONNECTED);
	zmq_close(monitor);
	zmq_close(socket);
	assert_int_equal(rig_counts(rig)->dropped[DROP_MALFORMED], 0);
	assert_serves(rig);
}

static void bytes_that_are_not_zmtp_end_the_connection(void **state)
{
	struct rig *rig = *state;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	uint8_t bytes[128];
	ssize_t len = 1;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	rig_serve(rig, NULL);
	snprintf(address.sun_path, sizeof address.sun_path, "%s", rig->endpoint + strlen("ipc://"));
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
	memset(bytes, 'A', sizeof bytes);
	assert_int_equal(write(fd, bytes, sizeof bytes), sizeof bytes);
	RIG_UNTIL(rig, (len = read(fd, bytes, sizeof bytes)) == 0 || (len < 0 && errno != EAGAIN));
	close(fd);
	assert_serves(rig);
}

/* ---- sending ---- */

static void a_peer_that_is_gone_or_does_not_read_is_noticed(void **state)
{
	struct rig *rig = *state;
	struct client *client;
	struct msg push = {.type = MSG_TYPE_error, .error = {.code = 1, .text = span_text("x")}};
	char text[TEXT_MAX];
	struct peer slow;
	void *socket;
	enum rc rc = RC_OK;

	rig_serve(rig, NULL);
	client = rig_client(rig, &rig->node);
	rig_call(rig, client, MSG_TYPE_status_get, 60000);
	RIG_UNTIL(rig, rig->replies == 1);
	client_close(&client);
	RIG_UNTIL(rig, server_send(rig->server, &rig->last, &push) == RC_NOT_FOUND);
	assert_true(rig_counts(rig)->dropped[DROP_UNROUTABLE] > 0);

	socket = connected(rig, ZMQ_DEALER, &rig->admin, NOBODY);
	send_frame(socket, MSG_TYPE_status_get);
	RIG_UNTIL(rig, rig->handled == 2);
	slow = rig->last;
	memset(text, 'x', sizeof text);
	push.error.text = SPAN(text);
	for (unsigned i = 0; i < 100000 && rc == RC_OK; i++)
		rc = server_send(rig->server, &slow, &push);
	assert_int_equal(rc, RC_LIMIT);
	assert_int_equal(rig_counts(rig)->dropped[DROP_FULL], 1);

	/* It hurts nobody else. */
	assert_serves(rig);
	zmq_close(socket);
}

static void an_error_that_is_no_text_still_arrives(void **state)
{
	struct rig *rig = *state;
	struct client *client;
	struct peer peer;

	rig_serve(rig, NULL);
	client = rig_client(rig, &rig->node);
	rig_call(rig, client, MSG_TYPE_status_get, 60000);
	RIG_UNTIL(rig, rig->replies == 1);
	peer = rig->last;
	rig->ignore = 1;
	rig_call(rig, client, MSG_TYPE_status_get, 60000);
	RIG_UNTIL(rig, rig->handled == 2);
	server_send_error(rig->server, &peer, rig->ids[1], RC_STALE, "\xff\xfe\n");
	RIG_UNTIL(rig, rig->replies == 2);
	assert_int_equal(rig->reply_rc, RC_STALE);
	client_close(&client);
}

static void nothing_but_curve_over_tcp_or_ipc_is_opened(void **state)
{
	static const char *const endpoints[] = {
		"", "tcp://", "inproc://x", "udp://127.0.0.1:1", "127.0.0.1:7"};
	struct rig *rig = *state;
	struct server_options options = {.domain = "other", .pair = &rig->server_pair, .ctx = rig};
	struct server *server = NULL;

	for (size_t i = 0; i < COUNT(endpoints); i++) {
		options.endpoint = endpoints[i];
		assert_rc(server_open(rig->bus, &options, &server, NULL), RC_MALFORMED);
	}
	options.endpoint = "tcp://127.0.0.1:*";
	options.domain = "";
	assert_rc(server_open(rig->bus, &options, &server, NULL), RC_MALFORMED);
	options.domain = NULL;
	assert_rc(server_open(rig->bus, &options, &server, NULL), RC_MALFORMED);
	assert_null(server);
	/* A failed one leaves its domain free. */
	options.domain = "other";
	assert_ok(server_open(rig->bus, &options, &server, NULL));
	server_close(&server);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_open, rig_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_sender_is_the_key_that_curve_authenticated),
		TEST(a_key_that_is_not_admitted_is_told_so),
		TEST(an_admission_may_be_answered_later),
		TEST(an_admission_that_is_never_answered_is_a_no_for_now),
		TEST(plaintext_is_refused),
		TEST(another_server_key_gets_no_handshake),
		TEST(without_a_zap_handler_nobody_gets_in),
		TEST(a_message_without_a_user_id_of_ours_is_dropped),
		TEST(malformed_zap_requests_get_500),
		TEST(a_key_without_a_role_gets_nothing),
		TEST(a_role_that_may_not_send_this_is_told_so),
		TEST(a_role_that_is_taken_away_ends_with_the_next_message),
		TEST(a_peer_that_names_itself_is_dropped),
		TEST(who_claims_anothers_routing_id_gets_none_of_its_messages),
		TEST(the_next_routing_id_cannot_be_foretold),
		TEST(several_frames_are_dropped),
		TEST(garbage_is_dropped),
		TEST(an_oversized_frame_ends_the_connection),
		TEST(bytes_that_are_not_zmtp_end_the_connection),
		TEST(a_peer_that_is_gone_or_does_not_read_is_noticed),
		TEST(an_error_that_is_no_text_still_arrives),
		TEST(nothing_but_curve_over_tcp_or_ipc_is_opened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
