#include "tests/support/test.h"

#include "lib/base/drop.h"
#include "lib/http/socket_address.h"

static void key_of(const char *text, uint8_t out[static SOCKET_ADDRESS_KEY_BYTES])
{
	struct sockaddr_storage address;
	socklen_t len = 0;

	assert_ok(socket_address_parse(text, &address, &len, NULL));
	socket_address_key(&address, out);
}

static bool same_key(const char *a, const char *b)
{
	uint8_t one[SOCKET_ADDRESS_KEY_BYTES], other[SOCKET_ADDRESS_KEY_BYTES];

	key_of(a, one);
	key_of(b, other);
	return memcmp(one, other, SOCKET_ADDRESS_KEY_BYTES) == 0;
}

static void an_address_is_written_as_it_was_read(void **state)
{
	static const char *const good[] = {"127.0.0.1:80", "0.0.0.0:0", "255.255.255.255:65535", "[::]:8080",
		"[::1]:1", "[2001:db8::7]:443"};

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		struct sockaddr_storage address;
		socklen_t len = 0;
		char text[HTTP_ENDPOINT_MAX];

		assert_ok(socket_address_parse(good[i], &address, &len, NULL));
		assert_string_equal(socket_address_text(&address, text), good[i]);
	}
}

static void what_is_no_address_is_refused(void **state)
{
	static const char *const bad[] = {"", ":", ":80", "80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:-1",
		"127.0.0.1:65536", "127.0.0.1:99999999999999999999999", "127.0.0.1:8x", "127.0.0.1: 80",
		"127.0.0:80", "localhost:80", "::1:80", "[::1]", "[::1:80", "::1]:80", "[]:80", "[::g]:80",
		"[127.0.0.1]:80",
		"[2001:0db8:0000:0000:0000:0000:0000:0001:2001:0db8:0000:0000:0000:0000]:80"};
	struct sockaddr_storage address;
	socklen_t len = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct err err = {0};

		assert_rc(socket_address_parse(bad[i], &address, &len, &err), RC_MALFORMED);
		assert_non_null(strstr(err.text, "expected"));
	}
}

static void connections_are_counted_for_a_host_or_a_network(void **state)
{
	(void)state;
	assert_true(same_key("10.0.0.7:1", "10.0.0.7:2"));
	assert_false(same_key("10.0.0.7:1", "10.0.0.8:1"));
	assert_true(same_key("[2001:db8:1:2::1]:1", "[2001:db8:1:2:ffff::1]:1"));
	assert_false(same_key("[2001:db8:1:2::1]:1", "[2001:db8:1:3::1]:1"));
	assert_false(same_key("0.0.0.0:1", "[::]:1"));
	assert_false(same_key("127.0.0.1:1", "[::1]:1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_is_written_as_it_was_read),
		cmocka_unit_test(what_is_no_address_is_refused),
		cmocka_unit_test(connections_are_counted_for_a_host_or_a_network),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
