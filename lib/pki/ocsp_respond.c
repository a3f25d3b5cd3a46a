/* Responses of OCSP, signed by a delegated responder. */
#include <stdlib.h>

#include "lib/base/drop.h"
#include "lib/pki/issue_inside.h"
#include "lib/pki/ocsp.h"
#include "lib/pki/oid.h"
#include "lib/pki/signed_der.h"
#include "lib/pki/spki.h"

struct ocsp_responder {
	struct private_key *key;
	struct blob certificate;
	uint64_t from_ms, until_ms;
	uint8_t key_id[DIGEST_SHA1_BYTES]; /* ResponderID byKey */
	struct ocsp_issuer ca;
};

void ocsp_responder_release(struct ocsp_responder **responder)
{
	if (*responder != NULL) {
		private_key_release(&(*responder)->key);
		blob_release(&(*responder)->certificate);
	}
	free(*responder);
	*responder = NULL;
}

uint64_t ocsp_responder_until_ms(const struct ocsp_responder *responder)
{
	return responder->until_ms;
}

static enum rc check(struct span ca_certificate, const struct cert_facts *own, const struct private_key *key,
	struct err *err)
{
	DROP(public_key_release) struct public_key *ca_key = NULL;
	const struct signed_der parts = {own->to_be_signed, own->signature_algorithm, own->signature};
	struct cert_facts ca;

	if (cert_facts_read(ca_certificate, &ca) != RC_OK)
		return err_set(err, RC_MALFORMED, "responder: the CA's certificate cannot be read");
	if (!cert_facts_is_for(own, SPAN(oid_kp_ocsp)) || (own->key_usage & CERT_DIGITAL_SIGNATURE) == 0)
		return err_set(err, RC_DENIED, "responder: its certificate is not for signing responses");
	TRY(spki_read(ca.spki, &ca_key, err));
	if (!span_equal(own->issuer, ca.subject) || signed_der_verify(&parts, ca_key, NULL) != RC_OK)
		return err_set(err, RC_DENIED, "responder: its certificate is not the CA's");
	return facts_match_key(own, key, err);
}

enum rc ocsp_responder_open(struct span ca_certificate, struct span certificate, struct private_key **key,
	struct ocsp_responder **out, struct err *err)
{
	DROP(ocsp_responder_release) struct ocsp_responder *responder = NULL;
	struct cert_facts facts;

	if (certificate.len > ISSUER_DER_MAX || cert_facts_read(certificate, &facts) != RC_OK)
		return err_set(err, RC_MALFORMED, "responder: its certificate cannot be read");
	TRY(check(ca_certificate, &facts, *key, err));
	responder = calloc(1, sizeof *responder);
	if (responder == NULL || blob_copy(&responder->certificate, certificate) != RC_OK)
		return err_set(err, RC_NOMEM, "responder: out of memory");
	if (key_id_of(facts.key_bits, responder->key_id) != RC_OK ||
		ocsp_issuer_of(ca_certificate, &responder->ca) != RC_OK)
		return err_set(err, RC_CRYPTO, "responder: hashing failed");
	responder->from_ms = facts.from_ms;
	responder->until_ms = facts.until_ms;
	responder->key = TAKE(*key);
	ocsp_responder_release(out);
	*out = TAKE(responder);
	return RC_OK;
}

static enum rc check_answer(
	const struct ocsp_responder *responder, const struct ocsp_answer *answer, struct err *err)
{
	if (answer->serial.len == 0 || answer->serial.len > OCSP_SERIAL_MAX ||
		(answer->hash != DIGEST_SHA1 && answer->hash != DIGEST_SHA256))
		return err_set(err, RC_DENIED, "response: no serial number, or another hash");
	if (answer->this_ms / 1000 >= answer->next_ms / 1000 || answer->next_ms > DER_TIME_MAX_MS)
		return err_set(err, RC_DENIED, "response: it ends before it begins, or after 9999");
	if (answer->this_ms < responder->from_ms || answer->next_ms > responder->until_ms + 999)
		return err_set(err, RC_DENIED, "response: it would outlive its responder's certificate");
	if (answer->status == OCSP_REVOKED &&
		(answer->reason == CRL_REMOVE_FROM_CRL || crl_reason_word(answer->reason) == NULL ||
			answer->revoked_ms > DER_TIME_MAX_MS))
		return err_set(err, RC_DENIED, "response: a reason or time of revocation that is none");
	return RC_OK;
}

/* AlgorithmIdentifier with NULL, as requests have it. */
static void put_id(struct der *der, const struct ocsp_issuer *ca, const struct ocsp_answer *answer)
{
	bool old = answer->hash == DIGEST_SHA1;
	size_t id = der_begin(der, DER_SEQUENCE);
	size_t algorithm = der_begin(der, DER_SEQUENCE);

	der_put(der, DER_OID, old ? SPAN(oid_sha1) : SPAN(oid_sha256));
	der_null(der);
	der_end(der, algorithm);
	for (size_t i = 0; i < 2; i++)
		der_put(der, DER_OCTET_STRING, old ? SPAN(ca->sha1[i]) : SPAN(ca->sha256[i]));
	der_magnitude(der, answer->serial);
	der_end(der, id);
}

/* CertStatus: good [0] and unknown [2] are NULL, revoked [1] is RevokedInfo. */
static void put_status(struct der *der, const struct ocsp_answer *answer)
{
	size_t revoked, reason;

	switch (answer->status) {
	case OCSP_GOOD: der_put(der, DER_CONTEXT(0), (struct span){0}); break;
	case OCSP_UNKNOWN: der_put(der, DER_CONTEXT(2), (struct span){0}); break;
	case OCSP_REVOKED:
		revoked = der_begin(der, DER_NESTED(1));
		der_generalized_time(der, answer->revoked_ms);
		if (answer->reason != CRL_UNSPECIFIED) {
			reason = der_begin(der, DER_NESTED(0));
			der_number(der, DER_ENUMERATED, answer->reason);
			der_end(der, reason);
		}
		der_end(der, revoked);
		break;
	}
}

static void put_single(struct der *der, const struct ocsp_issuer *ca, const struct ocsp_answer *answer)
{
	size_t single = der_begin(der, DER_SEQUENCE);
	size_t next;

	put_id(der, ca, answer);
	put_status(der, answer);
	der_generalized_time(der, answer->this_ms);
	next = der_begin(der, DER_NESTED(0));
	der_generalized_time(der, answer->next_ms);
	der_end(der, next);
	der_end(der, single);
}

/* ResponseData, RFC 6960, 4.2.1. */
static enum rc write_data(const struct ocsp_responder *responder, const struct ocsp_answer *answer,
	struct blob *out, struct err *err)
{
	struct der der = {.out = out};
	size_t data = der_begin(&der, DER_SEQUENCE);
	size_t by_key = der_begin(&der, DER_NESTED(2));
	size_t list;

	der_put(&der, DER_OCTET_STRING, SPAN(responder->key_id));
	der_end(&der, by_key);
	der_generalized_time(&der, answer->this_ms);
	list = der_begin(&der, DER_SEQUENCE);
	put_single(&der, &responder->ca, answer);
	der_end(&der, list);
	der_end(&der, data);
	return der.rc == RC_OK ? RC_OK : err_set(err, der.rc, "writing a response");
}

/* OCSPResponse around BasicOCSPResponse. */
static enum rc write_response(
	struct ocsp_responder *responder, struct span data, struct blob *out, struct err *err)
{
	struct der der = {.out = out};
	size_t response = der_begin(&der, DER_SEQUENCE);
	size_t wrapped, bytes, type, basic, certificates, list;

	der_number(&der, DER_ENUMERATED, 0); /* successful */
	wrapped = der_begin(&der, DER_NESTED(0));
	bytes = der_begin(&der, DER_SEQUENCE);
	der_put(&der, DER_OID, SPAN(oid_ocsp_basic));
	type = der_begin(&der, DER_OCTET_STRING);
	basic = der_begin(&der, DER_SEQUENCE);
	TRY(signed_der_append(responder->key, data, out, err));
	certificates = der_begin(&der, DER_NESTED(0));
	list = der_begin(&der, DER_SEQUENCE);
	der_raw(&der, blob_span(&responder->certificate));
	der_end(&der, list);
	der_end(&der, certificates);
	der_end(&der, basic);
	der_end(&der, type);
	der_end(&der, bytes);
	der_end(&der, wrapped);
	der_end(&der, response);
	return der.rc == RC_OK ? RC_OK : err_set(err, der.rc, "writing a response");
}

enum rc ocsp_respond(
	struct ocsp_responder *responder, const struct ocsp_answer *answer, struct blob *out, struct err *err)
{
	DROP(blob_release) struct blob data = {0};
	DROP(blob_release) struct blob response = {0};

	TRY(check_answer(responder, answer, err));
	TRY(blob_reserve(&response, 1024));
	TRY(blob_reserve(&data, 256));
	TRY(write_data(responder, answer, &data, err));
	TRY(write_response(responder, blob_span(&data), &response, err));
	if (blob_append(out, blob_span(&response)) != RC_OK)
		return err_set(err, RC_NOMEM, "writing a response");
	return RC_OK;
}
