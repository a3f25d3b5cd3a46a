#include "lib/trust/csr_proof.h"

#include "lib/base/hex.h"
#include "lib/crypto/digest.h"
#include "lib/crypto/public_key.h"
#include "lib/evidence/attest.h"
#include "lib/evidence/tpm_signature.h"
#include "lib/trust/qualify.h"
#include "tests/support/soft_tpm.h"
#include "tests/support/test.h"

/* nonce, NK and node of the vectors are 0..31, 32..63, 64..95. */
static uint8_t bytes[96];
static uint8_t request[23];
static struct blob spki;  /* of the vectors' key */
static struct blob spare; /* of another */

static struct span area_of(const char *file)
{
	struct span whole = vector(file);

	return span_of(whole.at + 2, whole.len - 2);
}

static void put_spki(struct span area, struct blob *out)
{
	DROP(public_key_release) struct public_key *key = NULL;
	struct tpm_public public;
	struct key_parts parts;

	assert_ok(tpm_public_parse(area, &public));
	assert_ok(tpm_public_key(&public, &parts));
	assert_ok(public_key_of_parts(&parts, &key, NULL));
	assert_ok(public_key_to_der(key, out, NULL));
}

static struct csr_proof certified(void)
{
	return (struct csr_proof){.csr = SPAN(request),
		.nonce = bytes,
		.nk = bytes + 32,
		.node = bytes + 64,
		.ek_public = area_of("certify/ek.pub"),
		.ak_public = area_of("certify/ak.pub"),
		.spki = blob_span(&spki),
		.attest = vector("certify/certify.msg"),
		.signature = vector("certify/certify.sig"),
		.key_public = area_of("certify/key.pub")};
}

static struct csr_proof quoted(void)
{
	struct csr_proof proof = certified();

	proof.attest = vector("certify/quote.msg");
	proof.signature = vector("certify/quote.sig");
	proof.key_public = (struct span){0};
	return proof;
}

static void denied(const struct csr_proof *proof, const char *words)
{
	struct err err = {0};

	assert_rc(csr_proof_check(proof, &err), RC_DENIED);
	if (strstr(err.text, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", err.text, words);
}

/* Computed with Python's hashlib from the words of the protocol document. */
static void the_qualifying_data_is_what_the_protocol_says(void **state)
{
	uint8_t out[HASH_BYTES];
	char text[HEX_BYTES(HASH_BYTES)];

	(void)state;
	assert_ok(csr_proof_data(SPAN(request), bytes, bytes + 32, bytes + 64, out));
	assert_string_equal(hex_encode(SPAN(out), text),
		"10dc553a7a0cc974f9c0c478a036490f59d91aced4a5d290c2f4d21c538a6bc6");
}

static void every_bit_of_nonce_nk_node_and_request_matters(void **state)
{
	uint8_t first[HASH_BYTES];
	uint8_t out[HASH_BYTES];

	(void)state;
	assert_ok(csr_proof_data(SPAN(request), bytes, bytes + 32, bytes + 64, first));
	for (size_t bit = 0; bit < (sizeof bytes + sizeof request) * 8; bit++) {
		uint8_t *at = bit / 8 < sizeof bytes ? &bytes[bit / 8] : &request[bit / 8 - sizeof bytes];

		*at ^= (uint8_t)(1u << bit % 8);
		assert_ok(csr_proof_data(SPAN(request), bytes, bytes + 32, bytes + 64, out));
		assert_memory_not_equal(out, first, sizeof out);
		*at ^= (uint8_t)(1u << bit % 8);
	}
}

static void real_proofs_are_accepted(void **state)
{
	struct csr_proof proof = certified();
	struct err err = {0};

	(void)state;
	if (csr_proof_check(&proof, &err) != RC_OK)
		fail_msg("%s", err.text);
	proof.ek_public = (struct span){0};
	assert_ok(csr_proof_check(&proof, &err));
	proof = quoted();
	if (csr_proof_check(&proof, &err) != RC_OK)
		fail_msg("%s", err.text);
}

static void a_proof_serves_only_its_own_request(void **state)
{
	static const uint8_t another[32] = {9};
	const struct csr_proof both[] = {certified(), quoted()};

	(void)state;
	for (size_t i = 0; i < COUNT(both); i++) {
		const char *words = i == 0 ? "certify: qualifying data" : "quote: qualifying data";
		struct csr_proof p = both[i];

		p.nonce = another;
		denied(&p, words);
		p = both[i];
		p.nk = another;
		denied(&p, words);
		p = both[i];
		p.node = another;
		denied(&p, words);
		p = both[i];
		p.csr.len--;
		denied(&p, words);
	}
}

static void one_kind_of_proof_is_not_the_other(void **state)
{
	struct csr_proof p = certified();

	(void)state;
	p.key_public = (struct span){0};
	denied(&p, "quote: attestation");
	p = quoted();
	p.key_public = certified().key_public;
	denied(&p, "certify: attestation");
}

static void another_key_is_not_the_certified_one(void **state)
{
	struct csr_proof p = certified();
	uint8_t room[256];

	(void)state;
	p.spki = blob_span(&spare);
	denied(&p, "request: key: it is not the certified key");
	p = certified();
	p.key_public = area_of("certify/ak.pub");
	denied(&p, "certify: name");
	p = certified();
	p.ak_public = area_of("certify/key.pub");
	denied(&p, "certify: signature");
	p = certified();
	p.ek_public = area_of("vm-imang/ek_rsa.pub");
	denied(&p, "certify: qualified signer");
	/* An attribute that is not there can only be said if the name says it too. */
	p = certified();
	memcpy(room, p.key_public.at, p.key_public.len);
	room[7] |= TPM_OBJECT_ST_CLEAR;
	p.key_public.at = room;
	denied(&p, "certify: name");
	p = certified();
	p.spki.len--;
	denied(&p, "request: key");
	p = certified();
	p.spki.len = 0;
	denied(&p, "request: key");
}

/* … whatever else is right. */
static void no_flipped_bit_is_accepted(void **state)
{
	const struct csr_proof both[] = {certified(), quoted()};
	uint8_t room[512];

	(void)state;
	for (size_t i = 0; i < COUNT(both); i++) {
		struct csr_proof p = both[i];
		struct span *const parts[] = {&p.attest, &p.signature, &p.key_public, &p.ak_public};

		for (size_t part = 0; part < COUNT(parts); part++) {
			size_t len = parts[part]->len;

			if (len == 0)
				continue;
			memcpy(room, parts[part]->at, len);
			parts[part]->at = room;
			/* All of an attestation; the others verify a signature each time. */
			for (size_t bit = 0; bit < len * 8; bit += part == 0 ? 3 : 11) {
				room[bit / 8] ^= (uint8_t)(1u << bit % 8);
				denied(&p, ":");
				room[bit / 8] ^= (uint8_t)(1u << bit % 8);
			}
			for (size_t n = 1; n < len; n += 7) {
				parts[part]->len = n;
				denied(&p, ":");
			}
			p = both[i];
		}
	}
}

/* ---- what no real TPM would sign: made by one in software ---- */

static void each_attribute_of_the_key_is_looked_at(void **state)
{
	static const struct {
		uint32_t attribute;
		const char *words;
	} rows[] = {
		{TPM_OBJECT_FIXED_TPM, "fixedTPM"},
		{TPM_OBJECT_FIXED_PARENT, "fixedParent"},
		{TPM_OBJECT_SENSITIVE_DATA_ORIGIN, "sensitiveDataOrigin"},
		{TPM_OBJECT_USER_WITH_AUTH, "userWithAuth"},
		{TPM_OBJECT_SIGN, "key in the TPM: sign"},
		{TPM_OBJECT_RESTRICTED, "not restricted"},
		{TPM_OBJECT_DECRYPT, "not decrypt"},
	};
	DROP(soft_tpm_close) struct soft_tpm tpm = {0};
	DROP(blob_release) struct blob attest = {0};
	DROP(blob_release) struct blob signature = {0};
	struct tpm_public key;
	struct tpm_area area;
	struct csr_proof p = certified();
	uint8_t data[HASH_BYTES];

	(void)state;
	soft_tpm_open(&tpm);
	p.ek_public = tpm_area_span(&tpm.ek_public);
	p.ak_public = tpm_area_span(&tpm.ak_public);
	assert_ok(csr_proof_data(p.csr, p.nonce, p.nk, p.node, data));
	for (size_t i = 0; i <= COUNT(rows); i++) {
		assert_ok(tpm_public_parse(area_of("certify/key.pub"), &key));
		key.attributes ^= i < COUNT(rows) ? rows[i].attribute : 0;
		assert_ok(tpm_public_encode(&key, &area));
		soft_tpm_certify(&tpm, tpm_area_span(&area), SPAN(data), &attest, &signature);
		p.attest = blob_span(&attest);
		p.signature = blob_span(&signature);
		p.key_public = tpm_area_span(&area);
		if (i < COUNT(rows))
			denied(&p, rows[i].words);
		else
			assert_ok(csr_proof_check(&p, NULL));
	}
}

static void quotes_for_other_purposes_are_refused(void **state)
{
	static const enum qualify_purpose purposes[] = {QUALIFY_ATTEST, QUALIFY_IDENTITY, QUALIFY_GOLDEN};
	DROP(soft_tpm_close) struct soft_tpm tpm = {0};
	DROP(blob_release) struct blob attest = {0};
	DROP(blob_release) struct blob signature = {0};
	DROP(blob_release) struct blob values = {0};
	struct pcr_selection selection = {0};
	struct csr_proof p = quoted();
	uint8_t data[HASH_BYTES];

	(void)state;
	soft_tpm_open(&tpm);
	p.ek_public = tpm_area_span(&tpm.ek_public);
	p.ak_public = tpm_area_span(&tpm.ak_public);
	for (size_t i = 0; i < COUNT(purposes); i++) {
		assert_ok(qualify(purposes[i], p.nonce, p.nk, p.node, data));
		soft_tpm_quote(&tpm, &selection, SPAN(data), &attest, &signature, &values);
		p.attest = blob_span(&attest);
		p.signature = blob_span(&signature);
		denied(&p, "quote: qualifying data");
	}
	assert_ok(csr_proof_data(p.csr, p.nonce, p.nk, p.node, data));
	soft_tpm_quote(&tpm, &selection, SPAN(data), &attest, &signature, &values);
	p.attest = blob_span(&attest);
	p.signature = blob_span(&signature);
	assert_ok(csr_proof_check(&p, NULL));
	assert_ok(pcr_selection_add(&selection, TPM_ALG_SHA256, 0));
	soft_tpm_quote(&tpm, &selection, SPAN(data), &attest, &signature, &values);
	p.attest = blob_span(&attest);
	p.signature = blob_span(&signature);
	denied(&p, "quote: PCR selection");
}

static int open_all(void **state)
{
	DROP(soft_tpm_close) struct soft_tpm tpm = {0};

	(void)state;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)i;
	memcpy(request, "as if it were a request", sizeof request);
	put_spki(area_of("certify/key.pub"), &spki);
	soft_tpm_open(&tpm);
	put_spki(tpm_area_span(&tpm.ak_public), &spare);
	return 0;
}

static int close_all(void **state)
{
	(void)state;
	blob_release(&spki);
	blob_release(&spare);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_qualifying_data_is_what_the_protocol_says),
		cmocka_unit_test(every_bit_of_nonce_nk_node_and_request_matters),
		cmocka_unit_test(real_proofs_are_accepted),
		cmocka_unit_test(a_proof_serves_only_its_own_request),
		cmocka_unit_test(one_kind_of_proof_is_not_the_other),
		cmocka_unit_test(another_key_is_not_the_certified_one),
		cmocka_unit_test(no_flipped_bit_is_accepted),
		cmocka_unit_test(each_attribute_of_the_key_is_looked_at),
		cmocka_unit_test(quotes_for_other_purposes_are_refused),
	};

	return cmocka_run_group_tests(tests, open_all, close_all);
}
