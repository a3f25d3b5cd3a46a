
#include "lib/base/drop.h"
#include "tests/support/tpm_node.h"
#include "tests/support/tpm_proxy.h"

/* TPM 2.0 Part 2, 6.5.2 and 6.6.3. */
#define CC_CREATE_LOADED 0x191u
#define CC_QUOTE         0x158u
#define CC_PCR_READ      0x17eu
#define RC_FAILURE       0x101u
#define RC_COMMAND_CODE  0x143u
#define RC_RETRY         0x922u
#define RC_TESTING       0x90au
#define RC_YIELDED       0x908u
#define RC_LOCKOUT       0x921u
#define RC_AUTH_MISSING  0x125u

static struct scratch scratch;
static struct swtpm node;
static struct proxy proxy;

static const struct tpm_nv_slot slot = {
	.index = TPM_NV_SHARE_A, .password = "the password of slot A, 32 byte"};

static struct pcr_selection twelve_pcrs(void)
{
	struct pcr_selection selection = {0};

	for (unsigned pcr = 0; pcr < 12; pcr++)
		assert_ok(pcr_selection_add(&selection, TPM_ALG_SHA256, pcr));
	return selection;
}

static struct tpm *open_ready(enum tpm_ek_kind ek)
{
	DROP(blob_release) struct blob blob = {0};
	struct tpm *tpm = NULL;
	struct err err = {0};

	node_ok(tpm_open(proxy.tcti, NULL, &tpm, &err), &err);
	node_enrol(tpm, ek, TPM_AK_ECC_P256, &blob);
	return tpm;
}

static enum rc quote_once(struct tpm *tpm, struct err *err)
{
	DROP(tpm_quote_release) struct tpm_quote quote = {0};
	struct pcr_selection selection = twelve_pcrs();

	return tpm_quote(tpm, &selection, SPAN("nonce"), &quote, err);
}

/* All that a node does, until the first failure. */
static enum rc everything(enum tpm_ek_kind ek, const struct node_credential *credential, struct span ak)
{
	DROP(tpm_close) struct tpm *tpm = NULL;
	DROP(blob_release) struct blob bytes = {0};
	DROP(tpm_nv_share_release) struct tpm_nv_share share = {.number = 7};
	struct pcr_selection selection = twelve_pcrs();
	enum rc rc;

	TRY(tpm_open(proxy.tcti, NULL, &tpm, NULL));
	TRY(tpm_ek_open(tpm, ek, NULL));
	rc = tpm_ek_certificate(tpm, &bytes, NULL);
	if (rc != RC_OK && rc != RC_NOT_FOUND)
		return rc;
	TRY(tpm_ak_create(tpm, TPM_AK_ECC_P256, &bytes, NULL));
	TRY(tpm_ak_load(tpm, ak, NULL));
	TRY(tpm_activate(
		tpm, blob_span(&credential->object), blob_span(&credential->encrypted), &bytes, NULL));
	TRY(quote_once(tpm, NULL));
	TRY(tpm_pcr_read(tpm, &selection, NULL, &bytes, NULL));
	TRY(tpm_nv_define(tpm, &slot, NULL));
	TRY(tpm_nv_write(tpm, &slot, &share, NULL));
	TRY(tpm_nv_read(tpm, &slot, &share, NULL));
	TRY(tpm_nv_read_lock(tpm, &slot, NULL));
	return tpm_nv_undefine(tpm, slot.index, NULL);
}

static void after_an_error_at_any_command_nothing_stays_loaded(void **state)
{
	/* One that is made each time, one that is persistent and has the longer policy. */
	static const enum tpm_ek_kind eks[] = {TPM_EK_ECC_P256, TPM_EK_ECC_P384};

	(void)state;
	for (size_t i = 0; i < COUNT(eks); i++) {
		DROP(node_credential_release) struct node_credential credential = {0};
		DROP(blob_release) struct blob ak = {0};
		DROP(tpm_close) struct tpm *tpm = node_open(&node, NULL);
		unsigned failed = 0;

		node_enrol(tpm, eks[i], TPM_AK_ECC_P256, &ak);
		node_make_credential(&node, tpm, &credential);
		tpm_close(&tpm);
		for (unsigned skip = 0;; skip++) {
			proxy_set(&proxy, (struct proxy_rule){.skip = skip,
						  .times = 1,
						  .act = PROXY_ANSWER,
						  .code = RC_AUTH_MISSING});
			if (everything(eks[i], &credential, blob_span(&ak)) != RC_OK)
				failed++;
			swtpm_assert_empty(&node);
			swtpm_try(&node, "tpm2_nvundefine 0x1804c42 2>&1", NULL);
			if (proxy.spoiled == 0)
				break;
		}
		/* Errors in the clean-up itself are no failures of the operation. */
		assert_true(failed >= 25);
	}
}

/* What a node does at each start. */
static enum rc start_again(enum tpm_ek_kind ek, const struct node_credential *credential, struct span ak)
{
	DROP(tpm_close) struct tpm *tpm = NULL;
	DROP(blob_release) struct blob secret = {0};

	TRY(tpm_open(proxy.tcti, NULL, &tpm, NULL));
	TRY(tpm_ek_open(tpm, ek, NULL));
	TRY(tpm_ak_load(tpm, ak, NULL));
	TRY(tpm_activate(
		tpm, blob_span(&credential->object), blob_span(&credential->encrypted), &secret, NULL));
	return quote_once(tpm, NULL);
}

static void after_a_cut_connection_at_any_command_the_node_starts_again(void **state)
{
	DROP(node_credential_release) struct node_credential credential = {0};
	DROP(blob_release) struct blob ak = {0};
	DROP(tpm_close) struct tpm *tpm = node_open(&node, NULL);
	enum tpm_ek_kind ek = TPM_EK_ECC_P256;

	(void)state;
	node_enrol(tpm, ek, TPM_AK_ECC_P256, &ak);
	node_make_credential(&node, tpm, &credential);
	tpm_close(&tpm);
	for (unsigned skip = 0;; skip++) {
		proxy_set(&proxy, (struct proxy_rule){.skip = skip, .times = 1, .act = PROXY_CUT});
		(void)everything(ek, &credential, blob_span(&ak));
		if (proxy.spoiled == 0)
			break;
		proxy_set(&proxy, (struct proxy_rule){0});
		assert_ok(start_again(ek, &credential, blob_span(&ak)));
		swtpm_try(&node, "tpm2_nvundefine 0x1804c42 2>&1", NULL);
	}
	assert_true(proxy.seen > 25);
	swtpm_run(&node, "tpm2_flushcontext -t; tpm2_flushcontext -l", NULL);
}

static void create_and_load_do_where_create_loaded_is_missing(void **state)
{
	static const enum tpm_ek_kind eks[] = {TPM_EK_RSA_2048, TPM_EK_ECC_P256, TPM_EK_ECC_P384};

	(void)state;
	for (size_t i = 0; i < COUNT(eks); i++) {
		struct tpm *tpm;

		proxy_set(&proxy, (struct proxy_rule){.command = CC_CREATE_LOADED,
					  .times = 1,
					  .act = PROXY_ANSWER,
					  .code = RC_COMMAND_CODE});
		tpm = open_ready(eks[i]);
		assert_int_equal(proxy.spoiled, 1);
		node_activates(&node, tpm);
		node_quote_verifies(&node, tpm);
		tpm_close(&tpm);
		swtpm_assert_empty(&node);
	}
}

static void a_busy_tpm_is_asked_again(void **state)
{
	static const uint32_t codes[] = {RC_RETRY, RC_TESTING, RC_YIELDED};
	struct tpm *tpm = open_ready(TPM_EK_RSA_2048);
	struct err err = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(codes); i++) {
		proxy_set(&proxy,
			(struct proxy_rule){
				.command = CC_QUOTE, .times = 3, .act = PROXY_ANSWER, .code = codes[i]});
		node_ok(quote_once(tpm, &err), &err);
		assert_int_equal(proxy.seen, 4);
	}
	tpm_close(&tpm);
	swtpm_assert_empty(&node);
}

static void a_lockout_is_explained(void **state)
{
	struct tpm *tpm = open_ready(TPM_EK_RSA_2048);
	struct err err = {0};

	(void)state;
	proxy_set(&proxy, (struct proxy_rule){
				  .command = CC_QUOTE, .times = 1, .act = PROXY_ANSWER, .code = RC_LOCKOUT});
	assert_rc(quote_once(tpm, &err), RC_TPM);
	assert_non_null(strstr(err.text, "tpm2_dictionarylockout --clear-lockout"));
	node_ok(quote_once(tpm, &err), &err);
	tpm_close(&tpm);
}

static void failure_mode_is_explained(void **state)
{
	struct tpm *tpm = open_ready(TPM_EK_RSA_2048);
	struct err err = {0};

	(void)state;
	proxy_set(&proxy, (struct proxy_rule){
				  .command = CC_QUOTE, .times = 1, .act = PROXY_ANSWER, .code = RC_FAILURE});
	assert_rc(quote_once(tpm, &err), RC_TPM);
	assert_non_null(strstr(err.text, "failure mode"));
	tpm_close(&tpm);
}

static void a_silent_tpm_times_out(void **state)
{
	struct tpm_options options = {.command_timeout_ms = 300};
	struct tpm *tpm = NULL;
	struct err err = {0};
	uint32_t counter;

	(void)state;
	node_ok(tpm_open(proxy.tcti, &options, &tpm, &err), &err);
	proxy_set(&proxy, (struct proxy_rule){.command = CC_PCR_READ, .times = 1, .act = PROXY_HANG});
	assert_rc(tpm_pcr_update_counter(tpm, &counter, &err), RC_TIMEOUT);
	assert_non_null(strstr(err.text, "300 ms"));
	assert_rc(tpm_pcr_update_counter(tpm, &counter, &err), RC_TIMEOUT);
	tpm_close(&tpm);
}

static void a_lying_length_is_malformed(void **state)
{
	struct tpm *tpm = NULL;
	struct err err = {0};
	uint32_t counter;

	(void)state;
	node_ok(tpm_open(proxy.tcti, NULL, &tpm, &err), &err);
	proxy_set(&proxy, (struct proxy_rule){.command = CC_PCR_READ, .times = 1, .act = PROXY_LIE});
	assert_rc(tpm_pcr_update_counter(tpm, &counter, &err), RC_MALFORMED);
	tpm_close(&tpm);
}

static void extend_debug_pcr(void *context)
{
	(void)context;
	swtpm_try(&node, "tpm2_pcrextend 16:sha256=$(printf 11%.0s {1..32})", NULL);
}

/* PCR 16 does not move the update counter. */
static void values_are_those_that_were_signed_while_pcrs_move(void **state)
{
	DROP(tpm_quote_release) struct tpm_quote quote = {0};
	struct pcr_selection selection = {0};
	struct tpm *tpm = open_ready(TPM_EK_RSA_2048);
	struct err err = {0};

	(void)state;
	assert_ok(pcr_selection_add(&selection, TPM_ALG_SHA256, 16));
	proxy_set(&proxy,
		(struct proxy_rule){
			.command = CC_QUOTE, .times = 3, .act = PROXY_CALL, .call = extend_debug_pcr});
	node_ok(tpm_quote(tpm, &selection, SPAN("nonce"), &quote, &err), &err);
	assert_int_equal(proxy.seen, 4);
	swtpm_put(&node, "values", blob_span(&quote.values));
	swtpm_run(&node, "tpm2_pcrread -Q sha256:16 -F values -o now && cmp now values", NULL);
	tpm_close(&tpm);
}

static void pcrs_that_never_stand_still_are_given_up(void **state)
{
	DROP(tpm_quote_release) struct tpm_quote quote = {0};
	struct pcr_selection selection = {0};
	struct tpm *tpm = open_ready(TPM_EK_RSA_2048);
	struct err err = {0};

	(void)state;
	assert_ok(pcr_selection_add(&selection, TPM_ALG_SHA256, 16));
	proxy_set(&proxy,
		(struct proxy_rule){
			.command = CC_QUOTE, .times = 99, .act = PROXY_CALL, .call = extend_debug_pcr});
	assert_rc(tpm_quote(tpm, &selection, SPAN("nonce"), &quote, &err), RC_STALE);
	assert_int_equal(proxy.seen, TPM_QUOTE_ATTEMPTS);
	assert_int_equal(quote.attest.len, 0);
	tpm_close(&tpm);
	swtpm_assert_empty(&node);
}

static int make_tpm(void **state)
{
	(void)state;
	scratch_open(&scratch);
	swtpm_new(&node, &scratch, "node");
	proxy_open(&proxy, &node, PROXY_UNIX);
	return 0;
}

static int remove_tpm(void **state)
{
	(void)state;
	proxy_close(&proxy);
	swtpm_release(&node);
	scratch_release(&scratch);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(after_an_error_at_any_command_nothing_stays_loaded),
		cmocka_unit_test(after_a_cut_connection_at_any_command_the_node_starts_again),
		cmocka_unit_test(create_and_load_do_where_create_loaded_is_missing),
		cmocka_unit_test(a_busy_tpm_is_asked_again),
		cmocka_unit_test(a_lockout_is_explained),
		cmocka_unit_test(failure_mode_is_explained),
		cmocka_unit_test(a_silent_tpm_times_out),
		cmocka_unit_test(a_lying_length_is_malformed),
		cmocka_unit_test(values_are_those_that_were_signed_while_pcrs_move),
		cmocka_unit_test(pcrs_that_never_stand_still_are_given_up),
	};

	return cmocka_run_group_tests(tests, make_tpm, remove_tpm);
}
