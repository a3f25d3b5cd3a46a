/* Private to lib/http: what its files share, and the only include of libmicrohttpd. */
#ifndef LIMEBUS_HTTP_INNER_H
#define LIMEBUS_HTTP_INNER_H

#include <microhttpd.h>

#include "lib/base/blob.h"
#include "lib/http/http.h"
#include "lib/http/socket_address.h"

/* A response of libmicrohttpd, whose own counting is only for what is being written: counted while documents
 * and requests that wait to be run hold it. */
struct page {
	size_t count;
	unsigned status;
	size_t size;
	struct MHD_Response *response;
};
/* Takes the response with that many bytes of body; NULL, and the response is gone, if there is no memory or
 * no response. */
struct page *page_make(struct MHD_Response *response, unsigned status, size_t size);
struct page *page_hold(struct page *page);
/* Accepts NULL inside. */
void page_drop(struct page **page);

/* Where a connection is in the life of its request. */
enum phase {
	PHASE_IDLE,    /* the header of the next request has not come, or not all of it */
	PHASE_READING, /* its body is being read */
	PHASE_WAITING, /* the handler has it */
	PHASE_WRITING, /* the answer is on its way */
};

/* A connection with its present request: there is at most one, since pipelined ones wait in the socket. Owned
 * by the table from before libmicrohttpd knows it until it says that the connection is closed. */
struct http_request {
	struct http *http;
	struct MHD_Connection *mhd;
	int fd; /* libmicrohttpd's; open as long as this is in the table */
	size_t place;
	uint8_t address[SOCKET_ADDRESS_KEY_BYTES];
	enum phase phase;
	uint64_t since_ms;
	uint64_t until_ms; /* UINT64_MAX: no matter how long */

	const struct http_route *route;
	unsigned method;
	const char *rest;
	struct blob body;
	bool is_too_large;
	size_t discarded;
	bool is_suspended;
	bool is_answered;
	struct page *answer; /* given, not queued yet; NULL: there was no memory for it */
};

struct http {
	struct MHD_Daemon *daemon;
	struct http_options options;
	const struct clock *clock;
	int epoll;
	int answered; /* readable when an answer has come for a connection that waits: libmicrohttpd, when it
	               * has no thread, tells nobody */
	bool is_answered;
	int listeners[HTTP_LISTEN_MAX];
	char endpoints[HTTP_LISTEN_MAX][HTTP_ENDPOINT_MAX];
	size_t listener_count;
	bool is_listening;         /* the listeners are in the epoll set */
	uint64_t listen_again_ms;  /* no room, or no descriptors: until then, or until a connection ends */
	struct http_request **all; /* room for options.connections_max */
	struct http_request *arriving;
	uint64_t swept_ms;
	void (*panic)(const char *file, unsigned line, const char *reason);
	struct http_counts counts;
};

static inline uint64_t http_now(const struct http *http)
{
	return clock_mono_ms(http->clock);
}

/* ---- accept.c ---- */

MUST_USE enum rc listeners_open(struct http *http, struct err *err);
void listeners_close(struct http *http);
void listeners_accept(struct http *http, int fd);

/* Listen, or let newcomers wait in the kernel. */
#define LISTEN_PAUSE_MS 100
void listeners_refresh(struct http *http);

/* ---- request.c: callbacks of libmicrohttpd ---- */

enum MHD_Result request_handle(void *cls, struct MHD_Connection *mhd, const char *url, const char *method,
	const char *version, const char *data, size_t *data_len, void **request);
void request_ended(
	void *cls, struct MHD_Connection *mhd, void **request, enum MHD_RequestTerminationCode why);

void request_enter(struct http_request *request, enum phase phase, uint64_t within_ms);

/* ---- document.c ---- */

/* The answer of now, borrowed: with the body, or the 304 without it. NULL if there is no memory. */
struct page *document_page(struct document *document, bool is_known, uint64_t wall_ms);

/* Does an If-None-Match header name it? */
bool document_is_named(const struct document *document, const char *header);

#endif
