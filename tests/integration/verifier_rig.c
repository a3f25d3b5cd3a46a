#include "tests/integration/verifier_rig.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "lib/base/hex.h"
#include "lib/crypto/digest.h"
#include "lib/store/commit.h"
#include "lib/trust/qualify.h"

static const struct {
	const char *name;
	enum role role;
} members[WHO_COUNT] = {
	[REGISTRAR] = {"registrar", ROLE_REGISTRAR},
	[VERIFIER] = {"verifier", ROLE_VERIFIER},
	[REVOCATION] = {"revocation", ROLE_REVOCATION},
	[VIEWER] = {"vera", ROLE_VIEWER},
	[PROVISIONER] = {"paul", ROLE_PROVISIONER},
	[ADMIN] = {"ada", ROLE_ADMIN},
};

struct rig_setup rig_setup = {
	.links = 16,
	.config = "class = default:interval=200ms:lapse=2s:redeliver=2s:stale=1500ms\n"
		  "challenge-timeout = 700ms\nlease = 1s\nlog-level = debug\n",
	.policy = "{\"limebus\": 1, \"name\": \"p\", \"pcrs\": {\"sha256\": {\"16\": "
		  "[\"0000000000000000000000000000000000000000000000000000000000000000\"]}}}",
};

static uint64_t now_ms(void)
{
	return clock_wall_ms(clock_system());
}

void rig_print_log(const struct rig *rig)
{
	DROP(blob_release) struct blob text = {0};
	char path[SCRATCH_FILE_BYTES];

	if (file_read(scratch_file(&rig->dir, "verifier.log", path), 1 << 20, &text, NULL) == RC_OK)
		fwrite(text.at, 1, text.len, stderr);
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
	struct roster_member list[WHO_COUNT] = {0};
	DROP(blob_release) struct blob bytes = {0};
	char path[SCRATCH_FILE_BYTES];

	for (unsigned i = 0; i < WHO_COUNT; i++) {
		assert_ok(identity_generate(&rig->who[i], NULL));
		snprintf(list[i].name, sizeof list[i].name, "%s", members[i].name);
		list[i].role = members[i].role;
		memcpy(list[i].curve, rig->who[i].curve.public, CURVE_KEY_BYTES);
		memcpy(list[i].sign, rig->who[i].sign.public, SIGN_KEY_BYTES);
		list[i].not_after = UINT64_MAX;
	}
	snprintf(list[VERIFIER].endpoint, ENDPOINT_MAX, "ipc://%.80s/v", rig->dir.path);
	snprintf(list[VERIFIER].publisher, ENDPOINT_MAX, "ipc://%.80s/vp", rig->dir.path);
	snprintf(list[REVOCATION].endpoint, ENDPOINT_MAX, "ipc://%.80s/r", rig->dir.path);
	snprintf(list[REVOCATION].publisher, ENDPOINT_MAX, "ipc://%.80s/rp", rig->dir.path);
	assert_ok(sign_generate(&rig->root, NULL));
	assert_ok(roster_make(&rig->root, 1, now_ms(), list, WHO_COUNT, &bytes, NULL));
	assert_ok(roster_open(blob_span(&bytes), rig->root.public, 0, &rig->roster, NULL));
	assert_ok(file_create(scratch_file(&rig->dir, "roster", path), blob_span(&bytes), 0644, NULL));
	assert_ok(keyfile_create(
		scratch_file(&rig->dir, "root.pub", path), KEYFILE_SIGN_PUBLIC, rig->root.public, NULL));
	assert_int_equal(mkdir(scratch_file(&rig->dir, "identity", path), 0700), 0);
	assert_ok(identity_create(path, &rig->who[VERIFIER], NULL));
}

static void write_config(struct rig *rig)
{
	static const uint8_t key[32] = "a sealing key of no worth.......";
	struct store_options redis = redis_server_options(&rig->redis, REDIS_VERIFIER);
	char path[SCRATCH_FILE_BYTES], text[4096];

	assert_ok(keyfile_create(scratch_file(&rig->dir, "sealing.key", path), KEYFILE_SEALING, key, NULL));
	assert_ok(file_create(scratch_file(&rig->dir, "redis.password", path), redis.password, 0600, NULL));
	snprintf(text, sizeof text,
		"listen = ipc://%s/v\npublish = ipc://%s/vp\nredis-socket = %s\n"
		"%s%s",
		rig->dir.path, rig->dir.path, rig->redis.socket, rig_setup.config,
		geteuid() == 0 ? "user = root\n" : "");
	assert_ok(file_create(scratch_file(&rig->dir, "verifier.conf", path), span_text(text), 0600, NULL));
}

pid_t rig_spawn(struct rig *rig, const char *service, const char *name)
{
	char program[512], file[80], conf[SCRATCH_FILE_BYTES], log[SCRATCH_FILE_BYTES];
	pid_t pid;

	snprintf(program, sizeof program, "%s/services/%s/limebus-%s", getenv("LIMEBUS_BUILD"), service,
		service);
	snprintf(file, sizeof file, "%s.conf", name);
	scratch_file(&rig->dir, file, conf);
	snprintf(file, sizeof file, "%s.log", name);
	scratch_file(&rig->dir, file, log);
	pid = fork();
	if (pid == 0) {
		int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(fd, STDERR_FILENO);
		/* The sandbox keeps the leak sanitizer from looking around. */
		setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
		execl(program, program, "--config", conf, (char *)NULL);
		_exit(127);
	}
	assert_true(pid > 0);
	return pid;
}

void rig_end(pid_t *pid)
{
	if (*pid <= 0)
		return;
	kill(*pid, SIGKILL);
	waitpid(*pid, NULL, 0);
	*pid = 0;
}

void rig_start(struct rig *rig)
{
	rig->pid = rig_spawn(rig, "verifier", "verifier");
}

void rig_kill(struct rig *rig)
{
	rig_end(&rig->pid);
}

int rig_terminate(struct rig *rig)
{
	int status = -1;

	kill(rig->pid, SIGTERM);
	waitpid(rig->pid, &status, 0);
	rig->pid = 0;
	return status;
}

/* ---- the revocation service ---- */

static void on_cause(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct rig *rig = ctx;
	struct msg ok = {.type = MSG_TYPE_ok, .id = msg->id};

	(void)frame;
	if (rig->is_silent)
		return;
	/* A crowd has more of them than anybody wants to see. */
	if (rig->causes < RIG_CAUSES_MAX)
		assert_ok(blob_copy(&rig->cause[rig->causes++], msg->cause_put.cause));
	assert_ok(server_send(rig->revocation, peer, &ok));
}

static void on_alive(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct rig *rig = ctx;

	(void)peer;
	(void)msg;
	(void)frame;
	rig->alive++;
}

static void on_floor_get(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct rig *rig = ctx;
	struct msg floors = {.type = MSG_TYPE_floors,
		.id = msg->id,
		.floors = {{blob_span(&rig->floors), rig->floor_count}, false}};

	(void)frame;
	if (!rig->is_silent)
		assert_ok(server_send(rig->revocation, peer, &floors));
}

static const struct server_row rows[] = {
	{MSG_TYPE_cause_put, ROLE_VERIFIER, on_cause},
	{MSG_TYPE_alive, ROLE_VERIFIER, on_alive},
	{MSG_TYPE_floor_get, ROLE_VERIFIER, on_floor_get},
};

static enum admit admit(void *ctx, const uint8_t key[static CURVE_KEY_BYTES], uint64_t token)
{
	(void)ctx;
	(void)key;
	(void)token;
	return ADMIT_YES;
}

static unsigned role_of(void *ctx, const uint8_t key[static CURVE_KEY_BYTES])
{
	struct rig *rig = ctx;

	return roster_role(rig->roster, key, now_ms());
}

static struct curve_pair pair_of(const struct hpke_pair *pair)
{
	struct curve_pair out = {0};

	memcpy(out.public_key, pair->public, CURVE_KEY_BYTES);
	memcpy(out.secret.bytes, pair->secret, CURVE_KEY_BYTES);
	return out;
}

static struct client *dial(struct rig *rig, const struct hpke_pair *keys,
	void (*message)(void *ctx, const struct msg *msg, struct span frame), void *ctx)
{
	DROP(curve_pair_release) struct curve_pair pair = pair_of(keys);
	struct client *client = NULL;
	char endpoint[ENDPOINT_MAX];

	snprintf(endpoint, sizeof endpoint, "ipc://%.80s/v", rig->dir.path);
	assert_ok(client_open(rig->bus,
		&(struct client_options){.endpoint = endpoint,
			.server_key = rig->who[VERIFIER].curve.public,
			.pair = &pair,
			.message = message,
			.ctx = ctx},
		&client, NULL));
	return client;
}

/* Where the verifier sends its causes: played by the test. */
static void play_revocation(struct rig *rig)
{
	DROP(curve_pair_release) struct curve_pair pair = pair_of(&rig->who[REVOCATION].curve);
	char endpoint[ENDPOINT_MAX];

	snprintf(endpoint, sizeof endpoint, "ipc://%.80s/r", rig->dir.path);
	assert_ok(server_open(rig->bus,
		&(struct server_options){.endpoint = endpoint,
			.domain = "revocation",
			.pair = &pair,
			.rows = rows,
			.row_count = COUNT(rows),
			.admit = admit,
			.role_of = role_of,
			.ctx = rig},
		&rig->revocation, NULL));
}

void rig_start_revocation(struct rig *rig)
{
	rig->beside = rig_spawn(rig, "revocation", "revocation");
}

static void real_revocation(struct rig *rig)
{
	struct store_options redis = redis_server_options(&rig->redis, REDIS_REVOCATION);
	char path[SCRATCH_FILE_BYTES], text[4096];

	assert_int_equal(mkdir(scratch_file(&rig->dir, "r-identity", path), 0700), 0);
	assert_ok(identity_create(path, &rig->who[REVOCATION], NULL));
	assert_ok(file_create(scratch_file(&rig->dir, "r-password", path), redis.password, 0600, NULL));
	snprintf(text, sizeof text,
		"listen = ipc://%s/r\npublish = ipc://%s/rp\nredis-socket = %s\nidentity = r-identity\n"
		"redis-password = r-password\nlog-level = debug\n%s",
		rig->dir.path, rig->dir.path, rig->redis.socket, geteuid() == 0 ? "user = root\n" : "");
	assert_ok(file_create(scratch_file(&rig->dir, "revocation.conf", path), span_text(text), 0600, NULL));
	rig_start_revocation(rig);
}

int rig_open(void **state)
{
	struct rig *rig = calloc(1, sizeof *rig);
	struct store_options as_registrar;

	scratch_open(&rig->dir);
	redis_server_open(&rig->redis, "");
	make_roster(rig);
	write_config(rig);
	as_registrar = redis_server_options(&rig->redis, REDIS_REGISTRAR);
	assert_ok(store_open(&as_registrar, &rig->store, NULL));
	assert_ok(store_wait_ready(rig->store, 5000, NULL));
	assert_ok(loop_open(clock_system(), &rig->loop, NULL));
	assert_ok(bus_open(rig->loop, &(struct bus_options){.peers_max = 8, .links_max = rig_setup.links},
		&rig->bus, NULL));
	if (rig_setup.is_revoking)
		real_revocation(rig);
	else
		play_revocation(rig);
	rig_start(rig);
	for (enum who who = VIEWER; who < WHO_COUNT; who++)
		rig->client[who] = dial(rig, &rig->who[who].curve, NULL, rig);
	*state = rig;
	return 0;
}

int rig_close(void **state)
{
	struct rig *rig = *state;

	rig_kill(rig);
	rig_end(&rig->beside);
	/* Those of a test that failed. */
	for (unsigned i = 0; i < RIG_AGENTS_MAX; i++)
		if (rig->agents[i] != NULL)
			client_close(&rig->agents[i]);
	for (enum who who = VIEWER; who < WHO_COUNT; who++)
		client_close(&rig->client[who]);
	if (rig->revocation != NULL)
		server_close(&rig->revocation);
	bus_close(&rig->bus);
	loop_close(&rig->loop);
	store_close(&rig->store);
	redis_server_close(&rig->redis);
	roster_release(&rig->roster);
	for (unsigned i = 0; i < RIG_CAUSES_MAX; i++)
		blob_release(&rig->cause[i]);
	blob_release(&rig->floors);
	blob_release(&rig->answer);
	scratch_release(&rig->dir);
	free(rig);
	return 0;
}

/* ---- the registrar ---- */

void rig_enrol(struct rig *rig, const struct soft_tpm *tpm, const uint8_t *nk)
{
	rig->record_version = now_ms() > rig->record_version ? now_ms() : rig->record_version + 1;
	rig_enrol_as(rig, tpm, nk, rig->record_version);
}

void rig_enrol_as(struct rig *rig, const struct soft_tpm *tpm, const uint8_t *nk, uint64_t version)
{
	DROP(store_batch_release) struct store_batch batch = {0};
	DROP(blob_release) struct blob record = {0};
	char digits[HEX_BYTES(NODE_ID_BYTES)], key[160];
	struct msg body = {.type = MSG_TYPE_node,
		.node = {.node = SPAN(tpm->node),
			.number = 1,
			.nk = span_of(nk, CURVE_KEY_BYTES),
			.ak_public = tpm_area_span(&tpm->ak_public),
			.ak_name = tpm_name_span(&tpm->ak_name),
			.ek_public = tpm_area_span(&tpm->ek_public),
			.enrolled = 1,
			.activated = 1}};

	snprintf(key, sizeof key, "node/%s", hex_encode(SPAN(tpm->node), digits));
	assert_ok(record_make(&rig->who[REGISTRAR].sign, (struct record_head){"node", key, version, 0}, &body,
		&record, NULL));
	assert_ok(store_batch_hash_set(&batch, "lb:{0}:node", span_text(digits), blob_span(&record)));
	assert_ok(store_wait_commit(rig->store, NULL, &batch, 5000, NULL));
}

/* ---- operators ---- */

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

enum rc rig_ask(struct rig *rig, enum who who, const struct msg *msg)
{
	rig->is_answered = false;
	assert_ok(client_call(rig->client[who], msg, 5000, 0, on_answer, rig, NULL));
	RIG_UNTIL(rig, rig->is_answered);
	return rig->answer_rc;
}

const char *rig_state(struct rig *rig, const struct soft_tpm *tpm)
{
	static char word[33];
	struct msg msg = {.type = MSG_TYPE_state_get, .state_get = {SPAN(tpm->node)}};
	struct elem_node_state state;
	struct list list;

	snprintf(word, sizeof word, "none");
	if (rig_ask(rig, VIEWER, &msg) != RC_OK)
		return word;
	assert_ok(msg_decode_as(blob_span(&rig->answer), MSG_TYPE_states, &msg));
	list = msg.states.states;
	if (ELEM_NEXT(node_state, &list, &state)) {
		snprintf(word, sizeof word, "%.*s", SPAN_FMT(state.state));
		snprintf(rig->text, sizeof rig->text, "%.*s", SPAN_FMT(state.text));
	}
	return word;
}

void rig_until_state(struct rig *rig, const struct soft_tpm *tpm, const char *state)
{
	uint64_t end = clock_mono_ms(clock_system()) + RIG_PATIENCE_MS;

	while (strcmp(rig_state(rig, tpm), state) != 0) {
		if (clock_mono_ms(clock_system()) > end) {
			rig_print_log(rig);
			fail_msg("the node is %s, expected %s", rig_state(rig, tpm), state);
		}
		rig_pass_ms(rig, 20);
	}
}

static enum rc ask_signed(
	struct rig *rig, enum who who, const struct msg *body, enum msg_type type, const struct secret32 *v)
{
	DROP(blob_release) struct blob bytes = {0};
	struct msg msg = {.type = type};

	assert_ok(signed_make(&rig->who[who].sign, body, &bytes, NULL));
	if (type == MSG_TYPE_provision)
		msg.provision = (struct msg_provision){blob_span(&bytes), SPAN(v->bytes)};
	else if (type == MSG_TYPE_policy_use_put)
		msg.policy_use_put.request = blob_span(&bytes);
	else
		msg.node_action.request = blob_span(&bytes);
	return rig_ask(rig, who, &msg);
}

/* As a provisioner; a verifier that has just started may not have its lease yet. */
static enum rc ask_acting(struct rig *rig, const struct msg *msg)
{
	uint64_t end = clock_mono_ms(clock_system()) + RIG_PATIENCE_MS;
	enum rc rc;

	for (rc = rig_ask(rig, PROVISIONER, msg); rc == RC_IO && clock_mono_ms(clock_system()) < end;
		rc = rig_ask(rig, PROVISIONER, msg))
		rig_pass_ms(rig, 50);
	return rc;
}

enum rc rig_put_document(struct rig *rig, struct span document, const uint8_t hash[static HASH_BYTES])
{
	enum rc rc = RC_OK;

	for (size_t from = 0; from < document.len && rc == RC_OK; from += CHUNK_MAX) {
		size_t left = document.len - from;
		struct msg put = {.type = MSG_TYPE_document_put,
			.document_put = {span_of(hash, HASH_BYTES), document.len, from,
				span_of(document.at + from, left < CHUNK_MAX ? left : CHUNK_MAX)}};

		rc = ask_acting(rig, &put);
	}
	return rc;
}

enum rc rig_put_policy(struct rig *rig, const char *name, const uint8_t hash[static HASH_BYTES], size_t size)
{
	struct msg policy = {.type = MSG_TYPE_policy,
		.policy = {span_text(name), now_ms(), span_of(hash, HASH_BYTES), size, now_ms()}};

	DROP(blob_release) struct blob bytes = {0};
	struct msg msg = {.type = MSG_TYPE_policy_put};

	assert_ok(signed_make(&rig->who[PROVISIONER].sign, &policy, &bytes, NULL));
	msg.policy_put.policy = blob_span(&bytes);
	return ask_acting(rig, &msg);
}

void rig_policy(struct rig *rig, uint8_t hash[static HASH_BYTES])
{
	struct span document = span_text(rig_setup.policy);

	assert_ok(digest_bytes(DIGEST_SHA256, document, hash));
	if (rig_put_policy(rig, "p", hash, document.len) == RC_OK)
		return;
	assert_ok(rig_put_document(rig, document, hash));
	assert_ok(rig_put_policy(rig, "p", hash, document.len));
}

enum rc rig_provision(
	struct rig *rig, enum who who, const struct soft_tpm *tpm, uint64_t number, const struct secret32 *v)
{
	uint8_t policy[HASH_BYTES], v_hash[HASH_BYTES];
	struct msg body = {.type = MSG_TYPE_provisioning,
		.provisioning = {SPAN(tpm->node), number, SPAN(policy), span_text("default"), SPAN(v_hash),
			tpm_name_span(&tpm->ak_name), SPAN(policy), now_ms()}};

	assert_ok(digest_bytes(DIGEST_SHA256, span_text(rig_setup.policy), policy));
	assert_ok(digest_bytes(DIGEST_SHA256, SPAN(v->bytes), v_hash));
	return ask_signed(rig, who, &body, MSG_TYPE_provision, v);
}

enum rc rig_action(
	struct rig *rig, enum who who, const struct soft_tpm *tpm, const char *action, uint64_t time)
{
	struct msg body = {.type = MSG_TYPE_node_request,
		.node_request = {SPAN(tpm->node), span_text(action), span_text("a test"),
			time == 0 ? now_ms() : time}};

	return ask_signed(rig, who, &body, MSG_TYPE_node_action, NULL);
}

enum rc rig_use(struct rig *rig, const struct msg_policy_use *use)
{
	struct msg body = {.type = MSG_TYPE_policy_use, .policy_use = *use};

	if (body.policy_use.time == 0)
		body.policy_use.time = now_ms();
	return ask_signed(rig, PROVISIONER, &body, MSG_TYPE_policy_use_put, NULL);
}

/* ---- agents ---- */

void agent_send(struct agent *agent, const struct msg *msg)
{
	RIG_UNTIL(agent->rig, client_is_up(agent->client));
	assert_ok(client_send(agent->client, msg));
}

static struct span part_of(struct agent *agent, struct span log, uint64_t from, uint64_t max, bool *more)
{
	uint64_t len = from >= log.len ? 0 : log.len - from;

	if (agent->cut != 0 && max > agent->cut)
		max = agent->cut;
	*more = len > max || agent->lie == LIE_MORE;
	len = len > max ? max : len;
	if (agent->lie == LIE_MORE)
		len = 0;
	return span_of(len == 0 ? NULL : log.at + from, len);
}

static void on_log_get(struct agent *agent, const struct msg *msg)
{
	const struct msg_log_get *get = &msg->log_get;
	bool is_boot = span_is(get->log, "boot");
	struct span log = agent->list;
	struct msg part = {.type = MSG_TYPE_log_part, .id = msg->id, .log_part = {get->log, get->from}};

	agent->log_gets++;
	agent->boot_gets += is_boot;
	if (agent->lie == LIE_NO_PARTS)
		return;
	if (is_boot)
		log = get->from != 0 && agent->boot_later.len != 0 ? agent->boot_later : agent->boot;
	part.log_part.bytes = part_of(agent, log, get->from, get->max, &part.log_part.more);
	part.log_part.from += agent->lie == LIE_OTHER_PART;
	part.log_part.gone = !is_boot && get->from > agent->list.len;
	if (!is_boot)
		agent->list_sent += part.log_part.bytes.len;
	assert_ok(client_send(agent->client, &part));
}

static void add_list(
	struct agent *agent, const struct msg_challenge *challenge, struct msg_evidence *evidence)
{
	agent->list_from = challenge->ima_from;
	agent->list_max = challenge->ima_max;
	if (challenge->ima_max == 0)
		return;
	evidence->ima_from = challenge->ima_from;
	evidence->ima_gone = challenge->ima_from > agent->list.len;
	evidence->ima =
		part_of(agent, agent->list, challenge->ima_from, challenge->ima_max, &evidence->ima_more);
	agent->list_sent += evidence->ima.len;
}

static void answer(struct agent *agent, const struct msg *challenge)
{
	struct pcr_selection selection = {0};
	struct list banks = challenge->challenge.banks;
	struct msg evidence = {.type = MSG_TYPE_evidence, .id = challenge->id};
	uint8_t nonce[NONCE_BYTES], nk[CURVE_KEY_BYTES], data[HASH_BYTES];
	struct elem_bank bank;

	memcpy(nonce, challenge->challenge.nonce.at, sizeof nonce);
	memcpy(nk, agent->nk.public, sizeof nk);
	nonce[0] ^= agent->lie == LIE_NONCE;
	nk[0] ^= agent->lie == LIE_NK;
	while (ELEM_NEXT(bank, &banks, &bank))
		for (unsigned pcr = 0; pcr < PCR_COUNT; pcr++)
			if ((bank.mask >> pcr & 1) != 0)
				assert_ok(pcr_selection_add(&selection, (uint16_t)bank.alg, pcr));
	if (agent->lie == LIE_SELECTION)
		assert_ok(pcr_selection_add(&selection, TPM_ALG_SHA256, 23));
	if (agent->lie == LIE_CLOCK)
		agent->tpm->clock = 1;
	if (agent->lie == LIE_AK)
		soft_tpm_new_ak(agent->tpm);
	assert_ok(qualify(QUALIFY_ATTEST, nonce, nk, agent->tpm->node, data));
	if (agent->lie != LIE_REPLAY)
		soft_tpm_quote(agent->tpm, &selection, SPAN(data), &agent->last_attest,
			&agent->last_signature, &agent->last_values);
	evidence.evidence = (struct msg_evidence){blob_span(&agent->last_attest),
		blob_span(&agent->last_signature), blob_span(&agent->last_values), 0};
	add_list(agent, &challenge->challenge, &evidence.evidence);
	if (agent->lie != LIE_SILENT && client_send(agent->client, &evidence) != RC_OK)
		print_message("evidence could not be sent\n");
}

static void on_message(void *ctx, const struct msg *msg, struct span frame)
{
	struct agent *agent = ctx;
	struct share_for who = {agent->tpm->node, msg->share_v.number};

	(void)frame;
	agent->welcomes += msg->type == MSG_TYPE_welcome;
	if (msg->type == MSG_TYPE_challenge) {
		agent->challenges++;
		answer(agent, msg);
	} else if (msg->type == MSG_TYPE_log_get) {
		on_log_get(agent, msg);
	} else if (msg->type == MSG_TYPE_relayed) {
		struct msg reply = {
			.type = MSG_TYPE_relay_reply, .id = msg->id, .relay_reply = {msg->relayed.body}};

		assert_ok(client_send(agent->client, &reply));
	} else if (msg->type == MSG_TYPE_share_v) {
		agent->shares++;
		agent->v_number = msg->share_v.number;
		assert_ok(share_receive_v(agent->nk.secret, who, msg->share_v.sealed, &agent->v, NULL));
	}
}

void agent_open(struct rig *rig, struct soft_tpm *tpm, struct agent *out)
{
	*out = (struct agent){.rig = rig, .tpm = tpm};
	assert_ok(hpke_generate(&out->nk, NULL));
	out->client = dial(rig, &out->nk, on_message, out);
	for (out->place = 0; rig->agents[out->place] != NULL; out->place++)
		assert_true(out->place + 1 < RIG_AGENTS_MAX);
	rig->agents[out->place] = out->client;
}

void agent_close(struct agent *agent)
{
	agent->rig->agents[agent->place] = NULL;
	client_close(&agent->client);
	blob_release(&agent->last_attest);
	blob_release(&agent->last_signature);
	blob_release(&agent->last_values);
}

void agent_hello(struct agent *agent)
{
	struct msg hello = {.type = MSG_TYPE_hello, .hello = {.node = SPAN(agent->tpm->node), .roster = 1}};

	agent_send(agent, &hello);
}

void agent_join(struct rig *rig, struct soft_tpm *tpm, struct agent *agent)
{
	uint64_t end = clock_mono_ms(clock_system()) + RIG_PATIENCE_MS;

	agent_open(rig, tpm, agent);
	rig_enrol(rig, tpm, agent->nk.public);
	while (agent->welcomes == 0) {
		if (clock_mono_ms(clock_system()) > end) {
			rig_print_log(rig);
			fail_msg("no welcome");
		}
		agent_hello(agent);
		rig_pass_ms(rig, 100);
	}
}

void agent_bring_up(struct rig *rig, struct soft_tpm *tpm, struct agent *agent)
{
	static const struct secret32 v = {"the share V of a test, 32 bytes"};
	struct msg told = {.type = MSG_TYPE_bootstrapped, .bootstrapped = {.number = 7, .opened = true}};
	uint8_t hash[HASH_BYTES];

	agent_join(rig, tpm, agent);
	rig_policy(rig, hash);
	assert_rc(rig_provision(rig, PROVISIONER, tpm, 7, &v), RC_OK);
	RIG_UNTIL(rig, agent->shares > 0);
	assert_int_equal(agent->v_number, 7);
	assert_memory_equal(agent->v.bytes, v.bytes, 32);
	agent_send(agent, &told);
	rig_until_state(rig, tpm, "trusted");
}

void agent_end(struct soft_tpm *tpm, struct agent *agent)
{
	agent_close(agent);
	soft_tpm_close(tpm);
}
