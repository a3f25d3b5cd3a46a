/*
 * How many notices a second are signed, put into the Stream and the file (both fsynced), and told, by one
 * revocation service:
 *
 *   lapsed    10,000 nodes fall silent at once: signing and logging alone
 *   revoked   10,000 verdicts of CLIENTS verifiers with WINDOW under way each: every cause is checked, too,
 *             and answered
 *
 * Beside it, in the same run, what nobody can do without: bare Ed25519, and plain XADDs of the same size in
 * pipelines to the same Redis. Ends with 1 if lapsed is below GOAL and below SHARE of bare signing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/integration/pair_rig.h"

#define NOTICES  10000u
#define CLIENTS  16u
#define WINDOW   32u /* as a verifier has */
#define PIPELINE 1024u
#define GOAL     5000.0
#define SHARE    0.5 /* a machine whose bare signing is not twice the goal cannot reach it */

struct run;

struct sender {
	struct run *run;
	struct client *client;
};

struct run {
	struct pair *pair;
	struct sender senders[CLIENTS];
	struct blob *causes;
	unsigned sent;
	unsigned done;
	unsigned again;
};

static double seconds(uint64_t from_us)
{
	return (double)(clock_mono_us(clock_system()) - from_us) / 1e6;
}

static void make_causes(struct pair *pair, struct blob *causes)
{
	for (unsigned i = 0; i < NOTICES; i++) {
		DROP(blob_release) struct blob raw = {0};
		const uint8_t node[NODE_ID_BYTES] = {1, (uint8_t)(i >> 8), (uint8_t)i};
		const struct elem_finding finding = {.check = span_text("pcr-value"),
			.subject = span_text("pcr 10 (sha256)"),
			.expected =
				span_text("0000000000000000000000000000000000000000000000000000000000000000"),
			.found = span_text(
				"1111111111111111111111111111111111111111111111111111111111111111")};
		struct msg msg = {.type = MSG_TYPE_verdict,
			.verdict = {.node = SPAN(node),
				.number = 1,
				.time = clock_wall_ms(clock_system()),
				.ak_name = SPAN(node),
				.nk = SPAN(node),
				.evidence = SPAN(node)}};

		assert_ok(ELEM_APPEND(finding, &finding, &raw));
		msg.verdict.findings = (struct list){blob_span(&raw), 1};
		assert_ok(signed_make(&pair->who[VERIFIER].sign, &msg, &causes[i], NULL));
	}
}

/* ---- what is beside it ---- */

static double bare_signing(struct pair *pair, const struct blob *causes, bool verifies)
{
	DROP(signer_close) struct signer *signer = NULL;
	unsigned count = NOTICES / 5;
	uint64_t from_us;

	assert_ok(signer_open(&pair->who[ONE].sign, &signer, NULL));
	from_us = clock_mono_us(clock_system());
	for (unsigned i = 0; i < count; i++) {
		struct span bytes = blob_span(&causes[i]);
		uint8_t signature[SIGN_SIGNATURE_BYTES];
		struct signed_msg opened;

		if (verifies)
			assert_ok(signed_open(bytes, MSG_TYPE_verdict, &opened, NULL));
		assert_ok(signer_sign(signer, &bytes, 1, signature, NULL));
	}
	return count / seconds(from_us);
}

static void hear_lines(int fd, unsigned lines)
{
	char bytes[4096];

	while (lines != 0) {
		ssize_t n = read(fd, bytes, sizeof bytes);

		assert_true(n > 0);
		for (ssize_t i = 0; i < n; i++)
			lines -= bytes[i] == '\n';
	}
}

static double bare_redis(const struct pair *pair, size_t entry)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	DROP(blob_release) struct blob out = {0};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	uint64_t from_us;

	snprintf(to.sun_path, sizeof to.sun_path, "%.100s", pair->redis.socket);
	assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
	dprintf(fd, "AUTH revocation \"test password of revocation\"\r\n");
	hear_lines(fd, 1);
	from_us = clock_mono_us(clock_system());
	for (unsigned i = 0; i < NOTICES; i += PIPELINE) {
		blob_clear(&out);
		for (unsigned j = 0; j < PIPELINE; j++) {
			char head[128];

			snprintf(head, sizeof head,
				"*5\r\n$4\r\nXADD\r\n$13\r\nlb:{0}:issued\r\n$1\r\n*\r\n$1\r\ns\r\n$%zu\r\n",
				entry);
			assert_ok(blob_append(&out, span_text(head)));
			assert_ok(blob_resize(&out, out.len + entry));
			assert_ok(blob_append(&out, span_text("\r\n")));
		}
		assert_int_equal(send(fd, out.at, out.len, 0), out.len);
		hear_lines(fd, 2 * PIPELINE);
	}
	close(fd);
	return (NOTICES + PIPELINE - 1) / PIPELINE * PIPELINE / seconds(from_us);
}

/* ---- notices ---- */

static void more(struct sender *sender);

static void put(struct sender *sender, unsigned cause);

/* One call and its cause. */
struct call {
	struct sender *sender;
	unsigned cause;
};
static struct call calls[NOTICES];

static void on_taken(void *ctx, enum rc rc, const struct msg *reply, struct span frame)
{
	struct call *call = ctx;
	struct sender *sender = call->sender;

	(void)frame;
	/* On a busy machine the lease runs out: it is soon taken again. */
	if (rc == RC_TIMEOUT && reply != NULL) {
		sender->run->again++;
		put(sender, call->cause);
		return;
	}
	if (rc != RC_OK || reply->type != MSG_TYPE_ok)
		fail_msg("cause %u: %s", call->cause, rc_words(rc));
	sender->run->done++;
	more(sender);
}

static void put(struct sender *sender, unsigned cause)
{
	struct msg msg = {.type = MSG_TYPE_cause_put};

	calls[cause] = (struct call){sender, cause};
	msg.cause_put.cause = blob_span(&sender->run->causes[cause]);
	assert_ok(client_call(sender->client, &msg, 60000, 20000, on_taken, &calls[cause], NULL));
}

static void more(struct sender *sender)
{
	if (sender->run->sent != NOTICES)
		put(sender, sender->run->sent++);
}

static void dial(struct run *run, struct sender *sender)
{
	struct pair *pair = run->pair;
	DROP(curve_pair_release) struct curve_pair keys = {0};

	sender->run = run;
	memcpy(keys.public_key, pair->who[VERIFIER].curve.public, CURVE_KEY_BYTES);
	memcpy(keys.secret.bytes, pair->who[VERIFIER].curve.secret, CURVE_KEY_BYTES);
	assert_ok(client_open(pair->bus,
		&(struct client_options){.endpoint = pair->members[ONE].endpoint,
			.server_key = pair->who[ONE].curve.public,
			.pair = &keys,
			.calls_max = WINDOW,
			.queue_max = 2 * WINDOW},
		&sender->client, NULL));
	PAIR_UNTIL(pair, client_is_up(sender->client));
}

static double notices(struct run *run)
{
	uint64_t from_us;

	for (unsigned i = 0; i < CLIENTS; i++)
		dial(run, &run->senders[i]);
	from_us = clock_mono_us(clock_system());
	for (unsigned i = 0; i < CLIENTS * WINDOW; i++)
		more(&run->senders[i % CLIENTS]);
	while (run->done < NOTICES)
		assert_ok(loop_turn(run->pair->loop, 10, NULL));
	return NOTICES / seconds(from_us);
}

/* Of the program, so far: user and system. */
static double cpu_seconds(pid_t pid)
{
	unsigned long long user = 0, kernel = 0;
	char path[64];
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_int_equal(fscanf(file, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu",
				 &user, &kernel),
		2);
	fclose(file);
	return (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
}

/* ---- lapsed ---- */

static uint64_t log_end(struct pair *pair)
{
	struct msg get = {.type = MSG_TYPE_subscribers_get};

	assert_ok(pair_ask(pair, ONE, VIEWER, &get));
	assert_ok(msg_decode_as(blob_span(&pair->answer), MSG_TYPE_subscribers, &get));
	return get.subscribers.seq;
}

static void vouch_for_all(struct pair *pair)
{
	for (unsigned i = 0; i < NOTICES; i += ALIVE_MAX) {
		DROP(blob_release) struct blob raw = {0};
		struct msg msg = {.type = MSG_TYPE_alive, .alive = {.time = clock_wall_ms(clock_system())}};
		size_t count = 0;

		for (unsigned j = i; j < i + ALIVE_MAX && j < NOTICES; j++, count++) {
			const uint8_t node[NODE_ID_BYTES] = {2, (uint8_t)(j >> 8), (uint8_t)j};
			struct elem_alive_node item = {SPAN(node), msg.alive.time, 1000};

			assert_ok(ELEM_APPEND(alive_node, &item, &raw));
		}
		msg.alive.nodes = (struct list){blob_span(&raw), count};
		assert_ok(pair_ask(pair, ONE, VERIFIER, &msg));
	}
}

/* From the moment at which the first ones are in the log. */
static double lapses(struct pair *pair)
{
	uint64_t before = log_end(pair);
	uint64_t first, last, from_us;

	vouch_for_all(pair);
	do
		first = log_end(pair);
	while (first == before);
	from_us = clock_mono_us(clock_system());
	do
		last = log_end(pair);
	while (last < before + NOTICES);
	return (double)(last - first) / seconds(from_us);
}

static bool is_reached;

static void measure(void **state)
{
	static struct blob causes[NOTICES];
	struct run run = {.causes = causes};
	struct pair *pair = pair_open();
	double signing, checking, redis, lapsed, revoked, cpu;
	size_t entry;

	(void)state;
	run.pair = pair;
	make_causes(pair, causes);
	pair_start(pair, ONE);
	assert_int_equal(pair_leader(pair), ONE);
	lapsed = lapses(pair);
	cpu = cpu_seconds(pair->pid[ONE]);
	revoked = notices(&run);
	cpu = cpu_seconds(pair->pid[ONE]) - cpu;
	entry = causes[0].len + 400;
	signing = bare_signing(pair, causes, false);
	checking = bare_signing(pair, causes, true);
	redis = bare_redis(pair, entry);
	printf("bare Ed25519: a signature                       %8.0f/s\n", signing);
	printf("bare Ed25519: a verification and a signature    %8.0f/s\n", checking);
	printf("bare Redis: XADD of %zu bytes, pipelines of %u  %8.0f/s\n", entry, PIPELINE, redis);
	printf("lapsed: signed, logged twice, told              %8.0f/s  %.2f of bare signing\n", lapsed,
		lapsed / signing);
	printf("revoked: checked, signed, logged twice, told    %8.0f/s  %.2f of bare Ed25519, %.0f us of CPU each\n",
		revoked, revoked / checking, cpu * 1e6 / NOTICES);
	is_reached = lapsed >= GOAL || lapsed >= SHARE * signing;
	printf("goal: %.0f/s signed and logged, or %.2f of bare signing: %s\n", GOAL, SHARE,
		is_reached ? "reached" : "MISSED");
	for (unsigned i = 0; i < CLIENTS; i++)
		client_close(&run.senders[i].client);
	pair_close(pair);
	for (unsigned i = 0; i < NOTICES; i++)
		blob_release(&causes[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(measure)};
	int failed;

	setenv("LIMEBUS_SCRATCH", "/tmp", 0);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	return failed != 0 || !is_reached;
}
