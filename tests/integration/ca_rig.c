#include "tests/integration/ca_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "lib/base/file.h"
#include "lib/base/hex.h"
#include "lib/crypto/digest.h"
#include "lib/pki/crl.h"
#include "lib/pki/csr.h"
#include "lib/pki/issue.h"
#include "lib/store/batch.h"
#include "lib/store/commit.h"
#include "lib/trust/csr_proof.h"

static uint64_t now_ms(void)
{
	return clock_wall_ms(clock_system());
}

/* ---- the CA ---- */

void ca_rig_make(struct rig *rig, struct ca_folder *folder)
{
	DROP(private_key_release) struct private_key *key = NULL;
	struct issue_order order = {
		.profile = ISSUE_ROOT,
		.serial = {0x41, 1, 2, 3},
		.common_name = "a CA for tests",
		.from_ms = now_ms() - 3600000,
		.until_ms = now_ms() + UINT64_C(365) * 86400000,
	};
	struct span secret = span_text(CA_RIG_PASSPHRASE);
	char path[SCRATCH_FILE_BYTES], room[4096];
	struct ca_key_place place;
	struct err err = {0};

	*folder = (struct ca_folder){
		.home = PRIVATE_KEY_SOFTWARE, .key = CA_FOLDER_KEY, .url = "http://127.0.0.1:9"};
	assert_ok(file_create(
		scratch_file(&rig->dir, "ca.pass", path), span_text(CA_RIG_PASSPHRASE "\n"), 0600, NULL));
	assert_int_equal(mkdir(scratch_file(&rig->dir, "issuer", path), 0700), 0);
	assert_ok(ca_folder_place(folder, path, secret, room, &place, NULL));
	if (ca_key_make(&place, KEY_P256, &key, &err) != RC_OK ||
		issue_root(key, &order, &folder->certificate, &err) != RC_OK ||
		ca_folder_save(path, folder, &err) != RC_OK)
		fail_msg("%s", err.text);
}

void ca_rig_wait(struct rig *rig)
{
	uint64_t end = clock_mono_ms(clock_system()) + RIG_PATIENCE_MS;
	struct msg msg = {.type = MSG_TYPE_certificates_get};

	while (rig_ask(rig, VIEWER, &msg) != RC_OK) {
		if (clock_mono_ms(clock_system()) > end) {
			rig_print_log(rig);
			fail_msg("it never leads: %s", rig->text);
		}
		rig_pass_ms(rig, 20);
	}
}

/* ---- nodes ---- */

/* As a TPM describes an unrestricted signing key of its own. */
static void make_area(struct private_key *key, struct blob *out)
{
	struct key_parts parts = public_key_parts(private_key_public(key));
	struct tpm_public public = {
		.type = TPM_ALG_ECC,
		.name_alg = TPM_ALG_SHA256,
		.attributes = TPM_OBJECT_FIXED_TPM | TPM_OBJECT_FIXED_PARENT |
	                      TPM_OBJECT_SENSITIVE_DATA_ORIGIN | TPM_OBJECT_USER_WITH_AUTH |
	                      TPM_OBJECT_NO_DA | TPM_OBJECT_SIGN,
		.symmetric = TPM_ALG_NULL,
		.scheme = TPM_ALG_ECDSA,
		.scheme_hash = TPM_ALG_SHA256,
		.curve = TPM_CURVE_P256,
		.kdf = TPM_ALG_NULL,
		.x = parts.x,
		.y = parts.y,
	};
	struct tpm_area area;

	assert_ok(tpm_public_encode(&public, &area));
	assert_ok(blob_copy(out, tpm_area_span(&area)));
}

void ca_node_enrol(struct rig *rig, const struct ca_node *node, enum who registrar)
{
	struct store_options options = redis_server_options(&rig->redis, REDIS_REGISTRAR);
	DROP(store_batch_release) struct store_batch batch = {0};
	DROP(blob_release) struct blob record = {0};
	struct store *store = NULL;
	char digits[HEX_BYTES(NODE_ID_BYTES)], nk_digits[HEX_BYTES(CURVE_KEY_BYTES)], key[160];
	struct msg body = {.type = MSG_TYPE_node,
		.node = {.node = SPAN(node->tpm.node),
			.number = 1,
			.nk = SPAN(node->nk.public),
			.ak_public = tpm_area_span(&node->tpm.ak_public),
			.ak_name = tpm_name_span(&node->tpm.ak_name),
			.ek_public = tpm_area_span(&node->tpm.ek_public),
			.enrolled = 1,
			.activated = 1}};

	snprintf(key, sizeof key, "node/%s", hex_encode(SPAN(node->tpm.node), digits));
	hex_encode(SPAN(node->nk.public), nk_digits);
	assert_ok(record_make(&rig->who[registrar].sign, (struct record_head){"node", key, now_ms(), 0},
		&body, &record, NULL));
	assert_ok(store_open(&options, &store, NULL));
	assert_ok(store_wait_ready(store, 5000, NULL));
	assert_ok(store_batch_hash_set(&batch, "lb:{0}:node", span_text(digits), blob_span(&record)));
	assert_ok(store_batch_hash_set(&batch, "lb:{0}:nk", span_text(nk_digits), span_text(digits)));
	assert_ok(store_wait_commit(store, NULL, &batch, 5000, NULL));
	store_close(&store);
}

void ca_node_open(struct rig *rig, struct ca_node *node)
{
	*node = (struct ca_node){0};
	soft_tpm_open(&node->tpm);
	assert_ok(hpke_generate(&node->nk, NULL));
	assert_ok(private_key_generate(KEY_P256, &node->key, NULL));
	assert_ok(csr_make(node->key, "root.of.all.evil", &node->csr, NULL));
	assert_ok(public_key_to_der(private_key_public(node->key), &node->spki, NULL));
	make_area(node->key, &node->area);
	ca_node_enrol(rig, node, REGISTRAR);
	node->client = rig_dial(rig, &node->nk);
}

void ca_node_close(struct ca_node *node)
{
	if (node->client != NULL)
		client_close(&node->client);
	soft_tpm_close(&node->tpm);
	hpke_pair_release(&node->nk);
	private_key_release(&node->key);
	blob_release(&node->csr);
	blob_release(&node->spki);
	blob_release(&node->area);
}

void ca_node_vouch(struct rig *rig, const struct ca_node *node, uint64_t limit_ms)
{
	DROP(blob_release) struct blob raw = {0};
	struct elem_alive_node item = {SPAN(node->tpm.node), now_ms(), limit_ms};
	struct msg msg = {.type = MSG_TYPE_alive};

	assert_ok(ELEM_APPEND(alive_node, &item, &raw));
	msg.alive = (struct msg_alive){{blob_span(&raw), 1}, now_ms()};
	assert_ok(rig_ask(rig, VERIFIER, &msg));
}

static void put_cause(struct rig *rig, enum who signer, const struct msg *cause)
{
	DROP(blob_release) struct blob bytes = {0};
	struct msg put = {.type = MSG_TYPE_cause_put};

	rig_sign(rig, signer, cause, &bytes);
	put.cause_put.cause = blob_span(&bytes);
	assert_ok(rig_ask(rig, VERIFIER, &put));
}

void ca_node_request(struct rig *rig, const struct ca_node *node, const char *action)
{
	struct msg msg = {.type = MSG_TYPE_node_request,
		.node_request = {SPAN(node->tpm.node), span_text(action), span_text("a test"), now_ms()}};

	put_cause(rig, ADMIN, &msg);
}

void ca_node_revoke(struct rig *rig, const struct ca_node *node, uint64_t number)
{
	struct msg msg = {.type = MSG_TYPE_verdict,
		.verdict = {.node = SPAN(node->tpm.node),
			.number = number,
			.time = now_ms(),
			.ak_name = tpm_name_span(&node->tpm.ak_name),
			.nk = SPAN(node->nk.public)}};

	put_cause(rig, VERIFIER, &msg);
}

/* ---- asking ---- */

enum rc ca_node_nonce(struct rig *rig, const struct ca_node *node, uint8_t nonce[static NONCE_BYTES])
{
	struct msg msg = {.type = MSG_TYPE_csr_begin};
	enum rc rc = rig_ask_with(rig, node->client, &msg, RIG_PATIENCE_MS - 1000);

	if (rc != RC_OK)
		return rc;
	assert_ok(msg_decode_as(blob_span(&rig->answer), MSG_TYPE_csr_nonce, &msg));
	memcpy(nonce, msg.csr_nonce.nonce.at, NONCE_BYTES);
	return RC_OK;
}

enum rc ca_node_ask(struct rig *rig, struct ca_node *node, const struct ca_ask *ask)
{
	const struct ca_node *claims = ask->claims_of == NULL ? node : ask->claims_of;
	struct soft_tpm *tpm = ask->tpm == NULL ? &node->tpm : ask->tpm;
	DROP(blob_release) struct blob attest = {0};
	DROP(blob_release) struct blob signature = {0};
	DROP(blob_release) struct blob values = {0};
	uint8_t nonce[NONCE_BYTES], data[HASH_BYTES];
	struct msg msg = {.type = MSG_TYPE_csr_put};

	if (ask->nonce != NULL)
		memcpy(nonce, ask->nonce, NONCE_BYTES);
	else
		assert_ok(ca_node_nonce(rig, node, nonce));
	assert_ok(csr_proof_data(blob_span(&node->csr), nonce,
		ask->proof_nk == NULL ? node->nk.public : ask->proof_nk, node->tpm.node, data));
	if (ask->in_tpm)
		soft_tpm_certify(tpm, blob_span(&claims->area), SPAN(data), &attest, &signature);
	else
		soft_tpm_quote(tpm, &(struct pcr_selection){0}, SPAN(data), &attest, &signature, &values);
	msg.csr_put = (struct msg_csr_put){
		.nonce = SPAN(nonce),
		.csr = blob_span(&claims->csr),
		.attest = blob_span(&attest),
		.signature = blob_span(&signature),
		.public = ask->in_tpm ? blob_span(&claims->area) : (struct span){0},
	};
	return rig_ask_with(
		rig, ask->client == NULL ? node->client : ask->client, &msg, RIG_PATIENCE_MS - 1000);
}

void ca_answer_certificate(const struct rig *rig, struct blob *out, uint64_t *renew)
{
	struct msg msg;

	assert_ok(msg_decode_as(blob_span(&rig->answer), MSG_TYPE_certificate_info, &msg));
	assert_int_equal(msg.certificate_info.chain.count, 1);
	assert_ok(blob_copy(out, msg.certificate_info.certificate));
	if (renew != NULL)
		*renew = msg.certificate_info.renew;
}

/* ---- lists and responses ---- */

enum rc ca_get_list(struct rig *rig, bool delta, struct blob *out, uint64_t *number)
{
	uint64_t size = 0;

	blob_clear(out);
	*number = 0;
	do {
		struct msg msg = {.type = MSG_TYPE_crl_get, .crl_get = {delta, *number, out->len}};
		enum rc rc = rig_ask(rig, PLUGIN, &msg);

		if (rc != RC_OK)
			return rc;
		assert_ok(msg_decode_as(blob_span(&rig->answer), MSG_TYPE_crl_part, &msg));
		assert_int_equal(msg.crl_part.from, out->len);
		assert_ok(blob_append(out, msg.crl_part.bytes));
		*number = msg.crl_part.number;
		size = msg.crl_part.size;
	} while (out->len < size);
	assert_int_equal(out->len, size);
	return RC_OK;
}

int ca_list_reason(struct span list, struct span serial)
{
	struct crl crl;
	struct crl_line line;

	assert_ok(crl_read(list, &crl));
	while (crl_next(&crl.entries, &line))
		if (span_equal(line.serial, serial))
			return (int)line.reason;
	return -1;
}

void ca_wait_list(struct rig *rig, struct span serial, int reason)
{
	DROP(blob_release) struct blob list = {0};
	uint64_t number, end = clock_mono_ms(clock_system()) + RIG_PATIENCE_MS;

	while (ca_get_list(rig, false, &list, &number) != RC_OK ||
		ca_list_reason(blob_span(&list), serial) != reason) {
		if (clock_mono_ms(clock_system()) > end) {
			rig_print_log(rig);
			fail_msg("no list gives the reason %d", reason);
		}
		rig_pass_ms(rig, 50);
	}
}

enum rc ca_ask_ocsp(struct rig *rig, const struct ca_folder *folder, struct span serial, enum digest_alg hash,
	struct ocsp_response *out, struct blob *der)
{
	struct msg msg = {.type = MSG_TYPE_ocsp_get, .ocsp_get = {serial, digest_tpm_id(hash)}};
	struct err err = {0};
	enum rc rc = rig_ask(rig, PLUGIN, &msg);

	if (rc != RC_OK)
		return rc;
	assert_ok(msg_decode_as(blob_span(&rig->answer), MSG_TYPE_ocsp_info, &msg));
	assert_ok(blob_copy(der, msg.ocsp_info.response));
	assert_ok(ocsp_response_read(blob_span(der), out));
	assert_int_equal(out->error, 0);
	assert_int_equal(out->id.hash, hash);
	assert_true(span_equal(out->id.serial, serial));
	assert_int_equal(out->next_ms / 1000, msg.ocsp_info.until / 1000);
	if (ocsp_response_verify(out, blob_span(&folder->certificate), now_ms(), &err) != RC_OK)
		fail_msg("%s", err.text);
	return RC_OK;
}
