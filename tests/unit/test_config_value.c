#include "tests/support/test.h"

#include "lib/config/suggest.h"
#include "lib/config/value.h"

static void durations_need_a_unit_and_stay_below_overflow(void **state)
{
	static const struct {
		const char *text;
		enum rc rc;
		uint64_t ms;
	} rows[] = {
		{"500ms", RC_OK, 500},
		{"30s", RC_OK, 30000},
		{"5m", RC_OK, 300000},
		{"24h", RC_OK, 86400000},
		{"7d", RC_OK, 604800000},
		{"0s", RC_OK, 0},
		{"30", RC_MALFORMED, 0},
		{"30 s", RC_MALFORMED, 0},
		{"-1s", RC_MALFORMED, 0},
		{"+1s", RC_MALFORMED, 0},
		{"1.5s", RC_MALFORMED, 0},
		{"s", RC_MALFORMED, 0},
		{"", RC_MALFORMED, 0},
		{"1S", RC_MALFORMED, 0},
		{"18446744073709551615ms", RC_OK, UINT64_MAX},
		{"18446744073709551616ms", RC_LIMIT, 0},
		{"18446744073709551615s", RC_LIMIT, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		uint64_t ms = 0;

		assert_rc(value_duration(rows[i].text, &ms), rows[i].rc);
		assert_int_equal(ms, rows[i].ms);
	}
}

static void sizes_are_powers_of_1024(void **state)
{
	uint64_t bytes = 0;

	(void)state;
	assert_ok(value_size("4096", &bytes));
	assert_int_equal(bytes, 4096);
	assert_ok(value_size("64k", &bytes));
	assert_int_equal(bytes, 65536);
	assert_ok(value_size("16M", &bytes));
	assert_int_equal(bytes, 16u << 20);
	assert_ok(value_size("1g", &bytes));
	assert_int_equal(bytes, 1u << 30);
	assert_rc(value_size("1T", &bytes), RC_MALFORMED);
	assert_rc(value_size("18446744073709551615k", &bytes), RC_LIMIT);
}

static void numbers_are_digits_and_nothing_else(void **state)
{
	static const char *const refused[] = {"", " 1", "1 ", "0x10", "-1", "+1", "1e3", "1,0"};
	uint64_t value = 7;

	(void)state;
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
		assert_rc(value_u64(refused[i], &value), RC_MALFORMED);
	assert_int_equal(value, 7);
	assert_rc(value_u64("18446744073709551616", &value), RC_LIMIT);
	assert_ok(value_u64("18446744073709551615", &value));
	assert_true(value == UINT64_MAX);
}

static void booleans_are_six_words(void **state)
{
	bool value = false;

	(void)state;
	assert_ok(value_bool("yes", &value));
	assert_true(value);
	assert_ok(value_bool("off", &value));
	assert_false(value);
	assert_rc(value_bool("1", &value), RC_MALFORMED);
	assert_rc(value_bool("Yes", &value), RC_MALFORMED);
}

static void endpoints_are_tcp_with_a_port_or_ipc_with_a_path(void **state)
{
	static const char *const good[] = {"tcp://10.0.0.1:1", "tcp://a-b.example:65535", "tcp://[::1]:8891",
		"tcp://*:8891", "ipc:///run/limebus/registrar", "ipc://r"};
	static const char *const bad[] = {"", "tcp://", "tcp://host", "tcp://host:", "tcp://host:0",
		"tcp://host:65536", "tcp://host:*", "tcp://host:1x", "tcp://:1", "tcp://[]:1", "tcp://[::1:1",
		"tcp://a b:1", "tcp://a;b:1", "tcp://a/b:1", "inproc://x", "ipc://", "ipc://@name", "ipc://*",
		"udp://h:1", "host:1", "TCP://h:1"};

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		assert_true(value_is_endpoint(good[i]));
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(value_is_endpoint(bad[i]));
}

static void a_socket_path_longer_than_the_kernel_takes_is_no_endpoint(void **state)
{
	char text[6 + SOCKET_PATH_MAX_BYTES + 2] = "ipc://";

	(void)state;
	memset(text + 6, 'a', SOCKET_PATH_MAX_BYTES);
	assert_true(value_is_endpoint(text));
	text[6 + SOCKET_PATH_MAX_BYTES] = 'a';
	assert_false(value_is_endpoint(text));
}

static void values_print_in_their_largest_unit(void **state)
{
	char text[VALUE_TEXT_BYTES];

	(void)state;
	assert_string_equal(value_duration_text(90000, text), "90s");
	assert_string_equal(value_duration_text(86400000, text), "1d");
	assert_string_equal(value_duration_text(1, text), "1ms");
	assert_string_equal(value_duration_text(0, text), "0ms");
	assert_string_equal(value_size_text(65536, text), "64k");
	assert_string_equal(value_size_text(1000, text), "1000");
	assert_string_equal(value_size_text(0, text), "0");
}

static void a_distance_counts_slips(void **state)
{
	size_t best = SIZE_MAX;

	(void)state;
	assert_int_equal(suggest_distance("interval", "interval"), 0);
	assert_int_equal(suggest_distance("intreval", "interval"), 1);
	assert_int_equal(suggest_distance("interva", "interval"), 1);
	assert_int_equal(suggest_distance("", "abc"), 3);
	assert_true(suggest_is_nearer("endpiont", "endpoint", &best));
	assert_int_equal(best, 1);
	assert_false(suggest_is_nearer("endpoint2", "endpoint", &best));
	best = SIZE_MAX;
	assert_false(suggest_is_nearer("colour", "endpoint", &best));
}

static void a_very_long_name_is_near_to_nothing(void **state)
{
	char name[SUGGEST_NAME_MAX_BYTES + 2];

	(void)state;
	memset(name, 'a', sizeof name);
	name[sizeof name - 1] = '\0';
	assert_true(suggest_distance(name, "a") == SIZE_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_need_a_unit_and_stay_below_overflow),
		cmocka_unit_test(sizes_are_powers_of_1024),
		cmocka_unit_test(numbers_are_digits_and_nothing_else),
		cmocka_unit_test(booleans_are_six_words),
		cmocka_unit_test(endpoints_are_tcp_with_a_port_or_ipc_with_a_path),
		cmocka_unit_test(a_socket_path_longer_than_the_kernel_takes_is_no_endpoint),
		cmocka_unit_test(values_print_in_their_largest_unit),
		cmocka_unit_test(a_distance_counts_slips),
		cmocka_unit_test(a_very_long_name_is_near_to_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
