#include "lib/crypto/aead.h"
#include "lib/crypto/hpke.h"
#include "lib/trust/share.h"
#include "tests/support/test.h"

static const uint8_t node[NODE_ID_BYTES] = {1, 2, 3};
static const uint8_t other_node[NODE_ID_BYTES] = {1, 2, 4};
static const struct share_for who = {node, 42};
static const struct secret32 v = {{9, 8, 7}};

static void assert_secrets_equal(const struct secret32 *a, const struct secret32 *b)
{
	assert_memory_equal(a->bytes, b->bytes, sizeof a->bytes);
}

static void two_shares_join_to_the_key_and_one_is_not_it(void **state)
{
	struct secret32 kb;
	struct secret32 u;
	struct secret32 first_v;
	struct secret32 joined;

	(void)state;
	assert_ok(share_split(&kb, &u, &first_v, NULL));
	share_join(&u, &first_v, &joined);
	assert_secrets_equal(&joined, &kb);
	assert_memory_not_equal(u.bytes, kb.bytes, sizeof kb.bytes);
	assert_memory_not_equal(first_v.bytes, kb.bytes, sizeof kb.bytes);
	assert_memory_not_equal(u.bytes, first_v.bytes, sizeof kb.bytes);
	/* In place, as the agent does it. */
	share_join(&u, &first_v, &u);
	assert_secrets_equal(&u, &kb);
}

static void every_split_has_a_fresh_key_and_fresh_shares(void **state)
{
	struct secret32 kb[2];
	struct secret32 u[2];
	struct secret32 fresh_v[2];

	(void)state;
	for (size_t i = 0; i < 2; i++)
		assert_ok(share_split(&kb[i], &u[i], &fresh_v[i], NULL));
	assert_memory_not_equal(&kb[0], &kb[1], sizeof kb[0]);
	assert_memory_not_equal(&u[0], &u[1], sizeof u[0]);
	assert_memory_not_equal(&fresh_v[0], &fresh_v[1], sizeof fresh_v[0]);
}

static void the_proof_is_of_this_key_and_this_node(void **state)
{
	struct secret32 kb = v;
	uint8_t proof[HASH_BYTES + 1] = {0};

	(void)state;
	assert_ok(share_proof(&kb, node, proof));
	assert_ok(share_check_proof(&kb, node, span_of(proof, HASH_BYTES), NULL));
	assert_rc(share_check_proof(&kb, other_node, span_of(proof, HASH_BYTES), NULL), RC_DENIED);
	for (size_t len = 0; len < HASH_BYTES; len++)
		assert_rc(share_check_proof(&kb, node, span_of(proof, len), NULL), RC_DENIED);
	assert_rc(share_check_proof(&kb, node, SPAN(proof), NULL), RC_DENIED);
	for (size_t bit = 0; bit < 8 * HASH_BYTES; bit++) {
		proof[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_rc(share_check_proof(&kb, node, span_of(proof, HASH_BYTES), NULL), RC_DENIED);
		proof[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	kb.bytes[0] ^= 1;
	assert_rc(share_check_proof(&kb, node, span_of(proof, HASH_BYTES), NULL), RC_DENIED);
}

static void assert_kept_as(
	const struct secret32 *key, struct share_for as, struct span sealed, enum rc expected)
{
	struct secret32 out = {{0x5a}};

	assert_rc(share_kept_v(key, as, sealed, &out, NULL), expected);
	assert_memory_equal(out.bytes, expected == RC_OK ? v.bytes : (const uint8_t[32]){0x5a}, 32);
}

static void a_kept_v_opens_for_its_node_number_and_key_only(void **state)
{
	const struct secret32 key = {{1}};
	const struct secret32 other_key = {{2}};
	DROP(blob_release) struct blob sealed = {0};

	(void)state;
	assert_ok(share_keep_v(&key, who, &v, &sealed, NULL));
	assert_int_equal(sealed.len, SEALED_V_BYTES);
	assert_kept_as(&key, who, blob_span(&sealed), RC_OK);
	assert_kept_as(&other_key, who, blob_span(&sealed), RC_DENIED);
	assert_kept_as(&key, (struct share_for){other_node, 42}, blob_span(&sealed), RC_DENIED);
	assert_kept_as(&key, (struct share_for){node, 41}, blob_span(&sealed), RC_DENIED);
	assert_kept_as(
		&key, (struct share_for){node, 42 + ((uint64_t)1 << 56)}, blob_span(&sealed), RC_DENIED);
	for (size_t bit = 0; bit < 8 * sealed.len; bit++) {
		sealed.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_kept_as(&key, who, blob_span(&sealed), RC_DENIED);
		sealed.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t len = 0; len < sealed.len; len++)
		assert_kept_as(&key, who, span_of(sealed.at, len), RC_MALFORMED);
	assert_ok(blob_resize(&sealed, sealed.len + 1));
	assert_kept_as(&key, who, blob_span(&sealed), RC_MALFORMED);
}

static void a_v_is_never_kept_twice_in_the_same_bytes(void **state)
{
	const struct secret32 key = {{1}};
	DROP(blob_release) struct blob once = {0};
	DROP(blob_release) struct blob again = {0};

	(void)state;
	assert_ok(share_keep_v(&key, who, &v, &once, NULL));
	assert_ok(share_keep_v(&key, who, &v, &again, NULL));
	assert_memory_not_equal(once.at, again.at, AEAD_NONCE_BYTES);
	/* The result replaces what was there. */
	assert_ok(share_keep_v(&key, who, &v, &once, NULL));
	assert_int_equal(once.len, SEALED_V_BYTES);
}

static void assert_received_as(
	const struct hpke_pair *nk, struct share_for as, struct span sealed, enum rc expected)
{
	struct secret32 out = {{0x5a}};

	assert_rc(share_receive_v(nk->secret, as, sealed, &out, NULL), expected);
	assert_memory_equal(out.bytes, expected == RC_OK ? v.bytes : (const uint8_t[32]){0x5a}, 32);
}

static void a_sent_v_opens_for_its_nk_node_and_number_only(void **state)
{
	DROP(hpke_pair_release) struct hpke_pair nk = {0};
	DROP(hpke_pair_release) struct hpke_pair other_nk = {0};
	DROP(blob_release) struct blob sealed = {0};

	(void)state;
	assert_ok(hpke_generate(&nk, NULL));
	assert_ok(hpke_generate(&other_nk, NULL));
	assert_ok(share_send_v(nk.public, who, &v, &sealed, NULL));
	assert_int_equal(sealed.len, SEALED_SECRET_BYTES);
	assert_received_as(&nk, who, blob_span(&sealed), RC_OK);
	assert_received_as(&other_nk, who, blob_span(&sealed), RC_DENIED);
	assert_received_as(&nk, (struct share_for){other_node, 42}, blob_span(&sealed), RC_DENIED);
	assert_received_as(&nk, (struct share_for){node, 43}, blob_span(&sealed), RC_DENIED);
	for (size_t at = 0; at < sealed.len; at++) {
		sealed.at[at] ^= 1;
		assert_received_as(&nk, who, blob_span(&sealed), RC_DENIED);
		sealed.at[at] ^= 1;
	}
	for (size_t len = 0; len < sealed.len; len++)
		assert_received_as(
			&nk, who, span_of(sealed.at, len), len < HPKE_OVERHEAD ? RC_MALFORMED : RC_DENIED);
}

/* Sealed rightly, by somebody who knows the purpose, but not 32 bytes. */
static void a_sent_v_of_another_length_is_refused(void **state)
{
	uint8_t aad[NODE_ID_BYTES + 8] = {1, 2, 3};
	DROP(hpke_pair_release) struct hpke_pair nk = {0};

	(void)state;
	aad[sizeof aad - 1] = 42;
	assert_ok(hpke_generate(&nk, NULL));
	for (size_t len = 31; len <= 33; len++) {
		uint8_t plain[33] = {9, 8, 7};
		DROP(blob_release) struct blob sealed = {0};

		assert_ok(hpke_seal(nk.public, span_text("limebus share v v1"), SPAN(aad),
			span_of(plain, len), &sealed, NULL));
		assert_received_as(&nk, who, blob_span(&sealed), len == 32 ? RC_OK : RC_MALFORMED);
	}
}

static void a_v_is_not_sent_to_a_key_of_low_order(void **state)
{
	static const uint8_t zero[CURVE_KEY_BYTES];
	DROP(blob_release) struct blob sealed = {0};

	(void)state;
	assert_rc(share_send_v(zero, who, &v, &sealed, NULL), RC_DENIED);
	assert_int_equal(sealed.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_shares_join_to_the_key_and_one_is_not_it),
		cmocka_unit_test(every_split_has_a_fresh_key_and_fresh_shares),
		cmocka_unit_test(the_proof_is_of_this_key_and_this_node),
		cmocka_unit_test(a_kept_v_opens_for_its_node_number_and_key_only),
		cmocka_unit_test(a_v_is_never_kept_twice_in_the_same_bytes),
		cmocka_unit_test(a_sent_v_opens_for_its_nk_node_and_number_only),
		cmocka_unit_test(a_sent_v_of_another_length_is_refused),
		cmocka_unit_test(a_v_is_not_sent_to_a_key_of_low_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
