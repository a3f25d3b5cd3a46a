/* Lists of revoked certificates, read. */
#include "lib/base/drop.h"
#include "lib/pki/cert_facts.h"
#include "lib/pki/crl.h"
#include "lib/pki/der_read.h"
#include "lib/pki/oid.h"
#include "lib/pki/signed_der.h"
#include "lib/pki/spki.h"

static bool is(const struct der_extension *extension, struct span id)
{
	return span_equal(extension->id, id);
}

/* Extensions of an entry: the reason counts; another critical one changes what the entry means. */
static enum rc read_reason(struct span list, enum crl_reason *out)
{
	struct der_extension extension;
	uint64_t reason = CRL_UNSPECIFIED;
	bool seen = false;

	while (list.len != 0) {
		if (!der_take_extension(&list, &extension))
			return RC_MALFORMED;
		if (is(&extension, SPAN(oid_crl_reason))) {
			if (seen || !der_take_number(&extension.value, DER_ENUMERATED, &reason) ||
				extension.value.len != 0 || reason > CRL_AA_COMPROMISE ||
				crl_reason_word((enum crl_reason)reason) == NULL)
				return RC_MALFORMED;
			seen = true;
		} else if (extension.critical || is(&extension, SPAN(oid_certificate_issuer))) {
			return RC_UNSUPPORTED;
		}
	}
	*out = (enum crl_reason)reason;
	return RC_OK;
}

static enum rc read_entry(struct span *rest, struct crl_line *out)
{
	struct span fields, list;
	struct crl_line line = {.reason = CRL_UNSPECIFIED};

	if (!der_take(rest, DER_SEQUENCE, &fields) || !der_take_magnitude(&fields, &line.serial) ||
		line.serial.len > CERT_SERIAL_MAX || !der_take_time(&fields, &line.time_ms))
		return RC_MALFORMED;
	if (fields.len != 0) {
		if (!der_only(fields, DER_SEQUENCE, &list))
			return RC_MALFORMED;
		TRY(read_reason(list, &line.reason));
	}
	*out = line;
	return RC_OK;
}

bool crl_next(struct span *rest, struct crl_line *out)
{
	return rest->len != 0 && read_entry(rest, out) == RC_OK;
}

static enum rc read_entries(struct crl *crl)
{
	struct span rest = crl->entries;
	struct crl_line line;

	while (rest.len != 0) {
		TRY(read_entry(&rest, &line));
		if (++crl->count > CRL_ENTRIES_MAX)
			return RC_LIMIT;
	}
	return RC_OK;
}

/* A number of 20 octets is allowed (RFC 5280, 5.2.3); ours has 8 at most. */
static enum rc read_number(struct span value, uint64_t *out)
{
	struct span magnitude;

	if (*out != 0)
		return RC_MALFORMED;
	if (der_take_number(&value, DER_INTEGER, out))
		return value.len == 0 ? RC_OK : RC_MALFORMED;
	return der_take_magnitude(&value, &magnitude) ? RC_UNSUPPORTED : RC_MALFORMED;
}

static enum rc read_key_id(struct span value, struct span *out)
{
	struct span fields;

	if (out->at != NULL || !der_only(value, DER_SEQUENCE, &fields))
		return RC_MALFORMED;
	if (der_is_next(fields, DER_CONTEXT(0)) && !der_take(&fields, DER_CONTEXT(0), out))
		return RC_MALFORMED;
	return RC_OK;
}

static enum rc read_extensions(struct span list, struct crl *crl)
{
	struct der_extension extension;

	while (list.len != 0) {
		if (!der_take_extension(&list, &extension))
			return RC_MALFORMED;
		if (is(&extension, SPAN(oid_crl_number)))
			TRY(read_number(extension.value, &crl->number));
		else if (is(&extension, SPAN(oid_delta_crl)))
			TRY(read_number(extension.value, &crl->base));
		else if (is(&extension, SPAN(oid_authority_key_id)))
			TRY(read_key_id(extension.value, &crl->key_id));
		else if (extension.critical)
			return RC_UNSUPPORTED;
	}
	return crl->number != 0 ? RC_OK : RC_UNSUPPORTED;
}

static enum rc read_fields(struct span fields, struct crl *crl)
{
	struct span algorithm, wrapped, list;
	uint64_t version;

	if (!der_is_next(fields, DER_INTEGER)) /* version 1 has none */
		return RC_UNSUPPORTED;
	if (!der_take_number(&fields, DER_INTEGER, &version) || version != 1 ||
		!der_take_whole(&fields, DER_SEQUENCE, &algorithm) ||
		!span_equal(algorithm, crl->signature_algorithm) ||
		!der_take_whole(&fields, DER_SEQUENCE, &crl->issuer) ||
		!der_take_time(&fields, &crl->this_ms))
		return RC_MALFORMED;
	if (!der_is_next(fields, DER_UTC_TIME) && !der_is_next(fields, DER_GENERALIZED_TIME))
		return RC_UNSUPPORTED;
	if (!der_take_time(&fields, &crl->next_ms))
		return RC_MALFORMED;
	if (der_is_next(fields, DER_SEQUENCE) &&
		(!der_take(&fields, DER_SEQUENCE, &crl->entries) || crl->entries.len == 0))
		return RC_MALFORMED;
	if (fields.len == 0)
		return RC_UNSUPPORTED;
	if (!der_take(&fields, DER_NESTED(0), &wrapped) || fields.len != 0 ||
		!der_only(wrapped, DER_SEQUENCE, &list))
		return RC_MALFORMED;
	return read_extensions(list, crl);
}

enum rc crl_read(struct span der, struct crl *out)
{
	struct crl crl = {0};
	struct signed_der parts;
	struct span fields;

	if (der.len > CRL_DER_MAX)
		return RC_LIMIT;
	if (!signed_der_only(der, &parts) || !der_only(parts.to_be_signed, DER_SEQUENCE, &fields))
		return RC_MALFORMED;
	crl.to_be_signed = parts.to_be_signed;
	crl.signature_algorithm = parts.algorithm;
	crl.signature = parts.signature;
	TRY(read_fields(fields, &crl));
	TRY(read_entries(&crl));
	*out = crl;
	return RC_OK;
}

enum rc crl_verify(const struct crl *crl, struct span certificate, struct err *err)
{
	DROP(public_key_release) struct public_key *key = NULL;
	const struct signed_der parts = {crl->to_be_signed, crl->signature_algorithm, crl->signature};
	struct cert_facts facts;

	if (cert_facts_read(certificate, &facts) != RC_OK)
		return err_set(err, RC_DENIED, "list: its issuer's certificate cannot be read");
	if (!facts.ca || (facts.key_usage & CERT_CRL_SIGN) == 0 || !span_equal(facts.subject, crl->issuer))
		return err_set(err, RC_DENIED, "list: it is not this CA's");
	TRY(spki_read(facts.spki, &key, err));
	if (signed_der_verify(&parts, key, NULL) != RC_OK)
		return err_set(err, RC_DENIED, "list: its signature does not hold");
	return RC_OK;
}
