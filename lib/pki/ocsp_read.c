/* Responses of OCSP, read and verified. */
#include "lib/base/drop.h"
#include "lib/pki/cert_facts.h"
#include "lib/pki/der_read.h"
#include "lib/pki/ocsp_inside.h"
#include "lib/pki/oid.h"
#include "lib/pki/signed_der.h"
#include "lib/pki/spki.h"

static bool take_generalized_time(struct span *rest, uint64_t *out)
{
	return der_is_next(*rest, DER_GENERALIZED_TIME) && der_take_time(rest, out);
}

static bool read_revoked(struct span fields, struct ocsp_response *out)
{
	struct span wrapped;
	uint64_t reason = CRL_UNSPECIFIED;

	if (!take_generalized_time(&fields, &out->revoked_ms))
		return false;
	if (fields.len != 0 &&
		(!der_only(fields, DER_NESTED(0), &wrapped) ||
			!der_take_number(&wrapped, DER_ENUMERATED, &reason) || wrapped.len != 0 ||
			reason > CRL_AA_COMPROMISE || crl_reason_word((enum crl_reason)reason) == NULL))
		return false;
	out->reason = (enum crl_reason)reason;
	return true;
}

static bool read_status(struct span *rest, struct ocsp_response *out)
{
	struct der_item item;

	if (!der_next(rest, &item))
		return false;
	switch (item.tag) {
	case DER_CONTEXT(0): out->status = OCSP_GOOD; return item.content.len == 0;
	case DER_CONTEXT(2): out->status = OCSP_UNKNOWN; return item.content.len == 0;
	case DER_NESTED(1): out->status = OCSP_REVOKED; return read_revoked(item.content, out);
	default: return false;
	}
}

/* SingleResponse; extensions of it are not read. */
static enum rc read_single(struct span fields, struct ocsp_response *out)
{
	struct span wrapped;

	if (!ocsp_id_take(&fields, &out->id) || !read_status(&fields, out) ||
		!take_generalized_time(&fields, &out->this_ms))
		return RC_MALFORMED;
	if (!der_is_next(fields, DER_NESTED(0)))
		return RC_UNSUPPORTED;
	if (!der_take(&fields, DER_NESTED(0), &wrapped) || !take_generalized_time(&wrapped, &out->next_ms) ||
		wrapped.len != 0)
		return RC_MALFORMED;
	return RC_OK;
}

static enum rc read_data(struct span fields, struct ocsp_response *out)
{
	struct span list, single;
	struct der_item responder;

	/* ResponderID is byName [1] or byKey [2]; the version, [0], is the default, and so not there. */
	if (!der_next(&fields, &responder) ||
		(responder.tag != DER_NESTED(1) && responder.tag != DER_NESTED(2)) ||
		!take_generalized_time(&fields, &out->produced_ms) ||
		!der_take(&fields, DER_SEQUENCE, &list) || !der_take(&list, DER_SEQUENCE, &single))
		return RC_MALFORMED;
	if (list.len != 0)
		return RC_UNSUPPORTED;
	return read_single(single, out);
}

static enum rc read_basic(struct span basic, struct ocsp_response *out)
{
	struct span content, data, wrapped, list;
	struct signed_der parts;

	if (!der_only(basic, DER_SEQUENCE, &content) || !signed_der_take(&content, &parts) ||
		!der_only(parts.to_be_signed, DER_SEQUENCE, &data))
		return RC_MALFORMED;
	out->to_be_signed = parts.to_be_signed;
	out->signature_algorithm = parts.algorithm;
	out->signature = parts.signature;
	if (content.len != 0 &&
		(!der_only(content, DER_NESTED(0), &wrapped) || !der_only(wrapped, DER_SEQUENCE, &list) ||
			!der_take_whole(&list, DER_SEQUENCE, &out->certificate)))
		return RC_MALFORMED;
	return read_data(data, out);
}

enum rc ocsp_response_read(struct span der, struct ocsp_response *out)
{
	struct ocsp_response response = {0};
	struct span content, wrapped, bytes, type, basic;
	uint64_t status;

	if (der.len > OCSP_RESPONSE_MAX)
		return RC_LIMIT;
	if (!der_only(der, DER_SEQUENCE, &content) || !der_take_number(&content, DER_ENUMERATED, &status) ||
		status > OCSP_UNAUTHORIZED || (status == 0) != (content.len != 0))
		return RC_MALFORMED;
	response.error = (unsigned)status;
	if (status == 0) {
		if (!der_only(content, DER_NESTED(0), &wrapped) || !der_only(wrapped, DER_SEQUENCE, &bytes) ||
			!der_take(&bytes, DER_OID, &type) || !der_only(bytes, DER_OCTET_STRING, &basic))
			return RC_MALFORMED;
		if (!span_equal(type, SPAN(oid_ocsp_basic)))
			return RC_UNSUPPORTED;
		TRY(read_basic(basic, &response));
	}
	*out = response;
	return RC_OK;
}

/* The key that may have signed: a delegated responder's, if its certificate came along, else the CA's. */
static enum rc signer_of(const struct ocsp_response *response, const struct cert_facts *ca, uint64_t wall_ms,
	struct public_key **out, struct err *err)
{
	DROP(public_key_release) struct public_key *ca_key = NULL;
	struct cert_facts own;
	struct signed_der parts;

	TRY(spki_read(ca->spki, &ca_key, err));
	if (response->certificate.len == 0) {
		*out = TAKE(ca_key);
		return RC_OK;
	}
	if (cert_facts_read(response->certificate, &own) != RC_OK)
		return err_set(err, RC_DENIED, "response: its responder's certificate cannot be read");
	parts = (struct signed_der){own.to_be_signed, own.signature_algorithm, own.signature};
	if (!span_equal(own.issuer, ca->subject) || signed_der_verify(&parts, ca_key, NULL) != RC_OK)
		return err_set(err, RC_DENIED, "response: its responder's certificate is not the CA's");
	if (!cert_facts_is_for(&own, SPAN(oid_kp_ocsp)))
		return err_set(err, RC_DENIED, "response: signed by one that may not sign responses");
	if (wall_ms < own.from_ms || wall_ms > own.until_ms)
		return err_set(err, RC_DENIED, "response: its responder's certificate is not valid now");
	return spki_read(own.spki, out, err);
}

enum rc ocsp_response_verify(
	const struct ocsp_response *response, struct span ca_certificate, uint64_t wall_ms, struct err *err)
{
	DROP(public_key_release) struct public_key *key = NULL;
	const struct signed_der parts = {
		response->to_be_signed, response->signature_algorithm, response->signature};
	struct ocsp_issuer issuer;
	struct cert_facts ca;

	if (cert_facts_read(ca_certificate, &ca) != RC_OK || ocsp_issuer_of(ca_certificate, &issuer) != RC_OK)
		return err_set(err, RC_DENIED, "response: the CA's certificate cannot be read");
	if (response->error != 0 || !ocsp_id_is_of(&response->id, &issuer))
		return err_set(err, RC_DENIED, "response: it says nothing about this CA's certificates");
	TRY(signer_of(response, &ca, wall_ms, &key, err));
	if (signed_der_verify(&parts, key, NULL) != RC_OK)
		return err_set(err, RC_DENIED, "response: its signature does not hold");
	return RC_OK;
}
