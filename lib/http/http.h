/*
 * An HTTP/1.1 server (RFC 9110, 9112) for a program that has a loop already: no thread, no descriptor but one
 * to wait for. libmicrohttpd reads and writes the connections; who may connect, how long anything may take,
 * what belongs to which path, and what is answered, is decided here.
 *
 * A peer can make it do nothing without a bound: connections are counted in all and for each address, a body
 * has the maximum of its route, every phase of a request has a time in which it must end whatever trickles
 * in, and what cannot be served gets a short text.
 */
#ifndef LIMEBUS_HTTP_HTTP_H
#define LIMEBUS_HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/span.h"
#include "lib/http/document.h"

struct http;

/* A request, from the call of its handler until it is answered. */
struct http_request;

#define HTTP_GET  1u /* HEAD is taken wherever GET is: the answer goes without its body */
#define HTTP_HEAD 2u
#define HTTP_POST 4u

#define HTTP_ROUTES_MAX    32
#define HTTP_LISTEN_MAX    8
#define HTTP_ENDPOINT_MAX  64    /* "[address]:port" with its NUL */
#define HTTP_URL_MAX_BYTES 8192u /* a longer one is answered 414 */
#define HTTP_BODY_MAX      (64u << 10)

/*
 * Answers each request exactly once, now or later, with one of http_give, http_send and http_say; until then
 * the request stays valid, whether its client is still there or not. It must not close the server.
 */
typedef void http_handler(void *ctx, struct http_request *request);

struct http_route {
	const char *path; /* "/healthz"; one that ends in '/' is for everything below */
	unsigned methods; /* HTTP_GET, HTTP_POST */
	size_t body_max;  /* of a POST; 0 refuses bodies */
	http_handler *handle;
};

/* Times in ms, 0 for the default in parentheses. Routes and ctx are borrowed, the rest is copied. */
struct http_options {
	const char *const *listen; /* "127.0.0.1:80", "[::1]:8080"; port 0 picks a free one */
	size_t listen_count;
	const struct http_route *routes;
	size_t route_count;
	void *ctx;
	const struct clock *clock;
	unsigned connections_max; /* in all (1000) */
	unsigned address_max;     /* of one IPv4 address, or one IPv6 network of 64 bits (64) */
	uint64_t idle_ms;  /* from accepting, or the last answer, to the end of a request's header (10,000) */
	uint64_t read_ms;  /* from there to the end of its body (10,000) */
	uint64_t write_ms; /* for taking an answer, and 1 s more for each 32 KiB of it (10,000) */
};

/*
 * Binds and listens; *out must then be driven as below. The caller ignores SIGPIPE. If libmicrohttpd finds
 * itself broken the process ends with `panic` (a function that does not return; NULL: abort).
 * RC_MALFORMED: an address; RC_IO: it cannot be had.
 */
MUST_USE enum rc http_open(const struct http_options *options,
	void (*panic)(const char *file, unsigned line, const char *reason), struct http **out,
	struct err *err);

/* Requests that wait for their answers get none of us any more: they are invalid. Accepts NULL inside. */
void http_close(struct http **http);

/* Readable whenever http_run has something to do. Belongs to the server. */
int http_fd(const struct http *http);

/* Accept, read, call handlers, write; never waits. */
void http_run(struct http *http);

/* Milliseconds after which http_run must be called although the descriptor is silent. Ask after each run. */
uint64_t http_wait_ms(const struct http *http);

/* The n-th address that it listens on, with the port that was picked. */
const char *http_endpoint(const struct http *http, size_t n);

/* For people. */
struct http_counts {
	unsigned connections;
	uint64_t accepted;
	uint64_t refused;  /* turned away: too many in all, or of one address */
	uint64_t evicted;  /* idle ones that made room */
	uint64_t late;     /* ended because something took too long */
	uint64_t requests; /* that reached a handler */
	uint64_t errors;   /* answered with 4xx or 5xx by the server itself */
};
const struct http_counts *http_counts(const struct http *http);

/* ---- requests ---- */

/* HTTP_GET, HTTP_HEAD or HTTP_POST. */
unsigned http_method(const struct http_request *request);

/* What stands behind the route's path, as it came: still percent-encoded, without a query. Empty for a route
 * without '/' at its end. Valid until the request is answered. */
struct span http_rest(const struct http_request *request);

/* The whole body, at most the route's body_max. Valid until the request is answered. */
struct span http_body(const struct http_request *request);

/* Is this the media type that Content-Type names, whatever its parameters and case? */
bool http_has_type(const struct http_request *request, const char *type);

/* 200 with the document, or 304 if the client has it already (If-None-Match); 503 once it is out of date. The
 * document may be released at once. */
void http_give(struct http_request *request, struct document *document, uint64_t wall_ms);

/* A copy of the body under that status and type; not to be cached by anybody. */
void http_send(struct http_request *request, unsigned status, const char *type, struct span body);

/* As http_send, a line of text for people. A 503 asks to come again in a second. */
void http_say(struct http_request *request, unsigned status, const char *text);

#endif
