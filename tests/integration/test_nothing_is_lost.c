/*
 * From verdict to notice while everybody dies: in each round a node deviates, or is healed, and one of
 * verifier, revocation service and Redis is killed at some step (system call) of what follows, another one
 * each time. Afterwards every verdict and every request has made exactly one notice, in order, in one
 * unbroken log.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/trust/notice.h"
#include "tests/integration/verifier_rig.h"
#include "tests/support/killer.h"

/* LIMEBUS_ROUNDS in the environment overrides it. Most of a round is waiting, so that several deployments die
 * side by side. */
#define ROUNDS   500
#define PARTS    4u
#define HURRY_MS 150
#define ASK_MS   10

static unsigned part; /* which of them this process is */

enum victim { KILL_VERIFIER, KILL_REVOCATION, KILL_REDIS, VICTIMS };
static const char *const victim_names[] = {"verifier", "revocation", "redis"};

static struct client *reader; /* of the log */

struct hurry {
	uint64_t at, pause; /* ms: the last time, and until the next */
};

struct chain {
	struct rig *rig;
	struct soft_tpm tpm;
	struct agent agent;
	bool was_up;
	uint64_t hello_ms;
	struct hurry hurries[3];
	uint64_t asked_ms;

	/* The log as somebody reads it who asks again and again. */
	bool is_asking;
	struct notice_place place;
	unsigned kinds[NOTICE_KIND_COUNT];
	enum notice_kind last;
	uint64_t last_verdict;
};

/* ---- who reads the log ---- */

static void take(struct chain *chain, struct span bytes)
{
	struct notice_view view;
	struct err err = {0};

	if (notice_open(chain->rig->roster, bytes, clock_wall_ms(clock_system()), &view, &err) != RC_OK ||
		notice_follow(&chain->place, &view, bytes, &err) != RC_OK)
		fail_msg("notice %llu: %s", (unsigned long long)chain->place.seq + 1, err.text);
	chain->kinds[view.kind]++;
	chain->last = view.kind;
	if (view.kind != NOTICE_REVOKED)
		return;
	/* Each verdict once, and none is skipped that said no. */
	assert_true(view.cause.signed_msg.msg.verdict.number > chain->last_verdict);
	chain->last_verdict = view.cause.signed_msg.msg.verdict.number;
}

static void on_notices(void *ctx, enum rc rc, const struct msg *reply, struct span frame)
{
	struct chain *chain = ctx;
	struct elem_item item;
	struct list list;

	(void)frame;
	chain->is_asking = false;
	if (rc != RC_OK)
		return;
	list = reply->notices.notices;
	while (ELEM_NEXT(item, &list, &item))
		take(chain, item.bytes);
}

static void ask(struct chain *chain)
{
	uint64_t now = clock_mono_ms(clock_system());
	struct msg msg = {.type = MSG_TYPE_notices_get, .notices_get = {.from = chain->place.seq + 1}};

	if (chain->is_asking || !client_is_up(reader) || now - chain->asked_ms < ASK_MS)
		return;
	chain->asked_ms = now;
	chain->is_asking = client_call(reader, &msg, 300, 0, on_notices, chain, NULL) == RC_OK;
}

static void reader_open(struct chain *chain)
{
	const struct hpke_pair *keys = &chain->rig->who[VIEWER].curve;
	DROP(curve_pair_release) struct curve_pair pair = {0};
	char endpoint[ENDPOINT_MAX];

	memcpy(pair.public_key, keys->public, CURVE_KEY_BYTES);
	memcpy(pair.secret.bytes, keys->secret, CURVE_KEY_BYTES);
	snprintf(endpoint, sizeof endpoint, "ipc://%.80s/r", chain->rig->dir.path);
	assert_ok(client_open(chain->rig->bus,
		&(struct client_options){.endpoint = endpoint,
			.server_key = chain->rig->who[REVOCATION].curve.public,
			.pair = &pair,
			.ctx = chain},
		&reader, NULL));
}

/* ---- the node ---- */

/* Clients come back more and more slowly to a server that dies every second; these ask soon, but give a
 * handshake on a loaded machine time. */
static void hurry(struct chain *chain, unsigned i, struct client *client, enum who who)
{
	uint64_t now = clock_mono_ms(clock_system());
	struct hurry *hurry = &chain->hurries[i];
	char endpoint[ENDPOINT_MAX];

	if (client_is_up(client))
		*hurry = (struct hurry){now, HURRY_MS};
	if (now - hurry->at < hurry->pause)
		return;
	*hurry = (struct hurry){now, 2 * hurry->pause};
	snprintf(endpoint, sizeof endpoint, "ipc://%.80s/%c", chain->rig->dir.path,
		who == VERIFIER ? 'v' : 'r');
	assert_ok(client_redirect(client, endpoint, chain->rig->who[who].curve.public, NULL));
}

static void hurry_all(struct chain *chain)
{
	hurry(chain, 0, chain->agent.client, VERIFIER);
	hurry(chain, 1, chain->rig->client[PROVISIONER], VERIFIER);
	hurry(chain, 2, reader, REVOCATION);
}

/* Says hello when its connection is there again, and until it is challenged. */
static void turn(struct chain *chain)
{
	struct agent *agent = &chain->agent;
	uint64_t now = clock_mono_ms(clock_system());
	struct msg hello = {.type = MSG_TYPE_hello, .hello = {.node = SPAN(agent->tpm->node), .roster = 1}};
	bool is_up = client_is_up(agent->client);

	assert_ok(loop_turn(chain->rig->loop, 2, NULL));
	if (is_up && !chain->was_up)
		agent->welcomes = 0;
	if (is_up && agent->welcomes == 0 && now - chain->hello_ms > 20) {
		chain->hello_ms = now;
		if (client_send(agent->client, &hello) != RC_OK)
			print_message("hello could not be sent\n");
	}
	chain->was_up = is_up;
	hurry_all(chain);
	ask(chain);
}

static void until_kind(struct chain *chain, enum notice_kind kind, unsigned count)
{
	uint64_t end = clock_mono_ms(clock_system()) + RIG_PATIENCE_MS;

	while (chain->kinds[kind] < count) {
		turn(chain);
		if (clock_mono_ms(clock_system()) <= end)
			continue;
		rig_print_log(chain->rig);
		fail_msg("%s: %u notices, expected %u", notice_kind_word(kind), chain->kinds[kind], count);
	}
}

/* ---- who dies ---- */

static pid_t pid_of(const struct chain *chain, enum victim victim)
{
	return victim == KILL_VERIFIER     ? chain->rig->pid
	       : victim == KILL_REVOCATION ? chain->rig->beside
	                                   : chain->rig->redis.pid;
}

static void kill_and_start(struct chain *chain, enum victim victim)
{
	if (victim == KILL_VERIFIER) {
		rig_kill(chain->rig);
		rig_start(chain->rig);
	} else if (victim == KILL_REVOCATION) {
		rig_end(&chain->rig->beside);
		rig_start_revocation(chain->rig);
	} else {
		redis_server_kill(&chain->rig->redis);
		redis_server_restart(&chain->rig->redis);
	}
}

static void deviate(struct chain *chain)
{
	struct msg measured = {.type = MSG_TYPE_measured};

	soft_tpm_extend(&chain->tpm, 16, 1);
	if (client_send(chain->agent.client, &measured) != RC_OK)
		print_message("a hint could not be sent; the interval will tell\n");
}

static void on_resumed(void *ctx, enum rc rc, const struct msg *reply, struct span frame)
{
	bool *is_over = ctx;

	(void)reply;
	(void)frame;
	if (rc == RC_OK)
		*is_over = true;
}

/* The operator asks until it is done; the same request, so that it counts once. */
static void heal(struct chain *chain, struct killer *killer, unsigned reinstated)
{
	DROP(blob_release) struct blob bytes = {0};
	struct msg body = {.type = MSG_TYPE_node_request,
		.node_request = {SPAN(chain->tpm.node), span_text("resume"), span_text("a test"),
			clock_wall_ms(clock_system())}};
	struct msg msg = {.type = MSG_TYPE_node_action};
	uint64_t end = clock_mono_ms(clock_system()) + RIG_PATIENCE_MS;
	struct client *client = chain->rig->client[PROVISIONER];
	uint64_t asked = 0;
	uint64_t id = 0;
	bool is_over = false;

	memset(chain->tpm.pcrs[16], 0, sizeof chain->tpm.pcrs[16]);
	assert_ok(signed_make(&chain->rig->who[PROVISIONER].sign, &body, &bytes, NULL));
	msg.node_action.request = blob_span(&bytes);
	/* Or until a request that nobody answered has had its effect. */
	while (!is_over && chain->kinds[NOTICE_REINSTATED] < reinstated &&
		(killer == NULL || !killer_is_done(killer))) {
		if (clock_mono_ms(clock_system()) - asked > 300) {
			asked = clock_mono_ms(clock_system());
			client_cancel(client, id);
			assert_ok(client_call(client, &msg, 2000, 0, on_resumed, &is_over, &id));
		}
		turn(chain);
		if (clock_mono_ms(clock_system()) > end) {
			rig_print_log(chain->rig);
			fail_msg("the node cannot be resumed");
		}
	}
	client_cancel(client, id);
}

struct plan {
	enum victim victim;
	bool is_healing; /* it dies while the node is healed, not while it deviates */
	unsigned step;
};

/* Returns the steps that the victim made. */
static unsigned run_round(struct chain *chain, const struct plan *plan)
{
	unsigned revoked = chain->kinds[NOTICE_REVOKED] + 1;
	unsigned reinstated = chain->kinds[NOTICE_REINSTATED] + 1;
	struct killer killer;
	unsigned steps;

	if (plan->is_healing) {
		deviate(chain);
		until_kind(chain, NOTICE_REVOKED, revoked);
	}
	killer_open(&killer, pid_of(chain, plan->victim), plan->step);
	killer_go(&killer);
	if (plan->is_healing)
		heal(chain, &killer, reinstated);
	else
		deviate(chain);
	while (!killer_is_done(&killer) && chain->kinds[NOTICE_REVOKED] < revoked)
		turn(chain);
	while (!killer_is_done(&killer) && plan->is_healing && chain->kinds[NOTICE_REINSTATED] < reinstated)
		turn(chain);
	steps = killer_close(&killer);
	if (plan->step != KILLER_NEVER)
		kill_and_start(chain, plan->victim);
	until_kind(chain, NOTICE_REVOKED, revoked);
	if (chain->kinds[NOTICE_REINSTATED] < reinstated)
		heal(chain, NULL, reinstated);
	until_kind(chain, NOTICE_REINSTATED, reinstated);
	assert_int_equal(chain->kinds[NOTICE_REVOKED], revoked);
	assert_int_equal(chain->kinds[NOTICE_REINSTATED], reinstated);
	return steps;
}

static unsigned rounds(void)
{
	const char *text = getenv("LIMEBUS_ROUNDS");

	return text == NULL ? ROUNDS : (unsigned)strtoul(text, NULL, 10);
}

static void each_verdict_makes_one_notice_whoever_dies_at_whatever_step(void **state)
{
	struct chain chain = {.rig = *state};

	unsigned steps[VICTIMS][2], count = rounds();
	uint64_t spent[VICTIMS][2] = {0}, begin;

	soft_tpm_open(&chain.tpm);
	reader_open(&chain);
	agent_bring_up(chain.rig, &chain.tpm, &chain.agent);
	chain.was_up = true;
	until_kind(&chain, NOTICE_PROVISIONED, 1);
	for (unsigned i = 0; i < VICTIMS * 2; i++) {
		struct plan plan = {(enum victim)(i / 2), i % 2 != 0, KILLER_NEVER};

		steps[i / 2][i % 2] = run_round(&chain, &plan);
		print_message("%s: %u steps while the node %s\n", victim_names[i / 2], steps[i / 2][i % 2],
			i % 2 != 0 ? "is healed" : "deviates");
		assert_true(steps[i / 2][i % 2] > 0);
	}
	for (unsigned i = 0; i < count; i++) {
		/* A store that comes back takes longest. */
		static const enum victim turns[] = {
			KILL_VERIFIER, KILL_REVOCATION, KILL_VERIFIER, KILL_REVOCATION, KILL_REDIS};
		struct plan plan = {turns[i / PARTS % COUNT(turns)], i / PARTS / COUNT(turns) % 3 == 2, 0};
		unsigned all = steps[plan.victim][plan.is_healing];

		if (i % PARTS != part)
			continue;

		/* From the first step to somewhat beyond the last, evenly. */
		plan.step = 1 + (unsigned)((uint64_t)i * (all + all / 8) / count);
		begin = clock_mono_ms(clock_system());
		run_round(&chain, &plan);
		spent[plan.victim][plan.is_healing] += clock_mono_ms(clock_system()) - begin;
	}
	for (unsigned i = 0; i < VICTIMS * 2; i++)
		print_message("%s: %llu ms of rounds while the node %s\n", victim_names[i / 2],
			(unsigned long long)spent[i / 2][i % 2], i % 2 != 0 ? "is healed" : "deviates");
	assert_int_equal(chain.kinds[NOTICE_REVOKED], (count - part + PARTS - 1) / PARTS + 2 * VICTIMS);
	assert_int_equal(chain.kinds[NOTICE_REINSTATED], chain.kinds[NOTICE_REVOKED]);
	client_close(&reader);
	agent_end(&chain.tpm, &chain.agent);
}

/* After a failure, too: the bus waits for everything that is open. */
static int close_all(void **state)
{
	if (reader != NULL)
		client_close(&reader);
	return rig_close(state);
}

/* One deployment in a process of its own, that says everything on standard error. */
static pid_t begin_part(unsigned number)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_verdict_makes_one_notice_whoever_dies_at_whatever_step),
	};
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(STDERR_FILENO, STDOUT_FILENO);
	part = number;
	_exit(cmocka_run_group_tests(tests, rig_open, close_all));
}

static void no_notice_is_lost_or_made_twice_in_500_deaths(void **state)
{
	pid_t pids[PARTS];
	int status = 0;

	(void)state;
	for (unsigned i = 0; i < PARTS; i++)
		pids[i] = begin_part(i);
	for (unsigned i = 0; i < PARTS; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_notice_is_lost_or_made_twice_in_500_deaths),
	};

	rig_setup.is_revoking = true;
	rig_setup.config = "class = default:interval=300ms:lapse=1m:redeliver=1m:stale=30s\n"
			   "challenge-timeout = 700ms\nlease = 1s\nlog-level = debug\n";
	return cmocka_run_group_tests(tests, NULL, NULL);
}
