#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/store/commit.h"
#include "lib/store/durability.h"
#include "lib/store/stream.h"
#include "tests/support/redis_server.h"

#define NODE "lb:{0}:node"
#define WAIT 10000u

struct fixture {
	struct redis_server server;
	struct store *store;
	unsigned readies;
	unsigned restarts;
};

static void on_state(void *ctx, const struct store_status *status)
{
	struct fixture *f = ctx;

	f->readies += status->state == STORE_READY;
	f->restarts += status->restarted;
}

static void connect_as(struct fixture *f, enum redis_user user)
{
	struct store_options options = redis_server_options(&f->server, user);
	struct err err = {0};

	options.on_state = on_state;
	options.ctx = f;
	options.command_ms = 2000;
	assert_ok(store_open(&options, &f->store, &err));
	if (store_wait_ready(f->store, WAIT, &err) != RC_OK)
		fail_msg("%s", err.text);
}

static int open_all(void **state)
{
	struct fixture *f = test_calloc(1, sizeof *f);

	redis_server_open(&f->server, "");
	connect_as(f, REDIS_REGISTRAR);
	*state = f;
	return 0;
}

static int close_all(void **state)
{
	struct fixture *f = *state;

	store_close(&f->store);
	redis_server_close(&f->server);
	test_free(f);
	return 0;
}

/* What came back of one asynchronous call. */
struct outcome {
	bool came;
	enum rc rc;
	char text[64];
	size_t len;
	unsigned *order; /* counts calls, when it matters which came first */
	unsigned place;
};

static void on_done(void *ctx, enum rc rc)
{
	struct outcome *outcome = ctx;

	assert_false(outcome->came);
	outcome->came = true;
	outcome->rc = rc;
	if (outcome->order != NULL)
		outcome->place = (*outcome->order)++;
}

static void on_value(void *ctx, enum rc rc, struct span value)
{
	struct outcome *outcome = ctx;

	on_done(ctx, rc);
	outcome->len = value.len;
	if (value.len != 0)
		memcpy(outcome->text, value.at, value.len < 63 ? value.len : 63);
}

static bool has_come(const void *ctx)
{
	return ((const struct outcome *)ctx)->came;
}

static enum rc result(struct fixture *f, struct outcome *outcome)
{
	struct err err = {0};

	if (store_wait_until(f->store, has_come, outcome, WAIT, &err) != RC_OK)
		fail_msg("%s", err.text);
	return outcome->rc;
}

static enum rc set(struct fixture *f, const char *key, const char *field, const char *value)
{
	DROP(store_batch_release) struct store_batch batch = {0};

	assert_ok(store_batch_hash_set(&batch, key, span_text(field), span_text(value)));
	return store_wait_commit(f->store, NULL, &batch, WAIT, NULL);
}

/* Set a field that is expected to be `before` (NULL: absent) to `after`. */
static enum rc swap(struct fixture *f, const char *field, const char *before, const char *after)
{
	DROP(store_batch_release) struct store_batch batch = {0};
	struct span expected = span_text(before);

	assert_ok(store_batch_hash_expect(&batch, NODE, span_text(field), before != NULL ? &expected : NULL));
	assert_ok(store_batch_hash_set(&batch, NODE, span_text(field), span_text(after)));
	return store_wait_commit(f->store, NULL, &batch, WAIT, NULL);
}

static enum rc get(struct fixture *f, const char *key, const char *field, size_t max, char text[64])
{
	struct outcome outcome = {0};
	enum rc rc = store_hash_get(f->store, key, span_text(field), max, on_value, &outcome);

	if (rc == RC_OK)
		rc = result(f, &outcome);
	memcpy(text, outcome.text, 64);
	return rc;
}

static void assert_field(struct fixture *f, const char *field, const char *expected)
{
	char text[64] = "";

	assert_rc(get(f, NODE, field, 63, text), expected != NULL ? RC_OK : RC_NOT_FOUND);
	if (expected != NULL)
		assert_string_equal(text, expected);
}

static void a_committed_field_is_read_back(void **state)
{
	struct fixture *f = *state;

	assert_ok(set(f, NODE, "a", "one"));
	assert_field(f, "a", "one");
	assert_field(f, "b", NULL);
}

static void an_empty_value_is_a_value(void **state)
{
	struct fixture *f = *state;

	assert_ok(set(f, NODE, "a", ""));
	assert_field(f, "a", "");
	assert_rc(swap(f, "a", NULL, "x"), RC_EXISTS);
	assert_ok(swap(f, "a", "", "x"));
}

static void a_value_longer_than_asked_for_is_refused(void **state)
{
	struct fixture *f = *state;
	char text[64];

	assert_ok(set(f, NODE, "a", "12345"));
	assert_ok(get(f, NODE, "a", 5, text));
	assert_rc(get(f, NODE, "a", 4, text), RC_LIMIT);
}

static void a_key_of_another_type_is_malformed_for_reads_and_writes(void **state)
{
	struct fixture *f = *state;
	struct err err = {0};
	char text[64];

	redis_say(&f->server, REDIS_USERS, "SET", NODE, "not a hash", NULL);
	assert_rc(get(f, NODE, "a", 63, text), RC_MALFORMED);
	assert_rc(store_wait_each(f->store, NODE, 63, NULL, NULL, WAIT, &err), RC_MALFORMED);
	assert_non_null(strstr(err.text, "WRONGTYPE"));
	assert_rc(set(f, NODE, "a", "x"), RC_MALFORMED);
	assert_rc(swap(f, "a", NULL, "x"), RC_MALFORMED);
	/* And the connection is as good as before. */
	redis_say(&f->server, REDIS_USERS, "DEL", NODE, NULL);
	assert_ok(set(f, NODE, "a", "x"));
	assert_int_equal(f->readies, 1);
}

static void a_condition_that_holds_lets_the_batch_through(void **state)
{
	struct fixture *f = *state;

	assert_ok(swap(f, "a", NULL, "one"));
	assert_ok(swap(f, "a", "one", "two"));
	assert_field(f, "a", "two");
}

static void a_condition_that_fails_writes_nothing(void **state)
{
	struct fixture *f = *state;
	DROP(store_batch_release) struct store_batch batch = {0};
	struct span wrong = span_text("wrong");

	assert_ok(set(f, NODE, "a", "one"));
	assert_rc(swap(f, "a", NULL, "two"), RC_EXISTS);
	assert_rc(swap(f, "a", "on", "two"), RC_EXISTS);
	assert_rc(swap(f, "gone", "one", "two"), RC_NOT_FOUND);
	assert_ok(store_batch_hash_set(&batch, NODE, span_text("b"), span_text("x")));
	assert_ok(store_batch_hash_expect(&batch, NODE, span_text("a"), &wrong));
	assert_rc(store_wait_commit(f->store, NULL, &batch, WAIT, NULL), RC_EXISTS);
	assert_field(f, "a", "one");
	assert_field(f, "b", NULL);
	assert_field(f, "gone", NULL);
}

static void a_batch_that_was_written_before_may_be_repeated(void **state)
{
	struct fixture *f = *state;

	for (unsigned i = 0; i < 2; i++) {
		DROP(store_batch_release) struct store_batch batch = {0};

		assert_ok(store_batch_hash_expect(&batch, NODE, span_text("a"), NULL));
		assert_ok(store_batch_hash_set(&batch, NODE, span_text("a"), span_text("one")));
		assert_ok(store_batch_hash_set(&batch, NODE, span_text("b"), span_text("old")));
		assert_ok(store_wait_commit(f->store, NULL, &batch, WAIT, NULL));
		/* Somebody goes on before the repetition: it must not be undone. */
		if (i == 0)
			assert_ok(set(f, NODE, "b", "new"));
	}
	assert_field(f, "a", "one");
	assert_field(f, "b", "new");
}

static void a_delete_is_repeatable_and_its_condition_counts(void **state)
{
	struct fixture *f = *state;
	struct span one = span_text("one");

	assert_ok(set(f, NODE, "a", "one"));
	for (unsigned i = 0; i < 2; i++) {
		DROP(store_batch_release) struct store_batch batch = {0};

		assert_ok(store_batch_hash_expect(&batch, NODE, span_text("a"), &one));
		assert_ok(store_batch_hash_delete(&batch, NODE, span_text("a")));
		assert_ok(store_wait_commit(f->store, NULL, &batch, WAIT, NULL));
		assert_field(f, "a", NULL);
	}
}

static void commits_in_one_group_keep_their_order_and_their_own_answers(void **state)
{
	struct fixture *f = *state;
	struct outcome outcomes[200] = {0};
	char value[16];
	unsigned order = 0;

	for (unsigned i = 0; i < COUNT(outcomes); i++) {
		DROP(store_batch_release) struct store_batch batch = {0};

		snprintf(value, sizeof value, "%u", i);
		outcomes[i].order = &order;
		/* Every tenth wants what is not there. */
		if (i % 10 == 9) {
			struct span never = span_text("never");

			assert_ok(store_batch_hash_expect(&batch, NODE, span_text("other"), &never));
		}
		assert_ok(store_batch_hash_set(&batch, NODE, span_text("last"), span_text(value)));
		assert_ok(store_commit(f->store, NULL, &batch, on_done, &outcomes[i]));
		assert_int_equal(batch.count, 0);
	}
	assert_false(outcomes[0].came);
	for (unsigned i = 0; i < COUNT(outcomes); i++) {
		assert_rc(result(f, &outcomes[i]), i % 10 == 9 ? RC_NOT_FOUND : RC_OK);
		assert_int_equal(outcomes[i].place, i);
	}
	assert_field(f, "last", "198");
}

static void a_condition_on_what_an_earlier_commit_writes_sees_it(void **state)
{
	struct fixture *f = *state;
	struct outcome outcomes[20] = {0};
	char value[16];
	char before[16] = "";

	for (unsigned i = 0; i < COUNT(outcomes); i++) {
		DROP(store_batch_release) struct store_batch batch = {0};
		struct span expected = span_text(before);

		snprintf(value, sizeof value, "%u", i);
		assert_ok(store_batch_hash_expect(&batch, NODE, span_text("n"), i == 0 ? NULL : &expected));
		assert_ok(store_batch_hash_set(&batch, NODE, span_text("n"), span_text(value)));
		assert_ok(store_commit(f->store, NULL, &batch, on_done, &outcomes[i]));
		memcpy(before, value, sizeof before);
	}
	for (unsigned i = 0; i < COUNT(outcomes); i++)
		assert_ok(result(f, &outcomes[i]));
	assert_field(f, "n", "19");
}

static void one_forbidden_commit_does_not_take_its_group_with_it(void **state)
{
	struct fixture *f = *state;
	DROP(store_batch_release) struct store_batch first = {0};
	DROP(store_batch_release) struct store_batch good = {0};
	DROP(store_batch_release) struct store_batch bad = {0};
	DROP(store_batch_release) struct store_batch bad_condition = {0};
	struct outcome outcomes[4] = {0};

	assert_ok(store_batch_hash_set(&first, NODE, span_text("first"), span_text("x")));
	assert_ok(store_batch_hash_set(&good, NODE, span_text("good"), span_text("x")));
	assert_ok(store_batch_hash_set(&bad, NODE, span_text("bad"), span_text("x")));
	assert_ok(store_batch_hash_set(&bad, "lb:{0}:state", span_text("a"), span_text("x")));
	assert_ok(store_batch_hash_set(&bad_condition, NODE, span_text("worse"), span_text("x")));
	assert_ok(store_batch_hash_expect(&bad_condition, "lb:{0}:state", span_text("a"), NULL));
	/* The first is alone; the others wait for it and then go together. */
	assert_ok(store_commit(f->store, NULL, &first, on_done, &outcomes[0]));
	assert_ok(store_commit(f->store, NULL, &bad, on_done, &outcomes[1]));
	assert_ok(store_commit(f->store, NULL, &good, on_done, &outcomes[2]));
	assert_ok(store_commit(f->store, NULL, &bad_condition, on_done, &outcomes[3]));
	assert_ok(result(f, &outcomes[0]));
	assert_rc(result(f, &outcomes[1]), RC_DENIED);
	assert_ok(result(f, &outcomes[2]));
	assert_rc(result(f, &outcomes[3]), RC_DENIED);
	assert_field(f, "good", "x");
	assert_field(f, "bad", NULL);
	assert_field(f, "worse", NULL);
}

static void a_batch_without_writes_or_over_its_limits_is_refused(void **state)
{
	struct fixture *f = *state;
	DROP(store_batch_release) struct store_batch batch = {0};
	static uint8_t big[STORE_VALUE_MAX_BYTES + 1];
	struct outcome outcome = {0};
	char key[STORE_KEY_MAX_BYTES + 2];

	assert_rc(store_commit(f->store, NULL, &batch, on_done, &outcome), RC_MALFORMED);
	assert_ok(store_batch_hash_expect(&batch, NODE, span_text("a"), NULL));
	assert_rc(store_commit(f->store, NULL, &batch, on_done, &outcome), RC_MALFORMED);
	assert_rc(store_batch_hash_set(&batch, NODE, span_text("a"), SPAN(big)), RC_LIMIT);
	assert_rc(store_batch_hash_set(&batch, "", span_text("a"), span_text("b")), RC_LIMIT);
	memset(key, 'k', sizeof key);
	key[STORE_KEY_MAX_BYTES + 1] = '\0';
	assert_rc(store_batch_hash_set(&batch, key, span_text("a"), span_text("b")), RC_LIMIT);
	assert_rc(store_batch_hash_set(&batch, NODE, span_of(big, STORE_FIELD_MAX_BYTES + 1), span_text("b")),
		RC_LIMIT);
	assert_rc(store_batch_set(&batch, NODE, span_text("b"), STORE_EXPIRE_MAX_MS + 1), RC_LIMIT);
	assert_rc(store_batch_expire(&batch, NODE, 0), RC_LIMIT);
	for (unsigned i = 1; i < STORE_BATCH_OPS_MAX; i++)
		assert_ok(store_batch_hash_delete(&batch, NODE, span_text("a")));
	assert_rc(store_batch_hash_delete(&batch, NODE, span_text("a")), RC_LIMIT);
	assert_int_equal(batch.count, STORE_BATCH_OPS_MAX);
	assert_ok(store_wait_commit(f->store, NULL, &batch, WAIT, NULL));
	assert_false(outcome.came);
}

static void the_largest_value_goes_in_and_comes_out(void **state)
{
	struct fixture *f = *state;
	DROP(store_batch_release) struct store_batch batch = {0};
	static uint8_t big[STORE_VALUE_MAX_BYTES];
	struct outcome outcome = {0};

	memset(big, 'x', sizeof big);
	assert_ok(store_batch_hash_set(&batch, NODE, span_text("big"), SPAN(big)));
	assert_ok(store_wait_commit(f->store, NULL, &batch, WAIT, NULL));
	assert_ok(store_hash_get(f->store, NODE, span_text("big"), sizeof big, on_value, &outcome));
	assert_ok(result(f, &outcome));
	assert_int_equal(outcome.len, sizeof big);
}

static void what_was_acknowledged_survives_a_kill(void **state)
{
	struct fixture *f = *state;
	struct outcome outcome = {0};
	DROP(store_batch_release) struct store_batch batch = {0};

	assert_ok(store_batch_hash_set(&batch, NODE, span_text("a"), span_text("durable")));
	assert_ok(store_commit(f->store, NULL, &batch, on_done, &outcome));
	assert_ok(result(f, &outcome));
	redis_server_kill(&f->server);
	redis_server_restart(&f->server);
	assert_ok(store_wait_ready(f->store, WAIT, NULL));
	assert_field(f, "a", "durable");
}

/* Redis replays transactions of several writes under other rules than single ones (redis_conf.c). */
static void what_was_acknowledged_together_survives_a_kill(void **state)
{
	struct fixture *f = *state;

	for (unsigned i = 0; i < 3; i++) {
		DROP(store_batch_release) struct store_batch batch = {0};
		char value[8];

		snprintf(value, sizeof value, "%u", i);
		assert_ok(store_batch_hash_set(&batch, NODE, span_text("a"), span_text(value)));
		assert_ok(store_batch_hash_set(&batch, NODE, span_text("b"), span_text(value)));
		assert_ok(store_batch_set(&batch, "lb:{0}:alias", span_text(value), 60000));
		assert_ok(store_wait_commit(f->store, NULL, &batch, WAIT, NULL));
		redis_server_kill(&f->server);
		redis_server_restart(&f->server);
		assert_ok(store_wait_ready(f->store, WAIT, NULL));
		assert_field(f, "a", value);
		assert_field(f, "b", value);
	}
}

static bool is_ready_again(const void *ctx)
{
	return ((const struct fixture *)ctx)->readies == 2;
}

static bool is_lost(const void *ctx)
{
	return store_status(((const struct fixture *)ctx)->store)->state == STORE_LOST;
}

/* Redis is frozen with the commit in its socket, then killed: nobody knows. The same again gives one result.
 */
static void an_unknown_end_is_an_io_error_and_the_repetition_is_idempotent(void **state)
{
	struct fixture *f = *state;
	struct outcome outcome = {0};
	DROP(store_batch_release) struct store_batch batch = {0};

	assert_ok(store_batch_hash_set(&batch, NODE, span_text("a"), span_text("one")));
	assert_ok(store_batch_hash_expect(&batch, NODE, span_text("a"), NULL));
	redis_server_freeze(&f->server);
	assert_ok(store_commit(f->store, NULL, &batch, on_done, &outcome));
	store_on_writable(f->store);
	assert_false(outcome.came);
	redis_server_kill(&f->server);
	assert_rc(result(f, &outcome), RC_IO);
	redis_server_restart(&f->server);
	assert_ok(store_wait_until(f->store, is_ready_again, f, WAIT, NULL));
	for (unsigned i = 0; i < 2; i++)
		assert_ok(swap(f, "a", NULL, "one"));
	assert_field(f, "a", "one");
}

/* The other half: Redis wrote it, the answer was lost. */
static void a_write_without_its_answer_is_found_by_the_repetition(void **state)
{
	struct fixture *f = *state;
	struct outcome outcome = {0};
	DROP(store_batch_release) struct store_batch batch = {0};

	assert_ok(store_batch_hash_set(&batch, NODE, span_text("a"), span_text("one")));
	assert_ok(store_commit(f->store, NULL, &batch, on_done, &outcome));
	store_on_writable(f->store);
	/* Its fsync is done when another connection sees it: then the answer is in our socket, unread. */
	while (strcmp(redis_say(&f->server, REDIS_USERS, "HGET", NODE, "a", NULL), "$3\r\none\r\n") != 0)
		;
	store_close(&f->store);
	assert_true(outcome.came);
	assert_int_equal(outcome.rc, RC_IO);
	redis_server_kill(&f->server);
	redis_server_restart(&f->server);
	connect_as(f, REDIS_REGISTRAR);
	assert_ok(swap(f, "a", NULL, "one"));
	assert_field(f, "a", "one");
}

static void without_a_connection_calls_fail_at_once(void **state)
{
	struct fixture *f = *state;
	struct outcome outcome = {0};
	DROP(store_batch_release) struct store_batch batch = {0};

	redis_server_kill(&f->server);
	assert_ok(store_wait_until(f->store, is_lost, f, WAIT, NULL));
	assert_ok(store_batch_hash_set(&batch, NODE, span_text("a"), span_text("one")));
	assert_rc(store_commit(f->store, NULL, &batch, on_done, &outcome), RC_IO);
	assert_int_equal(batch.count, 1);
	assert_rc(store_get(f->store, NODE, 1, on_value, &outcome), RC_IO);
	assert_rc(store_hash_get(f->store, NODE, span_text("a"), 1, on_value, &outcome), RC_IO);
	assert_rc(store_hash_each(f->store, NODE, 1, NULL, on_done, &outcome), RC_IO);
	assert_false(outcome.came);
	redis_server_restart(&f->server);
	assert_ok(store_wait_ready(f->store, WAIT, NULL));
}

static void a_frozen_redis_is_given_up_after_its_time(void **state)
{
	struct fixture *f = *state;
	struct outcome outcome = {0};

	redis_server_freeze(&f->server);
	assert_ok(store_hash_get(f->store, NODE, span_text("a"), 1, on_value, &outcome));
	assert_rc(result(f, &outcome), RC_IO);
	assert_int_equal(store_status(f->store)->why, RC_TIMEOUT);
	redis_server_thaw(&f->server);
	assert_ok(store_wait_ready(f->store, WAIT, NULL));
	assert_int_equal(f->restarts, 0);
}

static void a_restart_is_noticed_also_when_redis_comes_back_empty(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(store_status(f->store)->generation, 1);
	assert_ok(set(f, NODE, "a", "one"));
	redis_server_stop(&f->server);
	assert_ok(store_wait_until(f->store, is_lost, f, WAIT, NULL));
	redis_server_restart_empty(&f->server);
	assert_ok(store_wait_until(f->store, is_ready_again, f, WAIT, NULL));
	assert_int_equal(f->restarts, 1);
	assert_true(store_status(f->store)->restarted);
	assert_int_equal(store_status(f->store)->generation, 2);
	assert_field(f, "a", NULL);
}

static void a_new_connection_to_the_same_process_is_no_restart(void **state)
{
	struct fixture *f = *state;

	redis_say(&f->server, REDIS_USERS, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes", NULL);
	assert_ok(store_wait_until(f->store, is_ready_again, f, WAIT, NULL));
	assert_int_equal(f->restarts, 0);
	assert_int_equal(store_status(f->store)->generation, 1);
}

static void a_wrong_password_is_told_at_once(void **state)
{
	struct fixture *f = *state;
	struct store_options options = redis_server_options(&f->server, REDIS_REGISTRAR);
	DROP(store_close) struct store *store = NULL;
	struct err err = {0};

	options.password = span_text("test password of somebody");
	assert_ok(store_open(&options, &store, &err));
	assert_rc(store_wait_ready(store, WAIT, &err), RC_DENIED);
	assert_non_null(strstr(err.text, "registrar"));
	assert_null(strstr(err.text, "somebody"));
}

static void options_that_make_no_sense_are_refused(void **state)
{
	static const struct {
		const char *path;
		const char *host;
		uint16_t port;
		bool is_protected;
		const char *user;
		enum rc rc;
	} table[] = {
		{NULL, NULL, 0, false, "u", RC_MALFORMED},
		{"/a", "127.0.0.1", 1, false, "u", RC_MALFORMED},
		{"a", NULL, 0, false, "u", RC_MALFORMED},
		{"/a", NULL, 0, false, "", RC_MALFORMED},
		{"/a", NULL, 0, false, NULL, RC_MALFORMED},
		{NULL, "127.0.0.1", 0, false, "u", RC_MALFORMED},
		{NULL, "localhost", 1, false, "u", RC_MALFORMED},
		{NULL, "192.0.2.1", 1, false, "u", RC_DENIED},
		{NULL, "0.0.0.0", 1, false, "u", RC_DENIED},
		{NULL, "2001:db8::1", 1, false, "u", RC_DENIED},
		{NULL, "192.0.2.1", 1, true, "u", RC_OK},
		{NULL, "127.1.2.3", 1, false, "u", RC_OK},
		{NULL, "::1", 1, false, "u", RC_OK},
		{"/a", NULL, 0, false, "u", RC_OK},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		DROP(store_close) struct store *store = NULL;
		struct store_options options = {.path = table[i].path,
			.host = table[i].host,
			.port = table[i].port,
			.off_host_is_protected = table[i].is_protected,
			.user = table[i].user,
			.password = span_text("p")};

		assert_rc(store_open(&options, &store, NULL), table[i].rc);
	}
}

#define MANY 20000u

struct seen {
	uint8_t times[MANY];
	size_t count;
	size_t stop_at;
};

static bool see(void *ctx, struct span field, struct span value)
{
	struct seen *seen = ctx;
	char text[16] = "";

	assert_true(field.len < sizeof text);
	memcpy(text, field.at, field.len);
	assert_int_equal(value.len, 200);
	seen->times[strtoul(text, NULL, 10)]++;
	seen->count++;
	return seen->count != seen->stop_at;
}

static void fill(struct fixture *f)
{
	uint8_t value[200];
	char field[16];
	unsigned i = 0;

	memset(value, 'v', sizeof value);
	while (i < MANY) {
		DROP(store_batch_release) struct store_batch batch = {0};

		for (unsigned j = 0; j < 100; j++, i++) {
			snprintf(field, sizeof field, "%u", i);
			assert_ok(store_batch_hash_set(&batch, NODE, span_text(field), SPAN(value)));
		}
		assert_ok(store_wait_commit(f->store, NULL, &batch, WAIT, NULL));
	}
}

static void twenty_thousand_records_are_read_in_chunks(void **state)
{
	struct fixture *f = *state;
	struct seen *seen = test_calloc(1, sizeof *seen);

	fill(f);
	assert_ok(store_wait_each(f->store, NODE, STORE_RECORD_MAX_BYTES, see, seen, WAIT, NULL));
	for (unsigned i = 0; i < MANY; i++)
		assert_true(seen->times[i] >= 1);
	/* Enough is enough. */
	*seen = (struct seen){.stop_at = 3};
	assert_ok(store_wait_each(f->store, NODE, STORE_RECORD_MAX_BYTES, see, seen, WAIT, NULL));
	assert_int_equal(seen->count, 3);
	/* One that is too long is left out, and it is said. */
	*seen = (struct seen){0};
	assert_ok(set(f, NODE, "1", "short"));
	redis_say(&f->server, REDIS_USERS, "HDEL", NODE, "1", NULL);
	assert_rc(store_wait_each(f->store, NODE, 199, see, seen, WAIT, NULL), RC_LIMIT);
	assert_int_equal(seen->count, 0);
	test_free(seen);
}

static void a_hash_that_is_not_there_has_no_fields(void **state)
{
	struct fixture *f = *state;

	assert_ok(store_wait_each(f->store, NODE, 64, see, NULL, WAIT, NULL));
}

static void the_shipped_configuration_is_durable_and_others_are_told_apart(void **state)
{
	struct fixture *f = *state;
	struct redis_server weak;
	struct fixture g = {0};
	const char *text = NULL;

	assert_int_equal(store_durability(f->store, &text), STORE_DURABILITY_DURABLE);
	redis_server_open(&weak, "appendfsync everysec\nmaxmemory-policy allkeys-lru\n");
	g.server = weak;
	connect_as(&g, REDIS_DOCTOR);
	assert_int_equal(store_durability(g.store, &text), STORE_DURABILITY_WEAK);
	assert_non_null(strstr(text, "appendfsync: everysec, expected always"));
	assert_non_null(strstr(text, "maxmemory-policy: allkeys-lru, expected noeviction"));
	assert_null(strstr(text, "appendonly"));
	store_close(&g.store);
	redis_server_close(&weak);
	redis_server_stop(&f->server);
	assert_ok(store_wait_until(f->store, is_lost, f, WAIT, NULL));
	assert_int_equal(store_durability(f->store, &text), STORE_DURABILITY_UNKNOWN);
}

static void a_missing_replica_stops_acknowledgements(void **state)
{
	struct fixture *f = *state;
	struct store_options options = redis_server_options(&f->server, REDIS_REGISTRAR);
	DROP(store_batch_release) struct store_batch batch = {0};
	DROP(store_close) struct store *store = NULL;
	struct err err = {0};
	const char *text = NULL;

	options.replicas = 1;
	options.replica_ms = 50;
	assert_ok(store_open(&options, &store, &err));
	assert_ok(store_wait_ready(store, WAIT, &err));
	assert_int_equal(store_durability(store, &text), STORE_DURABILITY_WEAK);
	assert_non_null(strstr(text, "0 connected, 1 expected"));
	assert_ok(store_batch_hash_set(&batch, NODE, span_text("a"), span_text("one")));
	assert_rc(store_wait_commit(store, NULL, &batch, WAIT, &err), RC_IO);
	assert_non_null(strstr(err.text, "0 of 1 replicas"));
	assert_field(f, "a", "one");
}

static void a_key_with_an_end_goes_away(void **state)
{
	struct fixture *f = *state;
	DROP(store_batch_release) struct store_batch batch = {0};
	struct outcome outcome = {0};
	const char *left;

	assert_ok(store_batch_set(&batch, "lb:{0}:alias", span_text("one"), 60000));
	assert_ok(store_wait_commit(f->store, NULL, &batch, WAIT, NULL));
	left = redis_say(&f->server, REDIS_USERS, "PTTL", "lb:{0}:alias", NULL);
	assert_in_range(strtol(left + 1, NULL, 10), 1, 60000);
	assert_ok(store_get(f->store, "lb:{0}:alias", 3, on_value, &outcome));
	assert_ok(result(f, &outcome));
	assert_string_equal(outcome.text, "one");
	assert_ok(store_batch_delete(&batch, "lb:{0}:alias"));
	assert_ok(store_wait_commit(f->store, NULL, &batch, WAIT, NULL));
	outcome = (struct outcome){0};
	assert_ok(store_get(f->store, "lb:{0}:alias", 3, on_value, &outcome));
	assert_rc(result(f, &outcome), RC_NOT_FOUND);
}

/* Another writer touches the hash all the time: the group looks again until it gets through. */
static void a_busy_hash_does_not_lose_a_commit(void **state)
{
	struct fixture *f = *state;
	struct outcome outcome = {0};
	DROP(store_batch_release) struct store_batch batch = {0};

	assert_ok(store_batch_hash_expect(&batch, NODE, span_text("a"), NULL));
	assert_ok(store_batch_hash_set(&batch, NODE, span_text("a"), span_text("one")));
	assert_ok(store_commit(f->store, NULL, &batch, on_done, &outcome));
	for (unsigned i = 0; i < 5; i++) {
		store_on_writable(f->store);
		redis_say(&f->server, REDIS_USERS, "HSET", NODE, "busy", "x", NULL);
		store_on_readable(f->store);
	}
	assert_ok(result(f, &outcome));
	assert_field(f, "a", "one");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)

/* ---- Streams ---- */

#define NOTICES "lb:{0}:notices"

struct entries {
	struct outcome outcome;
	size_t count;
	uint64_t numbers[8];
	char last[64];
	size_t stop_after;
};

static bool on_entry(void *ctx, uint64_t number, struct span entry)
{
	struct entries *entries = ctx;

	assert_true(entries->count < COUNT(entries->numbers));
	entries->numbers[entries->count++] = number;
	snprintf(entries->last, sizeof entries->last, "%.*s", SPAN_FMT(entry));
	return entries->count != entries->stop_after;
}

static void on_entries(void *ctx, enum rc rc)
{
	on_done(&((struct entries *)ctx)->outcome, rc);
}

static enum rc read_entries(
	struct fixture *f, uint64_t from, size_t count, size_t max, size_t stop_after, struct entries *out)
{
	*out = (struct entries){.stop_after = stop_after};
	TRY(store_stream_range(f->store, NOTICES, from, count, max, on_entry, on_entries, out));
	return result(f, &out->outcome);
}

static enum rc add_entries(struct fixture *f, uint64_t last, uint64_t first, const char *const *texts)
{
	DROP(store_batch_release) struct store_batch batch = {0};

	assert_ok(store_batch_stream_expect(&batch, NOTICES, last));
	for (size_t i = 0; texts[i] != NULL; i++)
		assert_ok(store_batch_stream_add(&batch, NOTICES, first + i, span_text(texts[i])));
	return store_wait_commit(f->store, NULL, &batch, WAIT, NULL);
}

static int open_streams(void **state)
{
	struct fixture *f;

	if (open_all(state) != 0)
		return -1;
	f = *state;
	store_close(&f->store);
	connect_as(f, REDIS_REVOCATION);
	return 0;
}

static void entries_follow_the_last_one_or_are_not_written(void **state)
{
	static const char *const first[] = {"a", "b", NULL};
	static const char *const more[] = {"c", NULL};
	struct fixture *f = *state;
	struct entries entries;

	assert_rc(add_entries(f, 1, 2, first), RC_NOT_FOUND);
	assert_ok(add_entries(f, 0, 1, first));
	assert_rc(add_entries(f, 0, 1, first), RC_EXISTS);
	assert_rc(add_entries(f, 1, 2, more), RC_EXISTS);
	assert_rc(add_entries(f, 3, 4, more), RC_EXISTS);
	assert_ok(add_entries(f, 2, 3, more));
	assert_ok(read_entries(f, 1, 8, 64, 0, &entries));
	assert_int_equal(entries.count, 3);
	assert_int_equal(entries.numbers[2], 3);
	assert_string_equal(entries.last, "c");
}

static void a_range_is_read_within_its_bounds(void **state)
{
	static const char *const texts[] = {"a", "b", "ccc", "d", NULL};
	struct fixture *f = *state;
	struct entries entries = {0};

	assert_ok(read_entries(f, 1, 8, 64, 0, &entries));
	assert_int_equal(entries.count, 0);
	assert_ok(add_entries(f, 0, 1, texts));
	assert_ok(read_entries(f, 2, 2, 64, 0, &entries));
	assert_int_equal(entries.count, 2);
	assert_int_equal(entries.numbers[0], 2);
	assert_ok(read_entries(f, 5, 8, 64, 0, &entries));
	assert_int_equal(entries.count, 0);
	assert_ok(read_entries(f, 1, 8, 64, 2, &entries));
	assert_int_equal(entries.count, 2);
	/* One that is too long leaves out all of them. */
	assert_rc(read_entries(f, 1, 8, 2, 0, &entries), RC_LIMIT);
	assert_int_equal(entries.count, 0);
	assert_rc(read_entries(f, 1, STORE_STREAM_CHUNK_MAX + 1, 64, 0, &entries), RC_LIMIT);
	assert_rc(read_entries(f, 1, 1024, (16u << 10) + 1, 0, &entries), RC_LIMIT);
	entries = (struct entries){0};
	assert_ok(store_stream_last(f->store, NOTICES, 64, on_entry, on_entries, &entries));
	assert_ok(result(f, &entries.outcome));
	assert_int_equal(entries.numbers[0], 4);
	assert_string_equal(entries.last, "d");
}

static void a_thousand_entries_are_one_transaction(void **state)
{
	struct fixture *f = *state;
	DROP(store_batch_release) struct store_batch batch = {0};
	struct entries entries = {0};

	assert_ok(store_batch_stream_expect(&batch, NOTICES, 0));
	for (uint64_t number = 1; number <= 1024; number++)
		assert_ok(store_batch_stream_add(&batch, NOTICES, number, span_text("x")));
	assert_rc(store_batch_stream_add(&batch, NOTICES, 0, span_text("x")), RC_LIMIT);
	assert_ok(store_wait_commit(f->store, NULL, &batch, WAIT, NULL));
	assert_ok(store_stream_last(f->store, NOTICES, 64, on_entry, on_entries, &entries));
	assert_ok(result(f, &entries.outcome));
	assert_int_equal(entries.numbers[0], 1024);
}

static void what_need_not_be_kept_goes_and_the_rest_stays(void **state)
{
	struct fixture *f = *state;
	DROP(store_batch_release) struct store_batch batch = {0};
	DROP(store_batch_release) struct store_batch next = {0};
	struct entries entries = {0};

	for (uint64_t number = 1; number <= 512; number++)
		assert_ok(store_batch_stream_add(&batch, NOTICES, number, span_text("x")));
	assert_ok(store_wait_commit(f->store, NULL, &batch, WAIT, NULL));
	assert_rc(store_batch_stream_roll(&next, NOTICES, 513, 514, span_text("y")), RC_LIMIT);
	assert_ok(store_batch_stream_expect(&next, NOTICES, 512));
	assert_ok(store_batch_stream_roll(&next, NOTICES, 513, 500, span_text("y")));
	assert_ok(store_wait_commit(f->store, NULL, &next, WAIT, NULL));
	assert_ok(read_entries(f, 1, 8, 64, 0, &entries));
	assert_in_range(entries.numbers[0], 2, 500);
	assert_ok(read_entries(f, 500, 8, 64, 0, &entries));
	assert_int_equal(entries.numbers[0], 500);
	entries = (struct entries){0};
	assert_ok(store_stream_last(f->store, NOTICES, 64, on_entry, on_entries, &entries));
	assert_ok(result(f, &entries.outcome));
	assert_string_equal(entries.last, "y");
}

static void what_is_no_stream_of_ours_is_malformed(void **state)
{
	struct fixture *f = *state;
	static const char *const more[] = {"c", NULL};
	struct entries entries;

	redis_say(&f->server, REDIS_USERS, "XADD", NOTICES, "1-1", "s", "v", NULL);
	assert_rc(read_entries(f, 1, 8, 64, 0, &entries), RC_MALFORMED);
	assert_rc(add_entries(f, 1, 2, more), RC_MALFORMED);
	redis_say(&f->server, REDIS_USERS, "DEL", NOTICES, NULL);
	redis_say(&f->server, REDIS_USERS, "XADD", NOTICES, "1-0", "t", "v", NULL);
	assert_rc(read_entries(f, 1, 8, 64, 0, &entries), RC_MALFORMED);
	redis_say(&f->server, REDIS_USERS, "DEL", NOTICES, NULL);
	redis_say(&f->server, REDIS_USERS, "XADD", NOTICES, "1-0", "s", "v", "s", "w", NULL);
	assert_rc(read_entries(f, 1, 8, 64, 0, &entries), RC_MALFORMED);
	redis_say(&f->server, REDIS_USERS, "DEL", NOTICES, NULL);
	redis_say(&f->server, REDIS_USERS, "SET", NOTICES, "v", NULL);
	assert_rc(read_entries(f, 1, 8, 64, 0, &entries), RC_MALFORMED);
	assert_rc(add_entries(f, 0, 1, more), RC_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_committed_field_is_read_back),
		TEST(an_empty_value_is_a_value),
		TEST(a_value_longer_than_asked_for_is_refused),
		TEST(a_key_of_another_type_is_malformed_for_reads_and_writes),
		TEST(a_condition_that_holds_lets_the_batch_through),
		TEST(a_condition_that_fails_writes_nothing),
		TEST(a_batch_that_was_written_before_may_be_repeated),
		TEST(a_delete_is_repeatable_and_its_condition_counts),
		TEST(commits_in_one_group_keep_their_order_and_their_own_answers),
		TEST(a_condition_on_what_an_earlier_commit_writes_sees_it),
		TEST(one_forbidden_commit_does_not_take_its_group_with_it),
		TEST(a_batch_without_writes_or_over_its_limits_is_refused),
		TEST(the_largest_value_goes_in_and_comes_out),
		TEST(what_was_acknowledged_survives_a_kill),
		TEST(what_was_acknowledged_together_survives_a_kill),
		TEST(an_unknown_end_is_an_io_error_and_the_repetition_is_idempotent),
		TEST(a_write_without_its_answer_is_found_by_the_repetition),
		TEST(without_a_connection_calls_fail_at_once),
		TEST(a_frozen_redis_is_given_up_after_its_time),
		TEST(a_restart_is_noticed_also_when_redis_comes_back_empty),
		TEST(a_new_connection_to_the_same_process_is_no_restart),
		TEST(a_wrong_password_is_told_at_once),
		cmocka_unit_test(options_that_make_no_sense_are_refused),
		TEST(twenty_thousand_records_are_read_in_chunks),
		TEST(a_hash_that_is_not_there_has_no_fields),
		TEST(the_shipped_configuration_is_durable_and_others_are_told_apart),
		TEST(a_missing_replica_stops_acknowledgements),
		TEST(a_key_with_an_end_goes_away),
		TEST(a_busy_hash_does_not_lose_a_commit),
		cmocka_unit_test_setup_teardown(
			entries_follow_the_last_one_or_are_not_written, open_streams, close_all),
		cmocka_unit_test_setup_teardown(a_range_is_read_within_its_bounds, open_streams, close_all),
		cmocka_unit_test_setup_teardown(
			a_thousand_entries_are_one_transaction, open_streams, close_all),
		cmocka_unit_test_setup_teardown(
			what_need_not_be_kept_goes_and_the_rest_stays, open_streams, close_all),
		cmocka_unit_test_setup_teardown(
			what_is_no_stream_of_ours_is_malformed, open_streams, close_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
