#include "lib/pki/spki.h"

#include "lib/base/drop.h"
#include "lib/pki/der_read.h"

#define UNCOMPRESSED 4

/* id-ecPublicKey with secp256r1 or secp384r1; rsaEncryption. */
static const uint8_t id_curve[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1};
static const uint8_t id_rsa[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1};
static const uint8_t p256[] = {DER_OID, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
static const uint8_t p384[] = {DER_OID, 5, 0x2b, 0x81, 4, 0, 34};

struct span spki_curve(enum key_kind kind)
{
	return kind == KEY_P256 ? SPAN(p256) : kind == KEY_P384 ? SPAN(p384) : (struct span){0};
}

static enum rc read_curve(struct span parameters, struct span point, struct key_parts *out, struct err *err)
{
	size_t field;

	if (span_equal(parameters, SPAN(p256)))
		out->kind = KEY_P256;
	else if (span_equal(parameters, SPAN(p384)))
		out->kind = KEY_P384;
	else
		return err_set(err, RC_UNSUPPORTED, "public key: a curve other than P-256 or P-384");
	field = key_field_bytes(out->kind);
	if (point.len != 0 && point.at[0] != UNCOMPRESSED)
		return err_set(err, RC_UNSUPPORTED, "public key: not an uncompressed point");
	if (point.len != 1 + 2 * field)
		return err_set(err, RC_MALFORMED, "public key: a point of %zu bytes", point.len);
	out->x = span_of(point.at + 1, field);
	out->y = span_of(point.at + 1 + field, field);
	return RC_OK;
}

static enum rc read_rsa(struct span parameters, struct span key, struct key_parts *out, struct err *err)
{
	struct span fields, null;
	uint64_t exponent = 0;

	if (!der_only(parameters, DER_NULL, &null) || null.len != 0 ||
		!der_only(key, DER_SEQUENCE, &fields) || !der_take_magnitude(&fields, &out->n))
		return err_set(err, RC_MALFORMED, "public key: not an RSA key in DER");
	if (!der_take_number(&fields, DER_INTEGER, &exponent) || exponent != KEY_RSA_EXPONENT)
		return err_set(err, RC_UNSUPPORTED, "RSA key: exponent other than %d", KEY_RSA_EXPONENT);
	if (fields.len != 0)
		return err_set(err, RC_MALFORMED, "public key: not an RSA key in DER");
	out->kind = KEY_RSA;
	out->exponent = KEY_RSA_EXPONENT;
	return RC_OK;
}

enum rc spki_read(struct span der, struct public_key **out, struct err *err)
{
	struct key_parts parts = {.kind = KEY_NONE};
	struct span fields, algorithm, id, key;

	if (!der_only(der, DER_SEQUENCE, &fields) || !der_take(&fields, DER_SEQUENCE, &algorithm) ||
		!der_take(&algorithm, DER_OID, &id) || !der_take_bit_string(&fields, &key) || fields.len != 0)
		return err_set(err, RC_MALFORMED, "public key: not one SubjectPublicKeyInfo in DER");
	if (span_equal(id, SPAN(id_curve)))
		TRY(read_curve(algorithm, key, &parts, err));
	else if (span_equal(id, SPAN(id_rsa)))
		TRY(read_rsa(algorithm, key, &parts, err));
	else
		return err_set(err, RC_UNSUPPORTED, "public key: neither RSA nor a known curve");
	return public_key_of_parts(&parts, out, err);
}

static void put_rsa_key(struct der *der, const struct key_parts *parts)
{
	static const uint8_t none_unused[1];
	size_t bits = der_begin(der, DER_BIT_STRING);
	size_t fields;

	der_raw(der, SPAN(none_unused));
	fields = der_begin(der, DER_SEQUENCE);
	der_magnitude(der, parts->n);
	der_number(der, DER_INTEGER, parts->exponent);
	der_end(der, fields);
	der_end(der, bits);
}

static void put_point(struct der *der, const struct key_parts *parts)
{
	static const uint8_t head[] = {0, UNCOMPRESSED}; /* no unused bits */
	size_t bits = der_begin(der, DER_BIT_STRING);

	der_raw(der, SPAN(head));
	der_raw(der, parts->x);
	der_raw(der, parts->y);
	der_end(der, bits);
}

void spki_put(struct der *der, const struct public_key *key)
{
	const struct key_parts parts = public_key_parts(key);
	size_t info = der_begin(der, DER_SEQUENCE);
	size_t algorithm = der_begin(der, DER_SEQUENCE);

	if (parts.kind == KEY_RSA) {
		der_put(der, DER_OID, SPAN(id_rsa));
		der_null(der);
	} else {
		der_put(der, DER_OID, SPAN(id_curve));
		der_raw(der, spki_curve(parts.kind));
	}
	der_end(der, algorithm);
	if (parts.kind == KEY_RSA)
		put_rsa_key(der, &parts);
	else
		put_point(der, &parts);
	der_end(der, info);
}
