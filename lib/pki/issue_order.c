/* What an order may hold. */
#include <strings.h>

#include "lib/base/drop.h"
#include "lib/pki/issue_inside.h"

#define EKUS_ALL (ISSUE_CLIENT | ISSUE_SERVER | ISSUE_IPSEC_IKE)

bool url_holds(const char *url)
{
	struct span text = span_text(url);

	if (text.len > ISSUE_URL_MAX || !san_holds((struct san){SAN_URI, text}))
		return false;
	return strncasecmp(url, "http://", 7) == 0 ? text.len > 7
	                                           : strncasecmp(url, "https://", 8) == 0 && text.len > 8;
}

/* Decimal, one to three digits. */
static bool prefix_of(struct span text, size_t max, size_t *out)
{
	size_t number = 0;

	if (text.len == 0 || text.len > 3)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] < '0' || text.at[i] > '9')
			return false;
		number = 10 * number + (size_t)(text.at[i] - '0');
	}
	*out = number;
	return number <= max;
}

bool subtree_octets(struct span text, uint8_t out[static 2 * SAN_IP_BYTES], size_t *out_len)
{
	const uint8_t *slash = text.len == 0 ? NULL : memchr(text.at, '/', text.len);
	size_t before = slash == NULL ? 0 : (size_t)(slash - text.at);
	size_t len, bits;

	if (slash == NULL || san_ip(span_of(text.at, before), out, &len) != RC_OK ||
		!prefix_of(span_of(slash + 1, text.len - before - 1), 8 * len, &bits))
		return false;
	for (size_t i = 0; i < len; i++) {
		size_t here = bits >= 8 ? 8 : bits;
		uint8_t mask = (uint8_t)(0xff00u >> here);

		if ((out[i] & ~mask) != 0)
			return false;
		out[len + i] = mask;
		bits -= here;
	}
	*out_len = 2 * len;
	return true;
}

static enum rc check_names(const struct issue_order *order, struct err *err)
{
	bool node = order->profile == ISSUE_NODE;

	if (!node && (order->names_count != 0 || order->ekus != 0))
		return err_set(err, RC_DENIED, "certificate: only a node's has names and key purposes");
	if (node && (order->names_count == 0 || order->names_count > ISSUE_NAMES_MAX))
		return err_set(err, RC_DENIED, "certificate: %zu names, expected 1 to %d", order->names_count,
			ISSUE_NAMES_MAX);
	if (node && (order->ekus == 0 || (order->ekus & ~EKUS_ALL) != 0))
		return err_set(err, RC_DENIED, "certificate: no key purpose, or an unknown one");
	for (size_t i = 0; i < order->names_count; i++)
		if (!san_holds(order->names[i]))
			return err_set(err, RC_DENIED,
				"certificate: name %zu is not one that may be certified", i + 1);
	return RC_OK;
}

static bool permit_holds(const struct san *permit)
{
	uint8_t octets[2 * SAN_IP_BYTES];
	size_t len;

	/* The constraint of a URI is a host (RFC 5280, 4.2.1.10). */
	return permit->kind == SAN_IP ? subtree_octets(permit->text, octets, &len)
	                              : san_holds((struct san){SAN_DNS, permit->text});
}

static enum rc check_permits(const struct issue_order *order, struct err *err)
{
	if (order->permitted_count != 0 && order->profile != ISSUE_INTERMEDIATE)
		return err_set(err, RC_DENIED, "certificate: name constraints are an intermediate CA's");
	if (order->permitted_count > ISSUE_PERMITS_MAX)
		return err_set(err, RC_DENIED, "certificate: %zu name constraints, at most %d",
			order->permitted_count, ISSUE_PERMITS_MAX);
	for (size_t i = 0; i < order->permitted_count; i++)
		if (!permit_holds(&order->permitted[i]))
			return err_set(err, RC_DENIED, "certificate: name constraint %zu is not one", i + 1);
	return RC_OK;
}

static enum rc check_urls(const struct issue_order *order, struct err *err)
{
	const char *const urls[] = {order->crl_url, order->delta_url, order->ocsp_url, order->issuer_url};

	for (size_t i = 0; i < COUNT(urls); i++) {
		if (urls[i] != NULL && order->profile == ISSUE_ROOT)
			return err_set(err, RC_DENIED, "certificate: a root names no list and no responder");
		if (urls[i] != NULL && !url_holds(urls[i]))
			return err_set(err, RC_DENIED, "certificate: a URL that is not http or https");
	}
	return RC_OK;
}

enum rc order_check(const struct issue_order *order, enum key_kind kind, struct err *err)
{
	if (order->profile != ISSUE_NODE && kind == KEY_RSA)
		return err_set(err, RC_DENIED, "certificate: a CA's or responder's key is on a curve");
	if (order->serial[0] == 0 || order->serial[0] > 0x7f)
		return err_set(err, RC_DENIED, "certificate: serial number not positive, or too short");
	if (!common_name_holds(span_text(order->common_name)))
		return err_set(err, RC_DENIED, "certificate: common name is not 1 to %d characters of ASCII",
			COMMON_NAME_MAX);
	if (order->from_ms / 1000 >= order->until_ms / 1000 || order->until_ms > DER_TIME_MAX_MS)
		return err_set(err, RC_DENIED, "certificate: it ends before it begins, or after 9999");
	TRY(check_names(order, err));
	TRY(check_permits(order, err));
	return check_urls(order, err);
}
