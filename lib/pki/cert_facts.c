#include "lib/pki/cert_facts.h"

#include "lib/base/drop.h"
#include "lib/pki/der_read.h"
#include "lib/pki/oid.h"
#include "lib/pki/signed_der.h"

#define NO_KEY_USAGE (~0u)

static bool read_key_id(struct span value, struct cert_facts *facts)
{
	return der_only(value, DER_OCTET_STRING, &facts->key_id);
}

/* keyIdentifier [0] is optional, and so is what follows it. */
static bool read_issuer_key_id(struct span value, struct cert_facts *facts)
{
	struct span fields;

	if (!der_only(value, DER_SEQUENCE, &fields))
		return false;
	if (der_is_next(fields, DER_CONTEXT(0)))
		return der_take(&fields, DER_CONTEXT(0), &facts->issuer_key_id);
	return true;
}

static bool read_constraints(struct span value, struct cert_facts *facts)
{
	struct span fields;
	uint64_t path;

	if (!der_only(value, DER_SEQUENCE, &fields))
		return false;
	facts->ca = der_take_true(&fields);
	return (fields.len == 0 || der_take_number(&fields, DER_INTEGER, &path)) && fields.len == 0;
}

/* Named bits: zeros at the end are left away, so the count of unused bits varies. */
static bool read_key_usage(struct span value, struct cert_facts *facts)
{
	struct span bits;
	unsigned usage = 0;

	if (!der_only(value, DER_BIT_STRING, &bits) || bits.len == 0 || bits.len > 3 || bits.at[0] > 7)
		return false;
	for (unsigned n = 0; n < 8 * (bits.len - 1); n++)
		if ((bits.at[1 + n / 8] & 0x80u >> n % 8) != 0)
			usage |= 1u << n;
	facts->key_usage = usage;
	return true;
}

static bool read_ext_key_usage(struct span value, struct cert_facts *facts)
{
	return der_only(value, DER_SEQUENCE, &facts->ext_key_usage) && facts->ext_key_usage.len != 0;
}

static bool read_names(struct span value, struct cert_facts *facts)
{
	struct der_item item;
	struct span names;
	size_t count = 0;

	if (!der_only(value, DER_SEQUENCE, &names))
		return false;
	facts->names = names;
	while (names.len != 0)
		if (!der_next(&names, &item) || ++count > CERT_FACTS_NAMES_MAX)
			return false;
	return true;
}

static const struct {
	struct span id;
	bool (*read)(struct span value, struct cert_facts *facts);
} extensions[] = {
	{SPAN(oid_subject_key_id), read_key_id},
	{SPAN(oid_authority_key_id), read_issuer_key_id},
	{SPAN(oid_basic_constraints), read_constraints},
	{SPAN(oid_key_usage), read_key_usage},
	{SPAN(oid_ext_key_usage), read_ext_key_usage},
	{SPAN(oid_subject_alt_name), read_names},
};

/* RFC 5280, 4.2: an extension comes once at most. */
static bool read_extensions(struct span list, struct cert_facts *facts)
{
	struct der_extension extension;
	unsigned seen = 0;

	while (list.len != 0) {
		if (!der_take_extension(&list, &extension))
			return false;
		for (unsigned i = 0; i < COUNT(extensions); i++) {
			if (!span_equal(extensions[i].id, extension.id))
				continue;
			if ((seen & 1u << i) != 0 || !extensions[i].read(extension.value, facts))
				return false;
			seen |= 1u << i;
		}
	}
	return true;
}

static bool read_common_name(struct span subject, struct span *out)
{
	struct span sets, set, pair, id;
	struct der_item value;

	if (!der_only(subject, DER_SEQUENCE, &sets))
		return false;
	while (sets.len != 0) {
		if (!der_take(&sets, DER_SET, &set))
			return false;
		while (set.len != 0) {
			if (!der_take(&set, DER_SEQUENCE, &pair) || !der_take(&pair, DER_OID, &id) ||
				!der_next(&pair, &value) || pair.len != 0)
				return false;
			if (span_equal(id, SPAN(oid_common_name)))
				*out = value.content;
		}
	}
	return true;
}

static bool read_key_bits(struct span spki, struct span *out)
{
	struct span fields, algorithm;

	return der_only(spki, DER_SEQUENCE, &fields) && der_take(&fields, DER_SEQUENCE, &algorithm) &&
	       der_take_bit_string(&fields, out) && fields.len == 0;
}

/* Version 3 (RFC 5280, 4.1.2.1), up to and with the key. */
static bool read_fixed(struct span *fields, struct cert_facts *facts)
{
	struct span version, algorithm, validity;
	uint64_t number;

	return der_take(fields, DER_NESTED(0), &version) && der_take_number(&version, DER_INTEGER, &number) &&
	       number == 2 && version.len == 0 && der_take_magnitude(fields, &facts->serial) &&
	       facts->serial.len <= CERT_SERIAL_MAX && der_take_whole(fields, DER_SEQUENCE, &algorithm) &&
	       span_equal(algorithm, facts->signature_algorithm) &&
	       der_take_whole(fields, DER_SEQUENCE, &facts->issuer) &&
	       der_take(fields, DER_SEQUENCE, &validity) && der_take_time(&validity, &facts->from_ms) &&
	       der_take_time(&validity, &facts->until_ms) && validity.len == 0 &&
	       der_take_whole(fields, DER_SEQUENCE, &facts->subject) &&
	       read_common_name(facts->subject, &facts->common_name) &&
	       der_take_whole(fields, DER_SEQUENCE, &facts->spki) &&
	       read_key_bits(facts->spki, &facts->key_bits);
}

/* issuerUniqueID and subjectUniqueID are not read: RFC 5280, 4.1.2.8, forbids them. */
static bool read_rest(struct span fields, struct cert_facts *facts)
{
	struct span wrapped;

	facts->key_usage = NO_KEY_USAGE;
	if (fields.len == 0)
		return true;
	return der_take(&fields, DER_NESTED(3), &wrapped) && fields.len == 0 &&
	       der_only(wrapped, DER_SEQUENCE, &facts->extensions) &&
	       read_extensions(facts->extensions, facts);
}

enum rc cert_facts_read(struct span der, struct cert_facts *out)
{
	struct cert_facts facts = {0};
	struct signed_der parts;
	struct span fields;

	if (der.len > CERT_FACTS_DER_MAX)
		return RC_LIMIT;
	if (!signed_der_only(der, &parts) || !der_only(parts.to_be_signed, DER_SEQUENCE, &fields))
		return RC_MALFORMED;
	facts.to_be_signed = parts.to_be_signed;
	facts.signature_algorithm = parts.algorithm;
	facts.signature = parts.signature;
	if (!read_fixed(&fields, &facts) || !read_rest(fields, &facts))
		return RC_MALFORMED;
	*out = facts;
	return RC_OK;
}

bool cert_facts_next_name(struct span *rest, struct san *out)
{
	struct der_item item;

	while (rest->len != 0 && der_next(rest, &item)) {
		out->text = item.content;
		switch (item.tag) {
		case DER_CONTEXT(2): out->kind = SAN_DNS; return true;
		case DER_CONTEXT(6): out->kind = SAN_URI; return true;
		case DER_CONTEXT(7): out->kind = SAN_IP; return true;
		default: break;
		}
	}
	return false;
}

bool cert_facts_is_for(const struct cert_facts *facts, struct span usage)
{
	struct span rest = facts->ext_key_usage;
	struct span id;

	while (rest.len != 0 && der_take(&rest, DER_OID, &id))
		if (span_equal(id, usage))
			return true;
	return false;
}
