/* A CA's key in a file, in a software TPM and in a software token, and what openssl(1) thinks of them. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/drop.h"
#include "lib/base/file.h"
#include "lib/pki/ca_key.h"
#include "lib/pki/csr.h"
#include "lib/pki/issue.h"
#include "lib/sandbox/sandbox.h"
#include "tests/support/swtpm.h"

#define SOFTHSM "/usr/lib/softhsm/libsofthsm2.so"
#define PIN     "123456"

static struct scratch scratch;
static struct swtpm tpm;

/* A root certificate can be issued by the key, and a request made: it signs. */
static void assert_signs(struct private_key *key)
{
	DROP(blob_release) struct blob root = {0};
	DROP(blob_release) struct blob request = {0};
	DROP(csr_release) struct csr csr = {0};
	const struct issue_order order = {
		.profile = ISSUE_ROOT, .serial = {0x41}, .common_name = "CA", .until_ms = 86400000};

	assert_ok(issue_root(key, &order, &root, NULL));
	assert_ok(csr_make(key, "CA", &request, NULL));
	assert_ok(csr_parse(blob_span(&request), &csr, NULL));
}

static void assert_same(const struct private_key *a, const struct private_key *b)
{
	DROP(blob_release) struct blob one = {0};
	DROP(blob_release) struct blob two = {0};

	assert_ok(public_key_to_der(private_key_public(a), &one, NULL));
	assert_ok(public_key_to_der(private_key_public(b), &two, NULL));
	assert_spans_equal(blob_span(&one), blob_span(&two));
}

static enum rc open_place(const struct ca_key_place *place, struct private_key **out)
{
	struct err err = {0};
	enum rc rc = ca_key_open(place, out, &err);

	if (rc != RC_OK)
		print_message("# %s\n", err.text);
	return rc;
}

/* Make it, use it, make it no second time, open it again. */
static void assert_lives(const struct ca_key_place *place, enum key_kind kind)
{
	DROP(private_key_release) struct private_key *key = NULL;
	DROP(private_key_release) struct private_key *again = NULL;
	DROP(blob_release) struct blob pem = {0};
	struct err err = {0};

	if (ca_key_make(place, kind, &key, &err) != RC_OK)
		fail_msg("%s", err.text);
	assert_int_equal(private_key_home(key), place->home);
	assert_int_equal(private_key_kind(key), kind);
	assert_signs(key);
	assert_rc(private_key_to_pem(key, span_text("x"), &pem, NULL),
		place->home == PRIVATE_KEY_SOFTWARE ? RC_OK : RC_UNSUPPORTED);
	if (place->home != PRIVATE_KEY_TPM)
		assert_rc(ca_key_make(place, kind, &again, NULL), RC_EXISTS);
	assert_ok(open_place(place, &again));
	assert_same(key, again);
	assert_signs(again);
}

static void a_key_lives_in_an_encrypted_file(void **state)
{
	DROP(private_key_release) struct private_key *key = NULL;
	char path[SCRATCH_FILE_BYTES];
	struct ca_key_place place = {
		.home = PRIVATE_KEY_SOFTWARE,
		.at = scratch_file(&scratch, "ca.key", path),
		.secret = span_text("passphrase"),
	};

	(void)state;
	assert_rc(ca_key_open(&place, &key, NULL), RC_NOT_FOUND);
	assert_lives(&place, KEY_P384);
	swtpm_run(&tpm, "openssl pkey -in ../ca.key -passin pass:passphrase -noout", NULL);
	assert_false(swtpm_try(&tpm, "openssl pkey -in ../ca.key -passin pass:other -noout 2>&1", NULL));
	place.secret = span_text("Passphrase");
	assert_rc(ca_key_open(&place, &key, NULL), RC_DENIED);
	place.secret.len = 0;
	assert_rc(ca_key_open(&place, &key, NULL), RC_DENIED);
	swtpm_run(&tpm, "chmod g+r ../ca.key", NULL);
	place.secret = span_text("passphrase");
	assert_rc(ca_key_open(&place, &key, NULL), RC_DENIED);
}

static void one_in_the_clear_must_be_asked_for(void **state)
{
	DROP(private_key_release) struct private_key *key = NULL;
	char path[SCRATCH_FILE_BYTES];
	struct ca_key_place place = {
		.home = PRIVATE_KEY_SOFTWARE, .at = scratch_file(&scratch, "clear.key", path)};

	(void)state;
	assert_rc(ca_key_make(&place, KEY_P256, &key, NULL), RC_DENIED);
	place.in_the_clear = true;
	assert_lives(&place, KEY_P256);
	place.in_the_clear = false;
	assert_rc(ca_key_open(&place, &key, NULL), RC_DENIED);
}

static void a_file_that_openssl_made_is_opened(void **state)
{
	DROP(private_key_release) struct private_key *key = NULL;
	char path[SCRATCH_FILE_BYTES];
	struct ca_key_place place = {.home = PRIVATE_KEY_SOFTWARE, .secret = span_text("secret")};

	(void)state;
	swtpm_run(&tpm,
		"openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -aes256 -pass pass:secret -out ../made.key && "
		"openssl genrsa -aes256 -passout pass:secret -out ../rsa.key 2048 && chmod 600 ../*.key",
		NULL);
	place.at = scratch_file(&scratch, "made.key", path);
	assert_ok(open_place(&place, &key));
	assert_signs(key);
	place.at = scratch_file(&scratch, "rsa.key", path);
	assert_rc(ca_key_open(&place, &key, NULL), RC_UNSUPPORTED);
}

static void a_key_lives_in_a_tpm(void **state)
{
	DROP(private_key_release) struct private_key *key = NULL;
	DROP(blob_release) struct blob pem = {0};
	char path[SCRATCH_FILE_BYTES];
	struct ca_key_place place = {
		.home = PRIVATE_KEY_TPM, .at = scratch_file(&scratch, "tpm.key", path), .tcti = tpm.tcti};

	(void)state;
	assert_lives(&place, KEY_P256);
	assert_ok(file_read_secret(path, 8192, &pem, NULL));
	assert_non_null(memmem(pem.at, pem.len, "TSS2 PRIVATE KEY", 16));
	assert_rc(ca_key_make(&place, KEY_P256, &key, NULL), RC_EXISTS);
	place.at = "another.key";
	assert_rc(ca_key_make(&place, KEY_P384, &key, NULL), RC_UNSUPPORTED);
	swtpm_assert_empty(&tpm);
}

static void a_tpm_s_key_may_have_an_authorisation(void **state)
{
	DROP(private_key_release) struct private_key *key = NULL;
	char path[SCRATCH_FILE_BYTES];
	struct ca_key_place place = {
		.home = PRIVATE_KEY_TPM,
		.at = scratch_file(&scratch, "auth.key", path),
		.secret = span_text("pin"),
		.tcti = tpm.tcti,
	};

	(void)state;
	assert_lives(&place, KEY_P256);
	place.secret = span_text("nip");
	assert_int_not_equal(ca_key_open(&place, &key, NULL), RC_OK);
	assert_null(key);
}

static void a_persistent_key_is_found_by_its_handle(void **state)
{
	DROP(private_key_release) struct private_key *key = NULL;
	struct ca_key_place place = {.home = PRIVATE_KEY_TPM, .at = "handle:0x81000010", .tcti = tpm.tcti};

	(void)state;
	assert_int_not_equal(ca_key_open(&place, &key, NULL), RC_OK);
	swtpm_run(&tpm,
		"tpm2_createprimary -Q -C o -c p.ctx && tpm2_flushcontext -t && "
		"tpm2_create -Q -C p.ctx -G ecc256:ecdsa-sha256 -u k.pub -r k.priv && tpm2_flushcontext -t && "
		"tpm2_load -Q -C p.ctx -u k.pub -r k.priv -c k.ctx && tpm2_flushcontext -t && "
		"tpm2_evictcontrol -Q -C o -c k.ctx 0x81000010 && tpm2_flushcontext -t",
		NULL);
	assert_ok(open_place(&place, &key));
	assert_signs(key);
}

static void another_tpm_s_key_or_none_is_refused(void **state)
{
	DROP(private_key_release) struct private_key *key = NULL;
	char path[SCRATCH_FILE_BYTES];
	struct ca_key_place place = {
		.home = PRIVATE_KEY_TPM, .at = scratch_file(&scratch, "tpm.key", path), .tcti = tpm.tcti};

	(void)state;
	/* A new owner's seed: the old key's parent is gone. */
	swtpm_run(&tpm, "tpm2_clear -Q -c p", NULL);
	assert_int_not_equal(ca_key_open(&place, &key, NULL), RC_OK);
	place.tcti = "swtpm:path=nowhere";
	assert_rc(ca_key_open(&place, &key, NULL), RC_UNSUPPORTED);
	assert_null(key);
}

static void a_key_lives_in_a_token(void **state)
{
	DROP(private_key_release) struct private_key *key = NULL;
	struct ca_key_place place = {
		.home = PRIVATE_KEY_TOKEN,
		.at = "pkcs11:token=limebus;object=ca;id=%01",
		.secret = span_text(PIN),
		.module = SOFTHSM,
	};

	(void)state;
	assert_rc(ca_key_open(&place, &key, NULL), RC_NOT_FOUND);
	assert_lives(&place, KEY_P256);
	place.at = "pkcs11:token=limebus;object=ca384";
	assert_lives(&place, KEY_P384);
	place.at = "pkcs11:token=limebus;object=nobody";
	assert_rc(ca_key_open(&place, &key, NULL), RC_NOT_FOUND);
	place.at = "pkcs11:token=other;object=ca";
	assert_rc(ca_key_open(&place, &key, NULL), RC_NOT_FOUND);
	place.at = "pkcs11:token=limebus;object=ca";
	place.secret = span_text("654321");
	assert_rc(ca_key_open(&place, &key, NULL), RC_DENIED);
	place.secret = span_text(PIN);
	place.module = "/nonexistent.so";
	assert_rc(ca_key_open(&place, &key, NULL), RC_UNSUPPORTED);
	place.module = "libc.so.6";
	assert_rc(ca_key_open(&place, &key, NULL), RC_UNSUPPORTED);
	assert_null(key);
}

/* Opened before, signing after: how a child ended that gave up everything but the network. */
static int sign_in_sandbox(const struct ca_key_place *place)
{
	const struct sandbox needs = {.user = geteuid() == 0 ? "root" : NULL, .network = true};
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		struct private_key *key = NULL;
		uint8_t signature[PRIVATE_KEY_SIGNATURE_MAX];
		struct err err = {0};
		size_t len;
		bool done =
			ca_key_open(place, &key, &err) == RC_OK && sandbox_enter(&needs, NULL, &err) == RC_OK;

		for (int i = 0; i < 3 && done; i++)
			done = private_key_sign(key, span_text("bytes"), signature, &len, &err) == RC_OK;
		if (!done)
			fprintf(stderr, "# %s\n", err.text);
		private_key_release(&key);
		_exit(done ? 0 : 1);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void keys_sign_when_the_sandbox_is_closed(void **state)
{
	char path[SCRATCH_FILE_BYTES];
	struct ca_key_place place = {
		.home = PRIVATE_KEY_TPM, .at = scratch_file(&scratch, "sandbox.key", path), .tcti = tpm.tcti};
	DROP(private_key_release) struct private_key *key = NULL;

	(void)state;
	assert_ok(ca_key_make(&place, KEY_P256, &key, NULL));
	private_key_release(&key);
	assert_int_equal(sign_in_sandbox(&place), 0);
	place = (struct ca_key_place){
		.home = PRIVATE_KEY_TOKEN,
		.at = "pkcs11:token=limebus;object=sandbox",
		.secret = span_text(PIN),
		.module = SOFTHSM,
	};
	assert_ok(ca_key_make(&place, KEY_P256, &key, NULL));
	private_key_release(&key);
	assert_int_equal(sign_in_sandbox(&place), 0);
}

static int set_up(void **state)
{
	char path[SCRATCH_FILE_BYTES];
	char text[SCRATCH_FILE_BYTES + 64];

	(void)state;
	scratch_open(&scratch);
	swtpm_new(&tpm, &scratch, "tpm");
	snprintf(text, sizeof text, "directories.tokendir = %s\nlog.level = ERROR\n",
		scratch_file(&scratch, "tokens", path));
	setenv("SOFTHSM2_CONF", scratch_file(&scratch, "softhsm.conf", path), 1);
	assert_ok(file_create(path, span_text(text), 0600, NULL));
	swtpm_run(&tpm,
		"mkdir ../tokens && softhsm2-util --init-token --free --label limebus --pin " PIN
		" --so-pin 87654321 >/dev/null",
		NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	swtpm_release(&tpm);
	scratch_release(&scratch);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_lives_in_an_encrypted_file),
		cmocka_unit_test(one_in_the_clear_must_be_asked_for),
		cmocka_unit_test(a_file_that_openssl_made_is_opened),
		cmocka_unit_test(a_key_lives_in_a_tpm),
		cmocka_unit_test(a_tpm_s_key_may_have_an_authorisation),
		cmocka_unit_test(a_persistent_key_is_found_by_its_handle),
		cmocka_unit_test(another_tpm_s_key_or_none_is_refused),
		cmocka_unit_test(a_key_lives_in_a_token),
		cmocka_unit_test(keys_sign_when_the_sandbox_is_closed),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
