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
