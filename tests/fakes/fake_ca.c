#include "tests/fakes/fake_ca.h"

#include "lib/base/clock.h"
#include "lib/base/drop.h"

static struct private_key *new_key(struct blob *spki)
{
	struct private_key *key = NULL;

	assert_ok(private_key_generate(KEY_P256, &key, NULL));
	assert_ok(public_key_to_der(private_key_public(key), spki, NULL));
	return key;
}

static void issue_below(struct issuer *issuer, enum issue_profile profile, const char *name, struct span spki,
	uint64_t from_ms, struct blob *out)
{
	struct issue_order order = {.profile = profile,
		.common_name = name,
		.spki = spki,
		.from_ms = from_ms,
		.until_ms = from_ms + FAKE_CA_LIFE_MS};
	struct err err = {0};

	assert_ok(serial_make(order.serial, NULL));
	if (issue(issuer, &order, out, &err) != RC_OK)
		fail_msg("%s", err.text);
}

static void make_root(struct fake_ca *ca, struct issuer **out)
{
	DROP(blob_release) struct blob spki = {0};
	struct private_key *key = new_key(&spki);
	struct issue_order order = {.profile = ISSUE_ROOT,
		.common_name = "Test root",
		.from_ms = ca->from_ms,
		.until_ms = ca->from_ms + 2 * FAKE_CA_LIFE_MS};

	assert_ok(serial_make(order.serial, NULL));
	assert_ok(issue_root(key, &order, &ca->root, NULL));
	assert_ok(issuer_open(blob_span(&ca->root), &key, out, NULL));
}

void fake_ca_open(struct fake_ca *ca)
{
	DROP(blob_release) struct blob spki = {0};
	DROP(blob_release) struct blob responder_spki = {0};
	DROP(blob_release) struct blob responder = {0};
	DROP(issuer_release) struct issuer *root = NULL;
	struct private_key *key = new_key(&spki);

	*ca = (struct fake_ca){.from_ms = clock_wall_ms(clock_system()) / 1000 * 1000 - 3600000};
	make_root(ca, &root);
	issue_below(root, ISSUE_INTERMEDIATE, "Test CA", blob_span(&spki), ca->from_ms, &ca->certificate);
	assert_ok(issuer_open(blob_span(&ca->certificate), &key, &ca->issuer, NULL));
	key = new_key(&responder_spki);
	issue_below(ca->issuer, ISSUE_RESPONDER, "Test responder", blob_span(&responder_spki), ca->from_ms,
		&responder);
	assert_ok(ocsp_responder_open(
		blob_span(&ca->certificate), blob_span(&responder), &key, &ca->responder, NULL));
}

void fake_ca_close(struct fake_ca *ca)
{
	blob_release(&ca->root);
	blob_release(&ca->certificate);
	issuer_release(&ca->issuer);
	ocsp_responder_release(&ca->responder);
}

void fake_ca_issue(
	struct fake_ca *ca, const uint8_t serial[static SERIAL_BYTES], struct blob *der, struct blob *pem)
{
	DROP(blob_release) struct blob spki = {0};
	DROP(private_key_release) struct private_key *key = new_key(&spki);
	const struct san name = {SAN_DNS, span_text("localhost")};
	struct issue_order order = {.profile = ISSUE_NODE,
		.common_name = "localhost",
		.spki = blob_span(&spki),
		.from_ms = ca->from_ms,
		.until_ms = ca->from_ms + FAKE_CA_LIFE_MS,
		.names = &name,
		.names_count = 1,
		.ekus = ISSUE_SERVER};

	memcpy(order.serial, serial, SERIAL_BYTES);
	assert_ok(issue(ca->issuer, &order, der, NULL));
	if (pem != NULL)
		assert_ok(private_key_to_pem(key, (struct span){0}, pem, NULL));
}

void fake_ca_respond(struct fake_ca *ca, struct span serial, enum digest_alg hash, enum ocsp_status status,
	uint64_t now_ms, uint64_t life_ms, struct blob *out)
{
	const struct ocsp_answer answer = {.serial = serial,
		.hash = hash,
		.status = status,
		.reason = CRL_KEY_COMPROMISE,
		.revoked_ms = status == OCSP_REVOKED ? now_ms / 1000 * 1000 : 0,
		.this_ms = now_ms / 1000 * 1000,
		.next_ms = now_ms / 1000 * 1000 + life_ms};
	struct err err = {0};

	if (ocsp_respond(ca->responder, &answer, out, &err) != RC_OK)
		fail_msg("%s", err.text);
}

void fake_ca_crl(struct fake_ca *ca, uint64_t number, uint64_t base, const struct crl_entry *entries,
	size_t count, uint64_t now_ms, uint64_t life_ms, struct blob *out)
{
	const struct crl_order order = {.number = number,
		.base = base,
		.this_ms = now_ms / 1000 * 1000,
		.next_ms = now_ms / 1000 * 1000 + life_ms,
		.entries = entries,
		.count = count};
	struct err err = {0};

	if (crl_make(ca->issuer, &order, out, &err) != RC_OK)
		fail_msg("%s", err.text);
}

/* ---- a request, by hand ---- */

static void put(struct blob *out, uint8_t tag, struct span content)
{
	uint8_t head[2] = {tag, (uint8_t)content.len};

	assert_true(content.len < 128);
	assert_ok(blob_append(out, SPAN(head)));
	assert_ok(blob_append(out, content));
}

static void wrap(struct blob *inside, unsigned levels)
{
	while (levels-- > 0) {
		DROP(blob_release) struct blob outside = {0};

		put(&outside, 0x30, blob_span(inside));
		assert_ok(blob_copy(inside, blob_span(&outside)));
	}
}

void fake_ca_request(const struct fake_ca *ca, struct span serial, enum digest_alg hash, struct blob *out)
{
	/* AlgorithmIdentifier: the object identifier and NULL. */
	static const uint8_t sha1[] = {0x06, 5, 0x2b, 14, 3, 2, 26, 5, 0};
	static const uint8_t sha256[] = {0x06, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0};
	bool is_sha1 = hash == DIGEST_SHA1;
	DROP(blob_release) struct blob id = {0};
	DROP(blob_release) struct blob number = {0};
	struct ocsp_issuer issuer;

	assert_ok(ocsp_issuer_of(blob_span(&ca->certificate), &issuer));
	put(&id, 0x30, is_sha1 ? SPAN(sha1) : SPAN(sha256));
	for (unsigned i = 0; i < 2; i++)
		put(&id, 0x04, is_sha1 ? SPAN(issuer.sha1[i]) : SPAN(issuer.sha256[i]));
	if (serial.at[0] >= 0x80)
		assert_ok(blob_append(&number, SPAN("")));
	assert_ok(blob_append(&number, serial));
	put(&id, 0x02, blob_span(&number));
	/* CertID, Request, requestList, TBSRequest, OCSPRequest. */
	wrap(&id, 5);
	assert_ok(blob_append(out, blob_span(&id)));
}
