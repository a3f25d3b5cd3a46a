/*
 * Ten thousand nodes, each with a certificate, are revoked at once: a real revocation service with a CA, a
 * real Redis, and subscribers in a process of their own. From the first verdict until
 *
 *   logged     the last verdict is answered: signed, in Redis and in the file
 *   told       every subscriber has every notice
 *   listed     the CRL has all serial numbers
 *   answered   OCSP says revoked of each of a thousand of them, signed ahead
 *
 *   bench_mass [NODES [SUBSCRIBERS]]     10000 100
 *
 * Ends with 1 if all of it takes longer than GOAL_S.
 */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include "lib/crypto/digest.h"
#include "lib/trust/journal_file.h"
#include "tests/integration/ca_rig.h"

#define GOAL_S          5.0
#define NODES_MAX       100000u
#define SUBSCRIBERS_MAX 250u
#define CLIENTS         8u
#define WINDOW          32u /* verdicts under way of each, as a verifier has */
#define ASKED           1000u

struct shared {
	_Atomic uint64_t received;
};

static struct shared *shared;
static unsigned nodes = 10000, subscribers = 100;

static uint64_t now_ms(void)
{
	return clock_wall_ms(clock_system());
}

static void node_of(unsigned i, uint8_t out[static NODE_ID_BYTES])
{
	memset(out, 0, NODE_ID_BYTES);
	for (unsigned b = 0; b < 4; b++)
		out[b] = out[28 + b] = (uint8_t)(i >> 8 * b);
}

static void serial_of(unsigned i, uint8_t out[static SERIAL_BYTES])
{
	memset(out, 0x40, SERIAL_BYTES);
	for (unsigned b = 0; b < 4; b++)
		out[12 + b] = (uint8_t)(i >> 8 * b);
}

/* ---- what was issued before ---- */

static void write_log(const struct rig *rig)
{
	static const uint8_t certificate[900] = {0x30};
	struct journal_file *file = NULL;
	char path[SCRATCH_FILE_BYTES];
	size_t cut;

	assert_ok(journal_file_open(scratch_file(&rig->dir, "issued.log", path), &journal_issued, rig->roster,
		NULL, NULL, &file, &cut, NULL));
	for (unsigned i = 0; i < nodes; i++) {
		const struct notice_place *end = journal_file_end(file);
		DROP(blob_release) struct blob entry = {0};
		uint8_t node[NODE_ID_BYTES], serial[SERIAL_BYTES];
		struct msg msg = {.type = MSG_TYPE_issued,
			.issued = {.seq = end->seq + 1,
				.previous = SPAN(end->hash),
				.time = now_ms(),
				.node = SPAN(node),
				.serial = SPAN(serial),
				.not_after = now_ms() + 3600000,
				.certificate = SPAN(certificate),
				.key = span_text("tpm")}};

		node_of(i + 1, node);
		serial_of(i, serial);
		assert_ok(signed_make(&rig->who[REVOCATION].sign, &msg, &entry, NULL));
		assert_ok(journal_file_append(file, blob_span(&entry), NULL));
	}
	assert_ok(journal_file_flush(file, NULL));
	journal_file_close(&file);
}

/* ---- subscribers ---- */

static uint64_t notices_in(struct span frame)
{
	struct msg msg;

	if (msg_decode(frame, &msg) != RC_OK)
		return 0;
	return msg.type == MSG_TYPE_notices ? msg.notices.notices.count : 1;
}

static void receive(void *socket)
{
	uint8_t topic[128];

	while (zmq_recv(socket, topic, sizeof topic, ZMQ_DONTWAIT) >= 0) {
		zmq_msg_t body;

		zmq_msg_init(&body);
		if (zmq_msg_recv(&body, socket, 0) >= 0)
			shared->received += notices_in(span_of(zmq_msg_data(&body), zmq_msg_size(&body)));
		zmq_msg_close(&body);
	}
}

/* One socket with so many connections, each of them a subscriber to the service. */
static pid_t crowd(const struct rig *rig)
{
	const struct hpke_pair *keys = &rig->who[PLUGIN].curve;
	const int no_limit = 0;
	void *context, *socket;
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	context = zmq_ctx_new();
	socket = zmq_socket(context, ZMQ_SUB);
	zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, keys->public, CURVE_KEY_BYTES);
	zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, keys->secret, CURVE_KEY_BYTES);
	zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, rig->who[REVOCATION].curve.public, CURVE_KEY_BYTES);
	zmq_setsockopt(socket, ZMQ_RCVHWM, &no_limit, sizeof no_limit);
	zmq_setsockopt(socket, ZMQ_SUBSCRIBE, "notice.", 7);
	for (unsigned i = 0; i < subscribers; i++) {
		char endpoint[ENDPOINT_MAX], path[ENDPOINT_MAX];

		/* A SUB connects to a name once; a link to the service's socket is another name for it. */
		snprintf(path, sizeof path, "%.80s/l%u", rig->dir.path, i);
		snprintf(endpoint, sizeof endpoint, "ipc://%.100s", path);
		if (symlink("p", path) != 0 || zmq_connect(socket, endpoint) != 0)
			_exit(1);
	}
	for (;;) {
		zmq_pollitem_t item = {.socket = socket, .events = ZMQ_POLLIN};

		zmq_poll(&item, 1, -1);
		receive(socket);
	}
}

/* ---- verdicts ---- */

struct run;

struct sender {
	struct run *run;
	struct client *client;
};

/* One verdict; sent again if the service had lost its lease for a moment, as a verifier does. */
struct call {
	struct sender *sender;
	struct blob cause;
};

struct run {
	struct sender senders[CLIENTS];
	struct call *calls;
	unsigned sent, done;
};

static void send_next(struct sender *sender);
static void send_one(struct call *call);

static void on_answer(void *ctx, enum rc rc, const struct msg *reply, struct span frame)
{
	struct call *call = ctx;

	(void)reply;
	(void)frame;
	if (rc == RC_TIMEOUT) {
		send_one(call);
		return;
	}
	assert_ok(rc);
	call->sender->run->done++;
	send_next(call->sender);
}

static void send_one(struct call *call)
{
	struct msg put = {.type = MSG_TYPE_cause_put, .cause_put = {blob_span(&call->cause)}};

	assert_ok(client_call(call->sender->client, &put, 60000, 0, on_answer, call, NULL));
}

static void send_next(struct sender *sender)
{
	struct run *run = sender->run;

	if (run->sent == nodes)
		return;
	run->calls[run->sent].sender = sender;
	send_one(&run->calls[run->sent++]);
}

static struct call *sign_all(struct rig *rig)
{
	struct call *calls = calloc(nodes, sizeof *calls);

	assert_non_null(calls);
	for (unsigned i = 0; i < nodes; i++) {
		uint8_t node[NODE_ID_BYTES];
		struct msg verdict = {.type = MSG_TYPE_verdict,
			.verdict = {.node = SPAN(node),
				.number = 1,
				.time = now_ms(),
				.ak_name = span_text("an AK's name"),
				.nk = SPAN(node)}};

		node_of(i + 1, node);
		rig_sign(rig, VERIFIER, &verdict, &calls[i].cause);
	}
	return calls;
}

static double since(uint64_t begin)
{
	return (double)(clock_mono_us(clock_system()) - begin) / 1e6;
}

static double revoke_all(struct rig *rig, struct run *run, uint64_t *begin)
{
	*begin = clock_mono_us(clock_system());
	for (unsigned i = 0; i < CLIENTS * WINDOW; i++)
		send_next(&run->senders[i % CLIENTS]);
	while (run->done < nodes)
		assert_ok(loop_turn(rig->loop, 10, NULL));
	return since(*begin);
}

static double wait_told(struct rig *rig, uint64_t begin)
{
	while (shared->received < (uint64_t)nodes * subscribers && since(begin) < 60)
		rig_pass_ms(rig, 5);
	return since(begin);
}

static double wait_listed(struct rig *rig, uint64_t begin)
{
	DROP(blob_release) struct blob list = {0};
	uint64_t number;
	struct crl crl = {0};

	while (crl.count < nodes && since(begin) < 60) {
		assert_ok(ca_get_list(rig, false, &list, &number));
		assert_ok(crl_read(blob_span(&list), &crl));
		if (crl.count < nodes)
			rig_pass_ms(rig, 20);
	}
	assert_int_equal(crl.count, nodes);
	return since(begin);
}

static double ask_all(struct rig *rig, const struct ca_folder *folder, uint64_t begin)
{
	for (unsigned i = 0; i < ASKED; i++) {
		DROP(blob_release) struct blob der = {0};
		struct ocsp_response response;
		uint8_t serial[SERIAL_BYTES];

		serial_of(nodes - 1 - i * (nodes / ASKED), serial);
		assert_ok(ca_ask_ocsp(rig, folder, SPAN(serial), DIGEST_SHA1, &response, &der));
		assert_int_equal(response.status, OCSP_REVOKED);
	}
	return since(begin);
}

int main(int argc, char **argv)
{
	struct ca_folder folder;
	struct run run = {0};
	struct rig *rig;
	double logged, told, listed, answered;
	uint64_t begin;
	pid_t pid;

	if (argc > 1)
		nodes = (unsigned)strtoul(argv[1], NULL, 10);
	if (argc > 2)
		subscribers = (unsigned)strtoul(argv[2], NULL, 10);
	if (nodes < ASKED || nodes > NODES_MAX || subscribers == 0 || subscribers > SUBSCRIBERS_MAX) {
		fprintf(stderr, "usage: bench_mass [NODES (%u to %u) [SUBSCRIBERS (to %u)]]\n", ASKED,
			NODES_MAX, SUBSCRIBERS_MAX);
		return 2;
	}
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	rig = rig_open(REVOCATION, CA_RIG_LINES);
	ca_rig_make(rig, &folder);
	write_log(rig);
	rig_start(rig);
	pid = crowd(rig);
	ca_rig_wait(rig);
	run.calls = sign_all(rig);
	for (unsigned i = 0; i < CLIENTS; i++)
		run.senders[i] = (struct sender){&run, rig_dial(rig, &rig->who[VERIFIER].curve)};
	rig_pass_ms(rig, 3000);
	logged = revoke_all(rig, &run, &begin);
	told = wait_told(rig, begin);
	listed = wait_listed(rig, begin);
	answered = ask_all(rig, &folder, begin);
	printf("%u nodes revoked, %u subscribers: logged after %.2f s, told after %.2f s (%llu notices), in the CRL "
	       "after %.2f s, %u asked and answered by OCSP after %.2f s; goal %.0f s\n",
		nodes, subscribers, logged, told, (unsigned long long)shared->received, listed, ASKED,
		answered, GOAL_S);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	for (unsigned i = 0; i < nodes; i++)
		blob_release(&run.calls[i].cause);
	for (unsigned i = 0; i < CLIENTS; i++)
		client_close(&run.senders[i].client);
	free(run.calls);
	ca_folder_release(&folder);
	rig_close(rig);
	return answered <= GOAL_S && shared->received == (uint64_t)nodes * subscribers ? 0 : 1;
}
