/* What the bus adds to a bare ROUTER: server CPU for one request of 1 kB and its answer, over CURVE. Prints
 * both and their ratio. The clients are another process, which keeps WINDOW requests under way. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include "lib/base/drop.h"
#include "lib/bus/server.h"

#define MESSAGES 100000u
#define WINDOW   32
#define BODY     1000

static struct curve_pair server_pair;
static struct curve_pair client_pair;

static void check(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "bench_bus: %s: %s\n", what, zmq_strerror(zmq_errno()));
	exit(1);
}

static struct msg request(void)
{
	static uint8_t bytes[BODY];

	return (struct msg){.type = MSG_TYPE_signed_body,
		.id = 7,
		.signed_body = {.body = SPAN(bytes),
			.key = {bytes, SIGN_KEY_BYTES},
			.sig = {bytes, SIGNATURE_BYTES}}};
}

static void keys(void *socket)
{
	zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, server_pair.secret.bytes, CURVE_KEY_BYTES);
}

/* Ask until killed. */
static pid_t clients(const char *endpoint)
{
	DROP(blob_release) struct blob frame = {0};
	struct msg msg = request();
	char answer[256];
	void *socket;
	pid_t pid = fork();

	check(pid >= 0, "fork");
	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	check(msg_encode(&msg, &frame) == RC_OK, "encoding");
	socket = zmq_socket(zmq_ctx_new(), ZMQ_DEALER);
	zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, client_pair.public_key, CURVE_KEY_BYTES);
	zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, client_pair.secret.bytes, CURVE_KEY_BYTES);
	zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, server_pair.public_key, CURVE_KEY_BYTES);
	check(zmq_connect(socket, endpoint) == 0, "connecting");
	for (unsigned i = 0; i < WINDOW; i++)
		zmq_send(socket, frame.at, frame.len, 0);
	while (zmq_recv(socket, answer, sizeof answer, 0) >= 0)
		zmq_send(socket, frame.at, frame.len, 0);
	_exit(1);
}

static double cpu_us(void)
{
	struct rusage used;

	getrusage(RUSAGE_SELF, &used);
	return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e6 +
	       (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* Each measurement is a process of its own, so that no thread of the other one counts. */
static double bare(const char *endpoint)
{
	void *context = zmq_ctx_new();
	void *socket = zmq_socket(context, ZMQ_ROUTER);
	const int on = 1;
	uint8_t routing[256];
	uint8_t body[4096];
	double start = 0;
	pid_t pid = clients(endpoint);

	zmq_setsockopt(socket, ZMQ_CURVE_SERVER, &on, sizeof on);
	keys(socket);
	check(zmq_bind(socket, endpoint) == 0, "binding");
	for (unsigned i = 0; i < MESSAGES + 1000; i++) {
		int len = zmq_recv(socket, routing, sizeof routing, 0);

		if (i == 1000)
			start = cpu_us();
		zmq_recv(socket, body, sizeof body, 0);
		zmq_send(socket, routing, (size_t)len, ZMQ_SNDMORE);
		zmq_send(socket, body, 20, 0);
	}
	start = cpu_us() - start;
	end(pid);
	return start / MESSAGES;
}

struct served {
	struct loop *loop;
	struct server *server;
	unsigned count;
	double start;
};

static void handle(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct served *served = ctx;
	struct msg reply = {.type = MSG_TYPE_ok, .id = msg->id};

	(void)frame;
	if (++served->count == 1000)
		served->start = cpu_us();
	if (served->count == MESSAGES + 1000)
		loop_stop(served->loop);
	(void)!server_send(served->server, peer, &reply);
}

static enum admit admit(void *ctx, const uint8_t key[static CURVE_KEY_BYTES], uint64_t token)
{
	(void)ctx;
	(void)key;
	(void)token;
	return ADMIT_YES;
}

static unsigned role_of(void *ctx, const uint8_t key[static CURVE_KEY_BYTES])
{
	(void)ctx;
	return memcmp(key, client_pair.public_key, CURVE_KEY_BYTES) == 0 ? ROLE_NODE : 0;
}

static double limebus(const char *endpoint)
{
	const struct server_row row = {MSG_TYPE_signed_body, ROLE_NODE, handle};
	const struct bus_options bus_options = {.peers_max = 1};
	struct served served = {0};
	const struct server_options options = {.endpoint = endpoint,
		.domain = "bench",
		.pair = &server_pair,
		.rows = &row,
		.row_count = 1,
		.admit = admit,
		.role_of = role_of,
		.ctx = &served};
	struct bus *bus = NULL;
	struct err err = {0};
	pid_t pid = clients(endpoint);
	double used;

	check(loop_open(clock_system(), &served.loop, &err) == RC_OK &&
			bus_open(served.loop, &bus_options, &bus, &err) == RC_OK &&
			server_open(bus, &options, &served.server, &err) == RC_OK,
		err.text);
	check(loop_run(served.loop, &err) == RC_OK, err.text);
	used = (cpu_us() - served.start) / MESSAGES;
	end(pid);
	return used;
}

static double measure(double (*run)(const char *endpoint), const char *endpoint)
{
	double result = 0;
	int ends[2];
	pid_t pid;

	check(pipe(ends) == 0, "pipe");
	pid = fork();
	check(pid >= 0, "fork");
	if (pid == 0) {
		result = run(endpoint);
		_exit(write(ends[1], &result, sizeof result) != (ssize_t)sizeof result);
	}
	close(ends[1]);
	check(read(ends[0], &result, sizeof result) == (ssize_t)sizeof result, "a measurement ended early");
	close(ends[0]);
	waitpid(pid, NULL, 0);
	return result;
}

int main(void)
{
	const char *parent = getenv("TMPDIR");
	char folder[80];
	char endpoint[104];
	double floor_us;
	double bus_us;

	snprintf(folder, sizeof folder, "%s/bench_bus.XXXXXX", parent == NULL ? P_tmpdir : parent);
	check(mkdtemp(folder) != NULL, "temporary folder");
	check(curve_pair_make(&server_pair, NULL) == RC_OK && curve_pair_make(&client_pair, NULL) == RC_OK,
		"keys");
	snprintf(endpoint, sizeof endpoint, "ipc://%s/s", folder);
	floor_us = measure(bare, endpoint);
	bus_us = measure(limebus, endpoint);
	printf("bare ROUTER   %6.1f us of CPU a request\n", floor_us);
	printf("lib/bus       %6.1f us of CPU a request\n", bus_us);
	printf("ratio         %6.2f\n", bus_us / floor_us);
	unlink(endpoint + strlen("ipc://"));
	return rmdir(folder) != 0;
}
