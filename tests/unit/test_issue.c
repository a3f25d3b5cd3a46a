#include "lib/pki/issue.h"

#include "lib/base/drop.h"
#include "lib/pki/cert_facts.h"
#include "lib/pki/chain.h"
#include "tests/support/small_ca.h"

static enum rc verify_at(const struct small_ca *ca, struct span certificate, uint64_t now_ms, struct err *err)
{
	const struct span intermediate = blob_span(&ca->intermediate);
	const struct span root = blob_span(&ca->root);
	const struct chain chain = {
		.certificate = certificate,
		.intermediates = &intermediate,
		.intermediates_count = 1,
		.roots = &root,
		.roots_count = 1,
		.wall_ms = now_ms,
	};

	return chain_verify(&chain, err);
}

static void assert_verifies(const struct small_ca *ca, struct span certificate)
{
	struct err err = {0};

	if (verify_at(ca, certificate, SMALL_CA_NOW_MS + 1000, &err) != RC_OK)
		fail_msg("%s", err.text);
}

static void a_node_certificate_is_in_a_strict_chain(void **state)
{
	(void)state;
	for (enum key_kind kind = KEY_P256; kind <= KEY_P384; kind++) {
		DROP(small_ca_release) struct small_ca ca = {0};
		DROP(blob_release) struct blob node = {0};

		small_ca_open(kind, &ca);
		small_ca_node(&ca, 1, &node);
		assert_verifies(&ca, blob_span(&node));
	}
}

static void a_certificate_holds_within_its_dates_only(void **state)
{
	DROP(small_ca_release) struct small_ca ca = {0};
	DROP(blob_release) struct blob node = {0};
	struct span der;

	(void)state;
	small_ca_open(KEY_P256, &ca);
	small_ca_node(&ca, 1, &node);
	der = blob_span(&node);
	assert_rc(verify_at(&ca, der, SMALL_CA_NOW_MS - 1000, NULL), RC_DENIED);
	assert_ok(verify_at(&ca, der, SMALL_CA_NOW_MS, NULL));
	assert_ok(verify_at(&ca, der, SMALL_CA_NOW_MS + SMALL_CA_HOUR_MS - 1000, NULL));
	assert_rc(verify_at(&ca, der, SMALL_CA_NOW_MS + SMALL_CA_HOUR_MS + 1000, NULL), RC_DENIED);
}

static void every_flipped_bit_breaks_the_certificate(void **state)
{
	DROP(small_ca_release) struct small_ca ca = {0};
	DROP(blob_release) struct blob node = {0};

	(void)state;
	small_ca_open(KEY_P256, &ca);
	small_ca_node(&ca, 1, &node);
	for (size_t i = 0; i < node.len; i++) {
		node.at[i] ^= (uint8_t)(1u << i % 8);
		assert_int_not_equal(verify_at(&ca, blob_span(&node), SMALL_CA_NOW_MS + 1000, NULL), RC_OK);
		node.at[i] ^= (uint8_t)(1u << i % 8);
	}
	assert_verifies(&ca, blob_span(&node));
}

static void another_ca_s_certificate_is_refused(void **state)
{
	DROP(small_ca_release) struct small_ca ca = {0};
	DROP(small_ca_release) struct small_ca other = {0};
	DROP(blob_release) struct blob node = {0};
	struct err err = {0};

	(void)state;
	small_ca_open(KEY_P256, &ca);
	small_ca_open(KEY_P256, &other);
	small_ca_node(&other, 1, &node);
	assert_rc(verify_at(&ca, blob_span(&node), SMALL_CA_NOW_MS + 1000, &err), RC_DENIED);
	assert_non_null(strstr(err.text, "web1.example"));
}

static void what_was_ordered_stands_in_it(void **state)
{
	DROP(small_ca_release) struct small_ca ca = {0};
	DROP(blob_release) struct blob node = {0};
	const uint8_t address[] = {10, 0, 0, 7};
	uint8_t serial[SERIAL_BYTES];
	struct cert_facts facts;
	struct span rest;
	struct san name;

	(void)state;
	small_ca_open(KEY_P256, &ca);
	small_ca_node(&ca, 7, &node);
	assert_ok(cert_facts_read(blob_span(&node), &facts));
	small_ca_serial(7, serial);
	assert_spans_equal(facts.serial, SPAN(serial));
	assert_spans_equal(facts.issuer, issuer_name(ca.issuer));
	assert_spans_equal(facts.issuer_key_id, issuer_key_id(ca.issuer));
	assert_spans_equal(facts.spki, blob_span(&ca.node_spki));
	assert_true(span_is(facts.common_name, "web1.example"));
	assert_int_equal(facts.from_ms, SMALL_CA_NOW_MS);
	assert_int_equal(facts.until_ms, SMALL_CA_NOW_MS + SMALL_CA_HOUR_MS);
	assert_false(facts.ca);
	assert_int_equal(facts.key_usage, CERT_DIGITAL_SIGNATURE);
	rest = facts.names;
	assert_true(cert_facts_next_name(&rest, &name));
	assert_true(name.kind == SAN_DNS && span_is(name.text, "web1.example"));
	assert_true(cert_facts_next_name(&rest, &name));
	assert_true(name.kind == SAN_IP && span_equal(name.text, SPAN(address)));
	assert_true(cert_facts_next_name(&rest, &name));
	assert_true(name.kind == SAN_URI && span_is(name.text, "urn:limebus:node:00ff"));
	assert_false(cert_facts_next_name(&rest, &name));
}

static void every_truncation_is_no_certificate(void **state)
{
	DROP(small_ca_release) struct small_ca ca = {0};
	DROP(blob_release) struct blob node = {0};
	struct cert_facts facts;

	(void)state;
	small_ca_open(KEY_P256, &ca);
	small_ca_node(&ca, 7, &node);
	for (size_t n = 0; n < node.len; n++)
		assert_rc(cert_facts_read(span_of(node.at, n), &facts), RC_MALFORMED);
	assert_ok(blob_append(&node, span_text("x")));
	assert_rc(cert_facts_read(blob_span(&node), &facts), RC_MALFORMED);
}

static void serials_are_positive_and_of_16_octets(void **state)
{
	uint8_t before[SERIAL_BYTES] = {0};
	uint8_t serial[SERIAL_BYTES];

	(void)state;
	for (int i = 0; i < 200; i++) {
		assert_ok(serial_make(serial, NULL));
		assert_true(serial[0] >= 0x40 && serial[0] <= 0x7f);
		assert_memory_not_equal(serial, before, sizeof serial);
		memcpy(before, serial, sizeof serial);
	}
}

/* Orders that spoil one thing each. */
static struct san bad_dns[] = {{SAN_DNS, {(const uint8_t *)"*.example", 9}}};
static struct san good_dns[] = {{SAN_DNS, {(const uint8_t *)"web.example", 11}}};

static void no_profile(struct issue_order *order)
{
	order->profile = ISSUE_ROOT;
}
static void no_names(struct issue_order *order)
{
	order->names_count = 0;
}
static void too_many_names(struct issue_order *order)
{
	order->names_count = ISSUE_NAMES_MAX + 1;
}
static void wildcard(struct issue_order *order)
{
	order->names = bad_dns;
	order->names_count = 1;
}
static void no_purpose(struct issue_order *order)
{
	order->ekus = 0;
}
static void unknown_purpose(struct issue_order *order)
{
	order->ekus |= 1u << 3;
}
static void long_name(struct issue_order *order)
{
	order->common_name = "0123456789012345678901234567890123456789012345678901234567890123x";
}
static void empty_name(struct issue_order *order)
{
	order->common_name = "";
}
static void name_with_control(struct issue_order *order)
{
	order->common_name = "a\nb";
}
static void negative_serial(struct issue_order *order)
{
	order->serial[0] = 0x80;
}
static void short_serial(struct issue_order *order)
{
	order->serial[0] = 0;
}
static void backwards(struct issue_order *order)
{
	order->until_ms = order->from_ms;
}
static void outlives_the_issuer(struct issue_order *order)
{
	order->until_ms = SMALL_CA_NOW_MS + 366 * SMALL_CA_DAY_MS;
}
static void ftp(struct issue_order *order)
{
	order->crl_url = "ftp://ca.example/ca.crl";
}
static void blank_in_url(struct issue_order *order)
{
	order->ocsp_url = "http://ca.example/o csp";
}
static void url_without_host(struct issue_order *order)
{
	order->delta_url = "http://";
}
static void constrained_node(struct issue_order *order)
{
	order->permitted = good_dns;
	order->permitted_count = 1;
}
static void names_of_a_responder(struct issue_order *order)
{
	order->profile = ISSUE_RESPONDER;
}

static void an_order_out_of_order_is_refused(void **state)
{
	static void (*const spoil[])(struct issue_order * order) = {no_profile, no_names, too_many_names,
		wildcard, no_purpose, unknown_purpose, long_name, empty_name, name_with_control,
		negative_serial, short_serial, backwards, outlives_the_issuer, ftp, blank_in_url,
		url_without_host, constrained_node, names_of_a_responder};
	DROP(small_ca_release) struct small_ca ca = {0};
	DROP(blob_release) struct blob out = {0};

	(void)state;
	small_ca_open(KEY_P256, &ca);
	for (size_t i = 0; i < COUNT(spoil); i++) {
		struct issue_order order = small_ca_order(&ca, 1);

		spoil[i](&order);
		if (issue(ca.issuer, &order, &out, NULL) != RC_DENIED || out.len != 0)
			fail_msg("order %zu was not denied", i);
	}
}

static void a_key_that_is_none_is_refused(void **state)
{
	DROP(small_ca_release) struct small_ca ca = {0};
	DROP(blob_release) struct blob out = {0};
	struct issue_order order;

	(void)state;
	small_ca_open(KEY_P256, &ca);
	order = small_ca_order(&ca, 1);
	order.spki.len--;
	assert_rc(issue(ca.issuer, &order, &out, NULL), RC_MALFORMED);
	assert_int_equal(out.len, 0);
}

static void a_node_or_a_stranger_s_key_is_no_issuer(void **state)
{
	DROP(small_ca_release) struct small_ca ca = {0};
	DROP(blob_release) struct blob node = {0};
	DROP(private_key_release) struct private_key *stranger = NULL;
	DROP(issuer_release) struct issuer *issuer = NULL;

	(void)state;
	small_ca_open(KEY_P256, &ca);
	small_ca_node(&ca, 1, &node);
	assert_rc(issuer_open(blob_span(&node), &ca.node_key, &issuer, NULL), RC_DENIED);
	assert_ok(private_key_generate(KEY_P256, &stranger, NULL));
	assert_rc(issuer_open(blob_span(&ca.root), &stranger, &issuer, NULL), RC_DENIED);
	assert_non_null(stranger);
	assert_null(issuer);
}

/* An intermediate below the small CA's root that is constrained, and a node of it. */
static enum rc constrained(struct small_ca *ca, const struct san *permitted, size_t count)
{
	DROP(private_key_release) struct private_key *key = NULL;
	DROP(issuer_release) struct issuer *issuer = NULL;
	DROP(blob_release) struct blob spki = {0};
	DROP(blob_release) struct blob node = {0};
	struct issue_order order = {
		.profile = ISSUE_INTERMEDIATE,
		.serial = {0x41},
		.common_name = "Constrained",
		.from_ms = SMALL_CA_NOW_MS - SMALL_CA_DAY_MS,
		.until_ms = SMALL_CA_NOW_MS + SMALL_CA_DAY_MS,
		.permitted = permitted,
		.permitted_count = count,
	};

	assert_ok(private_key_generate(KEY_P256, &key, NULL));
	assert_ok(public_key_to_der(private_key_public(key), &spki, NULL));
	order.spki = blob_span(&spki);
	blob_clear(&ca->intermediate);
	assert_ok(issue(ca->root_issuer, &order, &ca->intermediate, NULL));
	assert_ok(issuer_open(blob_span(&ca->intermediate), &key, &issuer, NULL));
	order = small_ca_order(ca, 1);
	order.names_count = 2;
	assert_ok(issue(issuer, &order, &node, NULL));
	return verify_at(ca, blob_span(&node), SMALL_CA_NOW_MS + 1000, NULL);
}

static struct san permit(enum san_kind kind, const char *text)
{
	return (struct san){kind, span_text(text)};
}

static void constraints_of_the_intermediate_bind(void **state)
{
	DROP(small_ca_release) struct small_ca ca = {0};
	const struct san right[] = {permit(SAN_DNS, "example"), permit(SAN_IP, "10.0.0.0/8")};
	const struct san wrong_name[] = {permit(SAN_DNS, "example.org"), permit(SAN_IP, "10.0.0.0/8")};
	const struct san wrong_net[] = {permit(SAN_DNS, "example"), permit(SAN_IP, "10.0.1.0/24")};

	(void)state;
	small_ca_open(KEY_P256, &ca);
	assert_ok(constrained(&ca, right, COUNT(right)));
	assert_rc(constrained(&ca, wrong_name, COUNT(wrong_name)), RC_DENIED);
	assert_rc(constrained(&ca, wrong_net, COUNT(wrong_net)), RC_DENIED);
}

static void a_net_with_bits_behind_its_prefix_is_none(void **state)
{
	static const char *const bad[] = {"10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0", "/8",
		"2001:db8::1/32", "10.0.0.0/008x"};
	DROP(small_ca_release) struct small_ca ca = {0};
	DROP(blob_release) struct blob out = {0};

	(void)state;
	small_ca_open(KEY_P256, &ca);
	for (size_t i = 0; i < COUNT(bad); i++) {
		const struct san net = permit(SAN_IP, bad[i]);
		struct issue_order order = small_ca_order(&ca, 1);

		order.profile = ISSUE_INTERMEDIATE;
		order.names_count = 0;
		order.ekus = 0;
		order.permitted = &net;
		order.permitted_count = 1;
		assert_rc(issue(ca.root_issuer, &order, &out, NULL), RC_DENIED);
	}
}

static void the_text_of_a_certificate_is_printable(void **state)
{
	DROP(small_ca_release) struct small_ca ca = {0};
	DROP(blob_release) struct blob node = {0};
	DROP(blob_release) struct blob text = {0};

	(void)state;
	small_ca_open(KEY_P256, &ca);
	small_ca_node(&ca, 1, &node);
	assert_ok(chain_text(blob_span(&node), &text, NULL));
	assert_ok(blob_append(&text, SPAN("")));
	assert_non_null(strstr((const char *)text.at, "DNS:web1.example"));
	assert_non_null(strstr((const char *)text.at, SMALL_CA_OCSP));
	assert_rc(chain_text(span_of(node.at, node.len - 1), &text, NULL), RC_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_node_certificate_is_in_a_strict_chain),
		cmocka_unit_test(a_certificate_holds_within_its_dates_only),
		cmocka_unit_test(every_flipped_bit_breaks_the_certificate),
		cmocka_unit_test(another_ca_s_certificate_is_refused),
		cmocka_unit_test(what_was_ordered_stands_in_it),
		cmocka_unit_test(every_truncation_is_no_certificate),
		cmocka_unit_test(serials_are_positive_and_of_16_octets),
		cmocka_unit_test(an_order_out_of_order_is_refused),
		cmocka_unit_test(a_key_that_is_none_is_refused),
		cmocka_unit_test(a_node_or_a_stranger_s_key_is_no_issuer),
		cmocka_unit_test(constraints_of_the_intermediate_bind),
		cmocka_unit_test(a_net_with_bits_behind_its_prefix_is_none),
		cmocka_unit_test(the_text_of_a_certificate_is_printable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
