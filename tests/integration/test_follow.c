/* A durable subscriber against revocation services that are honest, dead, slow, or liars. */
#include "tests/integration/follow_rig.h"

#include <stdio.h>
#include <time.h>

#include "lib/base/file.h"

#define MANY 2000

static struct follow_status status(const struct rig *rig)
{
	return follow_status(rig->follow);
}

static void follows(struct rig *rig)
{
	rig_follow(rig);
	RIG_UNTIL(rig, status(rig).is_current);
}

/* What came later than this is given too, should anything be under way. */
static void settle(struct rig *rig)
{
	uint64_t end = clock_mono_ms(clock_system()) + 200;

	while (clock_mono_ms(clock_system()) < end)
		assert_ok(loop_turn(rig->loop, 10, NULL));
}

static void gives_in_order(const struct rig *rig, uint64_t first, size_t count)
{
	assert_int_equal(rig->given_count, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(rig->given[i], first + i);
}

/* ---- taking ---- */

static void notices_are_given_in_order_and_acknowledged(void **state)
{
	struct rig *rig = *state;

	follows(rig);
	for (unsigned i = 0; i < 5; i++) {
		rig_append_many(rig, 1);
		rig_publish_last(rig, 0);
	}
	RIG_UNTIL(rig, rig->given_count == 5);
	gives_in_order(rig, 1, 5);
	assert_int_equal(rig->seen_count, 5);
	for (unsigned i = 0; i < 5; i++)
		assert_false(rig->again[i]);
	RIG_UNTIL(rig, rig->stations[0].acked == 5);
}

static void what_was_missed_is_fetched(void **state)
{
	struct rig *rig = *state;

	rig_append_many(rig, 3);
	follows(rig);
	RIG_UNTIL(rig, rig->given_count == 3);
	rig_append_many(rig, 2); /* never published: a head tells */
	RIG_UNTIL(rig, rig->given_count == 5);
	rig_append_many(rig, 3);
	rig->stations[0].is_headless = true;
	rig_publish_last(rig, 0); /* a later one tells */
	RIG_UNTIL(rig, rig->given_count == 8);
	gives_in_order(rig, 1, 8);
}

static void a_batch_is_taken_as_a_whole(void **state)
{
	static const size_t all[] = {0, 1, 2, 3, 4, 5};
	struct rig *rig = *state;

	follows(rig);
	rig->stations[0].is_headless = true;
	rig->stations[0].asked = 0;
	rig_append_many(rig, 6);
	rig_publish_batch(rig, 0, all, 6);
	RIG_UNTIL(rig, rig->given_count == 6);
	gives_in_order(rig, 1, 6);
	assert_int_equal(rig->stations[0].asked, 0);
	/* Once more: it is known. */
	rig_publish_batch(rig, 0, all, 6);
	settle(rig);
	gives_in_order(rig, 1, 6);
	assert_int_equal(rig->seen_count, 6);
}

static void a_batch_with_a_gap_inside_is_fetched(void **state)
{
	static const size_t some[] = {0, 1, 3, 4};
	static const size_t mixed[] = {6, 5};
	struct rig *rig = *state;

	follows(rig);
	rig->stations[0].is_headless = true;
	rig->stations[0].asked = 0;
	rig_append_many(rig, 5);
	rig_publish_batch(rig, 0, some, 4);
	RIG_UNTIL(rig, rig->given_count == 5);
	assert_true(rig->stations[0].asked > 0);
	rig_append_many(rig, 2);
	rig_publish_batch(rig, 0, mixed, 2);
	RIG_UNTIL(rig, rig->given_count == 7);
	gives_in_order(rig, 1, 7);
}

static void who_is_far_behind_catches_up(void **state)
{
	struct rig *rig = *state;
	uint64_t start;
	clock_t spent;

	rig_append_many(rig, MANY);
	start = clock_mono_us(clock_system());
	spent = clock();
	rig_follow(rig);
	RIG_UNTIL(rig, rig->given_count == MANY);
	print_message("# %d notices behind: %llu ms, %llu ms of processor time\n", MANY,
		(unsigned long long)(clock_mono_us(clock_system()) - start) / 1000,
		(unsigned long long)(clock() - spent) * 1000 / CLOCKS_PER_SEC);
	gives_in_order(rig, 1, MANY);
	assert_true(rig->stations[0].asked < 2 * MANY / 256);
}

static void short_answers_do_not_matter(void **state)
{
	struct rig *rig = *state;

	rig->stations[0].page = 7;
	rig_append_many(rig, 300);
	rig_follow(rig);
	RIG_UNTIL(rig, rig->given_count == 300);
	gives_in_order(rig, 1, 300);
}

/* ---- lies ---- */

static void what_does_not_prove_itself_is_not_taken(void **state)
{
	struct rig *rig = *state;
	DROP(blob_release) struct blob cause = {0};
	static const char *const kinds[] = {"lapsed", "lapsed", "revoked", "lapsed"};
	const unsigned signers[] = {STRANGER, VERIFIER, 0, 0};

	follows(rig);
	rig->stations[0].is_headless = true;
	rig_profile(rig, "web", 1, PROVISIONER, &cause);
	for (size_t i = 0; i < COUNT(kinds); i++) {
		DROP(blob_release) struct blob forged = {0};

		rig_make(rig, kinds[i], 1, NULL, i == 3 ? blob_span(&cause) : (struct span){0}, signers[i],
			&forged);
		rig_publish(rig, 0, &forged);
	}
	rig_append_many(rig, 1);
	rig->log[0].at[rig->log[0].len - 1] ^= 1;
	rig_publish_last(rig, 0);
	rig->log[0].at[rig->log[0].len - 1] ^= 1;
	settle(rig);
	assert_int_equal(rig->seen_count, 0);
	assert_false(status(rig).is_forked);
	rig_publish_last(rig, 0);
	RIG_UNTIL(rig, rig->given_count == 1);
}

static void a_forged_one_inside_a_batch_ends_the_batch(void **state)
{
	static const size_t all[] = {0, 1, 2};
	struct rig *rig = *state;

	follows(rig);
	rig->stations[0].is_headless = true;
	rig->stations[0].is_mean = true;
	rig_append_many(rig, 3);
	rig->log[1].at[rig->log[1].len - 1] ^= 1;
	rig_publish_batch(rig, 0, all, 3);
	RIG_UNTIL(rig, rig->given_count == 1);
	settle(rig);
	gives_in_order(rig, 1, 1);
	rig->log[1].at[rig->log[1].len - 1] ^= 1;
	rig_publish_batch(rig, 0, all, 3);
	RIG_UNTIL(rig, rig->given_count == 3);
	gives_in_order(rig, 1, 3);
}

static void a_frame_that_is_too_long_costs_a_connection_and_no_notice(void **state)
{
	struct rig *rig = *state;
	DROP(blob_release) struct blob huge = {0};

	follows(rig);
	assert_ok(blob_resize(&huge, BUS_MESSAGE_MAX_BYTES + 1));
	rig_publish(rig, 0, &huge);
	rig_append_many(rig, 1);
	rig_publish_last(rig, 0);
	RIG_UNTIL(rig, rig->given_count == 1);
}

static void another_notice_under_a_known_number_is_a_fork(void **state)
{
	struct rig *rig = *state;
	DROP(blob_release) struct blob other = {0};

	rig_append_many(rig, 2);
	follows(rig);
	rig_make(rig, "restored", 2, &rig->log[0], (struct span){0}, 0, &other);
	rig_publish(rig, 0, &other);
	RIG_UNTIL(rig, status(rig).is_forked);
	rig_append_many(rig, 1);
	rig_publish_last(rig, 0);
	settle(rig);
	gives_in_order(rig, 1, 2);
}

static void a_notice_that_names_another_predecessor_is_a_fork(void **state)
{
	struct rig *rig = *state;
	DROP(blob_release) struct blob other = {0};

	rig_append_many(rig, 2);
	follows(rig);
	rig_make(rig, "lapsed", 3, &rig->log[0], (struct span){0}, 0, &other);
	rig_publish(rig, 0, &other);
	RIG_UNTIL(rig, status(rig).is_forked);
}

static void a_head_of_another_log_is_a_fork(void **state)
{
	struct rig *rig = *state;
	DROP(blob_release) struct blob head = {0};
	static const uint8_t hash[HASH_BYTES] = {1};

	rig_append_many(rig, 2);
	follows(rig);
	rig_make_head(rig, STRANGER, 2, hash, &head); /* says nothing: anybody can */
	assert_ok(publisher_send_frame(rig->stations[0].publisher, "head", blob_span(&head)));
	settle(rig);
	assert_false(status(rig).is_forked);
	blob_clear(&head);
	rig_make_head(rig, 0, 2, hash, &head);
	assert_ok(publisher_send_frame(rig->stations[0].publisher, "head", blob_span(&head)));
	RIG_UNTIL(rig, status(rig).is_forked);
}

static void a_log_that_was_exchanged_while_we_were_away_is_a_fork(void **state)
{
	struct rig *rig = *state;

	rig_append_many(rig, 2);
	follows(rig);
	RIG_UNTIL(rig, rig->given_count == 2);
	rig_end(rig);
	blob_clear(&rig->log[0]);
	blob_clear(&rig->log[1]);
	rig->log_count = 0;
	rig_append(rig, "restored", (struct span){0});
	rig_append_many(rig, 2);
	rig_follow(rig);
	RIG_UNTIL(rig, status(rig).is_forked);
	assert_int_equal(rig->given_count, 0);
}

/* ---- several services ---- */

static void without_heads_it_is_blind_and_asks_another(void **state)
{
	struct rig *rig = *state;
	unsigned first;

	rig_stations(rig, 2);
	rig_up(rig, 1);
	follows(rig);
	first = rig_at(rig);
	rig->stations[0].is_headless = true;
	rig->stations[1].is_headless = true;
	rig->stations[1 - first].is_mean = true;
	rig_pass_ms(rig, FOLLOW_BLIND_MS);
	RIG_UNTIL(rig, status(rig).is_blind);
	RIG_UNTIL(rig, rig_at(rig) != first);
	rig->stations[1 - first].is_headless = false;
	RIG_UNTIL(rig, !status(rig).is_blind);
}

static void a_broken_link_leads_to_the_next_service(void **state)
{
	struct rig *rig = *state;
	unsigned first;
	uint64_t start;

	rig_stations(rig, 3);
	rig_up(rig, 1);
	rig_up(rig, 2);
	follows(rig);
	RIG_UNTIL(rig, status(rig).is_up);
	first = rig_at(rig);
	rig_down(rig, first);
	start = clock_mono_ms(clock_system());
	rig_append_many(rig, 1);
	for (unsigned i = 0; i < 3; i++)
		if (i != first)
			rig_publish_last(rig, i);
	RIG_UNTIL(rig, rig->given_count == 1);
	print_message(
		"# turned after %llu ms\n", (unsigned long long)(clock_mono_ms(clock_system()) - start));
	assert_true(clock_mono_ms(clock_system()) - start < 2000);
	assert_int_not_equal(rig_at(rig), first);
	assert_false(status(rig).is_blind);
	RIG_UNTIL(rig, rig->stations[rig_at(rig)].acked == 1);
}

static void who_withholds_notices_is_left(void **state)
{
	struct rig *rig = *state;
	unsigned first;

	rig_stations(rig, 2);
	rig_up(rig, 1);
	follows(rig);
	first = rig_at(rig);
	rig->stations[first].is_mean = true;
	rig_append_many(rig, 4);
	RIG_UNTIL(rig, rig->given_count == 4);
	assert_int_not_equal(rig_at(rig), first);
}

static void heads_of_one_that_lags_do_not_count(void **state)
{
	struct rig *rig = *state;
	unsigned first;

	rig_stations(rig, 2);
	rig_up(rig, 1);
	rig_append_many(rig, 4);
	follows(rig);
	first = rig_at(rig);
	rig->stations[1 - first].end = 2;
	rig_down(rig, first);
	RIG_UNTIL(rig, rig_at(rig) != first && status(rig).is_up);
	settle(rig);
	assert_false(status(rig).is_forked);
	rig_pass_ms(rig, FOLLOW_BLIND_MS);
	RIG_UNTIL(rig, status(rig).is_blind);
	rig->stations[1 - first].end = SIZE_MAX;
	RIG_UNTIL(rig, !status(rig).is_blind);
}

static void another_roster_leads_to_another_service(void **state)
{
	struct rig *rig = *state;

	rig_stations(rig, 2);
	rig_up(rig, 1);
	follows(rig);
	while (rig_at(rig) != 1) {
		rig_pass_ms(rig, FOLLOW_BLIND_MS);
		assert_ok(loop_turn(rig->loop, 10, NULL));
	}
	rig_stations(rig, 1);
	follow_roster_changed(rig->follow);
	assert_int_equal(rig_at(rig), 0);
	RIG_UNTIL(rig, status(rig).is_current);
}

/* ---- acting, and remembering it ---- */

static void what_is_not_done_is_held_in_a_window(void **state)
{
	struct rig *rig = *state;

	rig->holds_back = true;
	rig_append_many(rig, FOLLOW_WINDOW + 500);
	rig_follow(rig);
	RIG_UNTIL(rig, status(rig).waiting > FOLLOW_WINDOW - PAGE_MAX);
	settle(rig);
	assert_true(status(rig).waiting <= FOLLOW_WINDOW);
	assert_int_equal(status(rig).seen, status(rig).waiting);
	assert_int_equal(rig->given_count, 1);
	rig->holds_back = false;
	follow_done(rig->follow, 2); /* not given yet: does not count */
	follow_done(rig->follow, 1);
	follow_done(rig->follow, 1);
	follow_done(rig->follow, 77777);
	RIG_UNTIL(rig, rig->given_count == FOLLOW_WINDOW + 500);
	gives_in_order(rig, 1, FOLLOW_WINDOW + 500);
	RIG_UNTIL(rig, rig->stations[0].acked == FOLLOW_WINDOW + 500);
}

static void only_what_was_not_done_is_given_again(void **state)
{
	struct rig *rig = *state;

	rig->holds_back = true;
	rig->options.at_once = 4;
	rig_append_many(rig, 6);
	follows(rig);
	RIG_UNTIL(rig, rig->given_count == 4);
	follow_done(rig->follow, 1);
	follow_done(rig->follow, 3);
	RIG_UNTIL(rig, rig->given_count == 6); /* 2, 4, 5, 6 are under way */
	follow_done(rig->follow, 6);
	settle(rig);
	assert_int_equal(status(rig).done, 1);
	rig_kill(rig);
	rig_append_many(rig, 2);
	rig_follow(rig);
	RIG_UNTIL(rig, rig->given_count == 4);
	assert_int_equal(rig->given[0], 2);
	assert_int_equal(rig->given[1], 4);
	assert_int_equal(rig->given[2], 5);
	assert_int_equal(rig->given[3], 7);
	assert_true(rig->again[0] && rig->again[1] && rig->again[2]);
	assert_false(rig->again[3]);
	for (unsigned i = 0; i < 4; i++)
		follow_done(rig->follow, rig->given[i]);
	RIG_UNTIL(rig, rig->given_count == 5);
	assert_int_equal(rig->given[4], 8);
	assert_false(rig->again[4]);
	follow_done(rig->follow, 8);
	RIG_UNTIL(rig, rig->stations[0].acked == 8);
}

static void what_was_done_is_not_given_after_a_kill(void **state)
{
	struct rig *rig = *state;

	rig_append_many(rig, 20);
	follows(rig);
	RIG_UNTIL(rig, rig->stations[0].acked == 20);
	rig_kill(rig);
	rig_append_many(rig, 1);
	rig_follow(rig);
	RIG_UNTIL(rig, rig->given_count == 1);
	assert_int_equal(rig->given[0], 21);
	assert_false(rig->again[0]);
}

static void a_damaged_place_is_refused(void **state)
{
	struct rig *rig = *state;
	char path[SCRATCH_FILE_BYTES];
	DROP(blob_release) struct blob bytes = {0};
	struct err err = {0};

	rig_append_many(rig, 1);
	follows(rig);
	RIG_UNTIL(rig, rig->stations[0].acked == 1);
	rig_end(rig);
	assert_ok(file_read(scratch_file(&rig->dir, FOLLOW_PLACE_FILE, path), 4096, &bytes, NULL));
	bytes.at[20] ^= 1;
	assert_ok(file_replace(path, blob_span(&bytes), 0600, NULL));
	assert_rc(follow_open(&rig->options, &rig->follow, &err), RC_MALFORMED);
	assert_non_null(strstr(err.text, path));
	bytes.at[20] ^= 1;
	assert_ok(file_replace(path, blob_span(&bytes), 0666, NULL));
	assert_rc(follow_open(&rig->options, &rig->follow, &err), RC_DENIED);
}

/* ---- where the first run begins ---- */

static void from_now_on_older_ones_are_seen_and_not_given(void **state)
{
	struct rig *rig = *state;

	rig->options.start = FOLLOW_NEW;
	rig_append_many(rig, 5);
	follows(rig);
	settle(rig);
	assert_int_equal(rig->seen_count, 5);
	assert_int_equal(rig->given_count, 0);
	rig_append_many(rig, 1);
	RIG_UNTIL(rig, rig->given_count == 1);
	assert_int_equal(rig->given[0], 6);
	RIG_UNTIL(rig, rig->stations[0].acked == 6);
	rig_kill(rig);
	rig_append_many(rig, 2);
	rig_follow(rig);
	RIG_UNTIL(rig, rig->given_count == 2);
	gives_in_order(rig, 7, 2);
}

static void from_the_head_nothing_older_is_read(void **state)
{
	struct rig *rig = *state;
	DROP(blob_release) struct blob other = {0};

	rig->options.start = FOLLOW_HEAD;
	rig->options.folder = NULL;
	rig_append_many(rig, 5);
	follows(rig);
	rig_append_many(rig, 2);
	RIG_UNTIL(rig, rig->given_count == 2);
	gives_in_order(rig, 6, 2);
	assert_int_equal(rig->seen_count, 2);
	/* It knows what must come next. */
	rig_make(rig, "lapsed", 8, &rig->log[5], (struct span){0}, 0, &other);
	rig_publish(rig, 0, &other);
	RIG_UNTIL(rig, status(rig).is_forked);
}

static void from_the_head_of_an_empty_log(void **state)
{
	struct rig *rig = *state;

	rig->options.start = FOLLOW_HEAD;
	follows(rig);
	rig_append_many(rig, 1);
	RIG_UNTIL(rig, rig->given_count == 1);
}

/* ---- profiles ---- */

static bool has_tag(struct rig *rig, const char *tag)
{
	struct msg_profile profile;

	return follow_profile(rig->follow, rig_node, &profile) && profile_has_tag(&profile, span_text(tag));
}

static void describe(struct rig *rig, const char *tag, uint64_t time)
{
	DROP(blob_release) struct blob cause = {0};

	rig_profile(rig, tag, time, PROVISIONER, &cause);
	rig_append(rig, "described", blob_span(&cause));
}

static void profiles_are_known_after_a_restart_and_after_a_loss(void **state)
{
	struct rig *rig = *state;
	char path[SCRATCH_FILE_BYTES];

	rig->options.profiles = true;
	describe(rig, "web", 1000);
	describe(rig, "db", 2000);
	describe(rig, "web", 1500); /* came late: the latest time counts */
	rig_append_many(rig, 3);
	follows(rig);
	RIG_UNTIL(rig, rig->stations[0].acked == 6);
	assert_true(has_tag(rig, "db"));
	assert_false(has_tag(rig, "web"));
	rig_end(rig);
	rig_follow(rig);
	assert_true(has_tag(rig, "db")); /* before anybody was asked */
	rig_end(rig);
	assert_int_equal(remove(scratch_file(&rig->dir, FOLLOW_PROFILES_FILE, path)), 0);
	follows(rig);
	RIG_UNTIL(rig, has_tag(rig, "db"));
	settle(rig);
	assert_int_equal(rig->given_count, 0);
	rig_end(rig);
	assert_ok(file_replace(path, span_text("limebus profiles v1\nnonsense"), 0600, NULL));
	follows(rig);
	RIG_UNTIL(rig, has_tag(rig, "db"));
	assert_int_equal(rig->given_count, 0);
}

/* ---- asking the leader ---- */

static void on_reply(void *ctx, enum rc rc, const struct msg *reply, struct span frame)
{
	struct rig *rig = ctx;

	(void)frame;
	rig->replies++;
	rig->reply_rc = rc;
	rig->reply_type = reply == NULL ? MSG_TYPE_none : reply->type;
}

static void call(struct rig *rig, uint64_t deadline_ms, uint64_t *id)
{
	static const uint8_t serial[] = {1};
	const struct msg msg = {.type = MSG_TYPE_ocsp_get, .ocsp_get = {SPAN(serial), 0x000b}};

	rig->replies = 0;
	assert_ok(follow_call(rig->follow, &msg, deadline_ms, on_reply, rig, id));
}

static void a_request_goes_to_the_leader(void **state)
{
	struct rig *rig = *state;

	rig_stations(rig, 3);
	rig_up(rig, 1);
	rig_up(rig, 2);
	rig->leader = "two";
	rig->stations[0].moved = rig->stations[2].moved = "two";
	follows(rig);
	call(rig, 5000, NULL);
	RIG_UNTIL(rig, rig->replies == 1);
	assert_int_equal(rig->reply_rc, RC_OK);
	assert_int_equal(rig->reply_type, MSG_TYPE_ok);
	assert_int_equal(rig->stations[1].calls, 1);
	assert_int_equal(rig->stations[0].calls + rig->stations[2].calls, 0);
	assert_string_equal(status(rig).leader, "two");
	/* It moves, and heads do not tell. */
	rig->stations[1].moved = "three";
	rig->stations[2].moved = NULL;
	call(rig, 5000, NULL);
	RIG_UNTIL(rig, rig->replies == 1);
	assert_int_equal(rig->reply_type, MSG_TYPE_ok);
	assert_int_equal(rig->stations[2].calls, 1);
}

static void a_leader_that_dies_is_looked_for(void **state)
{
	struct rig *rig = *state;

	rig_stations(rig, 2);
	rig_up(rig, 1);
	rig->stations[1].moved = "one";
	follows(rig);
	rig_down(rig, 0);
	call(rig, 10000, NULL);
	RIG_UNTIL(rig, rig->stations[1].calls > 0);
	assert_int_equal(rig->replies, 0);
	rig->stations[1].moved = NULL;
	rig->leader = "two";
	RIG_UNTIL(rig, rig->replies == 1);
	assert_int_equal(rig->reply_rc, RC_OK);
}

static void a_request_ends_in_time(void **state)
{
	struct rig *rig = *state;
	uint64_t id;

	rig->stations[0].moved = "nobody-knows";
	follows(rig);
	call(rig, 300, NULL);
	RIG_UNTIL(rig, rig->replies == 1);
	assert_int_equal(rig->reply_rc, RC_TIMEOUT);
	call(rig, 300, &id);
	settle(rig);
	follow_cancel(rig->follow, id);
	settle(rig);
	assert_true(rig->replies <= 1);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, rig_open, rig_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(notices_are_given_in_order_and_acknowledged),
		CASE(what_was_missed_is_fetched),
		CASE(a_batch_is_taken_as_a_whole),
		CASE(a_batch_with_a_gap_inside_is_fetched),
		CASE(who_is_far_behind_catches_up),
		CASE(short_answers_do_not_matter),
		CASE(what_does_not_prove_itself_is_not_taken),
		CASE(a_forged_one_inside_a_batch_ends_the_batch),
		CASE(a_frame_that_is_too_long_costs_a_connection_and_no_notice),
		CASE(another_notice_under_a_known_number_is_a_fork),
		CASE(a_notice_that_names_another_predecessor_is_a_fork),
		CASE(a_head_of_another_log_is_a_fork),
		CASE(a_log_that_was_exchanged_while_we_were_away_is_a_fork),
		CASE(without_heads_it_is_blind_and_asks_another),
		CASE(a_broken_link_leads_to_the_next_service),
		CASE(who_withholds_notices_is_left),
		CASE(heads_of_one_that_lags_do_not_count),
		CASE(another_roster_leads_to_another_service),
		CASE(what_is_not_done_is_held_in_a_window),
		CASE(only_what_was_not_done_is_given_again),
		CASE(what_was_done_is_not_given_after_a_kill),
		CASE(a_damaged_place_is_refused),
		CASE(from_now_on_older_ones_are_seen_and_not_given),
		CASE(from_the_head_nothing_older_is_read),
		CASE(from_the_head_of_an_empty_log),
		CASE(profiles_are_known_after_a_restart_and_after_a_loss),
		CASE(a_request_goes_to_the_leader),
		CASE(a_leader_that_dies_is_looked_for),
		CASE(a_request_ends_in_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
