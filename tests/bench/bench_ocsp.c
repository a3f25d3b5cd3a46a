/*
 * OCSP over HTTP, keep-alive: how many answers a second the gateway gives, of what it has and of what it must
 * fetch over the bus and check first, beside a bare libmicrohttpd that gives the same bytes to everybody. The
 * CA is this program: 1,000,000 certificates, 100,000 of them revoked. The client is a process of its own.
 *
 * usage: bench_ocsp [WARM_ANSWERS [COLD_ANSWERS]]      default 100000 20000
 */
#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/drop.h"
#include "tests/integration/gateway_rig.h"

#define KNOWN       1000000u
#define REVOKED     100000u
#define WARM        5000u /* certificates that are asked for again and again */
#define CONNECTIONS 32
#define REQUEST_MAX 512
#define GOAL        5000.0

/* ---- the CA ---- */

static void serial_of(uint32_t number, uint8_t out[static SERIAL_BYTES])
{
	memset(out, 0, SERIAL_BYTES);
	out[0] = 0x40;
	number = htonl(number);
	memcpy(out + SERIAL_BYTES - sizeof number, &number, sizeof number);
}

static bool is_known(struct span serial, struct known *out)
{
	uint32_t number = 0;

	if (serial.len != SERIAL_BYTES)
		return false;
	memcpy(out->serial, serial.at, SERIAL_BYTES);
	memcpy(&number, serial.at + SERIAL_BYTES - sizeof number, sizeof number);
	out->status = ntohl(number) < REVOKED ? OCSP_REVOKED : OCSP_GOOD;
	return ntohl(number) < KNOWN;
}

static void make_list(struct rig *rig)
{
	struct crl_entry *entries = calloc(REVOKED, sizeof *entries);
	uint64_t now = clock_wall_ms(clock_system());

	for (uint32_t i = 0; i < REVOKED; i++) {
		serial_of(i, entries[i].serial);
		entries[i].reason = CRL_KEY_COMPROMISE;
		entries[i].time_ms = now;
	}
	blob_clear(&rig->crls[0]);
	fake_ca_crl(&rig->ca, 1, 0, entries, REVOKED, now, RIG_LIFE_MS, &rig->crls[0]);
	free(entries);
}

/* ---- the client ---- */

struct connection {
	int fd;
	uint64_t since_us;
	size_t got;
	char in[8192];
};

struct result {
	double seconds;
	uint32_t median_us;
	uint32_t p99_us;
	uint64_t errors;
};

/* A request, and where its serial stands. */
struct template
{
	char bytes[REQUEST_MAX];
	size_t len;
	size_t serial_at;
};

static void make_template(const struct fake_ca *ca, struct template *out)
{
	DROP(blob_release) struct blob der = {0};
	uint8_t serial[SERIAL_BYTES];
	int head;

	serial_of(0x5a5a5a5a, serial);
	fake_ca_request(ca, SPAN(serial), DIGEST_SHA1, &der);
	head = snprintf(out->bytes, sizeof out->bytes,
		"POST /ocsp HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/ocsp-request\r\n"
		"Content-Length: %zu\r\n\r\n",
		der.len);
	memcpy(out->bytes + head, der.at, der.len);
	out->len = (size_t)head + der.len;
	out->serial_at = (size_t)((char *)memmem(out->bytes, out->len, serial, SERIAL_BYTES) - out->bytes);
}

static void ask(struct connection *connection, struct template *template, uint32_t number)
{
	uint8_t serial[SERIAL_BYTES];

	serial_of(number, serial);
	memcpy(template->bytes + template->serial_at, serial, SERIAL_BYTES);
	connection->got = 0;
	connection->since_us = clock_mono_us(clock_system());
	if (send(connection->fd, template->bytes, template->len, MSG_NOSIGNAL) != (ssize_t) template->len)
		exit(1);
}

/* Is the answer there? *ok: it is one, and no OCSP error. */
static bool answered(struct connection *connection, bool *ok)
{
	ssize_t n = recv(connection->fd, connection->in + connection->got,
		sizeof connection->in - 1 - connection->got, 0);
	char *length, *end;
	size_t size;

	if (n <= 0) {
		fprintf(stderr, "bench_ocsp: the connection ended\n");
		exit(1);
	}
	connection->got += (size_t)n;
	connection->in[connection->got] = '\0';
	end = memmem(connection->in, connection->got, "\r\n\r\n", 4);
	if (end == NULL)
		return false;
	length = strcasestr(connection->in, "Content-Length: ");
	size = length == NULL ? 0 : strtoul(length + 16, NULL, 10);
	*ok = memcmp(connection->in, "HTTP/1.1 200", 12) == 0 && size > 100;
	return connection->got >= (size_t)(end + 4 - connection->in) + size;
}

static int dial(unsigned port)
{
	const struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const int yes = 1;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
		perror("bench_ocsp: connect");
		exit(1);
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
	return fd;
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* first: the first certificate; modulo: after so many it begins anew. */
static void run_client(unsigned port, struct template *template, size_t count, uint32_t first,
	uint32_t modulo, struct result *out)
{
	static struct connection connections[CONNECTIONS];
	uint32_t *took = calloc(count, sizeof *took);
	int epoll = epoll_create1(0);
	uint64_t start;
	size_t asked = 0, done = 0;

	for (size_t i = 0; i < CONNECTIONS; i++) {
		struct epoll_event event = {.events = EPOLLIN, .data.ptr = &connections[i]};

		connections[i].fd = dial(port);
		epoll_ctl(epoll, EPOLL_CTL_ADD, connections[i].fd, &event);
	}
	start = clock_mono_us(clock_system());
	for (size_t i = 0; i < CONNECTIONS && asked < count; i++)
		ask(&connections[i], template, first + (uint32_t)(asked++) % modulo);
	while (done < count) {
		struct epoll_event events[CONNECTIONS];
		int ready = epoll_wait(epoll, events, CONNECTIONS, 10000);

		if (ready <= 0)
			exit(1);
		for (int i = 0; i < ready; i++) {
			struct connection *connection = events[i].data.ptr;
			bool ok = false;

			if (!answered(connection, &ok))
				continue;
			out->errors += ok ? 0 : 1;
			took[done++] = (uint32_t)(clock_mono_us(clock_system()) - connection->since_us);
			if (asked < count)
				ask(connection, template, first + (uint32_t)(asked++) % modulo);
		}
	}
	out->seconds = (double)(clock_mono_us(clock_system()) - start) / 1e6;
	qsort(took, count, sizeof *took, by_size);
	out->median_us = took[count / 2];
	out->p99_us = took[count * 99 / 100];
}

/* ---- measuring ---- */

static double cpu_s(pid_t pid)
{
	char path[64], text[1024] = "";
	unsigned long user = 0, system = 0;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	file = fopen(path, "r");
	if (file != NULL && fgets(text, sizeof text, file) != NULL && strrchr(text, ')') != NULL)
		(void)!sscanf(strrchr(text, ')') + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
			&user, &system);
	if (file != NULL)
		fclose(file);
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static double rss_mib(pid_t pid)
{
	char path[64], line[256];
	unsigned long kib = 0;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/status", pid);
	file = fopen(path, "r");
	while (file != NULL && fgets(line, sizeof line, file) != NULL)
		if (strncmp(line, "VmRSS:", 6) == 0)
			kib = strtoul(line + 6, NULL, 10);
	if (file != NULL)
		fclose(file);
	return (double)kib / 1024;
}

/* A client's run while the rig, if there is one, goes on. Answers a second, and what one costs the server. */
static double measure(struct rig *rig, const char *what, pid_t server, unsigned port,
	struct template *template, size_t count, uint32_t first, uint32_t modulo)
{
	struct result result = {0};
	double before = cpu_s(server);
	int ends[2], status = 0;
	pid_t pid;

	if (pipe(ends) != 0)
		exit(1);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		run_client(port, template, count, first, modulo, &result);
		_exit(write(ends[1], &result, sizeof result) == (ssize_t)sizeof result ? 0 : 1);
	}
	while (waitpid(pid, &status, WNOHANG) == 0)
		if (rig != NULL)
			assert_ok(loop_turn(rig->loop, 5, NULL));
		else
			usleep(2000);
	if (status != 0 || read(ends[0], &result, sizeof result) != (ssize_t)sizeof result) {
		fprintf(stderr, "bench_ocsp: %s: the client failed\n", what);
		exit(1);
	}
	close(ends[0]);
	close(ends[1]);
	printf("%-44s %8.0f answers/s   %6.1f us of its processor each   median %5u us, 99th %6u us%s\n",
		what, (double)count / result.seconds, (cpu_s(server) - before) / (double)count * 1e6,
		result.median_us, result.p99_us, result.errors == 0 ? "" : "   WITH ERRORS");
	return result.errors == 0 ? (double)count / result.seconds : 0;
}

/* ---- the least: a bare libmicrohttpd ---- */

static enum MHD_Result on_bare(void *cls, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *data, size_t *data_len, void **context)
{
	static int seen;

	(void)url;
	(void)method;
	(void)version;
	(void)data;
	if (*context == NULL) {
		*context = &seen;
		return MHD_YES;
	}
	if (*data_len != 0) {
		*data_len = 0;
		return MHD_YES;
	}
	return MHD_queue_response(connection, 200, cls);
}

static pid_t start_bare(struct span body, unsigned *port)
{
	int ends[2];
	pid_t pid;

	if (pipe(ends) != 0)
		exit(1);
	pid = fork();
	if (pid == 0) {
		struct MHD_Response *response = MHD_create_response_from_buffer(
			body.len, (void *)(uintptr_t)body.at, MHD_RESPMEM_PERSISTENT);
		struct MHD_Daemon *daemon;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		MHD_add_response_header(response, "Content-Type", "application/ocsp-response");
		MHD_add_response_header(
			response, "Cache-Control", "max-age=600, public, no-transform, must-revalidate");
		MHD_add_response_header(response, "Expires", "Mon, 24 Nov 2025 16:01:00 GMT");
		MHD_add_response_header(response, "Last-Modified", "Mon, 24 Nov 2025 16:01:00 GMT");
		MHD_add_response_header(
			response, "ETag", "\"0123456789abcdef0123456789abcdef0123456789abcdef\"");
		daemon = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_bare, response, MHD_OPTION_END);
		*port = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
		if (write(ends[1], port, sizeof *port) != (ssize_t)sizeof *port)
			_exit(1);
		for (;;)
			MHD_run_wait(daemon, 1000);
	}
	if (read(ends[0], port, sizeof *port) != (ssize_t)sizeof *port)
		exit(1);
	close(ends[0]);
	close(ends[1]);
	return pid;
}

static double measure_bare(struct rig *rig, struct template *template, size_t count)
{
	DROP(blob_release) struct blob body = {0};
	unsigned port = 0;
	double rate;
	pid_t pid;

	fake_ca_respond(&rig->ca, SPAN(rig->known[0].serial), DIGEST_SHA1, OCSP_GOOD,
		clock_wall_ms(clock_system()), RIG_LIFE_MS, &body);
	pid = start_bare(blob_span(&body), &port);
	rate = measure(NULL, "bare libmicrohttpd, one answer for all", pid, port, template, count, 0, WARM);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return rate;
}

int main(int argc, char **argv)
{
	size_t warm = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000;
	size_t cold = argc > 2 ? strtoul(argv[2], NULL, 10) : 20000;
	struct template template;
	void *state = NULL;
	struct rig *rig;
	double bare, of_warm, idle, full;

	if (rig_open(&state) != 0)
		return 1;
	rig = state;
	rig->is_known = is_known;
	make_list(rig);
	make_template(&rig->ca, &template);
	bare = measure_bare(rig, &template, warm);
	rig_start(rig, "");
	rig_wait_health(rig, "ok");
	idle = rss_mib(rig->pid);
	measure(rig, "gateway, each fetched, checked and kept", rig->pid, rig->port, &template, cold,
		REVOKED - (uint32_t)cold / 2, KNOWN);
	measure(rig, "gateway, filling for the next", rig->pid, rig->port, &template, WARM, 0, WARM);
	of_warm = measure(rig, "gateway, of what it has", rig->pid, rig->port, &template, warm, 0, WARM);
	full = rss_mib(rig->pid);
	printf("memory of the gateway: %.1f MiB with the list of %u entries (%.1f MiB), %.1f MiB with %zu answers more\n",
		idle, REVOKED, (double)rig->crls[0].len / (1 << 20), full, cold + WARM);
	printf("of what it has: %.2f of the bare server's rate\n", of_warm / bare);
	printf("goal, 5,000 answers/s of what it has: %s\n", of_warm >= GOAL ? "reached" : "MISSED");
	rig_stop(rig);
	rig_close(&state);
	return of_warm >= GOAL ? 0 : 1;
}
