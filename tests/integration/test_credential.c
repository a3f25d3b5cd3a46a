/* A real TPM opens what credential_make made, with each kind of EK; this also shows that KDFa, KDFe, OAEP and
 * the Names are as the TPM has them. */
#include <stdio.h>

#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/crypto/cert.h"
#include "lib/crypto/credential.h"
#include "tests/support/swtpm.h"
#include "tests/support/test.h"

#define FILE_MAX_BYTES 8192

static struct scratch scratch;
static struct swtpm tpm;

struct ek_row {
	const char *make;      /* leaves ek.ctx or uses what is persistent */
	const char *handle;    /* for tpm2-tools */
	const char *authorise; /* makes session.ctx; "" where an empty password does */
	const char *authorisation;
	const char *nv; /* index of its certificate, NULL if there is none */
	enum key_kind kind;
	enum digest_alg name_alg;
	unsigned symmetric_bits;
};

#define POLICY                                                                                               \
	"tpm2_startauthsession -Q --policy-session -S session.ctx && "                                       \
	"tpm2_policysecret -Q -S session.ctx -c e"

static const struct ek_row rows[] = {
	{"tpm2_createek -Q -G rsa -c ek.ctx", "ek.ctx", POLICY, "session:session.ctx", "0x01c00002", KEY_RSA,
		DIGEST_SHA256, 128},
	{"tpm2_createek -Q -G ecc -c ek.ctx", "ek.ctx", POLICY, "session:session.ctx", NULL, KEY_P256,
		DIGEST_SHA256, 128},
	/* The H templates let the owner of an empty password use the key. */
	{"true", "0x81010016", "true", "", "0x01c00016", KEY_P384, DIGEST_SHA384, 256},
};

static int make_tpm(void **state)
{
	(void)state;
	scratch_open(&scratch);
	swtpm_new(&tpm, &scratch, "node");
	swtpm_run(&tpm,
		"tpm2_createprimary -Q -C e -g sha256 -G ecc256:ecdsa-sha256:null -c ak.ctx "
		"-a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|sign|noda' && "
		"tpm2_readpublic -Q -c ak.ctx -n ak.name && tpm2_flushcontext -t",
		NULL);
	return 0;
}

static int end_tpm(void **state)
{
	(void)state;
	swtpm_release(&tpm);
	scratch_release(&scratch);
	return 0;
}

static void read_from_tpm(const char *name, struct blob *out)
{
	char path[2 * SCRATCH_FILE_BYTES];
	struct err err = {0};

	snprintf(path, sizeof path, "%s/%s", tpm.dir, name);
	if (file_read(path, FILE_MAX_BYTES, out, &err) != RC_OK)
		fail_msg("%s", err.text);
}

/* The EK's key as the TPM says it is. */
static struct public_key *ek_of(const struct ek_row *row)
{
	DROP(blob_release) struct blob pem = {0};
	struct public_key *key = NULL;
	char command[512];

	snprintf(command, sizeof command,
		"%s && tpm2_flushcontext -t && tpm2_readpublic -Q -c %s -f pem -o ek.pem && "
		"tpm2_flushcontext -t",
		row->make, row->handle);
	swtpm_run(&tpm, command, NULL);
	read_from_tpm("ek.pem", &pem);
	assert_ok(public_key_of_pem(blob_span(&pem), &key, NULL));
	assert_int_equal(public_key_parts(key).kind, row->kind);
	return key;
}

/* The file format of tpm2_activatecredential: magic, version, and the two structures. */
static void put_credential(struct span id_object, struct span encrypted_secret)
{
	static const uint8_t head[] = {0xba, 0xdc, 0xc0, 0xde, 0, 0, 0, 1};
	DROP(blob_release) struct blob file = {0};

	assert_ok(blob_append(&file, SPAN(head)));
	assert_ok(blob_append(&file, id_object));
	assert_ok(blob_append(&file, encrypted_secret));
	swtpm_put(&tpm, "credential", blob_span(&file));
}

static bool activates(const struct ek_row *row)
{
	char command[1024];
	bool opened;

	snprintf(command, sizeof command,
		"rm -f secret; %s && tpm2_activatecredential -Q -c ak.ctx -C %s -i credential -o secret -P '%s'",
		row->authorise, row->handle, row->authorisation);
	opened = swtpm_try(&tpm, command, NULL);
	swtpm_run(&tpm, "tpm2_flushcontext -t; tpm2_flushcontext -l; tpm2_flushcontext -s", NULL);
	return opened;
}

static void the_tpm_opens_a_credential_for_each_kind_of_ek(void **state)
{
	DROP(blob_release) struct blob name = {0};

	(void)state;
	read_from_tpm("ak.name", &name);
	for (size_t i = 0; i < COUNT(rows); i++) {
		DROP(public_key_release) struct public_key *key = ek_of(&rows[i]);
		struct credential_ek ek = {public_key_parts(key), rows[i].name_alg, rows[i].symmetric_bits};
		uint8_t secret[48];

		memset(secret, (int)(0x41 + i), sizeof secret);
		for (size_t len = 1; len <= digest_size(rows[i].name_alg); len += 31) {
			DROP(blob_release) struct blob id_object = {0};
			DROP(blob_release) struct blob encrypted = {0};
			DROP(blob_release) struct blob opened = {0};

			assert_ok(credential_make(
				&ek, blob_span(&name), span_of(secret, len), &id_object, &encrypted, NULL));
			put_credential(blob_span(&id_object), blob_span(&encrypted));
			assert_true(activates(&rows[i]));
			read_from_tpm("secret", &opened);
			assert_spans_equal(blob_span(&opened), span_of(secret, len));
		}
	}
}

static void the_tpm_refuses_one_for_another_name_or_altered(void **state)
{
	DROP(blob_release) struct blob name = {0};

	(void)state;
	read_from_tpm("ak.name", &name);
	for (size_t i = 0; i < COUNT(rows); i++) {
		DROP(public_key_release) struct public_key *key = ek_of(&rows[i]);
		DROP(blob_release) struct blob id_object = {0};
		DROP(blob_release) struct blob encrypted = {0};
		struct credential_ek ek = {public_key_parts(key), rows[i].name_alg, rows[i].symmetric_bits};

		name.at[name.len - 1] ^= 1;
		assert_ok(credential_make(
			&ek, blob_span(&name), span_text("secret"), &id_object, &encrypted, NULL));
		put_credential(blob_span(&id_object), blob_span(&encrypted));
		assert_false(activates(&rows[i]));
		name.at[name.len - 1] ^= 1;
		assert_ok(credential_make(
			&ek, blob_span(&name), span_text("secret"), &id_object, &encrypted, NULL));
		id_object.at[id_object.len - 1] ^= 1;
		put_credential(blob_span(&id_object), blob_span(&encrypted));
		assert_false(activates(&rows[i]));
		id_object.at[id_object.len - 1] ^= 1;
		put_credential(blob_span(&id_object), blob_span(&encrypted));
		assert_true(activates(&rows[i]));
	}
}

static void the_certificates_in_nv_lead_to_the_root_and_hold_these_keys(void **state)
{
	DROP(cert_roots_release) struct cert_roots *roots = NULL;
	DROP(blob_release) struct blob intermediate = {0};
	char path[2 * SCRATCH_FILE_BYTES];
	struct err err = {0};
	struct span peer;

	(void)state;
	snprintf(path, sizeof path, "%s/roots", tpm.ca);
	if (cert_roots_load(path, &roots, &err) != RC_OK)
		fail_msg("%s", err.text);
	swtpm_run(&tpm, "openssl x509 -in ../ca/intermediate.pem -outform der", &intermediate);
	peer = blob_span(&intermediate);
	for (size_t i = 0; i < COUNT(rows); i++) {
		DROP(public_key_release) struct public_key *key = NULL;
		DROP(cert_release) struct cert *cert = NULL;
		DROP(blob_release) struct blob der = {0};
		char command[64];

		if (rows[i].nv == NULL)
			continue;
		key = ek_of(&rows[i]);
		snprintf(command, sizeof command, "tpm2_nvread %s", rows[i].nv);
		swtpm_run(&tpm, command, &der);
		assert_ok(cert_parse(blob_span(&der), &cert, NULL));
		assert_spans_equal(public_key_parts(cert_key(cert)).n, public_key_parts(key).n);
		assert_spans_equal(public_key_parts(cert_key(cert)).x, public_key_parts(key).x);
		if (cert_verify_ek(cert, &peer, 1, roots, clock_wall_ms(clock_system()), &err) != RC_OK)
			fail_msg("%s", err.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_tpm_opens_a_credential_for_each_kind_of_ek),
		cmocka_unit_test(the_tpm_refuses_one_for_another_name_or_altered),
		cmocka_unit_test(the_certificates_in_nv_lead_to_the_root_and_hold_these_keys),
	};

	return cmocka_run_group_tests(tests, make_tpm, end_tpm);
}
