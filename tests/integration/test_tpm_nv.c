#include "lib/base/drop.h"
#include "tests/support/tpm_node.h"
#include "tests/support/tpm_proxy.h"

static struct scratch scratch;
static struct swtpm node;

static const struct tpm_nv_slot slot_a = {
	.index = TPM_NV_SHARE_A, .password = "the password of slot A, 32 byte"};
static const struct tpm_nv_slot slot_b = {
	.index = TPM_NV_SHARE_B, .password = "the password of slot B, 32 byte"};
static const struct tpm_nv_share share_1 = {.number = 1, .secret = {"this is U number one, 32 bytes.."}};
static const struct tpm_nv_share share_2 = {
	.number = 0x1122334455667788, .secret = {"this is U number two, 32 bytes.."}};

static struct tpm *open_with(const char *tcti, enum tpm_ek_kind ek, const struct tpm_options *options)
{
	struct tpm *tpm = NULL;
	struct err err = {0};

	node_ok(tpm_open(tcti, options, &tpm, &err), &err);
	node_ok(tpm_ek_open(tpm, ek, &err), &err);
	return tpm;
}

static struct tpm *open_node(void)
{
	return open_with(node.tcti, TPM_EK_RSA_2048, NULL);
}

static void assert_share(struct tpm *tpm, const struct tpm_nv_slot *slot, const struct tpm_nv_share *expected)
{
	DROP(tpm_nv_share_release) struct tpm_nv_share got = {0};
	struct err err = {0};

	node_ok(tpm_nv_read(tpm, slot, &got, &err), &err);
	assert_true(got.number == expected->number);
	assert_memory_equal(got.secret.bytes, expected->secret.bytes, TPM_NV_SECRET_BYTES);
}

static void assert_refused(
	struct tpm *tpm, const struct tpm_nv_slot *slot, enum rc expected, const char *text)
{
	struct tpm_nv_share got = {0};
	struct err err = {0};

	assert_rc(tpm_nv_read(tpm, slot, &got, &err), expected);
	assert_non_null(strstr(err.text, text));
	assert_true(got.number == 0);
}

static void write_share(struct tpm *tpm, const struct tpm_nv_slot *slot, const struct tpm_nv_share *share)
{
	struct err err = {0};

	node_ok(tpm_nv_define(tpm, slot, &err), &err);
	node_ok(tpm_nv_write(tpm, slot, share, &err), &err);
}

static void a_share_is_kept_over_reboots_with_every_ek(void **state)
{
	static const enum tpm_ek_kind eks[] = {TPM_EK_RSA_2048, TPM_EK_ECC_P256, TPM_EK_ECC_P384};

	(void)state;
	for (size_t i = 0; i < COUNT(eks); i++) {
		DROP(tpm_close) struct tpm *tpm = open_with(node.tcti, eks[i], NULL);
		struct err err = {0};

		write_share(tpm, &slot_a, &share_1);
		write_share(tpm, &slot_b, &share_2);
		node_ok(tpm_nv_write(tpm, &slot_b, &share_2, &err), &err);
		tpm_close(&tpm);
		swtpm_assert_empty(&node);
		swtpm_reboot(&node);
		tpm = open_with(node.tcti, eks[i], NULL);
		assert_share(tpm, &slot_a, &share_1);
		assert_share(tpm, &slot_b, &share_2);
		node_ok(tpm_nv_undefine(tpm, slot_a.index, &err), &err);
		assert_share(tpm, &slot_b, &share_2);
		node_ok(tpm_nv_undefine(tpm, slot_b.index, &err), &err);
		assert_refused(tpm, &slot_a, RC_NOT_FOUND, "no NV index");
		tpm_close(&tpm);
		swtpm_assert_empty(&node);
	}
}

static void a_locked_share_is_not_read_until_the_next_reset(void **state)
{
	DROP(tpm_close) struct tpm *tpm = open_node();
	struct err err = {0};

	(void)state;
	write_share(tpm, &slot_a, &share_1);
	node_ok(tpm_nv_read_lock(tpm, &slot_a, &err), &err);
	assert_refused(tpm, &slot_a, RC_DENIED, "locked until the next reset");
	node_ok(tpm_nv_read_lock(tpm, &slot_a, &err), &err);
	tpm_close(&tpm);
	tpm = open_node();
	assert_refused(tpm, &slot_a, RC_DENIED, "locked until the next reset");
	tpm_close(&tpm);
	swtpm_kill(&node);
	swtpm_on(&node);
	tpm = open_node();
	assert_share(tpm, &slot_a, &share_1);
	node_ok(tpm_nv_undefine(tpm, slot_a.index, &err), &err);
}

static void what_was_never_written_is_not_found(void **state)
{
	DROP(tpm_close) struct tpm *tpm = open_node();
	struct err err = {0};

	(void)state;
	assert_refused(tpm, &slot_a, RC_NOT_FOUND, "no NV index");
	assert_rc(tpm_nv_write(tpm, &slot_a, &share_1, &err), RC_NOT_FOUND);
	assert_rc(tpm_nv_read_lock(tpm, &slot_a, &err), RC_NOT_FOUND);
	assert_rc(tpm_nv_undefine(tpm, slot_a.index, &err), RC_NOT_FOUND);
	node_ok(tpm_nv_define(tpm, &slot_a, &err), &err);
	assert_refused(tpm, &slot_a, RC_NOT_FOUND, "ever written");
	assert_rc(tpm_nv_define(tpm, &slot_a, &err), RC_EXISTS);
	node_ok(tpm_nv_read_lock(tpm, &slot_a, &err), &err);
	node_ok(tpm_nv_undefine(tpm, slot_a.index, &err), &err);
	tpm_close(&tpm);
	swtpm_assert_empty(&node);
}

static void a_wrong_password_is_denied_and_does_not_lock_the_tpm(void **state)
{
	DROP(tpm_close) struct tpm *tpm = open_node();
	struct tpm_nv_slot wrong = slot_a;
	struct err err = {0};

	(void)state;
	wrong.password[31] ^= 1;
	write_share(tpm, &slot_a, &share_1);
	for (unsigned i = 0; i < 10; i++) {
		assert_refused(tpm, &wrong, RC_DENIED, "wrong password");
		assert_rc(tpm_nv_write(tpm, &wrong, &share_2, &err), RC_DENIED);
		assert_rc(tpm_nv_read_lock(tpm, &wrong, &err), RC_DENIED);
	}
	assert_share(tpm, &slot_a, &share_1);
	swtpm_run(&node, "tpm2_getcap properties-variable | grep -q 'TPM2_PT_LOCKOUT_COUNTER: 0x0$'", NULL);
	node_ok(tpm_nv_undefine(tpm, slot_a.index, &err), &err);
	tpm_close(&tpm);
	swtpm_assert_empty(&node);
}

static void the_owner_cannot_read_a_share(void **state)
{
	DROP(tpm_close) struct tpm *tpm = open_node();
	struct err err = {0};

	(void)state;
	write_share(tpm, &slot_a, &share_1);
	assert_false(swtpm_try(&node, "tpm2_nvread 0x1804c42 -C o 2>/dev/null", NULL));
	assert_false(swtpm_try(&node, "tpm2_nvread 0x1804c42 -C 0x1804c42 2>/dev/null", NULL));
	swtpm_run(&node,
		"tpm2_nvread 0x1804c42 -C 0x1804c42 -P 'the password of slot A, 32 byte' | tail -c 32 | grep -q "
		"'this is U number one, 32 bytes..'",
		NULL);
	node_ok(tpm_nv_undefine(tpm, slot_a.index, &err), &err);
}

static void an_index_of_somebody_else_is_refused(void **state)
{
	static const char *const theirs[] = {
		"tpm2_nvdefine 0x1804c42 -C o -s 40 -p 'the password of slot A, 32 byte' -a "
		"'authread|authwrite|writeall|read_stclear|no_da|ownerread'",
		"tpm2_nvdefine 0x1804c42 -C o -s 41 -p 'the password of slot A, 32 byte' -a "
		"'authread|authwrite|writeall|read_stclear|no_da'",
		"tpm2_nvdefine 0x1804c42 -C o -s 40 -p 'the password of slot A, 32 byte' -a "
		"'authread|authwrite|writeall|no_da'",
	};
	DROP(tpm_close) struct tpm *tpm = open_node();

	(void)state;
	for (size_t i = 0; i < COUNT(theirs); i++) {
		struct err err = {0};

		swtpm_run(&node, theirs[i], NULL);
		assert_rc(tpm_nv_define(tpm, &slot_a, &err), RC_EXISTS);
		assert_rc(tpm_nv_write(tpm, &slot_a, &share_1, &err), RC_DENIED);
		assert_non_null(strstr(err.text, "not ours"));
		assert_refused(tpm, &slot_a, RC_DENIED, "not ours");
		assert_rc(tpm_nv_read_lock(tpm, &slot_a, &err), RC_DENIED);
		node_ok(tpm_nv_undefine(tpm, slot_a.index, &err), &err);
	}
}

static void an_index_outside_of_the_owners_range_is_refused(void **state)
{
	static const uint32_t indices[] = {0, 0x017fffff, 0x01c00000, 0x01c00002, 0x81010001, UINT32_MAX};
	DROP(tpm_close) struct tpm *tpm = open_node();

	(void)state;
	for (size_t i = 0; i < COUNT(indices); i++) {
		struct tpm_nv_slot slot = {.index = indices[i]};
		struct tpm_nv_share share = {0};
		struct err err = {0};

		assert_rc(tpm_nv_define(tpm, &slot, &err), RC_LIMIT);
		assert_rc(tpm_nv_write(tpm, &slot, &share, &err), RC_LIMIT);
		assert_rc(tpm_nv_read(tpm, &slot, &share, &err), RC_LIMIT);
		assert_rc(tpm_nv_read_lock(tpm, &slot, &err), RC_LIMIT);
		assert_rc(tpm_nv_undefine(tpm, slot.index, &err), RC_LIMIT);
	}
}

static void without_an_ek_nothing_is_sent(void **state)
{
	DROP(tpm_close) struct tpm *tpm = node_open(&node, NULL);
	uint64_t before = tpm_commands(tpm);
	struct tpm_nv_share share = {0};
	struct err err = {0};

	(void)state;
	assert_rc(tpm_nv_define(tpm, &slot_a, &err), RC_DENIED);
	assert_rc(tpm_nv_write(tpm, &slot_a, &share_1, &err), RC_DENIED);
	assert_rc(tpm_nv_read(tpm, &slot_a, &share, &err), RC_DENIED);
	assert_int_equal(tpm_commands(tpm), before);
}

static void the_owner_password_is_needed_where_there_is_one(void **state)
{
	struct tpm_options options = {.owner_password = span_text("owner's")};
	DROP(tpm_close) struct tpm *tpm = open_node();
	struct err err = {0};

	(void)state;
	swtpm_run(&node, "tpm2_changeauth -c o \"owner's\"", NULL);
	assert_rc(tpm_nv_define(tpm, &slot_a, &err), RC_DENIED);
	assert_non_null(strstr(err.text, "wrong password"));
	tpm_close(&tpm);
	swtpm_assert_empty(&node);
	tpm = open_with(node.tcti, TPM_EK_RSA_2048, &options);
	write_share(tpm, &slot_a, &share_1);
	assert_share(tpm, &slot_a, &share_1);
	node_ok(tpm_nv_undefine(tpm, slot_a.index, &err), &err);
	swtpm_run(&node, "tpm2_changeauth -c o -p \"owner's\"", NULL);
}

static bool occurs(const struct blob *record, const void *what, size_t len)
{
	return memmem(record->at, record->len, what, len) != NULL;
}

static void who_reads_the_bus_sees_neither_share_nor_password(void **state)
{
	struct proxy proxy;
	struct tpm *tpm;
	struct err err = {0};

	(void)state;
	proxy_open(&proxy, &node, PROXY_UNIX);
	tpm = open_with(proxy.tcti, TPM_EK_RSA_2048, NULL);
	write_share(tpm, &slot_a, &share_1);
	assert_share(tpm, &slot_a, &share_1);
	node_ok(tpm_nv_read_lock(tpm, &slot_a, &err), &err);
	node_ok(tpm_nv_undefine(tpm, slot_a.index, &err), &err);
	tpm_close(&tpm);
	assert_true(proxy.record.len > 1000);
	/* Any eight bytes of either, so that a part is noticed as well. */
	for (size_t i = 0; i + 8 <= 31; i++) {
		assert_false(occurs(&proxy.record, share_1.secret.bytes + i, 8));
		assert_false(occurs(&proxy.record, slot_a.password + i, 8));
	}
	proxy_close(&proxy);
}

static void an_answer_altered_on_the_bus_is_denied(void **state)
{
	struct proxy proxy;
	struct tpm *tpm;
	struct tpm_nv_share got = {0};
	struct err err = {0};

	(void)state;
	proxy_open(&proxy, &node, PROXY_UNIX);
	tpm = open_with(proxy.tcti, TPM_EK_RSA_2048, NULL);
	write_share(tpm, &slot_a, &share_1);
	proxy_set(&proxy,
		(struct proxy_rule){.command = 0x14e /* TPM2_NV_Read */, .times = 1, .act = PROXY_TAMPER});
	assert_rc(tpm_nv_read(tpm, &slot_a, &got, &err), RC_DENIED);
	assert_non_null(strstr(err.text, "altered"));
	assert_true(got.number == 0);
	assert_int_equal(proxy.spoiled, 1);
	assert_refused(tpm, &slot_a, RC_IO, "open it again");
	tpm_close(&tpm);
	swtpm_assert_empty(&node);
	tpm = open_with(proxy.tcti, TPM_EK_RSA_2048, NULL);
	assert_share(tpm, &slot_a, &share_1);
	tpm_close(&tpm);
	proxy_close(&proxy);
	swtpm_assert_empty(&node);
}

static int clear_nv(void **state)
{
	(void)state;
	swtpm_try(&node,
		"(tpm2_changeauth -c o -p \"owner's\"; for i in 2 3; do tpm2_nvundefine 0x1804c4$i; done) 2>&1",
		NULL);
	return 0;
}

static int make_tpm(void **state)
{
	(void)state;
	scratch_open(&scratch);
	swtpm_new(&node, &scratch, "node");
	return 0;
}

static int remove_tpm(void **state)
{
	(void)state;
	swtpm_release(&node);
	scratch_release(&scratch);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_share_is_kept_over_reboots_with_every_ek, clear_nv),
		cmocka_unit_test_setup(a_locked_share_is_not_read_until_the_next_reset, clear_nv),
		cmocka_unit_test_setup(what_was_never_written_is_not_found, clear_nv),
		cmocka_unit_test_setup(a_wrong_password_is_denied_and_does_not_lock_the_tpm, clear_nv),
		cmocka_unit_test_setup(the_owner_cannot_read_a_share, clear_nv),
		cmocka_unit_test_setup(an_index_of_somebody_else_is_refused, clear_nv),
		cmocka_unit_test_setup(an_index_outside_of_the_owners_range_is_refused, clear_nv),
		cmocka_unit_test_setup(without_an_ek_nothing_is_sent, clear_nv),
		cmocka_unit_test_setup(the_owner_password_is_needed_where_there_is_one, clear_nv),
		cmocka_unit_test_setup(who_reads_the_bus_sees_neither_share_nor_password, clear_nv),
		cmocka_unit_test_setup(an_answer_altered_on_the_bus_is_denied, clear_nv),
	};

	return cmocka_run_group_tests(tests, make_tpm, remove_tpm);
}
