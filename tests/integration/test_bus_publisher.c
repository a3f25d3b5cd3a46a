#include "tests/integration/bus_rig.h"

#include <stdio.h>
#include <zmq.h>

#include "lib/base/drop.h"
#include "lib/bus/bus_inside.h"

#define NOBODY ((struct span){0})

struct heard {
	struct blob topic;
	struct blob frame;
	unsigned messages;
	unsigned silences;
	unsigned ends_of_silence;
	struct subscriber **close;
};

static void heard_release(struct heard *heard)
{
	blob_release(&heard->topic);
	blob_release(&heard->frame);
}

static void message(void *ctx, struct span topic, const struct msg *msg, struct span frame)
{
	struct heard *heard = ctx;

	assert_int_equal(msg->type, MSG_TYPE_ok);
	assert_ok(blob_copy(&heard->topic, topic));
	assert_ok(blob_copy(&heard->frame, frame));
	heard->messages++;
	if (heard->close != NULL)
		subscriber_close(heard->close);
}

static void silent(void *ctx, bool is_silent)
{
	struct heard *heard = ctx;

	*(is_silent ? &heard->silences : &heard->ends_of_silence) += 1;
}

static enum admit admit(void *ctx, const uint8_t key[static CURVE_KEY_BYTES], uint64_t token)
{
	struct rig *rig = ctx;

	(void)token;
	rig->asked++;
	return memcmp(key, rig->stranger.public_key, CURVE_KEY_BYTES) == 0 ? ADMIT_NO : ADMIT_YES;
}

static struct publisher *publish(struct rig *rig)
{
	struct publisher *publisher = NULL;
	char path[SCRATCH_FILE_BYTES];
	char endpoint[SCRATCH_FILE_BYTES + 8];
	const struct publisher_options options = {.endpoint = endpoint,
		.domain = "events",
		.pair = &rig->server_pair,
		.admit = admit,
		.ctx = rig};

	snprintf(endpoint, sizeof endpoint, "ipc://%s", scratch_file(&rig->dir, "publisher", path));
	assert_ok(publisher_open(rig->bus, &options, &publisher, NULL));
	strcpy(rig->endpoint, publisher_endpoint(publisher));
	return publisher;
}

static struct subscriber *subscribe(
	struct rig *rig, const char *topic, uint64_t silence_ms, struct heard *heard)
{
	struct subscriber *subscriber = NULL;
	const struct subscriber_options options = {
		.endpoint = rig->endpoint,
		.server_key = rig->server_pair.public_key,
		.pair = &rig->node,
		.topics = &topic,
		.topic_count = 1,
		.silence_ms = silence_ms,
		.message = message,
		.silent = silent,
		.ctx = heard,
	};

	assert_ok(subscriber_open(rig->bus, &options, &subscriber, NULL));
	return subscriber;
}

/* Publish until it is heard: a subscription takes effect some time after the link is up. */
#define PUBLISH_UNTIL(rig, publisher, topic, msg, condition)                                                 \
	RIG_UNTIL(rig, publisher_send(publisher, topic, msg) != RC_OK || (condition))

static void a_subscriber_gets_the_bytes_as_they_were_sent(void **state)
{
	struct rig *rig = *state;
	DROP(heard_release) struct heard heard = {0};
	DROP(blob_release) struct blob frame = {0};
	struct publisher *publisher = publish(rig);
	struct subscriber *subscriber = subscribe(rig, "node.", 0, &heard);

	/* Valid, but not as our encoder would write it: with a key that it does not know. */
	assert_ok(blob_append(&frame, span_of("\x83\xa1v\x01\xa1t\xa2ok\xa1x\x07", 12)));
	RIG_UNTIL(rig, publisher_send_frame(publisher, "node.lost", blob_span(&frame)) != RC_OK ||
			       heard.messages > 0);
	assert_true(span_is(blob_span(&heard.topic), "node.lost"));
	assert_spans_equal(blob_span(&heard.frame), blob_span(&frame));
	assert_true(subscriber_is_up(subscriber));
	assert_true(subscriber_counts(subscriber)->in > 0);
	subscriber_close(&subscriber);
	publisher_close(&publisher);
}

static void other_topics_do_not_arrive(void **state)
{
	struct rig *rig = *state;
	DROP(heard_release) struct heard heard = {0};
	const struct msg msg = {.type = MSG_TYPE_ok};
	struct publisher *publisher = publish(rig);
	struct subscriber *subscriber = subscribe(rig, "b", 0, &heard);

	PUBLISH_UNTIL(rig, publisher, "b", &msg, heard.messages > 0);
	heard.messages = 0;
	/* One connection keeps the order, so once the last is there the first did not come. */
	assert_ok(publisher_send(publisher, "a", &msg));
	assert_ok(publisher_send(publisher, "bee", &msg));
	RIG_UNTIL(rig, span_is(blob_span(&heard.topic), "bee"));
	subscriber_close(&subscriber);
	publisher_close(&publisher);
}

static void a_subscriber_that_is_not_admitted_hears_nothing(void **state)
{
	struct rig *rig = *state;
	DROP(heard_release) struct heard heard = {0};
	const struct msg msg = {.type = MSG_TYPE_ok};
	struct publisher *publisher = publish(rig);
	struct subscriber *subscriber = subscribe(rig, "", 0, &heard);
	void *stranger = raw_socket(rig, ZMQ_SUB, &rig->stranger, NOBODY);
	void *plain = raw_socket(rig, ZMQ_SUB, NULL, NOBODY);
	void *monitor = raw_monitor(rig, stranger);
	void *plain_monitor = raw_monitor(rig, plain);

	assert_int_equal(zmq_connect(stranger, rig->endpoint), 0);
	assert_int_equal(zmq_connect(plain, rig->endpoint), 0);
	RIG_UNTIL(rig, raw_event(monitor) == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH);
	RIG_UNTIL(rig, raw_event(plain_monitor) == ZMQ_EVENT_DISCONNECTED);
	PUBLISH_UNTIL(rig, publisher, "x", &msg, heard.messages > 2);
	assert_false(raw_received(stranger));
	assert_false(raw_received(plain));
	zmq_close(plain_monitor);
	zmq_close(monitor);
	zmq_close(plain);
	zmq_close(stranger);
	subscriber_close(&subscriber);
	publisher_close(&publisher);
}

static void without_a_zap_handler_nobody_subscribes(void **state)
{
	struct rig *rig = *state;
	struct publisher *publisher = publish(rig);
	void *socket = raw_socket(rig, ZMQ_SUB, &rig->node, NOBODY);
	void *monitor = raw_monitor(rig, socket);
	unsigned event = 0;

	loop_socket_remove(&rig->bus->zap.socket);
	zmq_close(rig->bus->zap.zmq);
	rig->bus->zap.zmq = NULL;
	assert_int_equal(zmq_connect(socket, rig->endpoint), 0);
	RIG_UNTIL(rig, (event = raw_event(monitor)) == ZMQ_EVENT_DISCONNECTED ||
			       event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
	assert_int_equal(event, ZMQ_EVENT_DISCONNECTED);
	zmq_close(monitor);
	zmq_close(socket);
	publisher_close(&publisher);
}

static void what_subscribers_send_does_no_harm(void **state)
{
	static uint8_t huge[8192] = {1};
	struct rig *rig = *state;
	DROP(heard_release) struct heard heard = {0};
	const struct msg msg = {.type = MSG_TYPE_ok};
	struct publisher *publisher = publish(rig);
	struct subscriber *subscriber = subscribe(rig, "", 0, &heard);
	void *socket = raw_socket(rig, ZMQ_XSUB, &rig->admin, NOBODY);
	void *monitor = raw_monitor(rig, socket);

	assert_int_equal(zmq_connect(socket, rig->endpoint), 0);
	zmq_send(socket, "garbage", 7, 0);
	zmq_send(socket, "\x01topic", 6, ZMQ_SNDMORE);
	zmq_send(socket, "more", 4, 0);
	zmq_send(socket, "", 0, 0);
	/* A subscription beyond any topic is an oversized frame. */
	zmq_send(socket, huge, sizeof huge, 0);
	RIG_UNTIL(rig, raw_event(monitor) == ZMQ_EVENT_DISCONNECTED);
	PUBLISH_UNTIL(rig, publisher, "x", &msg, heard.messages > 0);
	zmq_close(monitor);
	zmq_close(socket);
	subscriber_close(&subscriber);
	publisher_close(&publisher);
}

static void silence_is_reported_once_and_its_end_too(void **state)
{
	struct rig *rig = *state;
	DROP(heard_release) struct heard heard = {0};
	const struct msg msg = {.type = MSG_TYPE_ok};
	struct publisher *publisher = publish(rig);
	struct subscriber *subscriber = subscribe(rig, "", 5000, &heard);

	PUBLISH_UNTIL(rig, publisher, "x", &msg, heard.messages > 0);
	/* One connection keeps the order: after this one, none is on its way. */
	assert_ok(publisher_send(publisher, "last", &msg));
	RIG_UNTIL(rig, span_is(blob_span(&heard.topic), "last"));
	assert_int_equal(heard.silences, 0);
	rig_pass_ms(rig, 5001);
	RIG_UNTIL(rig, heard.silences == 1);
	rig_pass_ms(rig, 60000);
	for (unsigned i = 0; i < 10; i++)
		assert_ok(loop_turn(rig->loop, 0, NULL));
	assert_int_equal(heard.silences, 1);
	assert_int_equal(heard.ends_of_silence, 0);
	heard.messages = 0;
	PUBLISH_UNTIL(rig, publisher, "x", &msg, heard.messages > 0);
	assert_int_equal(heard.ends_of_silence, 1);
	subscriber_close(&subscriber);
	publisher_close(&publisher);
}

static void a_publisher_that_was_never_there_is_silent(void **state)
{
	struct rig *rig = *state;
	DROP(heard_release) struct heard heard = {0};
	struct subscriber *subscriber;
	char path[SCRATCH_FILE_BYTES];

	snprintf(rig->endpoint, sizeof rig->endpoint, "ipc://%s", scratch_file(&rig->dir, "nobody", path));
	subscriber = subscribe(rig, "", 5000, &heard);
	rig_pass_ms(rig, 5001);
	RIG_UNTIL(rig, heard.silences == 1);
	subscriber_close(&subscriber);
}

static void it_comes_back_when_the_publisher_does(void **state)
{
	struct rig *rig = *state;
	DROP(heard_release) struct heard heard = {0};
	const struct msg msg = {.type = MSG_TYPE_ok};
	struct publisher *publisher = publish(rig);
	struct subscriber *subscriber = subscribe(rig, "", 0, &heard);

	PUBLISH_UNTIL(rig, publisher, "x", &msg, heard.messages > 0);
	publisher_close(&publisher);
	RIG_UNTIL(rig, !subscriber_is_up(subscriber));
	heard.messages = 0;
	publisher = publish(rig);
	PUBLISH_UNTIL(rig, publisher, "x", &msg, heard.messages > 0);
	subscriber_close(&subscriber);
	publisher_close(&publisher);
}

static void a_callback_may_close_the_subscriber(void **state)
{
	struct rig *rig = *state;
	DROP(heard_release) struct heard heard = {0};
	const struct msg msg = {.type = MSG_TYPE_ok};
	struct publisher *publisher = publish(rig);
	struct subscriber *subscriber = subscribe(rig, "", 5000, &heard);

	heard.close = &subscriber;
	PUBLISH_UNTIL(rig, publisher, "x", &msg, heard.messages > 0);
	assert_null(subscriber);
	assert_int_equal(heard.messages, 1);
	publisher_close(&publisher);
}

static void topics_and_messages_out_of_bounds_are_not_sent(void **state)
{
	static char topic[TOPIC_MAX + 2];
	struct rig *rig = *state;
	const struct msg msg = {.type = MSG_TYPE_ok};
	const struct msg bad = {.type = MSG_TYPE_hello};
	struct publisher *publisher = publish(rig);

	memset(topic, 'x', TOPIC_MAX + 1);
	assert_rc(publisher_send(publisher, topic, &msg), RC_LIMIT);
	topic[TOPIC_MAX] = '\0';
	assert_ok(publisher_send(publisher, topic, &msg));
	assert_int_not_equal(publisher_send(publisher, "x", &bad), RC_OK);
	assert_int_equal(publisher_counts(publisher)->out, 1);
	publisher_close(&publisher);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_open, rig_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_subscriber_gets_the_bytes_as_they_were_sent),
		TEST(other_topics_do_not_arrive),
		TEST(a_subscriber_that_is_not_admitted_hears_nothing),
		TEST(without_a_zap_handler_nobody_subscribes),
		TEST(what_subscribers_send_does_no_harm),
		TEST(silence_is_reported_once_and_its_end_too),
		TEST(a_publisher_that_was_never_there_is_silent),
		TEST(it_comes_back_when_the_publisher_does),
		TEST(a_callback_may_close_the_subscriber),
		TEST(topics_and_messages_out_of_bounds_are_not_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
