/* Who may have signed a response: the CA, or a responder that it certified for that (RFC 6960, 4.2.2.2). */
#include <stdlib.h>

#include "lib/pki/cert_facts.h"
#include "lib/pki/ocsp.h"
#include "lib/pki/oid.h"
#include "lib/pki/signed_der.h"
#include "lib/pki/spki.h"

struct ocsp_verifier {
	struct blob certificate; /* of the CA; facts borrow from it */
	struct cert_facts ca;
	struct ocsp_issuer issuer;
	struct public_key *ca_key;
	/* The responder's certificate that was found good last, but for its dates. */
	struct blob responder;
	uint64_t from_ms, until_ms;
	struct public_key *responder_key;
};

static enum rc open_inside(struct ocsp_verifier *verifier, struct span certificate, struct err *err)
{
	TRY(blob_append(&verifier->certificate, certificate));
	if (cert_facts_read(blob_span(&verifier->certificate), &verifier->ca) != RC_OK ||
		ocsp_issuer_of(certificate, &verifier->issuer) != RC_OK)
		return err_set(err, RC_MALFORMED, "the CA's certificate cannot be read");
	return spki_read(verifier->ca.spki, &verifier->ca_key, err);
}

enum rc ocsp_verifier_open(struct span ca_certificate, struct ocsp_verifier **out, struct err *err)
{
	DROP(ocsp_verifier_close) struct ocsp_verifier *verifier = calloc(1, sizeof *verifier);

	if (verifier == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	TRY(open_inside(verifier, ca_certificate, err));
	*out = TAKE(verifier);
	return RC_OK;
}

void ocsp_verifier_close(struct ocsp_verifier **verifier)
{
	struct ocsp_verifier *v = *verifier;

	if (v == NULL)
		return;
	blob_release(&v->certificate);
	blob_release(&v->responder);
	public_key_release(&v->ca_key);
	public_key_release(&v->responder_key);
	free(v);
	*verifier = NULL;
}

static enum rc learn(struct ocsp_verifier *verifier, struct span certificate, struct err *err)
{
	DROP(public_key_release) struct public_key *key = NULL;
	struct signed_der parts;
	struct cert_facts own;

	if (cert_facts_read(certificate, &own) != RC_OK)
		return err_set(err, RC_DENIED, "response: its responder's certificate cannot be read");
	parts = (struct signed_der){own.to_be_signed, own.signature_algorithm, own.signature};
	if (!span_equal(own.issuer, verifier->ca.subject) ||
		signed_der_verify(&parts, verifier->ca_key, NULL) != RC_OK)
		return err_set(err, RC_DENIED, "response: its responder's certificate is not the CA's");
	if (!cert_facts_is_for(&own, SPAN(oid_kp_ocsp)))
		return err_set(err, RC_DENIED, "response: signed by one that may not sign responses");
	TRY(spki_read(own.spki, &key, err));
	/* Emptied first: half of one and half of another is neither. */
	blob_clear(&verifier->responder);
	public_key_release(&verifier->responder_key);
	TRY(blob_append(&verifier->responder, certificate));
	verifier->responder_key = TAKE(key);
	verifier->from_ms = own.from_ms;
	verifier->until_ms = own.until_ms;
	return RC_OK;
}

/* The key that may have signed: a delegated responder's, if its certificate came along, else the CA's. */
static enum rc signer_of(struct ocsp_verifier *verifier, const struct ocsp_response *response,
	uint64_t wall_ms, struct public_key **out, struct err *err)
{
	if (response->certificate.len == 0) {
		*out = verifier->ca_key;
		return RC_OK;
	}
	if (!span_equal(response->certificate, blob_span(&verifier->responder)))
		TRY(learn(verifier, response->certificate, err));
	if (wall_ms < verifier->from_ms || wall_ms > verifier->until_ms)
		return err_set(err, RC_DENIED, "response: its responder's certificate is not valid now");
	*out = verifier->responder_key;
	return RC_OK;
}

enum rc ocsp_verifier_check(struct ocsp_verifier *verifier, const struct ocsp_response *response,
	uint64_t wall_ms, struct err *err)
{
	const struct signed_der parts = {
		response->to_be_signed, response->signature_algorithm, response->signature};
	struct public_key *key = NULL;

	if (response->error != 0 || !ocsp_id_is_of(&response->id, &verifier->issuer))
		return err_set(err, RC_DENIED, "response: it says nothing about this CA's certificates");
	TRY(signer_of(verifier, response, wall_ms, &key, err));
	if (signed_der_verify(&parts, key, NULL) != RC_OK)
		return err_set(err, RC_DENIED, "response: its signature does not hold");
	return RC_OK;
}

enum rc ocsp_response_verify(
	const struct ocsp_response *response, struct span ca_certificate, uint64_t wall_ms, struct err *err)
{
	DROP(ocsp_verifier_close) struct ocsp_verifier *verifier = NULL;
	enum rc rc = ocsp_verifier_open(ca_certificate, &verifier, err);

	if (rc == RC_MALFORMED || rc == RC_UNSUPPORTED)
		return err_set(err, RC_DENIED, "response: the CA's certificate cannot be read");
	TRY(rc);
	return ocsp_verifier_check(verifier, response, wall_ms, err);
}
