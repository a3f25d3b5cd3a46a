/*
 * The real `limebus provision` against a registrar and a verifier that lie: this program plays both, and the
 * node behind them, over the real bus. Whatever they say, neither V nor U leaves the tenant.
 */
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
#include "lib/bus/server.h"
#include "lib/evidence/ek_template.h"
#include "lib/trust/keyfile.h"
#include "lib/trust/qualify.h"
#include "lib/trust/record.h"
#include "lib/trust/relay.h"
#include "lib/trust/roster.h"
#include "tests/fakes/fake_cert.h"
#include "tests/fakes/fake_ek.h"
#include "tests/support/soft_tpm.h"
#include "tests/support/test.h"

#define PATIENCE_MS 25000
#define POLICY                                                                                               \
	"{\"limebus\": 1, \"name\": \"p\", \"pcrs\": {\"sha256\": {\"16\": "                                 \
	"[\"0000000000000000000000000000000000000000000000000000000000000000\"]}}}"

enum { REGISTRAR, VERIFIER, OPERATOR, ROSTERED, STRANGER = ROSTERED, PEOPLE };

/* What one of them says that is not so. */
enum lie {
	TRUTH,
	/* the registrar */
	SOFTWARE_AK,
	UNRESTRICTED_AK,
	OTHERS_EK,
	OTHERS_CERTIFICATE,
	NO_CERTIFICATE,
	UNKNOWN_CA,
	SIGNED_BY_VERIFIER,
	SIGNED_BY_OPERATOR,
	SIGNED_BY_STRANGER,
	OTHER_NODE,
	OTHER_NODE_IN_THE_BODY,
	OTHER_NK,
	/* the verifier */
	OTHER_NODES_QUOTE,
	QUOTE_FOR_OTHER_NK,
	QUOTE_FOR_OTHER_NONCE,
	QUOTE_FOR_OTHER_PURPOSE,
	REPLAY,
	NO_QUOTE,
	/* both */
	SOFTWARE_AK_THAT_ANSWERS,
};

struct player {
	struct fake_ek ek;
	struct fake_cert cert;
	struct soft_tpm tpm;
	struct hpke_pair nk;
};

static struct world {
	struct scratch dir;
	struct identity people[PEOPLE];
	struct loop *loop;
	struct bus *bus;
	struct server *registrar;
	struct server *verifier;
	struct fake_cert root, unknown, from_unknown;
	struct player node, other;
	struct soft_tpm software; /* an AK that no TPM has */
	struct roster *roster;

	enum lie lie;
	struct blob attest, signature, values; /* the last evidence */
	unsigned challenges;
	unsigned provisions;
	unsigned secrets; /* relayed messages that are no challenge */
	uint64_t number;
	struct blob share_u;
} w;

static uint64_t now_ms(void)
{
	return clock_wall_ms(clock_system());
}

/* ---- the registrar ---- */

static const struct player *whose_record(void)
{
	return w.lie == OTHER_NODE ? &w.other : &w.node;
}

static const struct hpke_pair *recorded_nk(void)
{
	return w.lie == OTHER_NK ? &w.other.nk : &w.node.nk;
}

static bool has_software_ak(void)
{
	return w.lie == SOFTWARE_AK || w.lie == SOFTWARE_AK_THAT_ANSWERS;
}

static const struct sign_pair *signer(void)
{
	if (w.lie == SIGNED_BY_VERIFIER)
		return &w.people[VERIFIER].sign;
	if (w.lie == SIGNED_BY_OPERATOR)
		return &w.people[OPERATOR].sign;
	return &w.people[w.lie == SIGNED_BY_STRANGER ? STRANGER : REGISTRAR].sign;
}

static struct tpm_area without_restriction(const struct tpm_area *ak)
{
	struct tpm_public area;
	struct tpm_area out = {0};

	assert_ok(tpm_public_parse(tpm_area_span(ak), &area));
	area.attributes &= ~(uint32_t)TPM_OBJECT_RESTRICTED;
	assert_ok(tpm_public_encode(&area, &out));
	return out;
}

static void make_record(struct blob *out)
{
	const struct player *whose = whose_record();
	const struct player *ek = w.lie == OTHERS_EK ? &w.other : whose;
	const struct fake_cert *cert = &ek->cert;
	struct tpm_area ak = has_software_ak() ? w.software.ak_public : whose->tpm.ak_public;
	struct tpm_name ak_name;
	char digits[HEX_BYTES(NODE_ID_BYTES)], key[160];
	struct msg body = {.type = MSG_TYPE_node};

	if (w.lie == UNRESTRICTED_AK)
		ak = without_restriction(&ak);
	if (w.lie == OTHERS_CERTIFICATE)
		cert = &w.other.cert;
	if (w.lie == UNKNOWN_CA)
		cert = &w.from_unknown;
	assert_ok(tpm_name_of(tpm_area_span(&ak), &ak_name));
	body.node = (struct msg_node){
		.node = w.lie == OTHER_NODE_IN_THE_BODY ? SPAN(w.other.tpm.node) : SPAN(whose->tpm.node),
		.number = 1,
		.nk = SPAN(recorded_nk()->public),
		.ak_public = tpm_area_span(&ak),
		.ak_name = tpm_name_span(&ak_name),
		.ek_public = tpm_area_span(&ek->tpm.ek_public),
		.enrolled = 1,
		.activated = 1,
	};
	if (w.lie != NO_CERTIFICATE)
		body.node.ek_certificate = blob_span(&cert->der);
	snprintf(key, sizeof key, "node/%s", hex_encode(SPAN(whose->tpm.node), digits));
	assert_ok(record_make(signer(), (struct record_head){"node", key, 1, 0}, &body, out, NULL));
}

static void on_node_get(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	DROP(blob_release) struct blob record = {0};
	struct msg info = {.type = MSG_TYPE_node_info, .id = msg->id};

	(void)ctx;
	(void)frame;
	make_record(&record);
	info.node_info.record = blob_span(&record);
	assert_ok(server_send(w.registrar, peer, &info));
}

/* ---- the verifier, and the node behind it ---- */

static void on_policy_get(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	DROP(blob_release) struct blob policy = {0};
	uint8_t hash[HASH_BYTES];
	struct msg body = {
		.type = MSG_TYPE_policy, .policy = {span_text("p"), 1, SPAN(hash), strlen(POLICY), now_ms()}};
	struct msg info = {.type = MSG_TYPE_policy_info, .id = msg->id};

	(void)ctx;
	(void)frame;
	assert_ok(digest_bytes(DIGEST_SHA256, span_text(POLICY), hash));
	assert_ok(signed_make(&w.people[OPERATOR].sign, &body, &policy, NULL));
	info.policy_info.policy = blob_span(&policy);
	assert_ok(server_send(w.verifier, peer, &info));
}

static void on_document_get(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct msg part = {.type = MSG_TYPE_document_part,
		.id = msg->id,
		.document_part = {msg->document_get.document, strlen(POLICY), 0, span_text(POLICY)}};

	(void)ctx;
	(void)frame;
	assert_ok(server_send(w.verifier, peer, &part));
}

static void quote(const struct msg_identity_challenge *ask)
{
	static const struct pcr_selection none = {0};
	struct soft_tpm *tpm = &w.node.tpm;
	uint8_t nonce[NONCE_BYTES], data[HASH_BYTES];
	const uint8_t *nk = recorded_nk()->public;

	if (w.lie == OTHER_NODES_QUOTE)
		tpm = &w.other.tpm;
	if (w.lie == SOFTWARE_AK_THAT_ANSWERS)
		tpm = &w.software;
	if (w.lie == OTHER_NK)
		nk = w.node.nk.public; /* the TPM's own agent answers for its own run */
	if (w.lie == QUOTE_FOR_OTHER_NK)
		nk = w.other.nk.public;
	memcpy(nonce, ask->nonce.at, sizeof nonce);
	nonce[0] ^= w.lie == QUOTE_FOR_OTHER_NONCE;
	assert_ok(qualify(w.lie == QUOTE_FOR_OTHER_PURPOSE ? QUALIFY_ATTEST : QUALIFY_IDENTITY, nonce, nk,
		w.node.tpm.node, data));
	soft_tpm_quote(tpm, &none, SPAN(data), &w.attest, &w.signature, &w.values);
}

static void answer_challenge(const struct msg_identity_challenge *ask, struct msg *out)
{
	w.challenges++;
	if (w.lie != REPLAY)
		quote(ask);
	if (w.lie == NO_QUOTE)
		assert_ok(blob_copy(&w.attest, span_text("trust me")));
	out->type = MSG_TYPE_identity_evidence;
	out->identity_evidence = (struct msg_identity_evidence){
		blob_span(&w.attest), blob_span(&w.signature), blob_span(&w.values), 0};
}

static void on_relay(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	DROP(blob_release) struct blob bytes = {0};
	DROP(blob_release) struct blob encoded = {0};
	struct msg reply = {.type = MSG_TYPE_relay_reply, .id = msg->id};
	struct msg inner = {.type = MSG_TYPE_ok};
	struct msg outer, body = {0};

	(void)ctx;
	(void)frame;
	assert_ok(relay_open(recorded_nk()->secret, msg->relay.node.at, msg->relay.body, &bytes, NULL));
	assert_ok(msg_decode(blob_span(&bytes), &outer));
	if (outer.type == MSG_TYPE_signed_body)
		assert_ok(msg_decode(outer.signed_body.body, &body));
	if (body.type == MSG_TYPE_identity_challenge) {
		answer_challenge(&body.identity_challenge, &inner);
	} else {
		w.secrets++;
		if (body.type == MSG_TYPE_share_u)
			assert_ok(blob_copy(&w.share_u, outer.signed_body.body));
	}
	assert_ok(msg_encode(&inner, &encoded));
	reply.relay_reply.body = blob_span(&encoded);
	assert_ok(server_send(w.verifier, peer, &reply));
}

static void on_provision(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct msg ok = {.type = MSG_TYPE_ok, .id = msg->id};
	struct signed_msg opened;

	(void)ctx;
	(void)frame;
	w.provisions++;
	assert_ok(signed_open(msg->provision.request, MSG_TYPE_provisioning, &opened, NULL));
	w.number = opened.msg.provisioning.number;
	assert_ok(server_send(w.verifier, peer, &ok));
}

static void on_state_get(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	DROP(blob_release) struct blob raw = {0};
	struct elem_node_state state = {.node = SPAN(w.node.tpm.node),
		.state = span_text("trusted"),
		.number = w.number,
		.opened = w.number};
	struct msg states = {.type = MSG_TYPE_states, .id = msg->id};

	(void)ctx;
	(void)frame;
	if (w.provisions != 0) {
		assert_ok(ELEM_APPEND(node_state, &state, &raw));
		states.states.states = (struct list){blob_span(&raw), 1};
	}
	assert_ok(server_send(w.verifier, peer, &states));
}

static const struct server_row registrar_rows[] = {
	{MSG_TYPE_node_get, ROLES_VIEW, on_node_get},
};
static const struct server_row verifier_rows[] = {
	{MSG_TYPE_policy_get, ROLES_VIEW, on_policy_get},
	{MSG_TYPE_document_get, ROLES_VIEW, on_document_get},
	{MSG_TYPE_relay, ROLES_PROVISION, on_relay},
	{MSG_TYPE_provision, ROLES_PROVISION, on_provision},
	{MSG_TYPE_state_get, ROLES_VIEW, on_state_get},
};

/* ---- the deployment ---- */

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
	return roster_role(w.roster, key, now_ms());
}

static struct server *serve(int who, const char *domain, const struct server_row *rows, size_t count)
{
	struct curve_pair pair;
	size_t members;
	struct server *out = NULL;

	memcpy(pair.public_key, w.people[who].curve.public, CURVE_KEY_BYTES);
	memcpy(pair.secret.bytes, w.people[who].curve.secret, CURVE_KEY_BYTES);
	assert_ok(server_open(w.bus,
		&(struct server_options){.endpoint = roster_members(w.roster, &members)[who].endpoint,
			.domain = domain,
			.pair = &pair,
			.rows = rows,
			.row_count = count,
			.admit = admit,
			.role_of = role_of},
		&out, NULL));
	return out;
}

static void make_roster(void)
{
	static const unsigned roles[ROSTERED] = {ROLE_REGISTRAR, ROLE_VERIFIER, ROLE_PROVISIONER};
	static const char *const names[ROSTERED] = {"registrar", "verifier", "paul"};
	struct roster_member members[ROSTERED] = {0};
	DROP(sign_pair_release) struct sign_pair root = {0};
	DROP(blob_release) struct blob bytes = {0};
	char path[SCRATCH_FILE_BYTES];

	assert_ok(sign_generate(&root, NULL));
	for (int i = 0; i < PEOPLE; i++)
		assert_ok(identity_generate(&w.people[i], NULL));
	for (int i = 0; i < ROSTERED; i++) {
		snprintf(members[i].name, sizeof members[i].name, "%s", names[i]);
		members[i].role = roles[i];
		memcpy(members[i].curve, w.people[i].curve.public, CURVE_KEY_BYTES);
		memcpy(members[i].sign, w.people[i].sign.public, SIGN_KEY_BYTES);
		members[i].not_after = UINT64_MAX;
		if (i != OPERATOR)
			snprintf(members[i].endpoint, sizeof members[i].endpoint, "ipc://%.90s/%c",
				w.dir.path, names[i][0]);
	}
	assert_ok(roster_make(&root, 1, now_ms(), members, ROSTERED, &bytes, NULL));
	assert_ok(roster_open(blob_span(&bytes), root.public, 0, &w.roster, NULL));
	assert_ok(file_create(scratch_file(&w.dir, "roster", path), blob_span(&bytes), 0644, NULL));
	assert_ok(keyfile_create(
		scratch_file(&w.dir, "root.pub", path), KEYFILE_SIGN_PUBLIC, root.public, NULL));
	assert_int_equal(mkdir(scratch_file(&w.dir, "identity", path), 0700), 0);
	assert_ok(identity_create(path, &w.people[OPERATOR], NULL));
}

static void certify(const struct player *player, const struct fake_cert *ca, struct fake_cert *out)
{
	fake_cert_make(
		&(struct fake_recipe){
			.name = "EK", .extensions = FAKE_EK_CURVE_EXTENSIONS, .public_of = player->ek.key},
		ca, out);
}

/* The software TPM gets the EK that has a certificate. */
static void adopt_ek(const struct player *player, struct soft_tpm *tpm)
{
	assert_ok(ek_template_rebuild(&player->ek.area.key, &tpm->ek_public));
	assert_ok(node_id_of(tpm_area_span(&tpm->ek_public), tpm->node));
	soft_tpm_new_ak(tpm);
}

static void make_player(struct player *player)
{
	fake_ek_make(KEY_P256, &player->ek);
	soft_tpm_open(&player->tpm);
	adopt_ek(player, &player->tpm);
	certify(player, &w.root, &player->cert);
	assert_ok(hpke_generate(&player->nk, NULL));
}

static void make_tpms(void)
{
	static const struct fake_recipe ca = {.name = "Root", .extensions = FAKE_CA_EXTENSIONS};
	char path[SCRATCH_FILE_BYTES];

	fake_cert_make(&ca, NULL, &w.root);
	fake_cert_make(&ca, NULL, &w.unknown);
	assert_int_equal(mkdir(scratch_file(&w.dir, "ek-roots", path), 0755), 0);
	assert_ok(file_create(
		scratch_file(&w.dir, "ek-roots/root.der", path), blob_span(&w.root.der), 0644, NULL));
	make_player(&w.node);
	make_player(&w.other);
	certify(&w.node, &w.unknown, &w.from_unknown);
	soft_tpm_open(&w.software);
	adopt_ek(&w.node, &w.software);
}

static int open_world(void **state)
{
	char path[SCRATCH_FILE_BYTES];

	(void)state;
	scratch_open(&w.dir);
	make_roster();
	make_tpms();
	/* Paths are taken from where this file is. */
	assert_ok(file_create(
		scratch_file(&w.dir, "limebus.conf", path), span_text("timeout = 10s\n"), 0600, NULL));
	assert_ok(
		file_create(scratch_file(&w.dir, "secret.txt", path), span_text("the disk key"), 0600, NULL));
	assert_ok(loop_open(clock_system(), &w.loop, NULL));
	assert_ok(bus_open(w.loop, &(struct bus_options){.peers_max = 8}, &w.bus, NULL));
	w.registrar = serve(REGISTRAR, "registrar", registrar_rows, COUNT(registrar_rows));
	w.verifier = serve(VERIFIER, "verifier", verifier_rows, COUNT(verifier_rows));
	return 0;
}

static void drop_player(struct player *player)
{
	fake_ek_release(&player->ek);
	fake_cert_release(&player->cert);
	soft_tpm_close(&player->tpm);
}

static int close_world(void **state)
{
	(void)state;
	server_close(&w.registrar);
	server_close(&w.verifier);
	bus_close(&w.bus);
	loop_close(&w.loop);
	drop_player(&w.node);
	drop_player(&w.other);
	soft_tpm_close(&w.software);
	fake_cert_release(&w.root);
	fake_cert_release(&w.unknown);
	fake_cert_release(&w.from_unknown);
	roster_release(&w.roster);
	blob_release(&w.attest);
	blob_release(&w.signature);
	blob_release(&w.values);
	blob_release(&w.share_u);
	for (int i = 0; i < PEOPLE; i++)
		identity_release(&w.people[i]);
	scratch_release(&w.dir);
	return 0;
}

/* ---- the tenant ---- */

static pid_t start_tenant(void)
{
	char program[512], digits[HEX_BYTES(NODE_ID_BYTES)], config[SCRATCH_FILE_BYTES];
	pid_t pid;

	snprintf(program, sizeof program, "%s/services/tenant/limebus", getenv("LIMEBUS_BUILD"));
	scratch_file(&w.dir, "limebus.conf", config);
	hex_encode(SPAN(w.node.tpm.node), digits);
	pid = fork();
	if (pid == 0) {
		int fd;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (chdir(w.dir.path) != 0)
			_exit(126);
		fd = open("said", O_WRONLY | O_CREAT | O_TRUNC, 0600);
		dup2(fd, STDERR_FILENO);
		dup2(fd, STDOUT_FILENO);
		setenv("LIMEBUS_CONFIG", config, 1);
		execl(program, program, "provision", digits, "--policy", "p", "--payload", "secret.txt",
			"--wait", "10s", (char *)NULL);
		_exit(127);
	}
	assert_true(pid > 0);
	return pid;
}

/* Runs it among these liars; its exit status, and what it said. */
static int provision_among(enum lie lie, struct blob *said)
{
	uint64_t end = clock_mono_ms(clock_system()) + PATIENCE_MS;
	char path[SCRATCH_FILE_BYTES];
	int status = 0;
	pid_t pid;

	w.lie = lie;
	w.challenges = w.provisions = w.secrets = 0;
	pid = start_tenant();
	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (clock_mono_ms(clock_system()) > end) {
			kill(pid, SIGKILL);
			waitpid(pid, NULL, 0);
			fail_msg("limebus does not end");
		}
		assert_ok(loop_turn(w.loop, 10, NULL));
	}
	blob_clear(said);
	assert_ok(file_read(scratch_file(&w.dir, "said", path), 1 << 20, said, NULL));
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* ---- tests ---- */

static void among_the_honest_it_provisions(void **state)
{
	DROP(blob_release) struct blob said = {0};
	int status = provision_among(TRUTH, &said);

	(void)state;
	if (status != 0)
		fail_msg("exit status %d: %.*s", status, SPAN_FMT(blob_span(&said)));
	assert_int_equal(w.challenges, 1);
	assert_int_equal(w.provisions, 1);
	assert_int_equal(w.secrets, 2); /* share_u, one chunk */
}

/* status is that of "not allowed". `challenged`: the lie shows only in the node's answer. */
static const struct lie_row {
	enum lie lie;
	const char *name;
	bool challenged;
	const char *says;
} lies[] = {
	{SOFTWARE_AK, "an AK in software", true, "did not sign what was asked for"},
	{UNRESTRICTED_AK, "an unrestricted AK", false, "restricted"},
	{OTHERS_EK, "another TPM's EK", false, "another TPM for node"},
	{OTHERS_CERTIFICATE, "a certificate of another EK", false, "certificate"},
	{NO_CERTIFICATE, "no certificate", false, "certificate"},
	{UNKNOWN_CA, "a certificate of an unknown CA", false, "certificate"},
	{SIGNED_BY_VERIFIER, "a record that a verifier signed", false, "verifier"},
	{SIGNED_BY_OPERATOR, "a record that an operator signed", false, "paul"},
	{SIGNED_BY_STRANGER, "a record that a stranger signed", false, "roster"},
	{OTHER_NODE, "another node's record", false, "the registrar answers with node"},
	{OTHER_NODE_IN_THE_BODY, "a record about another node", false, "node/"},
	{OTHER_NK, "another agent's key", true, "did not sign what was asked for"},
	{OTHER_NODES_QUOTE, "another node's quote", true, "did not sign what was asked for"},
	{QUOTE_FOR_OTHER_NK, "a quote for another agent's key", true, "did not sign what was asked for"},
	{QUOTE_FOR_OTHER_NONCE, "a quote for another nonce", true, "did not sign what was asked for"},
	{QUOTE_FOR_OTHER_PURPOSE, "a quote for another purpose", true, "did not sign what was asked for"},
	{REPLAY, "the same quote again", true, "did not sign what was asked for"},
	{NO_QUOTE, "no quote at all", true, "is no quote"},
};

static void among_liars_it_sends_nothing(void **state)
{
	DROP(blob_release) struct blob said = {0};
	unsigned wrong = 0;

	(void)state;
	for (const struct lie_row *row = lies; row < lies + COUNT(lies); row++) {
		int status;

		/* What a replay repeats was right when it was made. */
		if (row->lie == REPLAY)
			assert_int_equal(provision_among(TRUTH, &said), 0);
		status = provision_among(row->lie, &said);
		if (status == 77 && w.provisions == 0 && w.secrets == 0 &&
			row->challenged == (w.challenges != 0) &&
			memmem(said.at, said.len, row->says, strlen(row->says)) != NULL)
			continue;
		wrong++;
		print_error("%s: exit status %d, %u challenges, %u provisions, %u secrets: %.*s\n", row->name,
			status, w.challenges, w.provisions, w.secrets, SPAN_FMT(blob_span(&said)));
	}
	assert_int_equal(wrong, 0);
}

/* Registrar and verifier together can make the tenant believe in an AK of theirs. What it sends then is for
 * the TPM with that EK *and* that AK, and there is none. */
static void what_an_invented_ak_gets_no_tpm_opens(void **state)
{
	DROP(blob_release) struct blob said = {0};
	DROP(blob_release) struct blob opened = {0};
	struct msg msg;

	(void)state;
	assert_int_equal(provision_among(SOFTWARE_AK_THAT_ANSWERS, &said), 0);
	assert_ok(msg_decode_as(blob_span(&w.share_u), MSG_TYPE_share_u, &msg));
	assert_rc(fake_ek_activate(&w.node.ek, tpm_name_span(&w.node.tpm.ak_name), msg.share_u.id_object,
			  msg.share_u.secret, &opened),
		RC_DENIED);
	/* The twin: for the honest AK it opens. */
	assert_int_equal(provision_among(TRUTH, &said), 0);
	assert_ok(msg_decode_as(blob_span(&w.share_u), MSG_TYPE_share_u, &msg));
	assert_ok(fake_ek_activate(&w.node.ek, tpm_name_span(&w.node.tpm.ak_name), msg.share_u.id_object,
		msg.share_u.secret, &opened));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(among_the_honest_it_provisions),
		cmocka_unit_test(among_liars_it_sends_nothing),
		cmocka_unit_test(what_an_invented_ak_gets_no_tpm_opens),
	};

	return cmocka_run_group_tests(tests, open_world, close_world);
}
