#include <stdlib.h>
#include <string.h>

#include "lib/store/commit.h"
#include "lib/store/lease.h"
#include "tests/support/redis_server.h"

#define LEASE   "lb:{0}:lease"
#define COUNTER "lb:{0}:token"
#define STATE   "lb:{0}:state"
#define WAIT    10000u
#define TTL     1000u

/* One verifier: a connection, and perhaps a lease. */
struct holder {
	struct store *store;
	struct store_lease *lease;
	unsigned helds;
	unsigned losses;
};

struct fixture {
	struct redis_server server;
	struct holder a;
	struct holder b;
};

static void on_state(void *ctx, enum store_lease_state state)
{
	struct holder *holder = ctx;

	holder->helds += state == STORE_LEASE_HELD;
	holder->losses += state == STORE_LEASE_LOST;
}

static void connect_holder(struct fixture *f, struct holder *holder)
{
	struct store_options options = redis_server_options(&f->server, REDIS_VERIFIER);
	struct err err = {0};

	assert_ok(store_open(&options, &holder->store, &err));
	if (store_wait_ready(holder->store, WAIT, &err) != RC_OK)
		fail_msg("%s", err.text);
}

static int open_all(void **state)
{
	struct fixture *f = test_calloc(1, sizeof *f);

	redis_server_open(&f->server, "");
	connect_holder(f, &f->a);
	connect_holder(f, &f->b);
	*state = f;
	return 0;
}

static int close_all(void **state)
{
	struct fixture *f = *state;

	store_lease_close(&f->a.lease);
	store_lease_close(&f->b.lease);
	store_close(&f->a.store);
	store_close(&f->b.store);
	redis_server_close(&f->server);
	test_free(f);
	return 0;
}

static void want_lease(struct holder *holder, const char *name, bool replace_own, uint64_t floor)
{
	struct store_lease_options options = {.key = LEASE,
		.counter_key = COUNTER,
		.holder = span_text(name),
		.ttl_ms = TTL,
		.token_floor = floor,
		.replace_own = replace_own,
		.on_state = on_state,
		.ctx = holder};

	assert_ok(store_lease_open(holder->store, &options, &holder->lease, NULL));
	assert_int_equal(store_lease_token(holder->lease), 0);
}

static void take(struct holder *holder, const char *name)
{
	struct err err = {0};

	want_lease(holder, name, false, 0);
	if (store_wait_lease(holder->store, holder->lease, WAIT, &err) != RC_OK)
		fail_msg("%s", err.text);
}

static enum rc write_state(struct holder *holder, const char *value)
{
	DROP(store_batch_release) struct store_batch batch = {0};

	assert_ok(store_batch_hash_set(&batch, STATE, span_text("n"), span_text(value)));
	return store_wait_commit(holder->store, holder->lease, &batch, WAIT, NULL);
}

static void assert_state(struct fixture *f, const char *answer)
{
	assert_string_equal(redis_say(&f->server, REDIS_USERS, "HGET", STATE, "n", NULL), answer);
}

static bool is_lost(const void *ctx)
{
	return ((const struct holder *)ctx)->losses != 0;
}

static void a_holder_writes_and_others_wait(void **state)
{
	struct fixture *f = *state;

	take(&f->a, "a");
	assert_int_equal(store_lease_token(f->a.lease), 1);
	assert_int_equal(f->a.helds, 1);
	assert_ok(write_state(&f->a, "from a"));
	want_lease(&f->b, "b", false, 0);
	assert_rc(store_wait_lease(f->b.store, f->b.lease, 300, NULL), RC_TIMEOUT);
	assert_int_equal(store_lease_state(f->b.lease), STORE_LEASE_WAITING);
	assert_true(span_is(store_lease_holder(f->b.lease), "a"));
	assert_rc(write_state(&f->b, "from b"), RC_STALE);
	assert_state(f, "$6\r\nfrom a\r\n");
}

static bool never(const void *ctx)
{
	(void)ctx;
	return false;
}

static void a_served_lease_outlives_its_time(void **state)
{
	struct fixture *f = *state;

	take(&f->a, "a");
	assert_rc(store_wait_until(f->a.store, never, NULL, 2 * TTL, NULL), RC_TIMEOUT);
	assert_int_equal(f->a.losses, 0);
	assert_ok(write_state(&f->a, "still a"));
	assert_int_equal(store_lease_token(f->a.lease), 1);
}

/* a is not served, as if stopped; b takes over; a thaws and does no harm. */
static void a_frozen_holder_is_replaced_and_does_no_harm_when_it_thaws(void **state)
{
	struct fixture *f = *state;

	take(&f->a, "a");
	assert_ok(write_state(&f->a, "from a"));
	take(&f->b, "b");
	assert_true(store_lease_token(f->b.lease) > 1);
	assert_ok(write_state(&f->b, "from b"));
	assert_rc(write_state(&f->a, "late"), RC_STALE);
	assert_state(f, "$6\r\nfrom b\r\n");
	assert_ok(store_wait_until(f->a.store, is_lost, &f->a, WAIT, NULL));
	assert_int_equal(f->a.losses, 1);
	assert_int_equal(store_lease_token(f->a.lease), 0);
}

struct answer {
	bool came;
	enum rc rc;
};

static void on_done(void *ctx, enum rc rc)
{
	*(struct answer *)ctx = (struct answer){true, rc};
}

static bool has_come(const void *ctx)
{
	return ((const struct answer *)ctx)->came;
}

/* By its own clock a still holds it: only the proof inside the transaction stops the write. */
static void a_holder_that_does_not_know_yet_is_stopped_by_the_transaction(void **state)
{
	struct fixture *f = *state;
	DROP(store_batch_release) struct store_batch batch = {0};
	struct answer answer = {0};

	take(&f->a, "a");
	assert_ok(write_state(&f->a, "before"));
	redis_say(&f->server, REDIS_USERS, "SET", LEASE, "12345678b", NULL);
	assert_true(store_lease_token(f->a.lease) != 0);
	assert_ok(store_batch_hash_set(&batch, STATE, span_text("n"), span_text("after")));
	assert_ok(store_commit(f->a.store, f->a.lease, &batch, on_done, &answer));
	assert_ok(store_wait_until(f->a.store, has_come, &answer, WAIT, NULL));
	assert_rc(answer.rc, RC_STALE);
	assert_state(f, "$6\r\nbefore\r\n");
	assert_int_equal(f->a.losses, 1);
	assert_int_equal(store_lease_state(f->a.lease), STORE_LEASE_LOST);
}

/* The lease changes between the look at it and EXEC. */
static void a_lease_that_is_lost_after_the_look_is_noticed_by_exec(void **state)
{
	struct fixture *f = *state;
	DROP(store_batch_release) struct store_batch batch = {0};
	struct answer answer = {0};

	take(&f->a, "a");
	assert_ok(write_state(&f->a, "before"));
	assert_ok(store_batch_hash_set(&batch, STATE, span_text("n"), span_text("after")));
	assert_ok(store_commit(f->a.store, f->a.lease, &batch, on_done, &answer));
	store_on_writable(f->a.store);
	/* Another connection's answer: ours came before it, as Redis takes one command after the other. */
	assert_state(f, "$6\r\nbefore\r\n");
	redis_say(&f->server, REDIS_USERS, "DEL", LEASE, NULL);
	assert_ok(store_wait_until(f->a.store, has_come, &answer, WAIT, NULL));
	assert_rc(answer.rc, RC_STALE);
	assert_state(f, "$6\r\nbefore\r\n");
}

static void a_lease_that_is_given_back_is_free_at_once(void **state)
{
	struct fixture *f = *state;

	take(&f->a, "a");
	store_lease_close(&f->a.lease);
	assert_rc(store_wait_until(f->a.store, never, NULL, 50, NULL), RC_TIMEOUT);
	assert_string_equal(redis_say(&f->server, REDIS_USERS, "GET", LEASE, NULL), "$-1\r\n");
	want_lease(&f->b, "b", false, 0);
	assert_ok(store_wait_lease(f->b.store, f->b.lease, TTL / 2, NULL));
	assert_int_equal(store_lease_token(f->b.lease), 2);
}

static void the_same_name_takes_over_at_once_with_a_higher_token(void **state)
{
	struct fixture *f = *state;

	take(&f->a, "a");
	want_lease(&f->b, "a", true, 0);
	assert_ok(store_wait_lease(f->b.store, f->b.lease, TTL / 2, NULL));
	assert_int_equal(store_lease_token(f->b.lease), 2);
	assert_rc(write_state(&f->a, "dead"), RC_STALE);
	assert_ok(write_state(&f->b, "alive"));
}

static void another_name_or_without_permission_it_does_not(void **state)
{
	struct fixture *f = *state;

	take(&f->a, "a");
	want_lease(&f->b, "ab", true, 0);
	assert_rc(store_wait_lease(f->b.store, f->b.lease, TTL / 2, NULL), RC_TIMEOUT);
	store_lease_close(&f->b.lease);
	assert_rc(store_wait_until(f->a.store, never, NULL, 50, NULL), RC_TIMEOUT);
	want_lease(&f->b, "a", false, 0);
	assert_rc(store_wait_lease(f->b.store, f->b.lease, TTL / 2, NULL), RC_TIMEOUT);
}

static void the_token_grows_also_over_what_redis_forgot(void **state)
{
	struct fixture *f = *state;

	take(&f->a, "a");
	store_lease_close(&f->a.lease);
	want_lease(&f->a, "a", false, 41);
	assert_ok(store_wait_lease(f->a.store, f->a.lease, WAIT, NULL));
	assert_int_equal(store_lease_token(f->a.lease), 42);
	/* The counter went back, the lease did not. */
	redis_say(&f->server, REDIS_USERS, "SET", COUNTER, "7", NULL);
	want_lease(&f->b, "a", true, 0);
	assert_ok(store_wait_lease(f->b.store, f->b.lease, WAIT, NULL));
	assert_int_equal(store_lease_token(f->b.lease), 43);
	assert_string_equal(redis_say(&f->server, REDIS_USERS, "GET", COUNTER, NULL), "$2\r\n43\r\n");
}

static void a_counter_or_lease_that_is_nonsense_gives_no_lease(void **state)
{
	static const char *const counters[] = {
		"x", "-1", "01", "1 ", "", "9223372036854775807", "99999999999999999999999"};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(counters); i++) {
		redis_say(&f->server, REDIS_USERS, "SET", COUNTER, counters[i], NULL);
		want_lease(&f->a, "a", false, 0);
		assert_rc(store_wait_lease(f->a.store, f->a.lease, 100, NULL), RC_TIMEOUT);
		store_lease_close(&f->a.lease);
	}
	redis_say(&f->server, REDIS_USERS, "DEL", COUNTER, NULL);
	redis_say(&f->server, REDIS_USERS, "HSET", LEASE, "a", "b", NULL);
	want_lease(&f->a, "a", true, 0);
	assert_rc(store_wait_lease(f->a.store, f->a.lease, 200, NULL), RC_TIMEOUT);
}

static bool is_ready(const void *ctx)
{
	return store_status(ctx)->state == STORE_READY && store_status(ctx)->generation == 2;
}

static void a_restart_with_data_keeps_the_lease_and_an_empty_one_loses_it(void **state)
{
	struct fixture *f = *state;

	take(&f->a, "a");
	redis_server_kill(&f->server);
	redis_server_restart(&f->server);
	assert_ok(store_wait_until(f->a.store, is_ready, f->a.store, WAIT, NULL));
	assert_ok(write_state(&f->a, "kept"));
	redis_server_kill(&f->server);
	redis_server_restart_empty(&f->server);
	assert_ok(store_wait_until(f->a.store, is_lost, &f->a, WAIT, NULL));
	assert_rc(write_state(&f->a, "lost"), RC_STALE);
	assert_state(f, "$-1\r\n");
}

static void a_lease_runs_out_by_our_own_clock_when_redis_is_gone(void **state)
{
	struct fixture *f = *state;

	take(&f->a, "a");
	redis_server_freeze(&f->server);
	assert_ok(store_wait_until(f->a.store, is_lost, &f->a, 2 * TTL, NULL));
	redis_server_thaw(&f->server);
}

static void options_out_of_bounds_are_refused(void **state)
{
	struct fixture *f = *state;
	static uint8_t name[STORE_HOLDER_MAX_BYTES + 1];
	struct store_lease_options good = {
		.key = LEASE, .counter_key = COUNTER, .holder = span_text("a"), .ttl_ms = TTL};
	struct store_lease_options bad[5] = {good, good, good, good, good};
	struct store_lease *lease = NULL;

	bad[0].holder = (struct span){0};
	bad[1].holder = SPAN(name);
	bad[2].ttl_ms = STORE_LEASE_MIN_MS - 1;
	bad[3].ttl_ms = STORE_LEASE_MAX_MS + 1;
	bad[4].key = "";
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_rc(store_lease_open(f->a.store, &bad[i], &lease, NULL), RC_LIMIT);
	assert_null(lease);
}

static void a_lease_may_be_closed_while_it_is_being_asked_for(void **state)
{
	struct fixture *f = *state;

	for (unsigned i = 0; i < 4; i++) {
		want_lease(&f->a, "a", false, 0);
		store_tick(f->a.store);
		for (unsigned j = 0; j < i; j++) {
			store_on_writable(f->a.store);
			redis_say(&f->server, REDIS_USERS, "PING", NULL);
			store_on_readable(f->a.store);
		}
		store_lease_close(&f->a.lease);
	}
	assert_ok(write_state(&(struct holder){.store = f->a.store}, "works"));
	/* And the other way round. */
	want_lease(&f->b, "b", false, 0);
	store_tick(f->b.store);
	store_close(&f->b.store);
	assert_int_equal(store_lease_state(f->b.lease), STORE_LEASE_LOST);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_holder_writes_and_others_wait),
		TEST(a_served_lease_outlives_its_time),
		TEST(a_frozen_holder_is_replaced_and_does_no_harm_when_it_thaws),
		TEST(a_holder_that_does_not_know_yet_is_stopped_by_the_transaction),
		TEST(a_lease_that_is_lost_after_the_look_is_noticed_by_exec),
		TEST(a_lease_that_is_given_back_is_free_at_once),
		TEST(the_same_name_takes_over_at_once_with_a_higher_token),
		TEST(another_name_or_without_permission_it_does_not),
		TEST(the_token_grows_also_over_what_redis_forgot),
		TEST(a_counter_or_lease_that_is_nonsense_gives_no_lease),
		TEST(a_restart_with_data_keeps_the_lease_and_an_empty_one_loses_it),
		TEST(a_lease_runs_out_by_our_own_clock_when_redis_is_gone),
		TEST(options_out_of_bounds_are_refused),
		TEST(a_lease_may_be_closed_while_it_is_being_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
