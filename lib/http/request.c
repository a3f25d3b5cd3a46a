/* One request: its route, its body, its answer. */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/eventfd.h>

#include "lib/http/inner.h"

/* An answer may be taken slowly, but not more slowly than this. */
#define WRITE_BYTES_A_MS 32u
/* Of a body that is too large so much is thrown away, so that its sender reads why. */
#define DISCARD_MAX_BYTES (256u << 10)

void request_enter(struct http_request *request, enum phase phase, uint64_t within_ms)
{
	uint64_t now = http_now(request->http);

	request->phase = phase;
	request->since_ms = now;
	request->until_ms = within_ms == UINT64_MAX ? UINT64_MAX : now + within_ms;
}

/* ---- accessors ---- */

unsigned http_method(const struct http_request *request)
{
	return request->method;
}

struct span http_rest(const struct http_request *request)
{
	return span_text(request->rest);
}

struct span http_body(const struct http_request *request)
{
	return blob_span(&request->body);
}

bool http_has_type(const struct http_request *request, const char *type)
{
	const char *header = MHD_lookup_connection_value(request->mhd, MHD_HEADER_KIND, "Content-Type");
	size_t len = strlen(type);

	return header != NULL && strncasecmp(header, type, len) == 0 &&
	       (header[len] == '\0' || header[len] == ';' || header[len] == ' ' || header[len] == '\t');
}

/* ---- answers ---- */

struct page *page_make(struct MHD_Response *response, unsigned status, size_t size)
{
	struct page *page = response == NULL ? NULL : calloc(1, sizeof *page);

	if (page == NULL) {
		if (response != NULL)
			MHD_destroy_response(response);
		return NULL;
	}
	*page = (struct page){.count = 1, .status = status, .size = size, .response = response};
	return page;
}

struct page *page_hold(struct page *page)
{
	if (page != NULL)
		page->count++;
	return page;
}

void page_drop(struct page **page)
{
	struct page *p = *page;

	*page = NULL;
	if (p == NULL || --p->count != 0)
		return;
	MHD_destroy_response(p->response);
	free(p);
}

/* Takes the page. */
static void answer(struct http_request *request, struct page *page)
{
	struct http *http = request->http;

	request->answer = page;
	request->is_answered = true;
	if (!request->is_suspended)
		return;
	request->is_suspended = false;
	MHD_resume_connection(request->mhd);
	if (!http->is_answered)
		http->is_answered = eventfd_write(http->answered, 1) == 0;
}

static struct MHD_Response *plain(unsigned status, const char *type, struct span body)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(body.len, (void *)(uintptr_t)body.at, MHD_RESPMEM_MUST_COPY);

	if (response == NULL)
		return NULL;
	if (MHD_add_response_header(response, "Content-Type", type) == MHD_YES &&
		MHD_add_response_header(response, "Cache-Control", "no-store") == MHD_YES &&
		(status != 503 || MHD_add_response_header(response, "Retry-After", "1") == MHD_YES))
		return response;
	MHD_destroy_response(response);
	return NULL;
}

static struct MHD_Response *line(unsigned status, const char *text)
{
	char bytes[256];
	int len = snprintf(bytes, sizeof bytes, "%s\n", text);

	if (len < 0 || (size_t)len >= sizeof bytes)
		len = (int)sizeof bytes - 1;
	return plain(status, "text/plain; charset=utf-8", span_of(bytes, (size_t)len));
}

void http_send(struct http_request *request, unsigned status, const char *type, struct span body)
{
	answer(request, page_make(plain(status, type, body), status, body.len));
}

void http_say(struct http_request *request, unsigned status, const char *text)
{
	answer(request, page_make(line(status, text), status, strlen(text)));
}

void http_give(struct http_request *request, struct document *document, uint64_t wall_ms)
{
	const char *known = MHD_lookup_connection_value(request->mhd, MHD_HEADER_KIND, "If-None-Match");
	/* The answer to a POST is never left out (RFC 9110, 13.1.2). */
	bool is_known = request->method != HTTP_POST && document_is_named(document, known);

	if (wall_ms >= document_until(document))
		http_say(request, 503, "What there is of this is out of date");
	else
		answer(request, page_hold(document_page(document, is_known, wall_ms)));
}

/* ---- refusals of the server's own ---- */

static void refuse(struct http_request *request, unsigned status, const char *text)
{
	request->http->counts.errors++;
	http_say(request, status, text);
}

/* RFC 9110, 15.5.6: with what would be allowed. */
static void refuse_method(struct http_request *request, unsigned methods)
{
	struct MHD_Response *response = line(405, "Method not allowed");
	const char *allow = (methods & HTTP_GET) == 0    ? "POST"
	                    : (methods & HTTP_POST) == 0 ? "GET, HEAD"
	                                                 : "GET, HEAD, POST";

	request->http->counts.errors++;
	if (response != NULL && MHD_add_response_header(response, "Allow", allow) != MHD_YES) {
		MHD_destroy_response(response);
		response = NULL;
	}
	answer(request, page_make(response, 405, 0));
}

/* ---- routes ---- */

static unsigned method_of(const char *text)
{
	if (strcmp(text, "GET") == 0)
		return HTTP_GET;
	if (strcmp(text, "HEAD") == 0)
		return HTTP_HEAD;
	return strcmp(text, "POST") == 0 ? HTTP_POST : 0;
}

static bool route_has(const struct http_route *route, const char *url, const char **rest)
{
	size_t len = strlen(route->path);

	if (strncmp(url, route->path, len) != 0 || (url[len] != '\0' && route->path[len - 1] != '/'))
		return false;
	*rest = url + len;
	return true;
}

/* The route of this URL and method; with *methods what its URL would take, 0 if there is no such URL. */
static const struct http_route *find_route(
	const struct http *http, unsigned method, const char *url, const char **rest, unsigned *methods)
{
	unsigned wanted = method == HTTP_HEAD ? HTTP_GET : method;

	*methods = 0;
	for (size_t i = 0; i < http->options.route_count; i++) {
		const struct http_route *route = &http->options.routes[i];

		if (!route_has(route, url, rest))
			continue;
		*methods |= route->methods;
		if ((route->methods & wanted) != 0)
			return route;
	}
	return NULL;
}

static void dispatch(struct http_request *request, const char *url, const char *method)
{
	struct http *http = request->http;
	unsigned methods = 0;

	request->method = method_of(method);
	request->route = find_route(http, request->method, url, &request->rest, &methods);
	if (methods == 0)
		refuse(request, 404, "Not found");
	else if (request->route == NULL)
		refuse_method(request, methods);
	else if (request->is_too_large || request->body.len > request->route->body_max)
		refuse(request, 413, "Request body too large");
	else {
		http->counts.requests++;
		request->route->handle(http->options.ctx, request);
	}
}

/* ---- callbacks ---- */

static enum MHD_Result queue(struct http_request *request)
{
	struct page *page = request->answer;
	const struct http_options *options = &request->http->options;
	size_t len = 0;
	enum MHD_Result result;

	if (page == NULL)
		return MHD_NO;
	if (request->method != HTTP_HEAD)
		len = page->size;
	request_enter(request, PHASE_WRITING, options->write_ms + len / WRITE_BYTES_A_MS);
	result = MHD_queue_response(request->mhd, page->status, page->response);
	page_drop(&request->answer);
	return result;
}

static enum MHD_Result begin(struct http_request *request, const char *url)
{
	const char *length = MHD_lookup_connection_value(request->mhd, MHD_HEADER_KIND, "Content-Length");

	request_enter(request, PHASE_READING, request->http->options.read_ms);
	if (strlen(url) > HTTP_URL_MAX_BYTES)
		refuse(request, 414, "URL too long");
	else if (length != NULL && strtoull(length, NULL, 10) > DISCARD_MAX_BYTES)
		refuse(request, 413, "Request body too large");
	return request->is_answered ? queue(request) : MHD_YES;
}

/* What is too large is read to its end, if that is near, so that the answer is not lost in a reset. */
static enum MHD_Result take_body(struct http_request *request, struct span data)
{
	if (data.len > DISCARD_MAX_BYTES - request->discarded)
		return MHD_NO;
	if (request->is_too_large || data.len > HTTP_BODY_MAX - request->body.len) {
		request->is_too_large = true;
		request->discarded += data.len;
		return MHD_YES;
	}
	return blob_append(&request->body, data) == RC_OK ? MHD_YES : MHD_NO;
}

enum MHD_Result request_handle(void *cls, struct MHD_Connection *mhd, const char *url, const char *method,
	const char *version, const char *data, size_t *data_len, void **context)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct http_request *request = info->socket_context;

	(void)cls;
	(void)version;
	if (*context == NULL) {
		*context = request;
		return begin(request, url);
	}
	if (*data_len != 0) {
		struct span bytes = span_of(data, *data_len);

		*data_len = 0;
		return take_body(request, bytes);
	}
	if (!request->is_answered) {
		request_enter(request, PHASE_WAITING, UINT64_MAX);
		dispatch(request, url, method);
	}
	if (request->is_answered)
		return queue(request);
	request->is_suspended = true;
	MHD_suspend_connection(mhd);
	return MHD_YES;
}

void request_ended(void *cls, struct MHD_Connection *mhd, void **context, enum MHD_RequestTerminationCode why)
{
	struct http_request *request = *context;

	(void)cls;
	(void)mhd;
	(void)why;
	*context = NULL;
	if (request == NULL)
		return;
	page_drop(&request->answer);
	blob_release(&request->body);
	request->is_answered = false;
	request->is_too_large = false;
	request->discarded = 0;
	request->route = NULL;
	request_enter(request, PHASE_IDLE, request->http->options.idle_ms);
}
