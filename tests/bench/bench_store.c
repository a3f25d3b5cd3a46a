/*
 * What durability costs: records a second through grouped, leased, durable commits, against the floor, plain
 * HSETs in pipelines of the same size on a bare socket to the same Redis. Redis runs as deployed, with
 * appendfsync always. The ratio is what is ours; the rates are the disk's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/store/commit.h"
#include "lib/store/lease.h"
#include "tests/support/redis_server.h"

#define RECORDS      20000u
#define RECORD_BYTES 300u
#define PIPELINE     500u
#define WAIT         60000u

static uint8_t record[RECORD_BYTES];

static double seconds(uint64_t from_us)
{
	return (double)(clock_mono_us(clock_system()) - from_us) / 1e6;
}

static int bare_socket(const struct redis_server *server)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	char answer[64];
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(to.sun_path, sizeof to.sun_path, "%.100s", server->socket);
	assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
	dprintf(fd, "AUTH verifier \"test password of verifier\"\r\n");
	assert_int_equal(read(fd, answer, sizeof answer), 5);
	return fd;
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

static double floor_rate(const struct redis_server *server)
{
	static char out[PIPELINE * (RECORD_BYTES + 128)];
	int fd = bare_socket(server);
	uint64_t from_us = clock_mono_us(clock_system());

	for (unsigned i = 0; i < RECORDS; i += PIPELINE) {
		size_t len = 0;

		for (unsigned j = 0; j < PIPELINE; j++) {
			len += (size_t)snprintf(out + len, sizeof out - len,
				"*4\r\n$4\r\nHSET\r\n$12\r\nlb:{0}:state\r\n$6\r\nf%05u\r\n$%u\r\n", i + j,
				RECORD_BYTES);
			memcpy(out + len, record, RECORD_BYTES);
			memcpy(out + len + RECORD_BYTES, "\r\n", 2);
			len += RECORD_BYTES + 2;
		}
		assert_int_equal(send(fd, out, len, 0), len);
		hear_lines(fd, PIPELINE);
	}
	close(fd);
	return RECORDS / seconds(from_us);
}

struct run {
	struct store *store;
	struct store_lease *lease;
	unsigned started;
	unsigned done;
	unsigned most; /* so many are to be done */
};

static void more(struct run *run);

static void on_done(void *ctx, enum rc rc)
{
	struct run *run = ctx;

	assert_int_equal(rc, RC_OK);
	run->done++;
	more(run);
}

static void more(struct run *run)
{
	DROP(store_batch_release) struct store_batch batch = {0};
	char field[16];

	if (run->started == run->most)
		return;
	snprintf(field, sizeof field, "f%05u", run->started++);
	assert_ok(store_batch_hash_set(&batch, "lb:{0}:state", span_text(field), SPAN(record)));
	assert_ok(store_commit(run->store, run->lease, &batch, on_done, run));
}

static bool is_done(const void *ctx)
{
	const struct run *run = ctx;

	return run->done == run->most;
}

static double commit_rate(struct run *run, unsigned most, unsigned at_once)
{
	uint64_t from_us = clock_mono_us(clock_system());

	run->started = run->done = 0;
	run->most = most;
	for (unsigned i = 0; i < at_once; i++)
		more(run);
	assert_ok(store_wait_until(run->store, is_done, run, WAIT, NULL));
	return most / seconds(from_us);
}

static void open_run(const struct redis_server *server, struct run *run)
{
	struct store_options options = redis_server_options(server, REDIS_VERIFIER);
	struct store_lease_options lease = {.key = "lb:{0}:lease",
		.counter_key = "lb:{0}:token",
		.holder = span_text("bench"),
		.ttl_ms = 10000};

	assert_ok(store_open(&options, &run->store, NULL));
	assert_ok(store_wait_ready(run->store, WAIT, NULL));
	assert_ok(store_lease_open(run->store, &lease, &run->lease, NULL));
	assert_ok(store_wait_lease(run->store, run->lease, WAIT, NULL));
}

static void measure(void **state)
{
	struct redis_server server;
	struct run run = {0};
	double floor;
	double grouped;

	(void)state;
	redis_server_open(&server, "");
	open_run(&server, &run);
	floor_rate(&server);
	floor = floor_rate(&server);
	grouped = commit_rate(&run, RECORDS, PIPELINE);
	printf("floor: plain HSET, pipelines of %u        %8.0f/s\n", PIPELINE, floor);
	printf("leased durable commits, %4u under way    %8.0f/s  %.2f of the floor\n", PIPELINE, grouped,
		grouped / floor);
	printf("leased durable commits, one by one        %8.0f/s\n", commit_rate(&run, 200, 1));
	store_lease_close(&run.lease);
	store_close(&run.store);
	redis_server_close(&server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(measure)};

	setenv("LIMEBUS_SCRATCH", "/tmp", 0);
	memset(record, 'r', sizeof record);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
