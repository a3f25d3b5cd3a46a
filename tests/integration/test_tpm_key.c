/* The node's own key on a software TPM, and the proof of it that a CA gets. */
#include <stdlib.h>

#include "lib/base/drop.h"
#include "lib/crypto/digest.h"
#include "lib/crypto/public_key.h"
#include "lib/evidence/key_check.h"
#include "lib/evidence/tpm_signature.h"
#include "lib/tpm/key.h"
#include "lib/trust/csr_proof.h"
#include "lib/trust/qualify.h"
#include "tests/support/tpm_node.h"

#define HANDLE 0x81010004u

static struct scratch scratch;
static struct swtpm node;
static struct swtpm other;

static const uint8_t nonce[NONCE_BYTES] = {1};
static const uint8_t nk[CURVE_KEY_BYTES] = {2};
static const uint8_t id[NODE_ID_BYTES] = {3};
static const struct span csr = {(const uint8_t *)"as if it were a request", 23};

/* EK, AK and key, and what a registrar knows of them. */
struct made {
	struct tpm *tpm;
	struct blob ak_blob;
	struct blob key;
	struct blob spki;
};

static void made_release(struct made *made)
{
	tpm_close(&made->tpm);
	blob_release(&made->ak_blob);
	blob_release(&made->key);
	blob_release(&made->spki);
}

static void spki_of(struct span area, struct blob *out)
{
	DROP(public_key_release) struct public_key *key = NULL;
	struct tpm_public public;
	struct key_parts parts;
	struct err err = {0};

	assert_ok(tpm_public_parse(area, &public));
	assert_ok(tpm_public_key(&public, &parts));
	node_ok(public_key_of_parts(&parts, &key, &err), &err);
	blob_clear(out);
	node_ok(public_key_to_der(key, out, &err), &err);
}

static void make(const struct swtpm *on, enum tpm_ek_kind ek, enum tpm_ak_kind ak, struct made *out)
{
	struct tpm_key_parts parts;
	struct err err = {0};

	*out = (struct made){.tpm = node_open(on, NULL)};
	node_enrol(out->tpm, ek, ak, &out->ak_blob);
	node_ok(tpm_key_create(out->tpm, &out->key, &err), &err);
	node_ok(tpm_key_parse(blob_span(&out->key), &parts, &err), &err);
	spki_of(parts.area, &out->spki);
}

static void key_signs(struct tpm *tpm, struct span blob, struct span spki)
{
	DROP(blob_release) struct blob signature = {0};
	DROP(public_key_release) struct public_key *key = NULL;
	struct signature parsed;
	uint8_t digest[TPM_KEY_DIGEST_BYTES] = {7};
	struct err err = {0};

	node_ok(tpm_key_sign(tpm, blob, digest, &signature, &err), &err);
	assert_ok(tpm_signature_parse(blob_span(&signature), &parsed));
	assert_int_equal(parsed.hash, DIGEST_SHA256);
	node_ok(public_key_of_der(spki, &key, &err), &err);
	node_ok(public_key_verify(key, &parsed, SPAN(digest), &err), &err);
	digest[0]++;
	assert_rc(public_key_verify(key, &parsed, SPAN(digest), &err), RC_DENIED);
}

/* The proof of a key in the TPM, and the claim that a CA makes of it. */
static struct csr_proof prove(struct made *made, struct tpm_quote *quote)
{
	uint8_t data[HASH_BYTES];
	struct tpm_key_parts parts;
	struct err err = {0};

	assert_ok(csr_proof_data(csr, nonce, nk, id, data));
	node_ok(tpm_key_certify(made->tpm, blob_span(&made->key), SPAN(data), quote, &err), &err);
	assert_int_equal(quote->values.len, 0);
	node_ok(tpm_key_parse(blob_span(&made->key), &parts, &err), &err);
	return (struct csr_proof){.csr = csr,
		.nonce = nonce,
		.nk = nk,
		.node = id,
		.ek_public = tpm_ek_public(made->tpm),
		.ak_public = tpm_ak_public(made->tpm),
		.spki = blob_span(&made->spki),
		.attest = blob_span(&quote->attest),
		.signature = blob_span(&quote->signature),
		.key_public = parts.area};
}

static void denied(const struct csr_proof *proof, const char *words)
{
	struct err err = {0};

	assert_rc(csr_proof_check(proof, &err), RC_DENIED);
	if (strstr(err.text, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", err.text, words);
}

static void a_key_is_made_certified_and_used_beside_every_ek_and_ak(void **state)
{
	static const enum tpm_ek_kind eks[] = {TPM_EK_RSA_2048, TPM_EK_ECC_P256, TPM_EK_ECC_P384};

	(void)state;
	/* An RSA AK takes long to make. */
	for (size_t i = 0; i <= COUNT(eks); i++) {
		DROP(made_release) struct made made = {0};
		DROP(tpm_quote_release) struct tpm_quote quote = {0};
		struct csr_proof proof;
		struct err err = {0};

		make(&node, eks[i % COUNT(eks)], i < COUNT(eks) ? TPM_AK_ECC_P256 : TPM_AK_RSA_2048, &made);
		key_signs(made.tpm, blob_span(&made.key), blob_span(&made.spki));
		proof = prove(&made, &quote);
		node_ok(csr_proof_check(&proof, &err), &err);
		/* EK and AK are as they were. */
		node_activates(&node, made.tpm);
		node_quote_verifies(&node, made.tpm);
		tpm_close(&made.tpm);
		swtpm_assert_empty(&node);
	}
}

static void a_proof_serves_only_what_it_was_made_for(void **state)
{
	static const uint8_t another[32] = {9};
	DROP(made_release) struct made made = {0};
	DROP(made_release) struct made second = {0};
	DROP(tpm_quote_release) struct tpm_quote quote = {0};
	struct csr_proof proof, p;
	struct tpm_key_parts parts;
	struct err err = {0};

	(void)state;
	make(&other, TPM_EK_ECC_P384, TPM_AK_ECC_P256, &second);
	make(&node, TPM_EK_ECC_P384, TPM_AK_ECC_P256, &made);
	proof = prove(&made, &quote);
	node_ok(csr_proof_check(&proof, &err), &err);
	p = proof;
	p.nonce = another;
	denied(&p, "certify: qualifying data");
	p = proof;
	p.nk = another;
	denied(&p, "certify: qualifying data");
	p = proof;
	p.node = another;
	denied(&p, "certify: qualifying data");
	p = proof;
	p.csr.len--;
	denied(&p, "certify: qualifying data");
	p = proof;
	p.ak_public = tpm_ak_public(second.tpm);
	denied(&p, "certify: signature");
	p = proof;
	p.ek_public = tpm_ek_public(second.tpm);
	denied(&p, "certify: qualified signer");
	p = proof;
	node_ok(tpm_key_parse(blob_span(&second.key), &parts, &err), &err);
	p.key_public = parts.area;
	denied(&p, "certify: name");
	p = proof;
	p.spki = blob_span(&second.spki);
	denied(&p, "not the certified key");
	p = proof;
	p.key_public = (struct span){0};
	denied(&p, "quote: attestation");
}

static void a_key_in_software_needs_a_quote_of_its_own_purpose(void **state)
{
	static const enum qualify_purpose purposes[] = {QUALIFY_ATTEST, QUALIFY_IDENTITY, QUALIFY_GOLDEN};
	DROP(made_release) struct made made = {0};
	DROP(tpm_quote_release) struct tpm_quote quote = {0};
	struct pcr_selection none = {0};
	struct pcr_selection some = {0};
	struct csr_proof proof = {.csr = csr, .nonce = nonce, .nk = nk, .node = id};
	uint8_t data[HASH_BYTES];
	struct err err = {0};

	(void)state;
	make(&node, TPM_EK_ECC_P384, TPM_AK_ECC_P256, &made);
	proof.ek_public = tpm_ek_public(made.tpm);
	proof.ak_public = tpm_ak_public(made.tpm);
	proof.spki = blob_span(&made.spki);
	for (size_t i = 0; i < COUNT(purposes); i++) {
		assert_ok(qualify(purposes[i], nonce, nk, id, data));
		node_ok(tpm_quote(made.tpm, &none, SPAN(data), &quote, &err), &err);
		proof.attest = blob_span(&quote.attest);
		proof.signature = blob_span(&quote.signature);
		denied(&proof, "quote: qualifying data");
	}
	assert_ok(csr_proof_data(csr, nonce, nk, id, data));
	assert_ok(pcr_selection_add(&some, TPM_ALG_SHA256, 0));
	node_ok(tpm_quote(made.tpm, &some, SPAN(data), &quote, &err), &err);
	proof.attest = blob_span(&quote.attest);
	proof.signature = blob_span(&quote.signature);
	denied(&proof, "quote: PCR selection");
	node_ok(tpm_quote(made.tpm, &none, SPAN(data), &quote, &err), &err);
	proof.attest = blob_span(&quote.attest);
	proof.signature = blob_span(&quote.signature);
	node_ok(csr_proof_check(&proof, &err), &err);
	/* … and it is no certification of a key. */
	proof.key_public = tpm_ak_public(made.tpm);
	denied(&proof, "certify: attestation");
}

static void the_attestation_key_is_no_identity(void **state)
{
	DROP(made_release) struct made made = {0};
	DROP(tpm_quote_release) struct tpm_quote quote = {0};
	struct csr_proof proof;

	(void)state;
	make(&node, TPM_EK_ECC_P384, TPM_AK_ECC_P256, &made);
	proof = prove(&made, &quote);
	/* The public area alone: the name does not fit. That a restricted key is refused even when it is
	 * certified is for the unit test of key_check. */
	proof.key_public = tpm_ak_public(made.tpm);
	denied(&proof, "certify: name");
}

static void a_key_survives_reboots_and_stays_in_its_tpm(void **state)
{
	DROP(made_release) struct made made = {0};
	DROP(blob_release) struct blob signature = {0};
	DROP(tpm_close) struct tpm *strange = NULL;
	DROP(blob_release) struct blob ak = {0};
	struct err err = {0};
	uint8_t digest[TPM_KEY_DIGEST_BYTES] = {7};

	(void)state;
	make(&node, TPM_EK_ECC_P256, TPM_AK_ECC_P256, &made);
	tpm_close(&made.tpm);
	swtpm_reboot(&node);
	made.tpm = node_open(&node, NULL);
	node_ok(tpm_ek_open(made.tpm, TPM_EK_ECC_P256, &err), &err);
	key_signs(made.tpm, blob_span(&made.key), blob_span(&made.spki));
	strange = node_open(&other, NULL);
	node_enrol(strange, TPM_EK_ECC_P256, TPM_AK_ECC_P256, &ak);
	assert_rc(tpm_key_sign(strange, blob_span(&made.key), digest, &signature, &err), RC_DENIED);
	node_quote_verifies(&other, strange);
}

static void an_altered_blob_is_refused(void **state)
{
	DROP(made_release) struct made made = {0};
	struct err err = {0};

	(void)state;
	make(&node, TPM_EK_ECC_P384, TPM_AK_ECC_P256, &made);
	for (size_t n = 0; n < made.key.len; n++) {
		struct tpm_key_parts parts;

		assert_rc_not_ok(tpm_key_parse(span_of(made.key.at, n), &parts, &err));
	}
	for (size_t bit = 0; bit < made.key.len * 8; bit += 307) {
		DROP(blob_release) struct blob signature = {0};
		uint8_t digest[TPM_KEY_DIGEST_BYTES] = {7};
		enum rc rc;

		made.key.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
		rc = tpm_key_sign(made.tpm, blob_span(&made.key), digest, &signature, &err);
		if (rc != RC_DENIED && rc != RC_MALFORMED && rc != RC_TPM)
			fail_msg("bit %zu: %s: %s", bit, rc_words(rc), err.text);
		assert_int_equal(signature.len, 0);
		made.key.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	key_signs(made.tpm, blob_span(&made.key), blob_span(&made.spki));
	tpm_close(&made.tpm);
	swtpm_assert_empty(&node);
}

static void an_owner_with_a_password_is_told_apart_from_a_strange_key(void **state)
{
	static const struct tpm_options right = {.owner_password = {(const uint8_t *)"secret", 6}};
	DROP(tpm_close) struct tpm *without = NULL;
	DROP(tpm_close) struct tpm *with = NULL;
	DROP(blob_release) struct blob key = {0};
	struct err err = {0};

	(void)state;
	swtpm_run(&other, "tpm2_changeauth -Q -c owner secret", NULL);
	without = node_open(&other, NULL);
	node_ok(tpm_ek_open(without, TPM_EK_ECC_P256, &err), &err);
	assert_rc(tpm_key_create(without, &key, &err), RC_UNSUPPORTED);
	assert_non_null(strstr(err.text, "another password"));
	tpm_close(&without);
	with = node_open(&other, &right);
	node_ok(tpm_ek_open(with, TPM_EK_ECC_P256, &err), &err);
	node_ok(tpm_key_create(with, &key, &err), &err);
	tpm_close(&with);
	swtpm_run(&other, "tpm2_changeauth -Q -c owner -p secret", NULL);
	swtpm_run(&other, "tpm2_hierarchycontrol -Q -C p shEnable clear", NULL);
	without = node_open(&other, NULL);
	node_ok(tpm_ek_open(without, TPM_EK_ECC_P256, &err), &err);
	assert_rc(tpm_key_create(without, &key, &err), RC_UNSUPPORTED);
	assert_non_null(strstr(err.text, "disabled"));
	tpm_close(&without);
	swtpm_reboot(&other);
}

static void a_key_can_be_kept_in_the_tpm(void **state)
{
	DROP(made_release) struct made made = {0};
	DROP(blob_release) struct blob next = {0};
	struct err err = {0};

	(void)state;
	make(&node, TPM_EK_ECC_P256, TPM_AK_ECC_P256, &made);
	assert_rc(tpm_key_keep(made.tpm, blob_span(&made.key), 0x81800000, &err), RC_LIMIT);
	assert_rc(tpm_key_keep(made.tpm, blob_span(&made.key), 0x80ffffff, &err), RC_LIMIT);
	/* The EK is there. */
	assert_rc(tpm_key_keep(made.tpm, blob_span(&made.key), 0x81010001, &err), RC_EXISTS);
	for (unsigned i = 0; i < 2; i++)
		node_ok(tpm_key_keep(made.tpm, blob_span(&made.key), HANDLE, &err), &err);
	swtpm_run(&node,
		"tpm2_readpublic -Q -c 0x81010004 -f pem -o kept.pem && echo hello >hello && tpm2_sign -Q -c 0x81010004 "
		"-g sha256 -f plain -o hello.sig hello && openssl dgst -sha256 -verify kept.pem -signature hello.sig hello",
		NULL);
	/* Another key of ours takes its place; the first one is not removed by it. */
	node_ok(tpm_key_create(made.tpm, &next, &err), &err);
	node_ok(tpm_key_keep(made.tpm, blob_span(&next), HANDLE, &err), &err);
	node_ok(tpm_key_forget(made.tpm, blob_span(&made.key), HANDLE, &err), &err);
	swtpm_run(&node, "tpm2_readpublic -Q -c 0x81010004 -f pem -o next.pem && ! cmp -s kept.pem next.pem",
		NULL);
	node_ok(tpm_key_forget(made.tpm, blob_span(&next), HANDLE, &err), &err);
	node_ok(tpm_key_forget(made.tpm, blob_span(&next), HANDLE, &err), &err);
	assert_false(swtpm_try(&node, "tpm2_readpublic -Q -c 0x81010004 2>/dev/null", NULL));
	node_quote_verifies(&node, made.tpm);
	tpm_close(&made.tpm);
	swtpm_assert_empty(&node);
}

static void without_an_ek_nothing_is_begun(void **state)
{
	DROP(tpm_close) struct tpm *tpm = node_open(&node, NULL);
	DROP(tpm_quote_release) struct tpm_quote quote = {0};
	DROP(blob_release) struct blob key = {0};
	struct err err = {0};

	(void)state;
	assert_rc(tpm_key_create(tpm, &key, &err), RC_DENIED);
	node_ok(tpm_ek_open(tpm, TPM_EK_ECC_P384, &err), &err);
	node_ok(tpm_key_create(tpm, &key, &err), &err);
	assert_rc(tpm_key_certify(tpm, blob_span(&key), csr, &quote, &err), RC_DENIED);
}

static int open_all(void **state)
{
	(void)state;
	scratch_open(&scratch);
	swtpm_new(&node, &scratch, "node");
	swtpm_new(&other, &scratch, "other");
	return 0;
}

static int close_all(void **state)
{
	(void)state;
	swtpm_release(&node);
	swtpm_release(&other);
	scratch_release(&scratch);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_is_made_certified_and_used_beside_every_ek_and_ak),
		cmocka_unit_test(a_proof_serves_only_what_it_was_made_for),
		cmocka_unit_test(a_key_in_software_needs_a_quote_of_its_own_purpose),
		cmocka_unit_test(the_attestation_key_is_no_identity),
		cmocka_unit_test(a_key_survives_reboots_and_stays_in_its_tpm),
		cmocka_unit_test(an_altered_blob_is_refused),
		cmocka_unit_test(an_owner_with_a_password_is_told_apart_from_a_strange_key),
		cmocka_unit_test(a_key_can_be_kept_in_the_tpm),
		cmocka_unit_test(without_an_ek_nothing_is_begun),
	};

	return cmocka_run_group_tests(tests, open_all, close_all);
}
