#include "tests/support/test.h"

#include "lib/base/drop.h"
#include "lib/trust/signed.h"

struct fixture {
	struct sign_pair signer;
	struct blob envelope; /* a signed node_request */
};

static const uint8_t node[NODE_ID_BYTES] = {7};

static struct msg request(void)
{
	return (struct msg){.type = MSG_TYPE_node_request,
		.node_request = {.node = SPAN(node), .action = span_text("suspend"), .time = 1000}};
}

static int setup(void **state)
{
	static struct fixture fixture;
	struct msg msg = request();

	assert_ok(sign_generate(&fixture.signer, NULL));
	assert_ok(signed_make(&fixture.signer, &msg, &fixture.envelope, NULL));
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	sign_pair_release(&fixture->signer);
	blob_release(&fixture->envelope);
	return 0;
}

static void what_was_signed_is_opened_with_its_signer(void **state)
{
	const struct fixture *fixture = *state;
	struct signed_msg opened = {0};

	assert_ok(signed_open(blob_span(&fixture->envelope), MSG_TYPE_node_request, &opened, NULL));
	assert_true(span_is(opened.msg.node_request.action, "suspend"));
	assert_memory_equal(opened.key, fixture->signer.public, SIGN_KEY_BYTES);
}

static void no_bit_can_be_flipped(void **state)
{
	const struct fixture *fixture = *state;
	struct signed_msg opened = {0};

	for (size_t bit = 0; bit < fixture->envelope.len * 8; bit++) {
		enum rc rc;

		fixture->envelope.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
		rc = signed_open(blob_span(&fixture->envelope), MSG_TYPE_node_request, &opened, NULL);
		fixture->envelope.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (rc == RC_OK)
			fail_msg("bit %zu of the envelope may be flipped", bit);
	}
	/* Outputs change only on success. */
	assert_int_equal(opened.msg.type, MSG_TYPE_none);
}

static void every_truncation_and_every_tail_is_refused(void **state)
{
	const struct fixture *fixture = *state;
	DROP(blob_release) struct blob longer = {0};
	struct signed_msg opened = {0};

	for (size_t n = 0; n < fixture->envelope.len; n++)
		assert_int_not_equal(
			signed_open(span_of(fixture->envelope.at, n), MSG_TYPE_node_request, &opened, NULL),
			RC_OK);
	assert_ok(blob_copy(&longer, blob_span(&fixture->envelope)));
	assert_ok(blob_append(&longer, SPAN("")));
	assert_rc(signed_open(blob_span(&longer), MSG_TYPE_node_request, &opened, NULL), RC_MALFORMED);
}

/* The type is under the signature: one kind of statement never serves as another. */
static void a_message_does_not_open_as_another_type(void **state)
{
	const struct fixture *fixture = *state;
	struct signed_msg opened = {0};
	struct err err = {0};

	assert_rc(signed_open(blob_span(&fixture->envelope), MSG_TYPE_provisioning, &opened, &err),
		RC_MALFORMED);
	assert_non_null(strstr(err.text, "expected a signed provisioning"));
}

static void a_message_without_an_envelope_is_refused(void **state)
{
	DROP(blob_release) struct blob plain = {0};
	struct signed_msg opened = {0};
	struct msg msg = request();

	(void)state;
	assert_ok(msg_encode(&msg, &plain));
	assert_rc(signed_open(blob_span(&plain), MSG_TYPE_node_request, &opened, NULL), RC_MALFORMED);
}

static enum rc open_with(
	const struct fixture *fixture, const struct span *parts, size_t count, struct span key)
{
	DROP(blob_release) struct blob body = {0};
	DROP(blob_release) struct blob forged = {0};
	uint8_t signature[SIGN_SIGNATURE_BYTES];
	struct signed_msg opened = {0};
	struct msg msg = request();
	struct span all[3];

	assert_ok(msg_encode(&msg, &body));
	if (count != 0)
		memcpy(all, parts, count * sizeof *parts);
	all[count] = blob_span(&body);
	assert_ok(sign_parts(&fixture->signer, all, count + 1, signature, NULL));
	assert_ok(msg_encode(
		&(struct msg){.type = MSG_TYPE_signed_body,
			.signed_body = {.body = blob_span(&body), .key = key, .sig = SPAN(signature)}},
		&forged));
	return signed_open(blob_span(&forged), MSG_TYPE_node_request, &opened, NULL);
}

static void a_signature_under_another_label_is_refused(void **state)
{
	static const char right[] = "limebus signed v1";
	static const char wrong[] = "limebus signed v2";
	const struct fixture *fixture = *state;

	assert_ok(open_with(fixture, &SPAN(right), 1, SPAN(fixture->signer.public)));
	assert_rc(open_with(fixture, &SPAN(wrong), 1, SPAN(fixture->signer.public)), RC_DENIED);
	/* Without the NUL at the label's end. */
	assert_rc(open_with(fixture, (struct span[]){span_text(right)}, 1, SPAN(fixture->signer.public)),
		RC_DENIED);
	assert_rc(open_with(fixture, NULL, 0, SPAN(fixture->signer.public)), RC_DENIED);
}

static void another_key_in_the_envelope_is_refused(void **state)
{
	static const char label[] = "limebus signed v1";
	DROP(sign_pair_release) struct sign_pair other = {0};

	assert_ok(sign_generate(&other, NULL));
	assert_rc(open_with(*state, &SPAN(label), 1, SPAN(other.public)), RC_DENIED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_signed_is_opened_with_its_signer),
		cmocka_unit_test(no_bit_can_be_flipped),
		cmocka_unit_test(every_truncation_and_every_tail_is_refused),
		cmocka_unit_test(a_message_does_not_open_as_another_type),
		cmocka_unit_test(a_message_without_an_envelope_is_refused),
		cmocka_unit_test(a_signature_under_another_label_is_refused),
		cmocka_unit_test(another_key_in_the_envelope_is_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
