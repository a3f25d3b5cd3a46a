#include "lib/base/drop.h"
#include "tests/support/tpm_node.h"

static struct scratch scratch;
static struct swtpm node;
static struct swtpm other;

/* Every kind that is asked for by name; which have a certificate in swtpm. */
static const struct {
	enum tpm_ek_kind kind;
	bool certified;
} eks[] = {{TPM_EK_RSA_2048, true}, {TPM_EK_ECC_P256, false}, {TPM_EK_ECC_P384, true}};

static void certificates_are_read_and_lead_to_the_root(void **state)
{
	DROP(tpm_close) struct tpm *tpm = node_open(&node, NULL);
	struct err err = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(eks); i++) {
		DROP(blob_release) struct blob certificate = {0};
		enum rc rc;

		node_ok(tpm_ek_open(tpm, eks[i].kind, &err), &err);
		rc = tpm_ek_certificate(tpm, &certificate, &err);
		assert_rc(rc, eks[i].certified ? RC_OK : RC_NOT_FOUND);
		if (!eks[i].certified)
			continue;
		swtpm_put(&node, "ek.der", blob_span(&certificate));
		swtpm_run(&node,
			"openssl x509 -inform der -in ek.der -out ek.pem && openssl verify -CAfile "
			"../ca/roots/root.pem -untrusted ../ca/intermediate.pem ek.pem",
			NULL);
	}
}

static void the_certificate_is_for_the_ek(void **state)
{
	static const char *const handles[] = {"0x81010001", "0x81010016"};
	static const enum tpm_ek_kind kinds[] = {TPM_EK_RSA_2048, TPM_EK_ECC_P384};

	(void)state;
	/* The persistent key out of the way, the primary made from the template must be the certified one. */
	for (size_t i = 0; i < COUNT(kinds); i++) {
		DROP(tpm_close) struct tpm *tpm = node_open(&other, NULL);
		DROP(blob_release) struct blob persistent = {0};
		DROP(blob_release) struct blob certificate = {0};
		char command[128];
		struct err err = {0};

		node_ok(tpm_ek_open(tpm, kinds[i], &err), &err);
		assert_ok(blob_copy(&persistent, tpm_ek_public(tpm)));
		snprintf(command, sizeof command, "tpm2_evictcontrol -C o -c %s", handles[i]);
		swtpm_run(&other, command, NULL);
		node_ok(tpm_ek_open(tpm, kinds[i], &err), &err);
		assert_spans_equal(tpm_ek_public(tpm), blob_span(&persistent));
		node_ok(tpm_ek_certificate(tpm, &certificate, &err), &err);
		swtpm_put(&other, "ek.der", blob_span(&certificate));
		node_put_2b(&other, "ek.tss", tpm_ek_public(tpm));
		swtpm_run(&other,
			"tpm2_print -t TPM2B_PUBLIC -f pem ek.tss >key.pem && openssl x509 -inform der -in ek.der "
			"-noout -pubkey | cmp - key.pem",
			NULL);
	}
}

static void a_strange_key_at_the_persistent_handle_is_passed_over(void **state)
{
	DROP(tpm_close) struct tpm *tpm = NULL;
	struct err err = {0};
	enum ek_template area;

	(void)state;
	swtpm_run(&other,
		"tpm2_createprimary -C e -G ecc -c p.ctx && tpm2_evictcontrol -C o -c p.ctx 0x8101000a && "
		"tpm2_flushcontext -t",
		NULL);
	tpm = node_open(&other, NULL);
	node_ok(tpm_ek_open(tpm, TPM_EK_ECC_P256, &err), &err);
	assert_true(ek_template_holds(tpm_ek_public(tpm), &area));
	tpm_close(&tpm);
	swtpm_assert_empty(&other);
}

static void auto_prefers_an_ecc_ek_with_a_certificate(void **state)
{
	DROP(tpm_close) struct tpm *tpm = node_open(&node, NULL);
	struct err err = {0};

	(void)state;
	node_ok(tpm_ek_open(tpm, TPM_EK_AUTO, &err), &err);
	assert_int_equal(tpm_ek_kind(tpm), TPM_EK_ECC_P384);
}

static void a_chain_in_nv_is_read_without_its_padding(void **state)
{
	DROP(tpm_close) struct tpm *tpm = node_open(&other, NULL);
	DROP(blob_release) struct blob chain = {0};
	struct err err = {0};

	(void)state;
	assert_rc(tpm_ek_chain(tpm, &chain, &err), RC_NOT_FOUND);
	/* The second certificate begins in the first index. */
	swtpm_run(&other,
		"openssl x509 -in ../ca/intermediate.pem -outform der -out a.der && openssl x509 -in "
		"../ca/roots/root.pem -outform der -out b.der && cat a.der b.der >chain && head -c 1500 chain >c0 "
		"&& (tail -c +1501 chain; printf '\\377\\377\\377\\0') >c1 && for i in 0 1; do tpm2_nvdefine "
		"0x1c0010$i -C o -s $(wc -c <c$i) -a 'ownerwrite|ownerread|authread|no_da' && tpm2_nvwrite 0x1c0010$i "
		"-C o -i c$i || exit; done",
		NULL);
	tpm_close(&tpm);
	tpm = node_open(&other, NULL);
	node_ok(tpm_ek_chain(tpm, &chain, &err), &err);
	swtpm_put(&other, "read", blob_span(&chain));
	swtpm_run(&other, "cmp read chain", NULL);
}

static int make_tpms(void **state)
{
	(void)state;
	scratch_open(&scratch);
	swtpm_new(&node, &scratch, "node");
	swtpm_new(&other, &scratch, "other");
	return 0;
}

static int remove_tpms(void **state)
{
	(void)state;
	swtpm_release(&node);
	swtpm_release(&other);
	scratch_release(&scratch);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(certificates_are_read_and_lead_to_the_root),
		cmocka_unit_test(the_certificate_is_for_the_ek),
		cmocka_unit_test(a_strange_key_at_the_persistent_handle_is_passed_over),
		cmocka_unit_test(auto_prefers_an_ecc_ek_with_a_certificate),
		cmocka_unit_test(a_chain_in_nv_is_read_without_its_padding),
	};

	return cmocka_run_group_tests(tests, make_tpms, remove_tpms);
}
