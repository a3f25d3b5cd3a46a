#include "lib/pki/crl.h"

#include "lib/base/drop.h"
#include "lib/pki/chain.h"
#include "tests/support/small_ca.h"

#define REVOKED 3

struct lists {
	struct small_ca ca;
	struct crl_entry entries[REVOKED];
	struct crl_order order;
};

static void lists_release(struct lists *lists)
{
	small_ca_release(&lists->ca);
}

/* A full list of the certificates 1 (key compromised), 2 (held) and 3 (no reason). */
static void lists_open(struct lists *out)
{
	static const enum crl_reason reasons[REVOKED] = {
		CRL_KEY_COMPROMISE, CRL_CERTIFICATE_HOLD, CRL_UNSPECIFIED};

	small_ca_open(KEY_P256, &out->ca);
	for (uint32_t i = 0; i < REVOKED; i++) {
		small_ca_serial(i + 1, out->entries[i].serial);
		out->entries[i].reason = (uint8_t)reasons[i];
		out->entries[i].time_ms = SMALL_CA_NOW_MS - 1000 * (i + 1);
	}
	out->order = (struct crl_order){
		.number = 300,
		.this_ms = SMALL_CA_NOW_MS,
		.next_ms = SMALL_CA_NOW_MS + SMALL_CA_DAY_MS,
		.delta_url = SMALL_CA_DELTA,
		.entries = out->entries,
		.count = REVOKED,
	};
}

static void what_was_ordered_is_read_back(void **state)
{
	DROP(lists_release) struct lists lists = {0};
	DROP(blob_release) struct blob der = {0};
	struct crl_line line;
	struct span rest;
	struct crl crl;

	(void)state;
	lists_open(&lists);
	assert_ok(crl_make(lists.ca.issuer, &lists.order, &der, NULL));
	assert_ok(crl_read(blob_span(&der), &crl));
	assert_int_equal(crl.number, 300);
	assert_int_equal(crl.base, 0);
	assert_int_equal(crl.this_ms, SMALL_CA_NOW_MS);
	assert_int_equal(crl.next_ms, SMALL_CA_NOW_MS + SMALL_CA_DAY_MS);
	assert_int_equal(crl.count, REVOKED);
	assert_spans_equal(crl.issuer, issuer_name(lists.ca.issuer));
	assert_spans_equal(crl.key_id, issuer_key_id(lists.ca.issuer));
	rest = crl.entries;
	for (size_t i = 0; i < REVOKED; i++) {
		assert_true(crl_next(&rest, &line));
		assert_spans_equal(line.serial, SPAN(lists.entries[i].serial));
		assert_int_equal(line.reason, lists.entries[i].reason);
		assert_int_equal(line.time_ms, lists.entries[i].time_ms);
	}
	assert_false(crl_next(&rest, &line));
}

static void an_empty_list_is_a_list(void **state)
{
	DROP(lists_release) struct lists lists = {0};
	DROP(blob_release) struct blob der = {0};
	struct crl crl;

	(void)state;
	lists_open(&lists);
	lists.order.count = 0;
	assert_ok(crl_make(lists.ca.issuer, &lists.order, &der, NULL));
	assert_ok(crl_read(blob_span(&der), &crl));
	assert_int_equal(crl.count, 0);
	assert_ok(crl_verify(&crl, blob_span(&lists.ca.intermediate), NULL));
}

static void only_the_issuer_s_signature_holds(void **state)
{
	DROP(lists_release) struct lists lists = {0};
	DROP(small_ca_release) struct small_ca other = {0};
	DROP(blob_release) struct blob der = {0};
	struct crl crl;

	(void)state;
	lists_open(&lists);
	small_ca_open(KEY_P256, &other);
	assert_ok(crl_make(lists.ca.issuer, &lists.order, &der, NULL));
	assert_ok(crl_read(blob_span(&der), &crl));
	assert_ok(crl_verify(&crl, blob_span(&lists.ca.intermediate), NULL));
	/* Another CA of the same name; one of another name; bytes that are no certificate. */
	assert_rc(crl_verify(&crl, blob_span(&other.intermediate), NULL), RC_DENIED);
	assert_rc(crl_verify(&crl, blob_span(&lists.ca.root), NULL), RC_DENIED);
	assert_rc(crl_verify(&crl, span_text("certificate"), NULL), RC_DENIED);
}

static void every_truncation_and_flipped_bit_is_refused(void **state)
{
	DROP(lists_release) struct lists lists = {0};
	DROP(blob_release) struct blob der = {0};
	struct crl crl;

	(void)state;
	lists_open(&lists);
	assert_ok(crl_make(lists.ca.issuer, &lists.order, &der, NULL));
	for (size_t n = 0; n < der.len; n++)
		assert_rc(crl_read(span_of(der.at, n), &crl), RC_MALFORMED);
	for (size_t i = 0; i < 8 * der.len; i++) {
		der.at[i / 8] ^= (uint8_t)(1u << i % 8);
		assert_false(crl_read(blob_span(&der), &crl) == RC_OK &&
			     crl_verify(&crl, blob_span(&lists.ca.intermediate), NULL) == RC_OK);
		der.at[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	assert_ok(blob_append(&der, span_text("x")));
	assert_rc(crl_read(blob_span(&der), &crl), RC_MALFORMED);
}

/* Verify certificate `number` against these lists. */
static enum rc verify(
	struct lists *lists, uint32_t number, const struct blob *crls, size_t count, struct err *err)
{
	DROP(blob_release) struct blob node = {0};
	const struct span intermediate = blob_span(&lists->ca.intermediate);
	const struct span root = blob_span(&lists->ca.root);
	struct span spans[2] = {0};
	const struct chain chain = {
		.intermediates = &intermediate,
		.intermediates_count = 1,
		.roots = &root,
		.roots_count = 1,
		.crls = spans,
		.crls_count = count,
		.wall_ms = SMALL_CA_NOW_MS + 1000,
	};
	struct chain whole = chain;

	for (size_t i = 0; i < count; i++)
		spans[i] = blob_span(&crls[i]);
	small_ca_node(&lists->ca, number, &node);
	whole.certificate = blob_span(&node);
	return chain_verify(&whole, err);
}

static void the_chain_obeys_the_list(void **state)
{
	DROP(lists_release) struct lists lists = {0};
	DROP(blob_release) struct blob der = {0};
	struct err err = {0};

	(void)state;
	lists_open(&lists);
	assert_ok(crl_make(lists.ca.issuer, &lists.order, &der, NULL));
	assert_ok(verify(&lists, 4, &der, 1, NULL));
	assert_rc(verify(&lists, 1, &der, 1, &err), RC_DENIED);
	assert_non_null(strstr(err.text, "revoked"));
	assert_rc(verify(&lists, 2, &der, 1, NULL), RC_DENIED);
}

static void an_old_list_vouches_for_nobody(void **state)
{
	DROP(lists_release) struct lists lists = {0};
	DROP(blob_release) struct blob der = {0};

	(void)state;
	lists_open(&lists);
	lists.order.this_ms = SMALL_CA_NOW_MS - SMALL_CA_DAY_MS;
	lists.order.next_ms = SMALL_CA_NOW_MS;
	assert_ok(crl_make(lists.ca.issuer, &lists.order, &der, NULL));
	assert_rc(verify(&lists, 4, &der, 1, NULL), RC_DENIED);
}

static void a_delta_adds_and_takes_back(void **state)
{
	DROP(lists_release) struct lists lists = {0};
	struct blob crls[2] = {0};
	struct crl_entry changes[2] = {0};
	struct crl crl;

	(void)state;
	lists_open(&lists);
	assert_ok(crl_make(lists.ca.issuer, &lists.order, &crls[0], NULL));
	/* 2 was held and is released; 5 is revoked. */
	small_ca_serial(2, changes[0].serial);
	changes[0].reason = CRL_REMOVE_FROM_CRL;
	changes[0].time_ms = SMALL_CA_NOW_MS;
	small_ca_serial(5, changes[1].serial);
	changes[1].reason = CRL_PRIVILEGE_WITHDRAWN;
	changes[1].time_ms = SMALL_CA_NOW_MS;
	lists.order.base = lists.order.number;
	lists.order.number++;
	lists.order.delta_url = NULL;
	lists.order.entries = changes;
	lists.order.count = 2;
	assert_ok(crl_make(lists.ca.issuer, &lists.order, &crls[1], NULL));
	assert_ok(crl_read(blob_span(&crls[1]), &crl));
	assert_int_equal(crl.base, 300);
	assert_int_equal(crl.number, 301);
	assert_ok(verify(&lists, 5, crls, 1, NULL));
	assert_rc(verify(&lists, 5, crls, 2, NULL), RC_DENIED);
	assert_rc(verify(&lists, 2, crls, 1, NULL), RC_DENIED);
	assert_ok(verify(&lists, 2, crls, 2, NULL));
	assert_rc(verify(&lists, 1, crls, 2, NULL), RC_DENIED);
	blob_release(&crls[0]);
	blob_release(&crls[1]);
}

static void an_order_out_of_order_is_refused(void **state)
{
	DROP(lists_release) struct lists lists = {0};
	DROP(blob_release) struct blob der = {0};
	struct crl_order order;

	(void)state;
	lists_open(&lists);
#define REFUSED(change, rc)                                                                                  \
	order = lists.order;                                                                                 \
	change;                                                                                              \
	assert_rc(crl_make(lists.ca.issuer, &order, &der, NULL), rc)
	REFUSED(order.number = 0, RC_DENIED);
	REFUSED(order.base = order.number, RC_DENIED);
	REFUSED(order.next_ms = order.this_ms, RC_DENIED);
	REFUSED(order.delta_url = "ftp://x", RC_DENIED);
	REFUSED(order.base = 299, RC_DENIED); /* a delta that names a delta */
	REFUSED(order.count = CRL_ENTRIES_MAX + 1, RC_LIMIT);
	REFUSED(lists.entries[0].reason = CRL_REMOVE_FROM_CRL, RC_DENIED); /* in a full one */
	REFUSED(lists.entries[0].reason = 7, RC_DENIED);
	lists.entries[0].reason = 0;
	REFUSED(lists.entries[0].serial[0] = 0x80, RC_DENIED);
	REFUSED(lists.entries[0].serial[0] = 0, RC_DENIED);
#undef REFUSED
	assert_int_equal(der.len, 0);
}

static void reasons_have_words(void **state)
{
	enum crl_reason reason = CRL_UNSPECIFIED;

	(void)state;
	assert_string_equal(crl_reason_word(CRL_CERTIFICATE_HOLD), "certificate-hold");
	assert_null(crl_reason_word((enum crl_reason)7));
	assert_ok(crl_reason_of_word(span_text("privilege-withdrawn"), &reason));
	assert_int_equal(reason, CRL_PRIVILEGE_WITHDRAWN);
	assert_rc(crl_reason_of_word(span_text("hold"), &reason), RC_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_ordered_is_read_back),
		cmocka_unit_test(an_empty_list_is_a_list),
		cmocka_unit_test(only_the_issuer_s_signature_holds),
		cmocka_unit_test(every_truncation_and_flipped_bit_is_refused),
		cmocka_unit_test(the_chain_obeys_the_list),
		cmocka_unit_test(an_old_list_vouches_for_nobody),
		cmocka_unit_test(a_delta_adds_and_takes_back),
		cmocka_unit_test(an_order_out_of_order_is_refused),
		cmocka_unit_test(reasons_have_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
