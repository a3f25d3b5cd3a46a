#include "tests/integration/service_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "lib/base/file.h"
#include "lib/base/hex.h"
#include "lib/evidence/ek_template.h"
#include "lib/trust/qualify.h"
#include "tests/fakes/fake_cert.h"
#include "tests/fakes/fake_ek.h"
#include "tests/support/soft_tpm.h"

#define DAY_MS 86400000u

static const struct fake_recipe root_recipe = {.name = "Root", .extensions = FAKE_CA_EXTENSIONS};

/* A TPM's EK with its certificate and an AK; and the agent's connection. */
struct fake_node {
	struct fake_ek ek;
	struct fake_cert cert;
	struct tpm_area area;
	struct soft_tpm tpm; /* for its AK */
	uint8_t id[NODE_ID_BYTES];
	struct hpke_pair nk;
	struct client *client;
	struct blob id_object, secret; /* the last credential */
};

struct world {
	struct rig *rig;
	struct fake_cert root, stranger;
	struct fake_node one, two;
};

static uint64_t now_ms(void)
{
	return clock_wall_ms(clock_system());
}

static void certify(struct fake_node *node, const struct fake_cert *ca, uint64_t from, uint64_t to)
{
	struct fake_recipe recipe = {.name = "EK",
		.extensions = FAKE_EK_CURVE_EXTENSIONS,
		.from_ms = from,
		.to_ms = to,
		.public_of = node->ek.key};

	fake_cert_release(&node->cert);
	fake_cert_make(&recipe, ca, &node->cert);
}

/* The agent starts again: a fresh NK. */
static void dial(struct rig *rig, struct fake_node *node)
{
	if (node->client != NULL)
		client_close(&node->client);
	assert_ok(hpke_generate(&node->nk, NULL));
	node->client = rig_dial(rig, &node->nk);
}

static void make_node(struct world *world, struct fake_node *node)
{
	fake_ek_make(KEY_P256, &node->ek);
	assert_ok(ek_template_rebuild(&node->ek.area.key, &node->area));
	assert_ok(node_id_of(tpm_area_span(&node->area), node->id));
	certify(node, &world->root, 0, 0);
	soft_tpm_open(&node->tpm);
	dial(world->rig, node);
}

static void drop_node(struct fake_node *node)
{
	client_close(&node->client);
	fake_ek_release(&node->ek);
	fake_cert_release(&node->cert);
	soft_tpm_close(&node->tpm);
	blob_release(&node->id_object);
	blob_release(&node->secret);
}

static int open_world(void **state)
{
	struct world *world = calloc(1, sizeof *world);
	char path[SCRATCH_FILE_BYTES];

	world->rig = rig_open(REGISTRAR, "");
	fake_cert_make(&root_recipe, NULL, &world->root);
	fake_cert_make(&root_recipe, NULL, &world->stranger);
	assert_int_equal(mkdir(scratch_file(&world->rig->dir, "ek-roots", path), 0755), 0);
	assert_ok(file_create(scratch_file(&world->rig->dir, "ek-roots/root.der", path),
		blob_span(&world->root.der), 0644, NULL));
	rig_start(world->rig);
	make_node(world, &world->one);
	make_node(world, &world->two);
	*state = world;
	return 0;
}

static int close_world(void **state)
{
	struct world *world = *state;

	drop_node(&world->one);
	drop_node(&world->two);
	fake_cert_release(&world->root);
	fake_cert_release(&world->stranger);
	rig_close(world->rig);
	free(world);
	return 0;
}

/* ---- steps of an agent ---- */

static struct msg claim_of(const struct fake_node *node)
{
	return (struct msg){.type = MSG_TYPE_node_register,
		.node_register = {.ek_public = tpm_area_span(&node->area),
			.ek_certificate = blob_span(&node->cert.der),
			.ak_public = tpm_area_span(&node->tpm.ak_public)}};
}

static enum rc do_register(struct rig *rig, struct fake_node *node, const struct msg *claim)
{
	struct msg answer;
	enum rc rc = rig_ask_with(rig, node->client, claim, 8000);

	if (rc != RC_OK)
		return rc;
	assert_ok(msg_decode_as(blob_span(&rig->answer), MSG_TYPE_credential, &answer));
	assert_ok(blob_copy(&node->id_object, answer.credential.id_object));
	assert_ok(blob_copy(&node->secret, answer.credential.secret));
	return RC_OK;
}

/* What only the TPM with both keys can say. */
static void prove(const struct fake_node *node, uint8_t proof[static HASH_BYTES])
{
	DROP(blob_release) struct blob ke = {0};

	assert_ok(fake_ek_activate(&node->ek, tpm_name_span(&node->tpm.ak_name), blob_span(&node->id_object),
		blob_span(&node->secret), &ke));
	assert_int_equal(ke.len, 32);
	assert_ok(
		activation_proof(ke.at, node->id, tpm_name_span(&node->tpm.ak_name), node->nk.public, proof));
}

static enum rc do_activate(
	struct rig *rig, struct fake_node *node, const uint8_t *id, const uint8_t proof[static HASH_BYTES])
{
	struct msg msg = {.type = MSG_TYPE_activate,
		.activate = {span_of(id, NODE_ID_BYTES), span_of(proof, HASH_BYTES)}};

	return rig_ask_with(rig, node->client, &msg, 8000);
}

/* The number of the enrolment. */
static uint64_t enrol(struct rig *rig, struct fake_node *node)
{
	uint8_t proof[HASH_BYTES];
	struct msg msg = claim_of(node);
	enum rc rc = do_register(rig, node, &msg);

	/* Before it has read Redis it takes none. */
	for (unsigned i = 0; i < 50; i++) {
		assert_ok(rc);
		prove(node, proof);
		rc = do_activate(rig, node, node->id, proof);
		if (rc != RC_IO)
			break;
		rig_pass_ms(rig, 100);
		rc = do_register(rig, node, &msg);
	}
	if (rc != RC_OK)
		rig_print_log(rig);
	assert_ok(rc);
	assert_ok(msg_decode_as(blob_span(&rig->answer), MSG_TYPE_enrolled, &msg));
	assert_memory_equal(msg.enrolled.node.at, node->id, NODE_ID_BYTES);
	return msg.enrolled.number;
}

/* The NK in the node's record as an operator gets it; its signature is checked. */
static enum rc nk_of(struct rig *rig, const struct fake_node *node, uint8_t out[static CURVE_KEY_BYTES])
{
	struct msg msg = {.type = MSG_TYPE_node_get, .node_get = {.node = SPAN(node->id)}};
	char digits[HEX_BYTES(NODE_ID_BYTES)], key[160];
	struct record_view view;
	enum rc rc = rig_ask(rig, VIEWER, &msg);

	if (rc != RC_OK)
		return rc;
	assert_ok(msg_decode_as(blob_span(&rig->answer), MSG_TYPE_node_info, &msg));
	snprintf(key, sizeof key, "node/%s", hex_encode(SPAN(node->id), digits));
	assert_ok(record_open(rig->roster, msg.node_info.record,
		(struct record_expect){"node", key, MSG_TYPE_node, ROLE_REGISTRAR, 0}, now_ms(), &view,
		NULL));
	memcpy(out, view.body.node.nk.at, CURVE_KEY_BYTES);
	return RC_OK;
}

static void assert_enrolled_with(struct rig *rig, const struct fake_node *node, const uint8_t *nk)
{
	uint8_t found[CURVE_KEY_BYTES];

	assert_ok(nk_of(rig, node, found));
	assert_memory_equal(found, nk, sizeof found);
}

/* ---- enrolment ---- */

static void a_node_enrols_and_each_start_replaces_its_nk(void **state)
{
	struct world *world = *state;
	struct rig *rig = world->rig;
	struct fake_node *node = &world->one;
	uint8_t nk[CURVE_KEY_BYTES];
	uint64_t number = enrol(rig, node), later;

	assert_enrolled_with(rig, node, node->nk.public);
	assert_rc(nk_of(rig, &world->two, nk), RC_NOT_FOUND);
	dial(rig, node);
	assert_int_equal(enrol(rig, node), number);
	assert_enrolled_with(rig, node, node->nk.public);
	/* Another AK is another enrolment. */
	soft_tpm_new_ak(&node->tpm);
	later = enrol(rig, node);
	assert_true(later > number);
	/* All of it outlives the registrar. */
	rig_kill(rig);
	rig_start(rig);
	assert_enrolled_with(rig, node, node->nk.public);
	dial(rig, node);
	assert_int_equal(enrol(rig, node), later);
}

static void what_is_no_genuine_tpm_gets_no_credential(void **state)
{
	struct world *world = *state;
	struct rig *rig = world->rig;
	struct fake_node *node = &world->one;
	struct tpm_area altered = node->area;
	struct tpm_area weak;
	struct tpm_public ak;
	struct msg claim = claim_of(node);
	uint8_t nk[CURVE_KEY_BYTES];

	altered.bytes[5] ^= 1;
	claim.node_register.ek_public = tpm_area_span(&altered);
	assert_rc(do_register(rig, node, &claim), RC_DENIED);
	claim = claim_of(node);
	claim.node_register.ek_certificate = blob_span(&world->two.cert.der);
	assert_rc(do_register(rig, node, &claim), RC_DENIED);
	claim.node_register.ek_certificate = (struct span){0};
	assert_rc(do_register(rig, node, &claim), RC_DENIED);
	assert_ok(tpm_public_parse(tpm_area_span(&node->tpm.ak_public), &ak));
	ak.attributes &= ~(uint32_t)TPM_OBJECT_RESTRICTED;
	assert_ok(tpm_public_encode(&ak, &weak));
	claim = claim_of(node);
	claim.node_register.ak_public = tpm_area_span(&weak);
	assert_rc(do_register(rig, node, &claim), RC_DENIED);
	certify(node, &world->stranger, 0, 0);
	claim = claim_of(node);
	assert_rc(do_register(rig, node, &claim), RC_DENIED);
	certify(node, &world->root, now_ms() - 2 * DAY_MS, now_ms() - DAY_MS);
	claim = claim_of(node);
	assert_rc(do_register(rig, node, &claim), RC_DENIED);
	assert_rc(nk_of(rig, node, nk), RC_NOT_FOUND);
}

static void a_bogus_activation_changes_nothing_and_costs_the_credential(void **state)
{
	struct world *world = *state;
	struct rig *rig = world->rig;
	struct fake_node *node = &world->one, *thief = &world->two;
	uint8_t proof[HASH_BYTES] = {0}, good[HASH_BYTES], nk[CURVE_KEY_BYTES];
	struct msg claim = claim_of(node);

	enrol(rig, node);
	memcpy(nk, node->nk.public, sizeof nk);
	/* Without a register; then with one, with the EK of somebody else and a guess. */
	assert_rc(do_activate(rig, thief, node->id, proof), RC_NOT_FOUND);
	assert_ok(do_register(rig, thief, &claim));
	assert_rc(do_activate(rig, thief, node->id, proof), RC_DENIED);
	assert_enrolled_with(rig, node, nk);
	/* Its own proof in another's name. */
	claim = claim_of(thief);
	assert_ok(do_register(rig, thief, &claim));
	prove(thief, good);
	assert_rc(do_activate(rig, thief, node->id, good), RC_DENIED);
	/* A wrong one spoils the right one behind it. */
	assert_rc(do_activate(rig, thief, thief->id, good), RC_NOT_FOUND);
	assert_rc(nk_of(rig, thief, proof), RC_NOT_FOUND);
	/* A right one counts once. */
	assert_ok(do_register(rig, thief, &claim));
	prove(thief, good);
	assert_ok(do_activate(rig, thief, thief->id, good));
	assert_rc(do_activate(rig, thief, thief->id, good), RC_NOT_FOUND);
	assert_enrolled_with(rig, node, nk);
}

static void another_connection_cannot_use_a_proof(void **state)
{
	struct world *world = *state;
	struct rig *rig = world->rig;
	struct fake_node *node = &world->one;
	struct msg claim = claim_of(node);
	uint8_t proof[HASH_BYTES], nk[CURVE_KEY_BYTES];

	assert_ok(do_register(rig, node, &claim));
	prove(node, proof);
	/* Somebody who has seen the proof, but not on the connection with this NK. */
	assert_ok(do_register(rig, &world->two, &claim));
	assert_rc(do_activate(rig, &world->two, node->id, proof), RC_DENIED);
	assert_rc(nk_of(rig, node, nk), RC_NOT_FOUND);
}

/* ---- aliases ---- */

static enum rc name_it(
	struct rig *rig, enum who signer, enum who sender, const struct fake_node *node, const char *alias)
{
	DROP(blob_release) struct blob request = {0};
	struct msg body = {.type = MSG_TYPE_alias, .alias = {SPAN(node->id), span_text(alias), now_ms()}};
	struct msg put = {.type = MSG_TYPE_alias_put};

	rig_sign(rig, signer, &body, &request);
	put.alias_put.request = blob_span(&request);
	return rig_ask(rig, sender, &put);
}

static void an_alias_is_one_nodes_and_given_by_provisioners(void **state)
{
	struct world *world = *state;
	struct rig *rig = world->rig;
	struct msg get = {.type = MSG_TYPE_node_get, .node_get = {.name = span_text("web")}};

	enrol(rig, &world->one);
	enrol(rig, &world->two);
	assert_rc(name_it(rig, VIEWER, PROVISIONER, &world->one, "web"), RC_DENIED);
	assert_rc(name_it(rig, STRANGER, PROVISIONER, &world->one, "web"), RC_DENIED);
	assert_rc(name_it(rig, PROVISIONER, VIEWER, &world->one, "web"), RC_DENIED);
	assert_rc(name_it(rig, PROVISIONER, PROVISIONER, &world->one, "no/slash"), RC_MALFORMED);
	assert_rc(name_it(rig, PROVISIONER, PROVISIONER, &world->one, "0123abcd"), RC_MALFORMED);
	assert_ok(name_it(rig, PROVISIONER, PROVISIONER, &world->one, "web"));
	assert_rc(name_it(rig, PROVISIONER, PROVISIONER, &world->two, "web"), RC_EXISTS);
	assert_ok(rig_ask(rig, VIEWER, &get));
	rig_kill(rig);
	rig_start(rig);
	do
		rig_pass_ms(rig, 100);
	while (rig_ask(rig, VIEWER, &get) == RC_NOT_FOUND);
	assert_ok(rig->answer_rc);
}

/* ---- roles ---- */

static void wrong_roles_are_denied_and_strangers_not_answered(void **state)
{
	static const uint8_t bytes[64];
	struct world *world = *state;
	struct rig *rig = world->rig;
	unsigned tried = 0;

	for (enum msg_type type = MSG_TYPE_ok; type < MSG_TYPE_COUNT; type++) {
		DROP(blob_release) struct blob raw = {0};
		struct msg msg = {.type = type};
		bool for_all = type == MSG_TYPE_node_get || type == MSG_TYPE_node_list ||
		               type == MSG_TYPE_status_get;

		if (type == MSG_TYPE_roster_put)
			msg.roster_put.roster = SPAN(bytes);
		else if (type == MSG_TYPE_alias_put)
			msg.alias_put.request = SPAN(bytes);
		if (type == MSG_TYPE_ok || type == MSG_TYPE_error || msg_encode(&msg, &raw) != RC_OK)
			continue;
		/* A plugin may ask this service nothing; a viewer may look. */
		assert_rc(rig_ask(rig, PLUGIN, &msg), RC_DENIED);
		if (!for_all)
			assert_rc(rig_ask(rig, VIEWER, &msg), RC_DENIED);
		tried++;
		if (for_all || type == MSG_TYPE_alias_put || type == MSG_TYPE_roster_put)
			assert_rc(rig_ask_with(rig, world->one.client, &msg, 700), RC_TIMEOUT);
	}
	assert_true(tried > 10);
}

/* ---- a store that lies ---- */

static void redis_that_dies_and_comes_back_empty_is_told(void **state)
{
	struct world *world = *state;
	struct rig *rig = world->rig;
	uint8_t nk[CURVE_KEY_BYTES];

	enrol(rig, &world->one);
	redis_server_kill(&rig->redis);
	/* What was acknowledged is there after a kill. */
	redis_server_restart(&rig->redis);
	rig_pass_ms(rig, 500);
	while (nk_of(rig, &world->one, nk) == RC_IO)
		rig_pass_ms(rig, 100);
	assert_enrolled_with(rig, &world->one, world->one.nk.public);
	redis_server_kill(&rig->redis);
	redis_server_restart_empty(&rig->redis);
	RIG_UNTIL(rig, rig_logged(rig, "the node's record is gone from Redis"));
	assert_rc(nk_of(rig, &world->one, nk), RC_NOT_FOUND);
	/* It proves itself anew. */
	enrol(rig, &world->one);
	assert_enrolled_with(rig, &world->one, world->one.nk.public);
}

static void an_altered_record_is_served_to_nobody(void **state)
{
	struct world *world = *state;
	struct rig *rig = world->rig;
	char digits[HEX_BYTES(NODE_ID_BYTES)];
	uint8_t nk[CURVE_KEY_BYTES];

	enrol(rig, &world->one);
	hex_encode(SPAN(world->one.id), digits);
	assert_string_equal(
		redis_say(&rig->redis, REDIS_USERS, "HSET", "lb:{0}:node", digits, "no record", NULL),
		":0\r\n");
	assert_int_not_equal(nk_of(rig, &world->one, nk), RC_OK);
	enrol(rig, &world->one);
	assert_true(rig_logged(rig, "store.tampered"));
	assert_enrolled_with(rig, &world->one, world->one.nk.public);
}

#define WORLD(test) cmocka_unit_test_setup_teardown(test, open_world, close_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD(a_node_enrols_and_each_start_replaces_its_nk),
		WORLD(what_is_no_genuine_tpm_gets_no_credential),
		WORLD(a_bogus_activation_changes_nothing_and_costs_the_credential),
		WORLD(another_connection_cannot_use_a_proof),
		WORLD(an_alias_is_one_nodes_and_given_by_provisioners),
		WORLD(wrong_roles_are_denied_and_strangers_not_answered),
		WORLD(redis_that_dies_and_comes_back_empty_is_told),
		WORLD(an_altered_record_is_served_to_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
