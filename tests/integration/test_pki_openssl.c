/* What lib/pki writes, judged by openssl(1); what openssl(1) writes, read by lib/pki. */
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/drop.h"
#include "lib/base/file.h"
#include "lib/pki/csr.h"
#include "lib/pki/ocsp.h"
#include "lib/pki/pem.h"
#include "tests/support/small_ca.h"

/* openssl verify and ocsp take the time from the clock or from an option: all here are of SMALL_CA_NOW_MS. */
#define AT "-attime 1795435260 "

static struct scratch scratch;
static struct small_ca ca;
static const char *folder;

static bool try_command(const char *command)
{
	char line[2048];
	int len = snprintf(line, sizeof line, "cd %s && { %s; } >out 2>&1", folder, command);

	assert_true(len > 0 && (size_t)len < sizeof line);
	return system(line) == 0;
}

static void run(const char *command)
{
	DROP(blob_release) struct blob out = {0};
	char path[SCRATCH_FILE_BYTES];

	if (try_command(command))
		return;
	if (file_read(scratch_file(&scratch, "out", path), 65536, &out, NULL) == RC_OK)
		fail_msg("%s: %.*s", command, SPAN_FMT(blob_span(&out)));
	fail_msg("%s", command);
}

/* The last command said this. */
static bool said(const char *words)
{
	DROP(blob_release) struct blob out = {0};
	char path[SCRATCH_FILE_BYTES];

	assert_ok(file_read(scratch_file(&scratch, "out", path), 65536, &out, NULL));
	return memmem(out.at, out.len, words, strlen(words)) != NULL;
}

static void put(const char *name, struct span bytes)
{
	char path[SCRATCH_FILE_BYTES];

	assert_ok(file_replace(scratch_file(&scratch, name, path), bytes, 0600, NULL));
}

static void put_pem(const char *name, const char *label, struct span der)
{
	DROP(blob_release) struct blob pem = {0};

	assert_ok(pem_write(label, der, &pem));
	put(name, blob_span(&pem));
}

static void get(const char *name, struct blob *out)
{
	char path[SCRATCH_FILE_BYTES];

	assert_ok(file_read(scratch_file(&scratch, name, path), 65536, out, NULL));
}

static void put_node(uint32_t number, const char *name)
{
	DROP(blob_release) struct blob node = {0};

	small_ca_node(&ca, number, &node);
	put_pem(name, PEM_CERTIFICATE, blob_span(&node));
}

static void a_node_certificate_verifies_for_each_purpose(void **state)
{
	(void)state;
	put_node(9, "node.pem");
	run("openssl verify -x509_strict " AT "-CAfile root.pem -untrusted ca.pem -purpose sslserver "
	    "-verify_hostname web1.example node.pem");
	run("openssl verify -x509_strict " AT "-CAfile root.pem -untrusted ca.pem -purpose sslclient "
	    "-verify_ip 10.0.0.7 node.pem");
	assert_false(
		try_command("openssl verify -x509_strict " AT
			    "-CAfile root.pem -untrusted ca.pem -verify_hostname web2.example node.pem"));
	assert_false(try_command("openssl verify -x509_strict " AT "-CAfile root.pem node.pem"));
	assert_false(try_command("openssl verify " AT "-CAfile ca.pem -partial_chain -purpose ocsphelper "
				 "-untrusted node.pem node.pem -verify_hostname x"));
	run("openssl x509 -in node.pem -noout -text -ext subjectAltName,extendedKeyUsage,keyUsage,"
	    "authorityInfoAccess,crlDistributionPoints,basicConstraints,freshestCRL");
	assert_true(said("DNS:web1.example, IP Address:10.0.0.7, URI:urn:limebus:node:00ff"));
	assert_true(said("TLS Web Client Authentication"));
	assert_true(said("ipsec Internet Key Exchange") || said("1.3.6.1.5.5.7.3.17"));
	assert_true(said("URI:" SMALL_CA_CRL));
	assert_true(said("URI:" SMALL_CA_DELTA));
	assert_true(said("OCSP - URI:" SMALL_CA_OCSP));
	assert_true(said("CA Issuers - URI:" SMALL_CA_CRT));
	assert_true(said("Digital Signature"));
}

/* The list `name` of the certificates first to first + count - 1, all with this reason. */
static void put_list(
	const char *name, struct crl_order order, uint32_t first, uint32_t count, enum crl_reason reason)
{
	DROP(blob_release) struct blob der = {0};
	struct crl_entry entries[4] = {0};

	for (uint32_t i = 0; i < count; i++) {
		small_ca_serial(first + i, entries[i].serial);
		entries[i].time_ms = SMALL_CA_NOW_MS;
		entries[i].reason = (uint8_t)reason;
	}
	order.this_ms = SMALL_CA_NOW_MS;
	order.next_ms = SMALL_CA_NOW_MS + SMALL_CA_HOUR_MS;
	order.entries = entries;
	order.count = count;
	assert_ok(crl_make(ca.issuer, &order, &der, NULL));
	put_pem(name, PEM_CRL, blob_span(&der));
}

static void lists_and_deltas_are_obeyed(void **state)
{
	(void)state;
	put_node(1, "held.pem");
	put_node(4, "live.pem");
	put_node(7, "late.pem");
	put_list("full.pem", (struct crl_order){.number = 10, .delta_url = SMALL_CA_DELTA}, 1, 2,
		CRL_CERTIFICATE_HOLD);
	put_list("added.pem", (struct crl_order){.number = 11, .base = 10}, 7, 1, CRL_PRIVILEGE_WITHDRAWN);
	put_list("removed.pem", (struct crl_order){.number = 11, .base = 10}, 1, 1, CRL_REMOVE_FROM_CRL);
	run("openssl crl -in full.pem -CAfile ca.pem -noout -text && openssl crl -in added.pem -noout -text");
	assert_true(said("verify OK"));
	assert_true(said("Certificate Hold"));
	assert_true(said("X509v3 Delta CRL Indicator: critical"));
	assert_true(said("Freshest CRL"));
#define VERIFY "openssl verify -x509_strict -crl_check " AT "-CAfile root.pem -untrusted ca.pem "
	run(VERIFY "-CRLfile full.pem live.pem");
	assert_false(try_command(VERIFY "-CRLfile full.pem held.pem"));
	assert_true(said("certificate revoked"));
	assert_false(try_command(VERIFY "live.pem"));
	assert_true(said("unable to get certificate CRL"));
	run(VERIFY "-CRLfile full.pem late.pem");
	run("cat full.pem added.pem >both.pem && cat full.pem removed.pem >less.pem");
	assert_false(try_command(VERIFY "-use_deltas -CRLfile both.pem late.pem"));
	run(VERIFY "-use_deltas -CRLfile both.pem live.pem");
	run(VERIFY "-use_deltas -CRLfile less.pem held.pem");
#undef VERIFY
}

static void requests_are_those_of_openssl(void **state)
{
	static const char *const made[] = {
		"openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k -subj /CN=x "
		"-outform DER -out csr",
		"openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -keyout k -subj /CN=x "
		"-sha384 -addext subjectAltName=DNS:bank.example -outform DER -out csr",
		"openssl req -new -newkey rsa:2048 -nodes -keyout k -subj / -outform DER -out csr",
	};
	static const char *const refused[] = {
		"openssl req -new -newkey rsa:1024 -nodes -keyout k -subj / -outform DER -out csr",
		"openssl req -new -newkey rsa:2048 -sha1 -nodes -keyout k -subj / -outform DER -out csr",
		"openssl req -new -newkey ed25519 -nodes -keyout k -subj / -outform DER -out csr",
		"openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:secp521r1 -nodes -keyout k -subj / "
		"-outform DER -out csr",
		"openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit "
		"-nodes -keyout k -subj / -outform DER -out csr",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(made) + COUNT(refused); i++) {
		DROP(blob_release) struct blob der = {0};
		DROP(csr_release) struct csr csr = {0};
		bool good = i < COUNT(made);

		run(good ? made[i] : refused[i - COUNT(made)]);
		get("csr", &der);
		assert_rc(csr_parse(blob_span(&der), &csr, NULL), good ? RC_OK : RC_UNSUPPORTED);
	}
}

static void openssl_verifies_our_request(void **state)
{
	DROP(blob_release) struct blob der = {0};

	(void)state;
	assert_ok(csr_make(ca.node_key, "web1.example", &der, NULL));
	put("ours", blob_span(&der));
	run("openssl req -inform DER -in ours -verify -noout -subject");
	assert_true(said("verify OK") && said("CN = web1.example"));
}

static void respond(struct ocsp_responder *responder, uint32_t number, enum digest_alg hash,
	enum ocsp_status status, const char *name)
{
	DROP(blob_release) struct blob der = {0};
	uint8_t serial[SERIAL_BYTES];
	const struct ocsp_answer answer = {
		.serial = SPAN(serial),
		.hash = hash,
		.status = status,
		.reason = CRL_CERTIFICATE_HOLD,
		.revoked_ms = SMALL_CA_NOW_MS,
		.this_ms = SMALL_CA_NOW_MS,
		.next_ms = SMALL_CA_NOW_MS + SMALL_CA_HOUR_MS,
	};

	small_ca_serial(number, serial);
	assert_ok(ocsp_respond(responder, &answer, &der, NULL));
	put(name, blob_span(&der));
}

static void open_responder(struct ocsp_responder **out)
{
	DROP(private_key_release) struct private_key *key = NULL;
	DROP(blob_release) struct blob spki = {0};
	DROP(blob_release) struct blob certificate = {0};
	struct issue_order order = small_ca_order(&ca, 100);

	assert_ok(private_key_generate(KEY_P256, &key, NULL));
	assert_ok(public_key_to_der(private_key_public(key), &spki, NULL));
	order.profile = ISSUE_RESPONDER;
	order.common_name = "OCSP";
	order.spki = blob_span(&spki);
	order.names_count = 0;
	order.ekus = 0;
	assert_ok(issue(ca.issuer, &order, &certificate, NULL));
	assert_ok(ocsp_responder_open(blob_span(&ca.intermediate), blob_span(&certificate), &key, out, NULL));
}

/* openssl ocsp has no -attime for the dates of a response: its validity_period is made wide instead. */
static void responses_are_believed_by_openssl(void **state)
{
	DROP(ocsp_responder_release) struct ocsp_responder *responder = NULL;

	(void)state;
	put_node(1, "one.pem");
	open_responder(&responder);
#define OCSP                                                                                                 \
	"openssl ocsp -no_nonce " AT "-validity_period 4000000000 -issuer ca.pem -CAfile root.pem "          \
	"-verify_other ca.pem "
	respond(responder, 1, DIGEST_SHA1, OCSP_GOOD, "resp");
	run(OCSP "-cert one.pem -respin resp");
	assert_true(said("Response verify OK") && said("one.pem: good"));
	respond(responder, 1, DIGEST_SHA256, OCSP_REVOKED, "resp");
	run(OCSP "-sha256 -cert one.pem -respin resp");
	assert_true(said("Response verify OK") && said("one.pem: revoked") && said("certificateHold"));
	respond(responder, 1, DIGEST_SHA1, OCSP_UNKNOWN, "resp");
	run(OCSP "-cert one.pem -respin resp");
	assert_true(said("one.pem: unknown"));
	/* About another certificate. */
	respond(responder, 2, DIGEST_SHA1, OCSP_GOOD, "resp");
	try_command(OCSP "-cert one.pem -respin resp");
	assert_false(said("one.pem: good"));
#undef OCSP
}

static void a_request_of_openssl_is_about_our_ca(void **state)
{
	DROP(blob_release) struct blob der = {0};
	struct ocsp_request request;
	struct ocsp_issuer issuer;
	uint8_t serial[SERIAL_BYTES];

	(void)state;
	put_node(1, "one.pem");
	assert_ok(ocsp_issuer_of(blob_span(&ca.intermediate), &issuer));
	run("openssl ocsp -issuer ca.pem -cert one.pem -sha256 -serial 0x77 -reqout req");
	get("req", &der);
	assert_ok(ocsp_request_parse(blob_span(&der), &request));
	assert_int_equal(request.count, 2);
	assert_true(request.nonce);
	small_ca_serial(1, serial);
	assert_int_equal(request.ids[0].hash, DIGEST_SHA1);
	assert_spans_equal(request.ids[0].serial, SPAN(serial));
	assert_int_equal(request.ids[1].hash, DIGEST_SHA256);
	assert_true(ocsp_id_is_of(&request.ids[0], &issuer) && ocsp_id_is_of(&request.ids[1], &issuer));
}

static void a_list_of_openssl_is_read(void **state)
{
	DROP(blob_release) struct blob der = {0};
	struct crl crl;

	(void)state;
	run("touch index && echo 1000 >number && printf '[ca]\\ndefault_ca=c\\n[c]\\ndatabase=index\\n"
	    "crlnumber=number\\ndefault_md=sha256\\ncrl_extensions=e\\n[e]\\n"
	    "authorityKeyIdentifier=keyid:always\\n' >conf && "
	    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k -out c -subj /CN=x && "
	    "openssl ca -config conf -gencrl -keyfile k -cert c -crldays 3 -out l && "
	    "openssl crl -in l -outform DER -out crl");
	get("crl", &der);
	assert_ok(crl_read(blob_span(&der), &crl));
	assert_int_equal(crl.number, 0x1000);
	assert_int_equal(crl.next_ms - crl.this_ms, 3 * SMALL_CA_DAY_MS);
	assert_int_equal(crl.count, 0);
}

static int set_up(void **state)
{
	(void)state;
	scratch_open(&scratch);
	folder = scratch.path;
	small_ca_open(KEY_P256, &ca);
	put_pem("root.pem", PEM_CERTIFICATE, blob_span(&ca.root));
	put_pem("ca.pem", PEM_CERTIFICATE, blob_span(&ca.intermediate));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	small_ca_release(&ca);
	scratch_release(&scratch);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_node_certificate_verifies_for_each_purpose),
		cmocka_unit_test(lists_and_deltas_are_obeyed),
		cmocka_unit_test(requests_are_those_of_openssl),
		cmocka_unit_test(openssl_verifies_our_request),
		cmocka_unit_test(responses_are_believed_by_openssl),
		cmocka_unit_test(a_request_of_openssl_is_about_our_ca),
		cmocka_unit_test(a_list_of_openssl_is_read),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
