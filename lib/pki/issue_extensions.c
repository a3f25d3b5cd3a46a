/* Extensions of certificates: RFC 5280, 4.2. */
#include "lib/base/drop.h"
#include "lib/pki/issue_inside.h"
#include "lib/pki/name_der.h"
#include "lib/pki/oid.h"

static bool is_ca(const struct issue_order *order)
{
	return order->profile == ISSUE_ROOT || order->profile == ISSUE_INTERMEDIATE;
}

static void put_constraints(struct der *der, const struct issue_order *order)
{
	struct extension_begun begun = extension_begin(der, SPAN(oid_basic_constraints), true);
	size_t fields = der_begin(der, DER_SEQUENCE);

	if (is_ca(order))
		der_true(der);
	if (order->profile == ISSUE_INTERMEDIATE)
		der_number(der, DER_INTEGER, 0);
	der_end(der, fields);
	extension_end(der, begun);
}

static void put_key_usage(struct der *der, const struct issue_order *order, enum key_kind kind)
{
	struct extension_begun begun = extension_begin(der, SPAN(oid_key_usage), true);
	unsigned usage = CERT_DIGITAL_SIGNATURE;

	if (is_ca(order))
		usage = CERT_KEY_CERT_SIGN | CERT_CRL_SIGN;
	else if (order->profile == ISSUE_NODE && kind == KEY_RSA)
		usage |= CERT_KEY_ENCIPHERMENT;
	der_named_bits(der, usage);
	extension_end(der, begun);
}

static void put_ext_key_usage(struct der *der, const struct issue_order *order)
{
	static const struct {
		unsigned bit;
		struct span id;
	} purposes[] = {
		{ISSUE_CLIENT, SPAN(oid_kp_client)},
		{ISSUE_SERVER, SPAN(oid_kp_server)},
		{ISSUE_IPSEC_IKE, SPAN(oid_kp_ipsec_ike)},
	};
	struct extension_begun begun = extension_begin(der, SPAN(oid_ext_key_usage), false);
	size_t list = der_begin(der, DER_SEQUENCE);

	if (order->profile == ISSUE_RESPONDER)
		der_put(der, DER_OID, SPAN(oid_kp_ocsp));
	for (size_t i = 0; i < COUNT(purposes); i++)
		if ((order->ekus & purposes[i].bit) != 0)
			der_put(der, DER_OID, purposes[i].id);
	der_end(der, list);
	extension_end(der, begun);
}

static void put_key_id(struct der *der, struct span key_id)
{
	struct extension_begun begun = extension_begin(der, SPAN(oid_subject_key_id), false);

	der_put(der, DER_OCTET_STRING, key_id);
	extension_end(der, begun);
}

static void put_names(struct der *der, const struct issue_order *order)
{
	struct extension_begun begun = extension_begin(der, SPAN(oid_subject_alt_name), false);
	size_t list = der_begin(der, DER_SEQUENCE);

	for (size_t i = 0; i < order->names_count; i++)
		general_name_put(der, &order->names[i]);
	der_end(der, list);
	extension_end(der, begun);
}

static void put_permitted(struct der *der, const struct issue_order *order)
{
	static const uint8_t tags[] = {
		[SAN_DNS] = DER_CONTEXT(2), [SAN_IP] = DER_CONTEXT(7), [SAN_URI] = DER_CONTEXT(6)};
	struct extension_begun begun = extension_begin(der, SPAN(oid_name_constraints), true);
	size_t fields = der_begin(der, DER_SEQUENCE);
	size_t permitted = der_begin(der, DER_NESTED(0));

	for (size_t i = 0; i < order->permitted_count; i++) {
		const struct san *permit = &order->permitted[i];
		uint8_t octets[2 * SAN_IP_BYTES];
		struct span base = permit->text;
		size_t subtree = der_begin(der, DER_SEQUENCE);

		if (permit->kind == SAN_IP) {
			base.at = octets;
			if (!subtree_octets(permit->text, octets, &base.len))
				der->rc = RC_MALFORMED;
		}
		der_put(der, tags[permit->kind], base);
		der_end(der, subtree);
	}
	der_end(der, permitted);
	der_end(der, fields);
	extension_end(der, begun);
}

static void put_access(struct der *der, struct span method, const char *url)
{
	size_t description = der_begin(der, DER_SEQUENCE);

	der_put(der, DER_OID, method);
	der_put(der, DER_CONTEXT(6), span_text(url));
	der_end(der, description);
}

static void put_info_access(struct der *der, const struct issue_order *order)
{
	struct extension_begun begun = extension_begin(der, SPAN(oid_info_access), false);
	size_t list = der_begin(der, DER_SEQUENCE);

	if (order->ocsp_url != NULL)
		put_access(der, SPAN(oid_ad_ocsp), order->ocsp_url);
	if (order->issuer_url != NULL)
		put_access(der, SPAN(oid_ad_ca_issuers), order->issuer_url);
	der_end(der, list);
	extension_end(der, begun);
}

/* RFC 6960, 4.2.2.2.1: a client does not ask about the responder's own certificate; it lives for days. */
static void put_nocheck(struct der *der)
{
	struct extension_begun begun = extension_begin(der, SPAN(oid_ocsp_nocheck), false);

	der_null(der);
	extension_end(der, begun);
}

void issue_put_extensions(struct der *der, const struct issue_order *order, enum key_kind kind,
	struct span key_id, struct span issuer_key_id)
{
	put_constraints(der, order);
	put_key_usage(der, order, kind);
	if (!is_ca(order))
		put_ext_key_usage(der, order);
	put_key_id(der, key_id);
	extension_put_issuer_key(der, issuer_key_id);
	if (order->names_count != 0)
		put_names(der, order);
	if (order->permitted_count != 0)
		put_permitted(der, order);
	if (order->crl_url != NULL)
		extension_put_point(der, SPAN(oid_crl_points), order->crl_url);
	if (order->delta_url != NULL)
		extension_put_point(der, SPAN(oid_freshest_crl), order->delta_url);
	if (order->ocsp_url != NULL || order->issuer_url != NULL)
		put_info_access(der, order);
	if (order->profile == ISSUE_RESPONDER)
		put_nocheck(der);
}
