#include "tests/integration/pair_rig.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/file.h"

static const struct {
	const char *name;
	enum role role;
} cast[MEMBERS] = {
	[ONE] = {"revocation-1", ROLE_REVOCATION},
	[TWO] = {"revocation-2", ROLE_REVOCATION},
	[VERIFIER] = {"verifier", ROLE_VERIFIER},
	[VIEWER] = {"vera", ROLE_VIEWER},
	[PROVISIONER] = {"paul", ROLE_PROVISIONER},
	[ADMIN] = {"ada", ROLE_ADMIN},
	[PLUGIN] = {"vpn", ROLE_PLUGIN},
};

static const uint8_t node[NODE_ID_BYTES] = {1, 2, 3};

static uint64_t now_ms(void)
{
	return clock_wall_ms(clock_system());
}

static uint64_t mono_ms(void)
{
	return clock_mono_ms(clock_system());
}

char *pair_file(
	const struct pair *pair, enum member service, const char *name, char path[static SCRATCH_FILE_BYTES])
{
	char below[128];

	snprintf(below, sizeof below, "%s%s%s", cast[service].name, name[0] != '\0' ? "/" : "", name);
	return scratch_file(&pair->dir, below, path);
}

bool pair_logged(const struct pair *pair, enum member service, const char *text)
{
	DROP(blob_release) struct blob log = {0};
	char path[SCRATCH_FILE_BYTES];

	return file_read(pair_file(pair, service, "log", path), 4 << 20, &log, NULL) == RC_OK &&
	       memmem(log.at, log.len, text, strlen(text)) != NULL;
}

void pair_print_logs(const struct pair *pair)
{
	for (unsigned i = 0; i < 2; i++) {
		DROP(blob_release) struct blob log = {0};
		char path[SCRATCH_FILE_BYTES];

		if (file_read(pair_file(pair, i, "log", path), 4 << 20, &log, NULL) == RC_OK)
			print_error("---- %s\n%.*s\n", cast[i].name, SPAN_FMT(blob_span(&log)));
	}
}

void pair_pass_ms(struct pair *pair, uint64_t ms)
{
	uint64_t end = mono_ms() + ms;

	while (mono_ms() < end)
		assert_ok(loop_turn(pair->loop, 5, NULL));
}

/* ---- keys and files ---- */

static void make_roster(struct pair *pair)
{
	DROP(blob_release) struct blob bytes = {0};

	for (unsigned i = 0; i < MEMBERS; i++) {
		struct roster_member *member = &pair->members[i];

		assert_ok(identity_generate(&pair->who[i], NULL));
		snprintf(member->name, sizeof member->name, "%s", cast[i].name);
		member->role = cast[i].role;
		memcpy(member->curve, pair->who[i].curve.public, CURVE_KEY_BYTES);
		memcpy(member->sign, pair->who[i].sign.public, SIGN_KEY_BYTES);
		member->not_after = UINT64_MAX;
		if (i > TWO)
			continue;
		snprintf(member->endpoint, sizeof member->endpoint, "ipc://%.80s/s%u", pair->dir.path, i);
		snprintf(member->publisher, sizeof member->publisher, "ipc://%.80s/p%u", pair->dir.path, i);
	}
	assert_ok(sign_generate(&pair->root, NULL));
	assert_ok(roster_make(&pair->root, 1, now_ms(), pair->members, MEMBERS, &bytes, NULL));
	assert_ok(roster_open(blob_span(&bytes), pair->root.public, 0, &pair->roster, NULL));
}

static void write_folder(struct pair *pair, enum member service)
{
	struct store_options redis = redis_server_options(&pair->redis, REDIS_REVOCATION);
	char path[SCRATCH_FILE_BYTES], text[4096];

	assert_int_equal(mkdir(pair_file(pair, service, "", path), 0700), 0);
	assert_ok(file_create(
		pair_file(pair, service, "roster", path), roster_bytes(pair->roster), 0644, NULL));
	assert_ok(keyfile_create(
		pair_file(pair, service, "root.pub", path), KEYFILE_SIGN_PUBLIC, pair->root.public, NULL));
	assert_int_equal(mkdir(pair_file(pair, service, "identity", path), 0700), 0);
	assert_ok(identity_create(path, &pair->who[service], NULL));
	assert_ok(file_create(pair_file(pair, service, "redis.password", path), redis.password, 0600, NULL));
	snprintf(text, sizeof text, "listen = %s\npublish = %s\nredis-socket = %s\nlog-level = debug\n%s",
		pair->members[service].endpoint, pair->members[service].publisher, pair->redis.socket,
		geteuid() == 0 ? "user = root\n" : "");
	assert_ok(file_create(pair_file(pair, service, "conf", path), span_text(text), 0600, NULL));
}

struct pair *pair_open(void)
{
	struct pair *pair = calloc(1, sizeof *pair);

	assert_non_null(pair);
	scratch_open(&pair->dir);
	redis_server_open(&pair->redis, "");
	make_roster(pair);
	write_folder(pair, ONE);
	write_folder(pair, TWO);
	assert_ok(loop_open(clock_system(), &pair->loop, NULL));
	assert_ok(bus_open(
		pair->loop, &(struct bus_options){.peers_max = 8, .links_max = 24}, &pair->bus, NULL));
	return pair;
}

void pair_close(struct pair *pair)
{
	for (unsigned i = 0; i < 2; i++) {
		pair_kill(pair, i);
		if (pair->heard[i].subscriber != NULL)
			subscriber_close(&pair->heard[i].subscriber);
	}
	bus_close(&pair->bus);
	loop_close(&pair->loop);
	redis_server_close(&pair->redis);
	for (unsigned i = 0; i < MEMBERS; i++)
		identity_release(&pair->who[i]);
	roster_release(&pair->roster);
	blob_release(&pair->answer);
	scratch_release(&pair->dir);
	free(pair);
}

/* ---- programs ---- */

void pair_start(struct pair *pair, enum member service)
{
	char program[512], conf[SCRATCH_FILE_BYTES], log[SCRATCH_FILE_BYTES];

	snprintf(program, sizeof program, "%s/services/revocation/limebus-revocation",
		getenv("LIMEBUS_BUILD"));
	pair_file(pair, service, "conf", conf);
	pair_file(pair, service, "log", log);
	pair->pid[service] = fork();
	if (pair->pid[service] == 0) {
		int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(fd, STDERR_FILENO);
		/* The leak sanitizer traces the program, which its sandbox does not let it be. */
		setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
		execl(program, program, "--config", conf, (char *)NULL);
		_exit(127);
	}
	assert_true(pair->pid[service] > 0);
}

void pair_kill(struct pair *pair, enum member service)
{
	/* A new connection for the next one: the pauses of an old one grow. */
	for (unsigned i = 0; i < MEMBERS; i++)
		client_close(&pair->client[service][i]);
	if (pair->pid[service] <= 0)
		return;
	kill(pair->pid[service], SIGKILL);
	waitpid(pair->pid[service], NULL, 0);
	pair->pid[service] = 0;
}

int pair_wait_end(struct pair *pair, enum member service)
{
	uint64_t end = mono_ms() + PAIR_PATIENCE_MS;
	int status = 0;

	while (waitpid(pair->pid[service], &status, WNOHANG) == 0) {
		if (mono_ms() > end) {
			pair_print_logs(pair);
			fail_msg("the program does not end");
		}
		pair_pass_ms(pair, 20);
	}
	pair->pid[service] = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* ---- asking ---- */

static struct curve_pair pair_of(const struct hpke_pair *keys)
{
	struct curve_pair out = {0};

	memcpy(out.public_key, keys->public, CURVE_KEY_BYTES);
	memcpy(out.secret.bytes, keys->secret, CURVE_KEY_BYTES);
	return out;
}

static void on_answer(void *ctx, enum rc rc, const struct msg *reply, struct span frame)
{
	struct pair *pair = ctx;

	pair->is_answered = true;
	pair->answer_rc = rc;
	pair->answer_type = reply != NULL ? reply->type : MSG_TYPE_none;
	assert_ok(blob_copy(&pair->answer, frame));
	pair->text[0] = '\0';
	if (reply != NULL && reply->type == MSG_TYPE_error)
		snprintf(pair->text, sizeof pair->text, "%.*s", SPAN_FMT(reply->error.text));
}

enum rc pair_ask(struct pair *pair, enum member service, enum member who, const struct msg *msg)
{
	struct client **client = &pair->client[service][who];

	if (*client == NULL) {
		DROP(curve_pair_release) struct curve_pair keys = pair_of(&pair->who[who].curve);

		assert_ok(client_open(pair->bus,
			&(struct client_options){.endpoint = pair->members[service].endpoint,
				.server_key = pair->who[service].curve.public,
				.pair = &keys,
				.ctx = pair},
			client, NULL));
	}
	pair->is_answered = false;
	assert_ok(client_call(*client, msg, PAIR_PATIENCE_MS - 1000, 300, on_answer, pair, NULL));
	PAIR_UNTIL(pair, pair->is_answered);
	return pair->answer_rc;
}

void pair_verdict(struct pair *pair, uint64_t number, struct blob *out)
{
	struct msg msg = {.type = MSG_TYPE_verdict,
		.verdict = {.node = SPAN(node),
			.number = number,
			.time = now_ms(),
			.ak_name = span_text("ak"),
			.nk = SPAN(node)}};

	blob_clear(out);
	assert_ok(signed_make(&pair->who[VERIFIER].sign, &msg, out, NULL));
}

enum rc pair_put(struct pair *pair, enum member service, const struct blob *cause)
{
	struct msg put = {.type = MSG_TYPE_cause_put, .cause_put = {blob_span(cause)}};

	return pair_ask(pair, service, VERIFIER, &put);
}

/* A request that only the leader serves, and that changes nothing. */
bool pair_serves(struct pair *pair, enum member service)
{
	struct msg get = {.type = MSG_TYPE_floor_get};

	return pair->pid[service] > 0 && pair_ask(pair, service, VERIFIER, &get) == RC_OK &&
	       pair->answer_type == MSG_TYPE_floors;
}

enum member pair_leader(struct pair *pair)
{
	enum member leader = MEMBERS;

	PAIR_UNTIL(pair, (pair_serves(pair, ONE) && (leader = ONE) == ONE) ||
				 (pair_serves(pair, TWO) && (leader = TWO) == TWO));
	return leader;
}

static uint64_t end_of(struct pair *pair, enum member service)
{
	struct msg get = {.type = MSG_TYPE_notices_get, .notices_get = {.from = 1}};
	struct notice_place place = {0};
	struct signed_msg head;
	struct notice_view view;
	struct elem_item item;
	struct list list;

	if (pair_ask(pair, service, VIEWER, &get) != RC_OK)
		return 0;
	assert_ok(msg_decode_as(blob_span(&pair->answer), MSG_TYPE_notices, &get));
	list = get.notices.notices;
	while (ELEM_NEXT(item, &list, &item)) {
		assert_ok(notice_open(pair->roster, item.bytes, now_ms(), &view, NULL));
		assert_ok(notice_follow(&place, &view, item.bytes, NULL));
	}
	if (place.seq < PAGE_MAX)
		assert_ok(notice_head_open(pair->roster, get.notices.head, &place, now_ms(), &head, NULL));
	return place.seq;
}

void pair_has(struct pair *pair, enum member service, uint64_t seq)
{
	PAIR_UNTIL(pair, end_of(pair, service) >= seq);
	assert_int_equal(end_of(pair, service), seq);
}

/* ---- listening ---- */

static void take_notice(struct pair *pair, struct pair_heard *heard, struct span bytes)
{
	struct notice_view view;

	assert_ok(notice_open(pair->roster, bytes, now_ms(), &view, NULL));
	if (view.signed_msg.msg.notice.seq > heard->notices)
		heard->notices = view.signed_msg.msg.notice.seq;
}

static void take_published(struct pair *pair, struct pair_heard *heard, struct span topic,
	const struct msg *msg, struct span frame)
{
	struct signed_msg head;
	struct elem_item item;
	struct list list;

	if (span_is(topic, "head")) {
		assert_ok(notice_head_open(
			pair->roster, frame, &(struct notice_place){0}, now_ms(), &head, NULL));
		heard->heads++;
		heard->head = head.msg.head.seq;
		heard->head_mono_ms = mono_ms();
		snprintf(heard->leader, sizeof heard->leader, "%.*s", SPAN_FMT(head.msg.head.leader));
	} else if (span_is(topic, "notice.")) {
		assert_int_equal(msg->type, MSG_TYPE_notices);
		assert_true(msg->notices.notices.count > 1);
		list = msg->notices.notices;
		heard->batches++;
		heard->frames++;
		while (ELEM_NEXT(item, &list, &item))
			take_notice(pair, heard, item.bytes);
	} else if (topic.len > 7 && memcmp(topic.at, "notice.", 7) == 0) {
		heard->frames++;
		take_notice(pair, heard, frame);
	}
}

static void heard_one(void *ctx, struct span topic, const struct msg *msg, struct span frame)
{
	take_published(ctx, &((struct pair *)ctx)->heard[ONE], topic, msg, frame);
}

static void heard_two(void *ctx, struct span topic, const struct msg *msg, struct span frame)
{
	take_published(ctx, &((struct pair *)ctx)->heard[TWO], topic, msg, frame);
}

void pair_listen(struct pair *pair, enum member service)
{
	static const char *const topics[] = {"notice.", "head"};
	DROP(curve_pair_release) struct curve_pair keys = pair_of(&pair->who[PLUGIN].curve);

	assert_ok(subscriber_open(pair->bus,
		&(struct subscriber_options){.endpoint = pair->members[service].publisher,
			.server_key = pair->who[service].curve.public,
			.pair = &keys,
			.topics = topics,
			.topic_count = COUNT(topics),
			.message = service == ONE ? heard_one : heard_two,
			.ctx = pair},
		&pair->heard[service].subscriber, NULL));
}
