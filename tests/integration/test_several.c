/* Two revocation services: one leads, and whatever happens to it, to the other, to a file or to Redis, every
 * notice is there once, and a log that was altered is refused loudly. */
#include "tests/integration/pair_rig.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/base/hex.h"
#include "lib/crypto/digest.h"
#include "lib/store/commit.h"
#include "lib/store/stream.h"

#define NOTICES "lb:{0}:notices"

static uint64_t mono_ms(void)
{
	return clock_mono_ms(clock_system());
}

static enum member other(enum member service)
{
	return service == ONE ? TWO : ONE;
}

static int open_pair(void **state)
{
	struct pair *pair = pair_open();

	pair_start(pair, ONE);
	pair_start(pair, TWO);
	*state = pair;
	return 0;
}

static int close_pair(void **state)
{
	pair_close(*state);
	return 0;
}

/* A new cause to this service, taken. */
static void take_verdict(struct pair *pair, enum member service, uint64_t number)
{
	DROP(blob_release) struct blob cause = {0};

	pair_verdict(pair, number, &cause);
	assert_ok(pair_put(pair, service, &cause));
	assert_int_equal(pair->answer_type, MSG_TYPE_ok);
}

/* ---- leading and following ---- */

static void one_leads_and_the_other_one_tells_who(void **state)
{
	struct pair *pair = *state;
	enum member leader = pair_leader(pair);
	enum member follower = other(leader);
	DROP(blob_release) struct blob cause = {0};
	struct msg msg;

	pair_listen(pair, follower);
	PAIR_UNTIL(pair, pair->heard[follower].heads > 0);
	pair_verdict(pair, 1, &cause);
	PAIR_UNTIL(pair, pair_put(pair, follower, &cause) == RC_OK);
	assert_ok(msg_decode_as(blob_span(&pair->answer), MSG_TYPE_moved, &msg));
	assert_true(span_is(msg.moved.name, pair->members[leader].name));
	assert_ok(pair_put(pair, leader, &cause));
	assert_int_equal(pair->answer_type, MSG_TYPE_ok);
	/* The follower says it too, and knows who leads. */
	PAIR_UNTIL(pair, pair->heard[follower].notices == 1 && pair->heard[follower].head == 1);
	assert_string_equal(pair->heard[follower].leader, pair->members[leader].name);
	pair_has(pair, follower, 1);
	pair_has(pair, leader, 1);
}

static void a_killed_leader_is_replaced_without_loss_or_repetition(void **state)
{
	struct pair *pair = *state;
	enum member leader = pair_leader(pair);
	DROP(blob_release) struct blob cause = {0};

	for (uint64_t number = 1; number <= 3; number++) {
		enum member next = other(leader);
		uint64_t killed;

		pair_verdict(pair, number, &cause);
		assert_ok(pair_put(pair, leader, &cause));
		pair_kill(pair, leader);
		killed = mono_ms();
		assert_int_equal(pair_leader(pair), next);
		if (mono_ms() - killed > PAIR_TAKE_OVER_MS)
			fail_msg("taken over after %llu ms", (unsigned long long)(mono_ms() - killed));
		/* The same cause, to the new leader. */
		assert_ok(pair_put(pair, next, &cause));
		assert_int_equal(pair->answer_type, MSG_TYPE_ok);
		pair_has(pair, next, number);
		pair_start(pair, leader);
		pair_has(pair, leader, number);
		leader = next;
	}
}

static void ignore_answer(void *ctx, enum rc rc, const struct msg *reply, struct span frame)
{
	(void)ctx;
	(void)rc;
	(void)reply;
	(void)frame;
}

static void a_leader_that_dies_in_the_middle_leaves_each_cause_once(void **state)
{
	struct pair *pair = *state;
	enum member leader = pair_leader(pair);
	DROP(blob_release) struct blob cause = {0};

	for (uint64_t number = 1; number <= 3; number++) {
		struct msg put = {.type = MSG_TYPE_cause_put};

		take_verdict(pair, leader, 2 * number - 1);
		pair_verdict(pair, 2 * number, &cause);
		put.cause_put.cause = blob_span(&cause);
		/* It dies somewhere between the request and its answer. */
		assert_ok(client_call(
			pair->client[leader][VERIFIER], &put, 10000, 300, ignore_answer, NULL, NULL));
		pair_pass_ms(pair, number);
		pair_kill(pair, leader);
		assert_int_equal(pair_leader(pair), other(leader));
		assert_ok(pair_put(pair, other(leader), &cause));
		pair_has(pair, other(leader), 2 * number);
		pair_start(pair, leader);
		leader = other(leader);
	}
	pair_has(pair, other(leader), 6);
}

static void a_leader_that_was_frozen_does_no_harm(void **state)
{
	struct pair *pair = *state;
	enum member leader = pair_leader(pair);
	enum member next = other(leader);
	DROP(blob_release) struct blob cause = {0};
	struct msg put = {.type = MSG_TYPE_cause_put};
	uint64_t thawed;

	take_verdict(pair, leader, 1);
	pair_listen(pair, leader);
	PAIR_UNTIL(pair, pair->heard[leader].head == 1);
	pair_verdict(pair, 2, &cause);
	put.cause_put.cause = blob_span(&cause);
	kill(pair->pid[leader], SIGSTOP);
	/* This one lies in its socket when it thaws. */
	assert_ok(client_call(pair->client[leader][VERIFIER], &put, 9000, 9000, ignore_answer, NULL, NULL));
	PAIR_UNTIL(pair, pair_serves(pair, next));
	take_verdict(pair, next, 3);
	pair_pass_ms(pair, 300);
	thawed = mono_ms();
	kill(pair->pid[leader], SIGCONT);
	/* What it says from now on is what everybody says. */
	PAIR_UNTIL(pair, pair->heard[leader].head_mono_ms > thawed);
	assert_int_equal(pair->heard[leader].head, 2);
	assert_string_equal(pair->heard[leader].leader, pair->members[next].name);
	pair_has(pair, next, 2);
	pair_has(pair, leader, 2);
	/* The cause was older than the one that the new leader took. */
	assert_ok(pair_put(pair, next, &cause));
	pair_has(pair, next, 2);
}

/* ---- Redis ---- */

static void redis_that_dies_in_the_middle_loses_and_doubles_nothing(void **state)
{
	struct pair *pair = *state;
	DROP(blob_release) struct blob cause = {0};

	pair_kill(pair, TWO);
	for (uint64_t number = 1; number <= 4; number++) {
		struct msg put = {.type = MSG_TYPE_cause_put};

		assert_int_equal(pair_leader(pair), ONE);
		pair_verdict(pair, number, &cause);
		put.cause_put.cause = blob_span(&cause);
		assert_ok(client_call(
			pair->client[ONE][VERIFIER], &put, 10000, 300, ignore_answer, NULL, NULL));
		pair_pass_ms(pair, number - 1);
		redis_server_kill(&pair->redis);
		pair_pass_ms(pair, 30);
		redis_server_restart(&pair->redis);
		assert_int_equal(pair_leader(pair), ONE);
		assert_ok(pair_put(pair, ONE, &cause));
		pair_has(pair, ONE, number);
	}
}

static void without_redis_nobody_signs_heads(void **state)
{
	struct pair *pair = *state;
	unsigned heads;

	pair_listen(pair, ONE);
	pair_listen(pair, TWO);
	PAIR_UNTIL(pair, pair->heard[ONE].heads > 0 && pair->heard[TWO].heads > 0);
	redis_server_kill(&pair->redis);
	pair_pass_ms(pair, 2600);
	heads = pair->heard[ONE].heads + pair->heard[TWO].heads;
	pair_pass_ms(pair, 1500);
	assert_int_equal(pair->heard[ONE].heads + pair->heard[TWO].heads, heads);
	redis_server_restart(&pair->redis);
	PAIR_UNTIL(pair, pair->heard[ONE].heads + pair->heard[TWO].heads > heads + 1);
}

static void a_store_that_was_put_back_is_brought_up(void **state)
{
	struct pair *pair = *state;
	enum member leader = pair_leader(pair);

	for (uint64_t number = 1; number <= 3; number++)
		take_verdict(pair, leader, number);
	pair_has(pair, other(leader), 3);
	pair_kill(pair, ONE);
	pair_kill(pair, TWO);
	redis_server_kill(&pair->redis);
	redis_server_restart_empty(&pair->redis);
	pair_start(pair, TWO);
	assert_int_equal(pair_leader(pair), TWO);
	assert_true(pair_logged(pair, TWO, "store.put_back"));
	take_verdict(pair, TWO, 4);
	pair_has(pair, TWO, 4);
	pair_start(pair, ONE);
	pair_has(pair, ONE, 4);
}

static void a_file_that_was_lost_is_read_from_redis(void **state)
{
	struct pair *pair = *state;
	char path[SCRATCH_FILE_BYTES];
	enum member leader = pair_leader(pair);

	for (uint64_t number = 1; number <= 3; number++)
		take_verdict(pair, leader, number);
	pair_kill(pair, leader);
	assert_int_equal(unlink(pair_file(pair, leader, "notices.log", path)), 0);
	assert_int_equal(pair_leader(pair), other(leader));
	pair_start(pair, leader);
	pair_has(pair, leader, 3);
	/* What is known from the log is known again: an old verdict is stale. */
	pair_kill(pair, other(leader));
	assert_int_equal(pair_leader(pair), leader);
	take_verdict(pair, leader, 2);
	pair_has(pair, leader, 3);
}

/* ---- altered logs ---- */

/* Put an entry into the Stream as a thief of the revocation service's password could. */
static void add_entry(struct pair *pair, uint64_t number, struct span entry)
{
	struct store_options options = redis_server_options(&pair->redis, REDIS_REVOCATION);
	DROP(store_batch_release) struct store_batch batch = {0};
	struct store *store = NULL;

	assert_ok(store_open(&options, &store, NULL));
	assert_ok(store_wait_ready(store, 5000, NULL));
	assert_ok(store_batch_stream_add(&batch, NOTICES, number, entry));
	assert_ok(store_wait_commit(store, NULL, &batch, 5000, NULL));
	store_close(&store);
}

static void lapsed(
	struct pair *pair, enum member signer, uint64_t seq, const uint8_t *previous, struct blob *out)
{
	static const uint8_t node[NODE_ID_BYTES] = {9};
	struct msg msg = {.type = MSG_TYPE_notice,
		.notice = {.seq = seq,
			.previous = span_of(previous, HASH_BYTES),
			.kind = span_text("lapsed"),
			.node = SPAN(node),
			.time = clock_wall_ms(clock_system())}};

	blob_clear(out);
	assert_ok(signed_make(&pair->who[signer].sign, &msg, out, NULL));
}

static void a_fork_is_refused_loudly(void **state)
{
	static const uint8_t none[HASH_BYTES] = {0};
	struct pair *pair = *state;
	DROP(blob_release) struct blob entry = {0};
	uint8_t hash[HASH_BYTES];
	char digits[HEX_BYTES(HASH_BYTES)], words[256];
	int status;

	take_verdict(pair, pair_leader(pair), 1);
	pair_has(pair, ONE, 1);
	pair_has(pair, TWO, 1);
	pair_kill(pair, ONE);
	/* TWO runs while another history is put under it, rightly signed. */
	redis_say(&pair->redis, REDIS_USERS, "DEL", NOTICES, NULL);
	lapsed(pair, ONE, 1, none, &entry);
	add_entry(pair, 1, blob_span(&entry));
	assert_ok(digest_bytes(DIGEST_SHA256, blob_span(&entry), hash));
	pair_start(pair, ONE);
	status = pair_wait_end(pair, ONE);
	assert_int_equal(status, EX_SOFTWARE);
	snprintf(words, sizeof words, "and %s in Redis", hex_encode(SPAN(hash), digits));
	assert_true(pair_logged(pair, ONE, "the log was forked: notice 1 is "));
	assert_true(pair_logged(pair, ONE, words));
}

static void a_history_that_others_signed_is_not_taken(void **state)
{
	struct pair *pair = *state;
	enum member leader = pair_leader(pair);
	DROP(blob_release) struct blob entry = {0};
	DROP(blob_release) struct blob cause = {0};
	uint8_t hash[HASH_BYTES] = {0};
	struct msg get = {.type = MSG_TYPE_notices_get, .notices_get = {.from = 1}};
	struct elem_item item;
	struct list list;

	take_verdict(pair, leader, 1);
	pair_has(pair, other(leader), 1);
	assert_ok(pair_ask(pair, leader, VIEWER, &get));
	assert_ok(msg_decode_as(blob_span(&pair->answer), MSG_TYPE_notices, &get));
	list = get.notices.notices;
	assert_true(ELEM_NEXT(item, &list, &item));
	assert_ok(digest_bytes(DIGEST_SHA256, item.bytes, hash));
	lapsed(pair, VERIFIER, 2, hash, &entry);
	add_entry(pair, 2, blob_span(&entry));
	PAIR_UNTIL(pair, pair_logged(pair, other(leader), "journal.trouble"));
	/* Neither leads any more, nor says that it is current; what is there is still served to nobody as the
	 * whole. */
	pair_verdict(pair, 2, &cause);
	PAIR_UNTIL(pair, pair_put(pair, leader, &cause) == RC_TIMEOUT);
	get = (struct msg){.type = MSG_TYPE_notices_get, .notices_get = {.from = 1}};
	PAIR_UNTIL(pair, pair_ask(pair, leader, VIEWER, &get) == RC_TIMEOUT);
	assert_rc(pair_ask(pair, other(leader), VIEWER, &get), RC_TIMEOUT);
	assert_true(pair->pid[ONE] > 0 && pair->pid[TWO] > 0);
}

/* A service whose key was stolen: it signs a notice, and makes up what the tenant says in it. */
static void a_made_up_cause_is_not_taken_from_another_service(void **state)
{
	static const uint8_t none[HASH_BYTES] = {0};
	static const uint8_t node[NODE_ID_BYTES] = {9};
	struct pair *pair = *state;
	uint64_t now = clock_wall_ms(clock_system());
	struct msg profile = {.type = MSG_TYPE_profile, .profile = {.node = SPAN(node), .time = now}};
	struct msg notice = {.type = MSG_TYPE_notice,
		.notice = {.seq = 1,
			.previous = SPAN(none),
			.kind = span_text("described"),
			.node = SPAN(node),
			.time = now}};
	struct msg get = {.type = MSG_TYPE_profile_get, .profile_get = {SPAN(node)}};
	DROP(blob_release) struct blob cause = {0};
	DROP(blob_release) struct blob entry = {0};
	enum member follower = other(pair_leader(pair));

	assert_ok(signed_make(&pair->who[other(follower)].sign, &profile, &cause, NULL));
	notice.notice.cause = blob_span(&cause);
	assert_ok(signed_make(&pair->who[other(follower)].sign, &notice, &entry, NULL));
	add_entry(pair, 1, blob_span(&entry));
	PAIR_UNTIL(pair, pair_logged(pair, follower, "journal.trouble"));
	assert_rc(pair_ask(pair, follower, VIEWER, &get), RC_NOT_FOUND);
	assert_true(pair->pid[ONE] > 0 && pair->pid[TWO] > 0);
}

/* ---- subscribers and batches ---- */

static bool is_told(struct pair *pair, enum member service, uint64_t acted, bool connected)
{
	struct msg get = {.type = MSG_TYPE_subscribers_get};
	struct elem_subscriber item;
	struct list list;

	assert_ok(pair_ask(pair, service, VIEWER, &get));
	assert_ok(msg_decode_as(blob_span(&pair->answer), MSG_TYPE_subscribers, &get));
	list = get.subscribers.subscribers;
	while (ELEM_NEXT(subscriber, &list, &item))
		if (span_is(item.name, "vpn"))
			return item.role == ROLE_PLUGIN && item.acted == acted && item.heard != 0 &&
			       item.connected == connected;
	return false;
}

static void acknowledgements_are_known_to_both(void **state)
{
	struct pair *pair = *state;
	enum member leader = pair_leader(pair);
	struct msg ack = {.type = MSG_TYPE_notice_ack, .notice_ack = {1}};

	take_verdict(pair, leader, 1);
	pair_has(pair, other(leader), 1);
	assert_ok(pair_ask(pair, ONE, PLUGIN, &ack));
	PAIR_UNTIL(pair, is_told(pair, ONE, 1, true));
	PAIR_UNTIL(pair, is_told(pair, TWO, 1, false));
	/* More than there is counts for nothing. */
	ack.notice_ack.seq = 99;
	assert_ok(pair_ask(pair, ONE, PLUGIN, &ack));
	assert_true(is_told(pair, ONE, 1, true));
	/* And it is there after both died. */
	pair_pass_ms(pair, 1200);
	pair_kill(pair, ONE);
	pair_kill(pair, TWO);
	pair_start(pair, TWO);
	PAIR_UNTIL(pair, is_told(pair, TWO, 1, false));
}

static void many_notices_share_frames(void **state)
{
	struct pair *pair = *state;
	enum member leader = pair_leader(pair);
	struct blob causes[60] = {{0}};

	pair_listen(pair, leader);
	PAIR_UNTIL(pair, pair->heard[leader].heads > 0);
	for (unsigned i = 0; i < COUNT(causes); i++) {
		struct msg put = {.type = MSG_TYPE_cause_put};

		pair_verdict(pair, i + 1, &causes[i]);
		put.cause_put.cause = blob_span(&causes[i]);
		assert_ok(client_call(
			pair->client[leader][VERIFIER], &put, 10000, 1000, ignore_answer, NULL, NULL));
	}
	PAIR_UNTIL(pair, pair->heard[leader].notices == COUNT(causes));
	assert_true(pair->heard[leader].batches > 0);
	assert_true(pair->heard[leader].frames < COUNT(causes));
	pair_has(pair, other(leader), COUNT(causes));
	for (unsigned i = 0; i < COUNT(causes); i++)
		blob_release(&causes[i]);
}

#define PAIRED(test) cmocka_unit_test_setup_teardown(test, open_pair, close_pair)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAIRED(one_leads_and_the_other_one_tells_who),
		PAIRED(a_killed_leader_is_replaced_without_loss_or_repetition),
		PAIRED(a_leader_that_dies_in_the_middle_leaves_each_cause_once),
		PAIRED(a_leader_that_was_frozen_does_no_harm),
		PAIRED(redis_that_dies_in_the_middle_loses_and_doubles_nothing),
		PAIRED(without_redis_nobody_signs_heads),
		PAIRED(a_store_that_was_put_back_is_brought_up),
		PAIRED(a_file_that_was_lost_is_read_from_redis),
		PAIRED(a_fork_is_refused_loudly),
		PAIRED(a_history_that_others_signed_is_not_taken),
		PAIRED(a_made_up_cause_is_not_taken_from_another_service),
		PAIRED(acknowledgements_are_known_to_both),
		PAIRED(many_notices_share_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
