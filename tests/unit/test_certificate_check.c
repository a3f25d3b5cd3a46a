#include "services/agent/certificate_check.h"

#include "lib/base/drop.h"
#include "lib/base/hex.h"
#include "lib/pki/issue.h"
#include "lib/pki/pem.h"
#include "tests/support/test.h"

#define NOW_MS  1790000000000ull
#define HOUR_MS 3600000ull

enum { OURS, THEIRS, CAS };

static const uint8_t node[NODE_ID_BYTES] = {1, 2, 3};
static struct issuer *roots[CAS];
static struct issuer *issuers[CAS];
static struct blob spki; /* of our key */
static struct blob other_spki;
static struct blob above; /* elements of ca_info */
static struct blob links[CAS];
static char uri[17 + HEX_BYTES(NODE_ID_BYTES)] = "urn:limebus:node:";

/* What is asked for, and what came. */
struct offer {
	struct blob der;
	struct certificate_want want;
	struct msg_ca_info ca;
	struct msg_certificate_info info;
	struct certificate_dates dates;
	struct certificate_files files;
};

static void offer_release(struct offer *offer)
{
	blob_release(&offer->der);
	certificate_files_release(&offer->files);
}

static void make(int ca, struct span key, const char *name, uint64_t from, uint64_t until, struct offer *out)
{
	struct san names[] = {{SAN_DNS, span_text("node.example")}, {SAN_URI, span_text(name)}};
	struct issue_order order = {.profile = ISSUE_NODE,
		.serial = {0x40, 1, 2, 3},
		.common_name = "node",
		.spki = key,
		.from_ms = from,
		.until_ms = until,
		.names = names,
		.names_count = name[0] == '\0' ? 1 : COUNT(names),
		.ekus = ISSUE_CLIENT};
	struct err err = {0};

	offer_release(out);
	*out = (struct offer){0};
	if (issue(issuers[ca], &order, &out->der, &err) != RC_OK)
		fail_msg("%s", err.text);
	out->ca = (struct msg_ca_info){issuer_certificate(issuers[OURS]), {blob_span(&above), 1}};
	out->want = (struct certificate_want){blob_span(&spki), node, NOW_MS, &out->ca};
	out->info.certificate = blob_span(&out->der);
	out->info.chain = (struct list){blob_span(&links[ca]), 2};
}

static void make_good(struct offer *out)
{
	make(OURS, blob_span(&spki), uri, NOW_MS - HOUR_MS, NOW_MS + 2 * HOUR_MS, out);
}

static enum rc check(struct offer *offer, struct err *err)
{
	offer->want.ca = &offer->ca;
	return certificate_check(&offer->want, &offer->info, &offer->dates, &offer->files, err);
}

static void refused(struct offer *offer, enum rc rc, const char *words)
{
	struct err err = {0};

	assert_rc(check(offer, &err), rc);
	if (strstr(err.text, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", err.text, words);
	assert_int_equal(offer->files.leaf.len, 0);
	assert_true(offer->dates.until == 0);
}

static void a_certificate_of_ours_is_taken(void **state)
{
	DROP(offer_release) struct offer offer = {0};
	DROP(blob_release) struct blob der = {0};
	struct span rest;
	struct err err = {0};

	(void)state;
	make_good(&offer);
	if (check(&offer, &err) != RC_OK)
		fail_msg("%s", err.text);
	assert_true(offer.dates.from == NOW_MS - HOUR_MS);
	assert_true(offer.dates.until == NOW_MS + 2 * HOUR_MS);
	assert_true(offer.dates.renew == NOW_MS + HOUR_MS);
	assert_int_equal(offer.dates.serial_len, SERIAL_BYTES);
	assert_int_equal(offer.dates.serial[0], 0x40);
	/* chain: it and the intermediate, and no root; roots: the root. */
	assert_ok(pem_read(PEM_CERTIFICATE, blob_span(&offer.files.chain), &der, &rest));
	assert_spans_equal(blob_span(&der), blob_span(&offer.der));
	blob_clear(&der);
	assert_ok(pem_read(PEM_CERTIFICATE, rest, &der, &rest));
	assert_spans_equal(blob_span(&der), issuer_certificate(issuers[OURS]));
	assert_rc(pem_read(PEM_CERTIFICATE, rest, &der, NULL), RC_NOT_FOUND);
	blob_clear(&der);
	assert_ok(pem_read(PEM_CERTIFICATE, blob_span(&offer.files.roots), &der, &rest));
	assert_spans_equal(blob_span(&der), issuer_certificate(roots[OURS]));
}

static void without_a_chain_the_ca_itself_is_the_link(void **state)
{
	DROP(offer_release) struct offer offer = {0};
	struct err err = {0};

	(void)state;
	make_good(&offer);
	offer.info.chain = (struct list){0};
	assert_ok(check(&offer, &err));
	/* A CA that knows of nothing above it is its own anchor. */
	offer.ca.chain = (struct list){0};
	assert_ok(check(&offer, &err));
	assert_spans_equal(blob_span(&offer.files.chain), blob_span(&offer.files.leaf));
}

static void what_is_for_somebody_else_is_refused(void **state)
{
	DROP(offer_release) struct offer offer = {0};
	char other_uri[sizeof uri];

	(void)state;
	memcpy(other_uri, uri, sizeof uri);
	other_uri[20] ^= 1;
	make(OURS, blob_span(&other_spki), uri, NOW_MS, NOW_MS + HOUR_MS, &offer);
	refused(&offer, RC_DENIED, "another key");
	make(OURS, blob_span(&spki), other_uri, NOW_MS, NOW_MS + HOUR_MS, &offer);
	refused(&offer, RC_DENIED, "does not name urn:limebus:node:0102");
	make(OURS, blob_span(&spki), "", NOW_MS, NOW_MS + HOUR_MS, &offer);
	refused(&offer, RC_DENIED, "does not name");
	/* Exactly the URI, and not one that begins with it. */
	make(OURS, blob_span(&spki), "urn:limebus:node:01", NOW_MS, NOW_MS + HOUR_MS, &offer);
	refused(&offer, RC_DENIED, "does not name");
}

static void it_must_be_valid_now(void **state)
{
	DROP(offer_release) struct offer offer = {0};

	(void)state;
	make(OURS, blob_span(&spki), uri, NOW_MS - HOUR_MS, NOW_MS, &offer);
	refused(&offer, RC_DENIED, "not now");
	make(OURS, blob_span(&spki), uri, NOW_MS - HOUR_MS, NOW_MS + 1000, &offer);
	assert_ok(check(&offer, NULL));
	make(OURS, blob_span(&spki), uri, NOW_MS + CERTIFICATE_SKEW_MS, NOW_MS + HOUR_MS, &offer);
	assert_ok(check(&offer, NULL));
	make(OURS, blob_span(&spki), uri, NOW_MS + CERTIFICATE_SKEW_MS + 1000, NOW_MS + HOUR_MS, &offer);
	refused(&offer, RC_DENIED, "not now");
}

static void it_must_lead_to_the_root(void **state)
{
	DROP(offer_release) struct offer offer = {0};

	(void)state;
	make(THEIRS, blob_span(&spki), uri, NOW_MS, NOW_MS + HOUR_MS, &offer);
	refused(&offer, RC_DENIED, "certificate: ");
	/* Nor with links of ours. */
	offer.info.chain = (struct list){blob_span(&links[OURS]), 2};
	refused(&offer, RC_DENIED, "certificate: ");
	make_good(&offer);
	offer.info.chain = (struct list){blob_span(&links[THEIRS]), 2};
	refused(&offer, RC_DENIED, "certificate: ");
}

static void bytes_that_are_no_certificate_are_refused(void **state)
{
	DROP(offer_release) struct offer offer = {0};
	struct err err = {0};

	(void)state;
	make_good(&offer);
	for (size_t n = 0; n < offer.der.len; n++) {
		offer.info.certificate.len = n;
		assert_rc(check(&offer, &err), RC_MALFORMED);
	}
	offer.info.certificate.len = offer.der.len;
	offer.der.at[offer.der.len - 1] ^= 1;
	refused(&offer, RC_DENIED, "certificate: ");
}

static void it_is_renewed_when_the_ca_says_or_at_two_thirds(void **state)
{
	DROP(offer_release) struct offer offer = {0};
	const uint64_t wishes[] = {0, NOW_MS - HOUR_MS, NOW_MS + 2 * HOUR_MS, UINT64_MAX};
	struct certificate_dates dates = {.from = 1000, .until = 101000, .renew = 67000};

	(void)state;
	make_good(&offer);
	offer.info.renew = NOW_MS + 5;
	assert_ok(check(&offer, NULL));
	assert_true(offer.dates.renew == NOW_MS + 5);
	for (size_t i = 0; i < COUNT(wishes); i++) {
		offer.info.renew = wishes[i];
		assert_ok(check(&offer, NULL));
		assert_true(offer.dates.renew == NOW_MS + HOUR_MS);
	}
	assert_true(certificate_renewal(&dates, 0) == 67000);
	assert_true(certificate_renewal(&dates, 4999) == 67000 - 4999);
	assert_true(certificate_renewal(&dates, 5000) == 67000);
	dates.until = dates.from + 1;
	assert_true(certificate_renewal(&dates, UINT32_MAX) == 67000);
}

static void a_file_is_read_again_if_it_is_of_our_key(void **state)
{
	DROP(offer_release) struct offer offer = {0};
	struct certificate_dates dates = {0};
	struct err err = {0};

	(void)state;
	make_good(&offer);
	assert_ok(check(&offer, &err));
	assert_ok(certificate_read(blob_span(&offer.files.leaf), blob_span(&spki), &dates, &err));
	assert_true(dates.until == offer.dates.until && dates.renew == offer.dates.renew);
	assert_memory_equal(dates.serial, offer.dates.serial, SERIAL_BYTES);
	dates = (struct certificate_dates){0};
	assert_rc(certificate_read(blob_span(&offer.files.leaf), blob_span(&other_spki), &dates, &err),
		RC_DENIED);
	assert_rc(certificate_read(span_text("hello"), blob_span(&spki), &dates, &err), RC_MALFORMED);
	assert_true(dates.until == 0);
}

static void make_key(struct private_key **key, struct blob *out)
{
	assert_ok(private_key_generate(KEY_P256, key, NULL));
	assert_ok(public_key_to_der(private_key_public(*key), out, NULL));
}

static void make_ca(int which)
{
	DROP(private_key_release) struct private_key *root = NULL;
	DROP(private_key_release) struct private_key *key = NULL;
	DROP(blob_release) struct blob root_der = {0};
	DROP(blob_release) struct blob der = {0};
	DROP(blob_release) struct blob unused = {0};
	DROP(blob_release) struct blob key_spki = {0};
	struct issue_order order = {.profile = ISSUE_ROOT,
		.serial = {0x40},
		.common_name = "root",
		.from_ms = NOW_MS - 100 * HOUR_MS,
		.until_ms = NOW_MS + 100 * HOUR_MS};
	struct elem_certificate link;

	make_key(&root, &unused);
	make_key(&key, &key_spki);
	assert_ok(issue_root(root, &order, &root_der, NULL));
	assert_ok(issuer_open(blob_span(&root_der), &root, &roots[which], NULL));
	order.profile = ISSUE_INTERMEDIATE;
	order.common_name = "intermediate";
	order.spki = blob_span(&key_spki);
	assert_ok(issue(roots[which], &order, &der, NULL));
	assert_ok(issuer_open(blob_span(&der), &key, &issuers[which], NULL));
	link.der = issuer_certificate(issuers[which]);
	assert_ok(ELEM_APPEND(certificate, &link, &links[which]));
	link.der = issuer_certificate(roots[which]);
	assert_ok(ELEM_APPEND(certificate, &link, &links[which]));
	if (which == OURS)
		assert_ok(ELEM_APPEND(certificate, &link, &above));
}

static int open_all(void **state)
{
	DROP(private_key_release) struct private_key *key = NULL;
	DROP(private_key_release) struct private_key *other = NULL;

	(void)state;
	make_key(&key, &spki);
	make_key(&other, &other_spki);
	hex_encode(SPAN(node), uri + 17);
	for (int i = 0; i < CAS; i++)
		make_ca(i);
	return 0;
}

static int close_all(void **state)
{
	(void)state;
	for (int i = 0; i < CAS; i++) {
		issuer_release(&roots[i]);
		issuer_release(&issuers[i]);
		blob_release(&links[i]);
	}
	blob_release(&spki);
	blob_release(&other_spki);
	blob_release(&above);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_certificate_of_ours_is_taken),
		cmocka_unit_test(without_a_chain_the_ca_itself_is_the_link),
		cmocka_unit_test(what_is_for_somebody_else_is_refused),
		cmocka_unit_test(it_must_be_valid_now),
		cmocka_unit_test(it_must_lead_to_the_root),
		cmocka_unit_test(bytes_that_are_no_certificate_are_refused),
		cmocka_unit_test(it_is_renewed_when_the_ca_says_or_at_two_thirds),
		cmocka_unit_test(a_file_is_read_again_if_it_is_of_our_key),
	};

	return cmocka_run_group_tests(tests, open_all, close_all);
}
