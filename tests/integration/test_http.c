/* lib/http over real sockets, by clients that are polite, hostile, slow or gone. */
#include "tests/support/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/drop.h"
#include "lib/http/http.h"

#define PATIENCE_MS 10000
#define HELD_MAX    16
#define NOW_MS      UINT64_C(1764000000500)
#define BIG_BYTES   (8u << 20)

struct rig {
	struct http *http;
	struct fake_clock clock;
	struct sockaddr_in address;
	struct document *small;
	struct document *big;
	struct http_request *held[HELD_MAX];
	size_t held_count;
	struct blob body; /* of the last POST */
	char rest[64];
	unsigned handled;
};

/* ---- routes ---- */

static void on_small(void *ctx, struct http_request *request)
{
	struct rig *rig = ctx;

	rig->handled++;
	http_give(request, rig->small, NOW_MS);
}

static void on_big(void *ctx, struct http_request *request)
{
	http_give(request, ((struct rig *)ctx)->big, NOW_MS);
}

static void on_old(void *ctx, struct http_request *request)
{
	http_give(request, ((struct rig *)ctx)->small, NOW_MS + 60000);
}

static void on_post(void *ctx, struct http_request *request)
{
	struct rig *rig = ctx;

	rig->handled++;
	assert_int_equal(http_method(request), HTTP_POST);
	assert_ok(blob_copy(&rig->body, http_body(request)));
	http_send(request, 200, "application/octet-stream", http_body(request));
}

static void on_below(void *ctx, struct http_request *request)
{
	struct rig *rig = ctx;

	rig->handled++;
	snprintf(rig->rest, sizeof rig->rest, "%.*s", SPAN_FMT(http_rest(request)));
	http_say(request, 200, rig->rest);
}

static void on_later(void *ctx, struct http_request *request)
{
	struct rig *rig = ctx;

	assert_true(rig->held_count < HELD_MAX);
	rig->held[rig->held_count++] = request;
}

static const struct http_route routes[] = {
	{"/small", HTTP_GET, 0, on_small},
	{"/big", HTTP_GET, 0, on_big},
	{"/old", HTTP_GET, 0, on_old},
	{"/post", HTTP_POST, 4096, on_post},
	{"/below/", HTTP_GET, 0, on_below},
	{"/later", HTTP_GET, 0, on_later},
};

/* ---- the rig ---- */

static struct document *document_of(struct span text, const char *tag)
{
	DROP(blob_release) struct blob bytes = {0};
	struct document *document = NULL;

	assert_ok(blob_append(&bytes, text));
	assert_ok(document_make(&(struct document_options){.type = "text/plain",
					.cache = "public",
					.tag = span_text(tag),
					.since = NOW_MS - 5000,
					.until = NOW_MS + 60000},
		&bytes, &document, NULL));
	return document;
}

static struct rig *open_rig(unsigned connections_max, unsigned address_max)
{
	static const char *const listen[] = {"127.0.0.1:0"};
	struct rig *rig = calloc(1, sizeof *rig);
	char *big = malloc(BIG_BYTES);
	unsigned port = 0;

	assert_non_null(rig);
	assert_non_null(big);
	memset(big, 'x', BIG_BYTES);
	signal(SIGPIPE, SIG_IGN);
	fake_clock_init(&rig->clock, NOW_MS);
	rig->small = document_of(span_text("hello\n"), "tag");
	rig->big = document_of(span_of(big, BIG_BYTES), "");
	free(big);
	assert_ok(http_open(&(struct http_options){.listen = listen,
				    .listen_count = 1,
				    .routes = routes,
				    .route_count = COUNT(routes),
				    .ctx = rig,
				    .clock = &rig->clock.clock,
				    .connections_max = connections_max,
				    .address_max = address_max,
				    .idle_ms = 1000,
				    .read_ms = 2000,
				    .write_ms = 3000},
		NULL, &rig->http, NULL));
	assert_int_equal(sscanf(http_endpoint(rig->http, 0), "127.0.0.1:%u", &port), 1);
	rig->address = (struct sockaddr_in){.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	return rig;
}

static void close_rig(struct rig *rig)
{
	http_close(&rig->http);
	document_release(&rig->small);
	document_release(&rig->big);
	blob_release(&rig->body);
	free(rig);
}

static uint64_t now_ms(void)
{
	return clock_mono_ms(clock_system());
}

/* One wait as a loop does it, but a short one. */
static void turn(struct rig *rig)
{
	struct pollfd fd = {.fd = http_fd(rig->http), .events = POLLIN};
	uint64_t wait = http_wait_ms(rig->http);

	poll(&fd, 1, wait < 5 ? (int)wait : 5);
	http_run(rig->http);
}

#define UNTIL(rig, condition)                                                                                \
	do {                                                                                                 \
		uint64_t end_ = now_ms() + PATIENCE_MS;                                                      \
		while (!(condition)) {                                                                       \
			if (now_ms() > end_)                                                                 \
				fail_msg("never came: %s", #condition);                                      \
			turn(rig);                                                                           \
		}                                                                                            \
	} while (0)

/* ---- a client ---- */

static int dial(struct rig *rig)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_true(connect(fd, (const struct sockaddr *)&rig->address, sizeof rig->address) == 0 ||
		    errno == EINPROGRESS);
	return fd;
}

static void say(int fd, struct span text)
{
	size_t at = 0;

	while (at < text.len) {
		struct pollfd wait = {.fd = fd, .events = POLLOUT};
		ssize_t n;

		assert_int_equal(poll(&wait, 1, PATIENCE_MS), 1);
		n = send(fd, text.at + at, text.len - at, MSG_NOSIGNAL);
		assert_true(n > 0);
		at += (size_t)n;
	}
}

/* Read what there is; false: the other side has closed. */
static bool hear(int fd, struct blob *in)
{
	uint8_t bytes[65536];
	ssize_t n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);

	if (n > 0)
		assert_ok(blob_append(in, span_of(bytes, (size_t)n)));
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == ENOTCONN));
}

static bool has(const struct blob *in, const char *text)
{
	return in->len != 0 && memmem(in->at, in->len, text, strlen(text)) != NULL;
}

/* On a connection of its own: all that is answered until the server closes or `enough` was there. */
static void ask(struct rig *rig, struct span request, const char *enough, struct blob *in)
{
	uint64_t end = now_ms() + PATIENCE_MS;
	int fd = dial(rig);

	blob_clear(in);
	say(fd, request);
	while (hear(fd, in) && (enough == NULL || !has(in, enough))) {
		if (now_ms() > end)
			fail_msg("no end after \"%.*s\"", SPAN_FMT(blob_span(in)));
		turn(rig);
	}
	close(fd);
	UNTIL(rig, http_counts(rig->http)->connections == 0);
}

#define ASSERT_HAS(in, text)                                                                                 \
	do {                                                                                                 \
		if (!has(in, text))                                                                          \
			fail_msg("\"%s\" is not in \"%.*s\"", text, SPAN_FMT(blob_span(in)));                \
	} while (0)

static void asks(struct rig *rig, const char *request, const char *first, const char *second)
{
	DROP(blob_release) struct blob in = {0};

	ask(rig, span_text(request), NULL, &in);
	ASSERT_HAS(&in, first);
	ASSERT_HAS(&in, second);
}

#define END "Host: x\r\nConnection: close\r\n\r\n"

/* ---- what is answered ---- */

static void a_document_comes_with_its_dates(void **state)
{
	struct rig *rig = open_rig(8, 8);
	DROP(blob_release) struct blob in = {0};

	(void)state;
	ask(rig, span_text("GET /small HTTP/1.1\r\n" END), NULL, &in);
	ASSERT_HAS(&in, "HTTP/1.1 200 OK\r\n");
	ASSERT_HAS(&in, "Content-Type: text/plain\r\n");
	ASSERT_HAS(&in, "Content-Length: 6\r\n");
	ASSERT_HAS(&in, "Cache-Control: max-age=60, public\r\n");
	ASSERT_HAS(&in, "ETag: \"746167\"\r\n");
	ASSERT_HAS(&in, "Last-Modified: Mon, 24 Nov 2025 15:59:55 GMT\r\n");
	ASSERT_HAS(&in, "Expires: Mon, 24 Nov 2025 16:01:00 GMT\r\n");
	ASSERT_HAS(&in, "\r\n\r\nhello\n");
	close_rig(rig);
}

static void a_head_is_all_but_the_body(void **state)
{
	struct rig *rig = open_rig(8, 8);
	DROP(blob_release) struct blob in = {0};

	(void)state;
	ask(rig, span_text("HEAD /small HTTP/1.1\r\n" END), NULL, &in);
	ASSERT_HAS(&in, "HTTP/1.1 200 OK\r\n");
	ASSERT_HAS(&in, "Content-Length: 6\r\n");
	assert_false(has(&in, "hello"));
	ask(rig, span_text("HEAD /big HTTP/1.1\r\n" END), NULL, &in);
	ASSERT_HAS(&in, "Content-Length: 8388608\r\n");
	assert_true(in.len < 1000);
	close_rig(rig);
}

static void who_has_it_already_is_told_so(void **state)
{
	struct rig *rig = open_rig(8, 8);
	DROP(blob_release) struct blob in = {0};

	(void)state;
	ask(rig, span_text("GET /small HTTP/1.1\r\nIf-None-Match: \"a\", W/\"746167\"\r\n" END), NULL, &in);
	ASSERT_HAS(&in, "HTTP/1.1 304 Not Modified\r\n");
	ASSERT_HAS(&in, "ETag: \"746167\"\r\n");
	ASSERT_HAS(&in, "Cache-Control: max-age=60, public\r\n");
	assert_false(has(&in, "hello"));
	asks(rig, "GET /small HTTP/1.1\r\nIf-None-Match: \"746168\"\r\n" END, "HTTP/1.1 200 OK\r\n", "hello");
	asks(rig, "GET /small HTTP/1.1\r\nIf-None-Match: *\r\n" END, "HTTP/1.1 304 ", "ETag");
	close_rig(rig);
}

static void what_is_out_of_date_is_not_given(void **state)
{
	struct rig *rig = open_rig(8, 8);

	(void)state;
	asks(rig, "GET /old HTTP/1.1\r\n" END, "HTTP/1.1 503 ", "Retry-After: 1\r\n");
	close_rig(rig);
}

static void unknown_paths_and_methods_are_told_apart(void **state)
{
	struct rig *rig = open_rig(8, 8);

	(void)state;
	asks(rig, "GET / HTTP/1.1\r\n" END, "HTTP/1.1 404 ", "Not found\n");
	asks(rig, "GET /small/ HTTP/1.1\r\n" END, "HTTP/1.1 404 ", "Not found\n");
	asks(rig, "GET /smal HTTP/1.1\r\n" END, "HTTP/1.1 404 ", "Not found\n");
	asks(rig, "GET /%73mall HTTP/1.1\r\n" END, "HTTP/1.1 404 ", "Not found\n");
	asks(rig, "DELETE /small HTTP/1.1\r\n" END, "HTTP/1.1 405 ", "Allow: GET, HEAD\r\n");
	asks(rig, "POST /small HTTP/1.1\r\nContent-Length: 0\r\n" END, "HTTP/1.1 405 ",
		"Allow: GET, HEAD\r\n");
	asks(rig, "GET /post HTTP/1.1\r\n" END, "HTTP/1.1 405 ", "Allow: POST\r\n");
	assert_int_equal(rig->handled, 0);
	close_rig(rig);
}

static void what_stands_below_a_path_comes_as_it_was_written(void **state)
{
	struct rig *rig = open_rig(8, 8);

	(void)state;
	asks(rig, "GET /below/a/b%2Fc%00+= HTTP/1.1\r\n" END, "200 OK", "a/b%2Fc%00+=\n");
	assert_string_equal(rig->rest, "a/b%2Fc%00+=");
	asks(rig, "GET /below/?a=b HTTP/1.1\r\n" END, "200 OK", "\r\n\r\n\n");
	asks(rig, "GET /below/../small HTTP/1.1\r\n" END, "200 OK", "../small\n");
	close_rig(rig);
}

static void a_body_is_taken_up_to_its_maximum(void **state)
{
	struct rig *rig = open_rig(8, 8);
	DROP(blob_release) struct blob in = {0};
	DROP(blob_release) struct blob request = {0};
	char line[128];

	(void)state;
	for (size_t len = 4095; len <= 4097; len++) {
		blob_clear(&request);
		snprintf(line, sizeof line, "POST /post HTTP/1.1\r\nContent-Length: %zu\r\n" END, len);
		assert_ok(blob_append(&request, span_text(line)));
		assert_ok(blob_resize(&request, request.len + len));
		ask(rig, blob_span(&request), NULL, &in);
		ASSERT_HAS(&in, len <= 4096 ? "HTTP/1.1 200 OK\r\n" : "HTTP/1.1 413 ");
		if (len <= 4096)
			assert_int_equal(rig->body.len, len);
	}
	asks(rig,
		"POST /post HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" END
		"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
		"200 OK", "abcde");
	close_rig(rig);
}

static void a_body_without_end_is_cut_off(void **state)
{
	struct rig *rig = open_rig(8, 8);
	static char chunk[0x8000 + 16];
	uint64_t end = now_ms() + PATIENCE_MS;
	ssize_t sent;
	int fd;

	(void)state;
	asks(rig, "POST /post HTTP/1.1\r\nContent-Length: 99999999999\r\n" END, "HTTP/1.1 413 ", "too large");
	asks(rig, "POST /post HTTP/1.1\r\nContent-Length: 18446744073709551616\r\n" END, "HTTP/1.1 4",
		"close");
	asks(rig, "POST /post HTTP/1.1\r\nContent-Length: -1\r\n" END, "HTTP/1.1 4", "close");
	fd = dial(rig);
	memset(chunk, 'x', sizeof chunk);
	memcpy(chunk, "8000\r\n", 6);
	memcpy(chunk + 6 + 0x8000, "\r\n", 2);
	say(fd, span_text("POST /post HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" END));
	do {
		assert_true(now_ms() < end);
		sent = send(fd, chunk, 6 + 0x8000 + 2, MSG_NOSIGNAL | MSG_DONTWAIT);
		turn(rig);
	} while (sent > 0 || errno == EAGAIN);
	close(fd);
	assert_int_equal(rig->handled, 0);
	close_rig(rig);
}

static void a_url_without_end_is_refused(void **state)
{
	struct rig *rig = open_rig(8, 8);
	static const size_t lengths[] = {9000, 15000, 17000, 200000};
	DROP(blob_release) struct blob in = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(lengths); i++) {
		DROP(blob_release) struct blob request = {0};

		assert_ok(blob_append(&request, span_text("GET /below/")));
		assert_ok(blob_resize(&request, lengths[i]));
		memset(request.at + 11, 'a', lengths[i] - 11);
		assert_ok(blob_append(&request, span_text(" HTTP/1.1\r\n" END)));
		ask(rig, blob_span(&request), NULL, &in);
		assert_true(in.len == 0 || has(&in, "HTTP/1.1 414 ") || has(&in, "HTTP/1.1 431 "));
	}
	assert_int_equal(rig->handled, 0);
	close_rig(rig);
}

static void garbage_is_answered_or_cut_off(void **state)
{
#define GARBAGE(text)                                                                                        \
	{                                                                                                    \
		(const uint8_t *)(text), sizeof(text) - 1                                                    \
	}
	static const struct span garbage[] = {
		GARBAGE("\0\0\0\0\r\n\r\n"),
		GARBAGE("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
		GARBAGE("GET\r\n\r\n"),
		GARBAGE("GET /small\r\n\r\n"),
		GARBAGE("GET /small HTTP/9.9\r\n\r\n"),
		GARBAGE("GET /small HTTP/1.1\r\n\r\n"),
		GARBAGE("GET /sm\0ll HTTP/1.1\r\nHost: x\r\n\r\n"),
		GARBAGE("GET /small HTTP/1.1\r\nHo\0st: x\r\n\r\n"),
		GARBAGE("GET /small HTTP/1.1\r\nHost x\r\n\r\n"),
		GARBAGE("GET /small HTTP/1.1\r\n: x\r\n\r\n"),
		GARBAGE("POST /post HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
		GARBAGE("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
		GARBAGE(" \r\n\r\n"),
		GARBAGE("GET  /small  HTTP/1.1  \r\nHost: x\r\n\r\n"),
	};
	struct rig *rig = open_rig(8, 8);
	DROP(blob_release) struct blob in = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(garbage); i++) {
		int fd = dial(rig);

		say(fd, garbage[i]);
		shutdown(fd, SHUT_WR);
		blob_clear(&in);
		for (uint64_t end = now_ms() + PATIENCE_MS; hear(fd, &in);
			fake_clock_pass_ms(&rig->clock, 50), turn(rig))
			if (now_ms() > end)
				fail_msg("garbage %zu: no end after \"%.*s\"", i, SPAN_FMT(blob_span(&in)));
		close(fd);
		assert_true(in.len == 0 || memcmp(in.at, "HTTP/1.", 7) == 0);
		UNTIL(rig, http_counts(rig->http)->connections == 0);
	}
	asks(rig, "GET /small HTTP/1.1\r\n" END, "200 OK", "hello");
	close_rig(rig);
}

/* ---- many requests a connection ---- */

static void pipelined_requests_are_answered_in_order(void **state)
{
	struct rig *rig = open_rig(8, 8);
	DROP(blob_release) struct blob in = {0};

	(void)state;
	ask(rig,
		span_text(
			"GET /below/1 HTTP/1.1\r\nHost: x\r\n\r\nPOST /post HTTP/1.1\r\nHost: x\r\nContent-Length: "
			"3\r\n\r\nbcdGET /none HTTP/1.1\r\nHost: x\r\n\r\nGET /below/4 HTTP/1.1\r\n" END),
		NULL, &in);
	assert_int_equal(rig->handled, 3);
	assert_ok(blob_append(&in, SPAN("")));
	const char *text = (const char *)in.at;
	for (const char *const *part = (const char *const[]){"200 OK", "\n\r\n1\n", "200 OK", "\n\r\nbcd",
		     "404 Not", "200 OK", "\n\r\n4\n", NULL};
		*part != NULL; part++) {
		text = strstr(text, *part);
		assert_non_null(text);
	}
	assert_int_equal(http_counts(rig->http)->accepted, 1);
	close_rig(rig);
}

static void an_answer_may_come_later(void **state)
{
	struct rig *rig = open_rig(8, 8);
	DROP(blob_release) struct blob in = {0};
	int fd = dial(rig);

	(void)state;
	say(fd, span_text("GET /later HTTP/1.1\r\nHost: x\r\n\r\nGET /small HTTP/1.1\r\nHost: x\r\n\r\n"));
	UNTIL(rig, rig->held_count == 1);
	/* Waiting has no end of its own. */
	fake_clock_pass_ms(&rig->clock, 100000);
	turn(rig);
	turn(rig);
	assert_true(hear(fd, &in));
	assert_int_equal(in.len, 0);
	assert_int_equal(rig->handled, 0);
	/* The document may be gone before the answer is. */
	http_give(rig->held[0], rig->big, NOW_MS);
	assert_int_equal(poll(&(struct pollfd){.fd = http_fd(rig->http), .events = POLLIN}, 1, 0), 1);
	document_release(&rig->big);
	UNTIL(rig, hear(fd, &in) && has(&in, "hello\n"));
	assert_true(in.len > BIG_BYTES);
	close(fd);
	close_rig(rig);
}

static void who_went_away_is_answered_without_harm(void **state)
{
	struct rig *rig = open_rig(8, 8);
	int fds[4];

	(void)state;
	for (size_t i = 0; i < COUNT(fds); i++) {
		const struct linger reset = {.l_onoff = 1};

		fds[i] = dial(rig);
		say(fds[i], span_text("GET /later HTTP/1.1\r\nHost: x\r\n\r\n"));
		if (i % 2 == 0)
			setsockopt(fds[i], SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	}
	UNTIL(rig, rig->held_count == COUNT(fds));
	for (size_t i = 0; i < COUNT(fds); i++)
		close(fds[i]);
	for (size_t i = 0; i < 5; i++)
		turn(rig);
	for (size_t i = 0; i < COUNT(fds); i++)
		http_say(rig->held[i], 200, "too late");
	UNTIL(rig, http_counts(rig->http)->connections == 0);
	close_rig(rig);
}

static void it_can_be_closed_while_requests_wait(void **state)
{
	struct rig *rig = open_rig(8, 8);
	int fd = dial(rig);

	(void)state;
	say(fd, span_text("GET /later HTTP/1.1\r\nHost: x\r\n\r\n"));
	UNTIL(rig, rig->held_count == 1);
	close_rig(rig);
	close(fd);
}

/* ---- many connections ---- */

static void one_address_has_its_share_and_no_more(void **state)
{
	struct rig *rig = open_rig(8, 2);
	DROP(blob_release) struct blob in = {0};
	int fds[2], third;

	(void)state;
	for (size_t i = 0; i < COUNT(fds); i++)
		fds[i] = dial(rig);
	UNTIL(rig, http_counts(rig->http)->connections == 2);
	third = dial(rig);
	UNTIL(rig, !hear(third, &in));
	ASSERT_HAS(&in, "HTTP/1.1 503 ");
	ASSERT_HAS(&in, "Too many connections\n");
	close(third);
	assert_int_equal(http_counts(rig->http)->refused, 1);
	close(fds[0]);
	UNTIL(rig, http_counts(rig->http)->connections == 1);
	third = dial(rig);
	say(third, span_text("GET /small HTTP/1.1\r\n" END));
	blob_clear(&in);
	UNTIL(rig, !hear(third, &in));
	ASSERT_HAS(&in, "hello");
	close(third);
	close(fds[1]);
	close_rig(rig);
}

static void idle_connections_make_room(void **state)
{
	struct rig *rig = open_rig(4, 4);
	DROP(blob_release) struct blob in = {0};
	int fds[20];

	(void)state;
	/* Each waits for its turn in the kernel; the idle ones go, and none is refused. */
	for (size_t i = 0; i < COUNT(fds); i++) {
		fds[i] = dial(rig);
		for (unsigned k = 0; k < 3; k++)
			turn(rig);
	}
	say(fds[COUNT(fds) - 1], span_text("GET /small HTTP/1.1\r\n" END));
	UNTIL(rig, !hear(fds[COUNT(fds) - 1], &in));
	ASSERT_HAS(&in, "hello");
	assert_true(http_counts(rig->http)->evicted >= 16);
	for (size_t i = 0; i < COUNT(fds); i++)
		close(fds[i]);
	close_rig(rig);
}

static void requests_under_way_are_not_driven_out(void **state)
{
	struct rig *rig = open_rig(2, 8);
	DROP(blob_release) struct blob in = {0};
	int fds[2], third;

	(void)state;
	for (size_t i = 0; i < COUNT(fds); i++) {
		fds[i] = dial(rig);
		say(fds[i], span_text("GET /later HTTP/1.1\r\n" END));
	}
	UNTIL(rig, rig->held_count == 2);
	third = dial(rig);
	say(third, span_text("GET /small HTTP/1.1\r\n" END));
	for (unsigned i = 0; i < 5; i++)
		turn(rig);
	assert_int_equal(http_counts(rig->http)->evicted, 0);
	http_say(rig->held[0], 200, "first");
	http_say(rig->held[1], 200, "second");
	UNTIL(rig, !hear(third, &in));
	ASSERT_HAS(&in, "hello");
	close(third);
	for (size_t i = 0; i < COUNT(fds); i++)
		close(fds[i]);
	close_rig(rig);
}

/* ---- slow ones ---- */

static void a_header_that_trickles_is_cut_off(void **state)
{
	struct rig *rig = open_rig(8, 8);
	DROP(blob_release) struct blob in = {0};
	static const char text[] = "GET /small HTTP/1.1\r\nHost: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
	int fd = dial(rig);
	size_t at = 0;

	(void)state;
	for (; at < sizeof text - 1 && hear(fd, &in); at++) {
		say(fd, span_of(text + at, 1));
		fake_clock_pass_ms(&rig->clock, 100);
		turn(rig);
		turn(rig);
	}
	assert_in_range(at, 8, 16);
	close(fd);
	UNTIL(rig, http_counts(rig->http)->connections == 0);
	close_rig(rig);
}

static void a_body_that_trickles_is_cut_off(void **state)
{
	struct rig *rig = open_rig(8, 8);
	DROP(blob_release) struct blob in = {0};
	int fd = dial(rig);
	unsigned bytes = 0;

	(void)state;
	say(fd, span_text("POST /post HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"));
	for (unsigned i = 0; i < 5; i++)
		turn(rig);
	for (; bytes < 1000 && hear(fd, &in); bytes++) {
		say(fd, span_text("x"));
		fake_clock_pass_ms(&rig->clock, 100);
		turn(rig);
		turn(rig);
	}
	assert_in_range(bytes, 15, 30);
	assert_int_equal(http_counts(rig->http)->late, 1);
	assert_int_equal(rig->handled, 0);
	close(fd);
	close_rig(rig);
}

static void an_answer_that_nobody_takes_is_given_up(void **state)
{
	struct rig *rig = open_rig(8, 8);
	int fd = dial(rig);

	(void)state;
	say(fd, span_text("GET /big HTTP/1.1\r\nHost: x\r\n\r\n"));
	for (unsigned i = 0; i < 10; i++)
		turn(rig);
	/* 8 MiB at 32 KiB a second. */
	fake_clock_pass_ms(&rig->clock, 200000);
	turn(rig);
	turn(rig);
	assert_int_equal(http_counts(rig->http)->connections, 1);
	fake_clock_pass_ms(&rig->clock, 70000);
	UNTIL(rig, http_counts(rig->http)->connections == 0);
	assert_int_equal(http_counts(rig->http)->late, 1);
	close(fd);
	close_rig(rig);
}

static void an_idle_connection_ends(void **state)
{
	struct rig *rig = open_rig(8, 8);
	DROP(blob_release) struct blob in = {0};
	int fd = dial(rig);

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		blob_clear(&in);
		say(fd, span_text("GET /small HTTP/1.1\r\nHost: x\r\n\r\n"));
		UNTIL(rig, hear(fd, &in) && has(&in, "hello"));
		fake_clock_pass_ms(&rig->clock, 800);
		turn(rig);
	}
	fake_clock_pass_ms(&rig->clock, 300);
	UNTIL(rig, !hear(fd, &in));
	assert_int_equal(http_counts(rig->http)->late, 0);
	close(fd);
	close_rig(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_document_comes_with_its_dates),
		cmocka_unit_test(a_head_is_all_but_the_body),
		cmocka_unit_test(who_has_it_already_is_told_so),
		cmocka_unit_test(what_is_out_of_date_is_not_given),
		cmocka_unit_test(unknown_paths_and_methods_are_told_apart),
		cmocka_unit_test(what_stands_below_a_path_comes_as_it_was_written),
		cmocka_unit_test(a_body_is_taken_up_to_its_maximum),
		cmocka_unit_test(a_body_without_end_is_cut_off),
		cmocka_unit_test(a_url_without_end_is_refused),
		cmocka_unit_test(garbage_is_answered_or_cut_off),
		cmocka_unit_test(pipelined_requests_are_answered_in_order),
		cmocka_unit_test(an_answer_may_come_later),
		cmocka_unit_test(who_went_away_is_answered_without_harm),
		cmocka_unit_test(it_can_be_closed_while_requests_wait),
		cmocka_unit_test(one_address_has_its_share_and_no_more),
		cmocka_unit_test(idle_connections_make_room),
		cmocka_unit_test(requests_under_way_are_not_driven_out),
		cmocka_unit_test(a_header_that_trickles_is_cut_off),
		cmocka_unit_test(a_body_that_trickles_is_cut_off),
		cmocka_unit_test(an_answer_that_nobody_takes_is_given_up),
		cmocka_unit_test(an_idle_connection_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
