/*
 * From a verdict to the notice at every subscriber: a real revocation service and Redis, and N connections
 * that subscribe with CURVE, in a process of their own. Prints median, 99th percentile and maximum over all
 * of them.
 *
 *   bench_fanout [SUBSCRIBERS [NOTICES [PAUSE_MS]]]     1000 100 100
 *
 * The subscribers share the machine with the service: what is measured includes their decryption.
 */
#include <search.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#include "tests/integration/service_rig.h"

/* Connections of one socket: each needs a name of its own, since a SUB connects to a name once. */
#define PER_SOCKET  250u
#define NOTICES_MAX 1000u
#define SOCKETS_MAX 80u

/* Shared between the processes. */
struct shared {
	_Atomic uint64_t connected;
	_Atomic uint64_t received;
	_Atomic uint64_t sent_ns[NOTICES_MAX + 1]; /* by the number of the notice */
	double ms[];                               /* NOTICES times SUBSCRIBERS */
};

static struct shared *shared;
static unsigned subscribers = 1000, notices = 100, pause_ms = 100;

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* ---- the subscribers ---- */

static void take(struct span frame, uint64_t now)
{
	struct signed_msg notice;
	struct msg envelope;
	struct elem_item item;
	struct list rest;

	if (signed_open(frame, MSG_TYPE_notice, &notice, NULL) == RC_OK) {
		uint64_t seq = notice.msg.notice.seq;

		if (seq <= notices)
			shared->ms[shared->received++] = (double)(now - shared->sent_ns[seq]) / 1e6;
	} else if (msg_decode_as(frame, MSG_TYPE_notices, &envelope) == RC_OK) {
		rest = envelope.notices.notices;
		while (ELEM_NEXT(item, &rest, &item))
			take(item.bytes, now);
	}
}

/* Signatures are checked once a frame is new, as one subscriber would; its copies are only counted. */
static void count(struct span frame, uint64_t now)
{
	static uint8_t last[HASH_BYTES];
	static uint64_t last_seq;
	struct msg envelope, body;

	if (msg_decode(frame, &envelope) != RC_OK)
		return;
	if (envelope.type == MSG_TYPE_signed_body &&
		msg_decode_as(envelope.signed_body.body, MSG_TYPE_notice, &body) == RC_OK) {
		if (body.notice.seq == last_seq &&
			memcmp(last, envelope.signed_body.sig.at, HASH_BYTES) == 0) {
			if (last_seq <= notices)
				shared->ms[shared->received++] =
					(double)(now - shared->sent_ns[last_seq]) / 1e6;
			return;
		}
		last_seq = body.notice.seq;
		memcpy(last, envelope.signed_body.sig.at, HASH_BYTES);
	}
	take(frame, now);
}

static void *subscribe(void *context, const struct rig *rig, unsigned first, unsigned n)
{
	void *socket = zmq_socket(context, ZMQ_SUB);
	const struct hpke_pair *keys = &rig->who[PLUGIN].curve;
	const int no_limit = 0;

	zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, keys->public, CURVE_KEY_BYTES);
	zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, keys->secret, CURVE_KEY_BYTES);
	zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, rig->who[REVOCATION].curve.public, CURVE_KEY_BYTES);
	zmq_setsockopt(socket, ZMQ_RCVHWM, &no_limit, sizeof no_limit);
	zmq_setsockopt(socket, ZMQ_SUBSCRIBE, "notice.", 7);
	for (unsigned i = first; i < first + n; i++) {
		char endpoint[ENDPOINT_MAX], path[ENDPOINT_MAX];

		/* A link to the service's socket is another name for it. */
		snprintf(path, sizeof path, "%.80s/l%u", rig->dir.path, i);
		snprintf(endpoint, sizeof endpoint, "ipc://%.100s", path);
		if (symlink("p", path) != 0 || zmq_connect(socket, endpoint) != 0) {
			fprintf(stderr, "bench_fanout: connection %u: %s\n", i, zmq_strerror(zmq_errno()));
			_exit(1);
		}
	}
	return socket;
}

static void watch(void *context, void *socket, unsigned i, zmq_pollitem_t *out)
{
	char name[32];

	snprintf(name, sizeof name, "inproc://m%u", i);
	zmq_socket_monitor(socket, name, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
	*out = (zmq_pollitem_t){.socket = zmq_socket(context, ZMQ_PAIR), .events = ZMQ_POLLIN};
	zmq_connect(out->socket, name);
}

static bool skip_message(void *socket)
{
	uint8_t bytes[256];
	int more = 1;
	size_t size = sizeof more;

	while (more) {
		if (zmq_recv(socket, bytes, sizeof bytes, ZMQ_DONTWAIT) < 0)
			return false;
		zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &size);
	}
	return true;
}

static void receive(void *socket)
{
	uint8_t topic[128];

	while (zmq_recv(socket, topic, sizeof topic, ZMQ_DONTWAIT) >= 0) {
		zmq_msg_t body;

		zmq_msg_init(&body);
		if (zmq_msg_recv(&body, socket, 0) >= 0)
			count(span_of(zmq_msg_data(&body), zmq_msg_size(&body)), now_ns());
		zmq_msg_close(&body);
	}
}

static pid_t crowd(const struct rig *rig)
{
	zmq_pollitem_t items[2 * SOCKETS_MAX];
	void *context;
	unsigned sockets = 0;
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	context = zmq_ctx_new();
	zmq_ctx_set(context, ZMQ_MAX_SOCKETS, 1000);
	for (unsigned i = 0; i < subscribers; i += PER_SOCKET, sockets++) {
		unsigned n = subscribers - i < PER_SOCKET ? subscribers - i : PER_SOCKET;
		void *socket = subscribe(context, rig, i, n);

		watch(context, socket, sockets, &items[2 * sockets]);
		items[2 * sockets + 1] = (zmq_pollitem_t){.socket = socket, .events = ZMQ_POLLIN};
	}
	for (;;) {
		zmq_poll(items, 2 * (int)sockets, -1);
		for (unsigned i = 0; i < sockets; i++) {
			if (items[2 * i].revents != 0)
				while (skip_message(items[2 * i].socket))
					shared->connected++;
			if (items[2 * i + 1].revents != 0)
				receive(items[2 * i + 1].socket);
		}
	}
}

/* ---- the verifier ---- */

static void put_verdict(struct rig *rig, unsigned i)
{
	DROP(blob_release) struct blob cause = {0};
	struct msg put = {.type = MSG_TYPE_cause_put};
	uint8_t node[NODE_ID_BYTES] = {(uint8_t)(i >> 8), (uint8_t)i, 1};
	struct msg verdict = {.type = MSG_TYPE_verdict,
		.verdict = {.node = SPAN(node),
			.number = 1,
			.time = clock_wall_ms(clock_system()),
			.ak_name = span_text("an AK's name"),
			.nk = SPAN(node)}};

	rig_sign(rig, VERIFIER, &verdict, &cause);
	put.cause_put.cause = blob_span(&cause);
	shared->sent_ns[i] = now_ns();
	assert_ok(rig_ask(rig, VERIFIER, &put));
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void wait_for(_Atomic uint64_t *what, uint64_t count_wanted, const char *name)
{
	uint64_t end = now_ns() + 120000000000u;

	while (*what < count_wanted && now_ns() < end)
		usleep(10000);
	if (*what < count_wanted)
		printf("bench_fanout: only %llu of %llu %s\n", (unsigned long long)*what,
			(unsigned long long)count_wanted, name);
}

int main(int argc, char **argv)
{
	struct rig *rig;
	uint64_t all, begin;
	pid_t pid;

	if (argc > 1)
		subscribers = (unsigned)strtoul(argv[1], NULL, 10);
	if (argc > 2)
		notices = (unsigned)strtoul(argv[2], NULL, 10);
	if (argc > 3)
		pause_ms = (unsigned)strtoul(argv[3], NULL, 10);
	if (subscribers == 0 || subscribers > SOCKETS_MAX * PER_SOCKET || notices == 0 ||
		notices > NOTICES_MAX) {
		fprintf(stderr, "usage: bench_fanout [SUBSCRIBERS (to %u) [NOTICES (to %u) [PAUSE_MS]]]\n",
			SOCKETS_MAX * PER_SOCKET, NOTICES_MAX);
		return 2;
	}
	all = (uint64_t)subscribers * notices;
	shared = mmap(NULL, sizeof *shared + all * sizeof(double), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	rig = rig_open(REVOCATION, "peers-max = 15000\n");
	rig_start(rig);
	begin = now_ns();
	pid = crowd(rig);
	wait_for(&shared->connected, subscribers, "connections");
	printf("%u subscribers connected after %.1f s\n", subscribers, (double)(now_ns() - begin) / 1e9);
	rig_pass_ms(rig, 1000);
	for (unsigned i = 1; i <= notices; i++) {
		put_verdict(rig, i);
		rig_pass_ms(rig, pause_ms);
	}
	wait_for(&shared->received, all, "notices");
	qsort(shared->ms, shared->received, sizeof *shared->ms, compare);
	printf("verdict to notice at %u subscribers, %u notices: median %.2f ms, 99th %.2f ms, maximum %.2f ms\n",
		subscribers, notices, shared->ms[shared->received / 2],
		shared->ms[shared->received * 99 / 100], shared->ms[shared->received - 1]);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	rig_kill(rig);
	rig_close(rig);
	return shared->received == all ? 0 : 1;
}
