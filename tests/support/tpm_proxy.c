#include "tests/support/tpm_proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#define MESSAGE_MAX 4096
#define HEADER      10

static uint32_t u32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static bool read_all(int fd, uint8_t *at, size_t len)
{
	while (len > 0) {
		ssize_t got = read(fd, at, len);

		if (got <= 0)
			return false;
		at += got;
		len -= (size_t)got;
	}
	return true;
}

/* One command or answer; 0 at the end. */
static size_t read_message(int fd, uint8_t *out)
{
	size_t size;

	if (!read_all(fd, out, HEADER))
		return 0;
	size = u32(out + 2);
	return size >= HEADER && size <= MESSAGE_MAX && read_all(fd, out + HEADER, size - HEADER) ? size : 0;
}

static bool write_all(int fd, const uint8_t *at, size_t len)
{
	while (len > 0) {
		ssize_t put = send(fd, at, len, MSG_NOSIGNAL);

		if (put < 0 && errno == ENOTSOCK)
			put = write(fd, at, len);
		if (put <= 0)
			return false;
		at += put;
		len -= (size_t)put;
	}
	return true;
}

static struct sockaddr_un unix_address(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	memccpy(address.sun_path, path, '\0', sizeof address.sun_path - 1);
	return address;
}

static size_t ask_tpm(struct proxy *proxy, const uint8_t *command, size_t len, uint8_t *answer)
{
	struct sockaddr_un address = unix_address(proxy->upstream);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t got = 0;

	if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0 && write_all(fd, command, len))
		got = read_message(fd, answer);
	close(fd);
	return got;
}

static bool is_meant(struct proxy *proxy, const uint8_t *command)
{
	unsigned number;

	if (proxy->rule.times == 0 || (proxy->rule.command != 0 && proxy->rule.command != u32(command + 6)))
		return false;
	number = atomic_fetch_add(&proxy->seen, 1);
	return number >= proxy->rule.skip && number - proxy->rule.skip < proxy->rule.times;
}

/* Returns the length of the answer; 0: end the connection. */
static size_t spoil(struct proxy *proxy, const uint8_t *command, size_t len, uint8_t *answer)
{
	const struct proxy_rule *rule = &proxy->rule;
	size_t got;

	atomic_fetch_add(&proxy->spoiled, 1);
	if (rule->act == PROXY_ANSWER) {
		memcpy(answer, "\x80\x01\0\0\0\x0a", 6);
		for (size_t i = 0; i < 4; i++)
			answer[6 + i] = (uint8_t)(rule->code >> (24 - 8 * i));
		return HEADER;
	}
	if (rule->act == PROXY_CALL)
		rule->call(rule->context);
	got = ask_tpm(proxy, command, len, answer);
	if (rule->act == PROXY_CUT || rule->act == PROXY_HANG)
		return 0;
	if (rule->act == PROXY_TAMPER && got > 20)
		answer[20] ^= 1;
	if (rule->act == PROXY_LIE)
		memcpy(answer + 2, "\0\0\x10\x01", 4);
	return got;
}

static void serve(struct proxy *proxy, int client)
{
	uint8_t command[MESSAGE_MAX];
	uint8_t answer[MESSAGE_MAX];
	size_t len = read_message(client, command);
	size_t got;
	bool meant;

	/* No asserts here: they may leave only the thread of the test. */
	if (len == 0 || blob_append(&proxy->record, span_of(command, len)) != RC_OK)
		return;
	meant = is_meant(proxy, command);
	got = meant ? spoil(proxy, command, len, answer) : ask_tpm(proxy, command, len, answer);
	if (meant && proxy->rule.act == PROXY_HANG)
		proxy->held = dup(client);
	if (got != 0 && blob_append(&proxy->record, span_of(answer, got)) == RC_OK)
		write_all(client, answer, got);
}

static void *run(void *argument)
{
	struct proxy *proxy = argument;

	while (!atomic_load(&proxy->ending)) {
		int client;

		if (proxy->kind == PROXY_DEVICE) {
			serve(proxy, proxy->listener);
			continue;
		}
		client = accept4(proxy->listener, NULL, NULL, SOCK_CLOEXEC);

		if (client < 0)
			continue;
		serve(proxy, client);
		close(client);
	}
	return NULL;
}

static void listen_unix(struct proxy *proxy)
{
	struct sockaddr_un address;

	snprintf(proxy->path, sizeof proxy->path, "%.200s.bus", proxy->upstream);
	snprintf(proxy->tcti, sizeof proxy->tcti, "swtpm:path=%.200s", proxy->path);
	unlink(proxy->path);
	address = unix_address(proxy->path);
	proxy->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(proxy->listener, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(proxy->listener, 8), 0);
}

static void listen_tcp(struct proxy *proxy)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof address;

	proxy->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(proxy->listener, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(proxy->listener, 8), 0);
	assert_int_equal(getsockname(proxy->listener, (struct sockaddr *)&address, &len), 0);
	snprintf(proxy->tcti, sizeof proxy->tcti, "swtpm:host=127.0.0.1,port=%d", ntohs(address.sin_port));
}

static void listen_device(struct proxy *proxy)
{
	struct termios mode;
	char name[64];

	proxy->listener = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_int_equal(grantpt(proxy->listener), 0);
	assert_int_equal(unlockpt(proxy->listener), 0);
	assert_int_equal(ptsname_r(proxy->listener, name, sizeof name), 0);
	proxy->device = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(proxy->device >= 0);
	assert_int_equal(tcgetattr(proxy->device, &mode), 0);
	cfmakeraw(&mode);
	assert_int_equal(tcsetattr(proxy->device, TCSANOW, &mode), 0);
	snprintf(proxy->tcti, sizeof proxy->tcti, "device:%s", name);
}

void proxy_open(struct proxy *out, const struct swtpm *tpm, enum proxy_kind kind)
{
	static void (*const listeners[])(struct proxy *) = {
		[PROXY_UNIX] = listen_unix,
		[PROXY_TCP] = listen_tcp,
		[PROXY_DEVICE] = listen_device,
	};

	memset(out, 0, sizeof *out);
	out->kind = kind;
	out->held = -1;
	out->device = -1;
	snprintf(out->upstream, sizeof out->upstream, "%s", tpm->tcti + strlen("swtpm:path="));
	listeners[kind](out);
	assert_int_equal(pthread_create(&out->thread, NULL, run, out), 0);
}

void proxy_set(struct proxy *proxy, struct proxy_rule rule)
{
	proxy->rule = rule;
	atomic_store(&proxy->seen, 0);
	atomic_store(&proxy->spoiled, 0);
	blob_clear(&proxy->record);
}

void proxy_close(struct proxy *proxy)
{
	if (proxy->tcti[0] == '\0')
		return;
	atomic_store(&proxy->ending, true);
	/* Wake the thread: a command of no length ends the wait on a device. */
	if (proxy->kind == PROXY_DEVICE)
		assert_true(write(proxy->device, "\0\0\0\0\0\0\0\0\0", HEADER) == HEADER);
	else
		shutdown(proxy->listener, SHUT_RDWR);
	pthread_join(proxy->thread, NULL);
	close(proxy->listener);
	if (proxy->held >= 0)
		close(proxy->held);
	if (proxy->device >= 0)
		close(proxy->device);
	if (proxy->path[0] != '\0')
		unlink(proxy->path);
	blob_release(&proxy->record);
	memset(proxy, 0, sizeof *proxy);
}
