#include <stdlib.h>
#include <unistd.h>

#include "lib/base/drop.h"
#include "lib/base/file.h"
#include "lib/evidence/attest.h"
#include "lib/tpm/tpm.h"
#include "tests/support/tpm_node.h"

static struct scratch scratch;
static struct swtpm node;
static struct swtpm other;

static const enum tpm_ek_kind eks[] = {TPM_EK_RSA_2048, TPM_EK_ECC_P256, TPM_EK_ECC_P384};

static struct pcr_selection first_pcrs(uint16_t bank, unsigned count)
{
	struct pcr_selection selection = {0};

	for (unsigned pcr = 0; pcr < count; pcr++)
		assert_ok(pcr_selection_add(&selection, bank, pcr));
	return selection;
}

static void every_ek_and_ak_kind_enrols_and_quotes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(eks); i++) {
		for (int ak = 0; ak < TPM_AK_KIND_COUNT; ak++) {
			DROP(tpm_close) struct tpm *tpm = node_open(&node, NULL);
			DROP(blob_release) struct blob blob = {0};
			enum ek_template area;

			node_enrol(tpm, eks[i], (enum tpm_ak_kind)ak, &blob);
			assert_int_equal(tpm_ek_kind(tpm), eks[i]);
			assert_true(ek_template_holds(tpm_ek_public(tpm), &area));
			node_activates(&node, tpm);
			node_quote_verifies(&node, tpm);
			tpm_close(&tpm);
			swtpm_assert_empty(&node);
		}
	}
}

static void the_command_budget_is_kept(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(eks); i++) {
		DROP(tpm_close) struct tpm *tpm = node_open(&node, NULL);
		DROP(blob_release) struct blob blob = {0};
		uint64_t first;
		struct err err = {0};

		node_enrol(tpm, eks[i], TPM_AK_ECC_P256, &blob);
		node_activates(&node, tpm);
		first = tpm_commands(tpm);
		assert_true(first <= 12);
		for (unsigned pcrs = 0; pcrs <= 24; pcrs++) {
			DROP(tpm_quote_release) struct tpm_quote quote = {0};
			struct pcr_selection selection = first_pcrs(TPM_ALG_SHA256, pcrs);
			uint64_t before = tpm_commands(tpm);

			node_ok(tpm_quote(tpm, &selection, SPAN("nonce"), &quote, &err), &err);
			assert_int_equal(tpm_commands(tpm) - before, 1 + (pcrs + 7) / 8);
		}
		tpm_close(&tpm);
		tpm = node_open(&node, NULL);
		node_ok(tpm_ek_open(tpm, eks[i], &err), &err);
		node_ok(tpm_ak_load(tpm, blob_span(&blob), &err), &err);
		node_activates(&node, tpm);
		assert_true(tpm_commands(tpm) <= first);
		assert_true(tpm_commands(tpm) < 12);
		assert_true(tpm_busy_us(tpm) > 0);
	}
}

static void an_ak_survives_restarts_and_reboots(void **state)
{
	for (size_t i = 0; i < COUNT(eks); i++) {
		DROP(blob_release) struct blob blob = {0};
		DROP(blob_release) struct blob public = {0};
		struct err err = {0};

		for (unsigned start = 0; start < 4; start++) {
			DROP(tpm_close) struct tpm *tpm = node_open(&node, NULL);

			if (start == 0) {
				node_enrol(tpm, eks[i], TPM_AK_ECC_P256, &blob);
				assert_ok(blob_copy(&public, tpm_ak_public(tpm)));
			}
			node_ok(tpm_ek_open(tpm, eks[i], &err), &err);
			node_ok(tpm_ak_load(tpm, blob_span(&blob), &err), &err);
			assert_spans_equal(tpm_ak_public(tpm), blob_span(&public));
			node_quote_verifies(&node, tpm);
			tpm_close(&tpm);
			if (start % 2 == 1)
				swtpm_reboot(&node);
		}
	}
	(void)state;
}

static void five_power_cuts_do_not_lock_the_tpm(void **state)
{
	struct blob blobs[COUNT(eks)] = {{0}};

	(void)state;
	for (unsigned cut = 0; cut < 5; cut++) {
		for (size_t i = 0; i < COUNT(eks); i++) {
			struct tpm *tpm = node_open(&node, NULL);
			struct err err = {0};

			if (cut == 0)
				node_enrol(tpm, eks[i], TPM_AK_ECC_P256, &blobs[i]);
			node_ok(tpm_ek_open(tpm, eks[i], &err), &err);
			node_ok(tpm_ak_load(tpm, blob_span(&blobs[i]), &err), &err);
			node_activates(&node, tpm);
			node_quote_verifies(&node, tpm);
			if (i + 1 == COUNT(eks))
				swtpm_kill(&node); /* with everything open */
			tpm_close(&tpm);
		}
		swtpm_on(&node);
	}
	swtpm_run(&node, "tpm2_getcap properties-variable | grep -q 'TPM2_PT_LOCKOUT_COUNTER: 0x0$'", NULL);
	for (size_t i = 0; i < COUNT(eks); i++)
		blob_release(&blobs[i]);
}

static void processes_that_die_leave_room(void **state)
{
	DROP(blob_release) struct blob blob = {0};

	(void)state;
	for (unsigned death = 0; death < 6; death++) {
		pid_t pid = fork();
		int status;

		assert_true(pid >= 0);
		if (pid == 0) {
			struct tpm *tpm = NULL;

			/* Two transient objects each time: the TPM has room for three. */
			_exit(tpm_open(node.tcti, NULL, &tpm, NULL) == RC_OK &&
						tpm_ek_open(tpm, TPM_EK_ECC_P256, NULL) == RC_OK &&
						tpm_ak_create(tpm, TPM_AK_ECC_P256, &blob, NULL) == RC_OK
					? 0
					: 1);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
	swtpm_run(&node, "tpm2_flushcontext -t", NULL);
}

static void pcr_values_are_those_of_the_tpm(void **state)
{
	DROP(tpm_close) struct tpm *tpm = node_open(&node, NULL);
	DROP(blob_release) struct blob values = {0};
	struct pcr_selection selection = first_pcrs(TPM_ALG_SHA1, 11);
	uint32_t counter[3];
	struct err err = {0};

	(void)state;
	for (unsigned pcr = 3; pcr < 24; pcr += 2)
		assert_ok(pcr_selection_add(&selection, TPM_ALG_SHA256, pcr));
	swtpm_run(&node, "tpm2_pcrextend 7:sha256=$(printf 11%.0s {1..32}),sha1=$(printf 22%.0s {1..20})",
		NULL);
	node_ok(tpm_pcr_read(tpm, &selection, &counter[0], &values, &err), &err);
	assert_int_equal(values.len, 11 * 20 + 11 * 32);
	swtpm_put(&node, "values", blob_span(&values));
	swtpm_run(&node,
		"tpm2_pcrread sha1:0,1,2,3,4,5,6,7,8,9,10+sha256:3,5,7,9,11,13,15,17,19,21,23 -F values -o expected && cmp "
		"expected values",
		NULL);
	node_ok(tpm_pcr_update_counter(tpm, &counter[1], &err), &err);
	assert_int_equal(counter[0], counter[1]);
	swtpm_run(&node, "tpm2_pcrextend 7:sha256=$(printf 11%.0s {1..32})", NULL);
	node_ok(tpm_pcr_update_counter(tpm, &counter[2], &err), &err);
	assert_int_not_equal(counter[1], counter[2]);
}

static void pcrs_that_the_tpm_does_not_have_are_refused(void **state)
{
	DROP(tpm_close) struct tpm *tpm = node_open(&node, NULL);
	DROP(blob_release) struct blob blob = {0};
	struct pcr_selection absent = first_pcrs(TPM_ALG_SHA384, 3);
	struct pcr_selection twice = first_pcrs(TPM_ALG_SHA256, 3);
	struct pcr_selection high = first_pcrs(TPM_ALG_SHA256, 3);
	struct tpm_quote quote = {0};
	uint8_t qualifying[TPM_QUALIFYING_MAX_BYTES + 1] = {0};
	struct err err = {0};

	(void)state;
	node_enrol(tpm, TPM_EK_RSA_2048, TPM_AK_ECC_P256, &blob);
	twice.banks[twice.count++] = twice.banks[0];
	high.banks[0].size = 4;
	high.banks[0].mask |= 1u << 24;
	assert_rc(tpm_quote(tpm, &absent, SPAN("nonce"), &quote, &err), RC_UNSUPPORTED);
	assert_rc(tpm_quote(tpm, &twice, SPAN("nonce"), &quote, &err), RC_UNSUPPORTED);
	assert_rc(tpm_quote(tpm, &high, SPAN("nonce"), &quote, &err), RC_UNSUPPORTED);
	absent = first_pcrs(TPM_ALG_SHA256, 3);
	assert_rc(tpm_quote(tpm, &absent, SPAN(qualifying), &quote, &err), RC_LIMIT);
	node_ok(tpm_quote(tpm, &absent, span_of(qualifying, sizeof qualifying - 1), &quote, &err), &err);
	tpm_quote_release(&quote);
}

static void an_ak_of_another_tpm_or_ek_is_denied(void **state)
{
	DROP(tpm_close) struct tpm *tpm = node_open(&node, NULL);
	DROP(tpm_close) struct tpm *stranger = node_open(&other, NULL);
	DROP(blob_release) struct blob ours = {0};
	DROP(blob_release) struct blob theirs = {0};
	struct err err = {0};

	(void)state;
	node_enrol(tpm, TPM_EK_RSA_2048, TPM_AK_ECC_P256, &ours);
	node_enrol(stranger, TPM_EK_RSA_2048, TPM_AK_ECC_P256, &theirs);
	assert_rc(tpm_ak_load(tpm, blob_span(&theirs), &err), RC_DENIED);
	assert_non_null(strstr(err.text, "another TPM"));
	assert_int_equal(tpm_ak_public(tpm).len, 0);
	node_ok(tpm_ek_open(tpm, TPM_EK_ECC_P384, &err), &err);
	assert_rc(tpm_ak_load(tpm, blob_span(&ours), &err), RC_DENIED);
	tpm_close(&tpm);
	tpm_close(&stranger);
	swtpm_assert_empty(&node);
	swtpm_assert_empty(&other);
}

static void an_altered_ak_blob_is_refused(void **state)
{
	DROP(tpm_close) struct tpm *tpm = node_open(&node, NULL);
	DROP(blob_release) struct blob blob = {0};
	struct err err = {0};

	(void)state;
	node_enrol(tpm, TPM_EK_ECC_P384, TPM_AK_ECC_P256, &blob);
	for (size_t i = 0; i < blob.len; i += i < 24 ? 1 : 5) {
		blob.at[i] ^= 1;
		assert_rc_not_ok(tpm_ak_load(tpm, blob_span(&blob), &err));
		blob.at[i] ^= 1;
	}
	for (size_t len = 0; len < blob.len; len++)
		assert_rc(tpm_ak_load(tpm, span_of(blob.at, len), &err), RC_MALFORMED);
	assert_ok(blob_append(&blob, SPAN("x")));
	assert_rc(tpm_ak_load(tpm, blob_span(&blob), &err), RC_MALFORMED);
	tpm_close(&tpm);
	swtpm_assert_empty(&node);
}

static void a_credential_for_another_key_is_denied(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(eks); i++) {
		DROP(tpm_close) struct tpm *tpm = node_open(&node, NULL);
		DROP(blob_release) struct blob blob = {0};
		DROP(blob_release) struct blob secret = {0};
		struct node_credential credential = {0};
		struct err err = {0};

		node_enrol(tpm, eks[i], TPM_AK_ECC_P256, &blob);
		node_make_credential(&node, tpm, &credential);
		for (size_t at = 0; at < credential.object.len; at += 7) {
			credential.object.at[at] ^= 1;
			assert_rc_not_ok(tpm_activate(tpm, blob_span(&credential.object),
				blob_span(&credential.encrypted), &secret, &err));
			credential.object.at[at] ^= 1;
		}
		credential.encrypted.at[credential.encrypted.len - 1] ^= 1;
		assert_rc(tpm_activate(tpm, blob_span(&credential.object), blob_span(&credential.encrypted),
				  &secret, &err),
			RC_DENIED);
		credential.encrypted.at[credential.encrypted.len - 1] ^= 1;
		assert_rc(tpm_activate(tpm, span_of(credential.object.at, credential.object.len - 1),
				  blob_span(&credential.encrypted), &secret, &err),
			RC_MALFORMED);
		/* Another AK under the same EK. */
		node_ok(tpm_ak_create(tpm, TPM_AK_ECC_P256, &blob, &err), &err);
		assert_rc(tpm_activate(tpm, blob_span(&credential.object), blob_span(&credential.encrypted),
				  &secret, &err),
			RC_DENIED);
		assert_int_equal(secret.len, 0);
		node_credential_release(&credential);
		tpm_close(&tpm);
		swtpm_assert_empty(&node);
	}
}

static void what_needs_a_key_refuses_without_one(void **state)
{
	DROP(tpm_close) struct tpm *tpm = node_open(&node, NULL);
	DROP(blob_release) struct blob blob = {0};
	struct tpm_quote quote = {0};
	struct pcr_selection selection = {0};
	struct err err = {0};

	(void)state;
	assert_rc(tpm_ak_create(tpm, TPM_AK_ECC_P256, &blob, &err), RC_DENIED);
	assert_rc(tpm_ak_load(tpm, SPAN("x"), &err), RC_DENIED);
	assert_rc(tpm_activate(tpm, SPAN("x"), SPAN("x"), &blob, &err), RC_DENIED);
	assert_rc(tpm_quote(tpm, &selection, SPAN("x"), &quote, &err), RC_DENIED);
	assert_rc(tpm_ek_certificate(tpm, &blob, &err), RC_DENIED);
	assert_int_equal(tpm_ek_public(tpm).len, 0);
	assert_int_equal(tpm_ak_public(tpm).len, 0);
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
		cmocka_unit_test(every_ek_and_ak_kind_enrols_and_quotes),
		cmocka_unit_test(the_command_budget_is_kept),
		cmocka_unit_test(an_ak_survives_restarts_and_reboots),
		cmocka_unit_test(five_power_cuts_do_not_lock_the_tpm),
		cmocka_unit_test(processes_that_die_leave_room),
		cmocka_unit_test(pcr_values_are_those_of_the_tpm),
		cmocka_unit_test(pcrs_that_the_tpm_does_not_have_are_refused),
		cmocka_unit_test(an_ak_of_another_tpm_or_ek_is_denied),
		cmocka_unit_test(an_altered_ak_blob_is_refused),
		cmocka_unit_test(a_credential_for_another_key_is_denied),
		cmocka_unit_test(what_needs_a_key_refuses_without_one),
	};

	return cmocka_run_group_tests(tests, make_tpms, remove_tpms);
}
