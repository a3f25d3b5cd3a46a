/* A real agent on a software TPM gets, renews and loses its certificate; openssl(1) says whether it is one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "tests/integration/certificate_rig.h"

static const char *const in_tpm[] = {"--certificate-handle", "0x81010004", NULL};
static const char *const in_software[] = {"--certificate-key", "software", NULL};

static char *path_of(const char *name, char path[SCRATCH_FILE_BYTES])
{
	char inside[64];

	snprintf(inside, sizeof inside, "certificates/%s", name);
	return scratch_file(&rig.scratch, inside, path);
}

static void read_file(const char *name, struct blob *out)
{
	char path[SCRATCH_FILE_BYTES];
	struct err err = {0};

	blob_clear(out);
	if (file_read(path_of(name, path), 1 << 16, out, &err) != RC_OK)
		fail_msg("%s", err.text);
}

static bool is_there(const char *name)
{
	char path[SCRATCH_FILE_BYTES];
	struct stat st;

	return stat(path_of(name, path), &st) == 0;
}

static bool is_installed(void)
{
	return rig_status_says("\"not_after\"") && rig_status_says("\"failures\": 0");
}

/* In the folder of the certificates, with openssl's way to the TPM. */
static bool shell(const char *command)
{
	char line[2048];

	snprintf(line, sizeof line,
		"cd %s/certificates && export TPM2OPENSSL_TCTI=\"$TPM2TOOLS_TCTI\" P=\"-provider tpm2 -provider default\" && %s",
		rig.scratch.path, command);
	return swtpm_try(&rig.tpm, line, NULL);
}

static void get_one(void)
{
	unsigned issued = rig.issued;

	rig_challenge();
	RIG_UNTIL(rig.issued > issued);
	RIG_UNTIL(is_installed());
}

static void an_attested_node_gets_a_certificate(void **state)
{
	char path[SCRATCH_FILE_BYTES];
	struct stat st;

	(void)state;
	rig_start(in_tpm);
	for (unsigned i = 0; i < 25; i++)
		rig_turn();
	assert_int_equal(rig.puts, 0); /* not before it has answered a challenge */
	get_one();
	assert_int_equal(rig.wrong, 0);
	assert_true(rig.is_in_tpm);
	assert_int_equal(stat(path_of("node.key", path), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_true(shell("openssl verify -x509_strict -CAfile ca.crt -untrusted chain.crt node.crt"));
	assert_false(shell("openssl verify -CAfile ca.crt node.crt 2>/dev/null"));
	assert_true(shell("test $(grep -c BEGIN chain.crt) = 2 && test $(grep -c BEGIN ca.crt) = 1"));
	assert_true(rig_status_says("\"key\": \"tpm\""));
}

static void the_hook_has_seen_it(void **state)
{
	(void)state;
	RIG_UNTIL(shell("cmp -s ../hooked <(openssl x509 -in node.crt -noout -serial)"));
}

static void it_stays_over_a_restart(void **state)
{
	DROP(blob_release) struct blob key = {0};
	DROP(blob_release) struct blob again = {0};
	unsigned puts = rig.puts;

	(void)state;
	read_file("node.key", &key);
	rig_stop();
	rig_start(in_tpm);
	rig_challenge();
	RIG_UNTIL(is_installed());
	for (unsigned i = 0; i < 25; i++)
		rig_turn();
	assert_int_equal(rig.puts, puts);
	read_file("node.key", &again);
	assert_spans_equal(blob_span(&key), blob_span(&again));
}

static void openssl_uses_the_key_in_the_tpm(void **state)
{
	(void)state;
	/* swtpm serves one connection at a time, and openssl keeps its own. */
	rig_stop();
	assert_true(shell(
		"echo hello >../m && openssl pkeyutl $P -sign -rawin -digest sha256 -inkey node.key -in ../m -out ../m.sig && "
		"openssl x509 -in node.crt -noout -pubkey >../pub && openssl dgst -sha256 -verify ../pub -signature ../m.sig "
		"../m"));
	/* The same key lies at the handle. */
	assert_true(shell("tpm2_readpublic -Q -c 0x81010004 -f pem -o ../kept && cmp ../kept ../pub"));
}

/* Debian's resource manager is a service that starts by itself, so nobody is made to install it. */
static void a_tls_server_uses_it_behind_a_resource_manager(void **state)
{
	(void)state;
	if (!shell("command -v tpm2-abrmd dbus-daemon >../which"))
		skip();
	assert_true(shell(
		"$LIMEBUS_SOURCE/tests/integration/tls_with_node_key.sh . \"$(realpath ..)\" $TPM2TOOLS_TCTI"));
}

static void a_refusal_is_tried_again(void **state)
{
	unsigned puts;

	(void)state;
	assert_true(shell("rm -f node.key node.crt chain.crt"));
	rig.mood = CA_REFUSES;
	puts = rig.puts;
	rig_start(in_tpm);
	rig_challenge();
	RIG_UNTIL(rig.puts > puts + 1);
	RIG_UNTIL(rig_status_says("this node is not trusted"));
	assert_false(is_there("node.crt"));
	rig.mood = CA_GOOD;
	RIG_UNTIL(is_installed());
	assert_true(shell("openssl verify -CAfile ca.crt -untrusted chain.crt node.crt"));
}

static void what_does_not_fit_is_not_installed(void **state)
{
	static const struct {
		enum ca_mood mood;
		const char *words;
	} rows[] = {
		{CA_OTHER_KEY, "another key than this node's"},
		{CA_OTHER_NODE, "does not name urn:limebus:node:"},
		{CA_EXPIRED, "that is not now"},
		{CA_OTHER_ROOT, "certificate: "},
	};
	DROP(blob_release) struct blob before = {0};
	DROP(blob_release) struct blob after = {0};

	(void)state;
	rig_stop();
	assert_true(shell("rm -f node.crt chain.crt"));
	for (size_t i = 0; i < COUNT(rows); i++) {
		unsigned issued = rig.issued;

		rig.mood = rows[i].mood;
		rig_start(in_tpm);
		rig_challenge();
		RIG_UNTIL(rig.issued > issued);
		RIG_UNTIL(rig_status_says(rows[i].words));
		assert_false(is_there("node.crt"));
		assert_false(is_there("chain.crt"));
		rig_stop();
	}
	/* Nor does it replace one that is there. */
	rig.mood = CA_GOOD;
	rig.life_ms = 2500;
	rig_start(in_tpm);
	get_one();
	read_file("node.crt", &before);
	rig.mood = CA_OTHER_ROOT;
	RIG_UNTIL(rig_status_says("\"why\": \"certificate: "));
	read_file("node.crt", &after);
	assert_spans_equal(blob_span(&before), blob_span(&after));
	rig.mood = CA_GOOD;
}

static void it_is_renewed_before_it_ends(void **state)
{
	DROP(blob_release) struct blob key = {0};
	DROP(blob_release) struct blob again = {0};
	unsigned issued;

	(void)state;
	RIG_UNTIL(is_installed());
	read_file("node.key", &key);
	issued = rig.issued;
	for (unsigned i = 0; i < 2; i++)
		RIG_UNTIL(rig.issued > issued + i && is_installed());
	rig.life_ms = 86400000;
	issued = rig.issued;
	RIG_UNTIL(rig.issued > issued && is_installed());
	read_file("node.key", &again);
	assert_spans_equal(blob_span(&key), blob_span(&again));
	RIG_UNTIL(shell("[ \"$(tail -n 1 ../hooked)\" = \"$(openssl x509 -in node.crt -noout -serial)\" ]"));
}

static void a_revoked_node_loses_it_and_gets_another_when_reinstated(void **state)
{
	DROP(blob_release) struct blob key = {0};
	DROP(blob_release) struct blob again = {0};
	unsigned puts;

	(void)state;
	read_file("node.key", &key);
	rig_notice("revoked", NULL);
	RIG_UNTIL(!is_there("node.key"));
	assert_false(is_there("node.crt"));
	assert_false(is_there("chain.crt"));
	assert_true(is_there("ca.crt"));
	puts = rig.puts;
	rig_challenge();
	for (unsigned i = 0; i < 50; i++)
		rig_turn();
	assert_int_equal(rig.puts, puts);
	rig_notice("reinstated", NULL);
	RIG_UNTIL(rig.puts > puts && is_installed());
	read_file("node.key", &again);
	assert_true(is_there("node.crt"));
	assert_false(span_equal(blob_span(&key), blob_span(&again)));
	/* The handle has the new key. */
	rig_stop();
	assert_true(shell(
		"tpm2_readpublic -Q -c 0x81010004 -f pem -o ../kept && openssl x509 -in node.crt -noout "
		"-pubkey | cmp - ../kept"));
}

static void a_revoked_certificate_is_replaced_with_its_key(void **state)
{
	static const uint8_t foreign[16] = {0x41};
	DROP(blob_release) struct blob key = {0};
	DROP(blob_release) struct blob again = {0};
	uint8_t serial[16];
	unsigned puts = rig.puts;

	(void)state;
	rig_start(in_tpm);
	rig_challenge();
	RIG_UNTIL(is_installed());
	read_file("node.key", &key);
	memcpy(serial, rig.serial, sizeof serial);
	rig_notice("certificate-revoked", foreign);
	for (unsigned i = 0; i < 25; i++)
		rig_turn();
	assert_int_equal(rig.puts, puts);
	rig_notice("certificate-revoked", serial);
	RIG_UNTIL(rig.puts > puts && is_installed() && is_there("node.crt"));
	read_file("node.key", &again);
	assert_false(span_equal(blob_span(&key), blob_span(&again)));
	rig_stop();
}

static void a_key_in_software_serves_as_well(void **state)
{
	(void)state;
	rig_start(in_software);
	get_one();
	assert_int_equal(rig.wrong, 0);
	assert_false(rig.is_in_tpm);
	assert_true(rig_status_says("\"key\": \"software\""));
	assert_true(shell("openssl verify -x509_strict -CAfile ca.crt -untrusted chain.crt node.crt"));
	assert_true(shell(
		"cmp <(openssl pkey -in node.key -pubout) <(openssl x509 -in node.crt -noout -pubkey)"));
	assert_true(shell("$LIMEBUS_SOURCE/tests/integration/tls_with_node_key.sh . \"$(realpath ..)\""));
	rig_stop();
}

static void an_owner_with_a_password_is_told_of(void **state)
{
	DROP(blob_release) struct blob log = {0};
	char path[SCRATCH_FILE_BYTES];

	(void)state;
	assert_true(shell("rm -f node.key node.crt chain.crt && tpm2_changeauth -Q -c owner secret"));
	rig_start((const char *const[]){NULL});
	rig_challenge();
	RIG_UNTIL(rig_status_says("certificate-key = software"));
	rig_stop();
	assert_true(shell("tpm2_changeauth -Q -c owner -p secret"));
	assert_ok(file_read(scratch_file(&rig.scratch, "agent.log", path), 1 << 24, &log, NULL));
	assert_non_null(memmem(log.at, log.len, "another password", 16));
}

/* Reads the files of an earlier run. */
static void a_certificate_of_another_key_is_removed_at_the_start(void **state)
{
	(void)state;
	rig_start(in_software);
	get_one();
	rig_stop();
	assert_true(shell(
		"openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out node.key 2>/dev/null && "
		"chmod 600 node.key"));
	rig.mood = CA_REFUSES;
	rig_start(in_software);
	assert_false(is_there("node.crt"));
	rig_stop();
	rig.mood = CA_GOOD;
}

static int open_all(void **state)
{
	(void)state;
	rig_open();
	return 0;
}

static int close_all(void **state)
{
	(void)state;
	rig_close();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_attested_node_gets_a_certificate),
		cmocka_unit_test(the_hook_has_seen_it),
		cmocka_unit_test(it_stays_over_a_restart),
		cmocka_unit_test(openssl_uses_the_key_in_the_tpm),
		cmocka_unit_test(a_tls_server_uses_it_behind_a_resource_manager),
		cmocka_unit_test(a_refusal_is_tried_again),
		cmocka_unit_test(what_does_not_fit_is_not_installed),
		cmocka_unit_test(it_is_renewed_before_it_ends),
		cmocka_unit_test(a_revoked_node_loses_it_and_gets_another_when_reinstated),
		cmocka_unit_test(a_revoked_certificate_is_replaced_with_its_key),
		cmocka_unit_test(a_key_in_software_serves_as_well),
		cmocka_unit_test(an_owner_with_a_password_is_told_of),
		cmocka_unit_test(a_certificate_of_another_key_is_removed_at_the_start),
	};

	return cmocka_run_group_tests(tests, open_all, close_all);
}
