/* Requests and errors of OCSP, and which CA is meant. */
#include "lib/pki/ocsp.h"

#include "lib/base/drop.h"
#include "lib/pki/cert_facts.h"
#include "lib/pki/der_read.h"
#include "lib/pki/ocsp_inside.h"
#include "lib/pki/oid.h"

static enum digest_alg hash_of(struct span algorithm)
{
	struct span id, null;

	if (!der_take(&algorithm, DER_OID, &id))
		return DIGEST_NONE;
	/* Parameters are NULL, or left away. */
	if (algorithm.len != 0 && (!der_only(algorithm, DER_NULL, &null) || null.len != 0))
		return DIGEST_NONE;
	if (span_equal(id, SPAN(oid_sha1)))
		return DIGEST_SHA1;
	return span_equal(id, SPAN(oid_sha256)) ? DIGEST_SHA256 : DIGEST_NONE;
}

bool ocsp_id_take(struct span *rest, struct ocsp_id *out)
{
	struct span left = *rest;
	struct span fields, algorithm;
	struct ocsp_id id = {0};

	if (!der_take(&left, DER_SEQUENCE, &fields) || !der_take(&fields, DER_SEQUENCE, &algorithm) ||
		!der_take(&fields, DER_OCTET_STRING, &id.name_hash) ||
		!der_take(&fields, DER_OCTET_STRING, &id.key_hash) ||
		!der_take_magnitude(&fields, &id.serial) || fields.len != 0 ||
		id.serial.len > OCSP_SERIAL_MAX)
		return false;
	id.hash = hash_of(algorithm);
	if (id.name_hash.len != id.key_hash.len ||
		(id.hash != DIGEST_NONE && id.name_hash.len != digest_size(id.hash)))
		return false;
	*rest = left;
	*out = id;
	return true;
}

/* Extensions of a request, or of one question in it: we know the nonce, and need none. */
static enum rc read_extensions(struct span wrapped, struct ocsp_request *request)
{
	struct der_extension extension;
	struct span list;

	if (!der_only(wrapped, DER_SEQUENCE, &list))
		return RC_MALFORMED;
	while (list.len != 0) {
		if (!der_take_extension(&list, &extension))
			return RC_MALFORMED;
		if (span_equal(extension.id, SPAN(oid_ocsp_nonce)))
			request->nonce = true;
		else if (extension.critical)
			return RC_UNSUPPORTED;
	}
	return RC_OK;
}

static enum rc read_question(struct span *list, struct ocsp_request *request)
{
	struct span fields, wrapped;

	if (request->count == OCSP_IDS_MAX)
		return RC_LIMIT;
	if (!der_take(list, DER_SEQUENCE, &fields) || !ocsp_id_take(&fields, &request->ids[request->count]))
		return RC_MALFORMED;
	request->count++;
	if (fields.len == 0)
		return RC_OK;
	if (!der_take(&fields, DER_NESTED(0), &wrapped) || fields.len != 0)
		return RC_MALFORMED;
	return read_extensions(wrapped, request);
}

/* TBSRequest, RFC 6960, 4.1.1. */
static enum rc read_fields(struct span fields, struct ocsp_request *request)
{
	struct span wrapped, list;
	uint64_t version;

	if (der_is_next(fields, DER_NESTED(0))) {
		if (!der_take(&fields, DER_NESTED(0), &wrapped) ||
			!der_take_number(&wrapped, DER_INTEGER, &version) || wrapped.len != 0)
			return RC_MALFORMED;
		if (version != 0)
			return RC_UNSUPPORTED;
	}
	/* Who asks is nobody's business here. */
	if (der_is_next(fields, DER_NESTED(1)) && !der_take(&fields, DER_NESTED(1), &wrapped))
		return RC_MALFORMED;
	if (!der_take(&fields, DER_SEQUENCE, &list) || list.len == 0)
		return RC_MALFORMED;
	while (list.len != 0)
		TRY(read_question(&list, request));
	if (fields.len == 0)
		return RC_OK;
	if (!der_take(&fields, DER_NESTED(2), &wrapped) || fields.len != 0)
		return RC_MALFORMED;
	return read_extensions(wrapped, request);
}

enum rc ocsp_request_parse(struct span der, struct ocsp_request *out)
{
	struct ocsp_request request = {0};
	struct span content, fields, signature;

	if (der.len > OCSP_REQUEST_MAX)
		return RC_LIMIT;
	if (!der_only(der, DER_SEQUENCE, &content) || !der_take(&content, DER_SEQUENCE, &fields))
		return RC_MALFORMED;
	if (content.len != 0 && !der_only(content, DER_NESTED(0), &signature))
		return RC_MALFORMED;
	TRY(read_fields(fields, &request));
	*out = request;
	return RC_OK;
}

enum rc ocsp_issuer_of(struct span ca_certificate, struct ocsp_issuer *out)
{
	struct ocsp_issuer issuer;
	struct cert_facts facts;

	TRY(cert_facts_read(ca_certificate, &facts));
	TRY(digest_bytes(DIGEST_SHA1, facts.subject, issuer.sha1[0]));
	TRY(digest_bytes(DIGEST_SHA1, facts.key_bits, issuer.sha1[1]));
	TRY(digest_bytes(DIGEST_SHA256, facts.subject, issuer.sha256[0]));
	TRY(digest_bytes(DIGEST_SHA256, facts.key_bits, issuer.sha256[1]));
	*out = issuer;
	return RC_OK;
}

bool ocsp_id_is_of(const struct ocsp_id *id, const struct ocsp_issuer *issuer)
{
	if (id->hash == DIGEST_SHA1)
		return span_equal(id->name_hash, SPAN(issuer->sha1[0])) &&
		       span_equal(id->key_hash, SPAN(issuer->sha1[1]));
	return id->hash == DIGEST_SHA256 && span_equal(id->name_hash, SPAN(issuer->sha256[0])) &&
	       span_equal(id->key_hash, SPAN(issuer->sha256[1]));
}

void ocsp_error(enum ocsp_error error, uint8_t out[static OCSP_ERROR_BYTES])
{
	const uint8_t whole[OCSP_ERROR_BYTES] = {DER_SEQUENCE, 3, DER_ENUMERATED, 1, (uint8_t)error};

	memcpy(out, whole, sizeof whole);
}
