#include "lib/pki/ocsp.h"

#include <openssl/ocsp.h>
#include <openssl/x509.h>

#include "lib/base/drop.h"
#include "tests/support/small_ca.h"

struct rig {
	struct small_ca ca;
	struct ocsp_responder *responder;
	struct blob certificate;
};

static void rig_release(struct rig *rig)
{
	small_ca_release(&rig->ca);
	ocsp_responder_release(&rig->responder);
	blob_release(&rig->certificate);
}

/* A responder's certificate for this key, valid for seven days. */
static void certify(struct rig *rig, const struct private_key *key, enum issue_profile profile)
{
	DROP(blob_release) struct blob spki = {0};
	struct issue_order order = small_ca_order(&rig->ca, 1);

	assert_ok(public_key_to_der(private_key_public(key), &spki, NULL));
	order.profile = profile;
	order.common_name = "Responder";
	order.spki = blob_span(&spki);
	order.until_ms = SMALL_CA_NOW_MS + 7 * SMALL_CA_DAY_MS;
	if (profile == ISSUE_RESPONDER) {
		order.names_count = 0;
		order.ekus = 0;
	}
	blob_clear(&rig->certificate);
	assert_ok(issue(rig->ca.issuer, &order, &rig->certificate, NULL));
}

static void rig_open(struct rig *out)
{
	DROP(private_key_release) struct private_key *key = NULL;

	small_ca_open(KEY_P256, &out->ca);
	assert_ok(private_key_generate(KEY_P256, &key, NULL));
	certify(out, key, ISSUE_RESPONDER);
	assert_ok(ocsp_responder_open(
		blob_span(&out->ca.intermediate), blob_span(&out->certificate), &key, &out->responder, NULL));
	assert_null(key);
}

static const uint8_t serial[SERIAL_BYTES] = {0x41, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

static struct ocsp_answer answer_of(enum ocsp_status status)
{
	return (struct ocsp_answer){
		.serial = SPAN(serial),
		.hash = DIGEST_SHA1,
		.status = status,
		.reason = CRL_CERTIFICATE_HOLD,
		.revoked_ms = SMALL_CA_NOW_MS - 5000,
		.this_ms = SMALL_CA_NOW_MS,
		.next_ms = SMALL_CA_NOW_MS + 600000,
	};
}

static void every_status_is_read_back_and_verifies(void **state)
{
	DROP(rig_release) struct rig rig = {0};

	(void)state;
	rig_open(&rig);
	for (enum ocsp_status status = OCSP_GOOD; status <= OCSP_UNKNOWN; status++) {
		for (enum digest_alg hash = DIGEST_SHA1; hash <= DIGEST_SHA256; hash++) {
			DROP(blob_release) struct blob der = {0};
			struct ocsp_answer answer = answer_of(status);
			struct ocsp_response read;

			answer.hash = hash;
			assert_ok(ocsp_respond(rig.responder, &answer, &der, NULL));
			assert_ok(ocsp_response_read(blob_span(&der), &read));
			assert_int_equal(read.error, 0);
			assert_int_equal(read.status, status);
			assert_int_equal(read.id.hash, hash);
			assert_spans_equal(read.id.serial, SPAN(serial));
			assert_int_equal(read.this_ms, answer.this_ms);
			assert_int_equal(read.next_ms, answer.next_ms);
			assert_int_equal(read.reason, status == OCSP_REVOKED ? CRL_CERTIFICATE_HOLD : 0);
			assert_int_equal(read.revoked_ms, status == OCSP_REVOKED ? answer.revoked_ms : 0);
			assert_ok(ocsp_response_verify(
				&read, blob_span(&rig.ca.intermediate), SMALL_CA_NOW_MS, NULL));
		}
	}
}

static void every_truncation_and_flipped_bit_is_refused(void **state)
{
	DROP(rig_release) struct rig rig = {0};
	DROP(blob_release) struct blob der = {0};
	const struct ocsp_answer answer = answer_of(OCSP_REVOKED);
	struct ocsp_response read;

	(void)state;
	rig_open(&rig);
	assert_ok(ocsp_respond(rig.responder, &answer, &der, NULL));
	for (size_t n = 0; n < der.len; n++)
		assert_rc(ocsp_response_read(span_of(der.at, n), &read), RC_MALFORMED);
	for (size_t i = 0; i < der.len; i++) {
		der.at[i] ^= (uint8_t)(1u << i % 8);
		assert_false(ocsp_response_read(blob_span(&der), &read) == RC_OK &&
			     ocsp_response_verify(
				     &read, blob_span(&rig.ca.intermediate), SMALL_CA_NOW_MS, NULL) == RC_OK);
		der.at[i] ^= (uint8_t)(1u << i % 8);
	}
}

static void a_response_is_of_one_ca_and_one_week(void **state)
{
	DROP(rig_release) struct rig rig = {0};
	DROP(rig_release) struct rig other = {0};
	DROP(blob_release) struct blob der = {0};
	const struct ocsp_answer answer = answer_of(OCSP_GOOD);
	struct ocsp_response read;

	(void)state;
	rig_open(&rig);
	rig_open(&other);
	assert_ok(ocsp_respond(rig.responder, &answer, &der, NULL));
	assert_ok(ocsp_response_read(blob_span(&der), &read));
	assert_rc(ocsp_response_verify(&read, blob_span(&other.ca.intermediate), SMALL_CA_NOW_MS, NULL),
		RC_DENIED);
	assert_rc(ocsp_response_verify(&read, blob_span(&rig.ca.root), SMALL_CA_NOW_MS, NULL), RC_DENIED);
	assert_rc(ocsp_response_verify(&read, blob_span(&rig.ca.intermediate),
			  SMALL_CA_NOW_MS + 8 * SMALL_CA_DAY_MS, NULL),
		RC_DENIED);
}

static void who_is_no_responder_does_not_sign(void **state)
{
	DROP(rig_release) struct rig rig = {0};
	DROP(rig_release) struct rig other = {0};
	DROP(private_key_release) struct private_key *key = NULL;
	DROP(private_key_release) struct private_key *stranger = NULL;
	DROP(ocsp_responder_release) struct ocsp_responder *responder = NULL;
	struct span ca;

	(void)state;
	rig_open(&rig);
	rig_open(&other);
	ca = blob_span(&rig.ca.intermediate);
	assert_ok(private_key_generate(KEY_P256, &key, NULL));
	assert_ok(private_key_generate(KEY_P256, &stranger, NULL));
	certify(&rig, key, ISSUE_NODE);
	assert_rc(ocsp_responder_open(ca, blob_span(&rig.certificate), &key, &responder, NULL), RC_DENIED);
	certify(&rig, key, ISSUE_RESPONDER);
	assert_rc(
		ocsp_responder_open(ca, blob_span(&rig.certificate), &stranger, &responder, NULL), RC_DENIED);
	certify(&other, key, ISSUE_RESPONDER);
	assert_rc(ocsp_responder_open(ca, blob_span(&other.certificate), &key, &responder, NULL), RC_DENIED);
	assert_non_null(key);
	assert_null(responder);
}

static void an_answer_out_of_order_is_refused(void **state)
{
	DROP(rig_release) struct rig rig = {0};
	DROP(blob_release) struct blob der = {0};
	struct ocsp_answer answer;

	(void)state;
	rig_open(&rig);
#define REFUSED(change)                                                                                      \
	answer = answer_of(OCSP_REVOKED);                                                                    \
	change;                                                                                              \
	assert_rc(ocsp_respond(rig.responder, &answer, &der, NULL), RC_DENIED)
	REFUSED(answer.serial.len = 0);
	REFUSED(answer.hash = DIGEST_SHA384);
	REFUSED(answer.next_ms = answer.this_ms);
	REFUSED(answer.next_ms = SMALL_CA_NOW_MS + 8 * SMALL_CA_DAY_MS);
	REFUSED(answer.this_ms = SMALL_CA_NOW_MS - SMALL_CA_DAY_MS);
	REFUSED(answer.reason = CRL_REMOVE_FROM_CRL);
	REFUSED(answer.reason = (enum crl_reason)7);
#undef REFUSED
	assert_int_equal(der.len, 0);
}

/* What libcrypto asks about certificates of the small CA. */
static void ask(const struct small_ca *ca, const EVP_MD *hash, size_t count, bool nonce, struct blob *out)
{
	const uint8_t *at = ca->intermediate.at;
	X509 *issuer = d2i_X509(NULL, &at, (long)ca->intermediate.len);
	OCSP_REQUEST *request = OCSP_REQUEST_new();
	ASN1_INTEGER *number = ASN1_INTEGER_new();
	uint8_t *der = NULL;
	int len;

	for (size_t i = 0; i < count; i++) {
		assert_int_equal(ASN1_INTEGER_set_uint64(number, 1000 + i), 1);
		assert_non_null(
			OCSP_request_add0_id(request, OCSP_cert_id_new(hash, X509_get_subject_name(issuer),
							      X509_get0_pubkey_bitstr(issuer), number)));
	}
	if (nonce)
		assert_int_equal(OCSP_request_add1_nonce(request, NULL, -1), 1);
	len = i2d_OCSP_REQUEST(request, &der);
	assert_true(len > 0);
	assert_ok(blob_copy(out, span_of(der, (size_t)len)));
	OPENSSL_free(der);
	ASN1_INTEGER_free(number);
	OCSP_REQUEST_free(request);
	X509_free(issuer);
}

static void a_request_tells_whose_certificate(void **state)
{
	DROP(rig_release) struct rig rig = {0};
	DROP(small_ca_release) struct small_ca other = {0};
	const EVP_MD *const hashes[] = {EVP_sha1(), EVP_sha256()};
	struct ocsp_issuer issuer, stranger;

	(void)state;
	rig_open(&rig);
	small_ca_open(KEY_P256, &other);
	assert_ok(ocsp_issuer_of(blob_span(&rig.ca.intermediate), &issuer));
	assert_ok(ocsp_issuer_of(blob_span(&other.intermediate), &stranger));
	for (size_t i = 0; i < COUNT(hashes); i++) {
		DROP(blob_release) struct blob der = {0};
		struct ocsp_request request;

		ask(&rig.ca, hashes[i], 2, i == 1, &der);
		assert_ok(ocsp_request_parse(blob_span(&der), &request));
		assert_int_equal(request.count, 2);
		assert_int_equal(request.nonce, i == 1);
		assert_true(ocsp_id_is_of(&request.ids[0], &issuer));
		assert_false(ocsp_id_is_of(&request.ids[0], &stranger));
		assert_spans_equal(request.ids[1].serial, span_of("\x03\xe9", 2));
		for (size_t n = 0; n < der.len; n++)
			assert_rc(ocsp_request_parse(span_of(der.at, n), &request), RC_MALFORMED);
		assert_ok(blob_append(&der, span_text("x")));
		assert_rc(ocsp_request_parse(blob_span(&der), &request), RC_MALFORMED);
	}
}

static void another_hash_is_about_nobody_we_know(void **state)
{
	DROP(rig_release) struct rig rig = {0};
	DROP(blob_release) struct blob der = {0};
	struct ocsp_request request;
	struct ocsp_issuer issuer;

	(void)state;
	rig_open(&rig);
	assert_ok(ocsp_issuer_of(blob_span(&rig.ca.intermediate), &issuer));
	ask(&rig.ca, EVP_sha512(), 1, false, &der);
	assert_ok(ocsp_request_parse(blob_span(&der), &request));
	assert_int_equal(request.ids[0].hash, DIGEST_NONE);
	assert_false(ocsp_id_is_of(&request.ids[0], &issuer));
}

static void too_many_questions_are_refused(void **state)
{
	DROP(rig_release) struct rig rig = {0};
	DROP(blob_release) struct blob der = {0};
	static uint8_t bytes[OCSP_REQUEST_MAX + 1];
	struct ocsp_request request;

	(void)state;
	rig_open(&rig);
	ask(&rig.ca, EVP_sha1(), OCSP_IDS_MAX, false, &der);
	assert_ok(ocsp_request_parse(blob_span(&der), &request));
	ask(&rig.ca, EVP_sha1(), OCSP_IDS_MAX + 1, false, &der);
	assert_rc(ocsp_request_parse(blob_span(&der), &request), RC_LIMIT);
	assert_rc(ocsp_request_parse(SPAN(bytes), &request), RC_LIMIT);
}

static void errors_are_responses(void **state)
{
	uint8_t der[OCSP_ERROR_BYTES];
	struct ocsp_response read;

	(void)state;
	ocsp_error(OCSP_TRY_LATER, der);
	assert_ok(ocsp_response_read(SPAN(der), &read));
	assert_int_equal(read.error, OCSP_TRY_LATER);
	der[4] = 0; /* successful, without anything */
	assert_rc(ocsp_response_read(SPAN(der), &read), RC_MALFORMED);
	der[4] = 7;
	assert_rc(ocsp_response_read(SPAN(der), &read), RC_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_status_is_read_back_and_verifies),
		cmocka_unit_test(every_truncation_and_flipped_bit_is_refused),
		cmocka_unit_test(a_response_is_of_one_ca_and_one_week),
		cmocka_unit_test(who_is_no_responder_does_not_sign),
		cmocka_unit_test(an_answer_out_of_order_is_refused),
		cmocka_unit_test(a_request_tells_whose_certificate),
		cmocka_unit_test(another_hash_is_about_nobody_we_know),
		cmocka_unit_test(too_many_questions_are_refused),
		cmocka_unit_test(errors_are_responses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
