/* A Redis that lies: the test itself is the server, answer by answer. Nothing it says ends the process, hangs
 * a caller or is taken for a success. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/store/commit.h"
#include "lib/store/durability.h"
#include "lib/store/lease.h"
#include "lib/store/stream.h"
#include "tests/support/test.h"

#define SETTING(a, b) "*2\r\n$1\r\nx\r\n$" a "\r\n" b "\r\n"
#define GOOD_INFO     "$41\r\nrun_id:0123abcd\r\nrole:master\r\nloading:0\r\n\r\n"
#define GREETING      "+OK\r\n" GOOD_INFO SETTING("3", "yes") SETTING("6", "always") SETTING("10", "noeviction")

struct fixture {
	struct scratch scratch;
	struct store *store;
	int listener;
	int peer;
};

static int open_all(void **state)
{
	struct fixture *f = test_calloc(1, sizeof *f);
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	struct store_options options = {
		.path = at.sun_path, .user = "verifier", .password = span_text("secret"), .command_ms = 1000};
	char path[SCRATCH_FILE_BYTES];

	scratch_open(&f->scratch);
	snprintf(at.sun_path, sizeof at.sun_path, "%.100s", scratch_file(&f->scratch, "s", path));
	f->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(f->listener, (const struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(f->listener, 8), 0);
	assert_ok(store_open(&options, &f->store, NULL));
	store_tick(f->store);
	f->peer = accept(f->listener, NULL, NULL);
	assert_true(f->peer >= 0);
	*state = f;
	return 0;
}

static int close_all(void **state)
{
	struct fixture *f = *state;

	store_close(&f->store);
	close(f->peer);
	close(f->listener);
	scratch_release(&f->scratch);
	test_free(f);
	return 0;
}

/* What the store has to say goes out and is thrown away; what the server answers comes in. */
static void answer_bytes(struct fixture *f, const char *at, size_t len)
{
	static char heard[1 << 16];

	store_on_writable(f->store);
	while (recv(f->peer, heard, sizeof heard, MSG_DONTWAIT) > 0)
		;
	if (len != 0 && send(f->peer, at, len, MSG_NOSIGNAL) != (ssize_t)len)
		return;
	store_on_readable(f->store);
}

static void answer(struct fixture *f, const char *text)
{
	answer_bytes(f, text, strlen(text));
}

static void greet(struct fixture *f)
{
	answer(f, GREETING);
	assert_int_equal(store_status(f->store)->state, STORE_READY);
}

static void assert_lost(struct fixture *f, enum rc why)
{
	assert_int_equal(store_status(f->store)->state, STORE_LOST);
	if (store_status(f->store)->why != why)
		fail_msg("lost because %s (%s), expected %s", rc_words(store_status(f->store)->why),
			store_status(f->store)->text, rc_words(why));
}

struct outcome {
	unsigned came;
	enum rc rc;
};

static void on_done(void *ctx, enum rc rc)
{
	struct outcome *outcome = ctx;

	outcome->came++;
	outcome->rc = rc;
}

static void on_value(void *ctx, enum rc rc, struct span value)
{
	assert_true(rc == RC_OK || value.len == 0);
	on_done(ctx, rc);
}

static bool ignore(void *ctx, struct span field, struct span value)
{
	(void)ctx;
	(void)field;
	(void)value;
	return true;
}

static void a_greeting_byte_by_byte_is_a_greeting(void **state)
{
	struct fixture *f = *state;
	const char *text = NULL;

	for (const char *c = GREETING; *c != '\0'; c++) {
		assert_int_equal(store_status(f->store)->state, STORE_CONNECTING);
		answer_bytes(f, c, 1);
	}
	assert_int_equal(store_status(f->store)->state, STORE_READY);
	assert_int_equal(store_durability(f->store, &text), STORE_DURABILITY_DURABLE);
}

static void a_bad_greeting_is_no_connection(void **state)
{
	static const struct {
		const char *text;
		enum rc why;
	} table[] = {
		{"-WRONGPASS no\r\n", RC_DENIED},
		{"-ERR Client sent AUTH, but no password is set\r\n", RC_DENIED},
		{":1\r\n", RC_MALFORMED},
		{"+FINE\r\n", RC_MALFORMED},
		{"+OK\r\n$8\r\nnonsense\r\n", RC_MALFORMED},
		{"+OK\r\n$16\r\nrun_id:../../etc\r\n", RC_MALFORMED},
		{"+OK\r\n$9\r\nrun_id:\r\n\r\n", RC_MALFORMED},
		{"+OK\r\n:5\r\n", RC_MALFORMED},
		{"+OK\r\n-NOPERM no\r\n", RC_DENIED},
		{"+OK\r\n$19\r\nloading:1\r\nrun_id:0\r\n", RC_IO},
		{GREETING "+OK\r\n", RC_MALFORMED},
		{GREETING "-ERR max number of clients reached\r\n", RC_MALFORMED},
		{"*2147483647\r\n", RC_LIMIT},
	};
	for (size_t i = 0; i < COUNT(table); i++) {
		if (i != 0)
			open_all(state);
		answer(*state, table[i].text);
		assert_lost(*state, table[i].why);
		if (i + 1 < COUNT(table))
			close_all(state);
	}
}

static void settings_that_are_no_settings_are_findings(void **state)
{
	struct fixture *f = *state;
	const char *text = NULL;

	answer(f, "+OK\r\n" GOOD_INFO "*0\r\n:7\r\n*2\r\n:1\r\n:2\r\n");
	assert_int_equal(store_status(f->store)->state, STORE_READY);
	assert_int_equal(store_durability(f->store, &text), STORE_DURABILITY_WEAK);
	assert_non_null(strstr(text, "appendonly: unknown"));
}

static void a_value_of_another_kind_is_malformed_and_the_connection_stays(void **state)
{
	static const char *const table[] = {
		":1\r\n", "+OK\r\n", "*0\r\n", "*1\r\n$1\r\nx\r\n", "-WRONGTYPE x\r\n"};
	struct fixture *f = *state;

	greet(f);
	for (size_t i = 0; i < COUNT(table); i++) {
		struct outcome outcome = {0};

		assert_ok(store_hash_get(f->store, "k", span_text("f"), 10, on_value, &outcome));
		answer(f, table[i]);
		assert_int_equal(outcome.came, 1);
		assert_rc(outcome.rc, RC_MALFORMED);
		assert_int_equal(store_status(f->store)->state, STORE_READY);
	}
}

static void an_answer_that_nobody_asked_for_ends_the_connection(void **state)
{
	struct fixture *f = *state;

	greet(f);
	answer(f, "$5\r\nhello\r\n");
	assert_lost(f, RC_MALFORMED);
}

static void a_huge_value_is_refused_by_its_header(void **state)
{
	struct fixture *f = *state;
	struct outcome outcome = {0};

	greet(f);
	assert_ok(store_get(f->store, "k", 10, on_value, &outcome));
	answer(f, "$2147483647\r\n");
	assert_lost(f, RC_LIMIT);
	assert_int_equal(outcome.came, 1);
	assert_rc(outcome.rc, RC_IO);
}

static void a_scan_of_nonsense_is_malformed(void **state)
{
	static const char *const table[] = {
		":0\r\n",
		"*0\r\n",
		"*1\r\n$1\r\n0\r\n",
		"*3\r\n$1\r\n0\r\n*0\r\n*0\r\n",
		"*2\r\n:0\r\n*0\r\n",
		"*2\r\n$0\r\n\r\n*0\r\n",
		"*2\r\n$2\r\n-1\r\n*0\r\n",
		"*2\r\n$21\r\n000000000000000000000\r\n*0\r\n",
		"*2\r\n$1\r\n0\r\n$1\r\nx\r\n",
		"*2\r\n$1\r\n0\r\n*1\r\n$1\r\na\r\n",
		"*2\r\n$1\r\n0\r\n*2\r\n$1\r\na\r\n$-1\r\n",
		"*2\r\n$1\r\n0\r\n*2\r\n$1\r\na\r\n*0\r\n",
		"$-1\r\n",
	};
	struct fixture *f = *state;

	greet(f);
	for (size_t i = 0; i < COUNT(table); i++) {
		struct outcome outcome = {0};

		assert_ok(store_hash_each(f->store, "k", 10, ignore, on_done, &outcome));
		answer(f, table[i]);
		assert_int_equal(outcome.came, 1);
		assert_rc(outcome.rc, RC_MALFORMED);
	}
}

static void a_scan_that_never_ends_is_ended(void **state)
{
	struct fixture *f = *state;
	struct outcome outcome = {0};

	greet(f);
	assert_ok(store_hash_each(f->store, "k", 10, ignore, on_done, &outcome));
	for (unsigned i = 0; i < 100000 && outcome.came == 0; i++)
		answer(f, "*2\r\n$20\r\n18446744073709551615\r\n*0\r\n");
	assert_int_equal(outcome.came, 1);
	assert_rc(outcome.rc, RC_LIMIT);
}

/* One commit: a condition (WATCH, HGET), MULTI, two writes, EXEC. */
static void commit(struct fixture *f, struct outcome *outcome)
{
	DROP(store_batch_release) struct store_batch batch = {0};

	assert_ok(store_batch_hash_expect(&batch, "k", span_text("f"), NULL));
	assert_ok(store_batch_hash_set(&batch, "k", span_text("f"), span_text("v")));
	assert_ok(store_batch_hash_set(&batch, "k", span_text("g"), span_text("v")));
	assert_ok(store_commit(f->store, NULL, &batch, on_done, outcome));
}

#define LOOK   "+OK\r\n$-1\r\n"
#define QUEUED "+OK\r\n+QUEUED\r\n+QUEUED\r\n"

static void the_whole_dialogue_is_a_commit(void **state)
{
	struct fixture *f = *state;
	struct outcome outcome = {0};

	greet(f);
	commit(f, &outcome);
	answer(f, LOOK);
	answer(f, QUEUED);
	assert_int_equal(outcome.came, 0);
	answer(f, "*2\r\n:1\r\n:0\r\n");
	assert_int_equal(outcome.came, 1);
	assert_rc(outcome.rc, RC_OK);
}

/* Everything that could be said at some point of the dialogue and is wrong there. */
static void a_dialogue_that_goes_wrong_is_never_a_success(void **state)
{
	static const struct {
		const char *look;
		const char *exec;
		enum rc rc;
		bool lost;
	} table[] = {
		{"+NO\r\n$-1\r\n", "", RC_MALFORMED, false},
		{"-NOPERM x\r\n$-1\r\n", "+OK\r\n", RC_DENIED, false},
		{"+OK\r\n:1\r\n", "+OK\r\n", RC_MALFORMED, false},
		{"+OK\r\n$1\r\nx\r\n", "+OK\r\n", RC_EXISTS, false},
		{LOOK, "-ERR\r\n", RC_IO, true},
		{LOOK, "+OK\r\n+OK\r\n", RC_IO, true},
		{LOOK, "+OK\r\n:1\r\n", RC_IO, true},
		{LOOK, QUEUED "+OK\r\n", RC_IO, true},
		{LOOK, QUEUED ":2\r\n", RC_IO, true},
		{LOOK, QUEUED "*0\r\n", RC_IO, true},
		{LOOK, QUEUED "*1\r\n:1\r\n", RC_IO, true},
		{LOOK, QUEUED "*3\r\n:1\r\n:1\r\n:1\r\n", RC_IO, true},
		{LOOK, QUEUED "-ERR x\r\n", RC_IO, true},
		{LOOK, QUEUED "-EXECABORT x\r\n", RC_IO, true},
		{LOOK, QUEUED "*2\r\n:1\r\n-WRONGTYPE x\r\n", RC_MALFORMED, false},
		{LOOK, QUEUED "*2\r\n:1\r\n$1\r\nx\r\n", RC_MALFORMED, false},
		{LOOK, QUEUED "*2\r\n:1\r\n*0\r\n", RC_MALFORMED, false},
		{LOOK, QUEUED "*2\r\n:1\r\n$-1\r\n", RC_MALFORMED, false},
		{LOOK, "+OK\r\n+QUEUED\r\n-OOM x\r\n-EXECABORT x\r\n", RC_LIMIT, false},
		{LOOK, "+OK\r\n+QUEUED\r\n-NOPERM x\r\n-EXECABORT x\r\n", RC_DENIED, false},
		{LOOK, "+OK\r\n+QUEUED\r\n-NOPERM x\r\n*2\r\n:1\r\n:1\r\n", RC_DENIED, true},
		{LOOK, "+OK\r\n+QUEUED\r\n-READONLY x\r\n-EXECABORT x\r\n", RC_IO, true},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(table); i++) {
		struct outcome outcome = {0};

		if (i != 0) {
			open_all(state);
			f = *state;
		}
		greet(f);
		commit(f, &outcome);
		answer(f, table[i].look);
		answer(f, table[i].exec);
		if (outcome.came != 1 || outcome.rc != table[i].rc ||
			(store_status(f->store)->state == STORE_LOST) != table[i].lost)
			fail_msg("row %zu: came %u times, %s (%s), lost: %d", i, outcome.came,
				rc_words(outcome.rc), store_why(f->store),
				store_status(f->store)->state == STORE_LOST);
		if (i + 1 < COUNT(table))
			close_all(state);
	}
}

static void an_exec_that_never_succeeds_is_given_up(void **state)
{
	struct fixture *f = *state;
	struct outcome outcome = {0};
	unsigned tries = 0;

	greet(f);
	commit(f, &outcome);
	for (; outcome.came == 0 && tries < 100; tries++) {
		answer(f, LOOK);
		answer(f, QUEUED "*-1\r\n");
	}
	assert_int_equal(tries, 16);
	assert_rc(outcome.rc, RC_TIMEOUT);
	assert_int_equal(store_status(f->store)->state, STORE_READY);
}

/* The peer goes away after each byte of a good dialogue. */
static void a_connection_that_ends_anywhere_is_an_unknown_end(void **state)
{
	static const char look[] = LOOK;
	static const char exec[] = QUEUED "*2\r\n:1\r\n:0\r\n";
	struct fixture *f = *state;

	for (size_t n = 0; n < sizeof look - 1 + sizeof exec - 1; n++) {
		struct outcome outcome = {0};

		if (n != 0) {
			open_all(state);
			f = *state;
		}
		greet(f);
		commit(f, &outcome);
		answer_bytes(f, look, n < sizeof look - 1 ? n : sizeof look - 1);
		if (n > sizeof look - 1)
			answer_bytes(f, exec, n - (sizeof look - 1));
		assert_int_equal(outcome.came, 0);
		shutdown(f->peer, SHUT_RDWR);
		store_on_readable(f->store);
		assert_int_equal(outcome.came, 1);
		assert_rc(outcome.rc, RC_IO);
		if (n + 2 < sizeof look + sizeof exec - 1)
			close_all(state);
	}
}

static void what_waits_is_bounded(void **state)
{
	struct fixture *f = *state;
	struct outcome outcome = {0};
	unsigned calls = 0;
	unsigned commits = 0;

	greet(f);
	while (store_get(f->store, "k", 1, on_value, &outcome) == RC_OK)
		calls++;
	assert_int_equal(calls, STORE_CALLS_MAX);
	for (;;) {
		DROP(store_batch_release) struct store_batch batch = {0};

		assert_ok(store_batch_hash_set(&batch, "k", span_text("f"), span_text("v")));
		if (store_commit(f->store, NULL, &batch, on_done, &outcome) != RC_OK)
			break;
		commits++;
	}
	assert_int_equal(commits, STORE_COMMITS_MAX);
	store_close(&f->store);
	assert_int_equal(outcome.came, calls + commits);
}

/* Which interests a reactor was told, in the order in which it was. */
struct told {
	int fd;
	bool read;
	bool write;
	unsigned times;
};

static void want(void *ctx, int fd, bool read, bool write)
{
	struct told *told = ctx;

	*told = (struct told){fd, read, write, told->times + 1};
}

static void a_reactor_is_told_what_to_wait_for_and_when_the_descriptor_goes(void **state)
{
	struct fixture *f = *state;
	struct told told = {.fd = -1};
	struct store_watch watch = {&told, want};
	struct outcome outcome = {0};
	int fd;

	store_watch(f->store, &watch);
	assert_true(told.fd >= 0 && told.read && told.write);
	fd = told.fd;
	greet(f);
	assert_true(told.read && !told.write);
	assert_ok(store_get(f->store, "k", 1, on_value, &outcome));
	assert_true(told.fd == fd && told.write);
	answer(f, "$1\r\nv\r\n");
	assert_rc(outcome.rc, RC_OK);
	assert_true(told.read && !told.write);
	shutdown(f->peer, SHUT_RDWR);
	store_on_readable(f->store);
	assert_true(told.fd == fd && !told.read && !told.write);
	store_watch(f->store, NULL);
}

/* A read of a Stream: every answer that is not entries of ours in order is refused, and none of it delivered.
 */
static bool never(void *ctx, uint64_t number, struct span entry)
{
	(void)ctx;
	(void)number;
	(void)entry;
	fail_msg("an entry was delivered");
	return false;
}

static void streams_that_lie_are_refused_whole(void **state)
{
	static const char *const lies[] = {
		"$1\r\nx\r\n",
		"*1\r\n$3\r\n1-0\r\n",
		"*1\r\n*1\r\n$3\r\n1-0\r\n",
		"*1\r\n*2\r\n$3\r\n1-0\r\n$1\r\ns\r\n",
		"*1\r\n*2\r\n$3\r\n1-0\r\n*1\r\n$1\r\ns\r\n",
		"*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nt\r\n$1\r\nv\r\n",
		"*1\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\ns\r\n$1\r\nv\r\n",
		"*1\r\n*2\r\n$4\r\n01-0\r\n*2\r\n$1\r\ns\r\n$1\r\nv\r\n",
		"*1\r\n*2\r\n$3\r\n0-0\r\n*2\r\n$1\r\ns\r\n$1\r\nv\r\n",
		"*1\r\n*2\r\n:1\r\n*2\r\n$1\r\ns\r\n$1\r\nv\r\n",
		"*1\r\n*2\r\n$22\r\n18446744073709551616-0\r\n*2\r\n$1\r\ns\r\n$1\r\nv\r\n",
		("*2\r\n*2\r\n$3\r\n2-0\r\n*2\r\n$1\r\ns\r\n$1\r\nv\r\n"
		 "*2\r\n$3\r\n2-0\r\n*2\r\n$1\r\ns\r\n$1\r\nv\r\n"),
		"*3\r\n*-1\r\n*-1\r\n*-1\r\n",
	};
	struct fixture *f = *state;

	greet(f);
	for (size_t i = 0; i < COUNT(lies); i++) {
		struct outcome outcome = {0};

		assert_ok(store_stream_range(f->store, "lb:{0}:notices", 1, 2, 64, never, on_done, &outcome));
		answer(f, lies[i]);
		assert_int_equal(outcome.came, 1);
		if (outcome.rc != RC_MALFORMED)
			fail_msg("lie %zu was %s", i, rc_words(outcome.rc));
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_greeting_byte_by_byte_is_a_greeting),
		TEST(a_bad_greeting_is_no_connection),
		TEST(settings_that_are_no_settings_are_findings),
		TEST(a_value_of_another_kind_is_malformed_and_the_connection_stays),
		TEST(an_answer_that_nobody_asked_for_ends_the_connection),
		TEST(a_huge_value_is_refused_by_its_header),
		TEST(a_scan_of_nonsense_is_malformed),
		TEST(a_scan_that_never_ends_is_ended),
		TEST(the_whole_dialogue_is_a_commit),
		TEST(a_dialogue_that_goes_wrong_is_never_a_success),
		TEST(an_exec_that_never_succeeds_is_given_up),
		TEST(a_connection_that_ends_anywhere_is_an_unknown_end),
		TEST(what_waits_is_bounded),
		TEST(a_reactor_is_told_what_to_wait_for_and_when_the_descriptor_goes),
		TEST(streams_that_lie_are_refused_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
