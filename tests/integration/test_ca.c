/* The CA of a real revocation service with a real Redis: what it issues, what it refuses, what it says of
 * certificates that have ended. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "lib/base/file.h"
#include "lib/base/hex.h"
#include "lib/crypto/digest.h"
#include "lib/evidence/tpm_signature.h"
#include "lib/pki/cert_facts.h"
#include "lib/pki/chain.h"
#include "lib/pki/csr.h"
#include "lib/pki/pem.h"
#include "lib/tpm/key.h"
#include "lib/trust/csr_proof.h"
#include "tests/integration/ca_rig.h"
#include "tests/support/tpm_node.h"

#define LIMIT_MS 60000
#define RATE     "12"

struct stage {
	struct rig *rig;
	struct ca_folder folder;
	struct ca_node node;
};

static uint64_t now_ms(void)
{
	return clock_wall_ms(clock_system());
}

/* One service for all; each test has a node of its own. */
static int open_service(void **state)
{
	struct stage *stage = calloc(1, sizeof *stage);

	assert_non_null(stage);
	stage->rig = rig_open(REVOCATION, CA_RIG_LINES "certificate-rate = " RATE "\n");
	ca_rig_make(stage->rig, &stage->folder);
	rig_start(stage->rig);
	ca_rig_wait(stage->rig);
	*state = stage;
	return 0;
}

static int close_service(void **state)
{
	struct stage *stage = *state;

	ca_folder_release(&stage->folder);
	rig_close(stage->rig);
	free(stage);
	return 0;
}

static int open_node(void **state)
{
	struct stage *stage = *state;

	ca_node_open(stage->rig, &stage->node);
	return 0;
}

static int close_node(void **state)
{
	struct stage *stage = *state;

	ca_node_close(&stage->node);
	return 0;
}

/* A certificate for the node, which is vouched for. */
static void get_one(struct stage *stage, bool in_tpm, struct blob *out)
{
	struct rig *rig = stage->rig;

	ca_node_vouch(rig, &stage->node, LIMIT_MS);
	if (ca_node_ask(rig, &stage->node, &(struct ca_ask){.in_tpm = in_tpm}) != RC_OK) {
		rig_print_log(rig);
		fail_msg("%s", rig->text);
	}
	ca_answer_certificate(rig, out, NULL);
}

static struct span serial_of(const struct blob *certificate)
{
	struct cert_facts facts;

	assert_ok(cert_facts_read(blob_span(certificate), &facts));
	return facts.serial;
}

static void denied(struct stage *stage, const struct ca_ask *ask, enum rc expected, const char *words)
{
	enum rc rc = ca_node_ask(stage->rig, &stage->node, ask);

	if (rc != expected || strstr(stage->rig->text, words) == NULL) {
		rig_print_log(stage->rig);
		fail_msg("%s, \"%s\"; expected %s, \"%s\"", rc_words(rc), stage->rig->text,
			rc_words(expected), words);
	}
}

/* ---- issuing ---- */

static void describe(struct stage *stage, const char *name, const uint8_t *address, size_t address_len)
{
	DROP(blob_release) struct blob names = {0};
	DROP(blob_release) struct blob addresses = {0};
	DROP(blob_release) struct blob bytes = {0};
	struct elem_dns_name dns = {span_text(name)};
	struct elem_address ip = {span_of(address, address_len)};
	struct msg msg = {
		.type = MSG_TYPE_profile, .profile = {.node = SPAN(stage->node.tpm.node), .time = now_ms()}};
	struct msg put = {.type = MSG_TYPE_profile_put};

	assert_ok(ELEM_APPEND(dns_name, &dns, &names));
	assert_ok(ELEM_APPEND(address, &ip, &addresses));
	msg.profile.names = (struct list){blob_span(&names), 1};
	msg.profile.addresses = (struct list){blob_span(&addresses), 1};
	rig_sign(stage->rig, PROVISIONER, &msg, &bytes);
	put.profile_put.request = blob_span(&bytes);
	assert_ok(rig_ask(stage->rig, PROVISIONER, &put));
}

static void check_names(const struct blob *certificate, const struct ca_node *node)
{
	char urn[128], digits[HEX_BYTES(NODE_ID_BYTES)];
	static const uint8_t address[] = {10, 0, 0, 7};
	struct cert_facts facts;
	struct san san;
	unsigned seen = 0;

	snprintf(urn, sizeof urn, "urn:limebus:node:%s", hex_encode(SPAN(node->tpm.node), digits));
	assert_ok(cert_facts_read(blob_span(certificate), &facts));
	assert_true(span_is(facts.common_name, "web1.example"));
	while (cert_facts_next_name(&facts.names, &san)) {
		if (san.kind == SAN_DNS)
			assert_true(span_is(san.text, "web1.example"));
		else if (san.kind == SAN_IP)
			assert_true(span_equal(san.text, SPAN(address)));
		else
			assert_true(span_is(san.text, urn));
		seen |= 1u << san.kind;
	}
	assert_int_equal(seen, 1u << SAN_DNS | 1u << SAN_IP | 1u << SAN_URI);
	assert_true(span_equal(facts.spki, blob_span(&node->spki)));
	assert_false(facts.ca);
}

static void a_trusted_node_gets_what_its_profile_says(void **state)
{
	static const uint8_t address[] = {10, 0, 0, 7};
	struct stage *stage = *state;
	struct span root = blob_span(&stage->folder.certificate);

	ca_node_vouch(stage->rig, &stage->node, LIMIT_MS);
	describe(stage, "web1.example", address, sizeof address);
	for (unsigned in_tpm = 0; in_tpm < 2; in_tpm++) {
		DROP(blob_release) struct blob certificate = {0};
		struct chain chain = {.roots = &root, .roots_count = 1, .wall_ms = now_ms()};
		struct cert_facts facts;
		struct err err = {0};
		uint64_t renew;

		assert_ok(ca_node_ask(stage->rig, &stage->node, &(struct ca_ask){.in_tpm = in_tpm}));
		ca_answer_certificate(stage->rig, &certificate, &renew);
		chain.certificate = blob_span(&certificate);
		if (chain_verify(&chain, &err) != RC_OK)
			fail_msg("%s", err.text);
		check_names(&certificate, &stage->node);
		assert_ok(cert_facts_read(blob_span(&certificate), &facts));
		assert_in_range(facts.until_ms, now_ms() + 3590000, now_ms() + 3600000);
		assert_in_range(renew, now_ms() + 2390000, now_ms() + 2400000);
	}
}

static unsigned listed(struct stage *stage, const char *state_word, const char *key)
{
	struct msg msg = {.type = MSG_TYPE_certificates_get,
		.certificates_get = {.node = SPAN(stage->node.tpm.node), .state = span_text(state_word)}};
	struct elem_certificate_item item;
	struct signed_msg issued;
	unsigned count = 0;

	assert_ok(rig_ask(stage->rig, VIEWER, &msg));
	assert_ok(msg_decode_as(blob_span(&stage->rig->answer), MSG_TYPE_certificates, &msg));
	assert_int_equal(msg.certificates.next, 0);
	while (ELEM_NEXT(certificate_item, &msg.certificates.certificates, &item)) {
		assert_ok(signed_open(item.issued, MSG_TYPE_issued, &issued, NULL));
		assert_memory_equal(issued.key, stage->rig->who[REVOCATION].sign.public, SIGN_KEY_BYTES);
		count += key == NULL || span_is(issued.msg.issued.key, key);
	}
	return count;
}

static void everything_issued_is_in_the_log(void **state)
{
	struct stage *stage = *state;
	DROP(blob_release) struct blob certificate = {0};

	assert_int_equal(listed(stage, "", NULL), 0);
	get_one(stage, false, &certificate);
	get_one(stage, true, &certificate);
	assert_int_equal(listed(stage, "live", NULL), 2);
	assert_int_equal(listed(stage, "", "tpm"), 1);
	assert_int_equal(listed(stage, "", "software"), 1);
	assert_int_equal(listed(stage, "revoked", NULL), 0);
}

/* ---- with a TPM ---- */

/* What a registrar would have known of this TPM. */
static void know(struct tpm *tpm, struct ca_node *node)
{
	struct span ek = tpm_ek_public(tpm), ak = tpm_ak_public(tpm);

	memcpy(node->tpm.ek_public.bytes, ek.at, node->tpm.ek_public.len = ek.len);
	memcpy(node->tpm.ak_public.bytes, ak.at, node->tpm.ak_public.len = ak.len);
	assert_ok(tpm_name_of(ak, &node->tpm.ak_name));
	assert_ok(digest_bytes(DIGEST_SHA256, ek, node->tpm.node));
}

static void make_request(struct tpm *tpm, const struct blob *key, struct span area, struct ca_node *node)
{
	DROP(public_key_release) struct public_key *public = NULL;
	DROP(blob_release) struct blob to_be_signed = {0};
	DROP(blob_release) struct blob signature = {0};
	uint8_t digest[TPM_KEY_DIGEST_BYTES];
	struct signature parsed;
	struct tpm_public parts;
	struct key_parts numbers;

	assert_ok(tpm_public_parse(area, &parts));
	assert_ok(tpm_public_key(&parts, &numbers));
	assert_ok(public_key_of_parts(&numbers, &public, NULL));
	blob_clear(&node->spki);
	assert_ok(public_key_to_der(public, &node->spki, NULL));
	assert_ok(csr_to_be_signed(blob_span(&node->spki), "web1.example", &to_be_signed, NULL));
	assert_ok(digest_bytes(DIGEST_SHA256, blob_span(&to_be_signed), digest));
	assert_ok(tpm_key_sign(tpm, blob_span(key), digest, &signature, NULL));
	assert_ok(tpm_signature_parse(blob_span(&signature), &parsed));
	blob_clear(&node->csr);
	assert_ok(csr_assemble(blob_span(&to_be_signed), &parsed, &node->csr, NULL));
}

static enum rc put_proof(struct stage *stage, struct tpm *tpm, const struct blob *key, bool in_tpm)
{
	struct ca_node *node = &stage->node;
	DROP(tpm_quote_release) struct tpm_quote quote = {0};
	struct tpm_key_parts parts;
	uint8_t nonce[NONCE_BYTES], data[HASH_BYTES];
	struct msg msg = {.type = MSG_TYPE_csr_put};

	assert_ok(tpm_key_parse(blob_span(key), &parts, NULL));
	assert_ok(ca_node_nonce(stage->rig, node, nonce));
	assert_ok(csr_proof_data(blob_span(&node->csr), nonce, node->nk.public, node->tpm.node, data));
	if (in_tpm)
		assert_ok(tpm_key_certify(tpm, blob_span(key), SPAN(data), &quote, NULL));
	else
		assert_ok(tpm_quote(tpm, &(struct pcr_selection){0}, SPAN(data), &quote, NULL));
	msg.csr_put = (struct msg_csr_put){SPAN(nonce), blob_span(&node->csr), blob_span(&quote.attest),
		blob_span(&quote.signature), in_tpm ? parts.area : (struct span){0}};
	return rig_ask_with(stage->rig, node->client, &msg, RIG_PATIENCE_MS - 1000);
}

static void a_key_in_a_real_tpm_gets_its_certificate(void **state)
{
	struct stage *stage = *state;
	DROP(blob_release) struct blob ak = {0};
	DROP(blob_release) struct blob key = {0};
	DROP(blob_release) struct blob certificate = {0};
	struct tpm_key_parts parts;
	struct cert_facts facts;
	struct swtpm swtpm = {0};
	struct tpm *tpm;

	swtpm_new(&swtpm, &stage->rig->dir, "tpm");
	tpm = node_open(&swtpm, NULL);
	node_enrol(tpm, TPM_EK_ECC_P256, TPM_AK_ECC_P256, &ak);
	know(tpm, &stage->node);
	assert_ok(tpm_key_create(tpm, &key, NULL));
	assert_ok(tpm_key_parse(blob_span(&key), &parts, NULL));
	make_request(tpm, &key, parts.area, &stage->node);
	/* The connection that is there was admitted as the one of the TPM in software. */
	client_close(&stage->node.client);
	assert_ok(hpke_generate(&stage->node.nk, NULL));
	ca_node_enrol(stage->rig, &stage->node, REGISTRAR);
	stage->node.client = rig_dial(stage->rig, &stage->node.nk);
	ca_node_vouch(stage->rig, &stage->node, LIMIT_MS);
	assert_ok(put_proof(stage, tpm, &key, true));
	ca_answer_certificate(stage->rig, &certificate, NULL);
	assert_ok(cert_facts_read(blob_span(&certificate), &facts));
	assert_true(span_equal(facts.spki, blob_span(&stage->node.spki)));
	assert_int_equal(listed(stage, "live", "tpm"), 1);
	assert_ok(put_proof(stage, tpm, &key, false));
	assert_int_equal(listed(stage, "live", "software"), 1);
	tpm_close(&tpm);
	swtpm_release(&swtpm);
}

/* ---- refusals ---- */

static void a_proof_serves_nobody_else(void **state)
{
	struct stage *stage = *state;
	struct rig *rig = stage->rig;
	struct ca_node other;
	uint8_t nonce[NONCE_BYTES];

	ca_node_open(rig, &other);
	ca_node_vouch(rig, &stage->node, LIMIT_MS);
	ca_node_vouch(rig, &other, LIMIT_MS);
	/* A nonce that nobody gave, one that was used, one of another connection. */
	memset(nonce, 7, sizeof nonce);
	denied(stage, &(struct ca_ask){.nonce = nonce}, RC_DENIED, "nonce");
	assert_ok(ca_node_nonce(rig, &stage->node, nonce));
	assert_ok(ca_node_ask(rig, &stage->node, &(struct ca_ask){.nonce = nonce}));
	denied(stage, &(struct ca_ask){.nonce = nonce}, RC_DENIED, "nonce");
	assert_ok(ca_node_nonce(rig, &other, nonce));
	denied(stage, &(struct ca_ask){.nonce = nonce}, RC_DENIED, "nonce");
	/* Our proof, brought by another node; and made for another NK. */
	assert_ok(ca_node_nonce(rig, &other, nonce));
	denied(stage, &(struct ca_ask){.nonce = nonce, .client = other.client}, RC_DENIED, "quote");
	denied(stage, &(struct ca_ask){.proof_nk = other.nk.public}, RC_DENIED, "qualifying data");
	/* Another TPM's AK. */
	denied(stage, &(struct ca_ask){.tpm = &other.tpm}, RC_DENIED, "");
	denied(stage, &(struct ca_ask){.tpm = &other.tpm, .in_tpm = true}, RC_DENIED, "");
	/* Another's request with our proof. */
	denied(stage, &(struct ca_ask){.claims_of = &other}, RC_DENIED, "qualifying data");
	denied(stage, &(struct ca_ask){.claims_of = &other, .in_tpm = true}, RC_DENIED, "qualifying data");
	ca_node_close(&other);
}

static void a_key_in_a_tpm_must_be_one(void **state)
{
	struct stage *stage = *state;
	DROP(blob_release) struct blob area = {0};
	struct tpm_public public;
	struct tpm_area altered;

	ca_node_vouch(stage->rig, &stage->node, LIMIT_MS);
	assert_ok(blob_copy(&area, blob_span(&stage->node.area)));
	/* It could leave the TPM. */
	assert_ok(tpm_public_parse(blob_span(&area), &public));
	public.attributes &= ~(uint32_t)TPM_OBJECT_FIXED_TPM;
	assert_ok(tpm_public_encode(&public, &altered));
	assert_ok(blob_copy(&stage->node.area, tpm_area_span(&altered)));
	denied(stage, &(struct ca_ask){.in_tpm = true}, RC_DENIED, "fixedTPM");
	/* Its secret came from outside. */
	assert_ok(tpm_public_parse(blob_span(&area), &public));
	public.attributes &= ~(uint32_t)TPM_OBJECT_SENSITIVE_DATA_ORIGIN;
	assert_ok(tpm_public_encode(&public, &altered));
	assert_ok(blob_copy(&stage->node.area, tpm_area_span(&altered)));
	denied(stage, &(struct ca_ask){.in_tpm = true}, RC_DENIED, "sensitiveDataOrigin");
	/* As it was it is good. */
	assert_ok(blob_copy(&stage->node.area, blob_span(&area)));
	assert_ok(ca_node_ask(stage->rig, &stage->node, &(struct ca_ask){.in_tpm = true}));
}

static void who_is_not_trusted_gets_none(void **state)
{
	struct stage *stage = *state;
	struct rig *rig = stage->rig;

	denied(stage, &(struct ca_ask){0}, RC_DENIED, "vouched");
	ca_node_vouch(rig, &stage->node, 800);
	assert_ok(ca_node_ask(rig, &stage->node, &(struct ca_ask){0}));
	rig_pass_ms(rig, 1000);
	denied(stage, &(struct ca_ask){0}, RC_DENIED, "vouched");
	ca_node_vouch(rig, &stage->node, LIMIT_MS);
	assert_ok(ca_node_ask(rig, &stage->node, &(struct ca_ask){0}));
	ca_node_request(rig, &stage->node, "suspend");
	denied(stage, &(struct ca_ask){0}, RC_DENIED, "suspended");
	ca_node_request(rig, &stage->node, "resume");
	assert_ok(ca_node_ask(rig, &stage->node, &(struct ca_ask){0}));
	ca_node_revoke(rig, &stage->node, 1);
	denied(stage, &(struct ca_ask){0}, RC_DENIED, "revoked");
	/* A record that no registrar signed speaks for nobody. */
	rig_pass_ms(rig, 2);
	ca_node_request(rig, &stage->node, "resume");
	assert_ok(ca_node_ask(rig, &stage->node, &(struct ca_ask){0}));
	ca_node_enrol(rig, &stage->node, VERIFIER);
	denied(stage, &(struct ca_ask){0}, RC_DENIED, "");
}

static void a_node_gets_only_so_many(void **state)
{
	struct stage *stage = *state;

	ca_node_vouch(stage->rig, &stage->node, LIMIT_MS);
	for (int i = 0; i < atoi(RATE); i++)
		assert_ok(ca_node_ask(stage->rig, &stage->node, &(struct ca_ask){0}));
	denied(stage, &(struct ca_ask){0}, RC_LIMIT, "at most " RATE);
}

/* ---- orders of operators ---- */

static enum rc order(
	struct stage *stage, enum who signer, uint64_t life_ms, uint64_t time, struct blob *bytes)
{
	struct msg msg = {.type = MSG_TYPE_certificate_order,
		.certificate_order = {.node = SPAN(stage->node.tpm.node),
			.csr = blob_span(&stage->node.csr),
			.life_ms = life_ms,
			.time = time}};
	struct msg put = {.type = MSG_TYPE_certificate_order_put};

	if (bytes->len == 0)
		rig_sign(stage->rig, signer, &msg, bytes);
	put.certificate_order_put.request = blob_span(bytes);
	return rig_ask(stage->rig, PROVISIONER, &put);
}

static void an_operator_orders_once_and_for_long(void **state)
{
	struct stage *stage = *state;
	DROP(blob_release) struct blob bytes = {0};
	DROP(blob_release) struct blob first = {0};
	DROP(blob_release) struct blob again = {0};
	struct cert_facts facts;

	/* Nobody vouched for the node: it is to get this certificate with its payload. */
	assert_ok(order(stage, PROVISIONER, 7200000, now_ms(), &bytes));
	ca_answer_certificate(stage->rig, &first, NULL);
	assert_ok(cert_facts_read(blob_span(&first), &facts));
	assert_in_range(facts.until_ms, now_ms() + 7190000, now_ms() + 7200000);
	assert_ok(order(stage, PROVISIONER, 0, 0, &bytes));
	ca_answer_certificate(stage->rig, &again, NULL);
	assert_true(span_equal(blob_span(&first), blob_span(&again)));
	assert_int_equal(listed(stage, "live", "order"), 1);
}

static void orders_that_are_not_in_order_are_refused(void **state)
{
	struct stage *stage = *state;
	const struct {
		enum who signer;
		uint64_t life_ms, age_ms;
		enum rc rc;
	} rows[] = {
		{VIEWER, 0, 0, RC_DENIED},
		{VERIFIER, 0, 0, RC_DENIED},
		{STRANGER, 0, 0, RC_DENIED},
		{PROVISIONER, 86400001, 0, RC_LIMIT},
		{PROVISIONER, 0, 301000, RC_STALE},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		DROP(blob_release) struct blob bytes = {0};

		assert_rc(order(stage, rows[i].signer, rows[i].life_ms, now_ms() - rows[i].age_ms, &bytes),
			rows[i].rc);
	}
	ca_node_request(stage->rig, &stage->node, "suspend");
	{
		DROP(blob_release) struct blob bytes = {0};

		assert_rc(order(stage, PROVISIONER, 0, now_ms(), &bytes), RC_DENIED);
	}
	assert_int_equal(listed(stage, "", NULL), 0);
}

/* ---- the end of certificates ---- */

static void says(struct stage *stage, struct span serial, enum ocsp_status status, int reason)
{
	static const enum digest_alg hashes[] = {DIGEST_SHA1, DIGEST_SHA256};

	for (size_t i = 0; i < COUNT(hashes); i++) {
		DROP(blob_release) struct blob der = {0};
		struct ocsp_response response;

		assert_ok(ca_ask_ocsp(stage->rig, &stage->folder, serial, hashes[i], &response, &der));
		assert_int_equal(response.status, status);
		if (status == OCSP_REVOKED)
			assert_int_equal(response.reason, reason);
	}
	ca_wait_list(stage->rig, serial, status == OCSP_REVOKED ? reason : -1);
}

/* The last notice in the log is of this kind, about this node, and names exactly these serials. */
static void last_notice_names(
	struct stage *stage, enum notice_kind kind, const struct span *serials, size_t count)
{
	struct msg msg = {.type = MSG_TYPE_notices_get, .notices_get = {.from = 1}};
	struct elem_item item;
	struct elem_serial serial;
	struct notice_view view = {0};
	struct list list;

	assert_ok(rig_ask(stage->rig, VIEWER, &msg));
	assert_ok(msg_decode_as(blob_span(&stage->rig->answer), MSG_TYPE_notices, &msg));
	while (ELEM_NEXT(item, &msg.notices.notices, &item))
		assert_ok(notice_open(stage->rig->roster, item.bytes, now_ms(), &view, NULL));
	assert_int_equal(view.kind, kind);
	assert_true(span_equal(view.signed_msg.msg.notice.node, SPAN(stage->node.tpm.node)));
	list = view.signed_msg.msg.notice.certificates;
	assert_int_equal(list.count, count);
	while (ELEM_NEXT(serial, &list, &serial)) {
		bool found = false;

		for (size_t i = 0; i < count; i++)
			found = found || span_equal(serial.serial, serials[i]);
		assert_true(found);
	}
}

static void revocation_ends_all_certificates_of_the_node(void **state)
{
	struct stage *stage = *state;
	DROP(blob_release) struct blob first = {0};
	DROP(blob_release) struct blob second = {0};
	struct span named[2];

	get_one(stage, false, &first);
	get_one(stage, true, &second);
	says(stage, serial_of(&first), OCSP_GOOD, -1);
	ca_node_revoke(stage->rig, &stage->node, 1);
	named[0] = serial_of(&first);
	named[1] = serial_of(&second);
	last_notice_names(stage, NOTICE_REVOKED, named, 2);
	says(stage, serial_of(&first), OCSP_REVOKED, CRL_PRIVILEGE_WITHDRAWN);
	says(stage, serial_of(&second), OCSP_REVOKED, CRL_PRIVILEGE_WITHDRAWN);
	assert_int_equal(listed(stage, "revoked", NULL), 2);
	/* A new trust does not bring them back; a new certificate is good. */
	rig_pass_ms(stage->rig, 2);
	ca_node_request(stage->rig, &stage->node, "resume");
	get_one(stage, false, &second);
	says(stage, serial_of(&first), OCSP_REVOKED, CRL_PRIVILEGE_WITHDRAWN);
	says(stage, serial_of(&second), OCSP_GOOD, -1);
}

static void a_suspension_holds_and_a_resumption_releases(void **state)
{
	struct stage *stage = *state;
	DROP(blob_release) struct blob certificate = {0};
	DROP(blob_release) struct blob delta = {0};
	uint64_t number;

	get_one(stage, false, &certificate);
	ca_wait_list(stage->rig, serial_of(&certificate), -1);
	ca_node_request(stage->rig, &stage->node, "suspend");
	says(stage, serial_of(&certificate), OCSP_REVOKED, CRL_CERTIFICATE_HOLD);
	assert_ok(ca_get_list(stage->rig, true, &delta, &number));
	assert_int_equal(ca_list_reason(blob_span(&delta), serial_of(&certificate)), CRL_CERTIFICATE_HOLD);
	ca_node_request(stage->rig, &stage->node, "resume");
	says(stage, serial_of(&certificate), OCSP_GOOD, -1);
	assert_ok(ca_get_list(stage->rig, true, &delta, &number));
	assert_int_equal(ca_list_reason(blob_span(&delta), serial_of(&certificate)), CRL_REMOVE_FROM_CRL);
}

static enum rc revoke_one(
	struct stage *stage, enum who signer, const uint8_t *node, struct span serial, uint64_t reason)
{
	DROP(blob_release) struct blob bytes = {0};
	struct msg msg = {.type = MSG_TYPE_certificate_revoke,
		.certificate_revoke = {
			span_of(node, NODE_ID_BYTES), serial, reason, span_text("lost"), now_ms()}};
	struct msg put = {.type = MSG_TYPE_certificate_revoke_put};

	rig_sign(stage->rig, signer, &msg, &bytes);
	put.certificate_revoke_put.request = blob_span(&bytes);
	return rig_ask(stage->rig, ADMIN, &put);
}

static void an_administrator_ends_one_certificate(void **state)
{
	static const uint8_t nobody[NODE_ID_BYTES] = {1}, unknown[SERIAL_BYTES] = {0x42};
	struct stage *stage = *state;
	const uint8_t *id = stage->node.tpm.node;
	struct span named[1];
	DROP(blob_release) struct blob first = {0};
	DROP(blob_release) struct blob second = {0};

	get_one(stage, false, &first);
	get_one(stage, false, &second);
	assert_rc(revoke_one(stage, PROVISIONER, id, serial_of(&first), 1), RC_DENIED);
	assert_rc(revoke_one(stage, ADMIN, nobody, serial_of(&first), 1), RC_DENIED);
	assert_rc(revoke_one(stage, ADMIN, id, SPAN(unknown), 1), RC_NOT_FOUND);
	assert_rc(revoke_one(stage, ADMIN, id, serial_of(&first), CRL_CERTIFICATE_HOLD), RC_MALFORMED);
	assert_rc(revoke_one(stage, ADMIN, id, serial_of(&first), CRL_REMOVE_FROM_CRL), RC_MALFORMED);
	assert_ok(revoke_one(stage, ADMIN, id, serial_of(&first), CRL_KEY_COMPROMISE));
	named[0] = serial_of(&first);
	last_notice_names(stage, NOTICE_CERTIFICATE_REVOKED, named, 1);
	says(stage, serial_of(&first), OCSP_REVOKED, CRL_KEY_COMPROMISE);
	says(stage, serial_of(&second), OCSP_GOOD, -1);
}

static void nothing_is_said_about_what_was_never_issued(void **state)
{
	static const uint8_t unknown[SERIAL_BYTES] = {0x42};
	struct stage *stage = *state;
	DROP(blob_release) struct blob der = {0};
	struct ocsp_response response;
	struct msg msg = {
		.type = MSG_TYPE_ocsp_get, .ocsp_get = {SPAN(unknown), digest_tpm_id(DIGEST_SHA384)}};

	assert_rc(ca_ask_ocsp(stage->rig, &stage->folder, SPAN(unknown), DIGEST_SHA1, &response, &der),
		RC_NOT_FOUND);
	assert_rc(rig_ask(stage->rig, PLUGIN, &msg), RC_UNSUPPORTED);
}

/* ---- by the openssl command ---- */

static void save_pem(struct stage *stage, const char *name, const char *label, struct span der)
{
	DROP(blob_release) struct blob text = {0};
	char path[SCRATCH_FILE_BYTES];

	assert_ok(pem_write(label, der, &text));
	assert_ok(file_replace(scratch_file(&stage->rig->dir, name, path), blob_span(&text), 0644, NULL));
}

/* Runs in the rig's folder; its exit status. */
static int run(struct stage *stage, const char *command)
{
	char line[1024];
	int status;

	snprintf(line, sizeof line, "cd %s && { %s; } >out 2>&1", stage->rig->dir.path, command);
	status = system(line);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool out_says(struct stage *stage, const char *words)
{
	DROP(blob_release) struct blob text = {0};
	char path[SCRATCH_FILE_BYTES];

	assert_ok(file_read(scratch_file(&stage->rig->dir, "out", path), 1 << 16, &text, NULL));
	assert_ok(blob_append(&text, SPAN("")));
	return strstr((const char *)text.at, words) != NULL;
}

static void save_list(struct stage *stage)
{
	DROP(blob_release) struct blob list = {0};
	uint64_t number;

	assert_ok(ca_get_list(stage->rig, false, &list, &number));
	save_pem(stage, "list.pem", PEM_CRL, blob_span(&list));
}

static void save_response(struct stage *stage, struct span serial)
{
	DROP(blob_release) struct blob der = {0};
	struct ocsp_response response;
	char path[SCRATCH_FILE_BYTES];

	assert_ok(ca_ask_ocsp(stage->rig, &stage->folder, serial, DIGEST_SHA1, &response, &der));
	assert_ok(
		file_replace(scratch_file(&stage->rig->dir, "response", path), blob_span(&der), 0644, NULL));
}

static void the_openssl_command_agrees(void **state)
{
	static const char verify[] =
		"openssl verify -x509_strict -crl_check -CAfile issuer/ca.crt -CRLfile list.pem node.pem";
	static const char ocsp[] =
		"openssl ocsp -issuer issuer/ca.crt -cert node.pem -CAfile issuer/ca.crt -respin response";
	struct stage *stage = *state;
	DROP(blob_release) struct blob certificate = {0};

	get_one(stage, false, &certificate);
	save_pem(stage, "node.pem", PEM_CERTIFICATE, blob_span(&certificate));
	ca_wait_list(stage->rig, serial_of(&certificate), -1);
	save_list(stage);
	assert_int_equal(run(stage, verify), 0);
	save_response(stage, serial_of(&certificate));
	assert_int_equal(run(stage, ocsp), 0);
	assert_true(out_says(stage, "Response verify OK"));
	assert_true(out_says(stage, "node.pem: good"));
	ca_node_revoke(stage->rig, &stage->node, 1);
	ca_wait_list(stage->rig, serial_of(&certificate), CRL_PRIVILEGE_WITHDRAWN);
	save_list(stage);
	assert_int_not_equal(run(stage, verify), 0);
	assert_true(out_says(stage, "certificate revoked"));
	save_response(stage, serial_of(&certificate));
	run(stage, ocsp);
	assert_true(out_says(stage, "Response verify OK"));
	assert_true(out_says(stage, "node.pem: revoked"));
}

/* ---- ends and beginnings ---- */

static void again(struct stage *stage)
{
	struct rig *rig = stage->rig;

	rig_kill(rig);
	for (unsigned who = 0; who < WHO_COUNT; who++)
		if (rig->client[who] != NULL)
			client_close(&rig->client[who]);
	client_close(&stage->node.client);
	rig_start(rig);
	ca_rig_wait(rig);
	stage->node.client = rig_dial(rig, &stage->node.nk);
}

static void a_restart_forgets_nothing_and_numbers_grow(void **state)
{
	struct stage *stage = *state;
	DROP(blob_release) struct blob ended = {0};
	DROP(blob_release) struct blob live = {0};
	DROP(blob_release) struct blob list = {0};
	uint64_t before, after;

	get_one(stage, false, &ended);
	ca_node_revoke(stage->rig, &stage->node, 1);
	rig_pass_ms(stage->rig, 2);
	ca_node_request(stage->rig, &stage->node, "resume");
	get_one(stage, false, &live);
	ca_wait_list(stage->rig, serial_of(&ended), CRL_PRIVILEGE_WITHDRAWN);
	assert_ok(ca_get_list(stage->rig, false, &list, &before));
	again(stage);
	says(stage, serial_of(&ended), OCSP_REVOKED, CRL_PRIVILEGE_WITHDRAWN);
	says(stage, serial_of(&live), OCSP_GOOD, -1);
	assert_int_equal(listed(stage, "", NULL), 2);
	do
		assert_ok(ca_get_list(stage->rig, false, &list, &after));
	while (after <= before);
	assert_int_equal(ca_list_reason(blob_span(&list), serial_of(&ended)), CRL_PRIVILEGE_WITHDRAWN);
}

/* Another service, which has nothing but the Streams, goes on where this one ended. */
static void who_takes_over_knows_everything(void **state)
{
	static const char lines[] = "notice-log = other/notices.log\ncertificate-log = other/issued.log\n";
	struct stage *stage = *state;
	DROP(blob_release) struct blob ended = {0};
	DROP(blob_release) struct blob held = {0};
	DROP(blob_release) struct blob list = {0};
	DROP(blob_release) struct blob conf = {0};
	char path[SCRATCH_FILE_BYTES];
	uint64_t before, after;

	get_one(stage, false, &ended);
	ca_node_revoke(stage->rig, &stage->node, 1);
	rig_pass_ms(stage->rig, 2);
	ca_node_request(stage->rig, &stage->node, "resume");
	get_one(stage, false, &held);
	ca_node_request(stage->rig, &stage->node, "suspend");
	ca_wait_list(stage->rig, serial_of(&held), CRL_CERTIFICATE_HOLD);
	assert_ok(ca_get_list(stage->rig, false, &list, &before));
	assert_int_equal(mkdir(scratch_file(&stage->rig->dir, "other", path), 0700), 0);
	assert_ok(file_read(scratch_file(&stage->rig->dir, "conf", path), 1 << 16, &conf, NULL));
	assert_ok(blob_append(&conf, span_text(lines)));
	assert_ok(file_replace(path, blob_span(&conf), 0600, NULL));
	again(stage);
	says(stage, serial_of(&ended), OCSP_REVOKED, CRL_PRIVILEGE_WITHDRAWN);
	says(stage, serial_of(&held), OCSP_REVOKED, CRL_CERTIFICATE_HOLD);
	assert_ok(ca_get_list(stage->rig, false, &list, &after));
	assert_true(after > before);
	rig_pass_ms(stage->rig, 2);
	ca_node_request(stage->rig, &stage->node, "resume");
	says(stage, serial_of(&held), OCSP_GOOD, -1);
	get_one(stage, false, &held);
	assert_int_equal(listed(stage, "", NULL), 3);
}

static void ignore(void *ctx, enum rc rc, const struct msg *reply, struct span frame)
{
	(void)ctx;
	(void)rc;
	(void)reply;
	(void)frame;
}

static void who_asks_again_after_a_kill_gets_one(void **state)
{
	struct stage *stage = *state;
	unsigned before = 0;

	for (unsigned i = 0; i < 4; i++) {
		DROP(blob_release) struct blob certificate = {0};
		DROP(blob_release) struct blob bytes = {0};
		struct msg msg = {.type = MSG_TYPE_certificate_order,
			.certificate_order = {.node = SPAN(stage->node.tpm.node),
				.csr = blob_span(&stage->node.csr),
				.time = now_ms()}};
		struct msg put = {.type = MSG_TYPE_certificate_order_put};

		/* It dies somewhere between the order and the answer. */
		listed(stage, "", NULL);
		rig_sign(stage->rig, PROVISIONER, &msg, &bytes);
		put.certificate_order_put.request = blob_span(&bytes);
		if (stage->rig->client[PROVISIONER] == NULL)
			stage->rig->client[PROVISIONER] =
				rig_dial(stage->rig, &stage->rig->who[PROVISIONER].curve);
		assert_ok(client_call(stage->rig->client[PROVISIONER], &put, 5000, 300, ignore, NULL, NULL));
		rig_pass_ms(stage->rig, 3 * i);
		again(stage);
		assert_ok(order(stage, PROVISIONER, 0, 0, &bytes));
		ca_answer_certificate(stage->rig, &certificate, NULL);
		/* The same order makes one, whether it was logged before the end or not. */
		assert_int_equal(listed(stage, "live", "order"), before + 1);
		before++;
	}
}

static void without_a_ca_the_answer_says_so(void **state)
{
	struct rig *rig = rig_open(REVOCATION, "");
	struct msg msg = {.type = MSG_TYPE_ca_get};

	(void)state;
	rig_start(rig);
	assert_rc(rig_ask(rig, PLUGIN, &msg), RC_UNSUPPORTED);
	assert_non_null(strstr(rig->text, "no CA"));
	rig_close(rig);
}

static void a_wrong_passphrase_is_told_at_the_start(void **state)
{
	struct ca_folder folder;
	struct rig *rig = rig_open(REVOCATION, CA_RIG_LINES);
	char path[SCRATCH_FILE_BYTES];

	(void)state;
	ca_rig_make(rig, &folder);
	assert_ok(file_replace(scratch_file(&rig->dir, "ca.pass", path), span_text("wrong"), 0600, NULL));
	rig_start(rig);
	assert_int_not_equal(rig_wait_end(rig), 0);
	assert_true(rig_logged(rig, "passphrase"));
	ca_folder_release(&folder);
	rig_close(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define STAGED(name) cmocka_unit_test_setup_teardown(name, open_node, close_node)
		STAGED(a_trusted_node_gets_what_its_profile_says),
		STAGED(everything_issued_is_in_the_log),
		STAGED(a_key_in_a_real_tpm_gets_its_certificate),
		STAGED(a_proof_serves_nobody_else),
		STAGED(a_key_in_a_tpm_must_be_one),
		STAGED(who_is_not_trusted_gets_none),
		STAGED(a_node_gets_only_so_many),
		STAGED(an_operator_orders_once_and_for_long),
		STAGED(orders_that_are_not_in_order_are_refused),
		STAGED(revocation_ends_all_certificates_of_the_node),
		STAGED(a_suspension_holds_and_a_resumption_releases),
		STAGED(an_administrator_ends_one_certificate),
		STAGED(nothing_is_said_about_what_was_never_issued),
		STAGED(the_openssl_command_agrees),
		STAGED(a_restart_forgets_nothing_and_numbers_grow),
		STAGED(who_asks_again_after_a_kill_gets_one),
		STAGED(who_takes_over_knows_everything),
		cmocka_unit_test(without_a_ca_the_answer_says_so),
		cmocka_unit_test(a_wrong_passphrase_is_told_at_the_start),
	};

	return cmocka_run_group_tests_name("ca", tests, open_service, close_service);
}
