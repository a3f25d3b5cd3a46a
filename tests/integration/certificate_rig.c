#include "tests/integration/certificate_rig.h"

#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/base/hex.h"
#include "lib/bus/publisher.h"
#include "lib/bus/server.h"
#include "lib/crypto/random.h"
#include "lib/pki/csr.h"
#include "lib/pki/issue.h"
#include "lib/trust/csr_proof.h"
#include "lib/trust/keyfile.h"
#include "lib/trust/roster.h"

enum { REGISTRAR, VERIFIER, REVOCATION, OPERATOR, ADMIN, PEOPLE };
enum { OURS, THEIRS, CAS };

#define DAY_MS  86400000ull
#define LOG_MAX 16

struct rig rig;

static struct identity people[PEOPLE];
static struct sign_pair root;
static struct loop *loop;
static struct bus *bus;
static struct server *servers[3];
static struct publisher *publisher;
static struct timer head_tick;
static struct blob notice_log[LOG_MAX];
static size_t log_count;
static char payload_folder[64];
static pid_t agent;
static struct registration registration;
static struct blob ak_area;
static struct secret32 ke;
static struct peer node_peer;
static uint8_t nk[CURVE_KEY_BYTES];
static uint8_t nonce[NONCE_BYTES];
static struct issuer *roots[CAS];
static struct issuer *issuers[CAS];

static uint64_t now_ms(void)
{
	return clock_wall_ms(clock_system());
}

static void ok(enum rc rc, const struct err *err)
{
	if (rc != RC_OK)
		fail_msg("%s: %s", rc_words(rc), err->text);
}

/* ---- registrar and verifier ---- */

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
	registration_release(&registration);
	ok(registration_check(&c, &rules, &registration, &err), &err);
	memcpy(rig.node, registration.node, sizeof rig.node);
	memcpy(nk, peer->key, sizeof nk);
	assert_ok(blob_copy(&ak_area, claim->ak_public));
	ok(registration_ek(&registration, &ek, &err), &err);
	ok(random_fill(ke.bytes, sizeof ke.bytes, &err), &err);
	ok(credential_make(
		   &ek, tpm_name_span(&registration.ak_name), SPAN(ke.bytes), &id_object, &secret, &err),
		&err);
	answer.credential.node = SPAN(registration.node);
	answer.credential.id_object = blob_span(&id_object);
	answer.credential.secret = blob_span(&secret);
	assert_ok(server_send(servers[REGISTRAR], peer, &answer));
}

static void on_activate(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct msg answer = {
		.type = MSG_TYPE_enrolled, .id = msg->id, .enrolled = {SPAN(registration.node), 1}};

	(void)ctx;
	(void)frame;
	assert_ok(server_send(servers[REGISTRAR], peer, &answer));
}

static void on_hello(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct msg answer = {.type = MSG_TYPE_welcome, .id = msg->id, .welcome = {.interval_ms = 2000}};

	(void)ctx;
	(void)frame;
	rig.hellos++;
	node_peer = *peer;
	assert_ok(server_send(servers[VERIFIER], peer, &answer));
}

static void on_evidence(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	(void)ctx;
	(void)peer;
	(void)frame;
	rig.evidences += msg->type == MSG_TYPE_evidence;
}

/* ---- the CA ---- */

static void make_ca(int which)
{
	DROP(private_key_release) struct private_key *root_key = NULL;
	DROP(private_key_release) struct private_key *key = NULL;
	DROP(blob_release) struct blob root_der = {0};
	DROP(blob_release) struct blob der = {0};
	DROP(blob_release) struct blob spki = {0};
	struct issue_order order = {.profile = ISSUE_ROOT,
		.common_name = which == OURS ? "root" : "another root",
		.from_ms = now_ms() - DAY_MS,
		.until_ms = now_ms() + 100 * DAY_MS};
	struct err err = {0};

	ok(private_key_generate(KEY_P256, &root_key, &err), &err);
	ok(private_key_generate(KEY_P256, &key, &err), &err);
	ok(public_key_to_der(private_key_public(key), &spki, &err), &err);
	ok(serial_make(order.serial, &err), &err);
	ok(issue_root(root_key, &order, &root_der, &err), &err);
	ok(issuer_open(blob_span(&root_der), &root_key, &roots[which], &err), &err);
	order.profile = ISSUE_INTERMEDIATE;
	order.common_name = "intermediate";
	order.spki = blob_span(&spki);
	ok(issue(roots[which], &order, &der, &err), &err);
	ok(issuer_open(blob_span(&der), &key, &issuers[which], &err), &err);
}

static void answer_error(const struct peer *peer, uint64_t id, enum rc rc, const char *text)
{
	struct msg answer = {
		.type = MSG_TYPE_error, .id = id, .error = {.code = rc, .text = span_text(text)}};

	assert_ok(server_send(servers[REVOCATION], peer, &answer));
}

static void on_ca_get(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	DROP(blob_release) struct blob raw = {0};
	struct msg answer = {.type = MSG_TYPE_ca_info, .id = msg->id};
	struct elem_certificate above = {issuer_certificate(roots[OURS])};

	(void)ctx;
	(void)frame;
	assert_ok(ELEM_APPEND(certificate, &above, &raw));
	answer.ca_info.certificate = issuer_certificate(issuers[OURS]);
	answer.ca_info.chain = (struct list){blob_span(&raw), 1};
	assert_ok(server_send(servers[REVOCATION], peer, &answer));
}

static void on_csr_begin(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct msg answer = {.type = MSG_TYPE_csr_nonce, .id = msg->id, .csr_nonce = {.nonce = SPAN(nonce)}};

	(void)ctx;
	(void)frame;
	assert_memory_equal(peer->key, nk, sizeof nk);
	assert_ok(random_fill(nonce, sizeof nonce, NULL));
	assert_ok(server_send(servers[REVOCATION], peer, &answer));
}

static bool is_proven(const struct msg_csr_put *put, struct csr *csr)
{
	struct csr_proof proof = {.csr = put->csr,
		.nonce = nonce,
		.nk = nk,
		.node = rig.node,
		.ek_public = tpm_area_span(&registration.ek_area),
		.ak_public = blob_span(&ak_area),
		.attest = put->attest,
		.signature = put->signature,
		.key_public = put->public};
	struct err err = {0};

	if (!span_equal(put->nonce, SPAN(nonce)) || csr_parse(put->csr, csr, &err) != RC_OK) {
		print_message("# request: %s\n", err.text);
		return false;
	}
	proof.spki = blob_span(&csr->spki);
	if (csr_proof_check(&proof, &err) == RC_OK)
		return true;
	print_message("# proof: %s\n", err.text);
	return false;
}

static void certify(struct span spki, struct blob *out)
{
	DROP(private_key_release) struct private_key *other = NULL;
	DROP(blob_release) struct blob other_spki = {0};
	char uri[17 + HEX_BYTES(NODE_ID_BYTES)] = "urn:limebus:node:";
	struct san name = {SAN_URI, {0}};
	uint64_t shift = rig.mood == CA_EXPIRED ? DAY_MS : 0;
	struct issue_order order = {.profile = ISSUE_NODE,
		.common_name = "node",
		.spki = spki,
		.from_ms = now_ms() - shift - 1000,
		.until_ms = now_ms() - shift + rig.life_ms,
		.names = &name,
		.names_count = 1,
		.ekus = ISSUE_CLIENT | ISSUE_SERVER};
	struct err err = {0};

	hex_encode(SPAN(rig.node), uri + 17);
	if (rig.mood == CA_OTHER_NODE)
		uri[17] = uri[17] == '0' ? '1' : '0';
	name.text = span_text(uri);
	if (rig.mood == CA_OTHER_KEY) {
		ok(private_key_generate(KEY_P256, &other, &err), &err);
		ok(public_key_to_der(private_key_public(other), &other_spki, &err), &err);
		order.spki = blob_span(&other_spki);
	}
	ok(serial_make(order.serial, &err), &err);
	memcpy(rig.serial, order.serial, sizeof rig.serial);
	ok(issue(issuers[rig.mood == CA_OTHER_ROOT ? THEIRS : OURS], &order, out, &err), &err);
}

static void on_csr_put(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	DROP(csr_release) struct csr csr = {0};
	DROP(blob_release) struct blob certificate = {0};
	DROP(blob_release) struct blob raw = {0};
	struct msg answer = {.type = MSG_TYPE_certificate_info, .id = msg->id};
	int which = rig.mood == CA_OTHER_ROOT ? THEIRS : OURS;
	struct elem_certificate links[] = {
		{issuer_certificate(issuers[which])}, {issuer_certificate(roots[which])}};

	(void)ctx;
	(void)frame;
	if (!is_proven(&msg->csr_put, &csr)) {
		rig.wrong++;
		answer_error(peer, msg->id, RC_DENIED, "not proven");
		return;
	}
	rig.puts++;
	rig.is_in_tpm = msg->csr_put.public.len != 0;
	assert_ok(blob_copy(&rig.spki, blob_span(&csr.spki)));
	if (rig.mood == CA_REFUSES) {
		answer_error(peer, msg->id, RC_DENIED, "this node is not trusted");
		return;
	}
	certify(blob_span(&csr.spki), &certificate);
	for (size_t i = 0; i < COUNT(links); i++)
		assert_ok(ELEM_APPEND(certificate, &links[i], &raw));
	answer.certificate_info.certificate = blob_span(&certificate);
	answer.certificate_info.chain = (struct list){blob_span(&raw), COUNT(links)};
	answer.certificate_info.renew = now_ms() + rig.life_ms / 2;
	assert_ok(server_send(servers[REVOCATION], peer, &answer));
	rig.issued++;
}

/* ---- notices ---- */

static void make_head(struct blob *out)
{
	uint8_t hash[HASH_BYTES] = {0};
	struct msg head = {
		.type = MSG_TYPE_head, .head = {.seq = log_count, .hash = SPAN(hash), .time = now_ms()}};
	struct err err = {0};

	if (log_count > 0)
		assert_ok(notice_hash(blob_span(&notice_log[log_count - 1]), hash));
	ok(signed_make(&people[REVOCATION].sign, &head, out, &err), &err);
}

static void publish_head(void *ctx)
{
	DROP(blob_release) struct blob head = {0};

	(void)ctx;
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
	rig.acked = msg->notice_ack.seq;
}

static void make_cause(const char *kind, struct span serial, struct blob *out)
{
	static const uint8_t zeros[CURVE_KEY_BYTES];
	struct msg msg = {.type = MSG_TYPE_verdict};
	struct err err = {0};

	if (strcmp(kind, "revoked") == 0) {
		msg.verdict.node = SPAN(rig.node);
		msg.verdict.number = 1;
		msg.verdict.time = now_ms();
		msg.verdict.ak_name = SPAN("name");
		msg.verdict.nk = SPAN(zeros);
		ok(signed_make(&people[VERIFIER].sign, &msg, out, &err), &err);
	} else if (strcmp(kind, "reinstated") == 0) {
		msg = (struct msg){.type = MSG_TYPE_node_request};
		msg.node_request.node = SPAN(rig.node);
		msg.node_request.action = span_text("resume");
		msg.node_request.time = now_ms();
		ok(signed_make(&people[OPERATOR].sign, &msg, out, &err), &err);
	} else if (strcmp(kind, "certificate-revoked") == 0) {
		msg = (struct msg){.type = MSG_TYPE_certificate_revoke};
		msg.certificate_revoke.node = SPAN(rig.node);
		msg.certificate_revoke.serial = serial;
		msg.certificate_revoke.time = now_ms();
		ok(signed_make(&people[ADMIN].sign, &msg, out, &err), &err);
	}
}

void rig_notice(const char *kind, const uint8_t *serial)
{
	DROP(blob_release) struct blob cause = {0};
	DROP(blob_release) struct blob bytes = {0};
	DROP(blob_release) struct blob raw = {0};
	struct elem_serial elem = {span_of(serial, serial == NULL ? 0 : 16)};
	uint8_t previous[HASH_BYTES] = {0};
	struct msg msg = {.type = MSG_TYPE_notice};
	struct err err = {0};

	assert_true(log_count < LOG_MAX);
	make_cause(kind, elem.serial, &cause);
	if (log_count > 0)
		assert_ok(notice_hash(blob_span(&notice_log[log_count - 1]), previous));
	msg.notice.seq = log_count + 1;
	msg.notice.previous = SPAN(previous);
	msg.notice.kind = span_text(kind);
	msg.notice.node = SPAN(rig.node);
	msg.notice.time = now_ms();
	msg.notice.cause = blob_span(&cause);
	if (serial != NULL) {
		assert_ok(ELEM_APPEND(serial, &elem, &raw));
		msg.notice.certificates = (struct list){blob_span(&raw), 1};
	}
	ok(signed_make(&people[REVOCATION].sign, &msg, &bytes, &err), &err);
	assert_ok(publisher_send_frame(publisher, "notice.x", blob_span(&bytes)));
	notice_log[log_count++] = TAKE(bytes);
	RIG_UNTIL(rig.acked == log_count);
}

/* ---- the deployment ---- */

static const struct server_row registrar_rows[] = {
	{MSG_TYPE_node_register, ROLES_ANYONE, on_register},
	{MSG_TYPE_activate, ROLES_ANYONE, on_activate},
};
static const struct server_row verifier_rows[] = {
	{MSG_TYPE_hello, ROLES_ANYONE, on_hello},
	{MSG_TYPE_evidence, ROLES_ANYONE, on_evidence},
	{MSG_TYPE_bootstrapped, ROLES_ANYONE, on_evidence},
	{MSG_TYPE_measured, ROLES_ANYONE, on_evidence},
};
static const struct server_row revocation_rows[] = {
	{MSG_TYPE_notices_get, ROLES_ANYONE, on_notices_get},
	{MSG_TYPE_notice_ack, ROLES_ANYONE, on_ack},
	{MSG_TYPE_ca_get, ROLES_ANYONE, on_ca_get},
	{MSG_TYPE_csr_begin, ROLES_ANYONE, on_csr_begin},
	{MSG_TYPE_csr_put, ROLES_ANYONE, on_csr_put},
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

static void endpoint(int who, char out[ENDPOINT_MAX + 1])
{
	snprintf(out, ENDPOINT_MAX + 1, "ipc://%s/%c", rig.scratch.path, "rvnp"[who]);
}

static struct curve_pair pair_of(int who)
{
	struct curve_pair pair;

	memcpy(pair.public_key, people[who].curve.public, CURVE_KEY_BYTES);
	memcpy(pair.secret.bytes, people[who].curve.secret, CURVE_KEY_BYTES);
	return pair;
}

static void serve(int who, const char *domain, const struct server_row *rows, size_t count)
{
	struct curve_pair pair = pair_of(who);
	char where[ENDPOINT_MAX + 1];
	struct server_options options = {.endpoint = where,
		.domain = domain,
		.pair = &pair,
		.rows = rows,
		.row_count = count,
		.admit = admit,
		.role_of = role_of};
	struct err err = {0};

	endpoint(who, where);
	ok(server_open(bus, &options, &servers[who], &err), &err);
}

static void publish(void)
{
	struct curve_pair pair = pair_of(REVOCATION);
	char where[ENDPOINT_MAX + 1];
	struct publisher_options options = {
		.endpoint = where, .domain = "notices", .pair = &pair, .admit = admit};
	struct err err = {0};

	endpoint(3, where);
	ok(publisher_open(bus, &options, &publisher, &err), &err);
	assert_ok(loop_every(loop, &head_tick, 200, publish_head, NULL));
}

static void write_roster(void)
{
	static const unsigned roles[] = {
		ROLE_REGISTRAR, ROLE_VERIFIER, ROLE_REVOCATION, ROLE_PROVISIONER, ROLE_ADMIN};
	static const char *const names[] = {"registrar", "verifier", "revocation", "operator", "admin"};
	struct roster_member members[COUNT(roles)] = {0};
	DROP(blob_release) struct blob bytes = {0};
	char path[SCRATCH_FILE_BYTES];
	struct err err = {0};

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
	ok(roster_make(&root, 1, now_ms(), members, COUNT(members), &bytes, &err), &err);
	ok(file_replace(scratch_file(&rig.scratch, "roster", path), blob_span(&bytes), 0600, &err), &err);
	ok(keyfile_create(
		   scratch_file(&rig.scratch, "root.pub", path), KEYFILE_SIGN_PUBLIC, root.public, &err),
		&err);
}

static void make_folders(void)
{
	static const char *const names[] = {"state", "certificates"};
	char path[SCRATCH_FILE_BYTES];

	for (size_t i = 0; i < COUNT(names); i++)
		assert_int_equal(mkdir(scratch_file(&rig.scratch, names[i], path), 0700), 0);
	snprintf(payload_folder, sizeof payload_folder, "/dev/shm/limebus-certificate-test.XXXXXX");
	assert_non_null(mkdtemp(payload_folder));
}

static void write_config(void)
{
	char text[2048];
	char path[SCRATCH_FILE_BYTES];
	struct err err = {0};
	const char *at = rig.scratch.path;

	snprintf(text, sizeof text,
		"state = %s/state\npayload = %s\nroster = %s/roster\nroot-key = %s/root.pub\ntcti = %s\nuser = %s\n"
		"log-level = debug\ncertificates = %s/certificates\ncertificate-hook = %s/hook\n",
		at, payload_folder, at, at, rig.tpm.tcti, geteuid() == 0 ? "root" : "", at, at);
	ok(file_replace(scratch_file(&rig.scratch, "agent.conf", path), span_text(text), 0600, &err), &err);
	snprintf(text, sizeof text,
		"#!/bin/sh\nopenssl x509 -in $LIMEBUS_CERTIFICATES/node.crt -noout -serial >>%s/hooked\n",
		at);
	ok(file_replace(scratch_file(&rig.scratch, "hook", path), span_text(text), 0700, &err), &err);
}

void rig_open(void)
{
	struct err err = {0};

	scratch_open(&rig.scratch);
	swtpm_new(&rig.tpm, &rig.scratch, "node");
	for (int i = 0; i < PEOPLE; i++)
		ok(identity_generate(&people[i], &err), &err);
	ok(sign_generate(&root, &err), &err);
	make_folders();
	write_roster();
	write_config();
	rig.life_ms = DAY_MS;
	for (int i = 0; i < CAS; i++)
		make_ca(i);
	ok(loop_open(clock_system(), &loop, &err), &err);
	ok(bus_open(loop, &(struct bus_options){.peers_max = 8}, &bus, &err), &err);
	serve(REGISTRAR, "registrar", registrar_rows, COUNT(registrar_rows));
	serve(VERIFIER, "verifier", verifier_rows, COUNT(verifier_rows));
	serve(REVOCATION, "revocation", revocation_rows, COUNT(revocation_rows));
	publish();
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

void rig_close(void)
{
	rig_stop();
	for (int i = 0; i < 3; i++)
		server_close(&servers[i]);
	publisher_close(&publisher);
	bus_close(&bus);
	loop_close(&loop);
	swtpm_release(&rig.tpm);
	nftw(payload_folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	registration_release(&registration);
	for (size_t i = 0; i < log_count; i++)
		blob_release(&notice_log[i]);
	for (int i = 0; i < PEOPLE; i++)
		identity_release(&people[i]);
	for (int i = 0; i < CAS; i++) {
		issuer_release(&roots[i]);
		issuer_release(&issuers[i]);
	}
	blob_release(&rig.spki);
	blob_release(&ak_area);
	scratch_release(&rig.scratch);
}

/* ---- the agent ---- */

void rig_turn(void)
{
	assert_ok(loop_turn(loop, 20, NULL));
}

void rig_start(const char *const *options)
{
	char program[SCRATCH_FILE_BYTES];
	char conf[SCRATCH_FILE_BYTES];
	char log[SCRATCH_FILE_BYTES];
	const char *words[16] = {program, "--config", conf};
	unsigned hellos = rig.hellos;

	for (size_t i = 0; options != NULL && options[i] != NULL && i < 12; i++)
		words[3 + i] = options[i];
	snprintf(program, sizeof program, "%s/services/agent/limebus-agent", getenv("LIMEBUS_BUILD"));
	scratch_file(&rig.scratch, "agent.conf", conf);
	scratch_file(&rig.scratch, "agent.log", log);
	agent = fork();
	if (agent == 0) {
		char *copies[COUNT(words)] = {0};

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (size_t i = 0; words[i] != NULL; i++)
			copies[i] = strdup(words[i]);
		if (freopen(log, "a", stderr) == NULL)
			_exit(126);
		execv(program, copies);
		_exit(127);
	}
	RIG_UNTIL(rig.hellos > hellos);
}

void rig_stop(void)
{
	if (agent > 0) {
		kill(agent, SIGTERM);
		waitpid(agent, NULL, 0);
	}
	agent = 0;
}

void rig_challenge(void)
{
	uint8_t fresh[NONCE_BYTES];
	DROP(blob_release) struct blob raw = {0};
	struct elem_bank bank = {0x000b, 0xff};
	struct msg msg = {.type = MSG_TYPE_challenge, .id = 3};
	unsigned evidences = rig.evidences;

	assert_ok(random_fill(fresh, sizeof fresh, NULL));
	assert_ok(ELEM_APPEND(bank, &bank, &raw));
	msg.challenge.nonce = SPAN(fresh);
	msg.challenge.banks = (struct list){blob_span(&raw), 1};
	assert_ok(server_send(servers[VERIFIER], &node_peer, &msg));
	RIG_UNTIL(rig.evidences > evidences);
}

bool rig_status_says(const char *words)
{
	DROP(blob_release) struct blob text = {0};
	char path[SCRATCH_FILE_BYTES];

	return file_read(scratch_file(&rig.scratch, "state/status.json", path), 1 << 20, &text, NULL) ==
	               RC_OK &&
	       memmem(text.at, text.len, words, strlen(words)) != NULL;
}
