#include <openssl/err.h>
#include <stdio.h>
#include <sys/stat.h>

#include "lib/base/file.h"
#include "lib/crypto/cert.h"
#include "tests/fakes/fake_cert.h"
#include "tests/support/test.h"

/* 2026-11-23T12:00:00Z */
#define NOW_MS 1795435200000u
#define DAY_MS 86400000u

/* root -> intermediate -> EK of a curve, all in order; each test spoils one thing. */
struct chain {
	struct fake_cert root, intermediate, ek;
	struct cert_roots *roots;
};

static void chain_release(struct chain *chain)
{
	fake_cert_release(&chain->root);
	fake_cert_release(&chain->intermediate);
	fake_cert_release(&chain->ek);
	cert_roots_release(&chain->roots);
}

static void trust(struct chain *chain)
{
	assert_ok(cert_roots_parse(blob_span(&chain->root.der), "root", &chain->roots, NULL));
}

static const struct fake_recipe root_recipe = {.name = "Root", .extensions = FAKE_CA_EXTENSIONS};
static const struct fake_recipe intermediate_recipe = {
	.name = "Intermediate", .extensions = FAKE_CA_EXTENSIONS};
static const struct fake_recipe ek_recipe = {.name = "EK", .extensions = FAKE_EK_CURVE_EXTENSIONS};

/* NULL: the recipe that is in order. */
static struct chain chain_of(
	const struct fake_recipe *root, const struct fake_recipe *intermediate, const struct fake_recipe *ek)
{
	struct chain chain = {0};

	fake_cert_make(root == NULL ? &root_recipe : root, NULL, &chain.root);
	fake_cert_make(
		intermediate == NULL ? &intermediate_recipe : intermediate, &chain.root, &chain.intermediate);
	fake_cert_make(ek == NULL ? &ek_recipe : ek, &chain.intermediate, &chain.ek);
	trust(&chain);
	return chain;
}

static enum rc verify_at(const struct chain *chain, uint64_t now_ms, struct err *err)
{
	DROP(cert_release) struct cert *ek = NULL;
	const struct span intermediate = blob_span(&chain->intermediate.der);

	assert_ok(cert_parse(blob_span(&chain->ek.der), &ek, err));
	return cert_verify_ek(ek, &intermediate, 1, chain->roots, now_ms, err);
}

/* Denied, and the text holds these words. */
static void assert_denied(const struct chain *chain, const char *words)
{
	struct err err = {0};

	assert_rc(verify_at(chain, NOW_MS, &err), RC_DENIED);
	if (strstr(err.text, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", err.text, words);
}

static void assert_accepted(const struct chain *chain)
{
	struct err err = {0};

	if (verify_at(chain, NOW_MS, &err) != RC_OK)
		fail_msg("%s", err.text);
}

static void a_chain_in_order_is_accepted(void **state)
{
	static const struct fake_recipe rsa = {
		.name = "EK", .kind = KEY_RSA, .extensions = FAKE_EK_RSA_EXTENSIONS};
	static const struct fake_recipe p384 = {
		.name = "EK", .kind = KEY_P384, .extensions = FAKE_EK_CURVE_EXTENSIONS};
	static const struct fake_recipe bare = {.name = "EK"};
	const struct fake_recipe *const eks[] = {&ek_recipe, &rsa, &p384, &bare};

	(void)state;
	for (size_t i = 0; i < COUNT(eks); i++) {
		DROP(chain_release) struct chain chain = chain_of(NULL, NULL, eks[i]);

		assert_accepted(&chain);
	}
}

static void certificates_of_swtpm_are_accepted(void **state)
{
	static const struct {
		const char *name;
		enum key_kind kind;
	} rows[] = {{"ek_rsa.crt.der", KEY_RSA}, {"ek_ecc384.crt.der", KEY_P384}};
	DROP(cert_roots_release) struct cert_roots *roots = NULL;
	DROP(cert_roots_release) struct cert_roots *wrong = NULL;
	struct span issuer = vector("ek-chain/issuer.crt.der");

	(void)state;
	assert_ok(cert_roots_parse(vector("ek-chain/root.crt.pem"), "root", &roots, NULL));
	for (size_t i = 0; i < COUNT(rows); i++) {
		DROP(cert_release) struct cert *ek = NULL;
		char path[64];
		struct err err = {0};

		snprintf(path, sizeof path, "ek-chain/%s", rows[i].name);
		assert_ok(cert_parse(vector(path), &ek, NULL));
		assert_string_equal(cert_subject(ek), "CN=unknown");
		assert_int_equal(public_key_parts(cert_key(ek)).kind, rows[i].kind);
		if (cert_verify_ek(ek, &issuer, 1, roots, NOW_MS + DAY_MS, &err) != RC_OK)
			fail_msg("%s", err.text);
		assert_rc(cert_verify_ek(ek, NULL, 0, roots, NOW_MS + DAY_MS, &err), RC_DENIED);
		assert_rc(cert_verify_ek(ek, &issuer, 1, roots, NOW_MS - DAY_MS, &err), RC_DENIED);
	}
	/* An intermediate alone is no anchor. */
	assert_rc(cert_roots_parse(issuer, "issuer", &wrong, NULL), RC_NOT_FOUND);
}

static void dates_hold_to_the_second_on_every_certificate(void **state)
{
	struct fake_recipe recipes[] = {root_recipe, intermediate_recipe, ek_recipe};
	static const char *const words[][2] = {
		{"CA certificate CN=Root, 2 above the EK's: expired on 2026-11-24T12:00:00Z, now it is "
		 "2026-11-24T12:00:01Z",
			"CA certificate CN=Root, 2 above the EK's: not valid before 2026-11-22T12:00:00Z"},
		{"CA certificate CN=Intermediate, 1 above the EK's: expired on",
			"CA certificate CN=Intermediate, 1 above the EK's: not valid before"},
		{"EK certificate CN=EK: expired on", "EK certificate CN=EK: not valid before"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(recipes); i++) {
		DROP(chain_release) struct chain chain = {0};
		struct err err = {0};

		recipes[i].from_ms = NOW_MS - DAY_MS;
		recipes[i].to_ms = NOW_MS + DAY_MS;
		chain = chain_of(&recipes[0], &recipes[1], &recipes[2]);
		assert_ok(verify_at(&chain, NOW_MS - DAY_MS, NULL));
		assert_ok(verify_at(&chain, NOW_MS + DAY_MS - 1000, NULL));
		assert_rc(verify_at(&chain, NOW_MS + DAY_MS + 1000, &err), RC_DENIED);
		if (strstr(err.text, words[i][0]) == NULL)
			fail_msg("%s", err.text);
		assert_rc(verify_at(&chain, NOW_MS - DAY_MS - 1000, &err), RC_DENIED);
		if (strstr(err.text, words[i][1]) == NULL)
			fail_msg("%s", err.text);
		recipes[i].from_ms = recipes[i].to_ms = 0;
	}
}

static void an_unknown_ca_is_denied(void **state)
{
	DROP(chain_release) struct chain chain = chain_of(NULL, NULL, NULL);
	DROP(chain_release) struct chain other = chain_of(NULL, NULL, NULL);
	DROP(cert_release) struct cert *ek = NULL;
	struct err err = {0};
	struct span peers[2];

	(void)state;
	assert_ok(cert_parse(blob_span(&chain.ek.der), &ek, NULL));
	/* Without the intermediate, the path ends at its name. */
	assert_rc(cert_verify_ek(ek, NULL, 0, chain.roots, NOW_MS, &err), RC_DENIED);
	assert_non_null(
		strstr(err.text, "its issuer CN=Intermediate is neither one of the 1 configured roots"));
	/* A root that the peer hands in is not one of ours, though it has the same name. */
	peers[0] = blob_span(&chain.intermediate.der);
	peers[1] = blob_span(&chain.root.der);
	assert_rc(cert_verify_ek(ek, peers, 2, other.roots, NOW_MS, &err), RC_DENIED);
	assert_rc(cert_verify_ek(ek, peers, 1, other.roots, NOW_MS, &err), RC_DENIED);
	assert_ok(cert_verify_ek(ek, peers, 2, chain.roots, NOW_MS, &err));
}

static void a_self_signed_ek_is_denied_even_if_the_peer_hands_it_in_again(void **state)
{
	DROP(chain_release) struct chain chain = chain_of(NULL, NULL, NULL);
	DROP(fake_cert_release) struct fake_cert own = {0};
	DROP(cert_release) struct cert *ek = NULL;
	struct err err = {0};
	struct span peer;

	(void)state;
	fake_cert_make(&ek_recipe, NULL, &own);
	peer = blob_span(&own.der);
	assert_ok(cert_parse(peer, &ek, NULL));
	assert_rc(cert_verify_ek(ek, &peer, 1, chain.roots, NOW_MS, &err), RC_DENIED);
	assert_non_null(strstr(err.text, "signed by itself"));
}

static void an_intermediate_that_is_no_ca_is_denied(void **state)
{
	static const char *const spoilt[] = {
		"basicConstraints=critical,CA:FALSE\nkeyUsage=critical,keyCertSign\n" FAKE_KEY_IDS,
		"keyUsage=critical,keyCertSign\n" FAKE_KEY_IDS,
		"basicConstraints=critical,CA:TRUE\nkeyUsage=critical,cRLSign,digitalSignature\n" FAKE_KEY_IDS,
		"basicConstraints=critical,CA:TRUE\n" FAKE_KEY_IDS,
		FAKE_EK_CURVE_EXTENSIONS, /* an EK that signs another EK */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(spoilt); i++) {
		struct fake_recipe recipe = {.name = "Intermediate", .extensions = spoilt[i]};
		DROP(chain_release) struct chain chain = chain_of(NULL, &recipe, NULL);

		assert_denied(&chain, "CN=Intermediate");
	}
}

static void a_path_longer_than_a_ca_allows_is_denied(void **state)
{
	static const struct fake_recipe short_root = {.name = "Root",
		.extensions =
			"basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign\n" FAKE_KEY_IDS};
	static const struct fake_recipe long_enough = {.name = "Root",
		.extensions =
			"basicConstraints=critical,CA:TRUE,pathlen:1\nkeyUsage=critical,keyCertSign\n" FAKE_KEY_IDS};
	DROP(chain_release) struct chain denied = chain_of(&short_root, NULL, NULL);
	DROP(chain_release) struct chain accepted = chain_of(&long_enough, NULL, NULL);

	(void)state;
	assert_denied(&denied, "path length constraint exceeded");
	assert_accepted(&accepted);
}

static void more_intermediates_than_the_limit_are_refused(void **state)
{
	DROP(chain_release) struct chain chain = chain_of(NULL, NULL, NULL);
	DROP(cert_release) struct cert *ek = NULL;
	struct span peers[CERT_INTERMEDIATES_MAX + 1];

	(void)state;
	for (size_t i = 0; i < COUNT(peers); i++)
		peers[i] = blob_span(&chain.intermediate.der);
	assert_ok(cert_parse(blob_span(&chain.ek.der), &ek, NULL));
	assert_ok(cert_verify_ek(ek, peers, CERT_INTERMEDIATES_MAX, chain.roots, NOW_MS, NULL));
	assert_rc(cert_verify_ek(ek, peers, CERT_INTERMEDIATES_MAX + 1, chain.roots, NOW_MS, NULL), RC_LIMIT);
	peers[1] = span_text("no certificate");
	assert_rc(cert_verify_ek(ek, peers, 2, chain.roots, NOW_MS, NULL), RC_MALFORMED);
}

static void a_leaf_that_is_no_ek_certificate_is_denied(void **state)
{
	static const struct {
		const char *extensions, *words;
		enum key_kind kind;
	} rows[] = {
		{"keyUsage=critical,keyEncipherment\n", "lacks keyAgreement", KEY_P256},
		{"keyUsage=critical,digitalSignature\n", "lacks keyAgreement", KEY_P384},
		{"keyUsage=critical,keyAgreement\n", "lacks keyEncipherment", KEY_RSA},
		{"extendedKeyUsage=serverAuth\n", "lacks 2.23.133.8.1", KEY_P256},
		{"extendedKeyUsage=2.23.133.8.3\n", "lacks 2.23.133.8.1", KEY_P256},
		{"extendedKeyUsage=anyExtendedKeyUsage\n", "lacks 2.23.133.8.1", KEY_P256},
		{"2.5.29.37=DER:0500\n", "CN=EK", KEY_P256},
		{FAKE_CA_EXTENSIONS, "is a CA certificate", KEY_P256},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fake_recipe recipe = {
			.name = "EK", .kind = rows[i].kind, .extensions = rows[i].extensions};
		DROP(chain_release) struct chain chain = chain_of(NULL, NULL, &recipe);

		assert_denied(&chain, rows[i].words);
	}
}

static void unknown_critical_extensions_are_denied_everywhere(void **state)
{
	static const struct fake_recipe root = {
		.name = "Root", .extensions = "1.2.3.4=critical,DER:0500\n" FAKE_CA_EXTENSIONS};
	static const struct fake_recipe intermediate = {
		.name = "Intermediate", .extensions = "1.2.3.4=critical,DER:0500\n" FAKE_CA_EXTENSIONS};
	static const struct fake_recipe ek = {
		.name = "EK", .extensions = "1.2.3.4=critical,DER:0500\n" FAKE_EK_CURVE_EXTENSIONS};
	DROP(chain_release) struct chain of_root = chain_of(&root, NULL, NULL);
	DROP(chain_release) struct chain of_intermediate = chain_of(NULL, &intermediate, NULL);
	DROP(chain_release) struct chain of_ek = chain_of(NULL, NULL, &ek);

	(void)state;
	assert_denied(&of_root, "CN=Root, 2 above the EK's: unhandled critical extension");
	assert_denied(&of_intermediate, "CN=Intermediate, 1 above the EK's: unhandled critical extension");
	assert_denied(&of_ek, "EK certificate CN=EK: unhandled critical extension");
}

static void a_critical_directory_attribute_is_read_over_on_the_ek_only(void **state)
{
	/* subjectDirectoryAttributes with the specification of the TPM, as swtpm writes it. */
#define ATTRIBUTES "2.5.29.9=critical,DER:3019301706056781050210310E300C0C03322E30020100020200A4\n"
	static const struct fake_recipe ek = {
		.name = "EK", .extensions = ATTRIBUTES FAKE_EK_CURVE_EXTENSIONS};
	static const struct fake_recipe with_another = {.name = "EK",
		.extensions = ATTRIBUTES "1.2.3.4=critical,DER:0500\n" FAKE_EK_CURVE_EXTENSIONS};
	static const struct fake_recipe intermediate = {
		.name = "Intermediate", .extensions = ATTRIBUTES FAKE_CA_EXTENSIONS};
	DROP(chain_release) struct chain accepted = chain_of(NULL, NULL, &ek);
	DROP(chain_release) struct chain denied = chain_of(NULL, NULL, &with_another);
	DROP(chain_release) struct chain above = chain_of(NULL, &intermediate, NULL);

	(void)state;
	assert_accepted(&accepted);
	assert_denied(&denied, "unhandled critical extension");
	assert_denied(&above, "unhandled critical extension");
}

static void the_tolerated_extension_hides_no_other_fault(void **state)
{
	struct fake_recipe ek = {.name = "EK",
		.extensions = ATTRIBUTES FAKE_EK_CURVE_EXTENSIONS,
		.from_ms = NOW_MS - 2 * DAY_MS,
		.to_ms = NOW_MS - DAY_MS};
	DROP(chain_release) struct chain expired = chain_of(NULL, NULL, &ek);
	DROP(chain_release) struct chain altered = {0};

	(void)state;
	assert_denied(&expired, "expired");
	ek.from_ms = ek.to_ms = 0;
	altered = chain_of(NULL, NULL, &ek);
	assert_accepted(&altered);
	altered.ek.der.at[altered.ek.der.len - 1] ^= 1;
	assert_denied(&altered, "signature");
}

static void weak_keys_and_hashes_are_denied(void **state)
{
	static const struct fake_recipe small_ek = {
		.name = "EK", .kind = KEY_RSA, .rsa_bits = 1024, .extensions = FAKE_EK_RSA_EXTENSIONS};
	static const struct fake_recipe other_curve = {
		.name = "EK", .curve = "secp256k1", .extensions = FAKE_EK_CURVE_EXTENSIONS};
	static const struct fake_recipe small_ca = {
		.name = "Intermediate", .kind = KEY_RSA, .rsa_bits = 1024, .extensions = FAKE_CA_EXTENSIONS};
	static const struct fake_recipe sha1 = {
		.name = "EK", .hash = "SHA1", .extensions = FAKE_EK_CURVE_EXTENSIONS};
	DROP(chain_release) struct chain a = chain_of(NULL, NULL, &small_ek);
	DROP(chain_release) struct chain b = chain_of(NULL, NULL, &other_curve);
	DROP(chain_release) struct chain c = chain_of(NULL, &small_ca, NULL);
	DROP(chain_release) struct chain d = chain_of(NULL, NULL, &sha1);

	(void)state;
	assert_denied(&a, "EK certificate CN=EK: its key is not");
	assert_denied(&b, "EK certificate CN=EK: its key is not");
	assert_denied(&c, "CN=Intermediate");
	assert_denied(&d, "EK certificate CN=EK");
}

static void names_that_a_ca_excludes_are_denied(void **state)
{
	static const struct fake_recipe limited = {.name = "Intermediate",
		.extensions = FAKE_CA_EXTENSIONS
		"nameConstraints=critical,permitted;dirName:only\n[only]\nCN=Somebody else\n"};
	DROP(chain_release) struct chain chain = chain_of(NULL, &limited, NULL);

	(void)state;
	assert_denied(&chain, "permitted subtree violation");
}

static void no_altered_bit_of_an_ek_certificate_is_accepted(void **state)
{
	DROP(chain_release) struct chain chain = chain_of(NULL, NULL, NULL);
	const struct span intermediate = blob_span(&chain.intermediate.der);

	(void)state;
	for (size_t bit = 0; bit < 8 * chain.ek.der.len; bit += 3) {
		DROP(cert_release) struct cert *ek = NULL;

		chain.ek.der.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (cert_parse(blob_span(&chain.ek.der), &ek, NULL) == RC_OK)
			assert_rc(cert_verify_ek(ek, &intermediate, 1, chain.roots, NOW_MS, NULL), RC_DENIED);
		chain.ek.der.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_accepted(&chain);
}

static void no_altered_bit_of_an_intermediate_is_accepted(void **state)
{
	DROP(chain_release) struct chain chain = chain_of(NULL, NULL, NULL);
	DROP(cert_release) struct cert *ek = NULL;

	(void)state;
	assert_ok(cert_parse(blob_span(&chain.ek.der), &ek, NULL));
	for (size_t bit = 0; bit < 8 * chain.intermediate.der.len; bit += 3) {
		const struct span intermediate = blob_span(&chain.intermediate.der);

		chain.intermediate.der.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_not_equal(cert_verify_ek(ek, &intermediate, 1, chain.roots, NOW_MS, NULL), RC_OK);
		chain.intermediate.der.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_accepted(&chain);
}

static void padding_is_tolerated_and_cut_off_but_nothing_else_is(void **state)
{
	DROP(chain_release) struct chain chain = chain_of(NULL, NULL, NULL);
	DROP(cert_release) struct cert *cert = NULL;
	DROP(blob_release) struct blob bytes = {0};
	size_t len = chain.ek.der.len;
	size_t found = 0;

	(void)state;
	assert_ok(blob_copy(&bytes, blob_span(&chain.ek.der)));
	assert_ok(blob_resize(&bytes, len + 500));
	assert_ok(cert_parse(blob_span(&bytes), &cert, NULL));
	assert_spans_equal(cert_der(cert), blob_span(&chain.ek.der));
	assert_ok(cert_length(blob_span(&bytes), &found));
	assert_int_equal(found, len);
	memset(bytes.at + len, 0xff, 500);
	assert_ok(cert_parse(blob_span(&bytes), &cert, NULL));
	bytes.at[len + 499] = 0;
	assert_rc(cert_parse(blob_span(&bytes), &cert, NULL), RC_MALFORMED);
	memset(bytes.at + len, 0, 500);
	bytes.at[len + 7] = 1;
	assert_rc(cert_parse(blob_span(&bytes), &cert, NULL), RC_MALFORMED);
	memset(bytes.at + len, 0x30, 500);
	assert_rc(cert_parse(blob_span(&bytes), &cert, NULL), RC_MALFORMED);
}

static void every_truncation_is_refused(void **state)
{
	DROP(chain_release) struct chain chain = chain_of(NULL, NULL, NULL);
	struct cert *cert = NULL;

	(void)state;
	for (size_t n = 0; n < chain.ek.der.len; n++)
		assert_rc(cert_parse(span_of(chain.ek.der.at, n), &cert, NULL), RC_MALFORMED);
	assert_null(cert);
}

static void lengths_that_lie_are_refused(void **state)
{
	static uint8_t bytes[CERT_DER_MAX + 100] = {0x30};
	static const struct {
		uint8_t length[4];
		enum rc expected;
	} rows[] = {
		{{0x05}, RC_MALFORMED},
		{{0x80}, RC_MALFORMED},
		{{0x81, 0x7f}, RC_MALFORMED},
		{{0x82, 0x00, 0xff}, RC_MALFORMED},
		{{0x82, 0x0f, 0xfd}, RC_LIMIT},
		{{0x82, 0xff, 0xff}, RC_LIMIT},
		{{0x83, 0x00, 0x01}, RC_LIMIT},
		{{0x84, 0xff, 0xff, 0xff}, RC_LIMIT},
		{{0xff}, RC_MALFORMED},
		{{0x81, 0xc8}, RC_OK},
		{{0x82, 0x01, 0x00}, RC_OK},
		{{0x82, 0x0f, 0xfc}, RC_OK},
	};
	size_t len = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		memcpy(bytes + 1, rows[i].length, sizeof rows[i].length);
		assert_rc(cert_length(SPAN(bytes), &len), rows[i].expected);
	}
	assert_int_equal(len, CERT_DER_MAX);
	assert_rc(cert_length(span_of(bytes, CERT_DER_MAX - 1), &len), RC_MALFORMED);
	bytes[0] = 0x31;
	assert_rc(cert_length(SPAN(bytes), &len), RC_MALFORMED);
}

static void a_name_with_control_characters_is_shown_escaped(void **state)
{
	struct fake_recipe recipe = {.name = "a\nb\x1b[2J\xc3\xbc", .extensions = FAKE_EK_CURVE_EXTENSIONS};
	DROP(chain_release) struct chain chain = chain_of(NULL, NULL, &recipe);
	DROP(cert_release) struct cert *ek = NULL;

	(void)state;
	assert_ok(cert_parse(blob_span(&chain.ek.der), &ek, NULL));
	for (const char *at = cert_subject(ek); *at != '\0'; at++)
		assert_true(*at >= 0x20 && *at < 0x7f);
}

static void no_reason_is_left_behind_in_libcrypto(void **state)
{
	static const struct fake_recipe expired = {
		.name = "EK", .extensions = FAKE_EK_CURVE_EXTENSIONS, .from_ms = DAY_MS, .to_ms = 2 * DAY_MS};
	static const struct fake_recipe other_curve = {
		.name = "EK", .curve = "secp256k1", .extensions = FAKE_EK_CURVE_EXTENSIONS};
	const struct fake_recipe *const eks[] = {&ek_recipe, &expired, &other_curve};
	DROP(cert_release) struct cert *none = NULL;
	struct cert_roots *roots = NULL;

	(void)state;
	for (size_t i = 0; i < COUNT(eks); i++) {
		DROP(chain_release) struct chain chain = chain_of(NULL, NULL, eks[i]);

		ERR_clear_error();
		assert_rc(verify_at(&chain, NOW_MS, NULL), i == 0 ? RC_OK : RC_DENIED);
		assert_int_equal(ERR_peek_error(), 0);
		chain.ek.der.at[chain.ek.der.len - 1] ^= 1;
		assert_rc(verify_at(&chain, NOW_MS, NULL), RC_DENIED);
		assert_int_equal(ERR_peek_error(), 0);
		chain.ek.der.at[30] = 0xff;
		assert_rc(cert_parse(blob_span(&chain.ek.der), &none, NULL), RC_MALFORMED);
		assert_int_equal(ERR_peek_error(), 0);
		assert_rc(cert_roots_parse(blob_span(&chain.intermediate.der), "x", &roots, NULL),
			RC_NOT_FOUND);
		assert_int_equal(ERR_peek_error(), 0);
	}
}

/* A file in the folder. */
static void put_file(const struct scratch *folder, const char *name, struct span bytes)
{
	char path[SCRATCH_FILE_BYTES];

	assert_ok(file_create(scratch_file(folder, name, path), bytes, 0644, NULL));
}

static void roots_are_loaded_from_a_folder(void **state)
{
	DROP(scratch_release) struct scratch folder = {{0}};
	DROP(chain_release) struct chain chain = chain_of(NULL, NULL, NULL);
	DROP(chain_release) struct chain other = chain_of(NULL, NULL, NULL);
	DROP(cert_release) struct cert *ek = NULL;
	DROP(blob_release) struct blob pem = {0};

	(void)state;
	scratch_open(&folder);
	fake_cert_pem(&other.root, &pem);
	assert_ok(blob_append(&pem, span_text("text between blocks\n")));
	fake_cert_pem(&chain.root, &pem);
	put_file(&folder, "vendors.pem", blob_span(&pem));
	put_file(&folder, "intermediate.der", blob_span(&chain.intermediate.der));
	put_file(&folder, "README", span_text("not a certificate"));
	cert_roots_release(&chain.roots);
	assert_ok(cert_roots_load(folder.path, &chain.roots, NULL));
	assert_accepted(&chain);
	/* An intermediate in the folder helps a peer that has none. */
	assert_ok(cert_parse(blob_span(&chain.ek.der), &ek, NULL));
	assert_ok(cert_verify_ek(ek, NULL, 0, chain.roots, NOW_MS, NULL));
}

static void an_intermediate_in_the_folder_is_not_an_anchor(void **state)
{
	DROP(scratch_release) struct scratch folder = {{0}};
	DROP(chain_release) struct chain chain = chain_of(NULL, NULL, NULL);
	DROP(chain_release) struct chain other = chain_of(NULL, NULL, NULL);
	struct err err = {0};

	(void)state;
	scratch_open(&folder);
	put_file(&folder, "intermediate.crt", blob_span(&chain.intermediate.der));
	assert_rc(cert_roots_load(folder.path, &chain.roots, &err), RC_NOT_FOUND);
	assert_non_null(strstr(err.text, folder.path));
	put_file(&folder, "other.cer", blob_span(&other.root.der));
	assert_ok(cert_roots_load(folder.path, &chain.roots, &err));
	assert_rc(verify_at(&chain, NOW_MS, &err), RC_DENIED);
}

static void a_folder_with_anything_wrong_in_it_fails_and_names_the_file(void **state)
{
	DROP(chain_release) struct chain chain = chain_of(NULL, NULL, NULL);
	DROP(blob_release) struct blob cut = {0};
	struct span bad[3];

	(void)state;
	fake_cert_pem(&chain.root, &cut);
	bad[0] = span_of(cut.at, cut.len - 40);
	bad[1] = span_text("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n");
	bad[2] = span_text("");
	for (size_t i = 0; i < COUNT(bad) + 1; i++) {
		DROP(scratch_release) struct scratch folder = {{0}};
		struct cert_roots *roots = NULL;
		struct err err = {0};

		scratch_open(&folder);
		put_file(&folder, "good.der", blob_span(&chain.root.der));
		put_file(&folder, "bad.pem", i < COUNT(bad) ? bad[i] : blob_span(&chain.ek.der));
		assert_int_not_equal(cert_roots_load(folder.path, &roots, &err), RC_OK);
		assert_non_null(strstr(err.text, "bad.pem"));
		assert_null(roots);
	}
}

static void a_folder_that_is_empty_or_missing_is_not_found(void **state)
{
	DROP(scratch_release) struct scratch folder = {{0}};
	char path[SCRATCH_FILE_BYTES];
	struct cert_roots *roots = NULL;

	(void)state;
	scratch_open(&folder);
	assert_rc(cert_roots_load(folder.path, &roots, NULL), RC_NOT_FOUND);
	assert_rc(cert_roots_load(scratch_file(&folder, "missing", path), &roots, NULL), RC_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_chain_in_order_is_accepted),
		cmocka_unit_test(certificates_of_swtpm_are_accepted),
		cmocka_unit_test(dates_hold_to_the_second_on_every_certificate),
		cmocka_unit_test(an_unknown_ca_is_denied),
		cmocka_unit_test(a_self_signed_ek_is_denied_even_if_the_peer_hands_it_in_again),
		cmocka_unit_test(an_intermediate_that_is_no_ca_is_denied),
		cmocka_unit_test(a_path_longer_than_a_ca_allows_is_denied),
		cmocka_unit_test(more_intermediates_than_the_limit_are_refused),
		cmocka_unit_test(a_leaf_that_is_no_ek_certificate_is_denied),
		cmocka_unit_test(unknown_critical_extensions_are_denied_everywhere),
		cmocka_unit_test(a_critical_directory_attribute_is_read_over_on_the_ek_only),
		cmocka_unit_test(the_tolerated_extension_hides_no_other_fault),
		cmocka_unit_test(weak_keys_and_hashes_are_denied),
		cmocka_unit_test(names_that_a_ca_excludes_are_denied),
		cmocka_unit_test(no_altered_bit_of_an_ek_certificate_is_accepted),
		cmocka_unit_test(no_altered_bit_of_an_intermediate_is_accepted),
		cmocka_unit_test(padding_is_tolerated_and_cut_off_but_nothing_else_is),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(lengths_that_lie_are_refused),
		cmocka_unit_test(a_name_with_control_characters_is_shown_escaped),
		cmocka_unit_test(no_reason_is_left_behind_in_libcrypto),
		cmocka_unit_test(roots_are_loaded_from_a_folder),
		cmocka_unit_test(an_intermediate_in_the_folder_is_not_an_anchor),
		cmocka_unit_test(a_folder_with_anything_wrong_in_it_fails_and_names_the_file),
		cmocka_unit_test(a_folder_that_is_empty_or_missing_is_not_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
