/* U in its envelope, opened with a TPM played in software. */
#include <openssl/evp.h>

#include "lib/base/hex.h"
#include "lib/crypto/aead.h"
#include "lib/crypto/hpke.h"
#include "lib/crypto/kdf.h"
#include "lib/trust/share.h"
#include "tests/support/test.h"

static const uint8_t node[NODE_ID_BYTES] = {1, 2, 3};
static const uint8_t other_node[NODE_ID_BYTES] = {1, 2, 4};
static const struct share_for who = {node, 42};
static const struct secret32 u = {{6, 6, 6}};
static const uint8_t ak_name[34] = {0x00, 0x0b, 7};

/* An EK whose private key is 1: its public point is the generator of P-256, and what both sides agree on is
 * the ephemeral point itself, so that the test needs no private-key operation. */
static uint8_t ek_x[32];
static uint8_t ek_y[32];

static struct credential_ek make_ek(void)
{
	assert_ok(hex_decode(span_text("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"),
		ek_x, sizeof ek_x));
	assert_ok(hex_decode(span_text("4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"),
		ek_y, sizeof ek_y));
	return (struct credential_ek){
		.key = {.kind = KEY_P256, .x = SPAN(ek_x), .y = SPAN(ek_y)},
		.name_alg = DIGEST_SHA256,
		.symmetric_bits = 128,
	};
}

/* What TPM2_ActivateCredential does for this EK (TPM 2.0 Part 1, 24), without the integrity: id_object is
 * size ‖ size ‖ hmac(32) ‖ encrypted(size ‖ secret), encrypted_secret is size ‖ size ‖ x ‖ size ‖ y. */
static void activate(const struct share_envelope *envelope, uint8_t out[static 32])
{
	static const uint8_t iv[16];
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	uint8_t seed[32];
	uint8_t key[16];
	uint8_t identity[34];
	int len = 0;

	assert_int_equal(envelope->secret.len, 2 + 2 + 32 + 2 + 32);
	assert_int_equal(envelope->id_object.len, 2 + 2 + 32 + sizeof identity);
	assert_ok(kdf_e(DIGEST_SHA256, span_of(envelope->secret.at + 4, 32), "IDENTITY",
		span_of(envelope->secret.at + 4, 32), SPAN(ek_x), seed, sizeof seed));
	assert_ok(kdf_a(
		DIGEST_SHA256, SPAN(seed), "STORAGE", SPAN(ak_name), (struct span){0}, key, sizeof key));
	assert_int_equal(EVP_DecryptInit_ex(context, EVP_aes_128_cfb128(), NULL, key, iv), 1);
	assert_int_equal(
		EVP_DecryptUpdate(context, identity, &len, envelope->id_object.at + 36, sizeof identity), 1);
	EVP_CIPHER_CTX_free(context);
	assert_int_equal(identity[1], 32);
	memcpy(out, identity + 2, 32);
}

/* An envelope as the tenant sends it, and what the node's TPM and the agent's run have to open it. */
struct sent {
	struct hpke_pair nk;
	struct share_envelope envelope;
	uint8_t secret[32];
};

static void sent_release(struct sent *sent)
{
	hpke_pair_release(&sent->nk);
	share_envelope_release(&sent->envelope);
}

static void send_u(struct sent *out)
{
	struct credential_ek ek = make_ek();

	assert_ok(hpke_generate(&out->nk, NULL));
	assert_ok(share_send_u(out->nk.public, &ek, SPAN(ak_name), who, &u, &out->envelope, NULL));
	activate(&out->envelope, out->secret);
}

static void assert_received(const struct sent *sent, struct share_for as, enum rc expected)
{
	struct secret32 out = {{0x5a}};

	assert_rc(share_receive_u(sent->nk.secret, as, blob_span(&sent->envelope.nk_part), SPAN(sent->secret),
			  blob_span(&sent->envelope.boxed_u), &out, NULL),
		expected);
	assert_memory_equal(out.bytes, expected == RC_OK ? u.bytes : (const uint8_t[32]){0x5a}, 32);
}

static void u_arrives_at_its_tpm_and_run(void **state)
{
	DROP(sent_release) struct sent sent = {0};

	(void)state;
	send_u(&sent);
	assert_int_equal(sent.envelope.nk_part.len, SEALED_SECRET_BYTES);
	assert_int_equal(sent.envelope.boxed_u.len, BOXED_SHARE_BYTES);
	assert_received(&sent, who, RC_OK);
}

static void another_node_or_number_is_refused(void **state)
{
	DROP(sent_release) struct sent sent = {0};

	(void)state;
	send_u(&sent);
	assert_received(&sent, (struct share_for){other_node, 42}, RC_DENIED);
	assert_received(&sent, (struct share_for){node, 41}, RC_DENIED);
	assert_received(&sent, (struct share_for){node, 42 + ((uint64_t)1 << 63)}, RC_DENIED);
}

static void another_run_of_the_agent_opens_nothing(void **state)
{
	DROP(sent_release) struct sent sent = {0};

	(void)state;
	send_u(&sent);
	assert_ok(hpke_generate(&sent.nk, NULL));
	assert_received(&sent, who, RC_DENIED);
}

static void another_tpm_opens_nothing(void **state)
{
	DROP(sent_release) struct sent sent = {0};

	(void)state;
	send_u(&sent);
	for (size_t bit = 0; bit < 8 * sizeof sent.secret; bit++) {
		sent.secret[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_received(&sent, who, RC_DENIED);
		sent.secret[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void an_altered_part_is_refused(void **state)
{
	DROP(sent_release) struct sent sent = {0};
	struct blob *parts[] = {&sent.envelope.nk_part, &sent.envelope.boxed_u};

	(void)state;
	send_u(&sent);
	for (size_t i = 0; i < COUNT(parts); i++) {
		for (size_t at = 0; at < parts[i]->len; at++) {
			parts[i]->at[at] ^= 0x10;
			assert_received(&sent, who, RC_DENIED);
			parts[i]->at[at] ^= 0x10;
		}
	}
	assert_received(&sent, who, RC_OK);
}

static void parts_of_two_envelopes_do_not_mix(void **state)
{
	DROP(sent_release) struct sent sent = {0};
	DROP(share_envelope_release) struct share_envelope again = {0};
	struct credential_ek ek = make_ek();

	(void)state;
	send_u(&sent);
	assert_ok(share_send_u(sent.nk.public, &ek, SPAN(ak_name), who, &u, &again, NULL));
	assert_memory_not_equal(again.boxed_u.at, sent.envelope.boxed_u.at, BOXED_SHARE_BYTES);
	blob_release(&sent.envelope.boxed_u);
	sent.envelope.boxed_u = TAKE(again.boxed_u);
	assert_received(&sent, who, RC_DENIED);
}

static void a_part_of_another_length_is_refused(void **state)
{
	DROP(sent_release) struct sent sent = {0};
	struct span nk_part;
	struct span boxed;
	uint8_t longer[33] = {0};
	struct secret32 out;

	(void)state;
	send_u(&sent);
	nk_part = blob_span(&sent.envelope.nk_part);
	boxed = blob_span(&sent.envelope.boxed_u);
	memcpy(longer, sent.secret, sizeof sent.secret);
	for (size_t len = 0; len <= sizeof longer; len++)
		if (len != 32)
			assert_rc(share_receive_u(sent.nk.secret, who, nk_part, span_of(longer, len), boxed,
					  &out, NULL),
				RC_MALFORMED);
	for (size_t len = 0; len < nk_part.len; len++)
		assert_rc(share_receive_u(sent.nk.secret, who, span_of(nk_part.at, len), SPAN(sent.secret),
				  boxed, &out, NULL),
			RC_MALFORMED);
	for (size_t len = 0; len < boxed.len; len++)
		assert_rc(share_receive_u(sent.nk.secret, who, nk_part, SPAN(sent.secret),
				  span_of(boxed.at, len), &out, NULL),
			len < AEAD_TAG_BYTES ? RC_MALFORMED : RC_DENIED);
}

static void the_key_of_the_box_is_what_the_protocol_says(void **state)
{
	static const uint8_t zero_nonce[AEAD_NONCE_BYTES];
	uint8_t info[13 + NODE_ID_BYTES + 8] = "limebus u v1";
	struct span aad = span_of(info + 13, NODE_ID_BYTES + 8);
	DROP(sent_release) struct sent sent = {0};
	DROP(blob_release) struct blob to_nk = {0};
	DROP(blob_release) struct blob opened = {0};
	uint8_t key[32];

	(void)state;
	send_u(&sent);
	memcpy(info + 13, node, NODE_ID_BYTES);
	info[sizeof info - 1] = 42;
	assert_ok(hpke_open(sent.nk.secret, span_text("limebus share u v1"), aad,
		blob_span(&sent.envelope.nk_part), &to_nk, NULL));
	assert_ok(blob_append(&to_nk, SPAN(sent.secret)));
	assert_ok(hkdf(DIGEST_SHA256, (struct span){0}, blob_span(&to_nk), SPAN(info), key, sizeof key));
	assert_ok(aead_open(key, zero_nonce, aad, blob_span(&sent.envelope.boxed_u), &opened, NULL));
	assert_spans_equal(blob_span(&opened), SPAN(u.bytes));
}

static void a_failed_send_leaves_the_envelope_alone(void **state)
{
	static const uint8_t zero[CURVE_KEY_BYTES];
	struct credential_ek ek = make_ek();
	DROP(sent_release) struct sent sent = {0};

	(void)state;
	send_u(&sent);
	assert_rc(share_send_u(zero, &ek, SPAN(ak_name), who, &u, &sent.envelope, NULL), RC_DENIED);
	assert_rc(share_send_u(sent.nk.public, &ek, (struct span){0}, who, &u, &sent.envelope, NULL),
		RC_MALFORMED);
	assert_received(&sent, who, RC_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(u_arrives_at_its_tpm_and_run),
		cmocka_unit_test(another_node_or_number_is_refused),
		cmocka_unit_test(another_run_of_the_agent_opens_nothing),
		cmocka_unit_test(another_tpm_opens_nothing),
		cmocka_unit_test(an_altered_part_is_refused),
		cmocka_unit_test(parts_of_two_envelopes_do_not_mix),
		cmocka_unit_test(a_part_of_another_length_is_refused),
		cmocka_unit_test(the_key_of_the_box_is_what_the_protocol_says),
		cmocka_unit_test(a_failed_send_leaves_the_envelope_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
