#include "tests/support/small_ca.h"

#include "lib/base/drop.h"

void small_ca_release(struct small_ca *ca)
{
	blob_release(&ca->root);
	blob_release(&ca->intermediate);
	blob_release(&ca->node_spki);
	issuer_release(&ca->root_issuer);
	issuer_release(&ca->issuer);
	private_key_release(&ca->node_key);
}

void small_ca_serial(uint32_t number, uint8_t out[static SERIAL_BYTES])
{
	memset(out, 0x40, SERIAL_BYTES);
	for (size_t i = 0; i < 4; i++)
		out[SERIAL_BYTES - 1 - i] = (uint8_t)(number >> 8 * i);
}

static void open_root(enum key_kind kind, struct small_ca *ca)
{
	DROP(private_key_release) struct private_key *key = NULL;
	struct issue_order order = {
		.profile = ISSUE_ROOT,
		.common_name = "Test root",
		.from_ms = SMALL_CA_NOW_MS - 30 * SMALL_CA_DAY_MS,
		.until_ms = SMALL_CA_NOW_MS + 3650 * SMALL_CA_DAY_MS,
	};

	assert_ok(serial_make(order.serial, NULL));
	assert_ok(private_key_generate(kind, &key, NULL));
	assert_ok(issue_root(key, &order, &ca->root, NULL));
	assert_ok(issuer_open(blob_span(&ca->root), &key, &ca->root_issuer, NULL));
	assert_null(key);
}

static void open_intermediate(enum key_kind kind, struct small_ca *ca)
{
	DROP(private_key_release) struct private_key *key = NULL;
	DROP(blob_release) struct blob spki = {0};
	struct issue_order order = {
		.profile = ISSUE_INTERMEDIATE,
		.common_name = "Test CA",
		.from_ms = SMALL_CA_NOW_MS - 20 * SMALL_CA_DAY_MS,
		.until_ms = SMALL_CA_NOW_MS + 365 * SMALL_CA_DAY_MS,
	};

	assert_ok(serial_make(order.serial, NULL));
	assert_ok(private_key_generate(kind, &key, NULL));
	assert_ok(public_key_to_der(private_key_public(key), &spki, NULL));
	order.spki = blob_span(&spki);
	assert_ok(issue(ca->root_issuer, &order, &ca->intermediate, NULL));
	assert_ok(issuer_open(blob_span(&ca->intermediate), &key, &ca->issuer, NULL));
}

void small_ca_open(enum key_kind kind, struct small_ca *out)
{
	open_root(kind, out);
	open_intermediate(kind, out);
	assert_ok(private_key_generate(KEY_P256, &out->node_key, NULL));
	assert_ok(public_key_to_der(private_key_public(out->node_key), &out->node_spki, NULL));
}

struct issue_order small_ca_order(const struct small_ca *ca, uint32_t number)
{
	static const char dns[] = "web1.example";
	static const char address[] = "10.0.0.7";
	static const char uri[] = "urn:limebus:node:00ff";
	static struct san names[3];
	struct issue_order order = {
		.profile = ISSUE_NODE,
		.common_name = dns,
		.spki = blob_span(&ca->node_spki),
		.from_ms = SMALL_CA_NOW_MS,
		.until_ms = SMALL_CA_NOW_MS + SMALL_CA_HOUR_MS,
		.names = names,
		.names_count = COUNT(names),
		.ekus = ISSUE_CLIENT | ISSUE_SERVER | ISSUE_IPSEC_IKE,
		.crl_url = SMALL_CA_CRL,
		.delta_url = SMALL_CA_DELTA,
		.ocsp_url = SMALL_CA_OCSP,
		.issuer_url = SMALL_CA_CRT,
	};

	names[0] = (struct san){SAN_DNS, span_text(dns)};
	names[1] = (struct san){SAN_IP, span_text(address)};
	names[2] = (struct san){SAN_URI, span_text(uri)};
	small_ca_serial(number, order.serial);
	return order;
}

void small_ca_node(struct small_ca *ca, uint32_t number, struct blob *out)
{
	const struct issue_order order = small_ca_order(ca, number);

	assert_ok(issue(ca->issuer, &order, out, NULL));
}
