#include "tests/integration/service_rig.h"

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
} cast[STRANGER] = {
	[REGISTRAR] = {"registrar", ROLE_REGISTRAR},
	[VERIFIER] = {"verifier", ROLE_VERIFIER},
	[REVOCATION] = {"revocation", ROLE_REVOCATION},
	[VIEWER] = {"vera", ROLE_VIEWER},
	[PROVISIONER] = {"paul", ROLE_PROVISIONER},
	[ADMIN] = {"ada", ROLE_ADMIN},
	[PLUGIN] = {"vpn", ROLE_PLUGIN},
};

static uint64_t now_ms(void)
{
	return clock_wall_ms(clock_system());
}

static void read_log(const struct rig *rig, struct blob *out)
{
	char path[SCRATCH_FILE_BYTES];

	if (file_read(scratch_file(&rig->dir, "log", path), 4 << 20, out, NULL) != RC_OK)
		blob_clear(out);
}

void rig_print_log(const struct rig *rig)
{
	DROP(blob_release) struct blob text = {0};

	read_log(rig, &text);
	print_error("%.*s\n", SPAN_FMT(blob_span(&text)));
}

bool rig_logged(const struct rig *rig, const char *text)
{
	DROP(blob_release) struct blob log = {0};

	read_log(rig, &log);
	return log.len != 0 && memmem(log.at, log.len, text, strlen(text)) != NULL;
}

void rig_pass_ms(struct rig *rig, uint64_t ms)
{
	uint64_t end = clock_mono_ms(clock_system()) + ms;

	while (clock_mono_ms(clock_system()) < end)
		assert_ok(loop_turn(rig->loop, 5, NULL));
}

/* ---- keys and files ---- */

static void make_roster(struct rig *rig)
{
	DROP(blob_release) struct blob bytes = {0};
	char path[SCRATCH_FILE_BYTES];

	for (unsigned i = 0; i < WHO_COUNT; i++)
		assert_ok(identity_generate(&rig->who[i], NULL));
	for (unsigned i = 0; i < STRANGER; i++) {
		struct roster_member *member = &rig->members[i];

		snprintf(member->name, sizeof member->name, "%s", cast[i].name);
		member->role = cast[i].role;
		memcpy(member->curve, rig->who[i].curve.public, CURVE_KEY_BYTES);
		memcpy(member->sign, rig->who[i].sign.public, SIGN_KEY_BYTES);
		member->not_after = UINT64_MAX;
	}
	assert_ok(sign_generate(&rig->root, NULL));
	assert_ok(roster_make(&rig->root, 1, now_ms(), rig->members, STRANGER, &bytes, NULL));
	assert_ok(roster_open(blob_span(&bytes), rig->root.public, 0, &rig->roster, NULL));
	assert_ok(file_create(scratch_file(&rig->dir, "roster", path), blob_span(&bytes), 0644, NULL));
	assert_ok(keyfile_create(
		scratch_file(&rig->dir, "root.pub", path), KEYFILE_SIGN_PUBLIC, rig->root.public, NULL));
	assert_int_equal(mkdir(scratch_file(&rig->dir, "identity", path), 0700), 0);
	assert_ok(identity_create(path, &rig->who[rig->service], NULL));
}

static void write_config(struct rig *rig, const char *lines)
{
	static const uint8_t sealing[32] = "a sealing key of no worth.......";
	static const enum redis_user users[STRANGER] = {
		[REGISTRAR] = REDIS_REGISTRAR, [VERIFIER] = REDIS_VERIFIER, [REVOCATION] = REDIS_REVOCATION};
	struct store_options redis = redis_server_options(&rig->redis, users[rig->service]);
	char path[SCRATCH_FILE_BYTES], text[4096];

	assert_ok(file_create(scratch_file(&rig->dir, "redis.password", path), redis.password, 0600, NULL));
	snprintf(text, sizeof text,
		"listen = ipc://%s/s\npublish = ipc://%s/p\nredis-socket = %s\nlog-level = debug\n%s%s",
		rig->dir.path, rig->dir.path, rig->redis.socket, geteuid() == 0 ? "user = root\n" : "",
		lines);
	assert_ok(file_create(scratch_file(&rig->dir, "conf", path), span_text(text), 0600, NULL));
	if (rig->service == VERIFIER)
		assert_ok(keyfile_create(
			scratch_file(&rig->dir, "sealing.key", path), KEYFILE_SEALING, sealing, NULL));
}

void rig_start(struct rig *rig)
{
	char program[512], conf[SCRATCH_FILE_BYTES], log[SCRATCH_FILE_BYTES];

	snprintf(program, sizeof program, "%s/services/%s/limebus-%s", getenv("LIMEBUS_BUILD"),
		cast[rig->service].name, cast[rig->service].name);
	scratch_file(&rig->dir, "conf", conf);
	scratch_file(&rig->dir, "log", log);
	rig->pid = fork();
	if (rig->pid == 0) {
		int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(fd, STDERR_FILENO);
		/* The leak sanitizer traces the program, which its sandbox does not let it be. */
		setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
		execl(program, program, "--config", conf, (char *)NULL);
		_exit(127);
	}
	assert_true(rig->pid > 0);
}

void rig_kill(struct rig *rig)
{
	if (rig->pid <= 0)
		return;
	kill(rig->pid, SIGKILL);
	waitpid(rig->pid, NULL, 0);
	rig->pid = 0;
}

int rig_wait_end(struct rig *rig)
{
	uint64_t end = clock_mono_ms(clock_system()) + RIG_PATIENCE_MS;
	int status = 0;

	while (waitpid(rig->pid, &status, WNOHANG) == 0) {
		if (clock_mono_ms(clock_system()) > end) {
			rig_print_log(rig);
			fail_msg("the program does not end");
		}
		rig_pass_ms(rig, 20);
	}
	rig->pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

struct rig *rig_open(enum who service, const char *lines)
{
	struct rig *rig = calloc(1, sizeof *rig);

	assert_non_null(rig);
	rig->service = service;
	scratch_open(&rig->dir);
	redis_server_open(&rig->redis, "");
	make_roster(rig);
	write_config(rig, lines);
	assert_ok(loop_open(clock_system(), &rig->loop, NULL));
	assert_ok(
		bus_open(rig->loop, &(struct bus_options){.peers_max = 8, .links_max = 24}, &rig->bus, NULL));
	return rig;
}

void rig_close(struct rig *rig)
{
	rig_kill(rig);
	for (unsigned i = 0; i < WHO_COUNT; i++) {
		if (rig->client[i] != NULL)
			client_close(&rig->client[i]);
		identity_release(&rig->who[i]);
	}
	if (rig->subscriber != NULL)
		subscriber_close(&rig->subscriber);
	bus_close(&rig->bus);
	loop_close(&rig->loop);
	redis_server_close(&rig->redis);
	roster_release(&rig->roster);
	blob_release(&rig->answer);
	scratch_release(&rig->dir);
	free(rig);
}

/* ---- asking ---- */

static struct curve_pair pair_of(const struct hpke_pair *keys)
{
	struct curve_pair out = {0};

	memcpy(out.public_key, keys->public, CURVE_KEY_BYTES);
	memcpy(out.secret.bytes, keys->secret, CURVE_KEY_BYTES);
	return out;
}

struct client *rig_dial(struct rig *rig, const struct hpke_pair *keys)
{
	DROP(curve_pair_release) struct curve_pair pair = pair_of(keys);
	struct client *client = NULL;
	char endpoint[ENDPOINT_MAX];

	snprintf(endpoint, sizeof endpoint, "ipc://%.80s/s", rig->dir.path);
	assert_ok(client_open(rig->bus,
		&(struct client_options){.endpoint = endpoint,
			.server_key = rig->who[rig->service].curve.public,
			.pair = &pair,
			.ctx = rig},
		&client, NULL));
	return client;
}

static void on_answer(void *ctx, enum rc rc, const struct msg *reply, struct span frame)
{
	struct rig *rig = ctx;

	rig->is_answered = true;
	rig->answer_rc = rc;
	assert_ok(blob_copy(&rig->answer, frame));
	rig->text[0] = '\0';
	if (reply != NULL && reply->type == MSG_TYPE_error)
		snprintf(rig->text, sizeof rig->text, "%.*s", SPAN_FMT(reply->error.text));
}

enum rc rig_ask_with(struct rig *rig, struct client *client, const struct msg *msg, uint64_t deadline_ms)
{
	rig->is_answered = false;
	assert_ok(client_call(client, msg, deadline_ms, 0, on_answer, rig, NULL));
	RIG_UNTIL(rig, rig->is_answered);
	return rig->answer_rc;
}

enum rc rig_ask(struct rig *rig, enum who who, const struct msg *msg)
{
	uint64_t end = clock_mono_ms(clock_system()) + RIG_PATIENCE_MS;
	enum rc rc;

	if (rig->client[who] == NULL)
		rig->client[who] = rig_dial(rig, &rig->who[who].curve);
	/* A client's pauses grow when a service is killed again and again. A revocation service that has just
	 * started says itself that it does not know enough yet. */
	for (;;) {
		rc = rig_ask_with(rig, rig->client[who], msg, RIG_PATIENCE_MS - 1000);
		if (rc != RC_TIMEOUT || rig->text[0] == '\0' || clock_mono_ms(clock_system()) > end)
			return rc;
		rig_pass_ms(rig, 20);
	}
}

void rig_sign(struct rig *rig, enum who who, const struct msg *msg, struct blob *out)
{
	blob_clear(out);
	assert_ok(signed_make(&rig->who[who].sign, msg, out, NULL));
}

/* ---- listening ---- */

static void on_published(void *ctx, struct span topic, const struct msg *msg, struct span frame)
{
	struct rig *rig = ctx;
	struct notice_view view;
	struct signed_msg head;

	(void)msg;
	if (span_is(topic, "head")) {
		assert_ok(notice_head_open(
			rig->roster, frame, &(struct notice_place){0}, now_ms(), &head, NULL));
		rig->heads++;
	} else if (topic.len > 7 && memcmp(topic.at, "notice.", 7) == 0) {
		assert_true(rig->notices < RIG_NOTICES_MAX);
		assert_ok(notice_open(rig->roster, frame, now_ms(), &view, NULL));
		assert_ok(notice_follow(&rig->place, &view, frame, NULL));
		rig->kinds[rig->notices++] = view.kind;
	}
}

void rig_subscribe(struct rig *rig, const struct hpke_pair *keys)
{
	static const char *const topics[] = {"notice.", "head"};
	DROP(curve_pair_release) struct curve_pair pair = pair_of(keys);
	char endpoint[ENDPOINT_MAX];

	snprintf(endpoint, sizeof endpoint, "ipc://%.80s/p", rig->dir.path);
	assert_ok(subscriber_open(rig->bus,
		&(struct subscriber_options){.endpoint = endpoint,
			.server_key = rig->who[rig->service].curve.public,
			.pair = &pair,
			.topics = topics,
			.topic_count = COUNT(topics),
			.message = on_published,
			.ctx = rig},
		&rig->subscriber, NULL));
}
