#include "lib/trust/registration.h"
#include "tests/support/test.h"

#include "lib/base/drop.h"
#include "lib/base/file.h"
#include "lib/base/hex.h"
#include "lib/evidence/ek_template.h"
#include "tests/fakes/fake_cert.h"
#include "tests/fakes/fake_ek.h"
#include "tests/support/soft_tpm.h"

/* 2026-11-23T12:00:00Z */
#define NOW_MS 1795435200000u
#define DAY_MS 86400000u

static const struct fake_recipe root_recipe = {.name = "Root", .extensions = FAKE_CA_EXTENSIONS};

/* A node with a certified P-256 EK, in order; each test spoils one thing. */
static struct {
	struct fake_cert root, stranger, cert;
	struct cert_roots *roots;
	struct fake_ek ek;
	struct tpm_area area;
	struct soft_tpm tpm; /* for its AK */
} it;

static void certify(
	struct fake_ek *ek, const struct fake_cert *ca, uint64_t from, uint64_t to, struct fake_cert *out)
{
	struct fake_recipe recipe = {.name = "EK",
		.extensions = FAKE_EK_CURVE_EXTENSIONS,
		.from_ms = from,
		.to_ms = to,
		.public_of = ek->key};

	fake_cert_release(out);
	fake_cert_make(&recipe, ca, out);
}

static int setup(void **state)
{
	(void)state;
	fake_cert_make(&root_recipe, NULL, &it.root);
	fake_cert_make(&root_recipe, NULL, &it.stranger);
	assert_ok(cert_roots_parse(blob_span(&it.root.der), "root", &it.roots, NULL));
	fake_ek_make(KEY_P256, &it.ek);
	assert_ok(ek_template_rebuild(&it.ek.area.key, &it.area));
	certify(&it.ek, &it.root, 0, 0, &it.cert);
	soft_tpm_open(&it.tpm);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_cert_release(&it.root);
	fake_cert_release(&it.stranger);
	fake_cert_release(&it.cert);
	cert_roots_release(&it.roots);
	fake_ek_release(&it.ek);
	soft_tpm_close(&it.tpm);
	return 0;
}

static struct registration_claim claim(void)
{
	return (struct registration_claim){
		tpm_area_span(&it.area), blob_span(&it.cert.der), {{0}, 0}, tpm_area_span(&it.tpm.ak_public)};
}

static enum rc check(struct registration_claim made, const struct allow_list *allowed)
{
	DROP(registration_release) struct registration out = {0};
	struct registration_rules rules = {it.roots, allowed, NOW_MS};

	return registration_check(&made, &rules, &out, NULL);
}

static void a_certified_ek_and_a_proper_ak_are_a_node(void **state)
{
	DROP(registration_release) struct registration out = {0};
	struct registration_claim made = claim();
	struct registration_rules rules = {it.roots, NULL, NOW_MS};
	uint8_t id[NODE_ID_BYTES];

	(void)state;
	assert_ok(registration_check(&made, &rules, &out, NULL));
	assert_ok(node_id_of(tpm_area_span(&it.area), id));
	assert_memory_equal(out.node, id, NODE_ID_BYTES);
	assert_spans_equal(tpm_name_span(&out.ak_name), tpm_name_span(&it.tpm.ak_name));
	assert_string_equal(out.admitted_by, "certificate CN=EK");
}

static void an_ek_area_altered_by_any_bit_is_refused(void **state)
{
	struct tpm_area altered = it.area;
	struct registration_claim made = claim();

	(void)state;
	made.ek_public = tpm_area_span(&altered);
	for (size_t bit = 0; bit < altered.len * 8; bit++) {
		altered.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_not_equal(check(made, NULL), RC_OK);
		altered.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	made.ek_public.len--;
	assert_rc(check(made, NULL), RC_DENIED);
	made.ek_public.len = 0;
	assert_rc(check(made, NULL), RC_DENIED);
}

static void a_certificate_of_another_key_ca_or_time_is_refused(void **state)
{
	DROP(fake_ek_release) struct fake_ek other = {0};
	DROP(fake_cert_release) struct fake_cert cert = {0};
	struct registration_claim made = claim();

	(void)state;
	fake_ek_make(KEY_P256, &other);
	certify(&other, &it.root, 0, 0, &cert);
	made.ek_certificate = blob_span(&cert.der);
	assert_rc(check(made, NULL), RC_DENIED);
	certify(&it.ek, &it.stranger, 0, 0, &cert);
	made.ek_certificate = blob_span(&cert.der);
	assert_rc(check(made, NULL), RC_DENIED);
	certify(&it.ek, &it.root, NOW_MS - 2 * DAY_MS, NOW_MS - DAY_MS, &cert);
	made.ek_certificate = blob_span(&cert.der);
	assert_rc(check(made, NULL), RC_DENIED);
	certify(&it.ek, &it.root, NOW_MS + DAY_MS, NOW_MS + 2 * DAY_MS, &cert);
	made.ek_certificate = blob_span(&cert.der);
	assert_rc(check(made, NULL), RC_DENIED);
	certify(&it.ek, &it.root, NOW_MS - DAY_MS, NOW_MS + DAY_MS, &cert);
	made.ek_certificate = blob_span(&cert.der);
	assert_ok(check(made, NULL));
	made.ek_certificate = span_text("no certificate");
	assert_int_not_equal(check(made, NULL), RC_OK);
}

static void without_a_certificate_only_the_allow_list_lets_in(void **state)
{
	struct registration_claim made = claim();
	uint8_t ids[1][NODE_ID_BYTES];
	struct allow_list list = {ids, 1};

	(void)state;
	made.ek_certificate = (struct span){0};
	assert_rc(check(made, NULL), RC_DENIED);
	assert_ok(node_id_of(made.ek_public, ids[0]));
	assert_ok(check(made, &list));
	ids[0][31] ^= 1;
	assert_rc(check(made, &list), RC_DENIED);
	/* Being on the list mends no certificate. */
	ids[0][31] ^= 1;
	made.ek_certificate = blob_span(&it.stranger.der);
	assert_int_not_equal(check(made, &list), RC_OK);
}

static void an_ak_that_could_sign_anything_is_refused(void **state)
{
	static const uint32_t needed[] = {TPM_OBJECT_RESTRICTED, TPM_OBJECT_FIXED_TPM,
		TPM_OBJECT_FIXED_PARENT, TPM_OBJECT_SENSITIVE_DATA_ORIGIN, TPM_OBJECT_SIGN};
	struct registration_claim made = claim();
	struct tpm_area encoded;
	struct tpm_public area;

	(void)state;
	assert_ok(tpm_public_parse(tpm_area_span(&it.tpm.ak_public), &area));
	for (size_t i = 0; i < COUNT(needed); i++) {
		area.attributes ^= needed[i];
		assert_ok(tpm_public_encode(&area, &encoded));
		made.ak_public = tpm_area_span(&encoded);
		assert_rc(check(made, NULL), RC_DENIED);
		area.attributes ^= needed[i];
	}
	area.attributes |= TPM_OBJECT_DECRYPT;
	assert_ok(tpm_public_encode(&area, &encoded));
	made.ak_public = tpm_area_span(&encoded);
	assert_rc(check(made, NULL), RC_DENIED);
	made.ak_public = span_text("no area");
	assert_rc(check(made, NULL), RC_MALFORMED);
	made.ak_public = tpm_area_span(&it.area);
	assert_rc(check(made, NULL), RC_DENIED);
}

static enum rc list_of(const struct scratch *dir, const char *text, struct allow_list *out)
{
	char path[SCRATCH_FILE_BYTES];

	assert_ok(file_replace(scratch_file(dir, "allowed", path), span_text(text), 0644, NULL));
	return allow_list_load(path, out, NULL);
}

#define ID "00112233445566778899aabbccddeeff00112233445566778899aabbccddee"

static void an_allow_list_is_read_strictly(void **state)
{
	DROP(allow_list_release) struct allow_list list = {0};
	struct scratch dir;
	uint8_t id[NODE_ID_BYTES];

	(void)state;
	scratch_open(&dir);
	assert_ok(list_of(&dir, "# nobody\n\n", &list));
	assert_int_equal(list.count, 0);
	assert_ok(list_of(&dir, "\t" ID "02 # two\r\n#" ID "03\n" ID "01", &list));
	assert_int_equal(list.count, 2);
	assert_ok(hex_decode(span_text(ID "01"), id, sizeof id));
	assert_true(allow_list_has(&list, id));
	id[31] = 2;
	assert_true(allow_list_has(&list, id));
	id[31] = 3;
	assert_false(allow_list_has(&list, id));
	assert_rc(list_of(&dir, ID "0\n", &list), RC_MALFORMED);
	assert_rc(list_of(&dir, ID "012\n", &list), RC_MALFORMED);
	assert_rc(list_of(&dir, ID "0g\n", &list), RC_MALFORMED);
	assert_rc(list_of(&dir, ID "01 " ID "02\n", &list), RC_MALFORMED);
	assert_int_equal(list.count, 2);
	scratch_release(&dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_certified_ek_and_a_proper_ak_are_a_node),
		cmocka_unit_test(an_ek_area_altered_by_any_bit_is_refused),
		cmocka_unit_test(a_certificate_of_another_key_ca_or_time_is_refused),
		cmocka_unit_test(without_a_certificate_only_the_allow_list_lets_in),
		cmocka_unit_test(an_ak_that_could_sign_anything_is_refused),
		cmocka_unit_test(an_allow_list_is_read_strictly),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
