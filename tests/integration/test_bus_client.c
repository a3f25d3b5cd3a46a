#include "tests/integration/bus_rig.h"

#include <stdio.h>
#include <zmq.h>

#include "lib/base/drop.h"

static void up(struct rig *rig)
{
	RIG_UNTIL(rig, rig->ups == 1);
}

static void a_call_waits_for_the_link(void **state)
{
	struct rig *rig = *state;
	struct client *client;
	char path[SCRATCH_FILE_BYTES];

	/* Nobody listens there yet. */
	snprintf(rig->endpoint, sizeof rig->endpoint, "ipc://%s", scratch_file(&rig->dir, "server", path));
	client = rig_client(rig, &rig->node);
	rig_call(rig, client, MSG_TYPE_status_get, 60000);
	RIG_UNTIL(rig, rig->downs > 0);
	assert_int_equal(rig->why, RC_IO);
	assert_false(client_is_up(client));
	assert_rc(client_send(client, &(struct msg){.type = MSG_TYPE_ok}), RC_IO);

	rig_serve(rig, NULL);
	RIG_UNTIL(rig, rig->replies == 1);
	assert_int_equal(rig->reply_rc, RC_OK);
	assert_true(client_is_up(client));
	client_close(&client);
}

static void a_call_ends_at_its_deadline(void **state)
{
	struct rig *rig = *state;
	struct client *client;

	rig_serve(rig, NULL);
	rig->ignore = 1000;
	client = rig_client(rig, &rig->node);
	up(rig);
	rig_call(rig, client, MSG_TYPE_status_get, 5000);
	RIG_UNTIL(rig, rig->handled == 1);
	rig_pass_ms(rig, 4500);
	assert_ok(loop_turn(rig->loop, 0, NULL));
	assert_int_equal(rig->replies, 0);
	rig_pass_ms(rig, 500);
	RIG_UNTIL(rig, rig->replies == 1);
	assert_int_equal(rig->reply_rc, RC_TIMEOUT);
	client_close(&client);
}

static void a_call_is_repeated_with_its_id_and_answered_once(void **state)
{
	struct rig *rig = *state;
	struct client *client;

	rig_serve(rig, NULL);
	rig->ignore = 2;
	rig->copies = 3;
	client = rig_client(rig, &rig->node);
	up(rig);
	rig_call(rig, client, MSG_TYPE_status_get, 60000);
	RIG_UNTIL(rig, rig->handled == 1);
	rig_pass_ms(rig, 15000);
	RIG_UNTIL(rig, rig->handled == 2);
	rig_pass_ms(rig, 30000);
	RIG_UNTIL(rig, rig->handled == 3);
	RIG_UNTIL(rig, rig->replies == 1);
	assert_int_equal(rig->reply_rc, RC_OK);
	assert_true(rig->ids[0] == rig->ids[1] && rig->ids[1] == rig->ids[2]);
	assert_true((rig->ids[0] & CALL_ID_BIT) != 0);
	/* The other two answers are nobody's, and not mistaken for the server's own messages. */
	RIG_UNTIL(rig, client_counts(client)->dropped[DROP_UNEXPECTED] == 2);
	assert_int_equal(rig->pushes, 0);
	client_close(&client);
}

static void calls_at_once_are_bounded_and_their_places_come_free(void **state)
{
	struct rig *rig = *state;
	struct client *client;
	const struct msg msg = {.type = MSG_TYPE_status_get};
	uint64_t id = 0;

	rig_serve(rig, NULL);
	rig->ignore = 1000;
	client = rig_client(rig, &rig->node);
	up(rig);
	for (unsigned i = 0; i < 3; i++)
		rig_call(rig, client, MSG_TYPE_status_get, 60000);
	assert_ok(client_call(client, &msg, 60000, 0, NULL, NULL, &id));
	assert_rc(client_call(client, &msg, 60000, 0, NULL, NULL, NULL), RC_LIMIT);
	client_cancel(client, id);
	client_cancel(client, id);
	client_cancel(client, 7);
	RIG_UNTIL(rig, rig->handled == 4);
	rig->ignore = 0;
	rig_call(rig, client, MSG_TYPE_status_get, 60000);
	RIG_UNTIL(rig, rig->replies == 1);
	assert_rc(client_call(client, &msg, 0, 0, NULL, NULL, NULL), RC_LIMIT);
	client_close(&client);
}

static void a_message_out_of_bounds_is_not_sent(void **state)
{
	struct rig *rig = *state;
	struct client *client;
	const struct msg msg = {.type = MSG_TYPE_hello};

	rig_serve(rig, NULL);
	client = rig_client(rig, &rig->node);
	up(rig);
	for (unsigned i = 0; i < 10; i++) {
		assert_int_not_equal(client_call(client, &msg, 1000, 0, NULL, NULL, NULL), RC_OK);
		assert_int_not_equal(client_send(client, &msg), RC_OK);
	}
	assert_int_equal(client_counts(client)->out, 0);
	client_close(&client);
}

static void it_comes_back_when_the_server_does(void **state)
{
	struct rig *rig = *state;
	struct client *client;

	rig_serve(rig, "tcp://127.0.0.1:*");
	rig->ignore = 1;
	client = rig_client(rig, &rig->node);
	up(rig);
	rig_call(rig, client, MSG_TYPE_status_get, 60000);
	RIG_UNTIL(rig, rig->handled == 1);

	server_close(&rig->server);
	RIG_UNTIL(rig, rig->downs > 0);
	assert_int_equal(rig->why, RC_IO);
	assert_false(client_is_up(client));
	rig_serve(rig, strdupa(rig->endpoint));
	/* The call that was outstanding is sent again, with its id, and answered. */
	RIG_UNTIL(rig, rig->replies == 1);
	assert_int_equal(rig->reply_rc, RC_OK);
	assert_true(rig->ids[0] == rig->ids[1]);
	assert_int_equal(rig->ups, 2);
	client_close(&client);
}

static void it_follows_a_redirect_to_another_server_and_key(void **state)
{
	struct rig *rig = *state;
	struct client *client;
	char first[SCRATCH_FILE_BYTES];

	rig_serve(rig, "tcp://127.0.0.1:*");
	rig->ignore = 1;
	client = rig_client(rig, &rig->node);
	up(rig);
	rig_call(rig, client, MSG_TYPE_status_get, 60000);
	RIG_UNTIL(rig, rig->handled == 1);
	strcpy(first, rig->endpoint);

	server_close(&rig->server);
	rig->server_pair = rig->stranger;
	rig_serve(rig, NULL);
	assert_rc(client_redirect(client, "inproc://x", rig->server_pair.public_key, NULL), RC_MALFORMED);
	assert_ok(client_redirect(client, rig->endpoint, rig->server_pair.public_key, NULL));
	RIG_UNTIL(rig, rig->replies == 1);
	assert_int_equal(rig->reply_rc, RC_OK);
	assert_true(rig->ids[0] == rig->ids[1]);
	client_close(&client);
}

static void the_servers_own_messages_are_told_apart(void **state)
{
	struct rig *rig = *state;
	struct client *client;
	struct msg push = {.type = MSG_TYPE_ok};

	rig_serve(rig, NULL);
	client = rig_client(rig, &rig->node);
	rig_call(rig, client, MSG_TYPE_status_get, 60000);
	RIG_UNTIL(rig, rig->replies == 1);
	assert_ok(server_send(rig->server, &rig->last, &push));
	push.id = 77; /* a request of the server's */
	assert_ok(server_send(rig->server, &rig->last, &push));
	push.id = rig->ids[0]; /* answered already */
	assert_ok(server_send(rig->server, &rig->last, &push));
	push.id = UINT64_MAX;
	assert_ok(server_send(rig->server, &rig->last, &push));
	RIG_UNTIL(rig, client_counts(client)->dropped[DROP_UNEXPECTED] == 2);
	assert_int_equal(rig->pushes, 2);
	assert_int_equal(rig->replies, 1);
	client_close(&client);
}

struct closing {
	struct client *client;
	unsigned called;
};

static void close_on_reply(void *ctx, enum rc rc, const struct msg *reply, struct span frame)
{
	struct closing *closing = ctx;

	(void)rc;
	(void)reply;
	(void)frame;
	closing->called++;
	client_close(&closing->client);
}

static void close_on_link(void *ctx, bool is_up, enum rc why)
{
	struct closing *closing = ctx;

	(void)is_up;
	(void)why;
	closing->called++;
	client_close(&closing->client);
}

static void a_callback_may_close_the_client(void **state)
{
	struct rig *rig = *state;
	const struct msg msg = {.type = MSG_TYPE_status_get};
	struct closing closing = {0};
	struct client_options options = {
		.server_key = rig->server_pair.public_key, .pair = &rig->node, .ctx = &closing};

	rig_serve(rig, NULL);
	options.endpoint = rig->endpoint;

	/* On the reply, with two more waiting. */
	rig->copies = 2;
	assert_ok(client_open(rig->bus, &options, &closing.client, NULL));
	for (unsigned i = 0; i < 3; i++)
		assert_ok(client_call(closing.client, &msg, 60000, 0, close_on_reply, &closing, NULL));
	RIG_UNTIL(rig, closing.called == 1);
	assert_null(closing.client);

	/* At the deadline. */
	rig->ignore = 1000;
	assert_ok(client_open(rig->bus, &options, &closing.client, NULL));
	for (unsigned i = 0; i < 2; i++)
		assert_ok(client_call(closing.client, &msg, 1000, 0, close_on_reply, &closing, NULL));
	rig_pass_ms(rig, 1001);
	RIG_UNTIL(rig, closing.called == 2);

	/* When the link comes up, and when it is refused. */
	options.link = close_on_link;
	assert_ok(client_open(rig->bus, &options, &closing.client, NULL));
	RIG_UNTIL(rig, closing.called == 3);
	rig->let_in = ADMIT_NO;
	assert_ok(client_open(rig->bus, &options, &closing.client, NULL));
	RIG_UNTIL(rig, closing.called == 4);
}

static void a_server_that_is_silent_in_the_handshake_is_given_up(void **state)
{
	struct rig *rig = *state;
	void *silent = zmq_socket(rig->outside, ZMQ_STREAM); /* accepts, and says nothing */
	size_t len = sizeof rig->endpoint;
	struct client *client;

	assert_int_equal(zmq_bind(silent, "tcp://127.0.0.1:*"), 0);
	assert_int_equal(zmq_getsockopt(silent, ZMQ_LAST_ENDPOINT, rig->endpoint, &len), 0);
	client = rig_client(rig, &rig->node);
	assert_ok(loop_turn(rig->loop, 10, NULL));
	rig_pass_ms(rig, 12000);
	RIG_UNTIL(rig, rig->downs == 1);
	assert_int_equal(rig->why, RC_TIMEOUT);
	client_close(&client);
	zmq_close(silent);
}

static void garbage_from_the_server_is_dropped(void **state)
{
	struct rig *rig = *state;
	struct client *client;

	rig_serve(rig, NULL);
	client = rig_client(rig, &rig->node);
	rig_call(rig, client, MSG_TYPE_status_get, 60000);
	RIG_UNTIL(rig, rig->replies == 1);
	assert_ok(server_send_frame(rig->server, &rig->last, span_text("\xdd\x10")));
	assert_ok(server_send_frame(rig->server, &rig->last, (struct span){0}));
	RIG_UNTIL(rig, client_counts(client)->dropped[DROP_MALFORMED] == 2);
	rig_call(rig, client, MSG_TYPE_status_get, 60000);
	RIG_UNTIL(rig, rig->replies == 2);
	client_close(&client);
}

/* Two clients that lose their server at one moment; how long until each tries again is read off by putting
 * the clock forward step by step. */
static void two_clients_do_not_come_back_at_one_moment(void **state)
{
	enum { CLIENTS = 8 };
	struct rig *rig = *state;
	struct client *clients[CLIENTS];
	unsigned busiest = 0;

	rig_serve(rig, NULL);
	for (unsigned i = 0; i < CLIENTS; i++)
		clients[i] = rig_client(rig, &rig->node);
	RIG_UNTIL(rig, rig->ups == CLIENTS);
	server_close(&rig->server);
	RIG_UNTIL(rig, rig->downs == CLIENTS);
	rig->downs = 0;
	for (unsigned i = 0; i < CLIENTS; i++)
		assert_false(client_is_up(clients[i]));
	/* Each attempt fails at once, so the failures of a step are those that came back in it. */
	for (unsigned step = 0; rig->downs < CLIENTS; step++) {
		unsigned before = rig->downs;

		rig_pass_ms(rig, 10);
		for (unsigned i = 0; i < 20; i++)
			assert_ok(loop_turn(rig->loop, 1, NULL));
		if (rig->downs - before > busiest)
			busiest = rig->downs - before;
		assert_true(step < 100);
	}
	assert_true(busiest < CLIENTS);
	for (unsigned i = 0; i < CLIENTS; i++)
		client_close(&clients[i]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_open, rig_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_call_waits_for_the_link),
		TEST(a_call_ends_at_its_deadline),
		TEST(a_call_is_repeated_with_its_id_and_answered_once),
		TEST(calls_at_once_are_bounded_and_their_places_come_free),
		TEST(a_message_out_of_bounds_is_not_sent),
		TEST(it_comes_back_when_the_server_does),
		TEST(it_follows_a_redirect_to_another_server_and_key),
		TEST(the_servers_own_messages_are_told_apart),
		TEST(a_callback_may_close_the_client),
		TEST(a_server_that_is_silent_in_the_handshake_is_given_up),
		TEST(garbage_from_the_server_is_dropped),
		TEST(two_clients_do_not_come_back_at_one_moment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
