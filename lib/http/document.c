#include "lib/http/document.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lib/base/hex.h"
#include "lib/http/inner.h"

#define TAG_MAX_BYTES   32
#define TAG_TEXT_BYTES  (HEX_BYTES(TAG_MAX_BYTES) + 2)
#define DATE_TEXT_BYTES 32
#define DAY_MS          86400000u

/* libmicrohttpd frees a response when its last connection has written it, which may be after its document has
 * gone: so the bytes are counted. */
struct shared {
	size_t count;
	struct blob bytes;
};

struct document {
	struct document_options options;
	char tag[TAG_TEXT_BYTES]; /* with its quotes; empty: none */
	struct shared *shared;
	uint64_t second;       /* the wall-clock second that the pages are made for */
	struct page *pages[2]; /* whole, and 304 */
};

static void shared_drop(void *cls)
{
	struct shared *shared = cls;

	if (--shared->count != 0)
		return;
	blob_release(&shared->bytes);
	free(shared);
}

enum rc document_make(
	const struct document_options *options, struct blob *bytes, struct document **out, struct err *err)
{
	struct document *document = calloc(1, sizeof *document);
	struct shared *shared = calloc(1, sizeof *shared);
	char text[HEX_BYTES(TAG_MAX_BYTES)];

	if (document == NULL || shared == NULL || options->tag.len > TAG_MAX_BYTES) {
		free(document);
		free(shared);
		return err_set(err, RC_NOMEM, "out of memory");
	}
	document->options = *options;
	document->options.tag = (struct span){0};
	if (options->tag.len != 0)
		snprintf(document->tag, sizeof document->tag, "\"%s\"", hex_encode(options->tag, text));
	shared->count = 1;
	shared->bytes = TAKE(*bytes);
	document->shared = shared;
	*out = document;
	return RC_OK;
}

static void forget_pages(struct document *document)
{
	for (size_t i = 0; i < COUNT(document->pages); i++)
		page_drop(&document->pages[i]);
}

void document_release(struct document **document)
{
	struct document *d = *document;

	if (d == NULL)
		return;
	forget_pages(d);
	shared_drop(d->shared);
	free(d);
	*document = NULL;
}

struct span document_bytes(const struct document *document)
{
	return blob_span(&document->shared->bytes);
}

uint64_t document_until(const struct document *document)
{
	return document->options.until;
}

/* ---- responses ---- */

/* RFC 9110, 5.6.7. */
static bool add_date(struct MHD_Response *response, const char *name, uint64_t wall_ms)
{
	char text[DATE_TEXT_BYTES];
	time_t seconds = (time_t)(wall_ms / 1000);
	struct tm tm;

	return gmtime_r(&seconds, &tm) != NULL &&
	       strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &tm) != 0 &&
	       MHD_add_response_header(response, name, text) == MHD_YES;
}

static bool add_headers(struct MHD_Response *response, const struct document *document, uint64_t wall_ms)
{
	const struct document_options *options = &document->options;
	uint64_t until = options->until == UINT64_MAX ? wall_ms + DAY_MS : options->until;
	char cache[128];

	snprintf(cache, sizeof cache, "max-age=%llu, %s",
		(unsigned long long)(until > wall_ms ? (until - wall_ms) / 1000 : 0), options->cache);
	return MHD_add_response_header(response, "Content-Type", options->type) == MHD_YES &&
	       MHD_add_response_header(response, "Cache-Control", cache) == MHD_YES &&
	       add_date(response, "Expires", until) &&
	       (options->since == 0 || add_date(response, "Last-Modified", options->since)) &&
	       (document->tag[0] == '\0' ||
		       MHD_add_response_header(response, "ETag", document->tag) == MHD_YES);
}

static struct MHD_Response *make_response(struct document *document, bool is_known, uint64_t wall_ms)
{
	struct shared *shared = document->shared;
	struct MHD_Response *response;

	if (is_known)
		response = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	else
		response = MHD_create_response_from_buffer_with_free_callback_cls(
			shared->bytes.len, shared->bytes.at, shared_drop, shared);
	if (response == NULL)
		return NULL;
	if (!is_known)
		shared->count++;
	if (add_headers(response, document, wall_ms))
		return response;
	MHD_destroy_response(response);
	return NULL;
}

/* max-age counts from now: so a page is good for a second. */
struct page *document_page(struct document *document, bool is_known, uint64_t wall_ms)
{
	struct page **page = &document->pages[is_known ? 1 : 0];

	if (document->second != wall_ms / 1000)
		forget_pages(document);
	document->second = wall_ms / 1000;
	if (*page == NULL)
		*page = page_make(make_response(document, is_known, wall_ms), is_known ? 304 : 200,
			is_known ? 0 : document->shared->bytes.len);
	return *page;
}

/* RFC 9110, 13.1.2: weak comparison; a list, or '*'. Tags of ours have neither commas nor quotes inside. */
bool document_is_named(const struct document *document, const char *header)
{
	size_t len = strlen(document->tag);

	if (len == 0 || header == NULL)
		return false;
	return strcmp(header, "*") == 0 || strstr(header, document->tag) != NULL;
}
