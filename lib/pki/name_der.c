#include "lib/pki/name_der.h"

#include "lib/pki/oid.h"

void name_put(struct der *der, const char *common_name)
{
	size_t name = der_begin(der, DER_SEQUENCE);

	if (common_name != NULL) {
		size_t set = der_begin(der, DER_SET);
		size_t pair = der_begin(der, DER_SEQUENCE);

		der_put(der, DER_OID, SPAN(oid_common_name));
		der_put(der, DER_UTF8_STRING, span_text(common_name));
		der_end(der, pair);
		der_end(der, set);
	}
	der_end(der, name);
}

void general_name_put(struct der *der, const struct san *name)
{
	uint8_t octets[SAN_IP_BYTES];
	size_t len = 0;

	switch (name->kind) {
	case SAN_DNS: der_put(der, DER_CONTEXT(2), name->text); break;
	case SAN_URI: der_put(der, DER_CONTEXT(6), name->text); break;
	case SAN_IP:
		if (san_ip(name->text, octets, &len) != RC_OK)
			der->rc = RC_MALFORMED;
		der_put(der, DER_CONTEXT(7), span_of(octets, len));
		break;
	}
}

struct extension_begun extension_begin(struct der *der, struct span id, bool critical)
{
	struct extension_begun begun;

	begun.extension = der_begin(der, DER_SEQUENCE);
	der_put(der, DER_OID, id);
	if (critical)
		der_true(der);
	begun.value = der_begin(der, DER_OCTET_STRING);
	return begun;
}

void extension_end(struct der *der, struct extension_begun begun)
{
	der_end(der, begun.value);
	der_end(der, begun.extension);
}

void extension_put_issuer_key(struct der *der, struct span key_id)
{
	struct extension_begun begun = extension_begin(der, SPAN(oid_authority_key_id), false);
	size_t fields = der_begin(der, DER_SEQUENCE);

	der_put(der, DER_CONTEXT(0), key_id);
	der_end(der, fields);
	extension_end(der, begun);
}

void extension_put_point(struct der *der, struct span id, const char *url)
{
	struct extension_begun begun = extension_begin(der, id, false);
	size_t points = der_begin(der, DER_SEQUENCE);
	size_t point = der_begin(der, DER_SEQUENCE);
	/* distributionPoint [0], a CHOICE and so EXPLICIT: fullName [0] */
	size_t name = der_begin(der, DER_NESTED(0));
	size_t full = der_begin(der, DER_NESTED(0));

	der_put(der, DER_CONTEXT(6), span_text(url));
	der_end(der, full);
	der_end(der, name);
	der_end(der, point);
	der_end(der, points);
	extension_end(der, begun);
}
