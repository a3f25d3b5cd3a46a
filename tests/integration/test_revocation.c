#include "tests/integration/service_rig.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "lib/base/hex.h"
#include "lib/store/commit.h"

static const uint8_t node[NODE_ID_BYTES] = {1, 2, 3};

static uint64_t now_ms(void)
{
	return clock_wall_ms(clock_system());
}

static int open_rig(void **state)
{
	struct rig *rig = rig_open(REVOCATION, "");

	rig_start(rig);
	*state = rig;
	return 0;
}

static int close_rig(void **state)
{
	rig_close(*state);
	return 0;
}

static enum rc put_bytes(struct rig *rig, enum who sender, const struct blob *cause)
{
	struct msg put = {.type = MSG_TYPE_cause_put, .cause_put = {blob_span(cause)}};

	return rig_ask(rig, sender, &put);
}

static void verdict(struct rig *rig, enum who signer, uint64_t number, bool trusted, struct blob *out)
{
	struct msg msg = {.type = MSG_TYPE_verdict,
		.verdict = {.node = SPAN(node),
			.number = number,
			.trusted = trusted,
			.time = now_ms(),
			.ak_name = span_text("ak"),
			.nk = SPAN(node)}};

	rig_sign(rig, signer, &msg, out);
}

static void request(struct rig *rig, enum who signer, const char *action, uint64_t time, struct blob *out)
{
	struct msg msg = {.type = MSG_TYPE_node_request,
		.node_request = {SPAN(node), span_text(action), span_text("a test"), time}};

	rig_sign(rig, signer, &msg, out);
}

static enum rc put_verdict(struct rig *rig, uint64_t number)
{
	DROP(blob_release) struct blob cause = {0};

	verdict(rig, VERIFIER, number, false, &cause);
	return put_bytes(rig, VERIFIER, &cause);
}

/* How many notices the log serves from `from` on; each is checked, and follows the one before. */
static unsigned range(struct rig *rig, enum who who, uint64_t from)
{
	struct msg msg = {.type = MSG_TYPE_notices_get, .notices_get = {.from = from}};
	struct notice_place place = {0};
	struct notice_view view;
	struct elem_item item;
	struct list list;
	unsigned count = 0;

	assert_ok(rig_ask(rig, who, &msg));
	assert_ok(msg_decode_as(blob_span(&rig->answer), MSG_TYPE_notices, &msg));
	list = msg.notices.notices;
	while (ELEM_NEXT(item, &list, &item)) {
		assert_ok(notice_open(rig->roster, item.bytes, now_ms(), &view, NULL));
		if (from == 1)
			assert_ok(notice_follow(&place, &view, item.bytes, NULL));
		count++;
	}
	if (from == 1) {
		struct signed_msg head;

		assert_ok(notice_head_open(rig->roster, msg.notices.head, &place, now_ms(), &head, NULL));
		assert_int_equal(head.msg.head.seq, place.seq);
	}
	return count;
}

/* ---- causes to notices ---- */

static void causes_become_notices_once_and_in_order(void **state)
{
	struct rig *rig = *state;
	DROP(blob_release) struct blob cause = {0};
	uint64_t now = now_ms();

	rig_subscribe(rig, &rig->who[PLUGIN].curve);
	RIG_UNTIL(rig, rig->heads > 0);
	assert_ok(put_verdict(rig, 1));
	RIG_UNTIL(rig, rig->notices == 1);
	request(rig, PROVISIONER, "resume", now, &cause);
	assert_ok(put_bytes(rig, VERIFIER, &cause));
	/* The same again is answered, and makes nothing. */
	assert_ok(put_bytes(rig, VERIFIER, &cause));
	assert_ok(msg_decode_as(blob_span(&rig->answer), MSG_TYPE_ok, &(struct msg){0}));
	/* An older one that was never seen is stale. */
	request(rig, PROVISIONER, "suspend", now - 1, &cause);
	assert_ok(put_bytes(rig, VERIFIER, &cause));
	assert_true(rig_logged(rig, "cause.stale"));
	assert_ok(put_verdict(rig, 1));
	request(rig, ADMIN, "remove", now + 1, &cause);
	assert_ok(put_bytes(rig, VERIFIER, &cause));
	RIG_UNTIL(rig, rig->notices == 3);
	assert_int_equal(rig->kinds[0], NOTICE_REVOKED);
	assert_int_equal(rig->kinds[1], NOTICE_REINSTATED);
	assert_int_equal(rig->kinds[2], NOTICE_REMOVED);
	assert_int_equal(range(rig, PLUGIN, 1), 3);
	assert_int_equal(range(rig, VIEWER, 3), 1);
	assert_int_equal(range(rig, VIEWER, 4), 0);
}

static void what_nobody_may_cause_makes_no_notice(void **state)
{
	struct rig *rig = *state;
	DROP(blob_release) struct blob cause = {0};

	for (enum who who = REGISTRAR; who < WHO_COUNT; who++) {
		if (who == VERIFIER)
			continue;
		verdict(rig, who, 1, false, &cause);
		assert_rc(put_bytes(rig, VERIFIER, &cause), RC_DENIED);
	}
	verdict(rig, VERIFIER, 1, true, &cause);
	assert_rc(put_bytes(rig, VERIFIER, &cause), RC_DENIED);
	request(rig, VIEWER, "suspend", now_ms(), &cause);
	assert_rc(put_bytes(rig, VERIFIER, &cause), RC_DENIED);
	request(rig, PROVISIONER, "remove", now_ms(), &cause);
	assert_rc(put_bytes(rig, VERIFIER, &cause), RC_DENIED);
	request(rig, ADMIN, "praise", now_ms(), &cause);
	assert_rc(put_bytes(rig, VERIFIER, &cause), RC_DENIED);
	assert_int_equal(range(rig, VIEWER, 1), 0);
}

/* ---- what the tenant says about nodes ---- */

static void profile(
	struct rig *rig, enum who signer, const char *name, size_t address, uint64_t time, struct blob *out)
{
	static const uint8_t bytes[16] = {10, 0, 0, 7};
	DROP(blob_release) struct blob names = {0};
	DROP(blob_release) struct blob addresses = {0};
	struct msg msg = {.type = MSG_TYPE_profile, .profile = {.node = SPAN(node), .time = time}};

	assert_ok(ELEM_APPEND(dns_name, (&(struct elem_dns_name){span_text(name)}), &names));
	assert_ok(ELEM_APPEND(address, (&(struct elem_address){span_of(bytes, address)}), &addresses));
	msg.profile.names = (struct list){blob_span(&names), 1};
	msg.profile.addresses = (struct list){blob_span(&addresses), 1};
	rig_sign(rig, signer, &msg, out);
}

static enum rc describe(struct rig *rig, enum who sender, const struct blob *request)
{
	struct msg put = {.type = MSG_TYPE_profile_put, .profile_put = {blob_span(request)}};

	return rig_ask(rig, sender, &put);
}

static void the_latest_description_counts(void **state)
{
	struct rig *rig = *state;
	DROP(blob_release) struct blob first = {0};
	DROP(blob_release) struct blob second = {0};
	struct msg get = {.type = MSG_TYPE_profile_get, .profile_get = {SPAN(node)}};
	struct msg info;
	uint64_t now = now_ms();

	rig_subscribe(rig, &rig->who[PLUGIN].curve);
	RIG_UNTIL(rig, rig->heads > 0);
	assert_rc(rig_ask(rig, PLUGIN, &get), RC_NOT_FOUND);
	profile(rig, PROVISIONER, "web1.example", 4, now, &second);
	assert_ok(describe(rig, PROVISIONER, &second));
	/* An older one, by whoever, is stale. */
	profile(rig, ADMIN, "old.example", 16, now - 1, &first);
	assert_ok(describe(rig, ADMIN, &first));
	assert_ok(rig_ask(rig, PLUGIN, &get));
	assert_ok(msg_decode_as(blob_span(&rig->answer), MSG_TYPE_profile_info, &info));
	assert_spans_equal(info.profile_info.profile, blob_span(&second));
	RIG_UNTIL(rig, rig->notices == 1);
	assert_int_equal(rig->kinds[0], NOTICE_DESCRIBED);
	/* It says nothing about trust, and is there after a restart. */
	rig_kill(rig);
	client_close(&rig->client[PLUGIN]);
	rig_start(rig);
	assert_ok(rig_ask(rig, PLUGIN, &get));
	assert_ok(msg_decode_as(blob_span(&rig->answer), MSG_TYPE_profile_info, &info));
	assert_spans_equal(info.profile_info.profile, blob_span(&second));
}

static void a_description_that_is_none_is_refused(void **state)
{
	static const char *const names[] = {
		"-web", "web-", "a..b", ".a", "a.", "a b", "*.example", "caf\xc3\xa9"};
	struct rig *rig = *state;
	DROP(blob_release) struct blob request = {0};

	for (size_t i = 0; i < COUNT(names); i++) {
		profile(rig, ADMIN, names[i], 4, now_ms(), &request);
		assert_rc(describe(rig, ADMIN, &request), RC_MALFORMED);
	}
	for (size_t len = 5; len < 16; len++) {
		profile(rig, ADMIN, "web", len, now_ms(), &request);
		assert_rc(describe(rig, ADMIN, &request), RC_MALFORMED);
	}
	/* From the far future it would silence all later ones; by way of a verifier nobody would look at it.
	 */
	profile(rig, ADMIN, "web", 4, now_ms() + 600000, &request);
	assert_rc(describe(rig, ADMIN, &request), RC_DENIED);
	profile(rig, ADMIN, "-web", 4, now_ms(), &request);
	assert_rc(put_bytes(rig, VERIFIER, &request), RC_DENIED);
	profile(rig, VIEWER, "web", 4, now_ms(), &request);
	assert_rc(describe(rig, ADMIN, &request), RC_DENIED);
	profile(rig, STRANGER, "web", 4, now_ms(), &request);
	assert_rc(describe(rig, ADMIN, &request), RC_DENIED);
	assert_int_equal(range(rig, VIEWER, 1), 0);
}

static void a_change_of_policy_is_told(void **state)
{
	struct rig *rig = *state;
	DROP(blob_release) struct blob cause = {0};
	uint64_t now = now_ms();
	struct msg msg = {.type = MSG_TYPE_policy_use,
		.policy_use = {.node = SPAN(node), .number = 1, .policy = SPAN(node), .time = now}};

	rig_subscribe(rig, &rig->who[PLUGIN].curve);
	RIG_UNTIL(rig, rig->heads > 0);
	rig_sign(rig, PROVISIONER, &msg, &cause);
	assert_ok(put_bytes(rig, VERIFIER, &cause));
	RIG_UNTIL(rig, rig->notices == 1);
	assert_int_equal(rig->kinds[0], NOTICE_POLICY_CHANGED);
	msg.policy_use.time = now - 1;
	rig_sign(rig, PROVISIONER, &msg, &cause);
	assert_ok(put_bytes(rig, VERIFIER, &cause));
	msg.policy_use.time = now + 1;
	rig_sign(rig, VIEWER, &msg, &cause);
	assert_rc(put_bytes(rig, VERIFIER, &cause), RC_DENIED);
	assert_int_equal(range(rig, VIEWER, 1), 1);
}

/* ---- who may say what ---- */

/* May be left empty: what is refused for its sender is refused before it is looked into. */
static bool encodes(enum msg_type type, struct msg *out)
{
	static const uint8_t bytes[64];
	DROP(blob_release) struct blob raw = {0};

	*out = (struct msg){.type = type};
	if (type == MSG_TYPE_cause_put)
		out->cause_put.cause = SPAN(bytes);
	else if (type == MSG_TYPE_roster_put)
		out->roster_put.roster = SPAN(bytes);
	else if (type == MSG_TYPE_notices_get)
		out->notices_get.from = 1;
	else if (type == MSG_TYPE_notice_ack)
		out->notice_ack.seq = 1;
	else if (type == MSG_TYPE_profile_put)
		out->profile_put.request = SPAN(bytes);
	else if (type == MSG_TYPE_profile_get)
		out->profile_get.node = SPAN(node);
	return msg_encode(out, &raw) == RC_OK;
}

static void every_message_of_a_wrong_role_is_denied(void **state)
{
	static const struct {
		enum msg_type type;
		unsigned may;
	} rows[] = {
		{MSG_TYPE_cause_put, 1u << VERIFIER},
		{MSG_TYPE_floor_get, 1u << VERIFIER},
		{MSG_TYPE_roster_put, 1u << ADMIN},
		{MSG_TYPE_notices_get, ~0u},
		{MSG_TYPE_notice_ack, ~0u},
		{MSG_TYPE_status_get, ~(1u << PLUGIN)},
		{MSG_TYPE_subscribers_get, 1u << VIEWER | 1u << PROVISIONER | 1u << ADMIN},
		{MSG_TYPE_profile_put, 1u << PROVISIONER | 1u << ADMIN},
		{MSG_TYPE_profile_get, ~0u},
		{MSG_TYPE_ca_get, ~0u},
		{MSG_TYPE_crl_get, ~0u},
		{MSG_TYPE_certificates_get, 1u << VIEWER | 1u << PROVISIONER | 1u << ADMIN},
	};
	struct rig *rig = *state;
	struct msg msg;
	unsigned tried = 0;

	for (enum msg_type type = MSG_TYPE_ok; type < MSG_TYPE_COUNT; type++) {
		unsigned may = 0;

		/* Answers cannot be asked. */
		if (type == MSG_TYPE_ok || type == MSG_TYPE_error || !encodes(type, &msg))
			continue;
		for (size_t i = 0; i < COUNT(rows); i++)
			if (rows[i].type == type)
				may = rows[i].may;
		for (enum who who = REGISTRAR; who < STRANGER; who++) {
			if (who == REVOCATION || (may >> who & 1) != 0)
				continue;
			assert_rc(rig_ask(rig, who, &msg), RC_DENIED);
			tried++;
		}
	}
	assert_true(tried > 30);
}

static void a_stranger_gets_no_answer_and_no_notice(void **state)
{
	struct rig *rig = *state;
	struct msg msg = {.type = MSG_TYPE_notices_get, .notices_get = {.from = 1}};

	rig->client[STRANGER] = rig_dial(rig, &rig->who[STRANGER].curve);
	rig_subscribe(rig, &rig->who[STRANGER].curve);
	assert_ok(put_verdict(rig, 1));
	assert_rc(rig_ask_with(rig, rig->client[STRANGER], &msg, 1500), RC_TIMEOUT);
	assert_false(client_is_up(rig->client[STRANGER]));
	assert_int_equal(rig->heads, 0);
	assert_int_equal(rig->notices, 0);
}

/* ---- nodes ---- */

static void enrol(struct rig *rig, enum who writer, const uint8_t *nk)
{
	struct store_options options = redis_server_options(&rig->redis, REDIS_REGISTRAR);
	DROP(store_batch_release) struct store_batch batch = {0};
	DROP(blob_release) struct blob record = {0};
	struct store *store = NULL;
	char digits[HEX_BYTES(NODE_ID_BYTES)], nk_digits[HEX_BYTES(CURVE_KEY_BYTES)], key[160];
	struct msg body = {.type = MSG_TYPE_node,
		.node = {.node = SPAN(node),
			.number = 1,
			.nk = span_of(nk, CURVE_KEY_BYTES),
			.ak_public = span_text("ak"),
			.ak_name = span_text("ak"),
			.ek_public = span_text("ek"),
			.enrolled = 1,
			.activated = 1}};

	snprintf(key, sizeof key, "node/%s", hex_encode(SPAN(node), digits));
	hex_encode(span_of(nk, CURVE_KEY_BYTES), nk_digits);
	assert_ok(record_make(&rig->who[writer].sign, (struct record_head){"node", key, now_ms(), 0}, &body,
		&record, NULL));
	assert_ok(store_open(&options, &store, NULL));
	assert_ok(store_wait_ready(store, 5000, NULL));
	assert_ok(store_batch_hash_set(&batch, "lb:{0}:node", span_text(digits), blob_span(&record)));
	assert_ok(store_batch_hash_set(&batch, "lb:{0}:nk", span_text(nk_digits), span_text(digits)));
	assert_ok(store_wait_commit(store, NULL, &batch, 5000, NULL));
	store_close(&store);
}

static void an_enrolled_node_listens_until_it_is_removed(void **state)
{
	struct rig *rig = *state;
	DROP(blob_release) struct blob cause = {0};
	struct msg get = {.type = MSG_TYPE_notices_get, .notices_get = {.from = 1}};
	struct hpke_pair nk = {0};
	struct client *client;

	assert_ok(hpke_generate(&nk, NULL));
	enrol(rig, REGISTRAR, nk.public);
	client = rig_dial(rig, &nk);
	assert_ok(rig_ask_with(rig, client, &get, 8000));
	rig_subscribe(rig, &nk);
	RIG_UNTIL(rig, rig->heads > 0);
	assert_ok(put_verdict(rig, 1));
	RIG_UNTIL(rig, rig->notices == 1);
	/* A node may ask for notices, and for nothing else. */
	assert_int_not_equal(
		rig_ask_with(rig, client, &(struct msg){.type = MSG_TYPE_status_get}, 700), RC_OK);
	request(rig, ADMIN, "remove", now_ms(), &cause);
	assert_ok(put_bytes(rig, VERIFIER, &cause));
	assert_int_not_equal(rig_ask_with(rig, client, &get, 700), RC_OK);
	client_close(&client);
	client = rig_dial(rig, &nk);
	assert_rc(rig_ask_with(rig, client, &get, 1500), RC_TIMEOUT);
	assert_false(client_is_up(client));
	client_close(&client);
}

static void an_enrolment_ends_the_one_before(void **state)
{
	struct rig *rig = *state;
	struct msg get = {.type = MSG_TYPE_notices_get, .notices_get = {.from = 1}};
	struct hpke_pair nk[2] = {0};
	struct client *former;

	assert_ok(hpke_generate(&nk[0], NULL));
	assert_ok(hpke_generate(&nk[1], NULL));
	enrol(rig, REGISTRAR, nk[0].public);
	former = rig_dial(rig, &nk[0]);
	assert_ok(rig_ask_with(rig, former, &get, 8000));
	for (unsigned i = 1; i <= 3; i++) {
		struct client *client;

		enrol(rig, REGISTRAR, nk[i % 2].public);
		client = rig_dial(rig, &nk[i % 2]);
		assert_ok(rig_ask_with(rig, client, &get, 8000));
		/* The other key's connection is still there, and nobody's. */
		assert_int_not_equal(rig_ask_with(rig, former, &get, 700), RC_OK);
		client_close(&former);
		former = client;
	}
	client_close(&former);
}

static void a_record_that_no_registrar_signed_admits_nobody(void **state)
{
	static const enum who writers[] = {VERIFIER, ADMIN, STRANGER};
	struct rig *rig = *state;
	struct msg get = {.type = MSG_TYPE_notices_get, .notices_get = {.from = 1}};

	for (size_t i = 0; i < COUNT(writers); i++) {
		struct hpke_pair nk = {0};
		struct client *client;

		assert_ok(hpke_generate(&nk, NULL));
		enrol(rig, writers[i], nk.public);
		client = rig_dial(rig, &nk);
		assert_rc(rig_ask_with(rig, client, &get, 1500), RC_TIMEOUT);
		client_close(&client);
	}
}

static void alive(struct rig *rig, unsigned times)
{
	DROP(blob_release) struct blob raw = {0};
	struct elem_alive_node item = {SPAN(node), now_ms(), 800};
	struct msg msg = {.type = MSG_TYPE_alive};

	for (unsigned i = 0; i < times; i++)
		assert_ok(ELEM_APPEND(alive_node, &item, &raw));
	msg.alive = (struct msg_alive){{blob_span(&raw), times}, now_ms()};
	assert_ok(rig_ask(rig, VERIFIER, &msg));
}

static void silence_lapses_once_and_a_word_restores_once(void **state)
{
	struct rig *rig = *state;

	rig_subscribe(rig, &rig->who[PLUGIN].curve);
	RIG_UNTIL(rig, rig->heads > 0);
	alive(rig, 1);
	RIG_UNTIL(rig, rig->notices == 1);
	rig_pass_ms(rig, 1200);
	assert_int_equal(rig->notices, 1);
	assert_int_equal(rig->kinds[0], NOTICE_LAPSED);
	/* Twice in one message, and again. */
	alive(rig, 2);
	alive(rig, 1);
	RIG_UNTIL(rig, rig->notices >= 2);
	assert_int_equal(rig->kinds[1], NOTICE_RESTORED);
	/* Revoked, its silence says nothing. */
	assert_ok(put_verdict(rig, 1));
	rig_pass_ms(rig, 2000);
	assert_int_equal(rig->notices, 3);
	assert_int_equal(rig->kinds[2], NOTICE_REVOKED);
}

/* ---- ends and beginnings ---- */

static void ignore_answer(void *ctx, enum rc rc, const struct msg *reply, struct span frame)
{
	(void)ctx;
	(void)rc;
	(void)reply;
	(void)frame;
}

static void a_killed_service_loses_and_doubles_nothing(void **state)
{
	struct rig *rig = *state;
	DROP(blob_release) struct blob cause = {0};

	for (uint64_t number = 1; number <= 6; number++) {
		struct msg put = {.type = MSG_TYPE_cause_put};

		assert_int_equal(range(rig, VERIFIER, 1), number - 1);
		verdict(rig, VERIFIER, number, false, &cause);
		put.cause_put.cause = blob_span(&cause);
		/* It dies somewhere between the request and its answer; the verifier says it again. */
		assert_ok(client_call(rig->client[VERIFIER], &put, 10000, 300, ignore_answer, NULL, NULL));
		rig_pass_ms(rig, 2 * number);
		rig_kill(rig);
		/* A new connection: the pauses of an old one grow each time. */
		client_close(&rig->client[VERIFIER]);
		rig_start(rig);
		assert_ok(put_bytes(rig, VERIFIER, &cause));
		assert_int_equal(range(rig, VERIFIER, 1), number);
	}
}

static void heads_stop_with_the_service_and_numbers_go_on(void **state)
{
	struct rig *rig = *state;
	unsigned heads;

	rig_subscribe(rig, &rig->who[PLUGIN].curve);
	RIG_UNTIL(rig, rig->heads > 0);
	assert_ok(put_verdict(rig, 1));
	RIG_UNTIL(rig, rig->notices == 1);
	rig_kill(rig);
	rig_pass_ms(rig, 100);
	heads = rig->heads;
	rig_pass_ms(rig, 1500);
	assert_int_equal(rig->heads, heads);
	rig_start(rig);
	RIG_UNTIL(rig, rig->heads > heads);
	assert_ok(put_verdict(rig, 2));
	RIG_UNTIL(rig, rig->notices == 2);
	assert_int_equal(rig->place.seq, 2);
}

static void a_torn_log_is_cut_and_an_altered_one_refused(void **state)
{
	struct rig *rig = *state;
	char path[SCRATCH_FILE_BYTES];
	int fd, status;

	assert_ok(put_verdict(rig, 1));
	assert_ok(put_verdict(rig, 2));
	rig_kill(rig);
	scratch_file(&rig->dir, "notices.log", path);
	fd = open(path, O_RDWR | O_APPEND);
	assert_int_equal(write(fd, "\0\0\1\0half a notice", 18), 18);
	close(fd);
	rig_start(rig);
	assert_int_equal(range(rig, VIEWER, 1), 2);
	assert_true(rig_logged(rig, "log.cut"));
	rig_kill(rig);
	fd = open(path, O_RDWR);
	assert_int_equal(pwrite(fd, "x", 1, 100), 1);
	close(fd);
	rig_start(rig);
	status = rig_wait_end(rig);
	if (status != EX_UNAVAILABLE)
		rig_print_log(rig);
	assert_int_equal(status, EX_UNAVAILABLE);
	assert_true(rig_logged(rig, "notice 1 at offset 0"));
}

static void a_removed_operator_gets_nothing_any_more(void **state)
{
	struct rig *rig = *state;
	DROP(blob_release) struct blob bytes = {0};
	DROP(blob_release) struct blob old = {0};
	struct roster_member members[STRANGER];
	struct msg put = {.type = MSG_TYPE_roster_put};
	struct msg get = {.type = MSG_TYPE_notices_get, .notices_get = {.from = 1}};
	struct sign_pair forger = {0};
	size_t count = 0;

	assert_ok(rig_ask(rig, VIEWER, &get));
	assert_ok(blob_copy(&old, roster_bytes(rig->roster)));
	for (unsigned i = 0; i < STRANGER; i++)
		if (i != VIEWER)
			members[count++] = rig->members[i];
	/* Another root's is refused, however high its number. */
	assert_ok(sign_generate(&forger, NULL));
	assert_ok(roster_make(&forger, 9, now_ms(), members, count, &bytes, NULL));
	put.roster_put.roster = blob_span(&bytes);
	assert_rc(rig_ask(rig, ADMIN, &put), RC_DENIED);
	assert_ok(rig_ask(rig, VIEWER, &get));
	blob_clear(&bytes);
	assert_ok(roster_make(&rig->root, 2, now_ms(), members, count, &bytes, NULL));
	put.roster_put.roster = blob_span(&bytes);
	assert_ok(rig_ask(rig, ADMIN, &put));
	assert_int_not_equal(rig_ask_with(rig, rig->client[VIEWER], &get, 1000), RC_OK);
	/* The old one does not bring her back, not even over a restart. */
	put.roster_put.roster = blob_span(&old);
	assert_rc(rig_ask(rig, ADMIN, &put), RC_STALE);
	rig_kill(rig);
	rig_start(rig);
	assert_ok(rig_ask(rig, ADMIN, &get));
	assert_int_not_equal(rig_ask_with(rig, rig->client[VIEWER], &get, 1500), RC_OK);
	sign_pair_release(&forger);
}

#define RIGGED(test) cmocka_unit_test_setup_teardown(test, open_rig, close_rig)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIGGED(causes_become_notices_once_and_in_order),
		RIGGED(what_nobody_may_cause_makes_no_notice),
		RIGGED(the_latest_description_counts),
		RIGGED(a_description_that_is_none_is_refused),
		RIGGED(a_change_of_policy_is_told),
		RIGGED(every_message_of_a_wrong_role_is_denied),
		RIGGED(a_stranger_gets_no_answer_and_no_notice),
		RIGGED(an_enrolled_node_listens_until_it_is_removed),
		RIGGED(an_enrolment_ends_the_one_before),
		RIGGED(a_record_that_no_registrar_signed_admits_nobody),
		RIGGED(silence_lapses_once_and_a_word_restores_once),
		RIGGED(a_killed_service_loses_and_doubles_nothing),
		RIGGED(heads_stop_with_the_service_and_numbers_go_on),
		RIGGED(a_torn_log_is_cut_and_an_altered_one_refused),
		RIGGED(a_removed_operator_gets_nothing_any_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
