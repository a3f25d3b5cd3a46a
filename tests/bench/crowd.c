#include "tests/bench/crowd.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lib/trust/qualify.h"

/* Making an RSA key takes a tenth of a second; so many are shared by all nodes. */
#define RSA_KEYS 4

#define SHARE_NUMBER 7

const char *crowd_policy(void)
{
	static char text[4096];
	size_t len = (size_t)snprintf(
		text, sizeof text, "{\"limebus\": 1, \"name\": \"p\", \"pcrs\": {\"sha256\": {");

	for (unsigned pcr = 0; pcr < PCR_COUNT; pcr++)
		len += (size_t)snprintf(
			text + len, sizeof text - len, "%s\"%u\": [\"%064d\"]", pcr == 0 ? "" : ", ", pcr, 0);
	snprintf(text + len, sizeof text - len, "}}}");
	return text;
}

double crowd_cpu_us(pid_t pid)
{
	struct timespec used;
	clockid_t clock;

	assert_int_equal(clock_getcpuclockid(pid, &clock), 0);
	assert_int_equal(clock_gettime(clock, &used), 0);
	return (double)used.tv_sec * 1e6 + (double)used.tv_nsec / 1e3;
}

unsigned long crowd_wakes(pid_t pid)
{
	char pattern[64], line[128];
	unsigned long total = 0, count;
	glob_t tasks = {0};

	snprintf(pattern, sizeof pattern, "/proc/%d/task/*/status", (int)pid);
	assert_int_equal(glob(pattern, 0, NULL, &tasks), 0);
	for (size_t i = 0; i < tasks.gl_pathc; i++) {
		FILE *status = fopen(tasks.gl_pathv[i], "r");

		while (status != NULL && fgets(line, sizeof line, status) != NULL)
			if (sscanf(line, "voluntary_ctxt_switches: %lu", &count) == 1)
				total += count;
		if (status != NULL)
			fclose(status);
	}
	globfree(&tasks);
	return total;
}

/* ---- what a node does ---- */

/* The quote is made when its evidence leaves, with a pause and without: every server gets it one by one. */
static void quote_and_send(void *ctx)
{
	struct crowd_node *node = ctx;
	struct msg msg = {.type = MSG_TYPE_evidence, .id = node->asked};
	uint8_t data[HASH_BYTES];

	assert_ok(qualify(QUALIFY_ATTEST, node->nonce, node->nk.public, node->tpm.node, data));
	soft_tpm_quote(
		&node->tpm, &node->selection, SPAN(data), &node->attest, &node->signature, &node->values);
	msg.evidence = (struct msg_evidence){
		blob_span(&node->attest), blob_span(&node->signature), blob_span(&node->values), 5000};
	/* What does not go out is not counted; the verifier asks again. */
	if (client_send(node->client, &msg) == RC_OK)
		node->crowd->answers++;
	node->crowd->evidence_bytes = node->attest.len + node->signature.len + node->values.len;
}

static void on_challenge(struct crowd_node *node, const struct msg *msg)
{
	struct crowd *crowd = node->crowd;
	struct list banks = msg->challenge.banks;
	struct elem_bank bank;
	uint64_t spread = crowd->pause_ms / 5 + 1;

	memcpy(node->nonce, msg->challenge.nonce.at, sizeof node->nonce);
	node->selection = (struct pcr_selection){0};
	while (ELEM_NEXT(bank, &banks, &bank))
		for (unsigned pcr = 0; pcr < PCR_COUNT; pcr++)
			if ((bank.mask >> pcr & 1) != 0)
				assert_ok(pcr_selection_add(&node->selection, (uint16_t)bank.alg, pcr));
	/* A server that challenges all with the same id is told who answers. */
	node->asked = crowd->pause_ms == 0 ? msg->id : node->index + 1;
	if (crowd->pause_ms == 0)
		quote_and_send(node);
	else
		assert_ok(loop_after(crowd->rig->loop, &node->timer,
			crowd->pause_ms - crowd->pause_ms / 10 + (uint64_t)random() % spread, quote_and_send,
			node));
}

static void on_message(void *ctx, const struct msg *msg, struct span frame)
{
	struct crowd_node *node = ctx;

	(void)frame;
	node->welcomes += msg->type == MSG_TYPE_welcome;
	node->shares += msg->type == MSG_TYPE_share_v;
	if (msg->type == MSG_TYPE_challenge)
		on_challenge(node, msg);
}

/* ---- all of them ---- */

void crowd_open(struct rig *rig, size_t count, enum crowd_ak ak, struct crowd *out)
{
	*out = (struct crowd){.rig = rig, .count = count, .nodes = calloc(count, sizeof *out->nodes)};
	assert_non_null(out->nodes);
	for (size_t i = 0; i < count; i++) {
		struct crowd_node *node = &out->nodes[i];

		node->crowd = out;
		node->index = (unsigned)i;
		soft_tpm_open(&node->tpm);
		if (ak == CROWD_RSA)
			soft_tpm_rsa_ak(&node->tpm, i < RSA_KEYS ? NULL : &out->nodes[i % RSA_KEYS].tpm);
		assert_ok(hpke_generate(&node->nk, NULL));
	}
}

void crowd_leave(struct crowd *crowd)
{
	for (size_t i = 0; i < crowd->count; i++) {
		loop_cancel(crowd->rig->loop, &crowd->nodes[i].timer);
		client_close(&crowd->nodes[i].client);
	}
}

void crowd_close(struct crowd *crowd)
{
	crowd_leave(crowd);
	for (size_t i = 0; i < crowd->count; i++) {
		struct crowd_node *node = &crowd->nodes[i];

		soft_tpm_close(&node->tpm);
		blob_release(&node->attest);
		blob_release(&node->signature);
		blob_release(&node->values);
	}
	free(crowd->nodes);
	*crowd = (struct crowd){0};
}

static void dial(struct crowd_node *node, const char *endpoint, const uint8_t *server_key)
{
	DROP(curve_pair_release) struct curve_pair pair = {0};

	memcpy(pair.public_key, node->nk.public, CURVE_KEY_BYTES);
	memcpy(pair.secret.bytes, node->nk.secret, CURVE_KEY_BYTES);
	assert_ok(client_open(node->crowd->rig->bus,
		&(struct client_options){.endpoint = endpoint,
			.server_key = server_key,
			.pair = &pair,
			.message = on_message,
			.ctx = node},
		&node->client, NULL));
	RIG_UNTIL(node->crowd->rig, client_is_up(node->client));
}

void crowd_dial(struct crowd *crowd, const char *endpoint, const uint8_t *server_key)
{
	for (size_t i = 0; i < crowd->count; i++)
		dial(&crowd->nodes[i], endpoint, server_key);
}

static void join(struct crowd_node *node, const char *endpoint)
{
	struct rig *rig = node->crowd->rig;
	struct msg hello = {.type = MSG_TYPE_hello, .hello = {.node = SPAN(node->tpm.node), .roster = 1}};
	uint64_t end = clock_mono_ms(clock_system()) + RIG_PATIENCE_MS;

	rig_enrol(rig, &node->tpm, node->nk.public);
	dial(node, endpoint, rig->who[VERIFIER].curve.public);
	while (node->welcomes == 0) {
		uint64_t again = clock_mono_ms(clock_system()) + 1000;

		assert_true(again < end + 1000);
		assert_ok(client_send(node->client, &hello));
		while (node->welcomes == 0 && clock_mono_ms(clock_system()) < again)
			assert_ok(loop_turn(rig->loop, 10, NULL));
	}
}

void crowd_join(struct crowd *crowd)
{
	char endpoint[ENDPOINT_MAX];

	snprintf(endpoint, sizeof endpoint, "ipc://%.80s/v", crowd->rig->dir.path);
	for (size_t i = 0; i < crowd->count; i++)
		join(&crowd->nodes[i], endpoint);
}

void crowd_trust(struct crowd *crowd)
{
	static const struct secret32 v = {"the share V of a test, 32 bytes"};
	struct msg told = {
		.type = MSG_TYPE_bootstrapped, .bootstrapped = {.number = SHARE_NUMBER, .opened = true}};
	struct rig *rig = crowd->rig;
	uint8_t hash[HASH_BYTES];

	rig_policy(rig, hash);
	for (size_t i = 0; i < crowd->count; i++) {
		struct crowd_node *node = &crowd->nodes[i];

		assert_rc(rig_provision(rig, PROVISIONER, &node->tpm, SHARE_NUMBER, &v), RC_OK);
		RIG_UNTIL(rig, node->shares > 0);
		assert_ok(client_send(node->client, &told));
	}
	for (size_t i = 0; i < crowd->count; i++)
		rig_until_state(rig, &crowd->nodes[i].tpm, "trusted");
}
