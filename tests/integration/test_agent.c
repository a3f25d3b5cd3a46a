/* A real agent on a software TPM; this program plays registrar, verifier and tenant over the real bus. */
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "lib/bus/publisher.h"
#include "lib/bus/server.h"
#include "lib/crypto/digest.h"
#include "lib/crypto/random.h"
#include "lib/trust/keyfile.h"
#include "lib/trust/notice.h"
#include "lib/trust/payload.h"
#include "lib/trust/qualify.h"
#include "lib/trust/registration.h"
#include "lib/trust/roster.h"
#include "lib/trust/share.h"
#include "tests/support/swtpm.h"

#define PATIENCE_MS 20000

enum { REGISTRAR, VERIFIER, REVOCATION, OPERATOR, VIEWER, STRANGER, PEOPLE };

static struct scratch scratch;
static struct swtpm tpm;
static char payload_folder[64];
static struct identity people[PEOPLE];
static struct sign_pair root;
static struct loop *loop;
static struct bus *bus;
static struct server *servers[3];
static struct publisher *publisher;
static pid_t agent;
static char content[SCRATCH_FILE_BYTES]; /* a start script, if the tenant wants it to be */
static const char *wanted_script = "";
static const char *scripts_allowed = "--allow-start-scripts=no";

/* What was heard. */
static struct {
	struct registration registration;
	bool is_registered;
	uint8_t nk[CURVE_KEY_BYTES];
	struct secret32 ke;
	unsigned enrolments;
	struct peer peer;
	unsigned hellos;
	uint64_t held;
	uint64_t opened;
	unsigned evidences;
	struct blob attest;
	unsigned replies;
	struct blob reply;
	uint64_t acked;
	unsigned bootstraps;
	struct msg_bootstrapped bootstrapped;
} heard;

static uint64_t now_ms(void)
{
	return clock_wall_ms(clock_system());
}

#define UNTIL(condition)                                                                                     \
	do {                                                                                                 \
		uint64_t end_ = clock_mono_ms(clock_system()) + PATIENCE_MS;                                 \
		while (!(condition)) {                                                                       \
			if (clock_mono_ms(clock_system()) >= end_)                                           \
				fail_msg("waited in vain for %s", #condition);                               \
			assert_ok(loop_turn(loop, 20, NULL));                                                \
		}                                                                                            \
	} while (0)

/* ---- registrar ---- */

static void on_register(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	const struct msg_node_register *claim = &msg->node_register;
	struct registration_claim c = {
		claim->ek_public, (struct span){NULL, 0}, (struct list){{NULL, 0}, 0}, claim->ak_public};
	struct registration_rules rules = {NULL, NULL, now_ms()};
	DROP(blob_release) struct blob id_object = {0};
	DROP(blob_release) struct blob secret = {0};
	struct msg answer = {.type = MSG_TYPE_credential, .id = msg->id};
	struct credential_ek ek;
	struct err err = {0};

	(void)ctx;
	(void)frame;
	registration_release(&heard.registration);
	if (registration_check(&c, &rules, &heard.registration, &err) != RC_OK)
		fail_msg("%s", err.text);
	heard.is_registered = true;
	memcpy(heard.nk, peer->key, sizeof heard.nk);
	assert_ok(registration_ek(&heard.registration, &ek, &err));
	assert_ok(random_fill(heard.ke.bytes, sizeof heard.ke.bytes, &err));
	assert_ok(credential_make(&ek, tpm_name_span(&heard.registration.ak_name), SPAN(heard.ke.bytes),
		&id_object, &secret, &err));
	answer.credential.node = SPAN(heard.registration.node);
	answer.credential.id_object = blob_span(&id_object);
	answer.credential.secret = blob_span(&secret);
	assert_ok(server_send(servers[REGISTRAR], peer, &answer));
}

static void on_activate(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct msg answer = {
		.type = MSG_TYPE_enrolled, .id = msg->id, .enrolled = {SPAN(heard.registration.node), 1}};
	uint8_t proof[HASH_BYTES];

	(void)ctx;
	(void)frame;
	assert_ok(activation_proof(heard.ke.bytes, heard.registration.node,
		tpm_name_span(&heard.registration.ak_name), peer->key, proof));
	assert_spans_equal(msg->activate.proof, SPAN(proof));
	heard.enrolments++;
	assert_ok(server_send(servers[REGISTRAR], peer, &answer));
}

/* ---- verifier ---- */

static void on_hello(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct msg answer = {.type = MSG_TYPE_welcome, .id = msg->id, .welcome = {.interval_ms = 2000}};

	(void)ctx;
	(void)frame;
	heard.hellos++;
	heard.peer = *peer;
	heard.held = msg->hello.held;
	heard.opened = msg->hello.opened;
	assert_ok(server_send(servers[VERIFIER], peer, &answer));
}

static void on_others(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	(void)ctx;
	(void)peer;
	(void)frame;
	if (msg->type == MSG_TYPE_evidence) {
		heard.evidences++;
		assert_ok(blob_copy(&heard.attest, msg->evidence.attest));
	} else if (msg->type == MSG_TYPE_relay_reply) {
		heard.replies++;
		assert_ok(blob_copy(&heard.reply, msg->relay_reply.body));
	} else if (msg->type == MSG_TYPE_bootstrapped) {
		heard.bootstraps++;
		heard.bootstrapped = msg->bootstrapped;
		heard.bootstrapped.text = (struct span){0};
	}
}

static const struct server_row registrar_rows[] = {
	{MSG_TYPE_node_register, ROLES_ANYONE, on_register},
	{MSG_TYPE_activate, ROLES_ANYONE, on_activate},
};
static const struct server_row verifier_rows[] = {
	{MSG_TYPE_hello, ROLES_ANYONE, on_hello},
	{MSG_TYPE_evidence, ROLES_ANYONE, on_others},
	{MSG_TYPE_relay_reply, ROLES_ANYONE, on_others},
	{MSG_TYPE_bootstrapped, ROLES_ANYONE, on_others},
	{MSG_TYPE_measured, ROLES_ANYONE, on_others},
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
	(void)ctx;
	(void)key;
	return ROLE_UNKNOWN;
}

/* ---- the deployment ---- */

static void write_text(const char *name, const char *text)
{
	char path[SCRATCH_FILE_BYTES];
	struct err err = {0};

	if (file_replace(scratch_file(&scratch, name, path), span_text(text), 0600, &err) != RC_OK)
		fail_msg("%s", err.text);
}

static void endpoint(int who, char out[ENDPOINT_MAX + 1])
{
	snprintf(out, ENDPOINT_MAX + 1, "ipc://%s/%c", scratch.path, "rvnpx"[who]);
}

static void make_roster(uint64_t number, const struct sign_pair *by, struct blob *out)
{
	static const unsigned roles[] = {
		ROLE_REGISTRAR, ROLE_VERIFIER, ROLE_REVOCATION, ROLE_PROVISIONER, ROLE_VIEWER};
	static const char *const names[] = {"registrar", "verifier", "revocation", "operator", "viewer"};
	struct roster_member members[COUNT(roles)] = {0};

	for (size_t i = 0; i < COUNT(roles); i++) {
		snprintf(members[i].name, sizeof members[i].name, "%s", names[i]);
		members[i].role = roles[i];
		memcpy(members[i].curve, people[i].curve.public, CURVE_KEY_BYTES);
		memcpy(members[i].sign, people[i].sign.public, SIGN_KEY_BYTES);
		members[i].not_after = UINT64_MAX;
		if (i <= REVOCATION)
			endpoint((int)i, members[i].endpoint);
		if (i == REVOCATION)
			endpoint(3, members[i].publisher);
	}
	assert_ok(roster_make(by, number, now_ms(), members, COUNT(members), out, NULL));
}

static void write_roster(void)
{
	DROP(blob_release) struct blob bytes = {0};
	char path[SCRATCH_FILE_BYTES];
	struct err err = {0};

	make_roster(1, &root, &bytes);
	assert_ok(file_replace(scratch_file(&scratch, "roster", path), blob_span(&bytes), 0600, &err));
	assert_ok(keyfile_create(
		scratch_file(&scratch, "root.pub", path), KEYFILE_SIGN_PUBLIC, root.public, &err));
}

static void serve(int who, const struct server_row *rows, size_t count)
{
	struct curve_pair pair;
	char where[ENDPOINT_MAX + 1];
	struct server_options options = {.endpoint = where,
		.domain = who == REGISTRAR  ? "registrar"
	                  : who == VERIFIER ? "verifier"
	                                    : "revocation",
		.pair = &pair,
		.rows = rows,
		.row_count = count,
		.admit = admit,
		.role_of = role_of};
	struct err err = {0};

	endpoint(who, where);
	memcpy(pair.public_key, people[who].curve.public, CURVE_KEY_BYTES);
	memcpy(pair.secret.bytes, people[who].curve.secret, CURVE_KEY_BYTES);
	if (server_open(bus, &options, &servers[who], &err) != RC_OK)
		fail_msg("%s", err.text);
}

/* ---- revocation ---- */

#define LOG_MAX 16
static struct blob notice_log[LOG_MAX];
static size_t log_count;
static bool is_headless;
static struct timer head_tick;

static void make_head(struct blob *out)
{
	uint8_t hash[HASH_BYTES] = {0};
	struct msg head = {.type = MSG_TYPE_head, .head = {log_count, SPAN(hash), now_ms()}};
	struct err err = {0};

	if (log_count > 0)
		assert_ok(notice_hash(blob_span(&notice_log[log_count - 1]), hash));
	assert_ok(signed_make(&people[REVOCATION].sign, &head, out, &err));
}

static void publish_head(void *ctx)
{
	DROP(blob_release) struct blob head = {0};

	(void)ctx;
	if (is_headless)
		return;
	make_head(&head);
	assert_ok(publisher_send_frame(publisher, "head", blob_span(&head)));
}

static void on_notices_get(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	DROP(blob_release) struct blob raw = {0};
	DROP(blob_release) struct blob head = {0};
	struct msg answer = {.type = MSG_TYPE_notices, .id = msg->id};

	(void)ctx;
	(void)frame;
	for (size_t i = msg->notices_get.from - 1; i < log_count; i++) {
		struct elem_item item = {blob_span(&notice_log[i])};

		assert_ok(ELEM_APPEND(item, &item, &raw));
		answer.notices.notices.count++;
	}
	make_head(&head);
	answer.notices.notices.raw = blob_span(&raw);
	answer.notices.head = blob_span(&head);
	assert_ok(server_send(servers[REVOCATION], peer, &answer));
}

static void on_ack(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	(void)ctx;
	(void)peer;
	(void)frame;
	heard.acked = msg->notice_ack.seq;
}

static const struct server_row revocation_rows[] = {
	{MSG_TYPE_notices_get, ROLES_ANYONE, on_notices_get},
	{MSG_TYPE_notice_ack, ROLES_ANYONE, on_ack},
};

static void serve_revocation(void)
{
	struct curve_pair pair;
	char where[ENDPOINT_MAX + 1];
	struct publisher_options options = {
		.endpoint = where, .domain = "notices", .pair = &pair, .admit = admit};
	struct err err = {0};

	endpoint(3, where);
	memcpy(pair.public_key, people[REVOCATION].curve.public, CURVE_KEY_BYTES);
	memcpy(pair.secret.bytes, people[REVOCATION].curve.secret, CURVE_KEY_BYTES);
	if (publisher_open(bus, &options, &publisher, &err) != RC_OK)
		fail_msg("%s", err.text);
	serve(REVOCATION, revocation_rows, COUNT(revocation_rows));
	assert_ok(loop_every(loop, &head_tick, 500, publish_head, NULL));
}

/* A signed notice that follows the log; append: it is part of it. */
static void issue(
	const char *kind, const uint8_t *node, struct span cause, int signer, bool append, bool publish)
{
	DROP(blob_release) struct blob bytes = {0};
	uint8_t previous[HASH_BYTES] = {0};
	struct msg msg = {.type = MSG_TYPE_notice};
	struct err err = {0};

	if (log_count > 0)
		assert_ok(notice_hash(blob_span(&notice_log[log_count - 1]), previous));
	msg.notice.seq = log_count + 1;
	msg.notice.previous = SPAN(previous);
	msg.notice.kind = span_text(kind);
	msg.notice.node = span_of(node, NODE_ID_BYTES);
	msg.notice.time = now_ms();
	msg.notice.cause = cause;
	assert_ok(signed_make(&people[signer].sign, &msg, &bytes, &err));
	if (publish)
		assert_ok(publisher_send_frame(publisher, "notice.x", blob_span(&bytes)));
	if (append)
		notice_log[log_count++] = TAKE(bytes);
}

static void make_verdict(const uint8_t *node, int signer, bool trusted, struct blob *out)
{
	static const uint8_t zeros[CURVE_KEY_BYTES];
	struct msg msg = {.type = MSG_TYPE_verdict};
	struct err err = {0};

	msg.verdict.node = span_of(node, NODE_ID_BYTES);
	msg.verdict.number = 1;
	msg.verdict.trusted = trusted;
	msg.verdict.time = now_ms();
	msg.verdict.ak_name = SPAN("name");
	msg.verdict.nk = SPAN(zeros);
	blob_clear(out);
	assert_ok(signed_make(&people[signer].sign, &msg, out, &err));
}

static void start_agent(void)
{
	char program[SCRATCH_FILE_BYTES];
	char conf[SCRATCH_FILE_BYTES];
	char log[SCRATCH_FILE_BYTES];
	unsigned hellos = heard.hellos;

	snprintf(program, sizeof program, "%s/services/agent/limebus-agent", getenv("LIMEBUS_BUILD"));
	scratch_file(&scratch, "agent.conf", conf);
	scratch_file(&scratch, "agent.log", log);
	agent = fork();
	if (agent == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (freopen(log, "a", stderr) == NULL)
			_exit(126);
		execl(program, program, "--config", conf, scripts_allowed, (char *)NULL);
		_exit(127);
	}
	UNTIL(heard.hellos > hellos);
}

static void end_agent(int with)
{
	if (agent > 0) {
		kill(agent, with);
		waitpid(agent, NULL, 0);
	}
	agent = 0;
}

static int open_all(void **state)
{
	char text[2048];
	char path[SCRATCH_FILE_BYTES];
	struct err err = {0};

	(void)state;
	scratch_open(&scratch);
	snprintf(payload_folder, sizeof payload_folder, "/dev/shm/limebus-agent-test.XXXXXX");
	assert_non_null(mkdtemp(payload_folder));
	swtpm_new(&tpm, &scratch, "node");
	for (int i = 0; i < PEOPLE; i++)
		assert_ok(identity_generate(&people[i], &err));
	assert_ok(sign_generate(&root, &err));
	write_roster();
	snprintf(content, sizeof content, "#!/bin/sh\necho $LIMEBUS_NUMBER >>%s/ran\n", scratch.path);
	assert_int_equal(mkdir(scratch_file(&scratch, "state", path), 0700), 0);
	snprintf(text, sizeof text,
		"state = %s/state\npayload = %s\nroster = %s/roster\nroot-key = %s/root.pub\ntcti = %s\nuser = %s\n"
		"log-level = debug\nek = rsa2048\nactions = %s/actions\n",
		scratch.path, payload_folder, scratch.path, scratch.path, tpm.tcti,
		geteuid() == 0 ? "root" : "", scratch.path);
	write_text("agent.conf", text);
	assert_int_equal(mkdir(scratch_file(&scratch, "actions", path), 0700), 0);
	snprintf(text, sizeof text,
		"#!/bin/sh\nread line; echo \"$LIMEBUS_NOTICE_SEQ $LIMEBUS_NOTICE_KIND $LIMEBUS_NOTICE_AGAIN $# $line\" >>%s/acted\n",
		scratch.path);
	write_text("actions/10-tell", text);
	assert_int_equal(chmod(scratch_file(&scratch, "actions/10-tell", path), 0700), 0);
	assert_ok(loop_open(clock_system(), &loop, &err));
	assert_ok(bus_open(loop, &(struct bus_options){.peers_max = 8}, &bus, &err));
	serve(REGISTRAR, registrar_rows, COUNT(registrar_rows));
	serve(VERIFIER, verifier_rows, COUNT(verifier_rows));
	serve_revocation();
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	return where->level == 0 ? 0 : remove(path);
}

static void empty_tmpfs(void)
{
	nftw(payload_folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static int close_all(void **state)
{
	(void)state;
	end_agent(SIGTERM);
	for (int i = 0; i < 3; i++)
		server_close(&servers[i]);
	publisher_close(&publisher);
	bus_close(&bus);
	loop_close(&loop);
	swtpm_release(&tpm);
	empty_tmpfs();
	rmdir(payload_folder);
	registration_release(&heard.registration);
	blob_release(&heard.attest);
	blob_release(&heard.reply);
	for (size_t i = 0; i < log_count; i++)
		blob_release(&notice_log[i]);
	for (int i = 0; i < PEOPLE; i++)
		identity_release(&people[i]);
	scratch_release(&scratch);
	return 0;
}

/* ---- tenant ---- */

struct provisioning {
	uint64_t number;
	struct secret32 kb;
	struct secret32 u;
	struct secret32 v;
	struct blob payload;
	struct blob share_u; /* signed */
};

/* Seal bytes to the agent, and wait for its answer: RC_OK or the code of its error. */
static enum rc relay(struct span bytes)
{
	DROP(blob_release) struct blob sealed = {0};
	struct msg msg = {.type = MSG_TYPE_relayed, .id = 7};
	struct msg answer;
	unsigned replies = heard.replies;
	struct err err = {0};

	assert_ok(hpke_seal(heard.nk, span_text("limebus relay v1"), SPAN(heard.registration.node), bytes,
		&sealed, &err));
	msg.relayed.body = blob_span(&sealed);
	assert_ok(server_send(servers[VERIFIER], &heard.peer, &msg));
	UNTIL(heard.replies > replies);
	assert_ok(msg_decode(blob_span(&heard.reply), &answer));
	return answer.type == MSG_TYPE_error ? (enum rc)answer.error.code : RC_OK;
}

static void make(struct provisioning *p, uint64_t number, int signer, const uint8_t *node, const uint8_t *nk)
{
	struct share_for who = {heard.registration.node, number};
	DROP(share_envelope_release) struct share_envelope envelope = {0};
	struct credential_ek ek;
	uint8_t hash[HASH_BYTES];
	uint8_t proof[HASH_BYTES];
	static const uint8_t policy[HASH_BYTES];
	struct msg msg = {.type = MSG_TYPE_share_u};
	struct err err = {0};

	blob_clear(&p->share_u);
	p->number = number;
	assert_ok(share_split(&p->kb, &p->u, &p->v, &err));
	assert_ok(payload_seal(
		&p->kb, who, (struct payload_place){0, true}, span_text(content), &p->payload, &err));
	assert_ok(registration_ek(&heard.registration, &ek, &err));
	assert_ok(share_send_u(
		heard.nk, &ek, tpm_name_span(&heard.registration.ak_name), who, &p->u, &envelope, &err));
	assert_ok(digest_bytes(DIGEST_SHA256, blob_span(&p->payload), hash));
	assert_ok(share_proof(&p->kb, heard.registration.node, proof));
	msg.share_u = (struct msg_share_u){
		.node = span_of(node, NODE_ID_BYTES),
		.nk = span_of(nk, CURVE_KEY_BYTES),
		.number = number,
		.policy = SPAN(policy),
		.nk_part = blob_span(&envelope.nk_part),
		.id_object = blob_span(&envelope.id_object),
		.secret = blob_span(&envelope.secret),
		.boxed_u = blob_span(&envelope.boxed_u),
		.proof = SPAN(proof),
		.payload_size = p->payload.len,
		.payload_hash = SPAN(hash),
		.run = span_text(wanted_script),
		.file = span_text("secret.txt"),
	};
	assert_ok(signed_make(&people[signer].sign, &msg, &p->share_u, &err));
}

static void provisioning_release(struct provisioning *p)
{
	blob_release(&p->payload);
	blob_release(&p->share_u);
}

static enum rc send_chunk(const struct provisioning *p, uint64_t index, struct span bytes)
{
	DROP(blob_release) struct blob encoded = {0};
	struct msg msg = {.type = MSG_TYPE_payload_chunk, .payload_chunk = {p->number, index, bytes}};

	assert_ok(msg_encode(&msg, &encoded));
	return relay(blob_span(&encoded));
}

static void send_v(uint64_t number, const struct secret32 *v)
{
	DROP(blob_release) struct blob sealed = {0};
	struct msg msg = {.type = MSG_TYPE_share_v};
	struct err err = {0};

	assert_ok(share_send_v(
		heard.nk, (struct share_for){heard.registration.node, number}, v, &sealed, &err));
	msg.share_v.number = number;
	msg.share_v.sealed = blob_span(&sealed);
	assert_ok(server_send(servers[VERIFIER], &heard.peer, &msg));
}

static void challenge(void)
{
	uint8_t nonce[NONCE_BYTES];
	uint8_t expected[HASH_BYTES];
	DROP(blob_release) struct blob raw = {0};
	struct elem_bank bank = {0x000b, 0xff};
	struct msg msg = {.type = MSG_TYPE_challenge, .id = 3};
	unsigned evidences = heard.evidences;
	struct err err = {0};

	assert_ok(random_fill(nonce, sizeof nonce, &err));
	assert_ok(ELEM_APPEND(bank, &bank, &raw));
	msg.challenge.nonce = SPAN(nonce);
	msg.challenge.banks = (struct list){blob_span(&raw), 1};
	assert_ok(server_send(servers[VERIFIER], &heard.peer, &msg));
	UNTIL(heard.evidences > evidences);
	assert_ok(qualify(QUALIFY_ATTEST, nonce, heard.nk, heard.registration.node, expected));
	assert_non_null(memmem(heard.attest.at, heard.attest.len, expected, sizeof expected));
}

static bool lies_opened(uint64_t number)
{
	char path[SCRATCH_FILE_BYTES];
	DROP(blob_release) struct blob bytes = {0};

	snprintf(path, sizeof path, "%s/%llu/secret.txt", payload_folder, (unsigned long long)number);
	return file_read(path, 4096, &bytes, NULL) == RC_OK && span_is(blob_span(&bytes), content);
}

/* ---- tests ---- */

static struct provisioning first;

static void it_enrols_and_answers_challenges(void **state)
{
	(void)state;
	start_agent();
	assert_int_equal(heard.enrolments, 1);
	assert_int_equal(heard.held, 0);
	challenge();
	challenge();
}

static bool status_says(const char *words)
{
	DROP(blob_release) struct blob text = {0};
	char path[SCRATCH_FILE_BYTES];

	return file_read(scratch_file(&scratch, "state/status.json", path), 1 << 20, &text, NULL) == RC_OK &&
	       memmem(text.at, text.len, words, strlen(words)) != NULL;
}

/* Is this inode a listening socket of that table? (proc(5): state 0A, or the flag of a unix socket that
 * accepts) */
static bool is_listening(const char *table, bool is_unix, unsigned long inode)
{
	FILE *file = fopen(table, "re");
	char line[512], state[32];
	unsigned long found;
	bool is = false;

	if (file == NULL)
		return false; /* a kernel without IPv6 */
	while (!is && fgets(line, sizeof line, file) != NULL) {
		int n = is_unix ? sscanf(line, "%*s %*s %*s %31s %*s %*s %lu", state, &found)
		                : sscanf(line, "%*s %*s %*s %31s %*s %*s %*s %*s %*s %lu", state, &found);

		is = n == 2 && found == inode && strcmp(state, is_unix ? "00010000" : "0A") == 0;
	}
	fclose(file);
	return is;
}

static unsigned listeners_of(pid_t pid)
{
	unsigned count = 0, sockets = 0;

	for (int fd = 0; fd < 256; fd++) {
		char path[64], what[64] = "";
		unsigned long inode;

		snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)pid, fd);
		if (readlink(path, what, sizeof what - 1) < 0 || sscanf(what, "socket:[%lu]", &inode) != 1)
			continue;
		sockets++;
		count += is_listening("/proc/net/tcp", false, inode) ||
		         is_listening("/proc/net/tcp6", false, inode) ||
		         is_listening("/proc/net/unix", true, inode);
	}
	assert_true(sockets > 0);
	return count;
}

static void it_listens_nowhere(void **state)
{
	(void)state;
	assert_int_equal(listeners_of(agent), 0);
	/* The twin: this program has three servers and a publisher. */
	assert_int_equal(listeners_of(getpid()), 4);
}

static void welcome_with(struct span roster)
{
	struct msg msg = {.type = MSG_TYPE_welcome, .welcome = {.interval_ms = 2000, .roster = roster}};

	assert_ok(server_send(servers[VERIFIER], &heard.peer, &msg));
	challenge(); /* answered in order, so the welcome was read */
}

static void only_a_newer_roster_of_the_root_is_taken(void **state)
{
	DROP(sign_pair_release) struct sign_pair other = {0};
	DROP(blob_release) struct blob older = {0};
	DROP(blob_release) struct blob newer = {0};
	DROP(blob_release) struct blob foreign = {0};

	(void)state;
	assert_ok(sign_generate(&other, NULL));
	make_roster(4, &root, &older);
	make_roster(5, &root, &newer);
	make_roster(6, &other, &foreign);
	welcome_with(blob_span(&newer));
	UNTIL(status_says("\"roster\": 5"));
	welcome_with(blob_span(&older));
	welcome_with(blob_span(&foreign));
	end_agent(SIGTERM);
	start_agent();
	UNTIL(status_says("\"roster\": 5") && status_says("\"verifier\": true"));
}

static void only_an_operator_can_send_u(void **state)
{
	DROP(provisioning_release) struct provisioning p = {0};
	uint8_t other[NODE_ID_BYTES] = {1};

	(void)state;
	make(&p, now_ms(), VIEWER, heard.registration.node, heard.nk);
	assert_rc(relay(blob_span(&p.share_u)), RC_DENIED);
	make(&p, now_ms(), STRANGER, heard.registration.node, heard.nk);
	assert_rc(relay(blob_span(&p.share_u)), RC_DENIED);
	make(&p, now_ms(), VERIFIER, heard.registration.node, heard.nk);
	assert_rc(relay(blob_span(&p.share_u)), RC_DENIED);
	make(&p, now_ms(), OPERATOR, other, heard.nk);
	assert_rc(relay(blob_span(&p.share_u)), RC_DENIED);
	make(&p, now_ms(), OPERATOR, heard.registration.node, other);
	assert_rc(relay(blob_span(&p.share_u)), RC_STALE);
}

static void u_v_and_payload_open_together_and_not_otherwise(void **state)
{
	struct secret32 made_up = {{9}};
	unsigned bootstraps = heard.bootstraps;

	(void)state;
	make(&first, now_ms(), OPERATOR, heard.registration.node, heard.nk);
	assert_ok(relay(blob_span(&first.share_u)));
	assert_ok(relay(blob_span(&first.share_u))); /* the same again: an answer was lost */
	assert_rc(send_chunk(&first, 1, blob_span(&first.payload)), RC_DENIED);
	assert_rc(send_chunk(&first, 0, span_of(first.payload.at, first.payload.len - 1)), RC_DENIED);
	first.payload.at[3] ^= 1;
	assert_rc(send_chunk(&first, 0, blob_span(&first.payload)), RC_DENIED);
	first.payload.at[3] ^= 1;
	assert_ok(send_chunk(&first, 0, blob_span(&first.payload)));
	challenge();
	send_v(first.number, &made_up);
	UNTIL(heard.bootstraps > bootstraps);
	assert_false(heard.bootstrapped.opened);
	assert_false(lies_opened(first.number));
	send_v(first.number, &first.v);
	UNTIL(heard.bootstraps > bootstraps + 1);
	assert_true(heard.bootstrapped.opened);
	assert_int_equal(heard.bootstrapped.number, first.number);
	assert_true(lies_opened(first.number));
	print_message("# bootstrap: %llu us, TPM %llu us\n", (unsigned long long)heard.bootstrapped.total_us,
		(unsigned long long)heard.bootstrapped.tpm_us);
}

static void what_was_used_is_refused(void **state)
{
	DROP(provisioning_release) struct provisioning p = {0};

	(void)state;
	assert_rc(relay(blob_span(&first.share_u)), RC_STALE);
	make(&p, first.number - 1, OPERATOR, heard.registration.node, heard.nk);
	assert_rc(relay(blob_span(&p.share_u)), RC_STALE);
}

static void a_killed_agent_comes_back_with_its_payload_opened(void **state)
{
	(void)state;
	end_agent(SIGKILL);
	start_agent();
	assert_int_equal(heard.opened, first.number);
	assert_int_equal(heard.held, first.number);
	challenge();
}

static void a_reboot_needs_v_and_no_tenant(void **state)
{
	unsigned bootstraps = heard.bootstraps;

	(void)state;
	end_agent(SIGTERM);
	empty_tmpfs();
	swtpm_reboot(&tpm);
	start_agent();
	assert_int_equal(heard.opened, 0);
	assert_int_equal(heard.held, first.number);
	challenge();
	send_v(first.number, &first.v);
	UNTIL(heard.bootstraps > bootstraps);
	assert_true(heard.bootstrapped.opened);
	assert_true(lies_opened(first.number));
}

static void a_new_payload_replaces_the_old_one(void **state)
{
	DROP(provisioning_release) struct provisioning p = {0};
	unsigned bootstraps = heard.bootstraps;

	(void)state;
	make(&p, first.number + 10, OPERATOR, heard.registration.node, heard.nk);
	assert_ok(relay(blob_span(&p.share_u)));
	send_v(p.number, &p.v); /* before the payload is there */
	assert_ok(send_chunk(&p, 0, blob_span(&p.payload)));
	UNTIL(heard.bootstraps > bootstraps);
	assert_true(heard.bootstrapped.opened);
	assert_true(lies_opened(p.number));
	assert_false(lies_opened(first.number));
	provisioning_release(&first);
}

/* U, V and payload; the code of the agent's answer to U. Where it is taken, wait until the payload lies
 * opened. */
static enum rc provision(uint64_t number, const char *script)
{
	DROP(provisioning_release) struct provisioning p = {0};
	unsigned bootstraps = heard.bootstraps;
	enum rc rc;

	wanted_script = script;
	make(&p, number, OPERATOR, heard.registration.node, heard.nk);
	wanted_script = "";
	rc = relay(blob_span(&p.share_u));
	if (rc != RC_OK)
		return rc;
	assert_ok(send_chunk(&p, 0, blob_span(&p.payload)));
	send_v(number, &p.v);
	UNTIL(heard.bootstraps > bootstraps);
	assert_true(heard.bootstrapped.opened);
	assert_true(lies_opened(number));
	return RC_OK;
}

static bool has_run(const char *expected)
{
	DROP(blob_release) struct blob text = {0};
	char path[SCRATCH_FILE_BYTES];

	return file_read(scratch_file(&scratch, "ran", path), 1 << 20, &text, NULL) == RC_OK &&
	       span_is(blob_span(&text), expected);
}

static void a_script_runs_only_if_asked_and_allowed(void **state)
{
	uint64_t number = now_ms() + 1000;
	char path[SCRATCH_FILE_BYTES], expected[32];

	(void)state;
	assert_rc(provision(number, "secret.txt"), RC_DENIED); /* not allowed */
	end_agent(SIGTERM);
	scripts_allowed = "--allow-start-scripts=yes";
	start_agent();
	assert_ok(provision(number + 1, "")); /* not asked */
	assert_rc(provision(number + 2, "../secret.txt"), RC_DENIED);
	assert_rc(provision(number + 2, "/bin/true"), RC_DENIED);
	assert_int_equal(access(scratch_file(&scratch, "ran", path), F_OK), -1);
	assert_ok(provision(number + 3, "secret.txt"));
	snprintf(expected, sizeof expected, "%llu\n", (unsigned long long)number + 3);
	UNTIL(has_run(expected));
	end_agent(SIGTERM);
	scripts_allowed = "--allow-start-scripts=no";
	start_agent();
}

/* What the action wrote, one line a notice. */
static bool has_acted(const char *line)
{
	DROP(blob_release) struct blob text = {0};
	char path[SCRATCH_FILE_BYTES];

	return file_read(scratch_file(&scratch, "acted", path), 1 << 20, &text, NULL) == RC_OK &&
	       memmem(text.at, text.len, line, strlen(line)) != NULL;
}

static void notices_are_acted_on_in_order_and_only_if_they_prove_it(void **state)
{
	DROP(blob_release) struct blob verdict = {0};
	uint8_t other[NODE_ID_BYTES] = {7};
	uint8_t another[NODE_ID_BYTES] = {8};

	(void)state;
	UNTIL(status_says("\"blind\": false") && status_says("\"revocation\": true"));
	make_verdict(another, VERIFIER, false, &verdict);
	issue("revoked", other, blob_span(&verdict), REVOCATION, false, true);    /* of another node */
	issue("revoked", other, (struct span){NULL, 0}, REVOCATION, false, true); /* without it */
	make_verdict(other, OPERATOR, false, &verdict);
	issue("revoked", other, blob_span(&verdict), REVOCATION, false, true); /* not by a verifier */
	make_verdict(other, VERIFIER, true, &verdict);
	issue("revoked", other, blob_span(&verdict), REVOCATION, false, true); /* that says trusted */
	make_verdict(other, VERIFIER, false, &verdict);
	issue("revoked", other, blob_span(&verdict), VERIFIER, false,
		true); /* not by the revocation service */
	issue("revoked", other, blob_span(&verdict), REVOCATION, true, true);
	UNTIL(heard.acked == 1);
	assert_true(has_acted("1 revoked 0 0 {\"seq\":1,\"kind\":\"revoked\",\"node\":\"0700"));
	/* The next two are never published: heads and a later one tell of the gap. */
	issue("lapsed", other, (struct span){NULL, 0}, REVOCATION, true, false);
	issue("restored", other, (struct span){NULL, 0}, REVOCATION, true, false);
	issue("lapsed", another, (struct span){NULL, 0}, REVOCATION, true, true);
	UNTIL(heard.acked == 4);
	assert_true(has_acted("2 lapsed 0 0 "));
	assert_true(has_acted("3 restored 0 0 "));
	assert_true(has_acted("4 lapsed 0 0 "));
}

static void a_revoked_node_drops_its_payload(void **state)
{
	DROP(blob_release) struct blob verdict = {0};
	char opened[64];

	(void)state;
	snprintf(opened, sizeof opened, "\"opened\": 0");
	assert_false(status_says(opened));
	make_verdict(heard.registration.node, VERIFIER, false, &verdict);
	issue("revoked", heard.registration.node, blob_span(&verdict), REVOCATION, true, true);
	UNTIL(status_says(opened));
	UNTIL(heard.acked == 5);
}

static void without_heads_it_is_blind(void **state)
{
	(void)state;
	is_headless = true;
	UNTIL(status_says("\"blind\": true"));
	is_headless = false;
	UNTIL(status_says("\"blind\": false"));
}

static void the_payload_folder_must_be_a_tmpfs(void **state)
{
	char program[SCRATCH_FILE_BYTES];
	char conf[SCRATCH_FILE_BYTES];
	char folder[SCRATCH_FILE_BYTES];
	int status;
	pid_t pid;

	(void)state;
	end_agent(SIGTERM);
	snprintf(program, sizeof program, "%s/services/agent/limebus-agent", getenv("LIMEBUS_BUILD"));
	scratch_file(&scratch, "agent.conf", conf);
	mkdir(scratch_file(&scratch, "on-disk", folder), 0700);
	pid = fork();
	if (pid == 0) {
		close(STDERR_FILENO);
		execl(program, program, "--config", conf, "--payload", folder, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != 127);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_enrols_and_answers_challenges),
		cmocka_unit_test(it_listens_nowhere),
		cmocka_unit_test(only_a_newer_roster_of_the_root_is_taken),
		cmocka_unit_test(only_an_operator_can_send_u),
		cmocka_unit_test(u_v_and_payload_open_together_and_not_otherwise),
		cmocka_unit_test(what_was_used_is_refused),
		cmocka_unit_test(a_killed_agent_comes_back_with_its_payload_opened),
		cmocka_unit_test(a_reboot_needs_v_and_no_tenant),
		cmocka_unit_test(a_new_payload_replaces_the_old_one),
		cmocka_unit_test(a_script_runs_only_if_asked_and_allowed),
		cmocka_unit_test(notices_are_acted_on_in_order_and_only_if_they_prove_it),
		cmocka_unit_test(a_revoked_node_drops_its_payload),
		cmocka_unit_test(without_heads_it_is_blind),
		cmocka_unit_test(the_payload_folder_must_be_a_tmpfs),
	};

	return cmocka_run_group_tests(tests, open_all, close_all);
}
