#include <fcntl.h>
#include <unistd.h>

#include "lib/base/drop.h"
#include "lib/base/file.h"
#include "tests/support/tpm_node.h"
#include "tests/support/tpm_proxy.h"

/* TPM 2.0 Part 2, 6.5.2 and 6.6.3. */
#define CC_QUOTE    0x158u
#define CC_PCR_READ 0x17eu
#define RC_LOCKOUT  0x921u

static struct scratch scratch;
static struct swtpm node;
static struct proxy proxy;

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

static void a_tpm_that_goes_away_is_an_io_error_until_reopened(void **state)
{
	struct tpm *tpm = open_ready(TPM_EK_RSA_2048);
	struct tpm *again = NULL;
	struct err err = {0};

	(void)state;
	proxy_set(&proxy, (struct proxy_rule){0});
	swtpm_kill(&node);
	assert_rc(quote_once(tpm, &err), RC_IO);
	assert_rc(tpm_open(node.tcti, NULL, &again, &err), RC_IO);
	assert_null(again);
	swtpm_on(&node);
	assert_rc(quote_once(tpm, &err), RC_IO);
	tpm_close(&tpm);
	tpm = open_ready(TPM_EK_RSA_2048);
	node_ok(quote_once(tpm, &err), &err);
	tpm_close(&tpm);
	swtpm_assert_empty(&node);
}

static void a_reset_behind_our_back_is_an_io_error_until_reopened(void **state)
{
	struct tpm *tpm = open_ready(TPM_EK_ECC_P256);
	struct err err = {0};

	(void)state;
	swtpm_reboot(&node);
	assert_rc(quote_once(tpm, &err), RC_IO);
	assert_non_null(strstr(err.text, "reset"));
	tpm_close(&tpm);
	tpm = open_ready(TPM_EK_ECC_P256);
	node_ok(quote_once(tpm, &err), &err);
	tpm_close(&tpm);
	swtpm_assert_empty(&node);
}

static void a_tpm_that_nobody_started_is_started(void **state)
{
	struct tpm *tpm;
	struct err err = {0};

	(void)state;
	swtpm_kill(&node);
	swtpm_on_unstarted(&node);
	assert_false(swtpm_try(&node, "tpm2_pcrread sha256:0 2>&1", NULL));
	tpm = node_open(&node, NULL);
	assert_int_equal(tpm_commands(tpm), 3);
	tpm_close(&tpm);
	tpm = node_open(&node, NULL);
	assert_int_equal(tpm_commands(tpm), 1);
	node_ok(tpm_ek_open(tpm, TPM_EK_RSA_2048, &err), &err);
	tpm_close(&tpm);
}

static void a_device_and_a_tcp_port_do_as_well(void **state)
{
	static const enum proxy_kind kinds[] = {PROXY_DEVICE, PROXY_TCP};

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		DROP(blob_release) struct blob bytes = {0};
		struct proxy way;
		struct tpm *tpm = NULL;
		struct err err = {0};

		proxy_open(&way, &node, kinds[i]);
		node_ok(tpm_open(way.tcti, NULL, &tpm, &err), &err);
		node_enrol(tpm, TPM_EK_RSA_2048, TPM_AK_RSA_2048, &bytes);
		node_ok(tpm_ek_certificate(tpm, &bytes, &err), &err);
		node_activates(&node, tpm);
		node_quote_verifies(&node, tpm);
		tpm_close(&tpm);
		swtpm_assert_empty(&node);
		proxy_close(&way);
	}
}

static void a_silent_device_times_out(void **state)
{
	struct tpm_options options = {.command_timeout_ms = 300};
	struct proxy way;
	struct tpm *tpm = NULL;
	struct err err = {0};
	uint32_t counter;

	(void)state;
	proxy_open(&way, &node, PROXY_DEVICE);
	node_ok(tpm_open(way.tcti, &options, &tpm, &err), &err);
	proxy_set(&way, (struct proxy_rule){.command = CC_PCR_READ, .times = 1, .act = PROXY_CUT});
	assert_rc(tpm_pcr_update_counter(tpm, &counter, &err), RC_TIMEOUT);
	tpm_close(&tpm);
	proxy_close(&way);
}

static void the_endorsement_password_is_needed_where_there_is_one(void **state)
{
	static const enum tpm_ek_kind eks[] = {TPM_EK_RSA_2048, TPM_EK_ECC_P256, TPM_EK_ECC_P384};
	struct tpm_options options = {.endorsement_password = span_text("endorsement's")};

	(void)state;
	swtpm_run(&node, "tpm2_changeauth -c e \"endorsement's\"", NULL);
	for (size_t i = 0; i < COUNT(eks); i++) {
		DROP(blob_release) struct blob blob = {0};
		struct tpm *tpm = node_open(&node, NULL);
		struct err err = {0};
		enum rc rc = tpm_ek_open(tpm, eks[i], &err);

		if (rc == RC_OK)
			rc = tpm_ak_create(tpm, TPM_AK_ECC_P256, &blob, &err);
		assert_rc(rc, RC_DENIED);
		assert_non_null(strstr(err.text, "wrong password"));
		tpm_close(&tpm);
		swtpm_assert_empty(&node);
		tpm = node_open(&node, &options);
		node_enrol(tpm, eks[i], TPM_AK_ECC_P256, &blob);
		node_activates(&node, tpm);
		tpm_close(&tpm);
	}
	swtpm_run(&node, "tpm2_changeauth -c e -p \"endorsement's\"", NULL);
}

static void other_ways_to_a_tpm_are_refused(void **state)
{
	static const char *const bad[] = {"", "swtpm", "swtpm:", "mssim", "cmd:true", "/dev/tpm0",
		"device:/dev/null", "device:/etc/passwd", "swtpm:host=localhost", "swtpm:host=,port=1",
		"swtpm:port=1,host=localhost"};
	struct tpm *tpm = NULL;
	char path[200] = "swtpm:path=/";
	struct err err = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_rc_not_ok(tpm_open(bad[i], NULL, &tpm, &err));
	assert_rc(tpm_open("device:/dev/nosuchtpm", NULL, &tpm, &err), RC_NOT_FOUND);
	assert_rc(tpm_open("swtpm:path=/nosuchsocket", NULL, &tpm, &err), RC_IO);
	memset(path + 12, 'x', 107);
	assert_rc(tpm_open(path, NULL, &tpm, &err), RC_LIMIT);
	assert_null(tpm);
}

static void nothing_is_written_on_standard_error(void **state)
{
	char path[SCRATCH_FILE_BYTES];
	DROP(blob_release) struct blob written = {0};
	struct tpm *tpm = open_ready(TPM_EK_RSA_2048);
	int file = open(scratch_file(&scratch, "stderr", path), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int saved = dup(STDERR_FILENO);
	enum rc rc[2];
	struct err err = {0};

	(void)state;
	assert_true(file >= 0 && saved >= 0);
	proxy_set(&proxy, (struct proxy_rule){
				  .command = CC_QUOTE, .times = 1, .act = PROXY_ANSWER, .code = RC_LOCKOUT});
	dup2(file, STDERR_FILENO);
	rc[0] = quote_once(tpm, NULL);
	rc[1] = tpm_ak_load(tpm, SPAN("nonsense"), NULL);
	dup2(saved, STDERR_FILENO);
	assert_rc(rc[0], RC_TPM);
	assert_rc(rc[1], RC_MALFORMED);
	node_ok(file_read(path, 4096, &written, &err), &err);
	assert_int_equal(written.len, 0);
	close(file);
	close(saved);
	tpm_close(&tpm);
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
		cmocka_unit_test(a_tpm_that_goes_away_is_an_io_error_until_reopened),
		cmocka_unit_test(a_reset_behind_our_back_is_an_io_error_until_reopened),
		cmocka_unit_test(a_tpm_that_nobody_started_is_started),
		cmocka_unit_test(a_device_and_a_tcp_port_do_as_well),
		cmocka_unit_test(a_silent_device_times_out),
		cmocka_unit_test(the_endorsement_password_is_needed_where_there_is_one),
		cmocka_unit_test(other_ways_to_a_tpm_are_refused),
		cmocka_unit_test(nothing_is_written_on_standard_error),
	};

	return cmocka_run_group_tests(tests, make_tpm, remove_tpm);
}
