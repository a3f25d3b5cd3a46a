/* Keys over a deployment's life: the real registrar, verifier and revocation service and `limebus keys`;
 * operators are played over the real bus. */
#include "tests/fakes/fake_cert.h"
#include "tests/support/redis_server.h"
#include "tests/support/soft_tpm.h"
#include "tests/support/test.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "lib/base/hex.h"
#include "lib/bus/client.h"
#include "lib/crypto/digest.h"
#include "lib/sandbox/process.h"
#include "lib/store/commit.h"
#include "lib/trust/keyfile.h"
#include "lib/trust/notice.h"
#include "lib/trust/record.h"

#define PATIENCE_MS 15000
#define SILENCE_MS  600

enum { REGISTRAR, VERIFIER, REVOCATION, SERVICES };
static const char *const services[SERVICES] = {"registrar", "verifier", "revocation"};
static const enum redis_user users[SERVICES] = {REDIS_REGISTRAR, REDIS_VERIFIER, REDIS_REVOCATION};

static struct {
	struct scratch scratch;
	char folder[SCRATCH_FILE_BYTES];
	struct redis_server redis;
	pid_t pids[SERVICES];
	struct loop *loop;
	struct bus *bus;
	bool is_answered;
	enum rc rc;
	struct blob answer;
	char text[TEXT_MAX + 1];
} it;

static uint64_t now_ms(void)
{
	return clock_wall_ms(clock_system());
}

/* ---- the deployment ---- */

static const char *below(const char *name)
{
	static char path[4][SCRATCH_FILE_BYTES + 128];
	static unsigned turn;
	char *out = path[turn++ % COUNT(path)];

	snprintf(out, sizeof path[0], "%s/%s", it.folder, name);
	return out;
}

static void run(const char *const *words)
{
	DROP(process_result_release) struct process_result result = {0};
	char program[PATH_MAX];
	struct process_spec spec = {.path = program, .arguments = words, .timeout_ms = 30000};

	snprintf(program, sizeof program, "%s/services/tenant/limebus", getenv("LIMEBUS_BUILD"));
	assert_ok(process_run(&spec, &result, NULL));
	if (result.status != 0)
		fail_msg("limebus keys %s: %.*s", words[1], SPAN_FMT(blob_span(&result.output)));
}

#define KEYS(verb, ...) run((const char *const[]){"keys", verb, "--dir", it.folder, __VA_ARGS__, NULL})

static struct roster *roster(void)
{
	struct roster *out = NULL;

	assert_ok(roster_load(below("root/roster"), below("root/root.pub"), 0, &out, NULL));
	return out;
}

static void print_log(const char *service)
{
	DROP(blob_release) struct blob text = {0};
	char name[64];

	snprintf(name, sizeof name, "%s.log", service);
	if (file_read(below(name), 1 << 20, &text, NULL) == RC_OK)
		fwrite(text.at, 1, text.len, stderr);
}

static bool logged(const char *service, const char *what)
{
	DROP(blob_release) struct blob text = {0};
	char name[64];

	snprintf(name, sizeof name, "%s.log", service);
	if (file_read(below(name), 1 << 20, &text, NULL) != RC_OK)
		return false;
	return memmem(text.at, text.len, what, strlen(what)) != NULL;
}

static void start(unsigned i)
{
	char program[PATH_MAX], conf[64], log[64];

	snprintf(program, sizeof program, "%s/services/%s/limebus-%s", getenv("LIMEBUS_BUILD"), services[i],
		services[i]);
	snprintf(conf, sizeof conf, "%s/%s.conf", services[i], services[i]);
	snprintf(log, sizeof log, "%s.log", services[i]);
	unlink(below(log));
	it.pids[i] = fork();
	if (it.pids[i] == 0) {
		int fd = open(below(log), O_WRONLY | O_CREAT | O_APPEND, 0600);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(fd, STDERR_FILENO);
		/* The sandbox keeps the leak sanitizer from looking around. */
		setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
		execl(program, program, "--config", below(conf), (char *)NULL);
		_exit(127);
	}
	assert_true(it.pids[i] > 0);
}

static void stop(unsigned i)
{
	if (it.pids[i] <= 0)
		return;
	kill(it.pids[i], SIGTERM);
	waitpid(it.pids[i], NULL, 0);
	it.pids[i] = 0;
}

#define UNTIL(service, condition)                                                                            \
	do {                                                                                                 \
		uint64_t until_end_ = clock_mono_ms(clock_system()) + PATIENCE_MS;                           \
		while (!(condition)) {                                                                       \
			if (clock_mono_ms(clock_system()) >= until_end_) {                                   \
				print_log(service);                                                          \
				fail_msg("never came: %s", #condition);                                      \
			}                                                                                    \
			assert_ok(loop_turn(it.loop, 10, NULL));                                             \
		}                                                                                            \
	} while (0)

/* The registrar does not start without one. */
static void trust_a_manufacturer(void)
{
	static const struct fake_recipe recipe = {.name = "CA", .extensions = FAKE_CA_EXTENSIONS};
	DROP(fake_cert_release) struct fake_cert ca = {0};
	DROP(blob_release) struct blob pem = {0};

	fake_cert_make(&recipe, NULL, &ca);
	fake_cert_pem(&ca, &pem);
	if (mkdir(below("registrar/ek-roots"), 0700) != 0)
		assert_int_equal(access(below("registrar/ek-roots"), F_OK), 0);
	assert_ok(file_create(below("registrar/ek-roots/ca.pem"), blob_span(&pem), 0600, NULL));
}

static int setup(void **state)
{
	char ipc[SCRATCH_FILE_BYTES];

	(void)state;
	memset(&it, 0, sizeof it);
	scratch_open(&it.scratch);
	scratch_file(&it.scratch, "d", it.folder);
	scratch_file(&it.scratch, "s", ipc);
	assert_int_equal(mkdir(ipc, 0700), 0);
	redis_server_open(&it.redis, "");
	run((const char *const[]){"keys", "init", it.folder, "--ipc", ipc, "--redis-socket", it.redis.socket,
		"--operators", "ada:admin,paul:provisioner,vera:viewer", "--user",
		geteuid() == 0 ? "root" : "", NULL});
	for (unsigned i = 0; i < SERVICES; i++) {
		struct store_options redis = redis_server_options(&it.redis, users[i]);
		char name[64];

		snprintf(name, sizeof name, "%s/redis.password", services[i]);
		assert_ok(file_replace(below(name), redis.password, 0600, NULL));
	}
	trust_a_manufacturer();
	assert_ok(loop_open(clock_system(), &it.loop, NULL));
	assert_ok(bus_open(it.loop, &(struct bus_options){.peers_max = 8, .links_max = 16}, &it.bus, NULL));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (unsigned i = 0; i < SERVICES; i++)
		stop(i);
	bus_close(&it.bus);
	loop_close(&it.loop);
	redis_server_close(&it.redis);
	blob_release(&it.answer);
	scratch_release(&it.scratch);
	return 0;
}

/* ---- who asks ---- */

static void identity_of(const char *folder, struct identity *out)
{
	char name[128];

	snprintf(name, sizeof name, "%s/identity", folder);
	assert_ok(identity_load(below(name), out, NULL));
}

static struct client *dial(const char *folder, unsigned service)
{
	DROP(identity_release) struct identity identity = {0};
	DROP(curve_pair_release) struct curve_pair pair = {0};
	DROP(roster_release) struct roster *present = roster();
	const struct roster_member *member = roster_by_name(present, span_text(services[service]));
	struct client *client = NULL;

	identity_of(folder, &identity);
	memcpy(pair.public_key, identity.curve.public, CURVE_KEY_BYTES);
	memcpy(pair.secret.bytes, identity.curve.secret, CURVE_KEY_BYTES);
	assert_ok(client_open(it.bus,
		&(struct client_options){
			.endpoint = member->endpoint, .server_key = member->curve, .pair = &pair},
		&client, NULL));
	return client;
}

static void on_answer(void *ctx, enum rc rc, const struct msg *reply, struct span frame)
{
	(void)ctx;
	it.is_answered = true;
	it.rc = rc;
	it.text[0] = '\0';
	assert_ok(blob_copy(&it.answer, frame));
	if (reply != NULL && reply->type == MSG_TYPE_error)
		snprintf(it.text, sizeof it.text, "%.*s", SPAN_FMT(reply->error.text));
}

static enum rc ask(struct client *client, const struct msg *msg, uint64_t deadline_ms)
{
	it.is_answered = false;
	assert_ok(client_call(client, msg, (uint32_t)deadline_ms, 300, on_answer, NULL, NULL));
	UNTIL("verifier", it.is_answered);
	return it.rc;
}

/* A verifier that has no lease yet, or a service that is not there yet: again. */
static enum rc ask_until(struct client *client, const struct msg *msg)
{
	uint64_t end = clock_mono_ms(clock_system()) + PATIENCE_MS;
	enum rc rc = ask(client, msg, 2000);

	while ((rc == RC_IO || rc == RC_TIMEOUT) && clock_mono_ms(clock_system()) < end) {
		assert_ok(loop_turn(it.loop, 50, NULL));
		rc = ask(client, msg, 2000);
	}
	return rc;
}

/* Once, as the holder of the keys in this folder. */
static enum rc ask_as(const char *folder, unsigned service, const struct msg *msg)
{
	struct client *client = dial(folder, service);
	enum rc rc = ask_until(client, msg);

	client_close(&client);
	if (rc == RC_TIMEOUT || rc == RC_IO)
		print_log(services[service]);
	return rc;
}

static void sign_as(const struct identity *who, const struct msg *msg, struct blob *out)
{
	blob_clear(out);
	assert_ok(signed_make(&who->sign, msg, out, NULL));
}

/* ---- what is stored ---- */

static const char policy_json[] = "{\"limebus\": 1, \"name\": \"p\", \"pcrs\": {\"sha256\": {\"16\": "
				  "[\"0000000000000000000000000000000000000000000000000000000000000000\"]}}}";

static void policy_of(const struct identity *who, struct blob *out)
{
	uint8_t hash[HASH_BYTES];
	struct msg policy = {.type = MSG_TYPE_policy,
		.policy = {span_text("p"), now_ms(), SPAN(hash), strlen(policy_json), now_ms()}};

	assert_ok(digest_bytes(DIGEST_SHA256, span_text(policy_json), hash));
	sign_as(who, &policy, out);
}

static void roster_put(unsigned service)
{
	DROP(roster_release) struct roster *present = roster();
	struct msg msg = {.type = MSG_TYPE_roster_put, .roster_put = {roster_bytes(present)}};

	assert_rc(ask_as("operators/ada", service, &msg), RC_OK);
}

/* As the registrar would have written it. */
static void enrol(const struct soft_tpm *tpm, const struct identity *registrar, const char *alias_name)
{
	struct store_options options = redis_server_options(&it.redis, REDIS_REGISTRAR);
	DROP(store_close) struct store *store = NULL;
	DROP(store_batch_release) struct store_batch batch = {0};
	DROP(blob_release) struct blob record = {0};
	char digits[HEX_BYTES(NODE_ID_BYTES)], key[160];
	struct msg node = {.type = MSG_TYPE_node,
		.node = {.node = SPAN(tpm->node),
			.number = 1,
			.nk = SPAN(tpm->node),
			.ak_public = tpm_area_span(&tpm->ak_public),
			.ak_name = tpm_name_span(&tpm->ak_name),
			.ek_public = tpm_area_span(&tpm->ek_public),
			.enrolled = 1,
			.activated = 1}};
	struct msg alias = {.type = MSG_TYPE_alias, .alias = {SPAN(tpm->node), span_text(alias_name), 1}};

	assert_ok(store_open(&options, &store, NULL));
	assert_ok(store_wait_ready(store, 5000, NULL));
	snprintf(key, sizeof key, "node/%s", hex_encode(SPAN(tpm->node), digits));
	assert_ok(record_make(
		&registrar->sign, (struct record_head){"node", key, now_ms(), 0}, &node, &record, NULL));
	assert_ok(store_batch_hash_set(&batch, "lb:{0}:node", span_text(digits), blob_span(&record)));
	snprintf(key, sizeof key, "alias/%s", alias_name);
	blob_clear(&record);
	assert_ok(record_make(
		&registrar->sign, (struct record_head){"alias", key, now_ms(), 0}, &alias, &record, NULL));
	assert_ok(store_batch_hash_set(&batch, "lb:{0}:alias", span_text(alias_name), blob_span(&record)));
	assert_ok(store_wait_commit(store, NULL, &batch, 5000, NULL));
}

struct count {
	const uint8_t *key;
	size_t by_key;
	size_t all;
};

static bool count_one(void *ctx, struct span field, struct span value)
{
	struct count *count = ctx;
	struct signed_msg envelope;

	(void)field;
	assert_ok(signed_open(value, MSG_TYPE_record, &envelope, NULL));
	count->all++;
	count->by_key += memcmp(envelope.key, count->key, SIGN_KEY_BYTES) == 0;
	return true;
}

/* Are there records in these hashes, and are all of them signed with this key? */
static bool all_signed_by(const struct identity *who, const char *const *hashes, size_t hash_count)
{
	for (size_t i = 0; i < hash_count; i++) {
		struct store_options options = redis_server_options(&it.redis,
			strcmp(hashes[i], "lb:{0}:node") == 0 || strcmp(hashes[i], "lb:{0}:alias") == 0
				? REDIS_REGISTRAR
				: REDIS_VERIFIER);
		DROP(store_close) struct store *store = NULL;
		struct count count = {.key = who->sign.public};

		assert_ok(store_open(&options, &store, NULL));
		assert_ok(store_wait_ready(store, 5000, NULL));
		assert_ok(store_wait_each(store, hashes[i], 1 << 20, count_one, &count, 5000, NULL));
		if (count.all == 0 || count.by_key != count.all)
			return false;
	}
	return true;
}

/* ---- services ---- */

static const char *const registered[] = {"lb:{0}:node", "lb:{0}:alias"};

static void a_registrar_signs_again_what_its_former_keys_signed(void **state)
{
	DROP(identity_release) struct identity before = {0};
	DROP(identity_release) struct identity after = {0};
	struct msg get = {.type = MSG_TYPE_node_get, .node_get = {.name = span_text("web1")}};
	struct soft_tpm tpm;

	(void)state;
	soft_tpm_open(&tpm);
	identity_of("registrar", &before);
	enrol(&tpm, &before, "web1");
	start(REGISTRAR);
	assert_rc(ask_as("operators/vera", REGISTRAR, &get), RC_OK);
	stop(REGISTRAR);
	KEYS("rotate", "registrar");
	identity_of("registrar", &after);
	start(REGISTRAR);
	UNTIL("registrar", logged("registrar", "resign.done"));
	assert_true(all_signed_by(&after, registered, COUNT(registered)));
	stop(REGISTRAR);
	/* The former keys have ended: all is there. */
	KEYS("remove", "registrar.ended-2");
	start(REGISTRAR);
	assert_rc(ask_as("operators/vera", REGISTRAR, &get), RC_OK);
	assert_false(logged("registrar", "store.tampered"));
	stop(REGISTRAR);
	/* What is written under them now is nothing. */
	enrol(&tpm, &before, "web2");
	start(REGISTRAR);
	get.node_get.name = span_text("web2");
	assert_rc(ask_as("operators/vera", REGISTRAR, &get), RC_NOT_FOUND);
	assert_true(logged("registrar", "store.tampered"));
	assert_true(logged("registrar", "registrar.ended-2, whose dates are over"));
	soft_tpm_close(&tpm);
}

static void a_verifier_signs_again_what_its_former_keys_signed(void **state)
{
	static const char *const hashes[] = {"lb:policy", "lb:{0}:prov", "lb:{0}:state"};
	DROP(identity_release) struct identity registrar = {0};
	DROP(identity_release) struct identity after = {0};
	DROP(identity_release) struct identity paul = {0};
	DROP(blob_release) struct blob envelope = {0};
	uint8_t hash[HASH_BYTES], v_hash[HASH_BYTES], v[32] = "the share V of a test, 32 bytes";
	struct msg put = {.type = MSG_TYPE_policy_put};
	struct msg document = {.type = MSG_TYPE_document_put};
	struct msg provision = {.type = MSG_TYPE_provision};
	struct msg body = {.type = MSG_TYPE_provisioning};
	struct msg get = {.type = MSG_TYPE_policy_get};
	struct soft_tpm tpm;

	(void)state;
	soft_tpm_open(&tpm);
	identity_of("registrar", &registrar);
	identity_of("operators/paul", &paul);
	enrol(&tpm, &registrar, "web1");
	start(REVOCATION);
	start(VERIFIER);
	policy_of(&paul, &envelope);
	put.policy_put.policy = blob_span(&envelope);
	assert_ok(digest_bytes(DIGEST_SHA256, span_text(policy_json), hash));
	document.document_put =
		(struct msg_document_put){SPAN(hash), strlen(policy_json), 0, span_text(policy_json)};
	assert_rc(ask_as("operators/paul", VERIFIER, &document), RC_OK);
	assert_rc(ask_as("operators/paul", VERIFIER, &put), RC_OK);
	assert_ok(digest_bytes(DIGEST_SHA256, SPAN(v), v_hash));
	body.provisioning = (struct msg_provisioning){SPAN(tpm.node), 7, SPAN(hash), span_text("default"),
		SPAN(v_hash), tpm_name_span(&tpm.ak_name), SPAN(hash), now_ms()};
	sign_as(&paul, &body, &envelope);
	provision.provision = (struct msg_provision){blob_span(&envelope), SPAN(v)};
	assert_rc(ask_as("operators/paul", VERIFIER, &provision), RC_OK);
	stop(VERIFIER);
	KEYS("rotate", "verifier");
	/* An operator who leaves does not take his nodes and policies along. */
	KEYS("remove", "paul");
	roster_put(REVOCATION);
	identity_of("verifier", &after);
	start(VERIFIER);
	UNTIL("verifier", logged("verifier", "load.done"));
	UNTIL("verifier", all_signed_by(&after, hashes, COUNT(hashes)));
	stop(VERIFIER);
	KEYS("remove", "verifier.ended-2");
	start(VERIFIER);
	get.policy_get.hash = SPAN(hash);
	assert_rc(ask_as("operators/vera", VERIFIER, &get), RC_OK);
	assert_false(logged("verifier", "store."));
	assert_true(logged("verifier", "nodes=1 policies=1"));
	soft_tpm_close(&tpm);
}

static enum rc notices_hold(const struct roster *judge)
{
	struct msg get = {.type = MSG_TYPE_notices_get, .notices_get = {.from = 1}};
	struct msg msg;
	struct elem_item item;
	struct list list;
	size_t count = 0;

	assert_rc(ask_as("operators/vera", REVOCATION, &get), RC_OK);
	assert_ok(msg_decode_as(blob_span(&it.answer), MSG_TYPE_notices, &msg));
	list = msg.notices.notices;
	while (ELEM_NEXT(item, &list, &item)) {
		struct notice_view view;
		struct err err = {0};
		enum rc rc = notice_open(judge, item.bytes, now_ms(), &view, &err);

		if (rc != RC_OK)
			return rc;
		count += view.kind == NOTICE_SUSPENDED;
	}
	return count == 0 ? RC_NOT_FOUND : RC_OK;
}

static void cause_of(const struct identity *who, const uint8_t *node, struct blob *out)
{
	struct msg request = {.type = MSG_TYPE_node_request,
		.node_request = {
			span_of(node, NODE_ID_BYTES), span_text("suspend"), span_text("a test"), now_ms()}};

	sign_as(who, &request, out);
}

static void old_notices_outlive_the_keys_of_all_who_signed_them(void **state)
{
	DROP(identity_release) struct identity paul = {0};
	DROP(roster_release) struct roster *present = NULL;
	DROP(blob_release) struct blob cause = {0};
	uint8_t node[NODE_ID_BYTES] = {1, 2, 3};
	struct msg put = {.type = MSG_TYPE_cause_put};

	(void)state;
	identity_of("operators/paul", &paul);
	start(REVOCATION);
	cause_of(&paul, node, &cause);
	put.cause_put.cause = blob_span(&cause);
	assert_rc(ask_as("verifier", REVOCATION, &put), RC_OK);
	stop(REVOCATION);
	KEYS("rotate", "revocation", "--overlap", "0s");
	KEYS("remove", "paul");
	start(REVOCATION);
	present = roster();
	assert_rc(notices_hold(present), RC_OK);
	/* Nothing new from him. */
	node[0]++;
	cause_of(&paul, node, &cause);
	put.cause_put.cause = blob_span(&cause);
	assert_rc(ask_as("verifier", REVOCATION, &put), RC_DENIED);
	assert_non_null(strstr(it.text, "paul.ended-3, whose dates are over"));
	/* Taken out of the roster for good, nobody can judge them any more. */
	KEYS("prune", "--older-than", "0s");
	roster_release(&present);
	present = roster();
	assert_rc(notices_hold(present), RC_DENIED);
}

/* ---- operators ---- */

static void a_removed_operator_is_refused_on_every_message(void **state)
{
	static const struct {
		unsigned service;
		enum msg_type type;
	} rows[] = {
		{REGISTRAR, MSG_TYPE_node_get},
		{REGISTRAR, MSG_TYPE_node_list},
		{REGISTRAR, MSG_TYPE_alias_put},
		{REGISTRAR, MSG_TYPE_status_get},
		{REGISTRAR, MSG_TYPE_roster_put},
		{VERIFIER, MSG_TYPE_policy_put},
		{VERIFIER, MSG_TYPE_policy_get},
		{VERIFIER, MSG_TYPE_policy_list},
		{VERIFIER, MSG_TYPE_document_put},
		{VERIFIER, MSG_TYPE_document_get},
		{VERIFIER, MSG_TYPE_provision},
		{VERIFIER, MSG_TYPE_node_action},
		{VERIFIER, MSG_TYPE_relay},
		{VERIFIER, MSG_TYPE_state_get},
		{VERIFIER, MSG_TYPE_state_list},
		{VERIFIER, MSG_TYPE_verdict_get},
		{VERIFIER, MSG_TYPE_status_get},
		{VERIFIER, MSG_TYPE_roster_put},
		{REVOCATION, MSG_TYPE_notices_get},
		{REVOCATION, MSG_TYPE_status_get},
		{REVOCATION, MSG_TYPE_roster_put},
	};
	DROP(identity_release) struct identity bert = {0};
	DROP(blob_release) struct blob envelope = {0};
	struct client *clients[SERVICES];
	struct msg status = {.type = MSG_TYPE_status_get};
	uint8_t node[NODE_ID_BYTES] = {1}, v_hash[HASH_BYTES], v[32] = {2};

	(void)state;
	/* bert may do everything: what he is refused, he is refused for having been removed. */
	KEYS("add", "admin", "bert");
	identity_of("operators/bert", &bert);
	for (unsigned i = 0; i < SERVICES; i++) {
		start(i);
		clients[i] = dial("operators/bert", i);
		assert_rc(ask_until(clients[i], &status), RC_OK);
	}
	/* His keys are kept away from here by then. */
	assert_int_equal(rename(below("operators/bert"), below("bert")), 0);
	KEYS("remove", "bert");
	for (unsigned i = 0; i < SERVICES; i++)
		roster_put(i);
	assert_ok(digest_bytes(DIGEST_SHA256, SPAN(v), v_hash));
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct msg msg = {.type = rows[i].type}, body = {.type = MSG_TYPE_none};
		struct span signed_span = {0};
		enum rc rc;

		if (msg.type == MSG_TYPE_alias_put)
			body = (struct msg){
				.type = MSG_TYPE_alias, .alias = {SPAN(node), span_text("x"), now_ms()}};
		else if (msg.type == MSG_TYPE_policy_put)
			body = (struct msg){.type = MSG_TYPE_policy,
				.policy = {span_text("p"), 9, SPAN(v_hash), 32, now_ms()}};
		else if (msg.type == MSG_TYPE_provision)
			body = (struct msg){.type = MSG_TYPE_provisioning,
				.provisioning = {SPAN(node), 1, SPAN(v_hash), span_text("default"),
					SPAN(v_hash), span_text("ak"), SPAN(v_hash), now_ms()}};
		else if (msg.type == MSG_TYPE_node_action)
			body = (struct msg){.type = MSG_TYPE_node_request,
				.node_request = {SPAN(node), span_text("remove"), span_text("x"), now_ms()}};
		if (body.type != MSG_TYPE_none) {
			sign_as(&bert, &body, &envelope);
			signed_span = blob_span(&envelope);
		}
		if (msg.type == MSG_TYPE_alias_put)
			msg.alias_put.request = signed_span;
		else if (msg.type == MSG_TYPE_policy_put)
			msg.policy_put.policy = signed_span;
		else if (msg.type == MSG_TYPE_provision)
			msg.provision = (struct msg_provision){signed_span, SPAN(v)};
		else if (msg.type == MSG_TYPE_node_action)
			msg.node_action.request = signed_span;
		else if (msg.type == MSG_TYPE_node_get)
			msg.node_get.node = SPAN(node);
		else if (msg.type == MSG_TYPE_state_get)
			msg.state_get.node = SPAN(node);
		else if (msg.type == MSG_TYPE_verdict_get)
			msg.verdict_get.node = SPAN(node);
		else if (msg.type == MSG_TYPE_policy_get)
			msg.policy_get.name = span_text("p");
		else if (msg.type == MSG_TYPE_document_put)
			msg.document_put = (struct msg_document_put){SPAN(v_hash), sizeof v, 0, SPAN(v)};
		else if (msg.type == MSG_TYPE_document_get)
			msg.document_get.document = SPAN(v_hash);
		else if (msg.type == MSG_TYPE_relay)
			msg.relay = (struct msg_relay){SPAN(node), span_text("sealed")};
		else if (msg.type == MSG_TYPE_notices_get)
			msg.notices_get.from = 1;
		else if (msg.type == MSG_TYPE_roster_put)
			msg.roster_put.roster = span_text("roster");
		/* The connection was admitted before; not one message of it is answered. */
		rc = ask(clients[rows[i].service], &msg, SILENCE_MS);
		if (rc != RC_TIMEOUT && rc != RC_IO)
			fail_msg("%s was answered: %s", msg_type_name(msg.type), rc_words(rc));
		/* Nor does it help that somebody else sends what he signs. */
		if (body.type != MSG_TYPE_none && ask_as("operators/ada", rows[i].service, &msg) != RC_DENIED)
			fail_msg("%s: signed by him, sent by ada: %s, %s", msg_type_name(msg.type),
				rc_words(it.rc), it.text);
	}
	for (unsigned i = 0; i < SERVICES; i++)
		client_close(&clients[i]);
}

static void a_rotated_operator_works_with_both_keys_during_the_overlap(void **state)
{
	struct msg list = {.type = MSG_TYPE_node_list};
	struct client *before;

	(void)state;
	start(REGISTRAR);
	before = dial("operators/vera", REGISTRAR);
	assert_rc(ask_until(before, &list), RC_OK);
	KEYS("rotate", "vera");
	roster_put(REGISTRAR);
	assert_rc(ask(before, &list, 2000), RC_OK);
	assert_rc(ask_as("operators/vera", REGISTRAR, &list), RC_OK);
	KEYS("remove", "vera.ended-2");
	roster_put(REGISTRAR);
	assert_rc(ask(before, &list, SILENCE_MS), RC_TIMEOUT);
	assert_rc(ask_as("operators/vera", REGISTRAR, &list), RC_OK);
	client_close(&before);
}

/* ---- old rosters ---- */

static int wait_for_end(unsigned i)
{
	int status = -1;
	pid_t done = 0;

	UNTIL(services[i], (done = waitpid(it.pids[i], &status, WNOHANG)) != 0);
	assert_int_equal(done, it.pids[i]);
	it.pids[i] = 0;
	return status;
}

static void an_older_roster_is_refused_by_file_and_by_bus(void **state)
{
	DROP(blob_release) struct blob old = {0};
	struct msg put = {.type = MSG_TYPE_roster_put};

	(void)state;
	assert_ok(file_read(below("root/roster"), 1 << 20, &old, NULL));
	KEYS("remove", "paul");
	put.roster_put.roster = blob_span(&old);
	for (unsigned i = 0; i < SERVICES; i++) {
		DROP(blob_release) struct blob newest = {0};
		char path[64];

		start(i);
		assert_rc(ask_as("operators/ada", i, &put), RC_STALE);
		/* While it runs, and at the next start. */
		snprintf(path, sizeof path, "%s/roster", services[i]);
		assert_ok(file_read(below(path), 1 << 20, &newest, NULL));
		assert_ok(file_replace(below(path), blob_span(&old), 0644, NULL));
		UNTIL(services[i], logged(services[i], "roster.refused"));
		stop(i);
		start(i);
		assert_int_not_equal(wait_for_end(i), 0);
		assert_true(logged(services[i], "older than number 2, which was in force here"));
		/* Nor if what it remembers was spoilt. The newest, and the number again: it starts. */
		assert_ok(file_replace(below(path), blob_span(&newest), 0644, NULL));
		snprintf(path, sizeof path, "%s/roster.seen", services[i]);
		assert_ok(file_replace(below(path), span_text("two\n"), 0644, NULL));
		start(i);
		assert_int_not_equal(wait_for_end(i), 0);
		assert_ok(file_replace(below(path), span_text("2\n"), 0644, NULL));
		start(i);
		assert_rc(ask_as("operators/ada", i, &(struct msg){.type = MSG_TYPE_status_get}), RC_OK);
		stop(i);
	}
}

static bool has_fact(const char *name, const char *part)
{
	struct msg msg;
	struct elem_fact fact;
	struct list list;

	assert_ok(msg_decode_as(blob_span(&it.answer), MSG_TYPE_status, &msg));
	list = msg.status.facts;
	while (ELEM_NEXT(fact, &list, &fact))
		if (span_is(fact.name, name) && fact.level == 1 && fact.mend.len != 0 &&
			memmem(fact.text.at, fact.text.len, part, strlen(part)) != NULL)
			return true;
	return false;
}

/* A folder in the way stands for a file that is root's: it cannot be replaced either. */
static void a_roster_that_cannot_be_written_is_in_force_all_the_same(void **state)
{
	DROP(roster_release) struct roster *present = NULL;
	DROP(blob_release) struct blob bytes = {0};
	struct msg status = {.type = MSG_TYPE_status_get};
	struct msg put = {.type = MSG_TYPE_roster_put};

	(void)state;
	start(REGISTRAR);
	assert_rc(ask_as("operators/ada", REGISTRAR, &status), RC_OK);
	assert_false(has_fact("roster", ""));
	assert_int_equal(mkdir(below("registrar/roster.new"), 0700), 0);
	assert_int_equal(mkdir(below("registrar/roster.seen.new"), 0700), 0);
	assert_int_equal(rename(below("registrar"), below("../running")), 0);
	KEYS("add", "viewer", "eve");
	assert_int_equal(rename(below("../running"), below("registrar")), 0);
	present = roster();
	assert_ok(blob_copy(&bytes, roster_bytes(present)));
	put.roster_put.roster = blob_span(&bytes);
	assert_rc(ask_as("operators/ada", REGISTRAR, &put), RC_OK);
	assert_rc(ask_as("operators/eve", REGISTRAR, &status), RC_OK);
	assert_true(has_fact("roster", "has number 1, which this service must not replace; 2 is in force"));
	assert_true(logged("registrar", "roster.unwritten"));
	assert_true(logged("registrar", "roster.unnoted"));
	/* Put there by hand, it is no matter any more. */
	assert_int_equal(rmdir(below("registrar/roster.new")), 0);
	assert_ok(file_replace(below("registrar/roster"), blob_span(&bytes), 0644, NULL));
	UNTIL("registrar", (ask_as("operators/ada", REGISTRAR, &status) == RC_OK &&
				   has_fact("roster", "roster.seen cannot be written")));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_registrar_signs_again_what_its_former_keys_signed),
		TEST(a_verifier_signs_again_what_its_former_keys_signed),
		TEST(old_notices_outlive_the_keys_of_all_who_signed_them),
		TEST(a_removed_operator_is_refused_on_every_message),
		TEST(a_rotated_operator_works_with_both_keys_during_the_overlap),
		TEST(an_older_roster_is_refused_by_file_and_by_bus),
		TEST(a_roster_that_cannot_be_written_is_in_force_all_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
