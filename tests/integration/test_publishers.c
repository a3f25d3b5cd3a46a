/* The publishers of the real services: who is not rostered, or speaks plaintext, is not let in. */
#include <stdio.h>
#include <sys/stat.h>
#include <zmq.h>

#include "lib/base/file.h"
#include "tests/fakes/fake_cert.h"
#include "tests/integration/service_rig.h"

/* A socket of libzmq that does what lib/bus would never do, and its monitor. */
struct raw {
	void *context;
	void *socket;
	void *monitor;
};

/* keys NULL: plaintext. server_key is what it takes the publisher's for. */
static void raw_open(
	struct rig *rig, const struct hpke_pair *keys, const uint8_t *server_key, struct raw *out)
{
	const int none = 0;
	char endpoint[ENDPOINT_MAX];

	snprintf(endpoint, sizeof endpoint, "ipc://%.80s/p", rig->dir.path);
	out->context = zmq_ctx_new();
	out->socket = zmq_socket(out->context, ZMQ_SUB);
	out->monitor = zmq_socket(out->context, ZMQ_PAIR);
	assert_non_null(out->monitor);
	zmq_setsockopt(out->socket, ZMQ_LINGER, &none, sizeof none);
	zmq_setsockopt(out->socket, ZMQ_SUBSCRIBE, "", 0);
	if (keys != NULL) {
		zmq_setsockopt(out->socket, ZMQ_CURVE_PUBLICKEY, keys->public, CURVE_KEY_BYTES);
		zmq_setsockopt(out->socket, ZMQ_CURVE_SECRETKEY, keys->secret, CURVE_KEY_BYTES);
		zmq_setsockopt(out->socket, ZMQ_CURVE_SERVERKEY, server_key, CURVE_KEY_BYTES);
	}
	assert_int_equal(zmq_socket_monitor(out->socket, "inproc://monitor", ZMQ_EVENT_ALL), 0);
	assert_int_equal(zmq_connect(out->monitor, "inproc://monitor"), 0);
	assert_int_equal(zmq_connect(out->socket, endpoint), 0);
}

static void raw_close(struct raw *raw)
{
	zmq_close(raw->monitor);
	zmq_close(raw->socket);
	zmq_ctx_term(raw->context);
}

/* The next event, 0 if there is none. */
static unsigned next_event(struct raw *raw)
{
	uint8_t bytes[6], address[256];
	uint16_t kind = 0;

	if (zmq_recv(raw->monitor, bytes, sizeof bytes, ZMQ_DONTWAIT) != (int)sizeof bytes)
		return 0;
	memcpy(&kind, bytes, sizeof kind);
	zmq_recv(raw->monitor, address, sizeof address, 0);
	return kind;
}

static bool has_received(struct raw *raw)
{
	uint8_t bytes[256];

	return zmq_recv(raw->socket, bytes, sizeof bytes, ZMQ_DONTWAIT) >= 0;
}

/* Until the event; that the handshake succeeds is what must not come before it. */
static void until_refused(struct rig *rig, const struct hpke_pair *keys, const uint8_t *server_key,
	unsigned event, const char *who)
{
	struct raw raw;
	unsigned seen = 0;
	bool was_let_in = false;

	raw_open(rig, keys, server_key, &raw);
	while (seen != event) {
		RIG_UNTIL(rig, (seen = next_event(&raw)) != 0);
		was_let_in = was_let_in || seen == ZMQ_EVENT_HANDSHAKE_SUCCEEDED;
		if (was_let_in)
			break;
	}
	was_let_in = was_let_in || has_received(&raw);
	raw_close(&raw);
	if (was_let_in)
		fail_msg("%s was let in", who);
}

/* A registrar does not start without a manufacturer that it trusts. */
static void make_ek_roots(const struct rig *rig)
{
	static const struct fake_recipe ca = {.name = "Root", .extensions = FAKE_CA_EXTENSIONS};
	DROP(fake_cert_release) struct fake_cert root = {0};
	char path[SCRATCH_FILE_BYTES];

	fake_cert_make(&ca, NULL, &root);
	assert_int_equal(mkdir(scratch_file(&rig->dir, "ek-roots", path), 0755), 0);
	assert_ok(file_create(
		scratch_file(&rig->dir, "ek-roots/root.der", path), blob_span(&root.der), 0644, NULL));
}

static void only_the_rostered_hear(enum who service)
{
	struct rig *rig = rig_open(service, "");
	struct identity *who = rig->who;
	unsigned heads;

	make_ek_roots(rig);
	rig_start(rig);
	rig_subscribe(rig, &who[VIEWER].curve);
	RIG_UNTIL(rig, subscriber_is_up(rig->subscriber));
	until_refused(rig, &who[STRANGER].curve, who[service].curve.public, ZMQ_EVENT_HANDSHAKE_FAILED_AUTH,
		"a stranger");
	until_refused(rig, NULL, NULL, ZMQ_EVENT_DISCONNECTED, "plaintext");
	/* Who takes another key for the publisher's talks to nobody. */
	until_refused(rig, &who[VIEWER].curve, who[STRANGER].curve.public, ZMQ_EVENT_DISCONNECTED,
		"who expects another publisher");
	/* The rostered one still listens, and hears where there is always something to hear. */
	assert_true(subscriber_is_up(rig->subscriber));
	heads = rig->heads;
	if (service == REVOCATION)
		RIG_UNTIL(rig, rig->heads > heads);
	rig_close(rig);
}

static void of_the_registrar(void **state)
{
	(void)state;
	only_the_rostered_hear(REGISTRAR);
}

static void of_the_verifier(void **state)
{
	(void)state;
	only_the_rostered_hear(VERIFIER);
}

static void of_the_revocation_service(void **state)
{
	(void)state;
	only_the_rostered_hear(REVOCATION);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_the_registrar),
		cmocka_unit_test(of_the_verifier),
		cmocka_unit_test(of_the_revocation_service),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
